/** dmaheap check DIR */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { type CheckInputs, type CheckResult, runChecks } from '../../check/index.js';
import { compareLock, factsDigest, type Lock, unreadableLock } from '../../check/lock.js';
import { hasErrors } from '../../diagnostic/index.js';
import { SourceText } from '../../source/index.js';
import { kernelArch } from '../arch.js';
import { printChecks } from '../check-results.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { readBytes, readText, reasonOf } from '../files.js';
import { openKernelTree, readBase } from '../kernel-tree.js';
import { GENERATOR, inputPins, readLock } from '../lock.js';
import { DTB_FIX, shownPath } from '../profile.js';
import { openTools } from '../tools.js';
import { compareWithManifest, MANIFEST, type Manifest, manifestDigest, readManifest } from '../tree.js';

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

const INPUT_FIX = {
  '--kernel-tree': 'give the top of a kernel source tree',
  '--base-config': 'give the complete .config that the fragment goes on top of',
  '--dtb': DTB_FIX,
} as const;

/** @returns undefined after complaining about a path that is not there */
function inputsOf(context: Context, options: CheckOptions, arch: string | undefined): CheckInputs | undefined {
  const { kernelTree, baseConfig, dtb } = options;
  for (const [option, file] of [
    ['--kernel-tree', kernelTree],
    ['--base-config', baseConfig],
    ['--dtb', dtb],
  ] as const) {
    if (file === undefined) continue;
    try {
      statSync(context.resolve(file));
    } catch (error) {
      context.complain(`${option} ${file}: ${reasonOf(error)}`, INPUT_FIX[option]);
      return undefined;
    }
  }
  const crossCompile = context.environment['CROSS_COMPILE'];
  return {
    ...(kernelTree === undefined ? {} : { kernelTree: context.resolve(kernelTree) }),
    ...(arch === undefined ? {} : { arch }),
    ...(baseConfig === undefined ? {} : { baseConfig: context.resolve(baseConfig) }),
    ...(dtb === undefined ? {} : { dtb: context.resolve(dtb) }),
    ...(crossCompile === undefined ? {} : { crossCompile }),
  };
}

function readGivenBase(context: Context, file: string | undefined): { readonly text: string } | undefined {
  const got = file === undefined ? undefined : readBytes(context.resolve(file));
  return got !== undefined && 'bytes' in got ? { text: Buffer.from(got.bytes).toString('latin1') } : undefined;
}

/** @returns an exit after complaining */
async function checkLock(
  context: Context,
  file: string,
  { kernelTree, arch, baseConfig, dtb }: CheckOptions,
  manifest: Manifest,
): Promise<CheckResult | Exit> {
  const held = readLock(context, file);
  if (held === undefined) {
    context.complain(`--lock ${file}: there is no such file`, 'write it with dmaheap generate --lock');
    return EXIT.environment;
  }
  const open =
    kernelTree === undefined
      ? undefined
      : await openKernelTree(context, { kernelTree, arch: arch ?? manifest.board.arch });
  if (typeof open === 'number') return open;
  const base = open === undefined ? readGivenBase(context, baseConfig) : readBase(context, open, baseConfig);
  if (typeof base === 'number') return base;
  const inputs = {
    ...(open === undefined ? {} : { open }),
    ...(base === undefined ? {} : { base: base.text }),
    ...(dtb === undefined ? {} : { dtb }),
  };
  // What was generated without an input may well be checked with one.
  const given = Object.entries(inputPins(context, inputs)).filter(
    ([pin]) => held !== 'bad' && held[pin as keyof Lock] !== null,
  );
  const { profile, kernel } = manifest;
  const diagnostics =
    held === 'bad'
      ? [unreadableLock(file)]
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
  let files: string[];
  try {
    files = filesBelow(directory);
  } catch (error) {
    context.complain(`cannot read ${name}: ${reasonOf(error)}`, 'give the directory that dmaheap generate -o wrote');
    return EXIT.usage;
  }
  const manifest = readManifest(directory);
  if (manifest === undefined || manifest === 'bad') {
    context.complain(
      `${shownPath(context, name)} ${manifest === 'bad' ? `has a ${MANIFEST} that cannot be understood` : `has no ${MANIFEST}`}`,
      'give a directory that dmaheap generate -o wrote',
    );
    return EXIT.usage;
  }
  const arch = kernelArch(options.arch ?? manifest.board.arch);
  if (arch === undefined) {
    context.complain(`--arch ${options.arch}: not an architecture dmaheap knows`, 'use arm64, arm, riscv64 or x86_64');
    return EXIT.usage;
  }
  const inputs = inputsOf(context, options, arch);
  if (inputs === undefined) return EXIT.environment;
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
