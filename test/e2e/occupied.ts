import { readFile, stat } from 'node:fs/promises';
import { alignDown, alignUp } from '../../src/quantity/index.js';
import type { BuiltKernel } from './kernel.js';
import type { Machine } from './machine.js';

export interface Occupied {
  readonly name: 'kernel' | 'initrd' | 'dtb' | 'firmware';
  readonly baseAddress: bigint;
  readonly sizeBytes: bigint;
}

const MIB = 1n << 20n;
const PAGE = 4096n;

/**
 * Where QEMU's own loader (hw/arm/boot.c, hw/riscv/boot.c of 7.2) puts kernel, initrd and device tree: what a board's
 * boot loader would tell. Undefined for x86, whose loader moves things.
 */
export async function occupiedBy(
  machine: Machine,
  kernel: BuiltKernel,
  initrd: string,
  dtb: string,
  memoryMiB: number,
): Promise<readonly Occupied[] | undefined> {
  const base = BigInt(machine.qemu.ramBaseAddress);
  const ramBytes = BigInt(memoryMiB) * MIB;
  const initrdBytes = BigInt((await stat(initrd)).size);
  const dtbBytes = BigInt((await stat(dtb)).size);
  const half = ramBytes / 2n < 128n * MIB ? ramBytes / 2n : 128n * MIB;
  switch (machine.arch) {
    case 'arm64': {
      const { offset, sizeBytes } = await imageHeader(kernel);
      const initrdStart = base + half;
      return [
        { name: 'kernel', baseAddress: base + (offset < PAGE ? offset + 2n * MIB : offset), sizeBytes },
        { name: 'initrd', baseAddress: initrdStart, sizeBytes: initrdBytes },
        { name: 'dtb', baseAddress: alignUp(initrdStart + initrdBytes, 2n * MIB), sizeBytes: dtbBytes },
      ];
    }
    case 'arm': {
      const initrdStart = base + half;
      return [
        { name: 'kernel', ...(await mappedKernel(kernel, base)) },
        { name: 'initrd', baseAddress: initrdStart, sizeBytes: initrdBytes },
        { name: 'dtb', baseAddress: alignUp(initrdStart + initrdBytes, PAGE), sizeBytes: dtbBytes },
      ];
    }
    case 'riscv64': {
      const start = base + 2n * MIB;
      const end = base + ramBytes < 3072n * MIB ? base + ramBytes : 3072n * MIB;
      return [
        { name: 'firmware', baseAddress: base, sizeBytes: MIB / 2n },
        { name: 'kernel', baseAddress: start, sizeBytes: (await imageHeader(kernel)).sizeBytes },
        { name: 'initrd', baseAddress: start + half, sizeBytes: initrdBytes },
        { name: 'dtb', baseAddress: alignDown(end - dtbBytes, 2n * MIB), sizeBytes: dtbBytes },
      ];
    }
    default:
      return undefined;
  }
}

/**
 * `text_offset` and `image_size` of the header that arm64 and riscv share (Documentation/arch/arm64/booting.rst). Kernels of
 * some vendors have an offset, below which their firmware lies; QEMU adds 2 MiB to one that its own code would cover.
 */
async function imageHeader(kernel: BuiltKernel): Promise<{ readonly offset: bigint; readonly sizeBytes: bigint }> {
  const bytes = await readFile(kernel.image);
  return { offset: bytes.readBigUInt64LE(8), sizeBytes: bytes.readBigUInt64LE(16) };
}

/** arm: the decompressed kernel, from the page tables before it to `_end`. */
async function mappedKernel(kernel: BuiltKernel, base: bigint) {
  const map = await readFile(kernel.symbols, 'utf8');
  const addressOf = (symbol: string) =>
    BigInt(`0x${new RegExp(`^([0-9a-f]+) . ${symbol}$`, 'm').exec(map)?.[1] ?? '0'}`);
  const offset = addressOf('PAGE_OFFSET') || 0xc0000000n;
  return { baseAddress: base + 0x4000n, sizeBytes: addressOf('_end') - offset - 0x4000n };
}
