/**
 * The board and kernel as far as they are known: the profile with every quantity read, compared with the board's DTB.
 */

import { type Diagnostic, hasErrors, type Outcome } from '../diagnostic/index.js';
import { type Backports, backportsOf } from '../facts/backport.js';
import { type HeapNaming, mainlineNaming } from '../facts/heap-names.js';
import {
  compareKernelVersions,
  factAt,
  formatKernelVersion,
  type KernelVersion,
  NEWEST_KERNEL,
  parseKernelVersion,
} from '../facts/index.js';
import { cellsValue, type Fdt, makeFdt, stringsValue } from '../fdt/index.js';
import type { KernelKnowledge, SymbolValue } from '../knowledge/index.js';
import { namingOf } from '../knowledge/lookup.js';
import type { LoadedProfile } from '../profile/load.js';
import type { Address, Board, Range, Size } from '../profile/types.gen.js';
import type { AddressRange } from '../quantity/index.js';
import { parseBytes } from '../quantity/index.js';
import { report } from './codes.js';
import { type Cells, type DtbFacts, holdDtb } from './dtb.js';

export { MODEL_CODES } from './codes.js';
export { archOfTree, type Cells, type DtbFacts, otherArchitecture } from './dtb.js';

export interface Model {
  readonly loaded: LoadedProfile;
  readonly arch: Board['arch'];
  readonly pageSizeBytes: bigint;
  /** Multiple of base and size that suits every configuration of this architecture and page size. */
  readonly granuleBytes: bigint;
  readonly memory: readonly AddressRange[];
  readonly cells: Cells & { readonly assumed: boolean };
  /** First and last release, both included. */
  readonly kernel: { readonly min: KernelVersion; readonly max: KernelVersion };
  /** What those kernels do as later ones of mainline. */
  readonly backports: Backports;
  /** What those kernels call their heaps. */
  readonly naming: HeapNaming;
  /** What is known of one kernel from its source or description; undefined: what ships for the versions. */
  readonly knowledge: KernelKnowledge | undefined;
  /** The board's own device tree, or a skeleton with the cells that are stated or assumed. */
  readonly tree: Fdt;
  /** What the board reserves already, and how its buses reach memory, is not known. */
  readonly isSkeleton: boolean;
}

/** A quantity that validation has let through. */
export function bytesOf(value: Size | Address): bigint {
  const bytes = parseBytes(value);
  if (bytes === undefined) throw new Error(`quantity ${value} passed validation`);
  return bytes;
}

export function rangeOf(range: Range): AddressRange {
  return { baseAddress: bytesOf(range.base), sizeBytes: bytesOf(range.size) };
}

function versionOf(text: string): KernelVersion {
  const version = parseKernelVersion(text);
  if (version === undefined) throw new Error(`kernel version ${text} passed validation`);
  return version;
}

function at(loaded: LoadedProfile, pointer: string) {
  const span = loaded.spanOf(pointer);
  return { pointer, ...(span === undefined ? {} : { span }) };
}

/** `Linux 6.1 to 7.3`. */
export function kernelRangeText(min: KernelVersion, max: KernelVersion): string {
  const ends = [formatKernelVersion(min), formatKernelVersion(max)];
  return ends[0] === ends[1] ? `Linux ${ends[0]}` : `Linux ${ends.join(' to ')}`;
}

/** The value of kernel.version that includes one more release. */
function widened(min: KernelVersion, max: KernelVersion, more: KernelVersion): string {
  const [first, last] = [
    compareKernelVersions(more, min) < 0 ? more : min,
    compareKernelVersions(more, max) > 0 ? more : max,
  ].map(formatKernelVersion);
  return `"version": { "min": "${first}", "max": "${last}" }`;
}

const isOutside = (one: KernelVersion, min: KernelVersion, max: KernelVersion) =>
  compareKernelVersions(one, min) < 0 || compareKernelVersions(one, max) > 0;

/** What the kernel calls the directory of an architecture. */
const SOURCE_ARCH: Readonly<Record<Board['arch'], string>> = {
  arm64: 'arm64',
  arm: 'arm',
  riscv64: 'riscv',
  x86_64: 'x86',
};

