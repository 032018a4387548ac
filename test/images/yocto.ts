/**
 * The Yocto layer under bitbake, with openembedded-core and meta-raspberrypi: the tasks that make the boot partition of an
 * image for a Raspberry Pi, as bitbake expands them, up to wic. What the layer does not make is a stand-in that has no more than
 * its name: the kernel, the firmware, the root file system. Debian's programs are the natives.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { dtbDirectory } from '../../src/build/fetch/index.js';
import type { Verdicts } from '../verdicts.js';
import { bitbake, generateLayer, missingTrees, SERIES, type Series } from './bitbake.js';

/** Example boards: the machine of meta-raspberrypi, and the size of the default area with the overlay. */
const PIS = {
  'rpi-4-b': { machine: 'raspberrypi4-64', dtb: 'broadcom/bcm2711-rpi-4-b.dtb', size: '10000000' },
  'rpi-5-b': { machine: 'raspberrypi5', dtb: 'broadcom/bcm2712-rpi-5-b.dtb', size: '8000000' },
} as const;
type Pi = keyof typeof PIS;

/** What a build must not pass with, and the objection. */
interface Fault {
  readonly name: string;
  /** The line of the layer's layer.conf that is taken away. */
  readonly without?: string;
  /** Added to local.conf. */
  readonly conf?: string;
  readonly objection: string;
}

const FAULTS: readonly Fault[] = [
  { name: 'without IMAGE_BOOT_FILES', without: 'IMAGE_BOOT_FILES:append', objection: 'no overlay' },
  {
    name: 'without RPI_EXTRA_CONFIG',
    without: 'RPI_EXTRA_CONFIG:append',
    objection: 'config.txt does not apply the overlay',
  },
  {
    name: 'kernel linux-dummy',
    conf: 'PREFERRED_PROVIDER_virtual/kernel = "linux-dummy"',
    objection: 'the kernel of raspberrypi4-64 is linux-dummy, whose recipe does not inherit kernel.bbclass',
  },
];

const TREES = ['meta-raspberrypi'];

/** Where bitbake finds what it would build first. */
const NATIVES = [
  ...['blkid', 'debugfs', 'dtc', 'dumpe2fs', 'e2fsck', 'fsck.ext4', 'fsck.vfat', 'mattrib', 'mcopy', 'mdel', 'mdir'],
  ...['mkdosfs', 'mke2fs', 'mkfs.ext4', 'mkfs.vfat', 'mmd', 'parted', 'resize2fs', 'sfdisk', 'tune2fs'],
];

/** All recipes but these would have to be parsed, too. */
const UNMASKED = ['core/images/', 'core/packagegroups/', 'kernel/linux/', 'bsp/bootfiles/', '[a-z]+/dmaheap'];

const localConf = (machine: string) => `
MACHINE = "${machine}"
IMAGE_FSTYPES = "wic"
BBMASK = "/recipes-(?!${UNMASKED.join('|')}) /dynamic-layers/"
HOSTTOOLS += "${NATIVES.join(' ')}"
# It lists the packages of the root file system, which is a stand-in.
INHERIT_DISTRO:remove = "create-spdx"
# Its source is on the network.
EXTERNALSRC:pn-rpi-config = "/work/rpi-config"
do_rootfs[noexec] = "1"
`;

/** -b runs the tasks of one recipe, without those of the recipes that it needs. */
const script = (series: Series) => `
value() { bitbake-getvar -r core-image-minimal --value "$1" 2>/dev/null; }
run -p
bitbake-getvar -r linux-raspberrypi --value KERNEL_FEATURES >/work/features
run -b /work/meta-dmaheap/recipes-bsp/dmaheap-overlay/dmaheap-overlay_1.0.bb -c deploy
run -b /trees/meta-raspberrypi-${series}/recipes-bsp/bootfiles/rpi-config_git.bb -c deploy
files=$(value IMAGE_BOOT_FILES) deployed=$(value DEPLOY_DIR_IMAGE) images=$(value IMGDEPLOYDIR)
set -f
for file in $files; do
  file=$deployed/\${file%%;*}
  case $file in *dmaheap* | *'*'*) ;; *) [ -e "$file" ] || echo stand-in >"$file" ;; esac
done
set +f
mkdir -p "$(value IMAGE_ROOTFS)/etc" "$images"
run -b /trees/openembedded-core-${series}/meta/recipes-core/images/core-image-minimal.bb -c image_wic
image=$(find "$images" -name "*.wic" -type f)
wic ls "$image:1/overlays" -n / >/work/overlays
wic cp "$image:1/config.txt" /work/config.txt -n /
if grep -q 'dmaheap[.]dtbo$' /work/overlays; then wic cp "$image:1/overlays/dmaheap.dtbo" /work/dmaheap.dtbo -n /; fi
`;

