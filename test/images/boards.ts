/** The boards of the images, and what is withheld from a healthy image. */
import { FAILED } from './seen.js';

/** Debian's names. */
export type Architecture = 'arm64' | 'armhf' | 'amd64';

/** A change of a healthy image, and the checks that fail by it. */
export interface Fault {
  readonly name: string;
  readonly failed: readonly string[];
  readonly isWithoutOverlay?: boolean;
  readonly isMasked?: boolean;
  readonly cmdline?: string;
}

export interface Board {
  readonly profile: Readonly<Record<string, unknown>>;
  readonly faults: readonly Fault[];
}

export const MEMORY_MIB = 1024;

const example = (name: string): Board => ({
  profile: { extends: [new URL(`../../schemas/examples/${name}.json`, import.meta.url).pathname] },
  faults: [
    { name: 'none', failed: [] },
    { name: 'no overlay', isWithoutOverlay: true, failed: FAILED['no overlay'] },
    { name: 'rule masked', isMasked: true, failed: FAILED['rule masked'] },
  ],
});

export const BOARDS: Readonly<Record<Architecture, Board>> = {
  arm64: example('qemu-virt-arm64'),
  armhf: example('qemu-virt-arm'),
  // Debian's stock kernel has the heap system and no CMA.
  amd64: {
    profile: {
      board: {
        title: 'PC',
        arch: 'x86_64',
        bootLoader: 'other',
        memory: [{ base: '0x0', size: '1G' }],
      },
      kernel: { version: { min: '6.12', max: '6.12' } },
      heaps: { system: { kind: 'system' } },
      access: { system: { group: 'video', users: ['camera'] } },
      verify: { users: ['camera'] },
    },
    faults: [
      { name: 'none', failed: [] },
      { name: 'heap withheld', cmdline: 'initcall_blacklist=system_heap_create', failed: ['heap.support'] },
      { name: 'rule masked', isMasked: true, failed: ['heap.permissions system', 'open.user system'] },
    ],
  },
};

export const profileText = (architecture: Architecture, more: object = {}): string =>
  JSON.stringify({ version: 1, name: 'image', ...BOARDS[architecture].profile, ...more });
