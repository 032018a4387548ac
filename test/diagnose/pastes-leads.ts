/** One line or two: what decides is not in them, and what they mean leads to it. */
import type { PasteCase } from './cases.js';

const NO_DIRECTORY = [/no directory of heaps/, /ls -d \/sys\/class\/dma_heap/, /zgrep DMABUF_HEAPS/];
const MESSAGES = [
  "ls: cannot access '/dev/dma_heap': No such file or directory",
  'ls: /dev/dma_heap: No such file or directory',
  "ls: 无法访问 '/dev/dma_heap': 没有那个文件或目录",
  'ls: 無法存取‘/dev/dma_heap/’: 沒有此一檔案或目錄',
  "ls: Zugriff auf '/dev/dma_heap' nicht möglich: Datei oder Verzeichnis nicht gefunden",
  "ls: impossible d'accéder à '/dev/dma_heap': Aucun fichier ou dossier de ce type",
  "ls: '/dev/dma_heap' にアクセスできません: そのようなファイルやディレクトリはありません",
  "ls: no se puede acceder a '/dev/dma_heap': No existe el fichero o el directorio",
  "ls: não foi possível acessar '/dev/dma_heap/': Arquivo ou diretório inexistente",
  "ls: impossibile accedere a '/dev/dma_heap': File o directory non esistente",
  'ls: невозможно получить доступ к «/dev/dma_heap»: Нет такого файла или каталога',
  "ls: '/dev/dma_heap'에 접근할 수 없음: 그런 파일이나 디렉터리가 없습니다",
  "ls: kan geen toegang krijgen tot '/dev/dma_heap': Bestand of map bestaat niet",
  // Of a language that is not known.
  'ls: няма достъп до „/dev/dma_heap“: Няма такъв файл или директория',
  'bash: cd: /dev/dma_heap: No such file or directory',
  'find: ‘/dev/dma_heap’: No such file or directory',
  'zsh: no matches found: /dev/dma_heap/*',
  '"/dev/dma_heap": No such file or directory (os error 2)',
];

const DIRECTORY: readonly PasteCase[] = MESSAGES.map((text) => ({ cause: 'undecided', says: NO_DIRECTORY, text }));

