/**
 * Source trees of other people's kernels: every heap found or said, facts read, names that follow. A tree is used where
 * somebody has put it below `trees/` of the cache; the last line says which were there.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { cacheRoot, kernelTree } from '../../src/build/fetch/index.js';
import sources from '../../src/build/kernels.json' with { type: 'json' };
import { treeKnowledge } from '../../src/cli/knowledge.js';
import { Kbuild } from '../../src/knowledge/index.js';
import { dmaheap } from '../cli/run.js';
import { shareOf } from '../share.js';

const TREES = ['linux-5.15', 'nuvoton-6.6', 'rockchip-5.10', 'samsung-r11s', 'ti-6.1'];
/** What a vendor has patched so that it looks like no known kernel. */
const UNKNOWN: Readonly<Record<string, readonly string[]>> = {
  // The message belongs to cma_heap.c, which Rockchip does not compile.
  'rockchip-5.10': ['heap.message-add-failed', 'memory.atomic-pool'],
};
const directoryOf = (name: string) => path.join(cacheRoot(), 'trees', name);
const isThere = (name: string) => existsSync(path.join(directoryOf(name), 'Makefile'));
const place = mkdtempSync(path.join(tmpdir(), 'dmaheap-trees-'));
const run = (...argv: readonly string[]) => dmaheap(argv, place, { ...process.env, XDG_CACHE_HOME: place });
const profile = path.resolve('schemas/examples/rockpro64.json');

afterAll(() => {
  rmSync(place, { recursive: true, force: true });
  const absent = TREES.filter((name) => !isThere(name));
  console.log(
    `trees of other people: ${TREES.filter(isThere).join(', ') || 'none'}${absent.length > 0 ? `; not in the cache: ${absent.join(', ')}` : ''}`,
  );
});

/** Every call of a function that adds a heap, by plain text: the judge of the reader of C. */
async function callsIn(directory: string): Promise<string[]> {
  const { stdout } = await execa(
    'grep',
    [
      '-rnE',
      '--include=*.c',
      String.raw`\w*dma_heap_add\w*\s*\(\s*&`,
      'drivers',
      'kernel',
      'mm',
      'fs',
      'net',
      'sound',
      'arch',
    ],
    { cwd: directory, reject: false },
  );
  return stdout.split('\n').flatMap((line) => /^([^:]+):(\d+):/.exec(line)?.slice(1, 3).join(':') ?? []);
}

describe.each(shareOf('trees of other people', TREES.filter(isThere), 2))('%s', (name) => {
  const directory = directoryOf(name);

  test('every registration is in the inventory, said, or in a file that no Makefile compiles', async () => {
    const { inventory } = treeKnowledge(directory, name, { arch: 'arm64', everyFile: true, origin: name }).knowledge;
    const known = new Set([...inventory.heaps, ...inventory.unread].map(({ file, line }) => `${file}:${line}`));
    const read = (file: string) => {
      const full = path.join(directory, file);
      return existsSync(full) ? readFileSync(full, 'latin1') : undefined;
    };
    const kbuild = new Kbuild(read, { SRCARCH: 'arm64' });
    const calls = await callsIn(directory);
    const missed = calls.filter((call) => !known.has(call) && kbuild.reach(call.split(':')[0] ?? '').length > 0);
    console.log(`${name}: ${calls.length} registrations, ${inventory.heaps.length} heaps, ${missed.length} missed`);
    expect(calls.length).toBeGreaterThan(1);
    expect(missed).toEqual([]);
  });

  test('every fact is read, or said to be assumed', () => {
    const { facts } = treeKnowledge(directory, name, { arch: 'arm64', origin: name }).knowledge;
    const unknown = [...facts].filter(([, { known }]) => known.by === 'unknown').map(([id]) => id);
    const assumed = [...facts].filter(([, { known }]) => known.by === 'assumed').map(([id]) => id);
    console.log(`${name}: ${facts.size} facts, assumed: ${assumed.join(', ')}, unknown: ${unknown.join(', ')}`);
    // An older kernel may lack what a fact is about.
    expect(unknown.filter((id) => !id.startsWith('kconfig.'))).toEqual(UNKNOWN[name] ?? []);
    expect(assumed.length).toBeLessThan(3);
  });
});

