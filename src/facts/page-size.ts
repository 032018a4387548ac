/** Which page sizes kernels of an architecture can have. */
import { factAt, NEWEST_KERNEL } from './index.js';

/**
 * @param arch as profiles name it
 * @returns sizes as profiles spell them, the smallest first; empty for an architecture that is not known
 */
export function pageSizes(arch: string): readonly string[] {
  // The only statement that goes by page size has an entry for each there is.
  const granules = factAt('cma.safe-granule', NEWEST_KERNEL) as Readonly<Record<string, object>>;
  return Object.keys(granules[arch] ?? {});
}

/** `arm kernels have pages of 4K, not 64K`, and what to do about it. */
export function pageSizeRefusal(arch: string, pageSize: string): { message: string; cause: string } | undefined {
  const sizes = pageSizes(arch);
  if (sizes.includes(pageSize)) return undefined;
  return {
    message: `${arch} kernels have pages of ${sizes.join(', ')}, not ${pageSize}`,
    cause: `no configuration of a kernel for ${arch} has another page size`,
  };
}
