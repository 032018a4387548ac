/** Decides size, place and delivery of every area. */
import type { Diagnostic } from '../diagnostic/index.js';
import { bytesOf, type Model, rangeOf } from '../model/index.js';
import type { Region } from '../profile/types.gen.js';
import { alignDown, alignUp, formatAddress, formatBytes, isAligned } from '../quantity/index.js';
import { childPointer } from '../source/json.js';
import { computeBudget } from './budget.js';
import { report } from './codes.js';
import type { AddressRange, Because, PlannedArea } from './types.js';

const endOf = (range: AddressRange) => range.baseAddress + range.sizeBytes;

function intersect(a: AddressRange, b: AddressRange): AddressRange | undefined {
  const baseAddress = a.baseAddress > b.baseAddress ? a.baseAddress : b.baseAddress;
  const end = endOf(a) < endOf(b) ? endOf(a) : endOf(b);
  return end > baseAddress ? { baseAddress, sizeBytes: end - baseAddress } : undefined;
}

/** A range without what a sorted list of others takes from it. */
function subtract(range: AddressRange, taken: readonly AddressRange[]): AddressRange[] {
  let rest = [range];
  for (const hole of taken)
    rest = rest.flatMap((r) => {
      if (intersect(r, hole) === undefined) return [r];
      const before =
        hole.baseAddress > r.baseAddress
          ? [{ baseAddress: r.baseAddress, sizeBytes: hole.baseAddress - r.baseAddress }]
          : [];
      const after = endOf(hole) < endOf(r) ? [{ baseAddress: endOf(hole), sizeBytes: endOf(r) - endOf(hole) }] : [];
      return [...before, ...after];
    });
  return rest;
}

class AreaPlanner {
  readonly diagnostics: Diagnostic[] = [];
  readonly areas: PlannedArea[] = [];
  readonly #model: Model;

  constructor(model: Model) {
    this.#model = model;
  }

