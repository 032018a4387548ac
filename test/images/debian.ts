/**
 * Debian 13 for arm64 with systemd and udev: its packages are unpacked, the generated source package is built for arm64, and
 * dpkg installs the two packages with their maintainer scripts. The image is a ramdisk, because the kernel of the lab has no
 * file system for disks.
 */
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { debianPackage } from '../../src/build/fetch/index.js';
import { newcArchive } from '../e2e/cpio.js';
import { mergedDtb } from '../e2e/overlay.js';
import { generate } from '../e2e/product.js';
import { baseDtb, runGuest } from '../e2e/qemu.js';
import { guestKernel } from '../native/kernels.js';

const PACKAGES = [
  ...['base-files', 'base-passwd', 'bash', 'coreutils', 'dash', 'grep', 'hostname', 'init-system-helpers', 'kmod'],
  ...['libc-bin', 'login', 'mount', 'passwd', 'sed', 'systemd', 'systemd-sysv', 'udev', 'util-linux'],
];
const MEMORY_MIB = 1024;

/** The kernel of the lab has no /proc/sys, which these need. */
const UNSUPPORTED = ['systemd-journald.service', 'systemd-journald.socket', 'systemd-journald-dev-log.socket'];
const WITHOUT_PROC_SYS = '[Service]\nProtectHostname=no\n';

/** Prints what the generated unit left, and ends the run. */
const REPORT = `[Unit]
After=dmaheap-verify.service
[Service]
Type=oneshot
StandardOutput=tty
TTYPath=/dev/console
ExecStart=-/bin/sh -c 'echo; echo "@@UNIT $(systemctl show dmaheap-verify.service -p Result --value)"; cat /run/dmaheap/report.json; echo; echo @@END'
`;

const tool = (command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) =>
  execa(command, [...args], { cwd, env, stdin: 'ignore', all: true });

/** The generated source package, built: its .deb files. */
async function buildPackages(directory: string, generated: string): Promise<readonly string[]> {
  const parent = path.join(directory, 'source');
  const source = path.join(parent, 'dmaheap-board-1.0');
  cpSync(path.join(generated, 'debian'), source, { recursive: true });
  // dpkg-shlibdeps finds the libraries of a cross compiler by this variable only.
  const env = { DEB_BUILD_OPTIONS: 'nocheck', MAKEFLAGS: '', LD_LIBRARY_PATH: '/usr/aarch64-linux-gnu/lib' };
  await tool('dpkg-buildpackage', ['--host-arch=arm64', '-d', '-b', '-us', '-uc'], source, env);
  const debs = readdirSync(parent).filter((name) => name.endsWith('.deb') && !name.includes('dbgsym'));
  return debs.map((name) => path.join(parent, name));
}

/** @returns the ramdisk */
async function makeRoot(directory: string, debs: readonly string[]): Promise<string> {
  const root = path.join(directory, 'root');
  const unpacked = await debianPackage('trixie', 'arm64', PACKAGES, { withDependencies: true });
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
  const units = inside('etc/systemd/system');
  for (const unit of UNSUPPORTED) symlinkSync('/dev/null', path.join(units, unit));
  mkdirSync(path.join(units, 'systemd-udevd.service.d'), { recursive: true });
  writeFileSync(path.join(units, 'systemd-udevd.service.d/lab.conf'), WITHOUT_PROC_SYS);
  writeFileSync(path.join(units, 'report.service'), REPORT);
  symlinkSync('../report.service', path.join(units, 'multi-user.target.wants/report.service'));
  symlinkSync('/usr/lib/systemd/systemd', inside('init'));
  chmodSync(root, 0o755);
  const ramdisk = path.join(directory, 'root.cpio');
  await tool('bash', ['-o', 'pipefail', '-ec', 'find . | cpio --quiet -o -H newc >"$1"', 'bash', ramdisk], root);
  return ramdisk;
}

