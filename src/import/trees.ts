/** CMA areas of device trees and overlays. */

import type { Diagnostic, Span } from '../diagnostic/index.js';
import {
  applyOverlay,
  cells,
  type Fdt,
  type FdtNode,
  isAvailable,
  joinCells,
  nodesWith,
  strings,
  text,
} from '../fdt/index.js';
import { cellsMismatch, isPool, malformedProperties, NO_RANGES, readReservedNode } from '../placement/index.js';
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

/** The last of the sources that has the name: what is applied later changes what was there. */
function placeOf(sources: readonly SourceText[], name: string): { span?: Span } {
  const source = sources.findLast((one) => one.text.includes(name));
  return source === undefined ? {} : { span: source.span(source.text.indexOf(name), name.length) };
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

const listOf = (ranges: readonly AddressRange[] | 'malformed' | undefined) =>
  ranges === undefined || ranges === 'malformed' ? [] : ranges;

interface Read {
  readonly file: string;
  readonly tree: Fdt;
  readonly sources: readonly SourceText[];
}

const isOverlay = (tree: Fdt) => tree.root.children.some((fragment) => child(fragment, '__overlay__') !== undefined);

function boardAmong(trees: ImportInput['trees']) {
  const named = trees.filter(({ tree }) => strings(tree.root, 'compatible') !== undefined);
  return (
    named.find(({ tree }) => child(tree.root, 'memory') !== undefined) ??
    named.find(({ tree }) => child(tree.root, '__fixups__') === undefined)
  );
}

/** The trees, with every overlay applied that fits the board as it is; the others are read for what they mean. */
function applied(trees: ImportInput['trees']): { readonly board: Fdt | undefined; readonly trees: readonly Read[] } {
  const given = boardAmong(trees);
  const listed = (one: ImportInput['trees'][number]): Read => ({
    ...one,
    sources: one.source === undefined ? [] : [one.source],
  });
  if (given === undefined) return { board: undefined, trees: trees.map(listed) };
  let board = listed(given);
  const root = statedCells(board.tree.root);
  const left: Read[] = [];
  for (const one of trees.filter((other) => other !== given).map(listed)) {
    const own = candidates(one.tree)
      .map(({ within }) => within && statedCells(within))
      .find((two) => two !== undefined);
    const fits = own === undefined || root === undefined || cellsMismatch(own, root) === undefined;
    const { value } = fits && isOverlay(one.tree) ? applyOverlay(board.tree, one.tree) : { value: undefined };
    if (value === undefined) left.push(one);
    else board = { file: board.file, tree: value, sources: [...board.sources, ...one.sources] };
  }
  return { board: board.tree, trees: [board, ...left] };
}

/** Pools that no kernel looks for, because they are elsewhere in the tree. */
function* misplaced({ file, tree, sources }: Read): Generator<Diagnostic> {
  for (const node of nodesWith(tree.root, 'reusable')) {
    if (!strings(node, 'compatible')?.includes('shared-dma-pool')) continue;
    if (node.parent?.name === 'reserved-memory' || node.name === '__overlay__' || node.parent?.name === '__overlay__')
      continue;
    yield report('import/no-effect', {
      message: `${sources.length === 0 ? `${file}: ` : ''}${node.name} is not in /reserved-memory, so the kernel makes no area of it`,
      cause: 'the kernel looks for areas only among the children of /reserved-memory',
      fix: 'move the node to /reserved-memory, and import again',
      ...placeOf(sources, node.name),
    });
  }
}

/** Every area that the trees ask for; a later tree changes what an earlier one said of the same node. */
export function readTrees(given: ImportInput['trees']): Understood<TreeFindings> {
  const diagnostics: Diagnostic[] = [];
  const regions = new Map<string, RegionDraft>();
  const nodeNames = new Map<string, string>();
  const { board, trees } = applied(given);
  const root = board?.root;
  const stated = root === undefined ? undefined : statedCells(root);
  let inferred: TreeFindings['cells'];
  for (const one of trees) {
    const { file, tree, sources } = one;
    const all = candidates(tree);
    // What the author wrote is read in the author's cells, also if the kernel does not read them so.
    const own = all.map(({ within }) => within && statedCells(within)).find((two) => two !== undefined);
    const known = own ?? stated ?? cellsOf(all) ?? { address: 2, size: 2 };
    inferred ??= own ?? cellsOf(all);
    const where = sources.length === 0 ? `${file}: ` : '';
    const wrong =
      own !== undefined && stated !== undefined && cellsMismatch(own, stated) !== undefined
        ? cellsMismatch(own, stated)
        : tree === board && all.some(({ within }) => within?.properties.has('ranges') === false)
          ? NO_RANGES
          : undefined;
    if (wrong !== undefined)
      diagnostics.push(
        report('import/no-effect', {
          ...wrong,
          message: `${where}${wrong.message}`,
          ...placeOf(sources, 'reserved-memory'),
        }),
      );
    diagnostics.push(...misplaced(one));
    for (const { node, name, isPatch } of all) {
      const place = placeOf(sources, node.name === '__overlay__' ? name : node.name);
      const before = regions.get(name);
      const read = readReservedNode(node, known);
      const isShared = read.compatible.includes('shared-dma-pool');
      if (!isAvailable(node) && (isShared || before !== undefined)) {
        regions.delete(name);
        diagnostics.push(
          report('import/no-effect', {
            message: `${where}${isPatch ? name : node.name} is disabled, so the profile does not have it`,
            cause: 'the kernel skips a node whose status is not "okay"',
            fix: 'set status = "okay" in the node if the board needs the area, and import again',
            ...place,
          }),
        );
        continue;
      }
      if (!isPatch && (!isPool(read) || read.noMap)) {
        // Nodes of the firmware are not reported; a pool that is nearly a CMA area is worth a word.
        if (isShared)
          diagnostics.push(
            report('import/not-expressed', {
              message: `${where}${node.name} is ${read.reusable ? 'not a CMA area: it has both reusable and no-map' : 'a private pool of its devices and not a CMA area'}`,
              cause: read.reusable
                ? 'the kernel cannot lend memory that it does not map, and refuses the node'
                : 'without "reusable", the kernel does not make a CMA area or a heap from it',
              fix: read.reusable
                ? 'remove no-map if a CMA area is meant, and import again'
                : "keep it in the board's device tree",
              ...place,
            }),
          );
        continue;
      }
      const other = isPatch ? undefined : nodeNames.get(name);
      if (other !== undefined && other !== node.name) {
        diagnostics.push(
          report('import/not-expressed', {
            message: `${where}${node.name} is omitted: the profile has a region ${name} already, from ${other}`,
            cause:
              'a region has the name of its node without the unit address, and an overlay could not tell the two apart',
            fix: `rename one of the nodes in the board's device tree, and import again`,
            ...place,
          }),
        );
        continue;
      }
      nodeNames.set(name, isPatch ? (other ?? name) : node.name);
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
      const [reg, ...more] = listOf(read.reg);
      const sizes = cells(node, 'size');
      // A size in other cells keeps its value, because generated output writes it in the right cells.
      const sizeBytes = reg?.sizeBytes ?? (sizes === undefined ? before?.sizeBytes : joinCells(sizes, 0, sizes.length));
      // Without a size the node is left out below, with the cells as the cause.
      for (const { nodes: _, ...finding } of sizeBytes === undefined ? [] : malformedProperties(read, known))
        diagnostics.push(report('import/no-effect', { ...finding, message: `${where}${finding.message}`, ...place }));
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
      const statedRanges = listOf(read.allocRanges);
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
  return { value: { regions: [...regions.values()], cells: stated ?? inferred, board }, diagnostics };
}
