/** The board's device tree, or the skeleton of one: areas get their place in it, and the merged tree is proven. */
import type { Diagnostic } from '../diagnostic/index.js';
import { compareKernelVersions, formatKernelVersion, type KernelVersion } from '../facts/index.js';
import { applyOverlay, type Fdt } from '../fdt/index.js';
import { factsOf, unknownFacts } from '../knowledge/lookup.js';
import type { Model } from '../model/index.js';
import {
  findingsOf,
  type LintInput,
  type LintResult,
  lintPlacement,
  type PlacementInput,
  planRegions,
  type RegionWish,
} from '../placement/index.js';
import { childPointer } from '../source/pointer.js';
import type { PlannedArea, SymbolRequest } from './types.js';

/** What is known of a boot of the board beside the profile and the tree. */
export type KnownBoot = Pick<PlacementInput, 'occupied' | 'memory' | 'commandLine' | 'efi'>;

/** What was read of the kernel, for the simulator; nothing where the kernel is a release of mainline. */
export function kernelInput(
  { knowledge, naming }: Pick<Model, 'knowledge' | 'naming'>,
  kernel: KernelVersion,
): Pick<PlacementInput, 'facts' | 'inventory' | 'unknownFacts'> {
  if (knowledge === undefined) return {};
  return {
    facts: factsOf(knowledge),
    inventory: naming.inventoryAt(kernel),
    unknownFacts: unknownFacts(knowledge),
  };
}

/** What the simulator is asked with: the profile's knowledge of the board, on one kernel. */
export function placementInput(
  model: Model,
  tree: Fdt,
  kernel: KernelVersion,
  areas: readonly PlannedArea[],
  symbols: readonly SymbolRequest[] = [],
  boot: KnownBoot = {},
): PlacementInput {
  const commandLine = withArguments(boot.commandLine, areas);
  const memory = boot.memory ?? model.memory;
  return {
    tree,
    kernel,
    architecture: model.arch,
    backports: model.backports,
    ...(model.isSkeleton ? { isSkeleton: true } : {}),
    ...kernelInput(model, kernel),
    pageSizeBytes: model.pageSizeBytes,
    config: new Map([
      ...areas
        .filter(({ delivery }) => delivery === 'kconfig')
        .map(({ sizeBytes }) => ['CMA_SIZE_MBYTES', String(sizeBytes >> 20n)] as const),
      ...symbols.map((request) => [request.symbol, request.value] as const),
    ]),
    configComplete: false,
    ...(commandLine === undefined ? {} : { commandLine }),
    ...(memory.length === 0 ? {} : { memory }),
    ...(boot.occupied === undefined ? {} : { occupied: boot.occupied }),
    ...(boot.efi === undefined ? {} : { efi: boot.efi }),
  };
}

/** `cma=256M`, `cma=256M@0x50000000`. */
export function commandLineOf(areas: readonly PlannedArea[]): string[] {
  return areas
    .filter((area) => area.delivery === 'command-line')
    .map(
      ({ sizeBytes, baseAddress }) =>
        `cma=${sizeBytes >> 20n}M${baseAddress === undefined ? '' : `@0x${baseAddress.toString(16)}`}`,
    );
}

/** The board's command line with the arguments that the areas add; undefined: nothing is known of it. */
export function withArguments(stated: string | undefined, areas: readonly PlannedArea[]): string | undefined {
  const before = stated?.split(/\s+/) ?? [];
  const line = [...before, ...commandLineOf(areas).filter((argument) => !before.includes(argument))].join(' ');
  return line === '' ? undefined : line;
}

const spotOf = ({ loaded }: Model, pointer: string) => {
  const span = loaded.spanOf(pointer, pointer.endsWith('/base') ? 'value' : 'key');
  return { pointer, ...(span === undefined ? {} : { span }) };
};

/** By node name: a node may carry its address in its name, or have the name that the board gave it. */
export const addressBitsOf = (areas: readonly PlannedArea[]): ReadonlyMap<string, number> =>
  new Map(areas.flatMap(({ nodeName, addressBits: bits }) => (bits === undefined ? [] : [[nodeName, bits]])));

