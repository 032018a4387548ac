/** Cuts what was found down to what a profile can say, so that `validate` accepts what `import` writes. */

import type { Diagnostic } from '../diagnostic/index.js';
import { givenHeapNames } from '../facts/heap-names.js';
import type { AddressRange } from '../quantity/index.js';
import { formatAddress, joinRanges } from '../quantity/index.js';
import { report } from './codes.js';
import type { RegionDraft } from './draft.js';

/** As the schema limits them: regions, memory banks, alloc-ranges. */
const MAX_REGIONS = 64;
const MAX_BANKS = 64;
const MAX_RANGES = 16;
/** Names that the kernel gives heaps by itself, and those that mean something to programs that read JSON. */
const TAKEN = new Set<unknown>([...Object.values(givenHeapNames()).flat(), 'constructor', 'prototype']);

const isMemory = ({ baseAddress, sizeBytes }: AddressRange) => sizeBytes > 0n && baseAddress + sizeBytes <= 1n << 64n;

/** Why a profile cannot have a region; undefined when it can. */
function objectionTo({ name, sizeBytes, baseAddress = 0n, allocRanges = [] }: RegionDraft): string | undefined {
  if (!/^[a-zA-Z][a-zA-Z0-9,._+-]{0,30}$/.test(name)) return 'name that a profile cannot have';
  if (TAKEN.has(name)) return 'name that the kernel gives to another heap';
  return [{ baseAddress, sizeBytes }, ...allocRanges].every(isMemory)
    ? undefined
    : 'size or place that a profile cannot have';
}

/** What the base of a region makes void, and an alignment without an effect. */
function placed(region: RegionDraft, diagnostics: Diagnostic[]): RegionDraft {
  const { allocRanges, alignmentBytes: stated, ...rest } = region;
  const alignmentBytes = stated === 0n ? undefined : stated;
  const isVoid = region.baseAddress !== undefined && (allocRanges ?? alignmentBytes) !== undefined;
  if (isVoid)
    diagnostics.push(
      report('import/no-effect', {
        message: `the ${[...(allocRanges === undefined ? [] : ['alloc-ranges']), ...(alignmentBytes === undefined ? [] : ['alignment'])].join(' and ')} of ${region.name} ${allocRanges === undefined ? 'is' : 'are'} omitted: its base is ${formatAddress(region.baseAddress ?? 0n)}`,
        cause: 'the kernel does not read alloc-ranges and alignment when the base of an area is given',
        fix: 'remove "base" from the profile and state "allocRanges" if the area may be elsewhere',
        facts: ['reserved-memory.alloc-ranges'],
      }),
    );
  if (isVoid) return rest;
  if (allocRanges !== undefined && allocRanges.length > MAX_RANGES)
    diagnostics.push(
      report('import/not-expressed', {
        message: `${region.name} has ${allocRanges.length} alloc-ranges; import uses the first ${MAX_RANGES}`,
        fix: 'state fewer and wider ranges',
      }),
    );
  return {
    ...rest,
    ...(allocRanges === undefined ? {} : { allocRanges: allocRanges.slice(0, MAX_RANGES) }),
    ...(alignmentBytes === undefined ? {} : { alignmentBytes }),
  };
}

/** One default area: of several the kernel takes the one it initialises last. */
export function oneDefault(regions: readonly RegionDraft[], diagnostics: Diagnostic[]): RegionDraft[] {
  const defaults = regions.filter((region) => region.isDefault);
  const winner = defaults.at(-1);
  if (defaults.length > 1)
    diagnostics.push(
      report('import/assumed', {
        message: `${defaults.map(({ name }) => name).join(' and ')} are all marked as the default area; import uses ${winner?.name}`,
        cause: 'the kernel uses the one that it initialises last, which depends on its version',
        fix: 'move "default": true to use another; dmaheap place shows which one a kernel uses',
        facts: ['cma.default-winner'],
      }),
    );
  return regions.map((region) => (region === winner ? region : { ...region, isDefault: false }));
}

/** The regions that a profile for this architecture can have, without what would have no effect. */
export function soundRegions(
  regions: readonly RegionDraft[],
  arch: string,
  diagnostics: Diagnostic[],
): readonly RegionDraft[] {
  const kept = regions.filter((region) => {
    const noTree = arch === 'x86_64' && region.delivery === 'device-tree';
    const objection = noTree ? 'node, which x86_64 kernels do not read' : objectionTo(region);
    if (objection !== undefined)
      diagnostics.push(
        report('import/not-expressed', {
          message: `the area ${region.name} has a ${objection}`,
          fix: noTree
            ? 'give --arch of the board, or state the default area on the command line or in the configuration'
            : 'keep it where it is, or state the region by hand',
        }),
      );
    return objection === undefined;
  });
  if (kept.length > MAX_REGIONS)
    diagnostics.push(
      report('import/not-expressed', {
        message: `the setup has ${kept.length} areas; import uses the first ${MAX_REGIONS}`,
        cause: 'a profile and a kernel have at most that many',
        fix: 'keep the others in the device tree',
      }),
    );
  return kept.slice(0, MAX_REGIONS).map((region) => placed(region, diagnostics));
}

/** Banks that end within 64 bits; those that overlap are one, as in the kernel. */
export function soundMemory(banks: readonly AddressRange[], diagnostics: Diagnostic[]): AddressRange[] {
  const present = banks.filter(({ sizeBytes }) => sizeBytes > 0n);
  const sound = joinRanges(present.filter(isMemory));
  for (const { baseAddress } of [...present.filter((bank) => !isMemory(bank)), ...sound.slice(MAX_BANKS)])
    diagnostics.push(
      report('import/not-expressed', {
        message: `the memory at ${formatAddress(baseAddress)} is omitted: it is more than a profile can state`,
        fix: 'state "memory" of the board as /proc/iomem lists its "System RAM"',
      }),
    );
  return sound.slice(0, MAX_BANKS);
}
