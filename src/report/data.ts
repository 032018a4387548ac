/** Everything the report shows, as data: `--format json` prints it, the page draws it, and no figure is computed twice. */
import type { Diagnostic } from '../diagnostic/index.js';
import { mainlineNaming } from '../facts/heap-names.js';
import { compareKernelVersions, formatKernelVersion, type KernelVersion } from '../facts/index.js';
import type { Change } from '../kconfig/index.js';
import {
  type LintInput,
  type LintResult,
  lintPlacement,
  type MemoryMap,
  memoryMap,
  type Prediction,
  predict,
} from '../placement/index.js';
import type { Plan } from '../plan/index.js';
import type { VerifyReport } from '../verify/index.js';

export interface KernelColumn {
  readonly kernel: string;
  readonly prediction: Prediction;
  readonly lints: readonly LintResult[];
}

export interface ReportData {
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly plan: Plan;
  /** Oldest first: the ends of the plan's range, and every release between at which heaps are renamed. */
  readonly kernels: readonly KernelColumn[];
  /** Drawn for the newest kernel; undefined without a device tree. */
  readonly memory: MemoryMap | undefined;
  /** What the fragment changes on the user's own tree; undefined when none was given. */
  readonly delta: { readonly base: string; readonly changes: readonly Change[] } | undefined;
  readonly findings: readonly Diagnostic[];
  readonly verification: VerifyReport | undefined;
}

/** The releases of a range at which user space sees another set of names. */
export function interestingKernels({ min, max }: Plan['kernel']): KernelVersion[] {
  const within = mainlineNaming().boundaries.filter(
    (v) => compareKernelVersions(min, v) < 0 && compareKernelVersions(v, max) < 0,
  );
  const all = [min, ...within, max].sort(compareKernelVersions);
  return all.filter((version, i) => i === 0 || compareKernelVersions(version, all[i - 1] ?? version) !== 0);
}

export function reportData(
  plan: Plan,
  input: Omit<LintInput, 'kernel'> | undefined,
  rest: {
    readonly tool: string;
    readonly findings: readonly Diagnostic[];
    readonly delta?: ReportData['delta'];
    readonly verification?: VerifyReport;
  },
): ReportData {
  const kernels = interestingKernels(plan.kernel);
  const newest = kernels.at(-1) ?? plan.kernel.max;
  return {
    schemaVersion: 1,
    tool: rest.tool,
    plan,
    kernels:
      input === undefined
        ? []
        : kernels.map((kernel) => {
            const asked = { ...input, kernel };
            return { kernel: formatKernelVersion(kernel), prediction: predict(asked), lints: lintPlacement(asked) };
          }),
    memory: input === undefined ? undefined : memoryMap({ ...input, kernel: newest }),
    delta: rest.delta,
    findings: rest.findings,
    verification: rest.verification,
  };
}
