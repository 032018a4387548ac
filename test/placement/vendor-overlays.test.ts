/** Overlays of the kinds that vendors ship, written here after their pattern, judged by the same code as ours. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { applyOverlay, type Fdt, readFdt } from '../../src/fdt/index.js';
import { lintPlacement, type PlacementInput, predict, withParameters } from '../../src/placement/index.js';
import { compile, configWith, DEFAULT, version } from './board.js';

function overlay(dts: string): Fdt {
  const blob = execFileSync('dtc', ['-q', '-@', '-I', 'dts', '-O', 'dtb', '-'], {
    input: `/dts-v1/; /plugin/; / { ${dts} };`,
  });
  return readFdt(blob).value as Fdt;
}

/** 2/1 cells, 1 GiB, devices that reach 1 GiB: the pattern of a Raspberry Pi 4. */
const PI = compile(`/dts-v1/; / { #address-cells = <2>; #size-cells = <1>; compatible = "brcm,bcm2711";
  memory@0 { device_type = "memory"; reg = <0x0 0x0 0x40000000>; };
  reserved-memory { #address-cells = <2>; #size-cells = <1>; ranges;
    cma: linux,cma { compatible = "shared-dma-pool"; size = <0x4000000>; reusable; ${DEFAULT}
      alloc-ranges = <0x0 0x0 0x40000000>; }; }; };`);

const PI_CMA = overlay(`compatible = "brcm,bcm2711";
  fragment@0 { target = <&cma>; frag0: __overlay__ { size = <0x4000000>; }; };
  fragment@1 { target-path = "/reserved-memory/linux,cma"; __dormant__ { status = "disabled"; }; };
  __overrides__ { cma-256 = <&frag0>, "size:0=", <0x10000000>; cma-768 = <&frag0>, "size:0=", <0x30000000>;
    cma-size = <&frag0>, "size:0"; off = <0>, "-0+1"; };`);

const input = (tree: Fdt): PlacementInput => ({
  tree,
  kernel: version('6.12'),
  architecture: 'arm64',
  config: configWith({ OF_RESERVED_MEM: 'y', CMA_SYSFS: 'y' }),
  commandLine: '',
  occupied: [
    { name: 'kernel', baseAddress: 0x200000n, sizeBytes: 0x2000000n },
    { name: 'initrd', baseAddress: 0x8000000n, sizeBytes: 0x1000000n },
    { name: 'dtb', baseAddress: 0x2eff0000n, sizeBytes: 0x10000n },
  ],
});

function withOverlay(base: Fdt, applied: Fdt): PlacementInput {
  const { value } = applyOverlay(base, applied);
  return input(value as Fdt);
}

const total = (one: PlacementInput) => predict(one).areas.map(({ name, sizeBytes }) => [name, sizeBytes >> 20n]);
const failing = (one: PlacementInput) =>
  lintPlacement({ ...one, base: PI })
    .filter(({ status }) => status === 'fail')
    .map(({ lint, diagnostics }) => [lint, diagnostics[0]?.fix]);

test('Raspberry Pi: a parameter with a size of its own', () => {
  const { value } = withParameters(PI_CMA, ['cma-256']);
  expect(total(withOverlay(PI, value as Fdt))).toEqual([['linux,cma', 256n]]);
  const { value: plain } = withParameters(PI_CMA, []);
  expect(total(withOverlay(PI, plain as Fdt))).toEqual([['linux,cma', 64n]]);
});

test('Raspberry Pi: a size in bytes that the kernel refuses', () => {
  const { value } = withParameters(PI_CMA, ['cma-size=200000000']);
  const one = withOverlay(PI, value as Fdt);
  expect(failing(one)).toEqual([['size-multiple', 'write size = <0xc000000> (192 MiB)']]);
  expect(predict(one).areas.map(({ name }) => name)).toEqual(['reserved']);
});

