/**
 * Option lines against conf: a value that we write is the value that conf reads, and of any text of lines, intact or
 * not, we read what conf takes.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { cacheRoot, kernelTree } from '../../../src/build/fetch/index.js';
import {
  type Dialect,
  detectDialect,
  HEX,
  INT,
  isValidText,
  type OptionLine,
  optionValues,
  readOptionLines,
  writeOption,
} from '../../../src/kconfig/index.js';
import type { Mismatch } from './compare.js';
import { buildConf, Judge } from './judge.js';
import type { Version } from './trees.js';

/** Symbols by type: its value without a line, values that a line can give it, and whether a line suits it. */
const SYMBOLS: Readonly<
  Record<string, { type: string; unset: string; values: fc.Arbitrary<string>; suits: (line: OptionLine) => boolean }>
> = {
  B: { type: 'bool', unset: 'n', values: fc.constantFrom('y', 'n'), suits: ({ value }) => /^[yn]$/.test(value ?? '') },
  T: {
    type: 'tristate',
    unset: 'n',
    values: fc.constantFrom('y', 'm', 'n'),
    suits: ({ value }) => /^[ymn]$/.test(value ?? ''),
  },
  I: {
    type: 'int',
    unset: '7',
    values: fc.integer({ min: -99, max: 99_999 }).map(String),
    suits: ({ value }) => isValidText(INT, value ?? ''),
  },
  H: {
    type: 'hex',
    unset: '0x7',
    values: fc.nat(0xffff).map((value) => `0x${value.toString(16)}`),
    suits: ({ value }) => isValidText(HEX, value ?? ''),
  },
  S: {
    type: 'string',
    unset: 'unset',
    values: fc
      .array(fc.constantFrom('a', '"', '\\', ' ', '$', "'", '#', '=', 'é', '\t', '$(x)'))
      .map((parts) => parts.join('')),
    suits: ({ value }) => value !== undefined,
  },
};

const KCONFIG = (dialect: Dialect) =>
  [
    'mainmenu "Lines"',
    'config MODULES',
    '\tbool "modules"',
    dialect.optionSyntax ? '\toption modules' : '\tmodules',
    '\tdefault y',
    ...Object.entries(SYMBOLS).flatMap(([name, { type, unset }]) => [
      `config ${name}`,
      `\t${type} "a prompt"`,
      ...(unset === 'n' ? [] : [`\tdefault ${type === 'string' ? `"${unset}"` : unset}`]),
    ]),
    '',
  ].join('\n');

const names = Object.keys(SYMBOLS);
const values = fc.record(
  Object.fromEntries(names.map((name) => [name, (SYMBOLS[name] as { values: fc.Arbitrary<string> }).values])),
);

/** A line of any kind: written by us, by hand, or damaged. */
const line: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...names),
    fc.oneof(
      ...names.map((name) => (SYMBOLS[name] as { values: fc.Arbitrary<string> }).values),
      fc.constantFrom('', 'yes', 'no', '"', '"a', '"a\\', '"a"b', '64 ', ' y', '0X1F', '007', '1f', '-0', '+1', '2M'),
    ),
    fc.constantFrom('plain', 'string', 'unset'),
    // conf reads C strings: a zero byte ends the line.
    fc.constantFrom('', ' ', '\t', ' #', '\r', '\0', '\0 is not set', '\0\0"'),
    fc.constantFrom('', '', '', '', ' ', '#', '# ', '\0'),
  )
  .map(
    ([name, value, kind, tail, head]) =>
      `${head}${kind === 'plain' ? `CONFIG_${name}=${value}` : writeOption(name, kind === 'unset' ? 'n' : value, kind === 'string')}${tail}`,
  );

/** @returns what conf and the reader or the writer of lines disagree on, and how many texts were asked */
export async function checkLines(version: Version, runs: number): Promise<{ mismatches: Mismatch[]; inputs: number }> {
  const directory = await kernelTree(version);
  const conf = await buildConf(directory);
  const dialect = detectDialect((name) => {
    const file = path.join(directory, name);
    return existsSync(file) ? readFileSync(file, 'latin1') : undefined;
  }).value as Dialect;
  const work = path.join(cacheRoot(), 'kconfig-small', `${version}-lines-${process.pid}`);
  mkdirSync(work, { recursive: true });
  writeFileSync(path.join(work, 'answers'), '');
  writeFileSync(path.join(work, 'Kconfig'), KCONFIG(dialect));
  const judge = await Judge.start(conf, {
    name: `${version} lines`,
    work,
    environment: { srctree: work },
    probesFile: path.join(work, 'answers'),
  });
  let inputs = 0;
  /** What conf makes of a text; its own output has no malformed line. */
  const ask = async (text: string) => {
    inputs++;
    const got = optionValues((await judge.ask('olddefconfig', text)).text ?? '');
    return Object.fromEntries(names.map((name) => [name, got.get(name)]));
  };
  const same = (a: object, b: object) => {
    const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
    if (left !== right) throw new Error(`conf ${left}, here ${right}`);
  };
  const mismatches: Mismatch[] = [];
  const check = async (name: string, property: fc.IAsyncProperty<[never]>) => {
    const result = await fc.check(property, { numRuns: runs });
    if (result.failed)
      mismatches.push({ name, lines: [JSON.stringify(result.counterexample), String(result.errorInstance)] });
  };
  try {
    await check(
      'written',
      fc.asyncProperty(values, async (given) => {
        const lines = names.map((name) => writeOption(name, given[name] as string, name === 'S'));
        same(await ask(`${lines.join('\n')}\n`), given);
      }) as never,
    );
    await check(
      'read',
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'), async (lines, end) => {
        const text = lines.join(end);
        // Releases that are lax about the comment read more of these than recent ones.
        if (!dialect.strictConfigLines)
          fc.pre(!lines.some((one) => /^#/.test(one) && !/^# CONFIG_. is not set$/.test(one)));
        const { options } = readOptionLines(text);
        const read = names.map((name) => {
          const { unset, suits, type } = SYMBOLS[name] as (typeof SYMBOLS)[string];
          const isString = type === 'string';
          const taken = options.filter((one) => one.symbol === name && one.isString === isString && suits(one));
          return [name, taken.at(-1)?.value ?? unset];
        });
        same(await ask(text), Object.fromEntries(read));
      }) as never,
    );
  } finally {
    judge.stop();
    rmSync(work, { recursive: true, force: true });
  }
  return { mismatches, inputs };
}
