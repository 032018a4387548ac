/** What differs between two plans, in terms of what user space, the builder and the boot loader see. */
import { compareKernelVersions, kernelsText } from '../facts/index.js';
import { formatAddress, formatBytes } from '../quantity/index.js';
import type { HeapNode, Plan, PlannedArea, PlannedHeap } from './types.js';

export type PlanPart = 'heap' | 'access' | 'area' | 'cma-total' | 'symbol' | 'command-line';

export interface PlanChange {
  readonly part: PlanPart;
  /** The heap, region or symbol; empty for the whole board. */
  readonly name: string;
  /** Which property of it, e.g. `names`. */
  readonly aspect: string;
  /** In words; null where that side has none. */
  readonly from: string | null;
  readonly to: string | null;
}

type Aspect = Omit<PlanChange, 'from' | 'to'> & { readonly value: string };

const keyOf = ({ part, name, aspect }: Aspect) => JSON.stringify([part, name, aspect]);

/** Names that exist on some kernel of the plan; with more than one kernel each says on which. */
function namesOf(nodes: readonly HeapNode[], { min, max }: Plan['kernel']): string {
  const isOne = compareKernelVersions(min, max) === 0;
  const there = nodes.filter(
    ({ since, until }) =>
      (since === undefined || compareKernelVersions(since, max) <= 0) &&
      (until === undefined || compareKernelVersions(min, until) < 0),
  );
  const words = there.map((node) => {
    const notes = [...(isOne ? [] : [kernelsText(node)]), ...(node.optional ? ['if configured'] : [])];
    return notes.length === 0 ? node.name : `${node.name} (${notes.join(', ')})`;
  });
  return words.length === 0 ? 'none' : words.join(', ');
}

function placeOf({ baseAddress, allocRanges }: PlannedArea): string {
  if (baseAddress !== undefined) return formatAddress(baseAddress);
  if (allocRanges.length === 0) return "the kernel's choice";
  return allocRanges
    .map((range) => `${formatAddress(range.baseAddress)} to ${formatAddress(range.baseAddress + range.sizeBytes)}`)
    .join(' or ');
}

function heapAspects(heap: PlannedHeap, plan: Plan): Aspect[] {
  const { name, access } = heap;
  const one = (part: PlanPart, aspect: string, value: string): Aspect => ({ part, name, aspect, value });
  return [
    one('heap', 'names', namesOf(heap.nodes, plan.kernel)),
    one('heap', 'memory', heap.areaName ?? heap.kind),
    ...(heap.aliases.length === 0 ? [] : [one('heap', 'aliases', heap.aliases.join(', '))]),
    ...(access === undefined
      ? [one('access', 'group', 'root only')]
      : [
          one('access', 'group', access.group),
          one('access', 'mode', `0${access.mode.toString(8).padStart(3, '0')}`),
          ...(access.users.length === 0 ? [] : [one('access', 'users', access.users.join(', '))]),
        ]),
  ];
}

function areaAspects(area: PlannedArea): Aspect[] {
  const one = (aspect: string, value: string): Aspect => ({ part: 'area', name: area.name, aspect, value });
  return [
    one('size', formatBytes(area.sizeBytes)),
    one('place', placeOf(area)),
    one('alignment', area.alignmentBytes === undefined ? "the kernel's" : formatBytes(area.alignmentBytes)),
    one('delivery', area.delivery),
    one('default', area.isDefault ? 'yes' : 'no'),
  ];
}

function aspectsOf(plan: Plan): Aspect[] {
  const whole = (part: PlanPart, aspect: string, value: string): Aspect => ({ part, name: '', aspect, value });
  return [
    ...plan.heaps.flatMap((heap) => heapAspects(heap, plan)),
    ...plan.areas.flatMap(areaAspects),
    whole('cma-total', 'at least', formatBytes(plan.expectation.cmaTotalMinBytes)),
    ...plan.symbols.map(({ symbol, value, isString }): Aspect => {
      const written = isString ? JSON.stringify(value) : value;
      return { part: 'symbol', name: symbol, aspect: 'value', value: written };
    }),
    ...plan.commandLine.map(({ argument }) => whole('command-line', argument.replace(/=.*$/s, ''), argument)),
  ];
}

/** Every property of which the two differ, in the order in which a person asks: heaps, access, areas, configuration. */
export function comparePlans(from: Plan, to: Plan): PlanChange[] {
  const before = new Map(aspectsOf(from).map((aspect) => [keyOf(aspect), aspect]));
  const after = new Map(aspectsOf(to).map((aspect) => [keyOf(aspect), aspect]));
  const order: readonly PlanPart[] = ['heap', 'access', 'area', 'cma-total', 'symbol', 'command-line'];
  return [...new Map([...before, ...after]).entries()]
    .map(([key, { part, name, aspect }]): PlanChange => {
      const values = { from: before.get(key)?.value ?? null, to: after.get(key)?.value ?? null };
      return { part, name, aspect, ...values };
    })
    .filter((change) => change.from !== change.to)
    .sort((a, b) => order.indexOf(a.part) - order.indexOf(b.part) || (a.name < b.name ? -1 : Number(a.name > b.name)));
}
