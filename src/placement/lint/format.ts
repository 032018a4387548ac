/** Lints of how nodes are written: cells, lengths, flags, names, what an overlay can say. */

import { firstRelease } from '../../facts/index.js';
import { type Fdt, findChild, strings } from '../../fdt/index.js';
import { firstEntry, isPool, type ReservedNode, readReservedMemory } from '../reserved-nodes.js';
import { cellsText, type Finding, type LintContext } from './context.js';
import { lint, READABLE } from './lint.js';
import { noReservedMemory, noShare, nothingReserved } from './skip.js';

interface RootCells {
  readonly address: number;
  readonly size: number;
}

interface CellCounts {
  readonly address: number | undefined;
  readonly size: number | undefined;
}

/** What is wrong with the cells of /reserved-memory; undefined: nothing. */
export function cellsMismatch(own: CellCounts, root: CellCounts): Omit<Finding, 'nodes'> | undefined {
  if (own.address === root.address && own.size === root.size) return undefined;
  const spell = (value: number | undefined) => (value === undefined ? 'missing' : `<${value}>`);
  return {
    message: `/reserved-memory has #address-cells ${spell(own.address)} and #size-cells ${spell(own.size)}, but the root has <${root.address}> and <${root.size}>`,
    cause: 'the kernel ignores every reservation of such a tree, also those of the firmware',
    fix: `write #address-cells = <${root.address}>; #size-cells = <${root.size}>; in /reserved-memory, and reg, size, alignment and alloc-ranges in those cells`,
    facts: ['reserved-memory.cells'],
  };
}

function findCellsMatchRoot({ situation }: LintContext): Finding[] {
  const { node, rootCells, ownCells } = situation.reservedMemory;
  const wrong = node === undefined ? undefined : cellsMismatch(ownCells, rootCells);
  return wrong === undefined ? [] : [{ nodes: ['reserved-memory'], ...wrong }];
}

export const cellsMatchRoot = lint({
  id: 'cells-match-root',
  severity: 'error',
  title: 'cells of /reserved-memory differ from the root',
  explain:
    'When #address-cells or #size-cells of /reserved-memory differ from those of the root, the kernel prints "unsupported node format, ignoring" and ignores every reservation in the tree, also those of the firmware. Overlay tools apply such an overlay without an error.',
  needs: [],
  skip: noReservedMemory,
  check: findCellsMatchRoot,
});

export const NO_RANGES: Omit<Finding, 'nodes'> = {
  message: '/reserved-memory has no ranges property',
  cause: 'the kernel ignores every reservation of such a tree, also those of the firmware',
  fix: 'add "ranges;" to /reserved-memory',
  facts: ['reserved-memory.cells'],
};

function findRangesPresent({ situation }: LintContext): Finding[] {
  const { node, hasRanges } = situation.reservedMemory;
  return node === undefined || hasRanges ? [] : [{ nodes: ['reserved-memory'], ...NO_RANGES }];
}

export const rangesPresent = lint({
  id: 'ranges-present',
  severity: 'error',
  title: '/reserved-memory has no ranges',
  explain: 'Without an empty ranges property, the kernel ignores every reservation, as with wrong cells.',
  needs: [],
  skip: noReservedMemory,
  check: findRangesPresent,
});

