/** The host tool as a Debian package, and as a tar that unpacks below a prefix. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import packageJson from '../../../package.json' with { type: 'json' };

interface Place {
  readonly root: string;
  readonly out: string;
  readonly version: string;
  /** Seconds since 1970; the time of every file in the packages. */
  readonly epoch: number;
}

/** Where each shell looks for completions below `usr/share`. */
const COMPLETIONS = [
  ['bash', 'bash-completion/completions/dmaheap'],
  ['zsh', 'zsh/vendor-completions/_dmaheap'],
  ['fish', 'fish/vendor_completions.d/dmaheap.fish'],
] as const;

/** Everything below `usr`, as both packages have it. */
function writeTree({ root, version }: Place, top: string): void {
  const put = (to: string, content: string | Buffer, mode = 0o644) => {
    const file = path.join(top, 'usr', to);
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, content);
    chmodSync(file, mode);
  };
  const read = (file: string) => readFileSync(path.join(root, file));
  const program = path.join(root, 'dist/dmaheap.mjs');
  put('lib/dmaheap/dmaheap.mjs', read('dist/dmaheap.mjs'), 0o755);
  put('lib/dmaheap/explorer.html', read('dist/explorer.html'));
  mkdirSync(path.join(top, 'usr/bin'), { recursive: true });
  symlinkSync('../lib/dmaheap/dmaheap.mjs', path.join(top, 'usr/bin/dmaheap'));
  // gzip's header would hold the time; Node writes none.
  for (const page of readdirSync(path.join(root, 'dist/man')))
    put(`share/man/man${page.slice(-1)}/${page}.gz`, gzipSync(read(`dist/man/${page}`), { level: 9 }));
  for (const [shell, to] of COMPLETIONS)
    put(`share/${to}`, execFileSync(process.execPath, [program, 'completion', shell]));
  for (const schema of readdirSync(path.join(root, 'schemas')).filter((name) => name.endsWith('.schema.json')))
    put(`share/dmaheap/schemas/${schema}`, read(`schemas/${schema}`));
  for (const kernel of readdirSync(path.join(root, 'schemas/kernels')))
    put(`lib/dmaheap/kernels/${kernel}`, read(`schemas/kernels/${kernel}`));
  put(
    'share/doc/dmaheap/copyright',
    copyright(read('LICENSE').toString('utf8'), read('dist/THIRD-PARTY-NOTICES').toString('utf8')),
  );
  put('share/doc/dmaheap/changelog.gz', gzipSync(read('CHANGELOG.md'), { level: 9 }));
  put('share/doc/dmaheap/dmaheap.cdx.json', read('dist/dmaheap.cdx.json'));
  put('share/doc/dmaheap/VERSION', `${version}\n`);
}

const copyright = (licence: string, notices: string) => `${licence}\n${'-'.repeat(78)}\n\n${notices}`;

export function writePackages(place: Place): void {
  const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-release-'));
  try {
    const top = path.join(work, 'dmaheap');
    mkdirSync(top, { mode: 0o755 });
    writeTree(place, top);
    writeTar(place, top);
    writeDebian(place, top);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function writeTar({ out, version, epoch }: Place, top: string): void {
  const file = path.join(out, `dmaheap-${version}-noarch.tar.gz`);
  const tar = execFileSync(
    'tar',
    [
      '--sort=name',
      `--mtime=@${epoch}`,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--format=ustar',
      '-cf',
      '-',
      'usr',
    ],
    { cwd: top, maxBuffer: 64 << 20 },
  );
  writeFileSync(file, gzipSync(tar, { level: 9 }));
}

function writeDebian({ out, version }: Place, top: string): void {
  const [lowest = ''] = /\d+\.\d+/.exec(packageJson.engines.node) ?? [];
  mkdirSync(path.join(top, 'DEBIAN'), { mode: 0o755 });
  writeFileSync(
    path.join(top, 'DEBIAN/control'),
    [
      'Package: dmaheap',
      `Version: ${version}`,
      'Architecture: all',
      'Section: embedded',
      'Priority: optional',
      'Maintainer: dmaheap developers <dmaheap@localhost>',
      `Depends: nodejs (>= ${lowest})`,
      'Recommends: device-tree-compiler',
      `Description: ${packageJson.description.split(':')[0]} from one board profile`,
      ` ${packageJson.description}.`,
      '',
    ].join('\n'),
  );
  execFileSync(
    'dpkg-deb',
    ['--build', '--root-owner-group', '-Zxz', top, path.join(out, `dmaheap_${version}_all.deb`)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
}
