import { expect, test } from 'vitest';
import { closeFragment, closeFromKnowledge } from '../../src/plan/close.js';
import type { Plan, SymbolRequest } from '../../src/plan/index.js';
import { tinyTree } from '../kconfig/tiny.js';
import { samplePlan } from '../render/sample-plan.js';

const TREE = tinyTree(`
config MMU
	bool "MMU"
config CMA
	bool "CMA"
	depends on MMU
	select MIGRATION
config MIGRATION
	bool
config HEAP
	tristate "heap"
	depends on CMA
config SIZE
	int "size"
	depends on CMA
`);
const BASE = { text: '', name: 'defconfig' };
const wish = (symbol: string, value: string, atLeast = false): SymbolRequest => ({
  symbol,
  value,
  isString: false,
  atLeast,
  because: { text: `the board needs ${symbol}`, pointer: `/kernel/symbols/${symbol}` },
});
const plan = (...symbols: SymbolRequest[]): Plan => ({ ...samplePlan(), symbols });

test('a closed plan asks for what its wishes depend on, and says whose reason it is', () => {
  const {
    plan: closed,
    lines,
    delta,
    diagnostics,
  } = closeFragment(plan(wish('HEAP', 'y'), wish('SIZE', '64')), TREE, BASE, '6.12 arm');
  expect(diagnostics).toEqual([]);
  expect(lines).toEqual(['CONFIG_CMA=y', 'CONFIG_HEAP=y', 'CONFIG_MMU=y', 'CONFIG_SIZE=64']);
  expect(closed?.symbols.map(({ symbol, because }) => [symbol, because.text])).toEqual([
    ['CMA', 'other symbols depend on it on 6.12 arm with defconfig'],
    ['HEAP', 'the board needs HEAP'],
    ['MMU', 'other symbols depend on it on 6.12 arm with defconfig'],
    ['SIZE', 'the board needs SIZE'],
  ]);
  expect(delta.map(({ symbol }) => symbol)).toEqual(['CMA', 'HEAP', 'MIGRATION', 'MMU', 'SIZE']);
});

test('wishes that the base meets stay lines; what is only selected does not become one', () => {
  const base = { text: 'CONFIG_MMU=y\nCONFIG_CMA=y\nCONFIG_HEAP=y\n', name: '.config' };
  const { lines } = closeFragment(
    plan(wish('CMA', 'y'), wish('HEAP', 'm', true), wish('MIGRATION', 'y')),
    TREE,
    base,
    'x',
  );
  expect(lines).toEqual(['CONFIG_CMA=y', 'CONFIG_HEAP=y']);
});

test('what prevents it is a finding at the wish, with the chain', () => {
  const { plan: closed, diagnostics } = closeFragment(
    plan(wish('HEAP', 'y'), wish('MMU', 'n')),
    TREE,
    BASE,
    '6.12 arm',
  );
  expect(closed).toBeUndefined();
  expect(diagnostics).toEqual([
    {
      code: 'plan/blocked',
      severity: 'error',
      message: 'HEAP=y is not possible on 6.12 arm with defconfig: MMU prevents it',
      cause: [
        'Kconfig:15: HEAP depends on CMA',
        'Kconfig:9: CMA depends on MMU',
        'Kconfig:6: MMU is n because the goal MMU=n requires it',
      ].join('\n'),
      fix: 'two requests of the profile exclude each other: remove one of them',
      pointer: '/kernel/symbols/MMU',
    },
  ]);
});

test('without a tree the kernels solved beforehand are asked, and the fragment is called not proven', () => {
  const arm = { ...plan(wish('DMABUF_HEAPS_CMA', 'y'), wish('UNHEARD_OF', 'y')) };
  const { lines, diagnostics } = closeFromKnowledge({
    ...arm,
    board: { ...arm.board, arch: 'arm' },
    kernel: { min: { major: 6, minor: 6 }, max: { major: 6, minor: 12 } },
  });
  expect(lines).toEqual([
    'CONFIG_CMA=y',
    'CONFIG_DMABUF_HEAPS=y',
    'CONFIG_DMABUF_HEAPS_CMA=y',
    'CONFIG_DMA_CMA=y',
    'CONFIG_MMU=y',
    'CONFIG_UNHEARD_OF=y',
  ]);
  expect(diagnostics).toMatchObject([
    {
      code: 'plan/not-proven',
      severity: 'note',
      message:
        'the fragment is complete for 6.1, 6.12 arm with defconfig and allnoconfig; it is not proven for your tree',
      cause: 'the dependencies of UNHEARD_OF are not known',
    },
  ]);
});

test('without a tree, too, two wishes can exclude each other', () => {
  const arm = plan(wish('CMA', 'y'), wish('MMU', 'n'));
  const { plan: closed, diagnostics } = closeFromKnowledge({ ...arm, board: { ...arm.board, arch: 'arm' } });
  expect(closed).toBeUndefined();
  expect(diagnostics).toMatchObject([
    {
      code: 'plan/blocked',
      message: 'the profile sets MMU to n, but the board needs MMU=y',
      cause: 'CMA depends on it on 6.12',
      pointer: '/kernel/symbols/MMU',
    },
  ]);
});
