/** Reads what a guest showed: its sections between markers, and the kernel's own log before them. */
import type { VerifyResult } from '../../src/verify/index.js';
import type { BootResult } from './qemu.js';

export interface ObservedArea {
  readonly name: string;
  /** null when the kernel does not say: debugfs lists an area that was not activated without a base. */
  readonly baseAddress: bigint | null;
  readonly sizeBytes: bigint;
}

export interface ObservedHeap {
  readonly name: string;
  /** Permission bits in octal, owner and group. */
  readonly access: string;
  /** Whether an allocation came back, could be mapped, was zeroed and kept what was written. */
  readonly usable: boolean;
  /** The failed step and its errno. */
  readonly failure?: string;
}

export interface ObservedMessage {
  readonly family: string;
  readonly text: string;
  /** The node or area the kernel names, where it names one. */
  readonly node?: string;
}

export interface Observation {
  readonly ending: 'boots' | 'panics' | 'hangs';
  /** Signs of memory with two owners: bad pages, or an oops the guest survived. */
  readonly damage: readonly string[];
  /** Everything below is known only when the guest came as far as showing it. */
  readonly shown: boolean;
  readonly heaps: readonly ObservedHeap[];
  /** undefined: this kernel has no debugfs that shows them. */
  readonly areas: readonly ObservedArea[] | undefined;
  readonly cmaTotalBytes: bigint | null;
  /** The kernel's log up to the guest's first words. */
  readonly log: string;
  readonly messages: readonly ObservedMessage[];
  /** Physical ranges of /proc/iomem. */
  readonly ranges: readonly { readonly start: bigint; readonly end: bigint; readonly name: string }[];
  /** What the verifier says: its verdict, and whether it could allocate, by heap; undefined when it did not come to that. */
  readonly verifier: Verifier | undefined;
  /** Output of the guest's own script. */
  readonly run: string;
}

export interface Verifier {
  readonly verdict: string;
  readonly allocates: ReadonlyMap<string, boolean>;
  /** What it found wrong: check and diagnosis. */
  readonly faults: readonly string[];
}

/** Log families and how every kernel from 5.10 to 7.3 spells them; the group is the node or area. */
export const MESSAGE_FAMILIES: Readonly<Record<string, RegExp>> = {
  'cma-reserved': /cma: Reserved \d+ MiB (?:at|in)/,
  'pool-created': /created CMA memory pool at/,
  misaligned: /incorrect alignment of CMA region/,
  'match-failed': /node (.+?) compatible matching fail/,
  'alloc-failed': /failed to (?:allocate|reserve) memory for node '(.+?)'|cma: Failed to reserve \d+ MiB/,
  'default-bypassed': /bypass (.+?) node, using cmdline CMA params|Skipping dt linux,cma-default/,
  'invalid-size': /invalid (?:size|alignment|reg|alloc-ranges) property in '(.+?)'/,
  'unsupported-format': /unsupported node format, ignoring/,
  'not-activated': /CMA area (.+?) could not be activated/,
  overlap: /OVERLAP DETECTED!/,
  'overlap-pair': /\(0x[0-9a-f]+--0x[0-9a-f]+\) overlaps with /,
  'no-slots': /Not enough slots for CMA reserved regions/,
  'not-set-up': /unable to setup CMA region/,
  'entries-ignored': /ignores \d+ regions in node|entries, only the first is used/,
  'region-misaligned': /cma: Region at \S+ must be aligned/,
  'high-memory-boundary': /defined on low\/high memory boundary/,
  'past-limit': /cma: Size \(\S+\) of region at/,
  'heap-refused': /Failed to add CMA heap/,
};

const DAMAGE = /BUG: Bad page|Bad page state|BUG: |Oops|Unable to handle kernel|Internal error|WARNING: CPU/;

