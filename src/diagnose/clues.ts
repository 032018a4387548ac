/** What a paste says, piece by piece: each clue with the line that it was read from. */
import type { KernelVersion } from '../facts/index.js';
import type { Errno } from './errno.js';
import type { PastedLine, View } from './paste.js';

export interface AreaName {
  /** As the kernel's log calls it. */
  readonly name: string;
}

/** One node, link, file or directory as `ls -l`, `stat` or `find -ls` shows it. */
export interface Listed {
  readonly name: string;
  /** The first letter of the mode: c, l, d, -. */
  readonly type: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  readonly major: number | undefined;
  readonly minor: number | undefined;
  readonly target: string | undefined;
}

export interface ClueData {
  // the machine
  release: { readonly text: string; readonly version: KernelVersion | undefined };
  architecture: { readonly arch: string };
  pageSize: { readonly bytes: number };
  config: { readonly symbol: string; readonly value: string };
  commandLine: { readonly text: string };
  unknownParameter: { readonly text: string };
  cmaTotal: { readonly kib: number };
  cmaFree: { readonly kib: number };
  /** Of /sys/kernel/debug/cma and /sys/kernel/mm/cma. */
  areaCount: { readonly area: string; readonly what: string; readonly pages: number };
  available: { readonly kib: number };
  swap: { readonly kib: number };
  module: { readonly name: string };
  moduleMissing: { readonly name: string };
  // nodes
  node: Listed;
  directory: Listed;
  handMade: Listed;
  link: Listed;
  names: { readonly names: readonly string[] };
  noDirectory: Record<never, never>;
  noClass: Record<never, never>;
  classNames: { readonly names: readonly string[] };
  ion: Record<never, never>;
  mknod: { readonly path: string };
  // what programs met
  open: {
    readonly path: string;
    readonly errno: Errno | undefined;
    readonly flags: string | undefined;
    /** A word of a sentence, which is a name only if a listing has it. */
    readonly isWord?: boolean;
  };
  noProvider: Record<never, never>;
  allocation: {
    readonly errno: Errno | undefined;
    readonly bytes: number | undefined;
    readonly heap: string | undefined;
  };
  allocated: { readonly bytes: number | undefined; readonly flags: string | undefined };
  mapped: { readonly errno: Errno | undefined };
  works: Record<never, never>;
  verifier: { readonly id: string; readonly status: string };
  // the kernel's log
  reserved: { readonly mebibytes: number; readonly base: bigint | undefined };
  failed: { readonly mebibytes: number };
  pool: AreaName & { readonly isCma: boolean; readonly base: bigint; readonly mebibytes: number };
  poolNode: AreaName;
  range: AreaName & {
    readonly base: bigint;
    readonly end: bigint;
    readonly isMapped: boolean;
    readonly isReusable: boolean;
  };
  nodeFailed: AreaName & { readonly mebibytes: number | undefined };
  misaligned: Record<never, never>;
  badFormat: Record<never, never>;
  badProperty: AreaName & { readonly property: string };
  bypass: Record<never, never>;
  noSlots: Record<never, never>;
  tooManyRegions: Record<never, never>;
  notSetUp: Record<never, never>;
  noMatch: AreaName;
  /** Empty where only the headline was pasted. */
  overlap: { readonly regions: readonly { readonly name: string; readonly base: bigint }[] };
  swiotlbFull: { readonly bytes: number; readonly total: number; readonly used: number };
  outOfReach: { readonly address: bigint; readonly bytes: number; readonly mask: bigint };
  boundary: Record<never, never>;
  notActivated: AreaName;
  allocFailed: AreaName & { readonly pages: number; readonly result: number };
  /** In pages; what the line leaves out is counted from its ranges, or unknown. */
  holes: { readonly largest: number; readonly free: number; readonly total: number | undefined };
  busyPages: Record<never, never>;
  deviceAlloc: { readonly bytes: number; readonly device: string };
  zone: { readonly name: string; readonly from: bigint; readonly to: bigint };
  bank: { readonly node: number; readonly from: bigint; readonly to: bigint };
  numaNodes: { readonly node: number };
  outOfMemory: { readonly isCgroup: boolean };
  // who may
  avc: { readonly domain: string; readonly type: string; readonly name: string };
  apparmor: { readonly profile: string; readonly name: string };
  seccomp: { readonly program: string };
  /** `isDatabase`: what /etc/group gives to a user, and not what a process has. */
  identity: { readonly user: string; readonly groups: readonly string[]; readonly isDatabase: boolean };
  /** A number of a group beside its name. */
  groupNumber: { readonly number: string; readonly group: string };
  /** The user namespace maps every id, so that 65534 is a group like others. */
  wholeIdMap: Record<never, never>;
  groupEntry: { readonly group: string; readonly members: readonly string[] };
  groupAdded: { readonly group: string; readonly user: string };
  unknownGroup: { readonly group: string };
  unknownUser: { readonly user: string };
  /** How many a process has open, by the directory that was counted. */
  descriptors: { readonly of: string; readonly count: number };
  /** An entry of getfacl, with the rights that the mask leaves. */
  acl: { readonly tag: 'user' | 'group' | 'mask'; readonly name: string; readonly rights: string };
  rule: { readonly file: string; readonly text: string };
  ruleApplied: { readonly device: string; readonly file: string; readonly key: string; readonly value: string };
  noRules: Record<never, never>;
  // containers and services
  devices: { readonly list: readonly string[]; readonly volumes: readonly string[] };
  containerKind: { readonly what: string };
  deviceAllow: { readonly value: string };
  devicePolicy: { readonly value: string };
  /** Group= and SupplementaryGroups= of a unit. */
  unitGroups: { readonly groups: readonly string[] };
  unitUser: { readonly user: string };
  // the boot loader
  overlayNotLoaded: { readonly file: string };
  overlayNotApplied: { readonly reason: string };
  noSymbols: Record<never, never>;
  ramdisk: { readonly from: bigint; readonly to: bigint };
  placedTree: { readonly from: bigint; readonly to: bigint };
  configTxt: { readonly text: string };
  gpuMemory: { readonly mebibytes: number };
  // device trees
  treeNode: { readonly name: string; readonly properties: ReadonlyMap<string, string> };
  reservedMemory: { readonly properties: ReadonlyMap<string, string> };
  treeNames: { readonly names: readonly string[]; readonly of: string };
  noTreeNode: { readonly path: string };
}

