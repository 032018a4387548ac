/** A kernel release as far as knowledge depends on it: `6.12`, `6.12.107`, `7.3.4-rockchip`. */
export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
  /** Stable release, where the text has one: it counts only for facts that changed within a series. */
  readonly patch?: number;
}

/** The oldest kernel that the facts describe. */
export const OLDEST_KERNEL: KernelVersion = { major: 5, minor: 10 };

/** The first kernel with DMA-BUF heaps; before it, ION was what vendors had. */
export const FIRST_KERNEL_WITH_HEAPS: KernelVersion = { major: 5, minor: 6 };

/** The newest kernel whose source was read; newer ones are assumed to behave like it. */
export const NEWEST_KERNEL: KernelVersion = { major: 7, minor: 3 };

/** The first kernel with /dev/dma_heap. */
export const FIRST_HEAPS = '5.6';

/**
 * Kernels whose source was read, as each description of schemas/kernels/ says, which also says whether they were booted. Between
 * them a fact may have changed earlier or later.
 */
export const READ_KERNELS: readonly KernelVersion[] = [
  OLDEST_KERNEL,
  { major: 5, minor: 15 },
  { major: 6, minor: 1 },
  { major: 6, minor: 6 },
  { major: 6, minor: 12 },
  NEWEST_KERNEL,
];

/** The last release of a major version that another followed. */
const LAST_MINOR: Readonly<Record<number, number>> = { 5: 19, 6: 19 };

/** Why a release cannot exist; undefined: it does, or may come. */
export function noSuchRelease({
  major,
  minor,
}: KernelVersion): { readonly message: string; readonly fix: string } | undefined {
  const last = LAST_MINOR[major];
  return last === undefined || minor <= last
    ? undefined
    : {
        message: `there is no Linux ${major}.${minor}: ${major}.${last} was followed by ${major + 1}.0`,
        fix: `write ${major}.${last} or ${major + 1}.0`,
      };
}

/** Releases that boards run, for completion: those with long-term support, and the newest. */
export const COMMON_KERNELS: readonly string[] = ['5.10', '5.15', '6.1', '6.6', '6.12', '6.18', '7.3'];

/** What a profile is drafted for when nothing says which kernels it must work on. */
export const DRAFT_KERNELS = { min: '6.1', max: '7.3' } as const;

/** A release in examples of what to type. */
export const EXAMPLE_KERNEL = '6.12';

/** @returns undefined when the text does not start with `MAJOR.MINOR` */
export function parseKernelVersion(text: string): KernelVersion | undefined {
  const [, major, minor, rest = ''] = /^v?(\d{1,3})\.(\d{1,3})((?:[.\-+~_].*)?)$/.exec(text.trim()) ?? [];
  if (major === undefined) return undefined;
  const patch = /^\.(\d{1,4})(?!\d)/.exec(rest)?.[1];
  // Distributions count packages behind a zero: 5.15.0-52 is not the first of the series.
  const isStable = patch !== undefined && !/^\.0+-\d/.test(rest);
  return { major: Number(major), minor: Number(minor), ...(isStable ? { patch: Number(patch) } : {}) };
}

export function compareKernelVersions(a: KernelVersion, b: KernelVersion): number {
  return a.major - b.major || a.minor - b.minor;
}

export function formatKernelVersion(version: KernelVersion): string {
  return `${version.major}.${version.minor}`;
}

export function laterKernel(a: KernelVersion, b: KernelVersion | undefined): KernelVersion {
  return b !== undefined && compareKernelVersions(b, a) > 0 ? b : a;
}

/** `before 6.17`, `from 6.17`, `from 6.17, before 6.19`, `every kernel`. */
export function kernelsText(range: {
  readonly since: KernelVersion | undefined;
  readonly until: KernelVersion | undefined;
}): string {
  const { since, until } = range;
  if (since === undefined) return until === undefined ? 'every kernel' : `before ${formatKernelVersion(until)}`;
  const from = `from ${formatKernelVersion(since)}`;
  return until === undefined ? from : `${from}, before ${formatKernelVersion(until)}`;
}
