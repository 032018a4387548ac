/** dmaheap check PROFILE --config FILE --dtb FILE --rootfs DIR|TAR: a built image against what the board needs. */
import { statSync } from 'node:fs';
import { checkTree } from '../../check/board-tree.js';
import { type ConfigFacts, lintConfig } from '../../check/config.js';
import { checkImage } from '../../check/image.js';
import type { CheckResult, Tools } from '../../check/index.js';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { type KernelVersion, parseKernelVersion } from '../../facts/index.js';
import { applyOverlay, type Fdt } from '../../fdt/index.js';
import type { PlacementInput } from '../../placement/index.js';
import type { Plan } from '../../plan/index.js';
import { overlayOf } from '../../plan/overlay.js';
import { SourceText } from '../../source/index.js';
import { printChecks } from '../check-results.js';
import { configValues, readConfig, releaseOfConfig } from '../config.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { reasonOf } from '../files.js';
import { type ReadImage, readImageDirectory, readImageTar } from '../image.js';
import { type KernelTreeOptions, openKernelTree } from '../kernel-tree.js';
import { type Planned, planProfile, requirePlan, shownPath } from '../profile.js';
import { Refusal } from '../refusal.js';
import { archOfBoard, holdConfig, holdTree } from '../release.js';
import { openTools } from '../tools.js';
import { locate } from './validate.js';

export interface CheckBuiltOptions extends Partial<KernelTreeOptions> {
  readonly config?: string;
  readonly dtb?: string;
  readonly rootfs?: string;
}

