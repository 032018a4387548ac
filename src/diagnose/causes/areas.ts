/** The device tree or the command line asks for an area, and the kernel makes none, or another. */

import type { RefusedDefault } from '../../placement/index.js';
import { formatBytes } from '../../quantity/index.js';
import type { Board } from '../board.js';
import type { Cause } from './cause.js';
import { hex } from './cause.js';
import { mayBeHeap, nameAt, OVERLAPS } from './overlap.js';

const MIB = 1048576;
/** The size that a simulated boot finds room for. */
const fits = (bytes: bigint | undefined) =>
  bytes === undefined
    ? ''
    : bytes === 0n
      ? ' (a simulation of this boot finds no room for any size)'
      : ` (a simulation of this boot finds room for ${formatBytes(bytes)})`;
const size = (mebibytes: number) => formatBytes(BigInt(mebibytes) * BigInt(MIB));

/** Bytes of a `size` or the length in `reg`, as dtc, fdtget and people write them. */
function bytesOf(value: string | undefined): { readonly cells: number; readonly bytes: bigint } | undefined {
  const list = /<([^>]*)>/
    .exec(value ?? '')?.[1]
    ?.trim()
    .split(/\s+/)
    .filter((one) => /^(?:0x[0-9a-f]+|\d+)$/i.test(one));
  if (list === undefined || list.length === 0) return undefined;
  return { cells: list.length, bytes: list.slice(-2).reduce((sum, one) => (sum << 32n) | BigInt(one), 0n) };
}

const cellsOf = (value: string | undefined) => bytesOf(value)?.bytes;

const orderOf = (board: Board) =>
  Number(
    board.config('ARCH_FORCE_MAX_ORDER') ??
      board.config('FORCE_MAX_ZONEORDER') ??
      board.config('FORCE_MAX_ORDER') ??
      Number.NaN,
  );
const ORDER = /(?:FORCE_MAX_(?:ZONE)?ORDER|\bMAX_ORDER|\b[Mm]ax(?:imum)? order)\D{0,8}(\d+)/;

