/** How a command gives up: it throws a {@link Refusal}, and the program says it and exits with its status. */
import { type Diagnostic, hasErrors } from '../diagnostic/index.js';
import type { SourceText } from '../source/index.js';
import { countChecks, printVerdict, row } from './check-results.js';
import type { Context } from './context.js';
import { EXIT, type Exit } from './exit.js';

/** What a command had found when it gave up. */
export interface Found {
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, SourceText>;
  /** What a program reads beside the findings. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/**
 * The command cannot do its work.
 * The message is empty when the findings say why.
 */
export class Refusal extends Error {
  readonly exit: Exit;
  readonly fix: string | undefined;
  readonly found: Found | undefined;

  constructor(message: string, exit: Exit, fix?: string, found?: Found) {
    super(message);
    this.exit = exit;
    this.fix = fix;
    this.found = found;
  }

  /** A refusal that findings explain. */
  static because(exit: Exit, diagnostics: readonly Diagnostic[], sources: Found['sources'] = new Map()): Refusal {
    return new Refusal('', exit, undefined, { diagnostics, sources });
  }
}

/** Adds what was found before to a refusal that is passed on. Anything else is passed on as it is. */
export function refusedAfter(error: unknown, found: Found): unknown {
  if (!(error instanceof Refusal)) return error;
  const diagnostics = [...found.diagnostics, ...(error.found?.diagnostics ?? [])];
  const sources = new Map([...found.sources, ...(error.found?.sources ?? [])]);
  return new Refusal(error.message, error.exit, error.fix, { ...found, diagnostics, sources });
}

/** Commands that judge: each ends in a verdict, also where its input is refused. */
const JUDGING: readonly string[] = ['validate', 'generate', 'check', 'place', 'report', 'matrix', 'diagnose'];

/** A program reads the verdict beside the findings; one without findings judged nothing. */
function withVerdict(context: Context, found: Found, exit: Exit): Found {
  if (exit === EXIT.environment || !hasErrors(found.diagnostics) || found.more?.['verdict'] !== undefined) return found;
  const checks = [row('input', 'fail')];
  // After a page on standard output it would be a part of the page.
  if (context.options.format === 'human' && !context.hasPrinted) printVerdict(context, checks);
  return { ...found, more: { ...found.more, verdict: countChecks(checks) } };
}

/**
 * Prints why a command gave up, after what it had found until then.
 * @param command its name
 * @throws anything that is not a {@link Refusal}
 */
export function sayRefusal(context: Context, error: unknown, command = ''): Exit {
  if (!(error instanceof Refusal)) throw error;
  const say = () => (error.message === '' ? undefined : context.complain(error.message, error.fix));
  // A program reads one document, which holds both.
  if (context.options.format !== 'human') say();
  const found =
    error.found === undefined || !JUDGING.includes(command)
      ? error.found
      : withVerdict(context, error.found, error.exit);
  if (found !== undefined) context.findings(found.diagnostics, found.sources, found.more);
  if (context.options.format === 'human') say();
  return error.exit;
}
