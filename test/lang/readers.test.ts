/**
 * Every string that a language accepts must come back unchanged from a reader that is not ours: sh, make, dtc, Python,
 * a YAML, JSON and XML parser. Where no such program exists the reader below is written from the format's documentation.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { type Kind, type Language, leaf, write } from '../../src/lang/index.js';

const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-lang-'));
afterAll(() => rmSync(directory, { recursive: true }));

const HOSTILE = [
  ...'"\'`$\\#%{}()[]<>&|;*?!~^=,:@/ \t\n\r\x01\x1b\x7f\u0085\u00a0\u2028\u202e\ufeffäß漢😀',
  '${',
  '${@',
  '$(',
  '%%',
  '$$',
  '\\n',
  '\\"',
  "''",
  '*/',
  '/*',
  '//',
  '}}',
  '{{',
  '--',
  ']]>',
  '../',
  '&quot;',
  'é',
  'x',
  '0',
  'CONFIG_',
];
const SEED = 20261122;

/** Hostile and random strings, the same in every run. */
function samples(count: number): string[] {
  const hostile = fc.array(fc.constantFrom(...HOSTILE), { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
  const any = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
  return [...HOSTILE, ...fc.sample(fc.oneof({ weight: 4, arbitrary: hostile }, any), { numRuns: count, seed: SEED })];
}

/** The samples that the language accepts, with their spelling; at least `least` of them, or the test proves nothing. */
function accepted(language: Language, kind: Kind, least: number, count = 400) {
  const pairs = samples(count).flatMap((value) => {
    const spelled = write(language, leaf(kind as 'string', value)).value?.spelled;
    return spelled === undefined ? [] : [{ value, spelled }];
  });
  expect(pairs.length).toBeGreaterThanOrEqual(least);
  return pairs;
}

function file(name: string, content: string): string {
  const target = path.join(directory, name);
  writeFileSync(target, content);
  return target;
}

test('sh', () => {
  const pairs = accepted('sh', 'string', 400);
  const script = file('a.sh', pairs.map(({ spelled }) => `printf '%s\\0' ${spelled}\n`).join(''));
  const { stdout } = execaSync('sh', [script], { cwd: directory, stripFinalNewline: false });
  expect(stdout.split('\0').slice(0, -1)).toEqual(pairs.map((pair) => pair.value));
});

test('make', () => {
  const pairs = accepted('make', 'string', 150);
  const lines = pairs.flatMap(({ spelled }, i) => [
    `V${i} := ${spelled}`,
    `$(file >>${directory}/make.out,[$(V${i})])`,
  ]);
  execaSync('make', ['-s', '-f', file('a.mk', `${lines.join('\n')}\nall:;@:\n`)]);
  expect(readFileSync(path.join(directory, 'make.out'), 'utf8')).toBe(
    pairs.map(({ value }) => `[${value}]\n`).join(''),
  );
});

test('dts strings, read from the blob that dtc makes', () => {
  const pairs = accepted('dts', 'string', 400);
  const properties = pairs.map(({ spelled }, i) => `\tp${i} = ${spelled};\n`).join('');
  const blob = path.join(directory, 'a.dtb');
  execaSync('dtc', ['-q', '-I', 'dts', '-O', 'dtb', '-o', blob, file('a.dts', `/dts-v1/;\n/ {\n${properties}};\n`)]);
  const { stdout } = execaSync('fdtget', ['-t', 'bx', blob, ...pairs.flatMap((_, i) => ['/', `p${i}`])]);
  const read = stdout
    .split('\n')
    .map((line) => Buffer.from(line.split(' ').map((hex) => Number.parseInt(hex, 16))).toString('utf8'));
  expect(read).toEqual(pairs.map(({ value }) => `${value}\0`));
});

test('dts comments leave the tree around them as it is', () => {
  const pairs = accepted('dts', 'comment', 400);
  const body = pairs.map(({ spelled }, i) => `\t/* ${spelled} */ p${i};\n`).join('');
  const blob = path.join(directory, 'b.dtb');
  execaSync('dtc', ['-q', '-I', 'dts', '-O', 'dtb', '-o', blob, file('b.dts', `/dts-v1/;\n/ {\n${body}};\n`)]);
  expect(execaSync('fdtget', ['-p', blob, '/']).stdout.split('\n')).toEqual(pairs.map((_, i) => `p${i}`));
});

test('python', () => {
  const pairs = accepted('python', 'string', 400);
  const script = file(
    'a.py',
    `import json, sys\nsys.stdout.write(json.dumps([\n${pairs.map(({ spelled }) => `${spelled},\n`).join('')}]))\n`,
  );
  expect(JSON.parse(execaSync('python3', [script]).stdout)).toEqual(pairs.map((pair) => pair.value));
});

test('json', () => {
  for (const { value, spelled } of accepted('json', 'string', 400)) expect(JSON.parse(spelled)).toBe(value);
});

test('yaml', () => {
  const pairs = accepted('yaml', 'string', 400);
  const input = file('a.yaml', pairs.map(({ spelled }) => `- ${spelled}\n`).join(''));
  const program = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding="utf-8"))))';
  expect(JSON.parse(execaSync('python3', ['-c', program, input]).stdout)).toEqual(pairs.map((pair) => pair.value));
});

