/** What a line of the kernel, a path or a passed-on recipe means, without a board: for `explain`. */

import { findFolklore } from '../facts/folklore.js';
import { FACTS } from '../facts/index.js';
import { SourceText } from '../source/index.js';
import { vendorOf } from './causes/presence.js';

export interface Meaning {
  readonly text: string;
  /** What to do, or to look at. */
  readonly next: string;
}

type Row = readonly [pattern: RegExp, text: string | ((match: RegExpExecArray) => string), next: string];

const since = (fact: string, value: string) =>
  FACTS.get(fact)?.ranges.find((range) => range.value === value)?.since ?? '';
const RENAMED = since('heap.default-area-name', 'default_cma_region');
const ALL_POOLS = since('heap.cma-names', 'default-area-and-all');

const PATHS: readonly Row[] = [
  [
    /^\/dev\/dma[-_]?buf\b/,
    'no kernel has such a device: a dma-buf is a file descriptor that a heap or a driver hands out',
    'open a heap under /dev/dma_heap, and remove what makes the node',
  ],
  [
    /^\/dev\/dma_heap\/?$/,
    'the directory of the heaps: one character device for each, made by devtmpfs, with a device number that the kernel chooses at boot',
    'ls -l /dev/dma_heap; where it is missing, the kernel has no heap, its module is not loaded, or a container was not given it',
  ],
  [
    /^\/dev\/dma_heap\/linux,cma$/,
    `the heap of the default CMA area where the device tree makes it, called after its node. From ${RENAMED} on that heap is default_cma_region; with cma= or the configured size it is reserved before that`,
    'an alias keeps the name: "aliases": ["linux,cma"] in a profile, SYMLINK+= in a udev rule',
  ],
  [
    /^\/dev\/dma_heap\/reserved$/,
    `the heap of the default CMA area where cma= on the command line or the kernel configuration makes it, before ${RENAMED}`,
    'remove cma= where the node of the device tree should count',
  ],
  [
    /^\/dev\/dma_heap\/default_cma_region$/,
    `the heap of the default CMA area from ${RENAMED} on, whoever makes the area`,
    'an alias keeps older names: SYMLINK+= in a udev rule',
  ],
  [
    /^\/dev\/dma_heap\/system$/,
    'the system heap: ordinary pages, not contiguous. Devices behind an IOMMU can use it; CMA has no part in it',
    'CONFIG_DMABUF_HEAPS_SYSTEM makes it',
  ],
  [
    /^\/dev\/dma_heap\/vidbuf_cached$/,
    'an alias that a distribution for the Raspberry Pi makes by a udev rule; no kernel has a heap of this name',
    'install that rule, or let the program open the heap itself; libraries try it first and go on without it',
  ],
  [
    /^\/dev\/dma_heap\/(.+)$/,
    ([, name = '']) => {
      const vendor = vendorOf(name);
      return vendor === undefined
        ? `a heap called ${name}: a reusable pool of the device tree (with its unit address, from ${ALL_POOLS} on), or an alias that a udev rule makes`
        : `a heap of ${vendor[1]}; mainline kernels do not make it`;
    },
    'ls -l /dev/dma_heap and udevadm info -q all -n NODE show what is there',
  ],
  [
    /^\/dev\/udmabuf$/,
    'makes dma-bufs of memory that a process already has (memfd); it is a misc device and not a heap',
    'CONFIG_UDMABUF, and a rule for KERNEL=="udmabuf"',
  ],
  [
    /^\/dev\/ion$/,
    "ION, the predecessor of the heaps in vendors' kernels",
    "use a kernel with DMA-BUF heaps, or the program's path for ION",
  ],
  [
    /^\/sys\/class\/dma_heap/,
    'the heaps as the kernel has them: what is listed here and not in /dev lacks its node',
    'mount devtmpfs, or give the container the devices',
  ],
  [
    /^\/sys\/kernel\/mm\/cma/,
    'one directory for each CMA area with its counters, with CONFIG_CMA_SYSFS',
    'without it CmaTotal in /proc/meminfo is the sum of all areas',
  ],
  [
    /^\/(?:proc\/device-tree|sys\/firmware\/devicetree\/base)\/reserved-memory/,
    'what the running device tree asks for: the request, not the result',
    'compare with "reserved mem" in the kernel log, or give the DTB to dmaheap place',
  ],
];

