/** Our engine as the judge's opponent: the same inputs, its answers in the judge's form. */
import type { Diagnostic } from '../../../src/diagnostic/index.js';
import type * as Kconfig from '../../../src/kconfig/index.js';

export type Engine = typeof Kconfig;

/** A finding in conf's words. */
export function confMessage(diagnostic: Diagnostic): string {
  const { code, message, span, cause } = diagnostic;
  const at = span ? `${span.file}:${span.line}` : '';
  switch (code) {
    case 'kconfig/unmet-dependency':
      return `WARNING: ${message}\n${cause}`;
    case 'kconfig/parse-note':
      return message;
    case 'kconfig/statement':
      return `${at}: warning: ${message}`;
    case 'kconfig/warning-if':
      return `${at}: ${message}`;
    default:
      return `${at}:warning: ${message}`;
  }
}

export function confMessages(diagnostics: readonly Diagnostic[]): Set<string> {
  return new Set(diagnostics.map(confMessage));
}