test('xml, as an attribute and as an element', () => {
  const pairs = accepted('xml', 'string', 300);
  const input = file('a.xml', `<r>${pairs.map(({ spelled }) => `<s v="${spelled}">${spelled}</s>`).join('\n')}</r>\n`);
  const program =
    'import json, sys, xml.etree.ElementTree as e; print(json.dumps([[s.get("v"), s.text] for s in e.parse(sys.argv[1]).getroot()]))';
  expect(JSON.parse(execaSync('python3', ['-c', program, input]).stdout)).toEqual(
    pairs.map(({ value }) => [value, value]),
  );
});

// The rest is read by readers written from the formats' documentation.

/** man 7 udev: a value in quotes, `\"` the only escape; then $$ and %% stand for themselves. */
function readUdev(text: string): string | undefined {
  const match = /^"((?:[^"\\]|\\"|\\(?!"))*)"$/.exec(text);
  return match?.[1]
    ?.replaceAll('\\"', '"')
    .replace(/\$\$|%%|[$%]/g, (s) => (s.length === 2 ? s.slice(1) : '<substituted>'));
}

/** Documentation/kbuild: in quotes a backslash takes the next character as it is. */
function readKconfig(text: string): string | undefined {
  return /^"((?:[^"\\\n]|\\[^\n])*)"$/.exec(text)?.[1]?.replace(/\\(.)/gs, '$1');
}

/** Documentation/admin-guide/kernel-parameters: double quotes protect spaces in values. */
function readCmdline(text: string): string | undefined {
  return /^"([^"]*)"$/.exec(text)?.[1] ?? (/^[^ "]+$/.test(text) ? text : undefined);
}

/** Nix manual, string literal: \" \\ \${ \n \r \t; another escaped character stands for itself. */
function readNix(text: string): string | undefined {
  const inner = /^"((?:[^"\\$]|\$(?!\{)|\\[\s\S])*)"$/.exec(text)?.[1];
  const named: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
  return inner?.replace(/\\([\s\S])/g, (_, c: string) => named[c] ?? c);
}

/** native/README.md, lines and words. */
function readExpect(text: string): string | undefined {
  return /^([!-$&-~]|%[0-9A-F]{2})+$/.test(text) ? decodeURIComponent(text) : undefined;
}

/** BitBake manual, basic syntax: the text between the quotes, where ${ expands. */
function readBitbake(text: string): string | undefined {
  return /^"([^"\n]*)"$/.exec(text)?.[1]?.replace(/\$\{.*/, '<expanded>');
}

/** man 5 systemd.syntax: the rest of the line, stripped; %% is a percent sign. */
function readUnit(text: string): string | undefined {
  if (/[\n\r]|\\$/.test(text)) return undefined;
  return text.trim().replace(/%%|%/g, (s) => (s === '%%' ? '%' : '<specifier>'));
}

const READERS: readonly (readonly [Language, number, (text: string) => string | undefined])[] = [
  ['udev', 150, readUdev],
  ['kconfig', 250, readKconfig],
  ['cmdline', 150, readCmdline],
  ['nix', 400, readNix],
  ['expect', 400, readExpect],
  ['bitbake', 80, readBitbake],
  ['ini', 150, readUnit],
];

test.each(READERS)('%s', (language, least, read) => {
  for (const { value, spelled } of accepted(language, 'string', least)) expect(read(spelled)).toBe(value);
});

test('a comment is one line in every language that has them', () => {
  for (const language of ['kconfig', 'udev', 'sh', 'make', 'mdev', 'ini', 'python', 'nix', 'yaml', 'expect'] as const)
    for (const { spelled } of accepted(language, 'comment', 400)) {
      expect(spelled).not.toMatch(/[\n\r\u0085\u2028\u2029]/);
      expect(spelled).not.toMatch(/\\$/);
    }
});
