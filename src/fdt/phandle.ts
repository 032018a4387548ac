/** References between nodes: a phandle is a number that one node carries and others store. */
import { EditedNode } from './edit.js';
import { FlatNode, nodeAtRow, type PhandleTable } from './flat.js';
import { cell } from './property.js';
import { type Fdt, type FdtNode, walk } from './tree.js';

/** The node's phandle; undefined when it has none or its value is not one cell. */
export function phandleOf(node: FdtNode): number | undefined {
  return cell(node, 'phandle') ?? cell(node, 'linux,phandle');
}

/** The phandles of a tree; kept with the tree, which never changes. */
export function phandleTable({ root }: Fdt): PhandleTable {
  // Kept in the tree and not in a WeakMap: such entries live until a full garbage collection, and the trees with them.
  if (root instanceof FlatNode) {
    root.blob.phandleTable ??= scanBlob(root);
    return root.blob.phandleTable;
  }
  if (root instanceof EditedNode) {
    root.phandleTable ??= scanNodes(root);
    return root.phandleTable;
  }
  return scanNodes(root);
}

/** The first node with that phandle, in blob order. */
export function findByPhandle(fdt: Fdt, phandle: number): FdtNode | undefined {
  return phandleTable(fdt).find(phandle);
}

function scanNodes(root: FdtNode): PhandleTable {
  const nodes = new Map<number, FdtNode>();
  let highest = 0;
  for (const node of walk(root)) {
    const phandle = phandleOf(node);
    if (phandle === undefined) continue;
    if (!nodes.has(phandle)) nodes.set(phandle, node);
    highest = Math.max(highest, phandle);
  }
  return { highest, find: (phandle) => nodes.get(phandle) };
}

/** The same without making nodes. */
function scanBlob(root: FlatNode): PhandleTable {
  let highest = 0;
  for (const [phandle] of blobPhandles(root)) highest = Math.max(highest, phandle);
  let rows: Map<number, number> | undefined;
  return {
    highest,
    find: (phandle) => {
      // From behind, so that the first node of a phandle is the one that stays.
      rows ??= new Map([...blobPhandles(root)].reverse());
      const row = rows.get(phandle);
      return row === undefined ? undefined : nodeAtRow(root, row);
    },
  };
}

/** Phandles and the rows of their nodes, in blob order. */
function blobPhandles({ blob: { view, index } }: FlatNode): [phandle: number, row: number][] {
  const { phandles } = index;
  const found: [number, number][] = [];
  for (let i = 0; i < phandles.length; ) {
    const row = phandles[i] as number;
    // The first property of each name in this row; 0 is not the place of a tag.
    let plain = 0;
    let old = 0;
    for (; phandles[i] === row; i += 2) {
      const tag = phandles[i + 1] as number;
      const isPlain = view.getUint8(index.strings + view.getUint32(tag + 8)) === 'p'.charCodeAt(0);
      if (isPlain && plain === 0) plain = tag;
      if (!isPlain && old === 0) old = tag;
    }
    const phandle = cellAt(view, plain) ?? cellAt(view, old);
    if (phandle !== undefined) found.push([phandle, row]);
  }
  return found;
}

/** The value of the property at a tag when it is one cell. */
function cellAt(view: DataView, tag: number): number | undefined {
  return tag !== 0 && view.getUint32(tag + 4) === 4 ? view.getUint32(tag + 12) : undefined;
}
