/** Knowledge of a kernel from its source: facts by their probes, heaps by their registrations. */
import { NAMING_FACTS } from '../facts/heap-names.js';
import { type HeldFact, holdFacts, versionOfTree } from '../facts/hold.js';
import { FACTS, type KernelVersion, OLDEST_KERNEL, rangeAt } from '../facts/index.js';
import { HEAPS, type Inventory, readInventory } from './inventory.js';
import { Kbuild, type ReadFile } from './kbuild.js';
import type { KernelKnowledge, KnownClosure, KnownFact } from './types.js';

/** A kernel source tree as far as knowledge needs it. */
export interface TreeSource {
  readonly read: ReadFile;
  /** Names of a directory's files; undefined when there is none. */
  readonly list: (directory: string) => readonly string[] | undefined;
  /** `arm64`; undefined: facts of every architecture are read. */
  readonly arch?: string;
  /** Directories whose Kconfig defines a symbol that heaps may hang on. */
  readonly directories?: readonly string[];
  /** C files of the whole tree that call a function which adds heaps. */
  readonly callers?: readonly string[];
  readonly closures?: readonly KnownClosure[];
  readonly origin: string;
}

/** @returns undefined when the tree states no version, or one before any heap */
export function readKnowledge(source: TreeSource): KernelKnowledge | undefined {
  const texts = new Map<string, string | undefined>();
  const read = (file: string): string | undefined => {
    if (!texts.has(file)) texts.set(file, source.read(file)?.replaceAll('\r\n', '\n'));
    return texts.get(file);
  };
  const makefile = read('Makefile') ?? '';
  const version = versionOfTree(makefile);
  if (version === undefined) return undefined;
  const kbuild = new Kbuild(read, source.arch === undefined ? {} : { SRCARCH: source.arch, ARCH: source.arch });
  const inventory = readInventory({
    read,
    list: source.list,
    kbuild,
    directories: source.directories ?? [],
    ...(source.callers === undefined ? {} : { callers: source.callers }),
  });
  const isCompiled = compiledOnly(kbuild);
  const held = holdFacts(FACTS.values(), {
    version,
    read: (file) => (read(file) === undefined || isCompiled(file) ? read(file) : null),
  });
  const facts = new Map<string, KnownFact>();
  for (const one of held) {
    const known = knownFact(one, version);
    if (known !== undefined) facts.set(one.id, known);
  }
  for (const [id, fact] of [...namesRead(inventory, facts), ...systemHeapNeeds(read, facts)]) facts.set(id, fact);
  return {
    version,
    release: releaseOf(makefile),
    arch: source.arch,
    facts,
    inventory,
    closures: source.closures ?? [],
    origin: source.origin,
  };
}

/** Whether a probe may look at a file: headers and Makefiles always, C files that some configuration compiles. */
function compiledOnly(kbuild: Kbuild): (file: string) => boolean {
  const known = new Map<string, boolean>();
  return (file) => {
    const before = known.get(file);
    if (before !== undefined) return before;
    const result = !file.endsWith('.c') || file.startsWith('arch/') || kbuild.reach(file).length > 0;
    known.set(file, result);
    return result;
  };
}

function knownFact(held: HeldFact, version: KernelVersion): KnownFact | undefined {
  const { expected, matching, place, reason = '', status } = held;
  const [match] = matching;
  if ((status === 'holds' || status === 'changed') && match !== undefined)
    return {
      value: match.value,
      known: { by: 'read', file: place?.file ?? match.source.file, line: place?.line ?? 1 },
    };
  const fact = FACTS.get(held.id);
  const range = expected ?? (fact && rangeAt(fact, OLDEST_KERNEL)) ?? fact?.ranges[0];
  if (range === undefined || (expected === undefined && version.major < OLDEST_KERNEL.major)) return undefined;
  if (status === 'unreadable') return { value: range.value, known: { by: 'assumed', reason } };
  return { value: range.value, known: { by: 'unknown', reason, file: range.source.file } };
}

