/** The size of an area from the buffers that must fit in it at once, with every step shown. */
import { factAt, OLDEST_KERNEL } from '../facts/index.js';
import type { PixelFormat } from '../facts/pixel-format.js';
import { pixelFormat } from '../facts/pixel-format.js';
import type { Budget, Buffer } from '../profile/types.gen.js';
import { alignUp, formatBytes, parseBytes } from '../quantity/index.js';
import type { BudgetBuffer, BudgetStep } from './types.js';

const DEFAULT_STRIDE_ALIGNMENT = 64n;
const DEFAULT_HEIGHT_ALIGNMENT = 16n;
const DEFAULT_HEADROOM_PERCENT = 12n;
/**
 * The CMA heap aligns a buffer to its own order, but to no more than order CMA_ALIGNMENT, whose default never changed.
 */
const ALIGNMENT_PAGES_MAX =
  1n << BigInt((factAt('kconfig.cma-alignment', OLDEST_KERNEL) as { readonly default: number }).default);

function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** Bytes of one picture: lines padded to the stride, planes one behind the other. */
export function pictureBytes(
  format: PixelFormat,
  width: bigint,
  height: bigint,
  strideAlignment: bigint,
  heightAlignment: bigint,
): bigint {
  const lines = alignUp(height, heightAlignment);
  return format.planes.reduce((sum, plane) => {
    const samples = ceilDivide(width, BigInt(plane.horizontal));
    const stride = alignUp(ceilDivide(samples * BigInt(plane.bitsPerSample), 8n), strideAlignment);
    return sum + stride * ceilDivide(lines, BigInt(plane.vertical));
  }, 0n);
}

/** What a buffer occupies in the area: an allocation starts at a multiple of its power of two, up to 256 pages. */
function footprintBytes(bufferBytes: bigint, pageSizeBytes: bigint): bigint {
  let order = pageSizeBytes;
  while (order < bufferBytes && order < pageSizeBytes * ALIGNMENT_PAGES_MAX) order *= 2n;
  return alignUp(bufferBytes, order);
}

function oneBuffer(buffer: Buffer): { bytes: bigint; text: string } {
  if (buffer.size !== undefined) {
    const bytes = parseBytes(buffer.size) ?? 0n;
    return { bytes, text: 'one buffer of the stated size' };
  }
  const format = pixelFormat(buffer.format ?? '');
  if (format === undefined) throw new Error(`pixel format ${buffer.format} passed validation`);
  const width = BigInt(buffer.width ?? 0);
  const height = BigInt(buffer.height ?? 0);
  const stride = BigInt(buffer.strideAlignment ?? DEFAULT_STRIDE_ALIGNMENT);
  const lines = BigInt(buffer.heightAlignment ?? DEFAULT_HEIGHT_ALIGNMENT);
  const bytes = pictureBytes(format, width, height, stride, lines);
  return {
    bytes,
    text: `${width} x ${height} ${buffer.format}, lines of a multiple of ${stride} bytes, height of a multiple of ${lines}: ${bytes} bytes`,
  };
}

export interface BudgetResult {
  readonly sizeBytes: bigint;
  readonly buffers: readonly BudgetBuffer[];
  readonly steps: readonly BudgetStep[];
}

/** Adds the buffers up: page rounding, CMA alignment, count, headroom, granule of the area. */
export function computeBudget(budget: Budget, pageSizeBytes: bigint, granuleBytes: bigint): BudgetResult {
  const steps: BudgetStep[] = [];
  const buffers: BudgetBuffer[] = [];
  const step = (text: string, resultBytes: bigint) => {
    steps.push({ text, resultBytes });
    return resultBytes;
  };
  let sum = 0n;
  for (const buffer of budget.buffers) {
    const { bytes, text } = oneBuffer(buffer);
    step(buffer.purpose === undefined ? text : `${buffer.purpose}: ${text}`, bytes);
    const paged = step(`rounded up to whole pages of ${formatBytes(pageSizeBytes)}`, alignUp(bytes, pageSizeBytes));
    const footprint = step('aligned as CMA aligns it', footprintBytes(paged, pageSizeBytes));
    const streams = buffer.streams ?? 1;
    const count = buffer.count * streams;
    buffers.push({ purpose: buffer.purpose, bufferBytes: paged, count });
    sum += step(
      streams === 1 ? `times ${buffer.count} buffers` : `times ${buffer.count} buffers times ${streams} streams`,
      footprint * BigInt(count),
    );
  }
  const headroom = BigInt(budget.headroomPercent ?? DEFAULT_HEADROOM_PERCENT);
  step('all buffers', sum);
  const withHeadroom = step(`plus ${headroom} % headroom`, ceilDivide(sum * (100n + headroom), 100n));
  const least = budget.min === undefined ? undefined : parseBytes(budget.min);
  const enough =
    least === undefined || least <= withHeadroom
      ? withHeadroom
      : step('raised to the smallest size that the profile allows', least);
  const sizeBytes = step(
    `rounded up to the granule of CMA areas, ${formatBytes(granuleBytes)}`,
    alignUp(enough, granuleBytes),
  );
  return { sizeBytes, buffers, steps };
}
