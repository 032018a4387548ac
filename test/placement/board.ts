/** Boards for the tests: device trees written here, compiled by dtc. */
import { execFileSync } from 'node:child_process';
import { type KernelVersion, parseKernelVersion } from '../../src/facts/index.js';
import { type Fdt, readFdt } from '../../src/fdt/index.js';
import { type PlacementInput, type Prediction, predict } from '../../src/placement/index.js';

const trees = new Map<string, Fdt>();

export function compile(dts: string): Fdt {
  const known = trees.get(dts);
  if (known !== undefined) return known;
  const blob = execFileSync('dtc', ['-q', '-@', '-I', 'dts', '-O', 'dtb', '-'], { input: dts });
  const tree = readFdt(blob).value;
  if (tree === undefined) throw new Error('dtc wrote a tree that readFdt refuses');
  trees.set(dts, tree);
  return tree;
}

export interface BoardText {
  /** Nodes of /reserved-memory. */
  readonly nodes?: string;
  readonly memory?: string;
  readonly rootCells?: readonly [number, number];
  readonly ownCells?: readonly [number, number];
  readonly ranges?: boolean;
  readonly extra?: string;
  readonly memreserve?: string;
}

/** Like QEMU's virt machine with 512 MiB at 1 GiB, unless told otherwise. */
export function board(text: BoardText = {}): Fdt {
  const [address, size] = text.rootCells ?? [2, 2];
  const [ownAddress, ownSize] = text.ownCells ?? [address, size];
  const nodes =
    text.nodes === undefined
      ? ''
      : `reserved-memory { #address-cells = <${ownAddress}>; #size-cells = <${ownSize}>; ${text.ranges === false ? '' : 'ranges;'}
${text.nodes} };`;
  return compile(`/dts-v1/; ${text.memreserve ?? ''}
/ { #address-cells = <${address}>; #size-cells = <${size}>;
${text.memory ?? 'memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x20000000>; };'}
${nodes}
${text.extra ?? ''} };`);
}

/** The configuration of the kernels in the reference boots: 4 KiB pages, 32 MiB from Kconfig, no huge pages. */
export const MINIMAL: ReadonlyMap<string, string> = new Map([
  ['CMA', 'y'],
  ['DMA_CMA', 'y'],
  ['CMA_AREAS', '8'],
  ['CMA_SIZE_MBYTES', '32'],
  ['CMA_SIZE_SEL_MBYTES', 'y'],
  ['DMABUF_HEAPS', 'y'],
  ['DMABUF_HEAPS_SYSTEM', 'y'],
  ['DMABUF_HEAPS_CMA', 'y'],
  ['ZONE_DMA', 'y'],
  ['SPARSEMEM_VMEMMAP', 'y'],
  ['ZONE_DMA32', 'y'],
]);

export function configWith(values: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map([...MINIMAL, ...Object.entries(values)]);
}

export function version(text: string): KernelVersion {
  const parsed = parseKernelVersion(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

/** Where QEMU puts things on arm64 virt. */
export const VIRT_OCCUPIED: PlacementInput['occupied'] = [
  { name: 'kernel', baseAddress: 0x40200000n, sizeBytes: 0x400000n },
  { name: 'initrd', baseAddress: 0x48000000n, sizeBytes: 0x150000n },
  { name: 'dtb', baseAddress: 0x48200000n, sizeBytes: 0x100000n },
];

export interface Run extends Partial<Omit<PlacementInput, 'kernel' | 'tree'>> {
  readonly kernel?: string;
}

export function boot(text: BoardText, run: Run = {}): Prediction {
  const { kernel, ...rest } = run;
  return predict({
    tree: board(text),
    kernel: version(kernel ?? '6.12'),
    architecture: 'arm64',
    pageSizeBytes: 4096n,
    config: MINIMAL,
    commandLine: 'console=ttyAMA0',
    occupied: VIRT_OCCUPIED,
    ...rest,
  } as PlacementInput);
}

export function pool(name: string, properties: string): string {
  return `${name} { compatible = "shared-dma-pool"; reusable; ${properties} };`;
}

export const DEFAULT = 'linux,cma-default;';
export const MIB = 1 << 20;

export function size(bytes: number): string {
  return `size = <0x0 0x${bytes.toString(16)}>;`;
}

export function reg(base: number, bytes: number): string {
  return `reg = <0x0 0x${base.toString(16)} 0x0 0x${bytes.toString(16)}>;`;
}

export function families(prediction: Prediction): string[] {
  return prediction.log.map((line) => line.family);
}

export function heapNames(prediction: Prediction): string[] {
  return prediction.heaps.map((heap) => heap.name).filter((name) => name !== 'system');
}
