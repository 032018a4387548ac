/**
 * What a program would understand of each artifact: comments gone, values decoded. Written from the formats'
 * documentation, except devicetree source, which dtc reads.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import type { Language } from '../../src/lang/index.js';
import { TARGETS } from '../../src/render/index.js';

/** What one text says; it throws for a text that is not of its language. */
type ReadOne = (text: string) => unknown;
/** What many texts say, by one program that reads them all: a process for each would take most of the time. */
interface ReadMany {
  readonly many: (texts: readonly string[]) => readonly Understood[];
}
type Reader = ReadOne | ReadMany;
type Understood = { readonly value: unknown } | { readonly error: string };

function attempt(read: () => unknown): Understood {
  try {
    return { value: read() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** What a program printed about one text. */
interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

/** Gives each text to the standard input of a command, in one shell. The command may be a list of shell words. */
function forEach(command: string, texts: readonly string[]): readonly Ran[] {
  const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-read-'));
  try {
    texts.forEach((text, i) => {
      writeFileSync(path.join(directory, `${i}.in`), text);
    });
    const loop = `i=0; while [ $i -lt ${texts.length} ]; do ${command} <$i.in >$i.out 2>$i.err; echo $? >$i.rc; i=$((i+1)); done`;
    execaSync('sh', ['-c', loop], { cwd: directory, env: { PATH: process.env['PATH'] }, extendEnv: false });
    const read = (name: string) => readFileSync(path.join(directory, name), 'utf8');
    return texts.map((_, i) => ({
      stdout: read(`${i}.out`),
      stderr: read(`${i}.err`),
      status: Number(read(`${i}.rc`)),
    }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

let interpreter: string | undefined;
/** Python itself: `python3` may be a version manager's script, which takes ten times as long for each start. */
function pythonItself(): string {
  interpreter ??= execaSync('python3', ['-c', 'import sys; print(sys.executable)']).stdout;
  return interpreter;
}

/**
 * Reads every text by a Python function `one(text)`.
 * @param options of python3; `-I -S` leaves the site's packages out, which take long to find
 */
function byPython(program: string, options: readonly string[] = ['-I', '-S']): ReadMany {
  const loop = `import json, sys
${program}
out = []
for text in json.load(sys.stdin):
    try:
        out.append({'value': one(text)})
    except Exception as e:
        out.append({'error': repr(e)})
print(json.dumps(out))`;
  return {
    many: (texts) => {
      // As a file would have it: half a character is not UTF-8.
      const input = JSON.stringify(texts.map((text) => Buffer.from(text).toString()));
      return JSON.parse(execaSync(pythonItself(), [...options, '-c', loop], { input }).stdout) as Understood[];
    },
  };
}

const withoutComments = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** A snippet is read the way a board includes it, after a root with the cells it was made for. */
function wholeSource(text: string): string {
  if (text.includes('/dts-v1/;')) return text;
  const cells = /#address-cells = <\d>;\s*#size-cells = <\d>;/.exec(text)?.[0] ?? '';
  return `/dts-v1/;\n/ { ${cells} };\n${text}`;
}

/** The tree as dtc prints it after compiling, and what dtc complains about. */
const dts: ReadMany = {
  many: (texts) =>
    forEach('dtc -I dts -O dts', texts.map(wholeSource)).map(({ stdout, stderr }) => {
      const complaints = stderr
        .trimEnd()
        .split('\n')
        .map((line) => /Warning \((\w+)\)/.exec(line)?.[1] ?? line);
      // Labels name nodes for the source only; ours are derived from the region's name.
      return {
        value: {
          tree: stdout
            .trimEnd()
            .replace(/^(\s*)\w+: /gm, '$1')
            .split('\n'),
          complaints,
        },
      };
    }),
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

const words: ReadOne = (text) => withoutComments(text).map((line) => line.split(/\s+/));

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
const cmdline: ReadOne = (text) => {
  if (text.split('\n').length !== 2) throw new Error('the command line is one line');
  return (text.slice(0, -1).match(/(?:[^ "]|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ''));
};

/** Notes are for people: their outline and the number of lines must not move. */
const markdown: ReadOne = (text) => ({
  lines: text.split('\n').length,
  headings: text.split('\n').filter((line) => line.startsWith('#')),
  html: text.replace(/<!--.*?-->|^ {4}.*|(`+).+?\1/gm, '').match(/(?<!\\)<[a-z/][^>]*>/gi) ?? [],
});

/** Words as a POSIX shell would split them, after the shell itself has found nothing wrong. */
const shell = (program: 'sh' | 'bash'): ReadMany => ({
  many: (texts) => {
    const checked = forEach(`${program} -n`, texts);
    const split = SPLIT.many(texts);
    return split.map((words, i) => {
      const { status = 0, stderr } = checked[i] ?? {};
      return status === 0 ? words : { error: `${program} -n: ${stderr}` };
    });
  },
});
const SPLIT = byPython('import shlex\ndef one(text): return shlex.split(text, comments=True)');

/** The variables and rules that make itself reports; includes that are not there are left out. */
const make: ReadMany = {
  many: (texts) => {
    const makefiles = texts.map((text) => text.replace(/^include .*$/gm, ''));
    return forEach('env -i make -rRnpq -f - no-such-target', makefiles).map(({ stdout }, i) =>
      attempt(() => {
        // A makefile from stdin gets a name of make's own, another in every run.
        const lines = stdout.replace(/\S*\/Gm\w{6}/g, 'stdin').split('\n');
        const from = /^# makefile \(from .*, line \d+\)$/;
        // make shows what it would expand, where a dollar sign is written twice.
        const variables = lines.flatMap((line, at) => (from.test(line) ? [lines[at + 1]?.replaceAll('$$', '$')] : []));
        if (variables.length === 0 && /^\w+ *[:?]?=/m.test(makefiles[i] ?? ''))
          throw new Error('make read no variable');
        return { variables, targets: lines.filter((line) => /^[\w./-]+:/.test(line)).sort() };
      }),
    );
  },
};

/** Assignments with their values; the rest as it stands. There is no BitBake in Debian. */
function bitbake(text: string): unknown {
  const joined = text.replace(/\\\n/g, ' ');
  return withoutComments(joined).map((line) => {
    const assignment = /^([\w:${}.-]+(?:\[\w-]+\])?)\s*(\?\??=|:=|\+=|=\+|\.=|=\.|=)\s*"([^\n]*)"$/.exec(line);
    return assignment ? assignment.slice(1) : line;
  });
}

/** Every string of the program, after Python has compiled it; and its shape without them. */
const pythonSource = byPython(`import ast
def one(text):
    nodes = list(ast.walk(ast.parse(text)))
    strings = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [strings, [type(n).__name__ for n in nodes]]`);

/** With the one tag that is in use, labgrid's. */
const yaml = byPython(
  `import yaml
yaml.SafeLoader.add_constructor("!template", lambda loader, node: loader.construct_scalar(node))
def one(text): return list(yaml.safe_load_all(text))`,
  [],
);

const xml = byPython(
  'import xml.etree.ElementTree as e\ndef one(text): return [[n.tag, n.attrib, n.text] for n in e.fromstring(text).iter()]',
);

/** Sections and settings of a unit file, `%%` decoded. */
const ini: ReadOne = (text) =>
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

const lines: ReadOne = withoutComments;
const json: ReadOne = (text) => JSON.parse(text) as unknown;
/** A fragment, or a Kconfig file, which has statements instead of values. */
const kconfigEither: ReadOne = (text) =>
  /^(config|menu|if|source) /m.test(text) ? withoutComments(text) : kconfig(text);

/** Every language has one: tsc refuses a language without a reader. */
const READERS: { readonly [L in Language]: Reader } = {
  dts,
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
export const languageOf = (path: string): Language | undefined => LANGUAGE_OF.get(path);

/** Files that are copied as they are. */
const asItIs: ReadOne = (text) => text;

/** Reads as a program would. */
function readerOf(path: string): Reader {
  const language = languageOf(path);
  return language === undefined ? asItIs : READERS[language];
}

interface Written {
  readonly path: string;
  readonly text: string;
}

/** By reader, because one file name has one, and then by text. */
const read = new Map<Reader, Map<string, Understood>>();

const readBy = (reader: Reader): Map<string, Understood> => {
  const known = read.get(reader) ?? new Map<string, Understood>();
  read.set(reader, known);
  return known;
};

/** Reads what was not read before, all texts of a language at once. */
export function readAll(artifacts: Iterable<Written>): void {
  const waiting = new Map<Reader, Set<string>>();
  for (const { path, text } of artifacts) {
    const reader = readerOf(path);
    if (readBy(reader).has(text)) continue;
    if (typeof reader === 'function')
      readBy(reader).set(
        text,
        attempt(() => reader(text)),
      );
    else waiting.set(reader, (waiting.get(reader) ?? new Set()).add(text));
  }
  for (const [reader, texts] of waiting) {
    if (typeof reader === 'function') continue;
    const list = [...texts];
    reader.many(list).forEach((one, i) => {
      readBy(reader).set(list[i] ?? '', one);
    });
  }
}

/**
 * What an artifact says.
 * @throws when it is not of its language
 */
export function understand(artifact: Written): unknown {
  readAll([artifact]);
  const found = readBy(readerOf(artifact.path)).get(artifact.text);
  if (found === undefined || 'error' in found) throw new Error(`${artifact.path}: ${found?.error}\n${artifact.text}`);
  return found.value;
}
