/** dmaheap check DIR */
import { existsSync, opendirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { type CheckInputs, type CheckResult, runChecks } from '../../check/index.js';
import { compareLock, factsDigest, type Lock } from '../../check/lock.js';
import { hasErrors } from '../../diagnostic/index.js';
import { parseKernelVersion } from '../../facts/index.js';
import { otherArchitecture } from '../../model/index.js';
import { SourceText } from '../../source/index.js';
import { kernelArch, type ProfileArch } from '../arch.js';
import { printChecks } from '../check-results.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { readText, reasonOf } from '../files.js';
import { openKernelTree, readBase, readGivenBase } from '../kernel-tree.js';
import { GENERATOR, inputPins, readLock } from '../lock.js';
import { DTB_FIX, shownPath } from '../profile.js';
import { archOfBoard, holdTree } from '../release.js';
import { openTools } from '../tools.js';
import { compareWithManifest, MANIFEST, type Manifest, manifestDigest, readManifest } from '../tree.js';
import { readBoard } from './init.js';

export interface CheckOptions {
  readonly kernelTree?: string;
  readonly arch?: string;
  readonly baseConfig?: string;
  readonly dtb?: string;
  readonly requireTools: boolean;
  readonly lock?: string;
}

/** The text files below a directory, by path relative to it, sorted. */
function filesBelow(directory: string, below = ''): string[] {
  return readdirSync(path.join(directory, below), { withFileTypes: true })
    .flatMap((entry) => {
      const relative = path.posix.join(below, entry.name);
      return entry.isDirectory() ? filesBelow(directory, relative) : entry.isFile() ? [relative] : [];
    })
    .sort();
}

/** @returns an exit after complaining about what cannot be read */
function inputsOf(context: Context, options: CheckOptions, arch: ProfileArch): CheckInputs | Exit {
  const { kernelTree, baseConfig, dtb } = options;
  if (kernelTree !== undefined && !existsSync(context.resolve(kernelTree))) {
    context.complain(`--kernel-tree ${kernelTree}: there is no such directory`, 'give the top of a kernel source tree');
    return EXIT.environment;
  }
  // What comes out of a pipe comes out once, and conf is to have it.
  const isPipe = baseConfig !== undefined && statSync(context.resolve(baseConfig), { throwIfNoEntry: false })?.isFIFO();
  const base = baseConfig === undefined || isPipe ? undefined : readGivenBase(context, arch, baseConfig);
  if (typeof base === 'number') return base;
  // What the tools would say of a damaged DTB puts the blame on generated files.
  const blob = dtb === undefined ? undefined : readBoard(context, dtb, []);
  if (typeof blob === 'number') return blob;
  const other = blob?.tree === undefined ? undefined : otherArchitecture(arch, blob.tree);
  if (other !== undefined) {
    context.complain(`--dtb ${dtb}: its processors are ${other}, and this was generated for ${arch}`, DTB_FIX);
    return EXIT.usage;
  }
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

function checkRelease(context: Context, kernelTree: string, { kernel }: Manifest): CheckResult {
  const [min, max] = [parseKernelVersion(kernel.min), parseKernelVersion(kernel.max)];
  const diagnostics = min === undefined || max === undefined ? [] : holdTree(context, kernelTree, { min, max });
  return {
    check: 'kernel-tree',
    title: 'the kernel tree is of a kernel that this was generated for',
    status: 'pass',
    diagnostics,
    missingTools: [],
  };
}

/** @returns an exit after complaining */
async function checkLock(
  context: Context,
  file: string,
  { kernelTree, arch, baseConfig, dtb }: CheckOptions,
  manifest: Manifest,
): Promise<CheckResult | Exit> {
  const held = readLock(context, file);
  if (typeof held === 'number') return held;
  if (held === undefined) {
    context.complain(`--lock ${file}: there is no such file`, 'write it with dmaheap generate --lock');
    return EXIT.environment;
  }
  const open =
    kernelTree === undefined
      ? undefined
      : await openKernelTree(context, { kernelTree, arch: arch ?? manifest.board.arch });
  if (typeof open === 'number') return open;
  const base =
    open !== undefined
      ? readBase(context, open, baseConfig)
      : baseConfig === undefined
        ? undefined
        : readGivenBase(context, undefined, baseConfig);
  if (typeof base === 'number') return base;
  const inputs = {
    ...(open === undefined ? {} : { open }),
    ...(base === undefined ? {} : { base: base.text }),
    ...(dtb === undefined ? {} : { dtb }),
  };
  // What was generated without an input may well be checked with one.
  const given = Object.entries(inputPins(context, inputs)).filter(
    ([pin]) => !('code' in held) && held[pin as keyof Lock] !== null,
  );
  const { profile, kernel } = manifest;
  const diagnostics =
    'code' in held
      ? [held]
      : compareLock(file, held, {
          generator: GENERATOR,
          facts: factsDigest(),
          profile,
          kernel,
          ...Object.fromEntries(given),
          output: manifestDigest(manifest),
        });
  return {
    check: 'lock',
    title: 'everything is as it was when the lock was written',
    status: hasErrors(diagnostics) ? 'fail' : 'pass',
    diagnostics,
    missingTools: [],
  };
}

export async function check(context: Context, name: string, options: CheckOptions): Promise<Exit> {
  const directory = context.resolve(name);
  let files: string[] = [];
  let manifest: ReturnType<typeof readManifest>;
  try {
    opendirSync(directory).closeSync();
    manifest = readManifest(directory);
    // Without one it may be any directory, a large one too.
    if (typeof manifest === 'object') files = filesBelow(directory);
  } catch (error) {
    context.complain(`cannot read ${name}: ${reasonOf(error)}`, 'give the directory that dmaheap generate -o wrote');
    return EXIT.usage;
  }
  if (manifest === undefined || manifest === 'bad') {
    context.complain(
      `${shownPath(context, name)} ${manifest === 'bad' ? `has a ${MANIFEST} that cannot be understood` : `has no ${MANIFEST}`}`,
      'give a directory that dmaheap generate -o wrote',
    );
    return EXIT.usage;
  }
  const arch = archOfBoard(context, options.arch, manifest.board.arch);
  if (typeof arch === 'number') return arch;
  const inputs = inputsOf(context, options, arch);
  if (typeof inputs === 'number') return inputs;
  const shown = shownPath(context, name);
  // Findings name files as the user would open them.
  const texts = files.flatMap((file) => {
    const got = readText(path.join(directory, file));
    return 'text' in got ? [new SourceText(path.join(shown, file), got.text)] : [];
  });
  const drift = options.lock === undefined ? undefined : await checkLock(context, options.lock, options, manifest);
  if (typeof drift === 'number') return drift;
  const { tools, close } = openTools(context.environment, context.showCommand);
  try {
    const strayed = compareWithManifest(directory, manifest, files, (file) => path.join(shown, file));
    const results: CheckResult[] = [
      {
        check: 'tree-files',
        title: 'the files are those that dmaheap generate wrote',
        status: hasErrors(strayed) ? 'fail' : 'pass',
        diagnostics: strayed,
        missingTools: [],
      },
      ...(await context.during('asking the real tools', () =>
        runChecks({ tree: { directory, files: texts }, inputs, tools }),
      )),
      ...(options.kernelTree === undefined ? [] : [checkRelease(context, options.kernelTree, manifest)]),
      ...(drift === undefined ? [] : [drift]),
    ];
    const sources = new Map(texts.map((source) => [source.file, source]));
    printChecks(context, results, sources);
    if (results.some((r) => r.status === 'fail')) return EXIT.findings;
    // A tool that broke has judged nothing, and saying 0 would be a claim.
    if (results.some((r) => r.status === 'unknown')) return EXIT.environment;
    if (options.requireTools && results.some((r) => r.missingTools.length > 0)) return EXIT.environment;
    return EXIT.good;
  } finally {
    await close();
  }
}
