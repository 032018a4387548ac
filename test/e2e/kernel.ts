import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { cacheRoot, filledOnce, kernelTree, shortHash } from '../../src/build/fetch/index.js';
import { type Machine, machineFor } from './machine.js';
import { dmaheap, fromRoot } from './product.js';

/** A kernel of the lab: `test/e2e/kernels/NAME.json`. */
export interface KernelRecipe {
  readonly name: string;
  /** The series, for example `6.12`. */
  readonly version: string;
  /** Instead of Debian's source: a tree below `trees/` of the cache, which the user of the lab has put there. */
  readonly tree?: string;
  readonly arch: Machine['arch'];
  /** Files of `kernels/fragments/`, without the extension, that make it boot; they know nothing of heaps. */
  readonly boot: readonly string[];
  /** What `dmaheap resolve` is asked for on top of that: a profile, or symbols with values. */
  readonly goals: readonly string[];
  /** Files of `kernels/fragments/` that show more of the result. */
  readonly observe: readonly string[];
  /** Instead of the machine's own: Cortex-A53 has no 16 KiB pages. */
  readonly cpu?: string;
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
 * Configures the kernel with its own `conf`: from the boot fragments and from the fragment that
 * `dmaheap resolve` writes for the goals on top of them. Builds it out of tree unless an image of exactly that source,
 * configuration and compiler is in the cache.
 *
 * @throws when a requested line does not stand in the final `.config`: then the fragment was no guarantee
 */
export async function buildKernel(recipe: KernelRecipe, progress: (text: string) => void): Promise<BuiltKernel> {
  const tree = await treeOf(recipe);
  const machine = await machineFor(recipe.arch);
  const boot = await fragmentText(recipe.boot);
  const compiler = `${machine.kbuild.crossCompile}gcc`;
  const { stdout: compilerVersion } = await execa(compiler, ['-dumpfullversion']);
  const configured = (wanted: string) => configure(tree, machine, wanted, compilerVersion);
  const resolved = await resolveGoals(recipe, tree, await configured(boot));
  const wanted = [boot, resolved, await fragmentText(recipe.observe)].join('\n');
  const config = await readFile(await configured(wanted), 'utf8');
  const missing = missingLines(wanted, config);
  if (missing.length) throw new Error(`${recipe.name}: not in the final .config: ${missing.join(', ')}`);

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
    version: recipe.tree === undefined ? (path.basename(tree).split('-')[0] ?? recipe.version) : recipe.version,
    modules: modules.map((file) => path.join(directory, 'modules', file)),
  };
}

/** The path of the `.config` of a kernel that boots, and knows nothing of heaps. */
export async function bootConfig(recipe: KernelRecipe): Promise<string> {
  const machine = await machineFor(recipe.arch);
  const { stdout: compilerVersion } = await execa(`${machine.kbuild.crossCompile}gcc`, ['-dumpfullversion']);
  return configure(await treeOf(recipe), machine, await fragmentText(recipe.boot), compilerVersion);
}

/** Where the source of a recipe is; a tree that Debian does not have is looked for in the cache. */
export async function treeOf(recipe: KernelRecipe): Promise<string> {
  if (recipe.tree === undefined) return kernelTree(recipe.version);
  const directory = path.join(cacheRoot(), 'trees', recipe.tree);
  if (!existsSync(path.join(directory, 'Makefile')))
    throw new Error(`${recipe.name}: there is no kernel tree ${directory}`);
  return directory;
}

/** Whether a recipe's source is here: that of Debian can always be fetched. */
export const hasTree = ({ tree }: KernelRecipe): boolean =>
  tree === undefined || existsSync(path.join(cacheRoot(), 'trees', tree, 'Makefile'));

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

const fragmentText = async (names: readonly string[]): Promise<string> =>
  (await Promise.all(names.map((name) => readFile(path.join(KERNELS, 'fragments', `${name}.config`), 'utf8')))).join(
    '\n',
  );

/**
 * The path of the `.config` that the tree's `conf` makes of allnoconfig and some lines. The same lines, tree and compiler
 * give the same answer, so it is asked once.
 */
async function configure(tree: string, machine: Machine, wanted: string, compilerVersion: string): Promise<string> {
  const key = shortHash(path.basename(tree), machine.arch, compilerVersion, wanted);
  const directory = await filledOnce(path.join(cacheRoot(), 'lab-config', key), async (work) => {
    const build = await mkdtemp(path.join(os.tmpdir(), 'dmaheap-config-'));
    try {
      const fragment = path.join(build, 'wanted.config');
      await writeFile(fragment, wanted);
      await make(tree, build, machine, [`KCONFIG_ALLCONFIG=${fragment}`, 'allnoconfig']);
      await copyFile(path.join(build, '.config'), path.join(work, 'config'));
    } finally {
      await rm(build, { recursive: true, force: true });
    }
  });
  return path.join(directory, 'config');
}

async function resolveGoals(recipe: KernelRecipe, tree: string, base: string): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'dmaheap-resolve-'));
  const output = path.join(directory, 'fragment.config');
  const where = ['--kernel-tree', tree, '--arch', recipe.arch, '--base-config', base];
  await dmaheap('resolve', ...recipe.goals.map(fromRoot), ...where, '-o', output, '--quiet');
  const fragment = await readFile(output, 'utf8');
  await rm(directory, { recursive: true });
  return fragment;
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
    'make',
    ['-s', '-C', tree, `O=${build}`, `ARCH=${arch}`, `CROSS_COMPILE=${crossCompile}`]
      .concat(`CC=ccache ${crossCompile}gcc`)
      .concat(args),
    { env: { ...REPRODUCIBLE, CCACHE_DIR, CCACHE_BASEDIR: build, CCACHE_NOHASHDIR: '1' }, stdin: 'ignore' },
  );
}
