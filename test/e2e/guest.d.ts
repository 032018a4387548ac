import type { Machine } from './machine.js';
/** What goes into a guest beside the shell and the lab's own init. */
export interface GuestFiles {
  /** Path in the guest -> file on this machine. */
  readonly files?: Readonly<Record<string, string>>;
  /** Shell text that init runs after it has shown the heaps. */
  readonly run?: string;
  /** End in a shell instead of powering off. */
  readonly shell?: boolean;
  readonly modules?: readonly string[];
}
/** An initramfs: Debian's static busybox of that architecture, the lab's init, the allocation judge, and `more`. */
export declare function initramfs(machine: Machine, more?: GuestFiles): Promise<string>;
