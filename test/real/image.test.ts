/**
 * `check --rootfs` on root file systems as people have them, with and without what the profile generates: no false alarm,
 * and the reason of every verdict.
 *
 * Debian's are its packages unpacked, with what their maintainer scripts would make and the checks read: /etc/passwd and
 * /etc/group from base-passwd. The scripts themselves do not run: they are of another architecture. Those of BusyBox are
 * made here, in the way of Buildroot and of Alpine, around Debian's busybox-static.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cacheRoot, debianPackage, type Suite } from '../../src/build/fetch/index.js';
import { dmaheap } from '../cli/run.js';

mkdirSync(cacheRoot(), { recursive: true });
// On the file system of the cache: trees are copied by hard links.
const work = mkdtempSync(path.join(cacheRoot(), 'image-trees-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const profile = path.resolve('schemas/examples/qemu-virt-arm64.json');
const out = (file: string) => readFileSync(path.join(work, 'out', file), 'utf8');

const PACKAGES = [
  'base-files',
  'base-passwd',
  'bash',
  'dbus',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-tools',
  'init',
  'kmod',
  'libcamera-ipa',
  'libcamera-tools',
  'libpam-systemd',
  'login',
  'passwd',
  'systemd',
  'udev',
  'weston',
];
/** The head of a program for arm64. */
const ARM64 = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 183, 0]);

const VERIFIER = 'usr/bin/dmaheap-verify';

type Files = Readonly<Record<string, string | Uint8Array>>;
function put(root: string, files: Files): void {
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(root, file);
    mkdirSync(path.dirname(target), { recursive: true });
    // A hard link is to the cache.
    rmSync(target, { force: true });
    writeFileSync(target, content, { mode: file === VERIFIER ? 0o755 : 0o644 });
  }
}

/** What every image of ours has, whatever its init is. */
const common = (): Files => ({ [VERIFIER]: ARM64, 'etc/dmaheap/verify.expect': out('verify/verify.expect') });

let count = 0;
function copyOf(tree: string): string {
  count += 1;
  const name = `tree-${count}`;
  execFileSync('cp', ['-al', tree, path.join(work, name)]);
  return name;
}

async function check(name: string) {
  const { exit, stdout, stderr } = await dmaheap(['check', profile, '--rootfs', name], work);
  const statuses = [...stdout.replace(/\n +/g, ' ').matchAll(/^(pass|warn|FAIL|unknown|not run) +([a-z-]+):/gm)];
  return {
    exit,
    status: Object.fromEntries(statuses.map(([, status, check]) => [check, status])),
    codes: [...new Set([...stderr.matchAll(/(?:error|warning)\[([^\]]+)\]/g)].map(([, code]) => code))].sort(),
    stderr,
  };
}

beforeAll(async () => {
  const { exit } = await dmaheap(['generate', profile, '-o', 'out'], work);
  expect(exit).toBe(0);
});

