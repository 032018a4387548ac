import { describe, expect, test } from 'vitest';
import { readBootLog } from '../../src/bootlog/index.js';

const MIB = 1n << 20n;
const images = (text: string) =>
  Object.fromEntries(readBootLog(text).loaded.map(({ value: { name, ...range } }) => [name, range]));
const ram = (text: string, name?: string) => readBootLog(text, name).ram.map(({ value }) => value);

/** A board with 1 GiB at 0x40000000, its serial console from the loader on. */
const SERIAL = `
U-Boot 2024.01-test (Jan 01 2024)
DRAM:  1 GiB
## Flattened Device Tree blob at 4fa00000
   Booting using the fdt blob at 0x4fa00000
Working FDT set to 4fa00000
   Loading Ramdisk to 7c1f0000, end 7cfff123 ... OK
   Loading Device Tree to 000000007c1e0000, end 000000007c1ef7a3 ... OK
Moving Image from 0x40480000 to 0x40600000, end=0x42de0000
Starting kernel ...
[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd034]
[    0.000000] Linux version 6.12.20-board (build@host) (gcc 13) #1 SMP PREEMPT
[    0.000000] Machine model: Example Board
[    0.000000] efi: UEFI not found.
[    0.000000] OF: reserved mem: 0x0000000043000000..0x0000000043ffffff (16384 KiB) nomap non-reusable tee@43000000
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000068000000, size 256 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
[    0.000000] OF: reserved mem: 0x0000000068000000..0x0000000077ffffff (262144 KiB) map reusable linux,cma
[    0.000000] Zone ranges:
[    0.000000]   DMA      [mem 0x0000000040000000-0x000000007fffffff]
[    0.000000]   DMA32    empty
[    0.000000]   Normal   empty
[    0.000000] Early memory node ranges
[    0.000000]   node   0: [mem 0x0000000040000000-0x0000000042ffffff]
[    0.000000]   node   0: [mem 0x0000000043000000-0x0000000043ffffff]
[    0.000000]   node   0: [mem 0x0000000044000000-0x000000007fffffff]
[    0.000000] Initmem setup node 0 [mem 0x0000000040000000-0x000000007fffffff]
[    0.000000] Kernel command line: console=ttyS0 root=/dev/mmcblk0p2
[    0.000000] Memory: 700000K/1048576K available (16384K kernel code, 2048K rwdata, 8192K rodata, 4096K init, 512K bss, 86432K reserved, 262144K cma-reserved)
`;

test('a serial log from the boot loader on', () => {
  const log = readBootLog(SERIAL);
  expect(log.release?.value).toBe('6.12.20-board');
  expect(log.model?.value).toBe('Example Board');
  expect(log.commandLine).toEqual({ value: 'console=ttyS0 root=/dev/mmcblk0p2', line: 28, by: 'kernel' });
  expect(log.efi?.value).toBe(false);
  expect(log.ramBytes?.value).toBe(1024n * MIB);
  expect(images(SERIAL)).toEqual({
    initrd: { baseAddress: 0x7c1f_0000n, sizeBytes: 0xe0_f123n },
    dtb: { baseAddress: 0x7c1e_0000n, sizeBytes: 0xf7a4n },
    kernel: { baseAddress: 0x4060_0000n, sizeBytes: 0x27e_0000n },
  });
  expect(log.ram.map(({ value }) => value.sizeBytes)).toEqual([48n * MIB, 16n * MIB, 960n * MIB]);
  expect(log.reserved.map(({ value }) => [value.name, value.noMap, value.reusable])).toEqual([
    ['tee@43000000', true, false],
    ['linux,cma', false, true],
  ]);
  expect(log.areas.map(({ value }) => value)).toEqual([
    { event: 'created', name: 'linux,cma', baseAddress: 0x6800_0000n, sizeBytes: 256n * MIB },
  ]);
  expect(log.zones.map(({ value }) => value.name)).toEqual(['DMA', 'DMA32', 'Normal']);
  expect(log.memory?.value).toMatchObject({ totalBytes: 1024n * MIB, imageBytes: 31232n * 1024n });
  expect([log.numaNodes, log.boots, log.isMasked]).toEqual([1, 1, false]);
});

