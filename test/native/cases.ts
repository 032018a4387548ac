/** Boards as QEMU shows them, and what is done to them. */

export interface Case {
  readonly name: string;
  /** Shell; `verify $EXPECT` stands for a run. It undoes what it did. */
  readonly script: string;
  /** Replaces the board's expectation. */
  readonly expect?: string;
  readonly exit?: number;
  /** What the guest prints, for cases that do not end in a report. */
  readonly shows?: readonly RegExp[];
  /** Shipped schema of the JSON it prints, which is no report. */
  readonly schema?: 'owners' | 'bench';
  /** `check DIAGNOSIS` that must be reported. */
  readonly diagnoses?: readonly string[];
  /** Further failures that follow from the same fault. */
  readonly also?: readonly string[];
  /** Not in CI: minutes. */
  readonly long?: boolean;
  /** Checks that must not merely be skipped. */
  readonly passes?: readonly string[];
}

export interface Board {
  readonly name: string;
  readonly kernels: readonly string[];
  readonly memoryMiB: number;
  readonly cmdline?: string;
  /** Children of /reserved-memory. */
  readonly reservedMemory?: string;
  readonly expect: string;
  /** Not in CI: it needs a kernel that nothing else there needs, or a boot too many. */
  readonly long?: boolean;
  /** Node and the addon are in the guest. */
  readonly node?: boolean;
  readonly silenceSeconds?: number;
  readonly cases: readonly Case[];
}

const MIB = 1024 * 1024;

/** The configured default area of the lab's kernels is 32 MiB, so 48 MiB can only come from the tree. */
const CAMERA = '\tlinux,cma { compatible = "shared-dma-pool"; reusable; size = <0 0x3000000>; linux,cma-default; };';

interface Wish {
  readonly total: number;
  readonly area?: number;
  readonly budget?: string;
  readonly extra?: string;
}

const expectation = ({ total, area = total, budget = 'bytes=1048576 count=8', extra = '' }: Wish) => `dmaheap-expect 1
profile name=guest
kernel since=5.10 until=8.0
page bytes=4096
config symbol=DMABUF_HEAPS value=y
config symbol=DMABUF_HEAPS_CMA value=y
cma total-bytes=${total * MIB}
area name=linux,cma bytes=${area * MIB} source=device-tree default=yes
heap name=camera kind=cma area=linux,cma mode=0660 owner=root group=video
node heap=camera name=linux,cma until=6.17
node heap=camera name=default_cma_region since=6.17
node heap=camera name=linux,cma since=6.17
user heap=camera name=cam
budget heap=camera ${budget}
heap name=system kind=system mode=0660 group=video
node heap=system name=system
${extra}`;

const SAFE = expectation({ total: 48 });

/** What must have been done, not skipped, on a healthy board. */
const PROVEN = [
  'kernel.version',
  'kernel.page-size',
  'kernel.config',
  'heap.support',
  'cma.total',
  'area.size',
  'heap.node',
  'heap.permissions',
  'open.read-only',
  'open.read-write',
  'open.user',
  'alloc.page',
  'alloc.sizes',
  'alloc.bad-arguments',
  'alloc.struct-sizes',
  'buffer.zeroed',
  'buffer.data',
  'buffer.mappings',
  'buffer.sync',
  'buffer.metadata',
  'share.process',
  'share.killed-holder',
  'heap.restored',
  'alloc.budget/camera',
  'cma.origin/camera',
  'cma.largest/camera',
];

/** What may fail beside the budget when nothing is left in an area. */
const EXHAUSTED = ['cma.largest', 'alloc.page', 'buffer.zeroed', 'alloc.sizes', 'cma.origin'].map(
  (id) => `${id} CMA_EXHAUSTED`,
);

const REJECTED = ['cma.total', 'area.size', 'heap.node'];

const SYSTEM = `dmaheap-expect 1
config symbol=DMABUF_HEAPS value=y
config symbol=DMABUF_HEAPS_SYSTEM value=y
heap name=system kind=system mode=0660 group=video
node heap=system name=system
`;

const NAMED = ['npu-pool', 'vpu@58000000'];

