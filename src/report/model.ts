/** What a memory map shows: the predictions of one kernel or several as one set of regions, limits and banks. */
import type { Certainty, MemoryKind, MemoryMap, MemoryRegion } from '../placement/index.js';
import { type AddressRange, formatAddress } from '../quantity/index.js';

export interface ShownRegion extends AddressRange {
  readonly name: string;
  readonly kind: Exclude<MemoryKind, 'free'>;
  /** The least certain of all kernels. */
  readonly certainty: Certainty;
  /** Kernels on which the region is here; undefined: on all of them. */
  readonly kernels: readonly string[] | undefined;
  /** What holds on all these kernels. */
  readonly notes: readonly string[];
  /** Regions that own some of the same memory on the same kernel. */
  readonly sharedWith: readonly string[];
  /** An area or the kernel's own memory is among those that share it. */
  readonly isConflict: boolean;
}

/** An address inside a bank at which something ends. */
export interface ShownLimit {
  readonly kind: 'zone' | 'reach';
  readonly address: bigint;
  readonly text: string;
  readonly kernels: readonly string[] | undefined;
}

export interface ShownMap {
  readonly kernels: readonly string[];
  readonly banks: readonly AddressRange[];
  /** In the order of their addresses; includes those outside of RAM. */
  readonly regions: readonly ShownRegion[];
  readonly limits: readonly ShownLimit[];
  readonly isRamKnown: boolean;
  /** `kernel`, `initrd`, `dtb`: in use at addresses that no input states, so not drawn. */
  readonly notStated: readonly string[];
  readonly refused: readonly { readonly name: string; readonly reason: string; readonly kernels?: readonly string[] }[];
}

export interface KernelMap {
  readonly kernel: string;
  readonly map: MemoryMap;
}

const CERTAINTIES: readonly Certainty[] = ['certain', 'probable', 'open'];

export const endOf = ({ baseAddress, sizeBytes }: AddressRange): bigint => baseAddress + sizeBytes;
export const overlap = (a: AddressRange, b: AddressRange): boolean =>
  a.baseAddress < endOf(b) && b.baseAddress < endOf(a);
const ascending = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

interface Seen<T> {
  readonly kernel: string;
  readonly value: T;
}

/** Values that have one key, in the order of the first of each, with the kernels that have them. */
function grouped<T>(
  columns: readonly KernelMap[],
  of: (map: MemoryMap) => readonly T[],
  key: (value: T) => string,
): { readonly values: readonly T[]; readonly kernels: readonly string[] | undefined }[] {
  const groups = new Map<string, Seen<T>[]>();
  for (const { kernel, map } of columns)
    for (const value of of(map)) groups.set(key(value), [...(groups.get(key(value)) ?? []), { kernel, value }]);
  return [...groups.values()].map((seen) => {
    const kernels = [...new Set(seen.map((one) => one.kernel))];
    return {
      values: seen.map(({ value }) => value),
      kernels: kernels.length === columns.length ? undefined : kernels,
    };
  });
}

function merged(values: readonly MemoryRegion[], kernels: readonly string[] | undefined): ShownRegion | undefined {
  const [first, ...others] = values;
  if (first === undefined) return undefined;
  const { name, kind, baseAddress, sizeBytes } = first;
  return {
    name,
    kind,
    baseAddress,
    sizeBytes,
    kernels,
    certainty: CERTAINTIES.findLast((one) => values.some(({ certainty }) => certainty === one)) ?? 'open',
    notes: first.notes.filter((note) => others.every(({ notes }) => notes.includes(note))),
    sharedWith: [],
    isConflict: false,
  };
}

const meet = (a: ShownRegion, b: ShownRegion) =>
  a.kernels === undefined || b.kernels === undefined || a.kernels.some((one) => b.kernels?.includes(one));

/**
 * One map of several kernels, oldest first. A region that lies elsewhere on another kernel is there once for each place. Banks are
 * those of the newest kernel.
 */
