/** Plan -> what templates see. Every decision is already in the plan; here it only gets its kind (src/lang). */

import { compareKernelVersions, formatKernelVersion, type KernelVersion } from '../facts/index.js';
import { type At, type Cell, leaf, write } from '../lang/index.js';
import { poolProperties } from '../placement/index.js';
import { linksOf } from '../plan/links.js';
import type { Because, HeapNode, Plan, PlannedArea, PlannedHeap } from '../plan/types.js';
import type { AddressRange } from '../quantity/index.js';
import { formatAddress, formatBytes } from '../quantity/index.js';
import { childPointer } from '../source/pointer.js';
import { androidGroup, presentAndroidGroups } from './android.js';
import type { NeutralView } from './view.js';

const BOOT_LOADERS = ['u-boot', 'extlinux', 'raspberrypi', 'grub', 'systemd-boot', 'other'] as const;

/** `make ARCH=`, `mkimage -A`, mkosi, GNU (Alpine, Nix) and LAVA have other names; and what `make` calls the image. */
const ARCH_NAMES = {
  arm64: { kernel: 'arm64', uboot: 'arm64', mkosi: 'arm64', gnu: 'aarch64', lava: 'arm64', image: 'Image' },
  arm: { kernel: 'arm', uboot: 'arm', mkosi: 'arm', gnu: 'armv7', lava: 'arm', image: 'zImage' },
  riscv64: { kernel: 'riscv', uboot: 'riscv', mkosi: 'riscv64', gnu: 'riscv64', lava: 'riscv64', image: 'Image' },
  x86_64: { kernel: 'x86', uboot: 'x86_64', mkosi: 'x86-64', gnu: 'x86_64', lava: 'amd64', image: 'bzImage' },
} as const;

/** A machine of QEMU that runs the kernel of any board of the architecture. */
const QEMU = {
  arm64: { program: 'qemu-system-aarch64', machine: 'virt', cpu: 'cortex-a53', console: 'ttyAMA0' },
  arm: { program: 'qemu-system-arm', machine: 'virt', cpu: 'cortex-a15', console: 'ttyAMA0' },
  riscv64: { program: 'qemu-system-riscv64', machine: 'virt', cpu: 'rv64', console: 'ttyS0' },
  x86_64: { program: 'qemu-system-x86_64', machine: 'q35', cpu: 'max', console: 'ttyS0' },
} as const;

