/** Lints of addresses: granule, RAM, owners, zones, room, reach. */

import { alignDown, alignUp, formatAddress, formatBytes, isAligned } from '../../quantity/index.js';
import { holesIn, largest } from '../holes.js';
import { higher, type Interval, IntervalSet, interval, lower, overlaps } from '../interval-set.js';
import { windowsWithoutSlack } from '../layouts.js';
import { basesOf } from '../prediction.js';
import { reachOf, treeReach } from '../reach.js';
import { isPool } from '../reserved-nodes.js';
import { type Finding, type LintContext, spell, staticRange } from './context.js';
import { lint, PLACED, READABLE } from './lint.js';
import { noArea, noPoolOrRam, noPoolWithBase, noPoolWithSize, nothingReserved, nothingToPlace } from './skip.js';

const GIB4 = 1n << 32n;
const GRANULE = ['cma.minimum-alignment', 'cma.page-block-thp', 'reserved-memory.size-rounding'];

function findBaseAligned(context: LintContext): Finding[] {
  return context.pools.flatMap((node) => {
    const range = staticRange(node);
    if (range === undefined || node.noMap) return [];
    const size = range.end - range.start;
    const wrong = context.forGranules((granule) => !isAligned(range.start, granule) || !isAligned(size, granule));
    if (wrong === 'none') return [];
    const { granule } = context;
    const better = { start: alignDown(range.start, granule), end: alignUp(range.end, granule) };
    return [
      {
        verdict: wrong === 'all' ? 'refuted' : 'needs-target-fact',
        nodes: [node.name],
        message: `${node.name} is ${spell(range)}: base and size are not multiples of ${formatBytes(granule)}`,
        cause: wrong === 'all' ? 'the kernel does not round reg; it refuses the node' : needed(context, 'granule'),
        fix: `write ${context.regText(better)} if that memory is free`,
        facts: GRANULE,
      },
    ];
  });
}

export const baseAligned = lint({
  id: 'base-aligned',
  severity: 'error',
  title: 'a pool with a base that is not a multiple of the granule',
  explain:
    'Base and size of a CMA area must be multiples of the page block (2, 4, 32 or 512 MiB, by page size and configuration). The kernel does not round reg: it refuses the node and frees its memory.',
  needs: READABLE,
  skip: noPoolWithBase,
  check: findBaseAligned,
});

function findSizeMultiple(context: LintContext): Finding[] {
  return context.pools.flatMap((node) => {
    const { size } = node;
    if (node.reg !== undefined || typeof size !== 'bigint' || node.noMap) return [];
    const wrong = context.forGranules((granule) => !isAligned(size, granule) || size === 0n);
    if (wrong === 'none') return [];
    const next = alignUp(size === 0n ? 1n : size, context.granule);
    return [
      {
        verdict: wrong === 'all' ? 'refuted' : 'needs-target-fact',
        nodes: [node.name],
        message: `the size of ${node.name}, 0x${size.toString(16)}, is not a multiple of ${formatBytes(context.granule)}`,
        cause: wrong === 'all' ? 'the kernel does not round size; it refuses the node' : needed(context, 'granule'),
        fix: `write size = <${context.cells(next, 'size')}> (${formatBytes(next)})`,
        facts: GRANULE,
      },
    ];
  });
}

export const sizeMultiple = lint({
  id: 'size-multiple',
  severity: 'error',
  title: 'a size that is not a multiple of the granule',
  explain:
    'For a node with size, the kernel raises the alignment of the base but does not round the size. It refuses a size that is not a multiple.',
  needs: READABLE,
  skip: noPoolWithSize,
  check: findSizeMultiple,
});

function needed(context: LintContext, about: Parameters<LintContext['needs']>[0]): string {
  return `it depends on ${context.needs(about) ?? 'the target'}`;
}

