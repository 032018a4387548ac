/** Kernel knowledge as data: every fact has version ranges without holes, a source in the kernel and a date. */
import { compareKernelVersions, type KernelVersion, parseKernelVersion } from './version.js';

export * from './version.js';

export type FactValue = string | number | boolean | null | readonly FactValue[] | { readonly [key: string]: FactValue };

/** How a statement was established: seen in a boot, read in the source, or only reported in public. */
export type Evidence = 'booted' | 'read' | 'reported';

export interface FactSource {
  /** Path in the kernel tree. */
  readonly file: string;
  readonly function?: string;
  /**
   * Regular expressions (multi-line). All of `contains` and none of `absent` match in `file` when, and only when, the
   * range's value holds for that tree; with neither, no source can tell.
   */
  readonly contains?: readonly string[];
  readonly absent?: readonly string[];
}

export interface FactRange {
  /** First kernel release the value holds for. */
  readonly since: string;
  /** First release it no longer holds for; absent: still true in the newest kernel checked. */
  readonly until?: string;
  readonly value: FactValue;
  readonly evidence: Evidence;
  readonly source: FactSource;
  /** Other source that reads so, as in stable releases and vendor trees that took a change earlier. */
  readonly also?: readonly FactSource[];
  /** Stable releases of the series `since` before one that took a change of a later kernel, or gave one up. */
  readonly stable?: {
    /** What they have instead of `value`. */
    readonly earlier: FactValue;
    /** The first of the series with `value`; absent: not known. */
    readonly first?: number;
  };
  /** The day the source was last read, YYYY-MM-DD. */
  readonly checked: string;
  /** What limits the evidence, such as a boundary release that was not itself read. */
  readonly note?: string;
}

export interface Fact {
  /** `group.name`, e.g. `heap.default-area-name`. */
  readonly id: string;
  readonly title: string;
  readonly ranges: readonly FactRange[];
}

export interface FactFile {
  readonly facts: readonly Fact[];
}

/** The range of a fact that covers a kernel version; undefined before the first one. */
export function rangeAt(fact: Fact, version: KernelVersion): FactRange | undefined {
  return fact.ranges.find((range) => {
    const since = parseKernelVersion(range.since);
    const until = range.until === undefined ? undefined : parseKernelVersion(range.until);
    return (
      since !== undefined &&
      compareKernelVersions(since, version) <= 0 &&
      (until === undefined || compareKernelVersions(version, until) < 0)
    );
  });
}

/** What earlier stable releases of this kernel's series have, where the version may be one of them. */
export function earlierInSeries(fact: Fact, version: KernelVersion): FactValue | undefined {
  const range = rangeAt(fact, version);
  const since = range && parseKernelVersion(range.since);
  if (range?.stable === undefined || since === undefined || compareKernelVersions(since, version) !== 0)
    return undefined;
  const { earlier, first } = range.stable;
  // Without a stable release in the text, the newest of the series is meant.
  const isNewest = first !== undefined && (version.patch === undefined || version.patch >= first);
  return isNewest ? undefined : earlier;
}

import cma from './cma.json' with { type: 'json' };
import heap from './heap.json' with { type: 'json' };
import kconfig from './kconfig.json' with { type: 'json' };
import memory from './memory.json' with { type: 'json' };
import plan from './plan.json' with { type: 'json' };
import reservedMemory from './reserved-memory.json' with { type: 'json' };

/** What is known of kernels, by the id of the fact. */
export type Facts = ReadonlyMap<string, Fact>;

/** Every fact that ships. */
export const FACTS: Facts = new Map(
  ([heap, cma, reservedMemory, memory, kconfig, plan] as readonly FactFile[]).flatMap((file) =>
    file.facts.map((f) => [f.id, f]),
  ),
);

/**
 * The first release on which a fact has a value, as words of a message: `6.19`.
 * @throws when it never has: a defect of the caller
 */
export function firstRelease(id: string, value: FactValue, facts: Facts = FACTS): string {
  const range = facts.get(id)?.ranges.find((one) => JSON.stringify(one.value) === JSON.stringify(value));
  if (range === undefined) throw new Error(`fact ${id} does not have the value ${JSON.stringify(value)}`);
  return range.since;
}

/**
 * The value of a fact for a kernel.
 * @throws when the id is unknown or the version lies before the first range: a defect of the caller
 */
export function factAt(id: string, version: KernelVersion, facts: Facts = FACTS): FactValue {
  const fact = facts.get(id);
  const range = fact && rangeAt(fact, version);
  if (range === undefined) throw new Error(`no fact ${id} for kernel ${version.major}.${version.minor}`);
  return range.value;
}