/** The view of a plan, the same for every target; options come from {@link presentOptions}. */
export function present(plan: Plan): { readonly [name: string]: NeutralView } {
  const { dtb } = plan.board;
  const policyTypes = distinct(plan.heaps.map((heap) => `dmaheap_${heap.name.replaceAll('-', '_')}_device`));
  const names = ARCH_NAMES[plan.board.arch];
  const qemu = QEMU[plan.board.arch];
  const byTree = plan.areas.filter((area) => area.delivery === 'device-tree');
  const labels = areaLabels(plan.areas);
  const areas = plan.areas.map((area, i) => presentArea(plan, area, labels[i] ?? ''));
  const heaps = plan.heaps.map((heap, i) => presentHeap(plan, heap, policyTypes[i] ?? ''));
  return {
    profile: {
      name: leaf('string', plan.profile.name, { pointer: '/name' }),
      sha256: leaf('string', plan.profile.sha256),
    },
    board: {
      title: leaf('string', plan.board.title, { pointer: '/board' }),
      arch: leaf('word', plan.board.arch),
      compatible:
        plan.board.compatible.length > 0 &&
        leaf('compatibles', plan.board.compatible, { pointer: '/board/compatible' }),
      kernelArch: leaf('word', names.kernel),
      ubootArch: leaf('word', names.uboot),
      mkosiArch: leaf('word', names.mkosi),
      gnuArch: leaf('word', names.gnu),
      lavaArch: leaf('word', names.lava),
      // LAVA chooses booti for an image and bootz for a zimage.
      lavaKernel: leaf('word', names.image === 'zImage' ? 'zimage' : 'image'),
      kernelImage: leaf('path', `/${names.image}`),
      qemu: {
        program: leaf('string', `/usr/bin/${qemu.program}`),
        machine: leaf('word', qemu.machine),
        cpu: leaf('string', qemu.cpu),
        kernelArguments: leaf('string', kernelArguments(plan)),
        kernelOptions: qemuKernel(plan),
      },
      dtb: plan.board.dtb !== undefined && leaf('path', plan.board.dtb, { pointer: '/board/dtb' }),
      dtbName: plan.board.dtb !== undefined && leaf('path', fileName(plan.board.dtb), { pointer: '/board/dtb' }),
      dtsName: dtb !== undefined && leaf('path', dtb.replace(/\.dtb$/, ''), { pointer: '/board/dtb' }),
      pageSizeBytes: leaf('bytes', plan.board.pageSizeBytes),
      memory: plan.board.memory.map(presentRange),
      boots: Object.fromEntries(BOOT_LOADERS.map((name) => [camel(name), plan.board.bootLoader === name])),
      addressCells: leaf('integer', plan.board.cells.address),
      sizeCells: leaf('integer', plan.board.cells.size),
      cellsAssumed: plan.board.cells.assumed,
    },
    kernel: {
      min: version(plan.kernel.min),
      max: version(plan.kernel.max),
      after: version({ major: plan.kernel.max.major, minor: plan.kernel.max.minor + 1 }),
      isRange: formatKernelVersion(plan.kernel.min) !== formatKernelVersion(plan.kernel.max),
    },
    areas,
    treeAreas: areas.filter((_, i) => plan.areas[i]?.delivery === 'device-tree'),
    hasTree: byTree.length > 0,
    heaps,
    openHeaps: heaps.filter((_, i) => plan.heaps[i]?.access !== undefined),
    /** Heaps for which Android's platform has no line. */
    androidHeaps: heaps.filter((_, i) => plan.heaps[i]?.access !== undefined && plan.heaps[i]?.kind !== 'system'),
    hasLinks: plan.heaps.some((heap) => linksOf(plan, heap).length > 0),
    symbols: plan.symbols.map((request) => ({
      option: leaf(
        'option',
        request.isString
          ? { symbol: request.symbol, text: request.value }
          : { symbol: request.symbol, value: request.value },
        at(request.because),
      ),
      symbol: leaf('symbol', request.symbol, at(request.because)),
      value: leaf('string', request.value, at(request.because)),
      isOff: !request.isString && request.value === 'n',
      isOn: !request.isString && request.value === 'y',
      isModule: !request.isString && request.value === 'm',
      isString: request.isString,
      isFree: request.isString || !/^[ymn]$/.test(request.value),
      because: reason(request.because),
    })),
    commandLine: plan.commandLine.map(({ argument, because }) => ({
      argument: leaf('string', argument, at(because)),
      because: reason(because),
    })),
    hasCommandLine: plan.commandLine.length > 0,
    groups: plan.groups.map((group) => ({
      gid: group.gid !== undefined && leaf('integer', group.gid, membership(plan, group.name, 'gid')),
      gidText: group.gid !== undefined && leaf('string', `${group.gid}`, membership(plan, group.name, 'gid')),
      name: leaf('group', group.name, membership(plan, group.name, 'group')),
      users: group.users.map((user) => leaf('user', user, membership(plan, group.name, 'users', user))),
    })),
    allGroups:
      plan.groups.length > 0 &&
      leaf(
        'groups',
        plan.groups.map(({ name, gid }) => ({ name, ...(gid === undefined ? {} : { gid }) })),
        { pointer: '/access' },
      ),
    /** Without them, what passes a heap into a container has no number for its group. */
    unnumbered: presentUnnumbered(plan),
    androidGroups: presentAndroidGroups(plan),
    cmaTotal: presentCmaTotal(plan),
    /** Who has to be in which group, for systems on which a group cannot make its members. */
    members: plan.groups.flatMap((group) =>
      group.users.map((user) => ({
        user: leaf('user', user, membership(plan, group.name, 'users', user)),
        group: leaf('group', group.name, membership(plan, group.name, 'group')),
      })),
    ),
  };
}

