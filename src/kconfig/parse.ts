/** Kconfig statements to a draft of the tree. What the tree's own conf would not accept is refused with its place. */
import { type Diagnostic, hasErrors, type Outcome } from '../diagnostic/index.js';
import { suggest } from '../source/suggest.js';
import { report } from './codes.js';
import { type Dialect, detectDialect, type ReadFile } from './dialect.js';
import { Draft } from './draft.js';
import {
  AND,
  EQUAL,
  type Expression,
  GREATER_EQUAL,
  LESS,
  NO,
  NOT,
  OR,
  RANGE,
  type SymbolId,
  UNEQUAL,
} from './expression.js';
import { finalize } from './finalize.js';
import { ASSIGN_APPEND, ASSIGN_SIMPLE, CLOSE, END, KEYWORD, Lexer, LINE_END, OPEN, QUOTED, WORD } from './lex.js';
import { Macros, type Probe, Refusal } from './macro.js';
import { Simplifier } from './simplify.js';
import { BOOLEAN, HEX, INT, STRING, TRISTATE } from './symbol.js';
import {
  ALLNOCONFIG_Y,
  COMMENT,
  CONSTANT,
  DEFAULT,
  IMPLY,
  type KconfigTree,
  MEMBER,
  MENU,
  NO_WRITE,
  NODE_CHOICE,
  NODE_COMMENT,
  NODE_CONFIG,
  NODE_IF,
  NODE_MENU,
  NODE_MENUCONFIG,
  type NodeId,
  OPTIONAL,
  PROMPT,
  RANGE_PROPERTY,
  SELECT,
  TRANSITIONAL,
} from './tree.js';

export interface ParseInput {
  /**
   * Reads a file by the name a Kconfig file uses, relative to the top of the tree. Text is passed through untouched:
   * read and write as latin1 to keep bytes that are not UTF-8.
   */
  readonly readFile: ReadFile;
  /** Environment as kbuild sets it: ARCH, SRCARCH, srctree, CC, LD, KERNELVERSION, ... */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Answers `$(shell,...)`; absent means that nothing may be run: every question about a tool is answered no. */
  readonly probe?: Probe;
  /** Asked for from the tree when absent. */
  readonly dialect?: Dialect;
  /** The top file; `Kconfig` when absent. */
  readonly root?: string;
}

const MAX_TERMS = 4000;
const MAX_NESTING = 200;
/** Findings after which reading stops. */
const MAX_ERRORS = 50;

/** Reads, finalises and checks a Kconfig tree. */
export function parseTree(input: ParseInput): Outcome<KconfigTree> {
  let dialect = input.dialect;
  if (!dialect) {
    const detected = detectDialect(input.readFile);
    if (!detected.value) return { diagnostics: detected.diagnostics };
    dialect = detected.value;
  }
  const draft = new Draft(dialect);
  const macros = new Macros(input.environment, input.probe);
  const lexer = new Lexer(input.readFile, macros, dialect);
  const parser = new Parser(draft, lexer, macros);
  const collected = () => [...draft.diagnostics, ...lexer.diagnostics, ...macros.diagnostics];
  try {
    parser.read(input.root ?? 'Kconfig');
    if (hasErrors(collected())) return { diagnostics: collected() };
    finalize(draft);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { diagnostics: [...collected(), error.diagnostic] };
  }
  // Files that only assign variables have no entries and are read all the same.
  for (const file of lexer.files.keys()) draft.fileId(file);
  const diagnostics: Diagnostic[] = collected();
  if (hasErrors(diagnostics)) return { diagnostics };
  return { value: draft.freeze(macros.environmentRead, macros.probes), diagnostics };
}

/**
 * The probes that reading the tree asks for and `probe` does not answer. Answers lead to further questions, so ask
 * again until there are none.
 */
