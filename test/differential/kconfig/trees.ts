/** The kernel trees of the suites: four versions, four architectures, with probe answers recorded once per machine. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheRoot, debianConfig, kernelTree, shortHash } from '../../../src/build/fetch/index.js';
import { kbuildEnvironment } from '../../../src/cli/kernel/environment.js';
import { loadKernelTree } from '../../../src/cli/kernel/load.js';
import type { KconfigTree, ReadFile } from '../../../src/kconfig/index.js';

export const VERSIONS = ['5.10', '6.1', '6.12', '7.3'] as const;
export const ARCHITECTURES = ['arm64', 'arm', 'riscv64', 'x86_64'] as const;
export type Version = (typeof VERSIONS)[number];
export type Arch = (typeof ARCHITECTURES)[number];

export interface TreeName {
  readonly version: Version;
  readonly arch: Arch;
}

const DEBIAN = { arm64: 'arm64', arm: 'armhf', riscv64: 'riscv64', x86_64: 'amd64' } as const;
/** Debian's configurations that exist; other versions of a kernel get the nearest. */
const DEBIAN_CONFIGS: Readonly<Record<Arch, readonly string[]>> = {
  arm64: ['6.1', '6.12', '7.3'],
  arm: ['6.1', '6.12'],
  riscv64: ['6.12'],
  x86_64: ['6.1', '6.12', '7.3'],
};
export const DEFCONFIG: Readonly<Record<Arch, string>> = {
  arm64: 'defconfig',
  arm: 'multi_v7_defconfig',
  riscv64: 'defconfig',
  x86_64: 'x86_64_defconfig',
};

export interface Subject {
  readonly name: string;
  readonly version: Version;
  readonly arch: Arch;
  /** Top of the tree. */
  readonly directory: string;
  /** A directory of the subject's own, kept between runs. */
  readonly work: string;
  /** What kbuild would export. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly answers: ReadonlyMap<string, string>;
  /** Name of the file with the answers as judge.c reads them. */
  readonly probesFile: string;
  readonly readFile: ReadFile;
  readonly tree: KconfigTree;
  /** In-tree defconfigs, by their path in the tree. */
  readonly defconfigs: readonly string[];
  /** Debian's configurations for the architecture, by version. */
  readonly debianConfigs: readonly { readonly version: string; readonly text: string }[];
}

/** Opens a tree with our engine, running the probes unless they are recorded. */
export async function openSubject({ version, arch }: TreeName): Promise<Subject> {
  const directory = await kernelTree(version);
  const work = path.join(cacheRoot(), 'kconfig-differential', `${version}-${arch}-${shortHash(directory)}`);
  mkdirSync(work, { recursive: true });
  const { value, diagnostics } = await loadKernelTree({
    directory,
    arch,
    probes: { mode: 'run' },
    host: process.env,
    cacheDirectory: work,
  });
  if (!value) throw new Error(`${version} ${arch}: ${diagnostics.map((d) => d.message).join('; ')}`);
  const { tree, readFile } = value;
  const answers = new Map<string, string>();
  for (const [command, answer] of tree.probes) answers.set(command, answer ?? '');
  const probesFile = path.join(work, 'answers');
  writeFileSync(
    probesFile,
    [...answers].map(([command, answer]) => `${command.length}:${answer.length}:${command}${answer}`).join(''),
    'latin1',
  );
  const exported = kbuildEnvironment(directory, arch, process.env)?.variables;
  const environment: Record<string, string | undefined> = { ...exported };
  for (const [name, text] of tree.environment) environment[name] = text;
  const configs = `arch/${value.sourceArch}/configs`;
  const defconfigs = existsSync(path.join(directory, configs))
    ? readdirSync(path.join(directory, configs)).filter((file) => file.endsWith('defconfig'))
    : [];
  const debianConfigs = [];
  for (const debian of DEBIAN_CONFIGS[arch])
    debianConfigs.push({
      version: debian,
      text: readFileSync(await debianConfig(DEBIAN[arch], debian), 'latin1'),
    });
  return {
    name: `${version} ${arch}`,
    version,
    arch,
    directory,
    work,
    environment,
    answers,
    probesFile,
    readFile,
    tree,
    defconfigs: defconfigs.sort().map((file) => `${configs}/${file}`),
    debianConfigs,
  };
}
