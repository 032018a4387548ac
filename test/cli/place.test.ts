/** `dmaheap place` from the command line: what is typed, printed and returned. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dmaheap } from './run.js';

const work = mkdtempSync(path.join(os.tmpdir(), 'dmaheap-place-'));
afterAll(() => rmSync(work, { recursive: true }));

function compile(name: string, dts: string): string {
  const blob = execFileSync('dtc', ['-q', '-@', '-I', 'dts', '-O', 'dtb', '-'], { input: dts });
  writeFileSync(path.join(work, name), blob);
  return name;
}

const BASE = compile(
  'base.dtb',
  `/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
  memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x20000000>; };
  reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
    cma: linux,cma { compatible = "shared-dma-pool"; size = <0x0 0x4000000>; reusable; linux,cma-default; }; }; };`,
);
const PARAMETERS = compile(
  'linux,cma.dtbo',
  `/dts-v1/; /plugin/; / { fragment@0 { target = <&cma>; frag0: __overlay__ { size = <0x0 0x4000000>; }; };
  __overrides__ { cma-size = <&frag0>, "size:4"; }; };`,
);
writeFileSync(
  path.join(work, 'config'),
  'CONFIG_CMA=y\nCONFIG_DMA_CMA=y\nCONFIG_CMA_AREAS=8\nCONFIG_CMA_SIZE_MBYTES=32\nCONFIG_CMA_SIZE_SEL_MBYTES=y\nCONFIG_OF_RESERVED_MEM=y\nCONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_CMA=y\n',
);

const place = (...more: string[]) =>
  dmaheap(
    [
      '--format',
      'json',
      'place',
      '--dtb',
      BASE,
      '--arch',
      'aarch64',
      '--kernel',
      '6.12',
      '--config',
      'config',
      ...more,
    ],
    work,
  );

test('a board as it is', async () => {
  const { exit, stdout } = await place();
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    schemaVersion: 1,
    kernel: '6.12',
    outcome: 'boots',
    heaps: [{ name: 'linux,cma', area: 'linux,cma', usable: true }],
    cmaTotalBytes: 67108864,
    rejected: [],
  });
});

test('a parameter of the overlay, whose file name has a comma itself', async () => {
  const good = await place('--overlay', `${PARAMETERS},cma-size=0x8000000`);
  expect(JSON.parse(good.stdout)).toMatchObject({ cmaTotalBytes: 134217728 });
  const plain = await place('--overlay', PARAMETERS);
  expect(JSON.parse(plain.stdout)).toMatchObject({ cmaTotalBytes: 67108864 });
});

test('a size that the kernel refuses is a finding, with the next one that it takes', async () => {
  const { exit, stdout } = await place('--overlay', `${PARAMETERS},cma-size=100000000`);
  expect(exit).toBe(1);
  const seen = JSON.parse(stdout);
  expect(seen.rejected).toMatchObject([{ node: 'linux,cma', family: 'misaligned', failure: 'freed' }]);
  expect(seen.lints.find((one: { lint: string }) => one.lint === 'size-multiple').diagnostics[0].fix).toBe(
    'write size = <0x0 0x6000000> (96 MiB)',
  );
});

test('the processors of the DTB are the architecture, and what is missing is named once', async () => {
  const cpu = (compatible: string) =>
    compile(
      'cpu.dtb',
      `/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
      cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; compatible = "${compatible}"; reg = <0>; }; };
      memory@80000000 { device_type = "memory"; reg = <0x0 0x80000000 0x0 0x20000000>; }; };`,
    );
  const run = (...argv: string[]) => dmaheap(['place', ...argv, '--kernel', '6.12'], work);
  const wide = await run('--dtb', cpu('arm,cortex-a55'));
  expect([wide.exit, wide.stderr]).toEqual([0, expect.stringContaining('for a 32-bit kernel, give --arch arm')]);
  const stated = await run('--dtb', 'cpu.dtb', '--arch', 'arm');
  expect([stated.exit, stated.stderr]).toEqual([0, expect.not.stringContaining('--arch')]);
  const narrow = await run('--dtb', cpu('arm,cortex-a7'));
  expect([narrow.exit, narrow.stderr]).toEqual([0, expect.not.stringContaining('--arch')]);
  expect(await run('--dtb', BASE)).toMatchObject({ exit: 2, stderr: expect.stringContaining('--arch arm64, arm') });
  for (const more of [[], ['--arch', 'arm64']])
    expect(await run(...more)).toMatchObject({ exit: 2, stderr: expect.stringMatching(/profile, or .*--dtb/) });
  expect((await run('--arch', 'x86_64', '--memory', '0x0+1G')).exit).toBe(0);
});

test('a DTB that was cut off gets one verdict', async () => {
  writeFileSync(path.join(work, 'cut.dtb'), readFileSync(path.join(work, BASE)).subarray(0, 100));
  const { exit, stderr } = await dmaheap(['place', '--dtb', 'cut.dtb', '--arch', 'arm64', '--kernel', '6.12'], work);
  expect([exit, stderr]).toEqual([1, expect.stringMatching(/^cut\.dtb:1:1: error\[fdt\/truncated\]: .*\n1 error\n$/s)]);
});

test('RAM that --memory states is known, and where there is no device tree it states nothing', async () => {
  const profile = {
    version: 1,
    name: 'pc',
    board: { arch: 'x86_64' },
    kernel: { version: '6.12' },
    regions: { 'linux,cma': { default: true, size: '64M', delivery: 'kconfig' } },
    heaps: { camera: { region: 'linux,cma' } },
    access: { camera: { group: 'video' } },
  };
  writeFileSync(path.join(work, 'pc.json'), JSON.stringify(profile));
  const known = await dmaheap(['place', 'pc.json', '--memory', '0x100000+2G'], work);
  expect([known.exit, known.stderr]).toEqual([0, '']);
  const unknown = await dmaheap(['place', 'pc.json'], work);
  expect(unknown.stderr).toContain('cause: board.memory does not state it, so');
  expect(unknown.stdout).toContain('needs the RAM banks (--memory BASE+SIZE');
  expect(unknown.stdout + unknown.stderr).not.toMatch(/device tree states|nor a DTB/);
});

test('what is typed wrongly', async () => {
  expect((await place('--overlay', `${PARAMETERS},cma-sise=1`)).exit).toBe(1);
  expect((await place('--overlay', 'nothing.dtbo')).exit).toBe(3);
  expect((await place('--memory', 'much')).exit).toBe(2);
  expect((await place('--kernel', '5.4')).exit).toBe(2);
});

test.each([
  ['--occupied', 'kernel=0x200000'],
  ['--occupied', 'kernel=4020a000+24M'],
  ['--occupied', 'kernel=0x40200000+24'],
  ['--memory', '4000f000'],
  ['--memory', '0x40000000+512'],
])('what the fix of %s %s says is accepted', async (option, value) => {
  const { exit, stderr } = await place(option, value);
  const fix = /fix: write it as ([^\s,]+)/.exec(stderr)?.[1] ?? '';
  expect(exit).toBe(2);
  expect((await place(option, fix)).stderr).not.toContain(`dmaheap: ${option}`);
});

test('a region that fits nowhere on the board is told once, with one size', async () => {
  const board = { arch: 'arm64', cells: { address: 2, size: 2 }, memory: [{ base: '0x40000000', size: '512M' }] };
  const regions = { 'linux,cma': { default: true, size: '64M' }, npu: { size: '504M' } };
  const heaps = { camera: { region: 'linux,cma' }, npu: { region: 'npu' } };
  const profile = { version: 1, name: 'full', board, kernel: { version: '6.12' }, regions, heaps };
  writeFileSync(path.join(work, 'full.json'), JSON.stringify(profile));
  const { exit, stderr } = await dmaheap(['validate', 'full.json', '--dtb', BASE], work);
  expect([exit, stderr.match(/fix: request at most .*/g)]).toEqual([1, ['fix: request at most 8 MiB']]);
});

