/** From a profile's file name to a plan: what validate, generate and everything after them begin with. */

import { type Diagnostic, hasErrors } from '../diagnostic/index.js';
import {
  compareKernelVersions,
  EXAMPLE_KERNEL,
  formatKernelVersion,
  type KernelVersion,
  noSuchRelease,
  OLDEST_KERNEL,
  parseKernelVersion,
} from '../facts/index.js';
import { addressCells, memoryBanks, readFdt, sizeCells } from '../fdt/index.js';
import type { Fdt } from '../fdt/tree.js';
import type { KernelKnowledge, SymbolValue } from '../knowledge/index.js';
import { type DtbFacts, type Model, resolveModel } from '../model/index.js';
import type { Proof } from '../plan/board.js';
import { makePlan, type Plan } from '../plan/index.js';
import type { LoadedProfile } from '../profile/load.js';
import type { AddressRange } from '../quantity/index.js';
import type { SourceText } from '../source/index.js';
import { type BootOptions, type KnownBoot, readBoot } from './boot.js';
import type { Context } from './context.js';
import { descriptionKnowledge } from './descriptions.js';
import { EXIT, type Exit } from './exit.js';
import { readBytes } from './files.js';
import { inputsOf, openProfile, usableInput } from './inputs.js';
import { Refusal } from './refusal.js';

export interface PlanOptions extends Pick<BootOptions, 'occupied' | 'bootLog'> {
  readonly kernel?: string;
  /** Of a prediction; a boot log of another kernel is named. Default: those of the profile. */
  readonly askedKernels?: readonly KernelVersion[];
  readonly dtb?: string;
  readonly memory?: readonly AddressRange[];
  /** The profile as it was read, for a caller that plans it more than once. */
  readonly read?: ReturnType<typeof openProfile>;
  /** False: the caller simulates the boot itself. */
  readonly prove?: boolean;
  /** Of the kernel that was read; it counts before a description that the profile names. */
  readonly knowledge?: KernelKnowledge;
  /** Its final configuration, where it is known. */
  readonly value?: SymbolValue;
}

export interface Planned {
  readonly loaded: LoadedProfile;
  readonly model: Model;
  readonly plan: Plan;
  readonly boot: KnownBoot;
  readonly dtb?: Fdt;
}

export interface Planning {
  /** Absent when something is wrong; `exit` then says of what kind. */
  readonly planned?: Planned;
  /** Absent when the profile itself is wrong. */
  readonly loaded?: LoadedProfile;
  /** What the profile states, where it could be read that far; there also without a plan. */
  readonly stated?: { readonly model: Model; readonly boot: KnownBoot };
  readonly diagnostics: Diagnostic[];
  readonly sources: ReadonlyMap<string, SourceText>;
  /** What the lints of the placement came to; absent: the placement was not judged. */
  readonly proof?: readonly Proof[];
  readonly exit: Exit;
}

/** Where to find the DTB of a board. */
export const DTB_FIX =
  'give the .dtb that the board boots with: the kernel builds it below arch/*/boot/dts, and the running board has it as /sys/firmware/fdt';

export { shownPath } from './context.js';

/** A kernel as the user names it, or why it is refused. */
export function readKernel(text: string): KernelVersion | { readonly message: string; readonly fix: string } {
  const version = parseKernelVersion(text);
  if (version === undefined) return { message: 'not a kernel version', fix: `write it as ${EXAMPLE_KERNEL}` };
  const missing = noSuchRelease(version);
  if (missing !== undefined) return missing;
  if (compareKernelVersions(version, OLDEST_KERNEL) >= 0) return version;
  const oldest = formatKernelVersion(OLDEST_KERNEL);
  return { message: `dmaheap knows kernels from ${oldest} on`, fix: `give ${oldest} or newer` };
}

/** @throws {@link Refusal} */
export function kernelOption(text: string): KernelVersion {
  const version = readKernel(text);
  if ('message' in version) throw new Refusal(`--kernel ${text}: ${version.message}`, EXIT.usage, version.fix);
  return version;
}

/** What the board's DTB says, for the model. */
export function dtbFacts(file: string, fdt: Fdt): DtbFacts | undefined {
  const address = addressCells(fdt.root);
  const size = sizeCells(fdt.root);
  if ((address !== 1 && address !== 2) || (size !== 1 && size !== 2)) return undefined;
  return { file, tree: fdt, cells: { address, size }, memory: memoryBanks(fdt).filter((bank) => bank.sizeBytes > 0n) };
}

/**
 * The plan, for commands that only go on with one.
 * @throws {@link Refusal} with the findings
 */
