/** What the schema cannot say: keys that contradict each other, names that collide, access that is unsafe. */

import type { Diagnostic } from '../diagnostic/index.js';
import { givenHeapNames, NAMING_FACTS } from '../facts/heap-names.js';
import {
  compareKernelVersions,
  FACTS,
  FIRST_HEAPS,
  formatKernelVersion,
  noSuchRelease,
  OLDEST_KERNEL,
  parseKernelVersion,
} from '../facts/index.js';
import { pageSizeRefusal } from '../facts/page-size.js';
import { pixelFormat, pixelFormatNames } from '../facts/pixel-format.js';
import { formatAddress, formatBytes, parseBytes } from '../quantity/index.js';
import { childPointer } from '../source/pointer.js';
import { suggest } from '../source/suggest.js';
import { checkAccess } from './access.js';
import { report } from './codes.js';
import type { Finder } from './finder.js';
import type { SpanOf } from './shape.js';
import { sizeWithoutUnit } from './size-unit.js';
import type { Address, Heap, Profile, Region, Size } from './types.gen.js';

/** Names the kernel itself gives to heaps, whatever the device tree says. */
const KERNEL_HEAPS = Object.values(givenHeapNames()).flat();
/** Symbols without which no heap of a profile can exist. */
const NEEDED = ['kconfig.cma-heap-needs', 'kconfig.system-heap-needs']
  .flatMap((id) => FACTS.get(id)?.ranges ?? [])
  .flatMap((range) => range.value as readonly string[]);

function checkQuantity(
  value: Size | Address | undefined,
  pointer: string,
  positive: boolean,
  f: Finder,
): bigint | undefined {
  if (value === undefined) return undefined;
  const bytes = parseBytes(value);
  if (bytes === undefined)
    f.found.push(
      report('profile/not-a-size', {
        message: `${JSON.stringify(value)} is not a number of bytes below 2^64`,
        fix: 'write 4096, 0x1000_0000, 256M or 1 GiB',
        ...f.at(pointer),
      }),
    );
  else if (positive && bytes === 0n)
    f.found.push(
      report('profile/zero-size', {
        message: 'the size is zero',
        fix: 'give a size above zero, or remove the entry',
        ...f.at(pointer),
      }),
    );
  return bytes;
}

/** A size that is valid and probably not what its author means. */
function checkUnit(value: Size | undefined, pointer: string, f: Finder): void {
  const bytes = value === undefined ? undefined : parseBytes(value);
  if (value === undefined || bytes === undefined || bytes === 0n) return;
  const text = String(value).trim();
  const unitless = sizeWithoutUnit(value);
  if (unitless !== undefined) f.found.push(report('profile/size-without-unit', { ...unitless, ...f.at(pointer) }));
  const [, number, unit] = /^([\d_]+)\s*([kmgt])b$/i.exec(text) ?? [];
  if (number !== undefined && unit !== undefined)
    f.found.push(
      report('profile/size-binary-unit', {
        message: `"${text}" is ${number} ${unit.toUpperCase()}iB`,
        cause: 'K, M, G and T are powers of 1024, also with B',
        fix: `write "${number}${unit.toUpperCase()}"`,
        ...f.at(pointer),
      }),
    );
}

function checkUnits({ board, regions }: Profile, f: Finder): void {
  for (const [i, { size }] of (board.memory ?? []).entries()) checkUnit(size, `/board/memory/${i}/size`, f);
  for (const [name, { size, budget }] of Object.entries(regions ?? {})) {
    const pointer = childPointer('/regions', name);
    checkUnit(size, `${pointer}/size`, f);
    checkUnit(budget?.min, `${pointer}/budget/min`, f);
  }
}

function checkRange(range: { base: Address; size: Size }, pointer: string, f: Finder) {
  const baseAddress = checkQuantity(range.base, `${pointer}/base`, false, f);
  const sizeBytes = checkQuantity(range.size, `${pointer}/size`, true, f);
  if (baseAddress !== undefined && sizeBytes !== undefined && baseAddress + sizeBytes > 1n << 64n)
    f.found.push(
      report('profile/not-a-size', {
        message: `${formatAddress(baseAddress)} plus the size is above 2^64`,
        fix: 'lower the base or the size',
        ...f.at(`${pointer}/size`),
      }),
    );
  return baseAddress === undefined || sizeBytes === undefined
    ? undefined
    : { baseAddress, endAddress: baseAddress + sizeBytes };
}

