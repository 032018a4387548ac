/** Reads MATRIX.json and spreads it: boards in a fixed order, so that every machine agrees on which shard is whose. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { type Diagnostic, defineCodes, hasErrors, type Outcome, reporter } from '../../diagnostic/index.js';
import type { SourceText } from '../../source/index.js';
import { type JsonNode, jsonValue, readJson } from '../../source/json.js';
import { suggest } from '../../source/suggest.js';
import { isShippedName, shippedDescriptions } from '../descriptions.js';
import { readKernel } from '../profile.js';

export const MATRIX_CODES = defineCodes({
  'matrix/shape': {
    severity: 'error',
    title: 'not a matrix',
    explain:
      'A matrix has boards (profiles, patterns of profiles such as boards/*.json, or objects with "profile" and the inputs of the board). It may have defaults for every board, kernels and targets.',
  },
  'matrix/no-match': {
    severity: 'error',
    title: 'a pattern without a file',
    explain: 'A pattern in the list of boards matches no profile, so those boards would silently be left out.',
  },
  'matrix/twice': {
    severity: 'error',
    title: 'the same entry twice',
    explain: 'With the same board, kernel or target twice, the same files would be written twice.',
  },
});
const report = reporter(MATRIX_CODES);

/** What a board may state beside its profile, and `defaults` for all boards. `{stem}` in a path is the profile's file without its ending. */
const INPUTS = ['dtb', 'bootLog', 'occupied', 'kernels'] as const;

interface BoardInputs {
  readonly dtb?: string;
  readonly bootLog?: string;
  /** Each as `NAME=BASE+SIZE`. */
  readonly occupied?: readonly string[];
  /** Instead of those of the matrix. */
  readonly kernels?: readonly MatrixKernel[];
}

export interface MatrixBoard extends BoardInputs {
  readonly profile: string;
}

/** A release, or a kernel description: the name of one that ships, or a path. */
export interface MatrixKernel {
  /** In results and folders. */
  readonly name: string;
  readonly description?: string;
}

export interface Matrix {
  readonly boards: readonly MatrixBoard[];
  /** undefined: each profile's whole range. */
  readonly kernels: readonly (MatrixKernel | undefined)[];
  /** undefined: those of each profile. */
  readonly targets: readonly string[] | undefined;
}

const KEYS = ['$schema', 'defaults', 'boards', 'kernels', 'targets'];
const ENDING = /\.jsonc?$/;
/** Beside a profile: the inputs of one machine. */
const LOCAL = /\.local\.jsonc?$/;

class MatrixReader {
  readonly diagnostics: Diagnostic[] = [];
  readonly #resolve: (file: string) => string;
  /** Where the paths of the matrix start from. */
  readonly #directory: string;

  constructor(directory: string, resolve: (file: string) => string) {
    this.#directory = directory;
    this.#resolve = resolve;
  }

  complain(node: JsonNode, message: string, fix: string, code: keyof typeof MATRIX_CODES = 'matrix/shape'): void {
    this.diagnostics.push(report(code, { message, fix, span: node.span }));
  }

