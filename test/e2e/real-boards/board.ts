/** Boards that QEMU models, and what starts a kernel on them: `boards.json`. */
import { readFile } from 'node:fs/promises';
import type { Machine } from '../machine.js';

/** Variables of U-Boot's environment, set before it boots. */
export type Environment = Readonly<Record<string, string>>;

/** `qemu`: its own loader; `efi`: EDK II of Debian; `u-boot`, or U-Boot with variables: that of Debian. */
export type Loader = 'qemu' | 'efi' | 'u-boot' | Environment;

export interface Board {
  readonly name: string;
  readonly arch: Exclude<Machine['arch'], 'x86_64'>;
  /** Option of QEMU. Without `acpi=off`, `virt` has other devices when it starts firmware than in the tree that it dumps. */
  readonly machine: string;
  readonly cpu?: string;
  readonly processors?: number;
  readonly memoryMiB: number;
  readonly options?: readonly string[];
  /** RAM that the kernel is told of, as `--memory` takes it. */
  readonly banks: readonly string[];
  /** In Debian's kernel package; absent: QEMU makes the tree. */
  readonly dtb?: string;
  /** Nodes of devices that the model lacks, so that their drivers would stop the kernel. */
  readonly missing?: readonly string[];
  /** Signs of damage that come from the model of a device, as a regular expression. */
  readonly flaws?: string;
  /** Devicetree source of what the board's boot loader adds. */
  readonly tree?: readonly string[];
  /** Which UART the console is on. */
  readonly serial?: number;
  /** What follows `console=`. */
  readonly console: string;
  /** Series of Debian's kernels, or `newest`. */
  readonly kernels: readonly string[];
  readonly loaders?: readonly Loader[];
  /** Of the generated overlay; the first is the default area. */
  readonly regions: Readonly<Record<string, string>>;
}

/** `plain`: as Debian ships it; `overlay`: with a generated overlay; `parameter`: with `cma=` instead. */
export type Variant = 'plain' | 'overlay' | 'parameter';
const VARIANTS: readonly Variant[] = ['plain', 'overlay', 'parameter'];

export interface BoardRun {
  readonly id: string;
  readonly board: Board;
  readonly kernel: string;
  readonly loader: Loader;
  readonly variant: Variant;
}

export async function loadBoards(): Promise<readonly Board[]> {
  return JSON.parse(await readFile(new URL('boards.json', import.meta.url), 'utf8'));
}

export const loaderName = (loader: Loader): string =>
  typeof loader === 'string'
    ? loader
    : Object.entries(loader)
        .map(([name, value]) => `${name}=${value}`)
        .join('_');

/** Every board on every kernel, by every loader, in every variant. */
export const boardRuns = (boards: readonly Board[]): readonly BoardRun[] =>
  boards.flatMap((board) =>
    board.kernels.flatMap((kernel) =>
      (board.loaders ?? ['qemu']).flatMap((loader) =>
        VARIANTS.map((variant) => ({
          id: `${board.name}-${board.arch}@${kernel}+${loaderName(loader)}+${variant}`,
          board,
          kernel,
          loader,
          variant,
        })),
      ),
    ),
  );

/** What CI boots: every architecture, loader and variant, and the boards that boot fast. */
const SAMPLE: readonly string[] = [
  'raspi3b-arm64@6.12+qemu+overlay',
  'raspi4b-arm64@6.1+qemu+plain',
  'imx8mp-evk-arm64@newest+qemu+overlay',
  'xlnx-zcu102-arm64@6.12+qemu+parameter',
  'mcimx7d-sabre-arm@6.12+qemu+overlay',
  'mcimx6ul-evk-arm@6.1+qemu+overlay',
  'sifive_u-riscv64@6.12+qemu+overlay',
  'virt-arm64@6.12+efi+overlay',
  'virt-arm64@6.12+u-boot+overlay',
  'virt-arm64@6.12+bootm_size=0x10000000+plain',
  'virt-numa-arm64@6.12+qemu+parameter',
  'virt-riscv64@6.12+u-boot+overlay',
];

/** @throws when a board of the sample is gone */
export function boardSample(runs: readonly BoardRun[]): readonly BoardRun[] {
  return SAMPLE.map((id) => {
    const run = runs.find((one) => one.id === id);
    if (run === undefined) throw new Error(`lab: the sample has ${id}, which is not in boards.json`);
    return run;
  });
}
