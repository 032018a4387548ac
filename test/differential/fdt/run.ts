/**
 * npm run test:dtb [-- --long]: src/fdt against dtc, fdtoverlay and libfdt, over the device trees that Debian ships.
 * Without --long a fixed sample of 200 that has all example boards. Any difference is printed and fails the run.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  applyOverlay,
  baseName,
  type DeviceTreeListing,
  type Fdt,
  type FdtNode,
  makeFdt,
  readFdt,
  readLiveTree,
  writeFdt,
} from '../../../src/fdt/index.js';
import { mutated, random } from '../../hostile/fdt-mutations.js';
import { byHash, deviceTrees } from './inputs.js';
import { applyByLibfdt, buildJudge, readByLibfdt, run, zeroPadding } from './judge.js';
import { byLabel, byPath, hasLabels } from './overlays.js';

const long = process.argv.includes('--long');
const work = mkdtempSync(path.join(os.tmpdir(), 'fdt-differential-'));
let differences = 0;

function differs(what: string, file: string): void {
  differences += 1;
  if (differences <= 20) console.log(`DIFFERS ${what}: ${file}`);
}

function read(file: string): Fdt {
  const { value, diagnostics } = readFdt(readFileSync(file), file);
  if (value === undefined || diagnostics.length > 0)
    throw new Error(`${file}: ${diagnostics.map((d) => d.message).join('; ')}`);
  return value;
}

/** dtc reads the blob and writes it anew; we make all nodes, forget the blob and write them anew. */
function againstDtc(dtbs: readonly string[]): string {
  for (const file of dtbs) {
    const fdt = read(file);
    const bytes = readFileSync(file);
    const packed = writeFdt(fdt);
    const anew = writeFdt(makeFdt(fdt.root, fdt));
    const dtcs = run('dtc', ['-q', '-I', 'dtb', '-O', 'dtb', file]);
    if (!dtcs.equals(anew)) differs('from dtc', file);
    if (!dtcs.equals(run('dtc', ['-q', '-I', 'dtb', '-O', 'dtb', put('packed.dtb', packed)])))
      differs('packed, from dtc', file);
    if (bytes.length === packed.length && !bytes.equals(packed)) differs('packed, from the file', file);
  }
  return `${dtbs.length} DTBs read and written like dtc, byte for byte`;
}

function put(name: string, bytes: Uint8Array): string {
  const file = path.join(work, name);
  writeFileSync(file, bytes);
  return file;
}

/** The real tool, a process each: an overlay by path, one by label, and both in a row. */
function againstFdtoverlay(dtbs: readonly string[]): string {
  let runs = 0;
  let labelled = 0;
  let refused = 0;
  for (const file of dtbs) {
    const base = read(file);
    const pathOverlay = byPath(base);
    const labelOverlay = byLabel(base);
    if (labelOverlay !== undefined) labelled += 1;
    const rows =
      labelOverlay === undefined ? [[pathOverlay]] : [[pathOverlay], [labelOverlay], [pathOverlay, labelOverlay]];
    for (const overlays of rows) {
      runs += 1;
      const out = path.join(work, 'merged.dtb');
      const files = overlays.map((overlay, i) => put(`overlay-${i}.dtbo`, writeFdt(overlay)));
      const tool = spawnSync('fdtoverlay', ['-i', file, '-o', out, ...files]);
      if (tool.error) throw tool.error;
      const merged = overlays.reduce(
        (tree: Fdt | undefined, overlay) => tree && applyOverlay(tree, overlay).value,
        base,
      );
      if (tool.status !== 0) refused += 1;
      if ((tool.status === 0) !== (merged !== undefined)) differs(`fdtoverlay says ${tool.status}`, file);
      else if (
        merged !== undefined &&
        !zeroPadding(readFileSync(out)).equals(zeroPadding(Buffer.from(writeFdt(merged))))
      )
        differs('from fdtoverlay', file);
    }
  }
  return (
    `${runs} merges of generated overlays on ${dtbs.length} DTBs, ${labelled} of them with labels: as fdtoverlay, ` +
    `byte for byte but for padding (${refused} refused by both)`
  );
}

/**
 * dtc reads directories of the form of /proc/device-tree too. Both are sorted, because a directory has no order, and get
 * a boot CPU, which dtc would guess.
 */
