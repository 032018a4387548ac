/**
 * What DMABUF_HEAPS_CMA=y needs, found with the kernels' own conf: from a working superset each candidate was dropped
 * singly, and what remained was confirmed. One row per kernel, architecture and base.
 */
import type { TreeName } from '../kconfig/trees.js';

export const GOAL = 'DMABUF_HEAPS_CMA';
/** The symbols of {@link Row.before}. */
export const OBSERVED = ['MMU', 'HAVE_DMA_CONTIGUOUS', 'CMA', 'DMA_CMA', 'DMABUF_HEAPS', 'DMABUF_HEAPS_CMA'] as const;

export interface Row {
  readonly tree: TreeName;
  readonly base: 'allno' | 'def' | 'deb';
  /** Values of the observed symbols in the base; - where there is no line. */
  readonly before: string;
  readonly needed: readonly string[];
  /** CMA_SIZE_MBYTES afterwards. */
  readonly mebibytes: number;
  /** Lines of .config that change. */
  readonly changed: number;
}

/** version arch base | before | needed, by number of the usual order | MiB changed */
const TABLE = `
5.10 arm64 allno  | y y n - n - | 4 | 16 22
5.10 arm64 def    | y y y y n - | 2 | 32 3
5.10 arm64 deb    | y y y y n - | 2 | 64 3
6.1 arm64 allno   | y y n - n - | 4 | 16 23
6.1 arm64 def     | y y y y n - | 2 | 32 3
6.1 arm64 deb     | y y y y n - | 2 | 64 3
6.1 arm allno     | n - - - n - | 5 | 16 242
6.1 arm def       | y y y y n - | 2 | 64 3
6.1 arm deb       | y y y y n - | 2 | 16 3
6.1 riscv64 allno | y y n - n - | 4 | 16 23
6.1 riscv64 def   | y y n - n - | 4 | 16 18
6.1 riscv64 deb   | y y n - n - | 4 | 16 18
6.1 x86_64 allno  | y y n - n - | 4 | 0 23
6.1 x86_64 def    | y y n - n - | 4 | 0 18
6.1 x86_64 deb    | y y n - n - | 4 | 0 16
6.12 arm64 allno  | y y n - n - | 4 | 16 22
6.12 arm64 def    | y y y y n - | 2 | 32 3
6.12 arm64 deb    | y y y y n - | 2 | 64 3
6.12 arm allno    | n - - - n - | 5 | 16 244
6.12 arm def      | y y y y n - | 2 | 64 3
6.12 arm deb      | y y y y n - | 2 | 16 3
6.12 riscv64 allno| y y n - n - | 4 | 16 22
6.12 riscv64 def  | y y n - n - | 4 | 16 16
6.12 riscv64 deb  | y y n - n - | 4 | 16 15
6.12 x86_64 allno | y y n - n - | 4 | 0 22
6.12 x86_64 def   | y y n - n - | 4 | 0 17
6.12 x86_64 deb   | y y n - y - | 3 | 0 13
7.3 arm64 allno   | y y n - n - | 4 | 16 18
7.3 arm64 def     | y y y y y m | 1 | 32 1
7.3 arm64 deb     | y y y y n - | 2 | 64 5
7.3 x86_64 allno  | y y n - n - | 4 | 0 18
7.3 x86_64 def    | y y n - n - | 4 | 0 17
7.3 x86_64 deb    | y y n - y - | 3 | 0 13
`;

const NEEDED: Readonly<Record<string, readonly string[]>> = {
  '1': ['DMABUF_HEAPS_CMA'],
  '2': ['DMABUF_HEAPS', 'DMABUF_HEAPS_CMA'],
  '3': ['CMA', 'DMABUF_HEAPS_CMA', 'DMA_CMA'],
  '4': ['CMA', 'DMABUF_HEAPS', 'DMABUF_HEAPS_CMA', 'DMA_CMA'],
  '5': ['CMA', 'DMABUF_HEAPS', 'DMABUF_HEAPS_CMA', 'DMA_CMA', 'MMU'],
};

export const ROWS: readonly Row[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [where = '', before = '', needed = '', counts = ''] = line.split('|').map((part) => part.trim());
    const [version, arch, base] = where.split(/\s+/);
    const [mebibytes, changed] = counts.split(' ').map(Number);
    return { tree: { version, arch }, base, before, needed: NEEDED[needed], mebibytes, changed } as Row;
  });

/** Debian's configuration that a row began with; run through the tree's own olddefconfig. */
export const DEBIAN_BASE: Readonly<Record<string, readonly ['arm64' | 'armhf' | 'riscv64' | 'amd64', string]>> = {
  '5.10 arm64': ['arm64', '6.1'],
  '6.1 arm64': ['arm64', '6.1'],
  '6.1 arm': ['armhf', '6.12'],
  '6.1 riscv64': ['riscv64', '6.12'],
  '6.1 x86_64': ['amd64', '6.1'],
  '6.12 arm64': ['arm64', '6.12'],
  '6.12 arm': ['armhf', '6.12'],
  '6.12 riscv64': ['riscv64', '6.12'],
  '6.12 x86_64': ['amd64', '6.12'],
  '7.3 arm64': ['arm64', '7.3'],
  // Debian's own 7.3 configuration has CMA on; the row is about one that has not.
  '7.3 x86_64': ['amd64', '6.12'],
};
