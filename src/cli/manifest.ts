/** The part of manifest.json that says what was generated for which board. */
import { formatKernelVersion } from '../facts/index.js';
import { addressBitsOf } from '../plan/board.js';
import type { Plan } from '../plan/index.js';
import { formatAddress } from '../quantity/index.js';
import { GENERATOR } from './lock.js';
import type { RecordedInputs } from './tree.js';

export function manifestOf(plan: Plan, inputs: RecordedInputs) {
  return {
    generator: GENERATOR,
    profile: plan.profile,
    ...(Object.keys(inputs).length === 0 ? {} : { inputs }),
    board: {
      arch: plan.board.arch,
      ...(plan.board.dtb === undefined ? {} : { dtb: plan.board.dtb }),
      pageSizeBytes: Number(plan.board.pageSizeBytes),
      memory: plan.board.memory.map(({ baseAddress, sizeBytes }) => ({
        base: formatAddress(baseAddress),
        size: formatAddress(sizeBytes),
      })),
      addressBits: Object.fromEntries(addressBitsOf(plan.areas)),
    },
    commandLine: plan.commandLine.map(({ argument }) => argument).join(' '),
    kernel: { min: formatKernelVersion(plan.kernel.min), max: formatKernelVersion(plan.kernel.max) },
    heaps: plan.heaps.map(({ name, kind, areaName, cached, optional, nodes }) => ({
      name,
      kind,
      ...(areaName === undefined ? {} : { area: areaName }),
      ...(plan.areas.some((area) => area.areaName === areaName && area.isDefault) ? { isDefault: true } : {}),
      ...(optional ? { optional: true } : {}),
      ...(cached ? {} : { cached }),
      nodes: nodes.map((node) => ({
        name: node.name,
        ...(node.since === undefined ? {} : { since: formatKernelVersion(node.since) }),
        ...(node.until === undefined ? {} : { until: formatKernelVersion(node.until) }),
        ...(node.optional ? { optional: true } : {}),
      })),
    })),
  };
}
