/**
 * Every DTB of Debian that has a default area: a profile that states what the DTB states gets the same place with the
 * DTB as without. One that states nothing stays inside of the DTB's limits (alloc-ranges), and one that leaves them in
 * any way of delivery is told so.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { dtbDirectory } from '../../src/build/fetch/index.js';
import { EXAMPLE_KERNEL, type KernelVersion, parseKernelVersion } from '../../src/facts/index.js';
import { addressCells, type Fdt, memoryBanks, readFdt, sizeCells } from '../../src/fdt/index.js';
import { resolveModel } from '../../src/model/index.js';
import { isPool, predict, type ReservedNode, readReservedMemory } from '../../src/placement/index.js';
import { narrowestBus } from '../../src/placement/reach.js';
import { makePlan } from '../../src/plan/index.js';
import { readProfile } from '../../src/profile/load.js';
import type { AddressRange } from '../../src/quantity/index.js';

const MIB = 1n << 20n;
const hex = (value: bigint) => `0x${value.toString(16)}`;
const stated = (ranges: readonly AddressRange[]) =>
  ranges.map((r) => ({ base: hex(r.baseAddress), size: hex(r.sizeBytes) }));

interface Board {
  readonly name: string;
  readonly arch: 'arm64' | 'arm';
  readonly tree: Fdt;
  readonly pool: ReservedNode;
  readonly ranges: readonly AddressRange[];
  readonly memory: readonly AddressRange[];
}

function boardsIn(directory: string, arch: Board['arch']): Board[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    if (!name.endsWith('.dtb')) return [];
    const { value: tree } = readFdt(readFileSync(path.join(directory, name)), name);
    const pool = tree && readReservedMemory(tree).nodes.find((node) => isPool(node) && node.isDefault);
    if (tree === undefined || pool === undefined) return [];
    if (typeof pool.size !== 'bigint') return [];
    const banks = memoryBanks(tree).filter((bank) => bank.sizeBytes > 0n);
    const ranges = Array.isArray(pool.allocRanges) ? (pool.allocRanges as readonly AddressRange[]) : [];
    const start = (memoryBanks(tree)[0] ?? ranges[0])?.baseAddress ?? 0n;
    // Where a boot loader fills RAM in, 1 GiB.
    const memory = banks.length > 0 ? banks : [{ baseAddress: start, sizeBytes: 1024n * MIB }];
    return [{ name, arch, tree, pool, ranges, memory }];
  });
}

function planOf(one: Board, region: object, withDtb: boolean, version = EXAMPLE_KERNEL) {
  const cells = { address: addressCells(one.tree.root) as 1 | 2, size: sizeCells(one.tree.root) as 1 | 2 };
  const text = JSON.stringify({
    version: 1,
    name: 'board',
    board: { arch: one.arch, cells, memory: stated(one.memory) },
    kernel: { version },
    regions: { [one.pool.name.replace(/@.*$/, '')]: { default: true, ...region } },
    heaps: { cma: { region: one.pool.name.replace(/@.*$/, '') } },
  });
  const { value: loaded, diagnostics: said } = readProfile('p.json', () => ({ text }));
  if (loaded === undefined) throw new Error(said.map(({ message }) => message).join('\n'));
  const dtb = { file: one.name, tree: one.tree, cells, memory: one.memory };
  const model = resolveModel(loaded, withDtb ? { dtb } : {});
  const plan = model.value && makePlan(model.value);
  return { plan: plan?.value, diagnostics: [...model.diagnostics, ...(plan?.diagnostics ?? [])] };
}
const place = (one: Board, region: object, withDtb: boolean) =>
  planOf(one, region, withDtb).plan?.areas.map(({ sizeBytes, baseAddress, allocRanges, alignmentBytes }) => ({
    sizeBytes,
    baseAddress,
    allocRanges,
    alignmentBytes,
  }));

/** What the DTB states of its default area; `reach` too, which a profile states as ranges. */
function statement({ pool, ranges, memory, tree }: Board) {
  const last = narrowestBus(tree)?.last;
  const cut = memory.flatMap(({ baseAddress, sizeBytes }) => {
    const end = last === undefined || last + 1n > baseAddress + sizeBytes ? baseAddress + sizeBytes : last + 1n;
    return end > baseAddress ? [{ baseAddress, sizeBytes: end - baseAddress }] : [];
  });
  const isCut = cut.length !== memory.length || cut.some(({ sizeBytes }, i) => sizeBytes !== memory[i]?.sizeBytes);
  const allocRanges = stated(ranges.length > 0 ? ranges : isCut ? cut : []);
  return {
    size: hex(pool.size as bigint),
    ...(allocRanges.length === 0 ? {} : { allocRanges }),
    ...(typeof pool.alignment === 'bigint' ? { alignment: hex(pool.alignment) } : {}),
  };
}

