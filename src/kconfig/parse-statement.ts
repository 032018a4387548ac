/** The grammar: statements and their options, from the lexer's tokens to nodes, symbols and properties of the draft. */
import { suggest } from '../source/suggest.js';
import { report } from './codes.js';
import type { Draft, KeptText } from './draft.js';
import { EQUAL, type Expression, NO, RANGE, type SymbolId } from './expression.js';
import { ASSIGN_APPEND, ASSIGN_SIMPLE, END, KEYWORD, type Lexer, QUOTED, WORD } from './lex.js';
import { type Macros, Refusal } from './macro.js';
import { ExpressionParser, MAX_NESTING, SyntaxProblem } from './parse-expression.js';
import { Simplifier } from './simplify.js';
import { BOOLEAN, HEX, INT, STRING, TRISTATE } from './symbol.js';
import {
  ALLNOCONFIG_Y,
  COMMENT,
  CONSTANT,
  DEFAULT,
  IMPLY,
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
  PROBED,
  PROMPT,
  RANGE_PROPERTY,
  SELECT,
  TRANSITIONAL,
} from './tree.js';
import type { Keyword } from './words.js';

/** Findings after which reading stops. */
const MAX_ERRORS = 50;

interface Block {
  readonly keyword: 'if' | 'menu' | 'choice';
  readonly node: NodeId;
  readonly inChoice: boolean;
  readonly file: string;
  /** Whether it, or a block around it, depends on the answer of a probe. */
  probed: boolean;
}

const END_OF = { endif: 'if', endmenu: 'menu', endchoice: 'choice' } as const;
/** Statements that cannot stand inside a choice. */
const NOT_IN_CHOICE: ReadonlySet<Keyword> = new Set(['menuconfig', 'menu', 'choice', 'source'] as const);

/** Reads the statements of a tree's files, one after the other, into a draft. */
export class Parser {
  private readonly draft: Draft;
  private readonly lexer: Lexer;
  private readonly macros: Macros;
  private readonly simplifier: Simplifier;
  private readonly expressions: ExpressionParser;
  private readonly blocks: Block[] = [];
  /** Whether the current entry has a help text. */
  private helped = false;
  private menu: NodeId = 0;
  private entry: NodeId = 0;
  /** The node the next one follows, as its sibling or as its first child. */
  private previous: NodeId = 0;
  private descends = true;
  /** Symbol of the choice being read, or -1. */
  private choice: SymbolId = -1;
  private errors = 0;
  /** What {@link Macros.probesUsed} was at the end of the last statement. */
  private probesUsed = 0;

