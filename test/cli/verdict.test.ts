/** One profile with the same inputs has one verdict, whichever command is asked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cellsValue, makeFdt, type NodeSpec, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { dmaheap } from './run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-verdict-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const CELLS = { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2) };
const POOL: NodeSpec = {
  name: 'linux,cma',
  properties: {
    compatible: stringsValue('shared-dma-pool'),
    reusable: new Uint8Array(),
    size: cellsValue(0, 0x4000000),
    'linux,cma-default': new Uint8Array(),
  },
};

function board(ramBytes: number, nodes: readonly NodeSpec[]): Uint8Array {
  return writeFdt(
    makeFdt({
      name: '',
      properties: { compatible: stringsValue('acme,board'), ...CELLS },
      children: [
        {
          name: 'memory@40000000',
          properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x40000000, 0, ramBytes) },
        },
        { name: 'reserved-memory', properties: { ...CELLS, ranges: new Uint8Array() }, children: nodes },
      ],
    }),
  );
}

const GIB = 0x40000000;
const CASES: readonly (readonly [string, object, Uint8Array, number])[] = [
  ['a region with room', { 'linux,cma': { size: '64M', default: true } }, board(GIB, []), 0],
  ['a region larger than RAM', { 'linux,cma': { size: '2G', default: true } }, board(GIB, []), 1],
  ['cma= with room', { main: { size: '64M', default: true, delivery: 'command-line' } }, board(GIB, []), 0],
  ['cma= without', { main: { size: '2G', default: true, delivery: 'command-line' } }, board(GIB, []), 1],
  [
    'cma= in place of a node',
    { main: { size: '64M', default: true, delivery: 'command-line' } },
    board(GIB, [POOL]),
    0,
  ],
  ['Kconfig with room', { main: { size: '64M', default: true, delivery: 'kconfig' } }, board(GIB, []), 0],
  ['Kconfig without', { main: { size: '2G', default: true, delivery: 'kconfig' } }, board(GIB, []), 1],
];
const COMMANDS = [
  ['validate', 'p.json'],
  ['generate', 'p.json', '-o', 'out', '--force'],
  ['place', 'p.json'],
  ['report', 'p.json', '-o', 'report.html'],
];

describe.each(CASES)('%s', (_, regions, dtb, status) => {
  test('has one verdict', async () => {
    writeFileSync(path.join(work, 'board.dtb'), dtb);
    const [region] = Object.keys(regions);
    const profile = {
      version: 1,
      name: 'verdict',
      board: { arch: 'arm64' },
      kernel: { version: '6.12' },
      regions,
      heaps: { camera: { region } },
    };
    writeFileSync(path.join(work, 'p.json'), JSON.stringify(profile));
    const got: Record<string, number> = {};
    for (const command of COMMANDS)
      got[command[0] as string] = (await dmaheap([...command, '--dtb', 'board.dtb'], work)).exit;
    expect(got).toEqual({ validate: status, generate: status, place: status, report: status });
  });
});
