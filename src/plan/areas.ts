/** Decides size and delivery of every area; where they lie is for the planner of src/placement. */
import type { Diagnostic } from '../diagnostic/index.js';
import { bytesOf, type Model, rangeOf } from '../model/index.js';
import type { Region } from '../profile/types.gen.js';
import { alignUp, formatBytes } from '../quantity/index.js';
import { childPointer } from '../source/pointer.js';
import { computeBudget } from './budget.js';
import { report } from './codes.js';
import type { Because, PlannedArea } from './types.js';

function planArea(name: string, region: Region, model: Model, diagnostics: Diagnostic[]): PlannedArea {
  const pointer = childPointer('/regions', name);
  const { granuleBytes, pageSizeBytes } = model;
  const budget = region.budget === undefined ? undefined : computeBudget(region.budget, pageSizeBytes, granuleBytes);
  const wished = budget?.sizeBytes ?? bytesOf(region.size ?? 0);
  const sizeBytes = alignUp(wished, granuleBytes);
  if (sizeBytes !== wished) {
    const span = model.loaded.spanOf(`${pointer}/size`);
    diagnostics.push(
      report('plan/size-rounded', {
        message: `the size of "${name}" is rounded up from ${formatBytes(wished)} to ${formatBytes(sizeBytes)}`,
        cause: `the kernel refuses an area whose size is not a multiple of ${formatBytes(granuleBytes)}`,
        facts: ['cma.safe-granule'],
        pointer: `${pointer}/size`,
        ...(span === undefined ? {} : { span }),
      }),
    );
  }
  const because: Because =
    budget === undefined
      ? {
          text: `size as stated, a multiple of ${formatBytes(granuleBytes)}`,
          pointer: `${pointer}/size`,
          facts: ['cma.safe-granule'],
        }
      : { text: 'size from the buffer budget', pointer: `${pointer}/budget`, facts: ['cma.safe-granule'] };
  const delivery = region.delivery ?? 'device-tree';
  return {
    name,
    nodeName: name,
    areaName: delivery === 'device-tree' ? name : model.naming.inventoryAt(model.kernel.max).kernelAreaName,
    delivery,
    isDefault: region.default ?? false,
    sizeBytes,
    baseAddress: region.base === undefined ? undefined : bytesOf(region.base),
    allocRanges: region.allocRanges?.map(rangeOf) ?? [],
    alignmentBytes: region.alignment === undefined ? undefined : bytesOf(region.alignment),
    ...(region.addressBits === undefined ? {} : { addressBits: region.addressBits }),
    budget: budget === undefined ? undefined : { buffers: budget.buffers, steps: budget.steps },
    because: [because],
  };
}

/** Every region of the profile with what it says of a place; no place is decided. */
export function planAreas(model: Model): { areas: PlannedArea[]; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const regions = Object.entries(model.loaded.profile.regions ?? {});
  return { areas: regions.map(([name, region]) => planArea(name, region, model, diagnostics)), diagnostics };
}
