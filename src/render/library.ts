/** What src/build/templates.ts makes of the folders below templates/. */
import type { Kind } from '../lang/index.js';
import type { Template } from './emit.js';

/** One setting of a target: `targets.NAME.OPTION` in the profile. */
export interface TargetOption {
  readonly description: string;
  readonly default: string | number | boolean;
  /** What a string option is, so that each output can write it; default `word`. */
  readonly kind?: Kind;
  /** The only strings it may be. */
  readonly values?: readonly string[];
}

/** target.json; the folder's name is the target's. */
export interface TargetDescription {
  readonly title: string;
  readonly description: string;
  /** By artifact path, e.g. `{ "install.sh": "0755" }`; others are 0644. */
  readonly modes?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, TargetOption>>;
}

export interface CompiledTarget extends TargetDescription {
  readonly name: string;
  readonly templates: readonly (Template & { readonly path: string })[];
}
