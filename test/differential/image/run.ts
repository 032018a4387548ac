/**
 * `npm run test:image [-- IMAGES [FIRST]]`: random root file systems, read by src/image and src/check and by systemd-sysusers,
 * systemd-tmpfiles, systemd-analyze, a systemd that runs services and slices, BusyBox mdev and two releases of udevadm on
 * the same tree; then the same with faults in what our readers see, each of which must be caught.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { directorySource } from '../../../src/cli/image/directory.js';
import { dmaheap } from '../../cli/run.js';
import { FAULTS } from './faults.js';
import { FORMS, imageWithLinks, prepareForms } from './forms.js';
import { type Answers, type Judge, run } from './judge.js';
import { manager } from './manager.js';
import { mdev } from './mdev.js';
import { randomImage } from './random.js';
import { sysusers, tmpfiles, units } from './systemd.js';
import { udevadm } from './udev.js';

const PROFILE = path.resolve('schemas/examples/qemu-virt-arm64.json');
const IMAGES = 100;
const BATCH = 20;
/** The faults need a few images each, not all. */
const IMAGES_WITH_FAULTS = 60;

function differences(theirs: Answers, ours: Answers): string[] {
  const questions = new Set([...theirs.keys(), ...ours.keys()]);
  return [...questions].flatMap((question) => {
    const [we, they] = [ours.get(question) ?? 'nothing', theirs.get(question) ?? 'nothing'];
    return we === they ? [] : [`${question}: we say "${we}", it says "${they}"`];
  });
}

const numbers = process.argv
  .slice(2)
  .filter((word) => /^\d+$/.test(word))
  .map(Number);
const [count = IMAGES, first = 1] = numbers;
const missing = ['systemd-sysusers', 'systemd-tmpfiles', 'systemd-analyze', 'busybox', 'unshare', 'chroot'].filter(
  (name) => run('sh', ['-c', `command -v ${name}`]).status !== 0,
);
if (missing.length > 0 || process.getuid?.() !== 0) {
  console.log(
    `NOT RUN: ${missing.length > 0 ? `${missing.join(', ')} not installed` : 'root is needed, for owners of files'}`,
  );
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit(0);
}
const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-images-'));
const isKept = process.argv.includes('--keep');
mkdirSync(path.join(work, 'images'));
let compared = 0;
const different: string[] = [];
const caught = new Map<string, number>(Object.keys(FAULTS).map((name) => [name, 0]));
const byJudge = new Map<string, number>();
try {
  const judges: readonly Judge[] = [
    sysusers,
    tmpfiles,
    units,
    manager,
    mdev(work),
    await udevadm(work, 'bookworm'),
    await udevadm(work, 'trixie'),
  ];
  for (let start = first; start < first + count; start += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, first + count - start) }, (_, i) => start + i);
    const images = seeds.map((seed) => randomImage(path.join(work, 'images', String(seed)), seed));
    const answers = await Promise.all(
      judges.map(async (judge, i) => {
        const scratch = path.join(work, `judge-${i}`);
        mkdirSync(scratch);
        const given = await judge.theirs(images, scratch);
        rmSync(scratch, { recursive: true });
        return given;
      }),
    );
    for (const [i, image] of images.entries()) {
      const source = directorySource(image.root);
      for (const [j, judge] of judges.entries()) {
        const theirs = answers[j]?.[i] ?? new Map();
        const found = differences(theirs, judge.ours(image, source));
        compared += theirs.size;
        byJudge.set(judge.name, (byJudge.get(judge.name) ?? 0) + theirs.size);
        different.push(...found.map((text) => `seed ${image.seed}, ${judge.name}: ${text}`));
        if (image.seed >= first + IMAGES_WITH_FAULTS) continue;
        for (const [name, fault] of Object.entries(FAULTS)) {
          const more = differences(theirs, judge.ours(image, fault(source)));
          caught.set(name, (caught.get(name) ?? 0) + more.filter((text) => !found.includes(text)).length);
        }
      }
      if (!isKept) rmSync(image.root, { recursive: true });
    }
  }
} finally {
  if (isKept) console.error(`kept: ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
/** Packing and unpacking is slow: a few images go through every reader. */
const IMAGES_PACKED = 6;

/** `dmaheap check` of one image in every form; lines where a form has another answer than the directory. */
async function readForms(): Promise<{ readonly read: number; readonly different: readonly string[] }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dmaheap-forms-'));
  const PATH = await prepareForms(path.join(folder, 'bin'));
  const found: string[] = [];
  let read = 0;
  try {
    for (let seed = first; seed < first + Math.min(count, IMAGES_PACKED); seed += 1) {
      const name = `image-${seed}`;
      imageWithLinks(path.join(folder, name), seed);
      const check = async (form: string) => {
        const environment = { ...process.env, PATH };
        const { exit, stdout, stderr } = await dmaheap(['check', PROFILE, '--rootfs', form], folder, environment);
        return JSON.stringify([exit, stdout, stderr.replaceAll(`${form}/`, 'image/')]);
      };
      const wanted = await check(name);
      if (!/(?:PASS|FAIL): /.test(wanted)) found.push(`seed ${seed}: no verdict of the directory`);
      for (const [form, pack] of Object.entries(FORMS)) {
        pack(path.join(folder, name), path.join(folder, `${name}.${form}`));
        read += 1;
        if ((await check(`${name}.${form}`)) !== wanted) found.push(`seed ${seed}: ${form} has another verdict`);
        rmSync(path.join(folder, `${name}.${form}`), { recursive: true });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { read, different: found };
}

const forms = await readForms();
different.push(...forms.different);
for (const line of different.slice(0, 40)) console.error(line);
for (const [name, found] of caught)
  console.log(`control: ${name}: ${found > 0 ? `caught (${found} differences)` : 'NOT CAUGHT'}`);
const answers = [...byJudge].map(([name, asked]) => `${name} ${asked}`).join(', ');
console.log(`${count} random images, ${compared} answers compared (${answers}): ${different.length} differences`);
console.log(
  `${forms.read} verdicts of ${Object.keys(FORMS).join(', ')}: ${forms.different.length} other than the directory's`,
);
const faults = [...caught.values()].filter((found) => found === 0).length;
console.log(`${different.length === 0 ? 1 : 0} passed, ${(different.length === 0 ? 0 : 1) + faults} failed, 0 skipped`);
process.exitCode = different.length === 0 && faults === 0 ? 0 : 1;
