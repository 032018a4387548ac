/**
 * CPU time of src/fdt over every device tree that Debian ships, against libfdt in a C program doing the same work
 * (judge.c). A few trees are worked on before the clock starts, because V8 compiles what runs often and a C program is
 * compiled before; garbage collection counts.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { applyOverlay, type Fdt, type FdtNode, readFdt, writeFdt } from '../../src/fdt/index.js';
import { deviceTrees } from '../differential/fdt/inputs.js';
import { buildJudge, run } from '../differential/fdt/judge.js';
import { byPath } from '../differential/fdt/overlays.js';
import type { Row } from './table.js';

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

export async function bench(rounds: number): Promise<Row[]> {
  const { dtbs } = await deviceTrees();
  const judge = await buildJudge();
  const work = mkdtempSync(path.join(os.tmpdir(), 'fdt-bench-'));
  try {
    const blobs = dtbs.map((file) => new Uint8Array(readFileSync(file)));
    // One overlay for all: the work does not depend on the cells in it.
    const overlayBlob = writeFdt(byPath(read(blobs[0] as Uint8Array)));
    const overlayFile = path.join(work, 'overlay.dtbo');
    writeFileSync(overlayFile, overlayBlob);
    let sum = 0;
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
    const ours: Record<keyof typeof tasks, number[]> = { index: [], tree: [], merge: [] };
    const theirs: { walk: number[]; merge: number[] } = { walk: [], merge: [] };
    for (let round = 0; round < rounds; round += 1) {
      const libfdt = JSON.parse(run(judge, ['bench', overlayFile, ...dtbs]).toString()) as Record<string, number>;
      if (libfdt['failed'] !== 0) throw new Error(`libfdt refused ${libfdt['failed']} overlays`);
      theirs.walk.push(libfdt['walk'] as number);
      theirs.merge.push(libfdt['merge'] as number);
      for (const [name, body] of Object.entries(tasks)) ours[name as keyof typeof tasks].push(all(body));
    }
    if (Number.isNaN(sum)) throw new Error('nothing was read');
    const row = (what: string, values: readonly number[], peer: Row['peer'], goal: number): Row => ({
      what: `${what}, ${dtbs.length} DTBs`,
      unit: 's of CPU',
      ours: values,
      ...(peer && { peer }),
      goal,
    });
    const walk = { name: 'libfdt walk', values: theirs.walk };
    return [
      row('FDT: checked index', ours.index, walk, 0.4),
      row('FDT: full tree', ours.tree, walk, 1.5),
      row('FDT: apply and repack', ours.merge, { name: 'libfdt apply, pack', values: theirs.merge }, 0.6),
    ];
  } finally {
    rmSync(work, { recursive: true });
  }
}
