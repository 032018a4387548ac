/**
 * Small random Kconfig trees: constructs that kernels use rarely or not yet, in combinations nobody writes, each tree
 * with random configurations, judged by the conf of each kernel.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheRoot, kernelTree } from '../../../src/build/fetch/index.js';
import * as engine from '../../../src/kconfig/index.js';
import { type Dialect, detectDialect, isLogical, type KconfigTree } from '../../../src/kconfig/index.js';
import type { Case } from './cases.js';
import { compareCases, differingMessages, judgeCases, type Mismatch } from './compare.js';
import { confMessages } from './engine.js';
import { buildConf, type Served } from './judge.js';
import { type Random, randomFrom } from './mutate.js';
import type { Version } from './trees.js';

/** Writes a tree in which symbols depend on earlier ones only, so that conf accepts it. */
export function smallTree(seed: number, dialect: Dialect): string {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const types: string[] = ['bool'];
  const names: string[] = ['MODULES'];
  const earlier = (wanted?: (type: string) => boolean) => {
    const found = names.filter((_, i) => wanted?.(types[i] as string) ?? true);
    return found.length > 0 ? pick(found) : 'MODULES';
  };
  const logical = () => earlier((type) => type === 'bool' || type === 'tristate');
  const condition = (depth = 0): string => {
    switch (random(depth > 2 ? 4 : 8)) {
      case 0:
        return `${logical()}=${pick(['y', 'm', 'n'])}`;
      case 1:
        // Of a bool, conf since 6.12 reads the symbol as an expression here (expr_transform, "A!=y -> !A") and may crash.
        return `${logical()}!=${pick(dialect.sharedExpressions ? ['m', 'n'] : ['y', 'm', 'n'])}`;
      case 2:
        return `!${logical()}`;
      case 3:
        return random(6) === 0 ? pick(['m', 'y', 'UNDEFINED']) : logical();
      case 4:
        return `(${condition(depth + 1)} || ${condition(depth + 1)})`;
      case 5:
        return `${condition(depth + 1)} && ${condition(depth + 1)}`;
      case 6:
        return `${earlier((type) => type === 'int')} ${pick(['<', '<=', '>', '>=', '=', '!='])} ${random(20)}`;
      default:
        return logical();
    }
  };
  const when = () => (random(2) === 0 ? ` if ${condition()}` : '');
  const out: string[] = ['mainmenu "Small"', 'config MODULES', `\tbool "modules"`];
  out.push(dialect.optionSyntax ? '\toption modules' : '\tmodules', `\tdefault ${pick(['y', 'n'])}`);
  /** Targets of select and imply come later: what selects them must not depend on them. */
  const total = 14 + random(12);
  const define = (type: string): string => {
    const name = `S${names.length}`;
    names.push(name);
    types.push(type);
    return name;
  };
  const config = (inChoice: string | undefined) => {
    const type = inChoice ?? pick(['bool', 'bool', 'tristate', 'tristate', 'int', 'hex', 'string']);
    const dependency = random(2) === 0 ? `\tdepends on ${condition()}` : '';
    const conditional =
      dialect.conditionalDepends && random(5) === 0 ? `\tdepends on ${condition()} if ${condition()}` : '';
    const prompt = inChoice !== undefined || random(4) > 0;
    const lines: string[] = [];
    const text = when();
    const ranges = type === 'int' || type === 'hex' ? random(3) : 0;
    const literal = () =>
      type === 'int'
        ? `${random(30)}`
        : type === 'hex'
          ? `0x${random(64).toString(16)}`
          : type === 'string'
            ? `"t${random(9)}\\"q"`
            : pick(['y', 'm', 'n']);
    for (let i = 0; i < ranges; i++)
      lines.push(`\trange ${type === 'int' ? `${random(10)} ${10 + random(10)}` : '0x2 0x1f'}${when()}`);
    if (inChoice === undefined)
      for (let i = random(3); i > 0; i--) {
        const same = random(4) === 0 ? earlier((t) => t === type) : 'MODULES';
        const value =
          type === 'bool' || type === 'tristate'
            ? random(2) === 0
              ? condition()
              : literal()
            : same === 'MODULES'
              ? literal()
              : same;
        lines.push(`\tdefault ${value}${when()}`);
      }
    const clauses = [dependency, conditional].filter(Boolean);
    const selectWhen = when();
    const name = define(type);
    if ((type === 'bool' || type === 'tristate') && random(3) === 0)
      lines.push(`\t${pick(['select', 'imply'])} S${names.length + random(6)}${selectWhen}`);
    out.push(`config ${name}`, `\t${type}${prompt ? ` "p ${name}"${text}` : ''}`, ...clauses, ...lines);
    if (random(8) === 0) out.push('\thelp', '\t  Some help.', '');
    return name;
  };
  const choice = () => {
    const kind = dialect.choices === 'symbol' && random(2) === 0 ? 'tristate' : 'bool';
    out.push(
      'choice',
      dialect.typedChoice && dialect.choices === 'symbol' ? `\t${kind} "a choice"` : '\tprompt "a choice"',
    );
    if (random(2) === 0) out.push(`\tdepends on ${condition()}`);
    const first = names.length;
    const count = 2 + random(4);
    if (random(2) === 0) out.push(`\tdefault S${first + random(count)}${when()}`);
    if (dialect.keywords.has('optional') && random(3) === 0) out.push('\toptional');
    // Members may not depend on each other: conditions are made of what is there before the first.
    const known = names.length;
    for (let i = 0; i < count; i++) {
      const text = names.splice(known);
      const kept = types.splice(known);
      const dependency = random(2) === 0 ? `\tdepends on ${condition()}` : '';
      names.push(...text);
      types.push(...kept);
      const name = define(kind);
      out.push(`config ${name}`, `\t${kind} "m ${name}"`, ...(dependency ? [dependency] : []));
    }
    out.push('endchoice');
  };
  const block = (depth: number) => {
    const before = names.length;
    const kind = pick(['menu', 'if', 'plain']);
    if (kind === 'menu') {
      out.push(`menu "menu ${before}"`);
      if (random(2) === 0) out.push(`\tdepends on ${condition()}`);
      if (random(2) === 0) out.push(`\tvisible if ${condition()}`);
    } else if (kind === 'if') out.push(`if ${condition()}`);
    for (let i = 1 + random(4); i > 0; i--) {
      if (depth < 3 && random(5) === 0) block(depth + 1);
      else if (random(5) === 0) choice();
      else if (random(8) === 0) out.push(`comment "comment ${names.length}"`, `\tdepends on ${condition()}`);
      else config(undefined);
    }
    if (kind === 'menu') out.push('endmenu');
    else if (kind === 'if') out.push('endif');
  };
  while (names.length < total) block(0);
  if (dialect.keywords.has('transitional') && random(2) === 0)
    out.push('config OLD', '\tbool', '\ttransitional', 'config NEW', '\tbool "new"', '\tdefault OLD');
  return `${out.join('\n')}\n`;
}

