/** The overlay and the snippet, judged by dtc and fdtoverlay. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { render } from '../../src/render/index.js';
import { samplePlan } from './sample-plan.js';

const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-overlay-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Compiles; a warning fails the test. */
function compile(name: string, source: string, ...flags: string[]): string {
  const blob = path.join(directory, `${name}.dtb`);
  writeFileSync(path.join(directory, `${name}.dts`), source);
  const run = execaSync('dtc', [...flags, '-I', 'dts', '-O', 'dtb', '-o', blob, path.join(directory, `${name}.dts`)]);
  expect(run.stderr).toBe('');
  return blob;
}

const get = (blob: string, node: string, property: string) =>
  execaSync('fdtget', ['-t', 'x', blob, node, property]).stdout;
const has = (blob: string, node: string) => execaSync('fdtget', ['-p', blob, node]).stdout.split('\n');

function artifact(name: string, plan = samplePlan()): string {
  const { value } = render(plan, { version: '0.0.0', targets: ['dt-overlay'] });
  return value?.find((a) => a.path === `dt-overlay/${name}`)?.text ?? '';
}

const root = (address: number, size: number, more = '') =>
  `/dts-v1/;\n/ { model = "x"; compatible = "x"; #address-cells = <${address}>; #size-cells = <${size}>;\n${more}\n};\n`;

const plan = (address: 1 | 2, size: 1 | 2) => {
  const base = samplePlan();
  // A base beyond 4 GiB has no spelling with one address cell.
  const areas = base.areas.map((a) =>
    a.baseAddress === undefined ? a : { ...a, nodeName: 'video@60000000', baseAddress: 0x6000_0000n },
  );
  return samplePlan({ areas, board: { ...base.board, cells: { address, size, assumed: false } } });
};

test.each([
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 2],
] as const)('root cells %i/%i: compiles without a warning, applies, and the root stays as it was', (address, size) => {
  const base = compile(`base${address}${size}`, root(address, size));
  const overlay = compile(`overlay${address}${size}`, artifact('dmaheap.dtso', plan(address, size)));
  const merged = path.join(directory, `merged${address}${size}.dtb`);
  execaSync('fdtoverlay', ['-i', base, '-o', merged, overlay]);
  expect(execaSync('dtc', ['-I', 'dtb', '-O', 'dts', merged]).stderr).toBe('');
  expect([get(merged, '/', '#address-cells'), get(merged, '/', '#size-cells')]).toEqual([`${address}`, `${size}`]);
  const node = '/reserved-memory';
  expect([get(merged, node, '#address-cells'), get(merged, node, '#size-cells')]).toEqual([`${address}`, `${size}`]);
  expect(has(merged, node)).toContain('ranges');
  const zero = (count: number) => (count === 2 ? '0 ' : '');
  expect(get(merged, `${node}/linux,cma`, 'size')).toBe(`${zero(size)}10000000`);
  expect(get(merged, `${node}/linux,cma`, 'alignment')).toBe(`${zero(address)}400000`);
  expect(get(merged, `${node}/linux,cma`, 'alloc-ranges')).toBe(`${zero(address)}40000000 ${zero(size)}40000000`);
  expect(get(merged, `${node}/video@60000000`, 'reg')).toBe(`${zero(address)}60000000 ${zero(size)}10000000`);
  expect(has(merged, `${node}/linux,cma`)).toEqual(expect.arrayContaining(['reusable', 'linux,cma-default']));
});

const EXISTING = `reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
  firmware@50000000 { reg = <0x0 0x50000000 0x0 0x100000>; no-map; };
  linux,cma { compatible = "shared-dma-pool"; reusable; size = <0x0 0x4000000>; linux,cma-default; };
};`;

test('a default node that is there already is changed, not doubled, and firmware keeps its memory', () => {
  const base = compile('existing', root(2, 2, EXISTING));
  const merged = path.join(directory, 'changed.dtb');
  execaSync('fdtoverlay', ['-i', base, '-o', merged, compile('change', artifact('dmaheap.dtso'))]);
  const nodes = execaSync('fdtget', ['-l', merged, '/reserved-memory']).stdout.split('\n').sort();
  expect(nodes).toEqual(['firmware@50000000', 'linux,cma', 'video@1a0000000']);
  expect(get(merged, '/reserved-memory/linux,cma', 'size')).toBe('0 10000000');
  expect(get(merged, '/reserved-memory/firmware@50000000', 'reg')).toBe('0 50000000 0 100000');
});

test('the snippet says the same as the overlay, and takes back what an older node said about its place', () => {
  const older = EXISTING.replace('size = <0x0 0x4000000>;', 'reg = <0x0 0x60000000 0x0 0x4000000>; no-map;');
  const merged = compile('snippet', `${root(2, 2, older)}\n${artifact('dmaheap.dtsi')}`, '-Wno-unit_address_vs_reg');
  expect(has(merged, '/reserved-memory/linux,cma').sort()).toEqual(
    ['alignment', 'alloc-ranges', 'compatible', 'linux,cma-default', 'reusable', 'size'].sort(),
  );
  expect(get(merged, '/reserved-memory/video@1a0000000', 'reg')).toBe('1 a0000000 0 10000000');
});

test('the overlay needs no symbols of the base', () => {
  expect(artifact('dmaheap.dtso')).not.toMatch(/&\w|__fixups__/);
});