  constructor(draft: Draft, lexer: Lexer, macros: Macros) {
    this.draft = draft;
    draft.files = lexer.fileNames;
    this.lexer = lexer;
    this.macros = macros;
    this.expressions = new ExpressionParser(draft, lexer);
    this.simplifier = new Simplifier(
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
    const lexer = this.lexer;
    lexer.enter(root);
    lexer.nextStatement();
    if (lexer.keyword === 'mainmenu') {
      this.guard(() => {
        const text = this.prompt();
        this.expressions.lineEnd();
        this.draft.addPrompt(MENU, 0, text, 0, this.lexer.fileIndex, lexer.statementLine);
      });
      lexer.nextStatement();
    }
    const statement = () => this.statement();
    while (lexer.kind !== END) this.guard(statement);
    const open = this.blocks.pop();
    if (open)
      this.draft.diagnostics.push(
        report('kconfig/syntax', {
          message: `missing 'end${open.keyword}' for this entry`,
          span: this.draft.nodeSpan(open.node),
        }),
      );
    if (this.draft.nodes.prompt[0] === 0) {
      const text = Buffer.from('Main menu');
      this.draft.addPrompt(MENU, 0, this.draft.keepText(text, 0, text.length), 0, this.lexer.fileIndex, 0);
    }
  }

  /** Runs a step; when it does not understand its line, reports that and moves to the next statement. */
  private guard(step: () => void): void {
    try {
      step();
    } catch (problem) {
      if (!(problem instanceof SyntaxProblem)) throw problem;
      this.error(problem.message);
      this.lexer.skipLine();
      this.lexer.nextStatement();
    }
  }

  private error(message: string, fix?: string): void {
    const diagnostic = report('kconfig/syntax', { message, span: this.lexer.span(), ...(fix ? { fix } : {}) });
    if (++this.errors > MAX_ERRORS) throw new Refusal(diagnostic);
    this.draft.diagnostics.push(diagnostic);
  }

  private inChoice(): boolean {
    return this.blocks.at(-1)?.inChoice ?? false;
  }

  /** Reads one statement with its options; leaves the lexer at the first token of the next. */
  private statement(): void {
    const lexer = this.lexer;
    const inChoice = this.inChoice();
    if (lexer.kind === WORD) {
      if (inChoice) throw new SyntaxProblem(`'${lexer.value}' is not allowed in a choice`);
      this.assignment();
      return;
    }
    if (lexer.kind !== KEYWORD) throw new SyntaxProblem('invalid statement');
    const keyword = lexer.keyword as Keyword;
    if (inChoice && NOT_IN_CHOICE.has(keyword)) throw new SyntaxProblem(`'${keyword}' is not allowed in a choice`);
    switch (keyword) {
      case 'config':
        this.config(NODE_CONFIG);
        this.noteProbes(true);
        return;
      case 'menuconfig':
        this.config(NODE_MENUCONFIG);
        this.noteProbes(true);
        return;
      case 'comment':
        this.comment();
        break;
      case 'if':
        this.if(inChoice);
        this.noteProbes(false);
        return;
      case 'menu':
        this.menuStatement();
        this.noteProbes(false);
        return;
      case 'choice':
        this.choiceStatement();
        this.noteProbes(false);
        return;
      case 'source':
        this.source();
        break;
      case 'endif':
      case 'endmenu':
      case 'endchoice':
        this.end(keyword);
        break;
      default:
        throw new SyntaxProblem(`'${keyword}' is not expected here`);
    }
    this.probesUsed = this.macros.probesUsed;
  }

  /** At the end of a statement: what it defines, or encloses, depends on the probes that were used in it. */
  private noteProbes(definesSymbol: boolean): void {
    const block = this.blocks.at(-1);
    const used = this.macros.probesUsed > this.probesUsed;
    this.probesUsed = this.macros.probesUsed;
    if (definesSymbol) {
      if (!used && !block?.probed) return;
      const { symbols, nodes } = this.draft;
      const symbol = nodes.symbol[this.entry] as number;
      symbols.flags[symbol] = (symbols.flags[symbol] as number) | PROBED;
    } else if (used && block) block.probed = true;
  }

  private assignment(): void {
    const lexer = this.lexer;
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
      const near = suggest(name, this.draft.dialect.keywords, 1)[0];
      this.error(`unknown statement "${name}"`, near ? `did you mean '${near}'?` : undefined);
      lexer.skipLine();
      lexer.nextStatement();
      return;
    }
    const at = { file: lexer.file, line: lexer.line };
    const value = lexer.restOfLine();
    this.expressions.lineEnd();
    this.macros.assign(name, operator, value, at);
    lexer.nextStatement();
  }

  private source(): void {
    const name = this.quotedText();
    this.expressions.lineEnd();
    this.lexer.enter(name);
    this.lexer.nextStatement();
  }

  private if(inChoice: boolean): void {
    this.lexer.next();
    const condition = this.expressions.expression();
    this.expressions.lineEnd();
    this.addEntry(NODE_IF, -1);
    this.addDependency(condition);
    this.open('if', inChoice);
    this.lexer.nextStatement();
  }

  private menuStatement(): void {
    const text = this.prompt();
    this.expressions.lineEnd();
    this.addEntry(NODE_MENU, -1);
    this.addPrompt(MENU, text, 0);
    this.options(NODE_MENU, -1);
    this.open('menu', false);
  }

  private comment(): void {
    const text = this.prompt();
    this.expressions.lineEnd();
    this.addEntry(NODE_COMMENT, -1);
    this.addPrompt(COMMENT, text, 0);
    this.options(NODE_COMMENT, -1);
  }

