/** The DTB of an image by the configuration of its boot loader: with the line that applies the overlay, and without it. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-boot-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const profile = path.resolve('schemas/examples/qemu-virt-arm64.json');
const at = (file: string) => path.join(work, file);

beforeAll(async () => {
  expect((await dmaheap(['generate', profile, '-o', 'out'], work)).exit).toBe(0);
  const source = `/dts-v1/;
/ {
  #address-cells = <2>; #size-cells = <2>;
  compatible = "linux,dummy-virt";
  memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x20000000>; };
};
`;
  execaSync('dtc', ['-q', '-@', '-O', 'dtb', '-o', at('board.dtb'), '-'], { input: source });
  execaSync('dtc', ['-q', '-O', 'dtb', '-o', at('dmaheap.dtbo'), at('out/dt-overlay/dmaheap.dtso')]);
  execaSync('fdtoverlay', ['-i', at('board.dtb'), '-o', at('merged.dtb'), at('dmaheap.dtbo')]);
});

type Files = Readonly<Record<string, string | (() => Uint8Array)>>;
let count = 0;
async function check(files: Files) {
  count += 1;
  const name = `image-${count}`;
  for (const [file, content] of Object.entries<Files[string]>({ 'etc/hostname': 'board\n', ...files })) {
    const target = at(`${name}/${file}`);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, typeof content === 'string' ? content : content());
  }
  const { stdout, stderr } = await dmaheap(['check', profile, '--rootfs', name], work);
  const status = /^(\S+(?: run)?) +image-dtb:/m.exec(stdout)?.[1];
  return { status, stderr };
}
const file = (name: string) => () => readFileSync(at(name));
const SHIPPED: Files = { 'boot/board.dtb': file('board.dtb'), 'boot/overlays/dmaheap.dtbo': file('dmaheap.dtbo') };

/** What mkimage puts before a script: a header of 64 bytes, the length of the script, and a zero that ends the list. */
const packed = (script: string) => () =>
  Buffer.concat([Buffer.alloc(64, 0x27), Buffer.from([0, 0, 0, script.length, 0, 0, 0, 0]), Buffer.from(script)]);

const SCRIPT = `load mmc 0:1 \${fdt_addr_r} board.dtb
fdt addr \${fdt_addr_r}
fdt resize 65536
`;
const APPLIED = `setenv name dmaheap
load mmc 0:1 \${loadaddr} overlays/\${name}.dtbo
fdt apply \${loadaddr}
`;
const BOOT = `booti \${kernel_addr_r} - \${fdt_addr_r}
`;