function againstDtcOnDirectories(dtbs: readonly string[]): string {
  for (const file of dtbs) {
    const directory = path.join(work, 'live');
    writeDirectory(read(file).root, directory);
    const { value } = readLiveTree(listDirectory(directory));
    const sorted = (format: string, input: string) =>
      run('dtc', ['-q', '-s', '-b', '0', '-I', format, '-O', 'dtb', input]);
    const ours = value === undefined ? undefined : sorted('dtb', put('live.dtb', writeFdt(value)));
    if (ours === undefined || !sorted('fs', directory).equals(ours)) differs('from dtc -I fs', file);
    rmSync(directory, { recursive: true });
  }
  return `${dtbs.length} trees as directories read like dtc -I fs`;
}

function writeDirectory(node: FdtNode, directory: string): void {
  mkdirSync(directory);
  for (const [name, value] of node.properties) writeFileSync(path.join(directory, name), value);
  // As the kernel does for trees without.
  writeFileSync(path.join(directory, 'name'), `${baseName(node.name)}\0`);
  for (const child of node.children) writeDirectory(child, path.join(directory, child.name));
}

function listDirectory(directory: string): DeviceTreeListing {
  return Object.fromEntries(
    readdirSync(directory, { withFileTypes: true }).map((entry) => {
      const at = path.join(directory, entry.name);
      return [entry.name, entry.isDirectory() ? listDirectory(at) : readFileSync(at)];
    }),
  );
}

/** The overlays of the packages on every base beside them that has labels: the right ones and the wrong ones. */
async function againstLibfdt(dtbos: readonly string[], dtbs: readonly string[]): Promise<string> {
  const judge = await buildJudge();
  const trees = new Map<string, Fdt>();
  const tree = (file: string) => {
    const known = trees.get(file) ?? read(file);
    trees.set(file, known);
    return known;
  };
  let pairs = 0;
  let merged = 0;
  let shipped = 0;
  for (const directory of new Set(dtbos.map(path.dirname))) {
    const packed = new Set<string>();
    const beside = dtbs.filter((file) => path.dirname(file) === directory);
    for (const file of beside) packed.add(zeroPadding(Buffer.from(writeFdt(tree(file)))).toString('latin1'));
    const bases = byHash(beside.filter((file) => hasLabels(tree(file)))).slice(0, long ? undefined : 10);
    for (const dtbo of dtbos.filter((file) => path.dirname(file) === directory)) {
      const verdicts = applyByLibfdt(
        judge,
        bases.map((base) => [base, dtbo] as const),
      );
      bases.forEach((base, i) => {
        pairs += 1;
        const verdict = verdicts[i];
        const { value } = applyOverlay(tree(base), tree(dtbo));
        if (typeof verdict === 'number') {
          if (value !== undefined) differs(`libfdt refuses with ${verdict}`, `${base} + ${dtbo}`);
          return;
        }
        merged += 1;
        const ours = value === undefined ? undefined : zeroPadding(Buffer.from(writeFdt(value)));
        if (ours === undefined || verdict === undefined || !zeroPadding(verdict).equals(ours))
          differs('from libfdt', `${base} + ${dtbo}`);
        else if (packed.has(ours.toString('latin1'))) shipped += 1;
      });
    }
    trees.clear();
  }
  return (
    `${dtbos.length} .dtbo on their neighbours, ${pairs} pairs: ${merged} merged, ${pairs - merged} refused, as libfdt, ` +
    `byte for byte but for padding; ${shipped} of the results are DTBs that the package ships merged`
  );
}

/** The same text as the judge's for a tree that we accept. */
function dump(node: FdtNode, depth = 0): Buffer[] {
  const text = (value: string) => Buffer.from(value, 'latin1');
  return [
    text(`${depth} ${node.name}\n`),
    ...[...node.properties].flatMap(([name, value]) => [
      text(` ${name} ${value.length} `),
      Buffer.from(value),
      text('\n'),
    ]),
    ...node.children.flatMap((child) => dump(child, depth + 1)),
  ];
}

