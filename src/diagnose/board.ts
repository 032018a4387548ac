/** All clues of everything that was pasted, and the questions that causes ask of them. */

import { compareKernelVersions, type KernelVersion } from '../facts/index.js';
import { cmaParameter, type RefusedDefault } from '../placement/index.js';
import type { Clue, Kind, Listed } from './clues.js';
import type { PastedLine, View } from './paste.js';
import { observed } from './prose.js';

/** Names that the heap of the default area has had in mainline kernels. */
const DEFAULT_NAMES = new Set(['linux,cma', 'reserved', 'default_cma_region']);

/** What a simulation of the same boot adds to the text. */
export interface Simulated {
  /** The default area of cma= or of the configuration that has no place. */
  readonly refusedDefault: RefusedDefault | undefined;
  /** Nodes that ask for an area and get none, and why; empty without the device tree. */
  readonly rejected: readonly { readonly node: string; readonly reason: string }[];
  /** The largest size for which a refused node would have a place. */
  largest(node: string): bigint | undefined;
}

/** Every boot prints these; their numbers do not concern heaps. */
const USUAL =
  /^\s*(?:clocksource|sched_clock|workingset|ASID allocator|tsc|rcu|SLUB|NR_IRQS|pid_max|\S+ hash table entries|\S+-cache hash table|Built \d+ zonelists|percpu|mem auto-init|Calibrating|posixtimers|futex|printk|random|psci|CPU|SMP|smp|alternatives|NET|Freeing|Unpacking|clk|GICv\d|ITS|Root IRQ|arch_timer|Console|Detected|Memory policy|DMA: preallocated)\b/;
