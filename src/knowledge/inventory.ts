/** Every heap that the source of a kernel registers: its names, memory, node, and what compiles it. */

import { placeText } from './c/flow.js';
import type { Token } from './c/lex.js';
import { bare, type Frame, Program } from './c/program.js';
import type { Part } from './c/texts.js';
import { type CFunction, callsOf, closing, readUnit, splitArguments, type Unit } from './c/unit.js';
import { and, type Condition, conditionText, NEVER, or } from './condition.js';
import type { Compiled, Kbuild, ReadFile, Unread } from './kbuild.js';

export type Backing =
  /** The default CMA area; every CMA area. */
  | { readonly kind: 'default-area' | 'every-area' }
  /** A CMA area of the driver's own, of a device, or of nodes with a compatible. */
  | { readonly kind: 'own-area'; readonly compatible?: string }
  /** Memory taken out of the map: of nodes with a compatible, where one is known. */
  | { readonly kind: 'carve-out'; readonly compatible?: string }
  | { readonly kind: 'sram'; readonly compatible?: string }
  /** Pages from anywhere. */
  | { readonly kind: 'system' }
  /** Given out by firmware, such as OP-TEE. */
  | { readonly kind: 'protected' }
  | { readonly kind: 'unknown' };

export interface HeapEntry {
  /**
   * Below its directory; `{area}`, `{node}`, `{device}` and `{property:X}` are values that only the running kernel
   * knows.
   */
  readonly name: string;
  /** `/dev/dma_heap`. */
  readonly directory: string;
  readonly backing: Backing;
  readonly cached: boolean;
  readonly needs: Condition;
  /** The symbol whose m makes it a module; undefined: always built in. */
  readonly symbol: string | undefined;
  /** What the running kernel asks before it registers the heap, as the source says it; absent: nothing of the kind. */
  readonly sometimes?: string;
  readonly file: string;
  readonly line: number;
}

export interface Inventory {
  readonly heaps: readonly HeapEntry[];
  /** Registrations and Makefile lines that could not be read. */
  readonly unread: readonly Unread[];
  /** Whether every C file of the tree was looked through, or only those that Kconfig and Makefiles lead to. */
  readonly scope: 'tree' | 'led-to';
}

export interface InventoryInput {
  readonly read: ReadFile;
  /** Names of a directory's files; undefined when there is none. */
  readonly list: (directory: string) => readonly string[] | undefined;
  readonly kbuild: Kbuild;
  /** Directories whose Kconfig files define a symbol that depends on DMABUF_HEAPS. */
  readonly directories: readonly string[];
  /** C files of the whole tree that name a function that adds heaps; undefined: those that are led to. */
  readonly callers?: readonly string[];
}

