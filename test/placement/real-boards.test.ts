/** What real boards have and QEMU's virt machine has not: machines of arm, /chosen, NUMA, layouts, logs. */
import { describe, expect, test } from 'vitest';
import { readBootLog } from '../../src/bootlog/index.js';
import { fromLog, lintPlacement } from '../../src/placement/index.js';
import { board, boot, compile, configWith, DEFAULT, heapNames, MIB, pool, reg, size, version } from './board.js';

const none = ['kernel', 'initrd', 'dtb'].map((name) => ({ name, baseAddress: 0n, sizeBytes: 0n }));
const arm = { architecture: 'arm', occupied: none } as const;
const ARM = configWith({ HIGHMEM: 'y', ARM_LPAE: 'n', SPARSEMEM: 'n', ARCH_BCM2835: 'y', SOC_DRA7XX: 'y' });
const memory = (base: number, bytes: number) =>
  `memory@0 { device_type = "memory"; reg = <0x0 0x${base.toString(16)} 0x0 0x${bytes.toString(16)}>; };`;
const compatible = (name: string) => `compatible = "acme,board", "${name}";`;
const C = pool('linux,cma', size(64 * MIB) + DEFAULT);

describe('the DMA zone of an arm machine limits the default area', () => {
  const ram = memory(0x40000000, 2048 * MIB);
  const base = (machine: string, cma: string, config = ARM) =>
    boot({ memory: `${compatible(machine)} ${ram}` }, { ...arm, config, commandLine: cma }).areas[0]?.baseAddress;

  test('bcm2711: below 1 GiB from the start of RAM', () => {
    expect(base('brcm,bcm2711', 'cma=320M')).toBe(0x5c000000n);
    expect(base('acme,other', 'cma=320M')).toBe(0xac000000n);
    expect(base('brcm,bcm2711', 'cma=320M', configWith({ HIGHMEM: 'y', ARM_LPAE: 'n' }))).toBe(0xac000000n);
    expect(base('brcm,bcm2711', 'cma=800M')).toBeUndefined();
  });

  test('others have it with LPAE only', () => {
    expect(base('ti,dra742', 'cma=320M')).toBe(0xac000000n);
    const lpae = new Map([...ARM, ['ARM_LPAE', 'y'] as const]);
    expect(base('ti,dra742', 'cma=320M', lpae)).toBe(0xabc00000n);
  });
});

describe('arm without LPAE drops the last page below 4 GiB', () => {
  const ram = memory(0x80000000, 2048 * MIB);
  test('a size is placed below it', () => {
    const placed = (config = ARM) => boot({ memory: ram, nodes: C }, { ...arm, config }).areas.at(-1)?.baseAddress;
    expect(placed()).toBe(0xfbc00000n);
    expect(placed(new Map([...ARM, ['ARCH_FORCE_MAX_ORDER', '11'] as const]))).toBe(0xfb800000n);
    expect(placed(new Map([...ARM, ['ARM_LPAE', 'y'] as const]))).toBe(0xfc000000n);
  });

  test('an area that ends there is never activated, up to 6.14', () => {
    const nodes = pool('linux,cma', reg(0xfc000000, 64 * MIB) + DEFAULT);
    const seen = boot({ memory: ram, nodes }, { ...arm, config: ARM });
    expect([seen.outcome, seen.cmaTotalBytes, seen.log.at(-1)?.family]).toEqual([
      'unknown',
      32n << 20n,
      'not-activated',
    ]);
    expect(boot({ memory: ram, nodes }, { ...arm, config: ARM, kernel: '7.3' }).outcome).toBe('unknown');
  });
});

describe('arm maps pairs of sections', () => {
  const outcome = (base: number, bytes: number, config = ARM) =>
    boot({ nodes: `fw { no-map; ${reg(base, bytes)} };` }, { ...arm, config }).outcome;

  test.each([
    [0x4a500000, 0x1000],
    [0x4b700000, 0x80000],
    [0x45300000, 0xff000],
  ])('%i + %i stops it', (base, bytes) => {
    expect(outcome(base, bytes)).toBe('hangs');
    expect(outcome(base, bytes, new Map([...ARM, ['ARM_LPAE', 'y'] as const]))).toBe('boots');
  });

  test.each([
    [0x4a400000, 0x1000],
    [0x4a500000, 0x100000],
    [0x4a480000, 0x1000],
    [0x4a501000, 0x1000],
    [0x4a500000, 0x180000],
  ])('%i + %i does not', (base, bytes) => {
    expect(outcome(base, bytes)).toBe('boots');
  });
});

