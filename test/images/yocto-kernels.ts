/**
 * The Yocto layer with linux-yocto and the kernels of vendors: the tasks that configure and audit a kernel, as bitbake expands
 * them from the recipe, and with kernel-yocto's own tools. The source is a kernel of Debian, since that of the recipe is on the
 * network: its Kconfig is another one.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { kernelTree } from '../../src/build/fetch/index.js';
import type { Verdicts } from '../verdicts.js';
import { bitbake, generateLayer, missingTrees, type Series } from './bitbake.js';

const KERNEL = '6.12';
const CORE = 'openembedded-core';

interface Vendor {
  readonly example: string;
  readonly machine: string;
  readonly kernel: string;
  /** The version in the name of the recipe, by series. */
  readonly versions: Partial<Record<Series, string>>;
  /** How the layer finds that the recipe reads fragments. */
  readonly kind: 'kernel-yocto' | 'ignores-cfg';
  /** Of Debian's compiler. */
  readonly tuple: 'aarch64-linux-gnu' | 'arm-linux-gnueabihf';
  /** Makes in the source what only the vendor's has: without lines of its own, or a copy of the usual defconfig. */
  readonly standIns: string;
  /** For local.conf, by the version. */
  readonly conf?: (version: string) => string;
}

/** The features of linux-yocto are on the network; what a kernel takes from them is then missing. */
const withoutKernelCache = (kernel: string) => (version: string) => {
  const cache = `git://git.yoctoproject.org/yocto-kernel-cache;type=kmeta;name=meta;branch=yocto-${version};destsuffix=kernel-meta`;
  return `
SRC_URI:remove:pn-${kernel} = "${cache};protocol=https ${cache}"
KERNEL_DANGLING_FEATURES_WARN_ONLY = "1"
KBUILD_DEFCONFIG:pn-linux-yocto = "defconfig"
`;
};

const arm64Copy = (name: string) => `cp arch/arm64/configs/defconfig arch/arm64/configs/${name}`;

/** By the directory of the layer. */
const VENDORS: Readonly<Record<string, Vendor>> = {
  'meta-freescale': {
    example: 'imx8mp-evk',
    machine: 'imx8mp-lpddr4-evk',
    kernel: 'linux-fslc-imx',
    versions: { scarthgap: '6.6', wrynose: '6.18' },
    kind: 'kernel-yocto',
    tuple: 'aarch64-linux-gnu',
    standIns: arm64Copy('imx_v8_defconfig'),
  },
  'meta-raspberrypi': {
    example: 'rpi-4-b',
    machine: 'raspberrypi4-64',
    kernel: 'linux-raspberrypi',
    versions: { scarthgap: '6.6', wrynose: '6.18' },
    kind: 'kernel-yocto',
    tuple: 'aarch64-linux-gnu',
    standIns: arm64Copy('bcm2711_defconfig'),
    conf: withoutKernelCache('linux-raspberrypi'),
  },
  'meta-rockchip': {
    example: 'rock-5b',
    machine: 'rockchip-rk3588-evb',
    kernel: 'linux-rockchip',
    versions: { scarthgap: '6.1' },
    kind: 'kernel-yocto',
    tuple: 'aarch64-linux-gnu',
    standIns: arm64Copy('rk3588_linux_defconfig'),
  },
  'meta-st-stm32mp': {
    example: 'stm32mp157c-dk2',
    machine: 'stm32mp15-disco',
    kernel: 'linux-stm32mp',
    versions: { scarthgap: '6.1' },
    kind: 'ignores-cfg',
    tuple: 'arm-linux-gnueabihf',
    standIns:
      'cp arch/arm/configs/multi_v7_defconfig arch/arm/configs/defconfig; : >arch/arm/configs/fragment-01-multiv7_cleanup.config; : >arch/arm/configs/fragment-02-multiv7_addons.config',
  },
  'openembedded-core/meta': {
    example: 'qemu-virt-arm64',
    machine: 'qemuarm64',
    kernel: 'linux-yocto',
    versions: { scarthgap: '6.6', wrynose: '6.18' },
    kind: 'kernel-yocto',
    tuple: 'aarch64-linux-gnu',
    standIns: ':',
    conf: withoutKernelCache('linux-yocto'),
  },
  'meta-ti/meta-ti-bsp': {
    example: 'am625-sk',
    machine: 'am62xx-evm',
    kernel: 'linux-ti-staging',
    versions: { scarthgap: '6.12' },
    kind: 'ignores-cfg',
    tuple: 'aarch64-linux-gnu',
    standIns: ': >kernel/configs/ti_arm64_prune.config',
  },
};

/** Layers that a vendor's depends on, and from which its kernel needs nothing. */
const STAND_INS = ['openembedded-layer', 'meta-python', 'meta-arm'];

const TOOLS = ['gcc', 'ld', 'ld.bfd', 'as', 'objcopy', 'nm', 'ar', 'strip'];

const confOf = ({ machine, kernel, tuple }: Vendor) => `
MACHINE = "${machine}"
ACCEPT_FSL_EULA = "1"
BBMASK = "/recipes-(?!kernel/linux/|[a-z]+/dmaheap) /dynamic-layers/"
# Else each file of the source gets a check sum.
BB_SIGNATURE_HANDLER = "noop"
HOSTTOOLS += "bison flex bc ${TOOLS.map((tool) => `${tuple}-${tool}`).join(' ')}"
TARGET_PREFIX = "${tuple}-"
# The compiler of Debian 12 does not know every option of it.
DEBUG_PREFIX_MAP = ""
EXTERNALSRC:pn-${kernel} = "/work/linux"
EXTERNALSRC_BUILD:pn-${kernel} = "/work/linux-build"
# The source has no commits to name.
SCMVERSION = "n"
PATH:prepend:pn-${kernel} = "/work/kern-tools:"
`;

