/** dmaheap place: what the kernel will make of the reserved memory, before the boot. */

import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { compareKernelVersions, formatKernelVersion, type KernelVersion } from '../../facts/index.js';
import { applyOverlay, type Fdt, makeFdt, readFdt } from '../../fdt/index.js';
import {
  type MemoryRange,
  type OccupiedRange,
  type PlacementInput,
  type Prediction,
  predict,
  predictionToJson,
} from '../../placement/index.js';
import type { Plan } from '../../plan/index.js';
import { overlayOf } from '../../plan/overlay.js';
import { formatAddress, formatBytes, parseBytes } from '../../quantity/index.js';
import { profileArch } from '../arch.js';
import { configValues } from '../config.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { readBytes, readText } from '../files.js';
import { kernelOption, planProfile } from '../profile.js';

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
}

/** A mistake in what was typed; carries what to say and the exit status. */
class Refusal extends Error {
  readonly exit: Exit;
  readonly fix: string | undefined;

  constructor(message: string, exit: Exit, fix?: string) {
    super(message);
    this.exit = exit;
    this.fix = fix;
  }
}

/** `0x40000000+512M`. */
function parseRange(option: string, text: string): MemoryRange {
  const [base = '', size = '', ...rest] = text.split('+');
  const baseAddress = parseBytes(base);
  const sizeBytes = parseBytes(size);
  if (baseAddress === undefined || sizeBytes === undefined || rest.length > 0)
    throw new Refusal(`${option} ${text}: not BASE+SIZE`, EXIT.usage, 'write it as 0x40000000+512M');
  return { baseAddress, sizeBytes };
}

function parseOccupied(text: string): OccupiedRange {
  const equals = text.indexOf('=');
  if (equals <= 0)
    throw new Refusal(`--occupied ${text}: not NAME=BASE+SIZE`, EXIT.usage, 'write it as kernel=0x40200000+24M');
  return { name: text.slice(0, equals), ...parseRange('--occupied', text.slice(equals + 1)) };
}

function readTree(context: Context, option: string, file: string, diagnostics: Diagnostic[]): Fdt {
  const got = readBytes(context.resolve(file));
  if ('error' in got) throw new Refusal(`${option} ${file}: ${got.error}`, EXIT.environment);
  const { value, diagnostics: found } = readFdt(got.bytes, file);
  diagnostics.push(...found);
  if (value === undefined)
    throw new Refusal(
      `${option} ${file}: not a device tree blob`,
      EXIT.findings,
      'give a .dtb or .dtbo, as dtc writes it',
    );
  return value;
}

function apply(tree: Fdt, overlay: Fdt, diagnostics: Diagnostic[]): Fdt {
  const { value, diagnostics: found } = applyOverlay(tree, overlay);
  diagnostics.push(...found);
  if (value === undefined) throw new Refusal('the overlay cannot be applied', EXIT.findings);
  return value;
}

function pageSizeOf(text: string): bigint {
  const bytes = parseBytes(text);
  if (bytes !== 4096n && bytes !== 16384n && bytes !== 65536n)
    throw new Refusal(`--page-size ${text}: not a page size`, EXIT.usage, 'use 4K, 16K or 64K');
  return bytes;
}

function kernelsOf(context: Context, options: PlaceOptions, plan: Plan | undefined): KernelVersion[] {
  const given = (options.kernel ?? []).map((text) => kernelOption(context, text));
  if (given.includes('bad')) throw new Refusal('a kernel version is MAJOR.MINOR', EXIT.usage);
  if (given.length > 0) return given as KernelVersion[];
  if (plan === undefined)
    throw new Refusal('which kernel?', EXIT.usage, 'give --kernel 6.12, more than once to compare');
  const { min, max } = plan.kernel;
  return compareKernelVersions(min, max) === 0 ? [min] : [min, max];
}

