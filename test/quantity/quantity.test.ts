import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alignDown,
  alignUp,
  formatAddress,
  formatBytes,
  isAligned,
  parseBytes,
  readableBytes,
} from '../../src/quantity/index.js';

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

describe('parseBytes', () => {
  test.each([
    ['4096', 4096n],
    [4096, 4096n],
    ['0x1000_0000', 0x1000_0000n],
    ['256M', 256n << 20n],
    ['256 MiB', 256n << 20n],
    ['256mb', 256n << 20n],
    ['1g', 1n << 30n],
    ['0x10M', 16n << 20n],
    ['0', 0n],
    ['16777215T', 16777215n << 40n],
  ] as const)('%s is %s', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each([
    '',
    'M',
    '-1',
    '1.5G',
    '1e6',
    '0x',
    '1__0',
    '_1',
    '12 apples',
    '18446744073709551616',
    '16777216T',
    '٣',
    -1,
    1.5,
    2 ** 53,
  ] as const)('%j is no quantity', (text) => {
    expect(parseBytes(text)).toBeUndefined();
  });

  test('reads back what is written', () => {
    fc.assert(
      fc.property(u64, (bytes) => {
        expect(parseBytes(formatBytes(bytes).replace(' bytes', ''))).toBe(bytes);
        expect(parseBytes(formatAddress(bytes))).toBe(bytes);
        expect(parseBytes(String(bytes))).toBe(bytes);
      }),
    );
  });
});

test('alignment is the nearest multiple on its side', () => {
  fc.assert(
    fc.property(u64, fc.integer({ min: 0, max: 40 }), (value, order) => {
      const alignment = 1n << BigInt(order);
      const up = alignUp(value, alignment);
      const down = alignDown(value, alignment);
      expect(isAligned(up, alignment) && isAligned(down, alignment)).toBe(true);
      expect(down <= value && value <= up && up - down <= alignment).toBe(true);
      expect(up === down).toBe(isAligned(value, alignment));
    }),
  );
});

test.each([
  [0n, '0 bytes'],
  [9_999n, '9999 bytes'],
  [10_001n, '9.8 KiB (10001 bytes)'],
  [3060n << 10n, '3060 KiB'],
  [12_150n << 10n, '11.9 MiB (12150 KiB)'],
  [171_097_785n, '163.2 MiB (171097785 bytes)'],
  [(3n << 30n) + 1n, '3.0 GiB (3221225473 bytes)'],
  [168n << 20n, '168 MiB'],
])('%s bytes are %s to a person', (bytes, text) => {
  expect(readableBytes(bytes)).toBe(text);
});
