/** The prediction: one boot for what is known, one more for every open question, and what they agree on. */
import { isDeepStrictEqual } from 'node:util';
import { NAMING_FACTS } from '../facts/heap-names.js';
import { formatAddress } from '../quantity/index.js';
import { Boot } from './boot.js';
import type { Area, Message, Stage } from './boot-record.js';
import { dangersOf, hasRoomBeside } from './dangers.js';
import { descriptorBuffer, earlyBytes, earlyPages } from './early-memory.js';
import { heapsOf } from './heaps.js';
import type { PlacementInput } from './input.js';
import type {
  Danger,
  DangerCode,
  FailureClass,
  LayoutResult,
  LogLine,
  PredictedArea,
  Prediction,
  Rejection,
  UnknownField,
} from './prediction.js';
import { isPool } from './reserved-nodes.js';
import { RULE_FACTS } from './rules.js';
import { type OpenQuestion, type Settled, situationOf } from './settle.js';
import type { Situation } from './situation.js';

/**
 * Predicts what a kernel makes of a device tree: CMA areas, heaps, messages, and what goes wrong.
 *
 * What the input does not say is an open question. The boot is simulated for every answer; where the results differ,
 * the field is `unknown` and says which fact it needs. Everything else is a claim.
 * @throws RangeError for a kernel before {@link OLDEST_KERNEL}, which the facts do not describe
 */
export function predict(input: PlacementInput): Prediction {
  const settled = situationOf(input);
  const prediction = predictSettled(settled);
  return {
    ...prediction,
    areas: prediction.areas.map((area, i) =>
      area.likelyBaseAddress === null && !isOpenElsewhere(prediction, i)
        ? { ...area, likelyBaseAddress: likelyBase(settled, area.name) }
        : area,
    ),
  };
}

/** Something else than the layout and the kernel's own allocations decides whether the area exists or how large it is. */
const isOpenElsewhere = ({ unknown }: Prediction, i: number): boolean =>
  unknown.some(({ field }) => field === 'areas' || field === `areas[${i}].sizeBytes`);

/** The situation with what the kernel takes before the default area, at least. */
export function withDescriptors(situation: Situation): Situation {
  const buffer = situation.early === undefined ? undefined : descriptorBuffer(situation);
  return buffer === undefined ? situation : { ...situation, early: [buffer, ...(situation.early ?? [])] };
}

/** Where the kernel's own area lands, when neither a few pages more or less nor the layout changes that. */
function likelyBase({ situation, questions }: Settled, name: string): bigint | null {
  const baseOf = (boot: Boot) => boot.areas.find((area) => area.name === name)?.start;
  const least = new Boot(withDescriptors(situation));
  const first = baseOf(least);
  if (first === undefined) return null;
  const isSame = (one: Situation) => baseOf(new Boot(one)) === first;
  const { early = [] } = least.situation;
  if (!isSame({ ...least.situation, early: [...early, earlyPages(OTHER_EARLY_BYTES, situation)] })) return null;
  const layouts = questions.filter(({ about }) => about === 'layout').flatMap(({ answers }) => answers);
  return layouts.every((one) => isWithoutEffect(least, one) || isSame(withDescriptors(one))) ? first : null;
}

/** More than page tables, the unflattened tree and what else comes before it were seen to take. */
const OTHER_EARLY_BYTES = 2n << 20n;

/** The same for a caller who has settled the situation already. */
export function predictSettled({ situation, questions, assumed, commandLine }: Settled): Prediction {
  const boot = new Boot(situation);
  const base = observe(boot);
  const unknown: UnknownField[] = [];
  const unsure = new Set<string>();
  const moved = new Set<string>();
  const possible = new Set(possibleOutcomes(base));
  let layouts: readonly LayoutResult[] = [];
  let texts = base.log.map(({ text }) => text);
  for (const question of questions) {
    if (question.about === 'early' && hasRoomToSpare(boot)) continue;
    if (question.about === 'layout' && isAnywhereEnough(boot)) continue;
    const others = question.answers.map((answer) =>
      question.about === 'layout' && isWithoutEffect(boot, answer) ? base : observe(new Boot(answer)),
    );
    for (const other of others) {
      if (other === base) continue;
      texts = texts.map((text, i) => commonText(text, other.log[i]?.text ?? text));
      for (const outcome of possibleOutcomes(other)) possible.add(outcome);
      for (const field of differences(base, other)) {
        if (question.about === 'layout') moved.add(field);
        if (unsure.has(`${field} ${question.needs}`)) continue;
        unsure.add(`${field} ${question.needs}`);
        unknown.push({ field, needs: question.needs });
      }
    }
    if (question.names !== undefined && others.some((other) => differences(base, other).length > 0))
      layouts = others.map((other, i) => layoutResult(question.names?.[i] ?? '', other));
    if (question.always?.includes('outcome') === true) possible.add('boots');
    for (const field of question.always ?? [])
      if (!field.startsWith('areas[') || base.areas.length > 0) unknown.push({ field, needs: question.needs });
  }
  const log = base.log.map((line, i) => ({ ...line, text: texts[i] ?? line.text }));
  return settle({ ...base, log }, unknown, {
    layouts,
    moved,
    possibleOutcomes: OUTCOMES.filter((outcome) => possible.has(outcome)),
    assumed: usedAssumptions(assumed, base),
    commandLine,
    granuleKnown: !questions.some((q: OpenQuestion) => q.about === 'granule'),
    ramKnown: !questions.some((q: OpenQuestion) => q.about === 'memory'),
  });
}