export const REFUSED: readonly Cause[] = [
  {
    id: 'CMA_DT_REJECTED_CELLS',
    when(board) {
      const format = board.first('badFormat');
      const property = board.first('badProperty');
      const parent = board.first('reservedMemory');
      if (format !== undefined) {
        const noRanges =
          parent !== undefined &&
          parent.properties.size > 0 &&
          !parent.properties.has('ranges') &&
          cellsOf(parent.properties.get('#address-cells')) !== undefined;
        if (noRanges)
          return {
            text: '/reserved-memory has no ranges property. The kernel refuses the whole node with the same message as for wrong cells, even if #address-cells and #size-cells are right.',
            evidence: [format.line, parent.line],
            fix: 'add an empty property "ranges;" to /reserved-memory',
          };
        return {
          text: `the kernel refuses /reserved-memory with every region in it: its #address-cells and #size-cells must be those of the root node${parent === undefined ? '' : ` (here it has ${parent.properties.get('#address-cells') ?? 'none'} and ${parent.properties.get('#size-cells') ?? 'none'})`}, and it must have ranges.`,
          evidence: [format.line, parent?.line],
          fix: "give /reserved-memory the #address-cells and #size-cells of the root node (two and two on most 64-bit boards, as fdtget / '#address-cells' shows) and an empty ranges;, and write each size and address of its children with that number of cells: <0x0 0x14000000> for two",
        };
      }
      if (property === undefined || !/size|reg|length|alloc-ranges|alignment/.test(property.property)) return undefined;
      return {
        text: `the ${property.property} of ${property.name} has another number of cells than /reserved-memory states (#address-cells, #size-cells), so the kernel ignores the node.`,
        evidence: [property.line, board.all('treeNode').find(({ name }) => property.name.startsWith(name))?.line],
        fix: `write the ${property.property} of ${property.name} with the number of cells that the parent states: with #size-cells = <2>, a size has two cells, such as <0x0 0x10000000>`,
      };
    },
  },
  {
    id: 'cma-granule-order',
    when(board) {
      const order = Number.isNaN(orderOf(board)) ? Number(ORDER.exec(board.text)?.[1] ?? Number.NaN) : orderOf(board);
      const refused = board.first('failed') ?? board.first('misaligned') ?? board.first('nodeFailed');
      if (!(order > 11) || refused === undefined) return undefined;
      // Under its older name the option counts orders, under its newer one it names the highest.
      const highest = board.config('ARCH_FORCE_MAX_ORDER') === undefined ? order - 1 : order;
      const granule = 2 ** highest * 4096;
      return {
        text: `a maximum order of ${order} (FORCE_MAX_ZONEORDER, ARCH_FORCE_MAX_ORDER) makes the granule of CMA ${size(granule / MIB)}: base and size of every area must be a multiple of it, and this board has no free range of that alignment.`,
        evidence: [refused.line, board.all('config').find(({ symbol }) => /MAX_(?:ZONE)?ORDER/.test(symbol))?.line],
        fix: 'set the maximum order to a smaller value (the default is order 11, or 10 in newer kernels: a granule of 4 MiB). A driver that needs large contiguous buffers can use the CMA area instead of the page allocator',
      };
    },
  },
  {
    id: 'CMA_DT_REJECTED_ALIGN',
    when(board) {
      const refused = board.first('misaligned');
      if (refused === undefined) return undefined;
      const page = board.last('pageSize')?.bytes ?? 4096;
      const granule =
        page === 65536 ? '512 MiB with 64K pages' : page === 16384 ? '32 MiB with 16K pages' : '4 MiB with 4K pages';
      return {
        text: `base or size of the area is not a multiple of the CMA granule, which is ${granule}${page === 4096 ? ' (32 MiB with 16K, 512 MiB with 64K)' : ' (4 MiB with 4K)'}, so the kernel does not make an area from the node.`,
        evidence: [refused.line, board.last('pageSize')?.line],
        fix:
          page === 4096
            ? 'align size and base to 4 MiB (with 4K pages); a size such as 100 MB may be meant in MB and not in MiB'
            : `make the size a multiple of the granule (${granule}), or use a kernel with 4K pages`,
      };
    },
  },
  {
    id: 'CMA_DT_REJECTED_NOMAP',
    when(board) {
      const range = board.all('range').find(({ isMapped, isReusable }) => !isMapped && isReusable);
      const node = board
        .all('treeNode')
        .find(({ properties }) => properties.has('no-map') && properties.has('reusable'));
      const listed = board.all('treeNames').find(({ names }) => names.includes('no-map') && names.includes('reusable'));
      const name = node?.name ?? range?.name ?? listed?.of;
      if (name === undefined) return undefined;
      return {
        text: `${name} has both no-map and reusable, which exclude each other: the kernel cannot borrow memory that it does not map, so it does not make a CMA area.`,
        evidence: [node?.line, range?.line, listed?.line],
        fix: `remove no-map from ${name} and keep reusable; if firmware needs memory that the kernel never touches, describe it in another node without reusable; such a node does not become a heap`,
      };
    },
  },
  {
    id: 'CMA_DT_NOT_REUSABLE',
    when(board) {
      const pool = board.all('pool').find((one) => !one.isCma && mayBeHeap(board, nameAt(board, one.base)));
      const range = board
        .all('range')
        .find(
          ({ isReusable, name }) =>
            !isReusable && /cma|pool|cam|video|isp|vpu|media|display/.test(name) && pool !== undefined,
        );
      const node = board
        .all('treeNode')
        .find(
          ({ name, properties }) =>
            /shared-dma-pool/.test(properties.get('compatible') ?? '') &&
            !properties.has('reusable') &&
            (properties.has('linux,cma-default') || mayBeHeap(board, name)),
        );
      const listed = board
        .all('treeNames')
        .find(
          ({ of, names }) =>
            of !== '' &&
            names.includes('compatible') &&
            !names.includes('reusable') &&
            /cma|pool/.test(`${of} ${names.join(' ')}`),
        );
      if (
        pool === undefined &&
        !(
          node !== undefined &&
          (board.isAbsent() ||
            board.has('cmaTotal') ||
            board.refused.length > 0 ||
            board.has('names') ||
            board.has('node') ||
            node.properties.has('linux,cma-default'))
        ) &&
        listed === undefined
      )
        return undefined;
      if (node === undefined && listed === undefined && board.line(/heap|cma|reusable/i) === undefined)
        return undefined;
      if (
        pool !== undefined &&
        node === undefined &&
        listed === undefined &&
        board.has('pool') &&
        board.all('pool').some(({ isCma }) => isCma) &&
        range === undefined
      )
        return undefined;
      const name =
        node?.name ??
        listed?.of ??
        range?.name ??
        (pool === undefined ? undefined : nameAt(board, pool.base)) ??
        'the node';
      return {
        text: `${name} lacks the property reusable: a shared-dma-pool without it is a private pool of its devices. It is neither a CMA area nor a heap.`,
        evidence: [pool?.line, range?.line, node?.line, listed?.line],
        fix: `add the property "reusable;" to ${name} in /reserved-memory. For the default area, linux,cma-default has an effect only together with reusable`,
      };
    },
  },
  {
    id: 'CMA_DT_NODE_DISABLED',
    when(board) {
      const node = board
        .all('treeNode')
        .find(({ properties }) => /disabled|fail|no/.test(properties.get('status') ?? '') && !properties.has('no-map'));
      // Where /reserved-memory was read whole, other disabled nodes are reservations of firmware that this board does not use.
      const said =
        board.line(/reserved-memory\S*\/status\b/) ??
        (board.has('reservedMemory') ? undefined : board.line(/\bstatus\b.{0,12}disabled/));
      const near =
        said !== undefined && /reserved-memory|linux,cma|shared-dma-pool/.test(board.text) && /cat|status/.test(said);
      if (node === undefined && !near) return undefined;
      if (node === undefined && board.line(/reserved-memory\S*\/status|linux,cma/) === undefined) return undefined;
      return {
        text: `${node === undefined ? 'a node' : `the node ${node.name}`} in /reserved-memory is disabled by its status property, so the kernel skips it silently.`,
        evidence: [node?.line, said],
        fix: 'remove the status property (or write status = "okay") in the board\'s device tree or in an overlay for this node',
      };
    },
  },
  {
    id: 'CMA_DT_REJECTED_SLOTS',
    when(board) {
      const slots = board.first('noSlots');
      const regions = board.first('tooManyRegions');
      if (slots === undefined && regions === undefined) return undefined;
      return {
        text:
          slots !== undefined
            ? `the kernel has no slot left for another CMA area: their number is fixed when it is built (CONFIG_CMA_AREAS${board.config('CMA_AREAS') === undefined ? '' : `=${board.config('CMA_AREAS')}`}), and every area of the device tree and of a memory node takes one.`
            : 'the device tree has more reserved regions than this kernel has slots for (MAX_RESERVED_REGIONS); the later ones are dropped.',
        evidence: [slots?.line, regions?.line],
        fix:
          slots !== undefined
            ? 'raise CONFIG_CMA_AREAS and rebuild the kernel, or merge areas'
            : 'merge or remove reserved regions, or use a kernel that counts them at boot',
      };
    },
  },
  {
    id: 'gpu-mem-takes-low-ram',
    when(board) {
      const gpu = board.all('gpuMemory').find(({ mebibytes }) => mebibytes >= 192);
      const refused = board.first('nodeFailed') ?? board.first('failed');
      const short = board.line(/CmaTotal:\s+0 kB/);
      if (gpu === undefined || (refused === undefined && short === undefined)) return undefined;
      return {
        text: `gpu_mem=${gpu.mebibytes} gives the firmware ${gpu.mebibytes} MiB of low memory, and the CMA area must be in the same first GiB, which has no room left for it.`,
        evidence: [gpu.line, refused?.line ?? short],
        fix: 'lower gpu_mem in config.txt (76, the default, is enough with the KMS driver; legacy cameras need 128), or make the area smaller (dtoverlay=vc4-kms-v3d,cma-256)',
      };
    },
  },
  ...OVERLAPS,
  {
    id: 'CMA_DT_REJECTED_SPACE',
    when(board) {
      const refused = board.first('nodeFailed');
      const overlap = board.first('overlap');
      if (refused === undefined) return undefined;
      const things = [
        board.first('ramdisk') === undefined ? undefined : 'initrd',
        board.first('placedTree') === undefined ? undefined : 'device tree',
      ].filter((one) => one !== undefined);
      const at = board.first('ramdisk') ?? board.first('placedTree');
      return {
        text: `there is no room for ${refused.name}${refused.mebibytes === undefined ? '' : ` (${size(refused.mebibytes)})`}: the range that the node allows has no free hole of that size${things.length === 0 ? '. Kernel, initrd, device tree and firmware are in it too' : `, because the ${things.join(' and ')} (at ${hex(at?.from ?? 0n)}) ${things.length === 1 ? 'is' : 'are'} in it`}.`,
        evidence: [refused.line, overlap?.line, board.first('ramdisk')?.line, board.first('placedTree')?.line],
        fix: `make the area smaller${fits(board.simulated?.largest(refused.name))}, or widen alloc-ranges of the node, or move what occupies that range${things.length === 0 ? ' (initrd_high, fdt_high or bootm_size in U-Boot; the log of the boot loader shows where it puts them)' : ` (${things.includes('initrd') ? 'initrd_high' : 'fdt_high'}, bootm_size in U-Boot)`}; \`dmaheap place --boot-log\` shows the holes`,
      };
    },
  },
  {
    id: 'area-across-numa',
    when(board) {
      const dead = board.first('notActivated');
      const nodes = new Set([
        ...board.all('bank').map(({ node }) => node),
        ...board.all('numaNodes').map(({ node }) => node),
      ]);
      const area = areaOf(board);
      const crossed =
        area === undefined
          ? undefined
          : board
              .all('bank')
              .find(
                ({ node, from, to }) =>
                  area.base >= from &&
                  area.base <= to &&
                  board.all('bank').some((other) => other.node !== node && area.end > other.from && area.end > to),
              );
      if (dead === undefined || nodes.size < 2 || (area !== undefined && crossed === undefined)) return undefined;
      return {
        text: `the area ${dead.name} lies on two NUMA memory nodes: their zones differ, and CMA activates an area only if all of it is in one zone. Every allocation from it fails.`,
        evidence: [dead.line, crossed?.line, board.first('pool')?.line],
        fix: 'move the area inside one memory node (alloc-ranges or reg within the range of one node, as "Early memory node ranges" shows them), or make it small enough for one',
      };
    },
  },
  {
    id: 'CMA_AREA_NOT_ACTIVATED',
    when(board) {
      const dead = board.first('notActivated') ?? board.first('boundary');
      if (dead === undefined) return outsideRam(board);
      const area = areaOf(board);
      const zones = board.all('zone');
      const border = area === undefined ? undefined : zones.find(({ to }) => area.base <= to && area.end > to);
      const limit = border === undefined ? undefined : border.to + 1n;
      const name = 'name' in dead ? dead.name : 'the area';
      return {
        text: `the area ${name} was made and never activated: it ${limit === undefined ? 'crosses the border of a zone, or lies in memory that the kernel does not use' : `crosses the border of the zone ${border?.name} at ${hex(limit)}${/HighMem/.test(zones.map((one) => one.name).join(' ')) ? ' (the low-memory limit; above it is HighMem)' : limit === 0x100000000n ? ' (4 GiB)' : ''}`}. CmaTotal may still count it, and every allocation from its heap fails.`,
        evidence: [dead.line, board.first('pool')?.line, border?.line],
        fix: `move the area to one side of the border with alloc-ranges or reg of the node: ${limit === undefined ? 'inside one zone, as "Zone ranges" in the log shows them' : `below ${hex(limit)}, with base and size inside the zone`}`,
      };
    },
  },
];

