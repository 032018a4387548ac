/** Heaps are there, and the one that a program opens is not among them. */
import { compareKernelVersions, FACTS, formatKernelVersion, parseKernelVersion } from '../../facts/index.js';
import type { Board } from '../board.js';
import { runningLine, vendorFor, vendorOf } from '../vendors.js';
import type { Cause, Found } from './cause.js';

/** Names that programs expect to be of contiguous memory: a link from one of them to another kind of heap breaks the device. */
const isContiguous = (board: Board, name: string) =>
  !name.startsWith('system') && (board.isDefaultName(name) || /cma|contig|carveout/i.test(name));

/** Names that programs asked for and did not find, where others are listed. */
function unfound(board: Board): { readonly name: string; readonly line: string }[] {
  const names = board.heapNames();
  // Libraries try one name after the other: what opened a heap in the end needs no other name.
  if (board.opensHeap !== undefined || board.line(STREAMS) !== undefined) return [];
  return board.refused
    .filter(({ errno, name }) => (errno === 'ENOENT' || errno === undefined) && !(names ?? []).includes(name))
    .map(({ name, line }) => ({ name, line }));
}

/** A measured rate, and not one that is asked for. */
const STREAMS =
  /^(?!.*\b(?:want|need|expect|should|drops?|only|instead)\b).*\b[1-9]\d*\.\d+ ?fps\b|\bfps[:= ]+[1-9]\d*\.\d+/i;

/** The first kernel with a separate name for the heap of the default area. */
const RENAMED = FACTS.get('heap.default-area-name')?.ranges.find(({ value }) => value === 'default_cma_region')?.since;

/** The first kernel with a heap for every reusable pool. */
const ALL_POOLS = FACTS.get('heap.cma-names')?.ranges.find(({ value }) => value === 'default-area-and-all')?.since;

/** Aliases of the default area that distributions make by a rule. */
const ALIASES = /^vidbuf_cached$/;

/** Assignments that make a link of that name: udev replaces other characters than these, unless it is told not to. */
const linkTo = (alias: string) =>
  `${/^[\w#+\-.:=@]+$/.test(alias) ? '' : 'OPTIONS+="string_escape=none", '}SYMLINK+="dma_heap/${alias}"`;
const ruleOf = (heap: string, alias: string) => `SUBSYSTEM=="dma_heap", KERNEL=="${heap}", ${linkTo(alias)}`;

