/** `dmaheap check PROFILE --rootfs`, of what an image does only in part: what counts must be found, what does not must pass. */
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-gate-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const PROFILE = path.resolve('schemas/examples/qemu-virt-arm64.json');
const RULES = 'etc/udev/rules.d/99-z.rules';
const TMPFILES = 'etc/tmpfiles.d/x.conf';
const UNIT = 'etc/systemd/system/cam.service';
const SCRIPT = 'etc/init.d/S10heaps';
const OPEN = 'chown root:video /dev/dma_heap/*\nchmod 660 /dev/dma_heap/*\n';
const HEAPS = 'SUBSYSTEM=="dma_heap"';

interface Change {
  /** Text by path; a text that begins with "-> " makes a link. */
  readonly put?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  readonly modes?: Readonly<Record<string, number>>;
}

function put(root: string, file: string, text: string) {
  const target = path.join(root, file);
  mkdirSync(path.dirname(target), { recursive: true });
  rmSync(target, { force: true });
  if (text.startsWith('-> ')) symlinkSync(text.slice(3), target);
  else writeFileSync(target, text);
}

const GROUPS = 'root:x:0:\nvideo:x:44:camera\naudio:x:63:\n';
const USERS = 'root:x:0:0:root:/root:/bin/sh\ncamera:x:200:200::/:/bin/false\n';

beforeAll(async () => {
  expect((await dmaheap(['generate', PROFILE, '-o', 'out'], work)).exit).toBe(0);
  const root = path.join(work, 'good');
  put(root, 'etc/group', GROUPS);
  put(root, 'etc/passwd', USERS);
  put(root, 'usr/lib/systemd/systemd-udevd', 'x');
  put(root, 'usr/lib/udev/rules.d/10-none.rules', '# nothing\n');
  copyFileSync(path.join(work, 'out/udev/70-dmaheap.rules'), path.join(root, 'usr/lib/udev/rules.d/70-dmaheap.rules'));
});

let count = 0;
async function checked({ put: files = {}, remove = [], modes = {} }: Change) {
  count += 1;
  const name = `image-${count}`;
  const root = path.join(work, name);
  cpSync(path.join(work, 'good'), root, { recursive: true, verbatimSymlinks: true });
  for (const file of remove) rmSync(path.join(root, file), { recursive: true });
  for (const [file, text] of Object.entries(files)) put(root, file, text);
  for (const [file, mode] of Object.entries(modes)) chmodSync(path.join(root, file), mode);
  return dmaheap(['check', PROFILE, '--rootfs', name], work);
}

const one = (file: string, text: string): Change => ({ put: { [file]: text } });
const unit = (service: string, more = ''): Change =>
  one(UNIT, `${more}[Service]\nUser=camera\nExecStart=/usr/bin/cam\n${service}\n`);
/** Only a script gives access. */
const byScript = (text: string, mode = 0o755, more: Readonly<Record<string, string>> = {}): Change => ({
  put: { ...more, [SCRIPT]: `#!/bin/sh\n${text}` },
  remove: ['usr/lib/systemd', 'usr/lib/udev'],
  modes: { [SCRIPT]: mode },
});
const byMdev = (line: string): Change => ({
  put: { 'sbin/mdev': 'x', 'etc/mdev.conf': `${line}\n` },
  remove: ['usr/lib/systemd', 'usr/lib/udev'],
});
const noGroup = (file: string, text: string, more: Readonly<Record<string, string>> = {}): Change => ({
  put: { 'etc/group': 'root:x:0:\n', [file]: text, ...more },
});
const SYSUSERS = 'g video 44\nm camera video\n';

