/** From options and a profile to what the placement simulator is asked with. */

import type { CheckResult } from '../check/index.js';
import { type Diagnostic, hasErrors } from '../diagnostic/index.js';
import { compareKernelVersions, EXAMPLE_KERNEL, formatKernelVersion, type KernelVersion } from '../facts/index.js';
import { pageSizeRefusal, pageSizes } from '../facts/page-size.js';
import { applyOverlay, type Fdt, makeFdt, readFdt } from '../fdt/index.js';
import { optionValues } from '../kconfig/option-line.js';
import { archOfTree, otherArchitecture } from '../model/index.js';
import type { LintInput, LintResult, PlacementInput, Prediction } from '../placement/index.js';
import { findingsOf, withParameters } from '../placement/index.js';
import { kernelInput, lintHints, withArguments } from '../plan/board.js';
import type { Plan } from '../plan/index.js';
import { overlayOf } from '../plan/overlay.js';
import type { LoadedProfile } from '../profile/load.js';
import type { AddressRange } from '../quantity/index.js';
import { parseBytes } from '../quantity/index.js';
import type { SourceText } from '../source/index.js';
import { type ProfileArch, profileArch, unknownArch } from './arch.js';
import { type KnownBoot, parseRange, readBoot } from './boot.js';
import { row } from './check-results.js';
import { COMMAND_LINE_FIX, commandLineText } from './command-line.js';
import { readConfig } from './config.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { readBytes } from './files.js';
import { usableInput } from './inputs.js';
import { DTB_FIX, type Planned, planProfile, readKernel } from './profile.js';
import { Refusal } from './refusal.js';

export interface PlaceOptions {
  readonly dtb?: string;
  readonly overlay?: readonly string[];
  readonly kernel?: readonly string[];
  readonly arch?: string;
  readonly pageSize?: string;
  readonly config?: string;
  readonly cmdline?: string;
  readonly memory?: readonly string[];
  readonly occupied?: readonly string[];
  readonly bootLog?: string | readonly string[];
}

const banksOf = (texts: readonly string[]) => texts.map((text) => parseRange('--memory ', text));

export function readTree(context: Context, option: string, file: string, diagnostics: Diagnostic[]): Fdt {
  const got = readBytes(context.resolve(file));
  if ('error' in got)
    throw new Refusal(
      `${option} ${file}: ${got.error}`,
      EXIT.environment,
      option === '--dtb' ? DTB_FIX : 'give a .dtbo; dtc -@ -I dts -O dtb makes one from a .dtso',
    );
  const { value, diagnostics: found } = readFdt(got.bytes, file);
  diagnostics.push(...found);
  if (value === undefined)
    // The finding has said what is wrong with it, and what to do.
    throw new Refusal('', EXIT.findings);
  return value;
}

/** `FILE`, or as in Raspberry Pi's config.txt `FILE,PARAMETER[=VALUE],...`; a file name may hold commas itself. */
function readOverlay(context: Context, text: string, diagnostics: Diagnostic[]): Fdt {
  const words = text.split(',');
  const head = (count: number) => words.slice(0, count).join(',');
  const counts = words.map((_, i) => i + 1);
  const count = counts.findLast((n) => !('error' in readBytes(context.resolve(head(n))))) ?? words.length;
  const file = head(count);
  const parameters = words.slice(count);
  const { value, diagnostics: found } = withParameters(readTree(context, '--overlay', file, diagnostics), parameters);
  diagnostics.push(...found);
  if (value === undefined) throw new Refusal('the parameters of the overlay cannot be set', EXIT.findings);
  return value;
}

export const readOverlays = (context: Context, files: readonly string[], diagnostics: Diagnostic[]): Fdt[] =>
  files.map((file) => readOverlay(context, file, diagnostics));

function apply(tree: Fdt, overlay: Fdt, diagnostics: Diagnostic[]): Fdt {
  const { value, diagnostics: found } = applyOverlay(tree, overlay);
  diagnostics.push(...found);
  if (value === undefined) throw new Refusal('the overlay cannot be applied', EXIT.findings);
  return value;
}

