/**
 * npm run test:placement [-- --long]: every lint, the simulator and the planner over the device trees that Debian ships,
 * as they are, with our overlay, and damaged. Without --long a fixed sample of 200. Anything wrong is printed and fails
 * the run.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type KernelVersion, parseKernelVersion } from '../../../src/facts/index.js';
import { applyOverlay, type Fdt, readFdt } from '../../../src/fdt/index.js';
import {
  type Architecture,
  lintPlacement,
  memoryMap,
  PLACEMENT_CODES,
  type PlacementInput,
  planRegions,
  predict,
} from '../../../src/placement/index.js';
import { deviceTrees } from '../fdt/inputs.js';
import { byPath } from '../fdt/overlays.js';

const long = process.argv.includes('--long');
/** CPU seconds for the whole proof of 3,900 trees. */
const BUDGET = { seconds: 3, trees: 3900 };
const KERNELS = ['5.10', '6.1', '6.12', '7.3'].map((text) => parseKernelVersion(text) as KernelVersion);
const [, , NEW] = KERNELS as [KernelVersion, KernelVersion, KernelVersion];
let wrong = 0;

function fails(what: string, file: string): void {
  wrong += 1;
  if (wrong <= 20) console.log(`WRONG ${what}: ${file}`);
}

function architectureOf(file: string): Architecture {
  return file.includes('/arm64/') ? 'arm64' : file.includes('/riscv64/') ? 'riscv64' : 'arm';
}

const inputOf = (tree: Fdt, file: string, kernel: KernelVersion): PlacementInput => ({
  tree,
  kernel,
  architecture: architectureOf(file),
  commandLine: '',
});