function resolveKernel(
  loaded: LoadedProfile,
  { kernel: chosen, knowledge, asked = [] }: ModelContext,
  diagnostics: Diagnostic[],
): Model['kernel'] {
  const { version } = loaded.profile.kernel;
  const min = versionOf(typeof version === 'string' ? version : version.min);
  const max = versionOf(typeof version === 'string' ? version : version.max);
  // A question about another kernel has an answer, which generate does not give.
  for (const one of asked.filter((kernel) => isOutside(kernel, min, max)))
    diagnostics.push(
      report('model/kernel-outside-range', {
        severity: 'note',
        message: `the profile is for ${kernelRangeText(min, max)}, and the question is about Linux ${formatKernelVersion(one)}`,
        cause: 'dmaheap generate refuses this kernel',
        fix: `to generate for it, widen kernel.version: ${widened(min, max, one)}`,
        ...at(loaded, '/kernel/version'),
      }),
    );
  if (knowledge !== undefined) {
    const { version: own, origin, arch } = knowledge;
    const { board } = loaded.profile;
    if (arch !== undefined && arch !== SOURCE_ARCH[board.arch])
      diagnostics.push(
        report('model/kernel-of-other-arch', {
          message: `the kernel description is of ${origin} for ${arch}, but board.arch is ${board.arch}`,
          fix: `write one with: dmaheap kernel TREE --arch ${board.arch} -o NAME.kernel.json`,
          ...at(
            loaded,
            loaded.profile.kernel.description === undefined ? '/inputs/description' : '/kernel/description',
          ),
        }),
      );
    if (isOutside(own, min, max))
      diagnostics.push(
        report('model/kernel-outside-range', {
          severity: 'warning',
          message: `the profile is for ${kernelRangeText(min, max)}, but ${origin} is Linux ${formatKernelVersion(own)}`,
          cause: 'the output is for the described kernel',
          fix: `widen kernel.version: ${widened(min, max, own)}, or give another kernel`,
          ...at(loaded, '/kernel/version'),
        }),
      );
    return { min: own, max: own };
  }
  if (chosen !== undefined && isOutside(chosen, min, max))
    diagnostics.push(
      report('model/kernel-outside-range', {
        message: `the profile is for ${kernelRangeText(min, max)}, not for Linux ${formatKernelVersion(chosen)}`,
        fix: `choose another kernel, or widen kernel.version: ${widened(min, max, chosen)}`,
        ...at(loaded, '/kernel/version'),
      }),
    );
  const newest = [...asked].sort(compareKernelVersions).at(-1) ?? chosen ?? max;
  if (compareKernelVersions(newest, NEWEST_KERNEL) > 0)
    diagnostics.push(
      report('model/kernel-newer', {
        message: `Linux ${formatKernelVersion(newest)} is newer than the known kernels; assuming that it behaves like ${formatKernelVersion(NEWEST_KERNEL)}`,
        fix: 'verify the heaps on the board with dmaheap-verify',
        ...at(loaded, '/kernel/version'),
      }),
    );
  return { min: chosen ?? min, max: chosen ?? max };
}

function resolveCells(loaded: LoadedProfile, dtb: DtbFacts | undefined, diagnostics: Diagnostic[]): Model['cells'] {
  const stated = loaded.profile.board.cells;
  if (dtb === undefined) {
    if (stated !== undefined) return { ...stated, assumed: false };
    // Without a device tree there is nothing whose cells could be wrong.
    if (loaded.profile.board.arch !== 'x86_64')
      diagnostics.push(
        report('model/cells-assumed', {
          message: "assuming that #address-cells and #size-cells of the board's root are 2 and 2",
          cause: 'neither a DTB nor board.cells states them; with wrong cells, the kernel ignores every reservation',
          fix: 'give --dtb, or state board.cells',
          facts: ['reserved-memory.cells'],
          ...at(loaded, '/board'),
        }),
      );
    return { address: 2, size: 2, assumed: true };
  }
  if (stated !== undefined && (stated.address !== dtb.cells.address || stated.size !== dtb.cells.size))
    diagnostics.push(
      report('model/cells-differ', {
        message: `the profile states ${stated.address} address and ${stated.size} size cells, but ${dtb.file} has ${dtb.cells.address} and ${dtb.cells.size}`,
        cause:
          'if the cells differ from those of the root, the kernel ignores every reservation, also those of the firmware',
        fix: `write { "address": ${dtb.cells.address}, "size": ${dtb.cells.size} }, or check that the DTB is for this board`,
        facts: ['reserved-memory.cells'],
        ...at(loaded, '/board/cells'),
      }),
    );
  return { ...dtb.cells, assumed: false };
}