function findInsideRam(context: LintContext): Finding[] {
  const ram = new IntervalSet(context.situation.banks);
  return context.pools.flatMap((node) => {
    const range = staticRange(node);
    if (range === undefined) return [];
    const common = { nodes: [node.name], facts: ['cma.outside-ram'] };
    if (!context.isRamKnown)
      return [
        {
          ...common,
          verdict: 'needs-target-fact',
          message: `whether ${node.name}, ${spell(range)}, is RAM is not known`,
          cause: 'the device tree does not state the RAM; the boot loader adds it',
          fix: 'state the banks: --memory BASE+SIZE, or board.memory in the profile',
        },
      ];
    if (ram.contains(range)) return [];
    const hole = largest(context.holesWithout(node));
    if (isCutAtTop(context, range))
      return [
        {
          ...common,
          facts: ['cma.arm-last-page', 'cma.zone-check'],
          message: `${node.name}, ${spell(range)}, ends at 4 GiB, but this kernel does not use the last page below 4 GiB`,
          cause: 'the kernel creates the area but cannot activate it, because the page is not memory',
          fix: `let it end at or below ${formatAddress(alignDown(ram.ranges.at(-1)?.end ?? 0n, context.granule))}`,
        },
      ];
    return [
      {
        ...common,
        message: `${node.name}, ${spell(range)}, is not inside RAM (${ram.ranges.map(spell).join(', ')})`,
        cause: 'the kernel accepts it, logs a success, and panics when it gives the pages to the page allocator',
        fix:
          hole === undefined
            ? 'reserve less memory: none is free'
            : `choose a base in the largest free hole, ${spell(hole)}`,
      },
    ];
  });
}

export const insideRam = lint({
  id: 'inside-ram',
  severity: 'error',
  title: 'a pool outside RAM',
  explain:
    'The kernel accepts a region outside RAM and logs a success; arm64 then panics. A region must be inside the banks, without a gap.',
  needs: READABLE,
  skip: noPoolWithBase,
  check: findInsideRam,
});

/** arm32 without LPAE: all that the range lacks is the last page below 4 GiB. */
function isCutAtTop({ situation, ramEnd }: LintContext, range: Interval): boolean {
  const { architecture, lpae, pageSizeBytes, banks } = situation;
  if (architecture !== 'arm' || lpae || range.end !== GIB4 || ramEnd !== GIB4 - pageSizeBytes) return false;
  return new IntervalSet(banks).contains({ start: range.start, end: ramEnd });
}

/** Every range with an owner, by name; firmware memory and the kernel's own. */
function owners(context: LintContext): { readonly name: string; readonly range: Interval; readonly isPool: boolean }[] {
  const { reservedMemory, memoryReservations, occupied } = context.situation;
  return [
    ...reservedMemory.nodes.flatMap((node) =>
      (Array.isArray(node.reg) ? node.reg.slice(0, isPool(node) ? 1 : undefined) : []).map((entry) => ({
        name: node.name,
        range: interval(entry.baseAddress, entry.sizeBytes),
        isPool: isPool(node),
      })),
    ),
    ...memoryReservations.map((entry) => ({
      name: `/memreserve/ ${formatAddress(entry.baseAddress)}`,
      range: interval(entry.baseAddress, entry.sizeBytes),
      isPool: false,
    })),
    ...occupied.map((range) => ({ name: range.name, range, isPool: false })),
  ];
}

function findNoOverlap(context: LintContext): Finding[] {
  const all = owners(context);
  const pairs = all.flatMap((a, i) =>
    all.slice(i + 1).flatMap((b): Finding[] => {
      if (a.name === b.name || !overlaps(a.range, b.range)) return [];
      const pool = a.isPool ? a : b.isPool ? b : undefined;
      const other = pool === a ? b : a;
      const node = context.pools.find(({ name }) => name === pool?.name);
      const hole = node && largest(context.holesWithout(node));
      return [
        {
          severity: pool === undefined ? 'warning' : 'error',
          nodes: [a.name, b.name],
          message: `${a.name}, ${spell(a.range)}, overlaps ${b.name}, ${spell(b.range)}`,
          cause:
            pool === undefined
              ? 'two reservations of the same memory; the kernel may refuse the second'
              : other.isPool
                ? 'both areas allocate the same pages; arm hangs'
                : `memory of ${other.name} becomes CMA memory, or is freed with a refused region`,
          fix: hole === undefined ? 'move one of them' : `move ${pool?.name}: the largest free hole is ${spell(hole)}`,
          facts: ['cma.overlap', 'reserved-memory.refused-node'],
        },
      ];
    }),
  );
  const layout = context.needs('layout');
  const open = context.prediction.unknown.some(({ field, needs }) => field === 'dangers' && needs === layout);
  const based = context.pools.filter((node) => staticRange(node) !== undefined);
  const isBased = based.length > 0 || (context.situation.parameter?.baseAddress ?? 0n) > 0n;
  if (!open || !isBased || pairs.some((finding) => finding.severity === 'error')) return pairs;
  return [
    ...pairs,
    {
      verdict: 'needs-target-fact',
      nodes: (based.length > 0 ? based : context.pools).map((node) => node.name),
      message: 'whether a region with a base overlaps the kernel, the initrd or the device tree is unknown',
      cause: `it depends on ${layout}`,
      fix: 'give --occupied kernel=BASE+SIZE, initrd=..., dtb=...',
      facts: ['cma.overlap'],
    },
  ];
}

