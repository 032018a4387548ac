/**
 * A hand-made setup (configuration, device tree, rules, command line) into a profile, with what it could not say, and
 * what generated output does otherwise, as findings.
 */
import type { Diagnostic, Outcome } from '../diagnostic/index.js';
import { givenHeapNames, heapNames, mainlineNaming } from '../facts/heap-names.js';
import {
  compareKernelVersions,
  DRAFT_KERNELS,
  EXAMPLE_KERNEL,
  formatKernelVersion,
  OLDEST_KERNEL,
} from '../facts/index.js';
import { pageSizeRefusal } from '../facts/page-size.js';
import { type Fdt, memoryBanks, strings, text as textOf } from '../fdt/index.js';
import type { RaspberryPi } from '../image/index.js';
import { identityOf, Notes, noteMissingMemory, profileName, profileText, rangesOf, regionOf } from '../init/write.js';
import { archOfTree } from '../model/index.js';
import { FIRST_TARGETS } from '../plan/index.js';
import type { Heap, Profile } from '../profile/types.gen.js';
import { formatBytes } from '../quantity/index.js';
import { childPointer } from '../source/pointer.js';
import { type AccessFindings, readAccess } from './access.js';
import { type CommandLineFindings, readCommandLine } from './boot.js';
import { report } from './codes.js';
import { type ConfigFindings, readConfigs } from './config.js';
import { readConfigTxt } from './config-txt.js';
import { type ImportInput, MEBIBYTE, type RegionDraft } from './draft.js';
import { oneDefault, soundMemory, soundRegions } from './sound.js';
import { readTrees, type TreeFindings } from './trees.js';

export { IMPORT_CODES } from './codes.js';
export type { ImportInput } from './draft.js';

/** Where the area of `linux,cma` is stated besides the trees. */
interface Stated {
  readonly commandLine: CommandLineFindings | undefined;
  readonly configTxt: { readonly sizeBytes: bigint; readonly text: string } | undefined;
  readonly config: ConfigFindings;
}

const DEFAULT_NAME = 'linux,cma';
/** A node may have the usual name without being the default. */
const freeName = (regions: readonly RegionDraft[]) =>
  regions.some(({ name }) => name === DEFAULT_NAME) ? 'default-cma' : DEFAULT_NAME;
const USUAL_BYTES = { x86_64: 64n * MEBIBYTE, other: 16n * MEBIBYTE };

