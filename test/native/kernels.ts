/** The kernels of the guests: the lab's, one with devices that import buffers, and Debian's stock ones. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { PrivateApt } from '../../src/build/fetch/apt.js';
import { type Architecture, debianPackage } from '../../src/build/fetch/index.js';
import { buildKernel, type KernelRecipe, kernelRecipe } from '../e2e/kernel.js';
import { type Machine, machineFor } from '../e2e/machine.js';

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

/** `debian-ARCH`: Debian's stock cloud kernel, which is only unpacked. */
export async function guestKernel(name: string): Promise<GuestKernel> {
  const stock = /^debian-(.*)$/.exec(name)?.[1] as Architecture | undefined;
  if (stock === undefined) {
    const kernel = await buildKernel(name === DEVICES.name ? DEVICES : await kernelRecipe(name), console.error);
    const { arch, cpu } = kernel.recipe;
    const usual = await machineFor(arch);
    const machine = cpu === undefined ? usual : { ...usual, qemu: { ...usual.qemu, cpu } };
    return { name, machine, image: kernel.image, config: kernel.config, modules: kernel.modules };
  }
  const apt = new PrivateApt('trixie', stock);
  await apt.update(24);
  const names = await apt.names(`^linux-image-6[.]12[.][0-9]+[+]deb13-cloud-${stock}$`);
  const newest = [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) throw new Error(`no cloud kernel for ${stock}`);
  const boot = path.join(await debianPackage('trixie', stock, newest), 'boot');
  const files = await readdir(boot);
  const file = (prefix: string) => path.join(boot, files.find((one) => one.startsWith(prefix)) ?? prefix);
  const machine = await machineFor(stock === 'amd64' ? 'x86_64' : 'arm64');
  return { name, machine, image: file('vmlinuz-'), config: file('config-'), modules: [] };
}
