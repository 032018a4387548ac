/**
 * What an ordinary run of the real suites takes of a long list: a share that changes with the commit, so that a few
 * commits together take everything. `DMAHEAP_SHARE=all` takes everything at once, any other text chooses the share.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';

const ALL = 'all';

function chosenBy(): string {
  const given = process.env['DMAHEAP_SHARE'];
  if (given) return given;
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    // Without a repository there is no commit to choose by.
    return ALL;
  }
}

/**
 * A share of a list, in the order of the list, and a line that says which share of what.
 * @param what the list, as the line names it
 * @param count the length of the share
 */
export function shareOf<T>(
  what: string,
  items: readonly T[],
  count: number,
  nameOf: (item: T) => string = String,
): readonly T[] {
  const by = chosenBy();
  if (by === ALL || items.length <= count) return items;
  const rank = (item: T) =>
    createHash('sha256')
      .update(`${by} ${what} ${nameOf(item)}`)
      .digest('hex');
  const ranked = items.map((item) => ({ item, rank: rank(item) })).sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const chosen = new Set(ranked.slice(0, count).map(({ item }) => item));
  console.log(
    `${what}: ${count} of ${items.length}, chosen by DMAHEAP_SHARE=${by} (all of them: DMAHEAP_SHARE=${ALL})`,
  );
  return items.filter((item) => chosen.has(item));
}