export type Kind = keyof ClueData;
export type Clue<K extends Kind = Kind> = {
  readonly [P in K]: {
    readonly kind: P;
    readonly line: string;
    readonly view: View;
    readonly isRoot: boolean;
  } & ClueData[P];
}[K];

/** Reads clues from a line; what it says of the line in `understood`. */
export interface Reader {
  readonly as: string;
  /** @param lines the whole paste; `at` is the line to read. */
  read(lines: readonly PastedLine[], at: number): readonly Clue[];
}

/** A clue of a line. */
export function clue<K extends Kind>(line: PastedLine, kind: K, data: ClueData[K]): Clue {
  return { kind, line: line.raw.trim(), view: line.view, isRoot: line.isRoot, ...data } as unknown as Clue;
}

/** A row of a reader that is a table: lines like this are clues like that. */
export type Row = readonly [
  pattern: RegExp,
  read: (match: RegExpExecArray, line: PastedLine) => Clue | readonly Clue[] | undefined,
];

export function tableReader(as: string, rows: readonly Row[]): Reader {
  return {
    as,
    read(lines, at) {
      const line = lines[at];
      if (line === undefined) return [];
      return rows.flatMap(([pattern, read]) => {
        const match = pattern.exec(line.text);
        return (match === null ? undefined : read(match, line)) ?? [];
      });
    },
  };
}
