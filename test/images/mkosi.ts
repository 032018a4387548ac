/**
 * Debian 13 as mkosi builds it from the generated tree: a disk that UEFI boots, with systemd-boot. For
 * arm64, with a kernel built from the generated fragment, in a package as `make bindeb-pkg` makes it, and with the overlay
 * merged into the DTB; for amd64, with Debian's stock kernel.
 */
import {
  chmodSync,
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { debianPackage } from '../../src/build/fetch/index.js';
import { buildKernel, type KernelRecipe } from '../e2e/kernel.js';
import { machineFor } from '../e2e/machine.js';
import { generate } from '../e2e/product.js';
import { baseDtb, runCommand } from '../e2e/qemu.js';
import { efiFirmware, efiOptions } from '../e2e/real-boards/emulator.js';
import { type Architecture, type Fault, MEMORY_MIB, profileText } from './boards.js';
import { mkosiBuild } from './mkosi-root.js';
import { addReport, seenOn, unlikeSeen } from './seen.js';

/** That of the lab, with what a disk needs. */
const KERNEL: KernelRecipe = {
  name: 'arm64-6.12-disk',
  version: '6.12',
  arch: 'arm64',
  boot: ['boot', 'arm64', 'udev', 'disk'],
  goals: ['schemas/examples/qemu-virt-arm64.json'],
  observe: ['size'],
};
const DTB = 'qemu/virt.dtb';

/** What the README tells a user to state, and what the suite adds to see the report. */
const LOCAL = `[Content]
RootPassword=dmaheap
Locale=C.UTF-8
Timezone=UTC
ExtraTrees=/work/report
`;
/** A user of the profile, as an image defines it. */
const CAMERA = 'u camera 1001 - / /bin/sh\n';

/** @returns the name of the package */
async function packKernel(directory: string): Promise<string> {
  const kernel = await buildKernel(KERNEL, console.error);
  const dtb = await baseDtb({ machine: await machineFor('arm64'), memoryMiB: MEMORY_MIB });
  if (dtb === undefined) throw new Error('QEMU made no device tree');
  const name = `linux-image-${kernel.version}`;
  const root = path.join(directory, name);
  const place = (from: string, to: string) => {
    mkdirSync(path.dirname(path.join(root, to)), { recursive: true });
    copyFileSync(from, path.join(root, to));
  };
  place(kernel.image, `boot/vmlinuz-${kernel.version}`);
  place(kernel.config, `boot/config-${kernel.version}`);
  place(kernel.symbols, `boot/System.map-${kernel.version}`);
  place(dtb, `usr/lib/${name}/${DTB}`);
  // It has no modules.
  const modules = path.join(root, 'usr/lib/modules', kernel.version);
  mkdirSync(modules, { recursive: true });
  for (const file of ['order', 'builtin', 'builtin.modinfo']) writeFileSync(path.join(modules, `modules.${file}`), '');
  mkdirSync(path.join(root, 'DEBIAN'));
  const fields = { Package: name, Version: `${kernel.version}-1`, Architecture: 'arm64', Section: 'kernel' };
  const more = { Priority: 'optional', Maintainer: 'dmaheap <root@localhost>', Description: 'Linux kernel' };
  const lines = Object.entries({ ...fields, ...more }).map(([field, value]) => `${field}: ${value}\n`);
  writeFileSync(path.join(root, 'DEBIAN/control'), lines.join(''));
  const packages = path.join(directory, 'image/mkosi.packages');
  mkdirSync(packages);
  await execa('dpkg-deb', ['--root-owner-group', '--build', root, packages]);
  return name;
}

export async function mkosiImage(
  architecture: Architecture,
  directory: string,
): Promise<(fault: Fault) => Promise<string>> {
  const profile = path.join(directory, 'board.json');
  const stock = { targets: { mkosi: { kernel: 'linux-image-cloud-amd64' } } };
  const { board } = JSON.parse(profileText(architecture));
  const own = architecture === 'amd64' ? stock : { board: { ...board, dtb: DTB } };
  writeFileSync(profile, profileText(architecture, own));
  const targets = ['--kernel', '6.12', '--target', 'mkosi'];
  const generated = await generate(profile, targets, path.join(directory, 'generated'));
  cpSync(path.join(generated, 'mkosi'), path.join(directory, 'image'), { recursive: true });
  writeFileSync(path.join(directory, 'image/mkosi.local.conf'), LOCAL);
  const report = path.join(directory, 'report');
  addReport(report, false);
  mkdirSync(path.join(report, 'usr/lib/sysusers.d'), { recursive: true });
  writeFileSync(path.join(report, 'usr/lib/sysusers.d/camera.conf'), CAMERA);
  chmodSync(report, 0o755);
  await mkosiBuild(directory, architecture, architecture === 'amd64' ? [] : ['--package', await packKernel(directory)]);
  return (fault) => unlikeFault(architecture, path.join(directory, 'image/image.raw'), fault);
}

/** @returns objections to what the image shows with the fault */
export async function unlikeFault(architecture: Architecture, image: string, fault: Fault): Promise<string> {
  const disk = `${image}.${fault.name.replaceAll(' ', '-')}`;
  await execa('cp', ['--sparse=always', image, disk]);
  if (fault.isMasked) await maskRule(disk);
  if (fault.isWithoutOverlay) withholdTree(disk);
  const machine = await machineFor(architecture === 'arm64' ? 'arm64' : 'x86_64');
  const isArm = architecture === 'arm64';
  const { program, cpu, console: serial } = machine.qemu;
  // systemd-boot appends this to the command line of the image.
  const cmdline = `console=${serial.split(' ')[0]} systemd.show_status=1 ${fault.cmdline ?? ''}`.trim();
  const { console: output } = await runCommand({
    command: [
      ...[
        program,
        '-M',
        isArm ? `${machine.qemu.machine},acpi=off` : machine.qemu.machine,
        '-cpu',
        cpu,
        '-m',
        `${MEMORY_MIB}M`,
      ],
      ...['-accel', 'tcg,thread=single', '-nographic', '-no-reboot', '-net', 'none'],
      ...(await firmwareOptions(architecture)),
      ...['-drive', `if=none,id=disk,format=raw,file=${disk}`],
      ...['-device', `virtio-blk-${isArm ? 'device' : 'pci'},drive=disk`],
      ...['-smbios', `type=11,value=io.systemd.boot.kernel-cmdline-extra=${cmdline}`],
    ],
    silenceSeconds: 300,
    spinningSeconds: 100,
  });
  return unlikeSeen(fault.failed, seenOn(output));
}

async function firmwareOptions(architecture: Architecture): Promise<readonly string[]> {
  if (architecture === 'arm64') return efiOptions('arm64', await efiFirmware('arm64'));
  return ['-bios', path.join(await debianPackage('trixie', 'amd64', 'ovmf'), 'usr/share/ovmf/OVMF.fd')];
}

/** An administrator's way to switch a rule off. */
async function maskRule(disk: string): Promise<void> {
  const root = `${disk}?offset=${rootOffset(disk)}`;
  const { all } = await execa('debugfs', ['-w', '-R', 'symlink /etc/udev/rules.d/70-dmaheap.rules /dev/null', root], {
    all: true,
  });
  if (/not found|error/i.test(all)) throw new Error(`debugfs: ${all}`);
}

/** Without this line of its entry, systemd-boot leaves the kernel the DTB of the firmware, which has no overlay. */
function withholdTree(disk: string): void {
  const bytes = readFileSync(disk);
  const at = bytes.indexOf('\ndevicetree /', 0, 'latin1');
  if (at < 0) throw new Error('no entry of systemd-boot names a DTB');
  bytes.write('\n#', at, 'latin1');
  writeFileSync(disk, bytes);
}

/** Of the last partition of a GPT (UEFI specification, 5.3.3). */
function rootOffset(disk: string): number {
  const bytes = Buffer.alloc(32 * 512);
  const file = openSync(disk, 'r');
  readSync(file, bytes, 0, bytes.length, 2 * 512);
  closeSync(file);
  const starts = Array.from({ length: bytes.length / 128 }, (_, i) => Number(bytes.readBigUInt64LE(i * 128 + 32)));
  return (starts.filter((start) => start > 0).at(-1) ?? 0) * 512;
}
