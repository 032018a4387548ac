/** Which kernel and architecture a tree or a configuration is of, compared with what it is used for. */
import path from 'node:path';
import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { versionOfTree } from '../facts/hold.js';
import { compareKernelVersions, formatKernelVersion, type KernelVersion, parseKernelVersion } from '../facts/index.js';
import { kernelRangeText } from '../model/index.js';
import type { Plan } from '../plan/index.js';
import { SourceText } from '../source/index.js';
import { type ProfileArch, profileArch, unknownArch } from './arch.js';
import { otherArchitecture, releaseOfConfig } from './config.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { readText } from './files.js';
import { readKernel, shownPath } from './profile.js';
import { Refusal } from './refusal.js';

export const RELEASE_CODES = defineCodes({
  'kernel/other-release': {
    severity: 'warning',
    title: 'a tree or configuration of another kernel',
    explain:
      'The release of the kernel source or the .config is outside the range of the profile, --kernel or the generated files. Symbols, dependencies and names of heaps change between releases, so a proof for one may not hold for another.',
  },
  'kernel/other-architecture': {
    severity: 'error',
    title: "the image's configuration is of another architecture",
    explain: "The .config in the root file system is for a kernel that cannot run on the profile's board.arch.",
  },
});
const report = reporter(RELEASE_CODES);

export interface KernelRange {
  readonly min: KernelVersion;
  readonly max: KernelVersion;
}

function otherRelease(
  what: string,
  found: KernelVersion | undefined,
  kernel: KernelRange,
  source: SourceText,
  line: RegExp,
): Diagnostic[] {
  if (found === undefined) return [];
  if (compareKernelVersions(kernel.min, found) <= 0 && compareKernelVersions(found, kernel.max) <= 0) return [];
  const match = line.exec(source.text);
  return [
    report('kernel/other-release', {
      message: `${what} is of Linux ${formatKernelVersion(found)}, but ${kernelRangeText(kernel.min, kernel.max)} is required`,
      cause: 'symbols, dependencies and names of heaps change between releases',
      fix: `give the one for ${kernelRangeText(kernel.min, kernel.max)}, or generate for Linux ${formatKernelVersion(found)}`,
      span: source.span(match?.index ?? 0, match?.[0].length ?? 0),
    }),
  ];
}

/** A check compares a stated fact with an input: there it is an error. */
export const asError = (diagnostics: readonly Diagnostic[]): Diagnostic[] =>
  diagnostics.map((one) => (one.code === 'kernel/other-release' ? { ...one, severity: 'error' as const } : one));

/**
 * Kernels of an image by the releases in the names of its files; an image may have several, and one of them is enough.
 * @param found releases, each with the path that names it
 */
export function holdReleases(
  found: readonly { readonly release: string; readonly path: string }[],
  { kernel }: Plan,
): Diagnostic[] {
  const known = found.flatMap(({ release, path: from }) => {
    const version = parseKernelVersion(release);
    return version === undefined ? [] : [{ version, from }];
  });
  const isInside = ({ version }: (typeof known)[number]) =>
    compareKernelVersions(kernel.min, version) <= 0 && compareKernelVersions(version, kernel.max) <= 0;
  const [first] = known;
  if (first === undefined || known.some(isInside)) return [];
  return [
    report('kernel/other-release', {
      severity: 'error',
      message: `the kernel of the image is Linux ${formatKernelVersion(first.version)}, but ${kernelRangeText(kernel.min, kernel.max)} is required`,
      cause: `${first.from} has the release in its name`,
      fix: `install ${kernelRangeText(kernel.min, kernel.max)}, or generate for Linux ${formatKernelVersion(first.version)}`,
    }),
  ];
}

/** @param directory the kernel tree, as the user names it */
export function holdTree(context: Context, directory: string, kernel: KernelRange): Diagnostic[] {
  const got = readText(path.join(context.resolve(directory), 'Makefile'));
  if ('error' in got) return [];
  const source = new SourceText(path.join(shownPath(context, directory), 'Makefile'), got.text);
  return otherRelease('the kernel tree', versionOfTree(got.text), kernel, source, /^VERSION.*\n.*$/m);
}

/** @returns a message and its remedy where nothing at all is known of the kernel that a `.config` is of */
export function holdConfig(
  source: SourceText,
  { kernel, board }: Plan,
): Diagnostic[] | { message: string; fix: string } {
  const other = otherArchitecture(source.text, board.arch);
  if (other !== undefined)
    return [
      report('kernel/other-architecture', {
        message: other,
        fix: 'give the image of this board, or correct board.arch',
        span: source.span(0),
      }),
    ];
  const release = releaseOfConfig(source.text) ?? '';
  const version = parseKernelVersion(release);
  if (version === undefined) return [];
  const known = readKernel(release);
  if ('message' in known) return { ...known, message: `it is of Linux ${release}, and ${known.message}` };
  return otherRelease('the configuration', version, kernel, source, /^# Linux\/.*$/m);
}

/**
 * The architecture of a board, which --arch may repeat and not change.
 * @throws {@link Refusal}
 */
export function archOfBoard(given: string | undefined, board: string): ProfileArch {
  const arch = profileArch(given ?? board);
  if (arch === undefined) throw unknownArch(given ?? board);
  if (arch === profileArch(board)) return arch;
  throw new Refusal(`--arch ${given}: the profile is for ${board}`, EXIT.usage, 'omit --arch, or change board.arch');
}
