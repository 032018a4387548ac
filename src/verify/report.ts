/** What the native core reports; schemas/report.schema.json describes the same shape. */

export type ResultStatus = 'pass' | 'fail' | 'skip' | 'unknown' | 'error';

export interface VerifyResult {
  /** Stable id of the check, e.g. `alloc.sizes`. */
  readonly id: string;
  /** The profile's name of the heap; null when the finding is about the machine. */
  readonly heap: string | null;
  /** Which of several: a symbol, area, alias, user or operation. */
  readonly item: string | null;
  readonly status: ResultStatus;
  readonly errno: number | null;
  readonly errnoName: string | null;
  readonly expected: string | null;
  readonly observed: string | null;
  readonly evidence: readonly string[];
  /** Id in the catalogue. Every failure has one; a skip for want of any heap says why; on a pass it is a remark. */
  readonly diagnosis: string | null;
  readonly cause: string | null;
  readonly fix: string | null;
  readonly durationNs?: number;
}

/** `incomplete`: nothing failed, and something that is required was not done. */
export type Verdict = 'pass' | 'fail' | 'probe-error' | 'nothing-testable' | 'incomplete';

/** Something required that was not done in this run. */
export interface VerifyGap {
  readonly id: string;
  readonly heap: string | null;
  readonly item: string | null;
  readonly why: string | null;
}

export interface VerifyReport {
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly kernel: { readonly release: string; readonly machine: string; readonly pageBytes: number };
  readonly identity: {
    readonly uid: number;
    readonly gid: number;
    readonly privileged: boolean;
    readonly consumer: string | null;
  };
  readonly profile: { readonly name: string; readonly sha256: string | null } | null;
  readonly planned: number;
  readonly results: readonly VerifyResult[];
  /** The first 24; `summary.incomplete` counts all. */
  readonly incomplete: readonly VerifyGap[];
  readonly summary: {
    readonly verdict: Verdict;
    readonly exitCode: 0 | 1 | 3 | 4;
    readonly pass: number;
    readonly fail: number;
    readonly skip: number;
    readonly unknown: number;
    readonly error: number;
    readonly incomplete: number;
    readonly heapsProbed: number;
    readonly durationNs?: number;
  };
}