describe('a fault is found:', () => {
  test.each<[string, Change, RegExp]>([
    [
      'a rule behind a comment that ends with a backslash',
      one(RULES, `# comment \\\n${HEAPS}, MODE="0600"\n`),
      /rule-lost\]: linux,cma is root:video 0600/,
    ],
    [
      'a rule with a comment between its lines',
      one(RULES, `${HEAPS}, \\\n# comment\n  MODE="0600"\n`),
      /rule-lost\]: linux,cma is root:video 0600/,
    ],
    [
      'a rule that goes on in the next line, with the line ends of another system',
      one(RULES, `${HEAPS}, \\\r\n  MODE="0600"\r\n`),
      /rule-lost\]: linux,cma is root:video 0600/,
    ],
    ['others in an access list', one(TMPFILES, 'a+ /dev/dma_heap/system - - - - o::rw\n'), /system is root:video 0666/],
    [
      'the mask of an access list',
      one(TMPFILES, 'a+ /dev/dma_heap/system - - - - m::r\n'),
      /system is root:video 0640 after systemd-tmpfiles/,
    ],
    [
      'an access list that gives a user of the profile less',
      one(TMPFILES, 'a+ /dev/dma_heap/linux,cma - - - - u:camera:r\n'),
      /user camera cannot open linux,cma for reading and writing/,
    ],
    [
      'an access list for another group',
      one(TMPFILES, 'A+ /dev/dma_heap - - - - g:audio:w\n'),
      /linux,cma is open to group audio/,
    ],
    [
      'a node of tmpfiles.d that is there: its mode is set',
      one(TMPFILES, 'c /dev/dma_heap/system 0666 root root - 10:9\n'),
      /system is root:root 0666/,
    ],
    [
      'accounts that a masked unit does not make',
      noGroup('usr/lib/sysusers.d/x.conf', SYSUSERS, { 'etc/systemd/system/systemd-sysusers.service': '-> /dev/null' }),
      /image\/group\]: the image has no group "video"/,
    ],
    [
      'accounts that no program makes',
      {
        ...noGroup('usr/lib/sysusers.d/x.conf', SYSUSERS, { 'sbin/udevd': 'x' }),
        remove: ['usr/lib/systemd'],
      },
      /image\/group\]: the image has no group "video"/,
    ],
    [
      'a condition that the board does not meet',
      unit('', '[Unit]\nConditionPathExists=!/dev/dma_heap/system\n'),
      /never-starts\]: cam\.service starts only if \/dev\/dma_heap\/system does not exist/,
    ],
    [
      'conditions of which one is enough, and none is met',
      unit('', '[Unit]\nConditionPathExists=|/dev/dma_heap/a\nConditionPathExists=| /dev/dma_heap/b\n'),
      /never-starts\]: cam\.service starts only if \/dev\/dma_heap\/a exists/,
    ],
    [
      'a pattern that no heap matches',
      unit('', '[Unit]\nAssertPathExistsGlob=/dev/dma_heap/secure*\n'),
      /never-starts\]/,
    ],
    ['a call that a list denies', unit('SystemCallFilter=~ioctl:EPERM'), /filter does not permit ioctl/],
    ['a call that no list has', unit('SystemCallFilter=@basic-io @file-system openat'), /filter does not permit ioctl/],
    [
      'ProtectClock= of a systemd that then closes all devices',
      { put: { ...unit('ProtectClock=yes').put, 'usr/lib/systemd/libsystemd-shared-249.so': 'x' } },
      /ProtectClock=yes closes every device/,
    ],
    [
      'a dynamic user without the group',
      {
        put: {
          'etc/passwd': 'root:x:0:0::/:/bin/sh\n',
          'etc/group': 'root:x:0:\nvideo:x:44:\n',
          ...unit('DynamicUser=yes').put,
        },
      },
      /"camera" is not a member of "video"\n {2}fix: write SupplementaryGroups=video/,
    ],
    ['mdev: a point between user and group', byMdev('dma_heap/.* root.video 660'), /rule-lost\]/],
    ['commands in a here-document', byScript(`cat <<-'END' >/tmp/x\n${OPEN}\tEND\n`), /rule-lost\]/],
    ['a script without permission to execute', byScript(OPEN, 0o644), /is not executable, so nothing starts it/],
    [
      'a script that a unit hands to a shell',
      {
        put: {
          'opt/heaps': 'chmod 0640 /dev/dma_heap/system\n',
          'etc/systemd/system/heaps.service': '[Service]\nExecStart=/bin/sh /opt/heaps\n',
        },
      },
      /system is root:video 0640 after the scripts/,
    ],
    [
      'a script that RUN= starts',
      {
        put: {
          'usr/lib/udev/heap.sh': '#!/bin/sh\nchmod 640 "$DEVNAME"; chgrp audio /dev/dma_heap/$1\n',
          [RULES]: `${HEAPS}, RUN+="heap.sh %k"\n`,
        },
        modes: { 'usr/lib/udev/heap.sh': 0o755 },
      },
      /linux,cma is root:audio 0640/,
    ],
    [
      'a script that works in the directory',
      {
        put: { [SCRIPT]: '#!/bin/sh\ncd /dev/dma_heap && chmod 640 system\ncd /\nchmod 600 system\n' },
        modes: { [SCRIPT]: 0o755 },
      },
      /system is root:video 0640 after the scripts/,
    ],
    [
      'a script that removes a node',
      { put: { [SCRIPT]: '#!/bin/sh\nrm -f /dev/dma_heap/sys*\n' }, modes: { [SCRIPT]: 0o755 } },
      /the node \/dev\/dma_heap\/system is removed or replaced after the scripts/,
    ],
    [
      'a script that mounts over the nodes',
      { put: { [SCRIPT]: '#!/bin/sh\nmount -t tmpfs none /dev/dma_heap\n' }, modes: { [SCRIPT]: 0o755 } },
      /mounted-over\]: "mount -t tmpfs none \/dev\/dma_heap" is mounted over/,
    ],
    [
      'nodev for /dev',
      one('etc/fstab', 'devtmpfs /dev devtmpfs nosuid,nodev 0 0\n'),
      /mounted-over\]: \/dev is mounted with nodev/,
    ],
    [
      'an expectation with the line ends of another system',
      one('etc/dmaheap/verify.expect', 'dmaheap-expect 1\r\n'),
      /image\/expectation\]: the first line is "dmaheap-expect 1\\r"/,
    ],
    [
      'a kernel that makes no nodes, with udev',
      one(
        'boot/config-6.12.5',
        '# Linux/arm64 6.12.5 Kernel Configuration\nCONFIG_ARM64=y\n# CONFIG_DEVTMPFS is not set\n',
      ),
      /no-devtmpfs\]: DEVTMPFS is not set/,
    ],
    [
      'a kernel of another release',
      one('usr/lib/modules/5.4.0-1/modules.dep', ''),
      /other-release\]: the kernel of the image is Linux 5\.4/,
    ],
  ])('%s', async (_, change, finding) => {
    const { exit, stderr } = await checked(change);
    expect(stderr).toMatch(finding);
    expect(exit).toBe(1);
  });
});

