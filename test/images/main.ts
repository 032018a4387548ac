/**
 * `npm run test:images [-- NAME...]`: images that are built from generated files alone and booted. Each ends in the report of
 * the verifier from inside: healthy, without the overlay, and with the rule masked.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Verdicts } from '../verdicts.js';
import { bootImage, debianImage, type Fault, unlikeImage } from './debian.js';

const FAULTS: readonly Fault[] = ['none', 'no overlay', 'rule masked'];

/** What has no run here, and what would decide it. */
const NOT_RUN = {
  mkosi: 'needs a kernel of arm64 with UEFI and a disk, which the lab does not build; test:targets runs mkosi summary',
  buildroot: 'neither Debian nor npm has its source',
  yocto: 'neither Debian nor npm has openembedded-core; templates/yocto/README.md lists what was run by hand',
};

const wanted = process.argv.slice(2);
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);
const verdicts = new Verdicts();
const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-images-'));
try {
  if (isWanted('debian')) {
    let built: Awaited<ReturnType<typeof debianImage>> | undefined;
    await verdicts.judge('debian arm64: packages built and installed', async () => {
      built = await debianImage(directory);
      return '';
    });
    const image = built;
    if (image !== undefined)
      for (const fault of FAULTS)
        await verdicts.judge(`debian arm64, booted, fault: ${fault}`, async () =>
          unlikeImage(fault, await bootImage(image, fault)),
        );
  }
  for (const [name, reason] of Object.entries(NOT_RUN)) if (isWanted(name)) verdicts.skip(name, reason);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
verdicts.close();
