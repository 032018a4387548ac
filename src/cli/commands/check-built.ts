/** dmaheap check PROFILE --config FILE --dtb FILE --rootfs DIR|TAR: a built image against what the board needs. */

import { checkTree, isRight, memoryDecides, missingTree } from '../../check/board-tree.js';
import { type ConfigFacts, lintConfig } from '../../check/config.js';
import { checkContainers, containersNotNamed } from '../../check/container.js';
import { checkImage, namesOf } from '../../check/image.js';
import { type BootTree, bootTree, repairingOverlays } from '../../check/image-boot.js';
import { type Expected, expectedKernel } from '../../check/image-expectation.js';
import { isMachine, managerOf } from '../../check/image-nodes.js';
import { EXPECTATION } from '../../check/image-verifier.js';
import type { CheckResult, Tools } from '../../check/index.js';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import {
  compareKernelVersions,
  formatKernelVersion,
  type KernelVersion,
  parseKernelVersion,
} from '../../facts/index.js';
import { applyOverlay, cells, type Fdt, findNode, joinCells, text as textOf } from '../../fdt/index.js';
import { blockOf, configFiles, configFolders, type Image, moduleLines, readAccounts } from '../../image/index.js';
import { optionValues } from '../../kconfig/option-line.js';
import { resolveModel } from '../../model/index.js';
import type { OccupiedRange, PlacementInput } from '../../placement/index.js';
import { withArguments } from '../../plan/board.js';
import { closeFromKnowledge } from '../../plan/close.js';
import { makePlan, type Plan } from '../../plan/index.js';
import { overlayOf } from '../../plan/overlay.js';
import { formatAddress } from '../../quantity/index.js';
import { render } from '../../render/index.js';
import { SourceText } from '../../source/index.js';
import { exitOf, printChecks, row } from '../check-results.js';
import { readConfig, releaseOfConfig } from '../config.js';
import { containersIn, givenContainers } from '../containers.js';
import { type Context, shellWords } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { openImage } from '../image/index.js';
import { type KernelTreeOptions, openKernelTree } from '../kernel-tree.js';
import { readOverlays, readTree } from '../placement.js';
import { dtbFacts, type Planned, planProfile, requirePlan, shownPath } from '../profile.js';
import { Refusal } from '../refusal.js';
import { archOfBoard, asError, holdConfig, holdReleases, holdTree } from '../release.js';
import { located } from '../rendered.js';
import { openTools } from '../tools.js';
import { VERSION } from '../version.js';

export interface CheckBuiltOptions extends Partial<KernelTreeOptions> {
  readonly config?: string;
  readonly dtb?: string;
  readonly overlay?: readonly string[];
  readonly rootfs?: string;
  readonly container?: readonly string[];
  readonly strict: boolean;
  readonly requireTools: boolean;
}

/** Findings by the check that made them. */
const CHECK_OF: Readonly<Record<string, string>> = {
  'config/missing': 'config-goals',
  'config/present': 'config-goals',
  'config/demoted': 'config-goals',
  'config/value': 'config-goals',
  'config/no-devtmpfs': 'config-goals',
  'config/module-not-loaded': 'config-modules',
  'config/module-blocked': 'config-modules',
  'config/command-line': 'config-command-line',
  'config/cma-size-zero': 'config-size',
  'config/size-shadowed': 'config-size',
  'config/unknown-symbol': 'config-symbols',
};
const TITLES: Readonly<Record<string, string>> = {
  'config-goals': 'every symbol that the board needs has its value',
  'config-modules': 'heaps that are modules are loaded at boot',
  'config-command-line': 'the built-in command line does not change the areas',
  'config-size': 'the default area has the stated size',
  'config-symbols': 'every line is for a symbol that the kernel has',
};

class Built {
  readonly results: CheckResult[] = [];
  readonly sources = new Map<string, SourceText>();
  readonly #context: Context;
  readonly #profile: string;
  readonly #planned: Planned;
  readonly #options: CheckBuiltOptions;
  readonly #tools: Tools;

  constructor(context: Context, profile: string, planned: Planned, options: CheckBuiltOptions, tools: Tools) {
    this.#context = context;
    this.#profile = profile;
    this.#tools = tools;
    this.#planned = planned;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { rootfs } = this.#options;
    if (rootfs === undefined) {
      await this.#check(undefined);
      return this.#checkContainers(undefined, undefined);
    }
    const opened = await this.#open(rootfs);
    try {
      // Of a container's image the device nodes are those of the host.
      const isContainer =
        this.#options.container === undefined
          ? opened.isContainerImage && !isMachine(opened.image)
          : opened.containerUser !== undefined;
      await this.#check(isContainer ? undefined : opened.image);
      this.#checkContainers(opened.image, isContainer ? (opened.containerUser ?? '') : undefined);
      for (const [file, source] of opened.image.sources) this.sources.set(file, source);
    } finally {
      opened.close();
    }
  }

