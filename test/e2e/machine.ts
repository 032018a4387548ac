import { readFile } from 'node:fs/promises';
import type { Architecture } from '../../src/build/fetch/index.js';

/** How an architecture is built and booted: `test/e2e/machines/ARCH.json`. */
export interface Machine {
  readonly arch: 'arm64' | 'arm' | 'riscv64' | 'x86_64';
  readonly kbuild: {
    readonly arch: string;
    readonly crossCompile: string;
    readonly target: string;
    /** Path of the image inside the build directory. */
    readonly image: string;
  };
  readonly debianArchitecture: Architecture;
  readonly qemu: {
    readonly program: string;
    readonly machine: string;
    readonly cpu: string;
    readonly ramBaseAddress: string;
    /** What follows `console=` on the kernel's command line. */
    readonly console: string;
  };
}

export async function machineFor(arch: Machine['arch']): Promise<Machine> {
  return JSON.parse(await readFile(new URL(`machines/${arch}.json`, import.meta.url), 'utf8'));
}
