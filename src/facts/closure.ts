/** What wishes needed on kernels that were solved beforehand; made by `npm run facts:kconfig`. */
import { symbolOfLine } from '../kconfig/option-line.js';
import data from './closure.json' with { type: 'json' };
import { compareKernelVersions, type KernelVersion, parseKernelVersion } from './version.js';

export type ClosureArch = 'arm64' | 'arm' | 'riscv64' | 'x86_64';

/** The file: one entry per kernel, architecture and wish. */
export interface ClosureFile {
  readonly closures: readonly {
    readonly kernel: string;
    readonly arch: string;
    readonly symbol: string;
    /** Lines that reach the wish, by base; the wish's own line is among them where it takes one. */
    readonly needs: Readonly<Record<'defconfig' | 'allnoconfig', readonly string[]>>;
  }[];
}

/** As it was made. */
export const closureData: ClosureFile = data;

export interface Closure {
  readonly kernel: KernelVersion;
  readonly symbol: string;
  /** Lines needed from one base or the other, the wish's own left out. */
  readonly needs: readonly string[];
}

/** The closures for an architecture on the kernels of a range, or on the nearest one before it. */
export function closuresFor(
  arch: ClosureArch,
  { min, max }: { readonly min: KernelVersion; readonly max: KernelVersion },
): { readonly closures: readonly Closure[]; readonly kernels: readonly KernelVersion[] } {
  const all = closureData.closures
    .filter((entry) => entry.arch === arch)
    .map((entry) => ({ ...entry, version: parseKernelVersion(entry.kernel) as KernelVersion }));
  const versions = [...new Set(all.map((entry) => entry.kernel))].map(
    (text) => parseKernelVersion(text) as KernelVersion,
  );
  versions.sort(compareKernelVersions);
  const before = versions.filter((version) => compareKernelVersions(version, min) <= 0).at(-1);
  const kernels = versions.filter(
    (version) =>
      version === before || (compareKernelVersions(version, min) >= 0 && compareKernelVersions(version, max) <= 0),
  );
  const closures = all
    .filter(({ version }) => kernels.some((kernel) => compareKernelVersions(kernel, version) === 0))
    .map(({ version, symbol, needs }) => ({
      kernel: version,
      symbol,
      needs: [...new Set([...needs.defconfig, ...needs.allnoconfig])].filter((line) => symbolOfLine(line) !== symbol),
    }));
  return { closures, kernels };
}
