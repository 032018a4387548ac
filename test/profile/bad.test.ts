/** One bad profile per diagnostic code: bad/AREA--NAME.json makes AREA/NAME, and says exactly what stands in the .txt. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatKernelVersion, NEWEST_KERNEL } from '../../src/facts/index.js';
import { cellsValue, makeFdt, type NodeSpec, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { MODEL_CODES } from '../../src/model/index.js';
import { PLANNER_CODES } from '../../src/placement/index.js';
import { PLAN_CODES } from '../../src/plan/index.js';
import { PROFILE_CODES } from '../../src/profile/codes.js';
import { JSON_CODES } from '../../src/source/json.js';
import { dmaheap } from '../cli/run.js';

const NEWEST = formatKernelVersion(NEWEST_KERNEL);
const BAD = path.join(import.meta.dirname, 'bad');
const files = readdirSync(BAD).filter((file) => file.endsWith('.json'));
const codeOf = (file: string) => file.replace('.json', '').replace('--', '/');

/** A default area of the board's own, which lies in the lower 256 MiB. */
const POOL: Omit<NodeSpec, 'name'> = {
  children: [
    {
      name: 'reserved-memory',
      properties: { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2), ranges: new Uint8Array() },
      children: [
        {
          name: 'linux,cma',
          properties: {
            compatible: stringsValue('shared-dma-pool'),
            reusable: new Uint8Array(),
            size: cellsValue(0, 0x5800000),
            'alloc-ranges': cellsValue(0, 0x40000000, 0, 0x10000000),
            'linux,cma-default': new Uint8Array(),
          },
        },
      ],
    },
  ],
};

/** DTBs with two cells each, for findings about the board's own tree. */
const BOARDS: Readonly<Record<string, Omit<NodeSpec, 'name'>>> = {
  'model/cells-differ': {},
  'model/other-architecture': {
    children: [
      {
        name: 'cpu',
        properties: { device_type: stringsValue('cpu'), compatible: stringsValue('sifive,u74', 'riscv') },
      },
    ],
  },
  'model/other-board': { properties: { compatible: stringsValue('other,board', 'other,soc') } },
  'plan/default-of-board': POOL,
  'placement/board-limit-left': POOL,
  'placement/node-decides': POOL,
  'placement/smaller-than-board': POOL,
  'placement/name-taken': {
    children: [
      {
        name: 'reserved-memory',
        properties: { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2), ranges: new Uint8Array() },
        children: [
          {
            name: 'camera@5e000000',
            properties: { reg: cellsValue(0, 0x5e000000, 0, 0x2000000), 'no-map': new Uint8Array() },
          },
        ],
      },
    ],
  },
  'model/memory-differs': {
    children: [
      {
        name: 'memory@40000000',
        properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x40000000, 0, 0x20000000) },
      },
    ],
  },
};

function board({ properties, children }: Omit<NodeSpec, 'name'>): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-bad-'));
  const file = path.join(directory, 'board.dtb');
  const cells = { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2) };
  writeFileSync(
    file,
    writeFdt(makeFdt({ name: '', properties: { ...cells, ...properties }, children: children ?? [] })),
  );
  return file;
}

/** Exit status by severity and stage: 2 for a profile that is wrong in itself, 1 for what is wrong about this board. */
function exitOf(code: string): number {
  const severity = { ...JSON_CODES, ...PROFILE_CODES, ...MODEL_CODES, ...PLANNER_CODES, ...PLAN_CODES }[code]?.severity;
  if (severity !== undefined && severity !== 'error') return 0;
  return /^(json|profile|access|render)\//.test(code) ? 2 : 1;
}

describe.each(files)('%s', (file) => {
  test('is found, placed, explained and answered', async () => {
    const code = codeOf(file);
    const options: string[] = [];
    let directory: string | undefined;
    if (code === 'model/kernel-outside-range') options.push('--kernel', '7.3');
    const tree = BOARDS[code];
    if (tree !== undefined) {
      const dtb = board(tree);
      directory = path.dirname(dtb);
      options.push('--dtb', dtb);
    }
    const { exit, stderr } = await dmaheap(['validate', file, ...options], BAD);
    if (directory !== undefined) rmSync(directory, { recursive: true });
    expect(stderr).toContain(`[${code}]`);
    // The newest kernel that was read is not what a file is about.
    const said = stderr.replaceAll(directory ?? '\0', 'BOARD').replace(`like ${NEWEST}`, 'like NEWEST');
    await expect(said).toMatchFileSnapshot(path.join(BAD, file.replace('.json', '.txt')));
    expect(exit).toBe(exitOf(code));
  });
});

test('every code has its bad profile', () => {
  const codes = [JSON_CODES, PROFILE_CODES, MODEL_CODES, PLANNER_CODES, PLAN_CODES].flatMap((table) =>
    Object.keys(table),
  );
  // A megabyte is not worth a file, test/hostile has it; what a kernel tree decides is in test/plan.
  const elsewhere = ['json/too-large', 'profile/local', 'plan/blocked', 'plan/not-proven'];
  const without = codes.filter((code) => !elsewhere.includes(code) && !files.map(codeOf).includes(code));
  expect(without).toEqual([]);
});