describe('mem=', () => {
  const total = (commandLine: string, architecture: 'arm' | 'arm64' | 'riscv64', kernel = '6.12') =>
    boot({}, { architecture, commandLine, occupied: none, kernel, config: configWith({ CMA_SIZE_MBYTES: '48' }) });

  test('the last one limits arm64, and what follows its number is ignored', () => {
    expect(total('mem=32M@0x40000000', 'arm64').refusedDefault?.largestBytes).toBeLessThan(32n << 20n);
    expect(total('mem=64M mem=512M', 'arm64').cmaTotalBytes).toBe(48n << 20n);
  });

  test('the smallest limits riscv64, which did not know it before 5.12', () => {
    expect(total('mem=32M mem=512M', 'riscv64').cmaTotalBytes).toBe(0n);
    expect(total('mem=32M', 'riscv64', '5.10').cmaTotalBytes).toBe(48n << 20n);
  });

  test('each is a bank on arm', () => {
    expect(total('mem=32M@0x40000000 mem=64M@0x50000000', 'arm').areas[0]?.baseAddress).toBe(0x51000000n);
  });
});

describe('/chosen', () => {
  const chosen = (text: string, nodes = C, kernel = '6.12') =>
    boot({ nodes, extra: `chosen { ${text} };` }, { occupied: [], kernel });

  test('the initrd', () => {
    const over = pool('linux,cma', reg(0x50000000, 64 * MIB) + DEFAULT);
    const seen = chosen('linux,initrd-start = <0x50000000>; linux,initrd-end = <0x0 0x50100000>;', over);
    expect(seen.dangers.map(({ code }) => code)).toContain('over-initrd');
  });

  test('EFI has the memory', () => {
    const seen = chosen('linux,uefi-system-table = <0 0x5f000000>;');
    expect(seen.outcome).toBe('unknown');
    expect(seen.unknown[0]?.needs).toContain('EFI');
  });

  test('the usable range, on arm64 from the start', () => {
    const small = 'linux,usable-memory-range = <0 0x48000000 0 0x2000000>;';
    for (const kernel of ['5.10', '7.3']) expect(heapNames(chosen(small, C, kernel))).toEqual([]);
  });
});

describe('NUMA', () => {
  const two = `memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x10000000>; numa-node-id = <0>; };
memory@50000000 { device_type = "memory"; reg = <0x0 0x50000000 0x0 0x10000000>; numa-node-id = <1>; };`;
  const nodes = pool('linux,cma', reg(0x4e000000, 64 * MIB) + DEFAULT);

  test('an area across two nodes is not activated', () => {
    const seen = boot({ memory: two, nodes }, { config: configWith({ NUMA: 'y' }) });
    expect([seen.cmaTotalBytes, seen.heaps.find(({ area }) => area !== null)?.usable]).toEqual([0n, false]);
    expect(boot({ memory: two, nodes }).cmaTotalBytes).toBe(64n << 20n);
  });

  test.each([
    ['<0 0 10>, <0 1 20>, <1 1 10>', 0n],
    ['<0 0 10>, <0 1 11>, <1 1 10>, <1>', 0n],
    ['<0 0 20>, <0 1 20>, <1 1 10>', 64n << 20n],
    ['<0 0 10>, <0 1 10>, <1 1 10>', 64n << 20n],
    ['[00 00 01]', 64n << 20n],
    ['', 64n << 20n],
  ])('with the distances %s, CmaTotal is %d', (distances, total) => {
    const matrix = distances === '' ? '' : `distance-matrix = ${distances};`;
    const extra = `distance-map { compatible = "numa-distance-map-v1"; ${matrix} };`;
    expect(boot({ memory: two, nodes, extra }, { config: configWith({ NUMA: 'y' }) }).cmaTotalBytes).toBe(total);
  });

  test('numa=fake= makes it unknown, by name', () => {
    const seen = boot({ nodes }, { commandLine: 'numa=fake=4' });
    expect(seen.unknown.find(({ field }) => field === 'cmaTotalBytes')?.needs).toContain('numa=fake=4');
  });
});

test('a restricted pool has a driver only where it is built', () => {
  const nodes = `pool { compatible = "restricted-dma-pool"; no-map; ${size(4 * MIB)} };`;
  const says = (config: Record<string, string>, kernel = '6.12') =>
    boot({ nodes }, { kernel, config: configWith(config) }).log.some(({ family }) => family === 'match-failed');
  expect([says({}), says({ DMA_RESTRICTED_POOL: 'y' }), says({ DMA_RESTRICTED_POOL: 'y' }, '5.10')]).toEqual([
    false,
    true,
    false,
  ]);
});

describe('a default area that has no place', () => {
  const refused = (commandLine: string, run = {}) => boot({}, { commandLine, ...run }).refusedDefault;

  test.each([
    ['cma=2G', 'past-limit'],
    ['cma=500M', 'no-hole'],
    ['cma=64M@0x40000000-0x44000000', 'base-taken'],
    ['cma=64M@0x50100000-0x54100000', 'misaligned-base'],
  ])('%s: %s', (commandLine, why) => {
    expect(refused(commandLine)?.why).toBe(why);
  });

  test('is an error with the largest size that has a place', () => {
    const results = lintPlacement({
      tree: board({}),
      kernel: version('6.12'),
      architecture: 'arm64',
      config: configWith({ OF_RESERVED_MEM: 'y' }),
      commandLine: 'cma=500M',
      occupied: [{ name: 'kernel', baseAddress: 0x48000000n, sizeBytes: 0x1000000n }, ...none.slice(1)],
    });
    const [finding] = results.find(({ lint }) => lint === 'fits')?.diagnostics ?? [];
    expect([finding?.severity, finding?.fix]).toEqual(['error', 'request at most 364 MiB']);
  });
});

