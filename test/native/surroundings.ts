/** Healthy heaps where a program sees little of the machine, or where something waits to be opened. */
import { type Board, CAMERA, type Case, expectation, PROVEN, SAFE } from './board.js';

/** What a root file system of a container has; `$1` is its directory. */
const CONTAINER = `jail() {
mkdir -p $1; mount -t tmpfs none $1; mkdir -p $1/bin $1/dev $1/proc $1/sys $1/etc $1/tmp $1/boot
for kept in bin etc boot proc sys; do mount --bind /$kept $1/$kept; done
cp /*.expect $1; mount -t tmpfs none $1/dev; mknod $1/dev/null c 1 3
}
`;
/** A private mount namespace, so that nothing of a case remains. */
const inside = (script: string) => `cat >/tmp/inside <<'@@'
${CONTAINER}verify() { dmaheap-verify --json --no-timing "$@"; status=$?; echo; echo "@@EXIT $status"; }
confined() { chroot /jail /bin/dmaheap-verify --json --no-timing "$@"; status=$?; echo; echo "@@EXIT $status"; }
${script}
@@
busybox unshare -m sh /tmp/inside; rm /tmp/inside`;

const NO_NODES = ['heap.node CONTAINER_DEVICE_MISSING'];

const CONTAINERS: readonly Case[] = [
  {
    name: 'container without the nodes',
    script: inside('jail /jail; : >/jail/.dockerenv; confined --expect $EXPECT'),
    exit: 1,
    diagnoses: ['heap.support CONTAINER_DEVICE_MISSING'],
    also: NO_NODES,
  },
  {
    name: 'container with one node of two',
    script: inside(`jail /jail; : >/jail/.dockerenv; mkdir /jail/dev/dma_heap
: >/jail/dev/dma_heap/system; mount --bind /dev/dma_heap/system /jail/dev/dma_heap/system; confined --expect $EXPECT`),
    exit: 1,
    diagnoses: NO_NODES,
  },
  {
    name: 'container with the nodes',
    script: inside(`jail /jail; : >/jail/.dockerenv; mkdir /jail/dev/dma_heap
mount --bind /dev/dma_heap /jail/dev/dma_heap; confined --expect $EXPECT`),
    exit: 0,
    passes: PROVEN,
  },
];

/** Every mode that reads a tree: none of them may open what is not a heap, or what lies outside the tree. */
const EVERY_MODE = (root: string) =>
  `dmaheap-verify --json --no-timing ${root} --expect $EXPECT; dmaheap-verify --collect ${root} >/tmp/tar; dmaheap-verify --bench ${root}; dmaheap-verify --owners ${root}; rm /tmp/tar`;

/** Says which of the files are opened meanwhile; it sees one `head`, so its silence means something. */
const watched = (
  files: string,
  script: string,
) => `watch() { opens ${files} >/tmp/opens & watcher=$!; until grep -q watching /tmp/opens; do sleep 0.1; done; }
seen() { sleep 0.2; kill $watcher; wait $watcher; echo "$1: $(grep -c opened /tmp/opens) opened"; grep opened /tmp/opens; rm /tmp/opens; }
watch; head -c 1 ${files.split(' ')[0]} >/dev/null; seen control
watch
${script}
seen verifier`;

const OPENED_NOTHING = [/^control: 1 opened$/m, /^verifier: 0 opened$/m];

/** What waits to be opened: it must be looked at only. */
const TRAPS: readonly Case[] = [
  {
    name: 'a FIFO in place of every file',
    script: `mkdir -p /trap/dev/dma_heap /trap/proc /trap/etc/udev/rules.d /trap/boot
for file in dev/dma_heap/linux,cma dev/dma_heap/system proc/meminfo proc/cmdline etc/group etc/passwd etc/udev/rules.d/70.rules boot/config-$(uname -r); do busybox mkfifo /trap/$file; done
verify --root /trap --expect $EXPECT --limit 5; rm -r /trap`,
    exit: 1,
    diagnoses: ['heap.node NODE_NOT_A_HEAP'],
  },
  {
    // /dev/zero: opening it does no harm, and nobody else does in the meantime
    name: 'foreign nodes in place of heaps',
    script: `mkdir /kept; mv /dev/dma_heap/* /kept; mknod /dev/dma_heap/linux,cma c 1 5; mknod /dev/dma_heap/system c 10 130; settle
${watched('/dev/dma_heap/linux,cma /dev/dma_heap/system', EVERY_MODE(''))}
rm /dev/dma_heap/*; mv /kept/* /dev/dma_heap; rm -r /kept`,
    shows: [...OPENED_NOTHING, /"id":"heap\.node","heap":"camera".*"diagnosis":"NODE_NOT_A_HEAP"/],
  },
  {
    name: 'links out of the root',
    script: `mkdir -p /trap/dev/dma_heap /trap/proc /trap/etc; ln -s ../../../../../../dev/zero /trap/dev/dma_heap/linux,cma; ln -s /dev/full /trap/dev/dma_heap/system
ln -s ../../../../etc/outside /trap/proc/meminfo; ln -s /etc/outside /trap/etc/group; : >/etc/outside
${watched('/dev/zero /dev/full /etc/outside', EVERY_MODE('--root /trap'))}
rm -r /trap /etc/outside`,
    shows: [...OPENED_NOTHING, /"id":"heap\.node","heap":"camera".*"diagnosis":"NODE_NOT_A_HEAP"/],
  },
];

