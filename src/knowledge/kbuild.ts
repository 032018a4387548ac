/** Which files a kernel's Makefiles compile, and what of a configuration each needs. Make is not run. */
import { ALWAYS, and, type Condition, NEVER, not, or, symbolIs } from './condition.js';

/** A file of the tree; undefined when there is none. */
export type ReadFile = (file: string) => string | undefined;

export interface Compiled {
  /** What must hold for the file to be compiled at all. */
  readonly condition: Condition;
  /** The symbol whose y or m makes it built in or a module; undefined: always built in. */
  readonly symbol: string | undefined;
}

export interface Unread {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export interface Walk {
  /** By path of the C file; one entry for each way in which the Makefiles reach it. */
  readonly files: ReadonlyMap<string, readonly Compiled[]>;
  /** Lines that may add files and could not be read. */
  readonly unread: readonly Unread[];
}

interface Statement {
  readonly name: string;
  readonly words: readonly string[];
  readonly condition: Condition;
  readonly line: number;
}

/** Follows the Makefiles of a tree; what was read once is kept. */
export class Kbuild {
  readonly #read: ReadFile;
  /** Variables of the build that Makefiles compare, such as SRCARCH. */
  readonly #variables: Readonly<Record<string, string>>;
  readonly #statements = new Map<string, { statements: readonly Statement[]; unread: readonly Unread[] }>();

  constructor(read: ReadFile, variables: Readonly<Record<string, string>> = {}) {
    this.#read = read;
    this.#variables = variables;
  }