function checkBoard({ board }: Profile, f: Finder): void {
  const refusal = board.pageSize === undefined ? undefined : pageSizeRefusal(board.arch, board.pageSize);
  if (refusal !== undefined)
    f.found.push(report('profile/page-size', { ...refusal, fix: 'remove pageSize', ...f.at('/board/pageSize') }));
  const banks: { baseAddress: bigint; endAddress: bigint; pointer: string }[] = [];
  for (const [i, bank] of (board.memory ?? []).entries()) {
    const pointer = `/board/memory/${i}`;
    const range = checkRange(bank, pointer, f);
    if (range === undefined) continue;
    const other = banks.find((b) => b.baseAddress < range.endAddress && range.baseAddress < b.endAddress);
    if (other !== undefined)
      f.found.push(
        report('profile/memory-overlap', {
          message: `the bank at ${formatAddress(range.baseAddress)} overlaps the bank at ${formatAddress(other.baseAddress)}`,
          fix: 'list each range of RAM once',
          ...f.at(pointer),
        }),
      );
    banks.push({ ...range, pointer });
  }
}

function checkKernel({ kernel }: Profile, f: Finder): void {
  const { version } = kernel;
  const [minText, maxText] = typeof version === 'string' ? [version, version] : [version.min, version.max];
  const min = parseKernelVersion(minText);
  const max = parseKernelVersion(maxText);
  if (min === undefined || max === undefined) return;
  if (compareKernelVersions(min, max) > 0)
    f.found.push(
      report('profile/kernel-range', {
        message: `the range starts at ${minText} and ends at ${maxText}`,
        fix: 'swap min and max',
        ...f.at('/kernel/version'),
      }),
    );
  if (compareKernelVersions(min, OLDEST_KERNEL) < 0)
    f.found.push(
      report('profile/kernel-unknown', {
        message: `Linux ${minText} is older than the kernels that dmaheap knows`,
        cause: `DMA-BUF heaps exist since ${FIRST_HEAPS}; the rules for CMA areas are known from ${formatKernelVersion(OLDEST_KERNEL)} on`,
        fix: `use ${formatKernelVersion(OLDEST_KERNEL)} or newer`,
        ...f.at(typeof version === 'string' ? '/kernel/version' : '/kernel/version/min'),
      }),
    );
  for (const [key, release] of [
    ['/min', min],
    ['/max', max],
  ] as const) {
    const missing = noSuchRelease(release);
    if (missing !== undefined && !(key === '/max' && typeof version === 'string'))
      f.found.push(
        report('profile/kernel-unknown', {
          ...missing,
          ...f.at(typeof version === 'string' ? '/kernel/version' : `/kernel/version${key}`),
        }),
      );
  }
  for (const [symbol, value] of Object.entries(kernel.symbols ?? {})) {
    if (symbol.startsWith('CONFIG_'))
      f.found.push(
        report('profile/symbol-prefix', {
          message: `"${symbol}" is written with CONFIG_`,
          fix: `write "${symbol.slice('CONFIG_'.length)}"`,
          ...f.at(childPointer('/kernel/symbols', symbol), 'key'),
        }),
      );
    const [active] = typeof value === 'string' ? (/\$[({]?[^\s)}]*[)}]?|`[^`]*`?/.exec(value) ?? []) : [];
    if (active !== undefined)
      f.found.push(
        report('profile/active-value', {
          message: `the value of ${symbol} contains ${active}`,
          cause: 'make includes the final configuration and would expand it',
          fix: 'write a value without $ and `',
          ...f.at(childPointer('/kernel/symbols', symbol)),
        }),
      );
    if (value === 'n' && NEEDED.includes(symbol))
      f.found.push(
        report('profile/symbol-conflict', {
          message: `kernel.symbols sets ${symbol} to n, but the heaps of this profile need it`,
          fix: `remove ${symbol} from kernel.symbols`,
          ...f.at(childPointer('/kernel/symbols', symbol)),
        }),
      );
  }
}

