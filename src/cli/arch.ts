/** Architectures by the profile's name, the kernel's ARCH, and uname's machine. */
import { EXIT } from './exit.js';
import { Refusal } from './refusal.js';

const NAMES = {
  arm64: { kernel: 'arm64', spellings: ['arm64', 'aarch64'] },
  arm: { kernel: 'arm', spellings: ['arm', 'armhf', 'armv7l', 'armv6l', 'armv8l'] },
  riscv64: { kernel: 'riscv', spellings: ['riscv64', 'riscv'] },
  x86_64: { kernel: 'x86', spellings: ['x86_64', 'x86', 'amd64', 'i686'] },
} as const;

export type ProfileArch = keyof typeof NAMES;

/** @returns undefined for a name that none of the three uses */
export function profileArch(name: string): ProfileArch | undefined {
  return (Object.keys(NAMES) as ProfileArch[]).find((arch) =>
    (NAMES[arch].spellings as readonly string[]).includes(name),
  );
}

/** Says that an architecture is not one of ours. */
export function unknownArch(name: string): Refusal {
  return new Refusal(
    `--arch ${name}: dmaheap does not know this architecture`,
    EXIT.usage,
    'use arm64, arm, riscv64 or x86_64',
  );
}

/** The kernel's ARCH. */
export function kernelArch(name: string): string | undefined {
  const arch = profileArch(name);
  return arch === undefined ? undefined : NAMES[arch].kernel;
}
