/**
 * Why the plan holds what it holds: every decision with the place in the profile it goes back to, and the kernel's
 * source.
 */

import type { Span } from '../diagnostic/index.js';
import { FACTS, type KernelVersion, kernelsText, rangeAt } from '../facts/index.js';
import { writeOption } from '../kconfig/option-line.js';
import type { LoadedProfile } from '../profile/load.js';
import { formatAddress, formatBytes } from '../quantity/index.js';
import { childPointer } from '../source/pointer.js';
import { missingOn, nodeKernels } from './heaps.js';
import { linksOf } from './links.js';
import type { Because, Plan, PlannedArea, PlannedHeap } from './types.js';

/** One reason. */
export interface Origin {
  readonly text: string;
  /** JSON pointer into the profile, and where that was written, through `extends`. */
  readonly pointer?: string;
  readonly span?: Span;
  /** What is known of kernels that it rests on, with the place in the kernel's source. */
  readonly facts: readonly { readonly id: string; readonly source: string }[];
}

export interface PlanExplanation {
  readonly title: string;
  readonly origins: readonly Origin[];
}

export interface Explained {
  readonly plan: Plan;
  readonly loaded: LoadedProfile;
}

/** Where a pointer was written; of what a profile leaves out, where the nearest thing around it was. */
export function spanAround(loaded: LoadedProfile, pointer: string): Span | undefined {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const span = loaded.spanOf(at, at === pointer ? 'value' : 'key');
    if (span !== undefined) return span;
  }
  return undefined;
}

function factsOf(ids: readonly string[], kernel: KernelVersion): Origin['facts'] {
  return ids.map((id) => {
    const fact = FACTS.get(id);
    const source = fact && (rangeAt(fact, kernel) ?? fact.ranges.at(-1))?.source;
    const at =
      source === undefined ? '' : `${source.file}${source.function === undefined ? '' : `: ${source.function}`}`;
    return { id, source: at };
  });
}

function originMaker({ plan, loaded }: Explained) {
  return ({ text, pointer, facts = [] }: Because): Origin => {
    const span = pointer === undefined ? undefined : spanAround(loaded, pointer);
    return {
      text,
      ...(pointer === undefined ? {} : { pointer }),
      ...(span === undefined ? {} : { span }),
      facts: factsOf(facts, plan.kernel.max),
    };
  };
}

/** A heap by its logical name, or by any name it has under /dev/dma_heap. */
export function findHeap(plan: Plan, name: string): PlannedHeap | undefined {
  return (
    plan.heaps.find((heap) => heap.name === name) ??
    plan.heaps.find((heap) => heap.nodes.some((node) => node.name === name) || heap.aliases.includes(name))
  );
}

/** An area by its region's key, or by its node's name with or without unit address. */
export function findArea(plan: Plan, name: string): PlannedArea | undefined {
  return plan.areas.find((area) => [area.name, area.nodeName, area.areaName].includes(name));
}

const factsOfHeap = (heap: PlannedHeap) => (heap.kind === 'vendor' ? [] : (heap.because[0]?.facts ?? []));

/** Every name below /dev/dma_heap that leads to a heap on some kernel. */
export function nodeNames(plan: Plan, heap: PlannedHeap): string[] {
  return [...new Set([...heap.nodes, ...linksOf(plan, heap)].map(({ name }) => name))];
}

/** A device node by its name: which heap it is, on which kernels, and who makes it. */
export function explainNode(explained: Explained, name: string): PlanExplanation | undefined {
  const { plan } = explained;
  const heap = plan.heaps.find((one) => nodeNames(plan, one).includes(name));
  if (heap === undefined) return undefined;
  const origin = originMaker(explained);
  const pointer = childPointer('/heaps', heap.name);
  const here = heap.nodes.filter((node) => nodeKernels(node, plan.kernel) !== undefined);
  const made = here.filter((node) => node.name === name);
  const elsewhere = made.length > 0 ? [] : heap.nodes.filter((node) => node.name === name);
  const isOnAll = missingOn(made, plan.kernel.min, plan.kernel.max) === 'none' && made.every((node) => !node.optional);
  const isLink = !isOnAll && linksOf(plan, heap).some((link) => link.name === name);
  const ends = [...new Set(here.map((node) => node.name))].filter((one) => one !== name);
  const alias = heap.aliases.indexOf(name);
  return {
    title: `/dev/dma_heap/${name} is the heap ${heap.name}`,
    origins: [
      ...made.map((node) =>
        origin({
          text: `the kernel makes this node${nodeKernels(node, plan.kernel)}`,
          facts: factsOfHeap(heap),
        }),
      ),
      ...elsewhere.map((node) =>
        origin({
          text: `the kernel makes this node ${kernelsText(node)}; the profile does not include these kernels`,
          facts: factsOfHeap(heap),
        }),
      ),
      ...(isLink
        ? [
            origin({
              text: `udev makes a link of this name to ${ends.join(' or ')}${made.length === 0 ? '' : ' where the kernel does not make the node'}: ${alias < 0 ? 'programs for another kernel open this name' : 'it is an alias of the profile'}`,
              pointer: alias < 0 ? pointer : `${pointer}/aliases/${alias}`,
            }),
          ]
        : []),
      ...(explainPlannedHeap(explained, heap.name)?.origins ?? []),
    ],
  };
}

