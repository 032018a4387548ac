/** What a board of the guests is, and what is expected of the usual one. */

import type { Machine } from '../e2e/machine.js';

export interface Case {
  readonly name: string;
  /** Shell; `verify $EXPECT` stands for a run. It undoes what it did. */
  readonly script: string;
  /** Replaces the board's expectation. */
  readonly expect?: string;
  readonly exit?: number;
  /** What the guest prints, for cases that do not end in a report. */
  readonly shows?: readonly RegExp[];
  /** What matched `shows` is printed: it has figures. */
  readonly prints?: boolean;
  /** Shipped schema of the JSON it prints, which is no report. */
  readonly schema?: 'owners' | 'bench';
  /** `check DIAGNOSIS` that must be reported. */
  readonly diagnoses?: readonly string[];
  /** Further failures that follow from the same fault. */
  readonly also?: readonly string[];
  /** Why it does not run. */
  readonly skipped?: string;
  /** Not in CI: minutes. */
  readonly long?: boolean;
  /** Checks that must not merely be skipped. */
  readonly passes?: readonly string[];
}

export interface Board {
  readonly name: string;
  readonly kernels: readonly string[];
  readonly memoryMiB: number;
  readonly cmdline?: string;
  /** Children of /reserved-memory. */
  readonly reservedMemory?: string;
  readonly expect: string;
  /** Not in CI: it needs a kernel that nothing else there needs, or a boot too many. */
  readonly long?: boolean;
  /** Node and the addon are in the guest. */
  readonly node?: boolean;
  /** The programs of docs/using-heaps.md are in the guest. */
  readonly programs?: boolean;
  /** Further files: path in the guest -> file here. */
  readonly files?: (machine: Machine) => Promise<Readonly<Record<string, string>>>;
  /** A disk of the guest: an image here, whose changes are the guest's own. */
  readonly disk?: (machine: Machine) => Promise<string>;
  readonly silenceSeconds?: number;
  readonly cases: readonly Case[];
}

export const MIB = 1024 * 1024;

/** The configured default area of the lab's kernels is 32 MiB, so 48 MiB can only come from the tree. */
export const CAMERA =
  '\tlinux,cma { compatible = "shared-dma-pool"; reusable; size = <0 0x3000000>; linux,cma-default; };';

interface Wish {
  readonly total: number;
  readonly area?: number;
  readonly budget?: string;
  readonly extra?: string;
}

export const expectation = ({
  total,
  area = total,
  budget = 'bytes=1048576 count=8',
  extra = '',
}: Wish) => `dmaheap-expect 1
profile name=guest
kernel since=5.10 until=8.0
page bytes=4096
config symbol=DMABUF_HEAPS value=y
config symbol=DMABUF_HEAPS_CMA value=y
cma total-bytes=${total * MIB}
area name=linux,cma bytes=${area * MIB} source=device-tree default=yes
heap name=camera kind=cma area=linux,cma mode=0660 owner=root group=video
node heap=camera name=linux,cma until=6.17
node heap=camera name=default_cma_region since=6.17
node heap=camera name=linux,cma since=6.17
user heap=camera name=cam
budget heap=camera ${budget}
heap name=system kind=system mode=0660 group=video
node heap=system name=system
${extra}`;

export const SAFE = expectation({ total: 48 });

/** What must have been done, not skipped, on a healthy board. */
export const PROVEN = [
  'kernel.version',
  'kernel.page-size',
  'kernel.config',
  'heap.support',
  'cma.total',
  'area.size',
  'heap.node',
  'heap.permissions',
  'open.read-only',
  'open.read-write',
  'open.user',
  'alloc.page',
  'alloc.sizes',
  'alloc.bad-arguments',
  'alloc.struct-sizes',
  'buffer.zeroed',
  'buffer.data',
  'buffer.mappings',
  'buffer.sync',
  'buffer.metadata',
  'share.process',
  'share.killed-holder',
  'heap.restored',
  'alloc.budget/camera',
  'cma.origin/camera',
  'cma.largest/camera',
];

/** What may fail beside the budget when nothing is left in an area. */
export const EXHAUSTED = ['cma.largest', 'alloc.page', 'buffer.zeroed', 'alloc.sizes', 'cma.origin'].map(
  (id) => `${id} CMA_EXHAUSTED`,
);

export const REJECTED = ['cma.total', 'area.size', 'heap.node'];

export const SYSTEM = `dmaheap-expect 1
config symbol=DMABUF_HEAPS value=y
config symbol=DMABUF_HEAPS_SYSTEM value=y
heap name=system kind=system mode=0660 group=video
node heap=system name=system
`;
