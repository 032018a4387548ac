/** The board of the engines: QEMU's machine, with the kernel of the lab and the files that the profile generates. */
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildStaticFor } from '../../src/build/native.js';
import { deviceGuest } from '../e2e/devices.js';
import { initramfs } from '../e2e/guest.js';
import { mergedDtb } from '../e2e/overlay.js';
import { generate } from '../e2e/product.js';
import { baseDtb } from '../e2e/qemu.js';
import { guestKernel } from '../native/kernels.js';

/** What is wrong with a board: nothing, no overlay, no verifier, or a verifier that is killed before its verdict. */
export const BOARDS = ['healthy', 'no-overlay', 'no-verifier', 'killed'] as const;
export type BoardName = (typeof BOARDS)[number];

export type BoardArch = 'arm64' | 'arm';

export const MEMORY_MIB = 512;
export const PROMPT = 'root@board:';

/** A shell on the console, as a board in a lab has it. */
const SHELL = `/bin/busybox --install -s /bin 2>/dev/null
mkdir -p /root /var /dev/pts
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd 2>/dev/null
dmesg -n 1
export PS1='${PROMPT}/# ' HOME=/root
cd /
exec setsid cttyhack sh
`;

/** Ramdisk of a board that prints its reports and ends. */
export const reportsRamdisk = 'reports.cpio';

const REPORTS = `for format in junit ktap json; do
  echo "@@REPORT $format"
  dmaheap-verify --expect /etc/dmaheap/verify.expect --format "$format"
  echo
done
`;

const KILLED = `#!/bin/sh
mkfifo /tmp/said
dmaheap-verify.whole "$@" >/tmp/said &
head -n 5 /tmp/said
kill -9 $!
`;

export const dtbOf = (board: BoardName) => (board === 'no-overlay' ? 'base.dtb' : 'overlay.dtb');
/** A board without overlay differs from a healthy one in its DTB only. */
export const ramdiskOf = (board: BoardName) => `${board === 'no-overlay' ? 'healthy' : board}.cpio`;

/** Generates for the board and makes its images: kernel, overlay.dtb, base.dtb and the ramdisks. */
export async function makeImages(directory: string, arch: BoardArch = 'arm64'): Promise<void> {
  const kernel = await guestKernel(`${arch}-6.12`);
  const { machine } = kernel;
  const profile = path.join(directory, 'board.json');
  const example = new URL(`../../schemas/examples/qemu-virt-${arch}.json`, import.meta.url).pathname;
  writeFileSync(profile, JSON.stringify({ version: 1, name: 'lab-board', extends: [example] }));
  const generated = await generate(
    profile,
    ['--kernel', '6.12', '--target', 'dt-overlay,udev,verify'],
    path.join(directory, 'generated'),
  );
  const verifier = await buildStaticFor(arch);
  const base = await baseDtb({ machine, memoryMiB: MEMORY_MIB });
  if (base === undefined) throw new Error('QEMU made no device tree');
  const overlay = path.join(generated, 'dt-overlay/dmaheap.dtso');
  copyFileSync(await mergedDtb({ overlays: [] }, base, directory, [overlay]), path.join(directory, 'overlay.dtb'));
  copyFileSync(base, path.join(directory, 'base.dtb'));
  copyFileSync(kernel.image, path.join(directory, 'kernel'));
  const guest = await deviceGuest(machine, { devices: 'mdev', script: SHELL }, generated);
  const programs: Readonly<Record<Exclude<BoardName, 'no-overlay'>, object>> = {
    healthy: { 'bin/dmaheap-verify': verifier },
    'no-verifier': {},
    killed: { 'bin/dmaheap-verify': wrapperIn(directory), 'bin/dmaheap-verify.whole': verifier },
  };
  for (const [name, files] of Object.entries(programs)) {
    const texts = { ...guest.texts };
    if (name === 'no-verifier') delete texts['etc/dmaheap/verify.expect'];
    const initrd = await initramfs(machine, { ...guest, texts, files: { ...guest.files, ...files } });
    copyFileSync(initrd, path.join(directory, `${name}.cpio`));
  }
  const printing = await deviceGuest(machine, { devices: 'mdev', script: REPORTS }, generated);
  const reports = await initramfs(machine, {
    ...printing,
    files: { ...printing.files, 'bin/dmaheap-verify': verifier },
  });
  copyFileSync(reports, path.join(directory, reportsRamdisk));
}

function wrapperIn(directory: string): string {
  const file = path.join(directory, 'killed.sh');
  writeFileSync(file, KILLED);
  return file;
}
