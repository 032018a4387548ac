/** What a boot will show, as far as it is known. */

export type BootOutcome = 'boots' | 'corrupts' | 'panics' | 'hangs' | 'unknown';

/** Kinds of kernel messages; each has one text per kernel version. */
export type LogFamily =
  | 'cma-reserved'
  | 'pool-created'
  | 'misaligned'
  | 'match-failed'
  | 'alloc-failed'
  | 'default-bypassed'
  | 'invalid-size'
  | 'unsupported-format'
  | 'not-activated'
  | 'overlap'
  | 'overlap-pair'
  | 'no-slots'
  | 'not-set-up'
  | 'entries-ignored'
  | 'region-misaligned'
  | 'high-memory-boundary'
  | 'past-limit'
  | 'heap-refused';

export interface LogLine {
  readonly family: LogFamily;
  /** The words of the kernel; `?` is a number that is not known. */
  readonly text: string;
}

/** What happens to a region that does not become a working area, from harmless to deadly. */
export type FailureClass =
  /** Never reserved. */
  | 'ignored'
  /** Reserved, then given back to the page allocator. */
  | 'freed'
  /** Taken from the kernel, for nothing. */
  | 'lost'
  /** Works, but there is also an unwanted area from Kconfig. */
  | 'extra-area'
  /** The area exists with size 0; every allocation fails. */
  | 'created-not-activated'
  /** There is no default area at all. */
  | 'no-default'
  | 'corrupts'
  | 'panics'
  | 'hangs';

export interface Rejection {
  /** Node name with unit address, as the kernel prints it. */
  readonly node: string;
  /** The message of the kernel; null: it prints none. */
  readonly family: LogFamily | null;
  readonly failure: FailureClass;
  /** Why, in a sentence. */
  readonly reason: string;
  readonly facts: readonly string[];
  /** The function that refuses. */
  readonly kernelFunction: string;
}

export type DangerCode =
  /** An area is not RAM, wholly or partly. */
  | 'outside-ram'
  | 'areas-overlap'
  | 'over-kernel'
  | 'over-initrd'
  | 'over-dtb'
  /** Memory of the firmware becomes CMA. */
  | 'over-firmware'
  /** A refused region gives memory of the firmware, the kernel or the initrd to the page allocator. */
  | 'firmware-freed'
  | 'kernel-memory-freed'
  /** Every reservation of the tree is ignored, the firmware's too. */
  | 'reservations-ignored'
  /** Memory that was left out of the linear map is given back to the allocator. */
  | 'unmapped-memory-freed'
  /** arm32 without LPAE: the page below 4 GiB that the kernel drops is freed with an area that cannot be activated. */
  | 'dropped-page-freed'
  /** A refused region gives pages of a CMA area to the page allocator, which then has them twice. */
  | 'area-freed'
  /** arm64: what shares a page with a region that is not mapped is free memory without a mapping. */
  | 'page-half-mapped'
  /** The regions leave the kernel no place for what it needs itself, or hardly one. */
  | 'no-room-for-kernel'
  /** arm32: memory is mapped anew that is in use by then, or its table overflows. */
  | 'remap-of-memory-in-use'
  /** arm32: mapping a pool anew unmaps what shares its 2 MiB. */
  | 'remap-of-neighbours'
  | 'remap-table-overflow'
  /** arm32 without LPAE: a small region that is not mapped splits a pair of sections so that mapping stops. */
  | 'section-pair';

export interface Danger {
  readonly code: DangerCode;
  /** Names of the areas, nodes and occupied ranges involved. */
  readonly nodes: readonly string[];
  readonly reason: string;
  readonly facts: readonly string[];
}

export interface PredictedArea {
  /** The kernel's name: the node name, or `reserved`. */
  readonly name: string;
  /** null: placed by the kernel where early allocations leave room. */
  readonly baseAddress: bigint | null;
  /** Where it lands on every layout that loaders make, however much the kernel takes first; null: that differs. */
  readonly likelyBaseAddress: bigint | null;
  /** 0 when the area exists but was not activated. */
  readonly sizeBytes: bigint;
  readonly isDefault: boolean;
  /** The /reserved-memory node, or the command line or Kconfig. */
  readonly source: 'node' | 'command-line' | 'kconfig';
}

export interface PredictedHeap {
  readonly name: string;
  /** The area behind it; null for the system heap. */
  readonly area: string | null;
  readonly usable: boolean;
  /** Other names of the same area. */
  readonly aliases: readonly string[];
}

export interface UnknownField {
  /** Field of the prediction: `outcome`, `heaps`, `areas[0].baseAddress`, ... */
  readonly field: string;
  /** The fact about the target that decides it, and how to give it. */
  readonly needs: string;
}

