/** A cause as the catalogue keeps it: what must have been seen, and what is then said. */
import type { Board } from '../board.js';

export interface Found {
  /** What is wrong, in the words of the person's own board. */
  readonly text: string;
  /** Lines of the paste that show it. */
  readonly evidence: readonly (string | undefined)[];
  readonly fix: string;
}

export interface Cause {
  /** The verifier's name for it, or a short one of this folder. */
  readonly id: string;
  /** @returns undefined when the evidence does not show this cause */
  readonly when: (board: Board) => Found | undefined;
}

export interface Need {
  readonly what: string;
  readonly why: string;
  /** A command that collects it. */
  readonly how: string;
}

export const mib = (bytes: number) =>
  bytes % 1048576 === 0 ? `${bytes / 1048576} MiB` : `${(bytes / 1048576).toFixed(1)} MiB`;
export const kib = (value: number) => (value % 1024 === 0 ? `${value / 1024} MiB (${value} kB)` : `${value} kB`);
export const hex = (value: bigint) => `0x${value.toString(16)}`;
