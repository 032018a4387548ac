/** What differs between two kernels for user space and for the boot. */
import { FACTS } from '../facts/index.js';
import { conditionText } from './condition.js';
import type { HeapEntry } from './inventory.js';
import type { KernelKnowledge } from './types.js';

export interface KnowledgeChange {
  /** `heap`: what user space opens. `boot`: what becomes of areas and messages. `symbol`: the configuration. */
  readonly part: 'heap' | 'boot' | 'symbol';
  /** `/dev/dma_heap/cma`, or the id of a fact. */
  readonly name: string;
  readonly title: string;
  /** Null where that side has none. */
  readonly from: string | null;
  readonly to: string | null;
}

export function compareKnowledge(from: KernelKnowledge, to: KernelKnowledge): KnowledgeChange[] {
  return [...compareHeaps(from, to), ...compareFacts(from, to)];
}

const heapText = ({ backing, cached, needs, symbol, sometimes }: HeapEntry) =>
  [
    'compatible' in backing && backing.compatible !== undefined
      ? `${backing.kind} of ${backing.compatible}`
      : backing.kind,
    ...(cached ? [] : ['uncached']),
    `with ${symbol ?? conditionText(needs)}`,
    ...(sometimes === undefined ? [] : [`if ${sometimes}`]),
  ].join(', ');

function compareHeaps(from: KernelKnowledge, to: KernelKnowledge): KnowledgeChange[] {
  const texts = ({ inventory }: KernelKnowledge) => {
    const found = new Map<string, string[]>();
    for (const heap of inventory.heaps) {
      const name = `${heap.directory}/${heap.name}`;
      found.set(name, [...new Set([...(found.get(name) ?? []), heapText(heap)])].sort());
    }
    return found;
  };
  const [before, after] = [texts(from), texts(to)];
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name): KnowledgeChange[] => {
    const [was, is] = [before.get(name)?.join('; ') ?? null, after.get(name)?.join('; ') ?? null];
    return was === is ? [] : [{ part: 'heap', name, title: 'a heap', from: was, to: is }];
  });
}

function compareFacts(from: KernelKnowledge, to: KernelKnowledge): KnowledgeChange[] {
  const text = (knowledge: KernelKnowledge, id: string) => {
    const fact = knowledge.facts.get(id);
    if (fact === undefined) return null;
    return fact.known.by === 'unknown' ? `unknown: see ${fact.known.file}` : JSON.stringify(fact.value);
  };
  return [...new Set([...from.facts.keys(), ...to.facts.keys()])].sort().flatMap((id): KnowledgeChange[] => {
    const [was, is] = [text(from, id), text(to, id)];
    const part = id.startsWith('kconfig.') ? 'symbol' : id.startsWith('heap.') ? 'heap' : 'boot';
    return was === is ? [] : [{ part, name: id, title: FACTS.get(id)?.title ?? '', from: was, to: is }];
  });
}