/** A kernel that frees memory which does not exist to its allocator stops, or it drops the area silently. */
function outsideRam(board: Board) {
  const banks = board.all('bank');
  const pool = board
    .all('pool')
    .find(({ isCma, base }) => isCma && banks.length > 0 && !banks.some(({ from, to }) => base >= from && base <= to));
  if (pool === undefined) return undefined;
  return {
    text: `the area at ${hex(pool.base)} is not in RAM: the kernel makes it as the device tree states it, and cannot use it.`,
    evidence: [
      pool.line,
      ...banks.slice(0, 3).map(({ line }) => line),
      board.anyLine(/Kernel panic|Unable to handle kernel/),
    ],
    fix: 'correct reg or alloc-ranges of the node: the area must lie inside one range of "Early memory node ranges"',
  };
}

function areaOf(board: Board): { readonly base: bigint; readonly end: bigint } | undefined {
  const dead = board.first('notActivated');
  const range = board.all('range').find(({ name }) => dead === undefined || name === dead.name);
  if (range?.isReusable) return { base: range.base, end: range.end + 1n };
  const address = /@([0-9a-f]+)$/.exec(dead?.name ?? '')?.[1];
  const pools = board.all('pool').filter(({ isCma }) => isCma);
  const pool = pools.find(({ base }) => address !== undefined && base === BigInt(`0x${address}`)) ?? pools[0];
  if (pool !== undefined) return { base: pool.base, end: pool.base + BigInt(pool.mebibytes * MIB) };
  const reserved = board.first('reserved');
  return reserved?.base === undefined
    ? undefined
    : { base: reserved.base, end: reserved.base + BigInt(reserved.mebibytes * MIB) };
}

