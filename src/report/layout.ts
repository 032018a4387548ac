/**
 * Where everything of a memory map is drawn: one scale for all banks, long ranges broken, every label at its region or on a leader line,
 * no label over another. Pictures measure in CSS pixels and terminals in rows; this is the same for both.
 */
import type { AddressRange } from '../quantity/index.js';
import { endOf, overlap, type ShownLimit, type ShownMap, type ShownRegion } from './model.js';

export interface Measures {
  /** Least heights of a range with an owner to try, ascending: the first with which labels are near enough to their regions. */
  readonly least: readonly number[];
  /** Farthest that a label may be from its region, where a greater least height avoids it. */
  readonly farthest: number;
  /** A range with an owner that is taller is broken at this height. */
  readonly most: number;
  readonly leastFree: number;
  /** A free range that is taller is broken at this height. */
  readonly mostFree: number;
  /** Height that all ranges with an owner may have together. */
  readonly target: number;
  /** Each label has its rows beside its region, as text needs it; leader lines do not exist. */
  readonly isBesideRegion: boolean;
  readonly heightOf: (item: LabelItem) => number;
}

export type LabelItem =
  | { readonly kind: 'region'; readonly region: ShownRegion }
  | { readonly kind: 'limit'; readonly limit: ShownLimit };

export interface Band extends AddressRange {
  readonly y: number;
  readonly height: number;
  readonly isFree: boolean;
  /** Drawn shorter than the scale states. */
  readonly isBroken: boolean;
  /** Drawn taller than the scale states. */
  readonly isRaised: boolean;
}

export interface Box {
  readonly region: ShownRegion;
  readonly y: number;
  readonly height: number;
  /** Regions that share memory are drawn side by side: column `lane` of `lanes`. */
  readonly lane: number;
  readonly lanes: number;
}

export interface Label {
  readonly item: LabelItem;
  readonly y: number;
  readonly height: number;
  /** Where the leader line starts. */
  readonly anchor: number;
}

export interface BankLayout {
  readonly bank: AddressRange;
  readonly height: number;
  readonly bands: readonly Band[];
  readonly boxes: readonly Box[];
  readonly limits: readonly { readonly limit: ShownLimit; readonly y: number }[];
  readonly labels: readonly Label[];
}

export interface Layout {
  /** Bytes of one unit of height: a power of two. */
  readonly unitBytes: bigint;
  readonly banks: readonly BankLayout[];
}

/** A range between two edges; a limit is a range of 0 bytes, which has a height where its label needs rows. */
interface Strip extends AddressRange {
  readonly owners: readonly ShownRegion[];
  readonly limits: readonly ShownLimit[];
  /** Labels that begin here. */
  readonly starting: readonly LabelItem[];
}

const PAGE = 4096n;

const inUnits = (sizeBytes: bigint, unitBytes: bigint) => Number((sizeBytes * 1024n) / unitBytes) / 1024;

/** Areas, and what is drawn of them, in one bank. */
function stripsOf(bank: AddressRange, next: AddressRange | undefined, { regions, limits }: ShownMap): Strip[] {
  const inside = regions.filter((region) => overlap(region, bank));
  // What ends between two banks is drawn at the end of the first; what ends with RAM limits nothing.
  const last = next === undefined ? endOf(bank) - 1n : next.baseAddress;
  const ends = limits.filter(({ address }) => bank.baseAddress < address && address <= last);
  const inner = ends.flatMap(({ address }) => (address < endOf(bank) ? [address] : []));
  const edges = new Set([bank.baseAddress, endOf(bank), ...inner]);
  for (const region of inside)
    for (const edge of [region.baseAddress, endOf(region)])
      if (bank.baseAddress < edge && edge < endOf(bank)) edges.add(edge);
  const sorted = [...edges].sort((a, b) => (a < b ? -1 : 1));
  return sorted.flatMap((from, i): Strip[] => {
    const to = sorted[i + 1];
    const here = ends.filter(({ address }) => address === from || (to === undefined && address > from));
    const limit: Strip = {
      baseAddress: from,
      sizeBytes: 0n,
      owners: [],
      limits: here,
      starting: here.map((one): LabelItem => ({ kind: 'limit', limit: one })),
    };
    const limitStrip = here.length === 0 ? [] : [limit];
    if (to === undefined) return limitStrip;
    const range = { baseAddress: from, sizeBytes: to - from };
    const owners = inside.filter((region) => overlap(region, range));
    const starting = owners.filter((region) => region.baseAddress === from || i === 0);
    return [
      ...limitStrip,
      { ...range, owners, limits: [], starting: starting.map((region): LabelItem => ({ kind: 'region', region })) },
    ];
  });
}

