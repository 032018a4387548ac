/** What the tree, the command line and the configuration tell the kernel, and what it makes of it. */
import { describe, expect, test } from 'vitest';
import { board, boot, configWith, families, MIB, pool, type Run, reg, size } from './board.js';

const bank = (base: number, bytes: number, more = '') =>
  `memory@${base.toString(16)} { device_type = "memory"; ${reg(base, bytes)} ${more} };`;

const images = (start: bigint) => [
  { name: 'kernel', baseAddress: start + 0x8000n, sizeBytes: 16n << 20n },
  { name: 'initrd', baseAddress: start + 0x600_0000n, sizeBytes: 4n << 20n },
  { name: 'dtb', baseAddress: start + 0x650_0000n, sizeBytes: 0x1_0000n },
];
const onArm = (start: bigint, run: Run = {}): Run => ({ architecture: 'arm', occupied: images(start), ...run });

/** The areas as `NAME=BASE+MIB`; of an area at an open address only the size. */
const areas = (...args: Parameters<typeof boot>) =>
  boot(...args)
    .areas.map(({ name, baseAddress, sizeBytes }) => {
      const base = baseAddress === null ? '?' : baseAddress.toString(16);
      return `${name}=${base}+${sizeBytes / BigInt(MIB)}`;
    })
    .join(' ');

describe('linux,usable-memory-range (drivers/of/fdt.c, early_init_dt_check_for_usable_mem_range)', () => {
  const cells = (...ranges: readonly (readonly [number, number])[]) =>
    ranges.map(([base, bytes]) => `0 0x${base.toString(16)} 0 0x${bytes.toString(16)}`).join(' ');
  const with128 = (ranges: string, kernel: string) =>
    boot(
      { nodes: pool('camera', size(128 * MIB)), extra: `chosen { linux,usable-memory-range = <${ranges}>; };` },
      { kernel, occupied: images(0x4000_0000n) },
    ).areas.find(({ name }) => name === 'camera')?.baseAddress;
  const TWO = cells([0x40000000, 64 * MIB], [0x50000000, 256 * MIB]);

  test.each([
    ['5.10', undefined],
    ['5.15', undefined],
    ['6.1', 0x5800_0000n],
    ['6.12', 0x5800_0000n],
    ['7.3', 0x5800_0000n],
  ])('%s adds a second range, or does not read it', (kernel, base) => {
    expect(with128(TWO, kernel)).toBe(base);
  });

  test('a third one is read where the crash kernel may have CMA of its own', () => {
    const three = cells([0x40000000, 64 * MIB], [0x48000000, 16 * MIB], [0x50000000, 256 * MIB]);
    expect([with128(three, '6.12'), with128(three, '7.3')]).toEqual([undefined, 0x5800_0000n]);
  });

  test('an empty range: as the first it does not cap, as a later one it ends the list', () => {
    expect(with128(cells([0x40000000, 0], [0x50000000, 256 * MIB]), '6.12')).toBe(0x5800_0000n);
    expect(with128(cells([0x40000000, 64 * MIB], [0x48000000, 0], [0x50000000, 256 * MIB]), '7.3')).toBeUndefined();
  });
});

describe('NUMA (mm/cma.c, cma_activate_area: one zone, and a zone belongs to one node)', () => {
  const banks = (ids: readonly (number | undefined)[]) =>
    ids
      .map((id, i) => bank(0x4000_0000 + i * 256 * MIB, 256 * MIB, id === undefined ? '' : `numa-node-id = <${id}>;`))
      .join(' ');
  const camera = (ids: readonly (number | undefined)[], base: number, run: Run = {}) =>
    boot(
      { memory: banks(ids), nodes: pool('camera', reg(base, 64 * MIB)) },
      { config: configWith({ NUMA: 'y' }), ...run },
    ).areas.find(({ name }) => name === 'camera')?.sizeBytes;

  test.each<[string, readonly (number | undefined)[], number, Run, number]>([
    ['across the second boundary', [0, 1, 2], 0x5e00_0000, {}, 0],
    ['inside the second node', [0, 1, 2], 0x5c00_0000, {}, 64],
    ['two banks of one node', [0, 1, 1], 0x5e00_0000, {}, 64],
    ['a bank without a node: all is one node', [0, undefined, 2], 0x5e00_0000, {}, 64],
    ['numa=off', [0, 1, 2], 0x5e00_0000, { commandLine: 'numa=off' }, 64],
    ['riscv64', [0, 1, 2], 0x5e00_0000, { architecture: 'riscv64' }, 0],
  ])('%s', (_, ids, base, run, mebibytes) => {
    expect(camera(ids, base, run)).toBe(BigInt(mebibytes * MIB));
  });
});

describe('arm: a small region without a mapping (arch/arm/mm/mmu.c, alloc_init_pmd)', () => {
  test.each([
    [0x5630_0000, 0x1000, 'n', 'hangs'],
    [0x5630_0000, 0x8_0000, 'n', 'hangs'],
    [0x5620_0000, 0x1000, 'n', 'boots'],
    [0x5630_0000, 0x10_0000, 'n', 'boots'],
    [0x5638_0000, 0x1000, 'n', 'boots'],
    [0x5630_0000, 0x1000, 'y', 'boots'],
  ])('0x%x+0x%x with ARM_LPAE=%s %s', (base, bytes, lpae, outcome) => {
    const nodes = `firmware { no-map; ${reg(base, bytes)} };`;
    const config = configWith({ ARM_LPAE: lpae });
    const seen = boot({ memory: bank(0x40000000, 512 * MIB), nodes }, onArm(0x4000_0000n, { config }));
    expect(seen.outcome).toBe(outcome);
  });
});