describe('no fault is:', () => {
  test.each<[string, Change]>([
    ['a rule that the file ends in the middle of', one(RULES, `${HEAPS}, MODE="0666" \\\n`)],
    ['a rule that udev ignores', one(RULES, `${HEAPS}, MODE=0666\n${HEAPS}, MODE="rw"\n`)],
    [
      'what /run of the image has',
      {
        put: {
          'run/udev/rules.d/70-dmaheap.rules': '-> /dev/null',
          'run/systemd/system/cam.service.d/x.conf': '[Service]\nPrivateDevices=yes\n',
          ...unit('').put,
        },
      },
    ],
    [
      'an access list that the profile states',
      one(TMPFILES, 'a+ /dev/dma_heap/linux,cma - - - - u:camera:rw,g:video:rw\n'),
    ],
    ['an access list for new files', one(TMPFILES, 'a+ /dev/dma_heap - - - - d:u:0:rw,default:g:audio:rw\n')],
    ['a node of tmpfiles.d that is there', one(TMPFILES, 'c+ /dev/dma_heap/system 0660 root video - 10:9\n')],
    [
      'a line of tmpfiles.d that no program reads',
      { put: { [TMPFILES]: 'z /dev/dma_heap/* 0666\n', 'sbin/udevd': 'x' }, remove: ['usr/lib/systemd'] },
    ],
    ['accounts that systemd makes', noGroup('usr/lib/sysusers.d/x.conf', SYSUSERS)],
    [
      'a setting in the section of another type',
      unit('', 'PrivateDevices=yes\n[Unit]\nDeviceAllow=/dev/null rw\n[Socket]\nDevicePolicy=closed\n'),
    ],
    ['a condition that is taken back', unit('', '[Unit]\nConditionPathExists=/dev/dma_heap/a\nConditionPathExists=\n')],
    [
      'conditions of which one is met',
      unit('', '[Unit]\nConditionPathExists=|/dev/dma_heap/a\nConditionPathExists=|/dev/dma_heap/system\n'),
    ],
    ['a filter with the call', unit('SystemCallFilter=@system-service\nSystemCallFilter=~@privileged')],
    ['a filter that takes a denial back', unit('SystemCallFilter=~ioctl mount\nSystemCallFilter=ioctl')],
    [
      'ProtectClock= of another systemd',
      { put: { ...unit('ProtectClock=yes').put, 'usr/lib/systemd/libsystemd-shared-257.so': 'x' } },
    ],
    [
      'a dynamic user with the group',
      {
        put: {
          'etc/passwd': 'root:x:0:0::/:/bin/sh\n',
          'etc/group': 'root:x:0:\nvideo:x:44:\n',
          ...unit('DynamicUser=yes\nSupplementaryGroups=video').put,
        },
      },
    ],
    ['mdev: numbers', byMdev('dma_heap/.* 0:44 660')],
    ['a here-document for a shell', byScript(`sh <<END\n${OPEN}END\n`)],
    ['a script that init reads', { ...byScript(''), put: { 'etc/init.d/heaps.sh': OPEN }, modes: {} }],
    ['the mode of the directory', byScript(`${OPEN}chmod 755 /dev/dma_heap\n`)],
    [
      'what a script does to stop',
      {
        put: { [SCRIPT]: '#!/bin/sh\ncase $1 in\n  stop) rm -f /dev/dma_heap/*; chmod 600 /dev/dma_heap/* ;;\nesac\n' },
        modes: { [SCRIPT]: 0o755 },
      },
    ],
    [
      'a function of a script and a setting of a unit that stop',
      {
        put: {
          [SCRIPT]: '#!/bin/sh\nstop() {\n  rm -f /dev/dma_heap/system\n}\n[ "$1" != stop ] || stop\n',
          'etc/systemd/system/x.service':
            '[Service]\nExecStart=/bin/true\nExecStop=/bin/chmod 600 /dev/dma_heap/system\n',
        },
        modes: { [SCRIPT]: 0o755 },
      },
    ],
    ['devtmpfs in fstab', one('etc/fstab', 'devtmpfs /dev devtmpfs nosuid,mode=0755 0 0\n')],
    ['a second kernel', { put: { 'usr/lib/modules/5.4.0-1/x': '', 'usr/lib/modules/6.12.9-v8+/x': '' } }],
  ])('%s', async (_, change) => {
    const { exit, stdout, stderr } = await checked(change);
    expect(`${stdout}${stderr}`).not.toMatch(/error\[|FAIL|unknown/);
    expect(exit).toBe(0);
  });
});

describe('nothing is claimed of', () => {
  const title = (stdout: string, status: string) => stdout.replace(/\n +/g, ' ').includes(status);
  test.each<[string, Change, string]>([
    ['a service under a profile', unit('AppArmorProfile=cam'), 'unknown image-units'],
    [
      'a program with a profile',
      {
        put: {
          ...unit('').put,
          'etc/apparmor.d/cam': 'profile cam /usr/bin/c{am,ut} flags=(attach_disconnected) {\n}\n',
        },
      },
      'unknown image-units',
    ],
    [
      'two configurations of kernels of the profile',
      {
        put: {
          'boot/config-6.12.5': '# Linux/arm64 6.12.5 Kernel Configuration\nCONFIG_CMA=y\n',
          'boot/config-6.6.9': '# Linux/arm64 6.6.9 Kernel Configuration\nCONFIG_CMA=y\n',
        },
      },
      'not run config-goals: every symbol that the board needs has its value (the image has ',
    ],
  ])('%s', async (_, change, row) => {
    const { exit, stdout } = await checked(change);
    expect([exit, title(stdout, row)]).toEqual([0, true]);
  });
});
