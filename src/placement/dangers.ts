/** What a boot does to memory that has an owner already. */
import { alignDown, alignUp, isAligned } from '../quantity/index.js';
import { ARM_BLOCK } from './arm-remap.js';
import type { Boot } from './boot.js';
import type { Area } from './boot-record.js';
import { ownBytes } from './early-memory.js';
import { type Interval, interval, overlaps } from './interval-set.js';
import type { BootOutcome, Danger, DangerCode } from './prediction.js';
import { isPool, type ReservedNode } from './reserved-nodes.js';
import { RULE_FACTS } from './rules.js';
import { OWN_MEMORY } from './situation.js';
import { mappedLowMemoryEnd } from './zones.js';

type Sure = Exclude<BootOutcome, 'unknown'>;

interface Found extends Danger {
  readonly outcome: BootOutcome;
  /** What an unknown outcome can be; absent: anything, good or bad. */
  readonly possible?: readonly Sure[];
}

const ANYTHING: readonly Sure[] = ['boots', 'corrupts', 'panics', 'hangs'];

/**
 * Memory that is not the kernel's: nodes with a base that are not pools or stay unmapped, the reservation block, what
 * the caller names.
 */
export function firmwareMemory(boot: Boot): { readonly name: string; readonly range: Interval }[] {
  const { reservedMemory, memoryReservations, occupied } = boot.situation;
  return [
    ...reservedMemory.nodes.flatMap((node) =>
      entriesOf(node).filter(({ range }) => !isPool(node) || (node.noMap && boot.memblock.nomap.overlaps(range))),
    ),
    ...memoryReservations.map(({ baseAddress, sizeBytes }) => ({
      name: `/memreserve/ 0x${baseAddress.toString(16)}`,
      range: interval(baseAddress, sizeBytes),
    })),
    ...occupied
      .filter((range) => !OWN_MEMORY.includes(range.name) && range.guessed !== true)
      .map(({ name, start, end }) => ({ name, range: { start, end } })),
  ].filter(({ range }) => boot.memblock.memory.overlaps(range));
}

function entriesOf(node: ReservedNode) {
  const entries = Array.isArray(node.reg) ? node.reg : [];
  return entries.map((entry) => ({ name: node.name, range: interval(entry.baseAddress, entry.sizeBytes) }));
}

export function dangersOf(boot: Boot): {
  dangers: readonly Danger[];
  outcome: BootOutcome;
  possible: readonly Sure[];
} {
  const found = CHECKS.flatMap((check) => check(boot));
  const outcomes = new Set(found.map((danger) => danger.outcome));
  const outcome = (['panics', 'hangs', 'corrupts', 'unknown'] as const).find((o) => outcomes.has(o)) ?? 'boots';
  // With several dangers whatever one of them leaves possible at best has to pass all others too.
  const left = found.map(({ outcome: one, possible }) => (one === 'unknown' ? (possible ?? ANYTHING) : [one]));
  const best = left.map((possible) => Math.min(...possible.map((one) => ANYTHING.indexOf(one))));
  return {
    outcome,
    possible: ANYTHING.slice(Math.max(0, ...best)).filter((one) => left.some((possible) => possible.includes(one))),
    dangers: found.map(({ code, nodes, reason, facts }) => ({ code, nodes, reason, facts })),
  };
}

const CHECKS: readonly ((boot: Boot) => Found[])[] = [
  outsideRam,
  areasOverlap,
  overOwnMemory,
  overFirmware,
  memoryGivenAway,
  reservationsIgnored,
  unmappedMemory,
  droppedPageFreed,
  areaGivenAway,
  halfMappedPages,
  noRoomForKernel,
  remapTable,
  mappingStops,
];

/** Memory that is not there, or has no mapping, is handed out: it works until it is used. */
const DEADLY: readonly Sure[] = ['corrupts', 'panics', 'hangs'];

