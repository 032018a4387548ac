/** What a wish is judged by: the facts of each kernel of the range, with what the vendor took from later ones. */
import { expect, test } from 'vitest';
import { type Backports, backportsOf, releasesWith } from '../../src/facts/backport.js';
import { FACTS, formatKernelVersion, NEWEST_KERNEL, OLDEST_KERNEL } from '../../src/facts/index.js';
import { resolveModel } from '../../src/model/index.js';
import { makePlan } from '../../src/plan/index.js';
import { readProfile } from '../../src/profile/load.js';

const TYPES = { DMABUF_HEAPS_SYSTEM: 'system', DMABUF_HEAPS_CMA: 'cma' } as const;
const range = { min: OLDEST_KERNEL, max: NEWEST_KERNEL };

function codesOf(symbol: string, version: unknown, backports: readonly string[]): string[] {
  const profile = {
    version: 1,
    name: 'board',
    board: { arch: 'arm64', memory: [{ base: '0x40000000', size: '2G' }] },
    kernel: { version, symbols: { [symbol]: 'm' }, ...(backports.length === 0 ? {} : { backports }) },
    regions: { 'linux,cma': { size: '64M', default: true } },
    heaps: { cma: { region: 'linux,cma' }, system: { kind: 'system' } },
  };
  const read = readProfile('p.json', () => ({ text: JSON.stringify(profile) }));
  const model = read.value && resolveModel(read.value, {});
  const plan = model?.value && makePlan(model.value);
  return [...read.diagnostics, ...(model?.diagnostics ?? []), ...(plan?.diagnostics ?? [])].map(({ code }) => code);
}

test.each(Object.entries(TYPES))(
  '%s as a module is refused where it is bool, and taken where a vendor made it a tristate',
  (symbol, name) => {
    const id = `kconfig.dmabuf-heaps-${name}-type`;
    const [tristate] = releasesWith(id, 'tristate', range, {});
    expect(tristate).toBeDefined();
    const first = tristate === undefined ? '' : formatKernelVersion(tristate);
    const oldest = formatKernelVersion(OLDEST_KERNEL);
    expect(codesOf(symbol, oldest, [])).toContain('plan/module-on-bool');
    expect(codesOf(symbol, { min: oldest, max: first }, [])).toContain('plan/module-on-bool');
    expect(codesOf(symbol, first, [])).not.toContain('plan/module-on-bool');
    expect(codesOf(symbol, oldest, ['modular-heaps'])).not.toContain('plan/module-on-bool');
    expect(codesOf(symbol, oldest, ['default-heap-name'])).toContain('plan/module-on-bool');
  },
);

test('a backport decides over the whole range, and never makes a kernel older', () => {
  const backports: Backports = backportsOf(['modular-heaps']);
  for (const id of Object.keys(backports)) {
    for (const { value } of FACTS.get(id)?.ranges ?? []) {
      const found = releasesWith(id, value, range, backports);
      if (value === 'bool') expect(found).toEqual([]);
      else expect(found[0]).toEqual(OLDEST_KERNEL);
    }
  }
});