  private choiceStatement(): void {
    const draft = this.draft;
    const { dialect } = draft;
    const lexer = this.lexer;
    lexer.next();
    let name = '';
    if (dialect.choices === 'symbol' && lexer.kind === WORD) {
      name = lexer.value;
      lexer.next();
    }
    this.expressions.lineEnd();
    const symbol = draft.choice(name);
    this.addEntry(NODE_CHOICE, symbol);
    const node = this.entry;
    if (!draft.choices.has(symbol)) draft.choices.set(symbol, { node, members: [] });
    if (dialect.choices === 'menu') draft.setType(node, BOOLEAN);
    else draft.symbols.flags[symbol] = (draft.symbols.flags[symbol] as number) | NO_WRITE;
    this.options(NODE_CHOICE, symbol);
    if (dialect.choices === 'menu' && draft.nodes.prompt[node] === 0)
      this.choiceError(node, 'choice must have a prompt');
    this.open('choice', true);
    this.choice = symbol;
  }

  private choiceOption(option: Keyword, symbol: SymbolId): boolean {
    const { dialect, symbols } = this.draft;
    switch (option) {
      case 'help':
        return this.help();
      case 'prompt':
        return this.promptOption();
      case 'default': {
        this.lexer.next();
        const value = this.expressions.symbol();
        const condition = this.expressions.conditionToLineEnd();
        this.addProperty(DEFAULT, this.draft.expressions.symbol(value), condition);
        return true;
      }
      case 'optional':
        this.lexer.next();
        this.expressions.lineEnd();
        symbols.flags[symbol] = (symbols.flags[symbol] as number) | OPTIONAL;
        return true;
      case 'bool':
        if (!dialect.typedChoice) return false;
        return dialect.choices === 'menu' ? this.promptOption() : this.typeOption(BOOLEAN);
      case 'tristate':
        return dialect.typedChoice && dialect.choices === 'symbol' && this.typeOption(TRISTATE);
      default:
        return false;
    }
  }

  private choiceError(node: NodeId, message: string): void {
    this.draft.diagnostics.push(report('kconfig/choice', { message, span: this.draft.nodeSpan(node) }));
  }

  private config(kind: typeof NODE_CONFIG | typeof NODE_MENUCONFIG): void {
    const draft = this.draft;
    this.lexer.next();
    const symbol = this.expressions.symbol();
    this.expressions.lineEnd();
    this.addEntry(kind, symbol);
    const node = this.entry;
    // Only unnamed choices may have to be set; in the old rules everything else is optional.
    draft.symbols.flags[symbol] = (draft.symbols.flags[symbol] as number) | OPTIONAL;
    this.options(kind, symbol);
    const prompt = draft.nodes.prompt[node] as number;
    if (kind === NODE_MENUCONFIG) {
      if (prompt !== 0) draft.properties.kind[prompt] = MENU;
      else if (draft.dialect.strictEntries) this.error('menuconfig statement without prompt');
      else this.lexer.warn('menuconfig statement without prompt', this.lexer.statementLine, 'kconfig/statement');
      return;
    }
    if (this.choice < 0 || draft.dialect.choices !== 'menu') return;
    if (prompt === 0) this.choiceError(node, 'choice member must have a prompt');
    if (draft.symbols.type[symbol] !== BOOLEAN) this.choiceError(node, 'choice member must be bool');
    if (((draft.symbols.flags[symbol] as number) & MEMBER) !== 0) return;
    draft.symbols.flags[symbol] = (draft.symbols.flags[symbol] as number) | MEMBER;
    draft.choices.get(this.choice)?.members.push(symbol);
  }

