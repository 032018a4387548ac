/** What the files of a hand-made setup say, before it becomes a profile. */

import type { Diagnostic } from '../diagnostic/index.js';
import type { KernelVersion } from '../facts/index.js';
import type { Fdt } from '../fdt/index.js';
import type { Board } from '../profile/types.gen.js';
import type { AddressRange } from '../quantity/index.js';
import type { SourceText } from '../source/index.js';

export interface ImportInput {
  /** `.config` files and fragments, in the order they are merged. */
  readonly configs: readonly SourceText[];
  /** Compiled trees and overlays; `source` is the text they were compiled from, for places. */
  readonly trees: readonly { readonly file: string; readonly tree: Fdt; readonly source?: SourceText }[];
  /** Rules files, in any order. */
  readonly rules: readonly SourceText[];
  /** The kernel command line, as a file or as typed. */
  readonly commandLine?: SourceText;
  /** Raspberry Pi's config.txt. */
  readonly configTxt?: SourceText;
  readonly arch?: Board['arch'];
  readonly kernel?: KernelVersion;
  readonly name?: string;
}

export interface RegionDraft {
  readonly name: string;
  readonly sizeBytes: bigint;
  readonly isDefault: boolean;
  readonly delivery: 'device-tree' | 'command-line' | 'kconfig';
  readonly baseAddress?: bigint;
  readonly allocRanges?: readonly AddressRange[];
  readonly alignmentBytes?: bigint;
  /** Why its size is a guess; absent: it is stated. */
  readonly guess?: string;
}

/** What was understood, and what has to be said about the rest. */
export interface Understood<T> {
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}

export const MEBIBYTE = 1n << 20n;
