import { describe, expect, test } from 'vitest';
import {
  blockedText,
  type GoalText,
  linkText,
  makeConfig,
  parseGoal,
  parseTree,
  type SolveOptions,
  solve,
  withLines,
} from '../../src/kconfig/index.js';
import { TINY_DIALECT, tinyTree } from './tiny.js';

const ask = (text: string, base: string, goals: string[], options: SolveOptions = {}) =>
  solve(tinyTree(text), base, goals.map(parseGoal) as GoalText[], options);

/** A chain of dependencies as heaps have it: two levels, a promptless symbol that is only selected, a size. */
const HEAPS = `
config MMU
	bool "MMU"
config ARCH
	bool
	default y
	select HAVE if MMU
config HAVE
	bool
config CMA
	bool "CMA"
	depends on MMU
	select MIGRATION
config MIGRATION
	bool
config DMA_CMA
	bool "DMA CMA"
	depends on HAVE && CMA
choice
	prompt "size"
	depends on DMA_CMA
	default SEL_MBYTES
config SEL_MBYTES
	bool "MiB"
config SEL_PERCENT
	bool "percent"
endchoice
config MBYTES
	int "MiB"
	depends on DMA_CMA && !SEL_PERCENT
	range 0 4096
	default 0
config HEAPS
	bool "heaps"
config HEAP
	bool "heap"
	depends on HEAPS && DMA_CMA
config DRIVER
	tristate "driver"
	select CMA
	select DMA_CMA
`;

describe('goals', () => {
  test.each([
    ['X=y', { symbol: 'X', value: 'y' }],
    ['CONFIG_X=m', { symbol: 'X', value: 'm' }],
    ['X>=m', { symbol: 'X', value: 'm', atLeast: true }],
    ['X=256', { symbol: 'X', value: '256' }],
    ['X="a \\"b\\""', { symbol: 'X', value: 'a "b"' }],
    ['X=""', { symbol: 'X', value: '' }],
    ['X>=3', undefined],
    ['X=', undefined],
    ['X', undefined],
    ['board.json', undefined],
  ])('%s', (text, goal) => expect(parseGoal(text)).toEqual(goal));
});

describe('the smallest set', () => {
  test('closes over dependencies and never asks for what is only selected', () => {
    const { lines, isProvenSmallest } = ask(HEAPS, '', ['HEAP=y']);
    expect(lines).toEqual(['CONFIG_CMA=y', 'CONFIG_DMA_CMA=y', 'CONFIG_HEAP=y', 'CONFIG_HEAPS=y', 'CONFIG_MMU=y']);
    expect(isProvenSmallest).toBe(true);
  });

  test('a prompt is asked by name though one driver would select two at once', () => {
    expect(ask(HEAPS, 'CONFIG_MMU=y\nCONFIG_MODULES=y\n', ['HEAP=y']).lines).not.toContain('CONFIG_DRIVER=m');
  });

  test('what the base has is not asked again', () => {
    expect(ask(HEAPS, 'CONFIG_MMU=y\nCONFIG_CMA=y\nCONFIG_DMA_CMA=y\nCONFIG_HEAPS=y\n', ['HEAP=y']).lines).toEqual([
      'CONFIG_HEAP=y',
    ]);
    expect(ask(HEAPS, 'CONFIG_MMU=y\n', ['MMU=y']).lines).toEqual([]);
  });

  test('each line is needed, and the whole is what the engine makes of base and lines', () => {
    const tree = tinyTree(HEAPS);
    const { lines, config } = solve(tree, '', [{ symbol: 'HEAP', value: 'y' }]);
    for (const line of lines) {
      const without = lines.filter((one) => one !== line);
      expect(makeConfig(tree, 'olddefconfig', withLines('', without)).text, line).not.toContain('CONFIG_HEAP=y');
    }
    expect(makeConfig(tree, 'olddefconfig', withLines('', lines)).text).toBe(config);
  });

  test('a size brings what makes it visible, and its choice', () => {
    const base = 'CONFIG_MMU=y\nCONFIG_CMA=y\nCONFIG_DMA_CMA=y\nCONFIG_SEL_PERCENT=y\n';
    expect(ask(HEAPS, base, ['MBYTES=256'], { allowChange: true }).lines).toEqual([
      'CONFIG_MBYTES=256',
      'CONFIG_SEL_MBYTES=y',
    ]);
  });

  test('of two alternatives the one that changes less wins', () => {
    const tree = `
config X
	bool "x"
	depends on A || B
config A
	bool "a"
	select A1
	select A2
config B
	bool "b"
config A1
	bool
config A2
	bool
`;
    expect(ask(tree, '', ['X=y']).lines).toEqual(['CONFIG_B=y', 'CONFIG_X=y']);
  });

  test('off reaches through a select', () => {
    const tree = `
config A
	bool "a"
	select X
config X
	bool "x"
`;
    const base = 'CONFIG_A=y\nCONFIG_X=y\n';
    expect(ask(tree, base, ['X=n'], { allowChange: true }).lines).toEqual([
      '# CONFIG_A is not set',
      '# CONFIG_X is not set',
    ]);
    expect(ask(tree, base, ['X=n']).blocked[0]).toMatchObject({ leaf: 'A', reason: 'base' });
  });

  test('m needs modules, and y needs its dependencies built in', () => {
    const tree = `
config BUS
	tristate "bus"
config DEV
	tristate "device"
	depends on BUS
`;
    expect(ask(tree, '', ['DEV=m']).lines).toEqual(['CONFIG_BUS=y', 'CONFIG_DEV=m', 'CONFIG_MODULES=y']);
    expect(ask(tree, 'CONFIG_MODULES=y\nCONFIG_BUS=m\n', ['DEV=y']).lines).toEqual(['CONFIG_BUS=y', 'CONFIG_DEV=y']);
    expect(ask(tree, 'CONFIG_MODULES=y\nCONFIG_BUS=m\n', ['DEV>=m']).lines).toEqual(['CONFIG_DEV=m']);
  });
});

