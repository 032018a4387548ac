/** Builds the release twice, in two checkouts, and looks at its files. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import type { Bill } from '../../src/build/notices.js';
import { sha256Of } from '../../src/build/release/provenance.js';
import { noticesIn } from '../../src/cli/notices.js';
import { VERSION } from '../../src/cli/version.js';

export interface Release {
  readonly directory: string;
  /** Sorted. */
  readonly files: readonly string[];
}

const run = (command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) =>
  execa(command, args, { cwd, env, all: true, stdin: 'ignore' });

/** A clone with the dependencies that are here; npm ci would fetch the same ones. */
async function checkout(directory: string, umask: string): Promise<void> {
  mkdirSync(path.dirname(directory), { recursive: true });
  const script = 'umask "$1"; git clone --quiet "$2" "$3"';
  await run('sh', ['-c', script, 'sh', umask, process.cwd(), directory], '/');
  try {
    execFileSync('cp', ['-al', 'node_modules', path.join(directory, 'node_modules')], { stdio: 'ignore' });
  } catch {
    cpSync('node_modules', path.join(directory, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  }
}

/** @returns the release of the first checkout, after each file was compared with that of the second */
export async function buildReleases(work: string): Promise<Release> {
  const { stdout: epoch } = await run('git', ['log', '-1', '--format=%ct'], process.cwd());
  // What must not matter: where, by whom, in which language and time zone, and how files are made.
  const places = [
    { directory: path.join(work, 'one'), umask: '022', env: { TZ: 'UTC', LC_ALL: 'C', HOME: work } },
    {
      directory: path.join(work, 'a longer place', 'two'),
      umask: '077',
      env: { TZ: 'Asia/Kathmandu', LC_ALL: 'C.UTF-8', HOME: path.join(work, 'home') },
    },
  ];
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(process.env['HOME'] ?? '', '.cache');
  for (const { directory, umask, env } of places) {
    await checkout(directory, umask);
    const script = `umask ${umask}; npm run --silent build && npm run --silent release -- -o "$1"`;
    const environment = { ...env, XDG_CACHE_HOME: cache, SOURCE_DATE_EPOCH: epoch };
    await run('sh', ['-c', script, 'sh', path.join(directory, 'out/release')], directory, environment);
  }
  const [one = '', two = ''] = places.map(({ directory }) => path.join(directory, 'out/release'));
  const files = readdirSync(one).sort();
  assert.deepEqual(readdirSync(two).sort(), files);
  const differing = files.filter((name) => sha256Of(path.join(one, name)) !== sha256Of(path.join(two, name)));
  assert.deepEqual(differing, []);
  return { directory: one, files };
}

export function testFiles({ directory, files }: Release): void {
  const at = (name: string) => path.join(directory, name);
  assert.deepEqual(
    files,
    [
      'SHA256SUMS',
      'THIRD-PARTY-NOTICES',
      `dmaheap-${VERSION}-noarch.tar.gz`,
      `dmaheap-${VERSION}.cdx.json`,
      `dmaheap-${VERSION}.intoto.json`,
      `dmaheap-${VERSION}.mjs`,
      `dmaheap-${VERSION}.tgz`,
      `dmaheap-explorer-${VERSION}.html`,
      ...['aarch64', 'armhf', 'riscv64', 'x86_64'].map((arch) => `dmaheap-verify-${VERSION}-${arch}`),
      `dmaheap_${VERSION}_all.deb`,
    ].sort(),
  );
  execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: directory });
  const listed = readFileSync(at('SHA256SUMS'), 'utf8').match(/\S+$/gm);
  const provenance = JSON.parse(readFileSync(at(`dmaheap-${VERSION}.intoto.json`), 'utf8'));
  const subjects = provenance.subject.map(({ name }: { name: string }) => name);
  // What cannot list itself: the sums, and the statement about what the sums list.
  const unlisted = ['SHA256SUMS', `dmaheap-${VERSION}.intoto.json`];
  assert.deepEqual([...(listed ?? []), ...unlisted].sort(), files);
  assert.deepEqual(subjects, listed);

  const notices = readFileSync(at('THIRD-PARTY-NOTICES'), 'utf8');
  const bill = JSON.parse(readFileSync(at(`dmaheap-${VERSION}.cdx.json`), 'utf8')) as Bill;
  const names = (bill.components ?? []).map(({ group, name }) => (group === undefined ? name : `${group}/${name}`));
  for (const name of names) assert.match(notices, new RegExp(`^(?:${name} |.* is linked with ${name}\\.)`, 'm'), name);
  assert.ok(names.includes('musl') && names.includes('handlebars'), 'the bill lists musl and handlebars');
  const inside = noticesIn(readFileSync(at(`dmaheap-${VERSION}.mjs`), 'utf8')) ?? '';
  assert.ok(inside.length > 1000 && notices.startsWith(inside.trimEnd()), 'the one file carries the notices');
  const tar = execFileSync('tar', ['-tzf', at(`dmaheap-${VERSION}-noarch.tar.gz`)], { encoding: 'utf8' });
  for (const file of ['usr/bin/dmaheap', 'usr/share/man/man1/dmaheap.1.gz', 'usr/share/doc/dmaheap/copyright'])
    assert.ok(tar.includes(`${file}\n`), file);

  for (const name of files.filter((one) => one.startsWith('dmaheap-verify-'))) {
    const { size, mode } = statSync(at(name));
    assert.ok(size < 100_000, `${name} has ${size} bytes`);
    assert.equal(mode & 0o777, 0o755, name);
  }
}