/** Where the profile states a group or a member of it: at the first heap that does. */
function membership({ heaps }: Plan, group: string, key: 'group' | 'gid' | 'users', user?: string): At {
  const heap = heaps.find(
    ({ access }) =>
      access?.group === group &&
      (key !== 'gid' || access.gid !== undefined) &&
      (user === undefined || access.users.includes(user)),
  );
  return { pointer: heap === undefined ? '/access' : `${childPointer('/access', heap.name)}/${key}` };
}

/** Each group without a number has a separate variable; with one such group, the variable does not contain the name. */
function presentUnnumbered({ groups }: Plan): NeutralView[] {
  const names = groups.flatMap(({ name, gid }) => (gid === undefined ? [name] : []));
  const plain = (name: string) => name.toUpperCase().replaceAll('-', '_');
  return names.map((name, i) => {
    const twins = names.slice(0, i).filter((one) => plain(one) === plain(name)).length;
    const variable = `DMAHEAP_GID${names.length === 1 ? '' : `_${plain(name)}`}${twins === 0 ? '' : `_${twins + 1}`}`;
    return {
      name: leaf('group', name, { pointer: '/access' }),
      variable: leaf('identifier', variable),
      value: leaf('string', `\${${variable}}`),
      required: leaf(
        'string',
        `\${${variable}:?set it to the number of the group ${name}: getent group ${name} on the host prints it}`,
      ),
    };
  });
}

const kernelArguments = ({ board, commandLine }: Plan): string =>
  [`console=${QEMU[board.arch].console}`, ...commandLine.map(({ argument }) => argument)].join(' ');

/** QEMU's options for a kernel that LAVA has downloaded; LAVA splits them into words as a shell does. */
function qemuKernel(plan: Plan): NeutralView {
  const { value } = write('sh', leaf('string', kernelArguments(plan)));
  return value !== undefined && leaf('string', `-kernel {kernel} -append ${value.spelled}`);
}

