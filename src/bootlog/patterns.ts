/** The lines that say something about memory, one rule each; a prefix (time, host, colour) is skipped. */
import type { AddressRange } from '../quantity/index.js';
import { range } from './blocks.js';
import type { Collector } from './collect.js';
import type { LoadedImage, MemoryLine, Witness } from './log.js';

interface Rule {
  readonly pattern: RegExp;
  readonly by: Witness;
  readonly take: (groups: Readonly<Record<string, string | undefined>>, into: Collector) => void;
}

const KIB = 1024n;
const MIB = 1n << 20n;
const UNITS: Readonly<Record<string, bigint>> = {
  bytes: 1n,
  b: 1n,
  k: KIB,
  kb: KIB,
  kib: KIB,
  m: MIB,
  mb: MIB,
  mib: MIB,
  g: 1n << 30n,
  gb: 1n << 30n,
  gib: 1n << 30n,
};

const hex = (text: string | undefined) => BigInt(`0x${(text ?? '0').replace(/^0x/i, '')}`);

/** `2 GiB`, `948 MiB`, `1.9 GiB`: what a boot loader prints, which rounds to a tenth. */
function quantity(text: string | undefined): bigint | undefined {
  const [, number = '', unit = ''] = /^([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)$/i.exec(text?.trim() ?? '') ?? [];
  const scale = UNITS[unit.toLowerCase()];
  if (scale === undefined || number === '') return undefined;
  const [whole = '0', tenths = ''] = number.split('.');
  return BigInt(whole) * scale + (tenths === '' ? 0n : (BigInt(tenths) * scale) / 10n ** BigInt(tenths.length));
}

function loaded(name: LoadedImage['name'], start: string | undefined, end: string | undefined, isInclusive: boolean) {
  const baseAddress = hex(start);
  const sizeBytes = hex(end) - baseAddress + (isInclusive ? 1n : 0n);
  return { name, baseAddress, sizeBytes: sizeBytes > 0n ? sizeBytes : undefined };
}

const kilobytes = (text: string | undefined) => (text === undefined ? undefined : BigInt(text) * KIB);

function memoryLine(total: string, words: string): MemoryLine {
  const figure = (what: string) => kilobytes(new RegExp(`\\b(\\d+)K ${what}`).exec(words)?.[1]);
  const parts = ['kernel code', 'rwdata', 'rodata', 'init', 'bss'].map(figure);
  return {
    totalBytes: BigInt(total) * KIB,
    reservedBytes: figure('reserved'),
    cmaBytes: figure('cma-reserved'),
    imageBytes: parts[0] === undefined ? undefined : parts.reduce<bigint>((sum, part) => sum + (part ?? 0n), 0n),
  };
}

function ramRange(into: Collector, by: Witness, found: AddressRange | undefined): void {
  if (found !== undefined) into.ram(by, found);
}

/** Sources: U-Boot's boot/image-*.c, lib/lmb.c and cmd/bdinfo.c; OpenSBI's lib/sbi/sbi_init.c; the kernel's functions named at the rule. */
export const RULES: readonly Rule[] = [
  // U-Boot
  {
    pattern: /\bDRAM:\s+(?<size>[0-9.]+ (?:[KMG]i?B|Bytes))/i,
    by: 'u-boot',
    take: ({ size }, into) => {
      const bytes = quantity(size);
      if (bytes !== undefined) into.set('ramBytes', bytes);
    },
  },
  {
    pattern: /Loading Ramdisk to (?<start>[0-9a-f]+), end (?<end>[0-9a-f]+)/i,
    by: 'u-boot',
    take: ({ start, end }, into) => into.load(loaded('initrd', start, end, false)),
  },
  {
    pattern: /(?:Loading Device Tree to|Using Device Tree in place at) (?<start>[0-9a-f]+), end (?<end>[0-9a-f]+)/i,
    by: 'u-boot',
    take: ({ start, end }, into) => into.load(loaded('dtb', start, end, true)),
  },
  {
    pattern:
      /(?:Flattened Device Tree blob at|Booting using the fdt blob at|Working FDT set to) (?<start>(?:0x)?[0-9a-f]+)/i,
    by: 'u-boot',
    take: ({ start }, into) => into.load({ name: 'dtb', baseAddress: hex(start), sizeBytes: undefined }),
  },
  {
    pattern: /Moving Image from 0x[0-9a-f]+ to (?<start>0x[0-9a-f]+), end=(?:0x)?(?<end>[0-9a-f]+)/i,
    by: 'u-boot',
    take: ({ start, end }, into) => into.load(loaded('kernel', start, end, false)),
  },
  {
    pattern: /Loading Kernel Image to (?<start>[0-9a-f]+)\b/i,
    by: 'u-boot',
    take: ({ start }, into) => into.load({ name: 'kernel', baseAddress: hex(start), sizeBytes: undefined }),
  },
  {
    pattern: /^\s*(?:DRAM bank|memstart)\s*=\s*0x[0-9a-f]+\s*$/i,
    by: 'u-boot',
    take: (_, into) => into.bank('open'),
  },
  {
    pattern: /^\s*-> (?<what>start|size)\s*=\s*0x(?<value>[0-9a-f]+)\s*$/i,
    by: 'u-boot',
    take: ({ what, value }, into) => into.bank(what === 'start' ? 'start' : 'size', hex(value)),
  },
  {
    pattern: /^\s*memory\[(?:0x)?[0-9a-f]+\]\s+\[0x(?<first>[0-9a-f]+)-0x(?<last>[0-9a-f]+)\],? 0x[0-9a-f]+ bytes/i,
    by: 'u-boot',
    take: ({ first = '', last = '' }, into) => ramRange(into, 'u-boot', range(first, last)),
  },
  {
    pattern: /^\s*append: (?<text>\S.*?)\s*$/i,
    by: 'u-boot',
    take: ({ text }, into) => into.set('commandLine', text),
  },
  // OpenSBI
  {
    pattern: /Domain\d+ Next Arg1\s*: (?<start>0x[0-9a-f]+)/i,
    by: 'opensbi',
    take: ({ start }, into) => into.load({ name: 'dtb', baseAddress: hex(start), sizeBytes: undefined }),
  },
  // EFI
  {
    pattern: /(?:EFI stub: (?!ERROR)|efi: EFI v[0-9.]+ by )/,
    by: 'efi',
    take: (_, into) => into.set('efi', true),
  },
  { pattern: /efi: UEFI not found/i, by: 'kernel', take: (_, into) => into.set('efi', false) },
  // The kernel
  {
    pattern: /Linux version (?<release>[0-9]+\.[0-9]+\S*)/,
    by: 'kernel',
    take: ({ release }, into) => into.set('release', release),
  },
  {
    pattern: /(?:OF: fdt: ?)?Machine model: (?<text>\S.*?)\s*$/,
    by: 'kernel',
    take: ({ text }, into) => into.set('model', text),
  },
  {
    pattern: /Kernel command line: ?(?<text>.*?)\s*$/,
    by: 'kernel',
    take: ({ text = '' }, into) => into.words(text),
  },
  {
    // setup_arch(), x86: before the line that every architecture has
    pattern: /(?:^|\] )Command line: (?<text>.*?)\s*$/,
    by: 'kernel',
    take: ({ text = '' }, into) => into.words(text),
  },
  {
    // e820__print_table(), x86: what the firmware states. trim_bios_range() takes the first page from it.
    pattern: /BIOS-e820: \[mem 0x(?<first>[0-9a-f]+)-0x(?<last>[0-9a-f]+)\] usable/,
    by: 'e820',
    take: ({ first = '', last = '' }, into) => ramRange(into, 'e820', range(/^0+$/.test(first) ? '1000' : first, last)),
  },
  {
    // free_area_init()
    pattern: /\bnode +(?<node>\d+): \[mem 0x(?<first>[0-9a-f]+)-0x(?<last>[0-9a-f]+)\]/,
    by: 'kernel',
    take: ({ node = '0', first = '', last = '' }, into) => {
      ramRange(into, 'kernel', range(first, last));
      into.node(node);
    },
  },
  {
    pattern:
      /(?:^|[\]:>]) *(?<name>DMA32|DMA|Normal|HighMem|Movable|Device) +(?:\[mem 0x(?<first>[0-9a-f]+)-0x(?<last>[0-9a-f]+)\]|empty\b)/,
    by: 'kernel',
    take: ({ name = '', first, last }, into) =>
      into.zone(name, first === undefined || last === undefined ? undefined : range(first, last)),
  },
  {
    // mem_init_print_info(); 4.x on arm prints it too
    pattern: /Memory: \d+K\/(?<total>\d+)K available \((?<words>[^)]*)/,
    by: 'kernel',
    take: ({ total = '0', words = '' }, into) => into.set('memory', memoryLine(total, words)),
  },
  {
    // setup_initrd(), x86
    pattern: /RAMDISK: \[mem 0x(?<start>[0-9a-f]+)-0x(?<end>[0-9a-f]+)\]/,
    by: 'kernel',
    take: ({ start, end }, into) => into.load(loaded('initrd', start, end, true)),
  },
  {
    // fdt_init_reserved_mem_node()
    pattern:
      /OF: reserved mem: 0x(?<first>[0-9a-f]+)\.\.0x(?<last>[0-9a-f]+) \(\d+ KiB\) (?<map>no)?map (?<non>non-)?reusable (?<name>\S+)/,
    by: 'kernel',
    take: ({ first = '', last = '', map, non, name }, into) => {
      const found = range(first, last);
      if (found !== undefined) into.reserve({ ...found, name, noMap: map !== undefined, reusable: non === undefined });
    },
  },
  {
    pattern:
      /Reserved memory: reserved region for node '(?<name>[^']+)': base (?:0x)?(?<base>[0-9a-f]+), size (?<size>\d+ MiB)/i,
    by: 'kernel',
    take: ({ name, base, size }, into) => {
      const sizeBytes = quantity(size);
      if (sizeBytes !== undefined && sizeBytes > 0n)
        into.reserve({ baseAddress: hex(base), sizeBytes, name, noMap: false, reusable: false });
    },
  },
  {
    pattern: /created CMA memory pool at 0x(?<base>[0-9a-f]+), size (?<size>\d+ MiB)/,
    by: 'kernel',
    take: ({ base, size }, into) =>
      into.area({ event: 'created', name: undefined, baseAddress: hex(base), sizeBytes: quantity(size) }),
  },
  {
    pattern: /initialized node (?<name>\S+), compatible id shared-dma-pool/,
    by: 'kernel',
    take: ({ name }, into) => into.nameArea(name ?? ''),
  },
  {
    pattern: /cma: Reserved (?<size>\d+ MiB) at 0x(?<base>[0-9a-f]+)/,
    by: 'kernel',
    take: ({ base, size }, into) =>
      into.area({ event: 'reserved', name: undefined, baseAddress: hex(base), sizeBytes: quantity(size) }),
  },
  {
    pattern: /cma: Failed to reserve (?<size>\d+ MiB)/,
    by: 'kernel',
    take: ({ size }, into) =>
      into.area({ event: 'failed', name: undefined, baseAddress: undefined, sizeBytes: quantity(size) }),
  },
  {
    pattern: /CMA area (?<name>\S+) could not be activated/,
    by: 'kernel',
    take: ({ name }, into) => into.area({ event: 'not-activated', name, baseAddress: undefined, sizeBytes: undefined }),
  },
  {
    pattern: /(?<text>failed to (?:allocate|reserve) memory for node '(?<node>[^']+)'.*?)\s*$/,
    by: 'kernel',
    take: ({ node = '', text = '' }, into) => into.refuse({ node, text }),
  },
  {
    pattern: /(?<text>node (?<node>\S+) compatible matching fail)/,
    by: 'kernel',
    take: ({ node = '', text = '' }, into) => into.refuse({ node, text }),
  },
  {
    pattern: /(?<text>invalid \S+ property in '(?<node>[^']+)'.*?)\s*$/,
    by: 'kernel',
    take: ({ node = '', text = '' }, into) => into.refuse({ node, text }),
  },
];

/** A word of every rule's line; most lines of a log have none, and need no closer look. */
export const WORTH_A_LOOK =
  /DRAM|ramdisk|tree|fdt blob|FDT set|Image|memstart|-> s|mem|append:|Next Arg1|EFI|Linux version|model|command line|empty|CMA|cma|node/i;

/** A new boot of the machine begins: its loader or its kernel says who it is. */
export const BOOT_STARTS =
  /(?:^|\s)(?:U-Boot (?:SPL |TPL )?20\d\d\.\d\d|OpenSBI v\d)|EFI stub: Booting Linux|Booting Linux on physical CPU|Starting kernel \.\.\.|Linux version \d/;
