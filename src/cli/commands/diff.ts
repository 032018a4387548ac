/** dmaheap diff: two profiles, or one profile on two kernels, as user space sees them. */
import {
  type Comparison,
  type ComparisonOptions,
  compareSides,
  comparisonData,
  comparisonLines,
  sidesOf,
  titleOf,
} from '../comparison.js';
import type { Context } from '../context.js';
import { declare, several, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { Refusal } from '../refusal.js';

export const command = declare({
  name: 'diff',
  about: 'show what differs for user space between two profiles, or between two kernels',
  arguments: [['<profile...>', 'one or two profiles; with one, give two kernels']],
  options: {
    kernel: several('--kernel <version>', 'the kernel; twice: one for each side'),
    kernelTree: several(
      '--kernel-tree <dir>',
      'kernel source tree, to compare the fragment lines too; twice: one for each side',
    ),
    arch: text('--arch <arch>', "architecture; default: the profile's"),
    baseConfig: several('--base-config <file>', '.config or defconfig to start from; twice: one for each side'),
    dtb: several('--dtb <file>', "the board's DTB, to compare the predictions too; twice: one for each side"),
    probes: text(
      '--probes <mode>',
      'how to answer questions of the tree about the toolchain: run, replay:FILE or deny',
    ),
  },
  exits: '0 no difference, 1 differences',
  examples: [
    'diff my-board.jsonc --kernel 6.12 --kernel 7.3 --dtb my-board.dtb',
    'diff my-board.jsonc other-board.json',
  ],
  run: diff,
});

async function diff(context: Context, profiles: readonly string[], options: ComparisonOptions): Promise<Exit> {
  const [first, second] = sidesOf(profiles, options);
  if (profiles.length > 2 || (profiles.length === 1 && JSON.stringify(first) === JSON.stringify(second)))
    throw new Refusal(
      profiles.length > 2 ? 'diff takes at most two profiles' : 'diff needs a second profile or two kernels',
      EXIT.usage,
      'give two profiles, or one and two kernels: dmaheap diff board.json --kernel A --kernel B',
    );
  const compared = await compareSides(context, first, second, options);
  if (context.options.format === 'json') context.printJson({ schemaVersion: 1, ...comparisonData(compared) });
  else print(context, compared);
  return comparisonLines(compared).length > 0 ? EXIT.findings : EXIT.good;
}

function print(context: Context, compared: Comparison): void {
  const { from, to } = compared;
  context.print(
    `--- ${titleOf(from.side.profile, from.plan.kernel)}\n+++ ${titleOf(to.side.profile, to.plan.kernel)}\n`,
  );
  const lines = comparisonLines(compared);
  for (const line of lines) context.print(`${line}\n`);
  if (lines.length === 0) context.print('no difference for user space\n');
}