export function unansweredProbes(input: ParseInput & { readonly probe: Probe }): string[] {
  const dialect = input.dialect ?? detectDialect(input.readFile).value;
  if (!dialect) return [];
  const macros = new Macros(input.environment, input.probe);
  const lexer = new Lexer(input.readFile, macros, dialect);
  try {
    new Parser(new Draft(dialect), lexer, macros).read(input.root ?? 'Kconfig');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return [...macros.probes].flatMap(([command, answer]) => (answer === undefined ? [command] : []));
}

/** A statement that is not understood; the rest of its line is skipped. */
class SyntaxProblem extends Error {}

interface Block {
  readonly keyword: 'if' | 'menu' | 'choice';
  readonly node: NodeId;
  readonly inChoice: boolean;
  readonly file: string;
}

const END_OF: Readonly<Record<string, Block['keyword']>> = { endif: 'if', endmenu: 'menu', endchoice: 'choice' };
/** Statements that cannot stand inside a choice. */
const NOT_IN_CHOICE = new Set(['menuconfig', 'menu', 'choice', 'source']);
const TYPES: Readonly<Record<string, number>> = {
  bool: BOOLEAN,
  tristate: TRISTATE,
  int: INT,
  hex: HEX,
  string: STRING,
};

class Parser {
  readonly #draft: Draft;
  readonly #lexer: Lexer;
  readonly #macros: Macros;
  readonly #simplifier: Simplifier;
  readonly #blocks: Block[] = [];
  readonly #helped = new Set<NodeId>();
  #menu: NodeId = 0;
  #entry: NodeId = 0;
  /** The node the next one follows, as its sibling or as its first child. */
  #previous: NodeId = 0;
  #descends = true;
  /** Symbol of the choice being read, or -1. */
  #choice: SymbolId = -1;
  #terms = 0;
  #errors = 0;

  constructor(draft: Draft, lexer: Lexer, macros: Macros) {
    this.#draft = draft;
    this.#lexer = lexer;
    this.#macros = macros;
    this.#simplifier = new Simplifier(
      draft.expressions,
      {
        type: (symbol) => draft.symbols.type[symbol] as number,
        isConstant: (symbol) => ((draft.symbols.flags[symbol] as number) & CONSTANT) !== 0,
        comparedWithM: () => {},
      },
      draft.dialect,
    );
  }

  read(root: string): void {
    const lexer = this.#lexer;
    lexer.enter(root);
    lexer.nextStatement();
    if (lexer.kind === KEYWORD && lexer.value === 'mainmenu') {
      this.#guard(() => {
        const text = this.#quotedText();
        this.#expectLineEnd();
        this.#draft.addPrompt(MENU, 0, text, 0, this.#fileId(), lexer.statementLine);
      });
      lexer.nextStatement();
    }
    while (lexer.kind !== END) this.#guard(() => this.#statement());
    const open = this.#blocks.pop();
    if (open)
      this.#draft.diagnostics.push(
        report('kconfig/syntax', {
          message: `missing 'end${open.keyword}' for this entry`,
          span: this.#draft.nodeSpan(open.node),
        }),
      );
    if (this.#draft.nodes.prompt[0] === 0) this.#draft.addPrompt(MENU, 0, 'Main menu', 0, this.#fileId(), 0);
  }

  /** Runs a step; when it does not understand its line, reports that and moves to the next statement. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (problem) {
      if (!(problem instanceof SyntaxProblem)) throw problem;
      this.#error(problem.message);
      this.#lexer.skipLine();
      this.#lexer.nextStatement();
    }
  }

  #error(message: string, fix?: string): void {
    const diagnostic = report('kconfig/syntax', { message, span: this.#lexer.span(), ...(fix ? { fix } : {}) });
    if (++this.#errors > MAX_ERRORS) throw new Refusal(diagnostic);
    this.#draft.diagnostics.push(diagnostic);
  }

  #fileId(): number {
    return this.#draft.fileId(this.#lexer.file);
  }

  #inChoice(): boolean {
    return this.#blocks.at(-1)?.inChoice ?? false;
  }

  /** Reads one statement with its options; leaves the lexer at the first token of the next. */
  #statement(): void {
    const lexer = this.#lexer;
    const inChoice = this.#inChoice();
    if (lexer.kind === WORD) {
      if (inChoice) throw new SyntaxProblem(`'${lexer.value}' does not belong into a choice`);
      this.#assignment();
      return;
    }
    if (lexer.kind !== KEYWORD) throw new SyntaxProblem('invalid statement');
    const keyword = lexer.value;
    if (inChoice && NOT_IN_CHOICE.has(keyword)) throw new SyntaxProblem(`'${keyword}' does not belong into a choice`);
    switch (keyword) {
      case 'config':
        this.#config(NODE_CONFIG);
        break;
      case 'menuconfig':
        this.#config(NODE_MENUCONFIG);
        break;
      case 'comment':
        this.#comment();
        break;
      case 'if':
        this.#if(inChoice);
        break;
      case 'menu':
        this.#menuStatement();
        break;
      case 'choice':
        this.#choiceStatement();
        break;
      case 'source':
        this.#source();
        break;
      default:
        if (END_OF[keyword] === undefined) throw new SyntaxProblem(`'${keyword}' is not expected here`);
        this.#end(keyword);
    }
  }

  #assignment(): void {
    const lexer = this.#lexer;
    const name = lexer.value;
    const afterHelp = lexer.afterHelp;
    lexer.next();
    const operator =
      lexer.kind === EQUAL
        ? '='
        : lexer.kind === ASSIGN_SIMPLE
          ? ':='
          : lexer.kind === ASSIGN_APPEND
            ? '+='
            : undefined;
    if (operator === undefined || afterHelp) {
      const near = suggest(name, this.#draft.dialect.keywords, 1)[0];
      this.#error(`unknown statement "${name}"`, near ? `Did you mean '${near}'?` : undefined);
      lexer.skipLine();
      lexer.nextStatement();
      return;
    }
    const at = { file: lexer.file, line: lexer.line };
    const value = lexer.restOfLine();
    this.#expectLineEnd();
    this.#macros.assign(name, operator, value, at);
    lexer.nextStatement();
  }

  #source(): void {
    const name = this.#quotedText();
    this.#expectLineEnd();
    this.#lexer.enter(name);
    this.#lexer.nextStatement();
  }

  #if(inChoice: boolean): void {
    this.#lexer.next();
    const condition = this.#expression();
    this.#expectLineEnd();
    this.#addEntry(NODE_IF, -1);
    this.#addDependency(condition);
    this.#open('if', inChoice);
    this.#lexer.nextStatement();
  }

  #menuStatement(): void {
    const text = this.#quotedText();
    this.#expectLineEnd();
    this.#addEntry(NODE_MENU, -1);
    this.#addPrompt(MENU, text, 0);
    this.#options((option) => {
      if (option === 'depends') return this.#depends();
      if (option !== 'visible') return false;
      this.#lexer.next();
      const condition = this.#condition();
      this.#expectLineEnd();
      const { visibility } = this.#draft.nodes;
      visibility[this.#entry] = this.#draft.expressions.and(visibility[this.#entry] as number, condition);
      return true;
    });
    this.#open('menu', false);
  }

  #comment(): void {
    const text = this.#quotedText();
    this.#expectLineEnd();
    this.#addEntry(NODE_COMMENT, -1);
    this.#addPrompt(COMMENT, text, 0);
    this.#options((option) => option === 'depends' && this.#depends());
  }

  #choiceStatement(): void {
    const draft = this.#draft;
    const { dialect } = draft;
    const lexer = this.#lexer;
    lexer.next();
    let name = '';
    if (dialect.choices === 'symbol' && lexer.kind === WORD) {
      name = lexer.value;
      lexer.next();
    }
    this.#expectLineEnd();
    const symbol = draft.choice(name);
    this.#addEntry(NODE_CHOICE, symbol);
    const node = this.#entry;
    if (!draft.choices.has(symbol)) draft.choices.set(symbol, { node, members: [] });
    if (dialect.choices === 'menu') draft.setType(node, BOOLEAN);
    else draft.symbols.flags[symbol] = (draft.symbols.flags[symbol] as number) | NO_WRITE;
    this.#options((option) => this.#choiceOption(option, symbol));
    if (dialect.choices === 'menu' && draft.nodes.prompt[node] === 0)
      this.#choiceError(node, 'choice must have a prompt');
    this.#open('choice', true);
    this.#choice = symbol;
  }

  #choiceOption(option: string, symbol: SymbolId): boolean {
    const { dialect, symbols } = this.#draft;
    const type = TYPES[option];
    switch (option) {
      case 'depends':
        return this.#depends();
      case 'help':
        return this.#help();
      case 'prompt':
        return this.#promptOption();
      case 'default': {
        this.#lexer.next();
        const value = this.#bareSymbol();
        const condition = this.#optionalCondition();
        this.#expectLineEnd();
        this.#addProperty(DEFAULT, this.#draft.expressions.symbol(value), condition);
        return true;
      }
      case 'optional':
        this.#lexer.next();
        this.#expectLineEnd();
        symbols.flags[symbol] = (symbols.flags[symbol] as number) | OPTIONAL;
        return true;
      default:
        if (!dialect.typedChoice || type === undefined || (type !== BOOLEAN && type !== TRISTATE)) return false;
        if (dialect.choices === 'menu') return type === BOOLEAN && this.#promptOption();
        return this.#typeOption(type);
    }
  }

  #choiceError(node: NodeId, message: string): void {
    this.#draft.diagnostics.push(report('kconfig/choice', { message, span: this.#draft.nodeSpan(node) }));
  }

  #config(kind: typeof NODE_CONFIG | typeof NODE_MENUCONFIG): void {
    const draft = this.#draft;
    this.#lexer.next();
    const symbol = this.#bareSymbol();
    this.#expectLineEnd();
    this.#addEntry(kind, symbol);
    const node = this.#entry;
    // Only unnamed choices may have to be set; in the old rules everything else is optional.
    draft.symbols.flags[symbol] = (draft.symbols.flags[symbol] as number) | OPTIONAL;
    this.#options((option) => this.#configOption(option, symbol));
    const prompt = draft.nodes.prompt[node] as number;
    if (kind === NODE_MENUCONFIG) {
      if (prompt !== 0) draft.properties.kind[prompt] = MENU;
      else if (draft.dialect.strictEntries) this.#error('menuconfig statement without prompt');
      else this.#lexer.warn('menuconfig statement without prompt', this.#lexer.statementLine, 'kconfig/statement');
      return;
    }
    if (this.#choice < 0 || draft.dialect.choices !== 'menu') return;
    if (prompt === 0) this.#choiceError(node, 'choice member must have a prompt');
    if (draft.symbols.type[symbol] !== BOOLEAN) this.#choiceError(node, 'choice member must be bool');
    if (((draft.symbols.flags[symbol] as number) & MEMBER) !== 0) return;
    draft.symbols.flags[symbol] = (draft.symbols.flags[symbol] as number) | MEMBER;
    draft.choices.get(this.#choice)?.members.push(symbol);
  }

  #configOption(option: string, symbol: SymbolId): boolean {
    const { expressions, symbols } = this.#draft;
    const lexer = this.#lexer;
    switch (option) {
      case 'depends':
        return this.#depends();
      case 'help':
        return this.#help();
      case 'prompt':
        return this.#promptOption();
      case 'default':
      case 'def_bool':
      case 'def_tristate': {
        lexer.next();
        const value = this.#expression();
        const condition = this.#optionalCondition();
        this.#expectLineEnd();
        this.#addProperty(DEFAULT, value, condition);
        if (option !== 'default') this.#draft.setType(this.#entry, option === 'def_bool' ? BOOLEAN : TRISTATE);
        return true;
      }
      case 'select':
      case 'imply': {
        lexer.next();
        const target = this.#bareSymbol();
        const condition = this.#optionalCondition();
        this.#expectLineEnd();
        this.#addProperty(option === 'select' ? SELECT : IMPLY, expressions.symbol(target), condition);
        return true;
      }
      case 'range': {
        lexer.next();
        const low = this.#anySymbol();
        const high = this.#anySymbol();
        const condition = this.#optionalCondition();
        this.#expectLineEnd();
        this.#addProperty(RANGE_PROPERTY, expressions.intern(RANGE, low, high), condition);
        return true;
      }
      case 'option':
        lexer.next();
        this.#specialOption(symbol);
        return true;
      case 'modules':
        if (this.#draft.dialect.optionSyntax) return false;
        this.#specialOption(symbol);
        return true;
      case 'transitional':
        lexer.next();
        this.#expectLineEnd();
        symbols.flags[symbol] = (symbols.flags[symbol] as number) | TRANSITIONAL;
        return true;
      default: {
        const type = TYPES[option];
        return type !== undefined && this.#typeOption(type);
      }
    }
  }

  /** `modules`, `defconfig_list` and `allnoconfig_y`, with or without `option` before them. */
  #specialOption(symbol: SymbolId): void {
    const draft = this.#draft;
    const option = this.#lexer.kind === KEYWORD ? this.#lexer.value : '';
    const set = (flag: number) => {
      draft.symbols.flags[symbol] = (draft.symbols.flags[symbol] as number) | flag;
    };
    this.#lexer.next();
    this.#expectLineEnd();
    switch (option) {
      case 'modules':
        if (draft.modules >= 0)
          this.#error(
            `symbol '${draft.nameOf(symbol)}' redefines option 'modules' already defined by symbol '${draft.nameOf(draft.modules)}'`,
          );
        draft.modules = symbol;
        return;
      case 'defconfig_list':
        if (draft.defconfigList >= 0 && draft.defconfigList !== symbol)
          this.#error('trying to redefine defconfig symbol');
        if (draft.defconfigList < 0) draft.defconfigList = symbol;
        draft.symbols.flags[draft.defconfigList] = (draft.symbols.flags[draft.defconfigList] as number) | NO_WRITE;
        return;
      case 'allnoconfig_y':
        set(ALLNOCONFIG_Y);
        return;
      default:
        this.#error('unknown option');
    }
  }

  #typeOption(type: number): boolean {
    const lexer = this.#lexer;
    lexer.next();
    if (lexer.kind === QUOTED) {
      const text = lexer.value;
      lexer.next();
      const condition = this.#optionalCondition();
      this.#expectLineEnd();
      this.#addPrompt(PROMPT, text, condition);
    } else this.#expectLineEnd();
    this.#draft.setType(this.#entry, type);
    return true;
  }

  #promptOption(): boolean {
    const text = this.#quotedText();
    const condition = this.#optionalCondition();
    this.#expectLineEnd();
    this.#addPrompt(PROMPT, text, condition);
    return true;
  }

  #depends(): boolean {
    const lexer = this.#lexer;
    lexer.next();
    if (lexer.kind !== KEYWORD || lexer.value !== 'on') throw new SyntaxProblem("'depends' must be followed by 'on'");
    lexer.next();
    const dependency = this.#expression();
    const condition = this.#draft.dialect.conditionalDepends ? this.#optionalCondition() : 0;
    this.#expectLineEnd();
    // "X if Y" holds where Y is n.
    this.#addDependency(
      condition === 0
        ? dependency
        : this.#draft.expressions.or(dependency, this.#simplifier.compareWith(condition, EQUAL, NO)),
    );
    return true;
  }

  #help(): boolean {
    const lexer = this.#lexer;
    const draft = this.#draft;
    lexer.next();
    this.#expectLineEnd();
    const found = lexer.help();
    const name = draft.nameOf(draft.nodes.symbol[this.#entry] as number);
    const complain = (message: string, suffix: string) => {
      if (draft.dialect.strictEntries)
        draft.diagnostics.push(report('kconfig/syntax', { message, span: lexer.span(lexer.line) }));
      else lexer.warn(`${message}${suffix}`, lexer.line, 'kconfig/statement');
    };
    if (this.#helped.has(this.#entry))
      complain(`'${name}' defined with more than one help text`, ' -- only the last one will be used');
    if (!found) complain(`'${name}' defined with blank help text`, '');
    this.#helped.add(this.#entry);
    return true;
  }

  /** Reads the option lines of the current entry; leaves the lexer at the statement behind them. */
  #options(option: (keyword: string) => boolean): void {
    const lexer = this.#lexer;
    for (;;) {
      lexer.nextStatement();
      if (lexer.kind !== KEYWORD) return;
      try {
        if (!option(lexer.value)) return;
      } catch (problem) {
        if (!(problem instanceof SyntaxProblem)) throw problem;
        this.#error(problem.message);
        lexer.skipLine();
      }
    }
  }

  #open(keyword: Block['keyword'], inChoice: boolean): void {
    this.#previous = this.#entry;
    this.#descends = true;
    this.#menu = this.#entry;
    this.#blocks.push({ keyword, node: this.#entry, inChoice, file: this.#lexer.file });
    if (this.#blocks.length > MAX_NESTING)
      throw new Refusal(
        report('kconfig/limit', { message: `blocks nest more than ${MAX_NESTING} deep`, span: this.#lexer.span() }),
      );
  }

  #end(keyword: string): void {
    const lexer = this.#lexer;
    lexer.next();
    this.#expectLineEnd();
    const block = this.#blocks.at(-1);
    if (!block) throw new SyntaxProblem(`unexpected '${keyword}'`);
    if (block.keyword === 'choice') this.#choice = -1;
    const draft = this.#draft;
    const file = draft.files[draft.nodes.file[block.node] as number] as string;
    if (END_OF[keyword] !== block.keyword)
      this.#error(`unexpected '${keyword}' within ${block.keyword} block`, `Write 'end${block.keyword}' first.`);
    else if (file !== lexer.file) this.#error(`'${keyword}' in different file than '${block.keyword}'`);
    this.#blocks.pop();
    this.#previous = this.#menu;
    this.#descends = false;
    this.#menu = draft.nodes.parent[this.#menu] as number;
    lexer.nextStatement();
  }

  #addEntry(kind: number, symbol: SymbolId): void {
    const { nodes } = this.#draft;
    const node = this.#draft.addNode(kind, symbol, this.#menu, this.#fileId(), this.#lexer.statementLine);
    if (this.#descends) nodes.firstChild[this.#previous] = node;
    else nodes.next[this.#previous] = node;
    this.#previous = node;
    this.#descends = false;
    this.#entry = node;
  }

  #addProperty(kind: number, value: Expression, condition: Expression): void {
    const place = { file: this.#fileId(), line: this.#lexer.statementLine };
    this.#draft.addProperty(kind, this.#entry, { value, condition, ...place });
  }

  #addPrompt(kind: number, text: string, condition: Expression): void {
    this.#draft.addPrompt(kind, this.#entry, text, condition, this.#fileId(), this.#lexer.statementLine);
  }

  #addDependency(dependency: Expression): void {
    const { nodes, expressions } = this.#draft;
    nodes.dependency[this.#entry] = expressions.and(nodes.dependency[this.#entry] as number, dependency);
  }

  #quotedText(): string {
    const lexer = this.#lexer;
    lexer.next();
    if (lexer.kind !== QUOTED) throw new SyntaxProblem('a text in quotes is expected here');
    const text = lexer.value;
    lexer.next();
    return text;
  }

  #expectLineEnd(): void {
    const lexer = this.#lexer;
    if (lexer.kind === LINE_END) return;
    if (lexer.kind === END) throw new SyntaxProblem('the last line does not end');
    const what = lexer.kind === WORD || lexer.kind === KEYWORD ? `'${lexer.value}'` : 'this';
    throw new SyntaxProblem(`${what} is not expected at the end of the statement`);
  }

  #bareSymbol(): SymbolId {
    const lexer = this.#lexer;
    if (lexer.kind !== WORD) throw new SyntaxProblem('the name of a symbol is expected here');
    const symbol = this.#draft.symbol(lexer.value);
    lexer.next();
    return symbol;
  }

  #anySymbol(): SymbolId {
    const lexer = this.#lexer;
    if (lexer.kind !== QUOTED) return this.#bareSymbol();
    const symbol = this.#draft.constant(lexer.value);
    lexer.next();
    return symbol;
  }

  /** `if EXPRESSION`, or nothing. */
  #optionalCondition(): Expression {
    return this.#lexer.kind === LINE_END ? 0 : this.#condition();
  }

  #condition(): Expression {
    const lexer = this.#lexer;
    if (lexer.kind === LINE_END) return 0;
    if (lexer.kind !== KEYWORD || lexer.value !== 'if') throw new SyntaxProblem("only 'if' can follow here");
    lexer.next();
    return this.#expression();
  }

  #expression(): Expression {
    this.#terms = 0;
    return this.#or(0);
  }

  #or(depth: number): Expression {
    let left = this.#and(depth);
    while (this.#lexer.kind === OR) {
      this.#lexer.next();
      left = this.#draft.expressions.intern(OR, left, this.#and(depth));
    }
    return left;
  }

  #and(depth: number): Expression {
    let left = this.#term(depth);
    while (this.#lexer.kind === AND) {
      this.#lexer.next();
      left = this.#draft.expressions.intern(AND, left, this.#term(depth));
    }
    return left;
  }

  #term(depth: number): Expression {
    const lexer = this.#lexer;
    const { expressions } = this.#draft;
    if (++this.#terms > MAX_TERMS || depth > MAX_NESTING)
      throw new SyntaxProblem(`the expression has more than ${MAX_TERMS} terms or nests more than ${MAX_NESTING} deep`);
    if (lexer.kind === NOT) {
      lexer.next();
      return expressions.not(this.#term(depth + 1));
    }
    if (lexer.kind === OPEN) {
      lexer.next();
      const inner = this.#or(depth + 1);
      if ((lexer.kind as number) !== CLOSE) throw new SyntaxProblem("')' is missing");
      lexer.next();
      return inner;
    }
    const left = this.#anySymbol();
    const operator = lexer.kind;
    if (operator !== EQUAL && operator !== UNEQUAL && !(operator >= LESS && operator <= GREATER_EQUAL))
      return expressions.symbol(left);
    lexer.next();
    return expressions.compare(operator, left, this.#anySymbol());
  }
}
