/** The boot that a paste shows, simulated again with what the paste reveals, and where board and simulation differ. */
import type { BootLog } from '../bootlog/index.js';
import { compareKernelVersions, formatKernelVersion, OLDEST_KERNEL } from '../facts/index.js';
import { cell, cellsValue, type Fdt, type FdtNode, makeFdt, type NodeSpec, splitCells } from '../fdt/index.js';
import { archOfTree } from '../model/index.js';
import {
  type Architecture,
  fromLog,
  isPool,
  type PlacementInput,
  type PredictedArea,
  type Prediction,
  predict,
  readReservedMemory,
} from '../placement/index.js';
import { formatAddress, formatBytes } from '../quantity/index.js';
import type { Board } from './board.js';

/** One statement of the simulation and what the board shows of it. */
export interface Compared {
  /** `area linux,cma`, `CmaTotal`, `heap system`. */
  readonly what: string;
  readonly predicted: string;
  /** As the board shows it; null: the text does not. */
  readonly seen: string | null;
}

export interface Replay {
  readonly kernel: string;
  /** What the simulation was given, in words. */
  readonly given: readonly string[];
  readonly agrees: readonly Compared[];
  readonly differs: readonly Compared[];
  /** Statements that the text does not show, or that the simulation leaves open. */
  readonly open: readonly Compared[];
  readonly prediction: Prediction;
}

/** Why there is no simulation: what the text lacks. */
export interface NoReplay {
  readonly missing: readonly string[];
}

/** What was read of a boot: its logs, and the tree that the board boots with. */
export interface BootShown {
  readonly files: readonly string[];
  readonly logs: readonly BootLog[];
  readonly tree: Fdt | undefined;
}

const ARCHITECTURES: readonly Architecture[] = ['arm64', 'arm', 'riscv64', 'x86_64'];
/** The fewest lines that a whole configuration has; fewer are a grep. */
const WHOLE_CONFIG = 500;

function settle({ files, logs, tree }: BootShown, board: Board): NoReplay | { readonly input: PlacementInput } {
  const name = board.first('architecture')?.arch ?? (tree === undefined ? undefined : archOfTree(tree));
  const architecture = ARCHITECTURES.find((one) => one === name);
  const said = fromLog(logs, {
    file: files.join(', '),
    input: { tree: tree ?? makeFdt({ name: '' }) },
    kernels: [],
  });
  const kernel = said.kernel ?? board.version;
  const commandLine = said.commandLine ?? board.first('commandLine')?.text;
  const missing = [
    ...(kernel === undefined ? ['the release of the kernel'] : []),
    ...(architecture === undefined ? ['the architecture'] : []),
    ...(said.memory === undefined ? ['the ranges of RAM'] : []),
    ...(commandLine === undefined ? ['the kernel command line'] : []),
  ];
  if (kernel === undefined || architecture === undefined || missing.length > 0) return { missing };
  if (compareKernelVersions(kernel, OLDEST_KERNEL) < 0)
    return { missing: [`a kernel from ${formatKernelVersion(OLDEST_KERNEL)} on`] };
  const config = new Map(board.all('config').map(({ symbol, value }) => [symbol, value]));
  const page = board.last('pageSize')?.bytes;
  const { memory, occupied } = said;
  return {
    input: {
      tree: tree ?? makeFdt({ name: '' }),
      ...(tree === undefined ? { isSkeleton: true } : {}),
      kernel,
      architecture,
      ...(commandLine === undefined ? {} : { commandLine }),
      ...(memory === undefined ? {} : { memory }),
      ...(occupied === undefined ? {} : { occupied }),
      ...(config.size === 0 ? {} : { config, configComplete: config.size >= WHOLE_CONFIG }),
      ...(page === undefined ? {} : { pageSizeBytes: BigInt(page) }),
    },
  };
}

