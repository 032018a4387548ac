/** How the checks of a profile report. */
import type { Diagnostic } from '../diagnostic/index.js';

/** Collects findings with their place. */
export interface Finder {
  readonly found: Diagnostic[];
  readonly at: (pointer: string, part?: 'key' | 'value') => { pointer: string; span?: NonNullable<Diagnostic['span']> };
}
