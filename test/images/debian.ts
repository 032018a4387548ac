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
import { addReport, FAILED, MASK, seenOn, unlikeSeen } from './seen.js';

const PACKAGES = [
  ...['base-files', 'base-passwd', 'bash', 'coreutils', 'dash', 'grep', 'hostname', 'init-system-helpers', 'kmod'],
  ...['libc-bin', 'login', 'mount', 'passwd', 'sed', 'systemd', 'systemd-sysv', 'udev', 'util-linux'],
];
const MEMORY_MIB = 1024;

const EXAMPLE = new URL('../../schemas/examples/qemu-virt-arm64.json', import.meta.url).pathname;

/** A change of a healthy image, and the checks that fail by it. */
interface Fault {
  readonly name: string;
  readonly failed: readonly string[];
  readonly isWithoutOverlay?: boolean;
  readonly isMasked?: boolean;
  readonly cmdline?: string;
}

interface System {
  readonly architecture: 'arm64' | 'amd64';
  readonly profile: object;
  /** Of test/native/kernels.ts. */
  readonly kernel: string;
  /** Where dpkg-shlibdeps finds the libraries of the cross compiler. */
  readonly libraries?: string;
  readonly faults: readonly Fault[];
  /** The kernel has no /proc/sys. */
  readonly isWithoutSysctl?: boolean;
}

export const SYSTEMS: readonly System[] = [
  {
    architecture: 'arm64',
    profile: { extends: [EXAMPLE] },
    kernel: 'arm64-6.12',
    libraries: '/usr/aarch64-linux-gnu/lib',
    isWithoutSysctl: true,
    faults: [
      { name: 'none', failed: [] },
      { name: 'no overlay', isWithoutOverlay: true, failed: FAILED['no overlay'] },
      { name: 'rule masked', isMasked: true, failed: FAILED['rule masked'] },
    ],
  },
  {
    // Debian's stock kernel has the heap system and no CMA.
    architecture: 'amd64',
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
    kernel: 'debian-amd64',
    faults: [
      { name: 'none', failed: [] },
      { name: 'heap withheld', cmdline: 'initcall_blacklist=system_heap_create', failed: ['heap.support'] },
      { name: 'rule masked', isMasked: true, failed: ['heap.permissions system', 'open.user system'] },
    ],
  },
];

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

export interface Image {
  readonly system: System;
  readonly directory: string;
  readonly ramdisk: string;
}

export async function debianImage(system: System, directory: string): Promise<Image> {
  mkdirSync(directory, { recursive: true });
  const profile = path.join(directory, 'board.json');
  writeFileSync(profile, JSON.stringify({ version: 1, name: 'image', ...system.profile }));
  const targets = ['--kernel', '6.12', '--target', 'debian,dt-overlay'];
  const generated = await generate(profile, targets, path.join(directory, 'generated'));
  const debs = await buildPackages(system, directory, generated);
  return { system, directory, ramdisk: await makeRoot(system, directory, debs) };
}

/** @returns objections to what the image shows with the fault */
export async function unlikeFault({ system, directory, ramdisk }: Image, fault: Fault): Promise<string> {
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
