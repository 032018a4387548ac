/** A tree while it is being read and finalised: the arrays of tree.ts, still growing. */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import { report } from './codes.js';
import type { Dialect } from './dialect.js';
import { type Expression, ExpressionTable, type SymbolId } from './expression.js';
import { TRISTATE, TYPE_NAMES, UNKNOWN } from './symbol.js';
import { CHOICE, CONSTANT, type KconfigTree, NODE_ROOT, type NodeId, PROMPT, type PropertyId } from './tree.js';
import { copyOf, hashOf, type Word, Words } from './words.js';

/** One more than where a text starts; negative when blanks in front of it were left out. */
export type KeptText = number;

const FIRST_CAPACITY = 1 << 15;

function column(): Int32Array {
  return new Int32Array(FIRST_CAPACITY);
}

function lengthen(columns: Record<string, Int32Array>): void {
  for (const [name, array] of Object.entries(columns)) columns[name] = copyOf(array, array.length * 2);
}

/** The arrays are longer than what they hold; see the counts. */
export class Draft {
  readonly dialect: Dialect;
  readonly words: Words;
  readonly expressions = new ExpressionTable();
  readonly diagnostics: Diagnostic[] = [];
  files: readonly string[] = [];
  symbolCount = 0;
  propertyCount = 1;
  nodeCount = 0;
  readonly symbols = {
    /** The word that names the symbol; 0 for a quoted text and a choice. */
    word: column(),
    type: column(),
    flags: column(),
    directDependency: column(),
    reverseDependency: column(),
    implied: column(),
    firstProperty: column(),
    lastProperty: column(),
    firstNode: column(),
    lastNode: column(),
    choice: column(),
  };
  readonly properties = {
    kind: column(),
    condition: column(),
    value: column(),
    node: column(),
    file: column(),
    line: column(),
    next: column(),
    textStart: column(),
  };
  readonly nodes = {
    kind: column(),
    parent: column(),
    next: column(),
    firstChild: column(),
    symbol: column(),
    prompt: column(),
    dependency: column(),
    visibility: column(),
    file: column(),
    line: column(),
    nextOfSymbol: column(),
  };
  /** By choice symbol: its node and its members, in the order conf lists them. */
  readonly choices = new Map<SymbolId, { node: NodeId; members: SymbolId[] }>();
  modules: SymbolId = -1;
  defconfigList: SymbolId = -1;
  /** See `steps` of the tree. */
  steps: Int32Array = new Int32Array(0);
  /** Names of quoted texts and choices; the others' are words. */
  private readonly names: string[] = [];
  /** Texts of properties, one behind the other. */
  private texts = Buffer.allocUnsafeSlow(1 << 20);
  private textEnd = 0;
  /** By word, one more than the symbol it names. */
  private symbolOf = column();
  private readonly constants = new Map<string, SymbolId>();
  private readonly namedChoices = new Map<string, SymbolId>();

  constructor(dialect: Dialect) {
    this.dialect = dialect;
    this.words = new Words(dialect.keywords);
    for (const name of ['n', 'm', 'y']) {
      const symbol = this.symbol(this.words.of(name));
      this.symbols.type[symbol] = dialect.typedConstants ? TRISTATE : UNKNOWN;
      this.symbols.flags[symbol] = CONSTANT;
      this.constants.set(name, symbol);
    }
    this.addNode(NODE_ROOT, -1, -1, 0, 0);
  }

  /** A symbol by its bare name, made when it is new. */
  symbol(word: Word): SymbolId {
    if (word >= this.symbolOf.length) this.symbolOf = copyOf(this.symbolOf, Math.max(this.symbolOf.length, word) * 2);
    const known = this.symbolOf[word] as number;
    if (known !== 0) return known - 1;
    const symbol = this.add('', 0);
    this.symbols.word[symbol] = word;
    this.symbolOf[word] = symbol + 1;
    return symbol;
  }

  /** A symbol written between quotes: a text, or one of n, m, y. */
  constant(text: string): SymbolId {
    const known = this.constants.get(text);
    if (known !== undefined) return known;
    const symbol = this.add(text, CONSTANT);
    this.constants.set(text, symbol);
    return symbol;
  }

