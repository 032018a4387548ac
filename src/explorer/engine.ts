/** The command line in a page: the same program as in a terminal, on files that exist only in the page. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from '../cli/program.js';

/** Written in by the build: each description that ships, by its file. */
declare const KERNEL_DESCRIPTIONS: Readonly<Record<string, string>>;

export interface Said {
  /** Exit status, as the design states them. */
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where the dropped files are, and where commands run. */
const WORK = '/work';

export async function dmaheap(...argv: readonly string[]): Promise<Said> {
  let stdout = '';
  let stderr = '';
  const exit = await runProgram(argv, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    environment: { HOME: '/home', PATH: '' },
    directory: WORK,
    isTerminal: false,
  });
  return { exit, stdout, stderr };
}

/** @param name below the working directory */
export function put(name: string, content: Uint8Array | string): void {
  const file = path.posix.join(WORK, name);
  mkdirSync(path.posix.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

export function remove(name: string): void {
  rmSync(path.posix.join(WORK, name), { recursive: true, force: true });
}

export function text(name: string): string {
  return readFileSync(path.posix.join(WORK, name), 'utf8');
}

/** Every file below a directory, by its path from there. */
export function filesBelow(directory: string): string[] {
  const top = path.posix.join(WORK, directory);
  if (!existsSync(top)) return [];
  const walk = (below: string): string[] =>
    readdirSync(path.posix.join(top, below)).flatMap((name) => {
      const shown = path.posix.join(below, name);
      return statSync(path.posix.join(top, shown)).isDirectory() ? walk(shown) : [shown];
    });
  return walk('').sort();
}

/** The kernel descriptions that ship, each with its text. */
export const shippedKernels = (): { name: string; text: string }[] =>
  Object.entries(KERNEL_DESCRIPTIONS).map(([file, shown]) => ({
    name: file.replace(/\.kernel\.json$/, ''),
    text: shown,
  }));

mkdirSync(WORK, { recursive: true });
// Where the program looks for those that ship, beside its own file (src/build/explorer.ts).
mkdirSync('/dmaheap/schemas/kernels', { recursive: true });
for (const [file, description] of Object.entries(KERNEL_DESCRIPTIONS))
  writeFileSync(`/dmaheap/schemas/kernels/${file}`, description);
