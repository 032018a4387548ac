/** Facts held against a kernel tree: which still stand in its source, which changed, which no source can tell. */
import { type Fact, type FactRange, type FactValue, rangeAt } from './index.js';
import { type KernelVersion, parseKernelVersion } from './version.js';

/** A kernel source tree as far as facts need it. */
export interface KernelTree {
  readonly version: KernelVersion;
  /** Text of a file by its path in the tree; undefined when there is none. */
  read(file: string): string | undefined;
}

export interface HeldFact {
  readonly id: string;
  readonly title: string;
  /** `unreadable`: the fact rests on a boot or a report, or begins after this kernel. */
  readonly status: 'holds' | 'changed' | 'unreadable';
  /** What the data says for this version; undefined before the first range. */
  readonly expected: FactRange | undefined;
  /** The ranges whose probes match the tree, whatever version they are meant for. */
  readonly matching: readonly FactRange[];
  /** Why it is not `holds`, in a sentence. */
  readonly reason?: string;
}

export function holdFacts(facts: Iterable<Fact>, tree: KernelTree): HeldFact[] {
  return Array.from(facts, (fact) => hold(fact, tree));
}

function hold(fact: Fact, tree: KernelTree): HeldFact {
  const expected = rangeAt(fact, tree.version);
  const probed = fact.ranges.filter(hasProbe);
  const matching = probed.filter((range) => misses(range, tree).length === 0);
  const held = { id: fact.id, title: fact.title, expected, matching };
  if (expected === undefined) return { ...held, status: 'unreadable', reason: 'the data begins with a later kernel' };
  if (!hasProbe(expected))
    return {
      ...held,
      status: 'unreadable',
      reason: `known from ${EVIDENCE[expected.evidence]}, no probe of the source`,
    };
  const missed = misses(expected, tree);
  const others = matching.filter((range) => !sameValue(range.value, expected.value));
  if (missed.length === 0 && others.length === 0) return { ...held, status: 'holds' };
  const seen = others.map(
    (r) => `${JSON.stringify(r.value)} as in ${r.since}${r.until ? ` to before ${r.until}` : ''}`,
  );
  const found =
    seen.length > 0 ? `the source reads like ${seen.join(' and ')}` : 'the source reads like no known kernel';
  return { ...held, status: 'changed', reason: [...missed, found].join('; ') };
}

const EVIDENCE = { booted: 'a boot', read: 'reading', reported: 'a report' } as const;

const hasProbe = ({ source }: FactRange) => source.contains !== undefined || source.absent !== undefined;

/** What of a range's probe the tree does not meet; empty when it matches. */
function misses({ source }: FactRange, tree: KernelTree): string[] {
  const text = tree.read(source.file);
  // Something that is absent from a file is absent from a tree without the file.
  if (text === undefined) return source.contains === undefined ? [] : [`${source.file} is gone`];
  return [
    ...(source.contains ?? []).filter((p) => !probe(p).test(text)).map((p) => `${source.file} has no match for /${p}/`),
    ...(source.absent ?? []).filter((p) => probe(p).test(text)).map((p) => `${source.file} matches /${p}/`),
  ];
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
