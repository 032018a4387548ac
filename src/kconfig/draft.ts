/** A tree while it is being read and finalised: the arrays of tree.ts, still growing. */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import { report } from './codes.js';
import type { Dialect } from './dialect.js';
import { type Expression, ExpressionTable, type SymbolId } from './expression.js';
import { TRISTATE, TYPE_NAMES, UNKNOWN } from './symbol.js';
import { CHOICE, CONSTANT, type KconfigTree, NODE_ROOT, type NodeId, PROMPT, type PropertyId } from './tree.js';

export class Draft {
  readonly dialect: Dialect;
  readonly expressions = new ExpressionTable();
  readonly diagnostics: Diagnostic[] = [];
  readonly files: string[] = [];
  readonly symbols = {
    name: [] as string[],
    type: [] as number[],
    flags: [] as number[],
    directDependency: [] as Expression[],
    reverseDependency: [] as Expression[],
    implied: [] as Expression[],
    firstProperty: [] as PropertyId[],
    lastProperty: [] as PropertyId[],
    firstNode: [] as NodeId[],
    lastNode: [] as NodeId[],
    choice: [] as SymbolId[],
  };
  readonly properties = {
    kind: [0],
    text: [''],
    condition: [0],
    value: [0],
    node: [0],
    file: [0],
    line: [0],
    next: [0],
  };
  readonly nodes = {
    kind: [] as number[],
    parent: [] as NodeId[],
    next: [] as NodeId[],
    firstChild: [] as NodeId[],
    symbol: [] as SymbolId[],
    prompt: [] as PropertyId[],
    dependency: [] as Expression[],
    visibility: [] as Expression[],
    file: [] as number[],
    line: [] as number[],
    nextOfSymbol: [] as NodeId[],
  };
  /** By choice symbol: its node and its members, in the order conf lists them. */
  readonly choices = new Map<SymbolId, { node: NodeId; members: SymbolId[] }>();
  modules: SymbolId = -1;
  defconfigList: SymbolId = -1;
  readonly #plain = new Map<string, SymbolId>();
  readonly #constants = new Map<string, SymbolId>();
  readonly #namedChoices = new Map<string, SymbolId>();
  readonly #fileIds = new Map<string, number>();

  constructor(dialect: Dialect) {
    this.dialect = dialect;
    for (const name of ['n', 'm', 'y'])
      this.#plain.set(name, this.#add(name, CONSTANT, dialect.typedConstants ? TRISTATE : UNKNOWN));
    for (const name of ['n', 'm', 'y']) this.#constants.set(name, this.#plain.get(name) as number);
    this.addNode(NODE_ROOT, -1, -1, 0, 0);
  }

  /** A symbol by its bare name, made when it is new. */
  symbol(name: string): SymbolId {
    const known = this.#plain.get(name);
    if (known !== undefined) return known;
    const symbol = this.#add(name, 0, UNKNOWN);
    this.#plain.set(name, symbol);
    return symbol;
  }

  /** A symbol written between quotes: a text, or one of n, m, y. */
  constant(text: string): SymbolId {
    const known = this.#constants.get(text);
    if (known !== undefined) return known;
    const symbol = this.#add(text, CONSTANT, UNKNOWN);
    this.#constants.set(text, symbol);
    return symbol;
  }

  /** The symbol of a choice; choices of one name are one. */
  choice(name: string): SymbolId {
    const known = name === '' ? undefined : this.#namedChoices.get(name);
    if (known !== undefined) return known;
    const symbol = this.#add(name, CHOICE, UNKNOWN);
    if (name !== '') this.#namedChoices.set(name, symbol);
    return symbol;
  }