/** What the kernel gets, and what the boot partition of the image has. */
interface Built {
  readonly kernelFeatures: string;
  /** As `wic ls` prints them. */
  readonly overlays: string;
  readonly config: string;
  /** Absent: the partition has no such file. */
  readonly dtbo: string | undefined;
}

/** Builds below `directory`. */
async function built(directory: string, series: Series, pi: Pi, fault?: Fault): Promise<Built> {
  const place = path.join(directory, `${series} ${pi} ${fault?.name ?? ''}`.trim().replaceAll(' ', '-'));
  const layer = await generateLayer(place, pi, ['--kernel', '6.12']);
  if (fault?.without !== undefined) takeAway(path.join(layer, 'conf/layer.conf'), fault.without);
  mkdirSync(path.join(place, 'rpi-config'));
  writeFileSync(path.join(place, 'rpi-config/config.txt'), '');
  await bitbake(place, {
    series,
    trees: TREES,
    conf: `${localConf(PIS[pi].machine)}${fault?.conf ?? ''}\n`,
    layers: [`/trees/meta-raspberrypi-${series}`, '/work/meta-dmaheap'],
    script: script(series),
  });
  const text = (file: string) => readFileSync(path.join(place, file), 'utf8');
  const dtbo = path.join(place, 'dmaheap.dtbo');
  return {
    kernelFeatures: text('features'),
    overlays: text('overlays'),
    config: text('config.txt'),
    dtbo: existsSync(dtbo) ? dtbo : undefined,
  };
}

function takeAway(file: string, start: string): void {
  const lines = readFileSync(file, 'utf8').split('\n');
  const left = lines.filter((line) => !line.startsWith(start));
  if (left.length === lines.length) throw new Error(`layer.conf has no ${start}`);
  writeFileSync(file, left.join('\n'));
}

/** Whether the firmware of the board applies the overlay: a line counts in its section, and those of [all] count everywhere. */
function applies(config: string): boolean {
  let section = 'all';
  for (const line of config.split('\n').map((one) => one.trim())) {
    section = /^\[(.*)\]$/.exec(line)?.[1] ?? section;
    if (section === 'all' && line === 'dtoverlay=dmaheap') return true;
  }
  return false;
}

/** What is wrong with an image; the overlay is merged into the board's DTB of Debian by fdtoverlay. */
async function unlikeImage(pi: Pi, { kernelFeatures, overlays, config, dtbo }: Built): Promise<string> {
  if (!/ dmaheap\.scc$/.test(kernelFeatures.trim())) return `the kernel does not get the fragment\n${kernelFeatures}`;
  if (dtbo === undefined) return `no overlay\n${overlays}`;
  if (!applies(config)) return `config.txt does not apply the overlay\n${config}`;
  const base = path.join(await dtbDirectory('arm64', '6.12'), PIS[pi].dtb);
  const merged = `${dtbo}.merged`;
  await execa('fdtoverlay', ['-i', base, '-o', merged, dtbo]);
  const { stdout } = await execa('fdtget', ['-t', 'x', merged, '/reserved-memory/linux,cma', 'size']);
  const size = stdout.replace(/^0 /, '');
  return size === PIS[pi].size ? '' : `linux,cma has ${stdout} bytes instead of ${PIS[pi].size}`;
}

/** The first series that is there is judged with every board and with the faults. */
export async function judgeYocto(verdicts: Verdicts, directory: string): Promise<void> {
  let isFirst = true;
  for (const series of Object.keys(SERIES) as Series[]) {
    if (series === 'wrynose') {
      verdicts.skip(
        `yocto ${series}`,
        'since this series, wic is a repository of its own, which is neither in Debian nor in npm',
      );
      continue;
    }
    const missing = missingTrees(series, TREES);
    if (missing !== undefined) {
      verdicts.skip(`yocto ${series}`, missing);
      continue;
    }
    for (const pi of (Object.keys(PIS) as Pi[]).slice(0, isFirst ? undefined : 1))
      await verdicts.judge(
        `yocto ${series}, ${pi}: the kernel has the feature, wic's boot partition the overlay`,
        async () => unlikeImage(pi, await built(directory, series, pi)),
      );
    for (const fault of isFirst ? FAULTS : [])
      await verdicts.judge(`yocto ${series}, rpi-4-b, ${fault.name}: refused`, async () => {
        const found = await built(directory, series, 'rpi-4-b', fault).then(
          (image) => unlikeImage('rpi-4-b', image),
          (error) => String(error),
        );
        return found.includes(fault.objection) ? '' : `found instead: ${found}`;
      });
    isFirst = false;
  }
}
