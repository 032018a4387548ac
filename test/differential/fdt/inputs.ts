/** Every device tree that Debian's kernel packages ship, or a fixed sample of them. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type Architecture, dtbDirectory } from '../../../src/build/fetch/index.js';

const PACKAGES: readonly (readonly [Architecture, string])[] = [
  ['arm64', '6.1'],
  ['arm64', '6.12'],
  ['arm64', 'newest'],
  ['armhf', '6.12'],
  ['riscv64', '6.12'],
];

/** Boards that stand for a family of faults; the sample always has them. */
const BOARDS = [
  'rk3399-rockpro64',
  'rk3399-gru-kevin',
  'rk3588-rock-5b',
  'imx8mp-evk',
  'imx95-19x19-evk',
  'imx93-11x11-evk',
  'bcm2711-rpi-4-b',
  'bcm2712-rpi-5-b',
  'k3-am625-sk',
  'k3-am62a7-sk',
  'meson-g12b-odroid-n2',
  'sun50i-a64-pine64-plus',
  'sun7i-a20-bananapi',
  'stm32mp157c-dk2',
  'am5729-beagleboneai',
  'jh7110-starfive-visionfive-2-v1.3b',
  'sc7180-trogdor-lazor-r1',
  'qrb5165-rb5',
];

export interface DeviceTrees {
  /** Absolute paths, sorted. */
  readonly dtbs: readonly string[];
  /** Overlays, sorted. */
  readonly dtbos: readonly string[];
  /** Packages without their directory, e.g. `arm64 6.1: 577 dtb, 0 dtbo`. */
  readonly summary: readonly string[];
}

/** @param sampleSize how many DTBs (overlays: a fifth of it); undefined for all */
export async function deviceTrees(sampleSize?: number): Promise<DeviceTrees> {
  const dtbs: string[] = [];
  const dtbos: string[] = [];
  const summary: string[] = [];
  for (const [architecture, version] of PACKAGES) {
    const directory = await dtbDirectory(architecture, version);
    const entries = await readdir(directory, { recursive: true });
    const files = (ending: string) =>
      entries.filter((entry) => entry.endsWith(ending)).map((entry) => path.join(directory, entry));
    summary.push(`${architecture} ${version}: ${files('.dtb').length} dtb, ${files('.dtbo').length} dtbo`);
    dtbs.push(...files('.dtb'));
    dtbos.push(...files('.dtbo'));
  }
  if (sampleSize === undefined) return { dtbs: dtbs.sort(), dtbos: dtbos.sort(), summary };
  const boards = dtbs.filter((file) => BOARDS.includes(path.basename(file, '.dtb')));
  const missing = BOARDS.filter((board) => !boards.some((file) => path.basename(file, '.dtb') === board));
  if (missing.length > 0) throw new Error(`no package has the board ${missing.join(', ')}`);
  return {
    dtbs: [...new Set([...boards, ...byHash(dtbs)])].slice(0, sampleSize).sort(),
    dtbos: byHash(dtbos)
      .slice(0, sampleSize / 5)
      .sort(),
    summary,
  };
}

/** An order that looks random and is the same on every machine and for every new kernel. */
export function byHash(files: readonly string[]): readonly string[] {
  const key = (file: string) => createHash('sha256').update(file.split('/').slice(-2).join('/')).digest('hex');
  return files
    .map((file) => [key(file), file] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, file]) => file);
}
