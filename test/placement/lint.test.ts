/** Every lint finds its fault, says how to repair it, and is silent on a good board. */
import { describe, expect, test } from 'vitest';
import { readFdt, writeFdt } from '../../src/fdt/index.js';
import { type LintId, type LintInput, type LintResult, lintPlacement } from '../../src/placement/index.js';
import {
  type BoardText,
  board,
  compile,
  configWith,
  DEFAULT,
  MIB,
  MINIMAL,
  pool,
  reg,
  size,
  VIRT_OCCUPIED,
  version,
} from './board.js';

type Setting = Partial<Omit<LintInput, 'kernel' | 'tree'>> & { readonly kernel?: string };

function lint(text: BoardText, setting: Setting = {}): LintResult[] {
  const { kernel, ...rest } = setting;
  return lintPlacement({
    tree: board(text),
    kernel: version(kernel ?? '6.12'),
    architecture: 'arm64',
    pageSizeBytes: 4096n,
    config: configWith({ OF_RESERVED_MEM: 'y', CMA_SYSFS: 'y' }),
    commandLine: '',
    occupied: VIRT_OCCUPIED ?? [],
    ...rest,
  });
}

const result = (results: readonly LintResult[], id: LintId) => results.find((r) => r.lint === id) as LintResult;
/** `outcome` fails with any other that says why. */
const failing = (results: readonly LintResult[]) =>
  results.filter((r) => r.status === 'fail' && r.lint !== 'outcome').map((r) => r.lint);
const found = (results: readonly LintResult[], id: LintId) =>
  result(results, id).diagnostics.map(({ severity, message, fix }) => ({ severity, message, fix }));

const C = pool('linux,cma', size(64 * MIB) + DEFAULT);
const TWO_BANKS =
  'memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0xc0000000>, <0x1 0x0 0x1 0x0>; };';

test('a good board has no finding', () => {
  const results = lint({ nodes: C });
  expect(results.flatMap((r) => r.diagnostics)).toEqual([]);
  const idle = results.filter((r) => r.status === 'not-applicable').map((r) => r.lint);
  expect(idle).toEqual(['base-aligned', 'inside-ram', 'command-line']);
  expect(results.filter((r) => r.status === 'pass').length + idle.length).toBe(results.length);
});

test('a board without /reserved-memory has no finding', () => {
  expect(failing(lint({}))).toEqual([]);
});

describe('cells and lengths', () => {
  test('cells that differ from the root silence what depends on them', () => {
    const results = lint({
      nodes: C,
      rootCells: [1, 1],
      ownCells: [2, 2],
      memory: 'memory@40000000 { device_type = "memory"; reg = <0x40000000 0x20000000>; };',
    });
    expect(failing(results)).toEqual(['cells-match-root']);
    expect(found(results, 'cells-match-root')).toEqual([
      {
        severity: 'error',
        message: '/reserved-memory has #address-cells <2> and #size-cells <2>, but the root has <1> and <1>',
        fix: 'write #address-cells = <1>; #size-cells = <1>; in /reserved-memory, and reg, size, alignment and alloc-ranges in those cells',
      },
    ]);
    expect(result(results, 'size-multiple').status).toBe('not-run');
    expect(result(results, 'size-multiple').diagnostics[0]?.message).toBe('not checked: cells-match-root failed');
    expect(result(results, 'heap-visible').status).toBe('not-run');
  });

  test('no ranges', () => {
    const results = lint({ nodes: C, ranges: false });
    expect(failing(results)).toEqual(['ranges-present']);
    expect(found(results, 'ranges-present')[0]?.fix).toBe('add "ranges;" to /reserved-memory');
  });

  test('one cell too few, with the cells it should have', () => {
    const results = lint({ nodes: pool('linux,cma', `size = <0x4000000>; ${DEFAULT}`) });
    expect(failing(results)).toEqual(['property-lengths']);
    expect(found(results, 'property-lengths')).toEqual([
      {
        severity: 'error',
        message: 'size of linux,cma has 4 bytes, but the root requires 2 cells',
        fix: 'write size = <0x0 0x4000000>',
      },
    ]);
  });

  test.each(['reg = <0x0 0x50000000 0x4000000>;', `${size(MIB)} alloc-ranges = <0x0 0x40000000 0x0>;`])(
    'a list of the wrong length: %s',
    (text) => {
      expect(failing(lint({ nodes: pool('p', text) }, { kernel: '7.3' }))).toContain('property-lengths');
    },
  );

  test('alignment on a 2/1 root is where kernel and schema disagree', () => {
    const results = lint({
      rootCells: [2, 1],
      memory: 'memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x20000000>; };',
      nodes: pool('linux,cma', `size = <0x4000000>; alignment = <0x0 0x400000>; ${DEFAULT}`),
    });
    expect(failing(results)).toEqual([]);
    expect(found(results, 'property-lengths')).toMatchObject([{ severity: 'note' }]);
  });
});

