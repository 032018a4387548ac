/** The kernels of the guests: the lab's, one with devices that import buffers, and Debian's stock ones. */
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { PrivateApt } from '../../src/build/fetch/apt.js';
import { type Architecture, cacheRoot, debianPackage, filledOnce } from '../../src/build/fetch/index.js';
import { buildKernel, type KernelRecipe, kernelRecipe } from '../e2e/kernel.js';
import { type Machine, machineFor } from '../e2e/machine.js';
import { testDrivers } from './test-drivers.js';

export interface GuestKernel {
  readonly name: string;
  readonly machine: Machine;
  readonly image: string;
  readonly config: string;
  readonly modules: readonly string[];
}

/** vgem and udmabuf, and the trace event that root reads where a buffer lies. */
const DEVICES: KernelRecipe = {
  name: 'arm64-6.12-devices',
  version: '6.12',
  arch: 'arm64',
  boot: ['boot', 'arm64', 'udev'],
  goals: [
    ...['DMABUF_HEAPS=y', 'DMABUF_HEAPS_SYSTEM=y', 'DMABUF_HEAPS_CMA=y', 'CMA=y', 'DMA_CMA=y'],
    ...['DRM=y', 'DRM_VGEM=y', 'UDMABUF=y', 'MEMFD_CREATE=y', 'PERF_EVENTS=y', 'FTRACE=y', 'ENABLE_DEFAULT_TRACERS=y'],
  ],
  observe: ['size', 'observe', 'cma-sysfs'],
};

/** A DRM device and a camera, which both import buffers, a watchdog, and both ends of NFS; they need no hardware. */
const DEVICE_MODULES = ['vgem', 'vivid', 'softdog', 'nfsd', 'nfsv4'];

/** Two cameras, a display, a converter and a decoder, and the disk that holds the programs for them. */
const MEDIA_MODULES = ['crc32c_generic', 'ext4', 'virtio_blk', 'vivid', 'vimc', 'vkms', 'vim2m', 'visl'];

/** Of Debian 13. */
const STOCK_VERSION = '6.12';

/** How the names of Debian's kernels end; the smallest of an architecture comes first. */
const FLAVOURS: Readonly<Record<Architecture, readonly [plain: string, full: string]>> = {
  amd64: ['cloud-amd64', 'amd64'],
  arm64: ['cloud-arm64', 'arm64'],
  armhf: ['armmp', 'armmp'],
  riscv64: ['riscv64', 'riscv64'],
};
const MACHINES = { amd64: 'x86_64', arm64: 'arm64', armhf: 'arm', riscv64: 'riscv64' } as const;

/**
 * `debian-ARCH`: the stock kernel of Debian 13, which is only unpacked; `debian-ARCH-devices`: the full one, with
 * devices; `debian-ARCH-VERSION-devices`: that of its backports; `-media` in place of `-devices`: with those of media programs.
 */
export async function guestKernel(name: string): Promise<GuestKernel> {
  const [, debian, version, devices] = /^debian-(\w+?)(?:-(\d+\.\d+))?(?:-(devices|media))?$/.exec(name) ?? [];
  if (debian === undefined) {
    const kernel = await buildKernel(name === DEVICES.name ? DEVICES : await kernelRecipe(name), console.error);
    const { arch, cpu } = kernel.recipe;
    const usual = await machineFor(arch);
    const machine = cpu === undefined ? usual : { ...usual, qemu: { ...usual.qemu, cpu } };
    return { name, machine, image: kernel.image, config: kernel.config, modules: kernel.modules };
  }
  const stock = debian as Architecture;
  const apt = new PrivateApt('trixie', stock);
  await apt.update(24);
  const numbers = (version ?? STOCK_VERSION).replace('.', '[.]');
  const names = await apt.names(`^linux-image-${numbers}[.][0-9]+[+]deb13-${FLAVOURS[stock][devices ? 1 : 0]}$`);
  const newest = [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) throw new Error(`no stock kernel ${version ?? STOCK_VERSION} for ${stock}`);
  // Recent ones are split; the modules and the image are then in other packages.
  const parts = ['binary', 'modules', 'base'].map((part) => newest.replace('image', part));
  const there = await Promise.all(parts.map(async (part) => (await apt.newestVersion(part)) !== undefined));
  const root = await debianPackage('trixie', stock, [newest, ...parts.filter((_, i) => there[i])]);
  const files = (await readdir(root, { recursive: true })).map((one) => path.join(root, one));
  const file = (name: RegExp) => files.find((one) => name.test(one)) ?? `${root}${name}`;
  const machine = await machineFor(MACHINES[stock]);
  return {
    name,
    machine,
    image: file(/\/(?:boot|modules\/[^/]+)\/vmlinu[^/]*$/),
    config: file(/\/boot\/config-|\/modules\/[^/]+\/config$/),
    modules:
      devices === 'media'
        ? await unpacked(root, MEDIA_MODULES, await testDrivers(stock, newest.replace('linux-image-', '')))
        : devices
          ? await unpacked(root, DEVICE_MODULES)
          : [],
  };
}

/**
 * Modules of an unpacked kernel package with those that they need, decompressed; and for each a file `NAME.load` with their
 * order.
 * @param more modules that are not in the package
 */
async function unpacked(
  root: string,
  names: readonly string[],
  more: readonly string[] = [],
): Promise<readonly string[]> {
  const releases = path.join(root, 'usr/lib/modules');
  const top = path.join(releases, (await readdir(releases))[0] ?? '', 'kernel');
  const found = (await readdir(top, { recursive: true })).filter((file) => file.endsWith('.ko.xz'));
  // The kernel takes - and _ in the name of a module for the same.
  const nameOf = (file: string) =>
    path
      .basename(file)
      .replace(/\.ko(?:\.xz)?$/, '')
      .replaceAll('-', '_');
  const all = [...found.map((file) => path.join(top, file)), ...more];
  const files = new Map(all.map((file) => [nameOf(file), file]));
  const directory = await filledOnce(
    path.join(cacheRoot(), 'devices', `${path.basename(root)}-${names.join('-')}`),
    async (work) => {
      for (const wanted of names) {
        const order: string[] = [];
        const add = async (name: string): Promise<void> => {
          const file = files.get(name.replaceAll('-', '_'));
          if (file === undefined || order.includes(nameOf(file))) return;
          const module = path.join(work, `${nameOf(file)}.ko`);
          if (file.endsWith('.xz')) {
            const { stdout } = await execa('xz', ['-dc', file], { encoding: 'buffer' });
            await writeFile(module, stdout);
          } else await copyFile(file, module);
          const needs = (await execa('modinfo', ['-F', 'depends', module])).stdout;
          for (const one of needs.split(',').filter((text) => text !== '')) await add(one);
          order.push(nameOf(file));
        };
        await add(wanted);
        await writeFile(path.join(work, `${wanted}.load`), `${order.join(' ')}\n`);
      }
    },
  );
  return (await readdir(directory))
    .filter((file) => /\.(?:ko|load)$/.test(file))
    .map((file) => path.join(directory, file));
}
