/** Boards whose maps people look at: Debian's DTBs, with the RAM that the boards are sold with. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dtbDirectory } from '../../../src/build/fetch/index.js';
import { dmaheap } from '../../cli/run.js';

export interface GalleryBoard {
  /** Below the directory of DTBs of Debian's kernel 6.12. */
  readonly dtb: string;
  readonly arch?: 'armhf' | 'riscv64';
  /** `BASE+SIZE`, where the tree leaves the RAM to the boot loader. */
  readonly memory?: readonly string[];
  /** Of the default area. */
  readonly size?: string;
  /** `NAME=BASE+SIZE` */
  readonly occupied?: readonly string[];
  /** The first and the last kernel of the profile. */
  readonly kernels?: readonly [string, string];
}

export const GALLERY: readonly GalleryBoard[] = [
  { dtb: 'ti/k3-j721e-sk.dtb' },
  { dtb: 'qcom/sdm845-db845c.dtb', memory: ['0x80000000+4G'] },
  { dtb: 'broadcom/bcm2711-rpi-4-b.dtb', memory: ['0x0+0x3b400000', '0x40000000+3G', '0x100000000+4G'], size: '512M' },
  { dtb: 'rockchip/rk3588-rock-5b.dtb', memory: ['0x200000+0xefe00000', '0x100000000+0x300000000'], size: '1G' },
  { dtb: 'rockchip/rk3399-rockpro64.dtb', memory: ['0x200000+0xf7e00000'], size: '400M', kernels: ['6.1', '7.3'] },
  {
    dtb: 'allwinner/sun50i-a64-pine64-plus.dtb',
    memory: ['0x40000000+512M'],
    size: '64M',
    occupied: ['kernel=0x40080000+0x2100000', 'initrd=0x49000000+0x1000000', 'dtb=0x4fa00000+0x10000'],
  },
  { dtb: 'mediatek/mt8183-kukui-krane-sku176.dtb', memory: ['0x40000000+4G'] },
  { dtb: 'starfive/jh7110-starfive-visionfive-2-v1.3b.dtb', arch: 'riscv64', memory: ['0x40000000+8G'], size: '256M' },
  { dtb: 'allwinner/sun50i-h6-pine-h64.dtb', memory: ['0x40000000+2G'] },
  { dtb: 'amlogic/meson-g12b-odroid-n2.dtb', memory: ['0x0+0xf5000000'] },
  { dtb: 'amlogic/meson-sm1-odroid-c4.dtb', memory: ['0x0+0xf5000000'], size: '400M' },
  { dtb: 'amlogic/meson-gxbb-odroidc2.dtb' },
  { dtb: 'amlogic/meson-gxl-s905x-libretech-cc.dtb' },
  { dtb: 'broadcom/bcm2837-rpi-3-b.dtb', memory: ['0x0+0x3b400000'] },
  { dtb: 'broadcom/bcm2712-rpi-5-b.dtb', memory: ['0x0+0x3fc00000', '0x40000000+0x3c0000000'], size: '512M' },
  { dtb: 'freescale/imx8mp-evk.dtb', kernels: ['5.15', '7.3'] },
  { dtb: 'freescale/imx8mq-evk.dtb' },
  { dtb: 'freescale/imx8mm-evk.dtb' },
  { dtb: 'freescale/imx93-11x11-evk.dtb' },
  { dtb: 'freescale/fsl-ls1046a-rdb.dtb', memory: ['0x80000000+0x7be00000', '0x880000000+6G'] },
  { dtb: 'hisilicon/hi6220-hikey.dtb' },
  { dtb: 'marvell/armada-8040-mcbin.dtb', memory: ['0x0+0xc0000000', '0x100000000+0x340000000'] },
  { dtb: 'mediatek/mt8173-elm.dtb', memory: ['0x40000000+4G'] },
  { dtb: 'mediatek/mt8195-cherry-tomato-r2.dtb', memory: ['0x40000000+8G'] },
  { dtb: 'nvidia/tegra210-p3450-0000.dtb', memory: ['0x80000000+4G'] },
  { dtb: 'freescale/fsl-lx2160a-honeycomb.dtb', memory: ['0x80000000+0x7be00000', '0x2080000000+62G'], size: '1G' },
  { dtb: 'qcom/apq8016-sbc.dtb', memory: ['0x80000000+1G'], kernels: ['5.10', '7.3'] },
  { dtb: 'qcom/sc8280xp-lenovo-thinkpad-x13s.dtb', memory: ['0x80000000+0x80000000', '0x880000000+0x380000000'] },
  { dtb: 'qcom/sm8250-mtp.dtb', memory: ['0x80000000+8G'] },
  { dtb: 'rockchip/rk3568-odroid-m1.dtb', memory: ['0x200000+0xefe00000'] },
  { dtb: 'rockchip/rk3328-rock64.dtb', memory: ['0x200000+0xfee00000'] },
  { dtb: 'ti/k3-am625-sk.dtb', size: '256M' },
  { dtb: 'ti/k3-am68-sk-base-board.dtb' },
  { dtb: 'ti/k3-j784s4-evm.dtb' },
  { dtb: 'xilinx/zynqmp-zcu102-rev1.0.dtb' },
  { dtb: 'stm32mp157c-dk2.dtb', arch: 'armhf', size: '128M' },
  { dtb: 'am335x-boneblack.dtb', arch: 'armhf', size: '32M' },
  { dtb: 'imx6q-sabrelite.dtb', arch: 'armhf', size: '256M' },
];

/**
 * Makes the profile of a board and its report.
 * @returns the file of the report
 */
export async function reportOf(board: GalleryBoard, work: string): Promise<string> {
  const directory = await dtbDirectory(board.arch ?? 'arm64', '6.12');
  const name = path.basename(board.dtb, '.dtb');
  execFileSync('cp', [path.join(directory, board.dtb), path.join(work, `${name}.dtb`)]);
  const [first = '6.12', last = '7.3'] = board.kernels ?? [];
  const size = board.size === undefined ? [] : ['--size', board.size];
  const drafted = await dmaheap(
    ['init', '--dtb', `${name}.dtb`, '-o', `${name}.json`, '--kernel', first, ...size],
    work,
  );
  if (drafted.exit !== 0) throw new Error(`${board.dtb}: init ends with ${drafted.exit}: ${drafted.stderr}`);
  const file = path.join(work, `${name}.json`);
  const banks = board.memory?.map((bank) => {
    const [base, bytes] = bank.split('+');
    return { base, size: bytes };
  });
  const drawn = readFileSync(file, 'utf8')
    .replace(/^(\s*)(?:\/\/ )?"memory": \[.*$/m, (line, indent) =>
      banks === undefined ? line : `${indent}"memory": ${JSON.stringify(banks)},`,
    )
    .replace(/"kernel": [^\n]*/, `"kernel": { "version": { "min": "${first}", "max": "${last}" } },`);
  writeFileSync(file, drawn);
  const occupied = (board.occupied ?? []).flatMap((range) => ['--occupied', range]);
  const page = path.join(work, `${name}.html`);
  const reported = await dmaheap(
    ['report', `${name}.json`, '--dtb', `${name}.dtb`, ...occupied, '-o', `${name}.html`],
    work,
  );
  if (reported.exit > 1) throw new Error(`${board.dtb}: report ends with ${reported.exit}: ${reported.stderr}`);
  return page;
}