/** The link that a rule makes that states this name and does not keep udev from replacing characters. */
const escaped = (alias: string) => alias.replaceAll(/[^\w#+\-.:=@]/g, '_');

const bare = (name: string) => name.replace(/@[0-9a-f]+$/, '');
const hasUnit = (name: string) => bare(name) !== name;
/** A vendor's carveouts have unit addresses as well. */
const isPoolHeap = (name: string) => hasUnit(name) && vendorOf(name) === undefined;

/** Whether this kernel makes a heap for every reusable pool; undefined: the text does not show it. */
function makesAllPools(board: Board): boolean | undefined {
  const first = parseKernelVersion(ALL_POOLS ?? '');
  if ((board.heapNames() ?? []).some((name) => isPoolHeap(name) && !board.isDefaultName(bare(name)))) return true;
  return board.version === undefined || first === undefined
    ? undefined
    : compareKernelVersions(board.version, first) >= 0;
}

/** Heaps with the name of the wanted one and a unit address: those that are listed, or the pools of a kernel that makes a heap of each. */
function withUnit(board: Board, wanted: string): { readonly name: string; readonly line: string | undefined }[] {
  const isSame = (name: string) => name !== wanted && hasUnit(name) && bare(name) === bare(wanted);
  const names = board.heapNames();
  if (names !== undefined)
    return names.filter(isSame).map((name) => ({
      name,
      line: (
        board.nodes().find((one) => one.name === name) ?? board.all('names').find((one) => one.names.includes(name))
      )?.line,
    }));
  if (hasUnit(wanted) || makesAllPools(board) !== true || board.config('DMABUF_HEAPS_CMA') === 'n') return [];
  return [...board.all('poolNode'), ...board.all('range')]
    .filter(({ name }) => isSame(name))
    .filter(({ name }, i, all) => all.findIndex((one) => one.name === name) === i);
}

export const NAMES: readonly Cause[] = [
  {
    id: 'SYMLINK_RULE_MISSING',
    when(board) {
      for (const wanted of unfound(board)) {
        const made = escaped(wanted.name);
        const link = board.nodes().find(({ name }) => name === made && made !== wanted.name);
        if (link === undefined) continue;
        return {
          text: `no link has the name ${wanted.name}: udev made ${made}. It replaces characters such as the comma in the name of a link, unless the line of the rule has OPTIONS+="string_escape=none".`,
          evidence: [wanted.line, link.line],
          fix: `in the rule that has SYMLINK+="dma_heap/${wanted.name}" (grep -r '${wanted.name}' /etc/udev/rules.d /usr/lib/udev/rules.d), write ${linkTo(wanted.name)}, then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap`,
        };
      }
      return undefined;
    },
  },
  {
    id: 'HEAP_RENAMED',
    when(board) {
      for (const wanted of unfound(board)) {
        const found = withUnit(board, wanted.name);
        const [got] = found;
        if (got === undefined || board.isDefaultName(bare(wanted.name))) continue;
        const listed = found.map(({ name }) => name).join(' or ');
        const moved = hasUnit(wanted.name);
        return {
          text: `the heap has another name: the program opens ${wanted.name}, but the kernel names it ${listed}. The heap of a reusable pool has the full name of its node in the device tree, with the unit address${moved ? ', and this node has another one than the program expects' : ''}.`,
          evidence: [wanted.line, ...found.map(({ line }) => line)],
          fix: moved
            ? `let the program open /dev/dma_heap/${listed}, if this is the area that it is written for (compare the node of the device tree with the one that the program expects)`
            : found.length > 1
              ? `let the program open the one of ${listed} that it is written for: the unit address is the place of the area`
              : `let the program open /dev/dma_heap/${got.name}; or add a rule that makes the name a link to exactly this heap: ${ruleOf(got.name, wanted.name)} in /etc/udev/rules.d/70-dmaheap.rules, then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap`,
        };
      }
      return undefined;
    },
  },
  {
    id: 'VENDOR_HEAP_ABSENT',
    when(board) {
      const names = board.heapNames();
      const wanted = unfound(board).find(({ name }) => vendorOf(name) !== undefined);
      const vendor = wanted === undefined ? undefined : vendorFor(board, wanted.name);
      if (wanted === undefined || vendor === undefined) return undefined;
      // Without a listing, only the error number shows that the node does not exist; in a container, not even that.
      const isShown = names !== undefined && names.length > 0;
      const isNotFound = board.refused.some(({ name, errno }) => name === wanted.name && errno === 'ENOENT');
      if (!isShown && (names !== undefined || !isNotFound || board.container !== undefined)) return undefined;
      const runs = runningLine(board, vendor);
      const foreign = (names ?? []).filter((name) => ![undefined, vendor].includes(vendorOf(name)));
      const list = isShown ? `; its heaps are ${names.join(', ')}` : ': the node does not exist';
      const advice =
        runs !== undefined
          ? `${vendor.look}; or use a build of the program for this board`
          : foreign.length > 0
            ? 'use a build of the program for this board: its kernel has the heaps of another vendor'
            : vendor.kernel.startsWith('Android')
              ? vendor.look
              : `run ${vendor.kernel.split(',')[0]} for this program; or ${vendor.instead}`;
      return {
        text:
          runs === undefined
            ? `${wanted.name} is a heap of ${vendor.kernel}. This kernel does not make it${list}. A link with that name would not lead to the kind of memory that the vendor's heap has.`
            : `${wanted.name} is a heap of ${vendor.kernel}. Such a kernel runs here (${runs}), and it does not make this heap${list}. A possible reason: ${vendor.lacks}. A link with that name would not lead to the kind of memory that the vendor's heap has.`,
        evidence: [
          wanted.line,
          ...board
            .nodes()
            .slice(0, 2)
            .map(({ line }) => line),
          board.first('names')?.line,
        ],
        fix: advice,
      };
    },
  },
  {
    id: 'HEAP_RENAMED',
    when(board) {
      const names = board.heapNames() ?? [];
      // Vendors' kernels call it after the driver alone.
      const wanted = unfound(board).find(({ name }) => board.isDefaultName(name) || name === 'cma');
      const got =
        names.find((name) => board.isDefaultName(name)) ??
        names.find((name) => name === 'cma' || name.replace(/@.*/, '') === wanted?.name);
      if (wanted === undefined || got === undefined) return undefined;
      const cma = board.cmaArgument;
      const why =
        wanted.name === 'cma'
          ? "Rockchip's kernel calls the heap of the default area cma, and this kernel does not"
          : got === 'reserved'
            ? cma === undefined && !board.has('bypass')
              ? 'the area comes from the kernel configuration or from cma= on the command line, and not from the device tree, so its heap is named reserved'
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
        fix: `add a rule that keeps both names: ${ruleOf(got, wanted.name)}; or let the program open ${got}${got === 'reserved' && cma !== undefined ? `; or remove ${cma.text.split('=')[0]}= from the boot arguments and give the node linux,cma its size in the device tree` : ''}`,
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
        fix: `find the file that makes this link (grep -r ${wrong.name} /etc/udev/rules.d /usr/lib/udev/rules.d /usr/lib/tmpfiles.d), and let the link lead to the intended heap: write ${linkTo(wrong.name)} in the rule of that heap`,
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
      const contiguous =
        names.find((name) => board.isDefaultName(name)) ?? names.find((name) => isContiguous(board, name));
      const target = contiguous ?? names[0];
      if (target === undefined || (isContiguous(board, wanted.name) && contiguous === undefined)) return undefined;
      const evidence = [wanted.line, board.nodes()[0]?.line ?? board.first('names')?.line];
      const apply =
        'in /etc/udev/rules.d/70-dmaheap.rules, then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap';
      const iommu =
        contiguous === undefined
          ? `. A link to ${target} is right only if the devices have an IOMMU: it gives scattered pages. For other devices, make a CMA heap first, and link to it`
          : '';
      if (ALIASES.test(wanted.name))
        return {
          text: `no kernel makes a heap named ${wanted.name}: it is an alias, a link from a udev rule of the distribution or of the program, and this system does not have such a rule. The heaps themselves exist (${names.join(', ')}).`,
          evidence,
          fix: `install the rule that makes the alias: ${ruleOf(target, wanted.name)} ${apply}${iommu}`,
        };
      return {
        text: `no heap and no link has the name ${wanted.name}; the heaps are ${names.join(', ')}. It is an alias of a heap, which a udev rule of the program or of the distribution makes, or the name of a node of the device tree that this kernel makes no heap from. The text does not show which heap the name means.`,
        evidence,
        fix: `find out which heap the program is written for (its documentation, its udev rule, its profile). If it is one of those that are listed, write its name for HEAP: ${ruleOf('HEAP', wanted.name)} ${apply}. If it has a separate area, look for its node: ls /proc/device-tree/reserved-memory, and "reserved mem" in the kernel log${iommu}`,
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
      const isWhole = board.heapNames('host') === undefined ? board.isWhole() : board.isWhole('host');
      const gone = isWhole ? inClass.filter((name) => names !== undefined && !names.includes(name)) : [];
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
      // The option is on: something else takes the node away, and the text does not show what.
      if (wanted?.name === 'system' && board.config('DMABUF_HEAPS_SYSTEM') === 'y') return undefined;
      if (wanted !== undefined && (wanted.name === 'system' || hasArea)) {
        const found = wanted.name === 'system' ? noSystemHeap(board, names) : noPoolHeap(board, wanted.name, names);
        return { ...found, evidence };
      }
      if (wanted !== undefined && isContiguous(board, wanted.name) && !hasArea)
        return noCmaHeap(board, wanted, names, evidence);
      return {
        text: `no heap ${wanted?.name ?? ''} exists although heaps are supported (${names.join(', ')}): the kernel did not make it.`,
        evidence,
        fix: 'compare the reserved-memory node and the kernel configuration with the generated files, and look for "reserved mem" in the kernel log',
      };
    },
  },
];

/** Ordinary pages need no area: only the option decides, or its module. */
const noSystemHeap = (board: Board, names: readonly string[]) => ({
  text: `no heap system exists although heaps are supported (${names.join(', ')}): the kernel is built without CONFIG_DMABUF_HEAPS_SYSTEM, or it has the heap as the module system_heap (only recent and Android kernels can), which is not loaded. The areas of the device tree have nothing to do with it.`,
  fix: `look at the option: zgrep DMABUF_HEAPS_SYSTEM /proc/config.gz, or grep DMABUF_HEAPS_SYSTEM /boot/config-${board.release?.text ?? '$(uname -r)'}. If it is not set, rebuild the kernel with CONFIG_DMABUF_HEAPS_SYSTEM=y (keep the options of the other heaps); if it is m, run modprobe system_heap. Or let the program use ${names[0]}, if it can`,
});

/** The area is there, and its heap is not listed. */
function noPoolHeap(board: Board, name: string, names: readonly string[]) {
  const head = `no heap ${name} exists although heaps are supported (${names.join(', ')})`;
  if (makesAllPools(board) === true)
    return {
      text: `${head}. The area is in the device tree or in the log, and this kernel makes a heap for every reusable pool that it can use: it could not use this one, or the node is not a reusable pool.`,
      fix: 'look in the kernel log for the name of the area ("could not be activated", "reserved mem"), and at its node: compatible = "shared-dma-pool", reusable, and no no-map',
    };
  return {
    text: `${head}: the area exists, but ${board.version === undefined ? `kernels before ${ALL_POOLS} make` : 'this kernel makes'} a heap for the default area only. A newer kernel makes a heap for every reusable pool, with the full name of the node.`,
    fix: `make this node the default area (linux,cma-default) if it is the one that programs need, or use a kernel that makes a heap for every reusable pool (from ${ALL_POOLS} on)`,
  };
}

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
