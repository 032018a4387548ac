/** Decides size and delivery of every area; where they lie is for the planner of src/placement. */
import type { Diagnostic } from '../diagnostic/index.js';
import { isAvailable } from '../fdt/index.js';
import { bytesOf, type Model, rangeOf } from '../model/index.js';
import { isPool, type ReservedNode, readReservedMemory } from '../placement/index.js';
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

/** The pool that the board's own tree has as the default area. */
export const boardDefault = ({ tree }: Model): ReservedNode | undefined =>
  readReservedMemory(tree).nodes.find((node) => isPool(node) && node.isDefault && isAvailable(node.node));

/** An overlay merges into the node of the same name, and cannot delete a property of it. */
function withBoardDefault(areas: PlannedArea[], model: Model, diagnostics: Diagnostic[]): PlannedArea[] {
  const node = areas.some(({ isDefault }) => isDefault) ? undefined : boardDefault(model);
  const own = areas.find(({ name, delivery }) => delivery === 'device-tree' && name === node?.name.replace(/@.*$/, ''));
  if (own === undefined) return areas;
  const pointer = childPointer('/regions', own.name);
  const span = model.loaded.spanOf(pointer, 'key');
  diagnostics.push(
    report('plan/default-of-board', {
      message: `"${own.name}" is the default area, because the board's device tree has linux,cma-default in that node`,
      cause: 'an overlay changes the properties of a node and cannot delete one',
      fix: `add "default": true to "${own.name}", or give the region another name`,
      pointer,
      ...(span === undefined ? {} : { span }),
    }),
  );
  return areas.map((area) => (area === own ? { ...area, isDefault: true } : area));
}

/** Every region of the profile with what it says of a place; no place is decided. */
export function planAreas(model: Model): { areas: PlannedArea[]; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const regions = Object.entries(model.loaded.profile.regions ?? {});
  const areas = regions.map(([name, region]) => planArea(name, region, model, diagnostics));
  return { areas: withBoardDefault(areas, model, diagnostics), diagnostics };
}
