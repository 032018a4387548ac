/** What a command may touch of the world: its streams, its directory, its way of printing findings. */
import path from 'node:path';
import { countFindings } from '../diagnostic/human.js';
import { type CodeTable, type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { stringifyJson } from '../diagnostic/json.js';
import { type Format, writeDiagnostics } from '../diagnostic/writers.js';
import type { SourceText } from '../source/index.js';
import { STANDARD_INPUT } from './files.js';
import { onInterrupt } from './interrupt.js';
import { printable, printableStyled, type Streams } from './terminal.js';
import { VERSION } from './version.js';

export interface GlobalOptions {
  readonly format: Format;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  /** Directory that relative paths start from. */
  readonly directory: string;
  /** The directory of -C, as it was typed. */
  readonly changedTo?: string;
}

export const REFUSAL_CODES = defineCodes({
  'cli/refused': {
    severity: 'error',
    title: 'the command line, or a file that it names, cannot be used',
    explain: 'The command line is refused, or a file, directory or tool that it needs does not exist.',
  },
});
const report = reporter(REFUSAL_CODES);

/** Words as they could be typed in a shell. */
export function shellWords(words: readonly string[]): string {
  const quoted = words.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return quoted.join(' ');
}

/** Files are named in findings as the user would name them from the directory where the command runs. */
export function shownPath(context: Context, file: string): string {
  if (file === '-') return file;
  const relative = path.relative(context.options.directory, context.resolve(file));
  if (path.isAbsolute(file) && relative.startsWith('..')) return file;
  return relative.startsWith(`..${path.sep}..${path.sep}..`) ? context.resolve(file) : relative || '.';
}

export class Context {
  readonly options: GlobalOptions;
  readonly environment: NodeJS.ProcessEnv;
  readonly #streams: Streams;
  readonly #codes: CodeTable;
  /** For programs, which read them among the findings. */
  #complaints: Diagnostic[] = [];
  #hasPrinted = false;

  /** @param codes the findings that there can be, for a format that lists them */
  constructor(options: GlobalOptions, environment: NodeJS.ProcessEnv, streams: Streams, codes: CodeTable) {
    this.#codes = codes;
    this.options = options;
    this.environment = environment;
    this.#streams = streams;
  }

  /** Whether a part of the result is on standard output. */
  get hasPrinted(): boolean {
    return this.#hasPrinted;
  }

  /** A path as the user wrote it, made absolute; `-` is standard input. */
  resolve(file: string): string {
    if (file === '-') return STANDARD_INPUT;
    return path.resolve(this.options.directory, file);
  }

  /** A command of dmaheap to type next, where this one was typed. */
  nextCommand(...words: readonly string[]): string {
    const { changedTo } = this.options;
    return shellWords(['dmaheap', ...(changedTo === undefined ? [] : ['-C', changedTo]), ...words]);
  }

  /** Asks the person at the terminal; absent: there is no terminal. */
  get ask(): Streams['ask'] {
    const { ask } = this.#streams;
    return ask && ((question) => ask(printable(question)));
  }

  /** Shows a command that is about to run, as it could be typed; nothing without --verbose. */
  readonly showCommand = (command: readonly string[]): void => {
    if (!this.options.verbose) return;
    this.#say(`+ ${shellWords(command)}\n`);
  };

  /** Does what takes a while, and shows this on a terminal. */
  async during<T>(title: string, work: () => T | Promise<T>): Promise<T> {
    const { terminal } = this.#streams;
    if (terminal === undefined || this.options.quiet || this.options.verbose) return work();
    const { default: makeSpinner } = await import('yocto-spinner');
    const spinner = makeSpinner({ text: printable(title), stream: terminal, handleSignals: false }).start();
    const forget = onInterrupt(() => spinner.stop());
    try {
      return await work();
    } finally {
      forget();
      spinner.stop();
    }
  }

  #say(text: string): void {
    this.#streams.stderr(printable(text));
  }

  /** The result of the command. */
  print(text: string): void {
    this.#hasPrinted = true;
    this.#streams.stdout(printable(text));
  }

  /** A line of the result that starts with a coloured word; `style` is the number of a colour of the terminal. */
  printMarked(style: string, mark: string, rest: string): void {
    const word = printable(mark);
    this.#hasPrinted = true;
    this.#streams.stdout(`${this.options.color ? `\x1b[${style}m${word}\x1b[0m` : word}${printable(rest)}\n`);
  }

  /** A result for programs. */
  printJson(data: unknown): void {
    this.print(stringifyJson(data));
  }

  /** What a person should know beside the result; nothing with --quiet. */
  note(text: string): void {
    if (!this.options.quiet) this.#say(`${text}\n`);
  }

  /** An error of usage or environment that no file is to blame for. */
  complain(message: string, fix?: string): void {
    if (this.options.format !== 'human')
      this.#complaints.push(report('cli/refused', { message, ...(fix === undefined ? {} : { fix }) }));
    this.#say(`dmaheap: ${message}${fix === undefined ? '' : `\n  fix: ${fix}`}\n`);
  }

  /** Ends a command that could not do its work: programs read why where they would have read its result. */
  finish(): void {
    if (this.#complaints.length > 0 && !this.#hasPrinted) this.findings([]);
  }

  /**
   * Prints findings: for people to stderr, in the other formats, where they are the result, to stdout.
   * `json` is for the commands whose result has its own shape.
   * @param more what a program reads beside the findings in `json`
   */
  findings(
    diagnostics: readonly Diagnostic[],
    sources: ReadonlyMap<string, SourceText> = new Map(),
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    const { format, color, quiet } = this.options;
    const all = [...diagnostics, ...this.#complaints];
    this.#complaints = [];
    const shown = quiet ? all.filter((d) => d.severity === 'error') : all;
    if (format === 'human') {
      if (shown.length === 0) return;
      const text = writeDiagnostics(format, shown, { sources: (file) => sources.get(file), color });
      // The findings are escaped already; what is left are the colours.
      this.#streams.stderr(printableStyled(`${text}${countFindings(shown)}\n`));
      return;
    }
    this.print(
      writeDiagnostics(format, shown, {
        sources: (file) => sources.get(file),
        codes: this.#codes,
        toolVersion: VERSION,
        baseDirectory: this.options.directory,
        more,
      }),
    );
  }
}
