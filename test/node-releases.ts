/** The Node releases that dmaheap promises to run on. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheRoot } from '../src/build/fetch/index.js';

export const RELEASES = ['20.19', '22', '24'] as const;

const directoryOf = (release: string) => path.join(cacheRoot(), 'node', release);
const binaryIn = (directory: string) => path.join(directory, 'node_modules', 'node', 'bin', 'node');

/** The binary of a release, from npm's `node` package, installed once. */
export function nodeBinary(release: string): string {
  const directory = directoryOf(release);
  const binary = binaryIn(directory);
  if (!existsSync(binary)) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, 'package.json'), '{ "private": true }\n');
    const { status } = spawnSync('npm', ['install', '--no-save', `node@${release}`], {
      cwd: directory,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`node@${release} cannot be installed`);
  }
  return binary;
}

/** This Node, and the releases that are installed already. */
export function nodesAtHand(): readonly { readonly release: string; readonly binary: string }[] {
  const own = { release: process.versions.node.split('.')[0] ?? '', binary: process.execPath };
  const installed = RELEASES.map((release) => ({ release, binary: binaryIn(directoryOf(release)) }));
  return [own, ...installed.filter(({ release, binary }) => !release.startsWith(own.release) && existsSync(binary))];
}