describe('arm: how far the DMA of a machine reaches (dma_zone_size)', () => {
  test.each([
    ['brcm,bcm2711', 'ARCH_BCM2835', 'reserved=5c000000+320'],
    ['brcm,bcm2837', 'ARCH_BCM2835', 'reserved=abc00000+320'],
    // 256 MiB do not hold it.
    ['arm,realview-pb1176', 'ARCH_REALVIEW', ''],
    ['ti,k2hk', 'ARCH_KEYSTONE', 'reserved=abc00000+320'],
  ])('%s', (compatible, symbol, expected) => {
    const memory = `compatible = "${compatible}"; ${bank(0x40000000, 2044 * MIB)}`;
    const config = configWith({ ARM_LPAE: 'y', HIGHMEM: 'y', [symbol]: 'y' });
    expect(areas({ memory }, onArm(0x4000_0000n, { config, commandLine: 'cma=320M' }))).toBe(expected);
  });
});

describe('mem= and cma=', () => {
  test('riscv64: mem= leaves the first bytes', () => {
    const seen = boot(
      { memory: bank(0x80000000, 512 * MIB), nodes: pool('camera', size(320 * MIB)) },
      { architecture: 'riscv64', commandLine: 'mem=256M', occupied: images(0x8000_0000n) },
    );
    expect(families(seen)).toContain('alloc-failed');
  });

  test('arm: each mem= adds its bank', () => {
    const run = onArm(0x8000_0000n, { commandLine: 'mem=64M@0x80000000 mem=32M@0x90000000' });
    expect(areas({ memory: bank(0x80000000, 512 * MIB) }, run)).toBe('reserved=90000000+32');
  });

  test('a base: 300 MiB end past RAM, 128 MiB do not, and with an end the kernel looks from the top', () => {
    const at = (commandLine: string) => areas({ memory: bank(0, 448 * MIB) }, onArm(0n, { commandLine }));
    expect(at('cma=300M@0x10000000')).toBe('');
    expect(at('cma=128M@0x10000000')).toBe('reserved=10000000+128');
    expect(at('cma=128M@0x10000000-0x1a000000')).toBe('reserved=12000000+128');
  });

  test('the largest block of the page allocator aligns the area and rounds its size up', () => {
    const at = (kernel: string, symbol: string, order: string) =>
      areas(
        { memory: bank(0x20000000, 128 * MIB) },
        onArm(0x2000_0000n, { kernel, config: configWith({ [symbol]: order }), commandLine: 'cma=48M' }),
      );
    expect(at('5.10', 'FORCE_MAX_ZONEORDER', '14')).toBe('reserved=22000000+64');
    expect(at('6.12', 'ARCH_FORCE_MAX_ORDER', '13')).toBe('reserved=22000000+64');
  });
});

test.each([
  ['okay', true],
  ['ok', true],
  ['disabled', false],
  ['fail', false],
  ['reserved', false],
])('a node with status "%s" (drivers/of/fdt.c, of_fdt_device_is_available)', (status, isUsed) => {
  const seen = boot({ nodes: pool('camera', `${size(32 * MIB)} status = "${status}";`) });
  expect(seen.areas.some(({ name }) => name === 'camera')).toBe(isUsed);
});

test('the second window of alloc-ranges is tried where the first has no hole', () => {
  const windows = 'alloc-ranges = <0 0x40000000 0 0x4000000>, <0 0x50000000 0 0x8000000>;';
  expect(areas({ nodes: pool('camera', size(96 * MIB) + windows) })).toContain('camera=52000000+96');
});

test('/chosen with an initrd of one cell, over an area; one that ends before it starts is none', () => {
  const at = (start: number, end: number) => {
    const chosen = `chosen { linux,initrd-start = <${start}>; linux,initrd-end = <${end}>; };`;
    const text = { nodes: pool('camera', reg(0x50000000, 64 * MIB)), extra: chosen };
    expect(board(text)).toBeDefined();
    return boot(text, { occupied: [] }).outcome;
  };
  expect([at(0x5100_0000, 0x5180_0000), at(0x5180_0000, 0x5100_0000)]).toEqual(['corrupts', 'boots']);
});

/** Debian 6.1 of 33 MB in QEMU's virt machine, with an initrd of 33 MB: "Failed to reserve", or the area. */
describe('an area in little RAM, where nothing states kernel and initrd', () => {
  test.each([
    [64, 16, false],
    [96, 24, false],
    [96, 32, false],
    [128, 24, true],
    [128, 32, false],
    [160, 32, true],
    [160, 48, false],
    [192, 48, true],
    [192, 64, false],
    [256, 64, true],
    [256, 96, false],
  ])('%i MiB of RAM, %i MiB of CMA: booted, reserved is %s', (ram, cma, isReserved) => {
    const { cmaTotalBytes, unknown } = boot(
      { memory: bank(0x4000_0000, ram * MIB) },
      { occupied: [], commandLine: `cma=${cma}M` },
    );
    const isOpen = unknown.some(({ field }) => field === 'cmaTotalBytes');
    expect(isOpen ? 'unknown' : cmaTotalBytes).toBe(isReserved ? BigInt(cma * MIB) : 'unknown');
  });
});
