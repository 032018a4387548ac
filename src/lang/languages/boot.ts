/** What boot loaders read. None of them quotes in a way all its versions agree on, so values are single tokens. */
import { BARE, CONTROL, EDGE_SPACE, refuseIf, type Spelling, type Table } from '../table.js';
import { memparse } from './kernel.js';

/** The rest of a line. */
const line = (value: string): Spelling => refuseIf(value, [CONTROL, EDGE_SPACE]) ?? value;
/** One token, of characters that no boot loader takes for anything else. */
const path = (value: string): Spelling =>
  refuseIf(value, [
    [/[^A-Za-z0-9_.,/:=@%+-]|^$/, 'boot loaders agree on letters, digits and _ . , / : = @ % + - only'],
  ]) ?? value;

export const extlinux: Table = {
  title: 'extlinux.conf',
  line: (text) => `# ${text}`,
  writers: { ...BARE, string: line, path, bytes: memparse },
};

export const uboot: Table = {
  title: 'a U-Boot script',
  line: (text) => `# ${text}`,
  writers: { ...BARE, string: path, path, nodeName: (value) => value, bytes: (value) => `0x${value.toString(16)}` },
};

export const configtxt: Table = {
  title: 'config.txt',
  line: (text) => `# ${text}`,
  writers: { ...BARE, path },
};
