/**
 * Builds the native parts with the machine's own compilers: no node-gyp, no download. Without a compiler everything but
 * `dmaheap verify` still works, so a missing one is a sentence, not a failure.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);

export interface NativeTarget {
  /** Node's name of the architecture. */
  readonly arch: 'x64' | 'arm64' | 'arm' | 'riscv64';
  readonly libc: 'glibc' | 'musl';
  readonly cc: string;
  readonly cxx: string;
}

export interface NativeBuild {
  /** Files made, relative to the package. */
  readonly files: readonly string[];
  /** What could not be made, one sentence each. */
  readonly missing: readonly string[];
}

/** The file name node-gyp-build looks for: Node-API, so one file for every Node release. */
export function addonFile(arch: NativeTarget['arch'], libc: NativeTarget['libc']): string {
  const variant = arch === 'arm' ? '.armv7' : '';
  return `dist/prebuilds/linux-${arch}/dmaheap.napi${variant}.${libc}.node`;
}

async function works(command: string): Promise<boolean> {
  const { failed } = await execa(command, ['--version'], { reject: false });
  return !failed;
}

/** What the Makefile cannot know: where npm put the two header packages. */
async function buildAddon({ arch, libc, cc, cxx }: NativeTarget): Promise<string> {
  const output = addonFile(arch, libc);
  await execa(
    'make',
    [
      ...['-s', '-C', 'native', 'addon', `CC=${cc}`, `CXX=${cxx}`],
      `BUILD=../dist/native/addon-${arch}-${libc}`,
      `ADDON=../${output}`,
      `NODE_ADDON_API=${path.dirname(require.resolve('node-addon-api/package.json'))}`,
      `NODE_API_HEADERS=${path.join(path.dirname(require.resolve('node-api-headers/package.json')), 'include')}`,
    ],
    { cwd: ROOT },
  );
  return output;
}

/** Builds for this machine: the addon, and `dmaheap-verify` beside it. */
export async function buildNative(): Promise<NativeBuild> {
  if (process.platform !== 'linux')
    return { files: [], missing: ['the verifier is for Linux: `dmaheap verify` is not built'] };
  const cc = process.env.CC ?? 'cc';
  const cxx = process.env.CXX ?? 'c++';
  for (const tool of [cc, cxx, 'make'])
    if (!(await works(tool)))
      return { files: [], missing: [`no ${tool}: \`dmaheap verify\` is not built, all else works`] };
  const arch = process.arch as NativeTarget['arch'];
  const files = [await buildAddon({ arch, libc: hostLibc(), cc, cxx })];
  const build = 'dist/native/host';
  await execa('make', ['-s', '-C', 'native', `CC=${cc}`, `BUILD=../${build}`], { cwd: ROOT });
  return { files: [...files, `${build}/dmaheap-verify`], missing: [] };
}

function hostLibc(): NativeTarget['libc'] {
  const header = (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header;
  return header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, missing } = await buildNative();
  for (const file of files) console.log(file);
  for (const sentence of missing) console.error(sentence);
}
