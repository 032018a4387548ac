/** What changes over a fleet between two kernels: each change once, with the boards that it holds for. */
import { compareSides, comparisonLines } from '../comparison.js';
import type { Context } from '../context.js';
import { Refusal } from '../refusal.js';
import type { Fleet } from './judge.js';
import { namesOf } from './print.js';
import type { MatrixBoard } from './read.js';

export interface FleetChanges {
  /** In the order of the boards. */
  readonly changes: readonly { readonly text: string; readonly boards: readonly string[] }[];
  readonly same: readonly string[];
  /** Boards that have no plan on one of the kernels. */
  readonly notCompared: readonly { readonly board: string; readonly reason: string }[];
}

/** @param kernels the releases that are compared */
export async function compareFleet(
  context: Context,
  fleet: Fleet,
  boards: readonly MatrixBoard[],
  kernels: readonly [string, string],
): Promise<FleetChanges> {
  const changes = new Map<string, string[]>();
  const same: string[] = [];
  const notCompared: { board: string; reason: string }[] = [];
  for (const board of boards) {
    const name = fleet.nameOf(board);
    const lines = await linesOf(context, board, kernels);
    if (typeof lines === 'string') notCompared.push({ board: name, reason: lines });
    else if (lines.length === 0) same.push(name);
    else for (const text of lines) changes.set(text, [...(changes.get(text) ?? []), name]);
  }
  return { changes: [...changes].map(([text, own]) => ({ text, boards: own })), same, notCompared };
}

/** @returns why the board is not compared, or a line for each difference */
async function linesOf(
  context: Context,
  { profile, dtb, bootLog, occupied }: MatrixBoard,
  [first, second]: readonly [string, string],
): Promise<readonly string[] | string> {
  const side = (kernel: string) => ({ profile, kernel, ...(dtb === undefined ? {} : { dtb }) });
  const place = {
    ...(bootLog === undefined ? {} : { bootLog }),
    ...(occupied === undefined ? {} : { occupied }),
  };
  try {
    return comparisonLines(await compareSides(context, side(first), side(second), {}, place));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.found?.diagnostics.find(({ severity }) => severity === 'error')?.message ?? error.message;
  }
}

export function changesText({ changes, same, notCompared }: FleetChanges): string {
  const lines = changes.map(
    ({ text, boards }) =>
      `${text}\n    ${boards.length === 1 ? 'board' : `${boards.length} boards`}: ${namesOf(boards)}\n`,
  );
  if (same.length > 0) lines.push(`no difference for user space: ${namesOf(same)}\n`);
  return [...lines, ...notCompared.map(({ board, reason }) => `not compared: ${board}: ${reason}\n`)].join('');
}