describe('what the base decided', () => {
  const TREE = `
config A
	bool "a"
config X
	bool "x"
	depends on !A
config D
	bool "d"
	default y
config Y
	bool "y"
	depends on !D
`;
  test('is not taken away without --allow-change', () => {
    const { blocked } = ask(TREE, 'CONFIG_A=y\n', ['X=y']);
    expect(blocked[0]).toMatchObject({ goal: 'X=y', leaf: 'A', needed: 'A=n', reason: 'base' });
    expect(ask(TREE, 'CONFIG_A=y\n', ['X=y'], { allowChange: true }).lines).toEqual([
      '# CONFIG_A is not set',
      'CONFIG_X=y',
    ]);
  });

  test('does not include what it only repeats of the defaults', () => {
    expect(ask(TREE, 'CONFIG_D=y\n', ['Y=y']).lines).toEqual(['# CONFIG_D is not set', 'CONFIG_Y=y']);
  });
});

describe('blocked', () => {
  const chain = (text: string, base: string, goals: string[]) =>
    ask(text, base, goals).blocked.map(({ leaf, reason, chain: links }) => ({
      leaf,
      reason,
      chain: links.map(linkText),
    }));

  test('by what is always on, which has a name', () => {
    const tree = 'config B\n\tdef_bool A\nconfig A\n\tdef_bool y\n';
    const [{ leaf, chain: links = [] } = {}] = chain(tree, '', ['A=n']);
    expect([leaf, links]).toEqual([
      'A',
      [expect.stringMatching(/^Kconfig:\d+: A is always y: it has no prompt, and its default is y$/)],
    ]);
    const [{ leaf: below, chain: steps = [] } = {}] = chain(tree, '', ['B=n']);
    expect([below, steps]).toEqual([
      'A',
      [expect.stringMatching(/: B stays on because of A$/), expect.stringMatching(/: A is always y: /)],
    ]);
  });

  test('by another goal, with every step and its place', () => {
    expect(chain(HEAPS, 'CONFIG_MMU=y\n', ['HEAP=y', 'MMU=n'])).toEqual([
      {
        leaf: 'MMU',
        reason: 'goal',
        chain: [
          'Kconfig:40: HEAP depends on DMA_CMA',
          'Kconfig:21: DMA_CMA depends on CMA',
          'Kconfig:15: CMA depends on MMU',
          'Kconfig:6: MMU is n because the goal MMU=n requires it',
        ],
      },
    ]);
  });

  test('where only a select against dependencies would do', () => {
    const tree = `
config NEVER
	bool
config X
	bool "x"
	depends on NEVER
config DRIVER
	bool "driver"
	select X
`;
    expect(ask(tree, '', ['X=y']).blocked[0]).toMatchObject({ goal: 'X=y', leaf: 'NEVER', reason: 'no-way' });
  });

  test('by the choice of another goal', () => {
    const [first] = chain(HEAPS, 'CONFIG_MMU=y\nCONFIG_CMA=y\nCONFIG_DMA_CMA=y\n', ['MBYTES=256', 'SEL_PERCENT=y']);
    expect(first).toMatchObject({ leaf: 'SEL_PERCENT', reason: 'goal' });
    expect(first?.chain[0]).toBe('Kconfig:33: MBYTES depends on !SEL_PERCENT');
  });

  test('by a type', () => {
    expect(chain(HEAPS, '', ['HEAP=m'])).toEqual([
      {
        leaf: 'HEAP',
        reason: 'type',
        chain: ['Kconfig:39: HEAP is bool and cannot be m: conf refuses the line, and the symbol ends as n'],
      },
    ]);
    expect(chain(HEAPS, '', ['MBYTES=many'])[0]).toMatchObject({ leaf: 'MBYTES', reason: 'type' });
  });

  test('by a symbol that does not exist, with what was meant', () => {
    expect(chain(HEAPS, '', ['DMA_CMAA=y'])).toEqual([
      {
        leaf: 'DMA_CMAA',
        reason: 'undefined',
        chain: ['DMA_CMAA is not defined in this tree for this architecture; did you mean DMA_CMA?'],
      },
    ]);
    expect(ask(HEAPS, '', ['NO_SUCH_THING=n']).blocked).toEqual([]);
  });

  test('by a symbol that nothing sets, and by one that is not defined', () => {
    const tree = `
config NEVER
	bool
config X
	bool "x"
	depends on NEVER
config Z
	bool "z"
	depends on ELSEWHERE
`;
    expect(chain(tree, '', ['X=y'])[0]).toMatchObject({ leaf: 'NEVER', reason: 'no-way' });
    expect(chain(tree, '', ['Z=y'])[0]).toMatchObject({ leaf: 'ELSEWHERE', reason: 'undefined' });
  });

  test('by a range', () => {
    const base = 'CONFIG_MMU=y\nCONFIG_CMA=y\nCONFIG_DMA_CMA=y\n';
    const { blocked } = ask(HEAPS, base, ['MBYTES=5000']);
    expect(blocked[0]).toMatchObject({ goal: 'MBYTES=5000', leaf: 'MBYTES' });
  });

  test('by two symbols that exclude each other', () => {
    const tree = `
choice
	prompt "one"
config A
	bool "a"
config B
	bool "b"
endchoice
config X
	bool "x"
	depends on A && B
`;
    expect(ask(tree, '', ['X=y'], { allowChange: true }).blocked[0]).toMatchObject({ goal: 'X=y', reason: 'conflict' });
  });
});

