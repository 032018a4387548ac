/** A repository that brings a cache of its own: nothing of it is believed, whatever XDG_CACHE_HOME and HOME say. */
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Store } from '../../src/cli/kernel/store.js';
import { packTree, unpackTree } from '../../src/kconfig/index.js';
import { TINY_KCONFIG, writeTinyKernel } from '../kconfig/tiny-kernel.js';
import { dmaheap } from './run.js';

let work = '';
const at = (name: string) => path.join(work, name);
/** Where the tampered cache lies, ready to be put where it may be looked for. */
const planted = () => at('planted/dmaheap');

/** @returns whether CMA can be set: the tampered cache says that it needs what there is not */
async function resolve(environment: NodeJS.ProcessEnv): Promise<string> {
  const argv = ['resolve', 'CMA=y', '--kernel-tree', at('linux'), '--arch', 'arm64', '--format', 'json'];
  const { exit, stdout } = await dmaheap(argv, at('repository'), { PATH: process.env['PATH'], ...environment });
  return `${exit} ${stdout}`;
}

const isRoot = process.getuid?.() === 0;
let honest = '';
let tampered = '';

beforeAll(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'dmaheap-trust-'));
  mkdirSync(at('repository'));
  const write = writeTinyKernel(at('linux'));
  // Kept trees come from files that have rested for a while.
  await sleep(2500);
  honest = await resolve({ XDG_CACHE_HOME: at('good'), HOME: at('home') });
  const [name = ''] = readdirSync(at('good/dmaheap/kconfig'));
  const read = (root: string) => unpackTree(new Store(path.join(root, 'dmaheap/kconfig')).read(name) as Buffer);
  const good = read(at('good'));
  write('Kconfig', TINY_KCONFIG.replace('bool "CMA"', 'bool "CMA"\n\tdepends on NOWHERE'));
  await sleep(2500);
  await resolve({ XDG_CACHE_HOME: at('other'), HOME: at('home') });
  const other = read(at('other'));
  write('Kconfig', TINY_KCONFIG);
  await sleep(2500);
  // The tree of the other Kconfig, under what the cache says about the real one.
  if (good === undefined || other === undefined) throw new Error('no tree was kept');
  new Store(path.join(planted(), 'kconfig')).write(name, packTree(other.tree, good.meta));
  tampered = await resolve({ XDG_CACHE_HOME: at('planted'), HOME: at('home') });
}, 60_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(at('repository'), { recursive: true, force: true });
  mkdirSync(at('repository'));
});

test('the tampered cache would change the answer where it is trusted', () => {
  expect(honest).toMatch(/^0 /);
  expect(tampered).not.toBe(honest);
});

test.each<NodeJS.ProcessEnv>([
  { XDG_CACHE_HOME: '', HOME: '' },
  { XDG_CACHE_HOME: '' },
  { XDG_CACHE_HOME: '.' },
  { XDG_CACHE_HOME: './' },
  { XDG_CACHE_HOME: '.cache' },
  { XDG_CACHE_HOME: 'cache', HOME: '.' },
  { XDG_CACHE_HOME: '../repository' },
  { HOME: '.' },
  { HOME: '' },
  { HOME: '../repository' },
])('nothing of the working directory is read with %j', async (environment) => {
  for (const place of ['.', '.cache', 'cache', '.cache/.cache'])
    cpSync(planted(), path.join(at('repository'), place, 'dmaheap'), { recursive: true });
  const before = readdirSync(at('repository'), { recursive: true }).sort();
  // HOME in the process, which is looked at last, is not the repository either.
  expect(await resolve({ HOME: at('home'), ...environment })).toBe(honest);
  expect(readdirSync(at('repository'), { recursive: true }).sort()).toEqual(before);
});

const kconfig = () => at('repository/c/dmaheap/kconfig');
const file = () => path.join(kconfig(), readdirSync(kconfig())[0] ?? '');
const HOSTILE: readonly (readonly [string, () => void])[] = [
  ['the directory can be written by all', () => chmodSync(kconfig(), 0o777)],
  ['the directory can be written by the group', () => chmodSync(kconfig(), 0o770)],
  ['the file can be written by all', () => chmodSync(file(), 0o606)],
  [
    'the directory is a link',
    () => {
      rmSync(kconfig(), { recursive: true });
      symlinkSync(path.join(planted(), 'kconfig'), kconfig());
    },
  ],
  [
    'the file is a link',
    () => {
      const name = file();
      rmSync(name);
      symlinkSync(path.join(planted(), 'kconfig', path.basename(name)), name);
    },
  ],
  ...(isRoot
    ? ([
        ['the directory is of somebody else', () => chownSync(kconfig(), 65534, 65534)],
        ['the file is of somebody else', () => chownSync(file(), 65534, 65534)],
      ] as const)
    : []),
];

test.each(HOSTILE)('a cache is not believed: %s', async (_, spoil) => {
  cpSync(planted(), at('repository/c/dmaheap'), { recursive: true });
  chmodSync(kconfig(), 0o700);
  chmodSync(file(), 0o600);
  const environment = { XDG_CACHE_HOME: at('repository/c'), HOME: at('home') };
  expect(await resolve(environment)).toBe(tampered);
  spoil();
  expect(await resolve(environment)).toBe(honest);
});

test('a tree does not read files outside it, unless a prefix allows them', async () => {
  const write = writeTinyKernel(at('hostile'));
  mkdirSync(at('modules'), { recursive: true });
  writeFileSync(at('modules/Kconfig.ext'), 'config OUTSIDE\n\tbool "o"\n');
  writeFileSync(at('secret'), 'the password\n');
  const run = async (source: string, environment: NodeJS.ProcessEnv = {}) => {
    write('Kconfig', `${TINY_KCONFIG}source "${source}"\n`);
    const argv = ['resolve', 'CMA=y', '--kernel-tree', at('hostile'), '--arch', 'arm64'];
    return dmaheap(argv, work, { PATH: process.env['PATH'], HOME: at('home'), ...environment });
  };
  for (const source of ['../secret', at('secret'), 'arch/../../secret', `${at('hostile')}/../secret`]) {
    const { exit, stderr } = await run(source);
    expect([exit, stderr]).toEqual([3, expect.stringContaining(`"${source}" is outside the kernel tree`)]);
    expect(stderr).toMatch(/Kconfig:\d+:\d+: error\[kconfig\/source\].*fix: set KCONFIG_EXT_PREFIX/s);
    expect(stderr).not.toContain('password');
  }
  expect((await run('$(KCONFIG_EXT_PREFIX)Kconfig.ext', { KCONFIG_EXT_PREFIX: `${at('modules')}/` })).exit).toBe(0);
  expect((await run('../modules/Kconfig.ext', { KCONFIG_EXT_PREFIX: '../modules/' })).exit).toBe(0);
  expect((await run('../modules/Kconfig.ext', { KCONFIG_EXT_PREFIX: '../mod' })).exit).toBe(3);
  expect((await run(`${at('hostile')}/arch/arm64/configs/defconfig`)).exit).toBe(0);
  expect(readFileSync(at('secret'), 'utf8')).toBe('the password\n');
});