export const HEAPS = 'drivers/dma-buf';
/** dma_heap_add and functions of vendors like it: rk_dma_heap_add, mtk_dma_heap_add_ext. */
const ADDER = /^\w*dma_heap_add(?!ed|ing|r)\w*$/;
const MENTIONS = /\b\w*dma_heap_add\w*\s*\(/;

interface Adder {
  readonly name: string;
  readonly directory: string;
}

export function readInventory(input: InventoryInput): Inventory {
  const { kbuild } = input;
  const unread: Unread[] = [];
  const walk = kbuild.walk(
    'drivers',
    undefined,
    (directory) => `${HEAPS}/`.startsWith(`${directory}/`) || directory.startsWith(HEAPS),
  );
  const compiled = new Map<string, readonly Compiled[]>();
  for (const [file, ways] of walk.files) if (file.startsWith(`${HEAPS}/`)) compiled.set(file, ways);
  unread.push(...walk.unread.filter(({ file }) => file.startsWith(HEAPS)));
  const further = new Set<string>();
  for (const directory of input.directories) {
    if (directory.startsWith(HEAPS)) continue;
    for (const name of input.list(directory) ?? []) if (name.endsWith('.c')) further.add(`${directory}/${name}`);
  }
  for (const file of input.callers ?? []) further.add(file);
  const texts = new Map<string, string>();
  const textOf = (file: string): string | undefined => {
    const known = texts.get(file);
    if (known !== undefined) return known;
    const text = input.read(file);
    if (text !== undefined) texts.set(file, text);
    return text;
  };
  for (const file of further) {
    if (compiled.has(file) || !MENTIONS.test(textOf(file) ?? '')) continue;
    const ways = kbuild.reach(file);
    if (ways.length > 0) compiled.set(file, ways);
  }
  const units = new Map<string, Unit>();
  const load = (file: string): void => {
    if (units.has(file)) return;
    const text = textOf(file);
    if (text === undefined) return;
    const unit = readUnit(file, text);
    units.set(file, unit);
    const directory = file.slice(0, file.lastIndexOf('/'));
    for (const name of unit.includes) {
      // Headers between quotes lie beside the file, or in a directory that the Makefile adds.
      const beside = normal(`${directory}/${name}`);
      if (textOf(beside) !== undefined) load(beside);
    }
  };
  // Drivers spread over files: whatever is compiled beside a file that registers may call it.
  const registering = [...compiled.keys()].filter((file) => MENTIONS.test(textOf(file) ?? ''));
  const folders = new Set(registering.map((file) => file.slice(0, file.lastIndexOf('/'))));
  for (const file of compiled.keys()) if (folders.has(file.slice(0, file.lastIndexOf('/')))) load(file);
  let program = new Program([...units.values()]);
  const adders = findAdders(program, textOf);
  const isAdder = (name: string) => adders.has(name);
  const registrations = () =>
    [...units.values()].flatMap((unit) =>
      unit.functions.flatMap((one) =>
        isAdder(one.name) && definesAdder(one)
          ? []
          : callsOf(one.body, isAdder).map((call) => ({ function: one, call })),
      ),
    );
  // A function that others call with the name: they may lie beside it without registering themselves.
  for (const { function: one } of registrations()) {
    if (one.isStatic || program.uses(one).length > 0) continue;
    const directory = one.file.slice(0, one.file.lastIndexOf('/'));
    for (const name of [
      ...(input.list(directory) ?? []),
      ...(input.list(`${directory}/..`) ?? []).map((file) => `../${file}`),
    ]) {
      const file = normal(`${directory}/${name}`);
      if (!file.endsWith('.c') || units.has(file) || !(textOf(file) ?? '').includes(one.name)) continue;
      const ways = kbuild.reach(file);
      if (ways.length === 0) continue;
      compiled.set(file, ways);
      load(file);
    }
  }
  program = new Program([...units.values()]);
  const heaps: HeapEntry[] = [];
  for (const { function: one, call } of registrations()) {
    const ways = compiled.get(one.file);
    if (ways === undefined) continue;
    const adder = adders.get(call.name) as Adder;
    const found = entriesOf(program, one, call, adder, ways, compiled);
    heaps.push(...found.heaps);
    unread.push(...found.unread);
  }
  return { heaps: joined(heaps), unread: once(unread), scope: input.callers === undefined ? 'led-to' : 'tree' };
}

function entriesOf(
  program: Program,
  one: CFunction,
  call: ReturnType<typeof callsOf>[number],
  adder: Adder,
  ways: readonly Compiled[],
  compiled: ReadonlyMap<string, readonly Compiled[]>,
): { heaps: HeapEntry[]; unread: Unread[] } {
  const heaps: HeapEntry[] = [];
  const unread: Unread[] = [];
  const { line } = call.token;
  const info = placeText(bare(call.arguments[0] ?? []));
  if (info === undefined)
    return { heaps, unread: [{ file: one.file, line, text: `${call.name}(${textOfTokens(call.arguments.flat())})` }] };
  for (const frame of program.frames(one)) {
    const nameTokens: Token[] = [
      ...info.split('.').flatMap((part, i): Token[] => [...(i === 0 ? [] : [mark('.', line)]), name(part, line)]),
      mark('.', line),
      name('name', line),
    ];
    const texts = program.texts(nameTokens, frame, call.at);
    const backing = backingOf(program, frame, one.file);
    const needs = and(
      or(...ways.map(({ condition }) => condition)),
      program.condition(frame, call.at),
      callersCompiled(frame, compiled),
    );
    if (needs.kind === 'never') continue;
    const sometimes = program.asks(frame, call.at);
    for (const { parts, condition } of texts) {
      const under = and(needs, condition);
      if (under.kind === 'never') continue;
      for (const part of parts)
        if (part.kind === 'unknown') unread.push({ file: part.file || one.file, line: part.line, text: part.text });
      const text = nameText(parts);
      if (text === '') continue;
      heaps.push({
        name: text,
        directory: `/dev/${adder.directory}`,
        backing,
        cached: !isUncached(program, frame, call.at, info, text),
        needs: under,
        symbol: ways.find(({ symbol }) => symbol !== undefined)?.symbol,
        ...(sometimes === undefined ? {} : { sometimes }),
        file: one.file,
        line,
      });
    }
    if (texts.length === 0) unread.push({ file: one.file, line, text: `the name that ${call.name} is given` });
  }
  return { heaps, unread };
}

/** A caller in another file must be compiled, too. */
function callersCompiled(frame: Frame, compiled: ReadonlyMap<string, readonly Compiled[]>): Condition {
  const { caller } = frame;
  if (caller === undefined) return { kind: 'always' };
  const outer = callersCompiled(caller.frame, compiled);
  if (caller.frame.function.file === frame.function.file) return outer;
  const ways = compiled.get(caller.frame.function.file);
  return ways === undefined ? outer : and(or(...ways.map(({ condition }) => condition)), outer);
}

/** Functions that add a heap, with the directory below /dev of their devices. */
function findAdders(program: Program, textOf: (file: string) => string | undefined): ReadonlyMap<string, Adder> {
  const adders = new Map<string, Adder>([['dma_heap_add', { name: 'dma_heap_add', directory: 'dma_heap' }]]);
  for (const { file, functions } of program.units)
    for (const one of functions) {
      if (!ADDER.test(one.name) || !definesAdder(one)) continue;
      const directory = /"(\w+)\/%s"/.exec(textOf(file) ?? '')?.[1] ?? one.name.replace(/_add\w*$/, '');
      adders.set(one.name, { name: one.name, directory });
    }
  return adders;
}

/** Of a function that only fills a description and hands it on, the callee is the one that counts. */
const definesAdder = (one: CFunction) => one.parameters.some(({ type }) => /\w*heap_export_info\s*\*/.test(type));

/** Which memory a heap gives out, by what its driver asks for. */
function backingOf(program: Program, frame: Frame, file: string): Backing {
  const chain: Frame[] = [];
  for (let one: Frame | undefined = frame; one; one = one.caller?.frame) chain.push(one);
  const files = new Set(chain.map(({ function: one }) => one.file).concat(file));
  // A common file registers heaps for drivers in other files: the file of the driver shows where the memory comes from.
  const driver = chain.find(({ function: one }) => one.file !== file)?.function.file ?? file;
  const tokens = program.units.find((one) => one.file === driver)?.functions.flatMap(({ body }) => body) ?? [];
  const has = (pattern: RegExp) => tokens.some(({ kind, text }) => kind === 'name' && pattern.test(text));
  const compatible = compatibleOf(program, files);
  const withCompatible = compatible === undefined ? {} : { compatible };
  if (has(/^tee_|^optee_|^qcom_scm_|^trusty_/)) return { kind: 'protected' };
  if (has(/^cma_alloc|^dma_alloc_from_contiguous|^cma_get_name|^cma_for_each_area|^dma_contiguous_get_area_by_idx/)) {
    const area = areaOf(program, frame);
    return area.kind === 'own-area' ? { ...area, ...withCompatible } : area;
  }
  const chainHas = (pattern: RegExp) =>
    chain.some(({ function: one }) => one.body.some(({ kind, text }) => kind === 'name' && pattern.test(text)));
  const isPool = has(/^gen_pool_/) || chainHas(/^gen_pool_/);
  if (/sram/i.test(file) && isPool) return { kind: 'sram', ...withCompatible };
  const isReserved = [...files].some((one) =>
    program.units
      .find((other) => other.file === one)
      ?.invocations.some(({ name: called }) => called === 'RESERVEDMEM_OF_DECLARE'),
  );
  if (
    isReserved ||
    isPool ||
    chainHas(/^of_reserved_mem_|^memremap|^of_address_to_resource/) ||
    has(/^of_reserved_mem_lookup/)
  )
    return { kind: 'carve-out', ...withCompatible };
  if (has(/^(?:__)?alloc_pages?|page_pool_|^alloc_largest_available|^folio_alloc|^vmalloc|^shmem_/))
    return { kind: 'system' };
  return { kind: 'unknown' };
}

/** Follows the `struct cma` that a heap is made of to where it comes from. */
function areaOf(program: Program, frame: Frame): Backing {
  const { function: one, caller, handedTo } = frame;
  if (handedTo !== undefined && /^cma_for_each_area$/.test(handedTo)) return { kind: 'every-area' };
  const parameter = one.parameters.findIndex(({ type }) => /struct cma \*/.test(type));
  if (parameter >= 0) {
    if (caller === undefined) return { kind: 'own-area' };
    const argument = caller.arguments[parameter];
    if (argument === undefined) return { kind: 'own-area' };
    return areaOfExpression(program, argument, caller.frame, caller.at, 0) ?? { kind: 'own-area' };
  }
  const direct = AREA_CALLS.find(([pattern]) =>
    one.body.some(({ kind, text }) => kind === 'name' && pattern.test(text)),
  );
  if (direct !== undefined) {
    const call = callsOf(one.body, (text) => direct[0].test(text))[0];
    return {
      kind:
        call === undefined ||
        call.arguments[0]?.[0]?.text === 'NULL' ||
        direct[1] === 'every-area' ||
        call.arguments.length === 0
          ? direct[1]
          : 'own-area',
    };
  }
  return caller === undefined ? { kind: 'own-area' } : areaOf(program, caller.frame);
}

const AREA_CALLS: readonly (readonly [RegExp, 'default-area' | 'every-area'])[] = [
  [/^dev_get_cma_area$/, 'default-area'],
  [/^dma_contiguous_default_area$/, 'default-area'],
  [/^dma_contiguous_get_area_by_idx$|^cma_for_each_area$/, 'every-area'],
];

function areaOfExpression(
  program: Program,
  expression: readonly Token[],
  frame: Frame,
  at: number,
  depth: number,
): Backing | undefined {
  const tokens = bare(expression);
  const [first] = tokens;
  if (first === undefined || depth > 8) return undefined;
  if (first.text === 'dma_contiguous_default_area') return { kind: 'default-area' };
  if (first.kind === 'name' && tokens[1]?.text === '(') {
    const [argument] = splitArguments(tokens.slice(2, closing(tokens, 1)));
    if (first.text === 'dev_get_cma_area')
      return { kind: argument?.length === 1 && argument[0]?.text === 'NULL' ? 'default-area' : 'own-area' };
    if (first.text === 'dma_contiguous_get_area_by_idx') return { kind: 'every-area' };
    return { kind: 'own-area' };
  }
  const place = placeText(tokens);
  if (place === undefined) return undefined;
  const reaching = program.flow(frame.function).reaching(place, at);
  for (const { definition } of reaching) {
    const found = areaOfExpression(program, definition.expression, frame, definition.at, depth + 1);
    if (found !== undefined) return found;
  }
  const parameter = frame.function.parameters.findIndex(({ name: own }) => own === place);
  const argument = frame.caller?.arguments[parameter];
  if (frame.caller !== undefined && argument !== undefined)
    return areaOfExpression(program, argument, frame.caller.frame, frame.caller.at, depth + 1);
  if (frame.handedTo === 'cma_for_each_area') return { kind: 'every-area' };
  return undefined;
}

/** `compatible` of the nodes that a driver is made for. */
function compatibleOf(program: Program, files: ReadonlySet<string>): string | undefined {
  for (const unit of program.units) {
    if (!files.has(unit.file)) continue;
    for (const { name: called, arguments: args } of unit.invocations)
      if (called === 'RESERVEDMEM_OF_DECLARE' && args[1]?.[0]?.kind === 'string') return args[1][0].text;
    for (const { type, value } of unit.variables) {
      if (!type.includes('of_device_id')) continue;
      const at = value.findIndex((token, i) => token.text === 'compatible' && value[i + 2]?.kind === 'string');
      if (at >= 0) return value[at + 2]?.text;
    }
    for (const { body } of unit.functions)
      for (const call of callsOf(
        body,
        (text) => text === 'of_find_compatible_node' || text === 'of_device_is_compatible',
      )) {
        const text = call.arguments.at(-1)?.[0];
        if (text?.kind === 'string') return text.text;
      }
  }
  return undefined;
}

/** Whether buffers are mapped uncached: by the name, or by the operations that the heap is given. */
function isUncached(program: Program, frame: Frame, at: number, info: string, text: string): boolean {
  if (/uncached|noncached|write-?combine/i.test(text)) return true;
  const [operations] = program.flow(frame.function).reaching(`${info}.ops`, at);
  return operations?.definition.expression.some(({ text: word }) => /uncached|noncached/i.test(word)) ?? false;
}

/** `{area}-uncached`. */
export function nameText(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      return part.kind === 'property' ? `{property:${part.name}}` : `{${part.kind}}`;
    })
    .join('');
}

