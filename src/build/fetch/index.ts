/**
 * Real inputs for tests: Debian's kernel sources, kernel configurations, device trees and packages of any
 * architecture, unpacked into the cache. Every function gives an absolute path, can be called again and by several
 * processes at once, and does not use the network when the answer is already there.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { type Architecture, PrivateApt, SUITES, type Suite } from './apt.js';
import { cacheRoot, filledOnce, newestIn, shortHash } from './cache.js';

export type { Architecture, Suite } from './apt.js';
export { cacheRoot, filledOnce, shortHash, withLock } from './cache.js';

export interface FetchOptions {
  /** Ask the mirror for a newer version even when one is cached. */
  readonly refresh?: boolean;
}

/** Debian's flavour that runs the most boards of an architecture. */
const FLAVOUR: Readonly<Record<Architecture, string>> = {
  amd64: 'amd64',
  arm64: 'arm64',
  armhf: 'armmp',
  riscv64: 'riscv64',
};

/** The source tree of Debian's kernel X.Y: the directory with the top Makefile. */
export async function kernelTree(version: string, options: FetchOptions = {}): Promise<string> {
  const parent = path.join(cacheRoot(), 'kernel', version);
  const cached = await newestIn(parent);
  if (cached && !options.refresh) return cached;
  const name = `linux-source-${version}`;
  const { apt, found } = await firstSuiteWith('amd64', async (suite) => suite.newestVersion(name), name, options);
  return filledOnce(path.join(parent, found), (work) =>
    withDebs(apt, [`${name}=${found}`], async ([deb = '']) => {
      await pipe(`dpkg --fsys-tarfile "$1" | tar -xO "./usr/src/$2.tar.xz" | tar -xJ --strip-components=1 -C "$3"`, [
        deb,
        name,
        work,
      ]);
    }),
  );
}

/**
 * The directory of DTBs of Debian's kernel for an architecture. `version` is X.Y, X.x (the newest of that major
 * number) or left out (the newest of all).
 */
export async function dtbDirectory(
  architecture: Architecture,
  version = 'newest',
  options: FetchOptions = {},
): Promise<string> {
  const parent = path.join(cacheRoot(), 'dtb', architecture, version);
  const cached = await newestIn(parent);
  if (cached && !options.refresh) return cached;
  const { apt, found } = await kernelImagePackage(architecture, version, options);
  const uname = found.replace('linux-image-', '');
  // For recent kernels they are in a separate package and not in that of the modules.
  const base = `linux-base-${uname}`;
  const isSplit = (await apt.newestVersion(base)) !== undefined;
  const inside = isSplit ? `./usr/lib/modules/${uname}/dtb` : `./usr/lib/${found}`;
  return filledOnce(path.join(parent, found), (work) =>
    withDebs(apt, [isSplit ? base : found], async ([deb = '']) => {
      const depth = `${inside.split('/').length}`;
      await pipe(`dpkg --fsys-tarfile "$1" | tar -x --strip-components="$2" -C "$3" "$4"`, [deb, depth, work, inside]);
      if (!(await dtbFiles(work)).length) throw new Error(`fetch: no DTB in ${path.basename(deb)}`);
    }),
  );
}

/** A kernel as Debian ships it, without its modules. */
export interface DebianKernel {
  /** Of the package, for example `6.12.117+deb12-arm64`. */
  readonly uname: string;
  /** What a boot loader loads: `Image`, perhaps compressed, or `zImage`. */
  readonly image: string;
  /** Its `.config`. */
  readonly config: string;
  readonly dtbs: string;
}

/** Debian's kernel of an architecture's usual flavour. `version` is as for {@link dtbDirectory}. */
export async function debianKernel(
  architecture: Architecture,
  version: string,
  options: FetchOptions = {},
): Promise<DebianKernel> {
  const dtbs = await dtbDirectory(architecture, version, options);
  const uname = path.basename(dtbs).replace('linux-image-', '');
  const directory = await filledOnce(path.join(cacheRoot(), 'debian-kernel', architecture, uname), async (work) => {
    const whole = `linux-image-${uname}`;
    const { apt } = await firstSuiteWith(architecture, (suite) => suite.newestVersion(whole), whole, options);
    // Recent kernels are split: the image and the configuration are in two packages.
    const binary = `linux-binary-${uname}`;
    const isSplit = (await apt.newestVersion(binary)) !== undefined;
    await withDebs(apt, isSplit ? [binary, `linux-base-${uname}`] : [whole], async (debs) => {
      for (const deb of debs)
        await pipe(
          `dpkg --fsys-tarfile "$1" | tar -x -C "$2" --transform='s,.*/,,;s,-.*,,;s,^vmlinu.$,image,' --wildcards './boot/vmlinu*' './boot/config-*' './usr/lib/modules/*/vmlinuz' './usr/lib/modules/*/config' || true`,
          [deb, work],
        );
      const files = await readdir(work);
      if (!files.includes('image') || !files.includes('config')) throw new Error(`fetch: no kernel in ${whole}`);
    });
  });
  return { uname, image: path.join(directory, 'image'), config: path.join(directory, 'config'), dtbs };
}

