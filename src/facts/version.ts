/** A kernel release as far as knowledge depends on it: `6.12`, `6.12.107`, `7.3.4-rockchip` all read as major, minor. */
export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

/** The oldest kernel that the facts describe. */
export const OLDEST_KERNEL: KernelVersion = { major: 5, minor: 10 };

/** The first kernel with DMA-BUF heaps; before it, ION was what vendors had. */
export const FIRST_KERNEL_WITH_HEAPS: KernelVersion = { major: 5, minor: 6 };

/** The newest kernel whose source was read; newer ones are taken to behave like it. */
export const NEWEST_KERNEL: KernelVersion = { major: 7, minor: 3 };

/** @returns undefined when the text does not start with `MAJOR.MINOR` */
export function parseKernelVersion(text: string): KernelVersion | undefined {
  const match = /^v?(\d{1,3})\.(\d{1,3})(?:[.\-+~_].*)?$/.exec(text.trim());
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
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