export const noOverlap = lint({
  id: 'no-overlap',
  severity: 'error',
  title: 'memory with two owners',
  explain:
    'The kernel accepts a CMA area that overlaps another area, memory of the firmware, the kernel, the initrd or the device tree; newer kernels do so silently. This corrupts memory; arm32 hangs.',
  needs: READABLE,
  skip: nothingReserved,
  check: findNoOverlap,
});

function findOneZone(context: LintContext): Finding[] {
  const { situation, prediction } = context;
  const { boundaries, numa } = situation.zones;
  return prediction.rejected
    .filter(({ family }) => family === 'not-activated')
    .map(({ node: name }) => {
      const node = context.pools.find((pool) => pool.name === name);
      const base = (node && staticRange(node)?.start) ?? basesOf(prediction, name)[0] ?? 0n;
      const edge = boundaries.find((at) => at > base) ?? context.ramEnd;
      const below = largest(holesIn(context.holesWithout(node), [{ start: 0n, end: edge }], context.granule));
      const isTop = !boundaries.some((at) => at > base);
      const what = isTop
        ? 'where memory ends: this kernel does not use the last page below 4 GiB'
        : numa.includes(edge)
          ? 'where another NUMA node begins'
          : 'where a memory zone ends';
      return {
        nodes: [name],
        message: `${name} crosses ${formatAddress(edge)}, ${what}`,
        cause: 'the kernel creates the area but cannot activate it, so every allocation from its heap fails',
        fix:
          below === undefined
            ? `place it above ${formatAddress(edge)}`
            : `place it below: alloc-ranges = <${context.cells(below.start, 'address')} ${context.cells(below.end - below.start, 'size')}>`,
        facts: isTop
          ? ['cma.arm-last-page', 'cma.zone-check', 'heap.inactive-area']
          : [numa.includes(edge) ? 'cma.numa' : 'cma.zone', 'cma.dma-zone', 'heap.inactive-area'],
      };
    });
}

export const oneZone = lint({
  id: 'one-zone',
  severity: 'error',
  title: 'a pool that crosses a memory zone',
  explain:
    'An area must be in one zone (arm64: below 4 GiB and below the end of dma-ranges; arm32: in low or in high memory). The kernel creates another area but does not activate it: its heap exists, but every allocation fails.',
  needs: [...PLACED, 'inside-ram'],
  skip: noArea,
  check: findOneZone,
});

function findFits(context: LintContext): Finding[] {
  const tight = withoutSlack(context);
  const told = new Set(tight.flatMap(({ nodes }) => nodes));
  const fitting = poolsFit(context).filter(({ nodes, verdict }) => verdict === 'refuted' || !told.has(nodes[0] ?? ''));
  return [...fitting, ...tight, ...defaultFits(context)];
}

export const fits = lint({
  id: 'fits',
  severity: 'error',
  title: 'no room for a pool',
  explain:
    'A node with size needs one free, aligned hole of that size, inside its alloc-ranges if it has them. Without such a hole, the kernel makes an area from CONFIG_CMA_SIZE_MBYTES with another name.',
  needs: [...READABLE, 'size-multiple'],
  skip: nothingToPlace,
  check: findFits,
});

