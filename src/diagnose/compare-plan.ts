/** What a capture shows of a board beside what its profile plans: areas, heaps, aliases, access and users. */
import { compareKernelVersions, formatKernelVersion, type KernelVersion } from '../facts/index.js';
import type { Plan, PlannedArea, PlannedHeap } from '../plan/index.js';
import { formatBytes } from '../quantity/index.js';
import type { Board } from './board.js';

export interface PlanRow {
  /** `area linux,cma`, `heap frames`, `group of linux,cma`. */
  readonly what: string;
  readonly planned: string;
  /** As the board shows it; null: the text does not. */
  readonly seen: string | null;
  readonly status: 'same' | 'differs' | 'not-seen';
}

const row = (what: string, planned: string, seen: string | undefined, isSame: boolean): PlanRow => ({
  what,
  planned,
  seen: seen ?? null,
  status: seen === undefined ? 'not-seen' : isSame ? 'same' : 'differs',
});

const MIB = 1n << 20n;
const octal = (mode: number) => `0${mode.toString(8)}`;

/** The first of these options that the configuration of the board has off: what needs it does not exist there. */
const offOption = (board: Board, ...symbols: readonly string[]) => {
  const off = symbols.find((symbol) => board.config(symbol) === 'n');
  return off === undefined ? undefined : `CONFIG_${off} is off`;
};
const noCma = (board: Board) => {
  const off = offOption(board, 'CMA', 'DMA_CMA');
  return off && `no CMA: ${off}`;
};
const OPTIONS_OF: Readonly<Record<PlannedHeap['kind'], readonly string[]>> = {
  region: ['DMABUF_HEAPS', 'DMABUF_HEAPS_CMA', 'CMA', 'DMA_CMA'],
  system: ['DMABUF_HEAPS', 'DMABUF_HEAPS_SYSTEM'],
  vendor: ['DMABUF_HEAPS'],
};

/** Every statement of the plan that a board can show, in the order of a boot. */
export function comparePlan(board: Board, plan: Plan): PlanRow[] {
  return [
    ...machineRows(board, plan),
    ...plan.areas.map((area) => areaRow(board, area)),
    totalRow(board, plan),
    ...plan.heaps.flatMap((heap) => heapRows(board, heap)),
    ...plan.groups.flatMap(({ name, users }) => users.map((user) => userRow(board, name, user))),
  ].filter((one) => one !== undefined);
}

function machineRows(board: Board, { board: { arch, pageSizeBytes }, kernel: { min, max } }: Plan): PlanRow[] {
  const { version } = board;
  const page = board.last('pageSize')?.bytes;
  const shown = board.first('architecture')?.arch;
  return [
    row(
      'kernel',
      `${formatKernelVersion(min)} to ${formatKernelVersion(max)}`,
      board.release?.text,
      version !== undefined && isBetween(version, min, max),
    ),
    row('architecture', arch, shown, shown === arch),
    row('page size', `${pageSizeBytes}`, page?.toString(), page !== undefined && BigInt(page) === pageSizeBytes),
  ];
}

/** A profile states releases by major and minor: every patch release of the last one belongs to it. */
const isBetween = (version: KernelVersion, min: KernelVersion, max: KernelVersion) =>
  compareKernelVersions(version, min) >= 0 &&
  (compareKernelVersions(version, max) <= 0 || (version.major === max.major && version.minor === max.minor));

/** The area as the kernel made it, wherever the text shows its size. */
function sizeSeen(board: Board, { areaName, delivery }: PlannedArea): bigint | undefined {
  const range = board.all('range').find(({ name, isReusable }) => isReusable && name === areaName);
  if (range !== undefined) return range.end - range.base + 1n;
  const pools = board.all('pool').filter(({ isCma }) => isCma);
  // One pool and one node: the message about the pool does not name it.
  if (delivery === 'device-tree' && pools.length === 1 && board.all('poolNode').some(({ name }) => name === areaName))
    return BigInt(pools[0]?.mebibytes ?? 0) * MIB;
  const reserved = board.first('reserved');
  return delivery === 'device-tree' || reserved === undefined ? undefined : BigInt(reserved.mebibytes) * MIB;
}

