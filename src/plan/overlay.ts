/** The plan's reserved-memory overlay as a tree, for predicting without dtc. */
import type { Fdt } from '../fdt/index.js';
import { poolOverlay } from '../placement/index.js';
import type { Plan } from './types.js';

/** @returns undefined when nothing is delivered by the device tree */
export function overlayOf(
  planned: Plan['areas'],
  cells: Pick<Plan['board']['cells'], 'address' | 'size'>,
): Fdt | undefined {
  const areas = planned.filter((area) => area.delivery === 'device-tree');
  return areas.length === 0 ? undefined : poolOverlay(areas, cells);
}
