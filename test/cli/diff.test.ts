/** diff: what user space, the builder and the boot loader see differently. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, expect, test } from 'vitest';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
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

const isDiff = new Ajv2020({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('schemas/diff.schema.json', 'utf8')),
);

const changesOf = async (...argv: string[]) => {
  const { exit, stdout } = await dmaheap(['diff', ...argv, '--format', 'json']);
  const printed = JSON.parse(stdout);
  expect([isDiff(printed), isDiff.errors]).toEqual([true, null]);
  return { exit, ...(printed as { changes: unknown[]; predicted: { kind: string }[] | null }) };
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
  expect(await changesOf(EXAMPLE, same)).toMatchObject({ exit: 0, changes: [], predicted: null });
  expect(await changesOf(EXAMPLE, EXAMPLE)).toMatchObject({ exit: 0, changes: [], predicted: null });
});

test('one profile alone, or three, is a usage error', async () => {
  expect((await dmaheap(['diff', EXAMPLE])).exit).toBe(2);
  expect((await dmaheap(['diff', EXAMPLE, EXAMPLE, EXAMPLE])).exit).toBe(2);
  expect((await dmaheap(['diff', EXAMPLE, 'no-such.json'])).exit).toBe(2);
});

test('with a DTB, what the two boots would show', async () => {
  const memory = { device_type: stringsValue('memory'), reg: cellsValue(0, 0x4000_0000, 0, 0x4000_0000) };
  const root = { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2), compatible: stringsValue('x,y') };
  const children = [{ name: 'memory@40000000', properties: memory }];
  const dtb = path.join(work, 'board.dtb');
  writeFileSync(dtb, writeFdt(makeFdt({ name: '', properties: root, children })));
  const { exit, predicted } = await changesOf(EXAMPLE, '--kernel', '6.12', '--kernel', '7.3', '--dtb', dtb);
  expect(exit).toBe(1);
  expect(predicted?.map(({ kind }) => kind)).toContain('heap-new');
});