function pageSizeOf(text: string, architecture: ProfileArch): bigint {
  const bytes = parseBytes(text);
  const sizes = pageSizes(architecture);
  const fix = `use ${sizes.join(', ')}`;
  if (bytes !== 4096n && bytes !== 16384n && bytes !== 65536n)
    throw new Refusal(`--page-size ${text}: not a page size`, EXIT.usage, fix);
  const refusal = pageSizeRefusal(architecture, `${bytes >> 10n}K`);
  if (refusal !== undefined) throw new Refusal(`--page-size ${text}: ${refusal.message}`, EXIT.usage, fix);
  return bytes;
}

function kernelsOf(options: PlaceOptions, plan: Plan | undefined, log?: KnownBoot): KernelVersion[] {
  const kernels = (options.kernel ?? []).map((text) => {
    const version = readKernel(text);
    if ('message' in version) throw new Refusal(`--kernel ${text}: ${version.message}`, EXIT.usage, version.fix);
    return version;
  });
  if (kernels.length > 0) return kernels;
  const booted = log?.kernel === undefined ? undefined : readKernel(formatKernelVersion(log.kernel));
  if (plan === undefined && booted !== undefined && !('message' in booted)) return [booted];
  if (plan === undefined)
    throw new Refusal(
      'the kernel is not stated',
      EXIT.usage,
      `give --kernel ${EXAMPLE_KERNEL}, or several of them to compare`,
    );
  const { min, max } = plan.kernel;
  return compareKernelVersions(min, max) === 0 ? [min] : [min, max];
}

export interface Setting {
  /** Everything but the kernel. With overlays, `base` is the board's own tree, whose faults are not ours. */
  readonly input: Omit<LintInput, 'kernel'>;
  readonly kernels: readonly KernelVersion[];
}

function planFor(
  context: Context,
  profile: string,
  options: PlaceOptions,
  diagnostics: Diagnostic[],
  sources: Map<string, SourceText>,
): Planned {
  const planning = planProfile(context, profile, {
    prove: false,
    ...(options.dtb === undefined ? {} : { dtb: options.dtb }),
    ...(options.memory === undefined ? {} : { memory: banksOf(options.memory) }),
    ...(options.occupied === undefined ? {} : { occupied: options.occupied }),
    ...(options.bootLog === undefined ? {} : { bootLog: options.bootLog }),
    ...(options.kernel === undefined ? {} : { askedKernels: kernelsOf(options, undefined) }),
  });
  diagnostics.push(...planning.diagnostics);
  for (const [name, source] of planning.sources) sources.set(name, source);
  // Its findings are among those of the whole.
  if (planning.planned === undefined) throw new Refusal('', planning.exit);
  return planning.planned;
}

/** @param tree of the board, if its DTB was given */
function architectureOf(options: PlaceOptions, plan: Plan | undefined, tree: Fdt | undefined): ProfileArch {
  const stated = options.arch === undefined ? undefined : profileArch(options.arch);
  if (options.arch !== undefined && stated === undefined) throw unknownArch(options.arch);
  if (plan === undefined && tree === undefined && stated !== 'x86_64')
    throw new Refusal(
      'the board is not stated',
      EXIT.usage,
      'give a profile, or the DTB of the board with --dtb; --arch x86_64 needs neither',
    );
  const architecture = stated ?? plan?.board.arch ?? (tree === undefined ? undefined : archOfTree(tree));
  if (architecture === undefined)
    throw new Refusal(
      'the architecture is not stated, and the DTB does not name its processors',
      EXIT.usage,
      'give --arch arm64, arm, riscv64 or x86_64',
    );
  if (plan !== undefined && architecture !== plan.board.arch)
    throw new Refusal(
      `--arch ${options.arch}: the profile is for ${plan.board.arch}`,
      EXIT.usage,
      'omit --arch, or change board.arch',
    );
  return architecture;
}