/** Findings by the check that made them. */
const CHECK_OF: Readonly<Record<string, string>> = {
  'config/missing': 'config-goals',
  'config/present': 'config-goals',
  'config/demoted': 'config-goals',
  'config/value': 'config-goals',
  'config/module-not-loaded': 'config-modules',
  'config/command-line': 'config-command-line',
  'config/cma-size-zero': 'config-size',
  'config/size-shadowed': 'config-size',
  'config/unknown-symbol': 'config-symbols',
};
const TITLES: Readonly<Record<string, string>> = {
  'config-goals': 'every symbol the board needs has its value',
  'config-modules': 'heaps that are modules are loaded by something',
  'config-command-line': 'the built-in command line leaves the areas alone',
  'config-size': 'the default area has the size that is stated',
  'config-symbols': 'every line is for a symbol the kernel has',
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
    const image = await this.#readImage();
    for (const { source } of image?.image.files ?? []) this.sources.set(source.file, source);
    const config = this.#config(image);
    if (config !== undefined) {
      const held = holdConfig(config, this.#planned.plan);
      if (!Array.isArray(held)) throw new Refusal(`${config.file}: ${held.message}`, EXIT.usage, held.fix);
      if (held.length > 0) this.#result('config-kernel', RELEASE_TITLE, held);
      const symbols = await this.#symbols();
      this.#checkConfig(config, symbols, image);
    }
    this.#checkTree(config, image);
    if (image !== undefined) this.results.push(...checkImage(this.#planned.plan, image.image));
  }

  async #readImage(): Promise<ReadImage | undefined> {
    const { rootfs } = this.#options;
    if (rootfs === undefined) return undefined;
    const root = this.#context.resolve(rootfs);
    try {
      if (statSync(root).isDirectory()) return readImageDirectory(root, shownPath(this.#context, rootfs));
      if ((await this.#tools.which('tar')) === undefined)
        throw new Refusal('tar is not installed', EXIT.environment, 'install tar, or give a directory');
      return await readImageTar(this.#tools, root, shownPath(this.#context, rootfs));
    } catch (error) {
      const fix = error instanceof Refusal ? error.fix : undefined;
      throw new Refusal(
        `--rootfs ${rootfs}: ${reasonOf(error)}`,
        EXIT.environment,
        fix ?? 'give a directory or a tar file',
      );
    }
  }

  /** The one that was given, or the only one in the image. */
  #config(image: ReadImage | undefined): SourceText | undefined {
    const { config } = this.#options;
    if (config === undefined) {
      const inside = (image?.image.files ?? []).filter(({ path }) => /(?:^boot\/config-|\/config$)/.test(path));
      return inside.length === 1 ? inside[0]?.source : undefined;
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
    this.#result('kernel-tree', RELEASE_TITLE, holdTree(this.#context, kernelTree, kernel));
    const open = await openKernelTree(this.#context, { ...this.#options, kernelTree, arch });
    const { tree } = open;
    return [...tree.byName].filter(([, id]) => (tree.symbols.firstNode[id] as number) >= 0).map(([name]) => name);
  }

  #checkConfig(config: SourceText, symbols: Iterable<string> | undefined, image: ReadImage | undefined): void {
    const { plan } = this.#planned;
    const area = plan.areas.find((one) => one.isDefault);
    const facts: ConfigFacts = {
      ...(area === undefined ? {} : { defaultArea: area }),
      ...(symbols === undefined ? {} : { symbols }),
      ...(image === undefined ? {} : { loadedModules: loadedModules(image) }),
    };
    const diagnostics = lintConfig(config, plan.symbols, facts);
    // What there is nothing to judge by is no pass.
    const missingFor: Readonly<Record<string, string | undefined>> = {
      'config-symbols': symbols === undefined ? 'give --kernel-tree' : undefined,
      'config-size': configValues(config.text).get('DMA_CMA') === 'y' ? undefined : 'DMA_CMA is not on',
    };
    for (const [check, title] of Object.entries(TITLES)) {
      const found = diagnostics.filter((diagnostic) => CHECK_OF[diagnostic.code] === check);
      const missing = missingFor[check];
      const isRun = missing === undefined || found.length > 0;
      this.#result(check, isRun ? title : `${title} (${missing})`, found, isRun);
    }
  }

  #result(check: string, title: string, diagnostics: readonly Diagnostic[], isRun = true): void {
    const status = !isRun ? 'not-run' : hasErrors(diagnostics) ? 'fail' : 'pass';
    this.results.push({ check, title, status, diagnostics, missingTools: [] });
  }

  /** The DTB that was given, or the board's in the image. */
  #checkTree(config: SourceText | undefined, image: ReadImage | undefined): void {
    const { plan } = this.#planned;
    const wanted = plan.board.dtb?.replace(/^.*\//, '');
    const inside = [...(image?.blobs ?? [])].find(([name]) => wanted !== undefined && name.endsWith(`/${wanted}`));
    const file = this.#options.dtb ?? inside?.[1];
    if (file === undefined) return;
    const shown = this.#options.dtb ?? inside?.[0] ?? file;
    const read = planProfile(this.#context, this.#profile, { dtb: file });
    for (const [name, source] of read.sources) this.sources.set(name, source);
    if (read.planned?.dtb === undefined) {
      // What keeps the plan from this board is what there is to say.
      this.#result('image-dtb', TREE_TITLE, read.diagnostics);
      return;
    }
    const board = placementInput(read.planned, read.planned.dtb, config);
    const overlay = overlayOf(plan.areas, plan.board.cells);
    const merged = overlay === undefined ? undefined : applyOverlay(read.planned.dtb, overlay).value;
    const whole = merged === undefined ? undefined : { ...board, tree: merged };
    // Whether it is this board's DTB at all; the rest of what the plan has to say of itself is for validate.
    const held = read.diagnostics.filter(({ code }) => /^model\/(other|memory)-/.test(code));
    const { spanOf } = read.planned.loaded;
    const found = checkTree(plan, shown, board, whole).map((d) => locate(d, (pointer) => spanOf(pointer, 'key')));
    this.#result('image-dtb', TREE_TITLE, [...held, ...found]);
  }
}

const RELEASE_TITLE = 'it is of a kernel that the profile is for';
const TREE_TITLE = 'the kernel makes every area of the profile of this DTB';

const versionOf = (config: SourceText | undefined): KernelVersion | undefined =>
  parseKernelVersion(releaseOfConfig(config?.text ?? '') ?? '');

function placementInput({ plan, model }: Planned, tree: Fdt, config: SourceText | undefined): PlacementInput {
  const commandLine = plan.commandLine.map(({ argument }) => argument).join(' ');
  return {
    tree,
    kernel: versionOf(config) ?? plan.kernel.max,
    architecture: plan.board.arch,
    backports: model.backports,
    pageSizeBytes: plan.board.pageSizeBytes,
    ...(config === undefined
      ? { config: symbolsOf(plan), configComplete: false }
      : { config: configValues(config.text) }),
    ...(commandLine === '' ? {} : { commandLine }),
    ...(plan.board.memory.length === 0 ? {} : { memory: plan.board.memory }),
  };
}

const symbolsOf = (plan: Plan) => new Map(plan.symbols.map(({ symbol, value }) => [symbol, value]));

/** Modules that the image loads at boot. */
function loadedModules({ image }: ReadImage): string[] {
  return image.files
    .filter(({ path }) => path === 'etc/modules' || /\/modules-load\.d\//.test(path))
    .flatMap(({ source }) => source.text.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[#;]/.test(line));
}

export async function checkBuilt(context: Context, profile: string, options: CheckBuiltOptions): Promise<Exit> {
  const planned = requirePlan(context, profile);
  const { tools, close } = openTools(context.environment, context.showCommand);
  const built = new Built(context, profile, planned, options, tools);
  try {
    await built.run();
  } finally {
    await close();
  }
  if (built.results.length === 0)
    throw new Refusal('there is nothing to compare with the profile', EXIT.usage, 'give --config, --dtb or --rootfs');
  printChecks(context, built.results, built.sources);
  return built.results.some(({ status }) => status === 'fail') ? EXIT.findings : EXIT.good;
}
