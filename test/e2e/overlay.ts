import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { parseBytes } from '../../src/quantity/index.js';
import type { Case, NodeProperties, Nodes } from './case.js';

/** How many 32-bit cells an address and a size take at the root. */
export interface RootCells {
  readonly address: number;
  readonly size: number;
}

/**
 * The device tree a guest boots with: `base` with the case's overlays and then `sources`, merged by fdtoverlay. dtc and fdtoverlay are the
 * judges here: nothing of the product takes part.
 */
export async function mergedDtb(
  one: Pick<Case, 'overlays' | 'extra'>,
  base: string,
  directory: string,
  sources: readonly string[] = [],
): Promise<string> {
  const cells = await rootCells(base);
  const texts = one.overlays.map((nodes) => overlayText(nodes, cells));
  if (one.extra) texts.push(`/dts-v1/;\n/plugin/;\n&{/} {\n${one.extra}\n};\n`);
  for (const source of sources) texts.push(await readFile(source, 'utf8'));
  return texts.length ? applyOverlays(base, texts, directory) : base;
}

/** A tree with overlays given as devicetree source, applied in order. */
export async function applyOverlays(base: string, texts: readonly string[], directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const overlays: string[] = [];
  for (const [index, text] of texts.entries()) {
    const source = path.join(directory, `overlay-${index}.dtso`);
    const blob = path.join(directory, `overlay-${index}.dtbo`);
    await writeFile(source, text);
    await execa('dtc', ['-q', '-@', '-I', 'dts', '-O', 'dtb', '-o', blob, source]);
    overlays.push(blob);
  }
  const merged = path.join(directory, 'merged.dtb');
  await execa('fdtoverlay', ['-i', base, '-o', merged, ...overlays]);
  return merged;
}

async function rootCells(dtb: string): Promise<RootCells> {
  const { stdout } = await execa('fdtget', ['-t', 'u', dtb, '/', '#address-cells', '/', '#size-cells']);
  const [address = 2, size = 2] = stdout.split('\n').map(Number);
  return { address, size };
}

function overlayText(nodes: Nodes, cells: RootCells): string {
  const children = Object.entries(nodes).map(([name, properties]) => nodeText(name, properties, cells));
  return `/dts-v1/;
/plugin/;
/ {
	fragment@0 {
		target-path = "/";
		__overlay__ {
			reserved-memory {
				#address-cells = <${cells.address}>;
				#size-cells = <${cells.size}>;
				ranges;
${children.join('')}			};
		};
	};
};
`;
}

function nodeText(name: string, properties: NodeProperties, cells: RootCells): string {
  const lines = Object.entries(properties).map(([key, value]) => `\t\t\t\t\t${propertyText(key, value, cells)}\n`);
  return `\t\t\t\t${name} {\n${lines.join('')}\t\t\t\t};\n`;
}

function propertyText(key: string, value: NodeProperties[string], cells: RootCells): string {
  if (value === true) return `${key};`;
  if (typeof value === 'string')
    return /^[<[]/.test(value) ? `${key} = ${value};` : `${key} = "${value.replaceAll(/["\\]/g, '\\$&')}";`;
  const words = value.flat().map((text, index) => {
    const isAddress = key === 'alignment' || (key !== 'size' && index % 2 === 0);
    const value = parseBytes(text);
    if (value === undefined) throw new Error(`lab: ${key}: ${text} is not a size or an address`);
    return inCells(value, isAddress ? cells.address : cells.size);
  });
  return `${key} = <${words.join(' ')}>;`;
}

const inCells = (value: bigint, count: number): string =>
  Array.from(
    { length: count },
    (_, index) => `0x${((value >> BigInt(32 * (count - 1 - index))) & 0xffff_ffffn).toString(16)}`,
  ).join(' ');