function areaRow(board: Board, area: PlannedArea): PlanRow {
  const what = `area ${area.areaName}`;
  const planned = formatBytes(area.sizeBytes);
  const refused =
    board.all('nodeFailed').find(({ name }) => name === area.nodeName)?.line ??
    board.all('notActivated').find(({ name }) => name === area.areaName)?.line ??
    board.all('noMatch').find(({ name }) => name === area.nodeName)?.line;
  if (refused !== undefined) return row(what, planned, refused, false);
  const size = sizeSeen(board, area);
  return row(what, planned, size === undefined ? noCma(board) : formatBytes(size), size === area.sizeBytes);
}

function totalRow(board: Board, { expectation: { cmaTotalMinBytes, cmaTotalMaxBytes } }: Plan): PlanRow {
  const kib = board.cmaKib;
  const bytes = kib === undefined ? undefined : BigInt(kib) * 1024n;
  const most = cmaTotalMaxBytes === undefined ? '' : ` and at most ${formatBytes(cmaTotalMaxBytes)}`;
  return row(
    'CmaTotal',
    `at least ${formatBytes(cmaTotalMinBytes)}${most}`,
    bytes === undefined ? noCma(board) : formatBytes(bytes),
    bytes === undefined
      ? cmaTotalMinBytes === 0n
      : bytes >= cmaTotalMinBytes && (cmaTotalMaxBytes === undefined || bytes <= cmaTotalMaxBytes),
  );
}

function heapRows(board: Board, heap: PlannedHeap): PlanRow[] {
  const { version } = board;
  const names = heap.nodes
    .filter(
      ({ since, until }) =>
        version === undefined ||
        ((since === undefined || compareKernelVersions(version, since) >= 0) &&
          (until === undefined || compareKernelVersions(version, until) < 0)),
    )
    .map(({ name }) => name);
  const shown = board.heapNames('host');
  const there = names.find((name) => shown?.includes(name) === true);
  const isFree = heap.optional && there === undefined;
  const off = offOption(board, ...OPTIONS_OF[heap.kind]);
  const none = off === undefined ? 'no heap' : `no heap: ${off}`;
  const listed = shown === undefined ? off && none : shown.length === 0 ? none : shown.join(', ');
  const rows = [
    row(
      `heap ${heap.name}`,
      `${names.join(' or ')}${heap.optional ? ' (optional)' : ''}`,
      there ?? listed,
      there !== undefined || isFree,
    ),
  ];
  const nodes = board.nodes('host');
  for (const alias of heap.aliases) {
    const link = nodes.find(({ name, type }) => name === alias && type === 'l');
    const target = link?.target?.replace(/^(?:\.\/|\/dev\/dma_heap\/)/, '');
    const own = nodes.some(({ name, type }) => name === alias && type === 'c');
    const seen =
      link !== undefined
        ? `leads to ${target}`
        : own
          ? 'is a heap'
          : nodes.length > 0 || shown?.length === 0 || (shown === undefined && off !== undefined)
            ? 'no such name'
            : undefined;
    rows.push(
      row(
        `alias ${alias}`,
        `leads to ${there ?? names.join(' or ')}`,
        seen,
        (target !== undefined && names.includes(target)) || (own && names.includes(alias)),
      ),
    );
  }
  const node = nodes.find(({ name, type }) => type === 'c' && name === there);
  if (heap.access !== undefined && there !== undefined) {
    const { group, mode } = heap.access;
    rows.push(
      row(`group of ${there}`, group, node?.group, node?.group === group),
      row(`mode of ${there}`, octal(mode), node === undefined ? undefined : octal(node.mode), node?.mode === mode),
    );
  }
  return rows;
}

function userRow(board: Board, group: string, user: string): PlanRow {
  const identity = board.all('identity').findLast((one) => one.user === user);
  const entry = board.all('groupEntry').find((one) => one.group === group);
  const seen =
    identity === undefined ? entry && `${group}: ${entry.members.join(', ')}` : `groups ${identity.groups.join(', ')}`;
  return row(
    `user ${user}`,
    `in ${group}`,
    seen,
    identity === undefined ? entry?.members.includes(user) === true : identity.groups.includes(group),
  );
}
