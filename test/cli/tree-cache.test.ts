import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { userCacheDirectory } from '../../src/cli/kernel/store.js';
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
  const contents = cache().write(tree, diagnostics);
  expect(contents).toMatch(/^[0-9a-f]{64}$/);
  expect(cache().read({ NAME: 'a' }, () => 'y')).toEqual({ tree, diagnostics, contents });
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

const keptFile = () => {
  const directory = path.join(place, 'cache/kconfig');
  const [name] = readdirSync(directory);
  return path.join(directory, name as string);
};

test('a file that breaks off is not used', () => {
  later();
  cache().write(tree, []);
  const kept = keptFile();
  const bytes = readFileSync(kept);
  for (const length of [0, 7, 100, bytes.length - 9]) {
    writeFileSync(kept, bytes.subarray(0, length));
    expect(cache().read({ NAME: 'a' }, undefined)).toBeUndefined();
  }
});

/** Ways to damage a file; each may leave it as it was. */
const DAMAGES: readonly ((bytes: Buffer, random: (below: number) => number) => Buffer)[] = [
  (bytes, random) => {
    for (let flips = 1 + random(3); flips > 0; flips--) {
      const at = random(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << random(8));
    }
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => Buffer.concat([bytes, Buffer.alloc(1 + random(64), random(256))]),
  (bytes, random) => {
    const length = 1 + random(64);
    bytes.copy(bytes, random(bytes.length), random(bytes.length), random(bytes.length) + length);
    return bytes;
  },
  (bytes, random) => bytes.fill(random(2) * 0xff, random(bytes.length), random(bytes.length)),
  (bytes, random) => Buffer.concat([bytes.subarray(random(64)), bytes.subarray(0, random(64))]),
];

test('10,000 damaged files: each is refused, or equal to what it was', () => {
  later();
  cache().write(tree, []);
  const kept = keptFile();
  const bytes = readFileSync(kept);
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  let [used, equal, refused] = [0, 0, 0];
  for (let i = 0; i < 10_000; i++) {
    const damaged = (DAMAGES[i % DAMAGES.length] as (typeof DAMAGES)[number])(Buffer.from(bytes), random);
    writeFileSync(kept, damaged);
    const got = cache().read({ NAME: 'a' }, undefined);
    if (got === undefined) refused++;
    else if (damaged.equals(bytes)) equal++;
    else used++;
  }
  expect([used, equal + refused]).toEqual([0, 10_000]);
  expect(refused).toBeGreaterThan(8_000);
});

test('a file or directory that others can write, or that is not a file, is not used', () => {
  later();
  cache().write(tree, []);
  const kept = keptFile();
  const bytes = readFileSync(kept);
  const isUsed = () => cache().read({ NAME: 'a' }, undefined) !== undefined;
  expect(isUsed()).toBe(true);
  chmodSync(kept, 0o666);
  expect(isUsed()).toBe(false);
  chmodSync(kept, 0o600);
  chmodSync(path.dirname(kept), 0o777);
  expect(isUsed()).toBe(false);
  chmodSync(path.dirname(kept), 0o700);
  expect(isUsed()).toBe(true);
  rmSync(kept);
  writeFileSync(path.join(place, 'elsewhere'), bytes, { mode: 0o600 });
  symlinkSync(path.join(place, 'elsewhere'), kept);
  expect(isUsed()).toBe(false);
  rmSync(kept);
  execFileSync('mkfifo', [kept]);
  expect(isUsed()).toBe(false);
});

test('the cache directory follows the XDG rules', () => {
  expect(userCacheDirectory({ XDG_CACHE_HOME: '/c', HOME: '/h' })).toBe('/c/dmaheap');
  for (const ignored of ['', 'relative', './here', '..'])
    expect(userCacheDirectory({ XDG_CACHE_HOME: ignored, HOME: '/h' })).toBe('/h/.cache/dmaheap');
  for (const environment of [{ HOME: '' }, { HOME: 'relative' }, {}])
    expect(path.isAbsolute(userCacheDirectory(environment) as string)).toBe(true);
});
