/** A kernel description: knowledge as a file that needs no tree. */
import type { FactValue } from '../facts/index.js';
import { OLDEST_KERNEL, parseKernelVersion } from '../facts/index.js';
import { type Condition, conditionText, parseCondition } from './condition.js';
import type { Backing, HeapEntry, Inventory } from './inventory.js';
import type { KernelKnowledge, KnownClosure, KnownFact } from './types.js';
import validate from './validator.gen.js';

/** `NAME.kernel.json`, schemas/kernel.schema.json. */
export interface Description {
  readonly schemaVersion: 1;
  readonly release: string;
  readonly arch?: string;
  readonly origin: string;
  /** Boots of a kernel of this very source that agreed. */
  readonly booted?: readonly string[];
  /** SHA-256 over the files that were read, by path; absent: a release of mainline, as it ships. */
  readonly source?: { readonly sha256: string; readonly files: number };
  readonly scope: Inventory['scope'];
  readonly heaps: readonly {
    readonly name: string;
    readonly directory: string;
    readonly backing: Backing['kind'];
    readonly compatible?: string;
    readonly cached: boolean;
    readonly needs: string;
    readonly symbol?: string;
    readonly sometimes?: string;
    readonly at: string;
  }[];
  readonly unread: readonly string[];
  /** By id: the value, and `read FILE:LINE`, `assumed: why` or `unknown FILE: why`. */
  readonly facts: Readonly<Record<string, readonly [FactValue, string]>>;
  readonly closures: Readonly<Record<string, readonly string[]>>;
}

export function writeDescription(knowledge: KernelKnowledge, source: Description['source'] | undefined): Description {
  const { inventory, release, arch, origin, booted, closures } = knowledge;
  return {
    schemaVersion: 1,
    release,
    ...(arch === undefined ? {} : { arch }),
    origin,
    ...(booted === undefined ? {} : { booted }),
    ...(source === undefined ? {} : { source }),
    scope: inventory.scope,
    heaps: inventory.heaps.map(({ name, directory, backing, cached, needs, symbol, sometimes, file, line }) => ({
      name,
      directory,
      backing: backing.kind,
      ...('compatible' in backing && backing.compatible !== undefined ? { compatible: backing.compatible } : {}),
      cached,
      needs: conditionText(needs),
      ...(symbol === undefined ? {} : { symbol }),
      ...(sometimes === undefined ? {} : { sometimes }),
      at: `${file}:${line}`,
    })),
    unread: inventory.unread.map(({ file, line, text }) => `${file}:${line}: ${text}`),
    facts: Object.fromEntries(
      [...knowledge.facts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, { value, known }]) => [id, [value, knownText(known)]]),
    ),
    closures: Object.fromEntries(
      [...closures].sort((a, b) => (a.symbol < b.symbol ? -1 : 1)).map(({ symbol, needs }) => [symbol, needs]),
    ),
  };
}

function knownText(known: KnownFact['known']): string {
  switch (known.by) {
    case 'read':
      return `read ${known.file}:${known.line}`;
    case 'assumed':
      return `assumed: ${known.reason}`;
    case 'unknown':
      return `unknown ${known.file}: ${known.reason}`;
    case 'shipped':
      return known.booted ? 'booted' : 'shipped';
  }
}

/** @param description as {@link readDescription} returns it */
export function knowledgeOf(description: Description): KernelKnowledge {
  const version = parseKernelVersion(description.release) ?? OLDEST_KERNEL;
  const heaps = description.heaps.map((heap): HeapEntry => {
    const [, file = heap.at, line = '0'] = /^(.*):(\d+)$/.exec(heap.at) ?? [];
    return {
      name: heap.name,
      directory: heap.directory,
      backing: {
        kind: heap.backing,
        ...(heap.compatible === undefined ? {} : { compatible: heap.compatible }),
      } as Backing,
      cached: heap.cached,
      needs: parseCondition(heap.needs) ?? ({ kind: 'unknown', text: heap.needs } satisfies Condition),
      symbol: heap.symbol,
      ...(heap.sometimes === undefined ? {} : { sometimes: heap.sometimes }),
      file,
      line: Number(line),
    };
  });
  return {
    version,
    release: description.release,
    arch: description.arch,
    facts: new Map(
      Object.entries(description.facts).map(([id, [value, text]]): [string, KnownFact] => [
        id,
        { value, known: readKnown(text) },
      ]),
    ),
    inventory: {
      heaps,
      unread: description.unread.map((text) => {
        const [, file = '', line = '0', rest = text] = /^(.*?):(\d+): ([\s\S]*)$/.exec(text) ?? [];
        return { file, line: Number(line), text: rest };
      }),
      scope: description.scope,
    },
    closures: Object.entries(description.closures).map(([symbol, needs]): KnownClosure => ({ symbol, needs })),
    origin: description.origin,
    ...(description.booted === undefined ? {} : { booted: description.booted }),
  };
}

function readKnown(text: string): KnownFact['known'] {
  const read = /^read (.*):(\d+)$/.exec(text);
  if (read) return { by: 'read', file: read[1] as string, line: Number(read[2]) };
  const unknown = /^unknown (\S+): ([\s\S]*)$/.exec(text);
  if (unknown) return { by: 'unknown', file: unknown[1] as string, reason: unknown[2] as string };
  if (text === 'booted' || text === 'shipped') return { by: 'shipped', booted: text === 'booted' };
  return { by: 'assumed', reason: text.replace(/^assumed: /, '') };
}

/** @returns a description, or what is wrong with the value in a sentence */
export function readDescription(value: unknown): Description | string {
  if (!validate(value)) {
    const [first] = validate.errors ?? [];
    const extra = first?.keyword === 'additionalProperties' ? ` "${first.params['additionalProperty']}"` : '';
    return `${first?.instancePath === '' || first === undefined ? 'the document' : first.instancePath} ${first?.message ?? 'is not of the schema'}${extra}`;
  }
  const description = value as Description;
  const bad = description.heaps.find(({ needs }) => parseCondition(needs) === undefined);
  return bad === undefined ? description : `the condition of ${bad.name} is not an expression: ${bad.needs}`;
}
