/** What a vendor's kernel has taken from a later release of mainline. */
import data from './backport.json' with { type: 'json' };
import { FACTS, type Facts, type FactValue, factAt } from './index.js';
import { compareKernelVersions, type KernelVersion, laterKernel, parseKernelVersion } from './version.js';

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

/** The value of a fact for a kernel that has taken changes of later ones. */
export function factWith(id: string, kernel: KernelVersion, backports: Backports, facts: Facts = FACTS): FactValue {
  return factAt(id, laterKernel(kernel, backports[id]), facts);
}

/** The kernels of a range from which on a fact has a value, oldest first. */
export function releasesWith(
  id: string,
  value: FactValue,
  { min, max }: { readonly min: KernelVersion; readonly max: KernelVersion },
  backports: Backports,
  facts: Facts = FACTS,
): KernelVersion[] {
  const changes = (facts.get(id)?.ranges ?? []).flatMap(({ since }) => {
    const release = parseKernelVersion(since);
    const isInside =
      release !== undefined && compareKernelVersions(release, min) > 0 && compareKernelVersions(release, max) <= 0;
    return isInside ? [release] : [];
  });
  return [min, ...changes].filter(
    (kernel) => JSON.stringify(factWith(id, kernel, backports, facts)) === JSON.stringify(value),
  );
}
