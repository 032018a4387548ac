/** What a log of a board's boot says about memory: as data, each fact with the line that says it. */
import type { AddressRange } from '../quantity/index.js';

/** Who wrote the line. */
export type Witness = 'u-boot' | 'efi' | 'e820' | 'opensbi' | 'kernel' | 'iomem' | 'memblock';

/** A fact, and where the log states it. */
export interface Said<T> {
  readonly value: T;
  /** Of the text, from 1. */
  readonly line: number;
  readonly by: Witness;
}

/** Kernel image, initrd, device tree; `sizeBytes` undefined: the log gives the start only. */
export interface LoadedImage {
  readonly name: 'kernel' | 'initrd' | 'dtb';
  readonly baseAddress: bigint;
  readonly sizeBytes: bigint | undefined;
}

/** A region that the kernel lists as reserved; `name` undefined: the list has ranges only. */
export interface ReservedRange extends AddressRange {
  readonly name: string | undefined;
  readonly noMap: boolean;
  readonly reusable: boolean;
}

/** What the log tells of a CMA area. */
export interface LoggedArea {
  readonly event: 'reserved' | 'created' | 'failed' | 'not-activated';
  /** Node name; undefined for the area of `cma=` or Kconfig, and where the line does not name it. */
  readonly name: string | undefined;
  readonly baseAddress: bigint | undefined;
  readonly sizeBytes: bigint | undefined;
}

/** A reserved-memory node that the kernel refused, and its words. */
export interface RefusedNode {
  readonly node: string;
  readonly text: string;
}

export interface LoggedZone {
  readonly name: string;
  /** undefined: the zone is empty. */
  readonly range: AddressRange | undefined;
}

/** The `Memory:` line. */
export interface MemoryLine {
  readonly totalBytes: bigint;
  readonly reservedBytes: bigint | undefined;
  readonly cmaBytes: bigint | undefined;
  /** Code, data, init and bss together: what the image takes in memory. */
  readonly imageBytes: bigint | undefined;
}

export interface BootLog {
  readonly release: Said<string> | undefined;
  readonly model: Said<string> | undefined;
  readonly commandLine: Said<string> | undefined;
  /** The kernel was started through EFI, and takes RAM from its memory map. */
  readonly efi: Said<boolean> | undefined;
  /** RAM as the kernel got it, from the best witness; empty when the log has no ranges. */
  readonly ram: readonly Said<AddressRange>[];
  /** How much RAM the boot loader found; without a place. */
  readonly ramBytes: Said<bigint> | undefined;
  readonly loaded: readonly Said<LoadedImage>[];
  readonly reserved: readonly Said<ReservedRange>[];
  readonly areas: readonly Said<LoggedArea>[];
  readonly refused: readonly Said<RefusedNode>[];
  readonly zones: readonly Said<LoggedZone>[];
  readonly memory: Said<MemoryLine> | undefined;
  /** NUMA nodes that have memory; 0 when the log does not say. */
  readonly numaNodes: number;
  /** The file shows zeros in place of addresses: it was read without the right to see them. */
  readonly isMasked: boolean;
  /** How many boots the text holds; the facts are those of the last one that got to the kernel. */
  readonly boots: number;
}
