/** Kconfig files to a finished tree. What the tree's own conf would not accept is refused with its place. */
import { type Diagnostic, hasErrors, type Outcome } from '../diagnostic/index.js';
import { type Dialect, detectDialect, type ReadFile } from './dialect.js';
import { Draft } from './draft.js';
import { finalize } from './finalize.js';
import { Lexer, type ReadBytes } from './lex.js';
import { Macros, type Probe, Refusal } from './macro.js';
import { Parser } from './parse-statement.js';
import type { KconfigTree } from './tree.js';

export interface ParseInput {
  /**
   * Reads a file by the name a Kconfig file uses, relative to the top of the tree. Text is passed through untouched:
   * read and write as latin1 to keep bytes that are not UTF-8.
   */
  readonly readFile: ReadFile;
  /** The same without making texts of the files, which takes less time. */
  readonly readBytes?: ReadBytes;
  /** Environment as kbuild sets it: ARCH, SRCARCH, srctree, CC, LD, KERNELVERSION, ... */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Answers `$(shell,...)`; absent means that nothing may be run: every question about a tool is answered no. */
  readonly probe?: Probe;
  /** Asked for from the tree when absent. */
  readonly dialect?: Dialect;
  /** The top file; `Kconfig` when absent. */
  readonly root?: string;
}

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
  const lexer = new Lexer(input.readBytes ?? bytesOf(input.readFile), macros, dialect, draft.words);
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
  const draft = new Draft(dialect);
  const macros = new Macros(input.environment, input.probe);
  const lexer = new Lexer(input.readBytes ?? bytesOf(input.readFile), macros, dialect, draft.words);
  try {
    new Parser(draft, lexer, macros).read(input.root ?? 'Kconfig');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return [...macros.probes].flatMap(([command, answer]) => (answer === undefined ? [command] : []));
}

function bytesOf(readFile: ReadFile): ReadBytes {
  return (name, into, at) => {
    const text = readFile(name);
    return text === undefined ? -1 : Math.max(into.write(text, at, 'latin1'), text.length);
  };
}
