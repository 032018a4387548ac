/** `dmaheap check PROFILE --rootfs`: an image as it should be, and the same with one thing wrong at a time. */

import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-image-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const profile = path.resolve('schemas/examples/qemu-virt-arm64.json');

/** The head of a program for arm64. */
const ARM64 = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 183, 0]);

const put = (root: string, file: string, text: string | Uint8Array) => {
  const target = path.join(root, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
  if (typeof text === 'string' && text.startsWith('#!')) chmodSync(target, 0o755);
};

beforeAll(async () => {
  const { exit } = await dmaheap(['generate', profile, '-o', 'out'], work);
  expect(exit).toBe(0);
  const root = path.join(work, 'good');
  put(root, 'etc/group', 'root:x:0:\nvideo:x:44:camera\nrender:x:105:\n');
  put(root, 'etc/passwd', 'root:x:0:0:root:/root:/bin/sh\ncamera:x:200:200::/:/bin/false\n');
  put(
    root,
    'usr/lib/udev/rules.d/50-default.rules',
    'KERNEL=="null|zero", MODE="0666"\nSUBSYSTEM=="tty", GROUP="tty"\n',
  );
  mkdirSync(path.join(root, 'etc/dmaheap'), { recursive: true });
  copyFileSync(path.join(work, 'out/udev/70-dmaheap.rules'), path.join(root, 'usr/lib/udev/rules.d/70-dmaheap.rules'));
  copyFileSync(path.join(work, 'out/verify/verify.expect'), path.join(root, 'etc/dmaheap/verify.expect'));
  put(root, 'usr/bin/dmaheap-verify', ARM64);
  put(root, 'usr/lib/systemd/systemd-udevd', ARM64);
  put(
    root,
    'usr/lib/systemd/system/dmaheap-verify.service',
    "[Service]\nExecStart=/bin/sh -c 'exec /usr/bin/dmaheap-verify --expect /etc/dmaheap/verify.expect >/run/x'\n",
  );
  chmodSync(path.join(root, 'usr/bin/dmaheap-verify'), 0o755);
  put(root, 'etc/init.d/S10null', '#!/bin/sh\nchmod 666 /dev/null\n');
  // As merged systems have it, and as a mask is made.
  symlinkSync('usr/lib', path.join(root, 'lib'));
  symlinkSync('/usr/bin', path.join(root, 'bin'));
  mkdirSync(path.join(root, 'etc/udev/rules.d'), { recursive: true });
  symlinkSync('/dev/null', path.join(root, 'etc/udev/rules.d/60-masked.rules'));
  put(root, 'usr/lib/udev/rules.d/60-masked.rules', 'SUBSYSTEM=="dma_heap", GROUP="disk", MODE="0666"\n');
});

let count = 0;
/** The good image with one change. */
function image(change: (root: string) => void = () => undefined): string {
  count += 1;
  const name = `image-${count}`;
  cpSync(path.join(work, 'good'), path.join(work, name), { recursive: true, verbatimSymlinks: true });
  change(path.join(work, name));
  return name;
}
const check = (rootfs: string, ...more: string[]) => dmaheap(['check', profile, '--rootfs', rootfs, ...more], work);

describe('a good image', () => {
  test('passes, and says by which rule each name is open to whom', async () => {
    const name = image();
    const { exit, stdout, stderr } = await check(name);
    expect(stderr).toMatch(
      /note\[image\/access\]: linux,cma: root:video 0660, by image-1\/usr\/lib\/udev\/rules\.d\/70-dmaheap\.rules:\d+ and/,
    );
    expect(stderr).not.toMatch(/error|warning/);
    expect(stdout.match(/^pass /gm)).toHaveLength(6);
    expect(exit).toBe(0);
  });
  test('passes as a compressed tar file as well, with the same findings', async () => {
    const name = image();
    execaSync('tar', ['-C', path.join(work, name), '-cJf', path.join(work, `${name}.tar.xz`), '.']);
    const [directory, tar] = [await check(name), await check(`${name}.tar.xz`)];
    expect(tar.exit).toBe(0);
    expect(tar.stdout).toBe(directory.stdout);
    expect(tar.stderr).toBe(directory.stderr.replaceAll(`${name}/`, `${name}.tar.xz/`));
  });
  test.each([
    [
      'cpio',
      (from: string, to: string) =>
        execaSync('sh', ['-c', `cd "$1" && find . | cpio --quiet -o -H newc >"$2"`, 'sh', from, to]),
    ],
    ['tar.zst', (from: string, to: string) => execaSync('tar', ['-C', from, '--zstd', '-cf', to, '.'])],
    [
      'ext4',
      (from: string, to: string) =>
        execaSync('sh', ['-c', 'truncate -s 16M "$2" && mkfs.ext4 -q -d "$1" "$2"', 'sh', from, to], {
          env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
        }),
    ],
    [
      'docker',
      (from: string, to: string) => {
        const layers = `${to}.layers`;
        mkdirSync(path.join(layers, 'upper/etc/udev/rules.d'), { recursive: true });
        // The upper layer takes away what the lower one adds.
        writeFileSync(path.join(layers, 'upper/etc/udev/rules.d/.wh.99-open.rules'), '');
        cpSync(from, path.join(layers, 'lower'), { recursive: true, verbatimSymlinks: true });
        put(path.join(layers, 'lower'), 'etc/udev/rules.d/99-open.rules', 'SUBSYSTEM=="dma_heap", MODE="0666"\n');
        for (const layer of ['lower', 'upper'])
          execaSync('tar', ['-C', path.join(layers, layer), '-cf', path.join(layers, `${layer}.tar`), '.']);
        writeFileSync(path.join(layers, 'manifest.json'), JSON.stringify([{ Layers: ['lower.tar', 'upper.tar'] }]));
        execaSync('tar', ['-C', layers, '-cf', to, 'manifest.json', 'lower.tar', 'upper.tar']);
      },
    ],
  ])('passes as %s, with the same findings', async (suffix, pack) => {
    const name = image();
    pack(path.join(work, name), path.join(work, `${name}.${suffix}`));
    const [directory, packed] = [await check(name), await check(`${name}.${suffix}`)];
    expect([packed.exit, packed.stdout]).toEqual([0, directory.stdout]);
    expect(packed.stderr).toBe(directory.stderr.replaceAll(`${name}/`, `${name}.${suffix}/`));
  });
  // The kernel unpacks what follows an archive over what the archive has.
  test.each([
    ['another cpio archive', (later: Buffer) => later],
    ['a compressed cpio archive', (later: Buffer) => gzipSync(later)],
  ])('fails as a cpio archive when %s behind it masks the rule', async (_, pack) => {
    const name = image();
    const mask = path.join(work, `${name}-mask`);
    mkdirSync(path.join(mask, RULES), { recursive: true });
    symlinkSync('/dev/null', path.join(mask, RULES, '70-dmaheap.rules'));
    const archive = (root: string) =>
      execaSync('sh', ['-c', 'find . | cpio --quiet -o -H newc'], { cwd: root, encoding: 'buffer' }).stdout;
    const first = archive(path.join(work, name));
    const write = (suffix: string, more: Uint8Array) => {
      writeFileSync(path.join(work, `${name}.${suffix}`), Buffer.concat([first, more]));
      return check(`${name}.${suffix}`);
    };
    const masked = await write('cpio', pack(Buffer.from(archive(mask))));
    expect(masked.exit).toBe(1);
    expect(masked.stderr).toMatch(/error\[image\/rule-lost\]: system is root:root 0600/);
    expect((await write('padded.cpio', new Uint8Array(1024))).exit).toBe(0);
    const strange = await write('strange.cpio', Buffer.from('0000strange'));
    expect([strange.exit, strange.stderr]).toEqual([
      3,
      expect.stringContaining(`byte ${first.length} begins something that is not another one`),
    ]);
  });
  test('of arm has an expectation that also names what its symbols depend on', async () => {
    const arm = path.resolve('schemas/examples/qemu-virt-arm.json');
    await dmaheap(['generate', arm, '-o', 'arm', '--target', 'verify'], work);
    const generated = readFileSync(path.join(work, 'arm/verify/verify.expect'), 'utf8');
    expect(generated).toContain('config symbol=MMU value=y\n');
    const checked = async (text: string, config?: string) => {
      const name = image((root) => put(root, 'etc/dmaheap/verify.expect', text));
      if (config !== undefined) put(work, `${name}.config`, config);
      const given = config === undefined ? [] : ['--config', `${name}.config`];
      const { stdout, stderr } = await dmaheap(['check', arm, '--rootfs', name, ...given], work);
      return `${/^(.*\S) +image-expectation/m.exec(stdout)?.[1]} ${/error\[image\/expectation\]: (.*)/.exec(stderr)?.[1]}`;
    };
    expect(await checked(generated)).toBe('pass undefined');
    expect(await checked(generated.replace('config symbol=CMA value=y\n', ''))).toBe(
      'FAIL the expectation has no line "config symbol=CMA"',
    );
    expect(await checked(`${generated}heap name=other kind=system\n`)).toBe(
      'FAIL the profile has no "heap name=other"',
    );
    expect(await checked(generated.replace('symbol=MMU value=y', 'symbol=MMU value=n'), 'CONFIG_MMU=y\n')).toMatch(
      /^FAIL neither the profile nor the kernel has MMU=n: /,
    );
    // Only the kernel can say whether a line that the profile does not ask for is one of its dependencies.
    const more = `${generated}config symbol=ARM_LPAE value=y\n`;
    expect(await checked(more)).toBe('unknown undefined');
    expect(await checked(more, 'CONFIG_ARM_LPAE=y\n')).toBe('pass undefined');
    expect(await checked(`${generated}config symbol=ARM_LPAE value=m\n`, 'CONFIG_ARM_LPAE=y\n')).toBe('pass undefined');
    expect(await checked(more, '# CONFIG_ARM_LPAE is not set\n')).toMatch(
      /^FAIL neither the profile nor the kernel has ARM_LPAE=y: image-\d+\.config has ARM_LPAE=n$/,
    );
  });
  test('is reported in the shape of the schema', async () => {
    const { stdout } = await dmaheap(['--format', 'json', 'check', profile, '--rootfs', image()], work);
    const read = (name: string) => JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8'));
    const ajv = new Ajv2020({ strict: true, allErrors: true });
    ajv.addSchema(read('diagnostics'));
    const validate = ajv.compile(read('check'));
    validate(JSON.parse(stdout));
    expect(validate.errors).toBeNull();
  });
});

const RULES = 'usr/lib/udev/rules.d';
const WRONG: readonly (readonly [string, (root: string) => void, RegExp])[] = [
  [
    'a later rule takes the group',
    (root) => put(root, `${RULES}/80-media.rules`, 'SUBSYSTEM=="dma_heap", GROUP="render"\n'),
    /80-media\.rules:1:24: error\[image\/rule-lost\]: linux,cma is root:render 0660, but the profile states root:video 0660/,
  ],
  [
    'an earlier rule fights and loses',
    (root) => put(root, 'etc/udev/rules.d/60-mali.rules', 'SUBSYSTEM=="dma_heap", GROUP="render"\n'),
    /60-mali\.rules:1:24: warning\[image\/rule-fight\]: GROUP="render" for linux,cma is overridden by GROUP="video" in .*70-dmaheap\.rules:\d+/,
  ],
  [
    'our file is shadowed by one of the same name',
    (root) => put(root, 'etc/udev/rules.d/70-dmaheap.rules', '# nothing\n'),
    /error\[image\/rule-lost\]: system is root:root 0600/,
  ],
  [
    'a rule that never matches',
    (root) => put(root, `${RULES}/40-x.rules`, 'KERNEL=="dma_heap/*", GROUP="video"\n'),
    /40-x\.rules:1:1: warning\[folklore\/kernel-with-directory\]/,
  ],
  [
    'a rule that knows half of the names',
    (root) => put(root, `${RULES}/40-x.rules`, 'KERNEL=="linux,cma*", GROUP="video"\n'),
    /40-x\.rules:1:1: warning\[udev\/name-of-one-kernel\]: no rule matches "default_cma_region"(?: or "\w+")* or "reserved"/,
  ],
  [
    'a rule for a heap of another board',
    (root) => put(root, `${RULES}/40-x.rules`, 'SUBSYSTEM=="dma_heap", KERNEL=="secure", GROUP="video"\n'),
    /40-x\.rules:1:24: warning\[image\/never-matches\]: KERNEL=="secure"/,
  ],
  [
    'the group is missing',
    (root) => put(root, 'etc/group', 'root:x:0:\n'),
    /error\[image\/rule-lost\]: .*\n(?:.*\n)*?.*names the group "video", which the image does not have/,
  ],
  [
    'the group is no system group',
    (root) => put(root, 'etc/group', 'root:x:0:\nvideo:x:1044:camera\n'),
    /warning\[image\/group\]: the group "video" has the number 1044/,
  ],
  [
    'the user is no member',
    (root) => put(root, 'etc/group', 'root:x:0:\nvideo:x:44:\n'),
    /error\[image\/user\]: "camera" is not a member of "video"/,
  ],
  [
    'a script makes nodes by hand',
    (root) => put(root, 'etc/init.d/S11heap', '#!/bin/sh\nmknod /dev/dma_heap/system c 10 57\n'),
    /S11heap:2:1: error\[folklore\/mknod\]/,
  ],
  [
    'a script opens the nodes to everybody',
    (root) => put(root, 'etc/rc.local', '#!/bin/sh\nchmod 666 /dev/dma_heap/system\n'),
    /rc\.local:2:1: error\[folklore\/chmod\]/,
  ],
  [
    "a unit of the heaps' user is shut out by a drop-in",
    (root) => {
      put(root, 'usr/lib/systemd/system/cam.service', '[Service]\nUser=camera\nDeviceAllow=/dev/video0 rw\n');
      put(root, 'etc/systemd/system/cam.service.d/hard.conf', '[Service]\nDevicePolicy=closed\n');
    },
    /hard\.conf:2:1: error\[image\/device-policy\]: cam\.service has DevicePolicy=closed and does not reach \/dev\/dma_heap\/linux,cma/,
  ],
  [
    'a drop-in of the slice shuts every service out',
    (root) => {
      put(root, 'usr/lib/systemd/system/cam.service', '[Service]\nUser=camera\n');
      put(root, 'etc/systemd/system/system.slice.d/hard.conf', '[Slice]\nDeviceAllow=/dev/null rw\n');
    },
    /hard\.conf:2:1: error\[image\/device-policy\]: cam\.service has DeviceAllow=\/dev\/null rw/,
  ],
  [
    'Group= takes the place of the primary group',
    (root) => {
      put(root, 'etc/group', 'root:x:0:\nvideo:x:44:\nnogroup:x:65534:\n');
      put(root, 'etc/passwd', 'root:x:0:0::/:/bin/sh\ncamera:x:200:44::/:/bin/false\n');
      put(root, 'etc/systemd/system/cam.service', '[Service]\nUser=camera\nGroup=nogroup\n');
    },
    /cam\.service:3:1: error\[image\/device-policy\]: cam\.service has Group=nogroup, so its processes are not in video/,
  ],
  [
    'a unit waits for a device unit that no rule makes',
    (root) =>
      put(
        root,
        'etc/systemd/system/cam.service',
        '[Unit]\nBindsTo=dev-dma_heap-system.device\n[Service]\nUser=camera\n',
      ),
    /cam\.service:2:1: error\[image\/never-starts\]: cam\.service waits for dev-dma_heap-system\.device/,
  ],
  [
    'a unit starts only with a heap of another board',
    (root) =>
      put(
        root,
        'etc/systemd/system/cam.service',
        '[Unit]\nConditionPathExists=/dev/dma_heap/secure\n[Service]\nUser=camera\n',
      ),
    /cam\.service:2:1: error\[image\/never-starts\]: cam\.service starts only if \/dev\/dma_heap\/secure exists/,
  ],
  [
    'udevd looks up no names',
    (root) => put(root, 'etc/udev/udev.conf', '# x\nresolve_names=never\n'),
    /error\[image\/rule-lost\]: linux,cma is root:root 0660, .*\n {2}cause: with .*udev\.conf:2, udevd does not look up/,
  ],
  [
    'tmpfiles.d closes /dev',
    (root) => put(root, 'etc/tmpfiles.d/x.conf', 'd /dev 0700 root root\n'),
    /x\.conf:1:1: error\[image\/rule-lost\]: \/dev is root:root 0700: the group video cannot reach/,
  ],
  [
    'tmpfiles.d puts a link in the place of the node',
    (root) => put(root, 'etc/tmpfiles.d/x.conf', 'L+ /dev/dma_heap/system - - - - /dev/null\n'),
    /x\.conf:1:1: error\[image\/rule-lost\]: the node \/dev\/dma_heap\/system is removed or replaced/,
  ],
  [
    'fstab mounts over /dev',
    (root) => put(root, 'etc/fstab', '# x\ntmpfs /dev tmpfs mode=0755 0 0\n'),
    /fstab:2:1: error\[image\/mounted-over\]: tmpfs \(tmpfs\) is mounted over \/dev/,
  ],
  [
    'a mount unit that is started lies over the heaps',
    (root) => {
      put(root, 'etc/systemd/system/dev-dma_heap.mount', '[Mount]\nWhat=tmpfs\nWhere=/dev/dma_heap\nType=tmpfs\n');
      mkdirSync(path.join(root, 'etc/systemd/system/local-fs.target.wants'));
      symlinkSync(
        '../dev-dma_heap.mount',
        path.join(root, 'etc/systemd/system/local-fs.target.wants/dev-dma_heap.mount'),
      );
    },
    /dev-dma_heap\.mount:3:1: error\[image\/mounted-over\]/,
  ],
  [
    'a script closes all of /dev',
    (root) => put(root, 'etc/rc.local', '#!/bin/sh\nchmod -R 0600 /dev\n'),
    /rc\.local:2:1: error\[image\/rule-lost\]: linux,cma is root:video 0600 after the scripts of the boot/,
  ],
  [
    'find hands the nodes to chgrp',
    (root) => put(root, 'etc/rc.local', '#!/bin/sh\nfind /dev/dma_heap -type c -exec chgrp render {} +\n'),
    /rc\.local:2:1: error\[image\/rule-lost\]: linux,cma is root:render 0660 after the scripts of the boot/,
  ],
  [
    'a function of a script opens a node',
    (root) =>
      put(
        root,
        'etc/rc.local',
        '#!/bin/sh\nwiden() { # MODE NODE\n  [ -e "/dev/dma_heap/$2" ] || return 0\n  chmod "$1" "/dev/dma_heap/$2"\n}\nwiden 0664 system\n',
      ),
    /rc\.local:6:1: error\[image\/rule-lost\]: system is root:video 0664 after the scripts of the boot/,
  ],
  [
    'a job of cron opens a node',
    (root) => put(root, 'etc/cron.d/x', '@reboot root chmod 664 /dev/dma_heap/system\n'),
    /cron\.d\/x:1:1: error\[image\/rule-lost\]: system is root:video 0664 after the scripts of the boot/,
  ],
  [
    'nothing reads the rules',
    (root) => rmSync(path.join(root, 'usr/lib/systemd/systemd-udevd')),
    /error\[image\/no-manager\]: the image has udev rules but no udevd/,
  ],
  [
    'no device manager, and installing the rules again would not help',
    (root) => rmSync(path.join(root, 'usr/lib/systemd/systemd-udevd')),
    /error\[image\/rule-lost\].*\n {2}cause: the image has no device manager\n {2}fix: install a device manager/,
  ],
  [
    'udevd is masked',
    (root) => {
      mkdirSync(path.join(root, 'etc/systemd/system'), { recursive: true });
      symlinkSync('/dev/null', path.join(root, 'etc/systemd/system/systemd-udevd.service'));
    },
    /error\[image\/no-manager\]: udevd does not handle the heaps: .* masks the daemon/,
  ],
  [
    'there is no verifier',
    (root) => rmSync(path.join(root, 'usr/bin/dmaheap-verify')),
    /warning\[image\/verifier\]: the image has no dmaheap-verify/,
  ],
  [
    'the verifier is for another machine',
    (root) => put(root, 'usr/bin/dmaheap-verify', ARM64.with(18, 62)),
    /error\[image\/verifier-machine\]: \/usr\/bin\/dmaheap-verify is not for arm64/,
  ],
  [
    'the configuration in /boot is of another architecture',
    (root) => put(root, 'boot/config-6.12.0', '# Linux/x86 6.12.0 Kernel Configuration\nCONFIG_DMABUF_HEAPS=y\n'),
    /boot\/config-6\.12\.0:1:1: error\[kernel\/other-architecture\]: it is for x86_64, not for arm64: line 1/,
  ],
  [
    'the configuration in /boot has no heaps',
    (root) =>
      put(root, 'boot/config-6.12.0', '# Linux/arm64 6.12.0 Kernel Configuration\n# CONFIG_DMABUF_HEAPS is not set\n'),
    /boot\/config-6\.12\.0:2:1: error\[config\/missing\]: DMABUF_HEAPS is not set/,
  ],
];

describe('an image where', () => {
  test.each(WRONG)('%s', async (_, change, finding) => {
    const { exit, stderr } = await check(image(change));
    expect(stderr).toMatch(finding);
    expect(exit).toBe(/error/.test(String(finding)) ? 1 : 0);
  });
  test('a check with a warning is no pass: nobody proved that the verifier is there', async () => {
    const { exit, stdout } = await check(
      image((root) => {
        rmSync(path.join(root, 'usr/bin/dmaheap-verify'));
        rmSync(path.join(root, 'etc/dmaheap'), { recursive: true });
      }),
    );
    expect(exit).toBe(0);
    expect(stdout).toContain('warn    image-verifier: ');
    expect(stdout.match(/^pass /gm)).toHaveLength(4);
    expect(stdout).toContain('not run image-expectation: ');
  });
  test('a check that has seen no unit of a user is not run, and says whom it looked for', async () => {
    const { exit, stdout } = await check(
      image((root) => rmSync(path.join(root, 'usr/lib/systemd/system/dmaheap-verify.service'))),
    );
    expect([exit, stdout.replace(/\n +/g, ' ')]).toEqual([
      0,
      expect.stringMatching(
        /^not run image-units: .*: no unit runs as camera, has the group video or starts the verifier$/m,
      ),
    ]);
  });
  test('DeviceAllow= lets the service in', async () => {
    const { exit, stderr } = await check(
      image((root) =>
        put(
          root,
          'etc/systemd/system/cam.service',
          '[Service]\nUser=camera\nDevicePolicy=closed\nDeviceAllow=char-dma_heap rw\n',
        ),
      ),
    );
    expect([exit, stderr]).toEqual([0, expect.not.stringContaining('device-policy')]);
  });
  test('links lead out of it: they are followed inside', async () => {
    const { exit, stderr } = await check(
      image((root) => {
        rmSync(path.join(root, 'etc/group'));
        symlinkSync('/../../../../../../../etc/group', path.join(root, 'etc/group'));
      }),
    );
    expect([exit, stderr]).toEqual([1, expect.stringContaining('has no group "video"')]);
  });
});

test('what a .config says nothing about is not passed', async () => {
  const own = JSON.parse(readFileSync(profile, 'utf8'));
  own.regions['linux,cma'].delivery = 'kconfig';
  writeFileSync(path.join(work, 'kconfig.json'), JSON.stringify(own));
  writeFileSync(path.join(work, 'empty.config'), '');
  writeFileSync(path.join(work, 'zero.config'), 'CONFIG_DMA_CMA=y\nCONFIG_CMA_SIZE_MBYTES=0\n');
  const sizeRow = async (from: string, config: string) => {
    const { exit, stdout } = await dmaheap(['check', from, '--config', config], work);
    expect(exit).toBe(1);
    return stdout.replace(/\n +/g, ' ');
  };
  expect(await sizeRow('kconfig.json', 'empty.config')).toContain(
    'not run config-size: the default area has the stated size (DMA_CMA is not set)',
  );
  expect(await sizeRow(profile, 'zero.config')).toContain(
    'n/a     config-size: the default area has the stated size (not applicable: the device tree states the size)',
  );
});

describe('the DTB of an image', () => {
  const board = (node: string) => `/dts-v1/;
/ {
  #address-cells = <2>; #size-cells = <2>;
  compatible = "linux,dummy-virt";
  memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x20000000>; };
  reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; ${node} };
};
`;
  const dtb = (name: string, node: string) => {
    const file = path.join(work, name);
    execaSync('dtc', ['-q', '-@', '-I', 'dts', '-O', 'dtb', '-o', file, '-'], { input: board(node) });
    return name;
  };
  const area = (size: string, more = 'linux,cma-default;') =>
    `linux,cma { compatible = "shared-dma-pool"; reusable; size = <0 ${size}>; ${more} };`;

  test('has the area', async () => {
    const { exit, stdout, stderr } = await dmaheap(
      ['check', profile, '--dtb', dtb('good.dtb', area('0x4000000'))],
      work,
    );
    expect([exit, stderr]).toEqual([0, 'note[dtb/applied]: Linux 7.3 gets good.dtb\n1 note\n']);
    expect(stdout).toContain('pass    image-dtb');
  });
  test('has it with the overlay only: that is no evidence until something applies the overlay', async () => {
    const bare = ['check', profile, '--dtb', dtb('bare.dtb', '')];
    const { exit, stderr } = await dmaheap(bare, work);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('no given input shows that a boot loader applies it')]);
    execaSync('dtc', ['-q', '-O', 'dtb', '-o', 'own.dtbo', 'out/dt-overlay/dmaheap.dtso'], { cwd: work });
    const applied = await dmaheap([...bare, '--overlay', 'own.dtbo'], work);
    expect([applied.exit, applied.stderr]).toEqual([0, expect.stringContaining('bare.dtb with own.dtbo (--overlay)')]);
  });
  test('has it, and next to nothing beside it', async () => {
    const full = `firmware@40000000 { no-map; reg = <0 0x40000000 0 0x1b000000>; }; ${area('0x4000000')}`;
    const { exit, stdout, stderr } = await dmaheap(['check', profile, '--dtb', dtb('full.dtb', full)], work);
    expect([exit, stderr]).toEqual([
      0,
      expect.stringMatching(/warning\[dtb\/unknown\]: Linux \S+: no-room-for-kernel\n {2}cause: the regions leave/),
    ]);
    expect(stdout).toContain('unknown image-dtb');
  });
  test('has it, and no input states the RAM: check claims no more than place, and names its keys', async () => {
    const own = JSON.parse(readFileSync(profile, 'utf8'));
    delete own.board.memory;
    delete own.board.dtb;
    delete own.inputs;
    writeFileSync(path.join(work, 'no-ram.json'), JSON.stringify(own));
    const text = board(area('0x4000000')).replace(/ *memory@.*\n/, '');
    execaSync('dtc', ['-q', '-O', 'dtb', '-o', path.join(work, 'no-ram.dtb'), '-'], { input: text });
    const args = ['check', 'no-ram.json', '--dtb', 'no-ram.dtb'];
    const { stdout, stderr } = await dmaheap(args, work);
    expect(stdout).toMatch(/^unknown image-dtb[\s\S]*^UNKNOWN: 0 pass, 1 unknown/m);
    expect(stderr).toContain('fix: state it in the profile (board.memory');
    const strict = await dmaheap([...args, '--strict'], work);
    expect(strict.stdout.replace(/\n +/g, ' ')).toMatch(/^FAIL: .*failed by --strict\)$/m);
    // Of the overlay alone nothing else is known either.
    execaSync('dtc', ['-q', '-O', 'dtb', '-o', path.join(work, 'bare-ram.dtb'), '-'], {
      input: text.replace(/linux,cma \{.*\};(?= \})/, ''),
    });
    const bare = await dmaheap(['check', 'no-ram.json', '--dtb', 'bare-ram.dtb'], work);
    expect(bare.stderr).toContain('the tree asks for every area, and whether Linux 7.3 makes them is unknown');
  });
  test('has no room for it beside the initrd that the boot loader names', async () => {
    const file = dtb('initrd.dtb', area('0x4000000'));
    for (const [name, value] of Object.entries({ start: '42000000', end: '60000000' }))
      execaSync('fdtput', ['-p', '-t', 'x', file, '/chosen', `linux,initrd-${name}`, value], { cwd: work });
    const { exit, stderr } = await dmaheap(['check', profile, '--dtb', file], work);
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/error\[dtb\/no-area\]/)]);
  });
  test('lacks it, and the fix is a command that shows why', async () => {
    const { stderr } = await dmaheap(['check', profile, '--dtb', dtb('none.dtb', '')], work);
    const command = /fix: run dmaheap (place .*), which shows/.exec(stderr)?.[1] ?? '';
    expect(command).toContain('--dtb none.dtb --arch arm64 --kernel 7.3');
    const shown = await dmaheap(command.split(' '), work);
    expect([shown.exit, shown.stdout]).toEqual([0, expect.stringContaining('Linux 7.3: ')]);
  });
  test('has it nowhere, for the kernel refuses the node', async () => {
    const beyond = area('0x4000000', 'linux,cma-default; no-map;');
    const { exit, stdout } = await dmaheap(['check', profile, '--dtb', dtb('refused.dtb', beyond)], work);
    expect(stdout).toContain('FAIL    image-dtb');
    expect(exit).toBe(1);
  });
});