describe('granule', () => {
  test('the next size that is a multiple', () => {
    const results = lint({ nodes: pool('linux,cma', size(0x4001000) + DEFAULT) });
    expect(failing(results)).toEqual(['size-multiple']);
    expect(found(results, 'size-multiple')).toEqual([
      {
        severity: 'error',
        message: 'the size of linux,cma, 0x4001000, is not a multiple of 4 MiB',
        fix: 'write size = <0x0 0x4400000> (68 MiB)',
      },
    ]);
  });

  test('a base is not rounded either', () => {
    const results = lint({ nodes: pool('cma@50100000', reg(0x50100000, 64 * MIB) + DEFAULT) });
    expect(failing(results)).toEqual(['base-aligned']);
    expect(found(results, 'base-aligned')[0]?.fix).toBe(
      'write reg = <0x0 0x50000000 0x0 0x4400000> if that memory is free',
    );
  });

  test('2 MiB with huge pages, unknown without the configuration', () => {
    const nodes = pool('linux,cma', size(66 * MIB) + DEFAULT);
    const huge = configWith({ HUGETLB_PAGE: 'y', OF_RESERVED_MEM: 'y' });
    expect(failing(lint({ nodes }, { config: huge }))).toEqual([]);
    expect(failing(lint({ nodes }))).toEqual(['size-multiple']);
    const open = lint({ nodes }, { config: MINIMAL, configComplete: false });
    expect(result(open, 'size-multiple').status).toBe('unknown');
    expect(result(open, 'size-multiple').diagnostics[0]?.cause).toContain('HUGETLB_PAGE');
  });

  test('64 KiB pages need 512 MiB', () => {
    const results = lint({ nodes: C }, { pageSizeBytes: 65536n });
    expect(found(results, 'size-multiple')[0]?.fix).toBe('write size = <0x0 0x20000000> (512 MiB)');
  });
});