describe('prefixes do not matter', () => {
  test.each([
    ['no times', ''],
    ['a journal', 'Nov 29 14:06:14 board kernel: '],
    ['syslog levels', '<6>[    0.000000] '],
    ['the caller', '[    0.000000][    T0] '],
    ['a terminal that stamps', '[2024-05-01 10:11:12.123] [    0.000000] '],
    ['a quotation', '> [    0.000000] '],
    ['colours', '\u001b[32m[    0.000000] \u001b[0m\u001b[33m'],
  ])('%s', (_, prefix) => {
    const text = [
      'Linux version 6.1.0-test',
      '  Normal   [mem 0x0000000080000000-0x00000000bfffffff]',
      '  node   0: [mem 0x0000000080000000-0x00000000bfffffff]',
      'cma: Failed to reserve 512 MiB',
      'Kernel command line: quiet cma=512M',
    ]
      .map((line) => prefix + line)
      .join('\r\n');
    const log = readBootLog(text);
    expect(log.ram.map(({ value }) => value)).toEqual([{ baseAddress: 0x8000_0000n, sizeBytes: 1024n * MIB }]);
    expect(log.zones.map(({ value }) => value.name)).toEqual(['Normal']);
    expect(log.areas.map(({ value }) => value.event)).toEqual(['failed']);
    expect(log.commandLine?.value).toBe('quiet cma=512M');
  });
});

describe('of several boots', () => {
  const boot = (release: string, cmdline: string) =>
    `Booting Linux on physical CPU 0x0\nLinux version ${release}\nKernel command line: ${cmdline}\n`;

  test('the last counts', () => {
    const log = readBootLog(boot('6.1.1', 'a') + boot('6.12.2', 'b'));
    expect([log.boots, log.release?.value, log.commandLine?.value]).toEqual([2, '6.12.2', 'b']);
  });

  test('a loader that begins again, without a kernel, does not', () => {
    const log = readBootLog(`${boot('6.1.1', 'a')}\nU-Boot 2023.10 (x)\nDRAM:  2 GiB\n`);
    expect([log.release?.value, log.ramBytes]).toEqual(['6.1.1', undefined]);
  });

  test('/proc/version behind a log is no boot', () => {
    const log = readBootLog(`${boot('6.1.1', 'a')}Linux version 6.1.1 (gcc)\n`);
    expect(log.commandLine?.value).toBe('a');
  });
});

describe('the boot loader', () => {
  test('a tree that stays where it was loaded', () => {
    const text = `   Booting using the fdt blob at 0x83000000
   Using Device Tree in place at 0000000083000000, end 000000008300f0ff`;
    expect(images(text)).toEqual({ dtb: { baseAddress: 0x8300_0000n, sizeBytes: 0xf100n } });
  });

  test('a start without an end', () => {
    expect(images('## Flattened Device Tree blob at 18000000')).toEqual({
      dtb: { baseAddress: 0x1800_0000n, sizeBytes: undefined },
    });
  });

  test('banks of bdinfo and of lmb', () => {
    expect(
      ram(`DRAM bank   = 0x0000000000000000
-> start    = 0x0000000080000000
-> size     = 0x0000000020000000
DRAM bank   = 0x0000000000000001
-> start    = 0x0000000000000000
-> size     = 0x0000000000000000`),
    ).toEqual([{ baseAddress: 0x8000_0000n, sizeBytes: 512n * MIB }]);
    expect(ram(' memory[0]\t[0x80000000-0x9fffffff], 0x20000000 bytes flags: 0')).toEqual([
      { baseAddress: 0x8000_0000n, sizeBytes: 512n * MIB },
    ]);
  });

  test('sizes that are rounded', () => {
    expect(readBootLog('DRAM:  948 MiB').ramBytes?.value).toBe(948n * MIB);
    expect(readBootLog('DRAM:  1.5 GiB').ramBytes?.value).toBe(1536n * MIB);
    expect(readBootLog('DRAM:  2 GiB (effective 3.9 GiB)').ramBytes?.value).toBe(2048n * MIB);
  });

  test('OpenSBI says where the tree goes, EFI that it is there', () => {
    const log = readBootLog(
      'Domain0 Next Arg1         : 0x0000000087e00000\nEFI stub: Using DTB from configuration table',
    );
    expect(log.loaded[0]?.value).toMatchObject({ name: 'dtb', baseAddress: 0x87e0_0000n });
    expect(log.efi?.value).toBe(true);
  });
});