/** Simulates the boot of a paste; what is missing for it is named. */
export function replay(shown: BootShown, board: Board): Replay | NoReplay {
  const settled = settle(shown, board);
  if ('missing' in settled) return settled;
  const { input } = settled;
  const { logs } = shown;
  const prediction = predict(input);
  const boot = shownBy(logs, board);
  const isSkeleton = input.isSkeleton === true;
  const pools = poolsOf(input.tree);
  // Without the tree nothing is known of nodes, and what they leave to the default area is open.
  const rows = [
    ...compareAreas(prediction, boot),
    ...compareNodes(prediction, boot, board, pools),
    ...compareTotal(prediction, board, boot),
    ...compareHeaps(prediction, board),
  ].map(([row, verdict]): Row => [row, isSkeleton && verdict === 'differs' ? 'open' : verdict]);
  const of = (verdict: Verdict) => rows.flatMap(([row, one]) => (one === verdict ? [row] : []));
  return {
    kernel: formatKernelVersion(input.kernel),
    given: [
      `Linux ${formatKernelVersion(input.kernel)} on ${input.architecture}`,
      `RAM ${(input.memory ?? []).map((one) => `${formatBytes(one.sizeBytes)} at ${formatAddress(one.baseAddress)}`).join(', ')}`,
      isSkeleton ? 'no device tree' : 'the device tree',
      ...(input.config === undefined ? [] : [`${input.config.size} options of the configuration`]),
    ],
    agrees: of('agrees'),
    differs: of('differs'),
    open: of('open'),
    prediction,
  };
}

const poolsOf = (tree: Fdt): ReadonlySet<string> =>
  new Set(
    readReservedMemory(tree)
      .nodes.filter(isPool)
      .map(({ name }) => name),
  );

/** Nodes that ask for an area and get none. */
export function rejectedPools({ tree }: BootShown, { prediction }: Replay): Prediction['rejected'] {
  if (tree === undefined || isOpen(prediction, 'rejected')) return [];
  const pools = poolsOf(tree);
  return prediction.rejected.filter(({ node }) => pools.has(node));
}

type Verdict = 'agrees' | 'differs' | 'open';
type Row = readonly [Compared, Verdict];

const isOpen = ({ unknown }: Prediction, field: string) =>
  unknown.some((one) => one.field === field || one.field.startsWith(`${field}[`) || field.startsWith(`${one.field}[`));

type SeenArea = BootLog['areas'][number]['value'];

const spellArea = ({ sizeBytes, baseAddress }: Pick<SeenArea, 'sizeBytes' | 'baseAddress'>) =>
  `${sizeBytes === undefined ? 'of unknown size' : formatBytes(sizeBytes)}${baseAddress === undefined ? '' : ` at ${formatAddress(baseAddress)}`}`;
const spellPredicted = ({ sizeBytes, baseAddress }: PredictedArea) =>
  sizeBytes === 0n ? 'made, not activated' : spellArea({ sizeBytes, baseAddress: baseAddress ?? undefined });

/** The line of the log that made this area: by its name, else by place and size where the line has no name. */
function lineOf(area: PredictedArea, seen: readonly SeenArea[]): SeenArea | undefined {
  const made = seen.filter(({ event }) => event === 'created' || event === 'reserved');
  const event = area.source === 'node' ? 'created' : 'reserved';
  const unnamed = made.filter(
    (one) => one.name === undefined && one.event === event && one.sizeBytes === area.sizeBytes,
  );
  return (
    made.find(({ name }) => name !== undefined && name === area.name) ??
    unnamed.find(({ baseAddress }) => baseAddress === area.baseAddress) ??
    unnamed[0]
  );
}

interface Shown {
  readonly areas: readonly SeenArea[];
  readonly refused: readonly { readonly node: string; readonly text: string }[];
  /** The text has the part of the log in which the kernel makes areas. */
  readonly isBoot: boolean;
  /** It says where kernel, initrd and device tree lie: what may be in the way of an area. */
  readonly isLayoutKnown: boolean;
}