  /** The symbol of a choice; choices of one name are one. */
  choice(name: string): SymbolId {
    const known = name === '' ? undefined : this.namedChoices.get(name);
    if (known !== undefined) return known;
    const symbol = this.add(name, CHOICE);
    if (name !== '') this.namedChoices.set(name, symbol);
    return symbol;
  }

  private add(name: string, flags: number): SymbolId {
    const symbol = this.symbolCount++;
    if (symbol === this.symbols.type.length) lengthen(this.symbols);
    const { symbols } = this;
    this.names.push(name);
    symbols.flags[symbol] = flags;
    symbols.firstNode[symbol] = symbols.lastNode[symbol] = symbols.choice[symbol] = -1;
    return symbol;
  }

  /** Adds a node that is linked to its symbol, not yet to its siblings. */
  addNode(kind: number, symbol: SymbolId, parent: NodeId, file: number, line: number): NodeId {
    const node = this.nodeCount++;
    if (node === this.nodes.kind.length) lengthen(this.nodes);
    const { nodes, symbols } = this;
    nodes.kind[node] = kind;
    nodes.parent[node] = parent;
    nodes.symbol[node] = symbol;
    nodes.file[node] = file;
    nodes.line[node] = line;
    nodes.next[node] = nodes.firstChild[node] = nodes.nextOfSymbol[node] = -1;
    if (symbol >= 0) {
      const last = symbols.lastNode[symbol] as number;
      if (last < 0) symbols.firstNode[symbol] = node;
      else nodes.nextOfSymbol[last] = node;
      symbols.lastNode[symbol] = node;
    }
    return node;
  }

  /** Adds a property to a node and to its symbol, if it has one. @param textStart where its text was kept */
  addProperty(
    kind: number,
    node: NodeId,
    textStart: number,
    value: Expression,
    condition: Expression,
    file: number,
    line: number,
  ): PropertyId {
    const property = this.propertyCount++;
    if (property === this.properties.kind.length) lengthen(this.properties);
    const { properties, symbols } = this;
    properties.textStart[property] = textStart;
    properties.kind[property] = kind;
    properties.condition[property] = condition;
    properties.value[property] = value;
    properties.node[property] = node;
    properties.file[property] = file;
    properties.line[property] = line;
    const symbol = this.nodes.symbol[node] as number;
    if (symbol >= 0) {
      const last = symbols.lastProperty[symbol] as number;
      if (last === 0) symbols.firstProperty[symbol] = property;
      else properties.next[last] = property;
      symbols.lastProperty[symbol] = property;
    }
    return property;
  }

  /** Keeps the text of the prompt that is added next, without the blanks in front of it. */
  keepText(bytes: Uint8Array, start: number, end: number): KeptText {
    const from = this.textEnd;
    if (from + end - start > this.texts.length)
      this.texts = Buffer.concat([this.texts], this.texts.length * 2 + end - start);
    const { texts } = this;
    let i = start;
    while (i < end && (bytes[i] === 32 || ((bytes[i] as number) >= 9 && (bytes[i] as number) <= 13))) i++;
    const trimmed = i > start;
    let at = from;
    for (; i < end; i++) texts[at++] = bytes[i] as number;
    this.textEnd = at;
    return trimmed ? -1 - from : from + 1;
  }

  /** End of the texts kept so far: where the empty text of a property without one stands. */
  get noText(): number {
    return this.textEnd;
  }