/** One entry for each name, place and memory: what compiles it is united. */
function joined(heaps: readonly HeapEntry[]): HeapEntry[] {
  const found = new Map<string, HeapEntry>();
  for (const heap of heaps) {
    const key = JSON.stringify([heap.name, heap.directory, heap.backing, heap.cached, heap.file, heap.line]);
    const known = found.get(key);
    found.set(key, known === undefined ? heap : { ...known, needs: or(known.needs, heap.needs) });
  }
  return [...found.values()]
    .filter(({ needs }) => conditionText(needs) !== conditionText(NEVER))
    .sort((a, b) => order(a, b));
}

const order = (a: HeapEntry, b: HeapEntry) =>
  a.file === b.file ? a.line - b.line || compare(a.name, b.name) : compare(a.file, b.file);
const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));

const once = (unread: readonly Unread[]) =>
  [...new Map(unread.map((one) => [JSON.stringify(one), one])).values()].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line,
  );

const name = (text: string, line: number): Token => ({
  kind: 'name',
  text,
  line,
  first: false,
  condition: { kind: 'always' },
});
const mark = (text: string, line: number): Token => ({
  kind: 'mark',
  text,
  line,
  first: false,
  condition: { kind: 'always' },
});
const textOfTokens = (tokens: readonly Token[]) =>
  tokens
    .map(({ text }) => text)
    .join(' ')
    .slice(0, 80);

function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
