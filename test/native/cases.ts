/** Boards as QEMU shows them, and what is done to them. */
import { type Board, CAMERA, type Case, EXHAUSTED, expectation, MIB, PROVEN, REJECTED, SAFE, SYSTEM } from './board.js';
import { CONTAINERS } from './containers.js';
import { FAULTS } from './faults.js';
import { MEDIA } from './media.js';
import { NETWORK_ROOT } from './network-root.js';
import { SURROUNDINGS } from './surroundings.js';

const NAMED = ['npu-pool', 'vpu@58000000'];

/**
 * From 6.19 on every named area is a heap; before, it is an area without one, and a heap that is required there is not
 * proven.
 */
const THREE_AREAS: readonly Board[] = [
  { kernel: 'arm64-6.12', exit: 4, passes: ['cma.total', 'area.size', 'alloc.budget/camera', 'cma.origin/camera'] },
  {
    kernel: 'arm64-7.3',
    exit: 0,
    passes: [
      ...PROVEN,
      ...NAMED.flatMap((name) => [`alloc.budget/${name}`, `cma.origin/${name}`, `cma.largest/${name}`]),
    ],
  },
].map(({ kernel, exit, passes }) => ({
  name: 'three areas',
  kernels: [kernel],
  memoryMiB: 512,
  reservedMemory: `${CAMERA}
\tnpu-pool { compatible = "shared-dma-pool"; reusable; size = <0 0x1000000>; };
\tvpu@58000000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x58000000 0 0x1000000>; };`,
  expect:
    expectation({ total: 80, area: 48 }).replace(
      'heap name=camera',
      `${NAMED.map((name) => `area name=${name} bytes=${16 * MIB} source=device-tree\n`).join('')}heap name=camera`,
    ) +
    NAMED.map(
      (name) => `heap name=${name} kind=cma area=${name} mode=0660 group=video
node heap=${name} name=${name} since=6.19
budget heap=${name} bytes=4194304 count=3
`,
    ).join(''),
  cases: [
    { name: 'healthy', script: 'verify --expect $EXPECT', exit, passes },
    {
      // one area has nothing left, the others have: whose memory it is must be told apart
      name: 'one exhausted',
      script: 'take linux,cma 1048576 100; verify --expect $EXPECT --exclusive --despite-holders; release',
      exit: 1,
      diagnoses: ['alloc.budget CMA_EXHAUSTED'],
      also: EXHAUSTED,
    },
  ],
}));

/** The granule grows with the pages, and the smallest area with it. */
const LARGER_PAGES: readonly Board[] = [
  { kernel: 'arm64-6.12-16k', pageBytes: 16384, areaMiB: 64, memoryMiB: 512 },
  { kernel: 'arm64-6.12-64k', pageBytes: 65536, areaMiB: 512, memoryMiB: 2048 },
].map(({ kernel, pageBytes, areaMiB, memoryMiB }) => ({
  name: 'larger pages',
  kernels: [kernel],
  long: true,
  memoryMiB,
  reservedMemory: CAMERA.replace('0x3000000', `0x${(areaMiB * MIB).toString(16)}`),
  expect: expectation({ total: areaMiB }).replace('page bytes=4096', `page bytes=${pageBytes}`),
  cases: [
    {
      name: 'healthy',
      script: 'verify --expect $EXPECT',
      exit: 0,
      // these kernels have no sockets to pass a descriptor through
      passes: PROVEN.filter((id) => !id.startsWith('share.')),
    },
    {
      name: 'sizes for other pages',
      script: 'verify --expect $EXPECT',
      expect: expectation({ total: areaMiB }),
      exit: 1,
      diagnoses: ['kernel.page-size PAGE_SIZE_DIFFERS'],
    },
  ],
}));

