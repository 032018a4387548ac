import { describe, expect, test } from 'vitest';
import { type ConfigFacts, type ConfigGoal, cmaArgument, lintConfig } from '../../src/check/config.js';
import { SourceText } from '../../src/source/index.js';

const HEAP: ConfigGoal = { symbol: 'DMABUF_HEAPS_CMA', value: 'y' };
const lint = (text: string, goals: ConfigGoal[] = [], facts: ConfigFacts = {}) =>
  lintConfig(new SourceText('.config', text), goals, facts).map(({ code, severity, message, span }) => ({
    code,
    severity,
    message,
    line: span?.line,
  }));
const MIB = 1n << 20n;
const byTree: ConfigFacts = { defaultArea: { delivery: 'device-tree', sizeBytes: 64n * MIB } };
const byKconfig: ConfigFacts = { defaultArea: { delivery: 'kconfig', sizeBytes: 64n * MIB } };

describe('goals', () => {
  test.each([
    ['CONFIG_DMABUF_HEAPS_CMA=y\n', HEAP, undefined],
    ['CONFIG_DMABUF_HEAPS_CMA=y\r\n', HEAP, undefined],
    ['', HEAP, ['config/missing', 'DMABUF_HEAPS_CMA is absent, but the board needs y', undefined]],
    [
      '\n# CONFIG_DMABUF_HEAPS_CMA is not set\n',
      HEAP,
      ['config/missing', 'DMABUF_HEAPS_CMA is not set, but the board needs y', 2],
    ],
    ['CONFIG_X=m\n', { symbol: 'X', value: 'y' }, ['config/demoted', 'X is m, but the board needs y', 1]],
    ['CONFIG_X=m\n', { symbol: 'X', value: 'm', atLeast: true }, undefined],
    ['CONFIG_X=y\n', { symbol: 'X', value: 'm', atLeast: true }, undefined],
    ['CONFIG_X=y\n', { symbol: 'X', value: 'n' }, ['config/present', 'X is y, but the board needs it off', 1]],
    ['', { symbol: 'X', value: 'n' }, undefined],
    ['CONFIG_X=16\n', { symbol: 'X', value: '0x10' }, undefined],
    ['CONFIG_X=16\n', { symbol: 'X', value: '64' }, ['config/value', 'X is 16, but the board needs 64', 1]],
    ['CONFIG_X="a b"\n', { symbol: 'X', value: 'a b' }, undefined],
    // The last line counts, as for conf.
    [
      'CONFIG_X=y\n# CONFIG_X is not set\n',
      { symbol: 'X', value: 'y' },
      ['config/missing', 'X is not set, but the board needs y', 2],
    ],
  ] as const)('%j with %j', (text, goal, expected) => {
    const found = lint(text, [goal]).map(({ code, message, line }) => [code, message, line]);
    expect(found).toEqual(expected === undefined ? [] : [expected]);
  });
});

describe('heaps as modules', () => {
  const text = 'CONFIG_DMABUF_HEAPS_SYSTEM=m\n';
  test('are a warning when nothing is known of what is loaded', () =>
    expect(lint(text)).toEqual([
      {
        code: 'config/module-not-loaded',
        severity: 'warning',
        message: 'DMABUF_HEAPS_SYSTEM is m, but system_heap is not loaded at boot',
        line: 1,
      },
    ]));
  test('are an error when they are not among the loaded ones', () =>
    expect(lint(text, [], { loadedModules: ['cma_heap'] })[0]).toMatchObject({ severity: 'error' }));
  test('are good when they are', () => expect(lint(text, [], { loadedModules: ['system-heap'] })).toEqual([]));
});