describe('a tar file', () => {
  /** The good image as an archive without padding, its bytes, and where its end marker begins. */
  const archive = () => {
    const name = image();
    execaSync('tar', [
      '-b',
      '1',
      '--sort=name',
      '-C',
      path.join(work, name),
      '-cf',
      path.join(work, `${name}.tar`),
      '.',
    ]);
    const bytes = readFileSync(path.join(work, `${name}.tar`));
    return { bytes, end: bytes.length - 1024 };
  };
  const put = (name: string, ...parts: readonly Uint8Array[]) => {
    writeFileSync(path.join(work, name), Buffer.concat(parts));
    return name;
  };
  const zeros = (size: number) => new Uint8Array(size);
  const refusal =
    /^dmaheap: --rootfs \S+: it ends at byte (\d+), after ".+" without the final zero blocks, so members may be missing\n {2}fix: /;

  test('that is cut off before its end is refused, wherever that is, compressed or not', async () => {
    const { bytes, end } = archive();
    const headers = execaSync('tar', ['-tRf', put('whole.tar', bytes)], { cwd: work, env: { LC_ALL: 'C' } }).stdout;
    const starts = [...headers.matchAll(/^block (\d+): /gm)].map(([, block]) => Number(block) * 512);
    expect(starts.at(-1)).toBe(end);
    for (const at of starts.filter((_, i) => i > 0 && (i % 8 === 0 || i > starts.length - 3))) {
      const { exit, stdout, stderr } = await check(put('cut.tar', bytes.subarray(0, at)));
      expect([exit, stdout, refusal.exec(stderr)?.[1]]).toEqual([3, '', String(at)]);
    }
    // Within a member tar itself complains.
    expect((await check(put('cut.tar', bytes.subarray(0, end - 100)))).exit).toBe(3);
    execaSync('xz', ['-kf', path.join(work, put('cut.tar', bytes.subarray(0, end)))]);
    const packed = await check('cut.tar.xz');
    expect([packed.exit, packed.stderr]).toEqual([3, expect.stringMatching(refusal)]);
  });

  test('that is padded, ends with one zero block, or is compressed in parts is whole', async () => {
    const { bytes, end } = archive();
    const whole = [
      put('padded.tar', bytes, zeros(100_000)),
      put('lone.tar', bytes.subarray(0, end + 512)),
      put('checksum.tar', bytes, Buffer.from('d41d8cd98f00b204e9800998ecf8427e  image.tar\n')),
      put('garbage.tar', bytes, zeros(3000).fill(0xa5)),
      put('parts.tar.gz', gzipSync(bytes.subarray(0, 5000)), gzipSync(bytes.subarray(5000)), gzipSync(zeros(3000))),
    ];
    for (const name of whole) {
      const { exit, stderr } = await check(name);
      expect([name, exit, stderr]).toEqual([name, 0, expect.not.stringContaining('--rootfs')]);
    }
  });

  test('with another behind it is refused: tar unpacks the first only; joined by tar it is whole', async () => {
    const { bytes } = archive();
    const more = path.join(work, 'more');
    mkdirSync(path.join(more, 'etc/init.d'), { recursive: true });
    writeFileSync(path.join(more, 'etc/init.d/S99x'), '#!/bin/sh\nchmod 666 /dev/dma_heap/system\n');
    execaSync('tar', ['-C', more, '-cf', path.join(work, 'more.tar'), 'etc/init.d/S99x']);
    const second = readFileSync(path.join(work, 'more.tar'));
    for (const name of [
      put('both.tar', bytes, second),
      put('both.tar.gz', gzipSync(bytes), gzipSync(second)),
      put('lone-both.tar', bytes.subarray(0, -512), second),
    ]) {
      const { exit, stderr } = await check(name);
      expect([exit, stderr]).toEqual([3, expect.stringContaining('another archive follows with "etc/init.d/S99x"')]);
    }
    execaSync('tar', ['-A', '-f', path.join(work, put('joined.tar', bytes)), path.join(work, 'more.tar')]);
    const joined = await check('joined.tar');
    expect([joined.exit, joined.stderr]).toEqual([1, expect.stringContaining('S99x:2:1: error[folklore/chmod]')]);
  });
});

test('what is no image is refused', async () => {
  expect((await check('nowhere')).exit).toBe(3);
  writeFileSync(path.join(work, 'text.tar'), 'no tar\n');
  const { exit, stderr } = await check('text.tar');
  expect([exit, stderr]).toEqual([3, expect.stringContaining('--rootfs text.tar: ')]);
  expect((await dmaheap(['check', profile], work)).exit).toBe(2);
});