describe('addresses', () => {
  test('outside RAM', () => {
    const results = lint({ nodes: pool('cma@90000000', reg(0x90000000, 64 * MIB) + DEFAULT) });
    expect(failing(results)).toEqual(['inside-ram']);
    expect(found(results, 'inside-ram')[0]).toEqual({
      severity: 'error',
      message: 'cma@90000000, 64 MiB at 0x90000000, is not inside RAM (512 MiB at 0x40000000)',
      fix: 'choose a base in the largest free hole, 380 MiB at 0x48400000',
    });
  });

  test('RAM that nobody states is a question, not an answer', () => {
    const results = lint({ memory: '', nodes: pool('cma@50000000', reg(0x50000000, 64 * MIB) + DEFAULT) });
    expect(result(results, 'inside-ram').status).toBe('unknown');
    expect(found(results, 'inside-ram')[0]?.fix).toContain('--memory');
  });

  test('over a named node', () => {
    const nodes = `tee@50000000 { no-map; ${reg(0x50000000, 2 * MIB)} };${pool('cma@50000000', reg(0x50000000, 64 * MIB) + DEFAULT)}`;
    const results = lint({ nodes });
    expect(failing(results)).toEqual(['no-overlap']);
    expect(found(results, 'no-overlap')[0]?.message).toBe(
      'tee@50000000, 2 MiB at 0x50000000, overlaps cma@50000000, 64 MiB at 0x50000000',
    );
  });

  test('over another pool, and over the reservation block', () => {
    const nodes = pool('a@50000000', reg(0x50000000, 32 * MIB)) + pool('b@51000000', reg(0x51000000, 32 * MIB));
    expect(failing(lint({ nodes }))).toEqual(['no-overlap']);
    const block = '/memreserve/ 0x50000000 0x1000;';
    expect(failing(lint({ memreserve: block, nodes: pool('a@50000000', reg(0x50000000, 32 * MIB)) }))).toEqual([
      'no-overlap',
    ]);
  });

  test.each([
    ['kernel', 0x40000000],
    ['initrd', 0x48000000],
    ['dtb', 0x48200000],
  ])('over the %s', (name, base) => {
    const start = base & ~(4 * MIB - 1);
    const nodes = pool(`cma@${start.toString(16)}`, reg(start, 16 * MIB) + DEFAULT);
    const results = lint({ nodes });
    expect(failing(results)).toEqual(['no-overlap']);
    expect(result(results, 'no-overlap').diagnostics.some((d) => d.message.includes(name))).toBe(true);
    const blind = lint({ nodes }, { occupied: [] });
    expect(result(blind, 'no-overlap').status).toBe('unknown');
  });

  test('over firmware that only the caller knows', () => {
    const firmware = [{ name: 'firmware', baseAddress: 0x5f000000n, sizeBytes: 0x1000000n }];
    const nodes = pool('cma@5c000000', reg(0x5c000000, 64 * MIB) + DEFAULT);
    expect(failing(lint({ nodes }, { occupied: [...(VIRT_OCCUPIED ?? []), ...firmware] }))).toEqual(['no-overlap']);
  });

  test('across a zone', () => {
    const memory = 'memory@0 { device_type = "memory"; reg = <0x0 0x0 0x2 0x0>; };';
    const nodes = pool('cma@fc000000', reg(0xfc000000, 128 * MIB) + DEFAULT);
    const results = lint({ memory, nodes }, { occupied: [{ name: 'kernel', baseAddress: 0n, sizeBytes: 0x400000n }] });
    expect(failing(results)).toContain('one-zone');
    expect(found(results, 'one-zone')[0]?.message).toBe('cma@fc000000 crosses 0x100000000, where a memory zone ends');
  });

  test('no hole in alloc-ranges, and the largest there is', () => {
    const nodes = pool('linux,cma', `${size(64 * MIB)} alloc-ranges = <0x0 0x46000000 0x0 0x4000000>; ${DEFAULT}`);
    const results = lint({ nodes });
    expect(failing(results)).toEqual(['fits']);
    expect(found(results, 'fits')[0]).toEqual({
      severity: 'error',
      message: 'linux,cma needs 64 MiB, and the largest hole in alloc-ranges is 32 MiB at 0x46000000',
      fix: 'request at most 32 MiB',
    });
  });

  test('a fix that can be followed: that much is free wherever kernel, initrd and tree lie', () => {
    const fits = (mebibytes: number) =>
      found(lint({ nodes: pool('linux,cma', size(mebibytes * MIB) + DEFAULT) }, { occupied: [] }), 'fits');
    const [open] = fits(480);
    expect(open?.message).toBe('whether 480 MiB are free for linux,cma is unknown');
    const most = Number(/^request at most (\d+) MiB, which is free in every case$/.exec(open?.fix ?? '')?.[1]);
    expect(fits(most)).toEqual([]);
    expect(fits(most + 4)).toHaveLength(1);
    const full = lint({ nodes: pool('linux,cma', size(508 * MIB) + DEFAULT) }, { occupied: [] });
    expect(found(full, 'no-overlap')).toEqual([]);
  });

  test('a fix is a multiple of what a plan rounds sizes up to', () => {
    const input = { occupied: [], sizeGranuleBytes: BigInt(32 * MIB) };
    const results = lint({ nodes: pool('linux,cma', size(480 * MIB) + DEFAULT) }, input);
    const most = Number(/at most (\d+) MiB/.exec(found(results, 'fits')[0]?.fix ?? '')?.[1]);
    expect(most % 32).toBe(0);
    expect(found(lint({ nodes: pool('linux,cma', size(most * MIB) + DEFAULT) }, input), 'fits')).toEqual([]);
  });

  test('alloc-ranges without RAM', () => {
    const nodes = pool('linux,cma', `${size(64 * MIB)} alloc-ranges = <0x0 0x80000000 0x0 0x20000000>; ${DEFAULT}`);
    expect(result(lint({ nodes }), 'fits').diagnostics[0]).toMatchObject({
      cause: 'alloc-ranges contain no RAM of this board',
      fix: 'widen alloc-ranges: the largest hole on this board is 380 MiB at 0x48400000',
    });
  });

  test('the top of RAM is out of reach of 32 address bits', () => {
    const results = lint({ memory: TWO_BANKS, nodes: C });
    expect(result(results, 'dma-reach').status).toBe('pass');
    expect(found(results, 'dma-reach')).toMatchObject([
      {
        severity: 'warning',
        message:
          'linux,cma may be placed up to 0x200000000, but a device with 32 address bits reaches only 0x100000000',
      },
    ]);
    const stated = lint({ memory: TWO_BANKS, nodes: C }, { addressBits: new Map([['linux,cma', 30]]) });
    expect(failing(stated)).toEqual(['dma-reach']);
  });

  test('dma-ranges above a device that names the pool', () => {
    const extra = `soc { #address-cells = <1>; #size-cells = <1>; ranges; dma-ranges = <0x0 0x0 0x40000000 0x10000000>;
      codec@1000 { reg = <0x1000 0x1000>; memory-region = <&vpu>; }; };`;
    const results = lint({ extra, nodes: `vpu: ${pool('vpu', size(16 * MIB))}` }, { kernel: '7.3' });
    expect(found(results, 'dma-reach')[0]?.message).toBe(
      'vpu may be placed up to 0x60000000, but codec@1000, by the dma-ranges of its bus, reaches only 0x50000000',
    );
  });
});