/** A root that later stages can add regions to; RAM is in the model, because cells may be too narrow for it. */
function skeletonTree(cells: Cells, compatible: readonly string[] | undefined): Fdt {
  return makeFdt({
    name: '',
    properties: {
      '#address-cells': cellsValue(cells.address),
      '#size-cells': cellsValue(cells.size),
      ...(compatible === undefined ? {} : { compatible: stringsValue(...compatible) }),
    },
  });
}

export interface ModelContext {
  /** The one kernel to generate for; by default the profile's whole range. */
  readonly kernel?: KernelVersion;
  /** Kernels that a prediction is asked for, in place of those of the profile. */
  readonly asked?: readonly KernelVersion[];
  readonly dtb?: DtbFacts;
  /** Of the kernel that it is all for; it counts before `kernel`. */
  readonly knowledge?: KernelKnowledge;
  /** The final configuration of that kernel, where it is known. */
  readonly value?: SymbolValue;
  /** RAM as the command line states it, which counts before the profile's and the DTB's. */
  readonly memory?: readonly AddressRange[];
}

export function resolveModel(loaded: LoadedProfile, context: ModelContext): Outcome<Model> {
  const diagnostics: Diagnostic[] = [];
  const { board } = loaded.profile;
  const kernel = resolveKernel(loaded, context, diagnostics);
  const cells = resolveCells(loaded, context.dtb, diagnostics);
  const stated = board.memory?.map(rangeOf);
  if (context.dtb !== undefined)
    for (const { pointer, ...finding } of holdDtb(board, stated, context.dtb))
      diagnostics.push({ ...finding, ...at(loaded, pointer) });
  const memory = context.memory ?? stated ?? context.dtb?.memory ?? [];
  if (memory.length === 0)
    diagnostics.push(
      report('model/memory-unknown', {
        message: "the board's RAM is not known",
        cause: `${board.arch === 'x86_64' ? 'board.memory does not state it' : `neither board.memory nor ${context.dtb === undefined ? 'a' : 'the'} DTB states it`}, so no region can be proven to lie in RAM`,
        fix: 'state board.memory: /proc/iomem on the board lists it as "System RAM"',
        ...at(loaded, '/board'),
      }),
    );
  // Of a kernel that was refused, nothing may be known.
  if (hasErrors(diagnostics)) return { diagnostics };
  const { knowledge } = context;
  // A source says itself what it has taken from later kernels.
  const backports = knowledge === undefined ? backportsOf(loaded.profile.kernel.backports ?? []) : {};
  const pageSize = board.pageSize ?? '4K';
  const granules = factAt('cma.safe-granule', kernel.max) as Readonly<Record<string, Readonly<Record<string, number>>>>;
  const granule = granules[board.arch]?.[pageSize];
  if (granule === undefined) throw new Error(`no granule for ${board.arch} with pages of ${pageSize}`);
  return {
    value: {
      loaded,
      arch: board.arch,
      pageSizeBytes: bytesOf(pageSize),
      granuleBytes: BigInt(granule),
      memory: [...memory].sort((a, b) => (a.baseAddress < b.baseAddress ? -1 : 1)),
      cells,
      kernel,
      backports,
      naming: knowledge === undefined ? mainlineNaming(backports, kernel) : namingOf(knowledge, context.value),
      knowledge,
      tree: context.dtb?.tree ?? skeletonTree(cells, board.compatible),
      isSkeleton: context.dtb === undefined,
    },
    diagnostics,
  };
}
