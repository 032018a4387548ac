/**
 * `npm run release -- [-o DIR] [--sign KEY]`: every file of a release, from a built checkout. Two runs on one commit write
 * the same bytes: times come from SOURCE_DATE_EPOCH, or from the commit.
 * Exit status: 0 written, 2 usage, 3 a tool is missing or the checkout is not clean.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import packageJson from '../../../package.json' with { type: 'json' };
import { VERSION } from '../../cli/version.js';
import { debianPackage } from '../fetch/index.js';
import { buildStaticFor, CROSS_TARGETS, staticProgram } from '../native.js';
import { writePackages } from './packages.js';
import { sha256Of, statement } from './provenance.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const { values } = parseArgs({
  options: {
    output: { type: 'string', short: 'o', default: 'out/release' },
    sign: { type: 'string' },
  },
});

const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

/** A release says from which commit it is; files that no commit has would make that untrue. */
function requireClean(): void {
  const changed = git('status', '--porcelain');
  if (changed === '') return;
  throw new Error(`the checkout has changes that are not committed:\n${changed}\n  fix: commit or remove them`);
}

/** The verifiers contain musl, whose licence asks for its notice. */
async function musl(): Promise<{ readonly notice: string; readonly version: string }> {
  const root = await debianPackage('trixie', 'arm64', 'musl-dev');
  const documents = path.join(root, 'usr/share/doc/musl-dev');
  const text = readFileSync(path.join(documents, 'copyright'), 'utf8');
  const changes = gunzipSync(readFileSync(path.join(documents, 'changelog.Debian.gz'))).toString('utf8');
  const [, version] = /^musl \((\S+)\)/.exec(changes) ?? [];
  if (version === undefined) throw new Error('the version of musl-dev is not in its changelog');
  return { notice: `dmaheap-verify is linked with musl. Debian's record of musl's licences:\n\n${text}`, version };
}

/** The bill of the bundle, and what the verifiers contain besides. */
function wholeBill(version: string): string {
  const bill = JSON.parse(readFileSync(path.join(ROOT, 'dist/dmaheap.cdx.json'), 'utf8'));
  const component = {
    type: 'library',
    name: 'musl',
    version,
    'bom-ref': `pkg:deb/debian/musl@${version}`,
    purl: `pkg:deb/debian/musl@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
  };
  return `${JSON.stringify({ ...bill, components: [...(bill.components ?? []), component] }, null, 2)}\n`;
}

async function main(): Promise<void> {
  requireClean();
  const epoch = Number(process.env['SOURCE_DATE_EPOCH'] ?? git('log', '-1', '--format=%ct'));
  process.env['SOURCE_DATE_EPOCH'] = String(epoch);
  const out = path.resolve(values.output);
  rmSync(out, { recursive: true, force: true });
  // The packages are the same under every umask.
  process.umask(0o022);
  mkdirSync(out, { recursive: true });
  const put = (from: string, name: string, mode = 0o644) => {
    copyFileSync(path.join(ROOT, from), path.join(out, name));
    chmodSync(path.join(out, name), mode);
  };

  for (const { arch } of CROSS_TARGETS) await buildStaticFor(arch);
  put('dist/dmaheap.mjs', `dmaheap-${VERSION}.mjs`, 0o755);
  put('dist/explorer.html', `dmaheap-explorer-${VERSION}.html`);
  const { notice, version } = await musl();
  writeFileSync(path.join(out, `dmaheap-${VERSION}.cdx.json`), wholeBill(version));
  for (const { name } of CROSS_TARGETS) put(staticProgram(name), `dmaheap-verify-${VERSION}-${name}`, 0o755);
  const notices = readFileSync(path.join(ROOT, 'dist/THIRD-PARTY-NOTICES'), 'utf8');
  writeFileSync(path.join(out, 'THIRD-PARTY-NOTICES'), `${notices}\n${'-'.repeat(78)}\n\n${notice}`);
  // npm keeps the modes that a checkout and a build have under the umask of their user.
  const packed = packageJson.files.filter((name) => !name.startsWith('!'));
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', ...packed, 'package.json', 'README.md', 'LICENSE'], { cwd: ROOT });
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', out], { cwd: ROOT });
  writePackages({ root: ROOT, out, version: VERSION, epoch });

  const files = readdirSync(out).sort();
  const sums = files.map((name) => ({ name, sha256: sha256Of(path.join(out, name)) }));
  writeFileSync(path.join(out, 'SHA256SUMS'), sums.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''));
  const provenance = statement({
    subjects: sums,
    version: VERSION,
    commit: git('rev-parse', 'HEAD'),
    lockSha256: sha256Of(path.join(ROOT, 'package-lock.json')),
    epoch,
  });
  writeFileSync(path.join(out, `dmaheap-${VERSION}.intoto.json`), `${JSON.stringify(provenance, null, 2)}\n`);
  if (values.sign !== undefined)
    for (const name of ['SHA256SUMS', `dmaheap-${VERSION}.intoto.json`])
      execFileSync('ssh-keygen', ['-Y', 'sign', '-q', '-n', 'file', '-f', values.sign, path.join(out, name)]);
  for (const name of readdirSync(out).sort()) console.log(path.join(values.output, name));
}

await main().catch((error: Error) => {
  process.exitCode = 3;
  console.error(`release: ${error.message}`);
});