describe('flags, defaults and names', () => {
  test.each([
    ['6.12', 'the memory is reserved, and the kernel does not use it'],
    ['6.1', 'the memory is reserved, and the kernel does not use it'],
    ['5.10', 'the memory is freed'],
  ])('no-map with reusable on %s', (kernel, outcome) => {
    const results = lint({ nodes: pool('linux,cma', `no-map; ${size(64 * MIB)}${DEFAULT}`) }, { kernel });
    expect(failing(results)).toContain('pool-flags');
    expect(result(results, 'pool-flags').diagnostics[0]?.cause).toContain(outcome);
  });

  test('a default that is not reusable, and one of another kind', () => {
    const dma = `p { compatible = "shared-dma-pool"; ${size(16 * MIB)} ${DEFAULT} };`;
    expect(found(lint({ nodes: dma }), 'pool-flags')[0]?.fix).toBe('add "reusable;"');
    const other = `p { reusable; ${size(16 * MIB)} ${DEFAULT} };`;
    expect(failing(lint({ nodes: other }))).toContain('pool-flags');
  });

  test.each(['cma=48M', 'cma=0'])('%s disables the default of the device tree', (commandLine) => {
    const results = lint({ nodes: C }, { commandLine });
    expect(failing(results)).toEqual(['command-line']);
    expect(found(results, 'command-line')[0]?.message).toBe(`${commandLine} on the command line disables linux,cma`);
  });

  test.each([
    ['kconfig', 'cma=48M', 'remove cma=48M'],
    ['kconfig', 'quiet cma=0', 'remove cma=0'],
    ['kconfig', 'cma=128M', 'or state the same size'],
    ['command-line', 'cma=64M cma=48M', 'replace cma=48M in the boot arguments (and in CONFIG_CMDLINE) by cma=64M'],
    ['kconfig', 'cma=64M', undefined],
    ['command-line', 'cma=48M cma=64M', undefined],
    ['kconfig', 'quiet', undefined],
  ] as const)('an area of 64 MiB by %s beside %s', (delivery, commandLine, fix) => {
    const results = lint({}, { commandLine, ownArea: { name: 'linux,cma', sizeBytes: 64n << 20n, delivery } });
    expect(found(results, 'command-line').map((one) => one.fix)).toEqual(
      fix === undefined ? [] : [expect.stringContaining(fix)],
    );
  });

  test('cma= of the boot arguments in the tree counts too', () => {
    const { commandLine: _, ...rest } = { commandLine: '', ...{} };
    const tree = board({ nodes: C, extra: 'chosen { bootargs = "console=ttyS0 cma=32M"; };' });
    const results = lintPlacement({
      tree,
      kernel: version('6.12'),
      architecture: 'arm64',
      config: configWith({ OF_RESERVED_MEM: 'y' }),
      ...rest,
    });
    expect(failing(results)).toEqual(['command-line']);
  });

  test('cma=SIZE@BASE over firmware', () => {
    const nodes = `tee@50000000 { no-map; ${reg(0x50000000, 2 * MIB)} };`;
    const results = lint({ nodes }, { commandLine: 'cma=64M@0x50000000' });
    expect(failing(results)).toEqual(['command-line']);
    expect(found(results, 'command-line')[0]?.message).toBe('cma=64M@0x50000000 overlaps tee@50000000');
  });

  test('a second default, with the one that wins', () => {
    const results = lint({ nodes: C + pool('second', size(32 * MIB) + DEFAULT) });
    expect(failing(results)).toEqual(['one-default']);
    expect(result(results, 'one-default').diagnostics[0]?.cause).toContain('second');
  });

  test('a default with a base comes too late on arm and on riscv 6.12', () => {
    const late = (architecture: 'arm' | 'riscv64' | 'arm64', kernel: string) =>
      result(
        lint({ nodes: pool('cma@50000000', reg(0x50000000, 64 * MIB) + DEFAULT) }, { architecture, kernel }),
        'default-too-late',
      ).diagnostics.length;
    expect([late('arm', '6.12'), late('riscv64', '6.12'), late('arm64', '6.12')]).toEqual([1, 1, 0]);
    expect([late('arm', '6.1'), late('riscv64', '7.3'), late('arm', '7.3')]).toEqual([0, 0, 1]);
  });

  test('names that are taken', () => {
    const bySystem = (isDefault: boolean, kernel: string) =>
      failing(lint({ nodes: pool('system', size(16 * MIB) + (isDefault ? DEFAULT : '')) }, { kernel }));
    expect(bySystem(true, '6.12')).toEqual(['heap-name']);
    expect(bySystem(false, '6.12')).toEqual([]);
    expect(bySystem(false, '7.3')).toEqual(['heap-name']);
    expect(failing(lint({ nodes: C + pool('default_cma_region', size(16 * MIB)) }, { kernel: '7.3' }))).toEqual([
      'heap-name',
    ]);
    expect(failing(lint({ nodes: pool('reserved', size(16 * MIB)) }, { kernel: '7.3' }))).toEqual(['heap-name']);
  });

  test('a name over 63 characters', () => {
    const name = `cma-${'x'.repeat(60)}`;
    const results = lint({ nodes: pool(name, size(64 * MIB) + DEFAULT) });
    expect(failing(results)).toEqual(['heap-name']);
    expect(found(results, 'heap-name')[0]?.message).toContain('64 characters long');
  });

  test('a pool that is no heap before 6.19', () => {
    const nodes = C + pool('npu-pool', size(16 * MIB));
    expect(found(lint({ nodes }), 'heap-visible')).toMatchObject([{ severity: 'warning' }]);
    expect(found(lint({ nodes }, { kernel: '6.19' }), 'heap-visible')).toEqual([]);
  });
});

