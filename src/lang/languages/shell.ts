/** POSIX shell. */
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
