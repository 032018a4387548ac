/** The planner's choice is right when the simulator, which knows nothing of it, puts every region where it must be. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PlacementInput, planRegions, type RegionWish } from '../../src/placement/index.js';
import { type BoardText, board, configWith, DEFAULT, MIB, pool, reg, size, VIRT_OCCUPIED, version } from './board.js';

const mib = (count: number) => BigInt(count) << 20n;
const input = (text: BoardText, rest: Partial<PlacementInput> = {}): PlacementInput => ({
  tree: board(text),
  kernel: version('7.3'),
  architecture: 'arm64',
  pageSizeBytes: 4096n,
  config: configWith({}),
  commandLine: '',
  occupied: VIRT_OCCUPIED ?? [],
  ...rest,
});
const plan = (text: BoardText, wishes: readonly RegionWish[], rest: Partial<PlacementInput> = {}) =>
  planRegions(input(text, rest), wishes);
const wish = (name: string, mebibytes: number, rest: Partial<RegionWish> = {}): RegionWish => ({
  name,
  sizeBytes: mib(mebibytes),
  ...rest,
});
const texts = (because: readonly { readonly text: string }[] | undefined) =>
  because?.map(({ text }) => text).join('; ');

/** 3 GiB at 1 GiB and 4 GiB at 4 GiB, with devices behind a bus that reaches 1 GiB. */
const LARGE = 'memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0xc0000000>, <0x1 0x0 0x1 0x0>; };';

describe('size or reg', () => {
  test('size alone where the kernel chooses right by itself', () => {
    const { value } = plan({}, [wish('linux,cma', 64, { isDefault: true })]);
    const [region] = value?.regions ?? [];
    expect(region).toMatchObject({
      nodeName: 'linux,cma',
      baseAddress: undefined,
      allocRanges: [],
      changes: undefined,
    });
    expect(value?.prediction.areas).toMatchObject([{ name: 'linux,cma', sizeBytes: mib(64), isDefault: true }]);
  });

  test('alloc-ranges where the top of RAM is out of reach', () => {
    const { value } = plan({ memory: LARGE }, [
      wish('linux,cma', 64, { isDefault: true }),
      wish('isp', 48, { addressBits: 31 }),
      wish('gpu', 256),
    ]);
    expect(value?.regions.map(({ allocRanges }) => allocRanges)).toEqual([
      [{ baseAddress: 0x40000000n, sizeBytes: 0xc0000000n }],
      [{ baseAddress: 0x40000000n, sizeBytes: 0x40000000n }],
      [
        { baseAddress: 0x100000000n, sizeBytes: 0x100000000n },
        { baseAddress: 0x40000000n, sizeBytes: 0xc0000000n },
      ],
    ]);
    const at = Object.fromEntries((value?.prediction.areas ?? []).map((area) => [area.name, area.baseAddress]));
    expect(at).toEqual({ 'linux,cma': 0xfc000000n, isp: 0x7d000000n, gpu: 0x1f0000000n });
    expect(value?.prediction.rejected).toEqual([]);
  });

  test('a base that is the same at every boot', () => {
    const { value } = plan({}, [wish('npu', 64, { isFixed: true })]);
    expect(value?.regions[0]).toMatchObject({ nodeName: 'npu@5c000000', baseAddress: 0x5c000000n });
    expect(texts(value?.regions[0]?.because)).toContain('the top of the largest reachable hole');
  });

  test('a size is rounded up, and that is said', () => {
    const { value } = plan({}, [wish('linux,cma', 65, { isDefault: true })]);
    expect(value?.regions[0]?.sizeBytes).toBe(mib(68));
    expect(texts(value?.regions[0]?.because)).toContain('65 MiB rounded up to a multiple of 4 MiB');
  });

  test('an unknown configuration takes the larger granule', () => {
    const { config: _, ...rest } = input({});
    const { value } = planRegions(rest, [wish('linux,cma', 66, { isDefault: true })]);
    expect(value?.regions[0]?.sizeBytes).toBe(mib(68));
  });

  test('a name that fdtoverlay would merge into a reservation of firmware is refused', () => {
    const nodes = `camera@5e000000 { no-map; ${reg(0x5e000000, 32 * MIB)} };`;
    const { value, diagnostics } = plan({ nodes }, [wish('camera', 64)]);
    expect(value).toBeUndefined();
    expect(diagnostics.map(({ code }) => code)).toEqual(['placement/name-taken']);
    // With a unit address of its own the node is another one.
    expect(plan({ nodes }, [wish('camera', 64, { baseAddress: 0x50000000n })]).diagnostics).toEqual([]);
  });

  test('several regions do not meet, the firmware keeps its memory', () => {
    const tee = `tee@5e000000 { no-map; ${reg(0x5e000000, 32 * MIB)} };`;
    const { value } = plan({ nodes: tee }, [
      wish('a', 64, { isFixed: true }),
      wish('b', 64),
      wish('c', 32, { baseAddress: 0x50000000n }),
      wish('linux,cma', 64, { isDefault: true }),
    ]);
    expect(value?.prediction).toMatchObject({ outcome: 'boots', dangers: [], rejected: [] });
    expect(value?.prediction.areas.map(({ name }) => name).toSorted()).toEqual([
      'a@5a000000',
      'b',
      'c@50000000',
      'linux,cma',
    ]);
  });
});