/** What a layout of kernel, initrd and device tree leads to. */
export interface LayoutResult {
  readonly layout: string;
  readonly outcome: BootOutcome;
  readonly cmaTotalBytes: bigint | null;
  readonly areas: readonly {
    readonly name: string;
    readonly source: PredictedArea['source'];
    /** null: placed where the kernel's own allocations leave room. */
    readonly baseAddress: bigint | null;
    readonly sizeBytes: bigint;
  }[];
}

/** A default area, of the command line or of Kconfig, for which the kernel finds no place. */
export interface RefusedDefault {
  readonly source: 'command-line' | 'kconfig';
  /** `cma=2G`, or the symbols of Kconfig. */
  readonly text: string;
  readonly sizeBytes: bigint;
  readonly alignmentBytes: bigint;
  /** Exclusive: the area has to end here or below. */
  readonly limitAddress: bigint;
  readonly why: 'misaligned-base' | 'base-taken' | 'crosses-high-memory' | 'past-limit' | 'no-hole';
  /** The largest size for which there is a place; 0: none. */
  readonly largestBytes: bigint;
  readonly largestBaseAddress: bigint | null;
}

export interface Prediction {
  readonly outcome: BootOutcome;
  /** What it can be, where `outcome` is `unknown`: the best first. */
  readonly possibleOutcomes: readonly Exclude<BootOutcome, 'unknown'>[];
  readonly dangers: readonly Danger[];
  readonly heaps: readonly PredictedHeap[];
  readonly areas: readonly PredictedArea[];
  /** null when unknown, or when the machine does not come up. */
  readonly cmaTotalBytes: bigint | null;
  readonly log: readonly LogLine[];
  readonly rejected: readonly Rejection[];
  readonly unknown: readonly UnknownField[];
  /** What was assumed, because no input states it. */
  readonly assumed: readonly string[];
  /** undefined: it has a place, or none is asked for. */
  readonly refusedDefault: RefusedDefault | undefined;
  /** One for each layout that boot loaders are known to make, where they lead to different results. */
  readonly layouts: readonly LayoutResult[];
  readonly slots: { readonly used: number; readonly total: number };
  /** No linux,cma-default, no cma=, no Kconfig size: nothing answers for the default area. */
  readonly hasDefault: boolean;
  /** Granule of base and size of every CMA area; null when unknown. */
  readonly minimumAlignmentBytes: bigint | null;
  /** The command line that was used, with what the built-in one adds. */
  readonly commandLine: string;
  /** Every fact that the prediction rests on. */
  readonly facts: readonly string[];
}

/** Where an area may lie: the place where it is likely, or the one of each layout. */
export function basesOf({ areas, layouts }: Prediction, name: string): readonly bigint[] {
  const likely = areas.find((area) => area.name === name)?.likelyBaseAddress ?? null;
  const found = likely === null ? layouts.flatMap((one) => one.areas.filter((area) => area.name === name)) : [];
  return likely !== null ? [likely] : found.flatMap(({ baseAddress }) => (baseAddress === null ? [] : [baseAddress]));
}

/** Numbers beyond 2^53 are hexadecimal strings, addresses always are. */
export function predictionToJson(prediction: Prediction): Record<string, unknown> {
  const address = (value: bigint | null) => (value === null ? null : `0x${value.toString(16)}`);
  const size = (value: bigint | null) =>
    value === null ? null : value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `0x${value.toString(16)}`;
  return {
    ...prediction,
    areas: prediction.areas.map((area) => ({
      ...area,
      baseAddress: address(area.baseAddress),
      likelyBaseAddress: address(area.likelyBaseAddress),
      sizeBytes: size(area.sizeBytes),
    })),
    refusedDefault:
      prediction.refusedDefault === undefined
        ? null
        : {
            ...prediction.refusedDefault,
            sizeBytes: size(prediction.refusedDefault.sizeBytes),
            alignmentBytes: size(prediction.refusedDefault.alignmentBytes),
            limitAddress: address(prediction.refusedDefault.limitAddress),
            largestBytes: size(prediction.refusedDefault.largestBytes),
            largestBaseAddress: address(prediction.refusedDefault.largestBaseAddress),
          },
    layouts: prediction.layouts.map((layout) => ({
      ...layout,
      cmaTotalBytes: size(layout.cmaTotalBytes),
      areas: layout.areas.map((area) => ({
        ...area,
        baseAddress: address(area.baseAddress),
        sizeBytes: size(area.sizeBytes),
      })),
    })),
    cmaTotalBytes: size(prediction.cmaTotalBytes),
    minimumAlignmentBytes: size(prediction.minimumAlignmentBytes),
  };
}
