import type { Machine } from './machine.js';
/** One guest to start. */
export interface Boot {
  readonly machine: Machine;
  readonly image: string;
  readonly initrd: string;
  /** The merged device tree; left out, QEMU's own is used (x86 has none). */
  readonly dtb?: string | undefined;
  readonly memoryMiB: number;
  /** Further QEMU options, for example a second bank of memory. */
  readonly options?: readonly string[];
  /** Kernel command line after the lab's own part. */
  readonly cmdline: string;
  readonly timeoutSeconds: number;
}
export interface BootResult {
  readonly console: string;
  /** `ended`: the guest printed its end marker; `exited`: QEMU ended without it; `hung`: it had to be stopped. */
  readonly ending: 'ended' | 'exited' | 'hung';
  readonly seconds: number;
}
export declare function qemuArguments(boot: Boot): readonly string[];
/** The command that boots the same guest by hand. */
export declare const commandLine: (boot: Boot) => string;
/**
 * Runs the guest until its end marker, its exit or the time-out. Success is never read from QEMU's exit code, which is
 * 0 after a panic too. The process is gone when this returns, and with the lab when the lab dies.
 */
export declare function runGuest(boot: Boot): Promise<BootResult>;
/** The device tree that QEMU makes for a machine, kept in the cache; undefined for machines without one. */
export declare function baseDtb(boot: Pick<Boot, 'machine' | 'memoryMiB' | 'options'>): Promise<string | undefined>;
