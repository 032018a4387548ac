/**
 * The overlay by the placement simulator: on the board's DTB, or without one on a skeleton with the overlay's cells.
 */
import { type Diagnostic, hasErrors } from '../diagnostic/index.js';
import { compareKernelVersions, formatKernelVersion } from '../facts/index.js';
import { applyOverlay, cell, cellsValue, type Fdt, type FdtNode, makeFdt, readFdt, walk } from '../fdt/index.js';
import { lintPlacement } from '../placement/index.js';
import { type Check, type CheckContext, type CheckedBoard, hasSuffix, report, type Verdict } from './types.js';

/** Their findings are about the base alone, or are said of heaps elsewhere. */
const NOT_HERE: readonly string[] = ['heap-visible'];

const placement: Check = {
  id: 'dt-placement',
  title: 'Overlay: the kernel places every region, as far as the given inputs show',
  subjects: hasSuffix('.dtso'),
  needs: { tools: ['dtc'], inputs: [] },
  async run(subjects, context): Promise<Verdict> {
    const { board, tools, inputs } = context;
    if (board === undefined)
      return { status: 'unknown', diagnostics: [report('check/input-missing', { message: UNKNOWN_BOARD })] };
    const work = await tools.scratch();
    const base = inputs.dtb === undefined ? undefined : await read(context, inputs.dtb);
    const found: Diagnostic[] = [];
    for (const [i, source] of subjects.entries()) {
      const stem = `${work}/${i}`;
      await tools.writeText(`${stem}.dts`, source.text);
      await tools.run('dtc', ['-q', '-@', '-I', 'dts', '-O', 'dtb', '-o', `${stem}.dtbo`, `${stem}.dts`]);
      const overlay = await read(context, `${stem}.dtbo`);
      // That dtc refuses it is the finding of another check.
      if (overlay === undefined) continue;
      for (const finding of lintOverlay(board, base, overlay)) found.push({ span: source.span(0), ...finding });
    }
    if (inputs.dtb !== undefined || hasErrors(found)) return found;
    return [...found, report('check/input-missing', { message: WITHOUT_DTB, fix: 'give --dtb' })];
  },
};

const UNKNOWN_BOARD = 'dt-placement was not run: the manifest does not name the board of the tree; generate it again';
const WITHOUT_DTB =
  "dt-placement did not see the board's own reservations and buses: without a DTB, it checks only RAM, zones and sizes";

async function read({ tools }: CheckContext, file: string): Promise<Fdt | undefined> {
  const bytes = await tools.readBytes(file);
  return bytes && readFdt(bytes, file).value;
}

function lintOverlay(board: CheckedBoard, base: Fdt | undefined, overlay: Fdt): Diagnostic[] {
  const { kernel, commandLine, memory, known, ...rest } = board;
  const tree = base ?? skeletonFor(overlay);
  const { value: merged } = applyOverlay(tree, overlay);
  if (merged === undefined) return [];
  const kernels = compareKernelVersions(kernel.min, kernel.max) === 0 ? [kernel.min] : [kernel.min, kernel.max];
  const found = new Map<string, Diagnostic>();
  for (const version of kernels)
    for (const { lint, status, diagnostics } of lintPlacement({
      ...rest,
      ...known,
      tree: merged,
      kernel: version,
      base: tree,
      overlays: [overlay],
      config: new Map(),
      configComplete: false,
      ...(base === undefined ? { isSkeleton: true } : {}),
      ...(commandLine === '' ? {} : { commandLine }),
      ...(memory.length === 0 ? {} : { memory }),
    }))
      for (const finding of status === 'not-run' || NOT_HERE.includes(lint) ? [] : diagnostics) {
        const message =
          kernels.length === 1 ? finding.message : `Linux ${formatKernelVersion(version)}: ${finding.message}`;
        const key = `${finding.code} ${finding.message}`;
        if (!found.has(key)) found.set(key, { ...finding, message });
      }
  return [...found.values()];
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
