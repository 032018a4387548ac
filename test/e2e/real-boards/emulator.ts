/** QEMU and the firmware that it starts, from a Debian newer than that of this machine, in a private root. */
import path from 'node:path';
import { debianPackage } from '../../../src/build/fetch/index.js';
import type { Board } from './board.js';

/** A program with what it needs to run from its own root. */
export interface Emulator {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const PROGRAMS: Readonly<Record<Board['arch'], string>> = {
  arm64: 'qemu-system-aarch64',
  arm: 'qemu-system-arm',
  riscv64: 'qemu-system-riscv64',
};

/** Older ones do not have all of the boards. */
export async function emulator(arch: Board['arch']): Promise<Emulator> {
  const packages = ['qemu-system-arm', 'qemu-system-riscv'];
  const root = await debianPackage('trixie', 'amd64', packages, { withDependencies: true });
  const libraries = path.join(root, 'usr/lib/x86_64-linux-gnu');
  return {
    command: [
      ...[path.join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries],
      ...[path.join(root, 'usr/bin', PROGRAMS[arch]), '-L', path.join(root, 'usr/share/qemu')],
    ],
    environment: { QEMU_MODULE_DIR: path.join(libraries, 'qemu') },
  };
}

const U_BOOT: Readonly<Record<Board['arch'], string>> = {
  arm64: 'qemu_arm64',
  arm: 'qemu_arm',
  riscv64: 'qemu-riscv64_smode',
};

const FIRMWARE = ['qemu-efi-aarch64', 'qemu-efi-arm', 'qemu-efi-riscv64', 'u-boot-qemu', 'opensbi'];

export async function uBoot(arch: Board['arch']): Promise<string> {
  return path.join(await debianPackage('trixie', 'amd64', FIRMWARE), 'usr/lib/u-boot', U_BOOT[arch], 'u-boot.bin');
}

/** Options that start EDK II, which then starts the kernel that QEMU has. */
export async function efiOptions(arch: Board['arch']): Promise<readonly string[]> {
  const share = path.join(await debianPackage('trixie', 'amd64', FIRMWARE), 'usr/share');
  switch (arch) {
    case 'arm64':
      return ['-bios', path.join(share, 'qemu-efi-aarch64/QEMU_EFI.fd')];
    case 'arm':
      return ['-drive', flash(path.join(share, 'AAVMF/AAVMF32_CODE.fd'))];
    case 'riscv64':
      return ['-drive', flash(path.join(share, 'qemu-efi-riscv64/RISCV_VIRT_CODE.fd'))];
  }
}

const flash = (file: string) => `if=pflash,format=raw,unit=0,readonly=on,file=${file}`;