describe('a lint that had nothing to judge by does not pass', () => {
  const status = (input: Partial<Parameters<typeof lintPlacement>[0]>) =>
    Object.fromEntries(
      lintPlacement({ tree: board({ nodes: C }), kernel: version('6.12'), architecture: 'arm64', ...input }).map(
        ({ lint, status: is }) => [lint, is],
      ),
    );

  test('without a configuration, a command line, RAM', () => {
    const bare = status({ tree: board({ nodes: C, memory: '' }) });
    expect([bare['kernel-config'], bare['command-line'], bare['one-zone'], bare['dma-reach'], bare.budget]).toEqual(
      Array(5).fill('not-run'),
    );
  });

  test('nothing of the kind', () => {
    const empty = status({ tree: board({}), commandLine: 'quiet' });
    expect([empty['base-aligned'], empty['command-line'], empty['pool-flags']]).toEqual(
      Array(3).fill('not-applicable'),
    );
  });
});

describe('layouts of boot loaders', () => {
  test('what they disagree on is unknown, with the outcome of each', () => {
    const nodes = pool('linux,cma', `${size(400 * MIB)} alloc-ranges = <0 0x40000000 0 0x20000000>; ${DEFAULT}`);
    const seen = boot({ nodes }, { occupied: [] });
    expect(seen.cmaTotalBytes).toBeNull();
    expect(new Set(seen.layouts.map(({ areas }) => areas[0]?.name))).toEqual(new Set(['reserved', 'linux,cma']));
    expect(seen.unknown.find(({ field }) => field === 'areas')?.needs).toContain('--boot-log');
  });

  test('QEMU has the device tree of riscv64 below 3 GiB', () => {
    const memory = 'memory@80000000 { device_type = "memory"; reg = <0x0 0x80000000 0x1 0x0>; };';
    const seen = boot({ memory }, { architecture: 'riscv64', occupied: [], commandLine: 'cma=1500M' });
    expect(seen.cmaTotalBytes).toBeNull();
    const refused = seen.layouts.filter(({ areas }) => areas.length === 0).map(({ layout }) => layout);
    expect(refused).toEqual(['QEMU, with the device tree at the top of the RAM below 3 GiB']);
  });

  test('what fills its window is refused by anything in it', () => {
    const nodes = pool('linux,cma', `${size(64 * MIB)} alloc-ranges = <0 0x4c000000 0 0x4000000>; ${DEFAULT}`);
    expect(boot({ nodes }, { occupied: [] }).areas).toHaveLength(1);
    expect(boot({ nodes }, { occupied: [] }).cmaTotalBytes).toBeNull();
    expect(boot({ nodes }).cmaTotalBytes).toBe(64n << 20n);
  });
});

test('every answer to what nobody knows is bad: the outcome is open, the verdict is not', () => {
  const nodes = pool('linux,cma', reg(0x90000000, 64 * MIB) + DEFAULT);
  const seen = boot({ nodes }, { architecture: 'riscv64', occupied: none });
  expect([seen.outcome, seen.possibleOutcomes.includes('boots')]).toEqual(['unknown', false]);
});

describe('a boot log', () => {
  const tree = compile(`/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x40000000>; };
reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; }; };`);
  const LOG = `   Loading Ramdisk to 5e800000, end 5f123456 ... OK
   Loading Device Tree to 000000005e7e0000, end 000000005e7effff ... OK
[    0.000000] Linux version 6.12.20 (x)
[    0.000000] OF: reserved mem: 0x0000000040000000..0x000000004003ffff (256 KiB) nomap non-reusable mmode_resv1@40000000
[    0.000000]   node   0: [mem 0x0000000040000000-0x000000005fffffff]
[    0.000000] Kernel command line: quiet`;
  const read = (text: string, kernels = ['6.12']) =>
    fromLog([readBootLog(text)], { file: 'boot.log', input: { tree }, kernels: kernels.map(version) });

  test('takes the place of assumptions', () => {
    const found = read(LOG);
    expect(found.memory).toEqual([{ baseAddress: 0x40000000n, sizeBytes: 512n << 20n }]);
    expect(found.occupied?.map(({ name }) => name)).toEqual(['initrd', 'dtb', 'mmode_resv1@40000000']);
    expect([found.commandLine, found.kernel]).toEqual(['quiet', { major: 6, minor: 12, patch: 20 }]);
  });

  test('contradicts the tree, the kernel, or says nothing', () => {
    expect(read(LOG).diagnostics.map(({ code }) => code)).toEqual(['boot-log/differs']);
    expect(read(LOG, ['5.10']).diagnostics).toHaveLength(2);
    expect(read('hello').diagnostics.map(({ code }) => code)).toEqual(['boot-log/empty']);
    const masked = '00000000-00000000 : System RAM\n00000000-00000000 : Kernel code\n';
    expect(read(masked).diagnostics.map(({ code }) => code)).toContain('boot-log/masked');
  });
});
