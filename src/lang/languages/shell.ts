/** POSIX shell, and bash where a system's own hooks are bash. */
import { BARE, type Table } from '../table.js';

const quoted = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;

export const sh: Table = {
  title: 'a shell script',
  line: (text) => `# ${text}`,
  writers: {
    ...BARE,
    string: quoted,
    path: quoted,
    deviceName: quoted,
    nodeName: quoted,
    strings: (values) => values.map(quoted).join(' '),
    deviceNames: (values) => values.map(quoted).join(' '),
  },
};

/** What is written for sh means the same to bash; the language differs for the program that reads the file. */
export const bash: Table = { ...sh, title: 'a bash script' };