/** What docs/using-heaps.md shows. */
const programs = (heap: string): readonly Case[] => [
  {
    name: 'programs share a buffer',
    script: `heap-share send ${heap} /tmp/heap.socket & until [ -S /tmp/heap.socket ]; do sleep 0.1; done; heap-share receive /tmp/heap.socket; wait $!`,
    shows: [/^received 1048576 bytes, 0 wrong$/m, /^sent 1048576 bytes; the receiver wrote 42$/m],
  },
  {
    name: 'a Python program writes and reads',
    script: `/usr/bin/python3.13 /heap_share.py ${heap}`,
    shows: [/^hello 1048576$/m],
  },
  {
    name: 'a program in Go writes and reads',
    script: `heap-go ${heap} | sed 's/^/go: /'; heap-go /dev/dma_heap/none`,
    shows: [/^go: hello 1048576$/m, /^open \/dev\/dma_heap\/none: no such file or directory$/m],
  },
  {
    name: 'programs say what is wrong',
    script:
      'heap-share send /dev/dma_heap/none /tmp/none.socket; drm-import /dev/null /dev/dri/card0; udmabuf /dev/null',
    shows: [
      /^\/dev\/dma_heap\/none: No such file or directory$/m,
      /^\/dev\/null: (?:Not a tty|Inappropriate ioctl for device)$/m,
    ],
  },
];