/** What two forms of a message agree on: an address in which they differ is not known. Other messages: the first. */
function commonText(one: string, other: string): string {
  const parts = (text: string) => text.split(/(0x[0-9a-f]+|\?)/);
  const [mine, theirs] = [parts(one), parts(other)];
  const isSameMessage = mine.length === theirs.length && mine.every((part, i) => i % 2 === 1 || part === theirs[i]);
  return isSameMessage ? mine.map((part, i) => (part === theirs[i] ? part : '?')).join('') : one;
}

/** From the best to the worst. */
const OUTCOMES = ['boots', 'corrupts', 'panics', 'hangs'] as const;

function possibleOutcomes({ outcome, possible }: Observation): readonly (typeof OUTCOMES)[number][] {
  return outcome === 'unknown' ? possible : [outcome];
}

/** Whether images that a layout adds lie where nothing is looked for: then the boot is the same. */
function isWithoutEffect(boot: Boot, { occupied }: Situation): boolean {
  const added = occupied.slice(boot.situation.occupied.length);
  const bytes = added.reduce((sum, { start, end }) => sum + (end - start), 0n);
  return !added.some((range) => boot.dependsOn(range)) && hasRoomBeside(boot, bytes);
}

function layoutResult(layout: string, { outcome, cmaTotalBytes, areas }: Observation): LayoutResult {
  return {
    layout,
    outcome,
    cmaTotalBytes,
    areas: areas.map(({ name, source, likelyBaseAddress: baseAddress, sizeBytes }) => {
      return { name, source, baseAddress, sizeBytes };
    }),
  };
}

/**
 * Whether the default area, where the kernel chose its place, would fit a second time: then a few pages more or less do
 * not matter, unless the second place is memory that was given away.
 */
function hasRoomToSpare({ defaultArea, memblock, situation, refusals }: Boot, moreBytes = 0n): boolean {
  if (defaultArea === undefined || defaultArea.source === 'node') return defaultArea !== undefined;
  if (refusals.some(({ released }) => released)) return false;
  return (
    !defaultArea.fixed &&
    memblock.find({
      sizeBytes:
        moreBytes +
        (defaultArea.end - defaultArea.start) +
        earlyBytes(situation) +
        (descriptorBuffer(situation)?.keptBytes ?? 0n),
      alignmentBytes: situation.minimumAlignmentBytes,
      start: situation.parameter?.baseAddress ?? 0n,
      end: situation.zones.dmaLimit,
    }) !== undefined
  );
}

/**
 * Whether the only thing to place is the kernel's own area, late, and no image of a loader can part the memory so that
 * it fits nowhere: its base is open anyway.
 */
function isAnywhereEnough(boot: Boot): boolean {
  const { defaultArea: area, situation } = boot;
  if (boot.defaultIsFirst || area === undefined || area.source === 'node' || area.fixed) return false;
  // Loaders keep clear of what the tree reserves with a base.
  const isKept = situation.reservedMemory.nodes.every((node) => !isPool(node) && Array.isArray(node.reg));
  if (!isKept || !hasRoomBeside(boot, IMAGES_BYTES)) return false;
  return hasRoomToSpare(boot, 2n * (area.end - area.start) + IMAGES_BYTES);
}

/** More than the images of any layout take. */
const IMAGES_BYTES = 128n << 20n;

interface Observation
  extends Omit<Prediction, 'unknown' | 'assumed' | 'commandLine' | 'log' | 'layouts' | 'possibleOutcomes'> {
  /** What an unknown outcome can be. */
  readonly possible: readonly (typeof OUTCOMES)[number][];
  readonly atomicPools: Situation['atomicPools'];
  readonly log: readonly (LogLine & { readonly areaIndex: number | undefined; readonly stage: Stage })[];
}