/** The areas as the kernel would make them: the command line beats the tree, the tree beats the configuration. */
function settleRegions(
  fromTrees: readonly RegionDraft[],
  { commandLine, configTxt, config }: Stated,
  isX86: boolean,
  diagnostics: Diagnostic[],
): RegionDraft[] {
  const regions = [...fromTrees];
  const at = regions.findIndex((region) => region.isDefault);
  const replaceDefault = (region: RegionDraft) => (at < 0 ? regions.push(region) : regions.splice(at, 1, region));
  const old = regions[at];
  const name = freeName(regions);
  if (configTxt !== undefined)
    replaceDefault({
      ...(old ?? { name, isDefault: true, delivery: 'device-tree' as const }),
      sizeBytes: configTxt.sizeBytes,
    });
  const decided = regions.find((region) => region.isDefault);
  if (commandLine !== undefined && commandLine.sizeBytes > 0n) {
    const { sizeBytes, baseAddress, text } = commandLine;
    const fixed = baseAddress === undefined ? {} : { baseAddress };
    if (decided === undefined) regions.push({ name, isDefault: true, delivery: 'command-line', sizeBytes, ...fixed });
    else {
      regions.splice(regions.indexOf(decided), 1, { ...decided, sizeBytes, ...fixed });
      diagnostics.push(
        report('import/changed', {
          severity: 'warning',
          message: `${text} replaces the default area of the node ${decided.name}; the profile gives the node ${formatBytes(sizeBytes)} instead`,
          cause: `with cma=, the kernel ignores the node and names the heap ${KERNEL_AREA.join(' or ')}, so programs that open ${decided.name} fail`,
          fix: `remove ${text} from the command line`,
          facts: ['cma.parameter-and-default-node'],
        }),
      );
    }
  } else if (commandLine !== undefined)
    diagnostics.push(
      report('import/not-expressed', {
        message: `${commandLine.text}: the kernel makes no default area`,
        cause: 'a profile without a default region leaves it to the kernel configuration',
        fix: 'keep the argument on the command line',
      }),
    );
  const winner = regions.find((region) => region.isDefault);
  if (config.size !== undefined && config.size.sizeBytes > 0n && winner !== undefined)
    diagnostics.push(
      report('import/no-effect', {
        message: `the kernel does not use CMA_SIZE_MBYTES=${config.size.sizeBytes / MEBIBYTE}: ${winner.delivery === 'command-line' ? 'cma= on the command line' : `the node ${winner.name}`} decides`,
        ...config.size.at,
      }),
    );
  else if (config.size?.sizeBytes === 0n && winner === undefined)
    diagnostics.push(
      report('import/not-expressed', {
        message: 'CMA_SIZE_MBYTES=0: the kernel makes no default area, so it has no heap for one',
        cause: 'no node and no cma= gives it a size',
        fix: 'state a region in the profile if the board needs an area',
        ...config.size.at,
      }),
    );
  else if (config.size !== undefined && winner === undefined)
    regions.push({ name, isDefault: true, delivery: 'kconfig', sizeBytes: config.size.sizeBytes });
  else if (winner === undefined && config.cmaHeap === true && config.hasCma) {
    const sizeBytes = isX86 ? USUAL_BYTES.x86_64 : USUAL_BYTES.other;
    const guess = `no file states the size in MiB; ${formatBytes(sizeBytes)} is the default of the kernel configuration`;
    regions.push({ name, isDefault: true, delivery: 'kconfig', sizeBytes, guess });
    diagnostics.push(
      report('import/assumed', {
        message: `the CMA heap is on, but no file states its size in MiB; assuming ${formatBytes(sizeBytes)}`,
        cause: isX86 ? 'the default on x86 is 0, so the heap does not exist yet' : 'CMA_SIZE_MBYTES defaults to 16',
        fix: 'state "size", or a "budget" with the buffers',
      }),
    );
  }
  return regions;
}

/** What is said about the setup: findings, and comments in the profile. */
interface Said {
  readonly diagnostics: Diagnostic[];
  readonly notes: Notes;
}

interface HeapDraft {
  readonly key: string;
  readonly heap: Heap;
  /** Its possible names under /dev/dma_heap, the one to believe first. */
  readonly names: readonly string[];
}

const keyOf = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .replace(/^(?:constructor|prototype)$/, 'heap')
    .slice(0, 31) || 'heap';

const NAMING = mainlineNaming();
const KERNEL_AREA = givenHeapNames(NAMING).kernelArea;

function namesOf(region: RegionDraft): string[] {
  const isNode = region.delivery === 'device-tree';
  const names = heapNames(NAMING, isNode ? region : { kind: 'kernel-area' }).map(({ name }) => name);
  const own = isNode ? [region.name] : KERNEL_AREA;
  return [...new Set(region.isDefault ? [...own, region.name, ...names, ...KERNEL_AREA] : [...names, region.name])];
}

function heapsOf(regions: readonly RegionDraft[], config: ConfigFindings, access: AccessFindings): HeapDraft[] {
  const drafts: HeapDraft[] = regions
    .filter(() => config.cmaHeap !== false)
    .map((region) => ({
      key: region.isDefault ? 'cma' : keyOf(region.name),
      heap: { region: region.name, ...(region.isDefault ? {} : { optional: true }) },
      names: namesOf(region),
    }));
  if (config.systemHeap ?? access.access.has('system'))
    drafts.push({ key: 'system', heap: { kind: 'system' }, names: ['system'] });
  for (const name of access.named)
    drafts.push({ key: keyOf(name), heap: { kind: 'vendor', kernelName: name }, names: [name] });
  return drafts.filter(({ key }, i) => drafts.findIndex((other) => other.key === key) === i).slice(0, MAX_HEAPS);
}

