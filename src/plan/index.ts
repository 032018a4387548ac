/** The decisions: sizes, places, names, symbols, access. A pure function of the model. */
import type { Diagnostic, Outcome } from '../diagnostic/index.js';
import { hasErrors } from '../diagnostic/index.js';
import { type HeapNaming, heapNames, NAMING_FACTS } from '../facts/heap-names.js';
import { formatKernelVersion } from '../facts/index.js';
import type { KernelKnowledge } from '../knowledge/index.js';
import { possibleHeaps, vendorHeap } from '../knowledge/lookup.js';
import type { Model } from '../model/index.js';
import { bytesOf } from '../model/index.js';
import { modeOf } from '../profile/access.js';
import type { Heap, Profile } from '../profile/types.gen.js';
import { childPointer } from '../source/pointer.js';
import { boardDefault, planAreas } from './areas.js';
import { commandLineOf, type KnownBoot, type Proof, placeAreas, proveOnBoard } from './board.js';
import { HEAP_PER_AREA, report } from './codes.js';
import { areaHeapNodes, missingOn } from './heaps.js';
import { overlayOf } from './overlay.js';
import { planSymbols } from './symbols.js';
import type { Because, HeapNode, Plan, PlannedAccess, PlannedArea, PlannedHeap } from './types.js';

export { PLAN_CODES } from './codes.js';
export type * from './types.js';

/** What is generated when the profile names no targets. */
export const FIRST_TARGETS = ['kernel-fragment', 'dt-overlay', 'udev', 'cmdline', 'verify'] as const;

function at(model: Model, pointer: string, part: 'key' | 'value' = 'value') {
  const span = model.loaded.spanOf(pointer, part);
  return { pointer, ...(span === undefined ? {} : { span }) };
}

function nodesOf(
  heap: Heap,
  area: PlannedArea | undefined,
  naming: HeapNaming,
  cached: boolean,
): { nodes: HeapNode[]; because: Because } {
  if (heap.kind === 'system')
    return {
      nodes: heapNames(naming, { kind: 'system' }, cached),
      because: { text: cached ? 'the system heap' : 'the uncached system heap', facts: [NAMING_FACTS.system] },
    };
  if (area === undefined || heap.kind === 'vendor')
    return {
      nodes: [{ name: heap.kernelName ?? '', since: undefined, until: undefined, optional: false }],
      because: { text: "a vendor heap: the verifier expects it, and the vendor's kernel makes it" },
    };
  return {
    nodes: areaHeapNodes(naming, area, cached),
    because: {
      text: !cached
        ? 'the uncached heap of its area'
        : area.isDefault
          ? 'the heap of the default area'
          : 'the heap of a separate area',
      facts: [NAMING_FACTS.areas, NAMING_FACTS.defaultArea],
    },
  };
}

function planHeap(
  name: string,
  heap: Heap,
  areas: readonly PlannedArea[],
  model: Model,
  diagnostics: Diagnostic[],
): PlannedHeap {
  const pointer = childPointer('/heaps', name);
  const area = areas.find((a) => a.name === heap.region);
  const cached = heap.cached ?? true;
  const { nodes, because } = nodesOf(heap, area, model.naming, cached);
  if (heap.kind === 'vendor') diagnostics.push(...checkVendorName(heap, model, pointer));
  const missing = missingOn(nodes, model.kernel.min, model.kernel.max);
  if (missing !== 'none')
    diagnostics.push(
      report('plan/no-heap-on-kernel', {
        severity: heap.optional === true ? 'note' : 'error',
        message: `"${name}" has no heap on ${missing === 'all' ? `Linux ${formatKernelVersion(model.kernel.max)}` : 'the older kernels of its range'}`,
        ...(model.knowledge === undefined
          ? {
              cause: `before ${HEAP_PER_AREA} only the default area is a heap; other reusable regions have no name under /dev/dma_heap`,
              fix: 'make it the default area, mark the heap "optional": true, or declare the backport "heap-per-area"',
              facts: ['heap.cma-names'],
            }
          : notRegistered(model.knowledge, cached)),
        ...at(model, pointer, 'key'),
      }),
    );
  const access = model.loaded.profile.access?.[name];
  const planned: PlannedAccess | undefined =
    access === undefined
      ? undefined
      : {
          group: access.group,
          ...(access.gid === undefined ? {} : { gid: access.gid }),
          mode: modeOf(access),
          users: access.users ?? [],
          uaccess: access.uaccess ?? false,
          force: access.force,
        };
  return {
    name,
    kind: heap.kind ?? 'region',
    areaName: area?.areaName,
    cached,
    optional: heap.optional ?? false,
    nodes,
    aliases: heap.aliases ?? [],
    access: planned,
    because: [because],
  };
}

