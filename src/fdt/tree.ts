/** A flattened device tree, read into memory. Knows FDT (devicetree specification v0.4, chapter 5), nothing of CMA. */

export interface FdtNode {
  /** Name with unit address, as in the blob (`memory@80000000`); the root's is empty. */
  readonly name: string;
  readonly parent: FdtNode | undefined;
  /** In blob order. */
  readonly properties: Map<string, Uint8Array>;
  /** In blob order, which decides the order in which the kernel sees siblings. */
  readonly children: FdtNode[];
}

export interface MemoryReservation {
  readonly baseAddress: bigint;
  readonly sizeBytes: bigint;
}

export interface Fdt {
  readonly root: FdtNode;
  readonly memoryReservations: MemoryReservation[];
  readonly bootCpuId: number;
}