function shownBy(logs: readonly BootLog[], board: Board): Shown {
  const images = new Set(logs.flatMap(({ loaded }) => loaded.map(({ value }) => value.name)));
  const hasInitrd = board.line(/Unpacking initramfs|Freeing initrd memory|RAMDISK:/) !== undefined;
  return {
    areas: logs.flatMap((log) => log.areas.map(({ value }) => value)),
    refused: logs.flatMap((log) => log.refused.map(({ value }) => value)),
    isBoot: logs.some(({ areas, refused, memory }) => areas.length + refused.length > 0 || memory !== undefined),
    isLayoutKnown: images.has('kernel') && images.has('dtb') && (images.has('initrd') || !hasInitrd),
  };
}

/** What the kernel says once for every node, or of the default area, without its name. */
const SAID_WITHOUT_NAME = { 'unsupported-format': 'badFormat', 'default-bypassed': 'bypass' } as const;

function compareAreas(prediction: Prediction, shown: Shown): Row[] {
  const rows: Row[] = [];
  const told = new Set<SeenArea>();
  for (const [i, area] of prediction.areas.entries()) {
    const line = lineOf(area, shown.areas);
    if (line !== undefined) told.add(line);
    const isDead = shown.areas.some(({ event, name }) => event === 'not-activated' && name === area.name);
    const row: Compared = {
      what: `area ${area.name}`,
      predicted: spellPredicted(area),
      seen: line === undefined ? null : `${spellArea(line)}${isDead ? ', not activated' : ''}`,
    };
    if (line === undefined) {
      const isUndecided =
        isOpen(prediction, 'areas') || isOpen(prediction, `areas[${i}]`) || !shown.isBoot || !shown.isLayoutKnown;
      rows.push([
        isUndecided ? row : { ...row, seen: 'no message of the kernel about it' },
        isUndecided ? 'open' : 'differs',
      ]);
      continue;
    }
    const isSameSize =
      area.sizeBytes === 0n ? isDead : line.sizeBytes === undefined || line.sizeBytes === area.sizeBytes;
    const isSamePlace =
      area.baseAddress === null || line.baseAddress === undefined || line.baseAddress === area.baseAddress;
    const agrees = isSameSize && isSamePlace && isDead === (area.sizeBytes === 0n);
    rows.push([row, agrees ? 'agrees' : isOpen(prediction, `areas[${i}]`) ? 'open' : 'differs']);
  }
  return [...rows, ...unpredictedAreas(prediction, shown, told)];
}

/** Areas of the log that the simulation does not have, and the default area that neither has. */
function unpredictedAreas(prediction: Prediction, shown: Shown, told: ReadonlySet<SeenArea>): Row[] {
  const isRefused =
    prediction.refusedDefault !== undefined ||
    prediction.log.some(({ family, text }) => family === 'alloc-failed' && text.includes('cma: Failed to reserve'));
  return shown.areas.flatMap((line): Row[] => {
    if (told.has(line) || line.event === 'not-activated') return [];
    const what = `area ${line.name ?? (line.event === 'created' ? 'of a node' : 'of cma= or the configuration')}`;
    if (line.event !== 'failed')
      return [
        [{ what, predicted: 'no such area', seen: spellArea(line) }, isOpen(prediction, 'areas') ? 'open' : 'differs'],
      ];
    const seen = `no room for ${spellArea(line)}`;
    if (isRefused) return [[{ what, predicted: 'no room for it', seen }, 'agrees']];
    return [[{ what, predicted: 'room for it', seen }, shown.isLayoutKnown ? 'differs' : 'open']];
  });
}

/** @param pools names of the nodes that ask for an area; the kernel says less of others */
function compareNodes(prediction: Prediction, shown: Shown, board: Board, pools: ReadonlySet<string>): Row[] {
  const rows = prediction.rejected.flatMap(({ node, family, reason }): Row[] => {
    if (family === null || family === 'not-activated' || !pools.has(node)) return [];
    const clue = family in SAID_WITHOUT_NAME ? SAID_WITHOUT_NAME[family as keyof typeof SAID_WITHOUT_NAME] : undefined;
    const seen =
      shown.refused.find((one) => one.node === node)?.text ??
      (clue === undefined ? undefined : board.first(clue)?.line);
    const row: Compared = { what: `node ${node}`, predicted: reason, seen: seen ?? null };
    return [
      [row, seen !== undefined ? 'agrees' : shown.isBoot && !isOpen(prediction, 'rejected') ? 'differs' : 'open'],
    ];
  });
  const accepted = shown.refused.filter(
    ({ node }) => pools.has(node) && !prediction.rejected.some((one) => one.node === node),
  );
  return [
    ...rows,
    ...accepted.map(
      ({ node, text }): Row => [
        { what: `node ${node}`, predicted: 'accepted', seen: text },
        isOpen(prediction, 'rejected') || !shown.isLayoutKnown ? 'open' : 'differs',
      ],
    ),
  ];
}

