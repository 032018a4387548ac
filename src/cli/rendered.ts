/** Findings of the stages after the profile: where they are in it, and the exit status they lead to. */
import type { Diagnostic } from '../diagnostic/index.js';
import { EXIT, type Exit } from './exit.js';

/** Later stages know the pointer of a value; the profile knows its place. */
export function located(
  diagnostic: Diagnostic,
  spanOf: (pointer: string, part?: 'key' | 'value') => Diagnostic['span'] | undefined,
): Diagnostic {
  if (diagnostic.span !== undefined || diagnostic.pointer === undefined) return diagnostic;
  // For an unknown name, the finding is about the key; its value may be correct.
  const span = spanOf(diagnostic.pointer, diagnostic.code.startsWith('render/unknown-') ? 'key' : 'value');
  return span === undefined ? diagnostic : { ...diagnostic, span };
}

/**
 * A target or option that does not exist is a mistake in the profile or on the command line, not a finding about the
 * board.
 */
export function exitOfRendering(diagnostics: readonly Diagnostic[]): Exit {
  return diagnostics.some((d) => d.severity === 'error' && d.code.startsWith('render/')) ? EXIT.usage : EXIT.findings;
}
