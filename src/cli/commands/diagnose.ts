/** dmaheap diagnose: the cause, evidence and fix for a pasted text or a capture of a board. */

import type { CheckResult } from '../../check/index.js';
import { type Diagnosis, diagnose } from '../../diagnose/index.js';
import { visible } from '../../diagnostic/human.js';
import { captures } from '../captures.js';
import { countChecks, exitOf, printVerdict, row } from '../check-results.js';
import type { Context } from '../context.js';
import { declare } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { STRICT } from '../options.js';

export const command = declare({
  name: 'diagnose',
  about: 'name the cause behind a log, a listing or the output of a program, with the lines that show it and the fix',
  arguments: [
    [
      '[file...]',
      'logs, listings, output of programs, files of the board, or a directory or tar of them; default, or -: standard input',
    ],
  ],
  options: { strict: STRICT },
  exits: '0 no fault of heaps; 1 a cause was found; 4 the text does not show the cause',
  examples: ['diagnose dmesg.txt', 'diagnose boot.log cmdline.txt meminfo.txt', 'ssh board dmesg | dmaheap diagnose'],
  run,
});

async function run(
  context: Context,
  files: readonly string[],
  { strict }: { readonly strict: boolean },
): Promise<Exit> {
  const { pastes, skipped } = await captures(context, files);
  const diagnosis = diagnose(pastes);
  const checks = checksOf(diagnosis, skipped);
  if (context.options.format === 'json')
    context.printJson({ schemaVersion: 1, ...diagnosis, skipped, verdict: countChecks(checks, { strict }) });
  else {
    print(context, diagnosis, skipped);
    if (context.options.format === 'human') printVerdict(context, checks, { strict });
  }
  return exitOf(checks, { strict, requireTools: false, unknown: EXIT.untestable });
}

/** Ids of answers that are not faults of heaps. */
const NO_FAULTS = ['healthy', 'not-ours'];

function checksOf({ causes, needs }: Diagnosis, skipped: readonly string[]): CheckResult[] {
  return [
    ...causes.map(({ id }) => row(id, NO_FAULTS.includes(id) ? 'pass' : 'fail')),
    ...(causes.length === 0 && needs.length === 0 ? [row('cause', 'unknown')] : []),
    ...needs.map(({ what }) => row(what, 'unknown')),
    ...skipped.map((reason) => row(reason, 'not-run')),
  ];
}

/** Cause, evidence, fix, in this order, for the person who pasted it. */
function print(context: Context, { understood, causes, needs }: Diagnosis, skipped: readonly string[]): void {
  const byFile = new Map<string, string[]>();
  for (const { file, as } of understood) byFile.set(file, [...(byFile.get(file) ?? []), as]);
  for (const [file, kinds] of byFile) context.note(`${file}: read as ${kinds.join(', ')}`);
  for (const reason of skipped) context.note(`not read: ${reason}`);
  for (const { id, text, evidence, fix } of causes) {
    context.print(`${id}\n`);
    context.print(`  cause: ${text}\n`);
    if (evidence.length > 0) context.print(`  seen:\n${evidence.map((line) => `    | ${visible(line)}\n`).join('')}`);
    context.print(`  fix: ${fix}\n`);
  }
  if (causes.length === 0) context.print('undecided\n  cause: the text does not show what is wrong\n');
  for (const { what, why, how } of needs) context.print(`  needs ${what}: ${why}\n    ${how}\n`);
}
