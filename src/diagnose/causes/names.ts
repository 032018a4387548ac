/** Heaps are there, and the one that a program opens is not among them. */
import { FACTS, formatKernelVersion } from '../../facts/index.js';
import type { Board } from '../board.js';
import type { Cause, Found } from './cause.js';
import { vendorOf } from './presence.js';

/** Names that programs expect to be of contiguous memory: a link from one of them to another kind of heap breaks the device. */
const isContiguous = (board: Board, name: string) =>
  !name.startsWith('system') && (board.isDefaultName(name) || /cma|contig|carveout/i.test(name));

/** Names that programs asked for and did not find, where others are listed. */
function unfound(board: Board): { readonly name: string; readonly line: string }[] {
  const names = board.heapNames();
  // Libraries try one name after the other: what opened a heap in the end needs no other name.
  if (board.opensHeap) return [];
  return board.refused
    .filter(({ errno, name }) => (errno === 'ENOENT' || errno === undefined) && !(names ?? []).includes(name))
    .map(({ name, line }) => ({ name, line }));
}

/** The first kernel with a separate name for the heap of the default area. */
const RENAMED = FACTS.get('heap.default-area-name')?.ranges.find(({ value }) => value === 'default_cma_region')?.since;

export const NAMES: readonly Cause[] = [
  {
    id: 'VENDOR_HEAP_ABSENT',
    when(board) {
      const names = board.heapNames();
      const wanted = unfound(board).find(({ name }) => vendorOf(name) !== undefined);
      const vendor = wanted === undefined ? undefined : vendorOf(wanted.name);
      if (wanted === undefined || vendor === undefined) return undefined;
      // Without a listing, only the error number shows that the node does not exist; in a container, not even that.
      const isShown = names !== undefined && names.length > 0;
      const isNotFound = board.refused.some(({ name, errno }) => name === wanted.name && errno === 'ENOENT');
      if (!isShown && (names !== undefined || !isNotFound || board.container !== undefined)) return undefined;
      return {
        text: `${wanted.name} is a heap of ${vendor[1]}. This kernel does not make it${isShown ? `; its heaps are ${names.join(', ')}` : ': the node does not exist'}. A link with that name would not lead to the kind of memory that the vendor's heap has.`,
        evidence: [
          wanted.line,
          ...board
            .nodes()
            .slice(0, 2)
            .map(({ line }) => line),
          board.first('names')?.line,
        ],
        fix: `run ${vendor[1].split(',')[0]} for this program; or ${vendor[2]}`,
      };
    },
  },
  {
    id: 'HEAP_RENAMED',
    when(board) {
      const names = board.heapNames() ?? [];
      const wanted = unfound(board).find(({ name }) => board.isDefaultName(name));
      // Vendors' kernels call it after the driver alone.
      const got =
        names.find((name) => board.isDefaultName(name)) ??
        names.find((name) => name === 'cma' || name.replace(/@.*/, '') === wanted?.name);
      if (wanted === undefined || got === undefined) return undefined;
      const cma = board.cmaArgument;
      const why =
        got === 'reserved'
          ? cma === undefined && !board.has('bypass')
            ? 'the area comes from the kernel configuration and not from the device tree, so its heap is named reserved'
            : `${cma?.text ?? 'cma='} on the command line makes the area instead of the device tree's node, so its heap is named reserved`
          : got === 'default_cma_region'
            ? `Linux renamed the heap of the default area: it is default_cma_region from ${RENAMED} on${board.config('DMABUF_HEAPS_CMA_LEGACY') === 'n' ? ', and the old name is disabled (CONFIG_DMABUF_HEAPS_CMA_LEGACY)' : ''}`
            : got === 'cma'
              ? "Rockchip's kernel calls the heap of the default area cma, whatever the node of the device tree is called"
              : `on this kernel${board.version === undefined ? '' : ` (${formatKernelVersion(board.version)})`} the heap has the name of the device tree node`;
      return {
        text: `the heap has another name: the program opens ${wanted.name}, but the kernel names it ${got}. ${why.charAt(0).toUpperCase()}${why.slice(1)}.`,
        evidence: [
          wanted.line,
          board.nodes().find(({ name }) => name === got)?.line ?? board.first('names')?.line,
          cma?.line,
        ],
        fix: `add a rule that keeps both names: SUBSYSTEM=="dma_heap", KERNEL=="${got}", SYMLINK+="dma_heap/${wanted.name}"; or let the program open ${got}${got === 'reserved' && cma !== undefined ? `; or remove ${cma.text.split('=')[0]}= from the boot arguments and give the node linux,cma its size in the device tree` : ''}`,
      };
    },
  },
  {
    id: 'SYMLINK_WRONG_TARGET',
    when(board) {
      const names = board
        .nodes()
        .filter(({ type }) => type === 'c')
        .map(({ name }) => name);
      const wrong = board.all('link').find(({ name, target }) => {
        const to = (target ?? '').replace(/^(?:\.\/|\/dev\/dma_heap\/)/, '');
        if (names.length > 0 && !names.includes(to)) return true;
        const isComplaint =
          board.line(/wrong heap|contiguous (?:chunk|mapping) is too small|not contiguous/i) !== undefined;
        return (board.isDefaultName(name) || /cma/.test(name) || isComplaint) && /^system/.test(to);
      });
      const said = board.line(
        /(?:alias|link|symlink)\b.*(?:wrong|another heap|points to|dangling|broken)|too many levels of symbolic links/i,
      );
      if (wrong === undefined) return undefined;
      return {
        text: `the alias ${wrong.name} leads to ${wrong.target ?? 'nothing'}${names.length > 0 && !names.includes((wrong.target ?? '').replace(/^(?:\.\/|\/dev\/dma_heap\/)/, '')) ? ', which does not exist' : ', which is not the heap of that name'}: the program gets memory of the wrong kind, or none.`,
        evidence: [wrong.line, said],
        fix: `find the file that makes this link (grep -r ${wrong.name} /etc/udev/rules.d /usr/lib/udev/rules.d /usr/lib/tmpfiles.d), and let the link lead to the intended heap: write SYMLINK+="dma_heap/${wrong.name}" in the rule of that heap`,
      };
    },
  },
  {
    id: 'SYMLINK_RULE_MISSING',
    when(board) {
      const names = board.heapNames() ?? [];
      const wanted = unfound(board).find(
        ({ name }) =>
          vendorOf(name) === undefined && !board.isDefaultName(name) && name !== 'system' && !/@[0-9a-f]+$/.test(name),
      );
      if (wanted === undefined || names.length === 0 || board.has('works')) return undefined;
      if (
        [...board.all('poolNode'), ...board.all('range')].some(
          ({ name }) => name.replace(/@.*/, '') === wanted.name.replace(/@.*/, ''),
        ) ||
        board.all('treeNames').some((one) => one.names.some((name) => name.replace(/@.*/, '') === wanted.name))
      )
        return undefined;
      const target =
        names.find((name) => board.isDefaultName(name)) ?? names.find((name) => isContiguous(board, name)) ?? names[0];
      if (target === undefined || (isContiguous(board, wanted.name) && !isContiguous(board, target))) return undefined;
      return {
        text: `no kernel makes a heap named ${wanted.name}: it is an alias, a link from a udev rule of the distribution or of the program, and this system does not have such a rule. The heaps themselves exist (${names.join(', ')}).`,
        evidence: [wanted.line, board.nodes()[0]?.line ?? board.first('names')?.line],
        fix: `install the rule that makes the alias: SUBSYSTEM=="dma_heap", KERNEL=="${target}", SYMLINK+="dma_heap/${wanted.name}" in /etc/udev/rules.d/70-dmaheap.rules, then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap${isContiguous(board, target) ? '' : `. This is right only if the devices have an IOMMU: ${target} gives scattered pages. For other devices, make a CMA heap first, and link to it`}`,
      };
    },
  },
  {
    id: 'HEAP_NODE_REMOVED',
    when(board) {
      const inClass = board.all('classNames').flatMap(({ names }) => names);
      const names = board.heapNames('host') ?? board.heapNames();
      const renames = board.all('rule').find(({ text }) => /\bNAME\s*:?=(?!=)\s*"/.test(text));
      const removed = board.line(/\brm\b\s+(?:-\w+\s+)*\/dev\/dma_heap/);
      const gone = inClass.filter((name) => names !== undefined && !names.includes(name));
      if (removed === undefined && !(gone.length > 0 && names !== undefined)) return undefined;
      return {
        text: `the kernel has the heap${gone.length === 1 ? '' : 's'} ${gone.join(', ')} (/sys/class/dma_heap), but the node under /dev/dma_heap does not exist: something removed or hides it.`,
        evidence: [
          board.first('classNames')?.line,
          removed,
          renames?.line,
          board.nodes()[0]?.line ?? board.first('names')?.line,
        ],
        fix: 'find what removes or hides the node (a script with rm, a udev rule with NAME=, a tmpfs or a bind mount over /dev), and remove it. Then run udevadm trigger --subsystem-match=dma_heap --action=add, or reboot: the kernel makes the node again',
      };
    },
  },
  {
    id: 'HEAP_ABSENT',
    when(board) {
      const names = board.heapNames() ?? [];
      const wanted = unfound(board)[0];
      const off =
        board.config('DMABUF_HEAPS_CMA') === 'n' && (wanted === undefined || /cma|reserved/.test(wanted.name))
          ? 'DMABUF_HEAPS_CMA'
          : board.config('DMABUF_HEAPS_SYSTEM') === 'n' && (wanted?.name ?? 'system') === 'system'
            ? 'DMABUF_HEAPS_SYSTEM'
            : undefined;
      const pool =
        wanted === undefined
          ? undefined
          : [...board.all('poolNode'), ...board.all('range')].find(
              ({ name }) => name.replace(/@.*/, '') === wanted.name.replace(/@.*/, ''),
            );
      const inTree =
        wanted === undefined
          ? false
          : board
              .all('treeNames')
              .some((one) => one.names.some((name) => name.replace(/@.*/, '') === wanted.name.replace(/@.*/, '')));
      if (names.length === 0 || (wanted === undefined && off === undefined)) return undefined;
      // The command line takes the default area away, which explains its missing heap.
      if (
        off === undefined &&
        board.cmaArgument?.sizeBytes === 0n &&
        wanted !== undefined &&
        board.isDefaultName(wanted.name)
      )
        return undefined;
      const evidence = [
        wanted?.line,
        pool?.line,
        board.all('config').find(({ symbol }) => symbol === off)?.line,
        board.nodes()[0]?.line ?? board.first('names')?.line,
      ];
      if (off !== undefined)
        return {
          text: `the heap ${wanted?.name ?? (off.endsWith('CMA') ? 'of the CMA area' : 'system')} does not exist although heaps are supported: CONFIG_${off} is not set, so the kernel makes only ${names.join(', ')}.`,
          evidence,
          fix: `rebuild the kernel with CONFIG_${off}=y (keep the option of the other heap), or let the program use ${names[0]}`,
        };
      if (
        pool === undefined &&
        !inTree &&
        wanted !== undefined &&
        !/@/.test(wanted.name) &&
        wanted.name !== 'system' &&
        !isContiguous(board, wanted.name)
      )
        return undefined;
      const hasArea = pool !== undefined || inTree;
      if (wanted !== undefined && isContiguous(board, wanted.name) && !hasArea)
        return noCmaHeap(board, wanted, names, evidence);
      return {
        text: `no heap ${wanted?.name ?? ''} exists although heaps are supported (${names.join(', ')})${hasArea ? ': the area exists, but this kernel makes a heap for the default area only. A newer kernel makes a heap for every reusable pool, with the full name of the node' : ': the kernel did not make it'}.`,
        evidence,
        fix: hasArea
          ? 'make this node the default area (linux,cma-default) if it is the one that programs need, or use a kernel that makes a heap for every reusable pool; `dmaheap explain heap:NAME PROFILE` shows the first such kernel'
          : 'compare the reserved-memory node and the kernel configuration with the generated files, and look for "reserved mem" in the kernel log',
      };
    },
  },
];

/** The heaps are listed, and none is of contiguous memory. */
function noCmaHeap(
  board: Board,
  { name }: { readonly name: string },
  names: readonly string[],
  evidence: readonly (string | undefined)[],
): Found | undefined {
  // What the log says of the area explains its missing heap.
  if (REFUSALS.some((kind) => board.has(kind))) return undefined;
  const total = board.cmaKib;
  const isArea = (total ?? 0) > 0 || board.has('reserved') || board.all('pool').some(({ isCma }) => isCma);
  const why = isArea
    ? 'there is a CMA area, but no heap was made of it: the kernel is built without CONFIG_DMABUF_HEAPS_CMA, or its module cma_heap is not loaded'
    : total === 0
      ? 'CmaTotal is 0: the kernel has no CMA area to make a heap from'
      : 'the kernel is built without CONFIG_DMABUF_HEAPS_CMA, or it has no CMA area to make a heap from';
  return {
    text: `no heap ${name} exists although heaps are supported (${names.join(', ')}): ${why}. The heap of the default area can have another name (default_cma_region from ${RENAMED} on, reserved), but these are not listed either.`,
    evidence: [...evidence, board.last('cmaTotal')?.line],
    fix: `${isArea ? 'set CONFIG_DMABUF_HEAPS_CMA=y, or run modprobe cma_heap if it is a module' : `look which of the two it is: zcat /proc/config.gz | grep DMABUF_HEAPS_CMA shows the option, grep Cma /proc/meminfo shows the area. Then set CONFIG_DMABUF_HEAPS_CMA=y, or request an area: the node linux,cma in /reserved-memory, cma= on the command line, or CONFIG_CMA_SIZE_MBYTES`}. Do not link the name to ${names[0]}: a device that needs contiguous memory fails with such buffers`,
  };
}

const REFUSALS = [
  'failed',
  'nodeFailed',
  'misaligned',
  'badFormat',
  'badProperty',
  'notSetUp',
  'noMatch',
  'noSlots',
  'tooManyRegions',
] as const;
