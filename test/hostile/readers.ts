/**
 * What a program would understand of each artifact: comments gone, values decoded. Written from the formats'
 * documentation, except devicetree source, which dtc reads.
 */
import { execaSync } from 'execa';
import type { Language } from '../../src/lang/index.js';
import { TARGETS } from '../../src/render/index.js';

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

/** Words as a POSIX shell would split them, after the shell itself has found nothing wrong. */
const shell = (program: 'sh' | 'bash') => (text: string) => {
  const { stderr, failed } = execaSync(program, ['-n'], { input: text, reject: false });
  if (failed) throw new Error(`${program} -n: ${stderr}`);
  return json(
    barePython('import json, shlex, sys; print(json.dumps(shlex.split(sys.stdin.read(), comments=True)))', text),
  );
};

/** The variables and rules that make itself reports; includes that are not there are left out. */
function make(text: string): unknown {
  const makefile = text.replace(/^include .*$/gm, '');
  const { stdout } = execaSync('make', ['-rRnpq', '-f', '-', 'no-such-target'], {
    input: makefile,
    reject: false,
    env: {},
  });
  // A makefile from stdin gets a name of make's own, another in every run.
  const lines = stdout.replace(/\S*\/Gm\w{6}/g, 'stdin').split('\n');
  const from = /^# makefile \(from .*, line \d+\)$/;
  // make shows what it would expand, where a dollar sign is written twice.
  const variables = lines.flatMap((line, i) => (from.test(line) ? [lines[i + 1]?.replaceAll('$$', '$')] : []));
  if (variables.length === 0 && /^\w+ *[:?]?=/m.test(makefile)) throw new Error('make read no variable');
  return { variables, targets: lines.filter((line) => /^[\w./-]+:/.test(line)).sort() };
}

/** Assignments with their values; the rest as it stands. There is no BitBake in Debian. */
function bitbake(text: string): unknown {
  const joined = text.replace(/\\\n/g, ' ');
  return withoutComments(joined).map((line) => {
    const assignment = /^([\w:${}.-]+(?:\[\w-]+\])?)\s*(\?\??=|:=|\+=|=\+|\.=|=\.|=)\s*"([^\n]*)"$/.exec(line);
    return assignment ? assignment.slice(1) : line;
  });
}

/** Every string of the program, after Python has compiled it; and its shape without them. */
function pythonSource(text: string): unknown {
  const program = `import ast, json, sys
tree = ast.parse(sys.stdin.read())
strings = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
print(json.dumps([strings, [type(n).__name__ for n in ast.walk(tree)]]))`;
  return json(barePython(program, text));
}

const yaml: Reader = (text) =>
  json(python('import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin.read()))))', text));

const xml: Reader = (text) =>
  json(
    barePython(
      'import json, sys, xml.etree.ElementTree as e; print(json.dumps([[n.tag, n.attrib, n.text] for n in e.fromstring(sys.stdin.read()).iter()]))',
      text,
    ),
  );

/** Sections and settings of a unit file, `%%` decoded. */
const ini: Reader = (text) =>
  withoutComments(text).map((line) => {
    if (!/^\[[\w-]+\]$|^[\w-]+=|^ /.test(line)) throw new Error(`not a line of a unit file: ${line}`);
    return line.replaceAll('%%', '%');
  });

/** Strings with their escapes decoded as the Nix manual has them, and what stands between them. */
function nix(text: string): unknown {
  const named: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
  const parts: string[] = [];
  let rest = text;
  while (rest !== '') {
    const [all = '', comment, inner] =
      /^(#.*\n)|^"((?:[^"\\$]|\$(?!\{)|\\[\s\S]|\$\{[\w. ()-]+\})*)"|^[^#"]+/.exec(rest) ?? [];
    if (all === '') throw new Error(`not Nix: ${rest.slice(0, 60)}`);
    if (comment === undefined) parts.push(inner?.replace(/\\([\s\S])/g, (_, c: string) => named[c] ?? c) ?? all.trim());
    rest = rest.slice(all.length);
  }
  return parts;
}

const lines: Reader = withoutComments;
const json: Reader = (text) => JSON.parse(text) as unknown;
let interpreter: string | undefined;
/** Starts Python as itself: `python3` may be a version manager's script, which takes ten times as long for each start. */
function python(program: string, input: string, ...options: string[]): string {
  interpreter ??= execaSync('python3', ['-c', 'import sys; print(sys.executable)']).stdout;
  return execaSync(interpreter, [...options, '-c', program], { input }).stdout;
}
/** Without the site's packages, which take longer to find than most of these programs run. */
const barePython = (program: string, input: string) => python(program, input, '-I', '-S');

/** A fragment, or a Kconfig file, which has statements instead of values. */
const kconfigEither: Reader = (text) =>
  /^(config|menu|if|source) /m.test(text) ? withoutComments(text) : kconfig(text);

const READERS: { readonly [L in Language]?: Reader } = {
  dts: (text) => (text.includes('/dts-v1/;') ? dts(text) : dtsi(text)),
  kconfig: kconfigEither,
  udev,
  sh: shell('sh'),
  bash: shell('bash'),
  sysusers: words,
  mdev: words,
  ueventd: words,
  sepolicy: words,
  cmdline,
  extlinux: lines,
  uboot: shell('sh'),
  configtxt: lines,
  expect: expectation,
  json,
  markdown,
  plain: (text) => text.split('\n'),
  make,
  bitbake,
  yaml,
  ini,
  debcontrol: lines,
  python: pythonSource,
  nix,
  xml,
};

const LANGUAGE_OF = new Map<string, Language>(
  TARGETS.flatMap(({ name, files }) =>
    files.flatMap((file) => ('template' in file ? [[`${name}/${file.path}`, file.template.language] as const] : [])),
  ),
);

/** The language of an artifact; undefined for what is only copied. */
export function languageOf(path: string): Language | undefined {
  const known = LANGUAGE_OF.get(path);
  if (known !== undefined) return known;
  // A path with options in it: `yocto/[kernel]_%.bbappend`.
  for (const [pattern, language] of LANGUAGE_OF) {
    const [before, after] = pattern.split(/\[\w+\]/);
    if (after !== undefined && path.startsWith(before ?? '') && path.endsWith(after)) return language;
  }
  return undefined;
}

/** Reads an artifact as a program would; a language without a reader is a defect of the suite. */
export function readerOf(path: string): Reader {
  const language = languageOf(path);
  if (language === undefined) return (text) => text;
  const reader = READERS[language];
  if (reader === undefined) throw new Error(`${path}: no independent reader of ${language} in test/hostile/readers.ts`);
  return reader;
}