function poolsFit(context: LintContext): Finding[] {
  const { prediction, questions } = context;
  return context.pools.flatMap((node): Finding[] => {
    const { size } = node;
    if (typeof size !== 'bigint' || node.reg !== undefined || size === 0n) return [];
    const ranges = Array.isArray(node.allocRanges)
      ? node.allocRanges.map((entry) => interval(entry.baseAddress, entry.sizeBytes))
      : undefined;
    const refused = prediction.rejected.some((one) => one.node === node.name && one.family === 'alloc-failed');
    const layout = questions.find(({ about }) => about === 'layout')?.needs;
    const open = prediction.unknown.some(({ field, needs }) => field === 'rejected' && needs === layout);
    if (!context.isRamKnown || (!refused && !open)) return [];
    const within = (holes: readonly Interval[]) =>
      ranges === undefined ? holes : holesIn(holes, ranges, context.granule);
    const step = sizeStep(context);
    const alignment = typeof node.alignment === 'bigint' ? higher(node.alignment, 1n) : 1n;
    const roomIn = (holes: readonly Interval[]) =>
      within(holes)
        .map(({ start, end }) => alignDown(higher(end - alignUp(start, alignment), 0n), step))
        .reduce(higher, 0n);
    const holes = context.holesWithout(node);
    const best = largest(within(holes));
    const anywhere = largest(holes);
    // What fits in every case: less than what fits when nothing occupies the range.
    const most = context.layouts.map((situation) => roomIn(context.holesWithout(node, situation))).reduce(lower);
    const offered = most > 0n ? most : roomIn(holes);
    const isRam =
      ranges === undefined || ranges.some((range) => new IntervalSet(context.situation.banks).overlaps(range));
    return [
      {
        verdict: refused ? 'refuted' : 'needs-target-fact',
        nodes: [node.name],
        message: refused
          ? `${node.name} needs ${formatBytes(size)}, and ${place(ranges, best)}`
          : `whether ${formatBytes(size)} are free for ${node.name} is unknown`,
        cause: !refused
          ? `it depends on ${layout}`
          : isRam
            ? 'the kernel does not search elsewhere; it makes the area of Kconfig instead'
            : 'alloc-ranges contain no RAM of this board',
        fix:
          offered > 0n
            ? `request at most ${formatBytes(offered)}${refused ? '' : most > 0n ? ', which is free in every case' : '; --boot-log FILE shows whether it is free'}`
            : best !== undefined
              ? `reserve less memory: an area needs ${formatBytes(step)}, and the largest hole is ${spell(best)}`
              : anywhere === undefined
                ? 'reserve less memory: none is free'
                : `widen alloc-ranges: the largest hole on this board is ${spell(anywhere)}`,
        facts: ['reserved-memory.alloc-ranges', 'reserved-memory.direction'],
      },
    ];
  });
}

/** Sizes of areas are multiples of it. */
const sizeStep = ({ input, granule }: LintContext): bigint => higher(input.sizeGranuleBytes ?? granule, granule);

/** A window that the area fills whole: anything that a boot loader leaves in it refuses the area. */
function withoutSlack(context: LintContext): Finding[] {
  const layout = context.needs('layout');
  if (layout === undefined || !context.isRamKnown) return [];
  return windowsWithoutSlack(context.situation)
    .filter(({ node }) => !context.prediction.rejected.some((one) => one.node === node.name))
    .map(({ node, window }) => ({
      severity: 'warning',
      nodes: [node.name],
      message: `${node.name} is as large as its alloc-ranges, ${spell(window)}`,
      cause: `it fits only if nothing else is in that range; this depends on ${layout}`,
      fix: 'widen alloc-ranges, or make the area smaller',
      facts: ['reserved-memory.alloc-ranges'],
    }));
}

/** The default area that the command line or Kconfig asks for. */
function defaultFits(context: LintContext): Finding[] {
  const { prediction, input, situation } = context;
  const { refusedDefault: refused } = prediction;
  if (!context.isRamKnown) return [];
  if (refused === undefined) return openDefault(context);
  const isAssumed =
    refused.source === 'kconfig' && input.configComplete !== true && input.config?.get('CMA_SIZE_MBYTES') === undefined;
  const size = formatBytes(refused.sizeBytes);
  const alignment = formatBytes(refused.alignmentBytes);
  const limit = formatAddress(refused.limitAddress);
  const base = formatAddress(situation.parameter?.baseAddress ?? 0n);
  const causes = {
    'misaligned-base': `the base ${base} is not a multiple of ${alignment}`,
    'base-taken': `the memory at ${base} is already reserved`,
    'crosses-high-memory': `at ${base}, it crosses ${formatAddress(situation.highMemoryStart ?? 0n)}, where high memory begins`,
    'past-limit': `${situation.parameter?.baseAddress ? `from ${base} on ` : ''}it ends above ${limit}, the limit of the kernel for this area`,
    'no-hole': `no free range of ${size}, aligned to ${alignment}, ends at ${limit} or below`,
  };
  const most = alignDown(refused.largestBytes, sizeStep(context));
  const hole =
    refused.largestBytes === 0n
      ? 'no aligned hole is free'
      : `the largest hole is ${formatBytes(refused.largestBytes)} at ${formatAddress(refused.largestBaseAddress ?? 0n)}`;
  return [
    {
      verdict: isAssumed || !isSettled(context) ? 'needs-target-fact' : 'refuted',
      isOurs: refused.source === 'kconfig' || input.commandLine !== undefined,
      nodes: [refused.text],
      message: `the kernel cannot reserve the ${size} of ${refused.text}: ${hole}`,
      cause: `${causes[refused.why]}; the kernel prints "Failed to reserve" and has no default area`,
      fix: `${most === 0n ? 'request no area, or free memory' : `request at most ${formatBytes(most)}`}${largeGranule(context, refused.alignmentBytes)}`,
      facts: ['cma.minimum-alignment', 'cma.dma-zone', ...(situation.architecture === 'arm' ? ['cma.highmem'] : [])],
    },
  ];
}

