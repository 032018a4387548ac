import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TreeCache } from '../../src/cli/kernel/tree-cache.js';
import { type KconfigTree, parseTree } from '../../src/kconfig/index.js';
import { TINY_DIALECT } from '../kconfig/tiny.js';

let place: string;
let tree: KconfigTree;

const file = (name: string) => path.join(place, 'linux', name);
const cache = (key: readonly string[] = ['arm64']) => new TreeCache(path.join(place, 'cache'), file(''), key);

/** Ten seconds on: files that were just written have rested. */
function later(): void {
  vi.setSystemTime(Date.now() + 10_000);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  place = mkdtempSync(path.join(tmpdir(), 'dmaheap-tree-cache-'));
  mkdirSync(file('sub'), { recursive: true });
  writeFileSync(file('Kconfig'), 'config A\n\tbool "$(NAME)"\nsource "sub/Kconfig"\n');
  writeFileSync(file('sub/Kconfig'), 'config B\n\tdef_bool $(shell,probe)\n');
  tree = parseTree({
    readFile: (name) => readFileSync(file(name), 'latin1'),
    environment: { NAME: 'a' },
    probe: () => 'y',
    dialect: TINY_DIALECT,
  }).value as KconfigTree;
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(place, { recursive: true, force: true });
});

test('a kept tree is the tree, as long as everything it was made from is what it was', () => {
  later();
  const diagnostics = [{ code: 'kconfig/statement', severity: 'warning', message: 'm' } as const];
  cache().write(tree, diagnostics);
  expect(cache().read({ NAME: 'a' }, () => 'y')).toEqual({ tree, diagnostics });
  expect(cache().read({ NAME: 'b' }, () => 'y')).toBeUndefined();
  expect(cache().read({ NAME: 'a' }, () => 'n')).toBeUndefined();
  expect(cache(['riscv64']).read({ NAME: 'a' }, () => 'y')).toBeUndefined();
});

test('contents count, times only save looking at them', () => {
  later();
  cache().write(tree, []);
  const text = readFileSync(file('sub/Kconfig'), 'latin1');
  utimesSync(file('sub/Kconfig'), 1, 1);
  expect(cache().read({ NAME: 'a' }, undefined)?.tree).toEqual(tree);
  // As long as before, and with the old times put back: the inode still tells.
  writeFileSync(file('sub/Kconfig'), text.replace('def_bool', 'def_bolo'));
  utimesSync(file('sub/Kconfig'), 1, 1);
  expect(cache().read({ NAME: 'a' }, undefined)).toBeUndefined();
  writeFileSync(file('sub/Kconfig'), text);
  expect(cache().read({ NAME: 'a' }, undefined)?.tree).toEqual(tree);
  rmSync(file('sub/Kconfig'));
  expect(cache().read({ NAME: 'a' }, undefined)).toBeUndefined();
});

test('a tree whose files have only just changed is not kept', () => {
  cache().write(tree, []);
  expect(cache().read({ NAME: 'a' }, undefined)).toBeUndefined();
});

test('a broken file is as good as none', () => {
  later();
  cache().write(tree, []);
  const [name] = readdirSync(path.join(place, 'cache/kconfig'));
  const kept = path.join(place, 'cache/kconfig', name as string);
  const bytes = readFileSync(kept);
  for (const length of [0, 7, 100, bytes.length - 9]) {
    writeFileSync(kept, bytes.subarray(0, length));
    expect(cache().read({ NAME: 'a' }, undefined)).toBeUndefined();
  }
});
