/** A DTB held against a profile: what is another board, and what is only the same one seen otherwise. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { holdDtb } from '../../src/model/dtb.js';
import type { Board } from '../../src/profile/types.gen.js';
import { dmaheap } from '../cli/run.js';

const MIB = 1n << 20n;
const bank = (base: bigint, size: bigint) => ({ baseAddress: base * MIB, sizeBytes: size * MIB });
type Banks = readonly ReturnType<typeof bank>[];

function tree(cpu: string, compatible: readonly string[] = []) {
  const properties = { device_type: stringsValue('cpu'), compatible: stringsValue(cpu) };
  return makeFdt({
    name: '',
    properties: {
      '#address-cells': cellsValue(2),
      '#size-cells': cellsValue(2),
      ...(compatible.length === 0 ? {} : { compatible: stringsValue(...compatible) }),
    },
    children: [{ name: 'cpus', children: [{ name: 'cpu@0', properties }] }],
  });
}

const held = (
  board: Board,
  { cpu = 'arm,cortex-a53', compatible = [] as string[], ours = undefined as Banks | undefined, memory = [] as Banks },
) =>
  holdDtb(board, ours, {
    file: 'b.dtb',
    cells: { address: 2, size: 2 },
    memory,
    tree: tree(cpu, compatible),
  }).map(({ code }) => code);

describe('architecture', () => {
  test.each([
    ['arm64', 'arm,cortex-a53', []],
    ['arm64', 'arm,cortex-a7', ['model/other-architecture']],
    ['arm64', 'riscv', ['model/other-architecture']],
    ['riscv64', 'arm,cortex-a72', ['model/other-architecture']],
    // A 32-bit kernel runs on 64-bit processors of Arm.
    ['arm', 'arm,cortex-a72', []],
    ['arm64', 'nobody,knows', []],
  ] as const)('%s on %s: %j', (arch, cpu, codes) => expect(held({ arch }, { cpu })).toEqual(codes));
});

describe('compatible', () => {
  test.each([
    [['a,board', 'a,soc'], []],
    [['a,other', 'a,soc'], []],
    [['b,board', 'b,soc'], ['model/other-board']],
    [[], []],
  ])('a DTB of %j: %j', (compatible, codes) =>
    expect(held({ arch: 'arm64', compatible: ['a,board', 'a,soc'] }, { compatible })).toEqual(codes),
  );
  test('a profile that states none is of any', () =>
    expect(held({ arch: 'arm64' }, { compatible: ['b,board'] })).toEqual([]));
});

describe('memory', () => {
  const same: readonly (readonly [string, Banks, Banks])[] = [
    ['the same', [bank(1024n, 1024n)], [bank(1024n, 1024n)]],
    ['the same in two that touch', [bank(1536n, 512n), bank(1024n, 512n)], [bank(1024n, 1024n)]],
    ['without what firmware keeps', [bank(1024n, 480n), bank(1536n, 512n)], [bank(1024n, 1024n)]],
    ['none in the DTB', [bank(1024n, 1024n)], []],
  ];
  test.each(same)('%s', (_, ours, memory) => expect(held({ arch: 'arm64' }, { ours, memory })).toEqual([]));
  const other: readonly (readonly [string, Banks, Banks])[] = [
    ['more', [bank(1024n, 2048n)], [bank(1024n, 1024n)]],
    ['half', [bank(1024n, 512n)], [bank(1024n, 1024n)]],
    ['elsewhere', [bank(2048n, 1024n)], [bank(1024n, 1024n)]],
  ];
  test.each(other)('%s', (_, ours, memory) =>
    expect(held({ arch: 'arm64' }, { ours, memory })).toEqual(['model/memory-differs']),
  );
});

describe('from the command line', () => {
  const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-dtb-'));
  afterAll(() => rmSync(work, { recursive: true }));
  const profile = path.resolve('schemas/examples/rockpro64.json');
  beforeAll(async () => {
    writeFileSync(path.join(work, 'riscv.dtb'), writeFdt(tree('riscv')));
    writeFileSync(path.join(work, 'other.dtb'), writeFdt(tree('arm,cortex-a53', ['other,board'])));
    expect((await dmaheap(['generate', profile, '-o', 'out'], work)).exit).toBe(0);
  });
  test.each([
    [['validate', profile], 1],
    [['place', profile], 1],
    [['check', profile], 1],
    [['check', 'out'], 2],
    [['place', '--arch', 'arm64', '--kernel', '6.12'], 2],
  ])('%j refuses the DTB of another architecture', async (argv, exit) => {
    const said = await dmaheap([...argv, '--dtb', 'riscv.dtb'], work);
    expect([said.exit, said.stderr]).toEqual([exit, expect.stringMatching(/processors.* are riscv64/)]);
  });
  test.each([[['validate', profile]], [['place', profile]], [['check', profile]]])(
    "%j warns of another board's, and does not pass",
    async (argv) => {
      const { stdout, stderr } = await dmaheap([...argv, '--dtb', 'other.dtb'], work);
      expect(stdout).toMatch(/^(?:UNKNOWN|FAIL): /m);
      expect(stderr).toMatch(/warning\[model\/other-board\]: other\.dtb is the DTB of other,board, but the profile/);
    },
  );
});