/** No open question leads to another answer. */
function isSettled({ prediction }: LintContext): boolean {
  return !prediction.unknown.some(({ field }) => field === 'areas');
}

const USUAL_GRANULE = 8n << 20n;

function largeGranule({ situation }: LintContext, alignmentBytes: bigint): string {
  if (alignmentBytes <= USUAL_GRANULE) return '';
  return situation.architecture === 'arm64' && situation.pageSizeBytes > 4096n
    ? '; with 4K pages, the alignment is smaller'
    : `; the alignment of ${formatBytes(alignmentBytes)} comes from the order in CONFIG_ARCH_FORCE_MAX_ORDER (CONFIG_FORCE_MAX_ZONEORDER): lower it`;
}

/** It has a place on some layouts, or with few early allocations, only. */
function openDefault(context: LintContext): Finding[] {
  const { prediction, situation } = context;
  if (!prediction.areas.some(({ source }) => source !== 'node')) return [];
  const layout = context.needs('layout');
  const open = prediction.unknown.find(({ field, needs }) => field === 'areas' && needs === layout);
  if (open === undefined) return [];
  const text = situation.parameter?.text ?? 'the area of Kconfig';
  const refused = prediction.layouts.filter(
    ({ areas }) => !areas.some(({ name }) => name === situation.rules.inventory.kernelAreaName),
  );
  return [
    {
      verdict: 'needs-target-fact',
      nodes: [text],
      message: `whether the kernel can reserve ${text} is unknown`,
      cause: `it depends on ${open.needs}; it fails with ${refused.map((one) => one.layout).join('; ') || 'some layouts'}`,
      fix: 'give --boot-log FILE, or request less',
      facts: ['cma.minimum-alignment'],
    },
  ];
}

function place(ranges: readonly Interval[] | undefined, best: Interval | undefined): string {
  const where = ranges === undefined ? 'in RAM' : 'in alloc-ranges';
  return best === undefined ? `no aligned hole is ${where}` : `the largest hole ${where} is ${spell(best)}`;
}

function findDmaReach(context: LintContext): Finding[] {
  const { situation, input } = context;
  const top = situation.banks.map((bank) => bank.end).reduce(higher, 0n);
  return context.pools.flatMap((node) => {
    const isDefault = node.isDefault && node.reg === undefined;
    const limit = reachOf(
      input.addressBits?.get(node.name),
      treeReach(input.tree, context.users, { isDefault, node }),
      isDefault,
      situation.banks[0]?.start ?? 0n,
    );
    if (limit === undefined || !context.isRamKnown) return [];
    const range = staticRange(node);
    const ends = Array.isArray(node.allocRanges)
      ? node.allocRanges.map((entry) => entry.baseAddress + entry.sizeBytes)
      : [top];
    const highest = range?.end ?? ends.reduce(higher, 0n);
    const end = lower(highest, top);
    if (end <= limit.end) return [];
    const stated = input.addressBits?.has(node.name) === true;
    const inside = largest(holesIn(context.holesWithout(node), [{ start: 0n, end: limit.end }], context.granule));
    return [
      {
        severity: stated || range !== undefined ? 'error' : 'warning',
        nodes: [node.name],
        message: `${node.name} may be placed up to ${formatAddress(end)}, but ${limit.who} reaches only ${formatAddress(limit.end)}`,
        cause: 'without alloc-ranges, the kernel uses the top of RAM; DMA to it needs bounce buffers or fails',
        fix:
          inside === undefined
            ? 'reserve less memory there: no aligned hole is within reach'
            : `write alloc-ranges = <${context.cells(inside.start, 'address')} ${context.cells(inside.end - inside.start, 'size')}>`,
        facts: ['reserved-memory.alloc-ranges', 'cma.dma-zone'],
      },
    ];
  });
}

export const dmaReach = lint({
  id: 'dma-reach',
  severity: 'warning',
  title: 'a pool that its users may not reach',
  explain:
    'Without alloc-ranges, the kernel uses the top of RAM, which may be above 4 GiB. Devices with fewer address bits or behind a bus with dma-ranges cannot reach it.',
  needs: READABLE,
  skip: noPoolOrRam,
  check: findDmaReach,
});