/** For guests of the machine that compiles them. */
const inRust = (heap: string): Case => ({
  name: 'a program in Rust writes and reads',
  script: `heap-rust ${heap} | sed 's/^/rust: /'; heap-rust /dev/null`,
  shows: [/^rust: hello 1048576$/m, /^Error: Os \{ code: 25, /m],
});

const OF_OWN_MEMORY: Case = {
  name: 'a program makes a buffer of its own memory',
  script: 'udmabuf /dev/udmabuf',
  shows: [/^a dma-buf of 1048576 bytes$/m],
};

export const BOARDS: readonly Board[] = [
  FAULTS,
  SURROUNDINGS,
  CONTAINERS,
  NETWORK_ROOT,
  ...MEDIA,
  {
    name: 'other architectures',
    kernels: ['riscv64-6.12', 'arm-6.12'],
    long: true,
    memoryMiB: 512,
    reservedMemory: CAMERA,
    expect: SAFE,
    cases: [
      {
        name: 'healthy',
        script: 'verify --expect $EXPECT',
        exit: 0,
        // these kernels have no sockets to pass a descriptor through
        passes: PROVEN.filter((id) => !id.startsWith('share.')),
      },
    ],
  },
  ...THREE_AREAS,
  ...LARGER_PAGES,
  {
    name: 'older kernels',
    kernels: ['arm64-5.10', 'arm64-6.1'],
    long: true,
    memoryMiB: 512,
    reservedMemory: CAMERA,
    expect: SAFE,
    cases: [
      {
        name: 'healthy',
        script: 'verify --expect $EXPECT',
        exit: 0,
        // these kernels have no sockets to pass a descriptor through
        passes: PROVEN.filter((id) => !id.startsWith('share.')),
      },
      {
        name: 'page frames',
        script: `dmaheap-verify --expect $EXPECT --json | grep -F '"id":"cma.origin","heap":"camera"'`,
        shows: [/"status":"pass".*"observed":"contiguous page frames"/],
      },
    ],
  },
  {
    name: 'area from the command line',
    kernels: ['arm64-6.12', 'arm64-7.3', 'x86_64-6.12'],
    memoryMiB: 512,
    cmdline: 'cma=48M',
    expect: SAFE.replaceAll('linux,cma', 'reserved').replace('source=device-tree', 'source=command-line'),
    cases: [
      {
        name: 'healthy',
        script: 'verify --expect $EXPECT',
        exit: 0,
        // x86_64's kernel has no sockets to pass a descriptor through
        passes: PROVEN.filter((id) => !id.startsWith('share.')),
      },
    ],
  },
  {
    name: 'cma=0',
    kernels: ['arm64-6.12', 'arm64-7.3'],
    memoryMiB: 512,
    cmdline: 'cma=0',
    reservedMemory: CAMERA,
    expect: SAFE,
    cases: [
      {
        name: 'no CMA',
        script: 'verify --expect $EXPECT',
        exit: 1,
        diagnoses: REJECTED.map((id) => `${id} CMA_DISABLED_CMDLINE`),
      },
    ],
  },
  {
    name: 'cma=16M',
    kernels: ['arm64-6.12', 'arm64-7.3'],
    memoryMiB: 512,
    cmdline: 'cma=16M',
    reservedMemory: CAMERA,
    expect: SAFE,
    cases: [
      {
        name: 'smaller than the profile',
        script: 'verify --expect $EXPECT',
        exit: 1,
        diagnoses: REJECTED.map((id) => `${id} CMA_CMDLINE_OVERRIDES_DT`),
      },
    ],
  },
  {
    name: 'misaligned node',
    kernels: ['arm64-6.12', 'arm64-7.3'],
    memoryMiB: 512,
    reservedMemory: CAMERA.replace('0x3000000', '0x3001000'),
    expect: SAFE,
    cases: [
      {
        name: 'fallback to the configured area',
        script: 'verify --expect $EXPECT',
        exit: 1,
        diagnoses: ['heap.node CMA_DT_REJECTED_ALIGN', 'area.size CMA_DT_REJECTED_ALIGN'],
        also: ['cma.total CMA_DT_REJECTED_ALIGN'],
      },
      {
        // a container sees no device tree, so only the area that came instead tells
        name: 'fallback seen without the tree',
        script: 'mount -t tmpfs none /sys/firmware; verify --expect $EXPECT; umount /sys/firmware',
        exit: 1,
        diagnoses: ['area.size CMA_FALLBACK_KCONFIG', 'heap.node CMA_FALLBACK_KCONFIG'],
        also: ['cma.total CMA_SIZE_MISMATCH'],
      },
    ],
  },
  {
    name: 'no overlay',
    kernels: ['arm64-6.12', 'arm64-7.3'],
    memoryMiB: 512,
    expect: SAFE,
    cases: [
      {
        name: 'fallback to the configured area',
        script: 'verify --expect $EXPECT',
        exit: 1,
        diagnoses: REJECTED.map((id) => `${id} CMA_DT_NODE_MISSING`),
      },
    ],
  },
  {
    name: 'area that cannot be activated',
    kernels: ['arm64-6.12', 'arm64-7.3'],
    memoryMiB: 6144,
    reservedMemory:
      '\tcma@fe000000 { compatible = "shared-dma-pool"; reusable; reg = <0 0xfe000000 0 0x4000000>; linux,cma-default; };',
    expect: expectation({ total: 64 }).replaceAll('linux,cma ', 'cma@fe000000 '),
    cases: [
      {
        name: 'dead heap',
        script: 'ls /dev/dma_heap; verify --expect $EXPECT',
        exit: 1,
        diagnoses: ['alloc.page CMA_AREA_NOT_ACTIVATED', 'cma.total CMA_AREA_NOT_ACTIVATED'],
        also: ['area.size CMA_AREA_NOT_ACTIVATED'],
      },
    ],
  },
  {
    name: 'heaps as modules',
    kernels: ['arm64-7.3-modules'],
    long: true,
    memoryMiB: 512,
    reservedMemory: CAMERA,
    expect: SAFE.replace('symbol=DMABUF_HEAPS_CMA value=y', 'symbol=DMABUF_HEAPS_CMA value=m'),
    cases: [
      {
        name: 'not installed',
        script: 'verify --expect $EXPECT',
        exit: 1,
        diagnoses: ['heap.support HEAP_MODULE_NOT_LOADED', 'heap.node HEAP_MODULE_NOT_LOADED'],
      },
      {
        name: 'not loaded',
        script: `mkdir -p /lib/modules/$(uname -r)
printf 'kernel/drivers/dma-buf/heaps/cma_heap.ko:\nkernel/drivers/dma-buf/heaps/system_heap.ko:\n' >/lib/modules/$(uname -r)/modules.dep
verify --expect $EXPECT`,
        exit: 1,
        diagnoses: ['heap.support HEAP_MODULE_NOT_LOADED', 'heap.node HEAP_MODULE_NOT_LOADED'],
      },
      {
        name: 'one of two loaded',
        script: 'insmod /lib/system_heap.ko; settle; verify --expect $EXPECT',
        exit: 1,
        diagnoses: ['heap.node HEAP_MODULE_NOT_LOADED'],
      },
      { name: 'loaded', script: 'insmod /lib/cma_heap.ko; settle; verify --expect $EXPECT', exit: 0, passes: PROVEN },
    ],
  },
  {
    name: 'stock kernel with devices',
    kernels: ['debian-amd64-devices', 'debian-amd64-7.3-devices'],
    long: true,
    programs: true,
    memoryMiB: 512,
    silenceSeconds: 400,
    expect: SYSTEM,
    cases: [
      {
        name: 'imports',
        script: `for module in $(cat /lib/vgem.load); do insmod /lib/$module.ko; done
verify --expect $EXPECT --import /dev/dri/card0`,
        exit: 0,
        passes: ['import.device', 'import.udmabuf', 'alloc.page', 'heap.restored'],
      },
      ...programs('/dev/dma_heap/system'),
      inRust('/dev/dma_heap/system'),
      OF_OWN_MEMORY,
      {
        name: 'a program imports into DRM',
        script: `for module in $(cat /lib/vgem.load); do insmod /lib/$module.ko 2>/dev/null; done
drm-import /dev/dma_heap/system /dev/dri/card0; drm-dumb /dev/dri/card0`,
        shows: [/^imported as handle 1$/m, /^dumb buffer of 1228800 bytes, pitch 2560$/m],
      },
      {
        name: 'a camera captures into a heap',
        // One node: the camera without its outputs, radio and the rest.
        script: `for module in $(cat /lib/vivid.load); do insmod /lib/$module.ko node_types=0x1 2>/dev/null; done
v4l2-capture /dev/dma_heap/system /dev/video0; v4l2-capture /dev/dma_heap/system /dev/null`,
        shows: [/^captured 640 x 360, 460800 bytes$/m, /^VIDIOC_S_FMT: (?:Not a tty|Inappropriate ioctl for device)$/m],
      },
      {
        name: 'a watchdog behind a link is not opened',
        // Opened once, it resets the machine after a second, even when it was closed again.
        script: `for module in $(cat /lib/softdog.load); do insmod /lib/$module.ko soft_margin=1 nowayout=1; done
ls /dev/watchdog; ln -s /dev/watchdog /dev/dma_heap/camera
dmaheap-verify --json --expect $EXPECT >/tmp/report; dmaheap-verify --collect >/tmp/tar; dmaheap-verify --owners >/tmp/owners
sleep 4; echo "the guest runs"; rm /dev/dma_heap/camera`,
        shows: [/^\/dev\/watchdog$/m, /^the guest runs$/m],
      },
      {
        name: 'no such device',
        script: 'verify --expect $EXPECT --import /dev/dri/card9',
        exit: 3,
        also: ['import.device null', 'import.udmabuf null'],
      },
    ],
  },
  {
    name: 'programs on other kernels',
    kernels: ['arm64-rockchip-5.10', 'arm64-5.15', 'arm64-6.12', 'arm64-7.3'],
    programs: true,
    memoryMiB: 512,
    reservedMemory: CAMERA,
    expect: SAFE,
    cases: programs('/dev/dma_heap/system'),
  },
  {
    name: 'devices and traces',
    kernels: ['arm64-6.12-devices'],
    long: true,
    memoryMiB: 512,
    reservedMemory: CAMERA,
    expect: SAFE,
    cases: [
      {
        name: 'vgem and udmabuf',
        script: 'verify --expect $EXPECT --import /dev/dri/card0',
        exit: 0,
        passes: [...PROVEN, 'import.device', 'import.udmabuf'],
      },
      {
        name: 'udmabuf alone',
        script: 'verify --expect $EXPECT --import /dev/udmabuf',
        exit: 0,
        passes: [...PROVEN, 'import.udmabuf'],
      },
      {
        name: 'no udmabuf',
        script: 'mv /dev/udmabuf /dev/kept; verify --expect $EXPECT --import /dev/udmabuf; mv /dev/kept /dev/udmabuf',
        exit: 1,
        diagnoses: ['import.udmabuf UDMABUF_UNUSABLE'],
      },
      {
        name: 'frames by the trace event',
        script:
          'mount -t tracefs none /sys/kernel/tracing; dmaheap-verify --expect $EXPECT --json | grep -F \'"id":"cma.origin","heap":"camera"\'; umount /sys/kernel/tracing',
        shows: [
          /"status":"pass".*"observed":"the allocator returned contiguous frames".*cma_alloc_finish: 1024 from 0x[0-9A-F]{5} on/,
        ],
      },
    ],
  },
  {
    name: 'stock kernel',
    kernels: ['debian-amd64'],
    memoryMiB: 512,
    silenceSeconds: 400,
    programs: true,
    expect: SYSTEM,
    cases: [
      ...programs('/dev/dma_heap/system'),
      inRust('/dev/dma_heap/system'),
      OF_OWN_MEMORY,
      {
        name: 'the system heap',
        script: 'verify --expect $EXPECT',
        exit: 0,
        passes: ['heap.node', 'kernel.config', 'alloc.page', 'buffer.zeroed', 'share.process', 'heap.restored'],
      },
      {
        name: 'buffers of own memory',
        script: 'verify --expect $EXPECT --import /dev/udmabuf',
        exit: 0,
        passes: ['import.udmabuf', 'alloc.page'],
      },
      {
        name: 'but no CMA',
        script: 'verify --expect $EXPECT',
        expect: SAFE,
        exit: 1,
        diagnoses: [
          'kernel.config CONFIG_DIFFERS',
          'cma.total CMA_NOT_CONFIGURED',
          'area.size CMA_NOT_CONFIGURED',
          'heap.node CMA_NOT_CONFIGURED',
        ],
      },
    ],
  },
  {
    name: 'locked down',
    kernels: ['debian-amd64'],
    memoryMiB: 512,
    silenceSeconds: 400,
    cmdline: 'lockdown=confidentiality',
    expect: SYSTEM,
    cases: [
      {
        name: 'the kernel is locked down',
        script: 'mount -t securityfs none /sys/kernel/security; cat /sys/kernel/security/lockdown',
        shows: [/\[confidentiality\]/],
      },
      {
        name: 'the system heap',
        script: 'verify --expect $EXPECT',
        exit: 0,
        passes: ['heap.node', 'kernel.config', 'alloc.page', 'buffer.zeroed', 'share.process', 'heap.restored'],
      },
      {
        name: 'a capture',
        script: 'dmaheap-verify --collect | tar -xO collected.txt',
        shows: [/^taken \/proc\/meminfo$/m, /^taken ls-dev-dma_heap\.txt$/m],
      },
    ],
  },
  {
    name: 'stock kernel without heaps',
    kernels: ['debian-arm64'],
    memoryMiB: 512,
    silenceSeconds: 400,
    expect: SAFE,
    cases: [
      {
        name: 'names the symbols',
        script: 'verify --expect $EXPECT',
        exit: 1,
        diagnoses: ['heap.support HEAP_SUPPORT_MISSING', 'kernel.config CONFIG_DIFFERS'],
        also: ['cma.total CMA_DT_NODE_MISSING', 'area.size CMA_DT_NODE_MISSING'],
      },
      {
        name: 'in words',
        script: 'dmaheap-verify --no-color --expect $EXPECT',
        shows: [/cause: this kernel was built without CONFIG_DMABUF_HEAPS=y, CONFIG_DMABUF_HEAPS_CMA=y\n/],
      },
      {
        name: 'in words, without an expectation',
        script: 'dmaheap-verify --no-color; echo "status $?"',
        shows: [
          /diagnosis: HEAP_SUPPORT_MISSING\r?\n +cause: this kernel was built without CONFIG_DMABUF_HEAPS=y and one of /,
          /NOTHING TESTABLE/,
          /status 4/,
        ],
      },
    ],
  },
  {
    name: 'Node in the guest',
    kernels: ['arm64-6.12'],
    memoryMiB: 1024,
    silenceSeconds: 400,
    reservedMemory: CAMERA,
    node: true,
    expect: SAFE,
    cases: [
      {
        name: 'the addon',
        script: 'node /verify.cjs $EXPECT /dmaheap.node; echo "@@EXIT $?"',
        exit: 0,
        passes: PROVEN,
      },
    ],
  },
];
