/** Notes for humans: Markdown and plain text. Both keep every printable character and fold the rest. */
import { BARE, hex, octal, prose, type Table } from '../table.js';

/** A backslash before whatever CommonMark, or GitHub on top of it, would take for markup; so the rest stays readable. */
const markdownProse = (value: string) =>
  prose(value)
    .replace(/[\\`*_[\]<>&|~#$]/g, '\\$&')
    .replace(/^[-+=]|^\d+(?=[.)])/, (start) => (/\d/.test(start) ? `${start}\\` : `\\${start}`));

/** A code span: nothing inside is markup, and the fence is one longer than any run of backticks in it. */
function code(value: string): string {
  const text = prose(value);
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = text.startsWith('`') || text.endsWith('`') || text === '' ? ' ' : '';
  return `${fence}${pad}${text}${pad}${fence}`;
}

export const markdown: Table = {
  title: 'Markdown',
  line: (text) => `<!-- ${text.replace(/-(?=-)|-$/g, '- ')} -->`,
  writers: {
    ...BARE,
    comment: markdownProse,
    verbatim: prose,
    string: code,
    word: code,
    path: code,
    deviceName: code,
    nodeName: code,
    label: code,
    identifier: code,
    group: code,
    user: code,
    symbol: (value) => code(`CONFIG_${value}`),
    mode: (value) => code(octal(value)),
    address: (value) => code(hex(value)),
    compatibles: (values) => values.map(code).join(', '),
    strings: (values) => values.map(code).join(', '),
    deviceNames: (values) => values.map(code).join(', '),
  },
};

export const plain: Table = {
  title: 'plain text',
  writers: {
    ...BARE,
    verbatim: prose,
    string: prose,
    path: prose,
    deviceName: prose,
    nodeName: prose,
    strings: (values) => values.map(prose).join(', '),
    deviceNames: (values) => values.map(prose).join(', '),
  },
};