function checkAlignment({ alignment }: Region, pointer: string, f: Finder): void {
  const bytes = checkQuantity(alignment, `${pointer}/alignment`, true, f);
  if (bytes === undefined || bytes === 0n || (bytes & (bytes - 1n)) === 0n) return;
  const below = 1n << BigInt(bytes.toString(2).length - 1);
  f.found.push(
    report('profile/alignment', {
      message: `the alignment of ${formatBytes(bytes)} is not a power of two`,
      cause: 'the kernel clears bits of the address with it, so the base would not be a multiple of it',
      fix: `write "${formatBytes(below)}" or "${formatBytes(below << 1n)}"`,
      ...f.at(`${pointer}/alignment`),
    }),
  );
}

function checkRegion(name: string, region: Region, profile: Profile, f: Finder): void {
  const pointer = childPointer('/regions', name);
  checkQuantity(region.size, `${pointer}/size`, true, f);
  checkQuantity(region.base, `${pointer}/base`, false, f);
  checkAlignment(region, pointer, f);
  for (const [i, range] of (region.allocRanges ?? []).entries()) checkRange(range, `${pointer}/allocRanges/${i}`, f);
  const delivery = region.delivery ?? 'device-tree';
  if (KERNEL_HEAPS.includes(name))
    f.found.push(
      report('profile/reserved-name', {
        message: `a region cannot be named "${name}"`,
        cause: `the kernel itself makes a heap "${name}"; it makes only the first of two heaps with the same name`,
        fix: 'choose another name, such as "linux,cma"',
        facts: [NAMING_FACTS.system, NAMING_FACTS.defaultArea, NAMING_FACTS.kernelArea, 'heap.duplicate-name'],
        ...f.at(pointer, 'key'),
      }),
    );
  if (delivery !== 'device-tree' && region.default !== true)
    f.found.push(
      report('profile/delivery', {
        message: `"${name}" is not the default area, so it cannot be delivered by ${delivery}`,
        cause: 'cma= and CMA_SIZE_MBYTES make the default area only',
        fix: 'add "default": true, or deliver it by device-tree',
        ...f.at(`${pointer}/delivery`),
      }),
    );
  if (delivery === 'device-tree' && profile.board.arch === 'x86_64')
    f.found.push(
      report('profile/delivery', {
        message: `x86_64 kernels have no reserved-memory nodes for "${name}"`,
        fix: 'deliver the default area by "command-line" or "kconfig"',
        ...f.at(pointer, 'key'),
      }),
    );
  if (delivery === 'kconfig' && (region.base ?? region.allocRanges ?? region.alignment) !== undefined)
    f.found.push(
      report('profile/placement-conflict', {
        message: `CMA_SIZE_MBYTES cannot express the base, the ranges or the alignment of "${name}"`,
        fix: 'remove them, or deliver the region by device-tree',
        ...f.at(pointer, 'key'),
      }),
    );
  if (delivery === 'command-line' && (region.allocRanges ?? region.alignment) !== undefined)
    f.found.push(
      report('profile/placement-conflict', {
        message: `cma= cannot express the ranges or the alignment of "${name}"`,
        fix: 'remove them, or deliver the region by device-tree',
        ...f.at(pointer, 'key'),
      }),
    );
  if (region.base !== undefined && (region.allocRanges ?? region.alignment) !== undefined)
    f.found.push(
      report('profile/placement-conflict', {
        message: `"${name}" has a fixed base, so allocRanges and alignment would be ignored`,
        cause: 'the kernel does not read alloc-ranges and alignment when the node has reg',
        fix: 'remove base, or remove allocRanges and alignment',
        ...f.at(`${pointer}/base`),
      }),
    );
  checkQuantity(region.budget?.min, `${pointer}/budget/min`, true, f);
  for (const [i, buffer] of (region.budget?.buffers ?? []).entries()) {
    const at = `${pointer}/budget/buffers/${i}`;
    checkQuantity(buffer.size, `${at}/size`, true, f);
    if (buffer.format !== undefined && pixelFormat(buffer.format) === undefined) {
      const near = suggest(buffer.format, pixelFormatNames());
      f.found.push(
        report('profile/unknown-format', {
          message: `unknown pixel format "${buffer.format}"`,
          fix:
            near.length > 0
              ? `did you mean "${near[0]}"? If not, give "size" instead`
              : 'give the size of one buffer as "size" instead',
          ...f.at(`${at}/format`),
        }),
      );
    }
  }
}