/** Files of the boot loader: with the overlay applied, and with everything but that. */
const LOADERS: Readonly<Record<string, readonly [Files, Files]>> = {
  extlinux: [
    {
      'boot/extlinux/extlinux.conf':
        'default new\nlabel old\n  fdt /board.dtb\nlabel new\n  linux /Image\n  fdt /board.dtb\n  fdtoverlays /overlays/dmaheap.dtbo\n',
    },
    {
      'boot/extlinux/extlinux.conf':
        'default old\nlabel old\n  linux /Image\n  fdt /board.dtb\nlabel new\n  fdt /board.dtb\n  fdtoverlays /overlays/dmaheap.dtbo\n',
    },
  ],
  'MENU DEFAULT of extlinux': [
    {
      'boot/extlinux/extlinux.conf':
        'label old\n  fdt /board.dtb\nlabel new\n  menu default\n  fdt /board.dtb\n  fdtoverlays /overlays/dmaheap.dtbo\n',
    },
    {
      'boot/extlinux/extlinux.conf':
        'label new\n  fdt /board.dtb\n  fdtoverlays /overlays/dmaheap.dtbo\nlabel old\n  MENU DEFAULT\n  fdt /board.dtb\n',
    },
  ],
  "Armbian's armbianEnv.txt": [
    {
      'boot/armbianEnv.txt': 'fdtfile=vendor/board.dtb\noverlay_prefix=soc\nuser_overlays=other dmaheap\n',
      'boot/dtb/vendor/board.dtb': file('board.dtb'),
      'boot/overlay-user/dmaheap.dtbo': file('dmaheap.dtbo'),
      'boot/overlay-user/other.dtbo': file('dmaheap.dtbo'),
    },
    {
      'boot/armbianEnv.txt': 'fdtfile=vendor/board.dtb\noverlay_prefix=soc\n#user_overlays=dmaheap\n',
      'boot/dtb/vendor/board.dtb': file('board.dtb'),
      'boot/overlay-user/dmaheap.dtbo': file('dmaheap.dtbo'),
    },
  ],
  "Raspberry Pi's config.txt": [
    {
      'boot/firmware/config.txt': 'arm_64bit=1\ndevice_tree=board.dtb\n[all]\ndtoverlay=dmaheap\n',
      'boot/firmware/board.dtb': file('board.dtb'),
      'boot/firmware/overlays/dmaheap.dtbo': file('dmaheap.dtbo'),
    },
    {
      'boot/firmware/config.txt': 'arm_64bit=1\ndevice_tree=board.dtb\n#dtoverlay=dmaheap\n',
      'boot/firmware/board.dtb': file('board.dtb'),
      'boot/firmware/overlays/dmaheap.dtbo': file('dmaheap.dtbo'),
    },
  ],
  'uEnv.txt': [
    { 'boot/uEnv.txt': 'dtb=board.dtb\nuboot_overlay_addr4=/overlays/dmaheap.dtbo\n' },
    { 'boot/uEnv.txt': 'dtb=board.dtb\n#uboot_overlay_addr4=/overlays/dmaheap.dtbo\n' },
  ],
  'the source of boot.scr': [
    { 'boot/boot.cmd': `${SCRIPT}${APPLIED}${BOOT}` },
    { 'boot/boot.cmd': `${SCRIPT}# ${APPLIED.trim().replaceAll('\n', '\n# ')}\n${BOOT}` },
  ],
  'boot.scr of mkimage': [
    { 'boot/boot.scr': packed(`${SCRIPT}${APPLIED}${BOOT}`) },
    { 'boot/boot.scr': packed(`${SCRIPT}${BOOT}`) },
  ],
  'an entry of the Boot Loader Specification': [
    {
      'boot/loader/loader.conf': 'default b*\n',
      'boot/loader/entries/a.conf': 'title a\ndevicetree /board.dtb\n',
      'boot/loader/entries/b.conf':
        'title b\nlinux /Image\ndevicetree /board.dtb\ndevicetree-overlay /overlays/dmaheap.dtbo\n',
    },
    {
      'boot/loader/loader.conf': 'default a*\n',
      'boot/loader/entries/a.conf': 'title a\ndevicetree /board.dtb\n',
      'boot/loader/entries/b.conf':
        'title b\nlinux /Image\ndevicetree /board.dtb\ndevicetree-overlay /overlays/dmaheap.dtbo\n',
    },
  ],
  "GRUB's devicetree": [
    {
      'boot/grub/grub.cfg': 'menuentry "x" {\n  linux /boot/Image\n  devicetree /boot/merged.dtb\n}\n',
      'boot/merged.dtb': file('merged.dtb'),
    },
    {
      'boot/grub/grub.cfg': 'menuentry "x" {\n  linux /boot/Image\n  devicetree /boot/board.dtb\n}\n',
      'boot/merged.dtb': file('merged.dtb'),
    },
  ],
};

