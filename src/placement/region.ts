/** A region as it is wished for, and as it is planned. */
import type { AddressRange } from '../quantity/index.js';

/** What a profile requests for a region. */
export interface RegionWish {
  /** Node name without a unit address. */
  readonly name: string;
  readonly sizeBytes: bigint;
  /** To what its size was rounded up; a fix names no other size. */
  readonly sizeGranuleBytes?: bigint;
  readonly isDefault?: boolean;
  /** How the kernel learns of it; absent: by the device tree. The others have no node. */
  readonly delivery?: 'device-tree' | 'command-line' | 'kconfig';
  /** Address bits of the weakest user; absent: what the tree says, and 32 for a default area. */
  readonly addressBits?: number;
  readonly allocRanges?: readonly AddressRange[];
  readonly alignmentBytes?: bigint;
  /** A base that must be kept. */
  readonly baseAddress?: bigint;
  /** A base that is the same at every boot; the planner picks it. */
  readonly isFixed?: boolean;
  /** JSON pointer of the wish in the profile, for findings. */
  readonly pointer?: string;
}

export interface PlannedRegion {
  /** With unit address when the base is fixed; the name of the node that is changed when the board has one. */
  readonly nodeName: string;
  readonly wish: RegionWish;
  readonly sizeBytes: bigint;
  /** `reg`; undefined: the kernel places it (`size`). */
  readonly baseAddress: bigint | undefined;
  /** Best first; empty: anywhere. */
  readonly allocRanges: readonly AddressRange[];
  readonly alignmentBytes: bigint | undefined;
  /** A node of the board that is changed instead of adding one. */
  readonly changes: string | undefined;
  readonly because: readonly Because[];
}

export interface Because {
  readonly text: string;
  readonly facts: readonly string[];
}

/** Whether it has a node in the device tree. */
export const isInTree = ({ delivery }: RegionWish) => (delivery ?? 'device-tree') === 'device-tree';
