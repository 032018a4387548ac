/**
 * The README of every target, as a user types it: its commands run on the real programs, in a copy of this machine's root
 * that is thrown away. A command that is not run here is named with the reason; one that is neither is an objection.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { dtbDirectory, kernelTree } from '../../src/build/fetch/index.js';
import type { Tree } from './tree.js';

export interface Page {
  readonly target: string;
  /** Where the page says that the folder is, from the place where its commands are typed; absent: they are typed in it. */
  readonly folder?: string;
  /** Of the example boards. */
  readonly board?: string;
  /** Shell commands that make what the page says is there. */
  readonly before?: string;
  /** How commands that do not run here begin, and why. */
  readonly notRun?: Readonly<Record<string, string>>;
  /** Shell commands that succeed if the page has done what it says. */
  readonly after?: string;
  /** What of the kernel lies at `linux` beside the folder. */
  readonly kernel?: true;
}

const BOOTED = 'needs the booted board; test:images reads the report of the unit in an image';
/** The same on every page. */
const AFTER_THE_BOOT = {
  'grep CmaTotal': BOOTED,
  'ls -lL /dev/dma_heap': BOOTED,
  'sudo dmaheap-verify': BOOTED,
  'dmaheap-verify': BOOTED,
  'doas dmaheap-verify': BOOTED,
  'systemctl status': BOOTED,
  'cat /proc/cmdline': BOOTED,
  'sudo reboot': 'there is no board to boot',
  'doas reboot': 'there is no board to boot',
};

const NO_TREE = (system: string) => `needs ${system}, which neither Debian nor npm has`;

const IN_AN_IMAGE = 'needs Buildroot; test:images types it where a user has put one';

