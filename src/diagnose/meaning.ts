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
    'no kernel has such a device: a dma-buf is a file descriptor that a heap or a driver returns',
    'open a heap under /dev/dma_heap, and remove what makes the node',
  ],
  [
    /^\/dev\/dma_heap\/?$/,
    'the directory of the heaps. devtmpfs makes a character device for each heap, with a device number that the kernel allocates at boot',
    'ls -l /dev/dma_heap. If it is missing, the kernel has no heap, its module is not loaded, or the container did not get the directory',
  ],
  [
    /^\/dev\/dma_heap\/linux,cma$/,
    `the heap of the default CMA area if the area comes from the device tree: the heap has the name of the node. From ${RENAMED} on, the heap is named default_cma_region. Before that, an area from cma= or from the configured size has the name reserved`,
    'an alias keeps the name: "aliases": ["linux,cma"] in a profile, SYMLINK+= in a udev rule',
  ],
  [
    /^\/dev\/dma_heap\/reserved$/,
    `the heap of the default CMA area before ${RENAMED}, if the area comes from cma= on the command line or from the kernel configuration`,
    'remove cma= to use the node of the device tree',
  ],
  [
    /^\/dev\/dma_heap\/default_cma_region$/,
    `the heap of the default CMA area from ${RENAMED} on, from whatever source the area comes`,
    'an alias keeps older names: SYMLINK+= in a udev rule',
  ],
  [
    /^\/dev\/dma_heap\/system$/,
    'the system heap: ordinary pages, not contiguous. Devices behind an IOMMU can use it. It does not use CMA',
    'CONFIG_DMABUF_HEAPS_SYSTEM=y adds it to the kernel',
  ],
  [
    /^\/dev\/dma_heap\/vidbuf_cached$/,
    'an alias that a distribution for the Raspberry Pi makes by a udev rule; no kernel has a heap of this name',
    'install that rule, or let the program open the heap itself. Libraries try this name first and then others',
  ],
  [
    /^\/dev\/dma_heap\/(.+)$/,
    ([, name = '']) => {
      const vendor = vendorOf(name);
      return vendor === undefined
        ? `a heap named ${name}: a reusable pool of the device tree (with its unit address, from ${ALL_POOLS} on), or an alias that a udev rule makes`
        : `a heap of ${vendor[1]}; mainline kernels do not make it`;
    },
    'ls -l /dev/dma_heap and udevadm info -q all -n NODE show what it is',
  ],
  [
    /^\/dev\/udmabuf$/,
    'makes dma-bufs of memory that a process already has (memfd); it is a misc device and not a heap',
    'CONFIG_UDMABUF, and a rule for KERNEL=="udmabuf"',
  ],
  [
    /^\/dev\/ion$/,
    'ION, the predecessor of the heaps in vendor kernels',
    'use a kernel with DMA-BUF heaps, or the ION allocator of the program',
  ],
  [
    /^\/sys\/class\/dma_heap/,
    'the heaps of the kernel. If a heap is listed here but not in /dev, its node is missing',
    'mount devtmpfs, or give the container the devices',
  ],
  [
    /^\/sys\/kernel\/mm\/cma/,
    'one directory for each CMA area with its counters, with CONFIG_CMA_SYSFS',
    'without it CmaTotal in /proc/meminfo is the sum of all areas',
  ],
  [
    /^\/(?:proc\/device-tree|sys\/firmware\/devicetree\/base)\/reserved-memory/,
    'the requests of the running device tree; the kernel may have refused some of them',
    'compare with "reserved mem" in the kernel log, or give the DTB to dmaheap place',
  ],
];

const LINES: readonly Row[] = [
  [
    /cma: Reserved (\d+) MiB/,
    ([, size]) =>
      `the default CMA area of ${size} MiB was made by cma= or by the kernel configuration: for a node of the device tree, the kernel prints "created CMA memory pool" instead`,
    'if the device tree should decide, look for cma= in /proc/cmdline and for "reserved mem" before this line',
  ],
  [
    /cma: Failed to reserve (\d+) MiB/,
    ([, size]) =>
      `the kernel found no free, aligned hole of ${size} MiB below the limit for the default area of cma= or of the configuration, so there is no default area`,
    'compare with "Early memory node ranges" and the command line in the same log; use a smaller size or another place',
  ],
  [
    /created CMA memory pool at (\S+), size (\d+) MiB/,
    ([, at, size]) => `a reusable pool of the device tree became a CMA area of ${size} MiB at ${at}, as intended`,
    'nothing needs to change, unless the log has "could not be activated" later',
  ],
  [
    /created DMA memory pool/,
    'the node of the device tree is a private pool of its devices: it lacks reusable, so it is neither a CMA area nor a heap',
    'to make it a CMA area, add the property "reusable;"',
  ],
  [
    /failed to (?:allocate|reserve) memory for node ['"]?([\w,@.-]+)/,
    ([, node]) =>
      `there is no room for ${node}: its size does not fit into a free hole of the range that the node allows`,
    'make it smaller, widen alloc-ranges, or move initrd and device tree (the log of the boot loader shows their addresses)',
  ],
  [
    /incorrect alignment of CMA region/,
    'base or size of the node is not a multiple of the CMA granule: 4 MiB with 4K pages, 32 MiB with 16K, 512 MiB with 64K',
    'align both',
  ],
  [
    /unsupported node format/,
    '#address-cells or #size-cells of /reserved-memory differ from those of the root, or ranges is missing: the kernel ignores every region in it',
    'give it the cells of the root and an empty property "ranges;"',
  ],
  [
    /invalid (\w+) property in ['"]?([\w,@.-]+)/,
    ([, property, node]) => `the ${property} of ${node} does not have the number of cells that its parent states`,
    'write it with that number of cells, such as <0x0 0x10000000> for two',
  ],
  [
    /bypass \S+ node, using cmdline|Skipping dt linux,cma-default/,
    'cma= on the command line overrides the default area of the device tree',
    'remove cma= to use the node',
  ],
  [/Not enough slots for CMA/, 'the kernel has no slot left for another CMA area', 'raise CONFIG_CMA_AREAS'],
  [
    /could not be activated/,
    'the area was made but not activated, usually because it crosses the end of a memory zone. Every allocation from it fails',
    'move it inside one zone ("Zone ranges" in the log)',
  ],
  [
    /alloc failed, req-size: (\d+) pages, ret: -12/,
    ([, pages]) => `the area has no free contiguous range of ${pages} pages: it is too small, in use, or fragmented`,
    'grep Cma /proc/meminfo and the line "number of available pages" below it show which',
  ],
  [
    /alloc failed, req-size: \d+ pages, ret: -16/,
    'pages of the area were busy for a moment and could not be moved in time',
    'retry in the program',
  ],
  [
    /compatible matching fail/,
    'no reserved-memory driver accepted the node',
    'read the line before this one. If it does not name a reason, compatible, reusable or no-map is wrong',
  ],
  [
    /Could not open any dma-?(?:buf provider|Heap device)/i,
    'the library could not open any heap of its list: the heaps are missing, or the access is denied',
    'ls -l /dev/dma_heap shows which',
  ],
  [
    /Unknown kernel command line parameters.*\bcma=/,
    'this kernel does not know cma=: it is built without CMA',
    'set CONFIG_CMA=y and CONFIG_DMA_CMA=y',
  ],
  [
    /avc:\s+denied.*(?:dma_heap|chr_file)/,
    'SELinux denies the access. The mode of the node is not the cause',
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
