/**
 * `npm run test:images [-- --short] [NAME...]`: images that are built from generated files alone and booted. Each ends in the
 * report of the verifier from inside: healthy, and with faults. --short: what CI runs, Debian for arm64, healthy and with one
 * fault.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Verdicts } from '../verdicts.js';
import { debianImage, SYSTEMS, unlikeFault } from './debian.js';

/** What has no run here, and what would decide it. */
const NOT_RUN = {
  mkosi:
    'mkosi installs the packages of the image in a private root with qemu-user, and has not been seen to finish; test:targets runs mkosi summary',
  buildroot: 'neither Debian nor npm has its source',
  yocto: 'neither Debian nor npm has openembedded-core; templates/yocto/README.md lists what was run by hand',
};

const words = process.argv.slice(2);
const isShort = words.includes('--short');
const wanted = words.filter((word) => !word.startsWith('--'));
const isWanted = (name: string) => wanted.length === 0 || wanted.some((word) => name.includes(word));
const verdicts = new Verdicts();
const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-images-'));
try {
  for (const system of SYSTEMS) {
    const name = `debian ${system.architecture}`;
    if (!isWanted(name) || (isShort && system.architecture !== 'arm64')) continue;
    let built: Awaited<ReturnType<typeof debianImage>> | undefined;
    await verdicts.judge(`${name}: packages built and installed`, async () => {
      built = await debianImage(system, path.join(directory, system.architecture));
      return '';
    });
    const image = built;
    if (image !== undefined)
      for (const fault of system.faults.filter((one) => !isShort || !one.isWithoutOverlay))
        await verdicts.judge(`${name}, booted, fault: ${fault.name}`, () => unlikeFault(image, fault));
  }
  for (const [name, reason] of Object.entries(NOT_RUN)) if (isWanted(name)) verdicts.skip(name, reason);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
verdicts.close();
