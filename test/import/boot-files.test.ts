/** The files that boot loaders read: where they keep the kernel's arguments, and what config.txt does to the area. */
import { describe, expect, test } from 'vitest';
import type { RaspberryPi } from '../../src/image/index.js';
import { readAccess } from '../../src/import/access.js';
import { readCommandLine } from '../../src/import/boot.js';
import { kernelArguments } from '../../src/import/boot-files.js';
import { readConfigTxt } from '../../src/import/config-txt.js';
import { SourceText } from '../../src/source/index.js';

const MIB = 1n << 20n;
const pi = (...compatible: string[]): RaspberryPi => ({ compatible });
const PI3 = pi('raspberrypi,3-model-b-plus', 'brcm,bcm2837');
const PI400 = pi('raspberrypi,400', 'brcm,bcm2711');
const CM5 = pi('raspberrypi,5-compute-module', 'brcm,bcm2712');

describe('the kernel command line', () => {
  test.each([
    ['GRUB_DEFAULT=0\n#GRUB_CMDLINE_LINUX="cma=1G"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet cma=96M"\n', 96n],
    ["GRUB_CMDLINE_LINUX='cma=32M'\nGRUB_CMDLINE_LINUX_DEFAULT='cma=48M'\n", 48n],
    ['GRUB_CMDLINE_LINUX="a"\nGRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX cma=40M"\n', 40n],
    [
      "menuentry 'one' {\n\tlinux\t/vmlinuz root=/dev/sda1 cma=80M\n}\nmenuentry 'two' {\n\tlinux /vmlinuz cma=8M\n}\n",
      80n,
    ],
    ['rootdev=UUID=1\nextraargs=coherent_pool=2M cma=144M\nfdtfile=x.dtb\n', 144n],
    ['uname_r=6.6\ncmdline=coherent_pool=1M net.ifnames=0 cma=24M\n#cmdline=cma=1M\n', 24n],
    ['setenv bootargs "console=ttyS2 cma=16M"\nsetenv bootargs "$bootargs cma=112M"\nbootm $a\n', 112n],
    ["env set bootargs 'console=ttyS2 cma=20M'\n", 20n],
    [
      'DEFAULT second\nLABEL first\n  APPEND cma=4M\nLABEL second\n  KERNEL /Image\n  APPEND root=/dev/x cma=68M\n',
      68n,
    ],
    ['title Board\nlinux /Image\noptions root=/dev/x\noptions cma=72M rw\n', 72n],
    ['BOARD_KERNEL_CMDLINE := console=ttyS0\nBOARD_KERNEL_CMDLINE += cma=800M@0x400M-0xb80M\n', 800n],
    ['APPEND:append = " cma=36M"\n', 36n],
    ['{ boot.kernelParams = [ "quiet" "cma=52M" ]; }\n', 52n],
    ['console=ttymxc1 root=/dev/mmcblk2p2 cma=60M\n', 60n],
    ['LABEL one\n  APPEND cma=4M\nLABEL two\n  MENU DEFAULT\n  APPEND cma=28M\n', 28n],
    ['DEFAULT one\nLABEL one\n  APPEND cma=4M\nLABEL two\n  MENU DEFAULT\n  APPEND cma=28M\n', 4n],
    ['bootloader --ptable gpt --append="rootwait cma=44M" --timeout=0\npart / --source rootfs\n', 44n],
    [`'\u0005\u0019V${'\0'.repeat(20)}boot\0\0\0\u0030\0\0\0\0setenv bootargs "quiet cma=56M"\n`, 56n],
  ])('of %j', (text, mebibytes) => {
    expect(readCommandLine(new SourceText('file', text)).value?.sizeBytes).toBe(mebibytes * MIB);
  });

  test('is empty where the file says nothing of it', () => {
    expect(kernelArguments(new SourceText('grub', 'GRUB_CMDLINE_LINUX=""\n'))).toMatchObject({
      text: '',
      as: 'the defaults of GRUB',
    });
  });
});

