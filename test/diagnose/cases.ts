/** Pastes as people send them, written for these tests, with the cause that is behind them. */

export interface PasteCase {
  /** An id of the catalogue, or `undecided`. */
  readonly cause: string;
  /** What cause, fix, needs or the meanings of lines must contain. */
  readonly says: readonly RegExp[];
  /** What the fix must not advise. */
  readonly never?: readonly RegExp[];
  /** Causes that name the same fault as well. */
  readonly also?: readonly string[];
  readonly text: string;
}
