/** Reads MATRIX.json and spreads it: cells in a fixed order, so that every machine agrees on which shard is whose. */
import path from 'node:path';
import { type Diagnostic, defineCodes, hasErrors, type Outcome, reporter } from '../diagnostic/index.js';
import type { SourceText } from '../source/index.js';
import { type JsonNode, jsonValue, readJson } from '../source/json.js';
import { suggest } from '../source/suggest.js';
import { readKernel } from './profile.js';

export const MATRIX_CODES = defineCodes({
  'matrix/shape': {
    severity: 'error',
    title: 'not a matrix',
    explain:
      'A matrix has boards (profiles, or { "profile", "dtb" }). It may have kernels and targets, which are lists of strings.',
  },
  'matrix/twice': {
    severity: 'error',
    title: 'the same entry twice',
    explain: 'With the same board, kernel or target twice, the same files would be written twice.',
  },
});
const report = reporter(MATRIX_CODES);

export interface MatrixBoard {
  readonly profile: string;
  readonly dtb?: string;
}

export interface Matrix {
  readonly boards: readonly MatrixBoard[];
  /** undefined: each profile's whole range. */
  readonly kernels: readonly (string | undefined)[];
  /** undefined: those of each profile. */
  readonly targets: readonly string[] | undefined;
}

const KEYS = ['$schema', 'boards', 'kernels', 'targets'];

class MatrixReader {
  readonly diagnostics: Diagnostic[] = [];

  complain(node: JsonNode, message: string, fix: string, code: keyof typeof MATRIX_CODES = 'matrix/shape'): void {
    this.diagnostics.push(report(code, { message, fix, span: node.span }));
  }

  list(node: JsonNode | undefined, key: string): readonly JsonNode[] {
    if (node === undefined) return [];
    if (node.kind === 'array' && node.items.length > 0) return this.#different(node.items);
    this.complain(node, `${key} is not a list, or it is empty`, `write "${key}": [ ... ]`);
    return [];
  }

  #different(items: readonly JsonNode[]): readonly JsonNode[] {
    const seen = new Set<string>();
    for (const item of items) {
      const text = JSON.stringify(jsonValue(item));
      if (seen.has(text)) this.complain(item, `the list contains ${text} twice`, 'remove one', 'matrix/twice');
      seen.add(text);
    }
    return items;
  }

  text(node: JsonNode, what: string): string {
    if (node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '') return node.value;
    this.complain(node, `this is not a ${what}`, `write the ${what} as a string`);
    return '';
  }

  board(node: JsonNode): MatrixBoard {
    if (node.kind !== 'object') return { profile: this.text(node, 'path of a profile') };
    for (const [key, { value }] of node.members)
      if (key !== 'profile' && key !== 'dtb')
        this.complain(value, `a board has no "${key}"`, 'write "profile" and "dtb"');
    const profile = node.members.get('profile')?.value;
    const dtb = node.members.get('dtb')?.value;
    if (profile === undefined) this.complain(node, 'the board has no profile', 'write { "profile": "board.json" }');
    return {
      profile: profile === undefined ? '' : this.text(profile, 'path of a profile'),
      ...(dtb === undefined ? {} : { dtb: this.text(dtb, 'path of a DTB') }),
    };
  }

  kernel(node: JsonNode): string {
    const text = this.text(node, 'kernel version');
    const version = text === '' ? undefined : readKernel(text);
    if (version !== undefined && 'message' in version)
      this.complain(node, `kernel "${text}": ${version.message}`, version.fix);
    return text;
  }
}

/** Paths in the result start from where the matrix stands. */
export function readMatrix(source: SourceText): Outcome<Matrix> {
  const parsed = readJson(source);
  if (parsed.value === undefined || hasErrors(parsed.diagnostics)) return { diagnostics: parsed.diagnostics };
  const root = parsed.value;
  const reader = new MatrixReader();
  if (root.kind !== 'object') {
    reader.complain(root, 'a matrix must be an object', 'write { "boards": [ ... ] }');
    return { diagnostics: reader.diagnostics };
  }
  for (const [key, { value }] of root.members)
    if (!KEYS.includes(key)) {
      const [near] = suggest(key, KEYS);
      reader.complain(
        value,
        `a matrix has no "${key}"`,
        near === undefined ? `its keys: ${KEYS.join(', ')}` : `did you mean "${near}"?`,
      );
    }
  const get = (key: string) => root.members.get(key)?.value;
  const boards = reader.list(get('boards'), 'boards').map((node) => reader.board(node));
  if (get('boards') === undefined)
    reader.complain(root, 'the matrix has no boards', 'write "boards": [ "board.json" ]');
  const kernels = reader.list(get('kernels'), 'kernels').map((node) => reader.kernel(node));
  const targets = reader.list(get('targets'), 'targets').map((node) => reader.text(node, 'name of a target'));
  const diagnostics = [...parsed.diagnostics, ...reader.diagnostics];
  if (hasErrors(diagnostics)) return { diagnostics };
  const below = (file: string) => (path.isAbsolute(file) ? file : path.join(path.dirname(source.file), file));
  return {
    value: {
      boards: boards.map(({ profile, dtb }) => ({
        profile: below(profile),
        ...(dtb === undefined ? {} : { dtb: below(dtb) }),
      })),
      kernels: get('kernels') === undefined ? [undefined] : kernels,
      targets: get('targets') === undefined ? undefined : targets,
    },
    diagnostics,
  };
}

export interface Shard {
  /** Counted from 1. */
  readonly index: number;
  readonly count: number;
}

/** `2/8`. */
export function parseShard(text: string): Shard | undefined {
  const match = /^([1-9]\d{0,4})\/([1-9]\d{0,4})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  return match !== null && index <= count ? { index, count } : undefined;
}

/**
 * Every count-th item from the index-th on: neighbours (one board's kernels) cost alike and end on different shards.
 */
export function shardOf<T>(items: readonly T[], shard: Shard | undefined): readonly T[] {
  return shard === undefined ? items : items.filter((_, i) => i % shard.count === shard.index - 1);
}
