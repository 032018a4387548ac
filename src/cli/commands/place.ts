/** dmaheap place: what the kernel will make of the reserved memory, before the boot. */
import type { Diagnostic } from '../../diagnostic/index.js';
import { hasErrors } from '../../diagnostic/index.js';
import { formatKernelVersion, type KernelVersion } from '../../facts/index.js';
import {
  areaWords,
  changesForUserSpace,
  isOpen,
  type LintResult,
  layoutWords,
  lintPlacement,
  openWords,
  type Prediction,
  predict,
  predictionToJson,
} from '../../placement/index.js';
import { formatMap, mapOf } from '../../report/index.js';
import type { SourceText } from '../../source/index.js';
import { countChecks, exitOf, printVerdict } from '../check-results.js';
import type { Context } from '../context.js';
import { declare, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { BOARD, STRICT } from '../options.js';
import {
  judgePlacement,
  lackingOptions,
  type PlaceOptions,
  placementChecks,
  type Setting,
  settlePlacement,
} from '../placement.js';
import { refusedAfter } from '../refusal.js';

export const command = declare({
  name: 'place',
  about: 'predict areas, heap names, CmaTotal and kernel messages before the boot',
  arguments: [['[profile]', 'a profile whose overlay is applied too']],
  options: {
    arch: text('--arch <arch>', 'architecture, if neither a profile nor the processors of the DTB state it'),
    ...BOARD,
    strict: STRICT,
  },
  examples: [
    'place --dtb my-board.dtb --overlay cma.dtbo --kernel 6.12 --kernel 7.3 --arch arm64 --memory 0x40000000+1G',
  ],
  run: place,
});

interface Predicted {
  readonly kernel: KernelVersion;
  readonly prediction: Prediction;
  readonly lints: readonly LintResult[];
}

function describe({ kernel, prediction, lints }: Predicted): string {
  const { outcome, possibleOutcomes } = prediction;
  const lines = [
    `Linux ${formatKernelVersion(kernel)}: ${outcome}${outcome === 'unknown' ? ` (${possibleOutcomes.join(', or ')})` : ''}`,
  ];
  for (const { code, nodes, reason } of prediction.dangers)
    lines.push(`  danger ${code}${nodes.length > 0 ? ` (${nodes.join(', ')})` : ''}: ${reason}`);
  const doubt = (field: string) => (isOpen(prediction, field) ? ', not certain' : '');
  for (const area of prediction.areas) lines.push(`  area ${areaWords(prediction, area)}`);
  for (const { name, area, usable } of prediction.heaps)
    lines.push(
      `  heap /dev/dma_heap/${name}${area === null ? '' : ` from ${area}`}${usable ? '' : ': every allocation fails'}${area === null ? '' : doubt('heaps')}`,
    );
  for (const { node, failure, reason } of prediction.rejected)
    lines.push(`  rejected ${node} (${failure})${doubt('rejected')}: ${reason}`);
  const total = prediction.cmaTotalBytes;
  lines.push(`  CmaTotal: ${total === null ? 'unknown' : `${total / 1024n} kB`}`);
  for (const { text } of prediction.log) lines.push(`  log${doubt('log')}: ${text}`);
  for (const layout of prediction.layouts) lines.push(`  with ${layoutWords(prediction, layout)}`);
  for (const text of openWords(prediction)) lines.push(`  unknown: ${text}`);
  for (const text of prediction.assumed) lines.push(`  assumed: ${text}`);
  for (const { lint, status, reason } of lints) if (status === 'not-run') lines.push(`  not run: ${lint}: ${reason}`);
  const idle = lints.filter(({ status }) => status === 'not-applicable').map(({ lint }) => lint);
  if (idle.length > 0) lines.push(`  not applicable: ${idle.join(', ')}`);
  return lines.join('\n');
}

function shapeOf({ kernel, prediction, lints }: Predicted) {
  return {
    schemaVersion: 1,
    kernel: formatKernelVersion(kernel),
    ...predictionToJson(prediction),
    lints: lints.map(({ lint, status, reason, diagnostics }) => ({
      lint,
      status,
      ...(reason === undefined ? {} : { reason }),
      diagnostics,
    })),
  };
}

function printHuman(context: Context, setting: Setting, predicted: readonly Predicted[]): void {
  const [first] = predicted;
  if (first === undefined) return;
  for (const [i, one] of predicted.entries()) {
    context.print(`${describe(one)}\n`);
    const before = predicted[i - 1];
    if (before === undefined) continue;
    for (const { text } of changesForUserSpace(before.prediction, one.prediction))
      context.print(`  since ${formatKernelVersion(before.kernel)}: ${text}\n`);
  }
  if (context.options.quiet) return;
  const columns = predicted.map(({ kernel, prediction }) => ({ input: { ...setting.input, kernel }, prediction }));
  context.print(`\n${formatMap(mapOf(columns))}`);
}

/** Options that would have made more lints run. */
interface StrictOptions extends PlaceOptions {
  readonly strict: boolean;
}

async function place(context: Context, profile: string | undefined, options: StrictOptions): Promise<Exit> {
  const diagnostics: Diagnostic[] = [];
  const sources = new Map<string, SourceText>();
  let setting: Setting;
  try {
    setting = settlePlacement(context, profile, options, diagnostics, sources);
  } catch (error) {
    throw refusedAfter(error, { diagnostics, sources });
  }
  const predicted = setting.kernels.map((kernel): Predicted => {
    const input = { ...setting.input, kernel };
    return { kernel, prediction: predict(input), lints: lintPlacement(input) };
  });
  const found = judgePlacement(
    diagnostics,
    predicted.map((one) => ({ ...one, kernel: formatKernelVersion(one.kernel) })),
  );
  const checks = placementChecks(predicted, found);
  const judging = { notGiven: lackingOptions(predicted), strict: options.strict };
  if (context.options.format === 'json') {
    const shapes = predicted.map(shapeOf);
    const verdict = countChecks(checks, judging);
    context.printJson(
      shapes.length === 1 ? { ...shapes[0], verdict } : { schemaVersion: 1, predictions: shapes, verdict },
    );
  } else {
    context.findings(found, sources);
    if (context.options.format === 'human') printHuman(context, setting, predicted);
  }
  if (context.options.format === 'human') printVerdict(context, checks, judging);
  if (hasErrors(found)) return EXIT.findings;
  return exitOf(checks, { strict: options.strict, requireTools: false, unknown: EXIT.good }) === EXIT.good
    ? EXIT.good
    : EXIT.findings;
}
