/**
 * The overlay by the placement simulator: on the board's DTB, or without one on a skeleton with the overlay's cells.
 */
import { type Diagnostic, hasErrors } from '../diagnostic/index.js';
import { compareKernelVersions, formatKernelVersion } from '../facts/index.js';
import { applyOverlay, cell, cellsValue, type Fdt, type FdtNode, makeFdt, readFdt, walk } from '../fdt/index.js';
import { optionValues } from '../kconfig/option-line.js';
import { findingsOf, type LintResult, lintPlacement, RAM_UNKNOWN } from '../placement/index.js';
import { fragments } from './fragment.js';
import { type Check, type CheckContext, type CheckedBoard, hasSuffix, report, type Verdict } from './types.js';

/** They are about the base alone, or need what a generated tree does not say: the budget, the whole configuration. */
const NOT_HERE: readonly string[] = ['heap-visible', 'kernel-config', 'budget', 'command-line'];

const placement: Check = {
  id: 'dt-placement',
  title: 'Overlay: the kernel places every region, as far as the given inputs show',
  subjects: hasSuffix('.dtso'),
  needs: { tools: ['dtc'], inputs: [] },
  async run(subjects, context): Promise<Verdict> {
    const { board, tools, inputs } = context;
    if (board === undefined)
      return { status: 'not-run', diagnostics: [report('check/input-missing', { message: UNKNOWN_BOARD })] };
    const work = await tools.scratch();
    const base = inputs.dtb === undefined ? undefined : await read(context, inputs.dtb);
    const found: Diagnostic[] = [];
    const results: LintResult[] = [];
    const requested = optionValues(
      fragments(context.tree)
        .map(({ text }) => text)
        .join('\n'),
    );
    for (const [i, source] of subjects.entries()) {
      const stem = `${work}/${i}`;
      await tools.writeText(`${stem}.dts`, source.text);
      await tools.run('dtc', ['-q', '-@', '-I', 'dts', '-O', 'dtb', '-o', `${stem}.dtbo`, `${stem}.dts`]);
      const overlay = await read(context, `${stem}.dtbo`);
      // That dtc refuses it is the finding of another check.
      if (overlay === undefined) continue;
      const predicted = lintOverlay(board, base, overlay, requested);
      results.push(...predicted.flatMap(({ lints }) => lints));
      for (const finding of findingsOf(predicted)) found.push({ span: source.span(0), ...finding });
    }
    if (hasErrors(found)) return found;
    const diagnostics =
      inputs.dtb === undefined
        ? [...found, report('check/input-missing', { message: WITHOUT_DTB, fix: 'give --dtb' })]
        : found;
    const status = (['unknown', 'not-run'] as const).find((one) => results.some((result) => result.status === one));
    return status === undefined ? diagnostics : { status, diagnostics: [...diagnostics, ...notRun(results)] };
  },
};

/** What no lint could look at, by its reason. */
function notRun(results: readonly LintResult[]): readonly Diagnostic[] {
  const open = results.filter(({ status }) => status === 'not-run');
  return [...new Set(open.map(({ reason }) => reason))].map((reason) => {
    const names = [...new Set(open.filter((one) => one.reason === reason).map(({ lint }) => lint))];
    // The fix of the lint names options of place, and the tree has the RAM of its profile.
    const fix = reason === RAM_UNKNOWN ? RAM_FIX : open.find((one) => one.reason === reason)?.diagnostics[0]?.fix;
    return report('check/input-missing', {
      message: `dt-placement did not run ${names.join(', ')}: ${reason}`,
      ...(fix === undefined ? {} : { fix }),
    });
  });
}

const RAM_FIX = 'state board.memory in the profile, then run dmaheap generate again';
const UNKNOWN_BOARD = 'dt-placement was not run: the manifest does not name the board of the tree; generate it again';
const WITHOUT_DTB =
  "dt-placement did not see the board's own reservations and buses: without a DTB, it checks only RAM, zones and sizes";

async function read({ tools }: CheckContext, file: string): Promise<Fdt | undefined> {
  const bytes = await tools.readBytes(file);
  return bytes && readFdt(bytes, file).value;
}

interface Linted {
  readonly kernel: string;
  readonly lints: readonly LintResult[];
}

function lintOverlay(
  board: CheckedBoard,
  base: Fdt | undefined,
  overlay: Fdt,
  requested: ReadonlyMap<string, string>,
): readonly Linted[] {
  const { kernel, commandLine, memory, known, ...rest } = board;
  const tree = base ?? skeletonFor(overlay);
  const { value: merged } = applyOverlay(tree, overlay);
  if (merged === undefined) return [];
  const kernels = compareKernelVersions(kernel.min, kernel.max) === 0 ? [kernel.min] : [kernel.min, kernel.max];
  return kernels.map((version) => {
    const results = lintPlacement({
      ...rest,
      ...known,
      tree: merged,
      kernel: version,
      base: tree,
      overlays: [overlay],
      config: requested,
      configComplete: false,
      ...(base === undefined ? { isSkeleton: true } : {}),
      ...(commandLine === '' ? {} : { commandLine }),
      ...(memory.length === 0 ? {} : { memory }),
    });
    return { kernel: formatKernelVersion(version), lints: results.filter(({ lint }) => !NOT_HERE.includes(lint)) };
  });
}

/**
 * A sound board with the cells that the overlay gives /reserved-memory: the board's own node may have what it leaves
 * out.
 */
function skeletonFor(overlay: Fdt): Fdt {
  const named = (node: FdtNode) => node.properties.has('#address-cells') && node.properties.has('#size-cells');
  const node = [...walk(overlay.root)].find(named);
  const cells = {
    '#address-cells': cellsValue((node && cell(node, '#address-cells')) ?? 2),
    '#size-cells': cellsValue((node && cell(node, '#size-cells')) ?? 2),
  };
  const reserved = { name: 'reserved-memory', properties: { ...cells, ranges: new Uint8Array() } };
  return makeFdt({ name: '', properties: cells, children: [reserved] });
}

export const PLACEMENT_CHECKS: readonly Check[] = [placement];