/** Which heap a link leads to, when rules make it for several: on a Pi 5 the system heap, elsewhere the area. */
function linksOf(
  drafts: readonly HeapDraft[],
  { links }: AccessFindings,
  isPi5: boolean,
  { diagnostics, notes }: Said,
) {
  const chosen = new Map<string, string>();
  for (const link of new Set(links.map((one) => one.link))) {
    const claims = links.filter((one) => one.link === link).sort((a, b) => Number(b.certain) - Number(a.certain));
    const keys = [
      ...new Set(claims.flatMap(({ heap }) => drafts.find(({ names }) => names.includes(heap))?.key ?? [])),
    ];
    const key = keys.length > 1 && isPi5 ? keys.find((one) => one === 'system') : keys[0];
    if (key === undefined) continue;
    chosen.set(link, key);
    if (keys.length > 1) {
      notes.decide(
        childPointer('/heaps', key),
        `the link ${link} leads to ${keys.join(' or ')}, depending on the board: move the alias if that is right for your board`,
      );
      diagnostics.push(
        report('import/condition', {
          message: `/dev/dma_heap/${link} leads to ${keys.join(' or ')}, depending on the board; assuming ${key}`,
          fix: 'move the alias to the other heap if that is right for your board',
        }),
      );
    }
  }
  return chosen;
}

/** As the schema limits them. */
const MAX_ALIASES = 16;
const MAX_HEAPS = 64;

function heapsAndAccess(drafts: readonly HeapDraft[], found: AccessFindings, isPi5: boolean, said: Said) {
  const { diagnostics, notes } = said;
  const links = linksOf(drafts, found, isPi5, said);
  const heaps: Record<string, Heap> = {};
  const access: Record<string, { group: string; mode: string }> = {};
  for (const { key, heap, names } of drafts) {
    // A link that is a name of the heap anyway is made without being asked for.
    const wanted = [...links]
      .filter(([link, to]) => to === key && !drafts.some((other) => other.names.includes(link)))
      .map(([link]) => link);
    const aliases = wanted.filter((link) => link !== 'system' || heap.kind === 'system').slice(0, MAX_ALIASES);
    const left = wanted.filter((link) => !aliases.includes(link));
    if (left.length > 0)
      diagnostics.push(
        report('import/not-expressed', {
          message: `${left.length === 1 ? 'an alias' : 'aliases'} of ${key} ${left.length === 1 ? 'is' : 'are'} omitted: ${left.join(', ')}`,
          cause: `a profile has at most ${MAX_ALIASES} for a heap, and "system" is the node of the system heap`,
          fix: 'keep the rule for the link in a separate file',
        }),
      );
    heaps[key] = aliases.length > 0 ? { ...heap, aliases: aliases as [string, ...string[]] } : heap;
    const name =
      names.find((one) => found.access.get(one)?.isAssumed === false) ?? names.find((one) => found.access.has(one));
    const given = name === undefined ? undefined : found.access.get(name);
    if (given?.group === undefined || name === undefined) continue;
    if (given.isAssumed)
      notes.decide(childPointer('/access', key), `the rules do not name a group for ${key}; ${given.group} is a guess`);
    access[key] = { group: given.group, mode: `0${given.mode.toString(8).padStart(3, '0')}` };
    const missed = names.filter((one) => !found.access.has(one));
    if (missed.length > 0)
      diagnostics.push(
        report('import/changed', {
          message: `the rules match the names ${names.filter((one) => !missed.includes(one)).join(', ')} of ${key}; the generated rules also match ${missed.join(', ')}`,
          cause: 'the name depends on the kernel and on the source of the area',
          facts: ['heap.default-area-name', 'heap.kernel-area-name'],
        }),
      );
  }
  if (Object.keys(access).length > 0)
    diagnostics.push(
      report('import/changed', {
        message: `the groups (${[...new Set(Object.values(access).map(({ group }) => group))].join(', ')}) are created by the generated files`,
        cause: 'udev does not set a group that does not exist',
      }),
    );
  return { heaps, access };
}

/** What the device tree says of the board that reads config.txt. */
function piOf(tree: Fdt | undefined): RaspberryPi {
  const compatible = tree === undefined ? undefined : strings(tree.root, 'compatible');
  const banks = tree === undefined ? [] : memoryBanks(tree);
  const memoryBytes = banks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0n);
  return {
    ...(compatible === undefined ? {} : { compatible }),
    ...(memoryBytes === 0n ? {} : { memoryBytes }),
  };
}

