/** Commands of a kernel tree in shells of their own: each has its own answer, whatever the others do. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Probes, type ProbeWorld } from '../../src/cli/kernel/probes.js';
import { TINY_DIALECT } from '../kconfig/tiny.js';

let work: string;
beforeEach(() => {
  work = mkdtempSync(path.join(tmpdir(), 'dmaheap-probes-'));
  for (const name of ['one', 'two', 'scratch']) mkdirSync(path.join(work, name));
});
afterEach(() => rmSync(work, { recursive: true }));

const world = (tree: string, more: Partial<ProbeWorld> = {}): ProbeWorld => ({
  directory: path.join(work, tree),
  variables: { WHO: 'kbuild' },
  toolIdentity: () => ['gcc 12'],
  host: { PATH: process.env['PATH'], TMPDIR: path.join(work, 'scratch') },
  cacheDirectory: path.join(work, 'cache'),
  ...more,
});

/** A tree that asks all of them at once. */
const asking = (probes: Probes, commands: readonly string[]) => {
  const text = commands.map((command, i) => `A${i} := $(shell,${command})\n`).join('');
  const readFile = (name: string) => (name === 'Kconfig' ? text : undefined);
  return probes.runMissing({ readFile, environment: {}, dialect: TINY_DIALECT });
};

test('a command sees a directory of its own, the variables of kbuild and an empty input', async () => {
  const probes = Probes.cached(world('one'));
  expect(await probes.ask('cat; echo $WHO $LC_ALL; ls')).toBe('kbuild C');
  expect(await probes.ask('exit 3')).toBe('');
  expect(await probes.ask('printf "a\\nb\\n\\n"')).toBe('a b');
  expect(await probes.ask('kill -9 $$')).toBe('');
  expect([probes.ran, readdirSync(path.join(work, 'scratch'))]).toEqual([4, []]);
});

test('a command that never ends costs its time, and not the answers of the others', async () => {
  const probes = Probes.cached(world('one', { limitMillis: 500 }));
  const commands = ['echo 1', 'echo before; sleep 600; echo after', 'echo 2', 'echo 3', 'sleep 600', 'echo 4'];
  await asking(probes, commands);
  expect(commands.map(probes.answer)).toEqual(['1', 'before', '2', '3', '', '4']);
  expect(readdirSync(path.join(work, 'scratch'))).toEqual([]);
});

test('a command longer than an argument may be has no answer, as conf has none, and the others have theirs', async () => {
  const probes = Probes.cached(world('one'));
  const commands = ['echo 1', `echo ${'x'.repeat(200_000)}`, 'echo 2'];
  await asking(probes, commands);
  expect(commands.map(probes.answer)).toEqual(['1', '', '2']);
});

test('another tree with the same tools asks only its own scripts again', async () => {
  const first = Probes.cached(world('one'));
  const own = (tree: string) => `echo ${path.join(work, tree)}/scripts/x.sh`;
  await asking(first, ['echo gcc', own('one'), 'echo $WHO']);
  expect(first.ran).toBe(3);
  mkdirSync(path.join(work, 'two', 'scripts'));
  writeFileSync(path.join(work, 'two', 'scripts', 'x.sh'), 'changed');
  const second = Probes.cached(world('two'));
  expect(['echo gcc', 'echo $WHO', own('two')].map(second.answer)).toEqual(['gcc', undefined, undefined]);
  const other = Probes.cached(world('two', { toolIdentity: () => ['gcc 13'] }));
  expect(other.answer('echo gcc')).toBeUndefined();
});
