/**
 * Boots of other people's boards, as their public logs show them: ranges, sizes and order only. `nodes` are facts of the
 * board's device tree in the vendor's or mainline's source; `config` is what the log or the published configuration says
 * of the kernel. Nothing else of a log is kept.
 */
import type { Architecture } from '../../src/placement/index.js';

export interface LogNode {
  readonly name: string;
  /** Base and size, hexadecimal. */
  readonly reg?: string;
  readonly size?: string;
  readonly align?: string;
  /** alloc-ranges: base and size. */
  readonly ranges?: string;
  /** `cma`: reusable pool, `default`: with linux,cma-default as well, `pool`: DMA pool, `no-map`, `dma`: both, absent: plain. */
  readonly is?: 'cma' | 'default' | 'pool' | 'no-map' | 'dma';
}

export interface PublicLog {
  readonly board: string;
  readonly family: string;
  /** Title of the thread and the site. */
  readonly source: string;
  readonly architecture: Architecture;
  readonly release: string;
  readonly compatible: string;
  /** Of the root and of /reserved-memory; default 2 and 2. */
  readonly cells?: readonly [address: number, size: number];
  readonly config?: Readonly<Record<string, string>>;
  readonly nodes: readonly LogNode[];
  /** Debian's device tree of this board, which agrees with the log. */
  readonly dtb?: readonly [architecture: 'arm64' | 'armhf', file: string];
  /** Base and size, which the boot loader adds to the tree's reservation block. */
  readonly memreserve?: readonly string[];
  /** `node 0: [mem ...]`: first and last byte. */
  readonly ram: readonly string[];
  readonly commandLine?: string;
  /** The kernel was started through EFI; absent: "UEFI not found", or no such line. */
  readonly efi?: boolean;
  /** Boot loader's places: start and, where the log says it, the last byte. */
  readonly loaded?: Readonly<Partial<Record<'initrd' | 'dtb', string>>>;
  readonly areas: readonly {
    readonly name: string;
    readonly base: string;
    readonly mebibytes: number;
    readonly isActive?: false;
  }[];
  /** Nodes for which the log has a message that they got no memory, or no driver. */
  readonly refused?: readonly { readonly node: string; readonly as: 'reserve' | 'match' }[];
  /** The `Memory:` line: all, and cma-reserved. */
  readonly memoryKibibytes?: readonly [total: number, cma: number];
}

const RASPBERRY_PI = { name: 'linux,cma', ranges: '0 30000000', is: 'default' } as const;
const ROCKCHIP = [
  { name: 'drm-logo@00000000', reg: '0 0' },
  { name: 'drm-cubic-lut@00000000', reg: '0 0' },
] as const;
const ROCKCHIP_REFUSED = [
  { node: 'drm-logo@00000000', as: 'reserve' },
  { node: 'drm-cubic-lut@00000000', as: 'reserve' },
] as const;
const MESON_CMA = { name: 'linux,cma', size: '10000000', align: '400000', is: 'default' } as const;
const MESON_GX = [
  { name: 'hwrom@0', reg: '0 1000000', is: 'no-map' },
  { name: 'secmon@10000000', reg: '10000000 200000', is: 'no-map' },
  { name: 'secmon@5000000', reg: '5000000 300000', is: 'no-map' },
  { name: 'secmon@5300000', reg: '5300000 2000000', is: 'no-map' },
  MESON_CMA,
] as const;
const IMX8MM = { name: 'linux,cma', size: '28000000', ranges: '40000000 80000000', is: 'default' } as const;
/** imx_v6_v7_defconfig. */
const IMX6 = { CMA_SIZE_MBYTES: '64', HIGHMEM: 'y', ARM_LPAE: 'n' } as const;