/** A text that is not the path of a DTB is passed unchanged, for its language to refuse. */
const fileName = (dtb: string) => (/^\w[\w.,+/-]*\.dtb$/.test(dtb) ? dtb.replace(/^.*\//, '') : dtb);

function presentArea(plan: Plan, area: PlannedArea, label: string): { readonly [name: string]: NeutralView } {
  const origin = { pointer: childPointer('/regions', area.name) };
  const { cells } = plan.board;
  const address = (value: bigint): Cell => ({ value, cells: cells.address });
  const size = (value: bigint): Cell => ({ value, cells: cells.size });
  const tuples = (ranges: readonly AddressRange[]) =>
    leaf(
      'cells',
      ranges.flatMap((range) => [address(range.baseAddress), size(range.sizeBytes)]),
      origin,
    );
  const { baseAddress, sizeBytes, alignmentBytes } = area;
  return {
    name: leaf('string', area.name, origin),
    areaName: leaf('string', area.areaName, origin),
    node: leaf('nodeName', area.nodeName, origin),
    label: leaf('label', label, origin),
    source: leaf('word', area.delivery),
    byTree: area.delivery === 'device-tree',
    isDefault: area.isDefault,
    bytes: leaf('bytes', sizeBytes, { pointer: `${origin.pointer}/${area.budget === undefined ? 'size' : 'budget'}` }),
    sizeText: leaf('comment', formatBytes(sizeBytes)),
    base: baseAddress !== undefined && leaf('address', baseAddress, origin),
    reg: baseAddress !== undefined && tuples([{ baseAddress, sizeBytes }]),
    size: leaf('cells', [size(sizeBytes)], origin),
    allocRanges: baseAddress === undefined && area.allocRanges.length > 0 && tuples(area.allocRanges),
    alignment:
      baseAddress === undefined && alignmentBytes !== undefined && leaf('cells', [address(alignmentBytes)], origin),
    /** The whole content of the node in the device tree; a property without a value is a flag. */
    properties: poolProperties(area, cells).map(({ name, value }) => ({
      name: leaf('word', name),
      value: value !== undefined && (typeof value === 'string' ? leaf('string', value) : leaf('cells', value, origin)),
    })),
    because: area.because.map(reason),
    steps: (area.budget?.steps ?? []).map((step) => leaf('comment', step.text)),
  };
}

/** `video,0` -> `dmaheap_video_0`, with a number where two regions would share one. */
function areaLabels(areas: readonly PlannedArea[]): string[] {
  return distinct(areas.map((area) => `dmaheap_${area.name.replace(/[^A-Za-z0-9]/g, '_')}`));
}

const distinct = (names: readonly string[]) =>
  names.map((name, i) => (names.indexOf(name) === i ? name : `${name}__${i}`));

function presentHeap(plan: Plan, heap: PlannedHeap, policyType: string): { readonly [name: string]: NeutralView } {
  const origin = { pointer: childPointer('/heaps', heap.name) };
  const granted = (key: string) => ({ pointer: childPointer(childPointer('/access', heap.name), key) });
  const device = (name: string) => leaf('deviceName', name, origin);
  const area = plan.areas.find((candidate) => candidate.areaName === heap.areaName);
  const names = [...new Set(heap.nodes.map((node) => node.name))];
  const { access } = heap;
  const links = linksOf(plan, heap);
  const linkNames = [...new Set(links.map((link) => link.name))];
  const unstated = [...new Set(links.filter((link) => !link.isStated).map((link) => link.name))];
  return {
    name: leaf('string', heap.name, origin),
    isSystem: heap.kind === 'system',
    policyType: leaf('identifier', policyType, origin),
    kind: leaf('word', heap.kind === 'region' ? 'cma' : heap.kind),
    area: heap.areaName !== undefined && leaf('string', heap.areaName, origin),
    isDefault: area?.isDefault ?? false,
    sizeText: area !== undefined && leaf('comment', formatBytes(area.sizeBytes)),
    optional: heap.optional,
    nodes: heap.nodes.map((node) => presentNode(node, origin)),
    /** Each name once, without the kernels it belongs to. */
    names: names.map((name) => ({
      name: device(name),
      underDev: device(`dma_heap/${name}`),
      path: leaf('path', `/dev/dma_heap/${name}`, origin),
    })),
    anyName: leaf('deviceNames', names, origin),
    container: presentContainer(plan, heap, origin),
    aliases: heap.aliases.map((name) => leaf('string', name, origin)),
    links: links.map((link) => ({
      name: leaf('string', link.name, origin),
      link: device(`dma_heap/${link.name}`),
      to: device(link.to),
      priority: leaf('string', `link_priority=${link.priority}`),
      sysPath: leaf('path', `/sys/class/dma_heap/${link.name}`, origin),
    })),
    linkPaths: linkNames.map((name) => leaf('path', name, origin)),
    hasLinks: linkNames.length > 0,
    /** Names of links that the profile does not ask for. */
    unstated: unstated.length > 0 && leaf('comment', unstated.join(' ')),
    access: access !== undefined && {
      group: leaf('group', access.group, granted('group')),
      gid: access.gid !== undefined && leaf('integer', access.gid, granted('gid')),
      androidGroup: leaf('group', androidGroup(access.group), granted('group')),
      mode: leaf('mode', access.mode, granted('mode')),
      users: access.users.map((user) => leaf('user', user, granted('users'))),
      uaccess: access.uaccess,
      force: access.force !== undefined && leaf('comment', access.force, granted('force')),
    },
    expect: presentExpectation(plan, heap, area),
    because: heap.because.map(reason),
  };
}

/**
 * The names by which a runtime finds the heap on every kernel of the plan: it refuses a device that does not exist, and makes
 * a node of a symlink that is named, but not of one in a directory. CDI takes nodes only.
 */
function presentContainer(plan: Plan, heap: PlannedHeap, origin: At): NeutralView {
  const { min, max } = plan.kernel;
  const lasting = heap.nodes.filter(
    ({ since, until, optional }) =>
      !optional &&
      (since === undefined || compareKernelVersions(since, min) <= 0) &&
      (until === undefined || compareKernelVersions(until, max) > 0),
  );
  const path = (name: string) => `/dev/dma_heap/${name}`;
  const [node] = lasting;
  const nodes = lasting.length > 0 ? lasting : heap.nodes;
  const names = [...new Set([...nodes.map(({ name }) => name), ...heap.aliases])];
  return {
    isCertain: !heap.optional,
    names: names.map((name) => ({
      path: leaf('path', path(name), origin),
      mapping: leaf('string', `${path(name)}:${path(name)}`, origin),
    })),
    node: node !== undefined && leaf('path', path(node.name), origin),
  };
}

function presentNode(node: HeapNode, origin: At): { readonly [name: string]: NeutralView } {
  return {
    name: leaf('string', node.name, origin),
    since: node.since !== undefined && version(node.since),
    until: node.until !== undefined && version(node.until),
    optional: node.optional,
  };
}

/** CmaTotal on the target; false when the board promises none. */
function presentCmaTotal(plan: Plan): NeutralView {
  const { cmaTotalMinBytes, cmaTotalMaxBytes } = plan.expectation;
  const slack = (cmaTotalMaxBytes ?? cmaTotalMinBytes) - cmaTotalMinBytes;
  return (
    (plan.areas.length > 0 || cmaTotalMinBytes > 0n) && {
      kibibytes: leaf('integer', cmaTotalMinBytes >> 10n),
      totalBytes: leaf('bytes', cmaTotalMinBytes, { pointer: '/verify' }),
      slackBytes: slack > 0n && leaf('bytes', slack, { pointer: '/verify' }),
      orMore: cmaTotalMaxBytes === undefined,
    }
  );
}

/** Who must be able to open a heap. */
function usersOf({ groups, expectation }: Plan, { access }: PlannedHeap): string[] {
  const members = groups.find((group) => group.name === access?.group)?.users ?? [];
  const tried = expectation.users.filter((user) => members.includes(user));
  return access === undefined ? [] : [...new Set([...access.users, ...tried])].sort();
}

/** What the verifier has to see of one heap, beyond its nodes and its access. */
function presentExpectation(plan: Plan, heap: PlannedHeap, area: PlannedArea | undefined): NeutralView {
  const origin = { pointer: '/verify' };
  const { expectation } = plan;
  const buffers = (expectation.holdBudget && area?.budget?.buffers) || [];
  const p99 = expectation.allocateP99Micros;
  const sizes = [plan.board.pageSizeBytes, ...buffers.map((buffer) => buffer.bufferBytes)];
  const largest = sizes.toSorted((a, b) => (a < b ? 1 : -1))[0] ?? 0n;
  return {
    users: usersOf(plan, heap).map((user) => leaf('user', user, origin)),
    budgets: buffers.map((b) => ({ bytes: leaf('bytes', b.bufferBytes), count: leaf('integer', b.count) })),
    latency: p99 !== undefined && { bytes: leaf('bytes', largest), p99Nanos: leaf('integer', p99 * 1000, origin) },
  };
}

function presentRange(range: AddressRange): NeutralView {
  return {
    base: leaf('address', range.baseAddress),
    bytes: leaf('bytes', range.sizeBytes),
    text: leaf('comment', `${formatBytes(range.sizeBytes)} at ${formatAddress(range.baseAddress)}`),
  };
}

const version = (value: KernelVersion) => leaf('word', formatKernelVersion(value));
const reason = (because: Because) => leaf('comment', because.text, at(because));
const at = (because: Because): At => (because.pointer === undefined ? {} : { pointer: because.pointer });
const camel = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
