/** There is no heap at all, or not this one: kernel, configuration, modules, /dev, containers. */
import { FIRST_KERNEL_WITH_HEAPS, formatKernelVersion } from '../../facts/index.js';
import type { Board } from '../board.js';
import type { Cause } from './cause.js';

const FIRST = formatKernelVersion(FIRST_KERNEL_WITH_HEAPS);

/** The text looks for heaps, and there is none. */
const isMissing = (board: Board) =>
  board.isAbsent() ||
  (board.opensHeap === undefined &&
    (board.has('noProvider') || board.refused.some(({ errno }) => errno === 'ENOENT' || errno === undefined)));

const isOff = (board: Board) => {
  const heaps = board.config('DMABUF_HEAPS');
  return heaps === 'n';
};

/** The kernel makes a heap of the default area, and lists none. */
const hasNoCmaHeap = (board: Board) =>
  board.config('DMABUF_HEAPS_CMA') === 'y' &&
  board.heapNames() !== undefined &&
  board.container === undefined &&
  !(board.heapNames() ?? []).some((name) => board.isDefaultName(name) || /cma/.test(name));

const MODULE_NAMES = /^dma[-_]?(?:heaps?|buf)$/;

export const PRESENCE: readonly Cause[] = [
  {
    id: 'kernel-too-old-ion',
    when(board) {
      if (
        !board.isBefore(FIRST_KERNEL_WITH_HEAPS) ||
        // Vendors brought the heaps to older kernels.
        (board.heapNames() ?? []).length > 0 ||
        !(isMissing(board) || board.has('ion') || board.line(/dma[-_ ]?(?:buf)?[-_ ]heap|DMABUF_HEAPS/i) !== undefined)
      )
        return undefined;
      const release = board.release?.text ?? 'this kernel';
      return {
        text: `Linux ${release} is too old: DMA-BUF heaps exist from ${FIRST} on, so its menuconfig does not have an option for them. ${board.has('ion') ? 'It has ION (/dev/ion), the predecessor of the heaps.' : 'Its allocator is ION, if the vendor enabled it.'}`,
        evidence: [board.release?.line, board.first('ion')?.line, board.first('noDirectory')?.line],
        fix: `use a kernel from ${FIRST} on (a newer BSP of the vendor), or a version or a build option of the program that allocates from ION`,
      };
    },
  },
  {
    id: 'container-node-missing',
    when(board) {
      const isContainer = board.container !== undefined;
      if (!isContainer) return undefined;
      const inside =
        board.isAbsent('container') ||
        board.refused.some(({ errno, view }) => errno === 'ENOENT' && view === 'container');
      const outside =
        board.nodes('host').length > 0 || board.has('classNames') || (board.heapNames('host') ?? []).length > 0;
      const given = board.all('devices').flatMap(({ list, volumes }) => [...list, ...volumes]);
      const unfound = board.refused.filter(({ errno }) => errno === 'ENOENT').map(({ name }) => name);
      const isWhole = given.some((one) => /dma_heap(?:\/\*?)?(?:[:\s]|$)|^\/dev\/?$|^\/dev:/.test(one));
      const some = given.flatMap((one) => /\/dev\/dma_heap\/([\w,.+@-]+)/.exec(one)?.[1] ?? []);
      // A list of single nodes gives these, and no others that the host may have.
      const isPart = !isWhole && some.length > 0 && unfound.some((name) => !some.includes(name));
      const isGiven = isWhole || (some.length > 0 && !isPart);
      const listsOthers = given.some((one) => one.startsWith('/dev/'));
      const isPlainlyMissing = isMissing(board) && !isGiven && (outside || (listsOthers && !isOff(board)));
      if (!(inside || isPlainlyMissing) || isGiven || isOff(board)) return undefined;
      if (!outside && !listsOthers && board.isAbsent('host')) return undefined;
      const kind = board.container ?? 'container';
      const missing = unfound.find((name) => !some.includes(name));
      if (isPart && missing !== undefined) {
        const host = board.heapNames('host');
        if (host !== undefined && !host.includes(missing)) return undefined;
        return {
          text: `the container has only the heaps that it was given (${some.join(', ')}), and ${missing} is not one of them${host === undefined ? '; the text does not show whether the host has it' : ', although the host has it'}.`,
          evidence: [board.refused.find(({ name }) => name === missing)?.line, board.first('devices')?.line],
          fix: `pass this node as well: --device /dev/dma_heap/${missing} for docker and podman run, one more line under "devices:" in compose${host === undefined ? `. First look on the host: ls -lL /dev/dma_heap. If the host does not list ${missing} either, no option of the container helps: the host needs a CMA heap` : ''}`,
        };
      }
      return {
        text: `the container has no /dev/dma_heap: the kernel${outside ? ' has the heaps' : ' may have heaps'}, but the runtime (${kind}) did not pass the nodes to the container.`,
        evidence: [
          board.all('noDirectory').find(({ view }) => view === 'container')?.line ??
            board.first('noDirectory')?.line ??
            board.refused[0]?.line,
          board.first('classNames')?.line ?? board.nodes('host')[0]?.line,
          board.first('devices')?.line,
        ],
        fix: containerFix(kind),
      };
    },
  },
  {
    id: 'container-node-missing',
    when(board) {
      const hidden = board.all('devicePolicy').find(({ value }) => value === 'private');
      const open = board.refused.find(({ errno }) => errno === 'ENOENT');
      if (hidden === undefined || open === undefined || board.heapNames()?.includes(open.name) !== true)
        return undefined;
      return {
        text: 'the service has no /dev/dma_heap: PrivateDevices=yes gives it a separate /dev that has only pseudo devices. The host has the heaps.',
        evidence: [open.line, hidden.line, board.nodes()[0]?.line ?? board.first('names')?.line],
        fix: 'set PrivateDevices=no and "DeviceAllow=char-dma_heap rw" in the [Service] section, then systemctl daemon-reload and restart the service',
      };
    },
  },
  {
    id: 'HEAP_MODULE_NOT_LOADED',
    when(board) {
      const modules = [
        ['system_heap', board.config('DMABUF_HEAPS_SYSTEM')],
        ['cma_heap', board.config('DMABUF_HEAPS_CMA')],
      ].filter(([name, value]) => value === 'm' && !board.all('module').some((one) => one.name === name));
      const names = board.heapNames() ?? [];
      const open = modules.filter(
        ([name]) =>
          !(name === 'system_heap' ? names.includes('system') : names.some((one) => board.isDefaultName(one))),
      );
      if (open.length === 0 || !(isMissing(board) || board.heapNames() !== undefined)) return undefined;
      const list = open.map(([name]) => name).join(' and ');
      return {
        text: `${open.length === 1 ? `the heap is a kernel module (${list}) that is` : `the heaps are kernel modules (${list}) that are`} not loaded: no device event loads ${open.length === 1 ? 'it' : 'them'}.`,
        evidence: [
          ...board
            .all('config')
            .filter(({ value }) => value === 'm')
            .map(({ line }) => line),
          board.first('noDirectory')?.line,
        ],
        fix: `run modprobe ${open.map(([name]) => name).join(' and modprobe ')}; for every boot, write the names to /etc/modules-load.d/dmaheap.conf, or set the options to y`,
      };
    },
  },
  {
    id: 'module-wrong-name',
    when(board) {
      const wrong = board.all('moduleMissing').find(({ name }) => MODULE_NAMES.test(name));
      if (wrong === undefined) return undefined;
      return {
        text: `no kernel has a module named ${wrong.name}: the cores of dma-buf and of the heaps are built in or absent.${isOff(board) ? ' This kernel is built without heaps (CONFIG_DMABUF_HEAPS is not set).' : ''} Only system_heap and cma_heap can be modules, and only on recent kernels.`,
        evidence: [wrong.line, board.all('config').find(({ symbol }) => symbol === 'DMABUF_HEAPS')?.line],
        fix: 'build the kernel with CONFIG_DMABUF_HEAPS=y and CONFIG_DMABUF_HEAPS_SYSTEM=y or CONFIG_DMABUF_HEAPS_CMA=y, or use a kernel that has them, and remove the modprobe',
      };
    },
  },
  {
    id: 'HEAP_SUPPORT_MISSING',
    when(board) {
      const isUnsupported =
        isOff(board) ||
        (board.config('DMABUF_HEAPS') === undefined &&
          board.config('DMABUF_HEAPS_SYSTEM') === 'n' &&
          board.config('DMABUF_HEAPS_CMA') === 'n');
      const none = board.has('noClass') && board.isAbsent();
      const empty =
        board.config('DMABUF_HEAPS') === 'y' &&
        [board.config('DMABUF_HEAPS_SYSTEM'), board.config('DMABUF_HEAPS_CMA')].every(
          (value) => value === 'n' || value === undefined,
        ) &&
        board.config('DMABUF_HEAPS_SYSTEM') === 'n' &&
        board.isAbsent();
      const android = isUnsupported || none || empty;
      if (!android) return undefined;
      if (!isUnsupported && board.has('classNames')) return undefined;
      return {
        text: `this kernel${board.release === undefined ? '' : ` (${board.release.text})`} is built without DMA-BUF heaps: ${isUnsupported ? 'CONFIG_DMABUF_HEAPS is not set' : empty ? 'CONFIG_DMABUF_HEAPS=y alone does not make a heap' : 'neither /dev/dma_heap nor /sys/class/dma_heap exists'}. A udev rule or a node made by hand cannot replace them.`,
        evidence: [
          board.all('config').find(({ symbol }) => symbol.startsWith('DMABUF_HEAPS'))?.line,
          board.first('noDirectory')?.line,
          board.first('noClass')?.line,
        ],
        fix: 'rebuild the kernel with CONFIG_DMABUF_HEAPS=y and CONFIG_DMABUF_HEAPS_SYSTEM=y, CONFIG_DMABUF_HEAPS_CMA=y (`dmaheap generate` writes the fragment), or use another kernel that has them, such as that of the board vendor',
      };
    },
  },
  {
    id: 'DEVTMPFS_MISSING',
    when(board) {
      const noMount = board.line(
        /CONFIG_DEVTMPFS is not set|devtmpfs: (?:error|failed)|DEVTMPFS_MOUNT is not set|mount(?:ing|ed)?.*devtmpfs.*(?:fail|error|not)|no devtmpfs|unknown filesystem type '?devtmpfs/i,
      );
      const inClass = board.has('classNames') && board.isAbsent();
      if (noMount === undefined && !inClass) return undefined;
      if (board.container !== undefined && noMount === undefined) return undefined;
      return {
        text: 'the kernel has the heaps (/sys/class/dma_heap lists them), but /dev has no nodes for them: devtmpfs is not mounted there, or /dev is a static directory.',
        evidence: [board.first('classNames')?.line, board.first('noDirectory')?.line, noMount],
        fix: 'mount devtmpfs on /dev early (mount -t devtmpfs devtmpfs /dev in init, CONFIG_DEVTMPFS=y and CONFIG_DEVTMPFS_MOUNT=y), or let mdev -s or udev populate /dev',
      };
    },
  },
  {
    id: 'CMA_NOT_CONFIGURED',
    when(board) {
      const off = board.config('CMA') === 'n' || board.config('DMA_CMA') === 'n';
      const unknown = board.all('unknownParameter').find(({ text }) => /(?:^|\s)cma=/.test(text));
      const zero =
        board.config('CMA_SIZE_MBYTES') === '0' &&
        // A size of 0 is usual where the device tree requests the area: what the kernel made decides.
        (board.cmaKib === 0 || (board.cmaKib === undefined && hasNoCmaHeap(board))) &&
        !board.has('pool') &&
        !board.has('failed');
      const unlisted =
        // meminfo writes Cma, which grep finds only so or without regard to case.
        board.line(/\bgrep\b.*\s-\w*i.*cma.*meminfo|\bgrep\b.*Cma/) !== undefined &&
        hasNoCmaHeap(board) &&
        !board.has('cmaTotal') &&
        board.has('names') &&
        !board.has('reserved');
      if (!off && unknown === undefined && !zero && !unlisted) return undefined;
      return {
        text: `this kernel has no CMA${zero ? ': the configured size is 0, and no other source (cma=, the device tree) makes an area' : ' (CONFIG_CMA or CONFIG_DMA_CMA is off)'}, so no CMA heap can exist${unknown === undefined ? '' : '; the kernel does not know the parameter cma='}. The system heap does not need CMA.`,
        evidence: [
          unknown?.line,
          board.all('config').find(({ symbol }) => /^(?:DMA_)?CMA(?:_SIZE_MBYTES)?$/.test(symbol))?.line,
          board.first('names')?.line,
        ],
        fix: `${zero ? 'state a size: CONFIG_CMA_SIZE_MBYTES, or an area in the device tree' : 'rebuild the kernel with CONFIG_CMA=y, CONFIG_DMA_CMA=y and CONFIG_DMABUF_HEAPS_CMA=y'}. For a test on this machine, let the program use the system heap`,
      };
    },
  },
];