  async #open(rootfs: string): ReturnType<typeof openImage> {
    try {
      return await openImage(this.#tools, this.#context.resolve(rootfs), shownPath(this.#context, rootfs));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Refusal(`--rootfs ${rootfs}: ${error.message}`, error.exit, error.fix);
    }
  }

  async #check(image: Image | undefined): Promise<void> {
    const config = this.#config(image);
    if (config !== undefined) {
      const held = holdConfig(config, this.#planned.plan);
      if (!Array.isArray(held)) throw new Refusal(`${config.file}: ${held.message}`, EXIT.usage, held.fix);
      if (held.length > 0) this.#result('config-kernel', RELEASE_TITLE, asError(held));
      const symbols = await this.#symbols();
      this.#checkConfig(config, symbols, image);
    }
    this.#checkTree(config, image);
    if (image === undefined) return;
    const { plan } = this.#planned;
    const kernels = kernelsOf(image);
    if (kernels.length > 0) this.#result('image-kernel', RELEASE_TITLE, holdReleases(kernels, plan));
    this.results.push(...checkImage(plan, image, { expectation: this.#expectation(image), config }));
  }

  #checkContainers(image: Image | undefined, containerUser: string | undefined): void {
    const { container = [] } = this.#options;
    const { plan } = this.#planned;
    const accounts = image === undefined ? undefined : readAccounts(image);
    const isHost = containerUser === undefined;
    const host = isHost && image !== undefined && accounts !== undefined ? { image, accounts } : undefined;
    const files = [
      ...givenContainers(this.#context, container, host, this.sources),
      ...(host === undefined ? [] : containersIn(plan, host)),
    ];
    if (files.length === 0 && isHost) return;
    const world = {
      host: isHost ? accounts : undefined,
      inside: isHost ? undefined : accounts,
      imageUser: containerUser,
    };
    if (!isHost)
      this.#result(
        'image-rules',
        'owner, group and mode of each heap (the image is of a container: the device manager of the host decides)',
        [],
        false,
      );
    this.results.push(
      files.length === 0 ? containersNotNamed() : checkContainers(plan, files, world, (heap) => namesOf(plan, heap)),
    );
  }

  /** What the profile generates as verify.expect, for the kernel that the one in the image names. */
  #expectation(image: Image): Expected | undefined {
    const found = image.text(EXPECTATION);
    if (found === undefined) return undefined;
    const { plan } = this.#planned;
    const kernel = expectedKernel(found.text);
    const version = kernel === undefined ? undefined : parseKernelVersion(kernel);
    const isInside =
      version !== undefined &&
      compareKernelVersions(plan.kernel.min, version) <= 0 &&
      compareKernelVersions(version, plan.kernel.max) <= 0;
    const narrowed = isInside
      ? planProfile(this.#context, this.#profile, { kernel: kernel as string }).planned?.plan
      : undefined;
    const line = /^kernel .*$/m.exec(found.text)?.[0];
    const isOfKernel = (one: Plan) => line !== undefined && expectationOf(one)?.split('\n').includes(line) === true;
    const chosen = narrowed !== undefined && !isOfKernel(plan) && isOfKernel(narrowed) ? narrowed : plan;
    const text = expectationOf(chosen);
    if (text === undefined) return undefined;
    const closed = closeFromKnowledge(chosen, this.#planned.model.knowledge).plan;
    return { text, closed: (closed === undefined ? undefined : expectationOf(closed)) ?? text };
  }

  /** The one that was given, or the only one in the image that is of a kernel of the profile. */
  #config(image: Image | undefined): SourceText | undefined {
    const { config } = this.#options;
    if (config === undefined) {
      const { plan } = this.#planned;
      const all = image === undefined ? [] : configsOf(image).flatMap((path) => image.text(path) ?? []);
      const own = all.filter((source) => {
        const held = holdConfig(source, plan);
        return Array.isArray(held) && held.length === 0;
      });
      const [first] = own.length > 0 ? own : all;
      if (own.length <= 1) return first;
      const names = own.map(({ file }) => file).join(', ');
      const title = `${TITLES['config-goals']} (the image has ${names}; give one of them with --config)`;
      this.#result('config-goals', title, [], false);
      return undefined;
    }
    const got = readConfig(this.#context.resolve(config), this.#planned.plan.board.arch);
    if ('error' in got) throw new Refusal(`--config ${config}: ${got.error}`, got.exit, got.fix);
    const source = new SourceText(shownPath(this.#context, config), got.text);
    this.sources.set(source.file, source);
    return source;
  }

  async #symbols(): Promise<Iterable<string> | undefined> {
    const { kernelTree } = this.#options;
    if (kernelTree === undefined) return undefined;
    const { board, kernel } = this.#planned.plan;
    const arch = archOfBoard(this.#options.arch, board.arch);
    this.#result('kernel-tree', RELEASE_TITLE, asError(holdTree(this.#context, kernelTree, kernel)));
    const open = await openKernelTree(this.#context, { ...this.#options, kernelTree, arch });
    const { tree } = open;
    return [...tree.byName].filter(([, id]) => (tree.symbols.firstNode[id] as number) >= 0).map(([name]) => name);
  }

  #checkConfig(config: SourceText, symbols: Iterable<string> | undefined, image: Image | undefined): void {
    const { plan } = this.#planned;
    const area = plan.areas.find((one) => one.isDefault);
    const { kernelTree = 'DIR', arch = plan.board.arch } = this.#options;
    const base = this.#options.config === undefined ? [] : ['--base-config', config.file];
    const facts: ConfigFacts = {
      treeOptions: shellWords(['--kernel-tree', kernelTree, '--arch', arch, ...base]),
      ...(area === undefined ? {} : { defaultArea: area }),
      ...(symbols === undefined ? {} : { symbols }),
      ...(image === undefined
        ? {}
        : {
            loadedModules: loadedModules(image),
            blockOf: blocksOf(image),
            hasUdev: managerOf(image).kind === 'udev',
          }),
    };
    const diagnostics = lintConfig(config, plan.symbols, facts);
    // A check without its input is not a pass.
    const missingFor: Readonly<Record<string, string | undefined>> = {
      'config-symbols': symbols === undefined ? 'give --kernel-tree' : undefined,
      'config-size': optionValues(config.text).get('DMA_CMA') === 'y' ? undefined : 'DMA_CMA is not set',
    };
    const isElsewhere = area?.delivery !== 'kconfig';
    for (const [check, title] of Object.entries(TITLES)) {
      const found = diagnostics.filter((diagnostic) => CHECK_OF[diagnostic.code] === check);
      const missing = missingFor[check];
      if (check === 'config-size' && isElsewhere && found.length === 0) {
        const where =
          area === undefined
            ? 'the profile has no default area'
            : `the ${area.delivery.replace('-', ' ')} states the size`;
        this.results.push({ ...row(check, 'not-applicable'), title: `${title} (not applicable: ${where})` });
        continue;
      }
      const isRun = missing === undefined || found.length > 0;
      this.#result(check, isRun ? title : `${title} (${missing})`, found, isRun);
    }
  }

  #result(check: string, title: string, diagnostics: readonly Diagnostic[], isRun = true): void {
    const status = !isRun ? 'not-run' : hasErrors(diagnostics) ? 'fail' : 'pass';
    this.results.push({ check, title, status, diagnostics, missingTools: [] });
  }

  /** place without the profile, whose own overlay it would add. */
  #placeCommand({ kernel, architecture, memory = [] }: PlacementInput, dtb: string): string {
    const { config, overlay = [] } = this.#options;
    return shellWords([
      ...['dmaheap', 'place', '--dtb', dtb, '--arch', architecture, '--kernel', formatKernelVersion(kernel)],
      ...overlay.flatMap((file) => ['--overlay', file]),
      ...(config === undefined ? [] : ['--config', config]),
      ...memory.flatMap((bank) => ['--memory', `${formatAddress(bank.baseAddress)}+${formatAddress(bank.sizeBytes)}`]),
    ]);
  }

  /** The tree that the boot loader hands to the kernel, as far as the image and the options show it. */
  #checkTree(config: SourceText | undefined, image: Image | undefined): void {
    const { plan, loaded } = this.#planned;
    const { dtb, overlay = [] } = this.#options;
    const diagnostics: Diagnostic[] = [];
    const given =
      dtb === undefined ? undefined : { name: dtb, tree: readTree(this.#context, '--dtb', dtb, diagnostics) };
    const boot = bootTree(image, given, plan.board.dtb);
    if (boot === undefined) {
      if (image !== undefined && plan.areas.some(({ delivery }) => delivery === 'device-tree'))
        this.#result(
          'image-dtb',
          `${TREE_TITLE} (no DTB of the board was found in the image, and --dtb was not given)`,
          [],
          false,
        );
      return;
    }
    const { tree } = boot;
    if (tree === undefined) {
      const missing = boot.missing === undefined ? [] : [missingTree(boot.missing)];
      this.#result('image-dtb', TREE_TITLE, [...diagnostics, ...missing]);
      return;
    }
    const named = readOverlays(this.#context, overlay, diagnostics);
    const whole = named.reduce<Fdt | undefined>(
      (merged, one) => (merged === undefined ? undefined : applyOverlay(merged, one).value),
      tree,
    );
    if (whole === undefined) throw new Refusal(`--overlay cannot be applied to ${boot.dtb}`, EXIT.findings);
    const facts = dtbFacts(boot.dtb, whole);
    const model = resolveModel(loaded, { ...(facts === undefined ? {} : { dtb: facts }) });
    const fit = model.value === undefined ? undefined : makePlan(model.value, { boot: this.#planned.boot });
    const fitted = fit?.value;
    // The board may have another name for the area; size and place are those of the profile.
    const areas = plan.areas.map((area) => ({
      ...area,
      areaName: fitted?.areas.find(({ name }) => name === area.name)?.areaName ?? area.areaName,
    }));
    const wanted = { ...plan, areas };
    const board = placementInput(this.#planned, whole, config, boot);
    const own = overlayOf((fitted ?? plan).areas, (fitted ?? plan).board.cells);
    const merged = own === undefined ? undefined : applyOverlay(whole, own).value;
    const repaired = merged === undefined ? undefined : { ...board, tree: merged };
    const shipped =
      image === undefined || isRight(wanted, board)
        ? []
        : repairingOverlays(image, whole, (one) => isRight(wanted, { ...board, tree: one }));
    const verdict = checkTree(wanted, board, repaired, {
      file: boot.dtb,
      overlays: [...boot.overlays, ...overlay.map((file) => `${file} (--overlay)`)],
      broken: boot.broken,
      configurations: boot.configurations.map((path) => image?.name(path) ?? path),
      hasImage: image !== undefined,
      shipped: shipped.map((path) => image?.name(path) ?? path),
      commandLine: commandLineOf(whole, boot),
      place: this.#placeCommand(board, boot.dtb),
    });
    // Whether it is this board's DTB at all; the rest of what the plan has to say of itself is for validate.
    const held = model.diagnostics.filter(({ code }) => /^model\/(other|memory)-/.test(code));
    // Without a plan for this tree its reasons are the answer.
    if (fit !== undefined && fitted === undefined)
      held.push(...fit.diagnostics.filter(({ severity }) => severity === 'error'));
    const found = verdict.diagnostics.map((d) => located(d, (pointer) => loaded.spanOf(pointer, 'key')));
    // A boot log shows the RAM that the kernel had; without one, two statements of it are as good as each other.
    const isOpen = this.#planned.boot.memory === undefined && held.some(({ code }) => code === 'model/memory-differs');
    const doubts = isOpen ? memoryDecides(wanted, board) : [];
    const all = [...diagnostics, ...held, ...doubts, ...found];
    this.results.push({
      check: 'image-dtb',
      title: TREE_TITLE,
      status: hasErrors(all) ? 'fail' : verdict.isUnknown || doubts.length > 0 ? 'unknown' : 'pass',
      diagnostics: all,
      missingTools: [],
    });
  }
}

const expectationOf = (plan: Plan): string | undefined =>
  render(plan, { version: VERSION, targets: ['verify'] }).value?.find(({ path }) => path.endsWith('verify.expect'))
    ?.text;

const RELEASE_TITLE = 'its kernel is in the range of the profile';
const TREE_TITLE = 'the kernel makes every area of the profile from its device tree';

const versionOf = (config: SourceText | undefined): KernelVersion | undefined =>
  parseKernelVersion(releaseOfConfig(config?.text ?? '') ?? '');

/** The command line that the boot loader passes, with the place that shows it. */
function commandLineOf(tree: Fdt, boot: BootTree): BootTree['commandLine'] {
  if (boot.commandLine !== undefined) return boot.commandLine;
  const chosen = findNode(tree, '/chosen');
  const text = chosen === undefined ? undefined : textOf(chosen, 'bootargs');
  return text === undefined ? undefined : { text, from: `/chosen/bootargs of ${boot.dtb}` };
}

function placementInput(
  { plan, model, boot: known }: Planned,
  tree: Fdt,
  config: SourceText | undefined,
  boot: BootTree,
): PlacementInput {
  // Where nothing shows a command line, the profile's is assumed, and the check reports this.
  const commandLine = commandLineOf(tree, boot)?.text ?? withArguments(known.commandLine, plan.areas);
  const memory = known.memory ?? plan.board.memory;
  const named = known.occupied ?? [];
  const occupied = [...initrdOf(tree).filter(({ name }) => !named.some((one) => one.name === name)), ...named];
  return {
    tree,
    kernel: versionOf(config) ?? plan.kernel.max,
    architecture: plan.board.arch,
    backports: model.backports,
    pageSizeBytes: plan.board.pageSizeBytes,
    ...(config === undefined
      ? { config: symbolsOf(plan), configComplete: false }
      : { config: optionValues(config.text) }),
    ...(commandLine === undefined ? {} : { commandLine }),
    ...(occupied.length === 0 ? {} : { occupied }),
    ...(memory.length === 0 ? {} : { memory }),
  };
}

/** The initrd that the boot loader has written into the tree already. */
function initrdOf(tree: Fdt): readonly OccupiedRange[] {
  const chosen = findNode(tree, '/chosen');
  const address = (name: string) => {
    const values = chosen === undefined ? undefined : cells(chosen, name);
    return values === undefined || values.length > 2 ? undefined : joinCells(values, 0, values.length);
  };
  const [start, end] = [address('linux,initrd-start'), address('linux,initrd-end')];
  if (start === undefined || end === undefined || end <= start) return [];
  return [{ name: 'initrd', baseAddress: start, sizeBytes: end - start }];
}

const symbolsOf = (plan: Plan) => new Map(plan.symbols.map(({ symbol, value }) => [symbol, value]));

/** Modules that the image loads at boot. */
function loadedModules(image: Image): string[] {
  const files = [
    image.text('etc/modules'),
    ...configFiles(image, configFolders('modules-load.d'), '.conf').map(({ source }) => source),
  ];
  return files
    .flatMap((source) => source?.text.split('\n') ?? [])
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[#;]/.test(line));
}

function blocksOf(image: Image): (module: string) => string | undefined {
  const blocked = moduleLines(image);
  return (module) => {
    const found = blockOf(blocked, module);
    if (found === undefined) return undefined;
    return found.by === 'blacklist'
      ? `${found.from} blacklists it`
      : `${found.from} runs "${found.command}" in its place`;
  };
}

/** Releases of kernels by the names of their modules' directories and of their files in /boot. */
function kernelsOf(image: Image): { release: string; path: string }[] {
  const modules = ['usr/lib/modules', 'lib/modules'].find((folder) => image.list(folder).length > 0);
  const folders = modules === undefined ? [] : image.list(modules).map((release) => ({ release, at: modules }));
  const files = image.list('boot').flatMap((name) => {
    const release = /^(?:vmlinu[xz]|[uz]?Image)-(.+)$/.exec(name)?.[1];
    return release === undefined ? [] : [{ release, at: 'boot', name }];
  });
  return [...folders.map(({ release, at }) => ({ release, at, name: release })), ...files]
    .filter(({ release }) => parseKernelVersion(release) !== undefined)
    .map(({ release, at, name }) => ({ release, path: image.name(`${at}/${name}`) }));
}

/** Configurations of kernels in the image. */
function configsOf(image: Image): string[] {
  const boot = image.list('boot').filter((name) => name.startsWith('config-'));
  const modules = image.list('usr/lib/modules').length > 0 ? 'usr/lib/modules' : 'lib/modules';
  return [
    ...boot.map((name) => `boot/${name}`),
    ...image.list(modules).map((name) => `${modules}/${name}/config`),
  ].filter((path) => image.isFile(path));
}

export async function checkBuilt(context: Context, profile: string, options: CheckBuiltOptions): Promise<Exit> {
  const planned = requirePlan(context, profile);
  const { tools, close } = openTools(context.environment, context.showCommand);
  const built = new Built(context, profile, planned, options, tools);
  for (const [name, source] of planned.sources) built.sources.set(name, source);
  try {
    await built.run();
  } finally {
    await close();
  }
  if (built.results.length === 0)
    throw new Refusal(
      'there is nothing to compare with the profile',
      EXIT.usage,
      'give --config, --dtb, --rootfs or --container',
    );
  const notAsked = (['config', 'dtb', 'rootfs'] as const).filter((option) => options[option] === undefined);
  printChecks(context, built.results, built.sources, {
    notGiven: notAsked.map((option) => `--${option}`),
    strict: options.strict,
  });
  return exitOf(built.results, { ...options, unknown: EXIT.good });
}
