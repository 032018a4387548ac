/** Pieces of device-tree source: /reserved-memory and its children, from a file, from dtc or from fdtdump. */
import { type Clue, clue, type Reader } from '../clues.js';
import type { PastedLine } from '../paste.js';

const OPENS = /^(.*?)(?:[\w-]+:\s*)?(&?[\w,.@+-]+|&\{[^}]*\}|\/)\s*\{(.*)$/;
const PROPERTY = /([\w#][\w,.#+-]*)\s*(?:=\s*([^;]*))?;/g;

interface Open {
  readonly name: string;
  readonly line: PastedLine;
  readonly properties: Map<string, string>;
}

/** Everything up to the closing brace that belongs to the node opened on this line. */
function readNode(
  lines: readonly PastedLine[],
  at: number,
): { readonly nodes: Open[]; readonly isClosed: boolean } | undefined {
  const nodes: Open[] = [];
  const stack: Open[] = [];
  for (let i = at; i < Math.min(lines.length, at + 60); i += 1) {
    const line = lines[i];
    if (line === undefined || (i > at && line.isCommand)) break;
    // One piece for each brace or property, in their order.
    for (const piece of line.text.replace(/\/\*.*?\*\/|\/\/.*$/g, '').split(/(?<=[{};])/)) {
      if (piece.includes('{')) {
        const name = OPENS.exec(piece.trim())?.[2] ?? '';
        const node = { name, line, properties: new Map<string, string>() };
        stack.push(node);
        nodes.push(node);
      } else if (piece.includes('}')) {
        stack.pop();
        if (stack.length === 0) return { nodes, isClosed: true };
      } else
        for (const [, name = '', value = ''] of piece.matchAll(PROPERTY))
          stack.at(-1)?.properties.set(name, value.trim());
    }
  }
  return { nodes, isClosed: false };
}

const isReserved = (name: string) => /^&?(?:reserved[-_]memory(?:@[0-9a-f]+)?|reserved|resmem|rmem)$/.test(name);
const isPool = ({ properties }: Open) => /shared-dma-pool/.test(properties.get('compatible') ?? '');

export const treeReader: Reader = {
  as: 'device-tree source',
  read(lines, at): readonly Clue[] {
    const line = lines[at];
    if (line === undefined || line.isCommand || !line.text.includes('{')) return [];
    const name = OPENS.exec(line.text.trim())?.[2];
    if (name === undefined || (!isReserved(name) && !/^(?:&?linux,cma|.*@[0-9a-f]+|.*(?:cma|pool|heap).*)$/.test(name)))
      return [];
    // A child of a node that was read already.
    for (let i = at - 1; i >= 0 && at - i < 60; i -= 1) {
      const above = lines[i];
      if (above === undefined || above.isCommand) break;
      if (isReserved(OPENS.exec(above.text.trim())?.[2] ?? '')) {
        const found = readNode(lines, i);
        if (found?.nodes.some((node) => node.line === line)) return [];
      }
    }
    const found = readNode(lines, at);
    return (found?.nodes ?? []).flatMap((node): Clue[] => {
      if (isReserved(node.name))
        return found?.isClosed === true || node.properties.size > 0
          ? [clue(node.line, 'reservedMemory', { properties: node.properties })]
          : [];
      return isPool(node) || /cma|pool/.test(node.name)
        ? [clue(node.line, 'treeNode', { name: node.name.replace(/^&/, ''), properties: node.properties })]
        : [];
    });
  },
};