function containerFix(kind: string): string {
  if (/waydroid/.test(kind))
    return 'pass the node into the container of waydroid: add "lxc.mount.entry = /dev/dma_heap dev/dma_heap none bind,create=dir,optional 0 0" to /var/lib/waydroid/lxc/waydroid/config_nodes, then restart waydroid-container';
  if (/lxc|incus/.test(kind))
    return 'pass the nodes to the container: "lxc.mount.entry = /dev/dma_heap dev/dma_heap none bind,create=dir 0 0" and "lxc.cgroup2.devices.allow = c MAJOR:* rwm" in the configuration of the container (MAJOR as ls -l /dev/dma_heap on the host shows it), then restart it';
  if (/kube|k3s/.test(kind))
    return 'give the pod the device: a device plugin or CDI that lists /dev/dma_heap/NAME; with a hostPath volume alone, the device cgroup refuses the access';
  if (/flatpak/.test(kind))
    return 'give the application /dev/dma_heap: flatpak override --device=all APPLICATION (there is no smaller permission for heaps), or run it outside the container';
  if (/snap/.test(kind))
    return 'give the snap the device by an interface (custom-device of the gadget) that lists /dev/dma_heap/NAME';
  if (/nspawn/.test(kind))
    return 'pass the nodes to the container: systemd-nspawn --bind=/dev/dma_heap --property="DeviceAllow=char-dma_heap rw" for the container';
  return 'pass the nodes to the container as devices: "devices: [/dev/dma_heap:/dev/dma_heap]" in compose (or one line for each heap), --device=/dev/dma_heap for docker run and podman run, then create the container again';
}
