/**
 * A bare Debian 13 made of Debian's own packages, each unpacked and then installed by the tree's own dpkg, with the real
 * nodejs. `dpkg -i` of the release's package must find its dependencies there.
 */
import { strict as assert } from 'node:assert';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { PrivateApt } from '../../src/build/fetch/apt.js';
import { cacheRoot, filledOnce } from '../../src/build/fetch/index.js';
import { VERSION } from '../../src/cli/version.js';
import type { Release } from './reproduce.js';

/** What apt would not find missing, because every Debian has it. */
const ESSENTIAL = [
  ...['base-files', 'base-passwd', 'bash', 'bsdutils', 'coreutils', 'dash', 'debianutils', 'diffutils', 'dpkg'],
  ...['findutils', 'grep', 'gzip', 'hostname', 'init-system-helpers', 'libc-bin', 'ncurses-bin', 'perl-base'],
  ...['sed', 'sysvinit-utils', 'tar', 'util-linux'],
];
const WANTED = ['nodejs', 'man-db', 'bash-completion'];

const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

/** Runs a script in the tree, with /proc and without network. */
const inside = (root: string, script: string) =>
  execa(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--net',
      'sh',
      '-c',
      'mkdir -p "$1/dev/shm" && mount -t proc proc "$1/proc" && mount -t tmpfs shm "$1/dev/shm" && exec chroot "$1" sh -ec "$2"',
      'sh',
      root,
      script,
    ],
    { env: ENVIRONMENT, extendEnv: false, stdin: 'ignore', all: true },
  );

/** The judge of licences: every file says whose it is and under what, as https://reuse.software specifies. */
export async function testLicences(work: string): Promise<void> {
  const root = path.join(work, 'reuse');
  await execa('cp', ['-a', await bareDebian(), root]);
  const store = path.join(root, 'debs');
  mkdirSync(store);
  for (const deb of await new PrivateApt('trixie', 'amd64').download(['reuse', 'git'], store, true))
    await execa('dpkg-deb', ['--extract', deb, root]);
  await execa('git', ['clone', '--quiet', '--depth', '1', `file://${process.cwd()}`, path.join(root, 'sources')]);
  const { all } = await inside(
    root,
    '[ -c /dev/urandom ] || mknod -m 666 /dev/urandom c 1 9; cd /sources; HOME=/tmp git config --global --add safe.directory /sources; HOME=/tmp reuse lint',
  );
  assert.match(all ?? '', /is compliant with/);
  assert.doesNotMatch(all ?? '', /ERROR/);
}

async function bareDebian(): Promise<string> {
  return filledOnce(path.join(cacheRoot(), 'root', 'trixie-amd64-node'), async (root) => {
    const apt = new PrivateApt('trixie', 'amd64');
    await apt.update(24);
    const store = path.join(root, 'debs');
    mkdirSync(store);
    const debs = await apt.download([...ESSENTIAL, ...WANTED], store, true);
    // base-files brings /bin and its like, which are links, so it comes first.
    const isFirst = (deb: string) => path.basename(deb).startsWith('base-files_');
    for (const deb of [...debs].sort((a, b) => Number(isFirst(b)) - Number(isFirst(a))))
      await execa('dpkg-deb', ['--extract', deb, root]);
    mkdirSync(path.join(root, 'var/lib/dpkg'), { recursive: true });
    for (const file of ['status', 'available']) writeFileSync(path.join(root, 'var/lib/dpkg', file), '');
    await inside(
      root,
      `[ -c /dev/null ] || mknod -m 666 /dev/null c 1 3
       dpkg --force-depends --install /debs/base-files_*.deb /debs/base-passwd_*.deb
       dpkg --force-depends --unpack /debs/*.deb
       dpkg --configure --pending`,
    );
    await execa('rm', ['-rf', store]);
  });
}

export async function testDebianPackage({ directory }: Release, work: string): Promise<void> {
  assert.equal(process.getuid?.(), 0, 'a tree of another Debian is entered by chroot, which only root may do');
  const root = path.join(work, 'trixie');
  await execa('cp', ['-a', await bareDebian(), root]);
  const name = `dmaheap_${VERSION}_all.deb`;
  copyFileSync(path.join(directory, name), path.join(root, name));
  copyFileSync('schemas/examples/am625-sk.json', path.join(root, 'board.json'));
  const said = async (script: string) => (await inside(root, script)).all ?? '';

  assert.equal(await said('dpkg --audit'), '', 'the tree is whole before');
  await said(`dpkg -i /${name}`);
  assert.equal(await said('dpkg --audit'), '');
  assert.match(await said('dpkg -s dmaheap'), /^Status: install ok installed$/m);
  assert.equal(await said('dpkg -V dmaheap'), '');
  assert.equal(await said('dmaheap --version'), VERSION);
  assert.match(await said('dmaheap validate /board.json'), /^board\.json: good\nPASS: /);
  assert.match(await said('cd /tmp && dmaheap explore 2>&1'), /^wrote explorer\.html/);
  assert.match(await said('dmaheap kernel rockchip-5.10'), /cma-uncached/);
  await said('dmaheap generate /board.json -o /tmp/out --kernel 6.12');
  for (const page of ['1 dmaheap', '5 dmaheap-profile', '8 dmaheap-verify']) {
    assert.match(await said(`man -w ${page}`), /\/usr\/share\/man\/man[158]\/dmaheap/);
    assert.match(await said(`man ${page}`), /^NAME$/m);
  }
  const completions = await said(
    "bash -c '. /usr/share/bash-completion/bash_completion; _comp_load dmaheap || __load_completion dmaheap; complete -p dmaheap'",
  );
  assert.match(completions, /^complete .* dmaheap$/m);
  for (const file of [
    'zsh/vendor-completions/_dmaheap',
    'fish/vendor_completions.d/dmaheap.fish',
    'doc/dmaheap/copyright',
  ])
    await said(`test -s /usr/share/${file}`);
  await said('dpkg --purge dmaheap');
  assert.equal(
    // man keeps the pages that it has shown; its own timer removes them. A user's cache belongs to the user.
    await said(
      'find / -xdev -name "*dmaheap*" -not -path "/proc/*" -not -path "/tmp/*" -not -path "/root/.cache/*" -not -path "/var/cache/man/cat*" -not -name "*.deb"',
    ),
    '',
  );
  assert.ok(readdirSync(root).includes('board.json'));
}
