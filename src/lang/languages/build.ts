/** Build systems and the programs they run: make, BitBake, Nix, Python, systemd-style ini, Debian's control files. */
import {
  BARE,
  CONTROL,
  EDGE_SPACE,
  FINAL_BACKSLASH,
  NEWLINE,
  quotedBy,
  refuseIf,
  type Spelling,
  type Table,
} from '../table.js';
import { jsonString } from './data.js';

/** The right side of a variable assignment. Backslashes before a # have to be doubled, others must not be. */
const makeValue = (value: string): Spelling =>
  refuseIf(value, [NEWLINE, CONTROL, EDGE_SPACE, FINAL_BACKSLASH]) ??
  value.replaceAll('$', '$$$$').replace(/(\\*)#/g, (_, slashes: string) => `${slashes}${slashes}\\#`);

export const make: Table = {
  title: 'a makefile',
  line: (text) => `# ${text}`,
  writers: {
    ...BARE,
    string: makeValue,
    path: makeValue,
    deviceName: makeValue,
    nodeName: makeValue,
    strings: (values) =>
      refuseIf(values.join('\n'), [[/[ \t]/, 'make separates the words of a list at white space']]) ??
      makeValue(values.join(' ')),
  },
};

// lib/bb/parse/parse_py/ConfHandler.py: no escapes at all, and ${ always expands.
const bitbakeValue = (value: string): Spelling =>
  refuseIf(value, [
    NEWLINE,
    CONTROL,
    [/"/, 'BitBake cannot express a double quote inside double quotes'],
    [/\$\{/, 'BitBake always expands ${'],
    FINAL_BACKSLASH,
  ]) ?? `"${value}"`;

export const bitbake: Table = {
  title: 'a BitBake file',
  line: (text) => `# ${text}`,
  writers: {
    ...quotedBy(bitbakeValue, (items) => `"${items.map((item) => item.slice(1, -1)).join(' ')}"`),
    // useradd.bbclass: arguments of groupadd, one group each; -r makes a system group.
    groups: (groups) =>
      `"${groups.map(({ name, gid }) => `-r${gid === undefined ? '' : ` -g ${gid}`} ${name}`).join('; ')}"`,
  },
};

const nixString = (value: string) =>
  `"${value
    .replace(/["\\$]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')}"`;

export const nix: Table = {
  title: 'a Nix expression',
  line: (text) => `# ${text}`,
  writers: quotedBy(nixString, (items) => `[ ${items.join(' ')} ]`),
};

export const python: Table = {
  title: 'Python',
  line: (text) => `# ${text}`,
  // The escapes of a JSON string are a subset of Python's, but Python wants one \U for an astral character.
  writers: quotedBy(
    (value) =>
      jsonString(value).replace(
        /\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/g,
        (_, high: string, low: string) =>
          `\\U${String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16)).codePointAt(0)?.toString(16).padStart(8, '0')}`,
      ),
    (items) => `[${items.join(', ')}]`,
  ),
};

/** The rest of a line in a unit file; `%` begins a specifier. */
const unitValue = (value: string): Spelling =>
  refuseIf(value, [NEWLINE, CONTROL, EDGE_SPACE, FINAL_BACKSLASH]) ?? value.replaceAll('%', '%%');

export const ini: Table = {
  title: 'a unit file',
  line: (text) => `# ${text}`,
  writers: { ...BARE, string: unitValue, path: unitValue, deviceName: unitValue },
};

/** debian/control has comments where a field could begin; nothing of a profile is written there but names. */
export const debcontrol: Table = {
  title: 'debian/control',
  line: (text) => `# ${text}`,
  writers: BARE,
};