describe('limits and configuration', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => pool(`p${i}`, size(4 * MIB))).join('');

  test('slots, and the number that would do', () => {
    const results = lint({ nodes: many(9) });
    expect(failing(results)).toEqual(['slots']);
    expect(found(results, 'slots')[0]?.fix).toBe('raise CONFIG_CMA_AREAS to 10, or merge pools');
    expect(result(results, 'slots').diagnostics[0]?.cause).toContain('no default heap');
    expect(failing(lint({ nodes: many(7) }))).toEqual([]);
    expect(failing(lint({ nodes: many(8) }, { kernel: '6.1' }))).toEqual([]);
  });

  test('64 nodes', () => {
    const nodes = Array.from({ length: 66 }, (_, i) => `f${i} { ${size(4096)} };`).join('');
    expect(failing(lint({ nodes }))).toEqual(['slots']);
    expect(failing(lint({ nodes }, { kernel: '6.1' }))).toEqual(['slots']);
  });

  test('a kernel without heaps', () => {
    const config = new Map([...MINIMAL].filter(([symbol]) => !symbol.startsWith('DMABUF')));
    config.set('OF_RESERVED_MEM', 'y').set('CMA_SYSFS', 'y');
    expect(found(lint({ nodes: C }, { config }), 'kernel-config').map(({ message }) => message)).toEqual([
      'the kernel does not have DMABUF_HEAPS',
      'the kernel does not have DMABUF_HEAPS_CMA',
    ]);
  });

  test('details: share of RAM, unit address, entries, status', () => {
    const nodes =
      `firmware@5a000000 { no-map; ${reg(0x5b000000, 2 * MIB)} };` +
      pool('cma@51000000', reg(0x50000000, 16 * MIB)) +
      pool('two@54000000', 'reg = <0x0 0x54000000 0x0 0x1000000>, <0x0 0x56000000 0x0 0x1000000>;') +
      pool('off', `status = "disabled"; ${size(16 * MIB)}`);
    expect(found(lint({ nodes }), 'budget').map(({ message }) => message)).toEqual([
      'the unit address of cma@51000000 is not its base, 0x50000000',
      'reg of two@54000000 has 2 entries',
      'off is disabled',
    ]);
    const big = lint({ nodes: pool('linux,cma', size(320 * MIB) + DEFAULT) });
    expect(found(big, 'budget')[0]?.message).toBe('CMA has 320 MiB of 512 MiB of RAM');
  });
});

