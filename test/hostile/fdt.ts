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

const MAX_CPU_SECONDS = 1;
const MAX_RSS_BYTES = 256 << 20;

/** mulberry32: small, seeded, the same everywhere. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const WORDS = [0, 1, 2, 3, 4, 9, 16, 17, 0x40, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

type Mutation = (bytes: Buffer, pick: (below: number) => number) => Buffer;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'bit flips': (bytes, pick) => {
    for (let n = 1 + pick(16); n > 0; n -= 1) {
      const at = pick(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << pick(8));
    }
    return bytes;
  },
  'header words': (bytes, pick) => {
    const field = 4 * (1 + pick(9));
    const other = bytes.readUInt32BE(4 * (1 + pick(9)));
    bytes.writeUInt32BE(pick(2) === 0 ? other : (WORDS[pick(WORDS.length)] as number), field);
    return bytes;
  },
  'structure words': (bytes, pick) => {
    const start = bytes.readUInt32BE(8);
    const cells = bytes.readUInt32BE(36) >> 2;
    for (let n = 1 + pick(4); n > 0; n -= 1) {
      const value = pick(2) === 0 ? (WORDS[pick(WORDS.length)] as number) : pick(bytes.length);
      bytes.writeUInt32BE(value, start + 4 * pick(cells));
    }
    return bytes;
  },
  truncated: (bytes, pick) => bytes.subarray(0, pick(bytes.length)),
  'truncated, size corrected': (bytes, pick) => {
    const cut = Buffer.from(bytes.subarray(0, 40 + pick(bytes.length - 40)));
    cut.writeUInt32BE(cut.length, 4);
    return cut;
  },
  'moved pieces': (bytes, pick) => {
    const length = 4 * (1 + pick(64));
    const from = 4 * pick((bytes.length - length) >> 2);
    const to = 4 * pick((bytes.length - length) >> 2);
    bytes.copy(bytes, to, from, from + length);
    return bytes;
  },
  'no-ops': (bytes, pick) => {
    const start = bytes.readUInt32BE(8);
    const cells = bytes.readUInt32BE(36) >> 2;
    const from = pick(cells);
    for (let i = from; i < Math.min(cells, from + pick(32)); i += 1) bytes.writeUInt32BE(4, start + 4 * i);
    return bytes;
  },
  'deep nesting': (bytes, pick) => {
    const start = bytes.readUInt32BE(8);
    const levels = pick((bytes.readUInt32BE(36) >> 3) - 1);
    for (let i = 0; i < levels; i += 1) {
      bytes.writeUInt32BE(1, start + 8 * i);
      bytes.writeUInt32BE(0, start + 8 * i + 4);
    }
    return bytes;
  },
  'many empty properties': (bytes, pick) => {
    const start = bytes.readUInt32BE(8) + 8;
    const many = Math.floor((bytes.readUInt32BE(36) - 20) / 12);
    const names = bytes.readUInt32BE(32);
    for (let i = 0; i < many; i += 1) {
      bytes.writeUInt32BE(3, start + 12 * i);
      bytes.writeUInt32BE(0, start + 12 * i + 4);
      bytes.writeUInt32BE(pick(names), start + 12 * i + 8);
    }
    bytes.writeUInt32BE(2, start + 12 * many);
    bytes.writeUInt32BE(9, start + 12 * many + 4);
    return bytes;
  },
  'names and text': (bytes, pick) => {
    const start = bytes.readUInt32BE(12);
    for (let n = 1 + pick(32); n > 0; n -= 1)
      bytes[start + pick(bytes.readUInt32BE(32))] = pick(3) === 0 ? 0 : pick(256);
    return bytes;
  },
};

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
const kinds = Object.entries(MUTATIONS);

let accepted = 0;
let refused = 0;
let merged = 0;
let slowest = 0;
let failures = 0;
for (let i = 0; i < Number(count); i += 1) {
  const input = any(inputs);
  const applied: string[] = [];
  let bytes: Buffer = Buffer.from(input.bytes);
  for (let n = pick(4) === 0 ? 2 : 1; n > 0; n -= 1) {
    const [name, mutate] = any(kinds);
    applied.push(name);
    // A second mutation may meet a header that the first one broke.
    if (n === 1 || bytes.length >= 40) {
      try {
        bytes = mutate(bytes, pick);
      } catch {}
    }
  }
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