function notRegistered({ origin, inventory }: KernelKnowledge, cached: boolean) {
  const names = inventory.heaps.filter(({ directory }) => directory === '/dev/dma_heap').map(({ name }) => name);
  return {
    cause: `${origin} registers ${names.length === 0 ? 'no heap' : [...new Set(names)].join(', ')}`,
    fix: cached
      ? 'make it the default area, mark the heap "optional": true, or use one of those with "kind": "vendor"'
      : 'remove "cached": false, or mark the heap "optional": true',
    facts: [NAMING_FACTS.areas],
  };
}

/**
 * The uncached twin that a kernel registers on the memory of a heap: a separate heap, for the same users. A profile
 * that asks for one of the two has said what it wants.
 */
function twinOf(
  planned: PlannedHeap,
  heap: Heap,
  profile: Profile,
  model: Model,
  areas: readonly PlannedArea[],
): PlannedHeap[] {
  if (planned.kind === 'vendor' || heap.cached !== undefined) return [];
  const others = Object.values(profile.heaps ?? {});
  if (others.some((other) => other.cached !== undefined && other.region === heap.region && other.kind === heap.kind))
    return [];
  const name = `${planned.name}-uncached`;
  if (Object.hasOwn(profile.heaps ?? {}, name)) return [];
  const area = areas.find((one) => one.name === heap.region);
  const { nodes, because } = nodesOf(heap, area, model.naming, false);
  const taken = others.map(({ kernelName }) => kernelName);
  const own = nodes.filter((node) => !taken.includes(node.name));
  return own.length === 0 ? [] : [{ ...planned, name, cached: false, nodes: own, aliases: [], because: [because] }];
}

/** A vendor heap that the kernel, where its heaps are known, does not register under that name. */
function checkVendorName(heap: Heap, { knowledge, loaded }: Model, pointer: string): Diagnostic[] {
  const { kernelName } = heap;
  if (knowledge === undefined || kernelName === undefined || vendorHeap(knowledge, kernelName) !== undefined) return [];
  const names = possibleHeaps(knowledge)
    .filter(({ directory }) => directory === '/dev/dma_heap')
    .map(({ name }) => name);
  const span = loaded.spanOf(`${pointer}/kernelName`);
  return [
    report('plan/no-heap-on-kernel', {
      severity: heap.optional === true ? 'note' : knowledge.inventory.unread.length > 0 ? 'warning' : 'error',
      message: `${knowledge.origin} does not register a heap "${kernelName}"`,
      cause: `its heaps are ${[...new Set(names)].join(', ')}`,
      fix: 'use one of those names',
      pointer: `${pointer}/kernelName`,
      ...(span === undefined ? {} : { span }),
    }),
  ];
}