/** The source of Debian under a layer of memory, for what a task writes into it. */
const asRoot = (series: Series, linux: string, { standIns }: Vendor) => `mkdir -p linux linux-build kern-tools /media
mount -t tmpfs none /media
mkdir /media/upper /media/work
mount -t overlay -o lowerdir=/trees/${path.basename(linux)},upperdir=/media/upper,workdir=/media/work overlay linux
(
  cd linux
  ${standIns}
  chown builder:builder arch/*/configs
)
mkdir -p stand-ins/conf
for name in ${STAND_INS.join(' ')}; do
  echo "BBFILE_COLLECTIONS += \\"$name\\""
  echo "BBFILE_PATTERN_$name = \\"\\""
  echo "LAYERSERIES_COMPAT_$name = \\"${series}\\""
done >stand-ins/conf/layer.conf
`;

const script = (series: Series, layer: string, { kernel, versions }: Vendor) => `
make -s -C /trees/yocto-kernel-tools-${series} DESTDIR=/work/kern-tools install
run -p
bitbake-getvar --value PREFERRED_PROVIDER_virtual/kernel >/work/kernel
bitbake-getvar -r ${kernel} --value DMAHEAP_KIND >/work/kind
run -b /work/meta-dmaheap/recipes-core/dmaheap-access/dmaheap-access_1.0.bb -c install
cp -r "$(bitbake-getvar -r dmaheap-access --value D)" /work/access
run -b ${layer}/recipes-kernel/linux/${kernel}_${versions[series]}.bb -c dmaheap_audit
cp "$(bitbake-getvar -r ${kernel} --value B)/.config" /work/config
`;

/** Builds below `directory`. @returns objections */
async function configured(
  directory: string,
  series: Series,
  layer: string,
  vendor: Vendor,
  line?: string,
): Promise<string> {
  const place = path.join(directory, [series, vendor.kernel, ...(line === undefined ? [] : ['fault'])].join('-'));
  mkdirSync(place);
  const generated = await generateLayer(place, vendor.example, ['--kernel', KERNEL]);
  const fragment = path.join(generated, 'recipes-kernel/linux/files/dmaheap-kmeta/dmaheap.cfg');
  if (line !== undefined) appendFileSync(fragment, `${line}\n`);
  const linux = await kernelTree(KERNEL);
  const [tree = '', ...below] = layer.split('/');
  const mounted = path.posix.join(`/trees/${tree}-${series}`, ...below);
  await bitbake(place, {
    series,
    trees: treesOf(layer),
    conf: `${confOf(vendor)}${vendor.conf?.(vendor.versions[series] ?? '') ?? ''}`,
    layers: [...(tree === CORE ? [] : [mounted]), '/work/stand-ins', '/work/meta-dmaheap'],
    asRoot: asRoot(series, linux, vendor),
    script: script(series, mounted, vendor),
    more: [linux],
  });
  const text = (name: string) => readFileSync(path.join(place, name), 'utf8');
  if (text('kernel').trim() !== vendor.kernel) return `the kernel of the machine is ${text('kernel')}`;
  if (text('kind').trim() !== vendor.kind) return `the layer takes the recipe for ${text('kind')}`;
  const config = new Set(text('config').split('\n'));
  const lines = text(path.relative(place, fragment))
    .split('\n')
    .filter((one) => one.startsWith('CONFIG_'));
  const lost = lines.filter((one) => !config.has(one));
  if (lines.length === 0 || lost.length > 0) return `of ${lines.length} lines are lost: ${lost.join(' ')}`;
  const rules = ['usr/lib', 'lib'].map((lib) => path.join(place, 'access', lib, 'udev/rules.d/70-dmaheap.rules'));
  if (!rules.some((file) => existsSync(file))) return 'dmaheap-access installs no rules';
  return existsSync(path.join(place, 'access/etc/dmaheap/verify.expect'))
    ? ''
    : 'dmaheap-access installs no expectation';
}

const treesOf = (layer: string) => [
  ...layer.split('/').filter((name, i) => i === 0 && name !== CORE),
  'yocto-kernel-tools',
];

const FAULTY = 'CONFIG_NO_SUCH_HEAP=y';

/** The first of each kind of recipe in a series is judged with a line that the kernel does not have. */
export async function judgeYoctoKernels(verdicts: Verdicts, directory: string): Promise<void> {
  const refused = new Set<string>();
  const rows = Object.entries(VENDORS).flatMap(([layer, vendor]) =>
    (Object.keys(vendor.versions) as Series[]).map((series) => ({ layer, vendor, series })),
  );
  for (const { layer, vendor, series } of rows) {
    const name = `yocto ${series}, ${vendor.kernel} of ${layer}`;
    const missing = missingTrees(series, treesOf(layer));
    if (missing !== undefined) {
      verdicts.skip(name, missing);
      continue;
    }
    await verdicts.judge(`${name}: configured and audited, every line is in .config`, () =>
      configured(directory, series, layer, vendor),
    );
    if (refused.has(`${series} ${vendor.kind}`)) continue;
    refused.add(`${series} ${vendor.kind}`);
    await verdicts.judge(`${name}, ${FAULTY}: the audit fails and names it`, async () => {
      const found = await configured(directory, series, layer, vendor, FAULTY).then(
        () => 'the audit passed',
        (error) => String(error),
      );
      return found.includes(`wanted: ${FAULTY}`) ? '' : found;
    });
  }
}
