/** init and import: the RAM of a device tree as the kernel keeps it, and its reservations. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { afterAll, expect, test } from 'vitest';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { dmaheap } from './run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-init-memory-'));
afterAll(() => rmSync(work, { recursive: true }));

const GIB = 1 << 30;
type Bank = readonly [gib: number, sizeGib: number];

/** @param banks in GiB */
function board(banks: readonly Bank[], reserved: Record<string, Uint8Array> = {}): void {
  const cells = (gib: number) => [Math.floor(gib / 4), (gib % 4) * GIB];
  const properties = { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2) };
  const reg = cellsValue(...banks.flatMap(([base, size]) => [...cells(base), ...cells(size)]));
  const memory = { name: 'memory@0', properties: { device_type: stringsValue('memory'), reg } };
  const own = {
    name: 'reserved-memory',
    properties: { ...properties, ranges: new Uint8Array() },
    children: [{ name: 'linux,cma', properties: { size: cellsValue(0, 0x80000), ...reserved } }],
  };
  writeFileSync(path.join(work, 'board.dtb'), writeFdt(makeFdt({ name: '', properties, children: [memory, own] })));
}

async function draft(): Promise<ReturnType<typeof parse>> {
  const { exit, stdout, stderr } = await dmaheap(['init', '--dtb', 'board.dtb', '--size', '64M'], work);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return parse(stdout);
}

const gibOf = (text: string) => (text.startsWith('0x') ? Number(text) / GIB : Number(text.replace('G', '')));
const inGib = (memory: readonly { base: string; size: string }[]): Set<number> =>
  new Set(
    memory.flatMap(({ base, size }) =>
      Array.from({ length: gibOf(size) }, (_, i) => gibOf(base.replace(/^0$/, '0x0')) + i),
    ),
  );

test('banks that overlap or touch are one, and no RAM is lost', async () => {
  const bank = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 6 }));
  await fc.assert(
    fc.asyncProperty(fc.array(bank, { minLength: 1, maxLength: 4 }), async (banks) => {
      board(banks);
      const wanted = new Set(banks.flatMap(([base, size]) => Array.from({ length: size }, (_, i) => base + i)));
      expect(inGib((await draft()).board.memory)).toEqual(wanted);
      const imported = await dmaheap(['import', '--dts', 'board.dtb', '--arch', 'arm64'], work);
      expect(imported.stderr).not.toContain('omitted');
    }),
    { numRuns: 30 },
  );
});

test('no address of 32 bits is assumed where all RAM is above 4 GiB', async () => {
  board([[4, 2]]);
  expect((await draft()).regions['default-cma']).toEqual({ size: '64M', default: true });
  board([
    [2, 2],
    [32, 8],
  ]);
  expect((await draft()).regions['default-cma'].addressBits).toBe(32);
});

test('a node that is not a CMA area keeps its name, so that the draft is one that validate accepts', async () => {
  const pool = { compatible: stringsValue('shared-dma-pool') };
  for (const [reserved, name] of [
    [{}, 'default-cma'],
    [{ ...pool, 'no-map': new Uint8Array() }, 'default-cma'],
    [{ ...pool, reusable: new Uint8Array(), 'no-map': new Uint8Array() }, 'default-cma'],
    [{ ...pool, reusable: new Uint8Array(), status: stringsValue('disabled') }, 'default-cma'],
    [{ ...pool, reusable: new Uint8Array() }, 'linux,cma'],
  ] as const) {
    board([[1, 2]], reserved);
    const profile = await draft();
    expect(Object.keys(profile.regions)).toEqual([name]);
    writeFileSync(path.join(work, 'p.json'), JSON.stringify(profile));
    expect((await dmaheap(['validate', 'p.json'], work)).exit).toBe(0);
  }
});

test('cma= in bootargs of the tree is the size of today, because it overrides the node', async () => {
  const children = [{ name: 'chosen', properties: { bootargs: stringsValue('quiet cma=192M') } }];
  writeFileSync(path.join(work, 'passed.dtb'), writeFdt(makeFdt({ name: '', children })));
  const { stdout } = await dmaheap(['init', '--dtb', 'passed.dtb'], work);
  expect(parse(stdout).regions['linux,cma'].size).toBe('192M');
  expect(stdout).toContain('cma= in bootargs of /chosen or in CMDLINE sets this size');
});