/** Whether the DTB's own node gets a place on this much RAM: where firmware leaves no hole, no profile can mend it. */
function isMadeAsItIs({ tree, arch, pool, memory }: Board): boolean {
  const { areas } = predict({ tree, architecture: arch, kernel: KERNEL, memory });
  return areas.some(({ name }) => name === pool.name);
}

const KERNEL = parseKernelVersion(EXAMPLE_KERNEL) as KernelVersion;
let boards: readonly Board[] = [];
beforeAll(async () => {
  boards = [
    ...boardsIn(await dtbDirectory('arm64', EXAMPLE_KERNEL), 'arm64'),
    ...boardsIn(await dtbDirectory('armhf', EXAMPLE_KERNEL), 'arm'),
  ];
});
const limited = () => boards.filter(({ ranges }) => ranges.length > 0);

test('the boards that the rule was made for are among them', () => {
  const names = limited().map(({ name }) => path.basename(name));
  for (const part of ['bcm2711', 'sun7i-a20', 'imx8mp', 'am62a7', 'imx8mm', 'imx8qm', 'imx8dxl', 'imx8mn'])
    expect([part, names.some((name) => name.includes(part))]).toEqual([part, true]);
});

test('what the DTB states and the profile too has one place, with the DTB and without', () => {
  const differing = boards.filter((one) => {
    const region = statement(one);
    return JSON.stringify(place(one, region, true), bigints) !== JSON.stringify(place(one, region, false), bigints);
  });
  // What firmware reserves is something that only the DTB can state.
  expect(differing.filter(isMadeAsItIs).map(({ name }) => name)).toEqual([]);
});

test('a profile that states no ranges stays inside of those of the DTB', () => {
  for (const one of limited()) {
    const { plan, diagnostics } = planOf(one, { size: hex(one.pool.size as bigint) }, true);
    expect(diagnostics.filter(({ code }) => code === 'placement/board-limit-left')).toEqual([]);
    if (plan === undefined) continue;
    const [area] = plan.areas;
    expect([one.name, area?.allocRanges.every((range) => isInside(range, one.ranges))]).toEqual([one.name, true]);
    expect([one.name, (area?.allocRanges.length ?? 0) > 0]).toEqual([one.name, true]);
  }
});

test.each(['device-tree', 'command-line'])('what is placed outside of them by %s is said', (delivery) => {
  let outside = 0;
  for (const one of limited()) {
    for (const bank of one.memory) {
      // The top of each bank, which the ranges of some boards hold and those of others do not.
      const sizeBytes = 64n * MIB;
      const base = bank.baseAddress + bank.sizeBytes - 2n * sizeBytes;
      const { plan, diagnostics } = planOf(one, { size: hex(sizeBytes), base: hex(base), delivery }, true);
      if (plan === undefined) continue;
      const isIn = isInside({ baseAddress: base, sizeBytes }, one.ranges);
      if (!isIn) outside += 1;
      const left = diagnostics.filter(({ code }) => code === 'placement/board-limit-left');
      expect([one.name, left.map(({ pointer }) => pointer?.split('/').at(-1))]).toEqual([
        one.name,
        isIn ? [] : ['base'],
      ]);
    }
  }
  expect(outside).toBeGreaterThan(10);
});

test('an area of the configuration is refused where the DTB has a default area', () => {
  for (const one of boards) {
    const { plan, diagnostics } = planOf(one, { size: '16M', delivery: 'kconfig' }, true);
    expect([one.name, plan, diagnostics.some(({ code }) => code === 'placement/node-decides')]).toEqual([
      one.name,
      undefined,
      true,
    ]);
    expect(planOf(one, { size: '16M', delivery: 'kconfig' }, false).plan).toBeDefined();
  }
});

const bigints = (_: string, value: unknown) => (typeof value === 'bigint' ? hex(value) : value);
const isInside = ({ baseAddress, sizeBytes }: AddressRange, ranges: readonly AddressRange[]) =>
  ranges.some((r) => r.baseAddress <= baseAddress && baseAddress + sizeBytes <= r.baseAddress + r.sizeBytes);
