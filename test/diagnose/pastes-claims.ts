/** Words and lines that stand beside a fault and do not show it: no answer may rest on them. */
import type { PasteCase } from './cases.js';

const GOOD = `$ ls -l /dev/dma_heap
crw-rw---- 1 root video 251, 1 May  5 10:00 linux,cma
$ grep Cma /proc/meminfo
CmaTotal:          65536 kB`;

export const CLAIM_PASTES: readonly PasteCase[] = [
  {
    cause: 'CMA_DT_REJECTED_SPACE',
    says: [],
    never: [/reusable/],
    text: `[    0.000000] Reserved memory: created DMA memory pool at 0x00000000b8000000, size 1 MiB
[    0.000000] OF: reserved mem: initialized node vdev0buffer@b8000000, compatible id shared-dma-pool
[    0.000000] OF: reserved mem: failed to allocate memory for node 'linux,cma': size 640 MiB
the cma heap is missing`,
  },
  {
    cause: 'CMA_DT_NOT_REUSABLE',
    says: [/linux,cma/],
    text: `[    0.000000] cma: Reserved 64 MiB at 0x00000000fbe00000
# dtc -I dtb -O dts board.dtb | grep -A5 'linux,cma {'
        linux,cma {
            compatible = "shared-dma-pool";
            linux,cma-default;
            size = <0x00 0x10000000>;
        };
the area is 64 and not 256`,
  },
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [/video/],
    text: `Nov 11 05:40:16 mast systemd-udevd[200]: /usr/lib/udev/rules.d/50-udev-default.rules:43 Unknown group 'sgx', ignoring.
Nov 11 05:40:17 mast camd[702]: open /dev/dma_heap/linux,cma: Permission denied
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 251, 1 May  5 10:00 linux,cma
$ id camd
uid=300(camd) gid=300(camd) groups=300(camd)`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `Failed to open /dev/dma_heap/linux,cma: Permission denied
I only want the preview.
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 251, 1 May  5 10:00 linux,cma
$ id
uid=1000(op) gid=1000(op) groups=1000(op),44(video)`,
  },
  ...[
    'Kamera funktioniert nicht mehr seit dem Update.',
    'Bild ist schwarz, kein Ton.',
    '画面不正常，有绿条纹',
    '播放4K视频卡顿',
    'Since the update nothing works any more.',
    'On the first board it works, on ours the picture has coloured bars.',
    'The stream breaks after a minute.',
  ].map((said): PasteCase => ({ cause: 'undecided', says: [], text: `${said}\n${GOOD}` })),
  {
    cause: 'undecided',
    says: [],
    text: `PASS open system
PASS alloc 4096
FAIL alloc 67108864: returned -1
${GOOD}`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `mpp[1200]: mpp_buffer: mpp_buffer_get failed size 3110400
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 251, 0 Jul 18 14:52 system`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    also: ['CMA_TOO_SMALL', 'CMA_FRAGMENTED'],
    says: [],
    text: `# ./dec
DMA_HEAP_IOCTL_ALLOC len=12441600: Cannot allocate memory
# ls -l /dev/dma_heap
crw------- 1 root root 248, 1 Jan  1 00:00 linux,cma
# grep Cma /proc/meminfo
CmaTotal:         131072 kB
CmaFree:            2048 kB`,
  },
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `$ chmod 660 /dev/dma_heap/system
chmod: changing permissions of '/dev/dma_heap/system': Operation not permitted
$ ls -l /dev/dma_heap
crw------- 1 root root 251, 0 May  5 10:00 system`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [/linux,cma/],
    text: `On vendor kernel 4.19 it worked with ION. Now kernel 6.6.30:
open /dev/dma_heap/cma: No such file or directory
$ ls /dev/dma_heap
linux,cma  system`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [],
    text: `[10:11:12.345] # ls /dev/dma_heap
[10:11:12.345] default_cma_region  system
[10:11:13.400] # ./cap
[10:11:13.400] open /dev/dma_heap/linux,cma: No such file or directory`,
  },
  {
    cause: 'CMA_DT_REJECTED_SPACE',
    says: [],
    text: `[    0.000000] OF: reserved mem: failed to allocate memory for node &#39;linux,cma&#39;: size 512 MiB`,
  },
  {
    cause: 'CMA_DT_REJECTED_SPACE',
    says: [],
    text: `[    0.000000] OF: reserved mem: failed to allocate memory for node \u2018linux,cma\u2019: size 512 MiB`,
  },
  {
    cause: 'CMA_DT_NODE_MISSING',
    says: [/label or a path/],
    never: [/compile the base device tree with symbols/],
    text: 'failed on fdt_overlay_apply(): FDT_ERR_NOTFOUND',
  },
];