const KILLED = (
  runs: number,
) => `n=0; before=$(cat /sys/kernel/debug/cma/linux,cma/used); while [ $n -lt ${runs} ]; do n=$((n + 1))
dmaheap-verify --expect $EXPECT >/dev/null 2>&1 & p=$!; sleep 0.$((RANDOM % 30 + 2)); kill -9 $p 2>/dev/null; wait $p 2>/dev/null; done
sleep 0.5; echo "killed $n, held $(($(cat /sys/kernel/debug/cma/linux,cma/used) - before)) pages, left $(ps | grep -c '[d]maheap-verify')"`;

/** The verifier, so many times, while the camera runs; a line for each ten, for the guest is taken for dead when it is silent. */
const camera = (runs: number) => `su -s /bin/sh cam -c 'exec hold linux,cma 3110400 8 frames' >/tmp/camera & camera=$!
until grep -q held /tmp/camera; do sleep 0.1; done
began=$(date +%s); n=0; while [ $n -lt ${runs} ]; do n=$((n + 1)); dmaheap-verify --no-color --expect $EXPECT >/tmp/report; tail -n 1 /tmp/report | sed 's/:.*//' >>/tmp/verdicts
grep -qE '^(PASS|INCOMPLETE)' /tmp/report || cp /tmp/report /tmp/odd
[ $((n % 10)) = 0 ] && echo "run $n"; done
echo "$n runs in $(($(date +%s) - began)) s"; kill $camera; wait $camera
sort /tmp/verdicts | uniq -c; tail -n 1 /tmp/camera; cat /tmp/odd 2>/dev/null; rm -f /tmp/camera /tmp/verdicts /tmp/report /tmp/odd`;

const CAMERA_LOSES_NOTHING: Case = {
  name: 'a camera at 60 Hz loses nothing',
  // ten buffers, eight of which the camera holds: the other two are within the share
  expect: expectation({ total: 48, budget: 'bytes=3110400 count=9' }),
  script: camera(20),
  shows: [
    // Incomplete only where the camera did not fill its queue in twenty looks.
    /^\d+ runs in \d+ s\n(?: +\d+ (?:PASS|INCOMPLETE)\n)+frames \d{3,}, lost 0$/m,
  ],
  prints: true,
};

export const SURROUNDINGS: Board = {
  name: 'surroundings',
  kernels: ['arm64-6.12'],
  memoryMiB: 512,
  reservedMemory: CAMERA,
  expect: SAFE,
  cases: [
    ...CONTAINERS,
    {
      name: 'read-only root',
      script: 'mount -o remount,ro /; verify --expect $EXPECT; mount -o remount,rw /',
      exit: 0,
      passes: PROVEN,
    },
    {
      name: 'no /proc',
      script: inside('umount /proc; verify --expect $EXPECT'),
      exit: 4,
      passes: ['heap.node', 'alloc.page', 'alloc.budget/camera', 'buffer.data'],
    },
    {
      name: 'neither /proc nor /sys',
      script: inside('umount /proc; umount -l /sys; verify --expect $EXPECT'),
      exit: 4,
      passes: ['alloc.page', 'buffer.data'],
    },
    {
      name: 'a capture of a user',
      script: `su -s /bin/sh guest -c 'dmaheap-verify --collect' | tar -xO collected.txt`,
      shows: [
        /^taken \/proc\/meminfo$/m,
        /^taken ls-dev-dma_heap\.txt$/m,
        /^denied \/proc\/iomem$/m,
        /^denied \/sys\/kernel\/debug\/cma$/m,
        /^taken tries\.txt$/m,
      ],
    },
    {
      name: 'a user does not see who holds buffers',
      script: `su -s /bin/sh guest -c 'dmaheap-verify --owners --json'`,
      shows: [/"buffers":0,"bytes":0,"complete":false/],
      schema: 'owners',
    },
    {
      name: 'a user does not see that others exist',
      script: `mount -o remount,hidepid=2 /proc; su -s /bin/sh guest -c 'dmaheap-verify --owners --json'; mount -o remount,hidepid=0 /proc`,
      shows: [/"buffers":0,"bytes":0,"complete":false/],
      schema: 'owners',
    },
    {
      name: 'root sees all of them',
      script: 'dmaheap-verify --owners --json',
      shows: [/"buffers":0,"bytes":0,"complete":true/],
      schema: 'owners',
    },
    CAMERA_LOSES_NOTHING,
    { ...CAMERA_LOSES_NOTHING, name: 'a camera at 60 Hz, 1,000 runs', script: camera(1000), long: true },
    {
      name: 'killed at ten moments',
      script: KILLED(10),
      shows: [/^killed 10, held 0 pages, left 0$/m],
    },
    ...TRAPS,
  ],
};