describe.each(Object.entries(LOADERS))('%s', (_, [applied, not]) => {
  test('applies the overlay: pass, and the line is named', async () => {
    const { status, stderr } = await check({ ...SHIPPED, ...applied });
    expect([status, stderr]).toEqual(['pass', expect.stringMatching(/note\[dtb\/applied\]: Linux \S+ gets \S+\.dtb/)]);
  });
  test('does not apply it, and the image holds it: fail', async () => {
    const { status, stderr } = await check({ ...SHIPPED, ...not });
    expect([status, stderr]).toEqual(['FAIL', expect.stringContaining('does not apply it')]);
  });
  test('names an overlay that the image does not hold: fail', async () => {
    const without = Object.fromEntries(
      Object.entries({ ...SHIPPED, ...applied }).filter(([name]) => !/dmaheap\.dtbo$|merged\.dtb$/.test(name)),
    );
    expect((await check(without)).status).toBe('FAIL');
  });
});

const piTree = () => {
  copyFileSync(at('board.dtb'), at('pi.dtb'));
  execaSync('fdtput', ['-t', 's', at('pi.dtb'), '/', 'compatible', 'raspberrypi,4-model-b', 'brcm,bcm2711']);
  return readFileSync(at('pi.dtb'));
};

test.each([
  ['dtoverlay=vc4-kms-v3d', 'vc4-kms-v3d-pi4', 'warn'],
  ['dtoverlay=vc4-kms-v3d', 'vc4-kms-v3d-pi5', 'FAIL'],
  ['device_tree_overlay=dmaheap', 'dmaheap', 'warn'],
  ['dtoverlay=dmaheap\ndtoverlay=\ndtparam=audio=on', 'dmaheap', 'warn'],
])('the firmware of a Raspberry Pi 4 reads %j and loads %s.dtbo', async (lines, name, status) => {
  const got = await check({
    'boot/firmware/config.txt': `device_tree=pi.dtb\n${lines}\n`,
    'boot/firmware/pi.dtb': piTree,
    [`boot/firmware/overlays/${name}.dtbo`]: file('dmaheap.dtbo'),
  });
  expect(got.status, got.stderr).toBe(status);
});

/** "warn": the profile is of another board, which is not the question here. */
test.each([
  ['[none]', 'FAIL'],
  ['[none]\n[all]', 'warn'],
  ['[pi4]', 'warn'],
  ['[pi5]', 'FAIL'],
  ['[pi5]\n[pi4]', 'warn'],
  ['[cm4]', 'FAIL'],
  ['[pi4]\n[none]', 'FAIL'],
  ['[gpio4=1]', 'warn'],
  ['[pi5]\n[gpio4=1]', 'FAIL'],
])('the overlay below %s in config.txt of a Raspberry Pi 4', async (filters, status) => {
  const got = await check({
    'boot/firmware/config.txt': `device_tree=pi.dtb\n${filters}\ndtoverlay=dmaheap\n`,
    'boot/firmware/pi.dtb': piTree,
    'boot/firmware/overlays/dmaheap.dtbo': file('dmaheap.dtbo'),
  });
  expect(got.status, got.stderr).toBe(status);
});

describe('a FIT image', () => {
  const packedTrees = (parts: string) => () => {
    const source = `/dts-v1/;
/ {
  images {
    fdt-1 { description = "board"; type = "flat_dt"; data = /incbin/("board.dtb"); };
    fdt-2 { description = "area"; type = "flat_dt"; data = /incbin/("dmaheap.dtbo"); };
  };
  configurations { default = "conf-1"; conf-1 { fdt = ${parts}; }; };
};
`;
    writeFileSync(at('fit.its'), source);
    execaSync('dtc', ['-q', '-O', 'dtb', '-o', 'fit.itb', 'fit.its'], { cwd: work });
    copyFileSync(at('fit.itb'), at('fitImage'));
    return readFileSync(at('fitImage'));
  };
  test('whose configuration has the overlay', async () => {
    const { status, stderr } = await check({ 'boot/fitImage': packedTrees('"fdt-1", "fdt-2"') });
    expect([status, stderr]).toEqual(['pass', expect.stringMatching(/fdt-2 \(\S+fitImage, configuration conf-1\)/)]);
  });
  test('whose configuration does not have it', async () => {
    expect((await check({ 'boot/fitImage': packedTrees('"fdt-1"') })).status).toBe('FAIL');
  });
});
