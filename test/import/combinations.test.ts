/**
 * Inputs of `dmaheap import` in every combination: what it writes is a profile that `validate` takes, or it says why
 * not.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { cellsValue, makeFdt, type NodeSpec, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-combinations-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const MIB = 1 << 20;
interface Pool {
  readonly name: string;
  readonly size?: number | undefined;
  readonly reg?: number | undefined;
  readonly ranges: number;
  readonly alignment?: number | undefined;
  readonly isDefault: boolean;
}

const pool = ({ name, size = 64, reg, ranges, alignment, isDefault }: Pool): NodeSpec => ({
  name: reg === undefined ? name : `${name}@${reg.toString(16)}`,
  properties: {
    compatible: stringsValue('shared-dma-pool'),
    reusable: new Uint8Array(),
    ...(isDefault ? { 'linux,cma-default': new Uint8Array() } : {}),
    ...(reg === undefined ? { size: cellsValue(0, size * MIB) } : { reg: cellsValue(0, reg, 0, size * MIB) }),
    ...(ranges === 0
      ? {}
      : { 'alloc-ranges': cellsValue(...Array.from({ length: ranges }, () => [0, 0x40000000, 0, 0x40000000]).flat()) }),
    ...(alignment === undefined ? {} : { alignment: cellsValue(0, alignment) }),
  },
});

const board = (pools: readonly Pool[], banks: readonly (readonly [number, number])[], compatible: string) =>
  writeFdt(
    makeFdt({
      name: '',
      properties: {
        compatible: stringsValue(compatible, 'acme,soc'),
        '#address-cells': cellsValue(2),
        '#size-cells': cellsValue(2),
      },
      children: [
        ...banks.map(
          ([base, size], i): NodeSpec => ({
            name: i === 0 ? 'memory' : `memory@${i}`,
            properties: { device_type: stringsValue('memory'), reg: cellsValue(0, base, 0, size) },
          }),
        ),
        {
          name: 'reserved-memory',
          properties: {
            '#address-cells': cellsValue(2),
            '#size-cells': cellsValue(2),
            ranges: new Uint8Array(),
          },
          children: pools.map(pool),
        },
      ],
    }),
  );

/** An overlay that changes the board's linux,cma. */
const patch = (ranges: number, reg: number | undefined) => {
  const { properties } = pool({ name: 'x', size: 32, reg, ranges, isDefault: false });
  const { compatible: _, reusable: __, ...rest } = properties as Record<string, Uint8Array>;
  const overlay: NodeSpec = { name: '__overlay__', properties: rest };
  const target = { 'target-path': stringsValue('/reserved-memory/linux,cma') };
  return writeFdt(makeFdt({ name: '', children: [{ name: 'fragment@0', properties: target, children: [overlay] }] }));
};

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const pools = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(
      'linux,cma',
      'cma',
      'video',
      'reserved',
      'system',
      'default_cma_region',
      'constructor',
      'v_1',
    ),
    size: fc.constantFrom(0, 1, 4, 64, 128, 3000),
    reg: maybe(fc.constantFrom(0, 0x40000000, 0x50000000, 0x50100000, 0xc0000000)),
    ranges: fc.constantFrom(0, 0, 1, 2, 17),
    alignment: maybe(fc.constantFrom(0, 0x100000, 0x400000)),
    isDefault: fc.boolean(),
  }),
  { maxLength: 4, selector: ({ name, reg }) => `${name}@${reg}` },
);
const setups = fc.record({
  pools,
  banks: fc.subarray([
    [0x40000000, 0x40000000],
    [0x40000000, 0x10000000],
    [0x80000000, 0x20000000],
  ] as const),
  compatible: fc.constantFrom('acme,board', '-odd board', ''),
  hasTree: fc.boolean(),
  overlay: maybe(fc.record({ ranges: fc.constantFrom(0, 1, 17), reg: maybe(fc.constantFrom(0x50000000)) })),
  arch: maybe(fc.constantFrom('arm64', 'arm', 'riscv64', 'x86_64')),
  kernel: maybe(fc.constantFrom('5.10', '6.12', '7.3')),
  cmdline: maybe(
    fc.constantFrom(
      ...['cma=64M', 'cma=0', 'cma=128M@0x50000000', 'cma=128M@0xc0000000', 'cma=64M@1G-2G', 'cma=100000T', 'cma=3M'],
      'cma=64M@0xfffffffffff00000',
    ),
  ),
  config: maybe(
    fc.subarray([
      '# Linux/arm64 4.19.0 Kernel Configuration',
      '# Linux/x86 6.1.9 Kernel Configuration',
      'CONFIG_ARM=y',
      'CONFIG_ARM64_64K_PAGES=y',
      'CONFIG_DMABUF_HEAPS_CMA=y',
      'CONFIG_DMABUF_HEAPS_SYSTEM=y',
      '# CONFIG_DMABUF_HEAPS_SYSTEM is not set',
      'CONFIG_CMA_SIZE_MBYTES=99999999',
      'CONFIG_CMA_SIZE_MBYTES=96',
      'CONFIG_CMA_AREAS=many',
      'CONFIG_CMA_AREAS=20',
      'CONFIG_CMA_SYSFS=n',
    ]),
  ),
  rules: maybe(
    fc.subarray([
      'SUBSYSTEM=="dma_heap", KERNEL=="linux,cma", GROUP="video", MODE="0666", SYMLINK+="dma_heap/system"',
      'SUBSYSTEM=="dma_heap", KERNEL=="constructor", GROUP="video"',
      'SUBSYSTEM=="dma_heap", KERNEL=="secure", GROUP="0", MODE="0000"',
      'SUBSYSTEM=="dma_heap", GROUP="video"',
      `SUBSYSTEM=="dma_heap", KERNEL=="linux,cma|reserved", ${Array.from({ length: 20 }, (_, i) => `SYMLINK+="dma_heap/a${i}"`).join(', ')}`,
    ]),
  ),
  configTxt: maybe(fc.constantFrom('dtoverlay=cma,cma-256\n', 'dtoverlay=cma,cma-99999999999999999999\n')),
});

