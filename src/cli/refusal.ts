/** How a command that is deep in its reading gives up. */
import type { Diagnostic } from '../diagnostic/index.js';
import type { SourceText } from '../source/index.js';
import type { Context } from './context.js';
import type { Exit } from './exit.js';

/** What was typed is wrong or cannot be read: what to say, nothing when it has been said, and the exit status. */
export class Refusal extends Error {
  readonly exit: Exit;
  readonly fix: string | undefined;

  constructor(message: string, exit: Exit, fix?: string) {
    super(message);
    this.exit = exit;
    this.fix = fix;
  }
}

/**
 * Says why a command gave up, after what it had found until then if it collects that.
 * @throws what is no {@link Refusal}
 */
export function sayRefusal(
  context: Context,
  error: unknown,
  found?: readonly Diagnostic[],
  sources?: ReadonlyMap<string, SourceText>,
): Exit {
  if (!(error instanceof Refusal)) throw error;
  const say = () => (error.message === '' ? undefined : context.complain(error.message, error.fix));
  // A program reads one document, which holds both.
  if (context.options.format !== 'human') say();
  if (found !== undefined) context.findings(found, sources);
  if (context.options.format === 'human') say();
  return error.exit;
}
