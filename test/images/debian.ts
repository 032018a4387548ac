/**
 * Debian 13 with systemd and udev: its packages are unpacked, the generated source package is built for the architecture, and
 * dpkg installs the two packages with their maintainer scripts. The image is a ramdisk, because the kernel of the lab has no
 * file system for disks.
 */
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { debianPackage } from '../../src/build/fetch/index.js';
import { mergedDtb } from '../e2e/overlay.js';
import { generate } from '../e2e/product.js';
import { baseDtb, runGuest } from '../e2e/qemu.js';
import { guestKernel } from '../native/kernels.js';
import { type Architecture, type Fault, MEMORY_MIB, profileText } from './boards.js';
import { addReport, MASK, seenOn, unlikeSeen } from './seen.js';

const PACKAGES = [
  ...['base-files', 'base-passwd', 'bash', 'coreutils', 'dash', 'grep', 'hostname', 'init-system-helpers', 'kmod'],
  ...['libc-bin', 'login', 'mount', 'passwd', 'sed', 'systemd', 'systemd-sysv', 'udev', 'util-linux'],
];

type DebianArchitecture = Exclude<Architecture, 'armhf'>;

interface System {
  readonly architecture: Architecture;
  /** Of test/native/kernels.ts. */
  readonly kernel: string;
  /** Where dpkg-shlibdeps finds the libraries of the cross compiler. */
  readonly libraries?: string;
  /** The kernel has no /proc/sys. */
  readonly isWithoutSysctl?: boolean;
}

const SYSTEMS: Readonly<Record<DebianArchitecture, System>> = {
  arm64: {
    architecture: 'arm64',
    kernel: 'arm64-6.12',
    libraries: '/usr/aarch64-linux-gnu/lib',
    isWithoutSysctl: true,
  },
  amd64: { architecture: 'amd64', kernel: 'debian-amd64' },
};

const tool = (command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) =>
  execa(command, [...args], { cwd, env, stdin: 'ignore', all: true });

/** The generated source package, built: its .deb files. */
async function buildPackages(
  { architecture, libraries }: System,
  directory: string,
  generated: string,
): Promise<readonly string[]> {
  const parent = path.join(directory, 'source');
  const source = path.join(parent, 'dmaheap-board-1.0');
  cpSync(path.join(generated, 'debian'), source, { recursive: true });
  // dpkg-shlibdeps finds the libraries of a cross compiler by this variable only.
  const library = libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries };
  const env = { DEB_BUILD_OPTIONS: 'nocheck', MAKEFLAGS: '', ...library };
  await tool('dpkg-buildpackage', [`--host-arch=${architecture}`, '-d', '-b', '-us', '-uc'], source, env);
  const debs = readdirSync(parent).filter((name) => name.endsWith('.deb') && !name.includes('dbgsym'));
  return debs.map((name) => path.join(parent, name));
}

/** @returns the ramdisk */
async function makeRoot(system: System, directory: string, debs: readonly string[]): Promise<string> {
  const root = path.join(directory, 'root');
  const unpacked = await debianPackage('trixie', system.architecture, PACKAGES, { withDependencies: true });
  await tool('cp', ['-a', unpacked, root], directory);
  const inside = (...parts: string[]) => path.join(root, ...parts);
  const text = (file: string) => readFileSync(inside(file), 'utf8');
  for (const place of ['doc', 'info', 'locale', 'man']) await tool('rm', ['-rf', `usr/share/${place}`], root);
  // What the postinst of base-passwd does, and a user of the profile, as an image defines it.
  const passwd = text('usr/share/base-passwd/passwd.master');
  const group = text('usr/share/base-passwd/group.master');
  writeFileSync(inside('etc/passwd'), `${passwd}camera:x:1001:1001::/:/bin/sh\n`);
  writeFileSync(inside('etc/group'), `${group.replace(/^(video:.*:)$/m, '$1camera')}camera:x:1001:\n`);
  writeFileSync(inside('etc/machine-id'), '');
  for (const name of ['info', 'updates']) mkdirSync(inside('var/lib/dpkg', name), { recursive: true });
  writeFileSync(inside('var/lib/dpkg/status'), '');
  await tool('systemd-sysusers', [`--root=${root}`], directory);
  // The packages of Debian are only unpacked, so dpkg knows none of them. Maintainer scripts run with DPKG_ROOT.
  const force = ['script-chrootless', 'depends', 'architecture'].map((name) => `--force-${name}`);
  await tool('dpkg', [`--root=${root}`, ...force, '--install', ...debs], directory);
  // They have nothing to generate here, and on a busy machine they take longer than systemd waits for them.
  await tool('rm', ['-rf', 'usr/lib/systemd/system-generators'], root);
  addReport(root, system.isWithoutSysctl === true);
  symlinkSync('/usr/lib/systemd/systemd', inside('init'));
  chmodSync(root, 0o755);
  const ramdisk = path.join(directory, 'root.cpio');
  await tool('bash', ['-o', 'pipefail', '-ec', 'find . | cpio --quiet -o -H newc >"$1"', 'bash', ramdisk], root);
  return ramdisk;
}

interface Image {
  readonly system: System;
  readonly directory: string;
  readonly ramdisk: string;
}

export async function debianImage(
  architecture: DebianArchitecture,
  directory: string,
): Promise<(fault: Fault) => Promise<string>> {
  const system = SYSTEMS[architecture];
  const profile = path.join(directory, 'board.json');
  writeFileSync(profile, profileText(architecture));
  const targets = ['--kernel', '6.12', '--target', 'debian,dt-overlay'];
  const generated = await generate(profile, targets, path.join(directory, 'generated'));
  const debs = await buildPackages(system, directory, generated);
  const image = { system, directory, ramdisk: await makeRoot(system, directory, debs) };
  return (fault) => unlikeFault(image, fault);
}

/** @returns objections to what the image shows with the fault */
async function unlikeFault({ system, directory, ramdisk }: Image, fault: Fault): Promise<string> {
  const { machine, image } = await guestKernel(system.kernel);
  const base = await baseDtb({ machine, memoryMiB: MEMORY_MIB });
  const overlay = path.join(directory, 'generated/dt-overlay/dmaheap.dtso');
  let initrd = ramdisk;
  if (fault.isMasked) {
    initrd = path.join(directory, 'masked.cpio');
    writeFileSync(initrd, Buffer.concat([readFileSync(ramdisk), MASK]));
  }
  const { console: output } = await runGuest({
    machine,
    image,
    initrd,
    dtb:
      base === undefined || fault.isWithoutOverlay
        ? base
        : await mergedDtb({ overlays: [] }, base, directory, [overlay]),
    memoryMiB: MEMORY_MIB,
    cmdline: `systemd.show_status=1 ${fault.cmdline ?? ''}`,
    silenceSeconds: 300,
  });
  return unlikeSeen(fault.failed, seenOn(output));
}