/** A vendor's declared backports, as the releases that first had them. */
const BACKPORT_FACTS: Readonly<Record<string, readonly [string, KernelVersion]>> = {
  'default-heap-name': ['heap.default-area-name', { major: 6, minor: 17 }],
  'heap-per-area': ['heap.cma-names', { major: 6, minor: 19 }],
};

interface Setting {
  readonly input: Omit<PlacementInput, 'kernel'>;
  readonly kernels: readonly KernelVersion[];
}

function settle(
  context: Context,
  profile: string | undefined,
  options: PlaceOptions,
  diagnostics: Diagnostic[],
): Setting {
  let plan: Plan | undefined;
  let backports: readonly string[] = [];
  if (profile !== undefined) {
    const planning = planProfile(context, profile, options.dtb === undefined ? {} : { dtb: options.dtb });
    diagnostics.push(...planning.diagnostics);
    if (planning.planned === undefined) throw new Refusal('', planning.exit);
    plan = planning.planned.plan;
    backports = planning.planned.loaded.profile.kernel.backports ?? [];
  }
  const archName = options.arch ?? plan?.board.arch;
  if (archName === undefined)
    throw new Refusal('which architecture?', EXIT.usage, 'give --arch arm64, arm, riscv64 or x86_64');
  const architecture = profileArch(archName);
  if (architecture === undefined)
    throw new Refusal(
      `--arch ${archName}: not an architecture dmaheap knows`,
      EXIT.usage,
      'use arm64, arm, riscv64 or x86_64',
    );
  if (options.dtb === undefined && architecture !== 'x86_64')
    throw new Refusal('which board?', EXIT.usage, 'give its DTB with --dtb');
  let tree = options.dtb === undefined ? makeFdt({ name: '' }) : readTree(context, '--dtb', options.dtb, diagnostics);
  for (const file of options.overlay ?? [])
    tree = apply(tree, readTree(context, '--overlay', file, diagnostics), diagnostics);
  const ours = plan === undefined ? undefined : overlayOf(plan.areas, plan.board.cells);
  if (ours !== undefined) tree = apply(tree, ours, diagnostics);
  const config = configOf(context, options, plan);
  const memory =
    options.memory?.map((text) => parseRange('--memory', text)) ??
    (plan !== undefined && plan.board.memory.length > 0 ? plan.board.memory : undefined);
  const commandLine =
    options.cmdline ??
    (plan === undefined ? undefined : plan.commandLine.map((c) => c.argument).join(' ') || undefined);
  const page = options.pageSize === undefined ? plan?.board.pageSizeBytes : pageSizeOf(options.pageSize);
  return {
    kernels: kernelsOf(context, options, plan),
    input: {
      tree,
      architecture,
      backports: Object.fromEntries(
        backports.flatMap((name) => (BACKPORT_FACTS[name] === undefined ? [] : [BACKPORT_FACTS[name]])),
      ),
      ...(page === undefined ? {} : { pageSizeBytes: page }),
      ...config,
      ...(commandLine === undefined ? {} : { commandLine }),
      ...(memory === undefined ? {} : { memory }),
      ...(options.occupied === undefined ? {} : { occupied: options.occupied.map(parseOccupied) }),
    },
  };
}

function configOf(
  context: Context,
  options: PlaceOptions,
  plan: Plan | undefined,
): Pick<PlacementInput, 'config' | 'configComplete'> {
  if (options.config !== undefined) {
    const got = readText(context.resolve(options.config));
    if ('error' in got) throw new Refusal(`--config ${options.config}: ${got.error}`, EXIT.environment);
    return { config: configValues(got.text) };
  }
  if (plan === undefined) return {};
  return { config: new Map(plan.symbols.map((s) => [s.symbol, s.value])), configComplete: false };
}

