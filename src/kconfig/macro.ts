/** The macro language of Kconfig files: `$(name)`, `$(function,arguments)`, `=`, `:=`, `+=`. */
import type { Diagnostic } from '../diagnostic/index.js';
import { report } from './codes.js';

/**
 * Answers what `$(shell,COMMAND)` asks for: the standard output of `sh -c COMMAND` in the build directory; undefined
 * when it is not known. The answer may depend on nothing but the command and the tools on this machine.
 */
export type Probe = (command: string) => string | undefined;

/** Where an expansion happens. */
export interface MacroPosition {
  readonly file: string;
  readonly line: number;
}

/** Stops the reading of a tree; carries the finding that says why. */
export class Refusal extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

interface Variable {
  value: string;
  /** Whether the value holds the answer of a probe. */
  probed: boolean;
  recursive: boolean;
  expanding: number;
}

const MAX_ARGUMENTS = 16;
const MAX_DEPTH = 1000;
const MAX_LENGTH = 1 << 20;
/** Characters an expansion may add up to in one tree; a bound on `$(f,$(f,...))` that doubles its argument. */
const MAX_TOTAL = 1 << 28;

/**
 * What a probe reads as when it may not be run: of two possible words the one that says no, else a zero, which is a
 * valid value for every type.
 */
