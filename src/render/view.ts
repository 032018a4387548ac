/** What a template may see: values with a kind, text already in its language, conditions, lists and records of these. */
import type { Language, LeafValue, Text } from '../lang/index.js';

export type View<L extends Language> = LeafValue | Text<L> | boolean | readonly View<L>[] | ViewRecord<L>;

export interface ViewRecord<L extends Language> {
  readonly [name: string]: View<L>;
}

/** Fits a template of any language: nothing in it has been written yet. */
export type NeutralView = LeafValue | boolean | readonly NeutralView[] | { readonly [name: string]: NeutralView };
