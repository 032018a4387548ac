import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { cacheRoot, filledOnce, kernelTree, shortHash } from '../../src/build/fetch/index.js';
import { type Machine, machineFor } from './machine.js';

/** A kernel of the lab: `test/e2e/kernels/NAME.json`. */
export interface KernelRecipe {
  readonly name: string;
  /** The series, for example `6.12`. */
  readonly version: string;
  readonly arch: Machine['arch'];
  /** Files of `kernels/fragments/`, without the extension; later ones win. */
  readonly fragments: readonly string[];
}

export interface BuiltKernel {
  readonly recipe: KernelRecipe;
  /** The image that QEMU boots. */
  readonly image: string;
  /** The final `.config`. */
  readonly config: string;
  /** Full version of the source, for example `6.12.117`. */
  readonly version: string;
  /** System.map of the build. */
  readonly symbols: string;
  /** Loadable modules, when the configuration has any. */
  readonly modules: readonly string[];
}

const KERNELS = new URL('kernels/', import.meta.url).pathname;

export async function kernelNames(): Promise<readonly string[]> {
  const files = await readdir(KERNELS);
  return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
}

export async function kernelRecipe(name: string): Promise<KernelRecipe> {
  return { name, ...JSON.parse(await readFile(path.join(KERNELS, `${name}.json`), 'utf8')) };
}

/**
 * Configures the kernel with its own `conf`, always; builds it out of tree unless an image of exactly that source,
 * configuration and compiler is in the cache.
 *
 * @throws when a requested line does not stand in the final `.config`: such a kernel would prove nothing.
 */
export async function buildKernel(recipe: KernelRecipe, progress: (text: string) => void): Promise<BuiltKernel> {
  const tree = await kernelTree(recipe.version);
  const machine = await machineFor(recipe.arch);
  const fragments = await Promise.all(
    recipe.fragments.map((name) => readFile(path.join(KERNELS, 'fragments', `${name}.config`), 'utf8')),
  );
  const wanted = fragments.join('\n');
  const compiler = `${machine.kbuild.crossCompile}gcc`;
  const configured = await configure(tree, machine, wanted);
  const config = await readFile(path.join(configured, '.config'), 'utf8');
  await rm(configured, { recursive: true });
  const missing = missingLines(wanted, config);
  if (missing.length) throw new Error(`${recipe.name}: not in the final .config: ${missing.join(', ')}`);

  const { stdout: compilerVersion } = await execa(compiler, ['-dumpfullversion']);
  const key = shortHash(path.basename(tree), config, compiler, compilerVersion);
  const directory = path.join(cacheRoot(), 'image', `${recipe.name}-${key}`);
  if (!existsSync(directory)) progress(`building ${recipe.name} from ${path.basename(tree)}`);
  await filledOnce(directory, async (work) => {
    const build = await mkdtemp(path.join(os.tmpdir(), `dmaheap-kernel-${recipe.name}-`));
    try {
      await writeFile(path.join(build, '.config'), config);
      const withModules = /^CONFIG_MODULES=y$/m.test(config);
      const jobs = `-j${os.availableParallelism()}`;
      await make(tree, build, machine, [jobs, machine.kbuild.target, ...(withModules ? ['modules'] : [])]);
      await copyFile(path.join(build, machine.kbuild.image), path.join(work, 'image'));
      await writeFile(path.join(work, 'config'), config);
      await copyFile(path.join(build, 'System.map'), path.join(work, 'System.map'));
      await mkdir(path.join(work, 'modules'));
      for (const file of await readdir(build, { recursive: true }))
        if (file.endsWith('.ko')) await cp(path.join(build, file), path.join(work, 'modules', path.basename(file)));
    } finally {
      await rm(build, { recursive: true, force: true });
    }
  });
  const modules = await readdir(path.join(directory, 'modules'));
  return {
    recipe,
    image: path.join(directory, 'image'),
    config: path.join(directory, 'config'),
    symbols: path.join(directory, 'System.map'),
    version: path.basename(tree).split('-')[0] ?? recipe.version,
    modules: modules.map((file) => path.join(directory, 'modules', file)),
  };
}

/** Lines of a fragment that a `.config` does not have; the last request for a symbol counts. */
export function missingLines(fragment: string, config: string): readonly string[] {
  const has = new Set(config.split('\n'));
  const requests = new Map<string, string>();
  for (const line of fragment.split('\n')) {
    const symbol = /^(?:# )?(CONFIG_\w+)(?:=| is not set$)/.exec(line)?.[1];
    if (symbol) requests.set(symbol, line);
  }
  return [...requests.values()].filter(
    (line) => !has.has(line) && !(isOff(line) && !config.includes(`${nameIn(line)}=`)),
  );
}

const isOff = (line: string) => line.startsWith('#') || line.endsWith('=n');
const nameIn = (line: string) => /CONFIG_\w+/.exec(line)?.[0] ?? '';

async function configure(tree: string, machine: Machine, wanted: string): Promise<string> {
  const build = await mkdtemp(path.join(os.tmpdir(), 'dmaheap-config-'));
  const fragment = path.join(build, 'wanted.config');
  await writeFile(fragment, wanted);
  await make(tree, build, machine, [`KCONFIG_ALLCONFIG=${fragment}`, 'allnoconfig']);
  return build;
}

/** The same bytes from the same input: the kernel records who built it and when. */
const REPRODUCIBLE = {
  KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
  KBUILD_BUILD_USER: 'dmaheap',
  KBUILD_BUILD_HOST: 'dmaheap',
};

function make(tree: string, build: string, machine: Machine, args: readonly string[]) {
  const { arch, crossCompile } = machine.kbuild;
  const CCACHE_DIR = path.join(cacheRoot(), 'ccache');
  return execa(
    'nice',
    ['make', '-s', '-C', tree, `O=${build}`, `ARCH=${arch}`, `CROSS_COMPILE=${crossCompile}`]
      .concat(`CC=ccache ${crossCompile}gcc`)
      .concat(args),
    { env: { ...REPRODUCIBLE, CCACHE_DIR, CCACHE_BASEDIR: build, CCACHE_NOHASHDIR: '1' }, stdin: 'ignore' },
  );
}
