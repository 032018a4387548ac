/** dmaheap diagnose: the cause, evidence and fix for a pasted text or a capture of a board. */

import type { CheckResult } from '../../check/index.js';
import { type Diagnosis, diagnose, type NoReplay, type PlanRow, type Replay } from '../../diagnose/index.js';
import { visible } from '../../diagnostic/human.js';
import { captures } from '../captures.js';
import { countChecks, exitOf, printVerdict, row } from '../check-results.js';
import type { Context } from '../context.js';
import { declare, flag, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { STRICT } from '../options.js';
import { requirePlan } from '../profile.js';

export const command = declare({
  name: 'diagnose',
  about: 'name the cause behind a log, a listing or the output of a program, with the lines that show it and the fix',
  arguments: [
    [
      '[file...]',
      'logs, listings, output of programs, files of the board, or a directory or tar of them; default, or -: standard input',
    ],
  ],
  options: {
    strict: STRICT,
    profile: text('--profile <file>', 'compare the board with what this profile plans'),
    predict: flag('--predict', 'show where a simulation of the same boot and the board differ'),
  },
  exits:
    '0 no fault of heaps; 1 a cause was found, or with --profile or --predict a difference; 4 the text does not show the cause',
  examples: [
    'diagnose dmesg.txt',
    'diagnose boot.log cmdline.txt meminfo.txt',
    'diagnose board.tar --profile my-board.jsonc --predict',
    'ssh board dmesg | dmaheap diagnose',
  ],
  run,
});

interface DiagnoseOptions {
  readonly strict: boolean;
  readonly profile?: string;
  readonly predict: boolean;
}

async function run(context: Context, files: readonly string[], options: DiagnoseOptions): Promise<Exit> {
  const { strict, predict } = options;
  const { pastes, skipped } = await captures(context, files);
  // What the board shows is compared with the plan; whether the plan holds is what check and place say.
  const plan = options.profile === undefined ? undefined : requirePlan(context, options.profile, { prove: false }).plan;
  const diagnosis = diagnose(pastes, plan);
  const { replay, profile, ...rest } = diagnosis;
  const checks = [...checksOf(diagnosis, skipped), ...(predict ? replayChecks(replay) : []), ...planChecks(profile)];
  if (context.options.format === 'json')
    context.printJson({
      schemaVersion: 1,
      ...rest,
      skipped,
      replay: withoutPrediction(replay),
      ...(plan === undefined ? {} : { profile }),
      verdict: countChecks(checks, { strict }),
    });
  else {
    print(context, diagnosis, skipped);
    printReplay(context, replay, predict);
    if (plan !== undefined) printPlan(context, profile);
    if (context.options.format === 'human') printVerdict(context, checks, { strict });
  }
  return exitOf(checks, { strict, requireTools: false, unknown: EXIT.untestable });
}

const withoutPrediction = (replay: Replay | NoReplay) => {
  if ('missing' in replay) return replay;
  const { prediction: _, ...compared } = replay;
  return compared;
};

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

function replayChecks(replay: Replay | NoReplay): CheckResult[] {
  if ('missing' in replay) return [row('simulation', 'not-run')];
  return [
    ...replay.agrees.map(({ what }) => row(`simulated ${what}`, 'pass')),
    ...replay.differs.map(({ what }) => row(`simulated ${what}`, 'fail')),
    ...replay.open.map(({ what }) => row(`simulated ${what}`, 'not-run')),
  ];
}

const CHECK_STATUS = { same: 'pass', differs: 'fail', 'not-seen': 'not-run' } as const;
const planChecks = (rows: readonly PlanRow[]) =>
  rows.map(({ what, status }) => row(`planned ${what}`, CHECK_STATUS[status]));

/** Differences always; with --predict also what agrees, what is open, and why there is no simulation. */
function printReplay(context: Context, replay: Replay | NoReplay, isAsked: boolean): void {
  if ('missing' in replay) {
    if (isAsked) context.print(`simulation: not run: the text does not show ${replay.missing.join(', ')}\n`);
    return;
  }
  const { given, agrees, differs, open } = replay;
  if (!isAsked && differs.length === 0) return;
  context.print(`simulation of this boot (${given.join('; ')}):\n`);
  for (const { what, predicted, seen } of differs)
    context.print(`  differs  ${what}: predicted ${predicted}, the board shows ${visible(seen ?? 'nothing')}\n`);
  if (differs.length > 0)
    context.print('  either the text is of another boot than these inputs, or the simulation is wrong\n');
  if (!isAsked) return;
  for (const { what, predicted, seen } of agrees)
    context.print(`  agrees   ${what}: predicted ${predicted}, the board shows ${visible(seen ?? 'nothing')}\n`);
  for (const { what, predicted, seen } of open)
    context.print(
      `  open     ${what}: predicted ${predicted}, ${seen === null ? 'the text does not show it' : `the board shows ${visible(seen)}`}\n`,
    );
}

const STATUS = { same: 'same    ', differs: 'differs ', 'not-seen': 'not seen' } as const;

function printPlan(context: Context, rows: readonly PlanRow[]): void {
  context.print('compared with the profile:\n');
  for (const { what, planned, seen, status } of rows)
    context.print(
      `  ${STATUS[status]} ${what}: planned ${planned}${seen === null ? '; the text does not show it' : `, the board shows ${visible(seen)}`}\n`,
    );
}

/** Cause, evidence, fix, in this order, for the person who pasted it. */
function print(context: Context, { understood, causes, meanings, needs }: Diagnosis, skipped: readonly string[]): void {
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
  for (const { line, text, next } of meanings)
    context.print(`  seen:\n    | ${visible(line)}\n    it means: ${text}\n    next: ${next}\n`);
  for (const { what, why, how } of needs) context.print(`  needs ${what}: ${why}\n    ${how}\n`);
}