function outsideRam(boot: Boot): Found[] {
  const { architecture } = boot.situation;
  return boot.areas
    .filter((area) => !boot.memblock.memory.contains(area) && (area.active || !boot.isCutAtTop(area)))
    .map((area) => ({
      code: 'outside-ram',
      nodes: [area.name],
      outcome: architecture === 'arm64' ? 'panics' : 'unknown',
      possible: DEADLY,
      reason:
        architecture === 'arm64'
          ? 'the kernel creates the area and panics when it gives the missing pages to the page allocator'
          : 'the kernel creates the area over memory that does not exist; it may panic or count memory that does not exist',
      facts: ['cma.outside-ram'],
    }));
}

function areasOverlap(boot: Boot): Found[] {
  return pairs(boot.areas)
    .filter(([a, b]) => overlaps(a, b))
    .map(([a, b]) => ({
      code: 'areas-overlap',
      nodes: [a.name, b.name],
      outcome: 'corrupts',
      reason: 'two CMA areas own the same pages: both count them and both allocate them',
      facts: ['cma.overlap'],
    }));
}

function overOwnMemory(boot: Boot): Found[] {
  const codes: Readonly<Record<string, DangerCode>> = {
    kernel: 'over-kernel',
    initrd: 'over-initrd',
    dtb: 'over-dtb',
  };
  return boot.areas.flatMap((area) =>
    boot.ownMemoryUnder(area).map((own) => ({
      code: codes[own] as DangerCode,
      nodes: [area.name, own],
      outcome: 'corrupts' as const,
      reason: `the area overlaps the ${own}: the kernel allocates pages that are in use`,
      facts: ['cma.overlap'],
    })),
  );
}

function overFirmware(boot: Boot): Found[] {
  const firmware = firmwareMemory(boot);
  return boot.areas.flatMap((area) =>
    firmware
      .filter(({ range }) => overlaps(range, area))
      .map(({ name }) => ({
        code: 'over-firmware' as const,
        nodes: [area.name, name],
        outcome: 'corrupts' as const,
        reason: `${name} is reserved, but becomes CMA memory; if it is not mapped, an allocation causes an oops`,
        facts: [area.source === 'command-line' ? 'cma.parameter-over-no-map' : 'cma.overlap'],
      })),
  );
}

/** A refused region is freed as a whole, whatever else had reserved it. */
function memoryGivenAway(boot: Boot): Found[] {
  if (!boot.situation.reservedMemory.supported && boot.situation.reservedMemory.node !== undefined) return [];
  const { memblock } = boot;
  const freed = boot.refusals.filter(
    (refusal) => refusal.released && refusal.range !== undefined && refusal.node.reg !== undefined,
  );
  if (freed.length === 0) return [];
  const free = memblock.free();
  const givenAway = (range: Interval) =>
    free.overlaps(range) ? freed.filter((refusal) => overlaps(refusal.range as Interval, range)) : [];
  const firmware = firmwareMemory(boot).flatMap(({ name, range }) =>
    givenAway(range).map(({ node }) => ({ code: 'firmware-freed' as const, nodes: [node.name, name] })),
  );
  const own = boot.situation.occupied
    .filter(({ name }) => OWN_MEMORY.includes(name))
    .flatMap((range) =>
      givenAway(range).map(({ node }) => ({ code: 'kernel-memory-freed' as const, nodes: [node.name, range.name] })),
    );
  return [...firmware, ...own]
    .filter(({ nodes }) => nodes[0] !== nodes[1])
    .map((danger) => ({
      ...danger,
      outcome: danger.code === 'firmware-freed' ? 'corrupts' : 'unknown',
      reason: `the kernel refuses ${danger.nodes[0]} and frees its memory, and with it that of ${danger.nodes[1]}`,
      facts: ['reserved-memory.refused-node'],
    }));
}

function reservationsIgnored(boot: Boot): Found[] {
  const { reservedMemory } = boot.situation;
  if (reservedMemory.node === undefined || reservedMemory.supported) return [];
  const lost = reservedMemory.nodes.filter(
    (node) =>
      !isPool(node) && entriesOf(node).some(({ range }) => boot.memblock.memory.overlaps(range) && !range0(range)),
  );
  if (lost.length === 0) return [];
  return [
    {
      code: 'reservations-ignored',
      nodes: lost.map((node) => node.name),
      outcome: 'corrupts',
      reason: 'the kernel ignores every reservation of the tree, so it uses memory of the firmware',
      facts: ['reserved-memory.cells'],
    },
  ];
}

