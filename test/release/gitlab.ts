/**
 * GitLab's own schema, as gitlab-ci-local ships it, reads our pipeline and the generated one. It needs Node 22, so npm
 * installs both beside the cache of other inputs, and not among our dependencies.
 */
import { strict as assert } from 'node:assert';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { cacheRoot, filledOnce } from '../../src/build/fetch/index.js';
import { render } from '../../src/render/index.js';
import { samplePlan } from '../render/sample-plan.js';

const JUDGE = ['gitlab-ci-local@4.75.1', 'node@22'];

/** The command that starts gitlab-ci-local. */
export async function gitlabCiLocal(): Promise<readonly [node: string, program: string]> {
  const tools = await filledOnce(path.join(cacheRoot(), 'gitlab', JUDGE.join('+')), async (directory) => {
    writeFileSync(path.join(directory, 'package.json'), '{ "private": true }\n');
    await execa('npm', ['install', '--no-audit', '--no-fund', ...JUDGE], { cwd: directory, stdin: 'ignore' });
  });
  const modules = path.join(tools, 'node_modules');
  return [path.join(modules, 'node/bin/node'), path.join(modules, 'gitlab-ci-local/dist/index.js')];
}

export async function gitlabJudge(work: string): Promise<void> {
  const [node, program] = await gitlabCiLocal();
  const place = path.join(work, 'gitlab');
  mkdirSync(place);
  await execa('git', ['init', '--quiet'], { cwd: place });
  await execa('git', ['remote', 'add', 'origin', 'git@example.com:acme/board.git'], { cwd: place });
  const judge = (file: string) =>
    execa(node, [program, '--list', '--file', file], { cwd: place, reject: false, all: true });
  const { value = [] } = render(samplePlan(), { version: '0.0.0', targets: ['fleet'] });
  const generated = value.find((artifact) => artifact.path.endsWith('gitlab-ci.yml'))?.text ?? '';
  copyFileSync('.gitlab-ci.yml', path.join(place, '.gitlab-ci.yml'));
  writeFileSync(path.join(place, 'generated.yml'), generated);
  const own = readFileSync('.gitlab-ci.yml', 'utf8');
  // A judge that never objects proves nothing.
  writeFileSync(path.join(place, 'wrong.yml'), own.replace('stage: release', 'stage: releases'));
  writeFileSync(path.join(place, 'wrong-type.yml'), own.replace(/^ {2}timeout: .*$/m, '  timeout: [90]'));
  for (const [file, name] of [
    ['.gitlab-ci.yml', 'test'],
    ['generated.yml', 'dmaheap'],
  ] as const) {
    const { exitCode, all } = await judge(file);
    assert.equal(exitCode, 0, `${file}: ${all}`);
    assert.match(all, new RegExp(`^${name}\\b`, 'm'));
  }
  for (const file of ['wrong.yml', 'wrong-type.yml'])
    assert.notEqual((await judge(file)).exitCode, 0, `${file} was accepted`);
}
