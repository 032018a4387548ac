/** A lint: everything about it is in one object, under the function that finds. */
import type { Severity } from '../../diagnostic/index.js';
import type { Finding, LintContext } from './context.js';
import type { Skip } from './skip.js';

export interface Lint<Id extends string = string, Need extends string = string> {
  readonly id: Id;
  readonly severity: Severity;
  readonly title: string;
  readonly explain: string;
  /** Lints that must not have found an error, or this one would only repeat it. */
  readonly needs: readonly Need[];
  /** What keeps it from having anything to judge. */
  readonly skip: (context: LintContext) => Skip | undefined;
  readonly check: (context: LintContext) => readonly Finding[];
}

export function lint<const Id extends string, const Need extends string>(one: Lint<Id, Need>): Lint<Id, Need> {
  return one;
}

/** What must hold before anything in the tree can be read as the kernel reads it. */
export const READABLE = ['cells-match-root', 'ranges-present', 'property-lengths'] as const;
/** What must hold before an area can have a place. */
export const PLACED = [...READABLE, 'base-aligned', 'size-multiple', 'pool-flags'] as const;