export function requirePlan(
  context: Context,
  file: string,
  options: PlanOptions = {},
): Planned & Pick<Planning, 'diagnostics' | 'sources'> {
  const { planned, diagnostics, sources, exit } = planProfile(context, file, options);
  if (planned === undefined) throw Refusal.because(exit, diagnostics, sources);
  return { ...planned, diagnostics, sources };
}

/** The kernel that a profile or its inputs describe; --kernel asks for another. */
function describedKernel(
  context: Context,
  loaded: LoadedProfile,
  kernel: string | undefined,
): KernelKnowledge | undefined {
  if (kernel !== undefined) return undefined;
  const file = inputsOf(context, loaded).description;
  return file === undefined ? undefined : descriptionKnowledge(context, file);
}

/** What options and the inputs of the profile say of a boot. @throws {@link Refusal} */
function bootOf(
  context: Context,
  loaded: LoadedProfile,
  { tree, memory, kernel: { min, max } }: Model,
  options: PlanOptions,
): ReturnType<typeof readBoot> {
  const inputs = inputsOf(context, loaded);
  const occupied = options.occupied ?? inputs.occupied;
  const bootLog = options.bootLog ?? usableInput(context, loaded, 'bootLog');
  const { commandLine } = inputs;
  return readBoot(
    context,
    {
      ...(occupied === undefined ? {} : { occupied }),
      ...(bootLog === undefined ? {} : { bootLog }),
      ...(commandLine === undefined ? {} : { commandLine }),
    },
    { tree, ...(memory.length === 0 ? {} : { memory }) },
    options.askedKernels ?? (compareKernelVersions(min, max) === 0 ? [min] : [min, max]),
  );
}

/** A prediction is about the kernels that it is asked for, and not about all of the profile. */
function onKernels(model: Model, kernels: readonly KernelVersion[] | undefined): Model {
  const [min, max] = [...(kernels ?? [])]
    .sort(compareKernelVersions)
    .filter((_, i, all) => i === 0 || i === all.length - 1);
  return min === undefined ? model : { ...model, kernel: { ...model.kernel, min, max: max ?? min } };
}

/**
 * Reads a profile and decides; every finding on the way is collected.
 * @throws {@link Refusal} for an option that is wrong or a file that cannot be read
 */
export function planProfile(context: Context, file: string, options: PlanOptions = {}): Planning {
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel);
  const read = options.read ?? openProfile(context, file);
  const diagnostics: Diagnostic[] = [...read.diagnostics];
  const { sources } = read;
  if (read.value === undefined) return { diagnostics, sources, exit: EXIT.usage };
  const loaded = read.value;
  let fdt: Fdt | undefined;
  let facts: DtbFacts | undefined;
  if (options.dtb !== undefined) {
    const got = readBytes(context.resolve(options.dtb));
    if ('error' in got)
      throw new Refusal(`cannot read --dtb ${options.dtb}: ${got.error}`, EXIT.environment, DTB_FIX, {
        diagnostics,
        sources,
      });
    const outcome = readFdt(got.bytes, options.dtb);
    diagnostics.push(...outcome.diagnostics);
    if (outcome.value === undefined) return { loaded, diagnostics, sources, exit: EXIT.findings };
    fdt = outcome.value;
    facts = dtbFacts(options.dtb, fdt);
  }
  const knowledge = options.knowledge ?? describedKernel(context, read.value, options.kernel);
  const model = resolveModel(read.value, {
    ...(knowledge === undefined ? {} : { knowledge }),
    ...(options.value === undefined ? {} : { value: options.value }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(options.askedKernels === undefined ? {} : { asked: options.askedKernels }),
    ...(facts === undefined ? {} : { dtb: facts }),
    ...(options.memory === undefined ? {} : { memory: options.memory }),
  });
  diagnostics.push(...model.diagnostics);
  if (model.value === undefined) return { loaded, diagnostics, sources, exit: EXIT.findings };
  const asked = onKernels(model.value, options.askedKernels);
  const { boot, diagnostics: said } = bootOf(context, read.value, asked, options);
  diagnostics.push(...said);
  const plan = makePlan(asked, { prove: options.prove ?? true, boot });
  diagnostics.push(...plan.diagnostics);
  const proof = plan.proof === undefined ? {} : { proof: plan.proof };
  const stated = { model: asked, boot };
  if (plan.value === undefined) return { loaded, stated, diagnostics, sources, ...proof, exit: EXIT.findings };
  return {
    loaded,
    stated,
    planned: {
      loaded,
      model: asked,
      plan: plan.value,
      boot,
      ...(fdt === undefined ? {} : { dtb: fdt }),
    },
    diagnostics,
    sources,
    ...proof,
    exit: hasErrors(diagnostics) ? EXIT.findings : EXIT.good,
  };
}