function describe(kernel: KernelVersion, prediction: Prediction): string {
  const lines = [`Linux ${formatKernelVersion(kernel)}: ${prediction.outcome}`];
  for (const danger of prediction.dangers)
    lines.push(`  danger ${danger.code} (${danger.nodes.join(', ')}): ${danger.reason}`);
  for (const area of prediction.areas) {
    const place =
      area.baseAddress === null
        ? area.likelyBaseAddress === null
          ? 'anywhere'
          : `probably at ${formatAddress(area.likelyBaseAddress)}`
        : `at ${formatAddress(area.baseAddress)}`;
    lines.push(
      `  area ${area.name}: ${formatBytes(area.sizeBytes)} ${place}${area.isDefault ? ', the default area' : ''}`,
    );
  }
  for (const heap of prediction.heaps)
    lines.push(
      `  heap /dev/dma_heap/${heap.name}${heap.area === null ? '' : ` from ${heap.area}`}${heap.usable ? '' : ': every allocation fails'}`,
    );
  for (const node of prediction.rejected) lines.push(`  rejected ${node.node} (${node.failure}): ${node.reason}`);
  lines.push(`  CmaTotal: ${prediction.cmaTotalBytes === null ? 'unknown' : `${prediction.cmaTotalBytes / 1024n} kB`}`);
  for (const line of prediction.log) lines.push(`  log: ${line.text}`);
  for (const { field, needs } of prediction.unknown) lines.push(`  unknown: ${field}, needs ${needs}`);
  return lines.join('\n');
}

/** What user space sees differently from one kernel to the next. */
function changes(before: Prediction, after: Prediction): string[] {
  const names = (p: Prediction) => p.heaps.filter((h) => h.usable).map((h) => h.name);
  const gone = names(before).filter((name) => !names(after).includes(name));
  const come = names(after).filter((name) => !names(before).includes(name));
  return [
    ...gone.map((name) => `/dev/dma_heap/${name} is gone`),
    ...come.map((name) => `/dev/dma_heap/${name} is new`),
    ...(before.cmaTotalBytes === after.cmaTotalBytes
      ? []
      : [`CmaTotal changes from ${before.cmaTotalBytes ?? 'unknown'} to ${after.cmaTotalBytes ?? 'unknown'} bytes`]),
    ...(before.outcome === after.outcome ? [] : [`the boot changes from ${before.outcome} to ${after.outcome}`]),
  ];
}

export async function place(context: Context, profile: string | undefined, options: PlaceOptions): Promise<Exit> {
  const diagnostics: Diagnostic[] = [];
  let setting: Setting;
  try {
    setting = settle(context, profile, options, diagnostics);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    context.findings(diagnostics);
    if (error.message !== '') context.complain(error.message, error.fix);
    return error.exit;
  }
  const predictions = setting.kernels.map((kernel) => ({ kernel, prediction: predict({ ...setting.input, kernel }) }));
  const [first] = predictions;
  if (context.options.format === 'json') {
    const shape = ({ kernel, prediction }: (typeof predictions)[number]) => ({
      schemaVersion: 1,
      kernel: formatKernelVersion(kernel),
      ...predictionToJson(prediction),
    });
    if (predictions.length === 1 && first !== undefined) context.printJson(shape(first));
    else context.printJson({ schemaVersion: 1, predictions: predictions.map(shape) });
  } else {
    context.findings(diagnostics);
    if (context.options.format === 'human')
      for (const [i, { kernel, prediction }] of predictions.entries()) {
        context.print(`${describe(kernel, prediction)}\n`);
        const before = predictions[i - 1];
        if (before !== undefined)
          for (const change of changes(before.prediction, prediction))
            context.print(`  from ${formatKernelVersion(before.kernel)}: ${change}\n`);
      }
  }
  const refuted = predictions.some(
    ({ prediction: p }) =>
      p.rejected.length > 0 || p.dangers.length > 0 || ['corrupts', 'panics', 'hangs'].includes(p.outcome),
  );
  return refuted || hasErrors(diagnostics) ? EXIT.findings : EXIT.good;
}
