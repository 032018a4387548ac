/** Why a region is where it is, and why a heap has its name. */
import { NAMING_FACTS } from '../facts/heap-names.js';
import { FACTS, firstRelease, formatKernelVersion, rangeAt } from '../facts/index.js';
import { formatAddress, formatBytes } from '../quantity/index.js';
import type { PlacementInput } from './input.js';
import { predict } from './predict.js';
import type { PredictedArea, Prediction } from './prediction.js';
import { isPool, type ReservedNode, readReservedMemory } from './reserved-nodes.js';
import { kernelRules, RULE_FACTS } from './rules.js';

export interface Reason {
  readonly text: string;
  /** Fact ids that it rests on. */
  readonly facts: readonly string[];
  /** `file: function` of the kernel, where one decides it. */
  readonly source?: string;
}

export interface Explanation {
  readonly title: string;
  readonly reasons: readonly Reason[];
}

/**
 * @param name node name, with or without its unit address, or `reserved` for the kernel's own area
 * @returns undefined when the tree has no such node and the kernel makes no such area
 */
export function explainRegion(input: PlacementInput, name: string): Explanation | undefined {
  const prediction = predict(input);
  const { nodes, disabled } = readReservedMemory(input.tree);
  const node = nodes.find((one) => one.name === name) ?? nodes.find((one) => one.name.split('@')[0] === name);
  if (node === undefined) {
    if (disabled.includes(name))
      return {
        title: `region ${name}`,
        reasons: [{ text: 'its status is not "okay": the kernel skips it', facts: [] }],
      };
    const area = prediction.areas.find((one) => one.name === name);
    return area && { title: `area ${name}`, reasons: kernelArea(input, prediction, area) };
  }
  return { title: `region ${node.name}`, reasons: nodeReasons(input, prediction, node) };
}

function nodeReasons(input: PlacementInput, prediction: Prediction, node: ReservedNode): Reason[] {
  const why = reasonMaker(input);
  const area = prediction.areas.find((one) => one.name === node.name && one.source === 'node');
  const refused = prediction.rejected.filter((one) => one.node === node.name);
  return [
    ...(isPool(node)
      ? [why('compatible "shared-dma-pool" with reusable requests a CMA area', ['reserved-memory.drivers'])]
      : [why('it does not request a CMA area: its memory is reserved', [])]),
    ...howPlaced(input, node, why),
    ...refused.map((one) => why(`${one.reason}: ${one.failure}`, one.facts, one.kernelFunction)),
    ...(area === undefined ? [] : areaReasons(input, prediction, area, why)),
    ...prediction.dangers
      .filter((danger) => danger.nodes.includes(node.name))
      .map((danger) => why(danger.reason, danger.facts)),
  ];
}

type ReasonMaker = (text: string, facts: readonly string[], kernelFunction?: string) => Reason;

/** Adds the place in the kernel's source that the first fact names. */
function reasonMaker(input: PlacementInput): ReasonMaker {
  return (text, facts, kernelFunction) => {
    const fact = facts[0] === undefined ? undefined : FACTS.get(facts[0]);
    const source = fact && rangeAt(fact, input.kernel)?.source;
    const named = kernelFunction ?? source?.function;
    if (source === undefined) return { text, facts, ...(named === undefined ? {} : { source: named }) };
    return { text, facts, source: named === undefined ? source.file : `${source.file}: ${named}` };
  };
}

