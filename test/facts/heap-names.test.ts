import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backportsOf } from '../../src/facts/backport.js';
import {
  givenHeapNames,
  type HeapName,
  heapNames,
  heapNamesOn,
  mainlineInventory,
  mainlineNaming,
  NAMING_FACTS,
  registeredHeaps,
} from '../../src/facts/heap-names.js';
import {
  compareKernelVersions,
  FACTS,
  type Fact,
  type Facts,
  formatKernelVersion,
  type KernelVersion,
  kernelsText,
  parseKernelVersion,
} from '../../src/facts/index.js';

const version = (text: string) => parseKernelVersion(text) as KernelVersion;
const words = (names: readonly HeapName[]) =>
  names.map((one) => `${one.name} ${kernelsText(one)}${one.optional ? ' if configured' : ''}`);
const MAIN = { name: 'linux,cma', isDefault: true };
const OTHER = { name: 'camera', isDefault: false };

/** Facts as they will be when a kernel to come has renamed the default area's heap. */
function withRename(since: string, value: string): Facts {
  const fact = FACTS.get(NAMING_FACTS.defaultArea) as Fact;
  const last = fact.ranges.at(-1) as Fact['ranges'][number];
  const ranges = [...fact.ranges.slice(0, -1), { ...last, until: since }, { ...last, since, value }];
  return new Map(FACTS).set(fact.id, { ...fact, ranges });
}

/** Facts as they are up to a release, whatever later kernels do. */
const factsUntil = (release: string): Facts =>
  new Map(
    [...FACTS].map(([id, fact]) => {
      const known = fact.ranges.filter(({ since }) => compareKernelVersions(version(since), version(release)) <= 0);
      const last = known.at(-1);
      const ranges = last === undefined ? fact.ranges : [...known.slice(0, -1), { ...last, until: undefined }];
      return [id, { ...fact, ranges: ranges as Fact['ranges'] }];
    }),
  );

test('names of mainline by kernel, a name that stays said once', () => {
  const naming = mainlineNaming({}, undefined, factsUntil('7.3'));
  expect(words(heapNames(naming, MAIN))).toEqual([
    'linux,cma before 6.17',
    'default_cma_region from 6.17',
    'linux,cma from 6.17, before 6.19 if configured',
    'linux,cma from 6.19',
  ]);
  expect(words(heapNames(naming, OTHER))).toEqual(['camera from 6.19']);
  expect(words(heapNames(naming, { kind: 'kernel-area' })).slice(0, 2)).toEqual([
    'reserved before 6.17',
    'default_cma_region from 6.17',
  ]);
  expect(words(heapNames(naming, { kind: 'system' }))).toEqual(['system every kernel']);
  expect(givenHeapNames(naming)).toEqual({
    system: ['system'],
    defaultArea: ['default_cma_region'],
    kernelArea: ['reserved'],
  });
});

test('a backport is what its release did, whatever a later kernel does', () => {
  const range = { min: version('6.6'), max: version('6.6') };
  const backports = backportsOf(['default-heap-name']);
  const later = withRename('7.5', 'cma_default');
  expect(words(heapNames(mainlineNaming(backports, range, later), MAIN))).toEqual([
    'default_cma_region every kernel',
    'linux,cma every kernel if configured',
  ]);
  expect(heapNamesOn(mainlineInventory(version('7.5'), backports, later), MAIN)[0]?.name).toBe('cma_default');
  expect(words(heapNames(mainlineNaming({}, range, later), MAIN))).toContain('cma_default from 7.5');
});

test('of two backports that touch one fact the later counts, in any order', () => {
  for (const ids of [
    ['default-heap-name', 'heap-per-area'],
    ['heap-per-area', 'default-heap-name'],
  ])
    expect(heapNamesOn(mainlineInventory(version('6.6'), backportsOf(ids)), MAIN)).toEqual([
      { name: 'default_cma_region', optional: false },
      { name: 'linux,cma', optional: false },
    ]);
});

test('a driver that finds its first name taken registers none of its other heaps', () => {
  const areas = [{ name: 'default_cma_region', isDefault: false }, MAIN];
  const names = (list: typeof areas) =>
    registeredHeaps(mainlineInventory(version('7.3')), list, () => true).map(({ name }) => name);
  expect(names(areas)).toEqual(['system', 'default_cma_region', 'linux,cma']);
  expect(names([{ name: 'system', isDefault: true }, OTHER])).toEqual(['system', 'default_cma_region', 'camera']);
  const taken = { ...mainlineInventory(version('6.12')) };
  expect(registeredHeaps(taken, [{ name: 'system', isDefault: true }, OTHER], () => true)).toHaveLength(1);
});

/** Made-up histories of the three naming facts. */
const releases = fc
  .uniqueArray(fc.integer({ min: 11, max: 40 }), { maxLength: 5 })
  .map((minors) => minors.sort((a, b) => a - b));
const history = (id: string, values: fc.Arbitrary<string | null>) =>
  releases.chain((minors) =>
    fc.array(values, { minLength: minors.length + 1, maxLength: minors.length + 1 }).map((chosen): Fact => {
      const fact = FACTS.get(id) as Fact;
      const source = fact.ranges[0] as Fact['ranges'][number];
      const ranges = chosen.map((value, i) => ({
        ...source,
        since: i === 0 ? '5.10' : `6.${minors[i - 1]}`,
        ...(i < minors.length ? { until: `6.${minors[i]}` } : { until: undefined as never }),
        value,
      }));
      return { ...fact, ranges };
    }),
  );

test('the ranges say of every kernel what the kernel alone says', () => {
  const facts = fc
    .tuple(
      history(
        NAMING_FACTS.areas,
        fc.constantFrom('default-area', 'default-area-and-legacy-name', 'default-area-and-all'),
      ),
      history(NAMING_FACTS.defaultArea, fc.constantFrom(null, 'default_cma_region', 'cma_default', 'linux,cma')),
      history(NAMING_FACTS.kernelArea, fc.constantFrom('reserved', 'cma')),
    )
    .map((list): Facts => new Map([...FACTS, ...list.map((fact) => [fact.id, fact] as const)]));
  const backports = fc.subarray(['default-heap-name', 'heap-per-area']).map(backportsOf);
  const backing = fc.constantFrom(MAIN, OTHER, { kind: 'kernel-area' } as const, { kind: 'system' } as const);
  fc.assert(
    fc.property(facts, backports, backing, fc.integer({ min: 0, max: 45 }), (known, ported, heap, minor) => {
      const kernel = { major: 6, minor };
      const naming = mainlineNaming(ported, { min: version('5.10'), max: version('6.45') }, known);
      const here = heapNames(naming, heap).filter(
        ({ since, until }) =>
          (since === undefined || compareKernelVersions(since, kernel) <= 0) &&
          (until === undefined || compareKernelVersions(kernel, until) < 0),
      );
      const alone = heapNamesOn(naming.inventoryAt(kernel), heap);
      const sorted = (names: readonly { readonly name: string; readonly optional: boolean }[]) =>
        names.map(({ name, optional }) => `${name} ${optional}`).sort();
      expect(sorted(here), formatKernelVersion(kernel)).toEqual(sorted(alone));
    }),
  );
});
