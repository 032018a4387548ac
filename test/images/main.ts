/**
 * `npm run test:images [-- --short] [NAME...]`: images that are built from generated files alone and booted. Each ends in the
 * report of the verifier from inside: healthy, and with faults. --short: what CI runs, Debian for arm64, healthy and with one
 * fault. --long: everything, as without it.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Verdicts } from '../verdicts.js';
import { type Architecture, BOARDS, type Fault } from './boards.js';
import { buildrootImage } from './buildroot.js';
import { missingBuildroot, missingEudev } from './buildroot-host.js';
import { debianImage } from './debian.js';
import { mkosiImage } from './mkosi.js';
import { judgeYocto } from './yocto.js';
import { judgeYoctoKernels } from './yocto-kernels.js';

/** @returns what boots the image with a fault, and objections to what it shows */
type Boots = (fault: Fault) => Promise<string>;

interface Image {
  readonly builder: string;
  readonly architecture: Architecture;
  readonly build: (directory: string) => Promise<Boots>;
  /** Why it cannot be built here. */
  readonly missing?: () => string | undefined;
}

const IMAGES: readonly Image[] = [
  ...(['arm64', 'amd64'] as const).flatMap((architecture) => [
    { builder: 'debian', architecture, build: (directory: string) => debianImage(architecture, directory) },
    { builder: 'mkosi', architecture, build: (directory: string) => mkosiImage(architecture, directory) },
  ]),
  ...(['arm64', 'armhf'] as const).map((architecture) => ({
    builder: 'buildroot',
    architecture,
    build: (directory: string) => buildrootImage(architecture, 'mdev', directory),
    missing: missingBuildroot,
  })),
  {
    builder: 'buildroot with eudev',
    architecture: 'arm64',
    build: (directory) => buildrootImage('arm64', 'eudev', directory),
    missing: () => missingBuildroot() ?? missingEudev(),
  },
];

/** What has no run here, and what would decide it. */
const NOT_RUN = {
  'buildroot with systemd': 'Buildroot builds it with meson, ninja and Python from sources of its own',
  'a booted image of yocto': 'bitbake builds its compilers and natives from sources that are on the network',
};

const words = process.argv.slice(2);
const isShort = words.includes('--short');
const wanted = words.filter((word) => !word.startsWith('--'));
const isWanted = (name: string) => wanted.length === 0 || wanted.some((word) => name.includes(word));
const verdicts = new Verdicts();
const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-images-'));
try {
  for (const { builder, architecture, build, missing } of IMAGES) {
    const name = `${builder} ${architecture}`;
    if (!isWanted(name) || (isShort && name !== 'debian arm64')) continue;
    const reason = missing?.();
    if (reason !== undefined) {
      verdicts.skip(name, reason);
      continue;
    }
    let boots: Boots | undefined;
    await verdicts.judge(`${name}: built`, async () => {
      const place = path.join(directory, name.replaceAll(' ', '-'));
      mkdirSync(place);
      boots = await build(place);
      return '';
    });
    const unlikeFault = boots;
    if (unlikeFault !== undefined)
      for (const fault of BOARDS[architecture].faults.filter((one) => !isShort || !one.isWithoutOverlay))
        await verdicts.judge(`${name}, booted, fault: ${fault.name}`, () => unlikeFault(fault));
  }
  if (isWanted('yocto') && !isShort) await judgeYocto(verdicts, directory);
  if (isWanted('yocto-kernels') && !isShort) await judgeYoctoKernels(verdicts, directory);
  for (const [name, reason] of Object.entries(NOT_RUN)) if (isWanted(name)) verdicts.skip(name, reason);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
verdicts.close();