let count = 0;
const put = (name: string, data: string | Uint8Array) => {
  writeFileSync(path.join(work, name), data);
  return name;
};

type Setup = typeof setups extends fc.Arbitrary<infer T> ? T : never;

async function check(setup: Setup): Promise<void> {
  count += 1;
  const argv = ['import', '-o', `${count}.json`];
  if (setup.hasTree) argv.push('--dts', put('board.dtb', board(setup.pools, setup.banks, setup.compatible)));
  if (setup.overlay) argv.push('--dts', put('patch.dtbo', patch(setup.overlay.ranges, setup.overlay.reg)));
  if (setup.arch) argv.push('--arch', setup.arch);
  if (setup.kernel) argv.push('--kernel', setup.kernel);
  if (setup.cmdline) argv.push('--cmdline', setup.cmdline);
  if (setup.config) argv.push('--config', put('config', `${setup.config.join('\n')}\n`));
  if (setup.rules) argv.push('--rules', put('a.rules', `${setup.rules.join('\n')}\n`));
  if (setup.configTxt) argv.push('--config-txt', put('config.txt', setup.configTxt));
  const imported = await dmaheap(argv, work);
  expect(imported.stderr).not.toContain('the profile that was refused');
  expect(imported.exit, imported.stderr).toBeOneOf([0, 1, 2]);
  // Nothing to go by, or input of another architecture: said, and nothing written.
  if (imported.exit === 2 || imported.stderr.includes('import/nothing')) return;
  const validated = await dmaheap(['validate', `${count}.json`], work);
  const errors = (text: string) => text.match(/error\[.*/g) ?? [];
  expect([validated.exit, errors(validated.stderr)]).toEqual([imported.exit, errors(imported.stderr)]);
  expect(validated.stderr).not.toMatch(/error\[(?:profile|access|json|render)\//);
}

test('what import writes is taken by validate, or was said to be refused', async () => {
  await fc.assert(fc.asyncProperty(setups, check), { numRuns: 250 });
}, 120_000);

test('the base of cma= makes the alloc-ranges and the alignment of the node void, and that is said', async () => {
  put(
    'am62.dtb',
    board(
      [{ name: 'linux,cma', size: 576, ranges: 1, alignment: 0x400000, isDefault: true }],
      [[0x80000000, 0x60000000]],
      'ti,am62a7-sk',
    ),
  );
  const argv = ['import', '--dts', 'am62.dtb', '--cmdline', 'console=ttyS2 cma=128M@0xc0000000'];
  const { exit, stderr } = await dmaheap([...argv, '--arch', 'arm64', '--kernel', '6.12', '-o', 'am62.json'], work);
  expect(stderr).toContain('the alloc-ranges and alignment of linux,cma are omitted: its base is 0xc0000000');
  expect(exit).toBe(0);
  expect((await dmaheap(['validate', 'am62.json'], work)).exit).toBe(0);
});

test('a name that no profile can have is refused where it was typed', async () => {
  const { exit, stderr } = await dmaheap(['import', '--cmdline', 'cma=64M', '--name', 'My Board'], work);
  expect([exit, stderr]).toEqual([2, expect.stringContaining('--name My Board: ')]);
});
