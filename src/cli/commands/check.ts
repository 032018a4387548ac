/** dmaheap check DIR */
import { opendirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import {
  CHECKS,
  CHECKS_WITH_CONFIRM,
  type CheckContext,
  type CheckedBoard,
  type CheckInputs,
  type CheckResult,
  runChecks,
} from '../../check/index.js';
import { compareFiles, compareLock, factsDigest, type Lock } from '../../check/lock.js';
import { hasErrors } from '../../diagnostic/index.js';
import { compareKernelVersions, parseKernelVersion } from '../../facts/index.js';
import { makeFdt } from '../../fdt/index.js';
import { lookupOptions, makeConfig, readOptionLines, withLines } from '../../kconfig/index.js';
import type { KernelKnowledge } from '../../knowledge/index.js';
import { namingOf } from '../../knowledge/lookup.js';
import { otherArchitecture } from '../../model/index.js';
import { kernelInput } from '../../plan/board.js';
import { parseBytes } from '../../quantity/index.js';
import { sha256 } from '../../source/digest.js';
import { SourceText } from '../../source/index.js';
import { kernelArch, type ProfileArch } from '../arch.js';
import { readBoard } from '../board-files.js';
import { readBoot } from '../boot.js';
import { exitOf, printChecks } from '../check-results.js';
import type { Context } from '../context.js';
import { declare, flag, several, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { readBytes, readText, reasonOf, whyNoDirectory } from '../files.js';
import { changedInput, type Inputs, type Recalled, recallInputs } from '../inputs.js';
import { checkDescription, checkedKernel, checkHeapNames } from '../kernel-check.js';
import { noteAssumptions, type OpenTree, openKernelTree, readBase, readGivenBase } from '../kernel-tree.js';
import { GENERATOR, inputPins, readLock } from '../lock.js';
import { KERNEL_TREE } from '../options.js';
import { isOwnPlace, oneAtATime, standingOutput } from '../output/write.js';
import { readTree } from '../placement.js';
import { DTB_FIX, shownPath } from '../profile.js';
import { Refusal } from '../refusal.js';
import { archOfBoard, asError, holdTree } from '../release.js';
import { openTools } from '../tools.js';
import { compareWithManifest, MANIFEST, type Manifest, manifestDigest, readManifest } from '../tree.js';
import { checkBuilt } from './check-built.js';

export const command = declare({
  name: 'check',
  about:
    'check a generated tree with the real tools (conf, dtc, fdtoverlay, udevadm), or a built image against its profile',
  arguments: [
    ['<dir|profile>', 'directory that dmaheap generate wrote; or a profile, with --config, --dtb or --rootfs'],
  ],
  options: {
    config: text('--config <file>', 'with a profile: the finished .config of the image'),
    rootfs: text(
      '--rootfs <image>',
      'with a profile: the root file system: a directory, an archive (tar, cpio), a file system or disk image, or a container image',
    ),
    kernelTree: KERNEL_TREE.kernelTree,
    arch: text('--arch <arch>', "architecture, such as arm64; default: the profile's"),
    baseConfig: text('--base-config <file>', 'complete .config that the fragment is merged over'),
    dtb: text('--dtb <file>', "the board's DTB, to check the overlay; with a profile, the DTB of the image"),
    overlay: several('--overlay <file>', 'with a profile: an overlay (.dtbo) that the boot loader applies to --dtb'),
    container: several(
      '--container <file>',
      'with a profile: a compose file, Quadlet unit or LXC configuration; --rootfs is then the host or the container image',
    ),
    strict: flag('--strict', 'treat checks that are unknown or not run as failed'),
    probes: KERNEL_TREE.probes,
    confirm: flag('--confirm', 'also run merge_config.sh and conf of the kernel tree, which executes code of the tree'),
    requireTools: flag('--require-tools', 'exit with 3 when a tool is missing'),
    lock: text('--lock <file>', 'the lock that generate wrote: every file and input must match it'),
    allowEdited: flag('--allow-edited', 'warn about generated files that were edited, and do not fail'),
  },
  examples: [
    'check out --kernel-tree linux-6.12 --base-config .config --dtb my-board.dtb --lock my-board.lock',
    'check --config .config my-board.jsonc',
    'check my-board.jsonc --config .config --dtb my-board.dtb --rootfs rootfs.tar',
  ],
  run: async (context, subject, options) => {
    if (subject.endsWith('.kernel.json')) return checkKernel(context, subject, options);
    const isTree =
      options.config === undefined &&
      options.rootfs === undefined &&
      options.container === undefined &&
      !isFile(context.resolve(subject));
    refuseIdleOptions(options, isTree ? ONLY_BUILT : ONLY_TREE, isTree);
    return isTree ? check(context, subject, options) : checkBuilt(context, subject, options);
  },
});

/** Options that one of the two forms reads, by the names that they have here. */
const ONLY_TREE = { baseConfig: '--base-config', lock: '--lock', allowEdited: '--allow-edited', confirm: '--confirm' };
const ONLY_BUILT = { overlay: '--overlay' };

/** An option without effect would leave a comparison out that the user asked for. @throws {@link Refusal} */
function refuseIdleOptions(given: object, idle: Readonly<Record<string, string>>, isTree: boolean): void {
  const options = Object.entries(given);
  const isGiven = (value: unknown) =>
    value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
  const found = options.find(([name, value]) => Object.hasOwn(idle, name) && isGiven(value));
  if (found === undefined) return;
  throw new Refusal(
    `${idle[found[0]]} has no effect on the check of ${isTree ? 'a generated tree' : 'a built image'}`,
    EXIT.usage,
    isTree
      ? 'give the profile instead of the directory, or omit the option'
      : 'give the directory that dmaheap generate -o wrote, without --config, --rootfs and --container; or omit the option',
  );
}

/** A kernel description on its own. @throws {@link Refusal} */
async function checkKernel(
  context: Context,
  file: string,
  { kernelTree, strict }: { readonly kernelTree?: string; readonly strict: boolean },
): Promise<Exit> {
  if (kernelTree === undefined)
    throw new Refusal('the check of a kernel description needs a kernel tree', EXIT.usage, 'give --kernel-tree');
  const result = await checkDescription(context, file, kernelTree);
  printChecks(context, [result], new Map(), { strict });
  return exitOf([result], { strict, requireTools: false, unknown: EXIT.findings });
}

/** A path that cannot even be looked at is not a file; the command then says why. */
function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

interface CheckOptions {
  readonly kernelTree?: string;
  readonly arch?: string;
  readonly baseConfig?: string;
  readonly dtb?: string;
  readonly requireTools: boolean;
  readonly strict: boolean;
  readonly allowEdited: boolean;
  readonly confirm: boolean;
  readonly probes?: string;
  readonly lock?: string;
}

/** The text files below a directory, by path relative to it, sorted; without what a writer keeps there. */
function filesBelow(directory: string, below = ''): string[] {
  return readdirSync(path.join(directory, below), { withFileTypes: true })
    .filter(({ name }) => below !== '' || !isOwnPlace(name))
    .flatMap((entry) => {
      const relative = path.posix.join(below, entry.name);
      return entry.isDirectory() ? filesBelow(directory, relative) : entry.isFile() ? [relative] : [];
    })
    .sort();
}

/** A file's digest, and its text where it is text. */
function contentOf(file: string) {
  const got = readBytes(file);
  const read = readText(file);
  return { sha256: 'bytes' in got ? sha256(got.bytes) : '', text: 'text' in read ? read.text : undefined };
}

/** @throws {@link Refusal} for what cannot be read */
function toolInputs(context: Context, options: CheckOptions, arch: ProfileArch): CheckInputs {
  const { kernelTree, baseConfig, dtb } = options;
  const why = kernelTree === undefined ? undefined : whyNoDirectory(context.resolve(kernelTree));
  if (why !== undefined)
    throw new Refusal(
      `--kernel-tree ${kernelTree}: ${why}`,
      EXIT.environment,
      'give the top directory of a kernel source tree',
    );
  // What comes out of a pipe comes out once, and conf is to have it.
  const isPipe = baseConfig !== undefined && statSync(context.resolve(baseConfig), { throwIfNoEntry: false })?.isFIFO();
  if (baseConfig !== undefined && !isPipe) readGivenBase(context, arch, baseConfig);
  // What the tools would say of a damaged DTB puts the blame on generated files.
  const blob = dtb === undefined ? undefined : readBoard(context, dtb, []);
  const other = blob?.tree === undefined ? undefined : otherArchitecture(arch, blob.tree);
  if (other !== undefined)
    throw new Refusal(
      `--dtb ${dtb}: its processors are ${other}, but the files were generated for ${arch}`,
      EXIT.usage,
      DTB_FIX,
    );
  const crossCompile = context.environment['CROSS_COMPILE'];
  const kernelName = kernelArch(arch);
  return {
    ...(kernelTree === undefined ? {} : { kernelTree: context.resolve(kernelTree) }),
    ...(kernelName === undefined ? {} : { arch: kernelName }),
    ...(baseConfig === undefined ? {} : { baseConfig: context.resolve(baseConfig) }),
    ...(dtb === undefined ? {} : { dtb: context.resolve(dtb) }),
    ...(crossCompile === undefined ? {} : { crossCompile }),
  };
}

/** Inputs of the manifest that an option gives. */
function givenInputs({ dtb, kernelTree, baseConfig: config }: CheckOptions): string[] {
  return Object.entries({ dtb, kernelTree, config }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}

/** What has become of the inputs that the manifest recorded. */
async function checkInputs(
  context: Context,
  { inputs, diagnostics }: Recalled,
  { inputs: recorded = {}, board }: Manifest,
  { arch = board.arch }: CheckOptions,
): Promise<CheckResult> {
  const { kernelTree } = inputs;
  const open = kernelTree === undefined ? undefined : await openKernelTree(context, { kernelTree, arch });
  const isOther = open !== undefined && open.digest !== recorded['kernelTree']?.sha256;
  const found = isOther ? [...diagnostics, changedInput('the kernel tree', open.directory)] : diagnostics;
  return {
    check: 'inputs',
    title: found.some(({ code }) => code === 'input/changed')
      ? 'an input differs from the one that the tree was generated from'
      : 'the inputs are the same as when the tree was generated',
    status: found.some(({ code }) => code === 'input/gone') ? 'not-run' : 'pass',
    diagnostics: found,
    missingTools: [],
  };
}

function checkRelease(context: Context, kernelTree: string, { kernel }: Manifest): CheckResult {
  const [min, max] = [parseKernelVersion(kernel.min), parseKernelVersion(kernel.max)];
  const diagnostics =
    min === undefined || max === undefined ? [] : asError(holdTree(context, kernelTree, { min, max }));
  return {
    check: 'kernel-tree',
    title: 'the kernel tree is of a kernel for which the files were generated',
    status: hasErrors(diagnostics) ? 'fail' : 'pass',
    diagnostics,
    missingTools: [],
  };
}

/** @throws {@link Refusal} */
async function checkLock(
  context: Context,
  file: string,
  { baseConfig, dtb }: CheckOptions,
  open: OpenTree | undefined,
  manifest: Manifest,
  ownProfile: string | undefined,
  present: Parameters<typeof compareFiles>[1],
  shown: (file: string) => string,
): Promise<CheckResult> {
  const held = readLock(context, file);
  if (held === undefined)
    throw new Refusal(
      `--lock ${file}: the file does not exist`,
      EXIT.environment,
      'write it with dmaheap generate --lock',
    );
  const base =
    open !== undefined
      ? readBase(context, open, baseConfig)
      : baseConfig === undefined
        ? undefined
        : readGivenBase(context, undefined, baseConfig);
  const inputs = {
    ...(open === undefined ? {} : { open }),
    ...(base === undefined ? {} : { base: base.text }),
    ...(dtb === undefined ? {} : { dtb }),
  };
  // What was generated without an input may well be checked with one.
  const given = Object.entries(inputPins(context, inputs)).filter(
    ([pin]) => !('code' in held) && held[pin as keyof Lock] !== null,
  );
  const { kernel } = manifest;
  // The file that the tree was generated from decides, where it can be read.
  const profile = ownProfile === undefined ? manifest.profile : { ...manifest.profile, sha256: ownProfile };
  const diagnostics =
    'code' in held
      ? [held]
      : [
          ...compareLock(file, held, {
            generator: GENERATOR,
            facts: factsDigest(),
            profile,
            kernel,
            ...Object.fromEntries(given),
            output: manifestDigest(manifest),
          }),
          ...compareFiles(held, present, shown),
        ];
  return {
    check: 'lock',
    title: 'every file and input matches the lock',
    status: hasErrors(diagnostics) ? 'fail' : 'pass',
    diagnostics,
    missingTools: [],
  };
}

/** Our own engine on the tree, with the toolchain's answers as `resolve` has them. */
function engineOf(
  context: Context,
  open: OpenTree,
  baseConfig: string | undefined,
): NonNullable<CheckContext['finalConfig']> {
  let base: string | undefined;
  return (fragment) => {
    base ??= readBase(context, open, baseConfig).text;
    const made = makeConfig(open.tree, 'alldefconfig', withLines(base, fragment.split('\n')));
    const symbols = readOptionLines(fragment).options;
    noteAssumptions(context, open, symbols);
    const warnings = made.diagnostics.map(({ message }) => `warning: ${message}`);
    return { lines: lookupOptions(made.text), warnings, foreignCompiler: undefined };
  };
}

/** What the overlay is judged for; nothing in the manifest of an older release. */
function boardOf(
  context: Context,
  { board, kernel, commandLine = '' }: Manifest,
  architecture: ProfileArch,
  { dtb, occupied, bootLog, commandLine: stated }: Inputs,
  knowledge: KernelKnowledge | undefined,
): { board?: CheckedBoard } {
  const [min, max] = [parseKernelVersion(kernel.min), parseKernelVersion(kernel.max)];
  if (min === undefined || max === undefined || board.pageSizeBytes === undefined || board.memory === undefined)
    return {};
  const memory = board.memory.map(({ base, size }) => ({
    baseAddress: parseBytes(base) ?? 0n,
    sizeBytes: parseBytes(size) ?? 0n,
  }));
  // What is wrong with the DTB or the log was said when the tree was generated.
  const tree = dtb === undefined ? makeFdt({ name: '' }) : readTree(context, '--dtb', dtb, []);
  const { boot } = readBoot(
    context,
    { ...(occupied === undefined ? {} : { occupied }), ...(bootLog === undefined ? {} : { bootLog }) },
    { tree, ...(memory.length === 0 ? {} : { memory }) },
    [min, max],
  );
  // What is known of another kernel does not hold for these; another check reports that the kernel differs.
  const isOwn = [min, max].every(
    (version) => knowledge !== undefined && compareKernelVersions(version, knowledge.version) === 0,
  );
  return {
    board: {
      architecture,
      kernel: { min, max },
      ...(knowledge === undefined || !isOwn
        ? {}
        : { known: kernelInput({ knowledge, naming: namingOf(knowledge) }, knowledge.version) }),
      pageSizeBytes: BigInt(board.pageSizeBytes),
      memory: boot.memory ?? memory,
      commandLine: [stated ?? boot.commandLine ?? '', commandLine].join(' ').trim(),
      ...(boot.occupied === undefined ? {} : { occupied: boot.occupied }),
      ...(boot.efi === undefined ? {} : { efi: boot.efi }),
      addressBits: new Map(Object.entries(board.addressBits ?? {})),
    },
  };
}

async function check(context: Context, name: string, given: CheckOptions): Promise<Exit> {
  const directory = context.resolve(name);
  let files: string[] = [];
  let manifest: ReturnType<typeof readManifest>;
  await oneAtATime(
    directory,
    false,
    (text) => context.note(text),
    () => undefined,
  );
  try {
    opendirSync(directory).closeSync();
    manifest = readManifest(directory);
    // Without one it may be any directory, a large one too.
    if (typeof manifest === 'object') files = filesBelow(directory);
  } catch (error) {
    const isInterrupted = standingOutput(directory) !== directory;
    throw new Refusal(
      `cannot read ${name}: ${isInterrupted ? 'dmaheap generate was killed while it replaced it' : reasonOf(error)}`,
      EXIT.usage,
      isInterrupted ? 'run dmaheap generate again' : 'give the directory that dmaheap generate -o wrote',
    );
  }
  if (manifest === undefined || manifest === 'bad')
    throw new Refusal(
      `${shownPath(context, name)} ${manifest === 'bad' ? `has a ${MANIFEST} that is not valid` : `has no ${MANIFEST}`}`,
      EXIT.usage,
      'give a directory that dmaheap generate -o wrote',
    );
  const recalled = recallInputs(context, name, manifest.inputs ?? {}, new Set(givenInputs(given)));
  const { dtb, kernelTree, config: baseConfig } = recalled.inputs;
  const options: CheckOptions = {
    ...(dtb === undefined ? {} : { dtb }),
    ...(kernelTree === undefined ? {} : { kernelTree }),
    ...(baseConfig === undefined ? {} : { baseConfig }),
    ...given,
  };
  const arch = archOfBoard(options.arch, manifest.board.arch);
  const inputs = toolInputs(context, options, arch);
  const shown = shownPath(context, name);
  // Findings name files as the user would open them.
  const texts = files.flatMap((file) => {
    const got = readText(path.join(directory, file));
    return 'text' in got ? [new SourceText(path.join(shown, file), got.text)] : [];
  });
  const open =
    options.kernelTree === undefined
      ? undefined
      : await openKernelTree(context, {
          kernelTree: options.kernelTree,
          arch,
          ...(options.probes === undefined ? {} : { probes: options.probes }),
        });
  const present = new Map(files.map((file) => [file, contentOf(path.join(directory, file))]));
  const nameOf = (file: string) => path.join(shown, file);
  const drift =
    options.lock === undefined
      ? undefined
      : await checkLock(context, options.lock, options, open, manifest, recalled.profile, present, nameOf);
  const kernel = checkedKernel(context, { ...recalled.inputs, kernelTree: options.kernelTree }, manifest);
  const finalConfig = open === undefined ? undefined : engineOf(context, open, options.baseConfig);
  const { tools, close } = openTools(context.environment, context.showCommand);
  try {
    const strayed = compareWithManifest(directory, manifest, files, nameOf, options.allowEdited);
    const results: CheckResult[] = [
      {
        check: 'tree-files',
        title: 'the files are as dmaheap generate wrote them',
        status: hasErrors(strayed) ? 'fail' : 'pass',
        diagnostics: strayed,
        missingTools: [],
      },
      await checkInputs(context, recalled, manifest, options),
      ...(await context.during('running the real tools', () =>
        runChecks(
          {
            tree: { directory, files: texts },
            inputs,
            tools,
            ...(finalConfig === undefined ? {} : { finalConfig }),
            ...boardOf(
              context,
              manifest,
              arch,
              { ...recalled.inputs, ...(options.dtb === undefined ? {} : { dtb: options.dtb }) },
              kernel?.knowledge,
            ),
          },
          options.confirm ? CHECKS_WITH_CONFIRM : CHECKS,
        ),
      )),
      ...(options.kernelTree === undefined
        ? []
        : [
            checkRelease(context, options.kernelTree, manifest),
            ...(recalled.inputs.description === undefined
              ? []
              : [await checkDescription(context, recalled.inputs.description, options.kernelTree)]),
          ]),
      ...(kernel === undefined ? [] : [checkHeapNames(kernel, manifest)]),
      ...(drift === undefined ? [] : [drift]),
    ];
    const sources = new Map(texts.map((source) => [source.file, source]));
    printChecks(context, results, sources, { strict: options.strict });
    // A tool that broke has judged nothing, and saying 0 would be a claim. What a boot decides is as open here as in place.
    const isBroken = results.some(({ check, status }) => status === 'unknown' && check !== 'dt-placement');
    return exitOf(results, { ...options, unknown: isBroken ? EXIT.environment : EXIT.good });
  } finally {
    await close();
  }
}