/** Properties of a node whose length does not fit the cells that they are read in. */
export function malformedProperties(node: ReservedNode, root: RootCells): Finding[] {
  const expected = {
    reg: `pairs of ${root.address} + ${root.size} cells`,
    'alloc-ranges': `pairs of ${root.address} + ${root.size} cells`,
    size: `${root.size} ${root.size === 1 ? 'cell' : 'cells'}`,
    alignment: `${root.address} ${root.address === 1 ? 'cell' : 'cells'}`,
  };
  return (['reg', 'size', 'alignment', 'alloc-ranges'] as const).flatMap((name): Finding[] => {
    const value = name === 'alloc-ranges' ? node.allocRanges : node[name];
    // With reg the kernel reads none of the others.
    if (value !== 'malformed' || (name !== 'reg' && node.reg !== undefined)) return [];
    const bytes = node.node.properties.get(name)?.length ?? 0;
    return [
      {
        nodes: [node.name],
        message: `${name} of ${node.name} has ${bytes} bytes, but the root requires ${expected[name]}`,
        cause:
          name === 'reg' || name === 'alloc-ranges'
            ? 'the kernel skips the node or the property; newer kernels do so silently'
            : `the kernel prints "invalid ${name} property" and skips the node${name === 'size' && bytes === 4 ? '; only the Raspberry Pi kernel accepts one cell, with a warning' : ''}`,
        fix: respelled(node, name, root) ?? `write ${name} in ${expected[name]}`,
        facts: [
          name === 'reg' || name === 'alloc-ranges' ? 'reserved-memory.malformed-list' : 'reserved-memory.size-cells',
        ],
      },
    ];
  });
}

function findPropertyLengths({ situation }: LintContext): Finding[] {
  const { nodes, rootCells: root } = situation.reservedMemory;
  return nodes.flatMap((node) => [
    ...malformedProperties(node, root),
    ...(root.address !== root.size && typeof node.alignment === 'bigint' && node.reg === undefined
      ? [schemaConflict(node, root)]
      : []),
  ]);
}

export const propertyLengths = lint({
  id: 'property-lengths',
  severity: 'error',
  title: 'a property of the wrong length',
  explain:
    'reg and alloc-ranges are pairs in the cells of the root. size has #size-cells cells. alignment has #address-cells cells for the kernel; the schema requires #size-cells, which differs on roots with 2 and 1 cells.',
  needs: ['cells-match-root'],
  skip: noReservedMemory,
  check: findPropertyLengths,
});

/** The likely meaning of a single number of the wrong length, in the cells it should have. */
function respelled(node: ReservedNode, name: string, root: RootCells): string | undefined {
  const value = node.node.properties.get(name);
  if ((name !== 'size' && name !== 'alignment') || value === undefined || value.length === 0 || value.length > 8)
    return undefined;
  const number = BigInt(`0x${Buffer.from(value).toString('hex')}`);
  return `write ${name} = <${cellsText(number, name === 'size' ? root.size : root.address)}>`;
}

function schemaConflict(node: ReservedNode, root: { address: number; size: number }): Finding {
  return {
    severity: 'note',
    nodes: [node.name],
    message: `alignment of ${node.name} has ${root.address} cells, which dt-schema does not accept on this board`,
    cause: `the kernel reads alignment in #address-cells (${root.address}), but the schema requires #size-cells (${root.size})`,
    fix: 'omit alignment if the granule of CMA is enough; otherwise keep the form that the kernel reads',
    facts: ['reserved-memory.size-cells'],
  };
}

function findPoolFlags({ situation, prediction }: LintContext): Finding[] {
  const fateOf = (name: string) => prediction.rejected.find(({ node }) => node === name)?.failure;
  return situation.reservedMemory.nodes.flatMap((node): Finding[] => {
    const isShared = node.compatible.includes('shared-dma-pool');
    if (isShared && node.reusable && node.noMap) {
      const fate = fateOf(node.name);
      return [
        {
          nodes: [node.name],
          message: `${node.name} has both reusable and no-map`,
          cause: `the kernel cannot borrow memory that it does not map; on this kernel, ${FATES[fate ?? 'lost'] ?? FATES.lost}`,
          fix: 'remove no-map for a CMA area, or reusable for a private DMA pool',
          facts: ['reserved-memory.unwanted-pool', 'reserved-memory.refused-node'],
        },
      ];
    }
    if (!node.isDefault || (isShared && node.reusable)) return [];
    return [
      {
        nodes: [node.name],
        message: isShared
          ? `${node.name} has linux,cma-default but not reusable`
          : `${node.name} has linux,cma-default but is not compatible with "shared-dma-pool"`,
        cause: isShared
          ? 'it becomes a private DMA pool (on arm, the node is ignored), and the default area comes from Kconfig'
          : 'the kernel silently reserves its memory, and the default area comes from Kconfig',
        fix: isShared ? 'add "reusable;"' : 'write compatible = "shared-dma-pool"; and "reusable;"',
        facts: ['reserved-memory.drivers'],
      },
    ];
  });
}