test('the delta has everything that changes and says why', () => {
  expect(ask(HEAPS, 'CONFIG_MMU=y\n', ['CMA=y']).delta).toEqual([
    { symbol: 'CMA', from: 'n', to: 'y', why: 'requested' },
    { symbol: 'DMA_CMA', from: null, to: 'n', why: 'can be set now, and stays off' },
    { symbol: 'MIGRATION', from: null, to: 'y', why: 'selected by CMA (Kconfig:17)' },
  ]);
});

test('what the base sets and nobody sees yet is kept when a line brings it to light', () => {
  const text = `config MODULES
	bool "m"
	modules
config EXPERT
	bool "expert"
config NAMESPACES
	bool "namespaces" if EXPERT
	default !EXPERT
config USER_NS
	bool "user"
	depends on NAMESPACES
`;
  const { value: tree } = parseTree({
    readFile: (name) => (name === 'Kconfig' ? text : undefined),
    environment: {},
    dialect: { ...TINY_DIALECT, forgetsOutOfRange: true },
  });
  if (!tree) throw new Error('refused');
  const base = makeConfig(tree, 'olddefconfig', 'CONFIG_USER_NS=y\n').text;
  const { lines, blocked } = solve(tree, base, [{ symbol: 'EXPERT', value: 'y', atLeast: false }]);
  expect(blocked).toEqual([]);
  expect(lines).toEqual(['CONFIG_EXPERT=y']);
});

test('what a line selects gets its dependencies when they can be had', () => {
  const tree = tinyTree(`config BUS
	bool
config DRIVER
	bool "driver"
	select BUS
config CORE
	bool
	depends on BUS
config CHIP
	bool "chip"
	select CORE
`);
  const { lines } = solve(tree, '', [{ symbol: 'CHIP', value: 'y', atLeast: false }]);
  expect(lines).toEqual(['CONFIG_CHIP=y', 'CONFIG_DRIVER=y']);
});

describe('long lists of goals', () => {
  const COUNT = 24;
  /** Each goal has a menu of its own to open, and three equally good ways to what it depends on. */
  const list = (extra = '') =>
    Array.from({ length: COUNT }, (_, i) =>
      ['A', 'B', 'C']
        .map((way) => `config WAY_${way}_${i}\n\tbool "way"\n`)
        .concat(
          `config MENU_${i}\n\tbool "menu"\n`,
          `config GOAL_${i}\n\tbool "goal"\n\tdepends on MENU_${i} && (WAY_A_${i} || WAY_B_${i} || WAY_C_${i})\n${extra}`,
        )
        .join(''),
    ).join('');
  const goals = Array.from({ length: COUNT }, (_, i) => `GOAL_${i}=y`);

  test('are reached one after the other where all combinations are too many', () => {
    const { lines, blocked, isProvenSmallest, config } = ask(list(), '', goals);
    expect(blocked).toEqual([]);
    expect(lines).toHaveLength(3 * COUNT);
    expect(isProvenSmallest).toBe(false);
    for (let i = 0; i < COUNT; i += 1) expect(config).toContain(`CONFIG_GOAL_${i}=y\n`);
  });

  test('what was not found is not called impossible, and what was found is not named', () => {
    const last = 'config LAST\n\tbool "last"\n\tdepends on !WAY_A_0 && !WAY_B_0 && !WAY_C_0\n';
    const { blocked } = ask(list() + last, '', [...goals, 'LAST=y'], { limits: { states: 60, answers: 2 } });
    expect(blocked.map(blockedText)).toEqual(['LAST=y: no solution was found']);
  });
});