export function observe(result: Pick<BootResult, 'console' | 'ending'>, pageSizeBytes: bigint): Observation {
  const [log = '', ...rest] = result.console.split(/^@@SECTION /m);
  const sections = new Map(rest.map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n') + 1)]));
  const section = (name: string) =>
    (sections.get(name)?.split('@@END')[0] ?? '').split('\n').filter((line) => line !== '');
  const panicked = /Kernel panic|---\[ end Kernel panic/.test(result.console);
  const allocations = new Map(section('allocate').map((line) => splitAt(line, / (?=ok$|[\w-]+ \d+$)/)));
  return {
    ending: panicked ? 'panics' : result.ending === 'ended' ? 'boots' : result.ending === 'hung' ? 'hangs' : 'panics',
    damage: [...new Set(result.console.split('\n').filter((line) => DAMAGE.test(line)))].slice(0, 5),
    shown: sections.has('iomem'),
    heaps: section('heaps').map((line) => {
      const [, access = '', name = ''] = /^(\d+ \d+ \d+) \/dev\/dma_heap\/(.*)$/.exec(line) ?? [];
      const outcome = allocations.get(name) ?? 'not tried';
      return { name, access, usable: outcome === 'ok', ...(outcome === 'ok' ? {} : { failure: outcome }) };
    }),
    areas: section('areas').includes('not shown')
      ? undefined
      : section('areas').map((line) => {
          const [, base = '0', count = '0', name = ''] = /^(\d+) (\d+) (.*)$/.exec(line) ?? [];
          const sizeBytes = BigInt(count) * pageSizeBytes;
          return { name, sizeBytes, baseAddress: sizeBytes ? BigInt(base) * pageSizeBytes : null };
        }),
    verifier: verifierOf(section('verify')),
    cmaTotalBytes: cmaTotal(section('meminfo')),
    log,
    messages: log.split('\n').flatMap(messagesIn),
    ranges: section('iomem').flatMap((line) => {
      const match = /^\s*([0-9a-f]+)-([0-9a-f]+) : (.*)$/.exec(line);
      return match ? [{ start: BigInt(`0x${match[1]}`), end: BigInt(`0x${match[2]}`) + 1n, name: match[3] ?? '' }] : [];
    }),
    run: sections.get('run') ?? '',
  };
}

/**
 * Lines of the verifier's JSON: results stand on a line each, the summary on the last. A kernel that dies of what the
 * verifier does writes its own lines between them and may cut one in two: what cannot be read is left out.
 */
function verifierOf(lines: readonly string[]): Verifier | undefined {
  const summary = lines
    .map((line) => /"verdict":"([\w-]+)"/.exec(line)?.[1])
    .findLast((verdict) => verdict !== undefined);
  if (summary === undefined) return undefined;
  const results = lines.flatMap((line): VerifyResult[] => {
    try {
      const result = JSON.parse(line.replace(/,$/, ''));
      return result?.id === undefined ? [] : [result];
    } catch {
      return [];
    }
  });
  return {
    verdict: summary,
    allocates: new Map(
      results.flatMap(({ id, heap, status }) => (id === 'alloc.page' && heap ? [[heap, status === 'pass']] : [])),
    ),
    faults: results
      .filter(({ status }) => status === 'fail' || status === 'error')
      .map(({ id, heap, diagnosis, observed }) => `${id}[${heap ?? ''}] ${diagnosis}: ${observed}`),
  };
}

function messagesIn(line: string): ObservedMessage[] {
  return Object.entries(MESSAGE_FAMILIES).flatMap(([family, pattern]) => {
    const match = pattern.exec(line);
    return match ? [{ family, text: line.trim(), ...(match[1] ? { node: match[1] } : {}) }] : [];
  });
}

/** A kernel without CMA shows /proc/meminfo without that line. */
function cmaTotal(lines: readonly string[]): bigint | null {
  const shown = kibibytes(lines.find((line) => line.startsWith('CmaTotal:')));
  return shown ?? (lines.some((line) => line.startsWith('MemTotal:')) ? 0n : null);
}

const kibibytes = (line: string | undefined): bigint | null => {
  const digits = /(\d+) kB/.exec(line ?? '')?.[1];
  return digits ? BigInt(digits) * 1024n : null;
};

function splitAt(line: string, separator: RegExp): [string, string] {
  const [before = '', after = ''] = line.split(separator);
  return [before, after];
}