function observe(boot: Boot): Observation {
  const { dangers, outcome, possible } = dangersOf(boot);
  const up = outcome !== 'panics' && outcome !== 'hangs';
  const { situation } = boot;
  const counted = boot.areas.filter((area) => area.active || situation.rules.inactiveCounted);
  const worst = new Map<string, FailureClass>();
  for (const danger of dangers)
    for (const node of danger.nodes)
      if (outcome === 'panics' || outcome === 'hangs' || outcome === 'corrupts') worst.set(node, outcome);
  const areas: PredictedArea[] = boot.areas.map((area) => ({
    name: area.name,
    baseAddress: area.start,
    likelyBaseAddress: isPlacedFirst(boot, area) ? area.start : null,
    sizeBytes: area.active ? area.end - area.start : 0n,
    isDefault: area === boot.defaultArea,
    source: area.source,
  }));
  const inactive = boot.areas.flatMap((area): Rejection[] =>
    area.active
      ? []
      : [
          {
            node: area.name,
            family: 'not-activated',
            failure: 'created-not-activated',
            reason: 'the area crosses the end of a memory zone',
            facts: ['cma.zone', 'heap.inactive-area'],
            kernelFunction: 'cma_activate_area',
          },
        ],
  );
  const rejected: Rejection[] = [
    ...boot.refusals.map(({ node, family, failure, reason, facts, kernelFunction }) => ({
      node: node.name,
      family,
      failure: worst.get(node.name) ?? failure,
      reason,
      facts,
      kernelFunction,
    })),
    ...inactive,
  ];
  const refused: string[] = [];
  const heaps = up ? heapsOf(boot, (name) => refused.push(name)) : [];
  const { messageHeapRefused } = situation.rules;
  return {
    outcome,
    possible,
    refusedDefault: boot.refusedDefault,
    dangers,
    heaps,
    areas,
    cmaTotalBytes: up ? counted.reduce((sum, area) => sum + (area.end - area.start), 0n) : null,
    log: [
      ...boot.messages,
      ...(messageHeapRefused === null ? [] : refused).map((name): Message => {
        const text = (messageHeapRefused ?? '').replace('{name}', () => name);
        return { family: 'heap-refused', text, area: undefined, stage: 'allocating' };
      }),
    ]
      .filter(({ stage }) => (boot.remapStop ?? boot.mappingStop) === undefined || stage === 'scan')
      .map(({ family, text, area, stage }) => ({
        family,
        text,
        areaIndex: area === undefined ? undefined : boot.areas.indexOf(area),
        stage,
      })),
    rejected,
    slots: { used: boot.areas.length, total: situation.slots },
    hasDefault: boot.defaultArea !== undefined,
    atomicPools: situation.atomicPools,
    minimumAlignmentBytes: situation.minimumAlignmentBytes,
    facts: [
      ...new Set([
        NAMING_FACTS.areas,
        NAMING_FACTS.defaultArea,
        RULE_FACTS.minimumAlignment,
        ...dangers.flatMap((danger) => danger.facts),
        ...rejected.flatMap((rejection) => rejection.facts),
      ]),
    ],
  };
}

/** Whether nothing of the kernel's own memory has a place before the area has one. */
function isPlacedFirst(boot: Boot, area: Area): boolean {
  return area.fixed || area.source === 'node' || boot.defaultIsFirst;
}

/** What is compared of a boot, field by field. */
const COMPARED: Readonly<Record<string, (seen: Observation) => unknown>> = {
  outcome: ({ outcome }) => outcome,
  dangers: ({ dangers }) => dangers.map(({ code, nodes }) => [code, nodes]),
  heaps: ({ heaps }) => heaps,
  cmaTotalBytes: ({ cmaTotalBytes }) => cmaTotalBytes,
  log: ({ log }) => log.map(({ family }) => family),
  rejected: ({ rejected }) => rejected.map(({ node, family }) => [node, family]),
  areas: ({ areas }) => areas.map((area) => [area.name, area.isDefault]),
};

/** Fields in which two boots differ; an address or size that differs is one field of its area. */
function differences(a: Observation, b: Observation): string[] {
  const fields = Object.keys(COMPARED).filter(
    (field) => !isDeepStrictEqual(COMPARED[field]?.(a), COMPARED[field]?.(b)),
  );
  if (fields.includes('areas')) return fields;
  a.areas.forEach((area, i) => {
    const same = b.areas[i] as PredictedArea;
    if (area.sizeBytes !== same.sizeBytes) fields.push(`areas[${i}].sizeBytes`);
    if (area.likelyBaseAddress !== same.likelyBaseAddress) fields.push(`areas[${i}].baseAddress`);
  });
  return fields;
}

