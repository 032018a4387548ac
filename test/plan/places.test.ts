/** What the planner and the lints find about a region is shown where the profile asks for it, by every command. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cellsValue, makeFdt, type NodeSpec, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-places-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const CELLS = { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2) };
const FIRMWARE: NodeSpec = {
  name: 'firmware@50000000',
  properties: { reg: cellsValue(0, 0x50000000, 0, 0x1000000), 'no-map': new Uint8Array() },
};
const tree = makeFdt({
  name: '',
  properties: { compatible: stringsValue('acme,board'), ...CELLS },
  children: [
    {
      name: 'memory@40000000',
      properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x40000000, 0, 0x40000000) },
    },
    { name: 'reserved-memory', properties: { ...CELLS, ranges: new Uint8Array() }, children: [FIRMWARE] },
  ],
});
writeFileSync(path.join(work, 'board.dtb'), writeFdt(tree));

function profile(regions: Readonly<Record<string, object>>): string {
  const first = Object.keys(regions)[0];
  const value = {
    version: 1,
    name: 'places',
    board: { arch: 'arm64' },
    kernel: { version: '6.12' },
    regions,
    heaps: { camera: { region: first, optional: true } },
  };
  writeFileSync(path.join(work, 'p.json'), JSON.stringify(value, null, 2));
  return JSON.stringify(value, null, 2);
}

const CMA = { size: '64M', default: true };
/** What is asked for, the finding, and the text that its place shows. */
const CASES: readonly (readonly [string, Readonly<Record<string, object>>, string])[] = [
  ['placement/base-taken', { 'linux,cma': CMA, npu: { size: '64M', base: '0x50000000' } }, '"base": "0x50000000"'],
  ['placement/no-room', { 'linux,cma': CMA, npu: { size: '760M' } }, '"npu": {'],
  [
    'placement/no-room',
    { 'linux,cma': CMA, npu: { size: '256M', allocRanges: [{ base: '0x4800_0000', size: '264M' }] } },
    '"allocRanges": [',
  ],
  ['placement/no-overlap', { 'linux,cma': CMA, npu: { size: '64M', base: '0x40000000' } }, '"npu": {'],
  ['placement/budget', { 'linux,cma': { size: '600M', default: true } }, '"linux,cma": {'],
  [
    'placement/fits',
    { 'linux,cma': { size: '200M', default: true, allocRanges: [{ base: '0x40000000', size: '256M' }] } },
    '"linux,cma": {',
  ],
  ['placement/dma-reach', { 'linux,cma': CMA, npu: { size: '64M', base: '0x6000_0000', addressBits: 30 } }, '"npu": {'],
];
const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['validate', ['validate', 'p.json', '--dtb', 'board.dtb']],
  ['generate', ['generate', 'p.json', '--dtb', 'board.dtb', '-o', 'out', '--force', '--diff']],
  ['place', ['place', 'p.json', '--dtb', 'board.dtb']],
];

describe.each(COMMANDS)('%s shows', (_, argv) => {
  test.each(CASES)('%s (%#) where the region stands', async (code, regions, shown) => {
    const text = profile(regions);
    const { stderr } = await dmaheap(argv, work);
    const line = text.split('\n').findIndex((one) => one.includes(shown)) + 1;
    expect(stderr).toMatch(
      new RegExp(`^p\\.json:${line}:\\d+: \\w+\\[${code}\\].*\\n +${line} \\| .*${shown.replace('[', '\\[')}`, 'm'),
    );
  });
});

test('check of a built image shows the same place', async () => {
  const text = profile({ 'linux,cma': CMA, npu: { size: '64M', base: '0x50000000' } });
  const { exit, stderr } = await dmaheap(['check', 'p.json', '--dtb', 'board.dtb'], work);
  const line = text.split('\n').findIndex((one) => one.includes('"base"')) + 1;
  expect(stderr).toMatch(new RegExp(`^p\\.json:${line}:15: error\\[placement/base-taken\\].*\\n +${line} \\|`, 'm'));
  expect(exit).toBe(1);
});

test('check names the region that the DTB of an image does not lead to', async () => {
  const text = profile({ 'linux,cma': CMA });
  writeFileSync(path.join(work, 'config'), '# CONFIG_CMA is not set\n');
  const { stderr } = await dmaheap(['check', 'p.json', '--dtb', 'board.dtb', '--config', 'config'], work);
  const line = text.split('\n').findIndex((one) => one.includes('"linux,cma": {')) + 1;
  expect(stderr).toMatch(new RegExp(`^p\\.json:${line}:\\d+: error\\[dtb/no-area\\]`, 'm'));
});
