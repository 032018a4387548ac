/** CMA areas of device trees and overlays. */

import type { Diagnostic, Span } from '../diagnostic/index.js';
import { cells, type Fdt, type FdtNode, joinCells, strings, text } from '../fdt/index.js';
import { cellsMismatch } from '../placement/index.js';
import type { AddressRange } from '../quantity/index.js';
import { formatBytes } from '../quantity/index.js';
import type { SourceText } from '../source/index.js';
import { report } from './codes.js';
import type { ImportInput, RegionDraft, Understood } from './draft.js';

interface Candidate {
  readonly node: FdtNode;
  /** Name without unit address: the region's. */
  readonly name: string;
  /** An overlay that changes a node of the board says only what changes. */
  readonly isPatch: boolean;
  /** The node /reserved-memory that it is written in, which may state separate cells. */
  readonly within: FdtNode | undefined;
}

export interface TreeFindings {
  readonly regions: readonly RegionDraft[];
  /** Of /reserved-memory, told by the lengths of the properties where the tree is an overlay. */
  readonly cells: { readonly address: 1 | 2; readonly size: 1 | 2 } | undefined;
  /** The tree of the whole board, when one was given. */
  readonly board: Fdt | undefined;
}

const child = (node: FdtNode, name: string) => node.children.find((one) => one.name === name);
const plainName = (name: string) => name.replace(/@.*$/, '');

/** The board's label of a node an overlay changes, from `__fixups__`: `cma = "/fragment@0:target:0"`. */
function labelOf(tree: Fdt, fragment: FdtNode): string | undefined {
  const fixups = child(tree.root, '__fixups__');
  if (fixups === undefined) return undefined;
  return [...fixups.properties.keys()].find((label) =>
    strings(fixups, label)?.some((place) => place.startsWith(`/${fragment.name}:target:`)),
  );
}

/** What boards call the node of the default area, by the label overlays use. */
const LABELS: Readonly<Record<string, string>> = { cma: 'linux,cma', linux_cma: 'linux,cma' };

