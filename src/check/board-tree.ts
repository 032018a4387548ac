/** The DTB of an image against the plan: what the kernel will make of it, by the placement simulator. */
import { type CodeTable, type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { formatKernelVersion } from '../facts/index.js';
import { memoryBanks } from '../fdt/index.js';
import type { PlacementInput, UnknownField } from '../placement/index.js';
import { firstEntry, isPool, predict, readReservedMemory } from '../placement/index.js';
import type { Plan, PlannedArea } from '../plan/types.js';
import { formatAddress, formatBytes } from '../quantity/index.js';
import { childPointer } from '../source/pointer.js';

export const TREE_CHECK_CODES = defineCodes({
  'dtb/no-area': {
    severity: 'error',
    title: 'the kernel does not make an area of the profile from the DTB',
    explain:
      'With this DTB, configuration and command line, the kernel does not make the area, so its heap is missing or cannot allocate.',
  },
  'dtb/area-differs': {
    severity: 'error',
    title: 'an area differs from the profile',
    explain:
      'The kernel makes the area, but its size or address differs from the profile, or it is not the default area.',
  },
  'dtb/overlay-needed': {
    severity: 'note',
    title: 'the overlay must be applied',
    explain:
      'The device tree from the boot loader lacks the area; with the overlay of the profile, it has the area. The image must contain the overlay, and the configuration of its boot loader must name it.',
  },
  'dtb/applied': {
    severity: 'note',
    title: 'the device tree that the kernel gets',
    explain:
      'The finding names the DTB, the overlays that the boot loader applies, and the lines of its configuration that name them.',
  },
  'dtb/missing': {
    severity: 'error',
    title: 'a device tree that the image does not have',
    explain:
      'The configuration of the boot loader names a DTB by its path, and the image has no such file: the boot loader stops, or starts the kernel with another tree.',
  },
  'dtb/overlay-broken': {
    severity: 'error',
    title: 'an overlay that the boot loader cannot apply',
    explain:
      'The configuration of the boot loader names an overlay that the image does not have, or that cannot be applied to the DTB. Most boot loaders then start the kernel without the overlay; some do not start the kernel.',
  },
  'dtb/command-line': {
    severity: 'error',
    title: 'the command line lacks an argument of the profile',
    explain:
      "The profile delivers an area by the kernel command line, but the boot loader's configuration does not pass the argument.",
  },
  'dtb/unknown': {
    severity: 'warning',
    title: 'the result for an area is unknown',
    explain: 'The message names what the simulator needs to know.',
  },
} satisfies CodeTable);
const report = reporter(TREE_CHECK_CODES);

/** Where an area of the plan would be found: by its node's name, with or without a unit address. */
const isArea = (area: PlannedArea, name: string) => name === area.areaName || name.replace(/@.*$/, '') === area.name;

/** The finding about a DTB that a configuration names and the image does not have. */
export const missingTree = ({ name, from }: { readonly name: string; readonly from: string }): Diagnostic =>
  report('dtb/missing', {
    message: `${from} names the device tree ${name}, and the image does not have it`,
    fix: 'install the file at the path of the line, or give the DTB with --dtb',
  });

/** What shows which tree the kernel gets. */
export interface TreeEvidence {
  /** The DTB, as findings call it. */
  readonly file: string;
  /** Overlays that are applied, each with the line that names it. */
  readonly overlays: readonly string[];
  readonly broken: readonly { readonly name: string; readonly from: string; readonly reason: string }[];
  /** Configurations of boot loaders that were read. */
  readonly configurations: readonly string[];
  /** Whether an image was looked through at all. */
  readonly hasImage: boolean;
  /** Overlays of the image with which the tree would be right, though nothing shows that they are applied. */
  readonly shipped: readonly string[];
  /** The command that shows the areas that a kernel makes of the tree. */
  readonly place: string;
  /** The command line that the kernel gets, and the place that shows it; undefined: no input shows one. */
  readonly commandLine: { readonly text: string; readonly from: string } | undefined;
}

/** The finding where the answer depends on whose statement of the RAM holds on the board. */
export const memoryDecides = (plan: Plan, board: PlacementInput): Diagnostic[] =>
  board.memory === undefined || isRight(plan, withoutMemory(board)) || !isRight(plan, board)
    ? []
    : [
        report('dtb/unknown', {
          message: `whether Linux ${formatKernelVersion(board.kernel)} makes every area is unknown`,
          cause: 'with the RAM of the profile it does, and with the RAM that the DTB states it does not',
          fix: 'correct board.memory, or give the DTB as the boot loader hands it to the kernel',
        }),
      ];

const withoutMemory = ({ memory: _, ...board }: PlacementInput): PlacementInput => board;

export interface TreeVerdict {
  readonly diagnostics: readonly Diagnostic[];
  /** The tree lacks something that an overlay in the image has, and whether it is applied is not known. */
  readonly isUnknown: boolean;
}

/**
 * @param board everything the simulator asks for, with the tree as the boot loader hands it over
 * @param repaired the same with the profile's overlay applied as well; undefined: it has none
 */
export function checkTree(
  plan: Plan,
  board: PlacementInput,
  repaired: PlacementInput | undefined,
  evidence: TreeEvidence,
): TreeVerdict {
  const { file, overlays, broken, configurations, hasImage, shipped } = evidence;
  const kernel = `Linux ${formatKernelVersion(board.kernel)}`;
  const found = judge(plan, board, file, evidence.place);
  const seen = overlays.length === 0 ? file : `${file} with ${overlays.join(', ')}`;
  const lines = commandLineFindings(plan, evidence.commandLine);
  const diagnostics: Diagnostic[] = [
    ...lines,
    report('dtb/applied', { message: `${kernel} gets ${seen}` }),
    ...broken.map(({ name, from, reason }) =>
      report('dtb/overlay-broken', {
        message: `${from} names the overlay ${name}: ${reason}`,
        fix: 'install the overlay at the path of the line, or remove the line',
      }),
    ),
  ];
  const isLacking = found.some(({ code, severity }) => severity === 'error' && code.startsWith('dtb/'));
  const left = isLacking && repaired !== undefined ? judge(plan, repaired, file, evidence.place) : undefined;
  const isRepairable = left?.some(({ severity }) => severity === 'error') === false;
  const repair = left?.some(isOpenQuestion)
    ? `the tree asks for every area, and whether ${kernel} makes them is unknown`
    : `${kernel} makes every area`;
  if (!isRepairable)
    return { diagnostics: [...diagnostics, ...found], isUnknown: [...lines, ...found].some(isOpenQuestion) };
  const isOpen = hasImage && shipped.length > 0 && configurations.length === 0 && broken.length === 0;
  const why = !hasImage
    ? 'no given input shows that a boot loader applies it'
    : shipped.length === 0
      ? 'the image does not contain it'
      : configurations.length === 0
        ? `the image contains it as ${shipped.join(', ')}, but no boot loader configuration in the image applies it`
        : `the image contains it as ${shipped.join(', ')}, but ${configurations.join(', ')} does not apply it`;
  return {
    diagnostics: [
      ...diagnostics,
      ...found.map((one) => (isOpen && one.severity === 'error' ? { ...one, severity: 'warning' as const } : one)),
      report('dtb/overlay-needed', {
        severity: isOpen ? 'warning' : 'note',
        message: `with the overlay of the profile, ${repair}; ${why}`,
        fix: hasImage
          ? "add the overlay to the boot loader's configuration in the image, or include dmaheap.dtsi in the board's source"
          : 'give the DTB that the kernel gets, name the overlay with --overlay, or give the image with --rootfs',
      }),
    ],
    isUnknown: isOpen,
  };
}

const isOpenQuestion = ({ code, severity }: Diagnostic) =>
  severity === 'warning' && /^dtb\/(?:unknown|command-line)$/.test(code);

/** Arguments that deliver areas: they must be on the command line that the image shows. */
function commandLineFindings(plan: Plan, shown: TreeEvidence['commandLine']): Diagnostic[] {
  const words = shown?.text.split(/\s+/) ?? [];
  return plan.commandLine
    .filter(({ argument }) => !words.includes(argument))
    .map(({ argument }) =>
      report('dtb/command-line', {
        severity: shown === undefined ? 'warning' : 'error',
        message:
          shown === undefined
            ? `the kernel's command line is not known; assuming that it has ${argument}`
            : `the kernel's command line lacks ${argument}`,
        ...(shown === undefined ? {} : { cause: `${shown.from} has "${shown.text}"` }),
        fix: `add ${argument} to the command line in the boot loader's configuration`,
      }),
    );
}

/** Whether a tree leads to every area of the plan. */
export const isRight = (plan: Plan, board: PlacementInput): boolean =>
  !judge(plan, board, '', '').some(({ severity }) => severity === 'error');

const nodesOf = ({ tree }: PlacementInput) => readReservedMemory(tree);

const asksFor = (area: PlannedArea, board: PlacementInput) =>
  nodesOf(board).nodes.some((node) => isArea(area, node.name) && isPool(node));

/** Why the tree does not ask for an area: its node is absent, off, or of another kind. */
function absent(area: PlannedArea, board: PlacementInput): string | undefined {
  if (area.delivery !== 'device-tree') return undefined;
  const { nodes, disabled } = nodesOf(board);
  const off = disabled.find((name) => isArea(area, name));
  if (off !== undefined) return `/reserved-memory/${off} has a status other than "okay"`;
  const node = nodes.find(({ name }) => isArea(area, name));
  if (node === undefined) return `/reserved-memory has no node ${area.nodeName}`;
  if (!node.compatible.includes('shared-dma-pool'))
    return `/reserved-memory/${node.name} is compatible with ${node.compatible.join(', ') || 'nothing'}, not with shared-dma-pool`;
  return node.reusable ? undefined : `/reserved-memory/${node.name} lacks "reusable"`;
}

/** Assumed where the kernel's own size is not known: no kernel with heaps is smaller, uncompressed. */
const SMALLEST_KERNEL = 4n << 20n;

/**
 * Whether there is a place for the kernel that leaves every area one. At an end of a free stretch it takes the least
 * away, so those places are enough.
 */
function fitsBesideKernel(plan: Plan, board: PlacementInput): boolean {
  const { occupied = [], tree } = board;
  if (occupied.some(({ name }) => name === 'kernel')) return true;
  const banks = board.memory ?? memoryBanks(tree);
  const fixed = nodesOf(board).nodes.flatMap((node) => firstEntry(node) ?? []);
  const ends = [...occupied, ...fixed].flatMap(({ baseAddress, sizeBytes }) => [
    baseAddress + sizeBytes,
    baseAddress - SMALLEST_KERNEL,
  ]);
  const places = banks.flatMap(({ baseAddress, sizeBytes }) => {
    const end = baseAddress + sizeBytes;
    const inside = ends.filter((at) => at >= baseAddress && at + SMALLEST_KERNEL <= end);
    return [baseAddress, end - SMALLEST_KERNEL, ...inside];
  });
  const isFree = (at: bigint) =>
    ![...occupied, ...fixed].some(
      ({ baseAddress, sizeBytes }) => at < baseAddress + sizeBytes && baseAddress < at + SMALLEST_KERNEL,
    );
  return places.filter(isFree).some((baseAddress) => {
    const kernel = { name: 'kernel', baseAddress, sizeBytes: SMALLEST_KERNEL };
    const { areas } = predict({ ...board, occupied: [...occupied, kernel] });
    return plan.areas.every((area) => areas.some((one) => isArea(area, one.name) && one.sizeBytes >= area.sizeBytes));
  });
}

const unknownArea = (area: PlannedArea, kernel: string, { field, needs }: UnknownField): Diagnostic =>
  report('dtb/unknown', {
    pointer: childPointer('/regions', area.name),
    message: `whether ${kernel} makes the area ${area.areaName} is unknown`,
    cause: `${field} needs ${needs}`,
    // The options are those of place.
    ...(needs.includes('--')
      ? {
          fix: 'state it in the profile (board.memory, inputs.occupied or inputs.bootLog); dmaheap place has the options',
        }
      : {}),
  });

/** What is wrong with a tree. */
function judge(plan: Plan, board: PlacementInput, file: string, place: string): Diagnostic[] {
  const prediction = predict(board);
  const kernel = `Linux ${formatKernelVersion(board.kernel)}`;
  const found: Diagnostic[] = [];
  for (const area of plan.areas) {
    const pointer = childPointer('/regions', area.name);
    const real = prediction.areas.find((one) => isArea(area, one.name));
    const rejected = prediction.rejected.find((one) => isArea(area, one.node));
    if (real === undefined || real.sizeBytes === 0n) {
      // Without a node that asks for it there is nothing that could become the area, whatever else is not known.
      const isAsked = area.delivery !== 'device-tree' || asksFor(area, board);
      const open = isAsked ? prediction.unknown.find(({ field }) => /^(?:areas|heaps|outcome)/.test(field)) : undefined;
      found.push(
        rejected === undefined && open !== undefined
          ? unknownArea(area, kernel, open)
          : report('dtb/no-area', {
              pointer,
              message: `${kernel} does not make the area ${area.areaName} from ${file}`,
              cause:
                rejected?.reason ??
                absent(area, board) ??
                `its areas are ${prediction.areas.map((one) => one.name).join(', ') || 'none'}`,
              fix: `run ${place}, which shows the areas that the kernel makes`,
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
      differs(`has ${formatBytes(real.sizeBytes)}, but the profile states ${formatBytes(area.sizeBytes)}`);
    if (real.isDefault !== area.isDefault) differs(real.isDefault ? 'is the default area' : 'is not the default area');
    if (area.baseAddress !== undefined && real.baseAddress !== null && real.baseAddress !== area.baseAddress)
      differs(`is at ${formatAddress(real.baseAddress)}, but the profile states ${formatAddress(area.baseAddress)}`);
    // The prediction shows one answer to each open question, which proves nothing; place prints unknown there too.
    const doubt = prediction.unknown.find(
      ({ field }) =>
        field === 'areas' || field === 'outcome' || field === `areas[${prediction.areas.indexOf(real)}].sizeBytes`,
    );
    if (doubt !== undefined) found.push(unknownArea(area, kernel, doubt));
  }
  if (prediction.dangers.some(({ code }) => code === 'no-room-for-kernel') && !fitsBesideKernel(plan, board))
    found.push(
      report('dtb/no-area', {
        message: `${kernel}: the areas of the profile leave no room for the kernel itself`,
        cause: `wherever a kernel of ${formatBytes(SMALLEST_KERNEL)} lies in the remaining RAM, one of the areas does not fit`,
        fix: 'move the initrd, shrink the area, or state more RAM',
      }),
    );
  for (const { reason, facts, code } of prediction.dangers) {
    const isOpen = code === 'no-room-for-kernel' && prediction.outcome === 'unknown';
    found.push(report(isOpen ? 'dtb/unknown' : 'dtb/no-area', { message: `${kernel}: ${code}`, cause: reason, facts }));
  }
  return found;
}
