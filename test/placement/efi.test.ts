/** Boards that boot through EFI, or may: what the firmware leaves in memory is not in the tree. */
import { describe, expect, test } from 'vitest';
import { boot, configWith, DEFAULT, families, MIB, pool, type Run, reg, size } from './board.js';

const GIB1 = 'memory@80000000 { device_type = "memory"; reg = <0x0 0x80000000 0x0 0x40000000>; };';
const WITH_EFI = configWith({ EFI: 'y' });
const range = (name: string, baseAddress: bigint, sizeBytes: number) => {
  return { name, baseAddress, sizeBytes: BigInt(sizeBytes) };
};

describe('a kernel without CMA gives the memory of a pool back', () => {
  const TWO = pool('camera', size(48 * MIB)) + pool('linux,cma', size(128 * MIB) + DEFAULT);
  const RISCV = { architecture: 'riscv64', config: configWith({ CMA: 'n', DMA_CMA: 'n', EFI: 'y' }) } as const;
  const at = (run: Run) => boot({ memory: GIB1, nodes: TWO }, { ...RISCV, ...run });

  test('so where the second one lies, and whether they overlap, depends on the images in memory', () => {
    const seen = at({ occupied: [] });
    expect(seen.outcome).toBe('boots');
    expect(seen.unknown.map(({ field }) => field)).toContain('log');
    expect(seen.layouts.map(({ layout }) => layout)).toContainEqual(
      expect.stringMatching(/^EFI, with a hole of \d+ MiB above the kernel$/),
    );
  });

  test('with the images of U-Boot they overlap, and the message has addresses', () => {
    const images = [
      range('kernel', 0x80200000n, 30 * MIB),
      range('initrd', 0x88000000n, 3 * MIB),
      range('dtb', 0x87c00000n, 8192),
    ];
    const seen = at({ occupied: images });
    expect(families(seen)).toEqual(['match-failed', 'match-failed', 'overlap', 'overlap-pair']);
    expect(seen.log.at(-1)?.text).toContain('camera (0x00000000bd000000--0x00000000c0000000)');
  });

  test('with the images of EDK II they do not: a hole holds one of them only', () => {
    const images = [
      range('kernel', 0xb7600000n, 32 * MIB),
      range('initrd', 0xbcf18000n, 3 * MIB),
      range('dtb', 0xbcd18000n, 8192),
      range('firmware', 0xbf61c000n, 10 * MIB),
    ];
    expect(families(at({ occupied: images }))).toEqual(['match-failed', 'match-failed']);
  });

  test('an address on which the layouts do not agree is not in the message', () => {
    const one = pool('camera', size(48 * MIB)) + pool('display', size(48 * MIB));
    const seen = boot({ memory: GIB1, nodes: one }, { ...RISCV, occupied: [], efi: false });
    expect(families(seen)).toContain('overlap-pair');
    expect(seen.log.at(-1)?.text).toMatch(/\(\?--\?\) overlaps with .*\(\?--\?\)$/);
  });
});

describe('a region with a base', () => {
  const nodes = pool('camera@54000000', reg(0x54000000, 64 * MIB) + DEFAULT);
  const at = (run: Run) => boot({ nodes }, { config: WITH_EFI, ...run });

  test('EFI may have the kernel there: EDK II loads it without looking at /reserved-memory', () => {
    const seen = at({ occupied: [], efi: true });
    expect([seen.outcome, seen.possibleOutcomes]).toEqual(['unknown', ['boots', 'corrupts']]);
    expect(seen.unknown.find(({ field }) => field === 'outcome')?.needs).toContain('--occupied');
  });

  test('the address of the kernel decides', () => {
    const rest = [range('initrd', 0n, 0), range('dtb', 0x48200000n, MIB)];
    const over = at({ occupied: [range('kernel', 0x54200000n, 32 * MIB), ...rest], efi: true });
    expect([over.outcome, over.dangers[0]?.code]).toEqual(['corrupts', 'over-kernel']);
    const beside = at({ occupied: [range('kernel', 0x58200000n, 32 * MIB), ...rest], efi: true });
    expect([beside.outcome, beside.unknown]).toEqual(['boots', []]);
  });

  test('where nobody says how the board boots, the claim names what it assumes', () => {
    const seen = at({ occupied: [] });
    expect([seen.outcome, seen.assumed.filter((text) => text.includes('EFI'))]).toEqual([
      'boots',
      ['the boot loader, perhaps EFI, loads no image into a region with a base'],
    ]);
    for (const run of [{ efi: false }, { config: configWith({ EFI: 'n' }) }])
      expect(at({ occupied: [], ...run }).assumed).toEqual([]);
  });

  test('the same holds for a base on the command line and for a window', () => {
    const parameter = boot({}, { occupied: [], efi: true, commandLine: 'cma=64M@0x54000000' });
    expect(parameter.cmaTotalBytes).toBeNull();
    const window = pool('gpu', `${size(64 * MIB)} alloc-ranges = <0x0 0x50000000 0x0 0x6000000>;`);
    expect(boot({ nodes: window }, { occupied: [], efi: true }).unknown.map(({ field }) => field)).toContain('areas');
  });
});

test('an area of more than half of RAM may find the kernel in its way', () => {
  const memory = 'memory@80000000 { device_type = "memory"; reg = <0x0 0x80000000 0x0 0x80000000>; };';
  const nodes = pool('linux,cma', size(1152 * MIB) + DEFAULT);
  const isOpen = (run: Run) =>
    boot({ memory, nodes }, { occupied: [], config: WITH_EFI, ...run }).unknown.some(({ field }) => field === 'areas');
  expect([isOpen({ efi: true }), isOpen({}), isOpen({ efi: false })]).toEqual([true, true, false]);
  expect(isOpen({ config: configWith({ EFI: 'n' }) })).toBe(false);
});