export const poolFlags = lint({
  id: 'pool-flags',
  severity: 'error',
  title: 'flags with which the kernel does not make a CMA area',
  explain:
    'A CMA area needs compatible = "shared-dma-pool" and reusable, and must not have no-map. With other combinations, the kernel frees the memory, keeps it unused, or panics later, depending on its version.',
  needs: ['cells-match-root', 'ranges-present'],
  skip: noReservedMemory,
  check: findPoolFlags,
});

const FATES: Readonly<Record<string, string>> = {
  freed: 'the memory is freed',
  lost: 'the memory is reserved, and the kernel does not use it',
  ignored: 'the node is ignored',
  corrupts: 'the memory gets two owners',
  panics: 'the memory is freed without a mapping, and the kernel panics',
  hangs: 'the boot hangs',
};

function findOverlaySafety({ input, situation }: LintContext): Finding[] {
  const found: Finding[] = [];
  for (const overlay of input.overlays ?? []) {
    const labels = labelsOf(overlay);
    const symbols = input.base && findChild(input.base.root, '__symbols__');
    if (labels.length > 0 && input.base !== undefined && symbols === undefined)
      found.push({
        nodes: ['__symbols__', ...labels],
        message: `the overlay refers to ${labels.map((label) => `&${label}`).join(', ')}, but the base has no __symbols__`,
        cause:
          'the base was compiled without labels; U-Boot and fdtoverlay refuse the overlay, and libfdt destroys the base',
        fix: 'write target-path = "/..." instead of target = <&label>, or compile the base with dtc -@ (kernel: DTC_FLAGS=-@)',
        facts: [],
      });
  }
  const added = addedNodes(input.base, situation.reservedMemory.nodes);
  if (input.delivery === 'run-time' && added.length > 0)
    found.push({
      nodes: added.map((node) => node.name),
      message: `${added.map((node) => node.name).join(', ')} is added to a running kernel`,
      cause: 'the kernel reserves memory before it has drivers or configfs; a later overlay does not reserve memory',
      fix: 'let the boot loader apply the overlay (U-Boot fdtoverlays, extlinux FDTOVERLAYS, config.txt dtoverlay)',
      facts: ['reserved-memory.run-time'],
    });
  for (const node of situation.reservedMemory.nodes)
    if (node.reg !== undefined && (node.size !== undefined || node.allocRanges !== undefined))
      found.push({
        severity: 'warning',
        nodes: [node.name],
        message: `${node.name} has both reg and ${node.size === undefined ? 'alloc-ranges' : 'size'}`,
        cause: 'the kernel uses reg and ignores the other; an overlay cannot delete a property of the base',
        fix: 'change the property that the kernel uses, or give the new region a separate node and disable the old one (status = "disabled")',
        facts: ['reserved-memory.alloc-ranges'],
      });
  return found;
}

export const overlaySafety = lint({
  id: 'overlay-safety',
  severity: 'error',
  title: 'an overlay that does not have the intended effect',
  explain:
    'Labels need a base that was compiled with them (dtc -@). An overlay cannot delete a property, so a reg of the base remains and overrides size. Reserved memory exists only if the boot loader applies the overlay before the kernel starts.',
  needs: [],
  skip: nothingReserved,
  check: findOverlaySafety,
});

/** Labels of the base that an overlay needs. */
function labelsOf(overlay: Fdt): string[] {
  return [...(findChild(overlay.root, '__fixups__')?.properties.keys() ?? [])];
}

