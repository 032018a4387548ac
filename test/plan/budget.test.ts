/** The arithmetic of buffer budgets, against figures worked out by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pixelFormat, pixelFormatNames } from '../../src/facts/pixel-format.js';
import { computeBudget, pictureBytes } from '../../src/plan/budget.js';

const MIB = 1n << 20n;

describe('one picture', () => {
  test.each([
    ['NV12', 1920n, 1080n, 1n, 1n, 1920n * 1080n + 1920n * 540n],
    ['NV12', 1920n, 1080n, 64n, 16n, 1920n * 1088n + 1920n * 544n],
    ['YUYV', 640n, 480n, 1n, 1n, 640n * 480n * 2n],
    ['RGB888', 100n, 10n, 64n, 1n, 320n * 10n],
    ['XR24', 1920n, 1080n, 64n, 1n, 7680n * 1080n],
    ['I420', 640n, 480n, 1n, 1n, (640n * 480n * 3n) / 2n],
    ['I420', 642n, 480n, 64n, 1n, 704n * 480n + 2n * 384n * 240n],
    ['SRGGB10P', 4056n, 3040n, 1n, 1n, 5070n * 3040n],
    ['RG10', 2592n, 1944n, 1n, 1n, 5184n * 1944n],
    ['P010', 3840n, 2160n, 1n, 1n, 7680n * 2160n + 7680n * 1080n],
    ['NV12', 1n, 1n, 1n, 1n, 3n],
  ] as const)('%s %s x %s', (name, width, height, stride, lines, bytes) => {
    const format = pixelFormat(name);
    expect(format).toBeDefined();
    if (format !== undefined) expect(pictureBytes(format, width, height, stride, lines)).toBe(bytes);
  });
});

describe('a budget', () => {
  test('shows every step, and the last one is the size', () => {
    const { sizeBytes, steps, buffers } = computeBudget(
      { buffers: [{ width: 3840, height: 2160, format: 'NV12', count: 6, streams: 4 }] },
      4096n,
      4n * MIB,
    );
    // 12441600 bytes, 12152 KiB in pages, 12 MiB in the area, 24 of them, 12 % headroom, 4 MiB granule.
    expect(steps.map((s) => s.resultBytes)).toEqual([
      12441600n,
      12443648n,
      12n * MIB,
      288n * MIB,
      288n * MIB,
      338228675n,
      324n * MIB,
    ]);
    expect(sizeBytes).toBe(324n * MIB);
    expect(buffers).toEqual([{ purpose: undefined, bufferBytes: 12443648n, count: 24 }]);
  });

  test('holds all its buffers, whatever they are', () => {
    const buffer = fc.oneof(
      fc.record({ size: fc.integer({ min: 1, max: 1 << 26 }), count: fc.integer({ min: 1, max: 64 }) }),
      fc.record({
        width: fc.integer({ min: 1, max: 8192 }),
        height: fc.integer({ min: 1, max: 8192 }),
        format: fc.constantFrom(...pixelFormatNames()),
        count: fc.integer({ min: 1, max: 64 }),
      }),
    );
    fc.assert(
      fc.property(
        fc.array(buffer, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(4096n, 16384n, 65536n),
        fc.integer({ min: 0, max: 50 }),
        (sets, page, headroomPercent) => {
          const { sizeBytes, buffers } = computeBudget({ buffers: sets, headroomPercent }, page, 4n * MIB);
          const needed = buffers.reduce((sum, b) => sum + b.bufferBytes * BigInt(b.count), 0n);
          expect(sizeBytes % (4n * MIB)).toBe(0n);
          expect(sizeBytes >= needed).toBe(true);
          for (const b of buffers) expect(b.bufferBytes % page).toBe(0n);
        },
      ),
    );
  });
});
