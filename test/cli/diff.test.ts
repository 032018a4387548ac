/** diff: what user space, the builder and the boot loader see differently. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dmaheap } from './run.js';

const EXAMPLE = 'schemas/examples/rockpro64.json';
const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-diff-'));
afterAll(() => rmSync(work, { recursive: true }));

/** The example, whole and changed. */
function variant(name: string, change: (profile: Record<string, never>) => void): string {
  const profile = JSON.parse(readFileSync(EXAMPLE, 'utf8').replace(/^\/\/.*$/gm, ''));
  profile.extends = [path.relative(work, path.resolve('schemas/examples/soc/rk3399.json'))];
  change(profile);
  const file = path.join(work, name);
  writeFileSync(file, JSON.stringify(profile));
  return file;
}

const changesOf = async (...argv: string[]) => {
  const { exit, stdout } = await dmaheap(['diff', ...argv, '--format', 'json']);
  return { exit, changes: JSON.parse(stdout).changes as unknown[] };
};

test('between kernels: the name of the default heap', async () => {
  const { exit, changes } = await changesOf(EXAMPLE, '--kernel', '6.12', '--kernel', '7.3');
  expect(exit).toBe(1);
  expect(changes).toEqual([
    { part: 'heap', name: 'video', aspect: 'names', from: 'linux,cma', to: 'default_cma_region, linux,cma' },
  ]);
});

test('between profiles: size, CmaTotal, access, symbols, in words too', async () => {
  const other = variant('other.json', (profile: Record<string, Record<string, Record<string, unknown>>>) => {
    profile['regions'] = { 'linux,cma': { size: '256M', default: true } };
    (profile['access'] as Record<string, Record<string, unknown>>)['video'] = { group: 'camera' };
    profile['kernel'] = { symbols: { UDMABUF: 'y' } } as never;
  });
  const { exit, changes } = await changesOf(EXAMPLE, other);
  expect(exit).toBe(1);
  expect(changes).toEqual(
    expect.arrayContaining([
      { part: 'access', name: 'video', aspect: 'group', from: 'video', to: 'camera' },
      { part: 'access', name: 'video', aspect: 'users', from: 'camera', to: null },
      { part: 'area', name: 'linux,cma', aspect: 'size', from: '168 MiB', to: '256 MiB' },
      { part: 'cma-total', name: '', aspect: 'at least', from: '168 MiB', to: '256 MiB' },
      { part: 'symbol', name: 'UDMABUF', aspect: 'value', from: null, to: 'y' },
    ]),
  );
  const { stdout } = await dmaheap(['diff', EXAMPLE, other]);
  expect(stdout).toContain('  area linux,cma, size: 168 MiB -> 256 MiB\n');
  expect(stdout).toContain('+ CONFIG_UDMABUF: y\n');
  expect(stdout).toContain('- access video, users: camera\n');
});

test('equal profiles do not differ, wherever they are', async () => {
  const same = variant('same.json', () => {});
  expect(await changesOf(EXAMPLE, same)).toEqual({ exit: 0, changes: [] });
  expect(await changesOf(EXAMPLE, EXAMPLE)).toEqual({ exit: 0, changes: [] });
});

test('one profile alone, or three, is a usage error', async () => {
  expect((await dmaheap(['diff', EXAMPLE])).exit).toBe(2);
  expect((await dmaheap(['diff', EXAMPLE, EXAMPLE, EXAMPLE])).exit).toBe(2);
  expect((await dmaheap(['diff', EXAMPLE, 'no-such.json'])).exit).toBe(2);
});
