/** What is taken for a kernel configuration, wherever one is given. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/cli/config.js';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { dmaheap } from './run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-config-'));
afterAll(() => rmSync(work, { recursive: true }));
const PROFILE = path.resolve('schemas/examples/qemu-virt-arm64.json');
const X86 =
  '#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 6.12.1 Kernel Configuration\n#\nCONFIG_CMA=y\n';

beforeAll(async () => {
  const cpu = {
    name: 'cpu@0',
    properties: { device_type: stringsValue('cpu'), compatible: stringsValue('arm,cortex-a53') },
  };
  const root = {
    name: '',
    properties: { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2) },
    children: [{ name: 'cpus', properties: {}, children: [cpu] }],
  };
  writeFileSync(path.join(work, 'board.dtb'), writeFdt(makeFdt(root)));
  writeFileSync(path.join(work, 'board.json'), '{ "version": 1 }\n');
  writeFileSync(path.join(work, 'x86.config'), X86);
  expect((await dmaheap(['generate', PROFILE, '-o', 'out'], work)).exit).toBe(0);
});

const read = (text: string | Uint8Array, arch?: 'arm64' | 'arm' | 'riscv64') => {
  writeFileSync(path.join(work, 'read.config'), text);
  return readConfig(path.join(work, 'read.config'), arch);
};

describe('read', () => {
  test.each(['', '\n\n', '# only a comment\n', 'CONFIG_A=y', '# CONFIG_A is not set\r\n', 'junk\nCONFIG_A="x"\n'])(
    '%j is one',
    (text) => expect(read(text)).toEqual({ text }),
  );
  test.each(['{}', 'hello\n', 'A=y\n', '/dts-v1/;\n'])('%j is none', (text) =>
    expect(read(text)).toMatchObject({ error: expect.stringMatching(/^it is not a kernel configuration/), exit: 3 }),
  );
  test('neither is what only holds one', () =>
    expect(read(Uint8Array.from([0, ...Buffer.from('\nCONFIG_A=y\n')]))).toHaveProperty('error'));
  test.each([
    [X86, 'it is for x86_64, not for arm64: line 3 is "# Linux/x86 6.12.1 Kernel Configuration"'],
    ['CONFIG_A=y\nCONFIG_RISCV=y\n', 'it is for riscv64, not for arm64: line 2 is "CONFIG_RISCV=y"'],
    ['CONFIG_ARM=y\n', 'it is for arm, not for arm64: line 1 is "CONFIG_ARM=y"'],
  ])('%j is for another architecture', (text, error) => expect(read(text, 'arm64')).toMatchObject({ error, exit: 2 }));
  test('of the same architecture, or of one that nobody knows, it is good', () => {
    expect(read('# Linux/arm64 6.12.1 Kernel Configuration\nCONFIG_ARM64=y\n', 'arm64')).toHaveProperty('text');
    expect(read(X86)).toHaveProperty('text');
  });
});

const COMMANDS: readonly (readonly string[])[] = [
  ['check', PROFILE, '--config'],
  ['check', 'out', '--base-config'],
  ['place', PROFILE, '--dtb', 'board.dtb', '--config'],
  ['init', '--dtb', 'board.dtb', '--config'],
];

describe.each(COMMANDS)('%s %s %s', (...argv) => {
  test.each(['board.dtb', 'board.json'])('refuses %s', async (file) => {
    const { exit, stdout, stderr } = await dmaheap([...argv, file], work);
    expect([exit, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/^dmaheap: --(base-)?config board\.\w+: it is not a kernel configuration: .*\n {2}fix: /m);
  });
  test("refuses another architecture's", async () => {
    const { exit, stderr } = await dmaheap([...argv, 'x86.config'], work);
    expect([exit, stderr]).toEqual([2, expect.stringContaining('x86.config: it is for x86_64, not for arm64')]);
  });
});
