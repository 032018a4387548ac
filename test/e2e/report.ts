import type { RunResult } from './lab.js';

export interface Tally {
  readonly runs: number;
  readonly fields: number;
  readonly right: number;
  readonly unknown: number;
  readonly wrong: number;
  /** Seconds of guests, added up. */
  readonly guestSeconds: number;
}

export function tally(results: readonly RunResult[]): Tally {
  const count = (status: string) =>
    results.reduce((sum, { fields }) => sum + fields.filter((field) => field.status === status).length, 0);
  const [right, unknown, wrong] = [count('right'), count('unknown'), count('wrong')];
  const guestSeconds = results.reduce((sum, { seconds }) => sum + seconds, 0);
  return { runs: results.length, fields: right + unknown + wrong, right, unknown, wrong, guestSeconds };
}

export const wrongOnes = (results: readonly RunResult[]): readonly RunResult[] =>
  results.filter(({ fields }) => fields.some(({ status }) => status === 'wrong'));

/** One row per kernel, then what was wrong, then why fields were unknown. */
export function humanReport(results: readonly RunResult[]): string {
  const kernels = [...new Set(results.map(({ run }) => run.kernel))];
  const rows = [
    ...kernels.map((kernel) => [kernel, tally(results.filter(({ run }) => run.kernel === kernel))] as const),
  ];
  const all: (readonly [string, Tally])[] = [...rows, ['all', tally(results)]];
  const lines = [
    columns(['kernel', 'boots', 'fields', 'right', 'unknown', 'wrong', 'seconds']),
    ...all.map(([name, sum]) =>
      columns([name, sum.runs, sum.fields, sum.right, sum.unknown, sum.wrong, Math.round(sum.guestSeconds)]),
    ),
  ];
  const repeated = results.filter(({ isRepeated }) => isRepeated).map(({ run }) => run.id);
  const share = (100 * tally(results).unknown) / Math.max(1, tally(results).fields);
  lines.push('', `${share.toFixed(1)} % of the fields unknown`);
  lines.push(
    `${repeated.length} guests fell silent and were started once more${repeated.map((id) => ` ${id}`).join('')}`,
  );
  lines.push(keptLine(results));
  for (const { run, fields, command } of wrongOnes(results)) {
    lines.push('', `WRONG ${run.id}${run.case.about ? `: ${run.case.about}` : ''}`);
    for (const { field, predicted, observed } of fields.filter(({ status }) => status === 'wrong'))
      lines.push(`  ${field}: predicted ${predicted}; the guest shows ${observed}`);
    lines.push(`  by hand: ${command}`);
  }
  const needs = new Map<string, number>();
  for (const { fields } of results)
    for (const field of fields)
      if (field.status === 'unknown') needs.set(field.needs ?? '?', (needs.get(field.needs ?? '?') ?? 0) + 1);
  if (needs.size) lines.push('', 'Unknown fields would be decided by:');
  for (const [need, times] of [...needs].sort((a, b) => b[1] - a[1])) lines.push(`  ${times} x ${need}`);
  return `${lines.join('\n')}\n`;
}

/** How many boots are new, and how many are known by the log of an earlier one. */
export function keptLine(results: readonly { readonly isKept: boolean }[]): string {
  const kept = results.filter(({ isKept }) => isKept).length;
  return `${results.length - kept} booted, ${kept} compared with the kept log of the same inputs (--boot-again boots all)`;
}

const columns = (cells: readonly (string | number)[]) =>
  cells.map((cell, index) => (index ? `${cell}`.padStart(9) : `${cell}`.padEnd(18))).join('');

export function jsonReport(results: readonly RunResult[]): string {
  const runs = results.map(({ run, fields, seconds, isRepeated, command }) => ({
    id: run.id,
    seconds,
    isRepeated,
    command,
    fields,
  }));
  return `${JSON.stringify({ schemaVersion: 1, summary: tally(results), runs }, null, 2)}\n`;
}

export function junitReport(results: readonly RunResult[]): string {
  const cases = results.map(({ run, fields, seconds, command }) => {
    const wrong = fields.filter(({ status }) => status === 'wrong');
    const details = wrong.map((one) => `${one.field}: predicted ${one.predicted}; the guest shows ${one.observed}`);
    const failure = wrong.length
      ? `<failure message="${xml(details[0] ?? '')}">${xml([...details, command].join('\n'))}</failure>`
      : '';
    return `  <testcase classname="e2e.${xml(run.kernel)}" name="${xml(run.case.name)}" time="${seconds.toFixed(2)}">${failure}</testcase>`;
  });
  const failures = wrongOnes(results).length;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="e2e" tests="${results.length}" failures="${failures}">
${cases.join('\n')}
</testsuite>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
// Control characters of a kernel log have no spelling in XML 1.0.
const xml = (text: string) =>
  [...text]
    .map((character) => ENTITIES[character] ?? (character < ' ' && character !== '\n' ? '?' : character))
    .join('');