describe('a board that has a default', () => {
  test('its node is changed, not joined by a second, and keeps the limits that nobody states otherwise', () => {
    const own = `${size(32 * MIB)} alignment = <0x0 0x1000000>; alloc-ranges = <0x0 0x48400000 0x0 0x10000000>;`;
    const nodes = pool('linux,cma', `${own} ${DEFAULT}`);
    const { value, diagnostics } = plan({ nodes }, [wish('camera', 128, { isDefault: true })]);
    expect(diagnostics).toEqual([]);
    expect(value?.regions[0]).toMatchObject({ nodeName: 'linux,cma', changes: 'linux,cma' });
    expect(texts(value?.regions[0]?.because)).toContain('two default areas conflict');
    expect(value?.prediction.areas).toMatchObject([{ name: 'linux,cma', sizeBytes: mib(128), isDefault: true }]);
    expect(value?.regions[0]).toMatchObject({
      allocRanges: [{ baseAddress: 0x48400000n, sizeBytes: 0x10000000n }],
      alignmentBytes: 0x1000000n,
    });
    const [refusal] = plan({ nodes }, [wish('camera', 280, { isDefault: true })]).diagnostics;
    expect(refusal?.code).toBe('placement/no-room');
    expect(refusal?.message).toContain('within the alloc-ranges that the board gives linux,cma');
  });

  test('reg cannot be deleted, so it is changed', () => {
    const nodes = pool('cma@50000000', reg(0x50000000, 32 * MIB) + DEFAULT);
    const { value, diagnostics } = plan({ nodes }, [wish('cma', 64, { isDefault: true })]);
    expect(value?.regions[0]).toMatchObject({ nodeName: 'cma@50000000', baseAddress: 0x50000000n });
    expect(texts(value?.regions[0]?.because)).toContain('reg, which an overlay cannot delete');
    expect(value?.prediction.areas).toMatchObject([{ baseAddress: 0x50000000n, sizeBytes: mib(64) }]);
    expect(diagnostics).toEqual([]);
    const larger = plan({ nodes }, [wish('cma', 260, { isDefault: true })]);
    expect(larger.value?.regions[0]?.baseAddress).toBe(0x4fc00000n);
    expect(larger.diagnostics).toMatchObject([{ code: 'placement/board-limit-left' }]);
  });
});