function cpuSeconds(body: () => void): number {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Every lint over the tree with and without our overlay; what the board has wrong by itself is never our error. */
function lintAll(trees: ReadonlyMap<string, Fdt>): string {
  let findings = 0;
  for (const [file, base] of trees) {
    const overlay = byPath(base);
    const merged = applyOverlay(base, overlay).value;
    if (merged === undefined) {
      fails('an overlay by path does not apply', file);
      continue;
    }
    for (const kernel of KERNELS) {
      const results = lintPlacement({ ...inputOf(merged, file, kernel), base, overlays: [overlay] });
      const missing = Object.keys(PLACEMENT_CODES).filter(
        (code) => !results.some(({ lint }) => code === `placement/${lint}`),
      );
      if (missing.length > 0) fails(`no answer of ${missing.join(', ')}`, file);
      for (const { diagnostics } of results)
        for (const { cause, fix } of diagnostics) {
          findings += 1;
          if (cause === undefined || cause === '' || fix === undefined || fix === '')
            fails('a finding without cause or fix', file);
        }
      const own = lintPlacement({ ...inputOf(base, file, kernel), base });
      for (const { lint, diagnostics } of own)
        if (diagnostics.some(({ severity }) => severity === 'error'))
          fails(`${lint}: the board's own fault is an error`, file);
    }
  }
  return `${trees.size} trees on ${KERNELS.length} kernels, with and without an overlay: ${findings} findings, each with cause and fix`;
}

/** What is planned is what the simulator then finds. */
function planAll(trees: ReadonlyMap<string, Fdt>): string {
  let planned = 0;
  let refused = 0;
  for (const [file, tree] of trees)
    for (const kernel of KERNELS) {
      const { value, diagnostics } = planRegions(inputOf(tree, file, kernel), [
        { name: 'linux,cma', sizeBytes: 64n << 20n, isDefault: true },
        { name: 'camera', sizeBytes: 48n << 20n, addressBits: 32 },
      ]);
      if (value === undefined) {
        refused += 1;
        if (diagnostics.length === 0) fails('no plan and no reason', file);
        continue;
      }
      planned += 1;
      const { rejected, dangers, areas } = value.prediction;
      const ours = new Set(value.regions.map(({ nodeName }) => nodeName));
      if (rejected.some(({ node }) => ours.has(node))) fails('a planned region is rejected', file);
      if (dangers.some(({ nodes }) => nodes.some((node) => ours.has(node)))) fails('a planned region does harm', file);
      for (const { nodeName, sizeBytes } of value.regions)
        if (areas.find(({ name }) => name === nodeName)?.sizeBytes !== sizeBytes)
          fails(`${nodeName} has another size`, file);
    }
  return `${planned} plans confirmed by the simulator, ${refused} refused with a reason`;
}

/** Damaged trees: an answer within a second, or a refusal by the reader. */
function damage(files: readonly string[], count: number): string {
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const small = files.map((file) => [file, readFileSync(file)] as const).filter(([, blob]) => blob.length < 40_000);
  let read = 0;
  let slowest = 0;
  for (let i = 0; i < count; i += 1) {
    const [file, blob] = small[random(small.length)] as (typeof small)[number];
    const bytes = new Uint8Array(blob);
    // Mostly where the reservations are: elsewhere damage is the reader's affair.
    const reserved = blob.indexOf('reserved-memory');
    const [from, span] = reserved < 0 || random(4) === 0 ? [56, bytes.length - 56] : [reserved, 1500];
    for (let flips = 1 + random(4); flips > 0; flips -= 1) {
      const at = Math.min(from + random(span), bytes.length - 1);
      bytes[at] = random(3) === 0 ? random(256) : (bytes[at] as number) ^ (1 << random(8));
    }
    const { value } = readFdt(bytes);
    if (value === undefined) continue;
    read += 1;
    const input = inputOf(value, file, KERNELS[random(KERNELS.length)] as KernelVersion);
    try {
      const seconds = cpuSeconds(() => {
        predict(input);
        lintPlacement({ ...input, base: value });
        memoryMap(input);
      });
      slowest = Math.max(slowest, seconds);
      if (seconds > 1) fails(`${seconds.toFixed(1)} s for damage ${i}`, file);
    } catch (error) {
      fails(`damage ${i}: ${(error as Error).message}`, file);
    }
  }
  return `${count} damaged trees, ${read} of them still readable: an answer for each, at most ${(slowest * 1000).toFixed(0)} ms`;
}

/** Reading, predicting and linting one tree for one kernel. */
function proofTime(files: readonly string[]): string {
  const blobs = files.map((file) => [file, new Uint8Array(readFileSync(file))] as const);
  const prove = ([file, blob]: readonly [string, Uint8Array]) => {
    const { value } = readFdt(blob);
    if (value !== undefined) lintPlacement(inputOf(value, file, NEW));
  };
  for (const blob of blobs.slice(0, 300)) prove(blob);
  const seconds = cpuSeconds(() => {
    for (const blob of blobs) prove(blob);
  });
  const scaled = (seconds / blobs.length) * BUDGET.trees;
  const text = `${blobs.length} trees read, predicted and linted in ${seconds.toFixed(2)} s of CPU: ${scaled.toFixed(2)} s for ${BUDGET.trees}, ${BUDGET.seconds} allowed`;
  if (long && scaled > BUDGET.seconds) fails('too slow', text);
  return text;
}

const { dtbs, summary } = await deviceTrees(long ? undefined : 200);
console.log(summary.join('\n'));
const trees = new Map(
  dtbs.map((file) => {
    const { value } = readFdt(readFileSync(file));
    if (value === undefined) throw new Error(`${path.basename(file)} was refused`);
    return [file, value];
  }),
);
const steps = [
  () => proofTime(dtbs),
  () => lintAll(trees),
  () => planAll(trees),
  () => damage(dtbs, long ? 20_000 : 1_000),
];
let held = 0;
for (const step of steps) {
  const before = wrong;
  console.log(step());
  if (wrong === before) held += 1;
}
console.log(`${held} passed, ${steps.length - held} failed, 0 skipped`);
process.exitCode = wrong === 0 ? 0 : 1;