function compareTotal(prediction: Prediction, board: Board, { isLayoutKnown }: Shown): Row[] {
  const { cmaTotalBytes } = prediction;
  const kib = board.cmaKib;
  if (cmaTotalBytes === null || kib === undefined) return [];
  const row: Compared = { what: 'CmaTotal', predicted: `${cmaTotalBytes >> 10n} kB`, seen: `${kib} kB` };
  const isSame = BigInt(kib) === cmaTotalBytes >> 10n;
  return [[row, isSame ? 'agrees' : isLayoutKnown ? 'differs' : 'open']];
}

/** Only names: whether a heap can be used is another question. */
function compareHeaps(prediction: Prediction, board: Board): Row[] {
  const names = board.heapNames('host');
  if (names === undefined || names.length === 0) return [];
  return prediction.heaps.map(({ name }, i): Row => {
    const isThere = names.includes(name);
    const row: Compared = { what: `heap ${name}`, predicted: 'exists', seen: isThere ? 'exists' : names.join(', ') };
    if (isThere) return [row, 'agrees'];
    return [row, isOpen(prediction, 'heaps') || isOpen(prediction, `heaps[${i}]`) ? 'open' : 'differs'];
  });
}

/** Steps in which a size that fits is looked for. */
const GRANULE = 4n << 20n;

/** The largest size for which a refused node would have a place, in whole granules; undefined: not known, or none. */
export function largestSize(shown: BootShown, board: Board, node: string): bigint | undefined {
  const settled = settle(shown, board);
  if ('missing' in settled || settled.input.isSkeleton === true) return undefined;
  const { input } = settled;
  const granule = predict(input).minimumAlignmentBytes ?? GRANULE;
  const fits = (sizeBytes: bigint) => {
    const tree = withSize(input.tree, node, sizeBytes);
    return tree !== undefined && !predict({ ...input, tree }).rejected.some((one) => one.node === node);
  };
  const asked = sizeOf(input.tree, node);
  if (asked === undefined || !fits(granule)) return undefined;
  let [low, high] = [1n, asked / granule];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (fits(middle * granule)) low = middle;
    else high = middle;
  }
  return low * granule;
}

function sizeOf(tree: Fdt, name: string): bigint | undefined {
  const size = readReservedMemory(tree).nodes.find((one) => one.name === name)?.size;
  return typeof size === 'bigint' ? size : undefined;
}

/** The tree with another `size` of one node below /reserved-memory. */
function withSize(tree: Fdt, name: string, sizeBytes: bigint): Fdt | undefined {
  const reserved = tree.root.children.find((one) => one.name === 'reserved-memory');
  const count = reserved === undefined ? undefined : cell(reserved, '#size-cells');
  if (reserved === undefined || count === undefined) return undefined;
  const size = cellsValue(...splitCells(sizeBytes, count));
  const replaced = (from: FdtNode, one: string, by: (node: FdtNode) => NodeSpec): NodeSpec => ({
    name: from.name,
    properties: from.properties,
    children: from.children.map((child) => (child.name === one ? by(child) : child)),
  });
  const resized = (node: FdtNode): NodeSpec => ({
    name: node.name,
    properties: new Map([...node.properties, ['size', size]]),
    children: node.children,
  });
  const { root, ...rest } = tree;
  return makeFdt(
    replaced(root, reserved.name, (node) => replaced(node, name, resized)),
    rest,
  );
}
