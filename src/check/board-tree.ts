/** The DTB of an image against the plan: what the kernel will make of it, by the placement simulator. */
import { type CodeTable, type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { formatKernelVersion } from '../facts/index.js';
import type { PlacementInput } from '../placement/index.js';
import { predict } from '../placement/index.js';
import type { Plan, PlannedArea } from '../plan/types.js';
import { formatAddress, formatBytes } from '../quantity/index.js';
import { childPointer } from '../source/json.js';

export const TREE_CHECK_CODES = defineCodes({
  'dtb/no-area': {
    severity: 'error',
    title: 'the DTB does not lead to an area of the profile',
    explain:
      'With this DTB (and this configuration and command line) the kernel makes no such area, so its heap is missing or cannot allocate.',
  },
  'dtb/area-differs': {
    severity: 'error',
    title: 'an area differs from the profile',
    explain:
      'The kernel makes the area, with another size or place than the profile states, or it is not the default one.',
  },
  'dtb/overlay-needed': {
    severity: 'note',
    title: 'the overlay has to be applied',
    explain: 'The DTB alone has no such area; with the overlay of the profile it has. The boot loader must apply it.',
  },
  'dtb/unknown': {
    severity: 'warning',
    title: 'what becomes of an area cannot be told',
    explain: 'The simulator says what it needs to know.',
  },
} satisfies CodeTable);
const report = reporter(TREE_CHECK_CODES);

/** Where an area of the plan would be found: by its node's name, with or without a unit address. */
const isArea = (area: PlannedArea, name: string) => name === area.areaName || name.replace(/@.*$/, '') === area.name;

/**
 * @param board everything the simulator asks for, with the DTB as it is in the image
 * @param merged the same with the profile's overlay applied; undefined: it has none
 */
export function checkTree(
  plan: Plan,
  file: string,
  board: PlacementInput,
  merged: PlacementInput | undefined,
): Diagnostic[] {
  const alone = predict(board);
  const needsOverlay = plan.areas.some(
    (area) =>
      area.delivery === 'device-tree' &&
      !alone.areas.some((one) => isArea(area, one.name) && one.sizeBytes >= area.sizeBytes),
  );
  const prediction = needsOverlay && merged !== undefined ? predict(merged) : alone;
  const kernel = `Linux ${formatKernelVersion(board.kernel)}`;
  const found: Diagnostic[] = [];
  if (needsOverlay && merged !== undefined)
    found.push(
      report('dtb/overlay-needed', {
        message: `${file} alone has not every area; judged with dmaheap.dtbo applied`,
        fix: "let the boot loader apply dmaheap.dtbo, or include dmaheap.dtsi in the board's source",
      }),
    );
  for (const area of plan.areas) {
    const pointer = childPointer('/regions', area.name);
    const real = prediction.areas.find((one) => isArea(area, one.name));
    const rejected = prediction.rejected.find((one) => isArea(area, one.node));
    if (real === undefined || real.sizeBytes === 0n) {
      const open = prediction.unknown[0];
      found.push(
        rejected === undefined && open !== undefined
          ? report('dtb/unknown', {
              pointer,
              message: `whether ${kernel} makes the area ${area.areaName} cannot be told`,
              cause: `${open.field} needs ${open.needs}`,
            })
          : report('dtb/no-area', {
              pointer,
              message: `${kernel} makes no area ${area.areaName} of ${file}`,
              cause:
                rejected?.reason ?? `its areas are ${prediction.areas.map((one) => one.name).join(', ') || 'none'}`,
              fix: 'dmaheap place --dtb shows what the kernel makes of it',
              ...(rejected === undefined ? {} : { facts: rejected.facts }),
            }),
      );
      continue;
    }
    const differs = (what: string) =>
      found.push(
        report('dtb/area-differs', {
          pointer,
          message: `${kernel}: the area ${real.name} ${what}`,
          fix: 'make the device tree and the profile agree',
        }),
      );
    if (real.sizeBytes < area.sizeBytes)
      differs(`has ${formatBytes(real.sizeBytes)}, and the profile wants ${formatBytes(area.sizeBytes)}`);
    if (real.isDefault !== area.isDefault) differs(real.isDefault ? 'is the default area' : 'is not the default area');
    if (area.baseAddress !== undefined && real.baseAddress !== null && real.baseAddress !== area.baseAddress)
      differs(`lies at ${formatAddress(real.baseAddress)}, and the profile wants ${formatAddress(area.baseAddress)}`);
  }
  for (const { reason, facts, code } of prediction.dangers) {
    const isOpen = code === 'no-room-for-kernel' && prediction.outcome === 'unknown';
    found.push(report(isOpen ? 'dtb/unknown' : 'dtb/no-area', { message: `${kernel}: ${code}`, cause: reason, facts }));
  }
  return found;
}