const range0 = (range: Interval) => range.start === range.end;

/** A refused no-map region with a base is freed after the linear map was made without it. */
function unmappedMemory(boot: Boot): Found[] {
  return boot.refusals
    .filter(
      (refusal) =>
        refusal.stage !== 'scan' &&
        refusal.released &&
        refusal.node.noMap &&
        refusal.range !== undefined &&
        boot.memblock.memory.overlaps(refusal.range),
    )
    .map(({ node }) => ({
      code: 'unmapped-memory-freed',
      nodes: [node.name],
      // Whether that is the kernel on its way up or a process later, nothing but a boot shows.
      outcome: 'unknown',
      possible: DEADLY,
      reason: 'the kernel frees the memory although it has not mapped it: the first access to it causes a panic',
      facts: ['reserved-memory.refused-node', 'reserved-memory.static-registration'],
    }));
}

/**
 * The pages of an area that cannot be activated go to the page allocator, and the page that arm32 drops goes with them.
 * Nothing wrote its descriptor, so the allocator takes it for low memory, and its address in the linear map wraps.
 */
function droppedPageFreed(boot: Boot): Found[] {
  return boot.areas
    .filter((area) => !area.active && boot.isCutAtTop(area))
    .map(({ name }) => ({
      code: 'dropped-page-freed',
      nodes: [name],
      outcome: 'unknown',
      possible: DEADLY,
      reason: `${name} cannot be activated and its pages are freed; the last page below 4 GiB has no mapping, and the first access to it causes a panic`,
      facts: ['cma.arm-last-page', 'cma.zone-check'],
    }));
}

/** A refused region is freed as a whole, also where an area has been made of the same memory. */
function areaGivenAway(boot: Boot): Found[] {
  const free = boot.memblock.free();
  return boot.areas
    .filter((area) => area.active && free.overlaps(area))
    .map((area) => {
      const refused = boot.refusals.filter(({ range }) => range !== undefined && overlaps(range, area));
      return {
        code: 'area-freed',
        nodes: [area.name, ...refused.map(({ node }) => node.name)],
        outcome: 'corrupts',
        reason: `pages of ${area.name} are also given to the page allocator, because a refused region has the same memory`,
        facts: ['reserved-memory.refused-node', 'cma.overlap'],
      };
    });
}

/** arm64 maps whole pages only, and hands out the rest of a page that it has not mapped. */
function halfMappedPages(boot: Boot): Found[] {
  const { architecture, rules, pageSizeBytes } = boot.situation;
  if (architecture !== 'arm64' || rules.sharedPage === 'mapped') return [];
  const free = boot.memblock.free();
  const isFree = (start: bigint, end: bigint) => start < end && free.overlaps({ start, end });
  return boot.unmapped
    .filter(
      ({ range }) =>
        isFree(alignDown(range.start, pageSizeBytes), range.start) ||
        isFree(range.end, alignUp(range.end, pageSizeBytes)),
    )
    .map(({ node, range }) => ({
      code: 'page-half-mapped',
      nodes: [node.name],
      // The allocator begins at the top.
      outcome: free.ranges.at(-1)?.end === range.start ? 'panics' : 'unknown',
      reason: `${node.name} begins or ends inside a page of ${pageSizeBytes / 1024n} KiB; the kernel does not map the rest of that page, and panics when it allocates from it`,
      facts: [RULE_FACTS.sharedPage],
    }));
}

/** For a kernel of unknown size: more than most kernels have. */
const IMAGE_BYTES = 32n << 20n;

interface Room {
  readonly left: bigint;
  readonly needed: bigint;
  readonly isPlaced: boolean;
}

/** Of boots that are over. */
const rooms = new WeakMap<Boot, Room>();

