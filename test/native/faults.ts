/** Every fault of the usual board, one after the other in one guest; each case undoes what it did. */
import { type Board, CAMERA, EXHAUSTED, expectation, PROVEN, SAFE } from './board.js';

export const FAULTS: Board = {
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
      script: 'cp /etc/group /tmp/g; sed -i s/:44:cam/:44:/ /etc/group; verify --expect $EXPECT; cp /tmp/g /etc/group',
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
      script: `chmod 1777 /tmp; cp /etc/group /tmp/g; sed -i s/:44:cam/:44:/ /etc/group
su -s /bin/sh cam -c ': >/tmp/begun; until [ -e /tmp/go ]; do sleep 0.1; done; dmaheap-verify --json --no-timing --expect $EXPECT; s=$?; echo; echo "@@EXIT $s"' & session=$!
until [ -e /tmp/begun ]; do sleep 0.1; done; cp /tmp/g /etc/group; : >/tmp/go; wait $session; rm /tmp/go /tmp/begun`,
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
      // the system heap is root's alone, as where the profile asks for no access to it: not a fault of the board, but its heap was not used
      name: 'healthy-without-the-system-heap',
      expect: SAFE.replace('kind=system mode=0660 group=video', 'kind=system'),
      script: `chown 0:0 /dev/dma_heap/system; chmod 0600 /dev/dma_heap/system
su -s /bin/sh cam -c 'dmaheap-verify --json --no-timing --expect $EXPECT; s=$?; echo; echo "@@EXIT $s"'; settle`,
      exit: 4,
      passes: ['open.read-only/camera', 'alloc.budget/camera'],
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
      script: 'take linux,cma 1048576 100; verify --expect $EXPECT --exclusive --despite-holders; release',
      exit: 1,
      diagnoses: ['alloc.budget CMA_EXHAUSTED'],
      also: EXHAUSTED,
    },
    {
      // the budget is not taken from those who use the heap, and what was not tried is not proven
      name: 'budget-beside-a-user',
      script: 'take linux,cma 1048576 36; verify --expect $EXPECT; release',
      exit: 4,
      passes: ['open.read-write/camera', 'alloc.page/camera'],
    },
    {
      name: 'fragmented',
      script: 'take linux,cma 1048576 100 every-other; verify --expect $EXPECT --exclusive --despite-holders; release',
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
        'open.user FD_LIMIT',
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
      script: 'take linux,cma 1048576 4; dmaheap-verify --owners; release; echo after; dmaheap-verify --owners --json',
      shows: [
        /hold +linux,cma +4 +4194304\n/,
        /area linux,cma: \d{7} of 50331648 bytes allocated/,
        /after\n.*"owners":\[\s*\]/s,
      ],
    },
    {
      name: 'watch',
      script:
        'dmaheap-verify --watch 5 --rounds 1 & watcher=$!; sleep 2; take linux,cma 1048576 3; wait $watcher; release',
      shows: [/after 5 s\n.*process \d+ \(hold\) linux,cma: 3 buffers, 3145728 bytes \(\+3145728\)/s],
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
};