/** From 6.19 on every named area is a heap; before, it is an area without one. */
const THREE_AREAS: readonly Board[] = [
  { kernel: 'arm64-6.12', passes: ['cma.total', 'area.size', 'alloc.budget/camera', 'cma.origin/camera'] },
  {
    kernel: 'arm64-7.3',
    passes: [
      ...PROVEN,
      ...NAMED.flatMap((name) => [`alloc.budget/${name}`, `cma.origin/${name}`, `cma.largest/${name}`]),
    ],
  },
].map(({ kernel, passes }) => ({
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
    { name: 'healthy', script: 'verify --expect $EXPECT', exit: 0, passes },
    {
      // one area has nothing left, the others have: whose memory it is must be told apart
      name: 'one exhausted',
      script: 'take linux,cma 1048576 100; verify --expect $EXPECT; release',
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

export const BOARDS: readonly Board[] = [
  {
    name: 'default area from the tree',
    kernels: ['arm64-6.12', 'arm64-7.3'],
    memoryMiB: 512,
    reservedMemory: CAMERA,
    expect: SAFE,
    cases: [
      { name: 'healthy', script: 'verify --expect $EXPECT', exit: 0, passes: PROVEN },
      {
        name: 'healthy-deep',
        script: 'verify --expect $EXPECT --deep',
        exit: 0,
        passes: [...PROVEN, 'cma.largest/camera'],
      },
      { name: 'healthy-without-expectation', script: 'verify', exit: 0 },
      { name: 'consumer', script: 'verify --expect $EXPECT --as guest:video', exit: 0, passes: ['open.consumer'] },
      {
        name: 'consumer-outside-group',
        script: 'verify --expect $EXPECT --as guest',
        exit: 1,
        diagnoses: ['open.consumer USER_NOT_IN_GROUP'],
      },
      {
        name: 'kernel-mode',
        script: 'chmod 0600 /dev/dma_heap/*; chown 0:0 /dev/dma_heap/*; verify --expect $EXPECT; settle',
        exit: 1,
        diagnoses: ['heap.permissions PERM_DEFAULT_0600', 'open.user PERM_DEFAULT_0600'],
      },
      {
        name: 'rule-not-applied',
        script: `mkdir -p /etc/udev/rules.d; echo 'SUBSYSTEM=="dma_heap", MODE="0660"' >/etc/udev/rules.d/70.rules
chmod 0600 /dev/dma_heap/*; chown 0:0 /dev/dma_heap/*; verify --expect $EXPECT; settle; rm /etc/udev/rules.d/70.rules`,
        exit: 1,
        diagnoses: ['heap.permissions RULE_NOT_APPLIED'],
        also: ['open.user RULE_NOT_APPLIED'],
      },
      {
        name: 'rule-late',
        script: 'chmod 0600 /dev/dma_heap/*; (sleep 0.5; settle) & verify --expect $EXPECT --wait 5; wait',
        exit: 0,
        diagnoses: ['heap.permissions RULE_LATE'],
      },
      {
        name: 'world-access',
        script: 'chmod 0666 /dev/dma_heap/*; verify --expect $EXPECT; settle',
        exit: 1,
        diagnoses: ['heap.permissions PERM_WORLD_ACCESS'],
      },
      {
        name: 'user-outside-group',
        script:
          'cp /etc/group /tmp/g; sed -i s/:44:cam/:44:/ /etc/group; verify --expect $EXPECT; cp /tmp/g /etc/group',
        exit: 1,
        diagnoses: ['open.user USER_NOT_IN_GROUP'],
      },
      {
        name: 'consumer-without-its-groups',
        script: 'verify --expect $EXPECT --as cam:cam',
        exit: 1,
        diagnoses: ['open.consumer USER_NOT_IN_GROUP'],
      },
      {
        // the session begins, then its user is put into the group
        name: 'stale-login',
        script: `cp /etc/group /tmp/g; sed -i s/:44:cam/:44:/ /etc/group
su -s /bin/sh cam -c 'until [ -e /tmp/go ]; do sleep 0.1; done; dmaheap-verify --json --no-timing --expect $EXPECT; s=$?; echo; echo "@@EXIT $s"' & session=$!
sleep 0.5; cp /tmp/g /etc/group; touch /tmp/go; wait $session; rm /tmp/go`,
        exit: 1,
        diagnoses: ['open.read-only LOGIN_STALE', 'open.read-write LOGIN_STALE'],
      },
      {
        // as a service runs that has User=: what only root sees is unknown, never failed
        name: 'healthy-as-the-consumer',
        script: `su -s /bin/sh cam -c 'dmaheap-verify --json --no-timing --expect $EXPECT; s=$?; echo; echo "@@EXIT $s"'`,
        exit: 0,
        passes: [
          'open.read-only',
          'open.read-write',
          'alloc.page',
          'buffer.zeroed',
          'alloc.budget/camera',
          'heap.node',
          'heap.restored',
        ],
      },
      {
        name: 'node-removed',
        script: 'mv /dev/dma_heap/linux,cma /dev/kept; verify --expect $EXPECT; mv /dev/kept /dev/dma_heap/linux,cma',
        exit: 1,
        diagnoses: ['heap.node HEAP_NODE_REMOVED'],
      },
      {
        name: 'no-nodes',
        script: 'mv /dev/dma_heap /dev/kept; verify --expect $EXPECT; mv /dev/kept /dev/dma_heap',
        exit: 1,
        diagnoses: ['heap.support DEVTMPFS_MISSING'],
        also: ['heap.node DEVTMPFS_MISSING'],
      },
      {
        // a container sees no device tree
        name: 'tree-hidden',
        script: 'mount -t tmpfs none /sys/firmware; verify --expect $EXPECT; umount /sys/firmware',
        exit: 0,
        passes: PROVEN,
      },
      {
        name: 'another-kernels-name',
        script: 'verify --expect $EXPECT',
        expect: `dmaheap-expect 1
heap name=camera kind=cma
node heap=camera name=reserved since=5.10
node heap=camera name=linux,cma until=5.10
`,
        exit: 1,
        diagnoses: ['heap.node HEAP_RENAMED'],
      },
      {
        name: 'vendor-heap',
        script: 'verify --expect $EXPECT',
        expect: 'dmaheap-expect 1\nheap name=isp kind=vendor\nnode heap=isp name=system-uncached-dma32\n',
        exit: 1,
        diagnoses: ['heap.node VENDOR_HEAP_ABSENT'],
      },
      {
        name: 'alias-missing',
        script: 'verify --expect $EXPECT',
        expect: `${SAFE}alias heap=camera name=vidbuf_cached\n`,
        exit: 1,
        diagnoses: ['heap.alias SYMLINK_RULE_MISSING'],
      },
      {
        name: 'alias',
        script: 'ln -s linux,cma /dev/dma_heap/vidbuf_cached; verify --expect $EXPECT; rm /dev/dma_heap/vidbuf_cached',
        expect: `${SAFE}alias heap=camera name=vidbuf_cached\n`,
        exit: 0,
        passes: ['heap.alias'],
      },
      {
        name: 'hand-made-dma-buf',
        script: 'mknod /dev/dma-buf c 10 57; verify --expect $EXPECT; rm /dev/dma-buf',
        exit: 1,
        diagnoses: ['dev.hand-made FOLKLORE_DMA_BUF_NODE'],
      },
      {
        name: 'hand-made-heap',
        script: `mv /dev/dma_heap/linux,cma /dev/kept; mknod /dev/dma_heap/linux,cma c 10 57; settle
verify --expect $EXPECT; rm /dev/dma_heap/linux,cma; mv /dev/kept /dev/dma_heap/linux,cma`,
        exit: 1,
        diagnoses: ['heap.node NODE_NOT_A_HEAP'],
        also: [
          'open.read-only NODE_NOT_A_HEAP',
          'open.read-write NODE_NOT_A_HEAP',
          'open.user NODE_NOT_A_HEAP',
          'alloc.page NODE_NOT_A_HEAP',
        ],
      },
      {
        name: 'exhausted',
        script: 'take linux,cma 1048576 100; verify --expect $EXPECT; release',
        exit: 1,
        diagnoses: ['alloc.budget CMA_EXHAUSTED'],
        also: EXHAUSTED,
      },
      {
        name: 'fragmented',
        script: 'take linux,cma 1048576 100 every-other; verify --expect $EXPECT; release',
        expect: expectation({ total: 48, budget: 'bytes=8388608 count=2' }),
        exit: 1,
        diagnoses: ['alloc.budget CMA_FRAGMENTED', 'cma.largest CMA_FRAGMENTED'],
        also: ['cma.origin CMA_FRAGMENTED', 'buffer.zeroed CMA_FRAGMENTED', 'alloc.sizes CMA_FRAGMENTED'],
      },
      {
        name: 'budget-too-large',
        script: 'verify --expect $EXPECT',
        expect: expectation({ total: 48, budget: 'bytes=8388608 count=7' }),
        exit: 1,
        diagnoses: ['alloc.budget CMA_TOO_SMALL_FOR_BUDGET'],
      },
      {
        name: 'descriptor-limit',
        script: '(ulimit -n 7; verify --expect $EXPECT)',
        exit: 1,
        diagnoses: ['alloc.budget FD_LIMIT'],
        also: [
          'share.process FD_LIMIT',
          'buffer.zeroed FD_LIMIT',
          'buffer.mappings FD_LIMIT',
          'share.killed-holder FD_LIMIT',
        ],
      },
      {
        name: 'another-size',
        script: 'verify --expect $EXPECT',
        expect: expectation({ total: 64 }),
        exit: 1,
        diagnoses: ['cma.total CMA_SIZE_MISMATCH', 'area.size CMA_SIZE_MISMATCH'],
      },
      {
        name: 'another-kernel',
        script: 'verify --expect $EXPECT',
        expect: SAFE.replace('since=5.10 until=8.0', 'since=5.10 until=6.1'),
        exit: 1,
        diagnoses: ['kernel.version KERNEL_OUT_OF_RANGE'],
      },
      {
        name: 'read-only-consumer',
        script: 'take linux,cma 1048576 4 read-only; dmaheap-verify --owners --json; release',
        schema: 'owners',
        shows: [
          /"process":"hold","exporter":"linux,cma","buffers":4,"bytes":4194304,"readOnly":4,"diagnosis":"FD_READONLY"/,
        ],
      },
      {
        name: 'owners',
        script:
          'take linux,cma 1048576 4; dmaheap-verify --owners; release; echo after; dmaheap-verify --owners --json',
        shows: [
          /hold +linux,cma +4 +4194304\n/,
          /area linux,cma: \d{7} of 50331648 bytes given out/,
          /after\n.*"owners":\[\s*\]/s,
        ],
      },
      {
        name: 'watch',
        script:
          'dmaheap-verify --watch 2 --rounds 1 & watcher=$!; sleep 0.5; take linux,cma 1048576 3; wait $watcher; release',
        shows: [/after 2 s\n.*process \d+ \(hold\) linux,cma: 3 buffers, 3145728 bytes \(\+3145728\)/s],
      },
      {
        name: 'bench',
        script: 'dmaheap-verify --bench; dmaheap-verify --bench --json',
        schema: 'bench',
        shows: [/linux,cma +1048576 +alloc +\d+ +\d+\n/, /system +65536 +touch +\d+ +\d+\n/],
      },
      {
        // Moments all over a run, which takes half a second under emulation. The kernel's own DMA pools are in the area, too.
        name: 'killed',
        long: true,
        script: `n=0; before=$(cat /sys/kernel/debug/cma/linux,cma/used); while [ $n -lt 200 ]; do n=$((n + 1)); [ $((n % 10)) != 0 ] || echo $n # a silent guest counts as hung
dmaheap-verify --expect $EXPECT >/dev/null 2>&1 & p=$!; sleep 0.$((RANDOM % 80 + 10)); kill -9 $p 2>/dev/null; wait $p 2>/dev/null; done
sleep 0.5; echo "killed $n, held $(($(cat /sys/kernel/debug/cma/linux,cma/used) - before)) pages, left $(ps | grep -c '[d]maheap-verify')"`,
        shows: [/killed 200, held 0 pages, left 0\n/],
      },
      { name: 'healthy-at-the-end', script: 'verify --expect $EXPECT', exit: 0, passes: PROVEN },
    ],
  },
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
        shows: [/"status":"pass".*"observed":"page frames in a row"/],
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
    name: 'stock kernel with vgem',
    kernels: ['debian-amd64-vgem'],
    long: true,
    memoryMiB: 512,
    silenceSeconds: 400,
    expect: SYSTEM,
    cases: [
      {
        name: 'imports',
        script: `for module in drm drm_kms_helper drm_shmem_helper vgem; do insmod /lib/$module.ko; done
verify --expect $EXPECT --import /dev/dri/card0`,
        exit: 0,
        passes: ['import.device', 'import.udmabuf', 'alloc.page', 'heap.restored'],
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
          /"status":"pass".*"observed":"the allocator gave out these frames in a row".*cma_alloc_finish: 1024 from 0x[0-9A-F]{5} on/,
        ],
      },
    ],
  },
  {
    name: 'stock kernel',
    kernels: ['debian-amd64'],
    memoryMiB: 512,
    silenceSeconds: 400,
    expect: SYSTEM,
    cases: [
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