/** What the simulation found, in a sentence. */
const WHY_REFUSED: Readonly<Record<RefusedDefault['why'], string>> = {
  'misaligned-base': 'its base is not a multiple of the CMA granule',
  'base-taken': 'the memory at its base is reserved, or it is not RAM',
  'crosses-high-memory': 'it crosses the limit of low memory',
  'past-limit': 'it ends above the limit for DMA',
  'no-hole': 'no free hole below the limit for DMA is large enough',
};

/** `: linux,cma: size is 0`, of the nodes that a simulated boot refuses as well. */
const reasons = (board: Board) => {
  const rejected = board.simulated?.rejected ?? [];
  return rejected.length === 0
    ? ''
    : ` A simulation of this boot refuses ${rejected.map(({ node, reason }) => `${node}: ${reason}`).join('; ')}.`;
};

export const SETTLED: readonly Cause[] = [
  {
    id: 'CMA_DISABLED_CMDLINE',
    when(board) {
      const cma = board.cmaArgument;
      // A command line that is shown decides over what is said of one.
      const said = board.has('commandLine') ? undefined : board.reported(/\bcma=0[MKG]?(?:[\s"'@]|$)/);
      const line = cma?.sizeBytes === 0n ? cma.line : said;
      if (line === undefined) return undefined;
      return {
        text: 'the kernel command line has cma=0, which disables the default area, also that of the device tree.',
        evidence: [line, board.first('bypass')?.line],
        fix: 'remove cma=0 from the arguments of the boot loader (bootargs, cmdline.txt, extlinux.conf, armbianEnv.txt, GRUB), so that the device tree or the kernel configuration decides',
      };
    },
  },
  {
    id: 'CMA_CMDLINE_FAILED',
    when(board) {
      const cma = board.cmaArgument;
      const refused = board
        .all('failed')
        .find(({ mebibytes }) => cma !== undefined && BigInt(mebibytes) * BigInt(MIB) === cma.sizeBytes);
      if (cma === undefined || refused === undefined) return undefined;
      const banks = board.all('bank');
      const simulated = board.simulated?.refusedDefault;
      const hasBase = /@/.test(cma.text);
      const isBase = simulated?.why === 'misaligned-base' || simulated?.why === 'base-taken';
      const sizes = banks.map(({ from, to }) => formatBytes(to - from + 1n)).join(', ');
      const why =
        simulated === undefined
          ? `the area must fit into one free hole below the DMA limit${hasBase ? ', or at the stated base, which must be aligned and free' : ''}, and no bank has ${formatBytes(cma.sizeBytes)} free${banks.length > 0 ? ` (the banks in the log: ${sizes}, less what kernel and firmware use)` : ''}`
          : WHY_REFUSED[simulated.why];
      return {
        text: `${cma.text} could not be reserved: ${why}. The kernel has no CMA area.`,
        evidence: [
          refused.line,
          cma.line,
          board.line(/cma: Region at \S+ must be aligned|cma:.*already reserved/),
          ...banks.map(({ line }) => line),
        ],
        fix: isBase
          ? `write cma= without a base, so that the kernel chooses the place, or give a base in free RAM that is a multiple of the granule (4 MiB with 4K pages); or leave the area to the device tree`
          : `give a smaller size than ${cma.text} that fits into the largest free hole of the low bank${fits(simulated?.largestBytes)}, or leave the size to the device tree`,
      };
    },
  },
  {
    id: 'CMA_CMDLINE_OVERRIDES_DT',
    when(board) {
      const cma = board.cmaArgument;
      const bypass = board.first('bypass');
      const nodes = board.all('treeNode');
      // A tree that was pasted shows whether it has a node for the default area.
      const wanted =
        nodes.length > 0 || board.has('reservedMemory')
          ? nodes.find(({ properties }) => properties.has('linux,cma-default'))?.line
          : board
              .linesOf('others')
              .find((line) => /linux,cma(?!-)|device ?tree|\bdts\b|\boverlay\b|设备树|reserved-memory/i.test(line));
      const made = board
        .all('reserved')
        .find(({ mebibytes }) => cma !== undefined && BigInt(mebibytes) * BigInt(MIB) === cma.sizeBytes);
      const total = cma !== undefined && board.cmaKib !== undefined && BigInt(board.cmaKib) * 1024n === cma.sizeBytes;
      // The kernel then refuses the node of the default area with this line.
      const skipped = board.all('noMatch').find(({ name }) => /^linux,cma/.test(name));
      if (
        bypass === undefined &&
        !(cma !== undefined && made !== undefined && skipped !== undefined) &&
        !(cma !== undefined && (made !== undefined || total) && wanted !== undefined && hasComplaint(board))
      )
        return undefined;
      return {
        text: `${cma?.text ?? 'cma='} on the kernel command line overrides the device tree: the kernel skips the node of the default area (linux,cma-default) and makes another area${cma === undefined ? '' : ` of ${formatBytes(cma.sizeBytes)}`}.`,
        evidence: [bypass?.line, cma?.line, made?.line, skipped?.line],
        fix: `remove ${cma?.text ?? 'cma='} from the boot loader's arguments (bootargs, cmdline.txt, extlinux.conf, armbianEnv.txt, GRUB), so that the size of the node takes effect; or raise the size there if the command line should decide`,
      };
    },
  },
  {
    id: 'CMA_DT_REJECTED',
    when(board) {
      const line = board.first('notSetUp') ?? board.all('noMatch').find(({ name }) => /cma|pool/.test(name));
      if (line === undefined || board.has('bypass')) return undefined;
      return {
        text: `the node is in the device tree, but the kernel did not make an area from it: it refused the node.${reasons(board)}`,
        evidence: [line.line],
        fix: 'look for earlier lines with "reserved mem" in the kernel log, and run `dmaheap place` with the DTB of the board, which names the wrong property. The kernel makes an area only with compatible = "shared-dma-pool", reusable and an aligned size',
      };
    },
  },
  {
    id: 'CMA_FALLBACK_KCONFIG',
    when(board) {
      const names = board.heapNames() ?? [];
      const node = board
        .all('treeNode')
        .find(
          ({ properties, name }) =>
            /shared-dma-pool/.test(properties.get('compatible') ?? '') &&
            (properties.has('linux,cma-default') || /cma/.test(name)),
        );
      const tree = board.all('treeNames').find((one) => one.of === '' && one.names.some((name) => /cma/.test(name)));
      const made = board.first('reserved');
      const configured = board.config('CMA_SIZE_MBYTES');
      const isFallback =
        made !== undefined &&
        !board.has('pool') &&
        board.cmaArgument === undefined &&
        (names.includes('reserved') ||
          (configured !== undefined && Number(configured) === made.mebibytes) ||
          made.mebibytes <= 64);
      const wanted = node ?? tree;
      const text = board.line(/(?:want|expect|ask|need|should|dts|device ?tree|overlay|设备树)\D{0,60}\d+\s*(?:M|G)/i);
      if (!isFallback || (wanted === undefined && text === undefined) || !hasComplaint(board)) return undefined;
      return {
        text: `the area of the device tree was not made, and the kernel fell back to its configured default area of ${size(made.mebibytes)} (CONFIG_CMA_SIZE_MBYTES)${names.includes('reserved') ? ', whose heap is named reserved' : ''}.${reasons(board)}`,
        evidence: [made.line, wanted?.line, text],
        fix: 'find out why the kernel does not use the node: look for "reserved mem" and "cma" in the kernel log from its first line on, look for the node in /proc/device-tree/reserved-memory, and run `dmaheap place` with the DTB. The configured size is only the fallback',
      };
    },
  },
  {
    id: 'CMA_TOTAL_AMBIGUOUS',
    when(board) {
      const total = board.cmaKib;
      const pools = [...board.all('pool').filter(({ isCma }) => isCma), ...board.all('reserved')];
      const sum = pools.reduce((all, { mebibytes }) => all + mebibytes, 0);
      const others = board.line(/\bhugetlb_cma|cma_pernuma|numa_cma|hugetlb_cma: reserve|cma-pernuma/i);
      const surprising = board.line(
        /which (?:area|one|heap)|more than|why.*(?:more|larger|sum|total)|does(?:n't| not) (?:match|add up)|哪(?:个|块)|多出|single areas?|per area/i,
      );
      if (total === undefined || !((pools.length > 1 && surprising !== undefined) || others !== undefined))
        return undefined;
      return {
        text: `CmaTotal (${total} kB) is the sum of all CMA areas of the system${others === undefined ? ` (here ${pools.length} areas, ${size(sum)} together)` : ', huge pages and areas of memory nodes included'}: it does not show the size of a single area, and no other file of this kernel shows it.`,
        evidence: [board.last('cmaTotal')?.line, others, ...pools.slice(0, 3).map(({ line }) => line)],
        fix: 'build the kernel with CONFIG_CMA_SYSFS=y and read /sys/kernel/mm/cma/NAME, or with CONFIG_CMA_DEBUGFS=y and read /sys/kernel/debug/cma as root; the boot messages in the kernel log name each area with its size',
      };
    },
  },
  {
    id: 'CMA_SIZE_MISMATCH',
    when(board) {
      const total = board.cmaKib;
      const wantedMiB = statedMiB(board);
      if (
        total === undefined ||
        wantedMiB === undefined ||
        wantedMiB * 1024 === total ||
        total === 0 ||
        board.has('allocFailed')
      )
        return undefined;
      const by =
        board.config('CMA_SIZE_PERCENTAGE') !== undefined || board.config('CMA_SIZE_SEL_PERCENTAGE') === 'y'
          ? 'CONFIG_CMA_SIZE_PERCENTAGE'
          : board.config('CMA_SIZE_MBYTES') !== undefined
            ? 'CONFIG_CMA_SIZE_MBYTES'
            : undefined;
      const overlay = board.first('configTxt');
      const asked = overlayMiB(board);
      if (asked?.size === wantedMiB)
        return {
          text: `config.txt asks for ${wantedMiB} MiB, and CmaTotal is ${size(Math.round(total / 1024))}: another line sets the size after it. The last one wins: an overlay that is loaded again without its parameter, a line below a filter such as [pi4] or [all], or cma= on the command line.`,
          evidence: [asked.line, ...board.all('configTxt').map(({ line }) => line), board.last('cmaTotal')?.line],
          fix: 'keep one dtoverlay=vc4-kms-v3d line, with its cma- parameter, in the part of config.txt that applies to this board, and remove cma= from cmdline.txt; then reboot',
        };
      return {
        text: `the area does not have the requested size: CmaTotal is ${size(Math.round(total / 1024))} instead of ${wantedMiB} MiB. ${by === undefined ? (overlay === undefined ? 'Another source sets the size.' : `The overlay in config.txt sets it (${overlay.text}).`) : `${by} of the kernel configuration sets it.`}`,
        evidence: [
          board.last('cmaTotal')?.line,
          board.line(new RegExp(`\\b${wantedMiB}\\s*M|\\bsize\\s*=`)),
          overlay?.line,
        ],
        fix: `${by === undefined ? 'find what sets it, in this order: cma= on the command line, linux,cma in the device tree (with the last overlay that changes it), CONFIG_CMA_SIZE_MBYTES' : `change ${by}`}, and change the size there`,
      };
    },
  },
];

/** The size that an overlay of a Raspberry Pi was given. */
const overlayMiB = (board: Board) => {
  const found = board
    .all('configTxt')
    .flatMap(({ text, line }) =>
      [...text.matchAll(/\bcma-(\d+)\b/g)].map(([, size]) => ({ line, size: Number(size) })),
    );
  return found.at(-1);
};

/** The intended size of the area: stated in words, by an overlay, or in a source of the device tree. */
function statedMiB(board: Board): number | undefined {
  const said =
    /\b(?:want|expect(?:ed)?|ask(?:ed|s)?(?: for)?|need|should be|instead of|profile|set to|configured|应该是|期望)\D{0,40}?(\d+)\s*(?:Mi?B?|M)\b/i.exec(
      board.text,
    )?.[1];
  if (said !== undefined) return Number(said);
  const overlay = overlayMiB(board);
  if (overlay !== undefined && hasComplaint(board)) return overlay.size;
  const stated = board
    .all('treeNode')
    .find(({ name }) => name.startsWith('linux,cma'))
    ?.properties.get('size');
  const inProse = board.line(/linux,cma|\bcma\b|\bdts[i]?\b/i) && /\bsize\s*=\s*(<[^>]*>)/.exec(board.text)?.[1];
  const bytes = cellsOf(stated) ?? cellsOf(inProse);
  // Several areas are summed in CmaTotal: what one of them states does not change it.
  return bytes === undefined || board.all('pool').length + board.all('reserved').length > 1
    ? undefined
    : Number(bytes / BigInt(MIB));
}

const hasComplaint = (board: Board) =>
  board
    .linesOf('others')
    .some((line) =>
      /\?|？|why|wrong|only|\bbut\b|not |no |n't|fail|cannot|stays|still|instead|为什么|怎么|只有|没有|失败|却/i.test(
        line,
      ),
    );