export const PUBLIC_LOGS: readonly PublicLog[] = [
  {
    board: 'Raspberry Pi 4 B, 4 GiB',
    family: 'BCM2711',
    source: '720 not working with kms on kernel 5.10 (raspberrypi/linux issue 4044, GitHub)',
    architecture: 'arm64',
    release: '5.10.3-v8+',
    compatible: 'brcm,bcm2711',
    cells: [2, 1],
    nodes: [{ ...RASPBERRY_PI, size: '10000000' }],
    ram: ['0 3b3fffff', '40000000 fbffffff'],
    areas: [{ name: 'linux,cma', base: '1ec00000', mebibytes: 256 }],
  },
  {
    board: 'Raspberry Pi 4 B, 4 GiB, large graphics memory',
    family: 'BCM2711',
    source: 'Hostap Bridge 64 bits, kernel 5.10.17 (raspberrypi/linux issue 4188, GitHub)',
    architecture: 'arm64',
    release: '5.10.17-v8+',
    compatible: 'brcm,bcm2711',
    cells: [2, 1],
    nodes: [{ ...RASPBERRY_PI, size: '10000000' }],
    ram: ['0 272fffff', '40000000 fbffffff'],
    areas: [{ name: 'linux,cma', base: '17000000', mebibytes: 256 }],
  },
  {
    board: 'Raspberry Pi 4 B, 2 GiB',
    family: 'BCM2711',
    source: 'HDMI hotplug, log of a Raspberry Pi (dri-devel mailing list, 2024)',
    architecture: 'arm64',
    release: '6.1.72-v8+',
    compatible: 'brcm,bcm2711',
    cells: [2, 1],
    nodes: [{ ...RASPBERRY_PI, size: '20000000' }],
    ram: ['0 3b3fffff', '40000000 7fffffff'],
    areas: [{ name: 'linux,cma', base: 'ec00000', mebibytes: 512 }],
  },
  {
    board: 'Raspberry Pi 4 B as the first domain of Xen',
    family: 'BCM2711',
    source: 'Xen on Raspberry Pi 4 (documentation of Zarhus, GitHub)',
    architecture: 'arm64',
    release: '6.6.22-v8',
    compatible: 'brcm,bcm2711',
    cells: [2, 1],
    nodes: [{ name: 'linux,cma', size: '10000000', ranges: '0 40000000', is: 'default' }],
    ram: ['20000000 5fffffff'],
    areas: [{ name: 'linux,cma', base: '30000000', mebibytes: 256 }],
  },
  {
    board: 'Raspberry Pi Compute Module 5, 4 GiB, 16 KiB pages',
    family: 'BCM2712',
    source: 'RPI-CM5 boot issue (agherzan/meta-raspberrypi issue 1526, GitHub)',
    architecture: 'arm64',
    release: '6.6.63-v8-16k',
    compatible: 'brcm,bcm2712',
    config: { ARM64_16K_PAGES: 'y' },
    nodes: [
      { name: 'atf@0', reg: '0 80000', is: 'no-map' },
      { name: 'linux,cma', size: '4000000', ranges: '0 40000000', is: 'default' },
      { name: 'nvram@0', reg: '3fd16b20 a1', is: 'no-map' },
    ],
    ram: ['0 ffffffff'],
    areas: [{ name: 'linux,cma', base: '2000000', mebibytes: 64 }],
  },
  {
    board: 'Raspberry Pi Zero 2 W',
    family: 'BCM2837',
    source: 'Kernel boot issues of Zero 2 W with balenaOS (balena-os/meta-balena issue 3595, GitHub)',
    architecture: 'arm64',
    release: '5.15.92-v8',
    compatible: 'brcm,bcm2837',
    cells: [1, 1],
    nodes: [{ name: 'linux,cma', size: '10000000', is: 'default' }],
    ram: ['0 1bffffff'],
    areas: [{ name: 'linux,cma', base: 'bc00000', mebibytes: 256 }],
  },
  {
    board: 'Raspberry Pi Zero W',
    family: 'BCM2835',
    source: 'Serial log of a Raspberry Pi Zero W with Raspberry Pi OS (GitHub)',
    architecture: 'arm',
    release: '6.6.20+rpt-rpi-v6',
    compatible: 'brcm,bcm2835',
    cells: [1, 1],
    config: { HIGHMEM: 'n', ARM_LPAE: 'n' },
    nodes: [{ name: 'linux,cma', size: '10000000', is: 'default' }],
    ram: ['0 1bffffff'],
    areas: [{ name: 'linux,cma', base: 'b400000', mebibytes: 256 }],
  },
  {
    board: 'Orange Pi 5, 8 GiB',
    family: 'RK3588',
    source: 'initial OrangePi5 support (armbian/build pull request 4582, GitHub)',
    architecture: 'arm64',
    release: '5.10.110-rockchip-rk3588',
    compatible: 'rockchip,rk3588s',
    nodes: [...ROCKCHIP, { name: 'cma', size: '800000', is: 'default' }],
    ram: ['200000 efffffff', '100000000 1ffffffff'],
    loaded: { dtb: 'a100000' },
    areas: [{ name: 'cma', base: '1ff800000', mebibytes: 8 }],
    refused: ROCKCHIP_REFUSED,
  },
  {
    board: 'Orange Pi 5, 16 GiB',
    family: 'RK3588',
    source: 'Wireless connection problem (Joshua-Riek/ubuntu-rockchip issue 194, GitHub)',
    architecture: 'arm64',
    release: '5.10.160-rockchip',
    compatible: 'rockchip,rk3588s',
    nodes: [...ROCKCHIP, { name: 'cma', reg: '10000000 10000000', is: 'default' }],
    ram: ['200000 efffffff', '100000000 3fbffffff'],
    areas: [{ name: 'cma', base: '10000000', mebibytes: 256 }],
    refused: ROCKCHIP_REFUSED,
  },
  {
    board: 'NanoPi R5S, 4 GiB',
    family: 'RK3568',
    source: 'R (kiddin9/Kwrt issue 851, GitHub)',
    architecture: 'arm64',
    release: '5.10.110',
    compatible: 'rockchip,rk3568',
    nodes: [{ name: 'linux,cma', reg: '10000000 800000', is: 'default' }],
    ram: ['200000 83fffff', '9400000 efffffff', '1f0000000 1ffffffff'],
    areas: [{ name: 'linux,cma', base: '10000000', mebibytes: 8 }],
  },
  {
    board: 'Banana Pi M5',
    family: 'Amlogic SM1',
    source: 'Banana PI M5 boot error (johang/sd-card-images issue 27, GitHub)',
    architecture: 'arm64',
    release: '5.15.0-52-generic',
    compatible: 'amlogic,sm1',
    dtb: ['arm64', 'amlogic/meson-sm1-bananapi-m5.dtb'],
    nodes: [
      { name: 'secmon@5000000', reg: '5000000 300000', is: 'no-map' },
      { name: 'secmon@5300000', reg: '5300000 2000000', is: 'no-map' },
      MESON_CMA,
    ],
    memreserve: ['5000000 300000'],
    ram: ['0 52fffff', '5300000 72fffff', '7300000 f4806fff'],
    areas: [{ name: 'linux,cma', base: 'e4000000', mebibytes: 256 }],
    refused: [{ node: 'secmon@5000000', as: 'reserve' }],
  },
  {
    board: 'ZXV10 B860AV2.1-A as P212',
    family: 'Amlogic GXL',
    source: 'ZXV10 B860AV2.1-A without a DTB file (ophub/amlogic-s9xxx-armbian issue 746, GitHub)',
    architecture: 'arm64',
    release: '5.15.80-flippy-79+o',
    compatible: 'amlogic,s905x',
    dtb: ['arm64', 'amlogic/meson-gxl-s905x-p212.dtb'],
    nodes: MESON_GX,
    ram: [
      '0 ffffff',
      '1000000 4ffffff',
      '5000000 72fffff',
      '7300000 fffffff',
      '10000000 101fffff',
      '10200000 77ffffff',
    ],
    areas: [{ name: 'linux,cma', base: '63400000', mebibytes: 256 }],
  },
  {
    board: 'A television box as Q201',
    family: 'Amlogic GXM',
    source: 'error while booting (ophub/amlogic-s9xxx-armbian issue 172, GitHub)',
    architecture: 'arm64',
    release: '5.16.14-flippy-70+',
    compatible: 'amlogic,s912',
    dtb: ['arm64', 'amlogic/meson-gxm-q201.dtb'],
    nodes: MESON_GX,
    memreserve: ['0 1000000', '5000000 300000', '5300000 2000000'],
    ram: ['0 fffffff', '10000000 101fffff', '10200000 bfc6bfff'],
    areas: [{ name: 'linux,cma', base: 'ab800000', mebibytes: 256 }],
    refused: [
      { node: 'hwrom@0', as: 'reserve' },
      { node: 'secmon@5000000', as: 'reserve' },
      { node: 'secmon@5300000', as: 'reserve' },
    ],
  },
  {
    board: 'AML-S905X-CC through the EFI of U-Boot',
    family: 'Amlogic GXL',
    source: 'amlogic (libre-computer-project/libretech-linux issue 9, GitHub)',
    architecture: 'arm64',
    release: '5.19.0-rc6-00575-g00b9cba1cc96',
    compatible: 'amlogic,s905x',
    dtb: ['arm64', 'amlogic/meson-gxl-s905x-libretech-cc.dtb'],
    nodes: MESON_GX,
    ram: ['0 ffffff', '1000000 4ffffff', '5000000 72fffff', '7300000 7fffffff'],
    efi: true,
    areas: [{ name: 'linux,cma', base: '6ac00000', mebibytes: 256 }],
  },
  {
    board: 'VisionFive 2, 8 GiB',
    family: 'JH7110',
    source: 'kernel tag VF2_v3.0.4 crashes on boot (starfive-tech/VisionFive2 issue 53, GitHub)',
    architecture: 'riscv64',
    release: '5.15.0+',
    compatible: 'starfive,jh7110',
    nodes: [
      { name: 'linux,cma', size: '20000000', align: '1000', ranges: '80000000 20000000', is: 'default' },
      { name: 'e24@c0000000', reg: 'c0110000 f0000', is: 'no-map' },
    ],
    ram: ['40200000 c010ffff', 'c0110000 c01fffff', 'c0200000 23fffffff'],
    areas: [{ name: 'linux,cma', base: '80000000', mebibytes: 512 }],
  },
  {
    board: 'VisionFive 2, 8 GiB, later tree',
    family: 'JH7110',
    source: 'Cold boot is fine but warm boot is shutdown instead (starfive-tech/VisionFive2 issue 81, GitHub)',
    architecture: 'riscv64',
    release: '5.15.0-starfive',
    compatible: 'starfive,jh7110',
    nodes: [{ name: 'linux,cma', size: '60000000', align: '1000', ranges: '70000000 60000000', is: 'default' }],
    ram: ['40200000 23fffffff'],
    areas: [{ name: 'linux,cma', base: '70000000', mebibytes: 1536 }],
  },
  {
    board: 'VisionFive 2, 4 GiB, OpenWrt',
    family: 'JH7110',
    source: 'jh71x0: add new target (openwrt/openwrt pull request 13372, GitHub)',
    architecture: 'riscv64',
    release: '6.1.80',
    compatible: 'starfive,jh7110',
    config: { CMA: 'n', DMA_CMA: 'n' },
    nodes: [{ name: 'linux,cma', size: '20000000', align: '1000', ranges: '70000000 20000000', is: 'default' }],
    ram: ['40200000 13fffffff'],
    loaded: { dtb: 'fe713000 fe71cc20' },
    areas: [],
    refused: [{ node: 'linux,cma', as: 'match' }],
  },
  {
    board: 'LicheePi 4A, 8 GiB',
    family: 'TH1520',
    source: 'mmc1 (chainsx/armbian-riscv-build issue 9, GitHub)',
    architecture: 'riscv64',
    release: '5.10.113-legacy-thead',
    compatible: 'thead,th1520',
    nodes: [{ name: 'linux,cma', size: '14000000', ranges: 'e4000000 14000000', is: 'default' }],
    ram: ['200000 fffffff', '10000000 166fffff', '16700000 16ffffff', '17000000 1ffffffff'],
    areas: [{ name: 'linux,cma', base: 'e4000000', mebibytes: 320 }],
  },
  {
    board: 'FP5280G2 baseboard management controller',
    family: 'AST2500',
    source: 'reserving fdt memory region failed when booting in the real machine (openbmc/openbmc issue 3871, GitHub)',
    architecture: 'arm',
    release: '5.15.50-27b1fcc',
    compatible: 'aspeed,ast2500',
    cells: [1, 1],
    config: { HIGHMEM: 'n', ARM_LPAE: 'n', CMA_SIZE_MBYTES: '16' },
    nodes: [
      { name: 'region@98000000', reg: '98000000 4000000', is: 'no-map' },
      { name: 'framebuffer', size: '1000000', align: '1000000', is: 'cma' },
      { name: 'jpegbuffer', size: '2000000', align: '1000000', is: 'cma' },
    ],
    ram: ['80000000 97ffffff'],
    areas: [
      { name: 'framebuffer', base: '97000000', mebibytes: 16 },
      { name: 'jpegbuffer', base: '95000000', mebibytes: 32 },
      { name: 'reserved', base: '94000000', mebibytes: 16 },
    ],
  },
  {
    board: 'BeagleBone Black',
    family: 'AM335x',
    source: 'random git checkout does not boot (beagleboard/linux issue 276, GitHub)',
    architecture: 'arm',
    release: '5.10.145+',
    compatible: 'ti,am33xx',
    cells: [1, 1],
    config: { CMA_SIZE_MBYTES: '48', FORCE_MAX_ZONEORDER: '12', HIGHMEM: 'y', ARM_LPAE: 'n' },
    dtb: ['armhf', 'am335x-boneblack.dtb'],
    nodes: [],
    ram: ['80000000 9fdfffff'],
    areas: [{ name: 'reserved', base: '9c800000', mebibytes: 48 }],
  },
  {
    board: 'i.MX 8M Mini EVK',
    family: 'i.MX 8M',
    source: 'OP-TEE on the i.MX 8M Mini EVK, dmesg (notes on GitHub)',
    architecture: 'arm64',
    release: '6.6.52-lts-next-ge0f9e2afd4cf',
    compatible: 'fsl,imx8mm',
    config: { HUGETLB_PAGE: 'y', TRANSPARENT_HUGEPAGE: 'y' },
    nodes: [
      IMX8MM,
      { name: 'optee_core@be000000', reg: 'be000000 1e00000', is: 'no-map' },
      { name: 'optee_shm@bfe00000', reg: 'bfe00000 200000', is: 'no-map' },
    ],
    ram: ['40000000 bdffffff'],
    commandLine: 'console=ttymxc1,115200 root=/dev/mmcblk2p2 rootwait rw',
    areas: [{ name: 'linux,cma', base: '96000000', mebibytes: 640 }],
    memoryKibibytes: [2064384, 655360],
  },
  {
    board: 'Foxxy',
    family: 'i.MX 8M',
    source: 'dmesg of a gateway with a kernel of the Civil Infrastructure Platform (GitHub)',
    architecture: 'arm64',
    release: '5.10.158-cip22+ind1',
    compatible: 'fsl,imx8mm',
    nodes: [IMX8MM],
    ram: ['40000000 bfe79fff'],
    areas: [{ name: 'linux,cma', base: '96000000', mebibytes: 640 }],
    memoryKibibytes: [2095592, 655360],
  },
  {
    board: 'i.MX 6 SoloX SDB',
    family: 'i.MX 6',
    source: 'flexcan on i.MX 6 SoloX (linux-arm-kernel mailing list, 2025)',
    architecture: 'arm',
    release: '6.17.0',
    compatible: 'fsl,imx6sx',
    cells: [1, 1],
    config: IMX6,
    dtb: ['armhf', 'imx6sx-sdb.dtb'],
    nodes: [],
    ram: ['80000000 bfffffff'],
    commandLine: 'console=ttymxc0,115200 root=/dev/mmcblk3p2 rootwait rw',
    loaded: { dtb: '83000000 8300ced8' },
    areas: [{ name: 'reserved', base: 'bc000000', mebibytes: 64 }],
    memoryKibibytes: [1048576, 65536],
  },
  {
    board: 'A module with i.MX 6 DualLite',
    family: 'i.MX 6',
    source: 'mhi: PCI modem at an i.MX 6 (linux-arm-msm mailing list, 2021)',
    architecture: 'arm',
    release: '5.13.6',
    compatible: 'fsl,imx6dl',
    cells: [1, 1],
    config: IMX6,
    nodes: [],
    ram: ['10000000 4fffffff'],
    commandLine: 'console=ttymxc3,115200n8 loglevel=8 root=/dev/nfs',
    areas: [{ name: 'reserved', base: '4c000000', mebibytes: 64 }],
    memoryKibibytes: [1048576, 65536],
  },
  {
    board: 'A carrier with i.MX 6 UltraLite',
    family: 'i.MX 6',
    source: 'panel and mxsfb on i.MX 6 UltraLite (dri-devel mailing list, 2021)',
    architecture: 'arm',
    release: '5.10.0-test-00006-gc24ef7716d4b',
    compatible: 'fsl,imx6ul',
    cells: [1, 1],
    config: IMX6,
    nodes: [],
    ram: ['80000000 9fffffff'],
    commandLine: 'console=ttymxc0,115200,115200 root=/dev/nfs ip=dhcp rw earlycon',
    areas: [{ name: 'reserved', base: '9c000000', mebibytes: 64 }],
    memoryKibibytes: [524288, 65536],
  },
  {
    board: 'S32G-VNP-RDB3',
    family: 'S32G3',
    source: 'add device tree support for the NXP S32G3 based board (linux-arm-kernel mailing list, 2024)',
    architecture: 'arm64',
    release: '6.9.0-rc1-00004-gcb630dd69df3',
    compatible: 'nxp,s32g3',
    // arm64's defconfig.
    config: { CMA_SIZE_MBYTES: '32', HUGETLB_PAGE: 'y', TRANSPARENT_HUGEPAGE: 'y' },
    nodes: [
      { name: 'shm@d0000000', reg: 'd0000000 80', is: 'no-map' },
      { name: 'atf@ff600000', reg: 'ff600000 200000', is: 'no-map' },
    ],
    ram: ['80000000 cfffffff', 'd0001000 ff5fffff', 'ff600000 ff7fffff', 'ff800000 ffffffff', '880000000 8dfffffff'],
    commandLine: 'console=ttyLF0,115200 root=/dev/mmcblk0p2 rootwait rw earlycon',
    areas: [{ name: 'reserved', base: 'fd600000', mebibytes: 32 }],
    memoryKibibytes: [3670012, 32768],
  },
  {
    board: 'Genio 700',
    family: 'MediaTek',
    source: 'genio: bump to 6.19.8 (armbian/build pull request 9721, GitHub)',
    architecture: 'arm64',
    release: '6.19.8',
    compatible: 'mediatek,mt8390',
    nodes: [
      { name: 'memory@61000000', reg: '61000000 100000', is: 'no-map' },
      { name: 'memory@62000000', reg: '62000000 1400000', is: 'pool' },
    ],
    ram: ['40000000 43fffffff'],
    areas: [{ name: 'reserved', base: 'fc600000', mebibytes: 32 }],
  },
  {
    board: 'Orange Pi Zero 2W, 4 GiB',
    family: 'Allwinner H618',
    source: 'Kernel oops during downloads (MichaIng/DietPi issue 8220, GitHub)',
    architecture: 'arm64',
    release: '6.18.40-current-sunxi64',
    compatible: 'allwinner,sun50i-h618',
    nodes: [{ name: 'secmon@40000000', reg: '40000000 80000', is: 'no-map' }],
    ram: ['40000000 4007ffff', '40080000 13fffffff'],
    areas: [{ name: 'reserved', base: 'fc000000', mebibytes: 64 }],
  },
  {
    board: 'Jetson Orin Nano',
    family: 'Tegra234',
    source: 'Unable to boot from SSD (jetsonhacks/migrate-jetson-to-ssd issue 5, GitHub)',
    architecture: 'arm64',
    release: '5.15.148-tegra',
    compatible: 'nvidia,tegra234',
    nodes: [{ name: 'linux,cma', size: '10000000', align: '10000', is: 'default' }],
    ram: ['80000000 277ffffff'],
    efi: true,
    areas: [{ name: 'linux,cma', base: '24a000000', mebibytes: 256 }],
  },
  {
    board: 'ThinkPad X13s',
    family: 'SC8280XP',
    source: 'dmesg of a ThinkPad X13s (linux-arm-msm mailing list, 2025)',
    architecture: 'arm64',
    release: '6.13.1-300.vanilla.fc41.aarch64',
    compatible: 'qcom,sc8280xp',
    dtb: ['arm64', 'qcom/sc8280xp-lenovo-thinkpad-x13s.dtb'],
    nodes: [
      { name: 'linux,cma', size: '8000000', is: 'default' },
      { name: 'reserved-region@80000000', reg: '80000000 860000', is: 'no-map' },
      { name: 'cmd-db-region@80860000', reg: '80860000 20000', is: 'no-map' },
      { name: 'reserved-region@80880000', reg: '80880000 80000', is: 'no-map' },
      { name: 'smem-region@80900000', reg: '80900000 200000', is: 'no-map' },
      { name: 'reserved-region@80b00000', reg: '80b00000 100000', is: 'no-map' },
      { name: 'reserved-region@83b00000', reg: '83b00000 1700000', is: 'no-map' },
      { name: 'reserved-region@85b00000', reg: '85b00000 c00000', is: 'no-map' },
      { name: 'adsp-region@86c00000', reg: '86c00000 2000000', is: 'no-map' },
      { name: 'cdsp0-region@8a100000', reg: '8a100000 1e00000', is: 'no-map' },
      { name: 'cdsp1-region@8c600000', reg: '8c600000 1e00000', is: 'no-map' },
      { name: 'reserved-region@aeb00000', reg: 'aeb00000 16600000', is: 'no-map' },
      { name: 'gpu-mem@8bf00000', reg: '8bf00000 2000', is: 'no-map' },
    ],
    ram: [
      '80600000 806fffff',
      '80880000 808affff',
      '808c0000 808effff',
      '80c00000 826fffff',
      '8e400000 9f5cffff',
      '9f5f7000 9f5fffff',
      '9f600000 ae9fffff',
      'aea00000 bfffffff',
      'c6200000 c85fffff',
      'c8600000 ff36dfff',
      'ff36e000 fff21fff',
      'fff22000 3ffffffff',
      '800000000 c7fffffff',
    ],
    efi: true,
    areas: [{ name: 'linux,cma', base: 'c78000000', mebibytes: 128 }],
  },
];