const DENIED_FIRST = [
  /^\n\n\[\{"what":"the nodes and their modes, and the groups of the user".*ls -lL \/dev\/dma_heap; id/,
];

const LINES: readonly PasteCase[] = [
  {
    cause: 'undecided',
    says: [/could not open any heap of its list/, /ls -l \/dev\/dma_heap/],
    text: '[0:03:12.40] [815] ERROR DmaBufAllocator dma_buf_allocator.cpp:120 Could not open any dma-buf provider',
  },
  {
    cause: 'undecided',
    says: [/could not open any heap of its list/],
    text: 'RuntimeError: Could not open any dmaHeap device',
  },
  {
    cause: 'undecided',
    says: [...DENIED_FIRST, /the node linux,cma exists/],
    text: '[1822:1840:0612/101530.229000:ERROR:v4l2_video_decoder.cc(487)] Failed to allocate DMABUF: open("/dev/dma_heap/linux,cma") : Permission denied',
  },
  {
    cause: 'undecided',
    says: [...DENIED_FIRST],
    text: 'app: /dev/dma_heap/system: Keine Berechtigung',
  },
  {
    cause: 'undecided',
    says: [...DENIED_FIRST],
    text: 'mpp[1504]: os_allocator_dma_heap_open: open dma heap system failed!\nmpp_dma_heap: os_allocator_dma_heap_alloc: ioctl alloc failed: Permission denied',
  },
  {
    cause: 'undecided',
    says: [/on the host/, /host does not have this node/],
    text: 'docker: Error response from daemon: error gathering device information while adding custom device "/dev/dma_heap/system": no such file or directory.',
  },
  {
    cause: 'undecided',
    says: [/on the host/],
    text: 'Error: stat /dev/dma_heap: no such file or directory',
  },
  {
    cause: 'undecided',
    says: [/on the host/],
    text: 'Error response from daemon: invalid mount config for type "bind": bind source path does not exist: /dev/dma_heap',
  },
  {
    cause: 'undecided',
    says: [/no CMA area at all/, /cmdline/],
    text: 'CmaTotal:              0 kB\nCmaFree:               0 kB',
  },
  {
    cause: 'undecided',
    says: [/no camera that it can use/],
    text: 'ERROR: *** no cameras available ***',
  },
  {
    cause: 'undecided',
    says: [/does not make a default area/],
    text: 'CONFIG_CMA=y\nCONFIG_CMA_SIZE_MBYTES=0\nCONFIG_DMABUF_HEAPS_CMA=y',
  },
  { cause: 'undecided', says: [/the input is empty/], text: ' \n' },
  {
    cause: 'undecided',
    says: [/no memory for a buffer of this size/],
    text: 'ioctl(5, DMA_HEAP_IOCTL_ALLOC, {len=33177600, fd_flags=O_RDWR|O_CLOEXEC, heap_flags=0}) = -1 ENOMEM (Cannot allocate memory)',
  },
  {
    cause: 'undecided',
    says: [/refuses the arguments/],
    text: 'ioctl(7, _IOC(_IOC_READ|_IOC_WRITE, 0x48, 0, 0x18), 0xffffe0c1a8e8) = -1 EINVAL (Invalid argument)',
  },
];

/** A name that a library does without. */
const FALLBACKS: readonly PasteCase[] = [
  'vidbuf_cached',
  'system-uncached',
  'linux,cma',
  'reserved',
  'cma-uncached',
].map((name) => ({
  cause: 'undecided',
  says: [],
  text: `$ ls /dev/dma_heap
frames@80000000  system
openat(AT_FDCWD, "/dev/dma_heap/${name}", O_RDWR|O_CLOEXEC) = -1 ENOENT (No such file or directory)
openat(AT_FDCWD, "/dev/dma_heap/system", O_RDWR|O_CLOEXEC) = 7`,
}));

/** Heaps of vendors' kernels. */
const VENDORS: readonly PasteCase[] = [
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/MediaTek/],
    never: [/ln -s|SYMLINK/],
    text: "06-01 12:00:01.234   512   530 E DMABUFHEAPS: Unable to find memory heap named 'mtk_mm-uncached'",
  },
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/Rockchip/],
    text: 'mpp: open /dev/dma_heap/system-uncached-dma32: No such file or directory',
  },
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/Rockchip/],
    text: 'open("/dev/dma_heap/cma-uncached", O_RDWR|O_CLOEXEC) = -1 ENOENT (No such file or directory)',
  },
  {
    cause: 'undecided',
    says: [/Rockchip/, /mainline kernels do not make it/],
    text: 'mpp[2231]: mpp_dmabuf: open /dev/dma_heap/system-uncached-dma32 failed',
  },
  {
    cause: 'undecided',
    says: [/NXP/],
    text: '0:00:01.024 901 0x55 ERROR dmaheapmem gstdmaheap.c:77: dmaheap: open /dev/dma_heap/linux,cma-uncached failed',
  },
  {
    cause: 'undecided',
    says: [/the node system-uncached exists/],
    text: 'mpp: open /dev/dma_heap/system-uncached: Permission denied',
  },
  {
    cause: 'undecided',
    says: [/something other than its mode/],
    text: `services:
  frigate:
    devices:
      - /dev/dma_heap:/dev/dma_heap
frigate | open /dev/dma_heap/system: Operation not permitted`,
  },
  { cause: 'undecided', says: [/Rockchip/], text: 'DmaHeapAlloc: heap system-uncached: allocation failed' },
];

const NODE = 'crw-rw---- 1 root video 250, 0 Jun  1 10:00 /dev/dma_heap/system\n';
const STALE = [/video/, /log in again/];