function randomConfig(tree: KconfigTree, random: Random): string {
  const lines: string[] = [];
  for (const [name, symbol] of tree.byName) {
    const type = tree.symbols.type[symbol] as number;
    if (symbol < 3 || type === 0 || random(3) === 0) continue;
    const value = isLogical(type)
      ? ['y', 'm', 'n'][random(3)]
      : type === engine.STRING
        ? '"user"'
        : type === engine.INT
          ? random(40)
          : `0x${random(80).toString(16)}`;
    lines.push(value === 'n' ? `# CONFIG_${name} is not set` : `CONFIG_${name}=${value}`);
    if (random(12) === 0) lines.push(`CONFIG_${name}=y`);
  }
  for (let i = lines.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [lines[i], lines[j]] = [lines[j] as string, lines[i] as string];
  }
  return `${lines.join('\n')}\n`;
}

/** Judges `count` small trees with the conf of a kernel. */
export async function checkSmallTrees(
  version: Version,
  count: number,
  compare: typeof engine = engine,
): Promise<{ mismatches: Mismatch[]; inputs: number; refused: number }> {
  const directory = await kernelTree(version);
  const conf = await buildConf(directory);
  const dialect = detectDialect((name) => {
    const file = path.join(directory, name);
    return existsSync(file) ? readFileSync(file, 'latin1') : undefined;
  }).value as Dialect;
  const work = path.join(cacheRoot(), 'kconfig-small', `${version}-${process.pid}`);
  mkdirSync(work, { recursive: true });
  const mismatches: Mismatch[] = [];
  let inputs = 0;
  let refused = 0;
  try {
    writeFileSync(path.join(work, 'answers'), '');
    for (let seed = 0; seed < count; seed++) {
      const text = smallTree(seed, dialect);
      writeFileSync(path.join(work, 'Kconfig'), text);
      const served: Served = {
        name: `${version} small tree ${seed}`,
        work,
        environment: { srctree: work },
        probesFile: path.join(work, 'answers'),
      };
      const { value: tree, diagnostics } = compare.parseTree({
        readFile: (name) => (name === 'Kconfig' ? text : undefined),
        environment: {},
        probe: () => undefined,
        dialect,
      });
      const random = randomFrom(seed + 1_000_000);
      const cases: Case[] = (['alldefconfig', 'allnoconfig', 'allyesconfig', 'allmodconfig'] as const).map((mode) => ({
        name: mode,
        mode,
        text: undefined,
      }));
      if (tree)
        for (let i = 0; i < 8; i++) {
          const mode = i === 6 ? 'savedefconfig' : i === 7 ? 'defconfig' : 'olddefconfig';
          cases.push({ name: `${mode} ${i}`, mode, text: randomConfig(tree, random) });
        }
      try {
        const { judged, parseMessages } = await judgeCases(conf, served, cases);
        if (!tree) {
          mismatches.push({ name: served.name, lines: ['conf accepts it, we do not', ...confMessages(diagnostics)] });
          continue;
        }
        inputs += judged.length;
        const parse = differingMessages(parseMessages, confMessages(diagnostics));
        if (parse.length > 0) mismatches.push({ name: `${served.name}, messages while parsing`, lines: parse });
        for (const { name, lines } of compareCases(compare, tree, judged))
          mismatches.push({ name: `${served.name}, ${name}`, lines });
      } catch (error) {
        refused++;
        if (tree)
          mismatches.push({ name: served.name, lines: [`we accept it, conf does not: ${(error as Error).message}`] });
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return { mismatches, inputs, refused };
}