/**
 * @param sources takes the texts of the profile, for findings that show a line of it
 * @throws {@link Refusal} for what was typed wrongly or cannot be read
 */
export function settlePlacement(
  context: Context,
  profile: string | undefined,
  options: PlaceOptions,
  diagnostics: Diagnostic[],
  sources: Map<string, SourceText> = new Map(),
): Setting {
  const planned = profile === undefined ? undefined : planFor(context, profile, options, diagnostics, sources);
  const plan = planned?.plan;
  const isSkeleton = options.dtb === undefined;
  const base =
    options.dtb === undefined
      ? (planned?.model.tree ?? makeFdt({ name: '' }))
      : readTree(context, '--dtb', options.dtb, diagnostics);
  const architecture = architectureOf(options, plan, isSkeleton ? undefined : base);
  if (plan === undefined && options.arch === undefined && architecture === 'arm64')
    context.note(
      'assuming a kernel of arm64, because the processors have 64 bits; for a 32-bit kernel, give --arch arm',
    );
  const other = otherArchitecture(architecture, base);
  if (other !== undefined)
    throw new Refusal(`--dtb ${options.dtb}: its processors are ${other}, not ${architecture}`, EXIT.usage, DTB_FIX);
  const given = (options.overlay ?? []).map((text) => readOverlay(context, text, diagnostics));
  const ours = plan === undefined ? undefined : overlayOf(plan.areas, plan.board.cells);
  const overlays = ours === undefined ? given : [...given, ours];
  const tree = overlays.reduce((merged, overlay) => apply(merged, overlay, diagnostics), base);
  const stated = plan !== undefined && plan.board.memory.length > 0 ? plan.board.memory : undefined;
  const memory = options.memory === undefined ? stated : banksOf(options.memory);
  const boot = planned?.boot ?? bootWithoutProfile(context, options, tree, memory, diagnostics);
  const commandLine = statedCommandLine(context, options.cmdline) ?? withArguments(boot.commandLine, plan?.areas ?? []);
  const isOwnParameter =
    plan?.commandLine.some(({ argument }) => commandLine?.split(/\s+/).includes(argument)) === true;
  const pageSizeBytes =
    options.pageSize === undefined ? plan?.board.pageSizeBytes : pageSizeOf(options.pageSize, architecture);
  return {
    kernels: kernelsOf(options, plan, boot),
    input: {
      tree,
      ...(isSkeleton ? { isSkeleton } : {}),
      // A tree that is given whole, perhaps merged already, is judged as a whole.
      ...(overlays.length === 0 && planned === undefined ? {} : { base, overlays }),
      architecture,
      ...(planned === undefined
        ? {}
        : {
            backports: planned.model.backports,
            // --kernel asks for a release of mainline instead of the kernel that the profile describes.
            ...(options.kernel === undefined ? kernelInput(planned.model, planned.plan.kernel.max) : {}),
            ...lintHints(planned.model, planned.plan.areas),
          }),
      ...(pageSizeBytes === undefined ? {} : { pageSizeBytes }),
      ...configOf(context, options.config, planned?.loaded, plan, architecture),
      ...(commandLine === undefined ? {} : { commandLine }),
      ...(isOwnParameter ? { ownParameter: true } : {}),
      ...memoryOf(options.memory === undefined ? (boot.memory ?? memory) : memory),
      ...(boot.occupied === undefined ? {} : { occupied: boot.occupied }),
      ...(boot.efi === undefined ? {} : { efi: boot.efi }),
    },
  };
}

function statedCommandLine(context: Context, text: string | undefined): string | undefined {
  const read = text === undefined ? undefined : commandLineText(context, text);
  if (typeof read !== 'object') return read;
  throw new Refusal(`--cmdline ${text}: ${read.error}`, EXIT.environment, COMMAND_LINE_FIX);
}