export interface Image {
  readonly directory: string;
  readonly ramdisk: string;
}

export async function debianImage(directory: string): Promise<Image> {
  const example = new URL('../../schemas/examples/qemu-virt-arm64.json', import.meta.url).pathname;
  const profile = path.join(directory, 'board.json');
  writeFileSync(profile, JSON.stringify({ version: 1, name: 'image', extends: [example] }));
  const targets = ['--kernel', '6.12', '--target', 'debian,dt-overlay'];
  const generated = await generate(profile, targets, path.join(directory, 'generated'));
  return { directory, ramdisk: await makeRoot(directory, await buildPackages(directory, generated)) };
}

/** What is withheld from a healthy image. */
export type Fault = 'none' | 'no overlay' | 'rule masked';

export interface Seen {
  /** Of the generated unit, by systemd: success, exit-code ... */
  readonly unit: string | undefined;
  readonly verdict: string | undefined;
  /** Checks that failed, with the heap. */
  readonly failed: readonly string[];
  readonly console: string;
}

/** An administrator's way to switch a rule off. */
const MASK = newcArchive([
  { path: 'etc/udev', directory: true },
  { path: 'etc/udev/rules.d', directory: true },
  { path: 'etc/udev/rules.d/70-dmaheap.rules', link: '/dev/null' },
]);

export async function bootImage({ directory, ramdisk }: Image, fault: Fault): Promise<Seen> {
  const { machine, image } = await guestKernel('arm64-6.12');
  const base = await baseDtb({ machine, memoryMiB: MEMORY_MIB });
  if (base === undefined) throw new Error('QEMU made no device tree');
  const overlay = path.join(directory, 'generated/dt-overlay/dmaheap.dtso');
  let initrd = ramdisk;
  if (fault === 'rule masked') {
    initrd = path.join(directory, 'masked.cpio');
    writeFileSync(initrd, Buffer.concat([readFileSync(ramdisk), MASK]));
  }
  const { console: output } = await runGuest({
    machine,
    image,
    initrd,
    dtb: fault === 'no overlay' ? base : await mergedDtb({ overlays: [] }, base, directory, [overlay]),
    memoryMiB: MEMORY_MIB,
    cmdline: 'systemd.show_status=1',
    silenceSeconds: 300,
  });
  const results = output.matchAll(/"id":"([^"]+)","heap":(?:"([^"]+)"|null),"item":[^\n]*?"status":"(?:fail|error)"/g);
  return {
    unit: /^@@UNIT (\S+)/m.exec(output)?.[1],
    verdict: /"summary":\{"verdict":"([^"]+)"/.exec(output)?.[1],
    failed: [...results].map(([, id, heap]) => (heap === undefined ? `${id}` : `${id} ${heap}`)),
    console: output,
  };
}

const RULES = ['heap.permissions', 'heap.alias', 'open.user'];

/** Objections to what an image with a fault showed. */
export function unlikeImage(fault: Fault, { unit, verdict, failed, console: output }: Seen): string {
  const of = (heap: string, ids: readonly string[]) => ids.map((id) => `${id} ${heap}`);
  const wanted = {
    none: { unit: 'success', verdict: 'pass', failed: [] },
    'no overlay': {
      unit: 'exit-code',
      verdict: 'fail',
      failed: ['cma.total', 'area.size', ...of('camera', ['heap.node'])],
    },
    'rule masked': {
      unit: 'exit-code',
      verdict: 'fail',
      failed: [
        ...of('camera', RULES),
        ...of(
          'system',
          RULES.filter((id) => id !== 'heap.alias'),
        ),
      ],
    },
  }[fault];
  const got = JSON.stringify({ unit, verdict, failed });
  const end = output.split('\n').slice(-6).join('\n');
  return got === JSON.stringify(wanted) ? '' : `${got} instead of ${JSON.stringify(wanted)}\n${end}`;
}
