/** One profile with the same inputs has one verdict, whichever command is asked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
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
const LOG = [
  '[    0.000000] Linux version 6.12.0 (a@b)',
  '[    0.000000] Early memory node ranges',
  '[    0.000000]   node   0: [mem 0x0000000040000000-0x0000000047ffffff]',
].join('\n');
const FIXED = { 'linux,cma': { size: '64M', base: '0x50000000', default: true } };
const CASES: readonly (readonly [title: string, regions: object, dtb: Uint8Array, status: 0 | 1, inputs?: object])[] = [
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
  ['a fixed region', FIXED, board(GIB, []), 0],
  [
    'a fixed region where the initrd lies',
    FIXED,
    board(GIB, []),
    1,
    { occupied: { initrd: { base: '0x51000000', size: '16M' } } },
  ],
  [
    'a fixed region beside the initrd',
    FIXED,
    board(GIB, []),
    0,
    { occupied: { initrd: { base: '0x60000000', size: '16M' } } },
  ],
  [
    'a region larger than the RAM of the boot log',
    { 'linux,cma': { size: '256M', default: true } },
    board(GIB, []),
    1,
    { bootLog: 'boot.log' },
  ],
  [
    'a region that fits into the RAM of the boot log',
    { 'linux,cma': { size: '32M', default: true } },
    board(GIB, []),
    0,
    { bootLog: 'boot.log' },
  ],
];
const COMMANDS = [
  ['validate', 'p.json'],
  ['generate', 'p.json', '-o', 'out', '--force'],
  ['place', 'p.json'],
  ['report', 'p.json', '-o', 'report.html'],
];

for (const [title, regions, dtb, status, inputs] of CASES)
  test(`${title} has one verdict`, async () => {
    writeFileSync(path.join(work, 'board.dtb'), dtb);
    writeFileSync(path.join(work, 'boot.log'), LOG);
    const [region] = Object.keys(regions);
    const profile = {
      version: 1,
      name: 'verdict',
      board: { arch: 'arm64' },
      kernel: { version: '6.12' },
      regions,
      heaps: { camera: { region } },
      ...(inputs === undefined ? {} : { inputs }),
    };
    writeFileSync(path.join(work, 'p.json'), JSON.stringify(profile));
    const got: Record<string, number> = {};
    for (const command of COMMANDS)
      got[command[0] as string] = (await dmaheap([...command, '--dtb', 'board.dtb'], work)).exit;
    // A tree that generate refuses is not there to be checked.
    if (status === 0) got['check'] = (await dmaheap(['check', 'out', '--dtb', 'board.dtb'], work)).exit;
    expect(got).toEqual({
      validate: status,
      generate: status,
      place: status,
      report: status,
      ...(status === 0 ? { check: 0 } : {}),
    });
  });