function howPlaced(input: PlacementInput, node: ReservedNode, why: ReasonMaker): Reason[] {
  const rules = kernelRules(input.kernel, input.backports, input.facts);
  if (Array.isArray(node.reg)) {
    const first = node.reg[0];
    if (first === undefined) return [why('reg is empty', [])];
    return [
      why(
        `reg states ${formatBytes(first.sizeBytes)} at ${formatAddress(first.baseAddress)}; the kernel rounds neither`,
        ['reserved-memory.size-rounding'],
      ),
      why(
        rules.staticRegistration === 'late'
          ? 'its memory is reserved first, and its driver is initialised when the tree is unflattened'
          : 'nodes are initialised in the order of their addresses, those without a base first',
        [RULE_FACTS.staticRegistration],
      ),
    ];
  }
  if (typeof node.size !== 'bigint') return [];
  const ranges = Array.isArray(node.allocRanges) ? node.allocRanges : [];
  return [
    why(
      ranges.length === 0
        ? 'size without alloc-ranges: the kernel uses the highest free memory'
        : `size with alloc-ranges: the first range with an aligned hole wins (${ranges
            .map((range) => `${formatAddress(range.baseAddress)} + ${formatBytes(range.sizeBytes)}`)
            .join(
              ', ',
            )}), from its top${rules.direction === 'top-down' ? '' : ', or from its bottom if an earlier region is beside it'}`,
      ['reserved-memory.alloc-ranges', RULE_FACTS.direction],
    ),
    why(
      rules.order !== 'heap-sorted'
        ? `nodes without a base are placed in the order of the tree; this one is child ${node.index + 1} of /reserved-memory`
        : "nodes without a base are placed in the order of the kernel's unstable sort",
      [RULE_FACTS.order],
    ),
  ];
}

function areaReasons(input: PlacementInput, prediction: Prediction, area: PredictedArea, why: ReasonMaker): Reason[] {
  const at = area.baseAddress ?? area.likelyBaseAddress;
  const index = prediction.areas.indexOf(area);
  const open = prediction.unknown.find(({ field }) => field === `areas[${index}].baseAddress`);
  const heaps = prediction.heaps.filter((heap) => heap.area === area.name).map((heap) => heap.name);
  return [
    why(
      area.sizeBytes === 0n
        ? 'the area is created but cannot be activated, so it has no memory'
        : `area ${area.name}: ${formatBytes(area.sizeBytes)}${at === null ? '' : ` at ${formatAddress(at)}`}${open === undefined ? '' : `, if that memory is free, which depends on ${open.needs}`}`,
      ['cma.minimum-alignment'],
    ),
    ...(area.isDefault ? [why('it is the default area', ['cma.default-winner'])] : []),
    why(
      heaps.length === 0
        ? `no heap: kernel ${formatKernelVersion(input.kernel)} makes a heap of the default area only`
        : `under /dev/dma_heap: ${heaps.join(' and ')}`,
      [NAMING_FACTS.areas],
    ),
  ];
}

function kernelArea(input: PlacementInput, prediction: Prediction, area: PredictedArea): Reason[] {
  const why = reasonMaker(input);
  const from = area.source === 'kconfig' ? 'CONFIG_CMA_SIZE_*' : 'cma= on the command line';
  return [
    why(`the kernel makes it from ${from}: no node of the device tree is the default`, [
      NAMING_FACTS.kernelArea,
      RULE_FACTS.parameterAndDefaultNode,
    ]),
    ...areaReasons(input, prediction, area, why),
  ];
}

/** @returns undefined when the kernel makes no heap of that name */
export function explainHeap(input: PlacementInput, name: string): Explanation | undefined {
  const prediction = predict(input);
  const heap = prediction.heaps.find((one) => one.name === name);
  if (heap === undefined) return undefined;
  const why = reasonMaker(input);
  const title = `heap ${name}`;
  if (heap.area === null)
    return { title, reasons: [why('the system heap: ordinary pages without CMA', [NAMING_FACTS.system])] };
  const area = prediction.areas.find((one) => one.name === heap.area);
  const isDefaultName = area?.isDefault === true && name !== heap.area;
  return {
    title,
    reasons: [
      why(
        isDefaultName
          ? `from ${firstRelease(NAMING_FACTS.defaultArea, name, input.facts)} on, the heap of the default area is named ${name}, and not after its node`
          : `a heap has the name of its area, ${heap.area}: the name of the node with its unit address, or "reserved" for an area without a node`,
        [isDefaultName ? NAMING_FACTS.defaultArea : NAMING_FACTS.areas],
      ),
      ...(heap.aliases.length === 0
        ? []
        : [why(`the same area is also ${heap.aliases.join(' and ')}`, [NAMING_FACTS.areas])]),
      ...(heap.usable ? [] : [why('every allocation fails: its area was not activated', ['heap.inactive-area'])]),
      ...(area === undefined ? [] : areaReasons(input, prediction, area, why)),
    ],
  };
}