test('Raspberry Pi: more than the device tree leaves in one piece', () => {
  const { value } = withParameters(PI_CMA, ['cma-768']);
  expect(failing(withOverlay(PI, value as Fdt))).toEqual([['fits', 'request at most 604 MiB']]);
});

test('Raspberry Pi: fragments on and off', () => {
  const { value } = withParameters(PI_CMA, ['off']);
  expect(total(withOverlay(PI, value as Fdt))).toEqual([['reserved', 32n]]);
});

test('Raspberry Pi: parameters that are not there, or take no such value', () => {
  const codes = (...parameters: string[]) =>
    withParameters(PI_CMA, parameters).diagnostics.map(({ code, fix }) => [code, fix]);
  expect(codes('cma-265')).toEqual([['raspberry-pi/unknown-parameter', 'did you mean cma-256 or cma-768?']]);
  expect(codes('cma-size=much')).toEqual([['raspberry-pi/bad-value', 'give a number of bytes, such as 268435456']]);
  expect(codes('cma-size=8G')).toHaveLength(1);
  expect(
    withParameters(overlay('fragment@0 { target-path = "/"; __overlay__ { }; };'), ['x']).diagnostics[0]?.code,
  ).toBe('raspberry-pi/no-parameters');
});

test('a two-cell size on that board is what its own kernel alone would forgive', () => {
  const wrong = overlay(
    'fragment@0 { target-path = "/reserved-memory/linux,cma"; __overlay__ { size = <0x0 0x10000000>; }; };',
  );
  const one = withOverlay(PI, wrong);
  expect(failing(one)).toEqual([['property-lengths', 'write size = <0x10000000>']]);
  expect(predict(one).rejected).toMatchObject([{ node: 'linux,cma', family: 'invalid-size' }]);
});

test("Armbian: a node of its own beside the board's default", () => {
  const big = overlay(`fragment@0 { target-path = "/reserved-memory"; __overlay__ {
    cma { compatible = "shared-dma-pool"; reusable; size = <0x38000000>; ${DEFAULT} }; }; };`);
  const one = withOverlay(PI, big);
  const lints = failing(one).map(([lint]) => lint);
  expect(lints).toContain('one-default');
  expect(lints).toContain('fits');
  expect(predict(one).areas.find(({ isDefault }) => isDefault)?.name).toBe('linux,cma');
});

test("meson: pools of a vendor's drivers are areas, not heaps, and must not meet the secure monitor", () => {
  const tree = compile(`/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
    memory@0 { device_type = "memory"; reg = <0x0 0x0 0x0 0x80000000>; };
    reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
      secmon@5000000 { reg = <0x0 0x5000000 0x0 0x300000>; no-map; };
      codec_mm_cma { compatible = "shared-dma-pool"; reusable; size = <0x0 0x13400000>; alignment = <0x0 0x400000>;
        linux,contiguous-region; };
      linux,cma { compatible = "shared-dma-pool"; reusable; size = <0x0 0x10000000>; alignment = <0x0 0x400000>; ${DEFAULT} };
    }; };`);
  const one = { ...input(tree), occupied: [] };
  expect(predict(one).heaps.map(({ name }) => name)).toEqual(['system', 'linux,cma']);
  expect(predict({ ...one, kernel: version('7.3') }).heaps.map(({ name }) => name)).toContain('codec_mm_cma');
  const over = compile(`/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
    memory@0 { device_type = "memory"; reg = <0x0 0x0 0x0 0x80000000>; };
    reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
      secmon@5000000 { reg = <0x0 0x5000000 0x0 0x300000>; no-map; };
      codec@4000000 { compatible = "shared-dma-pool"; reusable; reg = <0x0 0x4000000 0x0 0x2000000>; }; }; };`);
  expect(predict({ ...one, tree: over })).toMatchObject({ outcome: 'corrupts', dangers: [{ code: 'over-firmware' }] });
});