function ownRoom(boot: Boot): Room {
  const known = rooms.get(boot);
  if (known !== undefined) return known;
  const { memblock, situation } = boot;
  const low = mappedLowMemoryEnd(memblock, situation.lowMemoryLimit) ?? memblock.end;
  const left = memblock
    .free()
    .within({ start: 0n, end: low })
    .reduce((sum, { start, end }) => sum + (end - start), 0n);
  const isPlaced = situation.occupied.some(({ name }) => name === 'kernel');
  const needed = ownBytes(memblock.memory.ranges, situation.pageSizeBytes) + (isPlaced ? 0n : IMAGE_BYTES);
  const room = { left, needed, isPlaced };
  rooms.set(boot, room);
  return room;
}

/** Whether the kernel finds room for itself also when so much more of low memory is taken. */
export function hasRoomBeside(boot: Boot, takenBytes: bigint): boolean {
  const { left, needed } = ownRoom(boot);
  return boot.descriptorRoom === 'ample' && left >= 2n * needed + takenBytes;
}

/** CMA areas are for what can be moved, and nothing of the early kernel can. */
function noRoomForKernel(boot: Boot): Found[] {
  const { descriptorRoom, situation } = boot;
  const danger = { code: 'no-room-for-kernel' as const, nodes: [] };
  if (descriptorRoom !== 'ample')
    return [
      {
        ...danger,
        outcome: descriptorRoom === 'none' ? 'panics' : 'unknown',
        reason: `${situation.descriptorPieces === 'unknown' ? 'without SPARSEMEM_VMEMMAP (--config FILE shows it) ' : ''}the regions may leave no room for the page descriptors of the kernel`,
        facts: [RULE_FACTS.descriptorPieces, RULE_FACTS.descriptorSections],
      },
    ];
  const { left, needed, isPlaced } = ownRoom(boot);
  if (left >= needed) return [];
  return [
    {
      ...danger,
      outcome: 'unknown',
      reason: `the regions leave ${left / 1024n} KiB of memory for the start of the kernel, but it may need ${needed / 1024n} KiB${isPlaced ? '' : ' with its image (--occupied kernel=BASE+SIZE states it)'}`,
      facts: [],
    },
  ];
}

function mappingStops(boot: Boot): Found[] {
  const at = boot.mappingStop;
  if (at === undefined) return [];
  const blame = boot.unmapped.filter(({ range }) => alignDown(range.start, ARM_BLOCK) === alignDown(at, ARM_BLOCK));
  return [
    {
      code: 'section-pair',
      nodes: blame.map(({ node }) => node.name),
      outcome: 'hangs',
      reason: `arm32 maps memory in pairs of 1 MiB sections, and only a part of the second section at 0x${at.toString(16)} is memory: a BUG before the console can print a message`,
      facts: [RULE_FACTS_OF_MAP],
    },
  ];
}

const RULE_FACTS_OF_MAP = 'cma.arm-section-pairs';

function remapTable(boot: Boot): Found[] {
  const { architecture, slots, rules } = boot.situation;
  if (architecture !== 'arm') return [];
  const facts = ['cma.remap-table'];
  if (boot.remapped.length > slots)
    return [
      {
        code: 'remap-table-overflow',
        nodes: boot.remapped.slice(slots).map(({ node }) => node?.name ?? rules.inventory.kernelAreaName),
        outcome: 'hangs',
        reason: `arm32 has room for ${slots} pools; with more, it writes past the end of a table`,
        facts,
      },
    ];
  const misaligned = boot.remapped.filter(
    ({ range }) => !isAligned(range.start, ARM_BLOCK) || !isAligned(range.end, ARM_BLOCK),
  );
  const neighbours = misaligned.map(
    ({ node }): Found => ({
      code: 'remap-of-neighbours',
      nodes: [node?.name ?? ''],
      outcome: 'unknown',
      reason:
        'arm32 unmaps whole blocks of 2 MiB before it maps the pool again; other contents of such a block are lost',
      facts,
    }),
  );
  const stop = boot.remapStop;
  if (stop === undefined) return neighbours;
  return [
    {
      code: 'remap-of-memory-in-use',
      nodes: stop.names,
      outcome: 'hangs',
      reason: stop.reason,
      facts: [...facts, 'cma.remap-walk'],
    },
  ];
}

function pairs(areas: readonly Area[]): [Area, Area][] {
  return areas.flatMap((a, i) => areas.slice(i + 1).map((b): [Area, Area] => [a, b]));
}