test.each([
  ['arm', '64K', '4K'],
  ['arm', '16K', '4K'],
  ['riscv64', '64K', '4K'],
  ['x86_64', '16K', '4K'],
  ['arm64', '8K', '4K, 16K, 64K'],
])('a page size that %s kernels do not have, %s, is refused', async (arch, pageSize, sizes) => {
  const { exit, stderr } = await dmaheap(
    ['place', '--dtb', BASE, '--arch', arch, '--kernel', '6.12', '--page-size', pageSize],
    work,
  );
  expect([exit, stderr]).toEqual([2, expect.stringContaining(`--page-size ${pageSize}: `)]);
  expect(stderr).toContain(`fix: use ${sizes}\n`);
});

test.each([
  ['arm', '4K'],
  ['riscv64', '4096'],
  ['x86_64', '4K'],
  ['arm64', '16K'],
  ['arm64', '64K'],
])('a page size that %s kernels have, %s, is taken', async (arch, pageSize) => {
  const { exit, stderr } = await dmaheap(
    ['place', '--dtb', BASE, '--arch', arch, '--kernel', '6.12', '--page-size', pageSize],
    work,
  );
  expect([exit, stderr]).toEqual([expect.toBeOneOf([0, 1]), expect.not.stringContaining('--page-size')]);
});

test('pages that only another architecture has are refused for a profile as well', async () => {
  const profile = path.resolve('schemas/examples/qemu-virt-riscv64.json');
  const { exit, stderr } = await dmaheap(['place', profile, '--dtb', BASE, '--page-size', '64K'], work);
  expect([exit, stderr]).toEqual([2, expect.stringContaining('riscv64 kernels have pages of 4K, not 64K')]);
});

test('a fragment that asks for such pages is of another architecture', async () => {
  writeFileSync(path.join(work, 'pages'), 'CONFIG_CMA=y\nCONFIG_ARM64_64K_PAGES=y\n');
  const { exit, stderr } = await dmaheap(
    ['place', '--dtb', BASE, '--arch', 'arm', '--kernel', '6.12', '--config', 'pages'],
    work,
  );
  expect([exit, stderr]).toEqual([
    2,
    expect.stringContaining('it is for arm64, not for arm: line 2 is "CONFIG_ARM64_64K_PAGES=y"'),
  ]);
});

test('a verdict closes the answer, and --strict makes what is unknown or was not run fail', async () => {
  const profile = path.resolve('schemas/examples/qemu-virt-arm64.json');
  const loose = await dmaheap(['place', profile]);
  expect([loose.exit, loose.stdout.trimEnd().split('\n').at(-1)]).toEqual([
    0,
    expect.stringMatching(/^UNKNOWN: \d+ pass, \d+ unknown, \d+ not run \(--cmdline, --config not given\)$/),
  ]);
  const strict = await dmaheap(['place', profile, '--strict']);
  expect([strict.exit, strict.stdout]).toEqual([
    1,
    loose.stdout.replace('\nUNKNOWN: ', '\nFAIL: ').replace(/ given\)\n$/, ' given; failed by\n      --strict)\n'),
  ]);
});