/** A session that is older than its user's membership. */
const SESSIONS: readonly PasteCase[] = [
  {
    cause: 'LOGIN_STALE',
    says: STALE,
    text: `${NODE}$ groups\nuser sudo\n$ groups user\nuser : user sudo video\n$ ./app\napp: /dev/dma_heap/system: Permission denied`,
  },
  {
    cause: 'LOGIN_STALE',
    says: STALE,
    text: `${NODE}$ id user\nuid=1000(user) gid=1000(user) groups=1000(user),44(video)\n$ id\nuid=1000(user) gid=1000(user) groups=1000(user)\n$ ./app\napp: /dev/dma_heap/system: Permission denied`,
  },
  {
    cause: 'LOGIN_STALE',
    says: STALE,
    text: '$ id -nG\npi sudo\n$ id -nG pi\npi sudo video',
  },
  {
    cause: 'LOGIN_STALE',
    says: [/render/],
    text: '$ groups\nalice wheel\n$ groups alice\nalice : alice wheel render',
  },
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [/not a member of video/],
    text: `${NODE}$ id\nuid=1000(user) gid=1000(user) groups=1000(user),27(sudo)\n$ ./app\napp: /dev/dma_heap/system: Permission denied`,
  },
];

const OPEN: readonly PasteCase[] = [
  {
    cause: 'PERM_WORLD_ACCESS',
    says: [/every process can open/],
    text: 'root@imx8mp:~# ls -l /dev/dma_heap/\ntotal 0\ncrw-rw-rw- 1 root video 250, 1 Mar  9 12:34 linux,cma\ncrw-rw-rw- 1 root video 250, 0 Mar  9 12:34 system',
  },
  {
    cause: 'PERM_WORLD_ACCESS',
    says: [],
    text: '$ ls -l /dev/dma_heap\ncrw-rw-r-- 1 root video 250, 0 Mar  9 12:34 system\n$ grep Cma /proc/meminfo\nCmaTotal:         262144 kB\nCmaFree:          250000 kB',
  },
];

/** A program that names its heap, and does not get this one. */
const USES: readonly PasteCase[] = [
  {
    cause: 'HEAP_ABSENT',
    says: [/no heap linux,cma exists/],
    text: `cam: using /dev/dma_heap/linux,cma
cam: open /dev/dma_heap/linux,cma: No such file or directory
$ ls /dev/dma_heap
system`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [/KERNEL=="default_cma_region", SYMLINK\+="dma_heap\/cma"/],
    text: `venc: open /dev/dma_heap/cma: No such file or directory
# ls /dev/dma_heap
default_cma_region  system`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [/if this is the area that it is written for/],
    never: [/SYMLINK/],
    text: `open /dev/dma_heap/lidar@70000000: No such file or directory
# ls /dev/dma_heap
default_cma_region  lidar@78000000  system`,
  },
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/Android's common kernels/, /DMA_BUF_IOCTL_SYNC/],
    never: [/\brun\b/],
    text: `E DMABUFHEAPS: Unable to open DMA-BUF heap: system-uncached: No such file or directory
# ls /dev/dma_heap
system`,
  },
  // The mode of a node does not keep root out.
  {
    cause: 'undecided',
    says: [/what else can refuse/, /the access is denied/],
    text: `failed to open dma_heap: Permission denied
# ls -l /dev/dma_heap
crw-rw---- 1 root render 251, 0 Jan  1 1970 system
# id
uid=0(root) gid=0(root) groups=0(root)`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `open /dev/dma_heap/system: No such file or directory
$ ls /dev/dma_heap
linux,cma
$ zgrep DMABUF_HEAPS /proc/config.gz
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=y
CONFIG_DMABUF_HEAPS_CMA=y`,
  },
  {
    cause: 'undecided',
    says: [/avc/],
    text: `06-01 12:00:01.234   512   530 E DMABUFHEAPS: Unable to open DMA-BUF heap: system: Permission denied
$ ls -l /dev/dma_heap
cr--r--r-- 1 system system 252, 0 1970-01-01 00:00 system`,
  },
  // Another device is refused to the user of a container.
  {
    cause: 'not-ours',
    says: [],
    text: `services:
  tv:
    user: "1000"
    devices:
      - /dev/dri:/dev/dri
      - /dev/dma_heap:/dev/dma_heap
tv | /dev/dri/renderD129: Permission denied
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 251, 0 Jun  5 05:41 system`,
  },
];

export const LEAD_PASTES: readonly PasteCase[] = [
  ...DIRECTORY,
  ...LINES,
  ...FALLBACKS,
  ...VENDORS,
  ...SESSIONS,
  ...OPEN,
  ...USES,
];
