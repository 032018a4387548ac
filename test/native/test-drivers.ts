/**
 * Drivers of the kernel's tests that Debian does not build: a display, a decoder, a converter and a camera with a media graph. They are
 * compiled as modules for Debian's stock kernel, from Debian's source, by Debian's compiler and headers in their own root.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { type Architecture, cacheRoot, debianPackage, filledOnce, kernelTree } from '../../src/build/fetch/index.js';

const MEDIA = 'drivers/media';
/** What is compiled, and the symbol that its own Makefile asks for. */
const DRIVERS: Readonly<Record<string, string | undefined>> = {
  [`${MEDIA}/v4l2-core/v4l2-mem2mem.c`]: undefined,
  [`${MEDIA}/test-drivers/vim2m.c`]: undefined,
  [`${MEDIA}/test-drivers/vimc/`]: 'VIDEO_VIMC',
  [`${MEDIA}/test-drivers/visl/`]: 'VIDEO_VISL',
  'drivers/gpu/drm/vkms/': 'DRM_VKMS',
};
const TOOLS = 'base-files make binutils dash coreutils sed grep gawk findutils diffutils'.split(' ');

/** @param uname of the stock kernel, for example `6.12.118+deb13-amd64`; @returns files `NAME.ko` */
export async function testDrivers(architecture: Architecture, uname: string): Promise<readonly string[]> {
  const version = /^\d+\.\d+/.exec(uname)?.[0] ?? uname;
  const source = await kernelTree(version);
  const directory = await filledOnce(
    path.join(cacheRoot(), 'test-drivers', `${uname}-${path.basename(source)}`),
    async (work) => {
      const root = await debianPackage('trixie', architecture, [`linux-headers-${uname}`, ...TOOLS], {
        withDependencies: true,
      });
      await execa('cp', ['-r', '--parents', ...Object.keys(DRIVERS), work], { cwd: source });
      // The driver's trace points are found from the kernel's include/trace.
      await mkdir(path.join(work, 'include/trace'), { recursive: true });
      const objects = Object.keys(DRIVERS).map((file) => file.replace(/\.c$/, '.o'));
      await writeFile(
        path.join(work, 'Kbuild'),
        `subdir-ccflags-y := -I/mnt/include/trace\nobj-m := ${objects.join(' ')}\n`,
      );
      const symbols = Object.values(DRIVERS).flatMap((symbol) => (symbol === undefined ? [] : `CONFIG_${symbol}=m`));
      const make = ['make', '-C', `/usr/lib/modules/${uname}/build`, 'M=/mnt', 'AWK=gawk', ...symbols];
      await execa('unshare', ['-m', 'sh', '-ec', IN_ROOT, 'sh', root, work, ...make, 'modules']);
      const modules = await modulesIn(work);
      // Those of Debian have none either.
      await Promise.all(modules.map((module) => execa('strip', ['--strip-debug', module])));
    },
  );
  return modulesIn(directory);
}

const IN_ROOT = `root=$1 work=$2; shift 2; mkdir -p $root/mnt $root/dev $root/proc
mount --bind $work $root/mnt; mount --bind /dev $root/dev; mount --bind /proc $root/proc; exec chroot $root "$@"`;

async function modulesIn(directory: string): Promise<readonly string[]> {
  const files = await readdir(directory, { recursive: true });
  return files.filter((file) => file.endsWith('.ko')).map((file) => path.join(directory, file));
}
