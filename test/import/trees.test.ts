/** Device trees as their authors wrote them: cells, and the architecture that the processors tell. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-import-trees-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const file = (name: string, text: string) => {
  writeFileSync(path.join(work, name), `/dts-v1/;\n${text}\n`);
  return name;
};

const BOARD = (cpu: string) => `/ { #address-cells = <2>; #size-cells = <2>; compatible = "acme,board";
  cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; reg = <0>; compatible = "${cpu}"; }; };
  memory@0 { device_type = "memory"; reg = <0 0 0 0x80000000>; };
  reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; };
};`;
const pool = (cells: string, reg: string) => `/plugin/;
&{/} { reserved-memory { ${cells} ranges;
  cam@70000000 { compatible = "shared-dma-pool"; reusable; reg = <${reg}>; }; }; };`;

test('an overlay with cells of its own is told so, and its numbers are those that it means', async () => {
  file('board.dts', BOARD('arm,cortex-a53'));
  const overlay = file('cam.dtso', pool('#address-cells = <1>; #size-cells = <1>;', '0x70000000 0x8000000'));
  const { exit, stdout, stderr } = await dmaheap(['import', '--dts', 'board.dts', '--dts', overlay], work);
  expect(exit).toBe(0);
  expect(stderr).toContain(
    'cam.dtso:3:8: warning[import/no-effect]: /reserved-memory has #address-cells <1> and #size-cells <1>, but the root has <2> and <2>',
  );
  expect(stderr).not.toContain('no valid size');
  expect(stdout).toMatch(
    /"cam": \{[^}]*"size": "128M"[^}]*"base": "0x70000000"|"cam": \{[^}]*"base": "0x70000000"[^}]*"size": "128M"/,
  );
});

test('a reg in other cells than it is read in is the cause, if it is', async () => {
  file('board.dts', BOARD('arm,cortex-a53'));
  const overlay = file('cam.dtso', pool('', '0x70000000 0x8000000'));
  const { stderr } = await dmaheap(['import', '--dts', 'board.dts', '--dts', overlay], work);
  expect(stderr).toMatch(/cam@70000000 has no valid size[\s\S]*cause: reg has 2 cells/);
});

test.each([
  ['arm,cortex-a8', 'arm'],
  ['arm,cortex-a53', 'arm64'],
])('processors %s are of %s', async (cpu, arch) => {
  const { stdout, stderr } = await dmaheap(
    ['import', '--dts', file('board.dts', BOARD(cpu)), '--cmdline', 'cma=64M'],
    work,
  );
  expect(stdout).toContain(`"arch": "${arch}"`);
  expect(stderr).not.toContain('architecture');
});
