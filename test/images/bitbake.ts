/** bitbake with openembedded-core from trees that the user of the suite puts into the cache, in the root of the engines. */
import { chmodSync, cpSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheRoot } from '../../src/build/fetch/index.js';
import { generate } from '../e2e/product.js';
import { amongEngines } from '../engines/root.js';

/** Yocto's series, and the branch of bitbake that belongs to each. */
export const SERIES = {
  scarthgap: '2.8',
  kirkstone: '2.0',
  styhead: '2.10',
  walnascar: '2.12',
  whinlatter: '2.16',
  wrynose: '2.18',
} as const;
export type Series = keyof typeof SERIES;

/** @param more names of trees beside openembedded-core and bitbake, without their series */
const treesOf = (series: Series, more: readonly string[]): readonly string[] =>
  [`bitbake-${SERIES[series]}`, ...['openembedded-core', ...more].map((name) => `${name}-${series}`)].map((name) =>
    path.join(cacheRoot(), 'trees', name),
  );

/** @returns why a series cannot run here */
export function missingTrees(series: Series, more: readonly string[]): string | undefined {
  const missing = treesOf(series, more).filter((tree) => !existsSync(tree));
  return missing.length === 0 ? undefined : `neither Debian nor npm has it; needs ${missing.join(' ')}`;
}

/** Below `directory`, meta-dmaheap is the layer that an example generates. */
export async function generateLayer(directory: string, example: string, kernel: readonly string[]): Promise<string> {
  const profile = new URL(`../../schemas/examples/${example}.json`, import.meta.url).pathname;
  const generated = await generate(profile, [...kernel, '--target', 'yocto'], path.join(directory, 'generated'));
  const layer = path.join(directory, 'meta-dmaheap');
  cpSync(path.join(generated, 'yocto'), layer, { recursive: true });
  return layer;
}

/** Without a network, and with Debian's programs for what every recipe needs first. */
const CONF = `
BB_NO_NETWORK = "1"
CONNECTIVITY_CHECK_URIS = ""
ASSUME_PROVIDED += "dtc-native kern-tools-native pseudo-native"
FAKEROOTCMD = "/usr/bin/pseudo"
FAKEROOTBASEENV = "PSEUDO_BINDIR=/usr/bin PSEUDO_LIBDIR=/usr/lib/x86_64-linux-gnu/pseudo PSEUDO_PREFIX=/usr PSEUDO_DISABLED=1"
PSEUDO_SYSROOT = ""
INHERIT += "externalsrc"
`;

/** bitbake refuses to be run by root. */
const AS_BUILDER = `ln -s gawk /usr/bin/awk
ln -s which.debianutils /usr/bin/which
localedef -i en_US -f UTF-8 en_US.UTF-8
echo builder:x:1000:1000::/tmp:/bin/sh >>/etc/passwd
echo builder:x:1000: >>/etc/group
if [ -e as-root.sh ]; then . ./as-root.sh; fi
find . -maxdepth 1 -type d -exec chown builder:builder {} +
exec setpriv --reuid builder --regid builder --clear-groups env HOME=/tmp LC_ALL=en_US.UTF-8 bash -e build.sh`;

export interface Build {
  readonly series: Series;
  /** Names of trees beside openembedded-core and bitbake, without their series; they are in /trees. */
  readonly trees: readonly string[];
  /** For local.conf. */
  readonly conf: string;
  /** What BBLAYERS gets. */
  readonly layers: readonly string[];
  /** Commands in the build directory; `run` is bitbake, which prints only errors. */
  readonly script: string;
  /** Commands before it, in /work. */
  readonly asRoot?: string;
  /** Further directories for /trees. */
  readonly more?: readonly string[];
}

/**
 * Runs a build with `directory` as /work.
 * @throws Error with what bitbake printed
 */
export async function bitbake(directory: string, build: Build): Promise<void> {
  const { series, trees, conf, layers, script, asRoot, more = [] } = build;
  writeFileSync(path.join(directory, 'local.conf'), `${CONF}${conf}`);
  writeFileSync(
    path.join(directory, 'build.sh'),
    `set --
. /trees/openembedded-core-${series}/oe-init-build-env build /trees/bitbake-${SERIES[series]} >/dev/null
cat ../local.conf >>conf/local.conf
echo 'BBLAYERS += "${layers.join(' ')}"' >>conf/bblayers.conf
# The server stays for the next command.
export BB_SERVER_TIMEOUT=600
run() { bitbake "$@" >log 2>&1 || { grep -ohE "(ERROR|Exception|dmaheap): .*" log; exit 1; }; }
${script}`,
  );
  if (asRoot !== undefined) writeFileSync(path.join(directory, 'as-root.sh'), asRoot);
  chmodSync(directory, 0o755);
  const given = [...treesOf(series, trees), ...more];
  const { exitCode, all } = await amongEngines(directory, AS_BUILDER, { root: 'bitbake', seconds: 1800, trees: given });
  if (exitCode !== 0) throw new Error(`status ${exitCode}\n${all}`);
}