function settle(
  base: Observation,
  open: readonly UnknownField[],
  rest: Pick<Prediction, 'layouts' | 'possibleOutcomes'> & {
    /** Fields in which the layouts of loaders differ. */
    readonly moved: ReadonlySet<string>;
    readonly assumed: readonly string[];
    readonly commandLine: string;
    readonly granuleKnown: boolean;
    readonly ramKnown: boolean;
  },
): Prediction {
  const unknown = [...open];
  const isOpen = (field: string) => unknown.some((u) => u.field === field);
  base.areas.forEach((area, i) => {
    if (area.likelyBaseAddress === null && !isOpen('areas'))
      unknown.push({
        field: `areas[${i}].baseAddress`,
        needs: 'the early allocations of the kernel: only a boot shows the address of this area',
      });
  });
  const areas = base.areas.map((area, i) => ({
    ...area,
    baseAddress:
      area.likelyBaseAddress === null || isOpen('areas') || isOpen(`areas[${i}].baseAddress`) ? null : area.baseAddress,
    likelyBaseAddress:
      !rest.ramKnown || rest.moved.has('areas') || rest.moved.has(`areas[${i}].baseAddress`)
        ? null
        : area.likelyBaseAddress,
  }));
  const log = base.log.map(({ family, text: words, areaIndex }) => {
    const at = areaIndex === undefined ? null : (areas[areaIndex]?.baseAddress ?? null);
    return { family, text: words.replace('{address}', at === null ? '?' : formatAddress(at)) };
  });
  const { possible: _, atomicPools: __, ...seen } = base;
  return {
    ...seen,
    areas,
    log,
    layouts: rest.layouts,
    possibleOutcomes: rest.possibleOutcomes,
    outcome: isOpen('outcome') ? 'unknown' : base.outcome,
    cmaTotalBytes: isOpen('cmaTotalBytes') ? null : base.cmaTotalBytes,
    minimumAlignmentBytes: rest.granuleKnown ? base.minimumAlignmentBytes : null,
    unknown: [...unknown, ...undecided(base).filter(({ field }) => !isOpen(field))],
    assumed: rest.assumed,
    commandLine: rest.commandLine,
  };
}

/** What may stop the kernel as soon as it takes memory for itself. */
const BEFORE_DEFAULT_AREA: readonly DangerCode[] = [
  'unmapped-memory-freed',
  'kernel-memory-freed',
  'no-room-for-kernel',
];

/** Two owners of an area's pages: only a boot shows whether the kernel lets the heap have them. */
const SHARED: readonly DangerCode[] = ['areas-overlap', 'area-freed', 'over-firmware'];

/**
 * What the dangers leave open: whether it boots at all, which of the later messages still come, who gets shared memory.
 */
function undecided({ outcome, dangers, log, heaps, areas, atomicPools }: Observation): UnknownField[] {
  const reasons = (of: readonly Danger[]) => of.map((danger) => danger.reason).join('; ');
  const stops = (code: DangerCode, stage: Stage) => {
    if (outcome === 'hangs' || code === 'page-half-mapped') return stage !== 'scan';
    if (outcome === 'unknown' && code === 'remap-of-neighbours') return stage !== 'scan';
    return stage === 'allocating' && BEFORE_DEFAULT_AREA.includes(code);
  };
  const shared = dangers.filter(({ code }) => SHARED.includes(code));
  const main = areas.find(({ isDefault }) => isDefault);
  const mayBeTaken = main !== undefined && main.sizeBytes > 0n && main.sizeBytes <= atomicPools.mostBytes;
  return [
    ...heaps.flatMap(({ area }, i) => {
      const owners = shared.filter(({ nodes }) => area !== null && nodes.includes(area));
      const field = `heaps[${i}].usable`;
      if (owners.length > 0) return [{ field, needs: `a boot of this kernel: ${reasons(owners)}` }];
      return mayBeTaken && area === main.name ? [{ field, needs: atomicPools.needs }] : [];
    }),
    ...(outcome === 'unknown' ? [{ field: 'outcome', needs: `a boot of this kernel: ${reasons(dangers)}` }] : []),
    ...log.flatMap(({ stage }, i) => {
      const why = dangers.filter(({ code }) => stops(code, stage));
      return why.length > 0
        ? [{ field: `log[${i}]`, needs: `a boot of this kernel, to see how far it gets: ${reasons(why)}` }]
        : [];
    }),
  ];
}

/** An assumption is worth telling only when something rests on it. */
function usedAssumptions(
  assumed: readonly { readonly text: string; readonly matters: 'always' | 'areas' | 'kconfig-area' }[],
  base: Observation,
): string[] {
  return assumed
    .filter(({ matters }) => {
      if (matters === 'always') return true;
      if (matters === 'areas') return base.areas.length > 0 || base.rejected.length > 0;
      return base.areas.some((area) => area.source === 'kconfig');
    })
    .map(({ text: words }) => words);
}