/** Damaged blobs: libfdt accepts the same ones and reads the same in them. */
async function againstLibfdtOnDamage(count: number, dtbs: readonly string[]): Promise<string> {
  const judge = await buildJudge();
  const pick = random(1);
  const inputs = byHash(dtbs)
    .slice(0, 40)
    .map((file) => readFileSync(file));
  let accepted = 0;
  let stricter = 0;
  let compared = 0;
  for (let done = 0; done < count; done += 500) {
    const blobs = Array.from(
      { length: Math.min(500, count - done) },
      () => mutated(inputs[pick(inputs.length)] as Buffer, pick),
      // libfdt walks all properties for each name: among thousands that takes seconds.
    ).filter(({ applied }) => !applied.includes('many empty properties'));
    compared += blobs.length;
    const verdicts = readByLibfdt(
      judge,
      blobs.map(({ bytes }) => bytes),
    );
    blobs.forEach(({ bytes, applied }, i) => {
      const verdict = verdicts[i] as Buffer | number;
      const { value, diagnostics } = readFdt(bytes);
      const where = `case ${done + i}: ${applied.join(', ')}`;
      if (value === undefined) {
        if (typeof verdict === 'number') return;
        stricter += 1;
        differs(`libfdt accepts; ${diagnostics.map((d) => d.message).join()}`, where);
      } else if (typeof verdict === 'number') differs(`libfdt refuses with ${verdict}`, where);
      else {
        accepted += 1;
        if (!verdict.equals(Buffer.concat(dump(value.root)))) differs('from libfdt', where);
      }
    });
  }
  return `${compared} damaged blobs: ${accepted} accepted as by libfdt and read alike, ${stricter} refused that it accepts`;
}

/** Mostly small inputs, so that many cases fit in the time; every generated overlay has a base that takes it. */
function fuzz(count: number, dtbos: readonly string[], dtbs: readonly string[]): string {
  const shuffled = byHash(dtbs);
  const bases = [...shuffled.filter((file) => statSync(file).size < 32_768).slice(0, 24), ...shuffled.slice(0, 4)];
  const overlays = [...byHash(dtbos).slice(0, 12)];
  bases.forEach((file, i) => {
    const base = read(file);
    for (const [kind, overlay] of Object.entries({ path: byPath(base), label: byLabel(base) }))
      if (overlay !== undefined) overlays.push(put(`${kind}-${i}.dtbo`, writeFdt(overlay)));
  });
  const script = new URL('../../hostile/fdt.ts', import.meta.url).pathname;
  // A process for each part: its memory is measured as a whole, garbage that V8 has not yet collected included. On a busy
  // machine it collects late unless it is told to stay small.
  const perProcess = 20_000;
  for (let done = 0, seed = 1; done < count; done += perProcess, seed += 1) {
    const args = [
      '--max-old-space-size=128',
      '--import',
      'tsx',
      script,
      `${seed}`,
      `${Math.min(perProcess, count - done)}`,
      ...bases,
      ...overlays,
    ];
    const part = spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (part.status !== 0) differs('a mutated tree does harm', `seed ${seed}`);
  }
  return `${count} mutated trees of ${bases.length} DTBs and ${overlays.length} overlays do no harm`;
}

const { dtbs, dtbos, summary } = await deviceTrees(long ? undefined : 200);
console.log(summary.join('\n'));
const everything = long ? { dtbs, dtbos } : await deviceTrees();
const steps: readonly (() => string | Promise<string>)[] = [
  () => againstDtc(dtbs),
  () => againstFdtoverlay(dtbs),
  () => againstDtcOnDirectories(byHash(dtbs).slice(0, long ? 40 : 4)),
  () => againstLibfdt(dtbos, everything.dtbs),
  () => againstLibfdtOnDamage(long ? 5_000 : 500, everything.dtbs),
  () => fuzz(long ? 200_000 : 2_000, everything.dtbos, everything.dtbs),
];
let held = 0;
try {
  for (const step of steps) {
    const start = Date.now();
    const before = differences;
    const said = await step();
    if (differences === before) held += 1;
    console.log(`${differences - before} differences: ${said} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  }
} finally {
  rmSync(work, { recursive: true });
}
console.log(`${held} passed, ${steps.length - held} failed, 0 skipped`);
process.exitCode = differences > 0 ? 1 : 0;