function bootWithoutProfile(
  context: Context,
  options: PlaceOptions,
  tree: Fdt,
  memory: readonly AddressRange[] | undefined,
  diagnostics: Diagnostic[],
): KnownBoot {
  const kernels = options.kernel === undefined ? [] : kernelsOf(options, undefined);
  const read = readBoot(context, options, { tree, ...memoryOf(memory) }, kernels);
  diagnostics.push(...read.diagnostics);
  return read.boot;
}

/** Adds what the lints found on each kernel to what was found before. */
export function judgePlacement(
  before: readonly Diagnostic[],
  predicted: readonly { readonly kernel: string; readonly lints: readonly LintResult[] }[],
): readonly Diagnostic[] {
  const keyOf = ({ code, message }: Diagnostic) => `${code} ${message}`;
  const seen = new Set(before.map(keyOf));
  // The plan has said of these regions that there is no room, with the same fix.
  const roomless = new Set(before.filter(({ code }) => code === 'placement/no-room').map(({ pointer }) => pointer));
  const isTold = (finding: Diagnostic) =>
    seen.has(keyOf(finding)) || (finding.code === 'placement/fits' && roomless.has(finding.pointer));
  return [...before, ...findingsOf(predicted).filter((finding) => !isTold(finding))];
}

/**
 * The lints of every kernel, and the predictions, as checks that one verdict closes.
 * @param predicted without `prediction` where a plan was judged and not a boot
 * @param found every finding of the command
 */
export function placementChecks(
  predicted: readonly { readonly lints: readonly LintResult[]; readonly prediction?: Prediction }[],
  found: readonly Diagnostic[],
): CheckResult[] {
  const judged = predicted.flatMap(({ lints, prediction }) => [
    ...lints.flatMap(({ lint, status }) =>
      status === 'not-applicable' ? [] : [row(lint, status === 'fail' && !hasErrors(found) ? 'pass' : status)],
    ),
    ...(prediction?.unknown ?? []).map(({ field }) => row(field, 'unknown')),
  ]);
  const isTold = judged.some(({ status }) => status === 'fail');
  // What was judged is then another board.
  const foreign = found.some(({ code }) => code === 'model/other-board') ? [row('board', 'unknown')] : [];
  return [...(hasErrors(found) && !isTold ? [row('findings', 'fail')] : []), ...foreign, ...judged];
}

/** The options without which a lint was not run, as it names them. */
export const lackingOptions = (predicted: readonly { readonly lints: readonly LintResult[] }[]): string[] =>
  predicted.flatMap(({ lints }) =>
    lints
      .filter(({ status }) => status === 'not-run')
      .flatMap(({ diagnostics }) => diagnostics.flatMap(({ fix }) => /--[\w-]+/.exec(fix ?? '')?.[0] ?? [])),
  );

const memoryOf = (memory: readonly AddressRange[] | undefined) => (memory === undefined ? {} : { memory });

/**
 * The final configuration when it is given, else the fragment's lines on top of the base.
 * @param final a path
 * @param loaded may name the base
 */
function configOf(
  context: Context,
  final: string | undefined,
  loaded: LoadedProfile | undefined,
  plan: Plan | undefined,
  architecture: ProfileArch,
): Pick<PlacementInput, 'config' | 'configComplete'> {
  const read = (file: string) => {
    const got = readConfig(context.resolve(file), architecture);
    if ('error' in got) throw new Refusal(`--config ${file}: ${got.error}`, got.exit, got.fix);
    return got.text;
  };
  if (final !== undefined) return { config: optionValues(read(final)) };
  if (plan === undefined) return {};
  const base = loaded === undefined ? undefined : usableInput(context, loaded, 'config');
  const below = base === undefined ? '' : read(base);
  return {
    config: new Map([...optionValues(below), ...plan.symbols.map(({ symbol, value }) => [symbol, value] as const)]),
    // A defconfig or a fragment leaves symbols out, and the fragment may select more of them.
    configComplete: false,
  };
}
