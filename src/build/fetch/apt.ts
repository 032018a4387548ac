import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { cacheRoot, withLock } from './cache.js';

/** Debian's release names, in the order in which they are searched for a package. */
export const SUITES = ['bookworm', 'trixie', 'bullseye'] as const;
export type Suite = (typeof SUITES)[number];
/** Debian's architecture names. */
export const ARCHITECTURES = ['amd64', 'arm64', 'armhf', 'riscv64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Where this machine's own apt gets Debian and its security updates from. */
async function mirrors(): Promise<{ main: string; security: string }> {
  const release = await readFile('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1] ?? '';
  const { stdout } = await execa('apt-get', ['update', '--print-uris']);
  const uriOf = (suite: string) =>
    stdout.match(new RegExp(`'([^']+)/dists/${suite}(?:/updates)?/(?:In)?Release'`))?.[1];
  const main = uriOf(codename);
  if (!main) throw new Error(`fetch: apt has no source for ${codename || 'this release'}; a Debian machine is needed`);
  return { main, security: uriOf(`${codename}-security`) ?? main.replace(/\/debian$/, '/debian-security') };
}

/**
 * An apt with its own state, lists and status, for one suite and architecture: it needs no root rights and never
 * touches the system's. The suite's updates, security and backports come with it.
 */
export class PrivateApt {
  readonly suite: Suite;
  readonly architecture: Architecture;
  readonly #root: string;

  constructor(suite: Suite, architecture: Architecture) {
    this.suite = suite;
    this.architecture = architecture;
    this.#root = path.join(cacheRoot(), 'apt', `${suite}-${architecture}`);
  }

  /** Its sources.list; there after {@link update}. */
  get sources(): string {
    return path.join(this.#root, 'sources.list');
  }

  run(command: 'apt-get' | 'apt-cache', args: readonly string[], cwd = this.#root) {
    return execa(command, args, { cwd, env: { APT_CONFIG: path.join(this.#root, 'apt.conf') }, stdin: 'ignore' });
  }

  /** Reads the package lists unless they are there and younger than `maxAgeHours`. */
  async update(maxAgeHours = Number.POSITIVE_INFINITY): Promise<void> {
    const stamp = path.join(this.#root, 'updated');
    await withLock(`${this.#root}.lock`, async () => {
      if (existsSync(stamp) && Date.now() - (await stat(stamp)).mtimeMs < maxAgeHours * 3_600_000) return;
      await this.#configure();
      // A suite without backports (or one gone from the mirror) must not hide the others.
      const { stderr } = await this.run('apt-get', ['update']).catch((error) => error as { stderr: string });
      const lists = await readdir(path.join(this.#root, 'state/lists'));
      if (!lists.some((name) => name.includes('_Packages')))
        throw new Error(`fetch: no package list of ${this.suite} ${this.architecture} could be read\n${stderr}`);
      await writeFile(stamp, '');
    });
  }

  async #configure(): Promise<void> {
    const root = this.#root;
    await mkdir(path.join(root, 'state/lists/partial'), { recursive: true });
    await mkdir(path.join(root, 'cache/archives/partial'), { recursive: true });
    await writeFile(path.join(root, 'status'), '');
    const { main, security } = await mirrors();
    const signed = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
    const sources = [
      ...['', '-updates', '-backports'].map((pocket) => `deb ${signed}${main} ${this.suite}${pocket} main`),
      `deb ${signed}${security} ${this.suite}-security main`,
    ];
    await writeFile(path.join(root, 'sources.list'), `${sources.join('\n')}\n`);
    const settings = {
      'Dir::State': `${root}/state`,
      'Dir::State::status': `${root}/status`,
      'Dir::Cache': `${root}/cache`,
      'Dir::Etc::sourcelist': `${root}/sources.list`,
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::Etc::preferencesparts': '/dev/null',
      'APT::Architecture': this.architecture,
      // As root, apt would drop to a user that cannot write into our cache; signatures are checked all the same.
      'APT::Sandbox::User': 'root',
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";`);
    await writeFile(
      path.join(root, 'apt.conf'),
      `${lines.join('\n')}\nAPT::Architectures { "${this.architecture}"; };\n`,
    );
  }

  /**
   * Unpacks the newest source of a package into a directory. The lists of sources are read only here: they are as large as
   * those of the packages.
   */
  async unpackSource(name: string, directory: string): Promise<void> {
    const root = path.join(this.#root, 'sources');
    await mkdir(path.join(root, 'lists/partial'), { recursive: true });
    const lines = (await readFile(this.sources, 'utf8')).split('\n').filter((line) => !line.includes('-backports'));
    await writeFile(path.join(root, 'sources.list'), lines.join('\n').replaceAll(/^deb /gm, 'deb-src '));
    const where = ['-o', `Dir::Etc::sourcelist=${root}/sources.list`, '-o', `Dir::State::Lists=${root}/lists`];
    await this.run('apt-get', [...where, 'update']);
    await this.run('apt-get', [...where, '--only-source', 'source', name], directory);
  }

  /** Names of packages that match an extended regular expression. */
  async names(pattern: string): Promise<readonly string[]> {
    const { stdout } = await this.run('apt-cache', ['search', '--names-only', pattern]);
    return stdout.split('\n').flatMap((line) => line.split(' ')[0] || []);
  }

  /** The newest version of a package in any pocket of the suite (apt itself prefers not to take backports). */
  async newestVersion(name: string): Promise<string | undefined> {
    const { stdout } = await this.run('apt-cache', ['madison', name]);
    return stdout.split('\n')[0]?.split('|')[1]?.trim();
  }

  /** Whether a package names another one among those it cannot do without. */
  async dependsOn(name: string, other: string): Promise<boolean> {
    const { stdout } = await this.run('apt-cache', ['show', '--no-all-versions', name]);
    return stdout.split('\n').some((line) => line.startsWith('Depends:') && line.includes(`${other} `));
  }

  /** Downloads packages (`name` or `name=version`) into a directory and returns their files. */
  async download(packages: readonly string[], directory: string, withDependencies = false): Promise<readonly string[]> {
    if (withDependencies) {
      await mkdir(path.join(directory, 'partial'), { recursive: true });
      const where = ['-o', `Dir::Cache::archives=${directory}`, '-o', 'Debug::NoLocking=true'];
      await this.run('apt-get', [...where, '-y', '-d', '--no-install-recommends', 'install', ...packages]);
    } else await this.run('apt-get', ['download', ...packages], directory);
    const names = await readdir(directory);
    return names.filter((name) => name.endsWith('.deb')).map((name) => path.join(directory, name));
  }
}
