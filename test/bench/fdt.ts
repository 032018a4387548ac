/**
 * npm run bench:fdt: CPU time of src/fdt over every device tree that Debian ships, against libfdt in a C program doing
 * the same work (judge.c), one run of each. A few trees are worked on before the clock starts, because V8 compiles what
 * runs often and a C program is compiled before; garbage collection counts. Fails when a target is missed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { applyOverlay, type Fdt, type FdtNode, readFdt, writeFdt } from '../../src/fdt/index.js';
import { deviceTrees } from '../differential/fdt/inputs.js';
import { buildJudge, run } from '../differential/fdt/judge.js';
import { byPath } from '../differential/fdt/overlays.js';

/** Trees worked on before the clock starts. */
const WARM_UP = 300;

/** CPU seconds of this process, garbage collection included. */
function cpuSeconds(body: () => void): number {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function read(bytes: Uint8Array): Fdt {
  const { value } = readFdt(bytes);
  if (value === undefined) throw new Error('a DTB of Debian was refused');
  return value;
}

/** Touches every name and value, so that nothing stays unmade. */
function touch(node: FdtNode): number {
  let sum = node.name.length;
  for (const [name, value] of node.properties) sum += name.length + value.length + (value[0] ?? 0);
  for (const child of node.children) sum += touch(child);
  return sum;
}

const { dtbs, summary } = await deviceTrees();
const judge = await buildJudge();
const work = mkdtempSync(path.join(os.tmpdir(), 'fdt-bench-'));
try {
  const blobs = dtbs.map((file) => new Uint8Array(readFileSync(file)));
  // One overlay for all: the work does not depend on the cells in it.
  const overlayBlob = writeFdt(byPath(read(blobs[0] as Uint8Array)));
  const overlayFile = path.join(work, 'overlay.dtbo');
  writeFileSync(overlayFile, overlayBlob);

  const libfdt = JSON.parse(run(judge, ['bench', overlayFile, ...dtbs]).toString()) as Record<string, number>;
  if (libfdt.failed !== 0) throw new Error(`libfdt refused ${libfdt.failed} overlays`);

  let bytes = 0;
  let sum = 0;
  for (const blob of blobs) bytes += blob.length;
  // libfdt destroys the overlay and needs a fresh copy each time; ours is read once.
  const overlay = read(overlayBlob);
  const tasks = {
    index: (blob: Uint8Array) => read(blob).bootCpuId,
    tree: (blob: Uint8Array) => touch(read(blob).root),
    merge: (blob: Uint8Array) => {
      const { value } = applyOverlay(read(blob), overlay);
      if (value === undefined) throw new Error('an overlay was refused');
      return writeFdt(value).length;
    },
  };
  for (const body of Object.values(tasks)) for (const blob of blobs.slice(0, WARM_UP)) sum += body(blob);
  const all = (body: (blob: Uint8Array) => number) =>
    cpuSeconds(() => {
      for (const blob of blobs) sum += body(blob);
    });
  const index = all(tasks.index);
  const tree = all(tasks.tree);
  const merge = all(tasks.merge);
  // The tool's own CPU time, as the shell's `times` sees it, for every twentieth DTB.
  const some = dtbs.filter((_, i) => i % 20 === 0);
  const list = path.join(work, 'list');
  writeFileSync(list, some.map((file) => `${file}\n`).join(''));
  const script = 'while read -r f; do fdtoverlay -i "$f" -o "$1/out.dtb" "$2" || exit 1; done < "$3"; times';
  const times = run('bash', ['-c', script, 'bash', work, overlayFile, list]).toString().trim().split('\n')[1] ?? '';
  const spent = [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce((all, [, m, s]) => all + Number(m) * 60 + Number(s), 0);
  const spawned = (spent / some.length) * dtbs.length;

  console.log(`${summary.join('\n')}\n${dtbs.length} DTBs, ${(bytes / 1e6).toFixed(1)} MB; CPU seconds`);
  const rows: [string, number, string, number, number][] = [
    ['checked index', index, 'libfdt walk over nodes and properties', libfdt.walk as number, 1],
    ['full tree', tree, 'libfdt walk over nodes and properties', libfdt.walk as number, 2],
    ['apply and repack', merge, 'libfdt open, apply, pack', libfdt.merge as number, 2],
    ['apply and repack', merge, `fdtoverlay spawned (from ${some.length})`, spawned, 0.1],
  ];
  let missed = 0;
  for (const [what, ours, against, theirs, target] of rows) {
    const ratio = ours / theirs;
    if (ratio > target) missed += 1;
    console.log(
      `${ratio <= target ? 'ok    ' : 'MISSED'} ${what} ${ours.toFixed(3)} / ${against} ${theirs.toFixed(3)} = ${ratio.toFixed(2)} (at most ${target})`,
    );
  }
  const strict = `index ${(index / (libfdt.tags as number)).toFixed(2)}, tree ${(tree / (libfdt.tags as number)).toFixed(2)}`;
  console.log(
    `against libfdt's bare tag loop (fdt_next_tag, ${libfdt.tags?.toFixed(3)}): ${strict}; fdt_check_full takes ${libfdt.check?.toFixed(3)} (checksum ${sum})`,
  );
  process.exitCode = missed > 0 ? 1 : 0;
} finally {
  rmSync(work, { recursive: true });
}