function addedNodes(base: Fdt | undefined, nodes: readonly ReservedNode[]): ReservedNode[] {
  if (base === undefined) return [...nodes];
  const old = new Set(readReservedMemory(base).nodes.map((node) => node.name));
  return nodes.filter((node) => !old.has(node.name));
}

function details({ situation, prediction, pools, isRamKnown, input }: LintContext): Finding[] {
  return [
    ...situation.reservedMemory.nodes.flatMap(nodeDetails),
    ...disabledPools(
      situation.reservedMemory.node?.children ?? [],
      situation.reservedMemory.disabled,
      new Set(input.places?.keys()),
    ),
    ...(isRamKnown && pools.length > 0 ? share(situation.banks, prediction.areas) : []),
  ];
}

export const budget = lint({
  id: 'budget',
  severity: 'warning',
  title: 'details that cost memory or time later',
  explain:
    'If CMA has most of the RAM, too little is left for memory that cannot be moved. The unit address should equal reg, reg should have one entry, and a disabled node reserves no memory.',
  needs: READABLE,
  skip: noShare,
  check: details,
});

function nodeDetails(node: ReservedNode): Finding[] {
  const first = firstEntry(node);
  const found: Finding[] = [];
  const unit = /@([0-9a-f]+)$/i.exec(node.name)?.[1];
  // No area or heap has the name of another node.
  if (isPool(node) && first !== undefined && unit !== undefined && BigInt(`0x${unit}`) !== first.baseAddress)
    found.push({
      nodes: [node.name],
      message: `the unit address of ${node.name} is not its base, 0x${first.baseAddress.toString(16)}`,
      cause: 'the unit address is a part of the name of the area and of the heap, so these names have a wrong address',
      fix: `name the node ${node.name.replace(/@.*/, '')}@${first.baseAddress.toString(16)}`,
      facts: ['heap.cma-names'],
    });
  if (Array.isArray(node.reg) && node.reg.length > 1)
    found.push({
      nodes: [node.name],
      message: `reg of ${node.name} has ${node.reg.length} entries`,
      cause: `only the first becomes the region; before ${firstRelease('reserved-memory.static-entries', 'first')}, the kernel reserves the others and does not use them`,
      fix: 'give every range a separate node',
      facts: ['reserved-memory.static-entries'],
    });
  return found;
}

function disabledPools(
  children: readonly ReservedNode['node'][],
  disabled: readonly string[],
  wanted: ReadonlySet<string>,
): Finding[] {
  return children
    .filter((child) => disabled.includes(child.name) && strings(child, 'compatible')?.includes('shared-dma-pool'))
    .map((child) => {
      const isWanted = wanted.has(child.name);
      return {
        severity: isWanted ? 'error' : 'note',
        isOurs: isWanted,
        nodes: [child.name],
        message: isWanted
          ? `${child.name} of the profile is disabled in the device tree (status)`
          : `${child.name} is disabled`,
        cause: 'the kernel skips a node whose status is not "okay", so it does not make the area',
        fix: isWanted ? 'set status = "okay" in the node' : 'set status = "okay" if the region is wanted',
        facts: [],
      };
    });
}

function share(
  banks: readonly { readonly start: bigint; readonly end: bigint }[],
  areas: readonly { readonly name: string; readonly sizeBytes: bigint }[],
): Finding[] {
  const ram = banks.reduce((sum, bank) => sum + (bank.end - bank.start), 0n);
  const cma = areas.reduce((sum, area) => sum + area.sizeBytes, 0n);
  if (ram === 0n || cma * 2n <= ram) return [];
  return [
    {
      nodes: areas.map(({ name }) => name),
      message: `CMA has ${cma >> 20n} MiB of ${ram >> 20n} MiB of RAM`,
      cause:
        'the kernel and all memory that cannot be moved must fit in the rest; boards with 1 GiB and less may not boot',
      fix: `keep CMA below ${ram >> 21n} MiB`,
      facts: [],
    },
  ];
}
