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
  /** Whether a string may be empty although its default is not: the templates then leave it out. */
  readonly mayBeEmpty?: boolean;
}

/** An option without a kind: a word that may become the name of a file. */
export const OPTION_NAME = /^$|^[A-Za-z0-9][A-Za-z0-9.+_-]{0,99}$/;

/** target.json; the folder's name is the target's. */
export interface TargetDescription {
  readonly title: string;
  readonly description: string;
  /** By artifact path, e.g. `{ "install.sh": "0755" }`; others are 0644. */
  readonly modes?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, TargetOption>>;
}

/** What target.json says to the build about files that the folder does not hold itself. */
export interface TargetSources {
  /** Artifact path here -> `TARGET/PATH` of the artifact that is made from the same template. */
  readonly shares?: Readonly<Record<string, string>>;
  /** Folder for the verifier's sources. */
  readonly native?: string;
}

/** One artifact of a target. */
export type CompiledFile = { readonly path: string } & (
  | { readonly template: Template }
  /** Copied as it is. */
  | { readonly text: string }
);

export interface CompiledTarget extends TargetDescription {
  readonly name: string;
  readonly files: readonly CompiledFile[];
}

/** The artifacts of a target for a person's eyes; of the verifier's sources, which some carry, only the folder. */
export function listedFiles({ name, files }: CompiledTarget): string[] {
  const own = files.filter((file) => 'template' in file).map((file) => `${name}/${file.path}`);
  const makefile = files.find((file) => 'text' in file && file.path.endsWith('/Makefile'))?.path;
  return makefile === undefined
    ? own
    : [...own, `${name}/${makefile.replace('Makefile', '')} (the verifier's sources)`];
}
