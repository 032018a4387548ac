/** What changes over a fleet between two kernels: each change once, with the boards that it holds for. */
import { formatKernelVersion } from '../../facts/index.js';
import { changesForUserSpace, type Prediction, predict } from '../../placement/index.js';
import { comparePlans } from '../../plan/compare.js';
import { lineOf } from '../commands/diff.js';
import type { Context } from '../context.js';
import { settlePlacement } from '../placement.js';
import type { Fleet } from './judge.js';
import { namesOf } from './print.js';
import type { MatrixBoard, MatrixKernel } from './read.js';

export interface FleetChanges {
  /** In the order of the boards. */
  readonly changes: readonly { readonly text: string; readonly boards: readonly string[] }[];
  readonly same: readonly string[];
  /** Boards that have no plan on one of the kernels. */
  readonly notCompared: readonly { readonly board: string; readonly reason: string }[];
}

export function compareFleet(
  context: Context,
  fleet: Fleet,
  boards: readonly MatrixBoard[],
  kernels: readonly [MatrixKernel, MatrixKernel],
): FleetChanges {
  const changes = new Map<string, string[]>();
  const same: string[] = [];
  const notCompared: { board: string; reason: string }[] = [];
  for (const board of boards) {
    const name = fleet.nameOf(board);
    const [from, to] = kernels.map((kernel) => fleet.decide({ board, kernel }));
    const missing = [from, to].find((one) => one?.plan === undefined);
    if (from?.plan === undefined || to?.plan === undefined) {
      const why = missing?.skip ?? missing?.diagnostics.find(({ severity }) => severity === 'error')?.message;
      notCompared.push({ board: name, reason: why ?? 'the profile has no plan' });
      continue;
    }
    const texts = comparePlans(from.plan, to.plan).map(lineOf);
    if (board.dtb !== undefined)
      for (const { text } of changesForUserSpace(boot(context, board, from), boot(context, board, to)))
        texts.push(`  predicted: ${text}`);
    if (texts.length === 0) same.push(name);
    for (const text of texts) changes.set(text, [...(changes.get(text) ?? []), name]);
  }
  return { changes: [...changes].map(([text, own]) => ({ text, boards: own })), same, notCompared };
}

function boot(context: Context, { profile, dtb = '' }: MatrixBoard, decided: ReturnType<Fleet['decide']>): Prediction {
  const kernel = decided.plan?.kernel.max;
  if (kernel === undefined) throw new Error(`${profile}: no plan`);
  const { input } = settlePlacement(context, profile, { dtb, kernel: [formatKernelVersion(kernel)] }, []);
  return predict({ ...input, kernel });
}

export function changesText({ changes, same, notCompared }: FleetChanges): string {
  const lines = changes.map(
    ({ text, boards }) =>
      `${text}\n    ${boards.length === 1 ? 'board' : `${boards.length} boards`}: ${namesOf(boards)}\n`,
  );
  if (same.length > 0) lines.push(`no difference for user space: ${namesOf(same)}\n`);
  return [...lines, ...notCompared.map(({ board, reason }) => `not compared: ${board}: ${reason}\n`)].join('');
}