describe('config.txt', () => {
  test.each<[string, RaspberryPi, bigint | undefined]>([
    ['dtoverlay=vc4-kms-v3d', PI3, 256n],
    ['dtoverlay=vc4-kms-v3d', PI400, 508n],
    ['dtoverlay=vc4-kms-v3d', CM5, 64n],
    ['dtoverlay=vc4-fkms-v3d', PI400, 508n],
    ['dtoverlay=vc4-kms-v3d,cma-default', PI400, undefined],
    ['dtoverlay=vc4-kms-v3d,cma-300', PI400, 508n],
    ['dtoverlay=vc4-kms-v3d,cma-size=314572800', PI400, 300n],
    ['dtoverlay=vc4-kms-v3d,cma-size=300M', PI400, 508n],
    ['dtoverlay=vc4-kms-v3d-pi4', PI400, 508n],
    ['dtoverlay=vc4-kms-v3d-pi4,cma-128', PI3, undefined],
    ['dtoverlay=vc4-kms-v3d-pi5', PI3, undefined],
    ['dtoverlay=cma,cma-96\ndtoverlay=vc4-fkms-v3d', CM5, 96n],
    ['dtoverlay=vc4-kms-v3d-pi4,cma-128', CM5, 128n],
    ['dtoverlay=vc4-kms-v3d\ndtoverlay=cma,cma-96', CM5, 96n],
    ['dtoverlay=vc4-kms-v3d\ndtparam=audio=on\ndtparam=cma-320', CM5, 320n],
    ['dtparam=cma-320\ndtoverlay=vc4-kms-v3d', CM5, 64n],
    ['dtoverlay=vc4-kms-v3d\ndtoverlay=\ndtparam=cma-320', CM5, 64n],
    ['[pi4]\ndtoverlay=cma,cma-128\n[cm5]\ndtoverlay=cma,cma-192\n[all]', PI400, 128n],
    ['[pi4]\ndtoverlay=cma,cma-128\n[cm5]\ndtoverlay=cma,cma-192\n[all]', CM5, 192n],
    ['[cm4]\ndtoverlay=cma,cma-128\n', PI400, undefined],
    ['[none]\ndtoverlay=cma\n[pi3]\ndtoverlay=cma', PI400, undefined],
    ['#dtoverlay=cma\ndtoverlay=disable-bt', PI3, undefined],
    ['[all]\r\ndtoverlay=cma,cma-64\r\n', PI3, 64n],
    ['dtoverlay=vc4-kms-v3d,cma-default,cma-192', PI400, undefined],
    ['dtoverlay=vc4-fkms-v3d,cma-448\ndtparam=cma-default=off', PI3, undefined],
    ['dtoverlay=cma,cma-320=off', PI3, 320n],
    ['dtoverlay=vc4-kms-v3d,cma=192', PI400, 508n],
    [`dtoverlay=vc4-kms-v3d,${'nohdmi,'.repeat(11)}cma-128`, PI400, 508n],
    [`dtoverlay=vc4-kms-v3d,${'nohdmi,'.repeat(9)}cma-128`, PI400, 128n],
  ])('%j makes the area of a board', (text, board, mebibytes) => {
    const { value } = readConfigTxt(new SourceText('config.txt', text), board);
    expect(value?.sizeBytes).toBe(mebibytes === undefined ? undefined : mebibytes * MIB);
  });

  const said = (text: string, board: RaspberryPi) =>
    readConfigTxt(new SourceText('config.txt', text), board).diagnostics.map(({ message }) => message);

  test('asks for the board where the size depends on it', () => {
    expect(said('dtoverlay=vc4-kms-v3d', {})).toEqual([expect.stringContaining('assuming 256 MiB')]);
    expect(said('[tryboot]\ndtoverlay=cma', PI3)[0]).toContain('[tryboot]');
  });

  test('says which parameter and which overlay the firmware does not take, and what it may not', () => {
    const cma300 = readConfigTxt(new SourceText('config.txt', 'dtoverlay=vc4-kms-v3d,cma-300'), PI400).diagnostics;
    expect(cma300.map(({ code }) => code)).toEqual(['import/no-effect', 'import/changed']);
    expect(cma300[0]?.message).toBe('cma-300 has no effect: the overlay vc4-kms-v3d does not have this parameter');
    expect(cma300[0]?.fix).toBe('write cma-size=314572800');
    expect(said('dtoverlay=cma,cma-size=300M', PI400)[0]).toContain('cma-size takes a number of bytes');
    expect(said('dtoverlay=vc4-kms-v3d-pi4', PI3)).toEqual([expect.stringContaining('on bcm2835 to bcm2837')]);
    expect(said('dtoverlay=vc4-kms-v3d-pi4,cma-128', CM5)).toEqual([expect.stringContaining('depends on its release')]);
    expect(said('dtoverlay=vc4-fkms-v3d', CM5)).toEqual([expect.stringContaining('does not load this overlay')]);
  });

  test('names a parameter without its overlay, memory of the GPU and includes', () => {
    expect(said('dtparam=cma-128', PI3)[0]).toContain('cma-128 has no effect');
    expect(said('gpu_mem=256\ndtoverlay=cma', PI3)[0]).toContain('gpu_mem=256 takes 256 MiB');
    expect(said('gpu_mem=256\ndtoverlay=cma', CM5)[0]).toContain('gpu_mem=256 has no effect on bcm2712');
    expect(said('include extra.txt', CM5)).toEqual(['include extra.txt is not read']);
    expect(said(`dtoverlay=cma,${'a,'.repeat(50)}cma-64`, PI3)[0]).toContain('first 98 characters');
    expect(said('total_mem=512', { ...PI3, memoryBytes: 948n * MIB })[0]).toContain('total_mem=512 limits the RAM');
  });

  test.each<[string, RaspberryPi]>([
    ['gpu_mem=64', PI3],
    ['gpu_mem=16', PI400],
    ['gpu_mem_256=128', PI400],
    ['gpu_mem_512=256', { ...PI3, memoryBytes: 948n * MIB }],
    ['total_mem=4096', { ...PI3, memoryBytes: 948n * MIB }],
  ])('says nothing of %s, which takes nothing from the board', (text, board) => {
    expect(said(text, board)).toEqual([]);
  });
});

describe('rules without SUBSYSTEM', () => {
  const named = (text: string) => readAccess([new SourceText('60-x.rules', text)], ['system', 'linux,cma']).value.named;

  test.each(['system-uncached', 'system-dma32', 'linux,cma-uncached', 'cma', 'mtk_mm-uncached', 'qcom,secure-heap'])(
    'KERNEL=="%s" names a heap of a vendor',
    (name) => {
      expect(named(`KERNEL=="${name}", GROUP="video", MODE="0660"\n`)).toEqual([name]);
    },
  );

  test.each(['mpp_service', 'rga', 'video[0-9]*', 'dri/card0', 'dma_heap', 'tty*'])(
    'KERNEL=="%s" names none',
    (name) => {
      expect(named(`KERNEL=="${name}", GROUP="video", MODE="0660"\n`)).toEqual([]);
    },
  );
});