/** What is wrong with the keys of a heap, and what to do. */
function heapKindFault({
  kind: stated,
  region,
  kernelName,
  cached,
}: Heap): readonly [why: string, fix: string] | undefined {
  const kind = stated ?? (region === undefined ? undefined : 'region');
  if (kind === undefined)
    return [
      'needs "region", or "kind": "system" or "vendor"',
      'add "region" with the name of a region, or "kind": "system"',
    ];
  if (kind === 'region' && region === undefined)
    return ['needs the "region" it allocates from', 'add "region" with the name of a region'];
  if (kind === 'system' && region !== undefined)
    return ['is the system heap, which has no region', 'remove "region", or remove "kind"'];
  if (kind === 'vendor' && kernelName === undefined)
    return ['is a vendor heap and needs its "kernelName"', 'add "kernelName" with its name in /dev/dma_heap'];
  if (kind !== 'vendor' && kernelName !== undefined)
    return ['has a kernelName; the kernel names region and system heaps itself', 'remove "kernelName"'];
  if (kind === 'vendor' && cached !== undefined)
    return [
      'is a vendor heap; its kernelName already selects the cached or the uncached heap',
      'remove "cached", and name the wanted heap in "kernelName"',
    ];
  return undefined;
}

function checkHeap(name: string, heap: Heap, profile: Profile, f: Finder): void {
  const pointer = childPointer('/heaps', name);
  const fault = heapKindFault(heap);
  if (fault !== undefined)
    f.found.push(
      report('profile/heap-kind', {
        message: `the heap "${name}" ${fault[0]}`,
        fix: fault[1],
        ...f.at(pointer, 'key'),
      }),
    );
  if (heap.region !== undefined && !Object.hasOwn(profile.regions ?? {}, heap.region)) {
    const names = Object.keys(profile.regions ?? {});
    const near = suggest(heap.region, names)[0];
    f.found.push(
      report('profile/unknown-region', {
        message: `there is no region "${heap.region}"`,
        fix:
          near !== undefined
            ? `did you mean "${near}"?`
            : names.length > 0
              ? `use one of ${names.join(', ')}`
              : 'add it to regions',
        ...f.at(`${pointer}/region`),
      }),
    );
  }
}

function checkAliases(profile: Profile, f: Finder): void {
  const owner = new Map<string, string>();
  const heaps = Object.entries(profile.heaps ?? {});
  for (const [name, heap] of heaps) {
    for (const [i, alias] of (heap.aliases ?? []).entries()) {
      const pointer = `${childPointer('/heaps', name)}/aliases/${i}`;
      const taken = owner.get(alias);
      const clash =
        taken !== undefined
          ? `already leads to "${taken}"`
          : alias === 'system' && heap.kind !== 'system'
            ? 'is the node of the system heap'
            : heaps.some(([other, { kernelName }]) => other !== name && kernelName === alias)
              ? 'is the node of a vendor heap'
              : undefined;
      if (clash !== undefined)
        f.found.push(
          report('profile/alias-collision', {
            message: `the alias "${alias}" ${clash}`,
            fix: 'choose another alias',
            ...f.at(pointer),
          }),
        );
      owner.set(alias, name);
    }
  }
}

/** Findings about a profile whose shape is right. */
export function checkMeaning(profile: Profile, spanOf: SpanOf): Diagnostic[] {
  const f: Finder = {
    found: [],
    at: (pointer, part = 'value') => {
      const span = spanOf(pointer, part);
      return { pointer, ...(span === undefined ? {} : { span }) };
    },
  };
  checkBoard(profile, f);
  checkUnits(profile, f);
  checkKernel(profile, f);
  const regions = Object.entries(profile.regions ?? {});
  for (const [name, region] of regions) checkRegion(name, region, profile, f);
  const defaults = regions.filter(([, region]) => region.default === true).map(([name]) => name);
  if (defaults.length > 1)
    f.found.push(
      report('profile/two-defaults', {
        message: `${defaults.map((name) => `"${name}"`).join(' and ')} are both the default area`,
        cause: 'the kernel silently uses the one that it initialises last',
        fix: 'keep "default": true on one of them',
        ...f.at(`${childPointer('/regions', defaults[1] ?? '')}/default`),
      }),
    );
  for (const [name, heap] of Object.entries(profile.heaps ?? {})) checkHeap(name, heap, profile, f);
  checkAliases(profile, f);
  checkAccess(profile, f);
  checkQuantity(profile.verify?.cmaTotal?.min, '/verify/cmaTotal/min', false, f);
  checkQuantity(profile.verify?.cmaTotal?.max, '/verify/cmaTotal/max', false, f);
  return f.found;
}
