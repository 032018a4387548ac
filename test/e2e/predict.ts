/** Asks the placement simulator about a case, with what a person at that board could tell it. */
import { readFile } from 'node:fs/promises';
import { treeKnowledge, valuesOf } from '../../src/cli/knowledge.js';
import { type KernelVersion, parseKernelVersion } from '../../src/facts/index.js';
import { type Fdt, makeFdt, readFdt } from '../../src/fdt/index.js';
import { namingOf } from '../../src/knowledge/index.js';
import { type PlacementInput, type Prediction, predict } from '../../src/placement/index.js';
import { kernelInput } from '../../src/plan/board.js';
import type { Run } from './case.js';
import { type BuiltKernel, treeOf as sourceOf } from './kernel.js';
import type { Occupied } from './occupied.js';

export interface Question {
  readonly run: Run;
  readonly kernel: BuiltKernel;
  readonly dtb: string | undefined;
  readonly cmdline: string;
  readonly occupied: readonly Occupied[] | undefined;
  readonly pageSizeBytes: bigint;
}

export type Predictor = (question: Question) => Promise<Prediction>;

export const predictRun: Predictor = async (question) => predict(await placementInput(question));

export async function placementInput(question: Question): Promise<PlacementInput> {
  const { run, kernel, dtb, cmdline, occupied, pageSizeBytes } = question;
  return {
    tree: dtb ? treeOf(await readFile(dtb)) : EMPTY_TREE,
    kernel: versionOf(kernel.version),
    ...(await knowledgeOf(kernel)),
    architecture: run.arch,
    pageSizeBytes,
    config: symbols(await readFile(kernel.config, 'utf8')),
    configComplete: true,
    commandLine: cmdline,
    ...(occupied ? { occupied } : {}),
    ...memoryOf(question),
  };
}

const known = new Map<string, Pick<PlacementInput, 'facts' | 'inventory' | 'unknownFacts'>>();

/** What the source of the kernel says, where it is not a release that the shipped facts describe. */
async function knowledgeOf({ recipe, config }: BuiltKernel) {
  if (recipe.tree === undefined) return {};
  const before = known.get(recipe.name);
  if (before !== undefined) return before;
  const { knowledge } = treeKnowledge(await sourceOf(recipe), recipe.tree, { arch: recipe.arch, origin: recipe.tree });
  const naming = namingOf(knowledge, valuesOf(await readFile(config, 'utf8')));
  const read = kernelInput({ knowledge, naming }, knowledge.version);
  known.set(recipe.name, read);
  return read;
}

/** RAM that no tree states: a board's own is filled in by the boot loader, and x86 has no tree. */
function memoryOf({ run, dtb }: Question): Pick<PlacementInput, 'memory'> {
  const sizeBytes = BigInt(run.case.memoryMiB) << 20n;
  if (run.case.board) return { memory: [{ baseAddress: 0x4000_0000n, sizeBytes }] };
  if (dtb) return {};
  // hw/i386/pc_q35.c: what does not fit below the devices begins at 4 GiB.
  const low = sizeBytes < 0xb000_0000n ? sizeBytes : 0x8000_0000n;
  const banks = [
    { baseAddress: 0n, sizeBytes: low },
    { baseAddress: 1n << 32n, sizeBytes: sizeBytes - low },
  ];
  return { memory: banks.filter((bank) => bank.sizeBytes > 0n) };
}

/** Page size that a configuration was built for. */
export const pageSizeOf = (config: string): bigint =>
  /^CONFIG_ARM64_64K_PAGES=y$/m.test(config) ? 65_536n : /^CONFIG_ARM64_16K_PAGES=y$/m.test(config) ? 16_384n : 4096n;

/** x86 has no device tree to read. */
const EMPTY_TREE = makeFdt({ name: '' });

function treeOf(bytes: Uint8Array): Fdt {
  const { value, diagnostics } = readFdt(bytes);
  if (!value) throw new Error(`lab: the merged tree cannot be read: ${diagnostics[0]?.message}`);
  return value;
}

function versionOf(text: string): KernelVersion {
  const version = parseKernelVersion(text);
  if (!version) throw new Error(`lab: ${text} is not a kernel version`);
  return version;
}

function symbols(config: string): ReadonlyMap<string, string> {
  const found = [...config.matchAll(/^CONFIG_(\w+)=(.*)$/gm)];
  return new Map(found.map(([, name = '', value = '']) => [name, value.replaceAll(/^"|"$/g, '')]));
}
