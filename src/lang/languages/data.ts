/** JSON, YAML, XML and the line format of verify.expect. */
import { BARE, prose, quotedBy, Refusal, refuseIf, type Spelling, type Table } from '../table.js';

/** JSON with everything outside printable ASCII escaped: valid YAML 1.1 and 1.2 as well, and visible in a review. */
export const jsonString = (value: string) =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

const list = (items: string[]) => `[${items.join(', ')}]`;

export const json: Table = {
  title: 'JSON',
  writers: { ...quotedBy(jsonString, list), comment: (value) => jsonString(prose(value)) },
};

export const yaml: Table = {
  title: 'YAML',
  line: (text) => `# ${text}`,
  // YAML pairs surrogate escapes in some readers only: astral characters stay as they are.
  writers: quotedBy(
    (value) =>
      JSON.stringify(value).replace(
        /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
    list,
  ),
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** Without quotes, fit for both an attribute and an element. */
const xmlText = (value: string): Spelling =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no spelling for these
  refuseIf(value, [[/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/, 'XML 1.0 cannot express control characters']]) ??
  value.replace(/[&<>"'\n\r\t]/g, (c) => ENTITIES[c] as string);

export const xml: Table = {
  title: 'XML',
  line: (text) => `<!-- ${text.replace(/-(?=-)|-$/g, '- ')} -->`,
  writers: {
    ...BARE,
    comment: (value) => prose(value).replace(/-(?=-)|-$/g, '- '),
    string: xmlText,
    path: xmlText,
    deviceName: xmlText,
    nodeName: xmlText,
  },
};

// native/README.md, "Lines and words": printable ASCII except % is unchanged, every other byte is %XX, 255 bytes
// decoded.
function word(value: string): Spelling {
  const bytes = new TextEncoder().encode(value);
  if (bytes.length === 0 || bytes.length > 255) return new Refusal('a value in verify.expect has 1 to 255 bytes');
  return Array.from(bytes, (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

export const expect: Table = {
  title: 'verify.expect',
  line: (text) => `# ${text}`,
  writers: { ...BARE, string: word, path: word, deviceName: word, nodeName: word },
};