describe('CONFIG_CMDLINE', () => {
  test.each([
    ['quiet cma=128M', byTree, 'then the linux,cma-default node is not the default area'],
    [
      'cma=0',
      byTree,
      'CONFIG_CMDLINE has cma=0: the kernel has no default area; it replaces the command line of the boot loader',
    ],
    [
      'cma=32M',
      byKconfig,
      'CONFIG_CMDLINE has cma=32M: the profile states 64 MiB; it replaces the command line of the boot loader',
    ],
  ] as const)('%s', (line, facts, words) => {
    const [first, ...rest] = lint(`CONFIG_CMDLINE="${line}"\nCONFIG_CMDLINE_FORCE=y\n`, [], facts);
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ code: 'config/command-line', line: 1 });
    expect(first?.message).toContain(words);
    expect(first?.message).toContain('it replaces the command line of the boot loader');
  });
  test('says nothing where it agrees, or says nothing of cma', () => {
    expect(lint('CONFIG_CMDLINE="cma=64M"\n', [], byKconfig)).toEqual([]);
    expect(lint('CONFIG_CMDLINE="console=ttyS0 nocma=1"\n', [], byTree)).toEqual([]);
  });
  test.each([
    ['cma=64M', 64n * MIB],
    ['a cma=0x100k@0x40000000 b', 256n << 10n],
    ['cma=1G', 1n << 30n],
    ['xcma=1G', undefined],
    ['', undefined],
  ])('reads %j', (line, size) => expect(cmaArgument(line)?.sizeBytes).toBe(size));
});

describe('size', () => {
  const sized = (selector: string, mebibytes: number) =>
    `CONFIG_DMA_CMA=y\nCONFIG_CMA_SIZE_MBYTES=${mebibytes}\nCONFIG_CMA_SIZE_SEL_${selector}=y\n`;
  test('0 makes no area', () =>
    expect(lint(sized('MBYTES', 0))).toEqual([
      {
        code: 'config/cma-size-zero',
        severity: 'error',
        message: 'CMA_SIZE_MBYTES is 0: the kernel does not make a default area, so there is no CMA heap',
        line: 2,
      },
    ]));
  test('0 is good where the area comes from elsewhere', () => {
    expect(lint(sized('MBYTES', 0), [], byTree)).toEqual([]);
    expect(lint(`${sized('MBYTES', 0)}CONFIG_CMDLINE="cma=64M"\n`)).toEqual([]);
  });
  test('64 is good', () => expect(lint(sized('MBYTES', 64))).toEqual([]));
  test('a selector shadows the size', () => {
    const text = 'CONFIG_DMA_CMA=y\nCONFIG_CMA_SIZE_PERCENTAGE=10\nCONFIG_CMA_SIZE_SEL_PERCENTAGE=y\n';
    expect(lint(text, [{ symbol: 'CMA_SIZE_MBYTES', value: '256' }]).map(({ code, line }) => [code, line])).toEqual([
      ['config/missing', undefined],
      ['config/size-shadowed', 3],
    ]);
    expect(lint('CONFIG_CMA_SIZE_SEL_PERCENTAGE=y\nCONFIG_CMA_SIZE_MBYTES=256\n')[0]).toMatchObject({
      code: 'config/size-shadowed',
      line: 1,
    });
  });
});

test('the command of a fix has all that it needs, and starts from the file that was checked', () => {
  const fix = (atLeast: boolean, treeOptions?: string) =>
    lintConfig(new SourceText('.config', ''), [{ symbol: 'X', value: 'm', atLeast }], {
      ...(treeOptions === undefined ? {} : { treeOptions }),
    })[0]?.fix;
  expect(fix(false)).toContain('dmaheap resolve X=m --kernel-tree DIR --arch ARCH --base-config .config,');
  expect(fix(true, '--kernel-tree linux')).toContain("dmaheap resolve 'X>=m' --kernel-tree linux,");
});

test('a misspelt symbol, with what was meant', () => {
  const [first] = lintConfig(new SourceText('f.cfg', 'CONFIG_DMABUF_HEAP=y\n'), [], {
    symbols: ['DMABUF_HEAPS', 'DMABUF_HEAPS_CMA'],
  });
  expect(first).toMatchObject({
    code: 'config/unknown-symbol',
    message: 'this kernel does not have the symbol DMABUF_HEAP',
    fix: 'did you mean CONFIG_DMABUF_HEAPS?',
  });
});
