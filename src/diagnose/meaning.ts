/** What a line of the kernel, a path or a passed-on recipe means, without a board: for `explain`. */

import { findFolklore } from '../facts/folklore.js';
import { FACTS } from '../facts/index.js';
import { SourceText } from '../source/index.js';
import { USES_HEAP } from './board.js';
import { errnoOf } from './errno.js';
import { IS_RUNTIME, missesHeaps } from './read/nodes.js';
import { vendorOf } from './vendors.js';

export interface Meaning {
  readonly text: string;
  /** What to do, or to look at. */
  readonly next: string;
}

type Said = string | ((match: RegExpExecArray) => string);
type Row = readonly [pattern: RegExp, text: Said, next: string, when?: (line: string) => boolean];

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
    `the heap of the default CMA area if the area comes from the device tree: the heap has the name of the node. From ${RENAMED} on, the heap is named default_cma_region, and from ${ALL_POOLS} on, the area has a second heap with the name of the node. Before ${RENAMED}, an area from cma= or from the configured size has the name reserved`,
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
        : `a heap of ${vendor.kernel}; mainline kernels do not make it`;
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

const HEAP = /\/dev\/dma_heap\/([\w,.+@-]*[\w+@-])/;
/** Vendors' names without the directory. */
const NAMED = /(?<![\w/,-])((?:system-|cma-|linux,cma-|mtk_|qcom,|carveout)[\w,-]*\w)/;
/** A row of `ls -l`, or names alone. */
const IS_LISTED = /^\s*[cl][-rwx]{9}|^\s*(?:[\w,@-]+\s+)*[\w,@-]+\s*$/;
const isVendors = (pattern: RegExp) => (line: string) =>
  /heap|dma/i.test(line) &&
  !IS_LISTED.test(line) &&
  !/^E(?:ACCES|PERM)$/.test(errnoOf(line) ?? '') &&
  vendorOf(pattern.exec(line)?.[1] ?? '') !== undefined;
const ofVendor = ([, name = '']: RegExpExecArray) =>
  `${name} is a heap of ${vendorOf(name)?.kernel ?? 'a vendor'}${name === 'system-uncached' ? ", and of Android's common kernels" : ''}; mainline kernels do not make it`;
const LOOK_AT_NAMES =
  'ls /dev/dma_heap: if the name is not listed, run that kernel, or let the program use a heap that is listed';

const LOOK_AT_NODES =
  'strace -f -e trace=openat PROGRAM shows the path and the error number; ls -lL /dev/dma_heap, and id as the user that runs the program';

const ALLOCATION = /DMA_HEAP_IOCTL_ALLOC|_IOC\([^)]*0x48, 0(?:x0)?, 0x18\)|dma[-_ ]?heap[-_ ]?alloc/i;

/** Less than a few frames of a camera. */
const LOW_KIB = 8192;

