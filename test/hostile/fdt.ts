/**
 * Mutated device trees and overlays: whatever the bytes, src/fdt gives a result or a diagnostic, in less than a second
 * and little memory, and what it accepts it can write and read again. Run by test/differential/fdt/run.ts in a process
 * of its own, so that its memory can be measured: `fdt.ts SEED COUNT FILES...` (.dtb and .dtbo).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  applyOverlay,
  busMapping,
  dmaWindows,
  type Fdt,
  type FdtNode,
  findByPhandle,
  memoryBanks,
  nodePath,
  phandleOf,
  readFdt,
  regEntries,
  strings,
  translateToRoot,
  walk,
  writeFdt,
} from '../../src/fdt/index.js';
import { mutated, random } from './fdt-mutations.js';

const MAX_CPU_SECONDS = 1;
const MAX_RSS_BYTES = 256 << 20;

/** Uses everything that reads a tree. */
function use(fdt: Fdt): number {
  let sum = memoryBanks(fdt).length;
  for (const node of walk(fdt.root)) {
    sum += node.name.length + (strings(node, 'compatible')?.length ?? 0) + (phandleOf(node) ?? 0);
    for (const [, value] of node.properties) sum += value.length;
    const mapping = busMapping(node);
    sum += typeof mapping === 'string' ? 1 : mapping.length;
    for (const { baseAddress, sizeBytes } of regEntries(node)?.slice(0, 4) ?? [])
      sum += translateToRoot(node, baseAddress, sizeBytes) === undefined ? 1 : 2;
    sum += dmaWindows(node)?.length ?? 0;
  }
  sum += findByPhandle(fdt, 1)?.name.length ?? 0;
  return sum;
}

function sameTree(a: FdtNode, b: FdtNode): boolean {
  const own = [...a.properties];
  const other = [...b.properties];
  return (
    a.name === b.name &&
    own.length === other.length &&
    own.every(([name, value], i) => name === other[i]?.[0] && Buffer.compare(value, other[i]?.[1] ?? value) === 0) &&
    a.children.length === b.children.length &&
    a.children.every((child, i) => sameTree(child, b.children[i] as FdtNode))
  );
}

/** Accepted once, accepted again: nothing is lost or invented by writing. */
function useAndRewrite(fdt: Fdt): void {
  use(fdt);
  const again = readFdt(writeFdt(fdt)).value;
  if (again === undefined || !sameTree(fdt.root, again.root)) throw new Error('what was accepted and written differs');
}

const [seed = '1', count = '1000', ...files] = process.argv.slice(2);
const inputs = files.map((file) => ({ file, bytes: readFileSync(file), isOverlay: file.endsWith('.dtbo') }));
const bases = inputs.filter((input) => !input.isOverlay);
const overlays = inputs.filter((input) => input.isOverlay);
const pick = random(Number(seed));
const any = <T>(list: readonly T[]): T => list[pick(list.length)] as T;

let accepted = 0;
let refused = 0;
let merged = 0;
let slowest = 0;
let failures = 0;
for (let i = 0; i < Number(count); i += 1) {
  const input = any(inputs);
  const { bytes, applied } = mutated(input.bytes, pick);
  const partner = any(input.isOverlay ? bases : overlays);
  const start = process.cpuUsage();
  try {
    const { value, diagnostics } = readFdt(bytes, 'mutated');
    if (value === undefined) {
      refused += 1;
      if (diagnostics.length === 0) throw new Error('refused without a diagnostic');
    } else {
      accepted += 1;
      useAndRewrite(value);
      const other = readFdt(partner.bytes, 'partner').value as Fdt;
      const result = input.isOverlay ? applyOverlay(other, value) : applyOverlay(value, other);
      if (result.value !== undefined) {
        merged += 1;
        useAndRewrite(result.value);
      } else if (result.diagnostics.length === 0) throw new Error('not applied, without a diagnostic');
      for (const node of walk(value.root)) nodePath(node);
    }
  } catch (error) {
    failures += 1;
    if (failures <= 5) {
      const saved = path.join(os.tmpdir(), `fdt-fails-${seed}-${i}`);
      writeFileSync(saved, bytes);
      console.log(
        `FAILS seed ${seed} case ${i} (${applied.join(', ')}) of ${input.file} with ${partner.file}, saved as ${saved}: ${error}`,
      );
    }
  }
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  if (seconds > MAX_CPU_SECONDS) {
    failures += 1;
    console.log(`SLOW ${seconds.toFixed(2)} s: seed ${seed} case ${i} (${applied.join(', ')}) of ${input.file}`);
  }
  slowest = Math.max(slowest, seconds);
}
const peak = process.resourceUsage().maxRSS * 1024;
if (peak > MAX_RSS_BYTES) failures += 1;
console.log(
  `${failures} failures: ${count} mutated trees, ${accepted} accepted, ${refused} refused, ${merged} merged; ` +
    `slowest ${slowest.toFixed(2)} s, peak ${Math.round(peak / 2 ** 20)} MiB`,
);
process.exitCode = failures > 0 ? 1 : 0;
