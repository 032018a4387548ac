/** Everything the report shows, as data: `--format json` prints it, the page draws it, and no figure is computed twice. */
import type { Diagnostic } from '../diagnostic/index.js';
import { mainlineNaming } from '../facts/heap-names.js';
import { compareKernelVersions, formatKernelVersion, type KernelVersion } from '../facts/index.js';
import type { Change } from '../kconfig/index.js';
import {
  type Change as BootChange,
  type LintInput,
  type LintResult,
  lintPlacement,
  type MemoryMap,
  memoryMap,
  type PlacementInput,
  type Prediction,
  predict,
} from '../placement/index.js';
import type { PlanChange } from '../plan/compare.js';
import type { Plan } from '../plan/index.js';
import type { VerifyReport } from '../verify/index.js';
import { type ShownMap, shownMap } from './model.js';

export interface KernelColumn {
  readonly kernel: string;
  readonly prediction: Prediction;
  readonly lints: readonly LintResult[];
}

/** One side of a comparison. */
export interface ComparedSide {
  readonly profile: { readonly file: string; readonly name: string; readonly sha256: string };
  readonly kernel: { readonly min: string; readonly max: string };
  /** `my-board.jsonc, Linux 6.12`. */
  readonly title: string;
  /** The memory on the newest kernel of this side. */
  readonly map: ShownMap;
}

/** What differs from another profile, or from another kernel; the page is about `to`. */
export interface ComparedReport {
  readonly from: ComparedSide;
  readonly to: ComparedSide;
  readonly changes: readonly PlanChange[];
  /** Of the predicted boots; null: a side has no DTB. */
  readonly predicted: readonly BootChange[] | null;
}

export interface ReportData {
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly plan: Plan;
  /** Oldest first: the ends of the plan's range, and every release between at which heaps are renamed. */
  readonly kernels: readonly KernelColumn[];
  /** For the newest kernel. */
  readonly memory: MemoryMap;
  /** What is drawn: the memory of all these kernels. */
  readonly map: ShownMap;
  /** The board's device tree was not given: what it reserves is not in the map. */
  readonly isSkeleton: boolean;
  /** What the fragment changes on the user's own tree; undefined when none was given. */
  readonly delta: { readonly base: string; readonly changes: readonly Change[] } | undefined;
  readonly findings: readonly Diagnostic[];
  readonly verification: VerifyReport | undefined;
  readonly comparison: ComparedReport | undefined;
}

/** A report of a profile from which no plan came. */
export interface RefusedReport {
  readonly tool: string;
  /** The board's title where the profile could be read that far, else the file. */
  readonly title: string;
  readonly profile: string;
  readonly findings: readonly Diagnostic[];
  /** The memory of the board without what the profile asks for; undefined where even that is not known. */
  readonly map: ShownMap | undefined;
  readonly isSkeleton: boolean;
}

/** The releases of a range at which user space sees another set of names. */
export function interestingKernels({ min, max }: Plan['kernel']): KernelVersion[] {
  const within = mainlineNaming().boundaries.filter(
    (v) => compareKernelVersions(min, v) < 0 && compareKernelVersions(v, max) < 0,
  );
  const all = [min, ...within, max].sort(compareKernelVersions);
  return all.filter((version, i) => i === 0 || compareKernelVersions(version, all[i - 1] ?? version) !== 0);
}

/** The map that `place` and the report draw, and the predictions that it rests on. */
export function mapOf(
  columns: readonly {
    readonly input: PlacementInput & Pick<LintInput, 'addressBits'>;
    readonly prediction?: Prediction;
  }[],
): ShownMap {
  return shownMap(
    columns.map(({ input, prediction }) => ({
      kernel: formatKernelVersion(input.kernel),
      map: memoryMap(input, prediction),
    })),
  );
}

export function reportData(
  plan: Plan,
  input: Omit<LintInput, 'kernel'>,
  rest: {
    readonly tool: string;
    readonly findings: readonly Diagnostic[];
    readonly delta?: ReportData['delta'];
    readonly verification?: VerifyReport;
    readonly comparison?: ComparedReport;
  },
): ReportData {
  const columns = interestingKernels(plan.kernel).map((kernel) => {
    const asked = { ...input, kernel };
    return { input: asked, prediction: predict(asked), lints: lintPlacement(asked) };
  });
  const newest = columns.at(-1);
  return {
    schemaVersion: 1,
    tool: rest.tool,
    plan,
    kernels: columns.map(({ input: { kernel }, prediction, lints }) => ({
      kernel: formatKernelVersion(kernel),
      prediction,
      lints,
    })),
    memory: memoryMap(newest?.input ?? { ...input, kernel: plan.kernel.max }, newest?.prediction),
    map: mapOf(columns),
    isSkeleton: input.isSkeleton === true,
    delta: rest.delta,
    findings: rest.findings,
    verification: rest.verification,
    comparison: rest.comparison,
  };
}