  #add(name: string, flags: number, type: number): SymbolId {
    const s = this.symbols;
    s.name.push(name);
    s.type.push(type);
    s.flags.push(flags);
    s.directDependency.push(0);
    s.reverseDependency.push(0);
    s.implied.push(0);
    s.firstProperty.push(0);
    s.lastProperty.push(0);
    s.firstNode.push(-1);
    s.lastNode.push(-1);
    s.choice.push(-1);
    return s.name.length - 1;
  }

  fileId(file: string): number {
    const known = this.#fileIds.get(file);
    if (known !== undefined) return known;
    this.files.push(file);
    this.#fileIds.set(file, this.files.length - 1);
    return this.files.length - 1;
  }

  /** Adds a node that is linked to its symbol, not yet to its siblings. */
  addNode(kind: number, symbol: SymbolId, parent: NodeId, file: number, line: number): NodeId {
    const n = this.nodes;
    const node = n.kind.length;
    n.kind.push(kind);
    n.parent.push(parent);
    n.next.push(-1);
    n.firstChild.push(-1);
    n.symbol.push(symbol);
    n.prompt.push(0);
    n.dependency.push(0);
    n.visibility.push(0);
    n.file.push(file);
    n.line.push(line);
    n.nextOfSymbol.push(-1);
    if (symbol >= 0) {
      const last = this.symbols.lastNode[symbol] as number;
      if (last < 0) this.symbols.firstNode[symbol] = node;
      else n.nextOfSymbol[last] = node;
      this.symbols.lastNode[symbol] = node;
    }
    return node;
  }

  /** Adds a property to a node and to its symbol, if it has one. */
  addProperty(
    kind: number,
    node: NodeId,
    given: { text?: string; value?: Expression; condition: Expression; file: number; line: number },
  ): PropertyId {
    const p = this.properties;
    const property = p.kind.length;
    p.kind.push(kind);
    p.text.push(given.text ?? '');
    p.condition.push(given.condition);
    p.value.push(given.value ?? 0);
    p.node.push(node);
    p.file.push(given.file);
    p.line.push(given.line);
    p.next.push(0);
    const symbol = this.nodes.symbol[node] as number;
    if (symbol >= 0) {
      const last = this.symbols.lastProperty[symbol] as number;
      if (last === 0) this.symbols.firstProperty[symbol] = property;
      else p.next[last] = property;
      this.symbols.lastProperty[symbol] = property;
    }
    return property;
  }

  /** Adds the prompt of a node; `visible if` of the menus above limits it. */
  addPrompt(kind: number, node: NodeId, text: string, condition: Expression, file: number, line: number): void {
    let visible = condition;
    if (kind === PROMPT)
      for (let n = this.nodes.parent[node] as number; n >= 0; n = this.nodes.parent[n] as number)
        visible = this.expressions.and(visible, this.nodes.visibility[n] as number);
    const trimmed = text.replace(/^[ \t-\r]+/, '');
    const property = this.addProperty(kind, node, { text: trimmed, condition: visible, file, line });
    if (trimmed !== text) this.warnProperty(property, 'leading whitespace ignored');
    if (this.nodes.prompt[node] !== 0) this.warnProperty(property, 'prompt redefined');
    this.nodes.prompt[node] = property;
  }

  setType(node: NodeId, type: number): void {
    const symbol = this.nodes.symbol[node] as number;
    const known = this.symbols.type[symbol] as number;
    if (known === UNKNOWN) this.symbols.type[symbol] = type;
    else if (known !== type)
      this.warnNode(
        node,
        `ignoring type redefinition of '${this.nameOf(symbol)}' from '${TYPE_NAMES[known]}' to '${TYPE_NAMES[type]}'`,
      );
  }

  isChoice(symbol: SymbolId): boolean {
    return symbol >= 0 && ((this.symbols.flags[symbol] as number) & CHOICE) !== 0;
  }

  nameOf(symbol: SymbolId): string {
    return this.symbols.name[symbol] || '<choice>';
  }

  nodeSpan(node: NodeId): Span {
    return this.#span(this.nodes.file[node] as number, this.nodes.line[node] as number);
  }

  propertySpan(property: PropertyId): Span {
    return this.#span(this.properties.file[property] as number, this.properties.line[property] as number);
  }

  warnNode(node: NodeId, message: string): void {
    this.diagnostics.push(report('kconfig/property', { message, span: this.nodeSpan(node) }));
  }

  warnProperty(property: PropertyId, message: string): void {
    this.diagnostics.push(report('kconfig/property', { message, span: this.propertySpan(property) }));
  }

  #span(file: number, line: number): Span {
    return { file: this.files[file] ?? '', line, column: 1, endLine: line, endColumn: 1 };
  }

  /** The finished tree. */
  freeze(
    environment: ReadonlyMap<string, string | undefined>,
    probes: ReadonlyMap<string, string | undefined>,
  ): KconfigTree {
    const { symbols: s, properties: p, nodes: n } = this;
    const ints = (list: readonly number[]) => new Int32Array(list);
    const bytes = (list: readonly number[]) => new Uint8Array(list);
    return {
      dialect: this.dialect,
      title: p.text[n.prompt[0] as number] as string,
      files: this.files,
      symbols: {
        name: s.name,
        type: bytes(s.type),
        flags: bytes(s.flags),
        directDependency: ints(s.directDependency),
        reverseDependency: ints(s.reverseDependency),
        implied: ints(s.implied),
        firstProperty: ints(s.firstProperty),
        firstNode: ints(s.firstNode),
        choice: ints(s.choice),
      },
      properties: {
        kind: bytes(p.kind),
        text: p.text,
        condition: ints(p.condition),
        value: ints(p.value),
        node: ints(p.node),
        file: ints(p.file),
        line: ints(p.line),
        next: ints(p.next),
      },
      nodes: {
        kind: bytes(n.kind),
        parent: ints(n.parent),
        next: ints(n.next),
        firstChild: ints(n.firstChild),
        symbol: ints(n.symbol),
        prompt: ints(n.prompt),
        dependency: ints(n.dependency),
        visibility: ints(n.visibility),
        file: ints(n.file),
        line: ints(n.line),
        nextOfSymbol: ints(n.nextOfSymbol),
      },
      expressions: this.expressions.arrays(),
      choices: [...this.choices].map(([choice, { node, members }]) => ({ choice, node, members })),
      modules: Math.max(this.modules, 0),
      defconfigList: this.defconfigList,
      order: evaluationOrder(s.name, s.flags, this.dialect.symbolBuckets),
      byName: this.#plain,
      environment,
      probes,
    };
  }
}

/** The order of conf's hash table: by bucket, in each bucket the latest first. */
export function evaluationOrder(names: readonly string[], flags: readonly number[], buckets: number): Int32Array {
  const bucketOf = new Int32Array(names.length);
  const heads = new Int32Array(buckets).fill(-1);
  const next = new Int32Array(names.length);
  for (let symbol = 3; symbol < names.length; symbol++) {
    const name = names[symbol] as string;
    let hash = 0;
    if (((flags[symbol] as number) & CHOICE) === 0 || name !== '') {
      hash = 0x811c9dc5;
      for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ ((name.charCodeAt(i) << 24) >> 24), 0x01000193);
    }
    const bucket = (hash >>> 0) % buckets;
    bucketOf[symbol] = bucket;
    next[symbol] = heads[bucket] as number;
    heads[bucket] = symbol;
  }
  const order = new Int32Array(names.length - 3);
  let at = 0;
  for (const head of heads) for (let s = head; s >= 0; s = next[s] as number) order[at++] = s;
  return order;
}
