/** What a vendor's kernel has taken from a later release of mainline. */
import data from './backport.json' with { type: 'json' };
import { compareKernelVersions, type KernelVersion, parseKernelVersion } from './version.js';

/** Fact id -> the release of mainline that the kernel behaves like, where that is later than its own. */
export type Backports = Readonly<Record<string, KernelVersion>>;

/** @param ids names of backports as profiles write them; unknown ones bring nothing */
export function backportsOf(ids: readonly string[]): Backports {
  const found: Record<string, KernelVersion> = {};
  for (const { id, brings } of data.backports)
    if (ids.includes(id))
      for (const [fact, text] of Object.entries(brings)) {
        const release = parseKernelVersion(text);
        const other = found[fact];
        if (release !== undefined && (other === undefined || compareKernelVersions(release, other) > 0))
          found[fact] = release;
      }
  return found;
}