/** The overlays of config.txt change the node by its label. */
function* withoutLabel({ root }: Fdt): Generator<Diagnostic> {
  if (root.children.some(({ name, properties }) => name === '__symbols__' && properties.has('cma'))) return;
  yield report('import/condition', {
    message: 'the device tree does not have the label cma, which the overlays of config.txt change',
    cause: 'the firmware refuses an overlay whose label is missing; assuming that the board boots with another DTB',
    fix: 'give the DTB that the firmware loads, or dtc -I fs /proc/device-tree of the board',
  });
}

function boardOf(
  input: ImportInput,
  tree: TreeFindings,
  config: ConfigFindings,
  { diagnostics, notes }: Said,
): Profile['board'] {
  const root = tree.board?.root;
  const identity = root === undefined ? {} : identityOf(textOf(root, 'model'), strings(root, 'compatible'));
  const arch = input.arch ?? config.arch ?? (tree.board === undefined ? undefined : archOfTree(tree.board));
  const memory = rangesOf(tree.board === undefined ? [] : soundMemory(memoryBanks(tree.board), diagnostics));
  if (memory === undefined) {
    noteMissingMemory(notes, 'the setup');
    diagnostics.push(
      report('import/assumed', {
        message: 'the RAM is not stated, so the areas are not compared with it',
        fix: 'add "memory" to the board; "System RAM" in /proc/iomem lists it',
      }),
    );
  }
  if (arch === undefined) {
    notes.decide('/board/arch', 'no file states the architecture: arm64, arm, riscv64 or x86_64');
    diagnostics.push(
      report('import/assumed', {
        message: 'no file states the architecture; assuming arm64',
        fix: 'give --arch arm64, arm, riscv64 or x86_64, or a complete .config',
      }),
    );
  }
  const { pageSize } = config;
  const impossible = pageSize === undefined ? undefined : pageSizeRefusal(arch ?? 'arm64', pageSize);
  if (impossible !== undefined)
    diagnostics.push(
      report('import/no-effect', {
        ...impossible,
        fix: 'check that the configuration is for this board; assuming 4K pages',
      }),
    );
  return {
    ...identity,
    arch: arch ?? 'arm64',
    ...(pageSize === undefined || impossible !== undefined ? {} : { pageSize }),
    ...(tree.cells === undefined ? {} : { cells: tree.cells }),
    ...(input.configTxt === undefined ? {} : { bootLoader: 'raspberrypi' as const }),
    ...(memory === undefined ? {} : { memory }),
  };
}

