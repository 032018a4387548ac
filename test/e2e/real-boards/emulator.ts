/** QEMU and the firmware that it starts, from a Debian newer than that of this machine, in a private root. */
import path from 'node:path';
import { debianPackage } from '../../../src/build/fetch/index.js';
import type { Board } from './board.js';

/** A program with what it needs to run from its own root. */
export interface Emulator {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The files and directories that it is made of. */
  readonly inputs: readonly string[];
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
  const program = path.join(root, 'usr/bin', PROGRAMS[arch]);
  const firmware = path.join(root, 'usr/share/qemu');
  return {
    command: [
      ...[path.join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries],
      ...[program, '-L', firmware],
    ],
    environment: { QEMU_MODULE_DIR: path.join(libraries, 'qemu') },
    inputs: [libraries, program, firmware],
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

const EFI: Readonly<Record<Board['arch'], string>> = {
  arm64: 'qemu-efi-aarch64/QEMU_EFI.fd',
  arm: 'AAVMF/AAVMF32_CODE.fd',
  riscv64: 'qemu-efi-riscv64/RISCV_VIRT_CODE.fd',
};

/** EDK II. */
export async function efiFirmware(arch: Board['arch']): Promise<string> {
  return path.join(await debianPackage('trixie', 'amd64', FIRMWARE), 'usr/share', EFI[arch]);
}

/** Options that start EDK II, which then starts the kernel that QEMU has. */
export const efiOptions = (arch: Board['arch'], firmware: string): readonly string[] =>
  arch === 'arm64' ? ['-bios', firmware] : ['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${firmware}`];