export function explainPlannedHeap(explained: Explained, name: string): PlanExplanation | undefined {
  const heap = findHeap(explained.plan, name);
  if (heap === undefined) return undefined;
  const origin = originMaker(explained);
  const pointer = childPointer('/heaps', heap.name);
  const accessPointer = childPointer('/access', heap.name);
  const { access } = heap;
  const area = explained.plan.areas.find((one) => one.areaName === heap.areaName);
  return {
    title: `heap ${heap.name}`,
    origins: [
      origin({ text: 'your own name, which does not change with the kernel', pointer }),
      ...(area === undefined
        ? heap.because.map(origin)
        : [
            origin({
              text: `memory from region ${area.name}, ${formatBytes(area.sizeBytes)}`,
              pointer: `${pointer}/region`,
            }),
          ]),
      ...heap.nodes.flatMap((node) => {
        const kernels = nodeKernels(node, explained.plan.kernel);
        return kernels === undefined
          ? []
          : [origin({ text: `/dev/dma_heap/${node.name}${kernels}`, facts: factsOfHeap(heap) })];
      }),
      ...heap.aliases.map((alias, i) =>
        origin({ text: `/dev/dma_heap/${alias}: an alias, by udev`, pointer: `${pointer}/aliases/${i}` }),
      ),
      ...(access === undefined
        ? [origin({ text: 'root only: the profile does not give access', pointer: accessPointer })]
        : [
            origin({ text: `group ${access.group}`, pointer: `${accessPointer}/group` }),
            origin({
              text: `mode 0${access.mode.toString(8).padStart(3, '0')}`,
              pointer: `${accessPointer}/mode`,
            }),
            ...access.users.map((user, i) =>
              origin({ text: `the user ${user} must be in the group`, pointer: `${accessPointer}/users/${i}` }),
            ),
          ]),
    ],
  };
}

export function explainPlannedArea(explained: Explained, name: string): PlanExplanation | undefined {
  const area = findArea(explained.plan, name);
  if (area === undefined) return undefined;
  const origin = originMaker(explained);
  const pointer = childPointer('/regions', area.name);
  const place =
    area.baseAddress === undefined
      ? area.allocRanges.length === 0
        ? 'where the kernel finds free memory'
        : `the kernel chooses within ${area.allocRanges.map((r) => `${formatAddress(r.baseAddress)} to ${formatAddress(r.baseAddress + r.sizeBytes)}`).join(' or ')}`
      : `at ${formatAddress(area.baseAddress)}`;
  return {
    title: `region ${area.name}`,
    origins: [
      origin({ text: `node ${area.nodeName}, area ${area.areaName}`, pointer, facts: ['heap.cma-names'] }),
      origin({ text: `${formatBytes(area.sizeBytes)}, ${place}, by ${area.delivery}`, pointer }),
      ...area.because.map(origin),
      ...(area.budget?.steps ?? []).map((step) =>
        origin({ text: `${step.text}: ${formatBytes(step.resultBytes)}`, pointer: `${pointer}/budget` }),
      ),
      ...(area.isDefault
        ? [origin({ text: 'the default area', pointer: `${pointer}/default`, facts: ['cma.default-winner'] })]
        : []),
    ],
  };
}

/** A line of the fragment: who asked for it. */
export function explainPlannedSymbol(explained: Explained, symbol: string): PlanExplanation | undefined {
  const requests = explained.plan.symbols.filter((one) => one.symbol === symbol);
  const [first] = requests;
  if (first === undefined) return undefined;
  return {
    title: writeOption(symbol, first.value, first.isString),
    origins: requests.map(({ because }) => originMaker(explained)(because)),
  };
}