/** Debian's kernel configuration of an architecture's usual flavour: the path of a `.config`. */
export async function debianConfig(
  architecture: Architecture,
  version: string,
  options: FetchOptions = {},
): Promise<string> {
  const parent = path.join(cacheRoot(), 'config', architecture, version);
  let directory = await newestIn(parent);
  if (!directory || options.refresh) {
    const name = `linux-config-${version}`;
    const { apt, found } = await firstSuiteWith(architecture, (suite) => suite.newestVersion(name), name, options);
    directory = await filledOnce(path.join(parent, found), (work) =>
      withDebs(apt, [`${name}=${found}`], async ([deb = '']) => {
        const file = `config.${architecture}_none_${FLAVOUR[architecture]}.xz`;
        await pipe(`dpkg --fsys-tarfile "$1" | tar -xO "./usr/src/$2/$3" | xz -dc > "$4/config"`, [
          deb,
          name,
          file,
          work,
        ]);
      }),
    );
  }
  return path.join(directory, 'config');
}

/**
 * Packages of another suite or architecture, unpacked together and not installed: the directory is used as `/`.
 * With `withDependencies` everything they depend on lies there too.
 */
export async function debianPackage(
  suite: Suite,
  architecture: Architecture,
  names: string | readonly string[],
  options: FetchOptions & { readonly withDependencies?: boolean } = {},
): Promise<string> {
  const wanted = [names].flat();
  const ask = wanted.length === 1 ? (wanted[0] ?? '') : shortHash(...wanted);
  const parent = path.join(
    cacheRoot(),
    'package',
    `${suite}-${architecture}`,
    options.withDependencies ? `${ask}-with-dependencies` : ask,
  );
  const cached = await newestIn(parent);
  if (cached && !options.refresh) return cached;
  const apt = new PrivateApt(suite, architecture);
  await apt.update(options.refresh ? 0 : 24);
  return withDebs(
    apt,
    wanted,
    (debs) =>
      filledOnce(path.join(parent, shortHash(...debs.map((deb) => path.basename(deb)).sort())), async (work) => {
        for (const deb of debs) await execa('dpkg', ['-x', deb, work]);
      }),
    options.withDependencies,
  );
}

/** The unpacked source of a package, with Debian's patches. */
export async function debianSource(suite: Suite, name: string): Promise<string> {
  const directory = await filledOnce(path.join(cacheRoot(), 'source', suite, name), async (work) => {
    const apt = new PrivateApt(suite, 'amd64');
    await apt.update(24);
    await apt.unpackSource(name, work);
  });
  const entries = await readdir(directory, { withFileTypes: true });
  const found = entries.find((entry) => entry.isDirectory());
  if (!found) throw new Error(`fetch: apt-get unpacked no source of ${name}`);
  return path.join(directory, found.name);
}

/** The kernel image package of the usual flavour, for example `linux-image-6.12.117+deb12-arm64`. */
async function kernelImagePackage(architecture: Architecture, version: string, options: FetchOptions) {
  const numbers = version === 'newest' ? '[0-9]+\\.[0-9]+' : version.replace(/\.x$/, '.[0-9]+').replaceAll('.', '\\.');
  const pattern = `^linux-image-${numbers}[.-][0-9a-z.+-]*[0-9]-${FLAVOUR[architecture]}$`;
  const newest = async (apt: PrivateApt) => {
    const usual = new RegExp(`^linux-image-${numbers}\\.[0-9]+(-[0-9]+|[+.][0-9a-z.+]*)?-${FLAVOUR[architecture]}$`);
    const names = (await apt.names(pattern)).filter((name) => usual.test(name));
    for (const name of names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true })))
      if (await isComplete(apt, name)) return name;
    return undefined;
  };
  // The newest of all is in the newest suite; anything else is in the first one that has it.
  const suites: readonly Suite[] = /^newest$|\.x$/.test(version) ? ['trixie', 'bookworm'] : SUITES;
  return firstSuiteWith(architecture, newest, `a kernel image ${version} for ${architecture}`, options, suites);
}

/** False for what a superseded version left behind on the mirror: an image without its other half. */
async function isComplete(apt: PrivateApt, image: string): Promise<boolean> {
  const base = image.replace('linux-image-', 'linux-base-');
  return !(await apt.dependsOn(image, base)) || (await apt.newestVersion(base)) !== undefined;
}

async function firstSuiteWith(
  architecture: Architecture,
  search: (apt: PrivateApt) => Promise<string | undefined>,
  what: string,
  options: FetchOptions,
  suites: readonly Suite[] = SUITES,
): Promise<{ apt: PrivateApt; found: string }> {
  const failures: string[] = [];
  for (const suite of suites) {
    const apt = new PrivateApt(suite, architecture);
    try {
      await apt.update(options.refresh ? 0 : 24);
    } catch (error) {
      // Not every suite has every architecture; that it is missing everywhere is said below.
      failures.push((error as Error).message);
      continue;
    }
    const found = await search(apt);
    if (found) return { apt, found };
  }
  throw new Error([`fetch: ${what} is in none of ${suites.join(', ')}`, ...failures].join('\n'));
}

async function withDebs<T>(
  apt: PrivateApt,
  packages: readonly string[],
  body: (debs: readonly string[]) => Promise<T>,
  withDependencies = false,
): Promise<T> {
  const parent = path.join(cacheRoot(), 'deb');
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(path.join(parent, 'download-'));
  try {
    return await body(await apt.download(packages, directory, withDependencies));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Runs a pipeline whose every part must succeed; the arguments are the shell's, so nothing is spelled into it. */
const pipe = (script: string, args: readonly string[]) =>
  execa('bash', ['-o', 'pipefail', '-ec', script, 'fetch', ...args]);

/** Every `.dtb` below a directory, relative to it and sorted. */
export async function dtbFiles(directory: string): Promise<readonly string[]> {
  if (!existsSync(directory)) return [];
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => name.endsWith('.dtb')).sort();
}
