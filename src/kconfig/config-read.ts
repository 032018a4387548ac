/** `.config` text to user values, as conf reads it: line by line, the last assignment wins, the rest is reported. */
import type { Diagnostic } from '../diagnostic/index.js';
import { groupOf, moveToFront } from './choice.js';
import { report } from './codes.js';
import type { Configuration } from './evaluate.js';
import { MOD, NO, type SymbolId, type Tristate, YES } from './expression.js';
import { type ConfigLine, forEachLine, unquoteString } from './option-line.js';
import { BOOLEAN, isLogical, isValidText, STRING, TRISTATE, UNKNOWN } from './symbol.js';

export interface ReadOptions {
  /** Name for the positions of findings. */
  readonly file?: string;
  /** Report assignments to symbols the tree does not have; conf does so on request only. */
  readonly warnUnknown?: boolean;
  /** Called for every assignment that is taken. */
  readonly assigned?: (symbol: SymbolId) => void;
}

/** Replaces all user values by those of a configuration. Values are computed when next asked for. */
export function readConfig(config: Configuration, text: string, options: ReadOptions = {}): Diagnostic[] {
  config.reset();
  if (config.tree.dialect.choices === 'symbol')
    for (const { choice } of config.tree.choices) config.userSet[choice] = 1;
  const reader = new Reader(config, options);
  forEachLine(text, config.tree.dialect, (line, number, start, end) => reader.line(line, number, end - start));
  return reader.diagnostics;
}

class Reader {
  readonly diagnostics: Diagnostic[] = [];
  private readonly config: Configuration;
  private readonly options: ReadOptions;
  private lineNumber = 0;
  private length = 0;

  constructor(config: Configuration, options: ReadOptions) {
    this.config = config;
    this.options = options;
  }

  line(line: ConfigLine, number: number, length: number): void {
    this.lineNumber = number;
    this.length = length;
    if (line.kind === 'unexpected') this.unexpected(line.text);
    else this.assignment(line.symbol, line.spelling, line.isUnset);
  }

  private unexpected(text: string): void {
    if (!this.config.tree.dialect.strictConfigLines) {
      if (text.charCodeAt(0) === 13) return;
      this.warn(`unexpected data: ${/^[^\r]*/.exec(text)?.[0]}`);
    } else this.warn(`unexpected data: ${text}`);
  }

  private assignment(name: string, value: string, isComment: boolean): void {
    const config = this.config;
    const { tree } = config;
    const symbol = tree.byName.get(name);
    if (symbol === undefined) {
      if (this.options.warnUnknown)
        this.diagnostics.push(
          report('kconfig/unknown-symbol', { message: `unknown symbol: ${name}`, span: this.span() }),
        );
      config.changed = true;
      return;
    }
    if (config.userSet[symbol] === 1) this.warn(`override: reassigning to symbol ${name}`);
    if (isComment && !tree.dialect.notSetIsAssignment) {
      if (isLogical(tree.symbols.type[symbol] as number)) setTristate(config, symbol, NO);
    } else {
      const problem = setFromText(config, symbol, value);
      if (problem !== undefined) {
        this.warn(problem);
        return;
      }
    }
    this.options.assigned?.(symbol);
    const warning = noteMember(config, symbol);
    if (warning !== undefined) this.warn(warning);
  }

  private warn(message: string): void {
    this.diagnostics.push(report('kconfig/config-line', { message, span: this.span() }));
  }

  private span() {
    const line = this.lineNumber;
    return {
      file: this.options.file ?? '.config',
      line,
      column: 1,
      endLine: line,
      endColumn: this.length + 1,
    };
  }
}

function setTristate(config: Configuration, symbol: SymbolId, value: Tristate): void {
  config.userTristate[symbol] = value;
  config.userSet[symbol] = 1;
}

/**
 * Sets a user value from the right side of a `.config` line.
 * @returns what conf would complain about; undefined when it takes the value or silently ignores it
 */
export function setFromText(config: Configuration, symbol: SymbolId, value: string): string | undefined {
  const { symbols } = config.tree;
  const type = symbols.type[symbol] as number;
  const invalid = () => `symbol value '${value}' invalid for ${symbols.name[symbol]}`;
  if (type === BOOLEAN || type === TRISTATE) {
    const letter = value.charCodeAt(0);
    if (letter === 121) setTristate(config, symbol, YES);
    else if (letter === 110) setTristate(config, symbol, NO);
    else if (letter === 109 && type === TRISTATE) setTristate(config, symbol, MOD);
    else return invalid();
    return undefined;
  }
  if (type === UNKNOWN) return undefined;
  let text = value;
  if (type === STRING) {
    if (value.charCodeAt(0) !== 34) return undefined;
    const unquoted = unquoteString(value);
    if (unquoted === undefined) return 'invalid string found';
    text = unquoted;
  } else if (!isValidText(type, value)) return invalid();
  config.userText[symbol] = text;
  config.userSet[symbol] = 1;
  return undefined;
}

/** Tells the choice of a member that the member was assigned. */
export function noteMember(config: Configuration, symbol: SymbolId): string | undefined {
  const group = (config.tree.symbols.choice[symbol] as number) >= 0 ? groupOf(config, symbol) : undefined;
  if (!group) return undefined;
  if (config.tree.dialect.choices === 'menu') {
    moveToFront(group, symbol);
    return undefined;
  }
  const { choice } = group;
  const before = config.userTristate[choice] as number;
  const value = config.userTristate[symbol] as number;
  const name = config.tree.symbols.name[symbol];
  config.userTristate[choice] = Math.max(before, value);
  if (value === MOD && before === YES) {
    config.userSet[choice] = 0;
    return `${name} creates inconsistent choice state`;
  }
  if (value !== YES) return undefined;
  group.userMember = symbol;
  return before !== NO ? `override: ${name} changes choice state` : undefined;
}
