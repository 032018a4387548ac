/**
 * Lines of the kernel about reserved memory, CMA, zones and denied access. Sources: drivers/of/of_reserved_mem.c,
 * drivers/of/fdt.c, kernel/dma/contiguous.c, mm/cma.c, mm/page_alloc.c, mm/memblock.c, media's videobuf2-dma-contig.c.
 */
import { parseKernelVersion } from '../../facts/index.js';
import { clue, type Reader, type Row, tableReader } from '../clues.js';

const hex = (text: string | undefined) => BigInt(`0x${(text ?? '0').replace(/^0x/i, '')}`);
const NODE = String.raw`['"]?([\w,.@+-]+?)['"]?`;

const ROWS: readonly Row[] = [
  [
    /\bLinux version (\S+)/,
    ([, text = ''], line) => [
      clue(line, 'release', { text, version: parseKernelVersion(text) }),
      ...(/aarch64|arm64/.test(line.text) ? [clue(line, 'architecture', { arch: 'arm64' })] : []),
      ...(/arm-\w+-gnueabi/.test(line.text) ? [clue(line, 'architecture', { arch: 'arm' })] : []),
    ],
  ],
  [
    /(?:Kernel|kernel) command line: (.*)$/,
    ([, text = ''], line) => (/Unknown/.test(line.text) ? undefined : clue(line, 'commandLine', { text })),
  ],
  [
    /Unknown kernel command line parameters? "?([^"]*)"?/,
    ([, text = ''], line) => clue(line, 'unknownParameter', { text }),
  ],
  [
    /\bcma: Reserved (\d+) MiB(?: at (?:0x)?([0-9a-f]+))?/i,
    ([, size, base], line) =>
      clue(line, 'reserved', { mebibytes: Number(size), base: base === undefined ? undefined : hex(base) }),
  ],
  [/\bcma: Failed to reserve (\d+) MiB/i, ([, size], line) => clue(line, 'failed', { mebibytes: Number(size) })],
  [
    /created (CMA|DMA) memory pool at (0x[0-9a-f]+), size (\d+) MiB/,
    ([, kind, base, size], line) =>
      clue(line, 'pool', { name: '', isCma: kind === 'CMA', base: hex(base), mebibytes: Number(size) }),
  ],
  [
    new RegExp(`reserved mem: initialized node ${NODE}, compatible`),
    ([, name = ''], line) => clue(line, 'poolNode', { name }),
  ],
  [
    /reserved mem: (0x[0-9a-f]+)\.\.(0x[0-9a-f]+) \(\d+ KiB\) (no)?map (non-)?reusable (\S+)/,
    ([, from, to, noMap, non, name = ''], line) =>
      clue(line, 'range', {
        name,
        base: hex(from),
        end: hex(to),
        isMapped: noMap === undefined,
        isReusable: non === undefined,
      }),
  ],
  [
    new RegExp(`failed to (?:allocate|reserve) memory for node ${NODE}(?::.*?size (\\d+) MiB)?(?:[:\\s]|$)`, 'i'),
    ([, name = '', size], line) =>
      clue(line, 'nodeFailed', { name, mebibytes: size === undefined ? undefined : Number(size) }),
  ],
  [
    /incorrect alignment of CMA region|misaligned CMA region|cma:.*alignment.*(?:incorrect|invalid)/i,
    (_m, line) => clue(line, 'misaligned', {}),
  ],
  [
    /Reserved memory: unsupported node format|unsupported (?:#address-cells|#size-cells|cells) .*reserved/i,
    (_m, line) => clue(line, 'badFormat', {}),
  ],
  [
    new RegExp(`invalid (size|reg|alignment|alloc-ranges|length) property in ${NODE}(?: node|,|\\s|$)`),
    ([, property = '', name = ''], line) => clue(line, 'badProperty', { property, name }),
  ],
  [
    /bypass \S+ node, using cmdline CMA params|Skipping dt linux,cma-default node/,
    (_m, line) => clue(line, 'bypass', {}),
  ],
  [
    /Not enough slots for CMA reserved regions|cma:.*(?:no|not enough) (?:free )?slots/i,
    (_m, line) => clue(line, 'noSlots', {}),
  ],
  [/not enough space (?:for|all) (?:all )?defined regions/i, (_m, line) => clue(line, 'tooManyRegions', {})],
  [/unable to setup CMA region/i, (_m, line) => clue(line, 'notSetUp', {})],
  [new RegExp(`node ${NODE} compatible matching fail`), ([, name = ''], line) => clue(line, 'noMatch', { name })],
  [/OVERLAP DETECTED/, (_m, line) => clue(line, 'overlap', { regions: [] })],
  // The second line of the message has no prefix.
  [
    /(?<!\S)(\S+) \((0x[0-9a-f]+)--0x[0-9a-f]+\) overlaps with ([^\s(]+)(?: \((0x[0-9a-f]+)--)?/,
    ([, one = '', at, other = '', from = /@([0-9a-f]+)$/.exec(other)?.[1]], line) =>
      clue(line, 'overlap', {
        regions: [
          { name: one, base: hex(at) },
          { name: other, base: hex(from) },
        ],
      }),
  ],
  [
    /swiotlb buffer is full \(sz: (\d+) bytes\)(?:, total (\d+) \(slots\), used (\d+) \(slots\))?/,
    ([, size, total, used], line) =>
      clue(line, 'swiotlbFull', { bytes: Number(size), total: Number(total), used: Number(used) }),
  ],
  [
    /overflow (0x[0-9a-f]+)\+(\d+) of DMA mask (?:0x)?([0-9a-f]+)/,
    ([, at, size, mask], line) => clue(line, 'outOfReach', { address: hex(at), bytes: Number(size), mask: hex(mask) }),
  ],
  [/defined on low\/high memory boundary/, (_m, line) => clue(line, 'boundary', {})],
  [/CMA area (\S+) could not be activated/, ([, name = ''], line) => clue(line, 'notActivated', { name })],
  [
    /cma_alloc: (?:(\S+): )?alloc failed, req-size: (\d+) pages, ret: (-?\d+)|\bcma: (\S+): alloc failed, req-size: (\d+) pages, ret: (-?\d+)|__?cma_alloc: (?:(\S+): )?alloc failed, req-size: (\d+) pages, ret: (-?\d+)/,
    (m, line) =>
      clue(line, 'allocFailed', {
        name: m[1] ?? m[4] ?? m[7] ?? '',
        pages: Number(m[2] ?? m[5] ?? m[8]),
        result: Number(m[3] ?? m[6] ?? m[9]),
      }),
  ],
  [
    /number of available pages: ([\d@+]*)(?:\s*=>\s*(\d+) free of (\d+) total pages)?/,
    ([, list = '', free, total], line) => {
      const ranges = [...list.matchAll(/(\d+)@\d+/g)].map(([, pages]) => Number(pages));
      return clue(line, 'holes', {
        largest: Math.max(0, ...ranges),
        free: free === undefined ? ranges.reduce((sum, pages) => sum + pages, 0) : Number(free),
        total: total === undefined ? undefined : Number(total),
      });
    },
  ],
  [
    /alloc_contig_range: \[[0-9a-f]+, [0-9a-f]+\) PFNs busy|test_pages_isolated failed|page migration failed|pages busy, retrying|migration failure/i,
    (_m, line) => clue(line, 'busyPages', {}),
  ],
  [
    /(?<!\S)(\S+ [\w,.@:-]+|\S+)(?:: |\] )(?:\*ERROR\* )?(?:dma alloc of size (\d+) failed|failed to allocate buffer with size (\d+)|dma_alloc_\w+ of size (\d+) failed|dma_alloc_\w+\(size=(\d+)\) failed)/,
    ([, device = '', a, b, c, d], line) =>
      clue(line, 'deviceAlloc', { device: device.replace(/.*\]\s*/, ''), bytes: Number(a ?? b ?? c ?? d) }),
  ],
  [
    /^\s*(DMA|DMA32|Normal|HighMem|Movable)\s+\[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\]/,
    ([, name = '', from, to], line) => clue(line, 'zone', { name, from: hex(from), to: hex(to) }),
  ],
  [
    /^\s*node\s+(\d+): \[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\]/,
    ([, node, from, to], line) => clue(line, 'bank', { node: Number(node), from: hex(from), to: hex(to) }),
  ],
  [
    /Initmem setup node (\d+)|NUMA: (?:NODE_DATA|Node|Adding memblock).*?\b(\d+)\b/i,
    ([, a, b], line) => clue(line, 'numaNodes', { node: Number(a ?? b) }),
  ],
  [
    /Memory cgroup out of memory|memcg.*oom|oom-kill:constraint=CONSTRAINT_MEMCG|oom_memcg=/i,
    (_m, line) => clue(line, 'outOfMemory', { isCgroup: true }),
  ],
  [
    /(?:^|\s)Out of memory: Kill|invoked oom-killer|constraint=CONSTRAINT_NONE|page allocation failure: order:0\b|oom-killer: /,
    (_m, line) => clue(line, 'outOfMemory', { isCgroup: false }),
  ],
  [
    /avc:\s+denied\s+\{([^}]*)\}.*?(?:name|path)="?([^"\s]*)"?.*?scontext=(\S+)\s+tcontext=(\S+)/,
    ([, , name = '', from = '', to = ''], line) =>
      clue(line, 'avc', { name, domain: from.split(':')[2] ?? from, type: to.split(':')[2] ?? to }),
  ],
  [
    /apparmor="DENIED".*?profile="([^"]*)".*?name="([^"]*)"/,
    ([, profile = '', name = ''], line) => clue(line, 'apparmor', { profile, name }),
  ],
  [
    /type=SECCOMP|type=1326|\baudit\S*: .*\bsyscall=.*\bcode=0x|SIGSYS|Bad system call/,
    (_m, line) => clue(line, 'seccomp', { program: /comm="([^"]*)"/.exec(line.text)?.[1] ?? '' }),
  ],
];

export const kernelLog: Reader = tableReader('a kernel log', ROWS);