/** @returns the text of a profile (JSON with comments) */
export function importSetup(input: ImportInput): Outcome<string> {
  const configs = readConfigs(input.configs);
  const trees = readTrees(input.trees);
  const line = readCommandLine(input.commandLine, {
    tree: trees.value.board,
    config: configs.value.values,
    span: configs.value.commandLineSpan,
  });
  const txt = readConfigTxt(input.configTxt, piOf(trees.value.board));
  const diagnostics = [...configs.diagnostics, ...trees.diagnostics, ...line.diagnostics, ...txt.diagnostics];
  if (txt.value !== undefined && trees.value.board !== undefined) diagnostics.push(...withoutLabel(trees.value.board));
  const notes = new Notes();
  const said = { diagnostics, notes };
  const board = boardOf(input, trees.value, configs.value, said);
  const stated = { commandLine: line.value, configTxt: txt.value, config: configs.value };
  const fromTrees = oneDefault(trees.value.regions, diagnostics);
  const settled = settleRegions(fromTrees, stated, board.arch === 'x86_64', diagnostics);
  const regions = [...soundRegions(settled, board.arch, diagnostics)];
  const ofDefault = namesOf({ name: DEFAULT_NAME, sizeBytes: 0n, isDefault: true, delivery: 'device-tree' });
  const known = [...new Set(['system', ...regions.flatMap(namesOf), ...ofDefault])];
  const rules = readAccess(input.rules, known);
  diagnostics.push(...rules.diagnostics);
  if (configs.value.systemHeap === false && rules.value.access.has('system'))
    diagnostics.push(
      report('import/no-effect', {
        severity: 'note',
        message:
          'the rules give access to the system heap, but the configuration disables it, so no access to it is written',
        fix: 'set DMABUF_HEAPS_SYSTEM=y if the board needs it',
      }),
    );
  if (
    regions.length === 0 &&
    ofDefault.some((name) => rules.value.access.has(name)) &&
    configs.value.cmaHeap !== false &&
    configs.value.hasCma &&
    configs.value.size === undefined
  ) {
    const guess = `no file states the size; ${formatBytes(USUAL_BYTES.other)} is the default of the kernel configuration`;
    regions.push({ name: DEFAULT_NAME, isDefault: true, delivery: 'kconfig', sizeBytes: USUAL_BYTES.other, guess });
    diagnostics.push(
      report('import/assumed', {
        message: `the rules give access to the heap of the default area, but no file states its size; assuming ${formatBytes(USUAL_BYTES.other)}`,
        fix: 'give --config, --dts or --cmdline as well, or state "size"',
      }),
    );
  }
  const isPi5 = board.compatible?.includes('brcm,bcm2712') ?? false;
  let drafts = heapsOf(regions, configs.value, rules.value);
  if (drafts.length === 0 && regions.length === 0 && rules.value.isAboutHeaps) {
    drafts = [{ key: 'system', heap: { kind: 'system' }, names: ['system'] }];
    notes.decide('/heaps/system', 'the rules give access to heaps but do not show which ones the board has');
    diagnostics.push(
      report('import/assumed', {
        message: 'the rules give access to heaps but do not show which ones the board has; assuming the system heap',
        fix: 'give --config and --dts as well, or state "heaps"',
      }),
    );
  }
  const { heaps, access } = heapsAndAccess(drafts, rules.value, isPi5, said);
  if (drafts.length === 0 && regions.length === 0)
    return {
      diagnostics: [
        ...diagnostics,
        report('import/nothing', {
          message: 'none of the files has settings for CMA areas or DMA-BUF heaps',
          fix: 'give the files of the setup: --config, --dts (sources and .dtb files), --rules, --cmdline, --config-txt',
        }),
      ],
    };
  const configured = configs.value.kernel;
  const isTooOld = configured !== undefined && compareKernelVersions(configured, OLDEST_KERNEL) < 0;
  if (input.kernel === undefined && isTooOld)
    diagnostics.push(
      report('import/not-expressed', {
        message: `the configuration is of Linux ${formatKernelVersion(configured)}`,
        cause: `dmaheap does not know kernels before ${formatKernelVersion(OLDEST_KERNEL)}`,
        fix: 'give --kernel with the release that the board will get',
      }),
    );
  const kernel = input.kernel ?? (isTooOld ? undefined : configured);
  for (const { name, guess } of regions)
    if (guess !== undefined) notes.decide(`${childPointer('/regions', name)}/size`, guess);
  if (kernel === undefined) {
    notes.decide(
      '/kernel',
      `the kernels that the profile is for; ${isTooOld ? 'the configuration is of a kernel that is too old' : 'no file states them'}`,
    );
    diagnostics.push(
      report('import/assumed', {
        message: `${isTooOld ? 'a profile cannot have this kernel' : 'no file states the kernel'}; assuming ${DRAFT_KERNELS.min} to ${DRAFT_KERNELS.max}`,
        fix: `give --kernel ${EXAMPLE_KERNEL}, or a complete .config`,
      }),
    );
  }
  const profile: Profile = {
    version: 1,
    name: input.name ?? profileName(board.compatible?.[0] ?? ''),
    board,
    kernel: {
      version: kernel === undefined ? { ...DRAFT_KERNELS } : formatKernelVersion(kernel),
      ...(Object.keys(configs.value.symbols).length === 0 ? {} : { symbols: { ...configs.value.symbols } }),
    },
    ...(regions.length === 0 ? {} : { regions: Object.fromEntries(regions.map((r) => [r.name, regionOf(r)])) }),
    heaps,
    ...(Object.keys(access).length === 0 ? {} : { access }),
    ...(input.configTxt === undefined
      ? {}
      : { targets: Object.fromEntries([...FIRST_TARGETS, 'raspberrypi'].map((name) => [name, {}])) }),
  };
  const by = 'dmaheap import. Its findings list the values that it assumed.';
  return { value: profileText(by, profile, notes), diagnostics };
}
