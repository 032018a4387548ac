/** Reads a profile and those it extends into one value that remembers where each part was written. */
import path from 'node:path';
import { type Diagnostic, hasErrors, type Outcome, type Span } from '../diagnostic/index.js';
import { findFolklore } from '../facts/folklore.js';
import { sha256 } from '../source/digest.js';
import { SourceText } from '../source/index.js';
import { type JsonNode, jsonValue, locate, mergeJson, readJson } from '../source/json.js';
import { report } from './codes.js';
import { withLists } from './lists.js';
import { checkMeaning } from './meaning.js';
import { checkShape } from './shape.js';
import type { Profile } from './types.gen.js';
import { findUndecided } from './undecided.js';

/** Gives the text of a file, or the reason why it is not available and, if there is one, the remedy. */
export type ReadText = (file: string) => { readonly text: string } | { readonly error: string; readonly fix?: string };

export interface LoadedProfile {
  readonly profile: Profile;
  /** SHA-256 (hexadecimal) of the merged profile, so that it changes exactly when a value does. */
  readonly sha256: string;
  /** Where the value, or with `key` its key, that a JSON pointer names was written. */
  readonly spanOf: (pointer: string, part?: 'key' | 'value') => Span | undefined;
  /** Every file read, the profile itself last. */
  readonly sources: ReadonlyMap<string, SourceText>;
}

const MAX_FILES = 64;

interface Reading {
  readonly read: ReadText;
  readonly sources: Map<string, SourceText>;
  readonly diagnostics: Diagnostic[];
}

function readMerged(
  file: string,
  chain: readonly string[],
  from: Span | undefined,
  state: Reading,
): JsonNode | undefined {
  const at = from === undefined ? {} : { span: from };
  if (chain.includes(file)) {
    state.diagnostics.push(
      report('profile/extends-cycle', {
        message: `${[...chain, file].join(' extends ')}`,
        cause: 'a profile cannot extend itself',
        fix: 'move the shared part to a third profile',
        ...at,
      }),
    );
    return undefined;
  }
  const got: ReturnType<ReadText> =
    state.sources.size >= MAX_FILES ? { error: `more than ${MAX_FILES} files are extended` } : state.read(file);
  if ('error' in got) {
    state.diagnostics.push(
      report('profile/cannot-read', {
        message: `cannot read ${file}`,
        cause: got.error,
        fix:
          got.fix ??
          (from === undefined
            ? 'give the path of a profile'
            : 'correct the path; a relative path in extends is relative to the file that contains it'),
        ...at,
      }),
    );
    return undefined;
  }
  const source = new SourceText(file, got.text);
  const parsed = readJson(source);
  state.sources.set(file, source);
  state.diagnostics.push(...parsed.diagnostics);
  if (parsed.value === undefined) return undefined;
  const own = withLists(parsed.value);
  let merged: JsonNode | undefined;
  const bases = locate(own, '/extends')?.node;
  for (const base of bases?.kind === 'array' ? bases.items : []) {
    if (base.kind !== 'scalar' || typeof base.value !== 'string' || base.value === '') continue;
    const place = path.isAbsolute(base.value) ? base.value : path.join(path.dirname(file), base.value);
    const below = readMerged(place, [...chain, file], base.span, state);
    if (below !== undefined) merged = merged === undefined ? below : mergeJson(merged, below);
  }
  return merged === undefined ? own : mergeJson(merged, own);
}

/** `extends` has done its work and would make equal profiles differ by how they were composed. */
function digest(value: object): string {
  const ordered = (part: unknown): unknown =>
    part === null || typeof part !== 'object' || Array.isArray(part)
      ? part
      : Object.fromEntries(
          Object.entries(part)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, inner]) => [key, ordered(inner)]),
        );
  // Inputs are pinned by what is in them, and may differ from machine to machine.
  const rest = Object.entries(value as object).filter(([key]) => !['extends', 'inputs', ...FOR_READERS].includes(key));
  return sha256(JSON.stringify(ordered(Object.fromEntries(rest))));
}

/** For editors and people; no answer depends on them. */
const FOR_READERS = ['$schema', '$comment'];

/** Either may hold the inputs of one machine beside a profile: `board.local.json` of `board.json` or `board.jsonc`. */
export const localFilesOf = (profile: string) =>
  ['json', 'jsonc'].map((ending) => `${profile.replace(/\.jsonc?$/, '')}.local.${ending}`);

/** A local file may change what the answers rest on, and nothing that is written. */
function checkLocal(file: string, node: JsonNode): Diagnostic[] {
  const fix = 'write { "inputs": { ... } }; everything else belongs in the profile';
  if (node.kind !== 'object')
    return [report('profile/local', { message: `${file} does not contain a JSON object`, fix, span: node.span })];
  return [...node.members]
    .filter(([key]) => !['inputs', ...FOR_READERS].includes(key))
    .map(([key, { key: span }]) =>
      report('profile/local', { message: `${file} may contain only "inputs", but has "${key}"`, fix, span }),
    );
}

/**
 * Reads, merges and checks a profile. The value is absent when anything in it is an error.
 * @param local the file with the inputs of this machine, where there is one: one of {@link localFilesOf}
 */
export function readProfile(
  file: string,
  read: ReadText,
  local?: string,
): Outcome<LoadedProfile> & { sources: ReadonlyMap<string, SourceText> } {
  const state: Reading = { read, sources: new Map(), diagnostics: [] };
  const stated = readMerged(file, [], undefined, state);
  const { sources, diagnostics } = state;
  const own = local === undefined || stated === undefined ? undefined : readMerged(local, [], undefined, state);
  if (local !== undefined && own !== undefined) diagnostics.push(...checkLocal(local, own));
  if (stated === undefined || hasErrors(diagnostics)) return { diagnostics, sources };
  const root = own === undefined ? stated : mergeJson(stated, own);
  const spanOf = (pointer: string, part: 'key' | 'value' = 'value'): Span | undefined => {
    const found = locate(root, pointer);
    return found === undefined ? undefined : part === 'key' ? (found.key ?? found.node.span) : found.node.span;
  };
  // Whatever key or comment says it: the text itself does no harm, but its author should know.
  for (const source of sources.values())
    diagnostics.push(
      ...findFolklore(source).map((d): Diagnostic => ({ ...d, severity: 'warning' })),
      ...findUndecided(source),
    );
  const value = jsonValue(root);
  diagnostics.push(...checkShape(value, spanOf));
  if (hasErrors(diagnostics)) return { diagnostics, sources };
  const profile = value as Profile;
  diagnostics.push(...checkMeaning(profile, spanOf));
  if (hasErrors(diagnostics)) return { diagnostics, sources };
  return { value: { profile, sha256: digest(profile), spanOf, sources }, diagnostics, sources };
}