function groupsOf(heaps: readonly PlannedHeap[]): Plan['groups'] {
  const groups = new Map<string, Set<string>>();
  for (const { access } of heaps) {
    if (access === undefined) continue;
    const users = groups.get(access.group) ?? new Set();
    for (const user of access.users) users.add(user);
    groups.set(access.group, users);
  }
  const gidOf = (name: string) =>
    heaps.find(({ access }) => access?.group === name && access.gid !== undefined)?.access?.gid;
  return [...groups]
    .map(([name, users]) => {
      const gid = gidOf(name);
      return { name, ...(gid === undefined ? {} : { gid }), users: [...users].sort() };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function planCommandLine(areas: readonly PlannedArea[]): Plan['commandLine'] {
  return areas
    .filter(({ delivery }) => delivery === 'command-line')
    .flatMap((area) =>
      commandLineOf([area]).map((argument) => ({
        argument,
        because: {
          text: `the default area, "${area.name}"`,
          pointer: `${childPointer('/regions', area.name)}/delivery`,
        },
      })),
    );
}

function planExpectation(model: Model, areas: readonly PlannedArea[]): Plan['expectation'] {
  const verify = model.loaded.profile.verify ?? {};
  const sum = areas.reduce((total, area) => total + area.sizeBytes, 0n);
  return {
    cmaTotalMinBytes: verify.cmaTotal?.min === undefined ? sum : bytesOf(verify.cmaTotal.min),
    cmaTotalMaxBytes: verify.cmaTotal?.max === undefined ? undefined : bytesOf(verify.cmaTotal.max),
    holdBudget: verify.holdBudget ?? true,
    users: verify.users ?? [],
    allocateP99Micros: verify.latency?.allocateP99Micros,
  };
}

/**
 * @param prove false: the caller simulates the boot itself, with more than the profile says
 * @returns `proof` is what the lints of the placement came to; absent: none was asked for, or there is no area
 */
export function makePlan(
  model: Model,
  { prove = true, boot = {} }: { readonly prove?: boolean; readonly boot?: KnownBoot } = {},
): Outcome<Plan> & { readonly proof?: readonly Proof[] } {
  const { profile, sha256 } = model.loaded;
  const planned = planAreas(model);
  const diagnostics = [...planned.diagnostics];
  if (hasErrors(diagnostics)) return { diagnostics };
  const { areas, diagnostics: misfits } = placeAreas(planned.areas, model, boot);
  diagnostics.push(...misfits);
  const heaps = Object.entries(profile.heaps ?? {}).flatMap(([name, heap]) => {
    const planned = planHeap(name, heap, areas, model, diagnostics);
    return [planned, ...twinOf(planned, heap, profile, model, areas)];
  });
  const { symbols, diagnostics: wishes } = planSymbols(model, areas, heaps);
  diagnostics.push(...wishes);
  const hasDefault = areas.some(({ isDefault }) => isDefault) || boardDefault(model) !== undefined;
  if (heaps.some((heap) => heap.kind === 'region') && !hasDefault)
    diagnostics.push(
      report('plan/no-area', {
        message: 'no region is the default area',
        cause:
          'the kernel then makes an area of its configured size, which is 0 on x86; drivers without a region allocate from it',
        fix: 'add "default": true to a region',
        facts: ['kconfig.cma-size-mbytes-default'],
        ...at(model, '/regions', 'key'),
      }),
    );
  const overlay = overlayOf(areas, model.cells);
  // Without a place there is nothing to prove.
  const proven =
    prove && areas.length > 0 && !hasErrors(misfits) ? proveOnBoard(model, areas, overlay, symbols, boot) : undefined;
  diagnostics.push(...(proven?.diagnostics ?? []));
  const proof = proven === undefined ? {} : { proof: proven.proof };
  // A simulated boot shows also what becomes of areas that have no place.
  const refused = prove ? diagnostics : diagnostics.filter((one) => !misfits.includes(one));
  if (hasErrors(refused)) return { diagnostics, ...proof };
  const { board } = profile;
  const targets = Object.entries(profile.targets ?? Object.fromEntries(FIRST_TARGETS.map((name) => [name, {}])));
  return {
    value: {
      profile: { name: profile.name, sha256 },
      board: {
        title: board.title ?? profile.name,
        compatible: board.compatible ?? [],
        soc: board.soc,
        arch: board.arch,
        pageSizeBytes: model.pageSizeBytes,
        memory: model.memory,
        dtb: board.dtb,
        bootLoader: board.bootLoader ?? 'extlinux',
        cells: model.cells,
      },
      kernel: model.kernel,
      areas,
      heaps,
      symbols,
      commandLine: planCommandLine(areas),
      groups: groupsOf(heaps),
      expectation: planExpectation(model, areas),
      targets: targets.map(([name, options]) => ({ name, options })),
    },
    diagnostics,
    ...proof,
  };
}
