/** Configurations bent out of shape: what a fixed point can never test. */
import { BOOLEAN, HEX, INT, type KconfigTree, STRING, TRISTATE } from '../../../src/kconfig/index.js';

/** A generator of whole numbers below a bound; the same seed gives the same numbers on every machine. */
export type Random = (below: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Mutation = (lines: string[], tree: KconfigTree, random: Random) => string[];

const nameOf = (line: string) => /^(?:# )?CONFIG_([A-Za-z0-9_]+)/.exec(line)?.[1];

function spelling(name: string, value: string): string {
  return value === 'n' ? `# CONFIG_${name} is not set` : `CONFIG_${name}=${value}`;
}

/** Replaces about one line of `every` by what `replace` makes of it. */
function some(
  lines: string[],
  random: Random,
  every: number,
  replace: (line: string, name: string) => string | undefined,
): string[] {
  return lines.map((line) => {
    const name = nameOf(line);
    return name !== undefined && random(every) === 0 ? (replace(line, name) ?? line) : line;
  });
}

const typeOf = (tree: KconfigTree, name: string) => {
  const symbol = tree.byName.get(name);
  return symbol === undefined ? undefined : tree.symbols.type[symbol];
};

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  drop: (lines, _tree, random) => {
    const percent = 20 + random(31);
    return lines.filter(() => random(100) >= percent);
  },
  flip: (lines, tree, random) =>
    some(lines, random, 8, (_line, name) => {
      const type = typeOf(tree, name);
      if (type === TRISTATE) return spelling(name, 'nmy'[random(3)] as string);
      return type === BOOLEAN ? spelling(name, 'ny'[random(2)] as string) : undefined;
    }),
  enable: (lines, tree, random) => {
    const added: string[] = [];
    for (const [name, symbol] of tree.byName) {
      const type = tree.symbols.type[symbol];
      if (symbol < 3 || random(40) !== 0) continue;
      if (type === BOOLEAN || type === TRISTATE)
        added.push(`CONFIG_${name}=${type === TRISTATE ? 'ym'[random(2)] : 'y'}`);
    }
    return [...lines, ...added];
  },
  invalid: (lines, tree, random) =>
    some(lines, random, 25, (_line, name) => {
      const values: Readonly<Record<number, readonly string[]>> = {
        [BOOLEAN]: ['m', 'yes', '', '1', '"y"', 'Y'],
        [TRISTATE]: ['maybe', '2', '', 'M', 'n'],
        [INT]: ['abc', '007', '-', '', '0x10', '-5', '99999999999999999999'],
        [HEX]: ['zz', '0x', '', '12', '0XfF', 'ffffffffffffffffffff'],
        [STRING]: ['bare', '"open', '"a\\"b\\\\c"', '""', '"x"tail', '"\\'],
      };
      const possible = values[typeOf(tree, name) ?? -1];
      return possible ? `CONFIG_${name}=${possible[random(possible.length)]}` : undefined;
    }),
  range: (lines, tree, random) =>
    some(lines, random, 2, (_line, name) => {
      const type = typeOf(tree, name);
      if (type === INT)
        return `CONFIG_${name}=${['0', '1', '-1', '3', '17', '100', '4096', '65536', '2147483648', '9223372036854775808'][random(10)]}`;
      if (type === HEX)
        return `CONFIG_${name}=${['0x0', '0x1', '0xff', '0x80000000', '0xffffffffffffffff', '10'][random(6)]}`;
      return undefined;
    }),
  shuffle: (lines, _tree, random) => {
    const shuffled = [...lines];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] as string, shuffled[i] as string];
    }
    return shuffled;
  },
  duplicate: (lines, tree, random) =>
    lines.flatMap((line) => {
      const name = nameOf(line);
      if (name === undefined || random(30) !== 0) return [line];
      const type = typeOf(tree, name);
      const logical = type === BOOLEAN || type === TRISTATE;
      return [line, logical ? spelling(name, 'ny'[random(2)] as string) : line];
    }),
  unknown: (lines, _tree, random) =>
    lines.flatMap((line) => {
      if (random(60) !== 0) return [line];
      const strange = [
        'CONFIG_NO_SUCH_SYMBOL_HERE=y',
        '# CONFIG_NO_SUCH_SYMBOL_HERE is not set',
        'CONFIG_=y',
        'CONFIG_MODULES',
        'garbage',
        '#CONFIG_MODULES is not set',
        '# CONFIG_MODULES is not set ',
        '# CONFIG_MODULES is not settled',
        '#',
        '  CONFIG_MODULES=y',
        'CONFIG_64=y',
        '\t',
      ];
      return [line, strange[random(strange.length)] as string];
    }),
  choices: (lines, tree, random) => {
    const added: string[] = [];
    for (const { members } of tree.choices)
      for (const member of members)
        if (random(3) === 0) added.push(spelling(tree.symbols.name[member] as string, 'nymy'[random(4)] as string));
    return random(2) === 0 ? [...lines, ...added] : [...added, ...lines];
  },
  modules: (lines, _tree, random) => [
    ...lines.filter((line) => nameOf(line) !== 'MODULES'),
    ['# CONFIG_MODULES is not set', 'CONFIG_MODULES=y', 'CONFIG_MODULES=m'][random(3)] as string,
  ],
  carriage: (lines, _tree, random) => lines.map((line) => (random(3) === 0 ? `${line}\r` : line)),
};
const NAMES = Object.keys(MUTATIONS);

export interface Mutated {
  readonly name: string;
  readonly text: string;
}

/** One to four mutations of a configuration, chosen by the seed. */
export function mutate(base: string, tree: KconfigTree, seed: number): Mutated {
  const random = randomFrom(seed);
  const chosen = new Set<string>([NAMES[seed % NAMES.length] as string]);
  for (let more = random(4); more > 0; more--) chosen.add(NAMES[random(NAMES.length)] as string);
  let lines = base.split('\n');
  for (const name of chosen) lines = (MUTATIONS[name] as Mutation)(lines, tree, random);
  // Without a line end at the end every tenth time.
  return { name: [...chosen].join('+'), text: lines.join('\n') + (random(10) === 0 ? '' : '\n') };
}
