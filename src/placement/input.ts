/** What the placement of CMA areas depends on. */

import type { Backports } from '../facts/backport.js';
import type { HeapInventory } from '../facts/heap-names.js';
import type { Facts, KernelVersion } from '../facts/index.js';
import type { Fdt } from '../fdt/index.js';
import type { AddressRange } from '../quantity/index.js';
import type { Architecture } from './rules.js';

/**
 * Memory in use before the kernel looks at /reserved-memory. `kernel` (from _text to _end), `initrd` and `dtb` are
 * reserved by the kernel itself; `firmware` is memory that firmware owns, whether the device tree reserves it or not;
 * any other name is memory that something else has reserved by then.
 */
export interface OccupiedRange extends AddressRange {
  readonly name: string;
}

export interface PlacementInput {
  /** The tree as the boot loader hands it over: base with every overlay applied. */
  readonly tree: Fdt;
  /** The tree is a skeleton, because the board's own is not given: nothing else is assumed to be reserved. */
  readonly isSkeleton?: boolean;
  readonly kernel: KernelVersion;
  readonly backports?: Backports;
  /** What is known of kernels; absent: what ships. */
  readonly facts?: Facts;
  /** What this kernel registers, where its source was read; absent: what mainline of that version does. */
  readonly inventory?: HeapInventory;
  /** Facts that its source does not show, with the file to look at: what rests on them is unknown. */
  readonly unknownFacts?: ReadonlyMap<string, string>;
  readonly architecture: Architecture;
  /** When absent: what the configuration says, else 4096, assumed aloud. */
  readonly pageSizeBytes?: bigint;
  /** The final .config: symbol without CONFIG_ -> value as written, strings without quotes. */
  readonly config?: ReadonlyMap<string, string>;
  /** False: `config` is only a fragment, a symbol that is not in it is unknown rather than off. Default true. */
  readonly configComplete?: boolean;
  /** What the boot loader passes; absent: /chosen/bootargs of the tree. */
  readonly commandLine?: string;
  /** RAM banks; absent: the memory nodes of the tree. */
  readonly memory?: readonly AddressRange[];
  readonly occupied?: readonly OccupiedRange[];
  /** The kernel is started through EFI; absent: not known. */
  readonly efi?: boolean;
}