export const PAGES: readonly Page[] = [
  {
    target: 'alpine',
    before: `mkdir -p /boot/extlinux; printf 'LABEL board\\n  LINUX /Image\\n  FDT /board.dtb\\n' >/boot/extlinux/extlinux.conf`,
    notRun: { abuild: NO_TREE('abuild'), 'doas apk': NO_TREE('apk') },
    after: `grep -A1 '^  FDT /board.dtb' /boot/extlinux/extlinux.conf | grep -q 'FDTOVERLAYS /dmaheap.dtbo'`,
  },
  {
    target: 'android',
    folder: 'dmaheap',
    before: 'mkdir -p device/VENDOR/BOARD; cp -r dmaheap device/VENDOR/BOARD/',
    notRun: {
      'tools/bazel': NO_TREE('a kernel checkout of Android'),
      'dtc -I dts': NO_TREE('mkdtboimg'),
      'm && fastboot': NO_TREE('a checkout of Android'),
      fastboot: 'needs a board',
      adb: 'needs a board',
    },
    after: 'cmp device/VENDOR/BOARD/ueventd.rc dmaheap/ueventd.rc',
  },
  {
    target: 'armbian',
    folder: '../armbian',
    notRun: { './compile.sh': NO_TREE("Armbian's build"), 'sudo dd': "needs the image of Armbian's build" },
    after: 'test -f userpatches/extensions/dmaheap/dmaheap.sh',
  },
  {
    target: 'buildroot',
    folder: '../dmaheap',
    notRun: { make: IN_AN_IMAGE, 'cat ../dmaheap': IN_AN_IMAGE },
  },
  {
    target: 'cmdline',
    notRun: Object.fromEntries(
      ['load', 'fdt'].map((word) => [word, 'is typed at the prompt of U-Boot; the lab boots boards through U-Boot']),
    ),
  },
  {
    target: 'container',
    notRun: {
      'sh lxc/dmaheap-lxc.sh': 'needs a host with heaps',
      'stat -c': 'needs a host with heaps',
      'docker compose': 'needs a host with heaps and the daemon; the files are read by docker-compose above',
    },
  },
  {
    target: 'debian',
    notRun: { 'sudo apt-get build-dep': 'the packages are here, and a user has the sources in sources.list' },
    after: `test -x /usr/bin/dmaheap-verify && test -f /usr/lib/udev/rules.d/70-dmaheap.rules && dmaheap-verify --version`,
  },
  {
    target: 'dt-overlay',
    before: `cp "$DTBS/freescale/imx8mp-evk.dtb" .`,
    after: 'fdtget merged.dtb /reserved-memory ranges && fdtget merged.dtb /reserved-memory/linux,cma size',
  },
  {
    target: 'fleet',
    notRun: {
      lavacli: 'test:engines types it before a LAVA server',
      pytest: 'test:engines runs it with labgrid',
      ssh: 'needs a board',
      '{ "boards"': 'is a file and not a command; test:engines runs the matrix',
    },
  },
  {
    target: 'kbuild',
    kernel: true,
    notRun: { 'make -C ../linux': 'takes many minutes; the lab builds kernels from such fragments' },
    after: './check-config.sh dmaheap.config ../linux/.config && test -f dmaheap.dtbo',
  },
  {
    target: 'kernel-fragment',
    kernel: true,
    folder: '../fragment',
    before: 'cp ../fragment/dmaheap.cfg ../linux/ && cd ../linux',
    after: `grep -q '^CONFIG_ARM64=y' .config && grep -vxFf .config dmaheap.cfg | grep '^CONFIG' && exit 1; true`,
  },
  {
    target: 'mkosi',
    kernel: true,
    notRun: {
      'export ARCH': 'is for the line after it',
      '(cd ../linux': 'takes many minutes; the lab builds kernels from such fragments',
      'mkdir -p mkosi.packages': 'needs the package of the line before it',
      'mkosi --package': 'test:images builds and boots the image',
      'mkosi burn': 'needs a card',
    },
  },
  {
    target: 'nixos',
    before: `mkdir -p /etc/nixos; echo '{ imports = [ ./hardware-configuration.nix ]; }' >/etc/nixos/configuration.nix`,
    notRun: { 'sudo nixos-rebuild': NO_TREE('nixpkgs') },
    after: `grep -q '\\[ ./dmaheap ./hardware-configuration.nix \\]' /etc/nixos/configuration.nix && test -f /etc/nixos/dmaheap/default.nix`,
  },
  {
    target: 'openwrt',
    folder: '../openwrt-dmaheap',
    before: `mkdir -p target/linux/generic/hack-6.12
for file in drivers/base/Kconfig drivers/dma-buf/heaps/Makefile; do
  printf -- '--- a/%s\\n+++ b/%s\\n@@ -1 +1 @@\\n-old\\n+new\\n' $file $file
done >target/linux/generic/hack-6.12/904-debloat_dma_buf.patch`,
    notRun: {
      'make defconfig': NO_TREE('OpenWrt'),
      '../openwrt-dmaheap/check-config.sh': 'needs what the line before it makes',
    },
    after: `! grep -q heaps/Makefile target/linux/generic/hack-6.12/*.patch && grep -qx CONFIG_PACKAGE_dmaheap=y .config && test -f env/kernel-config`,
  },
  {
    target: 'raspberrypi',
    board: 'rpi-4-b',
    before: 'mkdir -p /boot/firmware/overlays /etc/udev/rules.d /etc/sysusers.d',
    after: `grep -q '^dtoverlay=dmaheap' /boot/firmware/config.txt && fdtdump /boot/firmware/overlays/dmaheap.dtbo >/dev/null 2>&1 && getent group video`,
  },
  { target: 'u-boot', after: 'test -f /boot/dmaheap.dtbo' },
  {
    target: 'udev',
    notRun: {
      'udevadm control': 'needs a running udev; test:images boots one with these rules',
      'udevadm trigger': 'needs a running udev; test:images boots one with these rules',
    },
    after: 'test -f /usr/lib/udev/rules.d/70-dmaheap.rules && getent group video',
  },
  { target: 'verify' },
  {
    target: 'yocto',
    folder: '../meta-dmaheap',
    notRun: { bitbake: NO_TREE('bitbake'), 'cat ../meta-dmaheap': 'needs the build that bitbake has set up' },
  },
];

