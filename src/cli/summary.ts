/** The plan in words, for the person who ran the command. */
import { formatKernelVersion } from '../facts/index.js';
import { missingOn, nodeKernels } from '../plan/heaps.js';
import type { Plan, PlannedArea } from '../plan/index.js';
import { linksOf } from '../plan/links.js';
import { formatAddress, readableBytes } from '../quantity/index.js';

const mebibytes = (bytes: bigint) => (bytes % (1n << 20n) === 0n ? `${bytes >> 20n} MiB` : readableBytes(bytes));

function placeOf(area: PlannedArea): string {
  if (area.baseAddress !== undefined) return `at ${formatAddress(area.baseAddress)}`;
  if (area.allocRanges.length === 0) return 'where the kernel finds free memory';
  const ranges = area.allocRanges.map(
    (r) => `${formatAddress(r.baseAddress)} to ${formatAddress(r.baseAddress + r.sizeBytes)}`,
  );
  return `within ${ranges.join(' or ')}`;
}

/** Areas, heaps, symbols and who may use what, one line each. */
export function summarise(plan: Plan): string {
  const { min, max } = plan.kernel;
  const kernels =
    formatKernelVersion(min) === formatKernelVersion(max)
      ? formatKernelVersion(min)
      : `${formatKernelVersion(min)} to ${formatKernelVersion(max)}`;
  const lines = [`${plan.board.title} (${plan.board.arch}, Linux ${kernels})`, ''];
  for (const area of plan.areas) {
    lines.push(
      `area ${area.nodeName}: ${mebibytes(area.sizeBytes)} ${placeOf(area)}, by ${area.delivery}${area.isDefault ? ', the default area' : ''}`,
    );
    for (const step of area.budget?.steps ?? []) lines.push(`    ${step.text} = ${mebibytes(step.resultBytes)}`);
  }
  for (const heap of plan.heaps) {
    const { access } = heap;
    const who =
      access === undefined ? 'root only' : `group ${access.group}, mode 0${access.mode.toString(8).padStart(3, '0')}`;
    lines.push(`heap ${heap.name}${heap.areaName === undefined ? '' : ` from ${heap.areaName}`}: ${who}`);
    for (const node of heap.nodes) {
      const kernelsOf = nodeKernels(node, plan.kernel);
      if (kernelsOf !== undefined) lines.push(`    /dev/dma_heap/${node.name}${kernelsOf}`);
    }
    for (const alias of heap.aliases) {
      const made = heap.nodes.filter((node) => node.name === alias && !node.optional);
      const missing = missingOn(made, min, max);
      // A node that every kernel of the profile makes is listed above.
      if (missing !== 'none')
        lines.push(
          `    /dev/dma_heap/${alias} (alias${missing === 'some' ? ', if the kernel does not make this node' : ''})`,
        );
    }
    const unstated = linksOf(plan, heap).flatMap((link) => (link.isStated ? [] : [link.name]));
    if (unstated.length > 0)
      lines.push(`    also linked, under the names of other kernels: ${[...new Set(unstated)].join(' ')}`);
  }
  lines.push(`kernel symbols: ${plan.symbols.map((s) => `${s.symbol}=${s.value}`).join(' ')}`);
  for (const { argument } of plan.commandLine) lines.push(`kernel command line: ${argument}`);
  return lines.join('\n');
}