/**
 * The finest scale with which everything has the height that it may have and no area is broken: areas are what the map is about, and a
 * huge reservation beside them is broken.
 */
function scaleOf(strips: readonly Strip[], { target, most }: Measures, least: number): bigint {
  const owned = strips.filter(({ owners }) => owners.length > 0);
  const areas = owned.filter(({ owners }) => owners.some(({ kind }) => kind === 'area'));
  // Memory in which nothing is reserved is drawn to scale itself.
  const sizesOf = (some: readonly Strip[]) => (some.length > 0 ? some : strips).map(({ sizeBytes }) => sizeBytes);
  const sizes = sizesOf(owned);
  const whole = sizesOf(areas.length > 0 ? areas : owned);
  const room = target + sizes.length * least;
  const total = (unit: bigint) =>
    sizes.reduce((sum, size) => sum + Math.min(most, Math.max(least, inUnits(size, unit))), 0);
  let unit = PAGE;
  while ((total(unit) > room || whole.some((size) => inUnits(size, unit) > most)) && unit < 1n << 62n) unit *= 2n;
  return unit;
}

/** @param isWhole the strip is all of a bank, and not only a distance between two regions */
function bandOf(
  { owners, sizeBytes, baseAddress, starting }: Strip,
  y: number,
  unitBytes: bigint,
  least: number,
  measures: Measures,
  isWhole: boolean,
): Band {
  const isFree = owners.length === 0;
  const exact = inUnits(sizeBytes, unitBytes);
  const most = isFree ? measures.mostFree : measures.most;
  const leastFree = isWhole ? measures.mostFree / 2 : measures.leastFree;
  const bounded = sizeBytes === 0n ? 0 : Math.max(isFree ? leastFree : least, Math.min(most, exact));
  const rows = measures.isBesideRegion ? starting.reduce((sum, item) => sum + measures.heightOf(item), 0) : 0;
  const height = Math.max(Math.round(bounded), rows);
  return {
    baseAddress,
    sizeBytes,
    y,
    height,
    isFree,
    isBroken: exact > most && exact > height,
    isRaised: sizeBytes > 0n && exact < height - 1,
  };
}

/** Columns for regions that share memory: each gets the first that is free, and a group has as many as it needs. */
function lanesOf(regions: readonly ShownRegion[]): Map<ShownRegion, { readonly lane: number; readonly lanes: number }> {
  const found = new Map<ShownRegion, { lane: number; lanes: number }>();
  let group: ShownRegion[] = [];
  let groupEnd = 0n;
  let ends: bigint[] = [];
  const close = () => {
    for (const region of group) {
      const own = found.get(region);
      if (own !== undefined) own.lanes = ends.length;
    }
    group = [];
    ends = [];
  };
  for (const region of regions) {
    if (group.length > 0 && region.baseAddress >= groupEnd) close();
    const free = ends.findIndex((end) => end <= region.baseAddress);
    const lane = free === -1 ? ends.length : free;
    ends[lane] = endOf(region);
    groupEnd = group.length === 0 || endOf(region) > groupEnd ? endOf(region) : groupEnd;
    group.push(region);
    found.set(region, { lane, lanes: 1 });
  }
  close();
  return found;
}

interface Wanted {
  readonly item: LabelItem;
  readonly anchor: number;
  readonly height: number;
  /** Where the label would be if it were alone. */
  readonly y: number;
}

