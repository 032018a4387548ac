/** Devicetree source, as dtc reads it (its convert-dtsv0-lexer and data.c, data_copy_escape_string). */
import type { Cell } from '../kinds.js';
import { BARE, prose, type Table } from '../table.js';

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function string(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to be escaped
  const escaped = value.replace(/["\\]/g, '\\$&').replace(/[\x01-\x1f\x7f]/g, (c) => {
    // Three octal digits: a hex escape would swallow a digit that follows it.
    return ESCAPES[c] ?? `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`;
  });
  return `"${escaped}"`;
}

function cells(values: readonly Cell[]): string {
  const words = values.flatMap(({ value, cells: count }) =>
    count === 2 ? [value >> 32n, value & 0xffff_ffffn] : [value],
  );
  return `<${words.map((word) => `0x${word.toString(16)}`).join(' ')}>`;
}

const comment = (value: string) => prose(value).replaceAll('*/', '* /').replaceAll('/*', '/ *');

export const dts: Table = {
  title: 'devicetree source',
  line: (text) => `// ${text}`,
  writers: {
    ...BARE,
    comment,
    string,
    strings: (values) => values.map(string).join(', '),
    compatibles: (values) => values.map(string).join(', '),
    nodeName: (value) => value,
    label: (value) => value,
    cells,
  },
};
