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
    /** How often a guest that hangs is started again; x86 under TCG is known to stall. */
    readonly retries?: number;
  };
}
export declare function machineFor(arch: Machine['arch']): Promise<Machine>;
