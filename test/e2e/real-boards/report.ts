import type { FieldResult } from '../compare.js';
import { keptLine } from '../report.js';
import { loaderName } from './board.js';
import type { BoardResult } from './boot.js';

const counts = (fields: readonly FieldResult[]) => {
  const count = (status: FieldResult['status']) => fields.filter((field) => field.status === status).length;
  return `${count('right')}/${count('unknown')}/${count('wrong')}`;
};

export const wrongBoards = (results: readonly BoardResult[]): readonly BoardResult[] =>
  results.filter(({ before, after }) => [...before, ...after].some(({ status }) => status === 'wrong'));

/** One row per boot, then what was wrong, then why fields were unknown. */
export function boardReport(results: readonly BoardResult[]): string {
  const rows = results.map(({ run, before, after, ending, seconds, isKept }) => [
    `${run.board.name} ${run.board.arch}`,
    run.kernel,
    loaderName(run.loader),
    run.variant,
    ending,
    counts(before),
    counts(after),
    isKept ? 'kept' : seconds.toFixed(0),
  ]);
  const all = (when: 'before' | 'after') => counts(results.flatMap((result) => result[when]));
  const heads = ['board', 'kernel', 'loader', 'tree', 'ending', 'before', 'after', 'seconds'];
  const table = [heads, ...rows, ['all', '', '', '', '', all('before'), all('after'), '']];
  const widths = heads.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  const lines = ['fields right/unknown/wrong before the boot, and after it with its log', ''];
  lines.push(
    ...table.map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
  );
  lines.push('', keptLine(results));
  for (const { run, before, after, command } of wrongBoards(results)) {
    lines.push('', `WRONG ${run.id}`);
    for (const [when, fields] of Object.entries({ before, after }))
      for (const { field, predicted, observed } of fields.filter(({ status }) => status === 'wrong'))
        lines.push(`  ${when}: ${field}: predicted ${predicted}; the board shows ${observed}`);
    lines.push(`  by hand: ${command}`);
  }
  for (const when of ['before', 'after'] as const) {
    const needs = new Map<string, number>();
    for (const { status, needs: need = '?', field } of results.flatMap((result) => result[when]))
      if (status === 'unknown') needs.set(`${field}: ${need}`, (needs.get(`${field}: ${need}`) ?? 0) + 1);
    if (needs.size) lines.push('', `Unknown ${when} the boot, and what would decide it:`);
    for (const [need, times] of [...needs].sort((a, b) => b[1] - a[1])) lines.push(`  ${times} x ${need}`);
  }
  return `${lines.join('\n')}\n`;
}