/** The blocks of a page that are indented by four columns. */
export const commandsOf = (page: string): readonly string[] =>
  [...page.matchAll(/^ {4}(\S.*)$/gm)].map(([, command = '']) => command);

/** $1: becomes /tmp/page, as everywhere else in the copy a place to write; $2: the script. */
const THROWN_AWAY = `mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
cd /mnt/root
mkdir -p tmp/page && mount --bind "$1" tmp/page
mount --rbind /dev dev && mount -t proc proc proc
printf '#!/bin/sh\\nexec "$@"\\n' >usr/local/bin/sudo && chmod 755 usr/local/bin/sudo && cp usr/local/bin/sudo usr/local/bin/doas
exec chroot . bash -ec "$2"`;

export interface Reading {
  readonly run: readonly string[];
  readonly notRun: readonly (readonly [command: string, reason: string])[];
  /** What is wrong with the table above. */
  readonly stale: readonly string[];
}

/** Which commands of a page run here. */
export function readPage(page: Page, tree: Tree): Reading {
  const reasons = { ...AFTER_THE_BOOT, ...page.notRun };
  const reasonOf = (command: string) => Object.entries(reasons).find(([start]) => command.startsWith(start))?.[1];
  const commands = commandsOf(readFileSync(path.join(tree.directory, page.target, 'README.md'), 'utf8'));
  const stale = Object.keys(page.notRun ?? {}).filter((start) => !commands.some((one) => one.startsWith(start)));
  return {
    run: commands.filter((command) => reasonOf(command) === undefined),
    notRun: commands.flatMap((command) => {
      const reason = reasonOf(command);
      return reason === undefined ? [] : [[command, reason] as const];
    }),
    stale: stale.map((start) => `the page has no command that begins with ${start}`),
  };
}

/** Types the commands of a page. */
export async function typePage(page: Page, { run, stale }: Reading, tree: Tree, scratch: string): Promise<string> {
  const folder = path.join(scratch, 'folder', path.basename(page.folder ?? 'folder'));
  cpSync(path.join(tree.directory, page.target), folder, { recursive: true });
  const cwd =
    page.folder === undefined ? folder : path.join(scratch, 'folder', page.folder.startsWith('../') ? 'here' : '.');
  mkdirSync(cwd, { recursive: true });
  return [...stale, ...(run.length > 0 ? await typed(page, run, scratch, cwd) : [])].join('\n');
}

async function typed(page: Page, run: readonly string[], scratch: string, cwd: string): Promise<readonly string[]> {
  const lines = [`cd /tmp/page/${path.relative(scratch, cwd)}`, page.before ?? ''];
  if (page.kernel)
    lines.splice(
      1,
      0,
      `ln -s "$TREE" ../linux && grep -v =m ../linux/arch/arm64/configs/defconfig | head -n 200 >../linux/.config`,
    );
  writeFileSync(path.join(scratch, 'typed.sh'), [...lines, 'set -x', ...run, page.after ?? '', ''].join('\n'));
  const env = {
    DTBS: await dtbDirectory('arm64', '6.12'),
    ...(page.kernel ? { TREE: await kernelTree('6.12') } : {}),
    DEB_BUILD_OPTIONS: 'nocheck noopt',
    DEBIAN_FRONTEND: 'noninteractive',
    MAKEFLAGS: '',
  };
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', ...(process.getuid?.() === 0 ? [] : ['-r'])];
  const command = ['unshare', ...namespaces, 'sh', '-ec', THROWN_AWAY, 'sh', scratch, '. /tmp/page/typed.sh'];
  const { exitCode, all } = await execa('timeout', ['-s', 'KILL', '600', ...command], {
    reject: false,
    all: true,
    env,
    stdin: 'ignore',
  });
  return exitCode === 0 ? [] : [`status ${exitCode}\n${all}`];
}