function candidates(tree: Fdt): Candidate[] {
  const reserved = (node: FdtNode | undefined) =>
    (node?.children ?? []).map((one) => ({ node: one, name: plainName(one.name), isPatch: false, within: node }));
  const found = reserved(child(tree.root, 'reserved-memory'));
  for (const fragment of tree.root.children) {
    const overlay = child(fragment, '__overlay__');
    if (overlay === undefined) continue;
    const target = text(fragment, 'target-path');
    const label = labelOf(tree, fragment);
    if (target === '/reserved-memory' || label === 'reserved_memory') found.push(...reserved(overlay));
    else if (target === '/' || target === '') found.push(...reserved(child(overlay, 'reserved-memory')));
    else if (['size', 'reg', 'alloc-ranges'].some((name) => overlay.properties.has(name))) {
      const name = target?.replace(/^.*\//, '') ?? LABELS[label ?? ''] ?? label;
      if (name !== undefined) found.push({ node: overlay, name: plainName(name), isPatch: true, within: undefined });
    }
  }
  return found;
}

const cellCount = (length: number | undefined): 1 | 2 | undefined =>
  length === 1 || length === 2 ? length : undefined;

function cellsOf(nodes: readonly Candidate[]): TreeFindings['cells'] {
  for (const { node } of nodes) {
    const size = cellCount(cells(node, 'size')?.length);
    const reg = (cells(node, 'reg') ?? cells(node, 'alloc-ranges'))?.length;
    if (reg === 2) return { address: 1, size: 1 };
    if (size !== undefined)
      return { size, address: cellCount(cells(node, 'alignment')?.length) ?? (reg === 3 ? 2 : size) };
    if (reg === 4) return { address: 2, size: 2 };
    if (reg === 3) return { address: 2, size: 1 };
  }
  return undefined;
}

function ranges(node: FdtNode, name: string, of: NonNullable<TreeFindings['cells']>): AddressRange[] {
  const values = cells(node, name) ?? [];
  const step = of.address + of.size;
  return Array.from({ length: Math.floor(values.length / step) }, (_, i) => ({
    baseAddress: joinCells(values, i * step, of.address),
    sizeBytes: joinCells(values, i * step + of.address, of.size),
  }));
}

function placeOf(source: SourceText | undefined, name: string): { span?: Span } {
  const at = source?.text.indexOf(name) ?? -1;
  return source === undefined || at < 0 ? {} : { span: source.span(at, name.length) };
}

function statedCells(node: FdtNode): TreeFindings['cells'] {
  const address = cells(node, '#address-cells')?.[0];
  const size = cells(node, '#size-cells')?.[0];
  return (address === 1 || address === 2) && (size === 1 || size === 2) ? { address, size } : undefined;
}

/** Properties of the node of an area that the kernel, or a tool of device trees, reads. */
const KNOWN = new Set(
  'compatible reusable no-map reg size alignment alloc-ranges linux,cma-default linux,dma-default status phandle linux,phandle name'.split(
    ' ',
  ),
);

/** Every area that the trees ask for; a later tree changes what an earlier one said of the same node. */
export function readTrees(trees: ImportInput['trees']): Understood<TreeFindings> {
  const diagnostics: Diagnostic[] = [];
  const regions = new Map<string, RegionDraft>();
  const board =
    trees.find(
      ({ tree }) => strings(tree.root, 'compatible') !== undefined && child(tree.root, 'memory') !== undefined,
    ) ??
    trees.find(
      ({ tree }) => strings(tree.root, 'compatible') !== undefined && child(tree.root, '__fixups__') === undefined,
    );
  const root = board?.tree.root;
  const stated = root === undefined ? undefined : statedCells(root);
  let inferred: TreeFindings['cells'];
  for (const { file, tree, source } of trees) {
    const all = candidates(tree);
    // What the author wrote is read in the author's cells, also if the kernel does not read them so.
    const own = all.map(({ within }) => within && statedCells(within)).find((one) => one !== undefined);
    const known = own ?? stated ?? cellsOf(all) ?? { address: 2, size: 2 };
    inferred ??= own ?? cellsOf(all);
    const wrong = own === undefined || stated === undefined ? undefined : cellsMismatch(own, stated);
    if (wrong !== undefined)
      diagnostics.push(
        report('import/no-effect', {
          ...wrong,
          message: `${source === undefined ? `${file}: ` : ''}${wrong.message}`,
          ...placeOf(source, 'reserved-memory'),
        }),
      );
    for (const { node, name, isPatch } of all) {
      const place = placeOf(source, node.name === '__overlay__' ? name : node.name);
      const where = source === undefined ? `${file}: ` : '';
      const before = regions.get(name);
      const isPool = strings(node, 'compatible')?.includes('shared-dma-pool') ?? false;
      if (!isPatch && !(isPool && node.properties.has('reusable'))) {
        // Nodes of the firmware are not reported; a pool that is nearly a CMA area is worth a word.
        if (isPool)
          diagnostics.push(
            report('import/not-expressed', {
              message: `${where}${node.name} is a private pool of its devices and not a CMA area`,
              cause: 'without "reusable", the kernel does not make a CMA area or a heap from it',
              fix: "keep it in the board's device tree",
              ...place,
            }),
          );
        continue;
      }
      const strange = [...node.properties.keys()].filter((key) => !KNOWN.has(key));
      if (strange.length > 0)
        diagnostics.push(
          report('import/not-expressed', {
            message: `${where}${node.name} has ${strange.join(', ')}, which Linux does not know`,
            cause: 'a boot loader or a driver may read it and change the size or the place of the area',
            fix: "compare with /proc/device-tree/reserved-memory on the board; keep the property in the board's device tree",
            ...place,
          }),
        );
      const [reg, ...more] = ranges(node, 'reg', known);
      const sizes = cells(node, 'size');
      const sizeBytes = reg?.sizeBytes ?? (sizes === undefined ? before?.sizeBytes : joinCells(sizes, 0, sizes.length));
      if (more.length > 0)
        diagnostics.push(
          report('import/no-effect', {
            message: `${where}${node.name} has ${more.length + 1} entries in reg; import uses only the first`,
            cause: 'a CMA area is one range: the kernel ignores the others',
            ...place,
          }),
        );
      if (sizeBytes === undefined || sizeBytes === 0n) {
        const length = cells(node, 'reg')?.length ?? 0;
        const isShort = length > 0 && length % (known.address + known.size) !== 0;
        diagnostics.push(
          report('import/not-expressed', {
            message: `${where}${node.name} has no valid size`,
            cause: isShort
              ? `reg has ${length} cells, but the cells of /reserved-memory are ${known.address} for an address and ${known.size} for a size`
              : 'neither reg nor size states it, or the boot loader adds it',
            fix: isShort ? 'write reg in those cells, and import again' : 'add the region to the profile by hand',
            ...place,
          }),
        );
        continue;
      }
      const from = isPatch ? before : undefined;
      const statedRanges = ranges(node, 'alloc-ranges', known);
      const alignment = cells(node, 'alignment');
      // What an overlay does not say stays as the board has it.
      const allocRanges = statedRanges.length > 0 ? statedRanges : from?.allocRanges;
      const alignmentBytes =
        alignment !== undefined && cellCount(alignment.length) !== undefined
          ? joinCells(alignment, 0, alignment.length)
          : from?.alignmentBytes;
      regions.set(name, {
        name,
        sizeBytes,
        isDefault: node.properties.has('linux,cma-default') || (isPatch && (before?.isDefault ?? name === 'linux,cma')),
        delivery: 'device-tree',
        ...(reg === undefined
          ? from?.baseAddress === undefined
            ? {}
            : { baseAddress: from.baseAddress }
          : { baseAddress: reg.baseAddress }),
        ...(reg !== undefined || allocRanges === undefined ? {} : { allocRanges }),
        ...(alignmentBytes === undefined ? {} : { alignmentBytes }),
      });
      if (isPatch && before === undefined)
        diagnostics.push(
          report('import/assumed', {
            message: `${where}the overlay changes a node of the board; assuming ${name} with ${formatBytes(sizeBytes)}`,
            cause: "the board's device tree was not given",
            fix: 'give it with --dtb as well',
            ...place,
          }),
        );
    }
  }
  return { value: { regions: [...regions.values()], cells: stated ?? inferred, board: board?.tree }, diagnostics };
}