  private configOption(option: Keyword, symbol: SymbolId): boolean {
    const { expressions, symbols } = this.draft;
    const lexer = this.lexer;
    switch (option) {
      case 'help':
        return this.help();
      case 'tristate':
        return this.typeOption(TRISTATE);
      case 'bool':
        return this.typeOption(BOOLEAN);
      case 'int':
        return this.typeOption(INT);
      case 'hex':
        return this.typeOption(HEX);
      case 'string':
        return this.typeOption(STRING);
      case 'prompt':
        return this.promptOption();
      case 'default':
      case 'def_bool':
      case 'def_tristate': {
        lexer.next();
        const value = this.expressions.expression();
        const condition = this.expressions.conditionToLineEnd();
        this.addProperty(DEFAULT, value, condition);
        if (option !== 'default') this.draft.setType(this.entry, option === 'def_bool' ? BOOLEAN : TRISTATE);
        return true;
      }
      case 'select':
      case 'imply': {
        lexer.next();
        const target = this.expressions.symbol();
        const condition = this.expressions.conditionToLineEnd();
        this.addProperty(option === 'select' ? SELECT : IMPLY, expressions.symbol(target), condition);
        return true;
      }
      case 'range': {
        lexer.next();
        const low = this.expressions.operand();
        const high = this.expressions.operand();
        const condition = this.expressions.conditionToLineEnd();
        this.addProperty(RANGE_PROPERTY, expressions.intern(RANGE, low, high), condition);
        return true;
      }
      case 'option':
        lexer.next();
        this.specialOption(symbol);
        return true;
      case 'modules':
        if (this.draft.dialect.optionSyntax) return false;
        this.specialOption(symbol);
        return true;
      case 'transitional':
        lexer.next();
        this.expressions.lineEnd();
        symbols.flags[symbol] = (symbols.flags[symbol] as number) | TRANSITIONAL;
        return true;
      default:
        return false;
    }
  }

  /** `modules`, `defconfig_list` and `allnoconfig_y`, with or without `option` before them. */
  private specialOption(symbol: SymbolId): void {
    const draft = this.draft;
    const option = this.lexer.keyword;
    const set = (flag: number) => {
      draft.symbols.flags[symbol] = (draft.symbols.flags[symbol] as number) | flag;
    };
    this.lexer.next();
    this.expressions.lineEnd();
    switch (option) {
      case 'modules':
        if (draft.modules >= 0)
          this.error(
            `symbol '${draft.nameOf(symbol)}' redefines option 'modules' already defined by symbol '${draft.nameOf(draft.modules)}'`,
          );
        draft.modules = symbol;
        return;
      case 'defconfig_list':
        if (draft.defconfigList >= 0 && draft.defconfigList !== symbol)
          this.error('trying to redefine defconfig symbol');
        if (draft.defconfigList < 0) draft.defconfigList = symbol;
        draft.symbols.flags[draft.defconfigList] = (draft.symbols.flags[draft.defconfigList] as number) | NO_WRITE;
        return;
      case 'allnoconfig_y':
        set(ALLNOCONFIG_Y);
        return;
      default:
        this.error('unknown option');
    }
  }

  private typeOption(type: number): boolean {
    const lexer = this.lexer;
    lexer.next();
    if (lexer.kind === QUOTED) {
      const text = this.draft.keepText(lexer.quotedBytes, lexer.quotedStart, lexer.quotedEnd);
      lexer.next();
      const condition = this.expressions.conditionToLineEnd();
      this.addPrompt(PROMPT, text, condition);
    } else this.expressions.lineEnd();
    this.draft.setType(this.entry, type);
    return true;
  }

  private promptOption(): boolean {
    const text = this.prompt();
    const condition = this.expressions.conditionToLineEnd();
    this.addPrompt(PROMPT, text, condition);
    return true;
  }

  private depends(): boolean {
    const lexer = this.lexer;
    lexer.next();
    if (lexer.keyword !== 'on') throw new SyntaxProblem("'depends' must be followed by 'on'");
    lexer.next();
    const dependency = this.expressions.expression();
    let condition = 0;
    if (this.draft.dialect.conditionalDepends) condition = this.expressions.conditionToLineEnd();
    else this.expressions.lineEnd();
    // "X if Y" holds where Y is n.
    this.addDependency(
      condition === 0
        ? dependency
        : this.draft.expressions.or(dependency, this.simplifier.compareWith(condition, EQUAL, NO)),
    );
    return true;
  }

  private help(): boolean {
    const lexer = this.lexer;
    const draft = this.draft;
    lexer.next();
    this.expressions.lineEnd();
    const found = lexer.help();
    const complain = (what: string, suffix: string) => {
      const message = `'${draft.nameOf(draft.nodes.symbol[this.entry] as number)}' ${what}`;
      if (draft.dialect.strictEntries)
        draft.diagnostics.push(report('kconfig/syntax', { message, span: lexer.span(lexer.line) }));
      else lexer.warn(`${message}${suffix}`, lexer.line, 'kconfig/statement');
    };
    if (this.helped) complain('defined with more than one help text', ' -- only the last one will be used');
    if (!found) complain('defined with blank help text', '');
    this.helped = true;
    return true;
  }

