/**
 * Facts compared with a kernel tree: which ones its source still has, which changed, and which a source cannot show.
 */
import { type Fact, type FactRange, type FactSource, type FactValue, rangeAt } from './index.js';
import { type KernelVersion, parseKernelVersion } from './version.js';

/** A kernel source tree as far as facts need it. */
export interface KernelTree {
  readonly version: KernelVersion;
  /** Text of a file by its path in the tree; undefined when there is none, null when it is there and not compiled. */
  read(file: string): string | undefined | null;
}

export interface HeldFact {
  readonly id: string;
  readonly title: string;
  /**
   * `unreadable`: the fact rests on a boot or a report, or begins after this kernel. `unknown`: the source does not
   * look like a known kernel, or like several that differ.
   */
  readonly status: 'holds' | 'changed' | 'unknown' | 'unreadable';
  /** What the data says for this version; undefined before the first range. */
  readonly expected: FactRange | undefined;
  /** The ranges whose probes match the tree, whatever version they are meant for. */
  readonly matching: readonly FactRange[];
  /** The place in the tree that shows it. */
  readonly place?: { readonly file: string; readonly line: number };
  /** Why it is not `holds`, in a sentence. */
  readonly reason?: string;
}

export function holdFacts(facts: Iterable<Fact>, tree: KernelTree): HeldFact[] {
  return Array.from(facts, (fact) => hold(fact, tree));
}

function hold(fact: Fact, tree: KernelTree): HeldFact {
  const expected = rangeAt(fact, tree.version);
  const probed = fact.ranges.filter(hasProbe);
  const found = probed.flatMap((range) => {
    const source = sourcesOf(range).find((one) => misses(one, tree).length === 0);
    return source === undefined ? [] : [{ range, source }];
  });
  const matching = found.map(({ range }) => range);
  const [first] = found;
  const place = first === undefined ? undefined : placeOf(first.source, tree);
  const held = { id: fact.id, title: fact.title, expected, matching, ...(place === undefined ? {} : { place }) };
  const values = matching.filter((range, i) => matching.findIndex((one) => sameValue(one.value, range.value)) === i);
  if (probed.length === 0 || (expected !== undefined && !hasProbe(expected) && values.length === 0))
    return {
      ...held,
      status: 'unreadable',
      reason:
        expected === undefined
          ? 'the data begins with a later kernel'
          : `known from ${EVIDENCE[expected.evidence]}; the source is not probed`,
    };
  const [value, ...others] = values;
  if (value !== undefined && others.length === 0) {
    if (expected !== undefined && sameValue(value.value, expected.value)) return { ...held, status: 'holds' };
    // It is not a change if an older kernel does not have the thing yet.
    if (expected === undefined) return { ...held, status: 'unreadable', reason: 'the data begins with a later kernel' };
  }
  const seen = values.map(
    (r) => `${JSON.stringify(r.value)} as in ${r.since}${r.until ? ` to before ${r.until}` : ''}`,
  );
  if (expected === undefined && value === undefined)
    return { ...held, status: 'unreadable', reason: 'the data begins with a later kernel' };
  const missed = expected === undefined ? [] : misses(expected.source, tree);
  const text =
    seen.length > 0 ? `the source looks like ${seen.join(' and ')}` : 'the source does not look like a known kernel';
  return { ...held, status: values.length === 1 ? 'changed' : 'unknown', reason: [...missed, text].join('; ') };
}

const EVIDENCE = { booted: 'a boot', read: 'reading', reported: 'a report' } as const;

const sourcesOf = ({ source, also = [] }: FactRange): readonly FactSource[] => [source, ...also];
const hasProbe = ({ source }: FactRange) => source.contains !== undefined || source.absent !== undefined;

/** What of a probe the tree does not meet; empty when it matches. */
function misses(source: FactSource, tree: KernelTree): string[] {
  const text = tree.read(source.file);
  // A file that is not compiled does not count: what replaces it may have the thing or not.
  if (text === null) return [`${source.file} is not compiled`];
  // Something that is absent from a file is absent from a tree without the file.
  if (text === undefined) return source.contains === undefined ? [] : [`${source.file} does not exist`];
  return [
    ...(source.contains ?? []).filter((p) => !probe(p).test(text)).map((p) => `${source.file} has no match for /${p}/`),
    ...(source.absent ?? []).filter((p) => probe(p).test(text)).map((p) => `${source.file} matches /${p}/`),
  ];
}

function placeOf(source: FactSource, tree: KernelTree): { file: string; line: number } | undefined {
  const text = tree.read(source.file);
  const [first] = source.contains ?? [];
  if (typeof text !== 'string') return undefined;
  const at = first === undefined ? 0 : (probe(first).exec(text)?.index ?? 0);
  return { file: source.file, line: text.slice(0, at).split('\n').length };
}

/** Probes are multi-line: ^ and $ are line boundaries. */
const probe = (pattern: string) => new RegExp(pattern, 'm');

function sameValue(a: FactValue, b: FactValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The version a tree's top Makefile states. */
export function versionOfTree(makefile: string): KernelVersion | undefined {
  const [major, minor] = ['VERSION', 'PATCHLEVEL'].map(
    (name) => new RegExp(`^${name}\\s*=\\s*(\\d+)`, 'm').exec(makefile)?.[1],
  );
  return major === undefined || minor === undefined ? undefined : parseKernelVersion(`${major}.${minor}`);
}
