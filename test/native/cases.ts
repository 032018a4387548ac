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
  /** `check DIAGNOSIS` that must be reported. */
  readonly diagnoses?: readonly string[];
  /** Further failures that follow from the same fault. */
  readonly also?: readonly string[];
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

const REJECTED = ['cma.total', 'area.size', 'heap.node'];

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
        name: 'stale-login',
        script: 'chmod 755 /bin/*; setuidgid() { su -s /bin/sh cam -c "$1"; }; verify --expect $EXPECT --as cam:cam',
        exit: 1,
        diagnoses: ['open.consumer USER_NOT_IN_GROUP'],
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
        also: [
          'cma.largest CMA_EXHAUSTED',
          'alloc.page CMA_EXHAUSTED',
          'buffer.zeroed CMA_EXHAUSTED',
          'alloc.sizes CMA_EXHAUSTED',
          'cma.origin CMA_EXHAUSTED',
        ],
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
        script: 'dmaheap-verify --bench',
        shows: [/linux,cma +1048576 +alloc +\d+ +\d+\n/, /system +65536 +touch +\d+ +\d+\n/],
      },
      {
        // Moments all over a run, which takes half a second under emulation. The kernel's own DMA pools are in the area, too.
        name: 'killed',
        script: `n=0; before=$(cat /sys/kernel/debug/cma/linux,cma/used); while [ $n -lt 200 ]; do n=$((n + 1))
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
    memoryMiB: 512,
    reservedMemory: CAMERA,
    expect: SAFE.replace(
      'value=y\nconfig symbol=DMABUF_HEAPS_CMA value=y',
      'value=y\nconfig symbol=DMABUF_HEAPS_CMA value=m',
    )
      .replace('name=default_cma_region since=6.17', 'name=default_cma_region since=6.17 module=cma_heap')
      .replace('name=system\n', 'name=system module=system_heap\n'),
    cases: [
      {
        name: 'not loaded',
        script: `mkdir -p /lib/modules/$(uname -r)
printf 'kernel/drivers/dma-buf/heaps/cma_heap.ko:\\nkernel/drivers/dma-buf/heaps/system_heap.ko:\\n' >/lib/modules/$(uname -r)/modules.dep
verify --expect $EXPECT`,
        exit: 1,
        diagnoses: ['heap.support HEAP_MODULE_NOT_LOADED', 'heap.node HEAP_MODULE_NOT_LOADED'],
      },
    ],
  },
  {
    name: 'stock kernel',
    kernels: ['debian-amd64'],
    memoryMiB: 512,
    silenceSeconds: 400,
    expect: `dmaheap-expect 1
config symbol=DMABUF_HEAPS value=y
config symbol=DMABUF_HEAPS_SYSTEM value=y
heap name=system kind=system mode=0660 group=video
node heap=system name=system
`,
    cases: [
      {
        name: 'the system heap',
        script: 'verify --expect $EXPECT',
        exit: 0,
        passes: ['heap.node', 'kernel.config', 'alloc.page', 'buffer.zeroed', 'share.process', 'heap.restored'],
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
