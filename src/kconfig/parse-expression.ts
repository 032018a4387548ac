/** Expressions and the symbols in them, read from the tokens of a statement. */
import type { Draft } from './draft.js';
import { AND, EQUAL, type Expression, GREATER_EQUAL, LESS, NOT, OR, type SymbolId, UNEQUAL } from './expression.js';
import { CLOSE, END, type Lexer, LINE_END, OPEN, QUOTED, WORD } from './lex.js';
import { KEYWORDS } from './words.js';

const MAX_TERMS = 4000;
/** Of parentheses and negations; also of blocks. */
export const MAX_NESTING = 200;
const IF = KEYWORDS.indexOf('if');

/** A statement that is not understood; the rest of its line is skipped. */
export class SyntaxProblem extends Error {}

/** Each method begins at the current token of the lexer and leaves it behind what it has read. */
export class ExpressionParser {
  private readonly draft: Draft;
  private readonly lexer: Lexer;
  private terms = 0;

  constructor(draft: Draft, lexer: Lexer) {
    this.draft = draft;
    this.lexer = lexer;
  }

  /** The name of a symbol. */
  symbol(): SymbolId {
    const { lexer } = this;
    if (lexer.kind !== WORD) throw new SyntaxProblem('the name of a symbol is expected here');
    const symbol = this.draft.symbol(lexer.word);
    lexer.next();
    return symbol;
  }

  /** The name of a symbol, or a text in quotes. */
  operand(): SymbolId {
    const { lexer } = this;
    if (lexer.kind !== QUOTED) return this.symbol();
    const symbol = this.draft.constant(lexer.value);
    lexer.next();
    return symbol;
  }

  /** `if EXPRESSION`, or nothing; then the end of the line. */
  conditionToLineEnd(): Expression {
    const { lexer } = this;
    let condition = 0;
    if (lexer.kind !== LINE_END) {
      if (lexer.word !== IF || lexer.kind < WORD || lexer.kind === QUOTED)
        throw new SyntaxProblem("only 'if' can follow here");
      lexer.next();
      condition = this.expression();
      this.lineEnd();
    }
    return condition;
  }

  lineEnd(): void {
    const { lexer } = this;
    if (lexer.kind === LINE_END) return;
    if (lexer.kind === END) throw new SyntaxProblem('the last line has no line end');
    const what = lexer.kind >= WORD && lexer.kind !== QUOTED ? `'${lexer.value}'` : 'this';
    throw new SyntaxProblem(`${what} is not expected at the end of the statement`);
  }

  expression(): Expression {
    this.terms = 0;
    return this.or(0);
  }

  private or(depth: number): Expression {
    let left = this.and(depth);
    while (this.lexer.kind === OR) {
      this.lexer.next();
      left = this.draft.expressions.intern(OR, left, this.and(depth));
    }
    return left;
  }

  private and(depth: number): Expression {
    let left = this.term(depth);
    while (this.lexer.kind === AND) {
      this.lexer.next();
      left = this.draft.expressions.intern(AND, left, this.term(depth));
    }
    return left;
  }

  private term(depth: number): Expression {
    const { lexer, draft } = this;
    if (++this.terms > MAX_TERMS || depth > MAX_NESTING)
      throw new SyntaxProblem(`the expression has more than ${MAX_TERMS} terms or nests more than ${MAX_NESTING} deep`);
    if (lexer.kind === NOT) {
      lexer.next();
      return draft.expressions.not(this.term(depth + 1));
    }
    if (lexer.kind === OPEN) {
      lexer.next();
      const inner = this.or(depth + 1);
      if ((lexer.kind as number) !== CLOSE) throw new SyntaxProblem("')' is missing");
      lexer.next();
      return inner;
    }
    const left = this.operand();
    const operator = lexer.kind;
    if (operator !== EQUAL && operator !== UNEQUAL && !(operator >= LESS && operator <= GREATER_EQUAL))
      return draft.expressions.symbol(left);
    lexer.next();
    return draft.expressions.compare(operator, left, this.operand());
  }
}