  #at(pointer: string, part: 'key' | 'value' = 'value') {
    const span = this.#model.loaded.spanOf(pointer, part);
    return { pointer, ...(span === undefined ? {} : { span }) };
  }

  plan(name: string, region: Region): void {
    const pointer = childPointer('/regions', name);
    const { granuleBytes, pageSizeBytes } = this.#model;
    const because: Because[] = [];
    const budget = region.budget === undefined ? undefined : computeBudget(region.budget, pageSizeBytes, granuleBytes);
    const wished = budget?.sizeBytes ?? bytesOf(region.size ?? 0);
    const sizeBytes = alignUp(wished, granuleBytes);
    if (sizeBytes !== wished)
      this.diagnostics.push(
        report('plan/size-rounded', {
          message: `the size of "${name}", ${formatBytes(wished)}, was rounded up to ${formatBytes(sizeBytes)}`,
          cause: `the kernel refuses an area whose size is no multiple of ${formatBytes(granuleBytes)}`,
          facts: ['cma.safe-granule'],
          ...this.#at(`${pointer}/size`),
        }),
      );
    because.push(
      budget === undefined
        ? {
            text: `size as stated, a multiple of ${formatBytes(granuleBytes)}`,
            pointer: `${pointer}/size`,
            facts: ['cma.safe-granule'],
          }
        : { text: 'size from the buffer budget', pointer: `${pointer}/budget`, facts: ['cma.safe-granule'] },
    );
    const delivery = region.delivery ?? 'device-tree';
    const baseAddress = region.base === undefined ? undefined : bytesOf(region.base);
    const nodeName = baseAddress === undefined ? name : `${name}@${baseAddress.toString(16)}`;
    const allocRanges =
      baseAddress === undefined && delivery === 'device-tree'
        ? this.#allocRanges(name, region, sizeBytes, because)
        : [];
    if (baseAddress !== undefined) this.#checkBase(name, { baseAddress, sizeBytes });
    const area: PlannedArea = {
      name,
      nodeName,
      areaName:
        delivery === 'device-tree' ? nodeName : this.#model.naming.inventoryAt(this.#model.kernel.max).kernelAreaName,
      delivery,
      isDefault: region.default ?? false,
      sizeBytes,
      baseAddress,
      allocRanges,
      alignmentBytes: region.alignment === undefined ? undefined : bytesOf(region.alignment),
      budget: budget === undefined ? undefined : { buffers: budget.buffers, steps: budget.steps },
      because,
    };
    this.#checkCells(area);
    this.areas.push(area);
  }

  /** Ranges as stated, or the banks below the DMA reach of the region's users. */
  #allocRanges(name: string, region: Region, sizeBytes: bigint, because: Because[]): AddressRange[] {
    const pointer = childPointer('/regions', name);
    const { memory, granuleBytes, cells } = this.#model;
    const limit = region.addressBits === undefined ? undefined : 1n << BigInt(region.addressBits);
    const stated = region.allocRanges?.map(rangeOf);
    const reach = limit === undefined ? undefined : { baseAddress: 0n, sizeBytes: limit };
    const taken = this.areas.flatMap((a) =>
      a.baseAddress === undefined ? [] : [{ baseAddress: a.baseAddress, sizeBytes: a.sizeBytes }],
    );
    const allowed = (stated ?? (reach === undefined ? memory : [reach])).flatMap((r) =>
      reach === undefined ? [r] : (intersect(r, reach) ?? []),
    );
    const holes = memory
      .flatMap((bank) => allowed.flatMap((r) => intersect(bank, r) ?? []))
      .flatMap((r) => subtract(r, taken));
    const usable = holes.map((h) => {
      const base = alignUp(h.baseAddress, granuleBytes);
      const end = alignDown(endOf(h), granuleBytes);
      return end > base ? end - base : 0n;
    });
    const largest = usable.reduce((a, b) => (a > b ? a : b), 0n);
    if (memory.length > 0 && sizeBytes > largest)
      this.diagnostics.push(
        report(largest === 0n && stated !== undefined ? 'plan/outside-memory' : 'plan/too-large', {
          message:
            largest === 0n && stated !== undefined
              ? `no range of "${name}" lies in RAM that its users can reach`
              : `"${name}" needs ${formatBytes(sizeBytes)}; the largest place for it has ${formatBytes(largest)}`,
          cause: 'an area is one stretch within one memory bank, its ranges and the reach of its users',
          fix:
            largest === 0n
              ? 'correct allocRanges, addressBits or board.memory'
              : `ask for less than ${formatBytes(largest)}, which the kernel needs a part of, or widen its ranges`,
          ...(stated === undefined ? this.#at(pointer, 'key') : this.#at(`${pointer}/allocRanges`, 'key')),
        }),
      );
    if (stated !== undefined) {
      because.push({ text: 'placed within the ranges stated', pointer: `${pointer}/allocRanges` });
      return stated;
    }
    const highest = memory.at(-1);
    if (limit === undefined || highest === undefined || endOf(highest) <= limit) return [];
    because.push({
      text: `kept below ${formatAddress(limit)}, which its users can reach; without a range the kernel takes the top of RAM`,
      pointer: `${pointer}/addressBits`,
      facts: ['reserved-memory.alloc-ranges', 'reserved-memory.direction'],
    });
    // One cell cannot say 4 GiB, and a range up to the last granule below it means the same.
    const cap = cells.size === 1 ? (1n << 32n) - granuleBytes : limit;
    const first = memory[0]?.baseAddress ?? 0n;
    const baseAddress = alignDown(first, granuleBytes);
    const end = limit < cap + baseAddress ? limit : cap + baseAddress;
    return [{ baseAddress, sizeBytes: end - baseAddress }];
  }

  #checkBase(name: string, area: AddressRange): void {
    const pointer = childPointer('/regions', name);
    const { granuleBytes, memory } = this.#model;
    if (!isAligned(area.baseAddress, granuleBytes))
      this.diagnostics.push(
        report('plan/base-misaligned', {
          message: `the base of "${name}", ${formatAddress(area.baseAddress)}, is no multiple of ${formatBytes(granuleBytes)}`,
          cause: 'the kernel does not round a stated base: it refuses the region',
          fix: `use ${formatAddress(alignDown(area.baseAddress, granuleBytes))} or ${formatAddress(alignUp(area.baseAddress, granuleBytes))}`,
          facts: ['cma.safe-granule'],
          ...this.#at(`${pointer}/base`),
        }),
      );
    const inside = memory.some((bank) => bank.baseAddress <= area.baseAddress && endOf(area) <= endOf(bank));
    if (memory.length > 0 && !inside)
      this.diagnostics.push(
        report('plan/outside-memory', {
          message: `"${name}" at ${formatAddress(area.baseAddress)} with ${formatBytes(area.sizeBytes)} does not lie within one memory bank`,
          cause: 'the kernel reports such an area as a success and panics when it activates it',
          fix: `keep it within ${memory.map((b) => `${formatAddress(b.baseAddress)} to ${formatAddress(endOf(b))}`).join(', ')}`,
          facts: ['cma.outside-ram'],
          ...this.#at(`${pointer}/base`),
        }),
      );
    const other = this.areas.find(
      (a) =>
        a.baseAddress !== undefined &&
        intersect(area, { baseAddress: a.baseAddress, sizeBytes: a.sizeBytes }) !== undefined,
    );
    if (other !== undefined)
      this.diagnostics.push(
        report('plan/regions-overlap', {
          message: `"${name}" overlaps "${other.name}"`,
          cause: 'nothing in the kernel refuses it: both would own the same pages',
          fix: `start it at ${formatAddress(alignUp((other.baseAddress ?? 0n) + other.sizeBytes, granuleBytes))}`,
          facts: ['cma.overlap'],
          ...this.#at(`${pointer}/base`),
        }),
      );
  }

  #checkCells(area: PlannedArea): void {
    if (area.delivery !== 'device-tree') return;
    const { cells } = this.#model;
    const tooFar = [area.baseAddress ?? 0n, ...area.allocRanges.map((r) => r.baseAddress)].some(
      (a) => cells.address === 1 && a >= 1n << 32n,
    );
    const tooLong = [area.sizeBytes, ...area.allocRanges.map((r) => r.sizeBytes)].some(
      (s) => cells.size === 1 && s >= 1n << 32n,
    );
    if (tooFar || tooLong)
      this.diagnostics.push(
        report('plan/address-beyond-cells', {
          message: `${tooFar ? 'an address' : 'a size'} of "${area.name}" does not fit the single cell of the board's root`,
          fix: 'stay below 4 GiB',
          ...this.#at(childPointer('/regions', area.name), 'key'),
        }),
      );
  }
}

export function planAreas(model: Model): { areas: PlannedArea[]; diagnostics: Diagnostic[] } {
  const planner = new AreaPlanner(model);
  const regions = Object.entries(model.loaded.profile.regions ?? {});
  // Fixed regions first: what they take is no place for the others.
  for (const [name, region] of regions) if (region.base !== undefined) planner.plan(name, region);
  for (const [name, region] of regions) if (region.base === undefined) planner.plan(name, region);
  const order = regions.map(([name]) => name);
  return {
    areas: planner.areas.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)),
    diagnostics: planner.diagnostics,
  };
}