const LINES: readonly Row[] = [
  [
    /cma: Reserved (\d+) MiB/,
    ([, size]) =>
      `the default CMA area of ${size} MiB was made by cma= or by the kernel configuration: a node of the device tree reports itself as "created CMA memory pool" instead`,
    'where the device tree should decide, look for cma= in /proc/cmdline and for "reserved mem" before this line',
  ],
  [
    /cma: Failed to reserve (\d+) MiB/,
    ([, size]) =>
      `no free, aligned piece of ${size} MiB was left below the limit for the default area that cma= or the configuration asks for, so there is no default area`,
    'compare with "Early memory node ranges" and the command line in the same log; a smaller size, or another place, is the fix',
  ],
  [
    /created CMA memory pool at (\S+), size (\d+) MiB/,
    ([, at, size]) =>
      `a reusable pool of the device tree became a CMA area of ${size} MiB at ${at}: this is the good line`,
    'nothing; "could not be activated" later in the log would take it back',
  ],
  [
    /created DMA memory pool/,
    'the node of the device tree is a private pool of its devices: it lacks reusable, so it is neither CMA nor a heap',
    'add reusable; if it is meant for CMA',
  ],
  [
    /failed to (?:allocate|reserve) memory for node ['"]?([\w,@.-]+)/,
    ([, node]) =>
      `there is no room for ${node}: its size does not fit into a free piece of the range that the node allows`,
    'make it smaller, widen alloc-ranges, or move initrd and device tree (the log of the boot loader says where they lie)',
  ],
  [
    /incorrect alignment of CMA region/,
    'base or size of the node is not a multiple of the CMA granule: 4 MiB with 4K pages, 32 MiB with 16K, 512 MiB with 64K',
    'align both',
  ],
  [
    /unsupported node format/,
    '/reserved-memory has other #address-cells or #size-cells than the root, or no ranges: the kernel ignores every region in it',
    "give it the root's cells and an empty ranges;",
  ],
  [
    /invalid (\w+) property in ['"]?([\w,@.-]+)/,
    ([, property, node]) => `the ${property} of ${node} has not the number of cells that its parent states`,
    'write it with that many cells, such as <0x0 0x10000000> for two',
  ],
  [
    /bypass \S+ node, using cmdline|Skipping dt linux,cma-default/,
    'cma= on the command line overrides the default area of the device tree',
    'remove cma= where the node should count',
  ],
  [/Not enough slots for CMA/, 'the kernel has no slot left for another CMA area', 'raise CONFIG_CMA_AREAS'],
  [
    /could not be activated/,
    'the area was made and never activated, mostly because it crosses the border of a zone: every allocation from it fails',
    'move it inside one zone ("Zone ranges" in the log)',
  ],
  [
    /alloc failed, req-size: (\d+) pages, ret: -12/,
    ([, pages]) => `no free contiguous piece of ${pages} pages was in the area: it is too small, in use or in pieces`,
    'grep Cma /proc/meminfo and the line "number of available pages" below it decide which',
  ],
  [
    /alloc failed, req-size: \d+ pages, ret: -16/,
    'pages of the area were busy for a moment and could not be moved in time',
    'retry in the program',
  ],
  [
    /compatible matching fail/,
    'no driver of reserved memory accepted the node',
    'the line before it says why; without one, compatible, reusable or no-map is wrong',
  ],
  [
    /Could not open any dma-?(?:buf provider|Heap device)/i,
    'the library tried its list of heaps and could open none: they are missing, or denied',
    'ls -l /dev/dma_heap tells which',
  ],
  [
    /Unknown kernel command line parameters.*\bcma=/,
    'this kernel does not know cma=: it is built without CMA',
    'set CONFIG_CMA=y and CONFIG_DMA_CMA=y',
  ],
  [
    /avc:\s+denied.*(?:dma_heap|chr_file)/,
    'SELinux denies the access, whatever the mode of the node says',
    'allow it in the policy (audit2allow shows the rule)',
  ],
];

/** @returns undefined when nothing is known of it */
export function meaningOf(subject: string): Meaning | undefined {
  const text = subject.trim();
  for (const [pattern, says, next] of text.startsWith('/') ? PATHS : LINES) {
    const match = pattern.exec(text);
    if (match !== null) return { text: typeof says === 'string' ? says : says(match), next };
  }
  const recipe = findFolklore(new SourceText('subject', withTarget(text)))[0];
  if (recipe === undefined) return undefined;
  return { text: `${recipe.message}: ${recipe.cause ?? ''}`, next: recipe.fix ?? '' };
}

/** `chmod 666` alone is the recipe all the same. */
const withTarget = (text: string) => (/^(?:sudo\s+)?chmod\s+\S+$/.test(text) ? `${text} /dev/dma_heap/system` : text);