describe('no', () => {
  test('the most that would fit', () => {
    const { value, diagnostics } = plan({}, [wish('linux,cma', 448, { isDefault: true })]);
    expect(value).toBeUndefined();
    expect(diagnostics).toMatchObject([
      {
        code: 'placement/no-room',
        message: 'there is no room of 448 MiB for linux,cma',
        cause: 'the largest hole is 380 MiB at 0x48400000',
        fix: 'request at most 380 MiB',
      },
    ]);
    expect(plan({}, [wish('linux,cma', 380, { isDefault: true })]).value?.prediction.rejected).toEqual([]);
  });

  test('within the reach of the users', () => {
    const { diagnostics } = plan({ memory: LARGE }, [wish('isp', 2048, { addressBits: 31 })]);
    expect(diagnostics[0]?.message).toBe('there is no room of 2 GiB for isp within 31 address bits');
  });

  test.each([
    [0x50100000n, 'is not a multiple of 4 MiB'],
    [0x5e000000n, 'is not inside one range of RAM'],
    [0x48000000n, 'is in use'],
  ])('a base of 0x%s', (baseAddress, why) => {
    const { diagnostics } = plan({}, [wish('cma', 64, { baseAddress })]);
    expect(diagnostics[0]?.code).toBe('placement/base-taken');
    expect(diagnostics[0]?.message).toContain(why);
    expect(diagnostics[0]?.fix).toContain('380 MiB at 0x48400000');
  });

  test('a base across a zone', () => {
    const { diagnostics } = plan({ memory: LARGE }, [wish('cma', 128, { baseAddress: 0xfc000000n })]);
    expect(diagnostics[0]?.message).toContain('crosses 0x100000000');
  });

  test('regions that leave next to nothing for the kernel', () => {
    const { value, diagnostics } = plan({}, [wish('linux,cma', 380, { isDefault: true }), wish('npu', 120)]);
    expect(value?.prediction.outcome).toBe('unknown');
    expect(diagnostics).toMatchObject([
      { code: 'placement/little-left', cause: expect.stringContaining('the regions leave') },
    ]);
  });

  test('what is stated where nobody states RAM, and nothing is proven', () => {
    const { value } = plan({ memory: '' }, [wish('cma', 64), wish('isp', 64, { addressBits: 31 })]);
    expect(value?.regions.map(({ allocRanges }) => allocRanges)).toEqual([
      [],
      [{ baseAddress: 0n, sizeBytes: 0x80000000n }],
    ]);
    expect(value?.prediction.unknown.some(({ needs }) => needs.includes('the RAM banks'))).toBe(true);
  });
});

test('whatever is planned is what the simulator then finds', () => {
  const names = ['a', 'b', 'c', 'd'];
  const wishes = fc
    .array(
      fc.record({
        mebibytes: fc.integer({ min: 1, max: 200 }),
        isFixed: fc.boolean(),
        bits: fc.constantFrom(undefined, 31, 32, 33),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((list) =>
      list.map(({ mebibytes, isFixed, bits }, i) =>
        wish(names[i] as string, mebibytes, {
          isFixed,
          isDefault: i === 0,
          ...(bits === undefined ? {} : { addressBits: bits }),
        }),
      ),
    );
  const settings = fc.record({
    kernel: fc.constantFrom('5.10', '6.1', '6.12', '7.3').map(version),
    isLarge: fc.boolean(),
  });
  fc.assert(
    fc.property(wishes, settings, (list, { kernel, isLarge }) => {
      const { value, diagnostics } = plan(isLarge ? { memory: LARGE } : {}, list, { kernel });
      if (value === undefined) return;
      const good = { outcome: 'boots', dangers: [], rejected: [] };
      expect(value.prediction).toMatchObject(diagnostics.length > 0 ? { outcome: 'unknown', rejected: [] } : good);
      for (const region of value.regions) {
        const area = value.prediction.areas.find(({ name }) => name === region.nodeName);
        expect(area?.sizeBytes).toBe(region.sizeBytes);
        const bits = region.wish.addressBits ?? (region.wish.isDefault === true ? 32 : 64);
        expect((area?.likelyBaseAddress ?? 0n) + region.sizeBytes <= 1n << BigInt(bits)).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});
