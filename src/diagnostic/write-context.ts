/** What a writer of findings may look at besides the findings. */
import type { CodeTable } from './index.js';

/** The text a finding's span points into; `source/` has one per file read. */
export interface Lines {
  /** A line counted from 1, without its line end. */
  line(number: number): string | undefined;
}

/** What the writers may look at besides the findings. */
export interface WriteContext {
  /** Source texts by the name that spans use; undefined for one that was not kept. */
  readonly sources: (file: string) => Lines | undefined;
  /** Terminal colours; off unless asked. */
  readonly color?: boolean;
  /** Every code that may occur, with its general explanation: the rules of a SARIF run. */
  readonly codes?: CodeTable;
  readonly toolVersion?: string;
  /** Absolute directory that `file` names are shown relative to, where a format demands it (sarif, github). */
  readonly baseDirectory?: string;
  /** Further members of the envelope in JSON. */
  readonly more?: Readonly<Record<string, unknown>>;
}