  /** Reads the option lines of the current entry; leaves the lexer at the statement behind them. */
  private options(kind: number, symbol: SymbolId): void {
    const lexer = this.lexer;
    for (;;) {
      lexer.nextStatement();
      if (lexer.kind !== KEYWORD) return;
      try {
        if (!this.option(kind, lexer.keyword as Keyword, symbol)) return;
      } catch (problem) {
        if (!(problem instanceof SyntaxProblem)) throw problem;
        this.error(problem.message);
        lexer.skipLine();
      }
    }
  }

  /** Reads one option line. @returns false for a keyword that is none of the entry's options */
  private option(kind: number, option: Keyword, symbol: SymbolId): boolean {
    if (option === 'depends') return this.depends();
    if (kind <= NODE_MENUCONFIG) return this.configOption(option, symbol);
    if (kind === NODE_CHOICE) return this.choiceOption(option, symbol);
    if (kind !== NODE_MENU || option !== 'visible') return false;
    this.lexer.next();
    const condition = this.expressions.conditionToLineEnd();
    const { visibility } = this.draft.nodes;
    visibility[this.entry] = this.draft.expressions.and(visibility[this.entry] as number, condition);
    return true;
  }

  private open(keyword: Block['keyword'], inChoice: boolean): void {
    this.previous = this.entry;
    this.descends = true;
    this.menu = this.entry;
    const probed = this.blocks.at(-1)?.probed ?? false;
    this.blocks.push({ keyword, node: this.entry, inChoice, file: this.lexer.file, probed });
    if (this.blocks.length > MAX_NESTING)
      throw new Refusal(
        report('kconfig/limit', { message: `blocks nest more than ${MAX_NESTING} deep`, span: this.lexer.span() }),
      );
  }

  private end(keyword: keyof typeof END_OF): void {
    const lexer = this.lexer;
    lexer.next();
    this.expressions.lineEnd();
    const block = this.blocks.at(-1);
    if (!block) throw new SyntaxProblem(`unexpected '${keyword}'`);
    if (block.keyword === 'choice') this.choice = -1;
    const draft = this.draft;
    if (END_OF[keyword] !== block.keyword)
      this.error(`unexpected '${keyword}' within ${block.keyword} block`, `write 'end${block.keyword}' first`);
    else if (block.file !== lexer.file) this.error(`'${keyword}' in different file than '${block.keyword}'`);
    this.blocks.pop();
    this.previous = this.menu;
    this.descends = false;
    this.menu = draft.nodes.parent[this.menu] as number;
    lexer.nextStatement();
  }

  private addEntry(kind: number, symbol: SymbolId): void {
    const { nodes } = this.draft;
    const node = this.draft.addNode(kind, symbol, this.menu, this.lexer.fileIndex, this.lexer.statementLine);
    if (this.descends) nodes.firstChild[this.previous] = node;
    else nodes.next[this.previous] = node;
    this.previous = node;
    this.descends = false;
    this.entry = node;
    this.helped = false;
  }

  private addProperty(kind: number, value: Expression, condition: Expression): void {
    const { fileIndex, statementLine } = this.lexer;
    this.draft.addProperty(kind, this.entry, this.draft.noText, value, condition, fileIndex, statementLine);
  }

  private addPrompt(kind: number, text: KeptText, condition: Expression): void {
    this.draft.addPrompt(kind, this.entry, text, condition, this.lexer.fileIndex, this.lexer.statementLine);
  }

  private addDependency(dependency: Expression): void {
    const { nodes, expressions } = this.draft;
    nodes.dependency[this.entry] = expressions.and(nodes.dependency[this.entry] as number, dependency);
  }

  /** The quoted text of a prompt. */
  private prompt(): KeptText {
    const { lexer } = this;
    this.expectQuoted();
    const text = this.draft.keepText(lexer.quotedBytes, lexer.quotedStart, lexer.quotedEnd);
    lexer.next();
    return text;
  }

  private expectQuoted(): void {
    this.lexer.next();
    if (this.lexer.kind !== QUOTED) throw new SyntaxProblem('a text in quotes is expected here');
  }

  private quotedText(): string {
    const lexer = this.lexer;
    this.expectQuoted();
    const text = lexer.value;
    lexer.next();
    return text;
  }
}