export function shownMap(columns: readonly KernelMap[]): ShownMap {
  const newest = columns.at(-1)?.map;
  const regions = grouped(
    columns,
    ({ regions }) => regions,
    (one) => `${one.kind} ${one.name} ${one.baseAddress} ${one.sizeBytes}`,
  )
    .flatMap(({ values, kernels }) => merged(values, kernels) ?? [])
    .sort((a, b) => ascending(a.baseAddress, b.baseAddress) || ascending(b.sizeBytes, a.sizeBytes));
  const zones = grouped(columns, (map) => map.zoneBoundaries, String).map(
    ({ values: [address = 0n], kernels }): ShownLimit => ({
      kind: 'zone',
      address,
      text: 'end of a memory zone, which an area must not cross',
      kernels,
    }),
  );
  const reaches = grouped(
    columns,
    (map) => map.reaches,
    ({ end, who }) => `${end} ${who}`,
  ).flatMap(({ values: [reach], kernels }): ShownLimit[] =>
    reach === undefined
      ? []
      : [
          {
            kind: 'reach',
            address: reach.end,
            text: `DMA limit of ${reach.who.replace(/,$/, '')}`,
            kernels,
          },
        ],
  );
  const refused = grouped(
    columns,
    (map) => map.refused,
    ({ name, reason }) => `${name} ${reason}`,
  ).flatMap(({ values: [one], kernels }) =>
    one === undefined ? [] : [{ ...one, ...(kernels === undefined ? {} : { kernels }) }],
  );
  return {
    kernels: columns.map(({ kernel }) => kernel),
    banks: (newest?.banks ?? []).map(({ baseAddress, sizeBytes }) => ({ baseAddress, sizeBytes })),
    regions: regions.map((region) => {
      const others = regions.filter((other) => other !== region && overlap(region, other) && meet(region, other));
      const isHarmless = region.kind === 'reserved' && others.every(({ kind }) => kind === 'reserved');
      return {
        ...region,
        sharedWith: [...new Set(others.map(({ name }) => name))],
        isConflict: others.length > 0 && !isHarmless,
      };
    }),
    limits: [...zones, ...reaches].sort((a, b) => ascending(a.address, b.address)),
    isRamKnown: newest?.isRamKnown ?? false,
    notStated: newest?.notStated ?? [],
    refused,
  };
}

/** What the words beside uncertain regions mean, as far as they are used. */
export function meaningsOf({ regions }: ShownMap): string[] {
  const has = (certainty: Certainty) => regions.some((region) => region.certainty === certainty);
  return [
    ...(has('probable') ? ['probably: every known layout of boot loaders leads to this place'] : []),
    ...(has('open') ? ['possibly: only a boot shows the place'] : []),
  ];
}

const onKernels = (kernels: readonly string[] | undefined): string[] =>
  kernels === undefined ? [] : [`only on Linux ${kernels.join(', ')}`];

const CERTAINTY_NOTES: Readonly<Record<Certainty, readonly string[]>> = {
  certain: [],
  probable: ['probably here'],
  open: ['possibly here'],
};

export interface Note {
  readonly kind: 'guess' | 'moves' | 'conflict' | 'fact';
  readonly text: string;
}

/** What to say beside the name of a region; what is uncertain comes first. */
export function markedNotes({ certainty, kernels, notes, sharedWith, isConflict }: ShownRegion): Note[] {
  const others = sharedWith.join(' and ');
  const shared: Note = isConflict
    ? { kind: 'conflict', text: `OWNED TWICE: also by ${others}` }
    : { kind: 'fact', text: `overlaps ${others}` };
  return [
    ...CERTAINTY_NOTES[certainty].map((text): Note => ({ kind: 'guess', text })),
    ...onKernels(kernels).map((text): Note => ({ kind: 'moves', text })),
    ...(sharedWith.length === 0 ? [] : [shared]),
    ...notes.map((text): Note => ({ kind: 'fact', text })),
  ];
}

export const notesOf = (region: ShownRegion): string[] => markedNotes(region).map(({ text }) => text);

/** Regions that are not RAM. */
export const outsideRam = ({ regions, banks }: ShownMap): ShownRegion[] =>
  regions.filter((region) => !banks.some((bank) => overlap(bank, region)));

/** `Linux 5.10: camera: no room`. */
export const refusedText = ({ name, reason, kernels }: ShownMap['refused'][number]): string =>
  `${kernels === undefined ? '' : `Linux ${kernels.join(', ')}: `}${name}: ${reason}`;

export const limitText = ({ text, address, kernels }: ShownLimit): string =>
  [`${text} (${formatAddress(address)})`, ...onKernels(kernels)].join(', ');

/** `RAM, 2 GiB, above the DMA limit at 0x100000000`. */
export function bankText(bank: AddressRange, { limits, isRamKnown }: ShownMap): string {
  const below = limits.filter(({ kind, address }) => kind === 'reach' && address <= bank.baseAddress);
  return [
    `RAM, ${roughSize(bank.sizeBytes)}`,
    ...(isRamKnown ? [] : ['assumed']),
    ...(below.length === 0
      ? []
      : [`above the DMA limit at ${[...new Set(below.map(({ address }) => formatAddress(address)))].join(' and ')}`]),
  ].join(', ');
}

/** `0x40000000-0x44000000`: the end is the first address after the region. */
export const rangeText = (range: AddressRange): string =>
  `${formatAddress(range.baseAddress)}-${formatAddress(endOf(range))}`;

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** For a picture: `64 MiB`, `1.3 MiB`, `15.9 GiB`. The exact range is beside it. */
export function roughSize(bytes: bigint): string {
  if (bytes < 1024n) return `${bytes} bytes`;
  const exponent = Math.min(UNITS.length - 1, Math.floor((bytes.toString(2).length - 1) / 10) - 1);
  const tenths = Math.round(Number((bytes * 1000n) >> BigInt(10 * (exponent + 1))) / 100);
  return `${tenths % 10 === 0 ? tenths / 10 : (tenths / 10).toFixed(1)} ${UNITS[exponent]}`;
}