  /** Adds the prompt of a node; `visible if` of the menus above limits it. */
  addPrompt(kind: number, node: NodeId, text: KeptText, condition: Expression, file: number, line: number): void {
    let visible = condition;
    if (kind === PROMPT)
      for (let n = this.nodes.parent[node] as number; n >= 0; n = this.nodes.parent[n] as number)
        visible = this.expressions.and(visible, this.nodes.visibility[n] as number);
    const property = this.addProperty(kind, node, Math.abs(text) - 1, 0, visible, file, line);
    if (text < 0) this.warnProperty(property, 'leading whitespace ignored');
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

  /** A symbol's name, a quoted text; empty for a choice without a name. */
  spelling(symbol: SymbolId): string {
    const word = this.symbols.word[symbol] as number;
    return word !== 0 ? this.words.text(word) : (this.names[symbol] as string);
  }

  nameOf(symbol: SymbolId): string {
    return this.spelling(symbol) || '<choice>';
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
    const { symbols: s, properties: p, nodes: n, names } = this;
    const texts = this.texts.toString('latin1', 0, this.textEnd);
    const textStart = new Int32Array(this.propertyCount + 1);
    textStart.set(p.textStart.subarray(0, this.propertyCount));
    textStart[this.propertyCount] = this.textEnd;
    const title = n.prompt[0] as number;
    const words = this.words.texts();
    const byName = new Map<string, SymbolId>();
    for (let symbol = 0; symbol < names.length; symbol++) {
      const word = s.word[symbol] as number;
      if (word === 0) continue;
      names[symbol] = words[word] as string;
      byName.set(words[word] as string, symbol);
    }
    const ofSymbols = (array: Int32Array) => array.slice(0, this.symbolCount);
    const ofProperties = (array: Int32Array) => array.slice(0, this.propertyCount);
    const ofNodes = (array: Int32Array) => array.slice(0, this.nodeCount);
    return {
      dialect: this.dialect,
      title: texts.slice(textStart[title], textStart[title + 1]),
      files: this.files,
      symbols: {
        name: names,
        type: new Uint8Array(ofSymbols(s.type)),
        flags: new Uint8Array(ofSymbols(s.flags)),
        directDependency: ofSymbols(s.directDependency),
        reverseDependency: ofSymbols(s.reverseDependency),
        implied: ofSymbols(s.implied),
        firstProperty: ofSymbols(s.firstProperty),
        firstNode: ofSymbols(s.firstNode),
        choice: ofSymbols(s.choice),
      },
      properties: {
        kind: new Uint8Array(ofProperties(p.kind)),
        textStart,
        condition: ofProperties(p.condition),
        value: ofProperties(p.value),
        node: ofProperties(p.node),
        file: ofProperties(p.file),
        line: ofProperties(p.line),
        next: ofProperties(p.next),
      },
      nodes: {
        kind: new Uint8Array(ofNodes(n.kind)),
        parent: ofNodes(n.parent),
        next: ofNodes(n.next),
        firstChild: ofNodes(n.firstChild),
        symbol: ofNodes(n.symbol),
        prompt: ofNodes(n.prompt),
        dependency: ofNodes(n.dependency),
        visibility: ofNodes(n.visibility),
        file: ofNodes(n.file),
        line: ofNodes(n.line),
        nextOfSymbol: ofNodes(n.nextOfSymbol),
      },
      texts,
      expressions: this.expressions.arrays(),
      choices: [...this.choices].map(([choice, { node, members }]) => ({ choice, node, members })),
      modules: Math.max(this.modules, 0),
      defconfigList: this.defconfigList,
      order: this.evaluationOrder(),
      steps: this.steps,
      byName,
      environment,
      probes,
    };
  }

  /** The order of conf's hash table: by bucket, in each bucket the latest first. */
  private evaluationOrder(): Int32Array {
    const buckets = this.dialect.symbolBuckets;
    const { hashes } = this.words;
    const { word: words, flags } = this.symbols;
    const count = this.symbolCount;
    const heads = new Int32Array(buckets).fill(-1);
    const next = new Int32Array(count);
    for (let symbol = 3; symbol < count; symbol++) {
      const word = words[symbol] as number;
      let hash = 0;
      if (word !== 0) hash = hashes[word] as number;
      else if (((flags[symbol] as number) & CHOICE) === 0 || this.names[symbol] !== '')
        hash = hashOf(Buffer.from(this.names[symbol] as string, 'latin1'));
      const bucket = (hash >>> 0) % buckets;
      next[symbol] = heads[bucket] as number;
      heads[bucket] = symbol;
    }
    const order = new Int32Array(count - 3);
    let at = 0;
    for (let bucket = 0; bucket < buckets; bucket++)
      for (let s = heads[bucket] as number; s >= 0; s = next[s] as number) order[at++] = s;
    return order;
  }
}
