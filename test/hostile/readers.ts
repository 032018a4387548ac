/**
 * What a program would understand of each artifact: comments gone, values decoded. Written from the formats'
 * documentation, except devicetree source, which dtc reads.
 */
import { execaSync } from 'execa';

export type Reader = (text: string) => unknown;

const withoutComments = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** The tree as dtc prints it after compiling, and what dtc complains about. */
function dts(text: string): unknown {
  const { stdout, stderr } = execaSync('dtc', ['-I', 'dts', '-O', 'dts'], { input: text, reject: false });
  const complaints = stderr.split('\n').map((line) => /Warning \((\w+)\)/.exec(line)?.[1] ?? line);
  // Labels name nodes for the source only; ours are derived from the region's name.
  return { tree: stdout.replace(/^(\s*)\w+: /gm, '$1').split('\n'), complaints };
}

/** A snippet is read the way a board includes it, after a root with the cells it was made for. */
const dtsi: Reader = (text) => {
  const cells = /#address-cells = <\d>;\s*#size-cells = <\d>;/.exec(text)?.[0] ?? '';
  return dts(`/dts-v1/;\n/ { ${cells} };\n${text}`);
};

function kconfig(text: string): unknown {
  return text.split('\n').flatMap((line) => {
    const off = /^# CONFIG_(\w+) is not set$/.exec(line);
    if (off) return [[off[1], 'n']];
    if (line === '' || line.startsWith('#')) return [];
    const on = /^CONFIG_(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^"\s]+))$/.exec(line);
    if (!on) throw new Error(`not a line of a .config: ${line}`);
    return [[on[1], on[3] ?? on[2]?.replace(/\\(.)/g, '$1')]];
  });
}

/** One rule a line; values as udev has them after unescaping and substitution. */
function udev(text: string): unknown {
  return withoutComments(text).map((line) => {
    const tokens: [string, string, string][] = [];
    let rest = line;
    while (rest !== '') {
      const token = /^([A-Z]+)(==|!=|\+=|-=|:=|=)"((?:[^"\\]|\\"|\\(?!"))*)"(?:, |$)/.exec(rest);
      if (!token) throw new Error(`not a udev rule: ${line} (at: ${rest})`);
      const [all, key, operator, raw] = token as unknown as [string, string, string, string];
      tokens.push([key, operator, raw.replaceAll('\\"', '"').replace(/\$\$|%%|[$%]/g, (s) => s[1] ?? '<substituted>')]);
      rest = rest.slice(all.length);
    }
    return tokens;
  });
}

const words: Reader = (text) => withoutComments(text).map((line) => line.split(/\s+/));

function expectation(text: string): unknown {
  if (!text.startsWith('dmaheap-expect 1\n')) throw new Error('not an expectation');
  return withoutComments(text).map((line) =>
    line.split(' ').map((word) => {
      if (!/^([!-$&-~]|%[0-9A-F]{2})+$/.test(word)) throw new Error(`not a word of an expectation: ${word}`);
      return decodeURIComponent(word);
    }),
  );
}

/** The words of the command line, as the kernel splits them. */
const cmdline: Reader = (text) => {
  if (text.split('\n').length !== 2) throw new Error('the command line is one line');
  return (text.slice(0, -1).match(/(?:[^ "]|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ''));
};

/** Notes are for people: their outline and the number of lines must not move. */
const markdown: Reader = (text) => ({
  lines: text.split('\n').length,
  headings: text.split('\n').filter((line) => line.startsWith('#')),
  html: text.replace(/<!--.*?-->|^ {4}.*|(`+).+?\1/gm, '').match(/(?<!\\)<[a-z/][^>]*>/gi) ?? [],
});

/** By the end of the artifact's path; every artifact has one. */
export const READERS: readonly (readonly [string, Reader])[] = [
  ['.dtso', dts],
  ['.dtsi', dtsi],
  ['.cfg', kconfig],
  ['.rules', udev],
  ['sysusers.d/dmaheap.conf', words],
  ['mdev.conf', words],
  ['ueventd.rc', words],
  ['cmdline.txt', cmdline],
  ['verify.expect', expectation],
  ['.md', markdown],
];

export function readerOf(path: string): Reader {
  const found = READERS.find(([end]) => path.endsWith(end));
  if (found === undefined) throw new Error(`${path}: no independent reader; add one to test/hostile/readers.ts`);
  return found[1];
}