  /** Every C file below a directory, whatever reaches the directory. @param enters which directories to follow */
  walk(directory: string, condition: Condition = ALWAYS, enters: (directory: string) => boolean = () => true): Walk {
    const files = new Map<string, Compiled[]>();
    const unread: Unread[] = [];
    const seen = new Set<string>();
    const visit = (here: string, reached: Compiled) => {
      const key = `${here} ${JSON.stringify(reached.condition)}`;
      if (seen.has(key)) return;
      seen.add(key);
      const { statements, unread: problems } = this.#parse(here);
      unread.push(...problems);
      const composites = new Map<string, Statement[]>();
      for (const statement of statements) {
        const match = /^(.+?)-(?:y|m|objs|\$\(CONFIG_\w+\))$/.exec(statement.name);
        if (match && match[1] !== 'obj' && match[1] !== 'lib')
          composites.set(match[1] as string, [...(composites.get(match[1] as string) ?? []), statement]);
      }
      for (const statement of statements) {
        const list = /^(?:obj|lib|core|drivers|libs)-(.+)$/.exec(statement.name);
        if (!list) continue;
        const [asked, symbol] = suffix(list[1] as string);
        if (asked === undefined) {
          unread.push({ file: this.#makefile(here), line: statement.line, text: `${statement.name} += ...` });
          continue;
        }
        const wanted = and(reached.condition, statement.condition, asked);
        for (const [word, listed] of wordsOf(statement, composites)) {
          const entry = { condition: and(wanted, listed), symbol: symbol ?? undefined };
          if (word.endsWith('/')) {
            const below = join(here, word);
            if (enters(below)) visit(below, entry);
          } else if (word.endsWith('.o')) {
            for (const [file, own] of objects(word.slice(0, -2), composites, new Set()))
              add(join(here, `${file}.c`), { ...entry, condition: and(entry.condition, own) });
          } else if (word.includes('$'))
            unread.push({ file: this.#makefile(here), line: statement.line, text: `${statement.name} += ${word}` });
        }
      }
    };
    const add = (file: string, compiled: Compiled) => {
      if (compiled.condition.kind === 'never') return;
      const known = files.get(file);
      if (known) known.push(compiled);
      else files.set(file, [compiled]);
    };
    visit(directory.replace(/\/*$/, ''), { condition, symbol: undefined });
    return { files, unread };
  }

  /** How a file is compiled: the Makefiles are followed from the directory at the top that holds it. */
  reach(file: string): readonly Compiled[] {
    const parts = file.split('/');
    // The Makefiles of architectures name their own directories with paths from the top.
    const top = parts[0] === 'arch' ? parts.slice(0, -1).join('/') : (parts[0] as string);
    const { files } = this.walk(top, ALWAYS, (directory) => file.startsWith(`${directory}/`));
    return files.get(file) ?? [];
  }

  /** Kbuild counts before Makefile. */
  #makefile(directory: string): string {
    const kbuild = join(directory, 'Kbuild');
    return this.#read(kbuild) === undefined ? join(directory, 'Makefile') : kbuild;
  }

  #parse(directory: string) {
    const known = this.#statements.get(directory);
    if (known) return known;
    const statements: Statement[] = [];
    const unread: Unread[] = [];
    const variables = new Map<string, string>(Object.entries({ ...this.#variables, src: directory, obj: directory }));
    this.#readMakefile(this.#makefile(directory), ALWAYS, variables, statements, unread, 0);
    const result = { statements, unread };
    this.#statements.set(directory, result);
    return result;
  }

  #readMakefile(
    file: string,
    outer: Condition,
    variables: Map<string, string>,
    statements: Statement[],
    unread: Unread[],
    depth: number,
  ): void {
    const text = this.#read(file);
    if (text === undefined || depth > MOST_INCLUDES) return;
    const open: { here: Condition; rest: Condition }[] = [];
    for (const { line, text: full } of logicalLines(text)) {
      const words = full.trim().replace(/\$\{([^{}]*)\}/g, '$($1)');
      const conditional = /^(ifdef|ifndef|ifeq|ifneq)\b\s*(.*)$/.exec(words);
      if (conditional) {
        const here = makeCondition(conditional[1] as string, conditional[2] as string, variables);
        open.push({ here, rest: not(here) });
        continue;
      }
      const branch = /^else(?:\s+(ifdef|ifndef|ifeq|ifneq)\b\s*(.*))?$/.exec(words);
      const top = open.at(-1);
      if (branch && top) {
        const asked = branch[1] === undefined ? ALWAYS : makeCondition(branch[1], branch[2] ?? '', variables);
        top.here = and(top.rest, asked);
        top.rest = and(top.rest, not(asked));
        continue;
      }
      if (/^endif\b/.test(words)) {
        open.pop();
        continue;
      }
      const condition = and(outer, ...open.map(({ here }) => here));
      const include = /^-?s?include\s+(.+)$/.exec(words);
      if (include) {
        for (const name of expand(include[1] as string, variables).split(/\s+/)) {
          const path = name.replace(/^\.\//, '').replace(/^\$\((?:srctree|objtree)\)\//, '');
          if (path.includes('$')) unread.push({ file, line, text: words });
          else this.#readMakefile(path, condition, variables, statements, unread, depth + 1);
        }
        continue;
      }
      // Names as Makefiles write them: obj-$(CONFIG_X), rk-heap-objs, $(mod)-y.
      const assignment =
        /^(?:export\s+|override\s+)*((?:[\w.\-/+]|\$\([^()]*(?:\([^()]*\)[^()]*)*\))+)\s*(\+=|::?=|\?=|=)\s*(.*)$/.exec(
          words,
        );
      if (!assignment) continue;
      const [, rawName = '', operator = '=', rest = ''] = assignment;
      const name = expandName(rawName, variables);
      const value = expand(rest, variables);
      const isList = /^(?:obj|lib|core|drivers|libs)-|-(?:y|m|objs|\$\(CONFIG_\w+\))$/.test(name);
      if (isList) {
        // What a list holds depends on the configuration: a reference to it is resolved where it is used.
        statements.push({ name, words: value.split(/\s+/).filter(Boolean), condition, line });
        continue;
      }
      // A variable set under a condition has a value for some configurations only: it is not plain text.
      if (operator === '+=') variables.set(name, `${variables.get(name) ?? ''} ${value}`.trim());
      else if (!(operator === '?=' && variables.has(name))) variables.set(name, value);
    }
  }
}

const MOST_INCLUDES = 8;

function* logicalLines(text: string): Generator<{ line: number; text: string }> {
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    let full = lines[at] as string;
    while (full.endsWith('\\') && at + 1 < lines.length)
      full = `${full.slice(0, -1)} ${(lines[++at] as string).trim()}`;
    // A tab begins a recipe unless what follows is what Makefiles of the kernel write at any depth.
    yield { line, text: full.replace(/(^|[^\\])#.*$/, '$1') };
  }
}

/** What a suffix of a list asks for, and the symbol that makes modules; undefined when it is not y, m or a symbol. */
function suffix(text: string): [Condition | undefined, string | undefined] {
  if (text === 'y') return [ALWAYS, undefined];
  if (text === 'm') return [ALWAYS, undefined];
  const symbol = /^\$\(CONFIG_(\w+)\)$/.exec(text)?.[1];
  if (symbol !== undefined) return [symbolIs(symbol), symbol];
  // What is only built in even where the symbol is m.
  const both = /^\$\(subst\s+m,y,\$\(CONFIG_(\w+)\)\)$/.exec(text)?.[1];
  return both === undefined ? [undefined, undefined] : [symbolIs(both), undefined];
}

/** The words of a list, with those of the lists that it refers to: `obj-$(CONFIG_ARM64) += $(arm-obj-y)`. */
function wordsOf(
  { words }: Statement,
  lists: ReadonlyMap<string, readonly Statement[]>,
  seen: ReadonlySet<string> = new Set(),
): [string, Condition][] {
  return words.flatMap((word): [string, Condition][] => {
    const [, stem = '', kind = ''] = /^\$\((.+)-(y|m|objs)\)$/.exec(word) ?? [];
    const parts = lists.get(stem);
    if (parts === undefined || seen.has(word)) return [[word, ALWAYS]];
    const further = new Set([...seen, word]);
    return parts.flatMap((part): [string, Condition][] => {
      const condition = listedIn(part.name.slice(stem.length + 1), kind);
      return wordsOf(part, lists, further).map(([one, own]) => [one, and(part.condition, condition, own)]);
    });
  });
}

/** When the objects of `NAME-KIND` are in the list `NAME-WANTED`. */
function listedIn(kind: string, wanted: string): Condition {
  if (kind === wanted) return ALWAYS;
  const symbol = /^\$\(CONFIG_(\w+)\)$/.exec(kind)?.[1];
  return symbol === undefined || wanted === 'objs' ? NEVER : symbolIs(symbol, wanted as 'y' | 'm');
}

/** The C files behind an object, composites resolved. */
function objects(
  name: string,
  composites: ReadonlyMap<string, readonly Statement[]>,
  seen: Set<string>,
): [string, Condition][] {
  const parts = composites.get(name);
  if (parts === undefined || seen.has(name)) return [[name, ALWAYS]];
  seen.add(name);
  return parts.flatMap((statement) => {
    const kind = /-(y|m|objs|\$\(CONFIG_\w+\))$/.exec(statement.name)?.[1] ?? 'y';
    const [asked = ALWAYS] = kind === 'objs' ? [ALWAYS] : suffix(kind);
    return wordsOf(statement, composites)
      .filter(([word]) => word.endsWith('.o'))
      .flatMap(([word, listed]) => {
        const part = word.slice(0, -2);
        const inner: [string, Condition][] = part === name ? [[part, ALWAYS]] : objects(part, composites, seen);
        return inner.map(([file, own]): [string, Condition] => [file, and(statement.condition, asked, listed, own)]);
      });
  });
}

function makeCondition(kind: string, rest: string, variables: ReadonlyMap<string, string>): Condition {
  const isPositive = kind === 'ifdef' || kind === 'ifeq';
  const found = kind === 'ifdef' || kind === 'ifndef' ? isDefined(rest.trim(), variables) : isEqual(rest, variables);
  return isPositive ? found : not(found);
}

function isDefined(name: string, variables: ReadonlyMap<string, string>): Condition {
  if (name.startsWith('CONFIG_')) return symbolIs(name.slice('CONFIG_'.length));
  const value = variables.get(name);
  if (value !== undefined) return value === '' ? not(ALWAYS) : ALWAYS;
  return { kind: 'unknown', text: `defined ${name}` };
}

function isEqual(rest: string, variables: ReadonlyMap<string, string>): Condition {
  const sides = splitSides(rest.trim());
  if (sides === undefined) return { kind: 'unknown', text: rest.trim() };
  const [left, right] = sides.map((side) => expand(side.trim(), variables).trim()) as [string, string];
  const one = compareSide(left, right) ?? compareSide(right, left);
  if (one !== undefined) return one;
  if (!left.includes('$') && !right.includes('$')) return left === right ? ALWAYS : not(ALWAYS);
  return { kind: 'unknown', text: `${left} = ${right}` };
}

/** `$(CONFIG_X)` against y, m or nothing, also through filter, or and and. */
function compareSide(side: string, value: string): Condition | undefined {
  const plain = /^\$\(CONFIG_(\w+)\)$/.exec(side)?.[1];
  if (plain !== undefined) {
    if (value === 'y' || value === 'm') return symbolIs(plain, value);
    if (value === 'n' || value === '') return not(symbolIs(plain));
    return undefined;
  }
  const several = [...side.matchAll(/\$\(CONFIG_(\w+)\)/g)].map((match) => match[1] as string);
  const filtered = /^\$\(filter\s+([ymn ]+),\s*((?:\$\(CONFIG_\w+\)\s*)+)\)$/.exec(side);
  if (filtered && value === '') {
    const values = (filtered[1] as string).trim().split(/\s+/);
    const any = or(
      ...several.flatMap((name) =>
        values.map((one) => (one === 'n' ? not(symbolIs(name)) : symbolIs(name, one as 'y' | 'm'))),
      ),
    );
    return not(any);
  }
  const isJoined = /^(?:\$\(CONFIG_\w+\)\s*)+$/.test(side);
  if (isJoined && value === '') return and(...several.map((name) => not(symbolIs(name))));
  if (isJoined && value.replace(/\s/g, '') === 'y'.repeat(several.length))
    return and(...several.map((name) => symbolIs(name, 'y')));
  const joined = /^\$\((or|and)\s+(.*)\)$/.exec(side);
  if (joined && value === '') {
    const parts = several.map((name) => symbolIs(name));
    return not(joined[1] === 'or' ? or(...parts) : and(...parts));
  }
  return undefined;
}

/** `(a,b)`, `"a" "b"`, `'a' 'b'`. */
function splitSides(text: string): [string, string] | undefined {
  if (!text.startsWith('(')) {
    const quoted = /^(["'])(.*?)\1\s+(["'])(.*?)\3$/.exec(text);
    return quoted ? [quoted[2] as string, quoted[4] as string] : undefined;
  }
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')') depth--;
    else if (text[at] === ',' && depth === 1)
      return [unquote(text.slice(1, at)), unquote(text.slice(at + 1, text.lastIndexOf(')')))];
  }
  return undefined;
}

const unquote = (text: string) => text.trim().replace(/^"(.*)"$/, '$1');

/** Replaces variables of this Makefile; symbols and functions stay as they are written. */
function expand(text: string, variables: ReadonlyMap<string, string>): string {
  let result = text;
  for (let round = 0; round < MOST_INCLUDES; round++) {
    const next = result
      .replace(/\$\((\w[\w.-]*)\)/g, (whole, name: string) =>
        name.startsWith('CONFIG_') ? whole : (variables.get(name) ?? whole),
      )
      .replace(/\$\(addprefix\s+([^,$()]+),([^$()]*)\)/g, (_, prefix: string, names: string) =>
        names
          .trim()
          .split(/\s+/)
          .filter(Boolean)
          .map((name) => prefix.trim() + name)
          .join(' '),
      )
      .replace(/\$\(addsuffix\s+([^,$()]+),([^$()]*)\)/g, (_, ending: string, names: string) =>
        names
          .trim()
          .split(/\s+/)
          .filter(Boolean)
          .map((name) => name + ending.trim())
          .join(' '),
      )
      .replace(/\$\(patsubst\s+%([^,$()]*),\s*%([^,$()]*),([^$()]*)\)/g, (_, from: string, to: string, names: string) =>
        names
          .trim()
          .split(/\s+/)
          .filter(Boolean)
          .map((name) => (name.endsWith(from) ? name.slice(0, name.length - from.length) + to : name))
          .join(' '),
      );
    if (next === result) break;
    result = next;
  }
  return result;
}

/** A name may be made of a variable: `$(mod)-y`. */
const expandName = (name: string, variables: ReadonlyMap<string, string>) => expand(name, variables).trim();

function join(directory: string, name: string): string {
  const parts: string[] = [];
  for (const part of `${directory}/${name}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