  /** @param isSet an item can be there once, and a second one is reported */
  list(node: JsonNode | undefined, key: string, isSet = true): readonly JsonNode[] {
    if (node === undefined) return [];
    if (node.kind === 'array' && node.items.length > 0) return isSet ? this.#different(node.items) : node.items;
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

  /** Reports members that there are not. */
  keys(members: Extract<JsonNode, { kind: 'object' }>['members'], what: string, known: readonly string[]): void {
    for (const [key, { value }] of members) {
      if (known.includes(key)) continue;
      const [near] = suggest(key, [...known]);
      const fix = near === undefined ? `its keys: ${known.join(', ')}` : `did you mean "${near}"?`;
      this.complain(value, `${what} has no "${key}"`, fix);
    }
  }

  /** What `defaults` or a board states; paths as they are written. */
  inputs(node: Extract<JsonNode, { kind: 'object' }>): BoardInputs {
    const get = (key: (typeof INPUTS)[number]) => node.members.get(key)?.value;
    const [dtb, bootLog, occupied, kernels] = INPUTS.map(get);
    return {
      ...(dtb === undefined ? {} : { dtb: this.text(dtb, 'path of a DTB') }),
      ...(bootLog === undefined ? {} : { bootLog: this.text(bootLog, 'path of a boot log') }),
      ...(occupied === undefined
        ? {}
        : { occupied: this.list(occupied, 'occupied').map((one) => this.text(one, 'range NAME=BASE+SIZE')) }),
      ...(kernels === undefined ? {} : { kernels: this.kernels(kernels) }),
    };
  }

  /** A profile that is named itself may also match a pattern, whose defaults it replaces. */
  boards(nodes: readonly JsonNode[], defaults: BoardInputs): MatrixBoard[] {
    const boards = new Map<string, { board: MatrixBoard; isNamed: boolean }>();
    for (const node of nodes) {
      const { profiles, isNamed, inputs } = this.#entry(node);
      for (const profile of profiles) {
        const before = boards.get(profile);
        if (before !== undefined && !isNamed) continue;
        if (before?.isNamed) this.complain(node, `the list contains ${profile} twice`, 'remove one', 'matrix/twice');
        boards.set(profile, { board: this.#board(profile, { ...defaults, ...inputs }), isNamed });
      }
    }
    return [...boards.values()].map(({ board }) => board);
  }

  #entry(node: JsonNode): { profiles: string[]; isNamed: boolean; inputs: BoardInputs } {
    if (node.kind !== 'object') return { ...this.#profiles(node), inputs: {} };
    this.keys(node.members, 'a board', ['profile', ...INPUTS]);
    const profile = node.members.get('profile')?.value;
    const inputs = this.inputs(node);
    if (profile !== undefined) return { ...this.#profiles(profile), inputs };
    this.complain(node, 'the board has no profile', 'write { "profile": "board.json" }');
    return { profiles: [], isNamed: true, inputs };
  }

  #profiles(node: JsonNode): { profiles: string[]; isNamed: boolean } {
    const text = this.text(node, 'path of a profile');
    const file = this.#below(text);
    if (!isDynamicPattern(text) || existsSync(this.#resolve(file))) return { profiles: [file], isNamed: true };
    const found = globSync(text, { cwd: this.#resolve(this.#directory), expandDirectories: false })
      .filter((name) => !LOCAL.test(name))
      .sort();
    if (found.length === 0)
      this.complain(node, `no file matches ${text}`, 'correct the pattern, or remove it', 'matrix/no-match');
    return { profiles: found.map((name) => this.#below(name)), isNamed: false };
  }

  #board(profile: string, { dtb, bootLog, ...rest }: BoardInputs): MatrixBoard {
    const stem = path.basename(profile).replace(ENDING, '');
    const beside = (text: string) => this.#below(text.replaceAll('{stem}', stem));
    return {
      profile,
      ...rest,
      ...(dtb === undefined ? {} : { dtb: beside(dtb) }),
      ...(bootLog === undefined ? {} : { bootLog: beside(bootLog) }),
    };
  }

  #below(file: string): string {
    return path.isAbsolute(file) ? file : path.join(this.#directory, file);
  }

  kernels(node: JsonNode | undefined): MatrixKernel[] {
    return this.list(node, 'kernels').map((one) => this.#kernel(one));
  }

  #kernel(node: JsonNode): MatrixKernel {
    const text = this.text(node, 'kernel version or description');
    if (text === '') return { name: text };
    if (!isShippedName(text))
      return { name: path.basename(text).replace(/(?:\.kernel)?\.json$/, ''), description: this.#below(text) };
    if (shippedDescriptions().includes(text)) return { name: text, description: text };
    const version = readKernel(text);
    if ('message' in version) this.complain(node, `kernel "${text}": ${version.message}`, version.fix);
    return { name: text };
  }
}

/**
 * Paths in the result start from where the matrix stands.
 * @param resolve a path as it is typed -> an absolute one
 */
export function readMatrix(source: SourceText, resolve: (file: string) => string): Outcome<Matrix> {
  const parsed = readJson(source);
  if (parsed.value === undefined || hasErrors(parsed.diagnostics)) return { diagnostics: parsed.diagnostics };
  const root = parsed.value;
  const reader = new MatrixReader(path.dirname(source.file), resolve);
  if (root.kind !== 'object') {
    reader.complain(root, 'a matrix must be an object', 'write { "boards": [ ... ] }');
    return { diagnostics: reader.diagnostics };
  }
  reader.keys(root.members, 'a matrix', KEYS);
  const get = (key: string) => root.members.get(key)?.value;
  const defaults = get('defaults');
  if (defaults !== undefined && defaults.kind !== 'object')
    reader.complain(defaults, 'defaults is not an object', 'write "defaults": { "dtb": "dtbs/{stem}.dtb" }');
  else if (defaults !== undefined) reader.keys(defaults.members, 'defaults', INPUTS);
  const common = defaults?.kind === 'object' ? reader.inputs(defaults) : {};
  if (get('boards') === undefined)
    reader.complain(root, 'the matrix has no boards', 'write "boards": [ "board.json" ]');
  const nodes = get('boards');
  const boards = reader.boards(reader.list(nodes, 'boards', false), common);
  const kernels = reader.kernels(get('kernels'));
  const targets = reader.list(get('targets'), 'targets').map((node) => reader.text(node, 'name of a target'));
  const diagnostics = [...parsed.diagnostics, ...reader.diagnostics];
  if (hasErrors(diagnostics)) return { diagnostics };
  return {
    value: {
      boards,
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
 * Every count-th item from the index-th on. Boards are dealt out whole: most of the work is planning a board, and its targets
 * share that.
 */
export function shardOf<T>(items: readonly T[], shard: Shard | undefined): readonly T[] {
  return shard === undefined ? items : items.filter((_, i) => i % shard.count === shard.index - 1);
}
