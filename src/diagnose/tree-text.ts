/** /reserved-memory of a device tree as source text, so that a blob and a paste of dtc are read the same way. */
import { cells, type Fdt, type FdtNode, strings } from '../fdt/index.js';

const TEXTS = new Set(['compatible', 'status', 'name', 'label', 'linux,cma-heap-name']);

function property(node: FdtNode, name: string): string {
  const value = node.properties.get(name);
  if (value === undefined || value.length === 0) return `${name};`;
  if (TEXTS.has(name)) return `${name} = ${(strings(node, name) ?? []).map((one) => `"${one}"`).join(', ')};`;
  const numbers = cells(node, name);
  return numbers === undefined
    ? `${name};`
    : `${name} = <${[...numbers].map((one) => `0x${one.toString(16)}`).join(' ')}>;`;
}

/** '' for a tree without reserved memory. */
export function treeText({ root }: Fdt): string {
  const reserved = root.children.find(({ name }) => name === 'reserved-memory');
  if (reserved === undefined) return '';
  const inside = (node: FdtNode, indent: string): string =>
    `${indent}${node.name} {\n${[...node.properties.keys()].map((name) => `${indent}\t${property(node, name)}\n`).join('')}${node.children
      .map((child) => inside(child, `${indent}\t`))
      .join('')}${indent}};\n`;
  return inside(reserved, '');
}