describe('overlays', () => {
  const overlay = compile('/dts-v1/; /plugin/; &reserved { cma { compatible = "shared-dma-pool"; }; };');
  const plain = (text: BoardText) => {
    const tree = board(text);
    const bytes = writeFdt(tree);
    return readFdt(bytes).value as typeof tree;
  };

  test('labels need a base with symbols', () => {
    const bare = plain({});
    const results = lintPlacement({
      tree: bare,
      base: {
        ...bare,
        root: {
          ...bare.root,
          children: bare.root.children.filter((n) => n.name !== '__symbols__'),
          name: '',
          parent: undefined,
          properties: bare.root.properties,
        },
      },
      overlays: [overlay],
      kernel: version('6.12'),
      architecture: 'arm64',
    });
    expect(failing(results)).toEqual(['overlay-safety']);
    expect(found(results, 'overlay-safety')[0]?.message).toBe(
      'the overlay refers to &reserved, but the base has no __symbols__',
    );
  });

  test('a running kernel reserves nothing', () => {
    const results = lint({ nodes: C }, { base: board({}), delivery: 'run-time' });
    expect(failing(results)).toEqual(['overlay-safety']);
    expect(failing(lint({ nodes: C }, { base: board({}), delivery: 'boot-loader' }))).toEqual([]);
  });

  test('reg of the base stays beside size', () => {
    const nodes = pool('linux,cma', `${reg(0x50000000, 64 * MIB)}${size(128 * MIB)}${DEFAULT}`);
    expect(found(lint({ nodes }), 'overlay-safety')).toMatchObject([
      { severity: 'warning', message: 'linux,cma has both reg and size' },
    ]);
  });

  test("the board's own faults are warnings, ours are errors", () => {
    const tee = `tee@50000000 { no-map; ${reg(0x50000000, 2 * MIB)} };`;
    const bad = pool('a@50000000', reg(0x50000000, 16 * MIB));
    const ours = pool('b@50000000', reg(0x50000000, 16 * MIB));
    const results = lint({ nodes: tee + bad + ours }, { base: board({ nodes: tee + bad }) });
    const findings = found(results, 'no-overlap');
    expect(
      findings.map(({ severity, message }) => [
        severity,
        message.endsWith('(the base device tree has the same fault)'),
      ]),
    ).toEqual([
      ['warning', true],
      ['error', false],
      ['error', false],
    ]);
    expect(failing(lint({ nodes: tee + bad }, { base: board({ nodes: tee + bad }) }))).toEqual([]);
  });
});