describe.runIf(isThere('rockchip-5.10'))("Rockchip's 5.10", () => {
  const tree = directoryOf('rockchip-5.10');
  const defconfig = (name: string) => path.join(tree, 'arch/arm64/configs', name);

  test.each(shareOf('defconfigs of Rockchip', ['rockchip_linux_defconfig', 'rockpi4_defconfig'], 1))(
    '%s: names, area and size, and a fragment that its own conf confirms',
    async (name) => {
      const output = path.join(place, name);
      const generated = await run(
        'generate',
        profile,
        '-o',
        output,
        '--kernel-tree',
        tree,
        '--base-config',
        defconfig(name),
      );
      expect(generated.exit, generated.stderr).toBe(0);
      const rules = readFileSync(path.join(output, 'udev/70-dmaheap.rules'), 'utf8');
      expect(rules).toContain('KERNEL=="cma", GROUP="video"');
      expect(rules).toContain('KERNEL=="cma-uncached", GROUP="video"');
      const lines = readFileSync(path.join(output, 'verify/verify.expect'), 'utf8').split('\n');
      expect(lines).toContain('area name=linux,cma bytes=176160768 source=device-tree default=yes dt-node=linux,cma');
      expect(lines).toContain('node heap=video name=cma');
      expect(lines).toContain('node heap=video-uncached name=cma-uncached');
      const checked = await run('check', output, '--confirm', '--format', 'json');
      const status = new Map<string, string>(
        JSON.parse(checked.stdout).results.map((one: { check: string; status: string }) => [one.check, one.status]),
      );
      expect([...status].filter(([, one]) => one === 'fail')).toEqual([]);
      expect(status.get('kernel-heaps')).toBe('pass');
      expect(status.get('fragment-config')).toBe('pass');
      const confirmed = [...status].filter(([check]) => check.includes('conf') && check !== 'fragment-config');
      expect(confirmed.map(([, one]) => one)).toEqual(confirmed.map(() => 'pass'));
      expect(confirmed.length).toBeGreaterThan(0);
    },
    600_000,
  );

  test("the same profile on mainline has mainline's names; check and diff tell the two apart", async () => {
    const mainline = await kernelTree('6.12');
    const output = path.join(place, 'mainline');
    expect((await run('generate', profile, '-o', output, '--kernel-tree', mainline)).exit).toBe(0);
    expect(readFileSync(path.join(output, 'verify/verify.expect'), 'utf8')).toContain('node heap=video name=linux,cma');
    const other = await run('check', output, '--kernel-tree', tree);
    expect(other.exit).toBe(1);
    expect(other.stderr).toMatch(/generated as linux,cma.*, but rockchip-5\.10 registers cma$/m);
    const changes = await run('diff', profile, '--kernel-tree', mainline, '--kernel-tree', tree);
    expect(changes.stdout).toContain('heap video, names: linux,cma -> cma');
    expect(changes.stdout).toContain('+ heap video-uncached, names: cma-uncached');
  }, 300_000);
});

describe('the descriptions that ship', () => {
  const shipped = Object.entries(sources as Readonly<Record<string, { version?: string; tree?: string }>>);

  const judged = shipped.filter(([, { tree }]) => tree === undefined || isThere(tree));
  test.each(shareOf('shipped descriptions', judged, 3))(
    '%s agrees with its source',
    async (name, { version, tree }) => {
      const directory = version === undefined ? directoryOf(tree ?? '') : await kernelTree(version);
      const file = path.resolve('schemas/kernels', `${name}.kernel.json`);
      const said = await run('check', file, '--kernel-tree', directory);
      expect(said.exit, said.stderr).toBe(0);
    },
    300_000,
  );

  test('each has a source', () => {
    const files = readdirSync('schemas/kernels').map((file) => file.replace('.kernel.json', ''));
    expect(files.sort()).toEqual(shipped.map(([name]) => name).sort());
  });
});
