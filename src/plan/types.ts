/** What has been decided for one board: everything a template, a check or the verifier needs, in the field's terms. */

import type { HeapName } from '../facts/heap-names.js';
import type { KernelVersion } from '../facts/index.js';
import type { AddressRange } from '../quantity/index.js';

/** Why a decision is what it is: a place in the profile, facts about the kernel, or both. */
export interface Because {
  readonly text: string;
  /** JSON pointer into the profile. */
  readonly pointer?: string;
  /** Fact ids. */
  readonly facts?: readonly string[];
}

/** One line of shown arithmetic: `3840 x 2160 NV12 = 12441600 bytes`. */
export interface BudgetStep {
  readonly text: string;
  readonly resultBytes: bigint;
}

/** Buffers that must fit at once; `bufferBytes` is one buffer, page rounded. */
export interface BudgetBuffer {
  readonly purpose: string | undefined;
  readonly bufferBytes: bigint;
  readonly count: number;
}

export interface PlannedArea {
  /** Key of the region in the profile. */
  readonly name: string;
  /** Node name as the kernel sees it, with unit address when the base is fixed: `cma@50000000`. */
  readonly nodeName: string;
  /** Name the kernel gives the CMA area: the node name, or `reserved` without a node. */
  readonly areaName: string;
  readonly delivery: 'device-tree' | 'command-line' | 'kconfig';
  readonly isDefault: boolean;
  readonly sizeBytes: bigint;
  /** Fixed base (`reg`); undefined: the kernel places it (`size`). */
  readonly baseAddress: bigint | undefined;
  /** `alloc-ranges`; empty: anywhere. Never together with a base. */
  readonly allocRanges: readonly AddressRange[];
  /** `alignment`; undefined: the kernel's minimum. */
  readonly alignmentBytes: bigint | undefined;
  /** Address bits of its weakest user, where the profile states them. */
  readonly addressBits?: number;
  readonly budget: { readonly buffers: readonly BudgetBuffer[]; readonly steps: readonly BudgetStep[] } | undefined;
  readonly because: readonly Because[];
}

/** A name under /dev/dma_heap on some kernels. `until` is exclusive; `optional` rests on options the plan does not decide. */
export type HeapNode = HeapName;

export interface PlannedAccess {
  readonly group: string;
  /** The number of the group; absent: each board chooses one. */
  readonly gid?: number;
  /** Permission bits, e.g. 0o660. */
  readonly mode: number;
  readonly users: readonly string[];
  readonly uaccess: boolean;
  /** Why a refused setting was forced. */
  readonly force: string | undefined;
}

export interface PlannedHeap {
  /** Logical name, the profile's key. */
  readonly name: string;
  readonly kind: 'region' | 'system' | 'vendor';
  readonly areaName: string | undefined;
  /** False: the uncached twin of a heap, on the same memory. */
  readonly cached: boolean;
  readonly optional: boolean;
  /** Every name some kernel of the plan's range gives it, oldest first; the first that exists is the heap. */
  readonly nodes: readonly HeapNode[];
  /** Names that must lead here on every kernel: the profile's aliases, the logical name excluded. */
  readonly aliases: readonly string[];
  readonly access: PlannedAccess | undefined;
  readonly because: readonly Because[];
}

export interface SymbolRequest {
  /** Without CONFIG_. */
  readonly symbol: string;
  /** What the fragment line says: y, m, n, a number, or a string symbol's text with `isString`. */
  readonly value: string;
  readonly isString: boolean;
  /** `>=m`: a module is enough. */
  readonly atLeast: boolean;
  readonly because: Because;
}

export interface Plan {
  readonly profile: { readonly name: string; readonly sha256: string };
  readonly board: {
    readonly title: string;
    readonly compatible: readonly string[];
    readonly soc: string | undefined;
    readonly arch: 'arm64' | 'arm' | 'riscv64' | 'x86_64';
    readonly pageSizeBytes: bigint;
    readonly memory: readonly AddressRange[];
    readonly dtb: string | undefined;
    readonly bootLoader: 'u-boot' | 'extlinux' | 'raspberrypi' | 'grub' | 'systemd-boot' | 'other';
    /** #address-cells and #size-cells of the root; `assumed` when neither a DTB nor the profile says. */
    readonly cells: { readonly address: 1 | 2; readonly size: 1 | 2; readonly assumed: boolean };
  };
  /** First and last release the plan holds for, both included. */
  readonly kernel: { readonly min: KernelVersion; readonly max: KernelVersion };
  readonly areas: readonly PlannedArea[];
  readonly heaps: readonly PlannedHeap[];
  /** Sorted by symbol. */
  readonly symbols: readonly SymbolRequest[];
  /** Kernel command line arguments, e.g. `cma=128M`. */
  readonly commandLine: readonly { readonly argument: string; readonly because: Because }[];
  /** Groups that must exist, sorted, with the users who must be members. */
  readonly groups: readonly { readonly name: string; readonly gid?: number; readonly users: readonly string[] }[];
  readonly expectation: {
    /** CmaTotal must be at least this, and at most that when given. */
    readonly cmaTotalMinBytes: bigint;
    readonly cmaTotalMaxBytes: bigint | undefined;
    readonly holdBudget: boolean;
    readonly users: readonly string[];
    readonly allocateP99Micros: number | undefined;
  };
  /** Targets to render, by name, with their options. */
  readonly targets: readonly {
    readonly name: string;
    readonly options: Readonly<Record<string, string | number | boolean>>;
  }[];
}
