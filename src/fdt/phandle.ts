/** References between nodes: a phandle is a number that one node carries and others store. */
import { alignCell } from './bytes.js';
import { COLUMN, FlatNode, nodeAtRow, TOKEN } from './flat.js';
import { cell } from './property.js';
import { type Fdt, type FdtNode, walk } from './tree.js';

/** The node's phandle; undefined when it has none or its value is not one cell. */
export function phandleOf(node: FdtNode): number | undefined {
  return cell(node, 'phandle') ?? cell(node, 'linux,phandle');
}

export interface PhandleTable {
  /** 0 when no node has one. */
  readonly highest: number;
  /** The first node with that phandle, in blob order. */
  find(phandle: number): FdtNode | undefined;
}

const tables = new WeakMap<FdtNode, PhandleTable>();

/** The phandles of a tree; kept with the tree, which never changes. */
export function phandleTable(fdt: Fdt): PhandleTable {
  let table = tables.get(fdt.root);
  if (table === undefined) {
    table = fdt.root instanceof FlatNode ? scanBlob(fdt.root) : scanNodes(fdt.root);
    tables.set(fdt.root, table);
  }
  return table;
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
  const { blob } = root;
  const { view } = blob;
  /** Rank of a name: 1 `phandle`, 2 `linux,phandle`. */
  const ranks = new Map<number, number>();
  for (const [offset, name] of blob.names) {
    if (name === 'phandle') ranks.set(offset, 1);
    else if (name === 'linux,phandle') ranks.set(offset, 2);
  }
  const rows = new Map<number, number>();
  let highest = 0;
  const count = ranks.size === 0 ? 0 : blob.at(0, COLUMN.next);
  for (let row = 0; row < count; row += 1) {
    let best = 3;
    let phandle = 0;
    let at = blob.at(row, COLUMN.content);
    for (let token = view.getUint32(at); token === TOKEN.property || token === TOKEN.nop; token = view.getUint32(at)) {
      if (token === TOKEN.nop) {
        at += 4;
        continue;
      }
      const length = view.getUint32(at + 4);
      if (length === 4) {
        const rank = ranks.get(view.getUint32(at + 8)) ?? 3;
        if (rank < best) {
          best = rank;
          phandle = view.getUint32(at + 12);
        }
      }
      at += 12 + alignCell(length);
    }
    if (best === 3) continue;
    if (!rows.has(phandle)) rows.set(phandle, row);
    highest = Math.max(highest, phandle);
  }
  return {
    highest,
    find: (phandle) => {
      const row = rows.get(phandle);
      return row === undefined ? undefined : nodeAtRow(root, row);
    },
  };
}