/** The names of CMA and system heaps as the registrations say them, whatever file registers them. */
function namesRead({ heaps }: Inventory, facts: ReadonlyMap<string, KnownFact>): [string, KnownFact][] {
  const found: [string, KnownFact][] = [];
  const own = heaps.filter(({ directory, sometimes }) => directory === '/dev/dma_heap' && sometimes === undefined);
  const one = (kind: string) => own.find(({ backing, cached }) => backing.kind === kind && cached);
  const main = one('default-area');
  const every = one('every-area');
  const legacy = own.some(
    ({ backing, needs }) =>
      backing.kind === 'default-area' && JSON.stringify(needs).includes('DMABUF_HEAPS_CMA_LEGACY'),
  );
  const read = ({ file, line }: { file: string; line: number }) => ({ by: 'read', file, line }) as const;
  const area = main ?? every;
  if (area !== undefined) {
    found.push([
      NAMING_FACTS.areas,
      {
        value: every !== undefined ? 'default-area-and-all' : legacy ? 'default-area-and-legacy-name' : 'default-area',
        known: read(every ?? area),
      },
    ]);
    found.push([NAMING_FACTS.defaultArea, { value: area.name === '{area}' ? null : area.name, known: read(area) }]);
    const inactive = facts.get('heap.inactive-area');
    if (inactive?.known.by === 'unknown')
      found.push([
        'heap.inactive-area',
        {
          value: inactive.value,
          known: { by: 'assumed', reason: `${area.file} uses the area only to allocate from it` },
        },
      ]);
  }
  const system = one('system');
  if (system !== undefined) found.push([NAMING_FACTS.system, { value: system.name, known: read(system) }]);
  return found;
}

/** What the symbol of the system heap depends on here: vendors let it need more than mainline does. */
function systemHeapNeeds(read: ReadFile, facts: ReadonlyMap<string, KnownFact>): [string, KnownFact][] {
  const file = `${HEAPS}/heaps/Kconfig`;
  const lines = (read(file) ?? '').split('\n');
  const start = lines.findIndex((line) => /^config\s+DMABUF_HEAPS_SYSTEM\s*$/.test(line));
  if (start < 0) return [];
  const length = lines.slice(start + 1).findIndex((line) => /^\S/.test(line));
  const block = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
  const depends = block.flatMap((line) => /^\s+depends\s+on\s+(.*\S)/.exec(line)?.[1] ?? []).join(' && ');
  // Anything but a list of symbols may be met in several ways: then the fact stays unknown.
  if (!/^\w+(?: && \w+)*$/.test(depends)) return [];
  const known = { by: 'read', file, line: start + 1 } as const;
  const values = {
    'kconfig.dmabuf-heaps-system-depends': depends,
    'kconfig.system-heap-needs': [...depends.split(' && '), 'DMABUF_HEAPS_SYSTEM'],
  };
  return Object.entries(values).flatMap(([id, value]): [string, KnownFact][] =>
    facts.get(id)?.known.by === 'unknown' ? [[id, { value, known }]] : [],
  );
}

/** `5.10.160`, with EXTRAVERSION. */
function releaseOf(makefile: string): string {
  const part = (name: string) => new RegExp(`^${name}[ \\t]*=[ \\t]*(\\S*)`, 'm').exec(makefile)?.[1] ?? '';
  const [major, minor, sub] = [part('VERSION'), part('PATCHLEVEL'), part('SUBLEVEL')];
  return `${[major, minor, sub].filter((one) => one !== '').join('.')}${part('EXTRAVERSION')}`;
}

/** Directories that define a symbol which mentions a symbol of the heaps, from the Kconfig tree's own nodes. */
export function heapDirectories(files: readonly string[], read: ReadFile): string[] {
  const found = files.filter(
    (file) => !file.startsWith(HEAPS) && /\bDMABUF_HEAPS?\w*|\bDMA_HEAP\w*/.test(read(file) ?? ''),
  );
  return [...new Set(found.map((file) => file.slice(0, Math.max(0, file.lastIndexOf('/')))))]
    .filter((directory) => directory !== '')
    .sort();
}