const CONCERNS =
  /dma[-_ ]?(?:buf|heap)|dmabuf|cma|reserved[ -]mem|contiguous|contig|prime|\bdrm\b|\[drm|\bvb2|v4l|\brga(?:\b|_)|\bmpp|udmabuf|system_heap|\bheaps?\b|alloc|Bad page|oom|Out of memory|memcg|cgroup|audit|avc:|apparmor|seccomp|systemd|udev|command line|parameter|swiotlb|DMA addr|MemAvailable|bypass|linux,|devtmpfs|overlay|zone|\[mem 0x|shared-dma-pool/i;
/** Lines that clues are read from, and in which no person or program speaks: those of a configuration, and what a capture did. */
const RECORD = /^\s*(?:# )?CONFIG_\w+(?:=| is not set)|^(?:taken|empty|absent|denied|cut) \/?[\w.-]+(?:[/.]\S*)?$/;
/** Files that a capture copies, or writes about itself. */
const RECORDED = /(?:^|\/)(?:proc|sys|boot|etc)\/|(?:^|\/)(?:machine|collected)\.txt$|\.dtb$/;
const concernsHeaps = (text: string) => CONCERNS.test(text) && !USUAL.test(text);

/** A program says which heap it uses. */
export const USES_HEAP =
  /^(?!.*\b(?:fail|cannot|can't|could ?n[o']t|unable|error|denied|no such)\b).*\b(?:using|opened|selected|falling back to|fallback to|allocating from)\b.{0,40}?(?:\/dev\/dma_heap\/|\b(?:dma[-_ ]?(?:buf)?[-_ ]?)?heap (?:named:? )?['"\u2018\u201c]?)([a-z][\w,@-]*)/i;
const namesIn = (one: Clue) =>
  one.kind === 'names' || one.kind === 'classNames'
    ? one.names
    : one.kind === 'node' || one.kind === 'link'
      ? one.name
      : [];

/** A command that lists the directory, or every node in it. */
const LISTS_HEAPS = /\b(?:ls|find|tree|stat|ll)\b.*\/dev\/dma_heap(?:\/?\*?)(?=[\s;|&]|$)/;

/** A row of `ls -ln` with the names of its numbers, as far as the same place shows them: 0 is root everywhere. */
function named(row: Clue, groups: readonly Clue<'groupNumber'>[]): Clue {
  if (row.kind !== 'node' && row.kind !== 'link' && row.kind !== 'directory' && row.kind !== 'handMade') return row;
  const group =
    row.group === '0' ? 'root' : groups.find(({ number, view }) => number === row.group && view === row.view)?.group;
  return { ...row, owner: row.owner === '0' ? 'root' : row.owner, group: group ?? row.group };
}

const USUAL_PAGE = 4096;

/** The counts of the only area that the text shows, as /proc/meminfo would print them. */
function amountsOfArea(clues: readonly Clue[]): Clue[] {
  const counts = clues.filter((one) => one.kind === 'areaCount');
  if (clues.some(({ kind }) => kind === 'cmaTotal') || new Set(counts.map(({ area }) => area)).size !== 1) return [];
  const page = clues.findLast((one) => one.kind === 'pageSize')?.bytes ?? USUAL_PAGE;
  const last = (...names: string[]) => counts.findLast(({ what }) => names.includes(what));
  const total = last('count', 'total_pages');
  const used = last('used');
  const free = last('available_pages');
  const left = free?.pages ?? (total === undefined || used === undefined ? undefined : total.pages - used.pages);
  if (total === undefined || left === undefined) return [];
  return [
    { ...total, kind: 'cmaTotal', kib: (total.pages * page) / 1024 },
    { ...(free ?? used ?? total), kind: 'cmaFree', kib: (left * page) / 1024 },
  ];
}

type Speaker = 'kernel' | 'others' | 'answers';

export class Board {
  /** undefined: the text lacks what a simulation needs. */
  simulated: Simulated | undefined;
  readonly clues: readonly Clue[];
  /** What was pasted, without the lines of the kernel's log that do not concern heaps, memory or access. */
  readonly text: string;
  readonly #lines: readonly string[];
  readonly #all: readonly PastedLine[];
  /** Dozens of causes ask for the same lines. */
  readonly #spoken = new Map<Speaker, readonly string[]>();

  constructor(clues: readonly Clue[], all: readonly PastedLine[]) {
    const listed = new Set(clues.flatMap(namesIn));
    const groups = clues.filter((one) => one.kind === 'groupNumber');
    this.clues = [...clues, ...amountsOfArea(clues)]
      .filter((one) => one.kind !== 'open' || one.isWord !== true || listed.has(one.path.replace('/dev/dma_heap/', '')))
      .map((one) => named(one, groups));
    this.#all = all;
    this.#lines = all.flatMap(({ raw, text, isLog }) =>
      RECORD.test(text) || (isLog && !concernsHeaps(text)) ? [] : [raw],
    );
    this.text = this.#lines.join('\n');
  }

  all<K extends Kind>(kind: K): readonly Clue<K>[] {
    return this.clues.filter((one) => one.kind === kind) as unknown as readonly Clue<K>[];
  }
  first<K extends Kind>(kind: K): Clue<K> | undefined {
    return this.all(kind)[0];
  }
  last<K extends Kind>(kind: K): Clue<K> | undefined {
    return this.all(kind).at(-1);
  }
  has(kind: Kind): boolean {
    return this.clues.some((one) => one.kind === kind);
  }
  /** The first line of {@link text} that matches. */
  line(pattern: RegExp): string | undefined {
    return this.#lines.find((line) => pattern.test(line))?.trim();
  }
  /** The same, of what was seen: without questions, quoted pages and faults that no longer occur. */
  reported(pattern: RegExp): string | undefined {
    return this.#lines.find((line) => pattern.test(line) && pattern.test(observed(line)))?.trim();
  }
  /** The first of all lines that matches. */
  anyLine(pattern: RegExp): string | undefined {
    return this.#all.find(({ raw }) => pattern.test(raw))?.raw.trim();
  }
  /** What a command printed, where the text shows both. */
  printedBy(command: RegExp): readonly string[] {
    return this.#all.flatMap((one) => (!one.isCommand && command.test(one.command) ? [one.text] : []));
  }
  /** A command that printed nothing, as far as another prompt follows it. */
  silent(command: RegExp): string | undefined {
    return this.#all
      .find((one, i) => {
        const below = this.#all.slice(i + 1).find(({ text }) => text.trim() !== '');
        return one.isCommand && command.test(one.text) && below?.isCommand === true;
      })
      ?.raw.trim();
  }
  /** All lines: those of the kernel's log, those of programs and people, or the latter without commands and records. */
  linesOf(who: Speaker): readonly string[] {
    const known = this.#spoken.get(who);
    if (known !== undefined) return known;
    const lines = this.#all.flatMap(({ raw, text, isLog, isCommand, file }) => {
      const isLeftOut = who === 'answers' && (isCommand || RECORDED.test(file));
      return isLog === (who === 'kernel') && !RECORD.test(text) && !isLeftOut ? [raw] : [];
    });
    this.#spoken.set(who, lines);
    return lines;
  }

  /** What a capture without root was not given. */
  get denied(): readonly string[] {
    const files = this.#all.flatMap(({ text }) => /^denied (\/?[\w.-]+(?:[/.]\S*)?)$/.exec(text)?.[1] ?? []);
    // These two are only for writing.
    return files.filter((file) => !/\/debug\/cma\/[^/]+\/(?:alloc|free)$/.test(file));
  }

  /** The release that runs: what uname or the log says before what prose mentions. */
  get release(): Clue<'release'> | undefined {
    const releases = this.all('release');
    return releases.find(({ line }) => /uname|Linux version|^\s*\d+\.\d+\S*\s*$|^Linux /.test(line)) ?? releases.at(-1);
  }
  get version(): KernelVersion | undefined {
    return this.release?.version;
  }
  isBefore(version: KernelVersion): boolean {
    return this.version !== undefined && compareKernelVersions(this.version, version) < 0;
  }

  config(symbol: string): string | undefined {
    return this.all('config').findLast((one) => one.symbol === symbol)?.value;
  }

  /** The `cma=` that the kernel was given. */
  get cmaArgument(): { readonly line: string; readonly sizeBytes: bigint; readonly text: string } | undefined {
    for (const { text, line } of this.all('commandLine')) {
      const found = cmaParameter(text);
      if (found !== undefined) return { line, sizeBytes: found.sizeBytes, text: found.text };
    }
    return undefined;
  }

  /** Nodes and links of heaps that were listed there. */
  nodes(view?: View): readonly (Listed & { readonly line: string })[] {
    return [...this.all('node'), ...this.all('link'), ...this.all('handMade')].filter(
      (one) => view === undefined || one.view === view,
    );
  }
  /** Names under /dev/dma_heap; undefined: no input shows them. */
  heapNames(view?: View): readonly string[] | undefined {
    const listed = this.nodes(view).map(({ name }) => name);
    const named = this.all('names').filter((one) => view === undefined || one.view === view);
    if (listed.length === 0 && named.length === 0) return this.isAbsent(view) ? [] : undefined;
    return [...new Set([...listed, ...named.flatMap(({ names }) => names)])];
  }
  /** Whether all heaps of the place are listed, and not one of them. */
  isWhole(view?: View): boolean {
    const isThere = (one: { readonly view: View }) => view === undefined || one.view === view;
    return (
      this.all('names').some(isThere) ||
      [...this.all('node'), ...this.all('link')].some(
        (one) => isThere(one) && !/\/dev\/dma_heap\/\S+(?:\s+->\s+\S+)?$/.test(one.line),
      ) ||
      this.#all.some((one) => one.isCommand && isThere(one) && LISTS_HEAPS.test(one.text))
    );
  }
  /** /dev/dma_heap was looked for and is not there. */
  isAbsent(view?: View): boolean {
    return this.all('noDirectory').some((one) => view === undefined || one.view === view);
  }

  /** What could not be opened, by name below /dev/dma_heap. */
  get refused(): readonly (Clue<'open'> & { readonly name: string })[] {
    return this.all('open')
      .filter(({ line, path }) => path.startsWith('/dev/dma_heap/') && !/=\s*\d+$/.test(line))
      .filter((one) => one.errno !== undefined || !/O_\w+\)?\s*=\s*\d/.test(one.line))
      .map((one) => ({ ...one, name: one.path.replace('/dev/dma_heap/', '') }));
  }

  /** The line in which a program opens one of the heaps, or says that it uses one. */
  get opensHeap(): string | undefined {
    const call = this.all('open').find(
      ({ line, path }) => path.startsWith('/dev/dma_heap/') && /=\s*\d+\s*(?:<.*>)?$/.test(line),
    );
    if (call !== undefined) return call.line;
    const listed = this.heapNames();
    const isUsable = (name: string | undefined) =>
      name !== undefined &&
      this.refused.every((one) => one.name !== name) &&
      (listed === undefined || listed.includes(name));
    return this.linesOf('others')
      .find((line) => isUsable(USES_HEAP.exec(line)?.[1]))
      ?.trim();
  }

  /** Whether anything shows a container. */
  get container(): string | undefined {
    const kinds = this.all('containerKind').map(({ what }) => what);
    return kinds[0] ?? (this.clues.some(({ view }) => view === 'container') ? 'container' : undefined);
  }

  isDefaultName(name: string): boolean {
    return DEFAULT_NAMES.has(name);
  }

  get cmaKib(): number | undefined {
    return this.last('cmaTotal')?.kib;
  }
  get freeKib(): readonly number[] {
    return this.all('cmaFree').map(({ kib }) => kib);
  }
}