describe.each<Suite>(['bookworm', 'trixie'])('Debian %s with libcamera, GStreamer and Weston', (suite) => {
  let tree = '';
  const ours = (): Files => ({
    ...common(),
    'etc/udev/rules.d/70-dmaheap.rules': out('udev/70-dmaheap.rules'),
    'usr/lib/sysusers.d/dmaheap.conf': `${out('udev/sysusers.d/dmaheap.conf')}u camera - "Camera"\n`,
    'usr/lib/systemd/system/dmaheap-verify.service': out('verify/dmaheap-verify.service'),
  });
  const image = (...files: Files[]) => {
    const name = copyOf(tree);
    for (const one of files) put(path.join(work, name), one);
    return name;
  };
  beforeAll(async () => {
    const packages = await debianPackage(suite, 'arm64', PACKAGES, { withDependencies: true });
    tree = path.join(work, suite);
    execFileSync('cp', ['-al', packages, tree]);
    const master = (name: string) =>
      readFileSync(path.join(packages, 'usr/share/base-passwd', `${name}.master`), 'utf8');
    put(tree, { 'etc/passwd': master('passwd'), 'etc/group': master('group') });
    for (const program of ['weston', 'cam', 'gst-launch-1.0'])
      expect(existsSync(path.join(tree, 'usr/bin', program))).toBe(true);
  });

  test('as it is: nothing opens the heaps, and the user is not there', async () => {
    const { exit, status, codes, stderr } = await check(image());
    expect([exit, codes]).toEqual([1, ['image/alias', 'image/rule-lost', 'image/user', 'image/verifier']]);
    expect(status).toMatchObject({ 'image-rules': 'FAIL', 'image-accounts': 'FAIL', 'image-scripts': 'pass' });
    expect(stderr).toMatch(/system is root:root 0600, .*\n {2}cause: no line for \S*systemd-udevd sets it/);
    expect(stderr).toContain('the image has no user "camera"');
  });

  test('with our files: everything passes, by our lines', async () => {
    const { exit, status, codes, stderr } = await check(image(ours()));
    expect([exit, codes]).toEqual([0, []]);
    expect(stderr).toMatch(/system: root:video 0660, by \S+70-dmaheap\.rules:\d+/);
    for (const [name, one] of Object.entries(status))
      if (name !== 'image-dtb') expect([name, one]).toEqual([name, 'pass']);
  });

  test('with our files and a service of the user that Debian would ship hardened: the setting is named', async () => {
    const unit = (more: string) => ({
      'usr/lib/systemd/system/camera.service': `[Service]\nUser=camera\nExecStart=/usr/bin/cam -l\nProtectSystem=strict\n${more}`,
    });
    expect(await check(image(ours(), unit('')))).toMatchObject({ exit: 0, codes: [] });
    const { exit, stderr } = await check(image(ours(), unit('PrivateDevices=yes\n')));
    expect([exit, stderr]).toEqual([
      1,
      expect.stringContaining('camera.service has PrivateDevices=yes and does not reach /dev/dma_heap/linux,cma'),
    ]);
  });
});

/** A tree around BusyBox: its applets are links. */
async function busybox(name: string, applets: readonly string[], files: Files): Promise<string> {
  const tree = path.join(work, name);
  const packages = await debianPackage('trixie', 'arm64', 'busybox-static');
  for (const folder of ['bin', 'sbin', 'usr/bin', 'usr/sbin', 'dev', 'proc', 'sys', 'tmp', 'run', 'root', 'etc'])
    mkdirSync(path.join(tree, folder), { recursive: true });
  copyFileSync(path.join(packages, 'usr/bin/busybox'), path.join(tree, 'bin/busybox'));
  for (const applet of applets) symlinkSync('/bin/busybox', path.join(tree, applet));
  put(tree, files);
  return tree;
}

const APPLETS = ['bin/sh', 'bin/ls', 'sbin/init', 'sbin/mdev', 'sbin/getty', 'usr/bin/id'];
const ACCOUNTS: Files = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  'etc/group': 'root:x:0:\ndaemon:x:1:\ntty:x:5:\ndisk:x:6:\naudio:x:29:\nvideo:x:28:\nnobody:x:65534:\n',
};
const WITH_CAMERA: Files = {
  'etc/passwd': `${ACCOUNTS['etc/passwd']}camera:x:1000:1000::/:/bin/false\n`,
  'etc/group': `${String(ACCOUNTS['etc/group']).replace('video:x:28:', 'video:x:28:camera')}camera:x:1000:\n`,
};
const MDEV = `null root:root 666
zero root:root 666
(u)?random root:root 666
console root:tty 600
tty[0-9]* root:tty 660
(mtdblock|mmcblk)[0-9].* root:disk 660
snd/.* root:audio 660
dri/.* root:video 660
fb[0-9]+ root:video 660
`;

