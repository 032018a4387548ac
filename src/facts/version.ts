/** A kernel release as far as knowledge depends on it: `6.12`, `6.12.107`, `7.3.4-rockchip` all read as major, minor. */
export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

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
