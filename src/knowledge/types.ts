/** What is known of one kernel, with the evidence of each statement. */
import type { FactValue, KernelVersion } from '../facts/index.js';
import type { Inventory } from './inventory.js';

/** How a statement was established. */
export type KnownBy =
  /** In this tree, at this place. */
  | { readonly by: 'read'; readonly file: string; readonly line: number }
  /** Shipped for the version; `booted`: seen in a boot of it. */
  | { readonly by: 'shipped'; readonly booted: boolean }
  /** Taken from the version because no probe of the source can tell. */
  | { readonly by: 'assumed'; readonly reason: string }
  /** The source does not look like a known kernel: what depends on the fact is unknown. */
  | { readonly by: 'unknown'; readonly reason: string; readonly file: string };

export interface KnownFact {
  /** Where `known.by` is unknown: what mainline of that version has. */
  readonly value: FactValue;
  readonly known: KnownBy;
}

export interface KnownClosure {
  readonly symbol: string;
  readonly needs: readonly string[];
}

export interface KernelKnowledge {
  readonly version: KernelVersion;
  /** `5.10.160`; what the top Makefile says, or the shipped series. */
  readonly release: string;
  /** Architecture that the tree was read for; undefined: all. */
  readonly arch: string | undefined;
  readonly facts: ReadonlyMap<string, KnownFact>;
  readonly inventory: Inventory;
  readonly closures: readonly KnownClosure[];
  /** Where it comes from, in a few words: `linux-5.10, rockchip_linux_defconfig`. */
  readonly origin: string;
  /** Boots of a kernel of this very source that agreed; absent: it rests on reading alone. */
  readonly booted?: readonly string[];
}
