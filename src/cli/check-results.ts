/** Results of checks as both kinds of dmaheap check print them. */
import type { CheckResult } from '../check/index.js';
import type { SourceText } from '../source/index.js';
import type { Context } from './context.js';

const MARKS = { pass: 'pass   ', fail: 'FAIL   ', 'not-run': 'not run', unknown: 'unknown' } as const;

/** A check that has something to object did not prove what its title says, even where nothing is an error. */
function markOf({ status, diagnostics }: CheckResult): string {
  return status === 'pass' && diagnostics.some(({ severity }) => severity === 'warning') ? 'warn   ' : MARKS[status];
}

export function printChecks(
  context: Context,
  results: readonly CheckResult[],
  sources: ReadonlyMap<string, SourceText>,
): void {
  if (context.options.format === 'json') {
    context.printJson({
      schemaVersion: 1,
      results: results.map(({ check, status, diagnostics }) => ({ check, status, diagnostics })),
    });
    return;
  }
  context.findings(
    results.flatMap(({ diagnostics }) => diagnostics),
    sources,
  );
  if (context.options.format !== 'human' || context.options.quiet) return;
  for (const result of results) context.print(`${markOf(result)} ${result.check}: ${result.title}\n`);
}