describe('a PC', () => {
  /** Of Debian's kernel in QEMU; its /proc/iomem: 00001000-0009fbff and 00100000-7ffdbfff are System RAM. */
  const HEAD = `[    0.000000] Linux version 6.12.118+deb13-amd64 (debian-kernel@lists.debian.org)
[    0.000000] Command line: console=ttyS0 cma=64M
[    0.000000] BIOS-provided physical RAM map:
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] reserved
[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000007ffdbfff] usable
[    0.000000] BIOS-e820: [mem 0x000000007ffdc000-0x000000007fffffff] reserved
`;
  const NODE = `[    0.017364]   node   0: [mem 0x0000000000001000-0x000000000009efff]
[    0.017364]   node   0: [mem 0x0000000000100000-0x000000007ffdbfff]
`;

  test('the first lines are enough', () => {
    const log = readBootLog(HEAD);
    expect(log.ram.map(({ value, by }) => [value.baseAddress, value.sizeBytes, by])).toEqual([
      [0x1000n, 0x9_ec00n, 'e820'],
      [0x10_0000n, 0x7fed_c000n, 'e820'],
    ]);
    expect(log.commandLine?.value).toBe('console=ttyS0 cma=64M');
  });

  test('what the kernel made of them counts first', () => {
    expect(readBootLog(HEAD + NODE).ram.map(({ value, by }) => [value.sizeBytes, by])).toEqual([
      [0x9_e000n, 'kernel'],
      [0x7fed_c000n, 'kernel'],
    ]);
  });
});

describe('files of the running board', () => {
  const IOMEM = `10000000-10000fff : serial
40000000-42ffffff : System RAM
  40210000-4114ffff : Kernel code
  41150000-415affff : reserved
  415b0000-41a3ffff : Kernel data
43000000-43ffffff : reserved
44000000-7fffffff : System RAM
  68000000-77ffffff : reserved
`;

  test('/proc/iomem', () => {
    const log = readBootLog(IOMEM);
    expect(log.ram.map(({ value }) => value.baseAddress)).toEqual([0x4000_0000n, 0x4400_0000n, 0x4300_0000n]);
    expect(log.loaded[0]?.value).toEqual({ name: 'kernel', baseAddress: 0x4021_0000n, sizeBytes: 0x183_0000n });
    expect(log.reserved.filter(({ value }) => value.noMap).map(({ value }) => value.baseAddress)).toEqual([
      0x4300_0000n,
    ]);
  });

  test('/proc/iomem of somebody who may not see it', () => {
    const log = readBootLog('00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n');
    expect([log.isMasked, log.ram.length, log.loaded.length]).toEqual([true, 0, 0]);
  });

  test('memblock, by prompt and by name of the file', () => {
    const memory = '   0: 0x0000000040000000..0x000000005fffffff    0 NONE\n';
    const reserved = '   0: 0x0000000040210000..0x0000000041a3ffff\n';
    const both = `# cat /sys/kernel/debug/memblock/memory\n${memory}# cat /sys/kernel/debug/memblock/reserved\n${reserved}`;
    const log = readBootLog(both);
    expect(log.ram.map(({ value }) => value)).toEqual([{ baseAddress: 0x4000_0000n, sizeBytes: 512n * MIB }]);
    expect(log.reserved).toHaveLength(1);
    expect(ram(memory, 'board/memory')).toHaveLength(1);
    expect(ram(memory, 'dump.txt')).toHaveLength(0);
  });
});

test('what is not a log gives nothing, however long its lines are', () => {
  const empty = readBootLog('');
  expect([empty.ram, empty.loaded, empty.boots]).toEqual([[], [], 1]);
  const long = `${'node 0: [mem 0x'.repeat(5000)}\n`.repeat(300);
  // What grew with the square of the length would meet the test's time limit.
  expect(readBootLog(long).ram).toEqual([]);
});

test('a command line in pieces', () => {
  const log = readBootLog('Kernel command line: root=/dev/a \\\nKernel command line: cma=64M quiet\n');
  expect(log.commandLine?.value).toBe('root=/dev/a cma=64M quiet');
});
