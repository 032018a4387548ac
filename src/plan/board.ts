/** With the board's DTB at hand: areas are placed around what is there, and the merged tree is proven. */
import type { Diagnostic } from '../diagnostic/index.js';
import { compareKernelVersions, formatKernelVersion, type KernelVersion } from '../facts/index.js';
import { applyOverlay, type Fdt } from '../fdt/index.js';
import type { Model } from '../model/index.js';
import {
  type LintInput,
  lintPlacement,
  type PlacementInput,
  planRegions,
  type RegionWish,
} from '../placement/index.js';
import { childPointer } from '../source/json.js';
import type { PlannedArea, SymbolRequest } from './types.js';

/** What the simulator is asked with: the profile's knowledge of the board, on one kernel. */
export function placementInput(
  model: Model,
  tree: Fdt,
  kernel: KernelVersion,
  symbols: readonly SymbolRequest[] = [],
): PlacementInput {
  return {
    tree,
    kernel,
    architecture: model.arch,
    backports: model.backports,
    pageSizeBytes: model.pageSizeBytes,
    config: new Map(symbols.map((request) => [request.symbol, request.value])),
    configComplete: false,
    ...(model.memory.length === 0 ? {} : { memory: model.memory }),
  };
}

const spotOf = ({ loaded }: Model, pointer: string) => {
  const span = loaded.spanOf(pointer, pointer.endsWith('/base') ? 'value' : 'key');
  return { pointer, ...(span === undefined ? {} : { span }) };
};

/** Where the profile asks for the nodes of its areas, for what the lints find about them. */
export function placesOf(model: Model, areas: readonly PlannedArea[]): NonNullable<LintInput['places']> {
  return new Map(areas.map(({ name, nodeName }) => [nodeName, spotOf(model, childPointer('/regions', name))]));
}

/** Gives every device-tree area its place in the board's tree; an existing default node is changed, not doubled. */
export function fitToBoard(
  areas: readonly PlannedArea[],
  model: Model,
): { areas: PlannedArea[]; diagnostics: readonly Diagnostic[] } {
  const { tree } = model;
  const { regions } = model.loaded.profile;
  // Where RAM is not known nothing can be placed; the model has said so.
  if (tree === undefined || model.memory.length === 0) return { areas: [...areas], diagnostics: [] };
  const wishes = areas
    .filter((area) => area.delivery === 'device-tree')
    .map((area): RegionWish => {
      const addressBits = regions?.[area.name]?.addressBits;
      return {
        name: area.name,
        sizeBytes: area.sizeBytes,
        isDefault: area.isDefault,
        pointer: childPointer('/regions', area.name),
        ...(addressBits === undefined ? {} : { addressBits }),
        ...(regions?.[area.name]?.allocRanges === undefined ? {} : { allocRanges: area.allocRanges }),
        ...(area.alignmentBytes === undefined ? {} : { alignmentBytes: area.alignmentBytes }),
        ...(area.baseAddress === undefined ? {} : { baseAddress: area.baseAddress }),
      };
    });
  const { value, diagnostics: found } = planRegions(placementInput(model, tree, model.kernel.max), wishes);
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

/** Every lint, on the oldest and the newest kernel, over the tree that the boot loader will hand over. */
export function proveOnBoard(
  model: Model,
  areas: readonly PlannedArea[],
  overlay: Fdt,
  symbols: readonly SymbolRequest[],
): Diagnostic[] {
  const { tree, kernel } = model;
  if (tree === undefined) return [];
  const { value: merged, diagnostics } = applyOverlay(tree, overlay);
  if (merged === undefined) return [...diagnostics];
  const { regions } = model.loaded.profile;
  // A node may carry its address in its name, or have the name that the board gave it.
  const addressBits = new Map(
    areas.flatMap(({ name, nodeName }) => {
      const bits = regions?.[name]?.addressBits;
      return bits === undefined ? [] : [[nodeName, bits]];
    }),
  );
  const places = placesOf(model, areas);
  const kernels = compareKernelVersions(kernel.min, kernel.max) === 0 ? [kernel.min] : [kernel.min, kernel.max];
  const found = new Map<string, Diagnostic>();
  for (const version of kernels) {
    const input = placementInput(model, merged, version, symbols);
    for (const { status, diagnostics: lints } of lintPlacement({
      ...input,
      base: tree,
      overlays: [overlay],
      addressBits,
      places,
    }))
      for (const lint of status === 'not-run' ? [] : lints) {
        const key = `${lint.code} ${lint.message}`;
        if (!found.has(key))
          found.set(
            key,
            kernels.length === 1
              ? lint
              : { ...lint, message: `Linux ${formatKernelVersion(version)}: ${lint.message}` },
          );
      }
  }
  return [...diagnostics, ...found.values()];
}
