/** The rows of a bench: each compares what we need with what a peer needs, and with a goal. */

export interface Row {
  readonly what: string;
  readonly unit: 's of CPU' | 'ms' | 'ns' | 'KiB' | 'kB' | 'MiB' | '';
  /** Every measurement of ours; the median counts. */
  readonly ours: readonly number[];
  readonly peer?: { readonly name: string; readonly values: readonly number[] };
  /** The most that is accepted: of the peer where there is one, in the unit otherwise. */
  readonly goal?: number;
  /** Peak resident memory of ours. */
  readonly rssMiB?: number;
}

export interface Result {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly low: number;
  readonly high: number;
  readonly peer?: string;
  readonly theirs?: number;
  readonly ratio?: number;
  readonly goal?: number;
  readonly isMet?: boolean;
  readonly rssMiB?: number;
}

/** A slower machine or a noisy minute changes a figure by less. */
const SLOWER = 1.15;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

export function resultOf({ what, unit, ours: values, peer, goal, rssMiB }: Row): Result {
  const ours = median(values);
  const theirs = peer && { peer: peer.name, theirs: median(peer.values), ratio: ours / median(peer.values) };
  return {
    what,
    unit,
    ours,
    low: Math.min(...values),
    high: Math.max(...values),
    ...theirs,
    ...(goal !== undefined && { goal, isMet: (theirs?.ratio ?? ours) <= goal }),
    ...(rssMiB !== undefined && { rssMiB }),
  };
}

const figure = (value: number | undefined): string =>
  value === undefined ? '' : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);

const HEADS = ['', 'ours', 'lowest', 'highest', 'unit', 'MiB', 'peer', 'theirs', 'ratio', 'goal', ''];

export function humanTable(results: readonly Result[]): string {
  const rows = results.map((row) => [
    row.what,
    ...[row.ours, row.low, row.high].map(figure),
    row.unit,
    row.rssMiB?.toFixed(0) ?? '',
    row.peer ?? '',
    figure(row.theirs),
    row.ratio?.toFixed(2) ?? '',
    row.goal === undefined ? '' : String(row.goal),
    row.isMet === undefined ? '' : row.isMet ? 'met' : 'MISSED',
  ]);
  const widths = HEADS.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const isText = (i: number) => [0, 4, 6, 10].includes(i);
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (isText(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return [HEADS, ...rows].map((cells) => `${line(cells).trimEnd()}\n`).join('');
}

/** What needs more than before; ratios are compared where both have them, since they depend less on the machine. */
export function slowerThan(before: readonly Result[], now: readonly Result[]): readonly string[] {
  return now.flatMap((row) => {
    const old = before.find(({ what }) => what === row.what);
    if (old === undefined) return [];
    const [was, is] =
      old.ratio !== undefined && row.ratio !== undefined ? [old.ratio, row.ratio] : [old.ours, row.ours];
    return is > was * SLOWER ? [`${row.what}: ${figure(is)}, was ${figure(was)} (${(is / was).toFixed(2)} of it)`] : [];
  });
}
