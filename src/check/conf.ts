/** The kernel's own merge_config.sh and conf, run outside the user's tree. */

import { lookupOptions } from '../kconfig/option-line.js';
import { sourceArchitecture } from './kconfig-text.js';
import type { CheckContext, KernelConfig, Tools } from './types.js';

const PREFIXES: Readonly<Record<string, readonly string[]>> = {
  arm: ['arm-linux-gnueabihf-', 'arm-linux-gnueabi-'],
  arm64: ['aarch64-linux-gnu-'],
  riscv: ['riscv64-linux-gnu-'],
  x86: ['x86_64-linux-gnu-'],
  x86_64: ['x86_64-linux-gnu-'],
};

/**
 * @returns a function from the text of a fragment to the final .config; conf is built once, in a scratch directory.
 * `kernelTree`, `arch` and `baseConfig` must be given.
 */
export function buildConfig(context: CheckContext): (fragment: string) => Promise<KernelConfig> {
  const prepared = prepare(context);
  return async (fragment) => {
    const { tools } = context;
    const { tree, work, make, foreignCompiler } = await prepared;
    const base = await tools.readText(context.inputs.baseConfig as string);
    if (base === undefined) return { failure: `${context.inputs.baseConfig} does not exist`, output: '' };
    await tools.writeText(`${work}/base`, base);
    await tools.writeText(`${work}/fragment`, `${fragment}\n`);
    await tools.writeText(`${work}/merged/.keep`, '');
    // Only merged by the script: without -m it greps for every symbol of the base, a minute of work, to
    // find what the comparison below finds too.
    const script = `${tree}/scripts/kconfig/merge_config.sh`;
    const merge = await tools.run('sh', [script, '-m', '-O', 'merged', 'base', 'fragment'], {
      directory: work,
      environment: CLEAN,
    });
    if (merge.exitCode !== 0) return { failure: 'merge_config.sh failed', output: last(merge.stderr || merge.stdout) };
    const run = await tools.run('make', [...make, `KCONFIG_ALLCONFIG=${work}/merged/.config`, 'alldefconfig'], {
      directory: work,
      environment: CLEAN,
    });
    const text = run.exitCode === 0 ? await tools.readText(`${work}/build/.config`) : undefined;
    if (text === undefined) return { failure: 'make alldefconfig failed', output: last(run.stderr || run.stdout) };
    // Where our merged copy has the line is of no use to anybody.
    const warnings = lines(run.stderr).map((line) => line.replace(/^.*?:\d+:\s*/, ''));
    return { lines: lookupOptions(text), warnings, foreignCompiler };
  };
}

/** What an outer make or a kernel developer's shell would slip in. */
const CLEAN = {
  CONFIG_: undefined,
  KBUILD_OUTPUT: undefined,
  KCONFIG_CONFIG: undefined,
  MAKEFLAGS: undefined,
  MAKELEVEL: undefined,
  MAKEOVERRIDES: undefined,
};

async function prepare({ tools, inputs }: CheckContext) {
  const arch = inputs.arch as string;
  const work = await tools.scratch();
  const tree = await cleanTree(inputs.kernelTree as string, arch, work, tools);
  const prefix = inputs.crossCompile ?? (await installedPrefix(arch, tools));
  const foreignCompiler =
    prefix === undefined
      ? `no cross compiler for ${arch} is installed; Kconfig used the gcc of this machine`
      : undefined;
  const make = ['-s', '-C', tree, `O=${work}/build`, `ARCH=${arch}`, `CROSS_COMPILE=${prefix ?? ''}`];
  await tools.writeText(`${work}/build/.keep`, '');
  return { tree, work, make, foreignCompiler };
}

async function installedPrefix(arch: string, tools: Tools): Promise<string | undefined> {
  for (const prefix of PREFIXES[arch] ?? []) if ((await tools.which(`${prefix}gcc`)) !== undefined) return prefix;
  return undefined;
}

/**
 * A tree that was built in place refuses `make O=`. dmaheap must not clean it, so the build sees it through
 * symbolic links that leave out what the build in place left behind.
 */
async function cleanTree(tree: string, arch: string, work: string, tools: Tools): Promise<string> {
  const source = sourceArchitecture(arch);
  const left = ['.config', 'include/config', `arch/${source}/include/generated`];
  const built = await Promise.all(left.map((file) => tools.exists(`${tree}/${file}`)));
  if (!built.includes(true)) return tree;
  const farm = `${work}/tree`;
  const script = `
    set -eu
    tree=$1 farm=$2
    link() { # every entry of directory $1 of the tree but those named after it
      dir=$1; shift
      mkdir -p "$farm/$dir"
      for entry in "$tree/$dir"/*; do
        name=\${entry##*/}
        case " $* " in *" $name "*) ;; *) ln -s "$entry" "$farm/$dir/$name" ;; esac
      done
    }
    link . include arch
    link include config generated
    link arch "$3"
    link "arch/$3" include
    link "arch/$3/include" generated
  `;
  await tools.run('sh', ['-c', script, 'link', tree, farm, source]);
  return farm;
}

const lines = (text: string) => text.split('\n').filter((line) => line.trim() !== '');
const last = (text: string) => lines(text).slice(-5).join('\n');