/** What the profile says of the nodes of its areas, for the lints: who reaches them, and where it asks for them. */
export function lintHints(
  model: Model,
  areas: readonly PlannedArea[],
): Pick<LintInput, 'addressBits' | 'places' | 'ownArea' | 'sizeGranuleBytes'> {
  const own = areas.find(({ isDefault, delivery }) => isDefault && delivery !== 'device-tree');
  return {
    addressBits: addressBitsOf(areas),
    sizeGranuleBytes: model.granuleBytes,
    ...(own === undefined || own.delivery === 'device-tree'
      ? {}
      : { ownArea: { name: own.nodeName, sizeBytes: own.sizeBytes, delivery: own.delivery } }),
    places: new Map(areas.map(({ name, nodeName }) => [nodeName, spotOf(model, childPointer('/regions', name))])),
  };
}

const kernelsOf = ({ kernel: { min, max } }: Model) => (compareKernelVersions(min, max) === 0 ? [min] : [min, max]);

/** Gives every area its place; a region that the board has already is changed, not doubled. */
export function placeAreas(
  areas: readonly PlannedArea[],
  model: Model,
  boot: KnownBoot = {},
): { areas: PlannedArea[]; diagnostics: readonly Diagnostic[] } {
  const wishes = areas.map((area): RegionWish => {
    const { addressBits } = area;
    return {
      name: area.name,
      sizeBytes: area.sizeBytes,
      sizeGranuleBytes: model.granuleBytes,
      isDefault: area.isDefault,
      delivery: area.delivery,
      pointer: childPointer('/regions', area.name),
      ...(addressBits === undefined ? {} : { addressBits }),
      ...(area.allocRanges.length === 0 ? {} : { allocRanges: area.allocRanges }),
      ...(area.alignmentBytes === undefined ? {} : { alignmentBytes: area.alignmentBytes }),
      ...(area.baseAddress === undefined ? {} : { baseAddress: area.baseAddress }),
    };
  });
  const input = placementInput(model, model.tree, model.kernel.max, areas, [], boot);
  const { value, diagnostics: found } = planRegions(input, wishes, kernelsOf(model));
  // What is about no single region is about all of them.
  const diagnostics = found.map((finding) => ({ ...finding, ...spotOf(model, finding.pointer ?? '/regions') }));
  if (value === undefined) return { areas: [...areas], diagnostics };
  return {
    areas: areas.map((area) => {
      const region = value.regions.find(({ wish }) => wish.name === area.name);
      if (region === undefined || area.delivery !== 'device-tree') return area;
      const { nodeName, sizeBytes, baseAddress, allocRanges, alignmentBytes } = region;
      return {
        ...area,
        nodeName,
        areaName: nodeName,
        sizeBytes,
        baseAddress,
        allocRanges,
        alignmentBytes,
        because: [...area.because, ...region.because.map(({ text, facts }) => ({ text, facts }))],
      };
    }),
    diagnostics,
  };
}

/** What the lints came to on one kernel. */
export interface Proof {
  readonly kernel: string;
  readonly lints: readonly LintResult[];
}

/**
 * Every lint, on the oldest and the newest kernel, over the tree that the boot loader will hand over.
 * @param overlay undefined: no area is delivered by the device tree
 * @returns what every lint came to on each kernel; nothing when the overlay cannot be applied
 */
export function proveOnBoard(
  model: Model,
  areas: readonly PlannedArea[],
  overlay: Fdt | undefined,
  symbols: readonly SymbolRequest[],
  boot: KnownBoot = {},
): { readonly proof: readonly Proof[]; readonly diagnostics: readonly Diagnostic[] } {
  const { tree } = model;
  const { value: merged, diagnostics } =
    overlay === undefined ? { value: tree, diagnostics: [] } : applyOverlay(tree, overlay);
  if (merged === undefined) return { proof: [], diagnostics };
  const proof = kernelsOf(model).map((version) => ({
    kernel: formatKernelVersion(version),
    lints: lintPlacement({
      ...placementInput(model, merged, version, areas, symbols, boot),
      base: tree,
      overlays: overlay === undefined ? [] : [overlay],
      ...lintHints(model, areas),
      ...(areas.some(({ delivery }) => delivery === 'command-line') ? { ownParameter: true } : {}),
    })
      // What a region without a heap means is said of the heaps that the profile asks for.
      .filter(({ lint }) => lint !== 'heap-visible'),
  }));
  return { proof, diagnostics: [...diagnostics, ...findingsOf(proof)] };
}