/** Labels that would overlap move apart, and the group stays in the middle of the places that its members want. */
function separated(wanted: readonly Wanted[]): Label[] {
  const groups: { members: Wanted[]; y: number; height: number; sum: number }[] = [];
  for (const one of wanted) {
    let group = { members: [one], y: Math.max(0, one.y), height: one.height, sum: one.y };
    for (let above = groups.at(-1); above !== undefined && above.y + above.height > group.y; above = groups.at(-1)) {
      groups.pop();
      const { height, sum, members } = above;
      const all = [...members, ...group.members];
      const total = sum + group.sum - group.members.length * height;
      group = { members: all, y: Math.max(0, total / all.length), height: height + group.height, sum: total };
    }
    groups.push(group);
  }
  return groups.flatMap(({ members, y }) => {
    let at = Math.round(y);
    return members.map(({ item, anchor, height }): Label => {
      const label = { item, anchor, height, y: at };
      at += height;
      return label;
    });
  });
}

function layOutBank(
  bank: AddressRange,
  strips: readonly Strip[],
  unitBytes: bigint,
  least: number,
  measures: Measures,
): BankLayout {
  let y = 0;
  const bands = strips.map((strip): Band => {
    const band = bandOf(strip, y, unitBytes, least, measures, strips.length === 1);
    y += band.height;
    return band;
  });
  const limits = strips.flatMap((strip, i) => strip.limits.map((limit) => ({ limit, y: bands[i]?.y ?? 0 })));
  const regions = [...new Set(strips.flatMap(({ owners }) => owners))];
  const lanes = lanesOf(regions);
  const boxes = regions.map((region): Box => {
    const own = bands.filter((band) => band.sizeBytes > 0n && overlap(band, region));
    const top = own[0]?.y ?? 0;
    const last = own.at(-1);
    return {
      region,
      y: top,
      height: (last === undefined ? top : last.y + last.height) - top,
      ...(lanes.get(region) ?? { lane: 0, lanes: 1 }),
    };
  });
  const wanted = strips.flatMap(({ starting }, i) => {
    let at = bands[i]?.y ?? 0;
    return starting.map((item): Wanted => {
      const height = measures.heightOf(item);
      const box = item.kind === 'region' ? boxes.find(({ region }) => region === item.region) : undefined;
      const anchor = box === undefined ? (bands[i]?.y ?? 0) : box.y + box.height / 2;
      const one = { item, anchor, height, y: measures.isBesideRegion ? at : anchor - height / 2 };
      at += height;
      return one;
    });
  });
  // A region may begin before another and have its middle behind it.
  const labels = separated(measures.isBesideRegion ? wanted : wanted.sort((a, b) => a.anchor - b.anchor));
  const last = labels.at(-1);
  return { bank, bands, boxes, limits, labels, height: Math.max(y, last === undefined ? 0 : last.y + last.height) };
}

/** @returns banks in the order of the map, each from its own 0 downwards */
export function layOut(map: ShownMap, measures: Measures): Layout {
  const banks = map.banks.map((bank, i) => ({ bank, strips: stripsOf(bank, map.banks[i + 1], map) }));
  const all = banks.flatMap(({ strips }) => strips);
  const drawn = measures.least.map((least) => {
    const unitBytes = scaleOf(all, measures, least);
    return {
      unitBytes,
      banks: banks.map(({ bank, strips }) => layOutBank(bank, strips, unitBytes, least, measures)),
    };
  });
  // A limit has no height, so taller regions do not bring its label nearer.
  const distance = ({ item, y, height, anchor }: Label) =>
    item.kind === 'limit' ? 0 : Math.abs(y + height / 2 - anchor);
  const isNear = (layout: Layout) =>
    layout.banks.every(({ labels }) => labels.every((label) => distance(label) <= measures.farthest));
  return drawn.find(isNear) ?? drawn.at(-1) ?? { unitBytes: PAGE, banks: [] };
}