const LINES: readonly Row[] = [
  [
    USES_HEAP,
    'the program names the heap that it uses. Libraries look for several names in turn: if the program works, it is not a fault that another one is missing',
    'look at what fails after this line; if nothing does, nothing needs to change',
  ],
  [
    /\S/,
    'the runtime of the container looks for the device on the host before the container starts: the host does not have this node',
    'on the host: ls -d /sys/class/dma_heap; ls -lL /dev/dma_heap; zgrep DMABUF_HEAPS /proc/config.gz. Without /sys/class/dma_heap, the kernel of the host has no heap; otherwise give the name that the host lists',
    (line) => IS_RUNTIME.test(line) && /dma_heap/.test(line) && (errnoOf(line) === 'ENOENT' || missesHeaps(line)),
  ],
  [
    /\S/,
    'there is no directory of heaps. The usual reasons: the kernel is built without CONFIG_DMABUF_HEAPS (or is older than heaps), its heaps are modules that are not loaded, or this is a container that did not get the directory',
    'ls -d /sys/class/dma_heap, then zgrep DMABUF_HEAPS /proc/config.gz. If the class does not exist, the kernel has no heap, and the options show why; if it exists, the kernel has heaps, and only the nodes are missing (a container, or /dev is not devtmpfs)',
    missesHeaps,
  ],
  [HEAP, ofVendor, LOOK_AT_NAMES, isVendors(HEAP)],
  [NAMED, ofVendor, LOOK_AT_NAMES, isVendors(NAMED)],
  [
    HEAP,
    ([, name]) =>
      `the node ${name} exists, and this process may not open it: its mode and group, or the groups of the user, do not allow it`,
    'ls -lL /dev/dma_heap, and id as the user that runs the program. If both allow it, a security module or the device cgroup denies it',
    (line) => errnoOf(line) === 'EACCES',
  ],
  [
    HEAP,
    ([, name]) =>
      `the node ${name} exists, and something other than its mode denies the access: the device cgroup of a container or of a unit, or a security module`,
    'pass the heap as a device (--device, DeviceAllow=char-dma_heap rw); dmesg | grep -iE "avc|apparmor" shows a security module',
    (line) => errnoOf(line) === 'EPERM',
  ],
  [
    HEAP,
    ([, name]) =>
      `there is no node ${name}: the kernel has no heap of this name, its heap has another name, or this is a container that did not get the node`,
    'ls /dev/dma_heap /sys/class/dma_heap, and uname -r: the names of heaps depend on the kernel',
    (line) => errnoOf(line) === 'ENOENT',
  ],
  [
    /open dma[-_ ]heap (?:type \w+ )?([\w,-]+)'? fail/i,
    ([, name]) =>
      `the program could not open the heap ${name}. The line does not show whether the node is missing or the access is denied`,
    LOOK_AT_NODES,
  ],
  [
    /open dma[-_ ]heap type (0x)?0 fail/i,
    'MPP could not open the heap of its type 0. Which heap this is depends on the version of MPP: system-uncached, or system-uncached-dma32. The line does not show whether the node is missing or the access is denied',
    LOOK_AT_NODES,
  ],
  [
    /(?:fail\w*|cannot|can't|could ?n[o']t|unable)\b.*\bopen (?:the |a )?dma[-_ ]?heap\b|\bopen dma[-_ ]heap type \w+ fail/i,
    (line) => {
      const errno = errnoOf(line.input);
      const why =
        errno === 'ENOENT'
          ? 'its node is missing, or it has another name'
          : errno === 'EACCES' || errno === 'EPERM'
            ? 'the access is denied'
            : 'the node may be missing, or the access may be denied';
      return `the program could not open a heap: ${why}. The line does not show which heap`;
    },
    LOOK_AT_NODES,
  ],
  [
    ALLOCATION,
    'the heap has no memory for a buffer of this size. A CMA heap: its area is too small, in use or fragmented. The system heap: the machine has too little free memory',
    "grep Cma /proc/meminfo, ls -l /dev/dma_heap, and dmesg | grep -iE 'cma|alloc' while it fails",
    (line) => errnoOf(line) === 'ENOMEM',
  ],
  [
    ALLOCATION,
    'the kernel refuses the arguments of the allocation: a length of 0, an fd that is not 0, unknown fd_flags, or heap_flags that are not 0',
    'clear struct dma_heap_allocation_data first; fd_flags are O_RDWR | O_CLOEXEC, heap_flags are 0',
    (line) => errnoOf(line) === 'EINVAL',
  ],
  [
    /\bNvMap\w*: .*error 12\b/,
    "NvMap is the allocator of NVIDIA's kernel, and not a heap under /dev/dma_heap. 12 is ENOMEM: it found no memory",
    "free -m, and dmesg | grep -iE 'nvmap|cma' while it fails",
  ],
  [
    /(?:File not found|Failed to load|Failed loading|Unable to read file)\b.*?([\w.+-]+\.dtbo)|fdt_overlay_apply\(\): FDT_ERR|appl\w+ (?:DT |device tree )?overlays?\b.*?([\w.+-]+\.dtbo)?/i,
    ([, one, other]) =>
      `the boot loader starts the kernel without the overlay${one === undefined && other === undefined ? '' : ` ${one ?? other}`}. If this overlay requests the CMA area, the area is missing; an overlay of another part does not concern heaps`,
    'ls /proc/device-tree/reserved-memory, and grep Cma /proc/meminfo',
  ],
  [
    /OVERLAP DETECTED/,
    'two regions of /reserved-memory in the device tree overlap: the next line of the log names them. If one of them is a CMA area, its memory has two owners, and the data in buffers changes',
    'read the next line. Move or shrink the CMA area, so that it does not overlap the other region',
  ],
  [
    /(?<!\S)(\S+) \(0x[0-9a-f]+--0x[0-9a-f]+\) overlaps with ([^\s(]+)/,
    ([, one, other]) => `the regions ${one} and ${other} of the device tree overlap: the same memory has two owners`,
    'correct reg of one of the two nodes. If one is a CMA area, move or shrink that one',
  ],
  [
    /^\s*CmaTotal:\s+0 kB/,
    'the kernel has no CMA area at all: none is requested, or it refused the request. A CMA heap cannot exist',
    "cat /proc/cmdline (a cma=0?), zgrep CMA_SIZE /proc/config.gz (a configured size?), dmesg | grep -iE 'cma|reserved mem' (a refused node?)",
  ],
  [
    /^CONFIG_CMA_SIZE_MBYTES=0\s*$/,
    'the kernel configuration alone does not make a default area. This is usual where the device tree or cma= requests it',
    'grep Cma /proc/meminfo shows whether an area exists; ls /proc/device-tree/reserved-memory and cat /proc/cmdline show the request',
  ],
  [
    /no cameras available/i,
    'libcamera has no camera that it can use: no sensor answered, its driver or overlay is missing, or a component that the camera needs failed before',
    "read the lines of libcamera above it; dmesg | grep -iE 'imx|ov[0-9]|i2c|csi|unicam' shows whether the sensor was found",
  ],
  [
    /EGL_BAD_ALLOC|gbm (?:surface|bo)\b.*(?:fail|allocate)/i,
    'the graphics driver has no memory for this buffer, or does not accept it. The line does not show where the memory comes from',
    'grep Cma /proc/meminfo while it fails (drivers without an IOMMU use CMA), and the kernel log at the same time',
  ],
  [
    /u-dma-buf\b.*dma_alloc_coherent\(size=(\d+)\) failed/,
    ([, size]) =>
      `u-dma-buf is a driver outside the kernel tree, and not /dev/udmabuf of the kernel. It asked for ${size} bytes of contiguous memory, which comes from the default CMA area, or from the region that its node names (memory-region), and the kernel had none`,
    "grep Cma /proc/meminfo, and dmesg | grep -iE 'cma|reserved mem': the area must be larger than the sizes of all its buffers",
  ],
  [
    /VIDIOC_(?:REQBUFS|CREATE_BUFS)|dma alloc of size \d+ failed|error requesting \d+ buffers|allocate (?:required|shared|contiguous) memory|required memory|分配所需的内存/i,
    'a driver found no memory for its buffers. Most drivers without an IOMMU take them from the default CMA area: it is missing, too small, in use or fragmented',
    "grep Cma /proc/meminfo (once after the boot, once while it fails), and dmesg | grep -iE 'cma|alloc'",
    (line) => errnoOf(line) === 'ENOMEM' || /of size \d+ failed|allocate required memory|分配所需的内存/.test(line),
  ],
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
    /\bCmaFree:\s+(\d+)\s*kB/,
    ([, free]) =>
      `${free} kB of the areas is free at this moment. The kernel lends their pages to page cache and to programs (borrowed pages), and moves these away when a buffer needs the place, so that a low value alone is not a fault. It cannot move buffers that are held`,
    'start the program that needs buffers: only if it fails, see who holds them (dmaheap-verify --owners, /sys/kernel/debug/dma_buf/bufinfo as root)',
    (line) => Number(/CmaFree:\s+(\d+)/.exec(line)?.[1]) <= LOW_KIB,
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
    /avc:\s+denied.*(?:dma_heap|chr_file).*permissive=1/,
    'SELinux logs the access and allows it (permissive=1)',
    'look for another reason',
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
  const known = /^\/\S*$/.test(text) ? find(PATHS, text) : meaningOfLine(text);
  if (known !== undefined) return known;
  const recipe = findFolklore(new SourceText('subject', withTarget(text)))[0];
  if (recipe === undefined) return undefined;
  return { text: `${recipe.message}: ${recipe.cause ?? ''}`, next: recipe.fix ?? '' };
}

/** Of a line that a kernel or a program printed. */
export const meaningOfLine = (line: string): Meaning | undefined => find(LINES, line);

function find(rows: readonly Row[], text: string): Meaning | undefined {
  for (const [pattern, says, next, when] of rows) {
    const match = when?.(text) === false ? null : pattern.exec(text);
    if (match !== null) return { text: typeof says === 'string' ? says : says(match), next };
  }
  return undefined;
}

/** `chmod 666` alone is the recipe all the same. */
const withTarget = (text: string) => (/^(?:sudo\s+)?chmod\s+\S+$/.test(text) ? `${text} /dev/dma_heap/system` : text);