export function deniedAnswer(command: string): string {
  const branches = /&& echo "([^"]*)" \|\| echo "([^"]*)"\s*$/.exec(command);
  if (!branches) return '0';
  return branches[1] === 'n' ? 'n' : (branches[2] as string);
}

/** What conf makes of the output of a command: at most 4095 bytes, line ends become blanks. */
export function shellAnswer(output: string): string {
  const end = output.indexOf('\0');
  return (end < 0 ? output : output.slice(0, end)).slice(0, 4095).replace(/\n+$/, '').replaceAll('\n', ' ');
}

export class Macros {
  /** Every environment variable that was asked for, with what it was; undefined when unset. */
  readonly environmentRead = new Map<string, string | undefined>();
  /** Every command that was asked for, with its answer; undefined when there was none. */
  readonly probes = new Map<string, string | undefined>();
  readonly diagnostics: Diagnostic[] = [];
  /** How often the answer of a probe has gone into what was expanded. */
  probesUsed = 0;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #probe: Probe | undefined;
  readonly #variables = new Map<string, Variable>();
  #depth = 0;
  #total = 0;
  #at: MacroPosition = { file: '', line: 0 };

  /** @param probe absent when nothing may be run */
  constructor(environment: Readonly<Record<string, string | undefined>>, probe: Probe | undefined) {
    this.#environment = environment;
    this.#probe = probe;
  }

  assign(name: string, operator: '=' | ':=' | '+=', value: string, at: MacroPosition): void {
    this.#at = at;
    const known = this.#variables.get(name);
    const recursive = operator === '+=' ? (known?.recursive ?? true) : operator === '=';
    const before = this.probesUsed;
    const own = recursive ? value : this.#expand(value, []);
    const probed = this.probesUsed > before;
    if (operator === '+=' && known) {
      known.value = this.#bounded(`${known.value} ${own}`);
      known.probed ||= probed;
    } else if (known) {
      known.value = own;
      known.recursive = recursive;
      known.probed = probed;
    } else {
      this.#variables.set(name, { value: own, recursive, probed, expanding: 0 });
    }
  }

  /**
   * Expands the reference that starts at a `$`.
   * @returns its text and the offset behind it; a `$` that opens nothing is kept
   */
  reference(text: string, dollar: number, at: MacroPosition): { text: string; end: number } {
    this.#at = at;
    return this.#reference(text, dollar, []);
  }

  /** Expands a word that may hold references, up to the first character that cannot be part of one. */
  word(text: string, start: number, at: MacroPosition): { text: string; end: number } {
    this.#at = at;
    let out = '';
    let from = start;
    let i = start;
    for (;;) {
      const c = text.charCodeAt(i);
      if (c === 36) {
        const reference = this.#reference(text, i, []);
        out += text.slice(from, i) + reference.text;
        from = i = reference.end;
      } else if ((c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c === 45) i++;
      else return { text: this.#bounded(out + text.slice(from, i)), end: i };
    }
  }

  #reference(text: string, dollar: number, args: readonly string[]): { text: string; end: number } {
    if (text.charCodeAt(dollar + 1) !== 40) return { text: '$', end: dollar + 1 };
    let nest = 0;
    let i = dollar + 2;
    for (; ; i++) {
      const c = text.charCodeAt(i);
      if (Number.isNaN(c) || c === 10) {
        const line = text.slice(dollar + 2, i);
        throw this.#fail(`unterminated reference to '${line}': missing ')'`);
      }
      if (c === 40) nest++;
      else if (c === 41 && nest-- === 0) break;
    }
    return { text: this.#call(text.slice(dollar + 2, i), args), end: i + 1 };
  }

  #expand(text: string, args: readonly string[]): string {
    let dollar = text.indexOf('$');
    if (dollar < 0) return text;
    let out = '';
    let from = 0;
    while (dollar >= 0) {
      const reference = this.#reference(text, dollar, args);
      out += text.slice(from, dollar) + reference.text;
      from = reference.end;
      dollar = text.indexOf('$', from);
    }
    return this.#bounded(out + text.slice(from));
  }

  /** What stands between the parentheses: a parameter, a variable, a builtin function, or the environment. */
  #call(clause: string, args: readonly string[]): string {
    const parameter = /^[ \t-\r]*\+?([0-9]+)$/.exec(clause);
    if (parameter) {
      const n = Number(parameter[1]);
      if (n > 0 && n <= args.length) return args[n - 1] as string;
    }
    if (++this.#depth > MAX_DEPTH) throw this.#fail('Too deep recursive expansion');
    const parts = splitArguments(clause);
    if (parts.length > MAX_ARGUMENTS) throw this.#fail('too many function arguments');
    const name = this.#expand(parts[0] as string, args);
    const own = parts.slice(1).map((part) => this.#expand(part, args));
    const result = this.#variable(name, own) ?? this.#builtin(name, own) ?? this.#environmentValue(name, own) ?? '';
    this.#depth--;
    return result;
  }

  #variable(name: string, args: readonly string[]): string | undefined {
    const variable = this.#variables.get(name);
    if (!variable) return undefined;
    if (args.length === 0 && variable.expanding > 0)
      throw this.#fail(`Recursive variable '${name}' references itself (eventually)`);
    if (variable.probed) this.probesUsed++;
    if (!variable.recursive) return variable.value;
    if (variable.expanding >= MAX_DEPTH) throw this.#fail('Too deep recursive expansion');
    variable.expanding++;
    const result = this.#expand(variable.value, args);
    variable.expanding--;
    return result;
  }

  #builtin(name: string, args: readonly string[]): string | undefined {
    const arity = BUILTIN_ARITY.get(name);
    if (arity === undefined) return undefined;
    if (args.length < arity) throw this.#fail(`too few function arguments passed to '${name}'`);
    if (args.length > arity) throw this.#fail(`too many function arguments passed to '${name}'`);
    const [first = '', second = ''] = args;
    switch (name) {
      case 'filename':
        return this.#at.file;
      case 'lineno':
        return String(this.#at.line);
      case 'info':
        this.diagnostics.push(report('kconfig/parse-note', { message: first, span: this.#span() }));
        return '';
      case 'warning-if':
        if (first === 'y') this.diagnostics.push(report('kconfig/warning-if', { message: second, span: this.#span() }));
        return '';
      case 'error-if':
        if (first === 'y') throw new Refusal(report('kconfig/error-if', { message: second, span: this.#span() }));
        return '';
      default:
        return this.#shell(first);
    }
  }

  #shell(command: string): string {
    this.probesUsed++;
    if (this.probes.has(command)) return this.probes.get(command) ?? deniedAnswer(command);
    const output = this.#probe?.(command);
    const answer = output === undefined ? undefined : shellAnswer(output);
    this.probes.set(command, answer);
    if (answer !== undefined) return answer;
    this.diagnostics.push(
      report(this.#probe ? 'kconfig/probe' : 'kconfig/probe-denied', {
        message: `no answer to the probe '${command}'`,
        span: this.#span(),
      }),
    );
    return deniedAnswer(command);
  }

  #environmentValue(name: string, args: readonly string[]): string | undefined {
    if (args.length > 0 || name === '') return undefined;
    const value = Object.hasOwn(this.#environment, name) ? this.#environment[name] : undefined;
    this.environmentRead.set(name, value);
    return value;
  }

  #bounded(text: string): string {
    this.#total += text.length;
    if (text.length > MAX_LENGTH || this.#total > MAX_TOTAL) throw this.#fail('the expansion of a macro is too long');
    return text;
  }

  #span() {
    const { file, line } = this.#at;
    return { file, line, column: 1, endLine: line, endColumn: 1 };
  }

  #fail(message: string): Refusal {
    return new Refusal(report('kconfig/macro', { message, span: this.#span() }));
  }
}

const BUILTIN_ARITY = new Map([
  ['error-if', 2],
  ['filename', 0],
  ['info', 1],
  ['lineno', 0],
  ['shell', 1],
  ['warning-if', 2],
]);

/** Splits at the commas that no parenthesis encloses. */
function splitArguments(clause: string): string[] {
  const parts: string[] = [];
  let nest = 0;
  let from = 0;
  for (let i = 0; i < clause.length; i++) {
    const c = clause.charCodeAt(i);
    if (c === 40) nest++;
    else if (c === 41) nest--;
    else if (c === 44 && nest === 0) {
      parts.push(clause.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(clause.slice(from));
  return parts;
}