const SYSTEMS: readonly (readonly [string, () => Promise<string>, () => Files])[] = [
  [
    "Buildroot's way",
    () =>
      busybox('buildroot', APPLETS, {
        ...ACCOUNTS,
        'etc/os-release': 'NAME=Buildroot\nVERSION=2025.02\nID=buildroot\n',
        'etc/inittab': `::sysinit:/bin/mount -t proc proc /proc
::sysinit:/bin/mkdir -p /dev/pts /dev/shm
::sysinit:/bin/mount -a
::sysinit:/etc/init.d/rcS
console::respawn:/sbin/getty -L console 0 vt100
::shutdown:/etc/init.d/rcK
`,
        'etc/init.d/rcS': '#!/bin/sh\nfor i in /etc/init.d/S??*; do [ -f "$i" ] && "$i" start; done\n',
        'etc/init.d/S10mdev': '#!/bin/sh\ncase "$1" in start) /sbin/mdev -df & mdev -s ;; esac\n',
        'etc/init.d/S40network': '#!/bin/sh\ncase "$1" in start) ifup -a ;; esac\n',
        'etc/mdev.conf': MDEV,
      }),
    () => ({
      ...common(),
      ...WITH_CAMERA,
      'etc/mdev.conf': `${out('udev/mdev.conf')}${MDEV}`,
      'etc/init.d/S99verify': '#!/bin/sh\n[ "$1" = start ] && dmaheap-verify --expect /etc/dmaheap/verify.expect\n',
    }),
  ],
  [
    "Alpine's way",
    () =>
      busybox('alpine', APPLETS, {
        ...ACCOUNTS,
        'etc/alpine-release': '3.22.0\n',
        'etc/inittab': '::sysinit:/sbin/openrc sysinit\n::sysinit:/sbin/openrc boot\n::wait:/sbin/openrc default\n',
        'etc/init.d/mdev': '#!/sbin/openrc-run\ndescription="BusyBox mdev"\nstart() {\n\tmdev -s\n}\n',
        'etc/init.d/devfs': '#!/sbin/openrc-run\nstart() {\n\tmount -t devtmpfs dev /dev\n\tchmod 1777 /dev/shm\n}\n',
        'etc/mdev.conf': `${MDEV}-.* root:root 660 @true\n`,
        'lib/apk/db/installed': '',
      }),
    () => ({
      ...common(),
      ...WITH_CAMERA,
      'etc/mdev.conf': `${out('udev/mdev.conf')}${MDEV}-.* root:root 660 @true\n`,
      'etc/local.d/verify.start': '#!/bin/sh\ndmaheap-verify --expect /etc/dmaheap/verify.expect\n',
    }),
  ],
];

describe.each(SYSTEMS)('BusyBox in %s', (_, make, ours) => {
  let tree = '';
  beforeAll(async () => {
    tree = await make();
  });
  const image = (files: Files = {}) => {
    const name = copyOf(tree);
    put(path.join(work, name), files);
    return name;
  };

  test('as it is: mdev leaves the heaps to root', async () => {
    const { exit, codes, stderr } = await check(image());
    expect([exit, codes]).toEqual([1, ['image/rule-lost', 'image/user', 'image/verifier']]);
    expect(stderr).toMatch(/system is root:root 0660, but the profile states root:video 0660\n {2}cause: .* sets this/);
  });
  test('with our files: everything passes, by our lines', async () => {
    const { exit, codes, stderr } = await check(image(ours()));
    expect([exit, codes]).toEqual([0, []]);
    expect(stderr).toMatch(/system: root:video 0660, by \S+mdev\.conf:\d+/);
  });
  test('with our lines below a catch-all: the line that takes the heaps is named', async () => {
    const { exit, stderr } = await check(
      image({ ...ours(), 'etc/mdev.conf': `${MDEV}.* root:root 600\n${out('udev/mdev.conf')}` }),
    );
    expect([exit, stderr]).toEqual([
      1,
      expect.stringMatching(/mdev\.conf:10:1: error\[image\/rule-lost\]: system is root:root 0600/),
    ]);
  });
});
