/** `dmaheap check PROFILE --container`: which device lists bring the heaps in, and for whom. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readContainerFile } from '../../src/image/index.js';
import { SourceText } from '../../src/source/index.js';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-container-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const profile = path.resolve('schemas/examples/qemu-virt-arm64.json');

const put = (file: string, text: string | Uint8Array) => {
  mkdirSync(path.dirname(path.join(work, file)), { recursive: true });
  writeFileSync(path.join(work, file), text);
};
// video is 44 on the host, and 27 in the image of the container.
put('host/etc/group', 'root:x:0:\nvideo:x:44:camera\n');
put('host/etc/passwd', 'root:x:0:0::/:/bin/sh\ncamera:x:200:200::/:/bin/false\n');
put('inside/etc/group', 'root:x:0:\nvideo:x:27:player\n');
put('inside/etc/passwd', 'root:x:0:0::/:/bin/sh\nplayer:x:1000:1000::/:/bin/sh\n');
execaSync('tar', ['-C', path.join(work, 'inside'), '-cf', path.join(work, 'layer.tar'), '.']);
const imageOf = (user: string) => {
  put(`${user}/config.json`, JSON.stringify({ config: { User: user === 'none' ? '' : user } }));
  put(`${user}/manifest.json`, JSON.stringify([{ Config: 'config.json', Layers: ['layer.tar'] }]));
  execaSync('cp', [path.join(work, 'layer.tar'), path.join(work, user, 'layer.tar')]);
  return user;
};

let count = 0;
async function verdict(name: string, text: string, ...more: string[]) {
  count += 1;
  const file = `${count}/${name}`;
  put(file, text);
  const { exit, stdout, stderr } = await dmaheap(['check', profile, '--container', file, ...more], work);
  const status = /^(pass|warn|FAIL|unknown|not run) +container-devices/m.exec(stdout)?.[1];
  return { exit, status, said: stderr };
}
const compose = (service: object) => stringify({ services: { player: { image: 'p', ...service } } });
const HOST = ['--rootfs', 'host'];
const DOLLAR = '$';

const COMPOSE: readonly (readonly [string, object, string, RegExp])[] = [
  ['the directory, as root', { devices: ['/dev/dma_heap:/dev/dma_heap'], user: '0' }, 'pass', /reaches the heap/],
  [
    'the directory in the long form',
    { devices: [{ source: '/dev/dma_heap', target: '/dev/dma_heap', permissions: 'rwm' }], user: 'root' },
    'pass',
    /reaches/,
  ],
  ['the number of the host', { devices: ['/dev/dma_heap'], group_add: ['44'] }, 'pass', /group 44/],
  ['the number as a number', { devices: ['/dev/dma_heap'], group_add: [44] }, 'pass', /group 44/],
  ['user and group by number', { devices: ['/dev/dma_heap'], user: '1000:44' }, 'pass', /1000 is in the group 44/],
  ['privileged', { privileged: true, user: '0' }, 'pass', /privileged/],
  [
    'a mount with a rule for all devices',
    { volumes: ['/dev:/dev'], device_cgroup_rules: ['c *:* rmw'], user: '0' },
    'pass',
    /mounts \/dev/,
  ],
  ['nothing', { user: '0' }, 'FAIL', /nothing brings \/dev\/dma_heap into the container/],
  ['another device', { devices: ['/dev/dri:/dev/dri'], user: '0' }, 'FAIL', /nothing brings/],
  ['another heap', { devices: ['/dev/dma_heap/secure'], user: '0' }, 'FAIL', /has only \/dev\/dma_heap\/secure/],
  ['read-only devices', { devices: ['/dev/dma_heap:/dev/dma_heap:r'], user: '0' }, 'FAIL', /without write access/],
  ['only mknod', { devices: ['/dev/dma_heap:m'], user: '0' }, 'FAIL', /without read access/],
  [
    'another path inside',
    { devices: ['/dev/dma_heap:/dev/heaps'], user: '0' },
    'FAIL',
    /it is at \/dev\/heaps\/\S+ in the container/,
  ],
  [
    'a mount without a rule',
    { volumes: ['/dev/dma_heap:/dev/dma_heap'], user: '0' },
    'FAIL',
    /device controller of the container denies/,
  ],
  [
    'a mount with a rule of one major number',
    {
      volumes: [{ type: 'bind', source: '/dev/dma_heap', target: '/dev/dma_heap' }],
      device_cgroup_rules: ['c 252:* rw'],
      user: '0',
    },
    'unknown',
    /major number 252/,
  ],
  ['a rule without a node', { device_cgroup_rules: ['c *:* rwm'], user: '0' }, 'FAIL', /nothing brings/],
  ['no group', { devices: ['/dev/dma_heap'], user: '1000' }, 'FAIL', /1000 is in no further group/],
  [
    'the number of another group',
    { devices: ['/dev/dma_heap'], user: '1000:27' },
    'FAIL',
    /in the groups 27, and the nodes are of video \(44\)/,
  ],
  [
    'the group by name',
    { devices: ['/dev/dma_heap'], group_add: ['video'] },
    'unknown',
    /video is looked up in the container.*\n.*write the number of the host: 44/,
  ],
  ['a user of the image', { devices: ['/dev/dma_heap'] }, 'unknown', /neither user nor groups/],
  ['not privileged after all', { privileged: false, user: '0' }, 'FAIL', /nothing brings/],
  ['a variable', { devices: [`${DOLLAR}{HEAPS}`], user: '0' }, 'unknown', /variable without a default/],
  ['a variable with a default', { devices: [`${DOLLAR}{HEAPS:-/dev/dma_heap}`], user: '0' }, 'pass', /reaches/],
  ['a device of CDI', { devices: ['vendor.com/heap=all'], user: '0' }, 'unknown', /device of CDI/],
];

describe('a compose file with', () => {
  test.each(COMPOSE)('%s', async (_, service, expected, said) => {
    const got = await verdict('compose.yaml', compose(service), ...HOST);
    expect([got.status, got.said]).toEqual([expected, expect.stringMatching(said)]);
  });
  test('anchors, merge keys and extends', async () => {
    const got = await verdict(
      'compose.yml',
      'x-heaps: &heaps\n  devices: &list\n    - /dev/dma_heap\nservices:\n  base:\n    <<: *heaps\n    user: "0"\n  player:\n    extends: base\n  other:\n    devices: *list\n    user: root\n',
      ...HOST,
    );
    expect(got.status).toBe('pass');
    expect(got.said.match(/reaches the heap system/g)).toHaveLength(3);
  });
  test('services of which none has heaps: each is named, with its line', async () => {
    const { status, said } = await verdict(
      'c.yml',
      stringify({ services: { a: { image: 'x' }, b: { image: 'y' } } }),
      ...HOST,
    );
    expect([status, said]).toEqual([
      'FAIL',
      expect.stringMatching(
        /c\.yml:2:3: error\[container\/device\]: no container of .* is given \/dev\/dma_heap: a, b/,
      ),
    ]);
  });
  test('a service of another file', async () => {
    const { status, said } = await verdict(
      'c.yml',
      compose({ extends: { file: 'x.yml', service: 'y' }, user: '0' }),
      ...HOST,
    );
    expect([status, said]).toEqual(['unknown', expect.stringContaining('extends y of another file')]);
  });

  test.each([
    ['beside services', 'include: [heaps.yml]\nservices:\n  web:\n    image: web\n'],
    ['with a map and a list', 'include:\n  - path: [heaps.yml, more.yml]\nservices:\n  web: {}\n  db: {}\n'],
    ['alone', 'include:\n  - heaps.yml\n'],
  ])('a file that is included is not shown: %s', async (_, text) => {
    const { status, said } = await verdict('c.yml', text, ...HOST);
    expect([status, said]).toEqual(['unknown', expect.stringContaining('it includes heaps.yml')]);
  });
  test('findings name the line of the device', async () => {
    const { said } = await verdict(
      'c.yml',
      compose({ devices: ['/dev/null', '/dev/dma_heap:/dev/dma_heap:r'], user: '0' }),
      ...HOST,
    );
    expect(said).toMatch(/c\.yml:6:9: error\[container\/device\]/);
  });
});

describe('the image of the container', () => {
  const device = compose({ devices: ['/dev/dma_heap'] });
  test.each([
    ['its USER is root', 'none', device, 'pass'],
    ['its USER is not root, and nothing tells the number on the host', 'player', device, 'unknown'],
    [
      'its USER is root and the service has another',
      'none',
      compose({ devices: ['/dev/dma_heap'], user: '12:12' }),
      'unknown',
    ],
  ])('%s', async (_, user, text, expected) => {
    const { status } = await verdict('compose.yaml', text, '--rootfs', imageOf(user));
    expect(status).toBe(expected);
  });
  test('the rules of an image that is not the host are not judged', async () => {
    const { stdout } = await dmaheap(
      ['check', profile, '--rootfs', imageOf('none'), '--container', '1/compose.yaml'],
      work,
    );
    expect(stdout).toMatch(/^not run image-rules/m);
    expect(stdout).not.toMatch(/image-units/);
  });
});

const quadlet = (...lines: string[]) => ['[Container]', 'Image=p', ...lines, ''].join('\n');
const QUADLET: readonly (readonly [string, string, string, RegExp])[] = [
  ['AddDevice=, as root', quadlet('AddDevice=/dev/dma_heap', 'User=0'), 'pass', /reaches/],
  ['AddDevice= with a dash', quadlet('AddDevice=-/dev/dma_heap:/dev/dma_heap:rw', 'User=0'), 'pass', /reaches/],
  ['PodmanArgs=', quadlet('PodmanArgs=--device=/dev/dma_heap --group-add 44'), 'pass', /group 44/],
  ['PodmanArgs= in two words', quadlet('PodmanArgs=--device /dev/dma_heap', 'GroupAdd=44'), 'pass', /group 44/],
  ['PodmanArgs=--privileged', quadlet('PodmanArgs=--privileged', 'User=root'), 'pass', /privileged/],
  ['a list that is taken back', quadlet('AddDevice=/dev/dma_heap', 'AddDevice=', 'User=0'), 'FAIL', /nothing brings/],
  ['a volume', quadlet('Volume=/dev/dma_heap:/dev/dma_heap', 'User=0'), 'FAIL', /device controller/],
  [
    'a user without the group',
    quadlet('AddDevice=/dev/dma_heap', 'User=1000', 'Group=1000'),
    'FAIL',
    /groups 1000, and the nodes are of video \(44\)/,
  ],
  ['user and group by number', quadlet('AddDevice=/dev/dma_heap', 'User=1000', 'Group=44'), 'pass', /group 44/],
  ['a user namespace', quadlet('AddDevice=/dev/dma_heap', 'UserNS=auto'), 'FAIL', /its root is not root of the host/],
  [
    'a user namespace that keeps groups',
    quadlet('AddDevice=/dev/dma_heap', 'UserNS=keep-id', 'GroupAdd=keep-groups'),
    'unknown',
    /keep-groups/,
  ],
  [
    'a closed service',
    `${quadlet('AddDevice=/dev/dma_heap', 'User=0')}[Service]\nDeviceAllow=/dev/null rw\n`,
    'FAIL',
    /its service: the unit has DeviceAllow=/,
  ],
];
describe('a Quadlet unit with', () => {
  test.each(QUADLET)('%s', async (_, text, expected, said) => {
    const got = await verdict('player.container', text, ...HOST);
    expect([got.status, got.said]).toEqual([expected, expect.stringMatching(said)]);
  });
  test('in the image of the host, it is judged unasked, with its drop-ins', async () => {
    const unit = 'etc/containers/systemd/player.container';
    put(`host-with/${unit}`, quadlet('User=0', 'AddDevice=/dev/dma_heap'));
    put('host-with/etc/group', 'root:x:0:\nvideo:x:44:camera\n');
    const run = async () => (await dmaheap(['check', profile, '--rootfs', 'host-with'], work)).stdout;
    expect(await run()).toMatch(/^pass +container-devices/m);
    put(`host-with/${unit}.d/hard.conf`, '[Container]\nAddDevice=\nAddDevice=/dev/dma_heap/secure\n');
    expect(await run()).toMatch(/^FAIL +container-devices/m);
  });
});

const MOUNT = 'lxc.mount.entry = /dev/dma_heap dev/dma_heap none bind,optional,create=dir 0 0\n';
const COMMON = 'lxc.include = /usr/share/lxc/config/common.conf\n';
const LXC: readonly (readonly [string, string, string, RegExp])[] = [
  ['mount and rule', `${COMMON}${MOUNT}lxc.cgroup2.devices.allow = c *:* rwm\n`, 'pass', /reaches/],
  ['mount without a rule', `${COMMON}${MOUNT}`, 'FAIL', /device controller/],
  ['mount, and nothing closes devices', `lxc.uts.name = player\n${MOUNT}`, 'pass', /no rule closes devices/],
  [
    'all denied, and one number allowed',
    `lxc.cgroup2.devices.deny = a\n${MOUNT}lxc.cgroup2.devices.allow = c 250:* rwm\n`,
    'unknown',
    /major number 250/,
  ],
  ['rule without a mount', `${COMMON}lxc.cgroup2.devices.allow = c *:* rwm\n`, 'FAIL', /nothing brings/],
  ['nodev', `${COMMON}${MOUNT.replace('optional', 'nodev')}lxc.cgroup2.devices.allow = a\n`, 'FAIL', /nodev/],
  [
    'a rule of the first controller',
    `${COMMON}${MOUNT}lxc.cgroup.devices.allow = c *:* rwm\n`,
    'FAIL',
    /device controller/,
  ],
  [
    'numbers of its own',
    `lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 100000 65536\n${MOUNT}`,
    'FAIL',
    /video of the node is not mapped/,
  ],
  [
    'the group mapped',
    `lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 100000 44\nlxc.idmap = g 44 44 1\n${MOUNT}`,
    'unknown',
    /number 44 of video is mapped/,
  ],
  [
    'a Proxmox container without rights',
    `arch: arm64\nunprivileged: 1\nlxc.apparmor.profile: unconfined\ndev0: /dev/dma_heap/system,gid=44\n`,
    'FAIL',
    /has only \/dev\/dma_heap\/system|not mapped/,
  ],
];
describe('an LXC configuration with', () => {
  test.each(LXC)('%s', async (_, text, expected, said) => {
    const got = await verdict('config', text, ...HOST);
    expect([got.status, got.said]).toEqual([expected, expect.stringMatching(said)]);
  });
});

describe('a container image as --rootfs without --container', () => {
  const alone = async (rootfs: string, ...more: string[]) => {
    const { exit, stdout, stderr } = await dmaheap(['check', profile, '--rootfs', rootfs, ...more], work);
    return { exit, stderr, rows: stdout, last: stdout.trimEnd().split('\n').at(-1) };
  };
  /** An OCI layout with the files of a folder as its one layer. */
  const layout = (folder: string) => {
    const name = `${folder}.oci`;
    const blob = (bytes: Uint8Array) => {
      const digest = createHash('sha256').update(bytes).digest('hex');
      put(`${name}/blobs/sha256/${digest}`, bytes);
      return { digest: `sha256:${digest}`, size: bytes.length };
    };
    const json = (data: unknown) => blob(Buffer.from(JSON.stringify(data)));
    const tar = execaSync('tar', ['-C', path.join(work, folder), '-c', '.'], { encoding: 'buffer' }).stdout;
    const manifest = json({ schemaVersion: 2, config: json({ config: { User: 'player' } }), layers: [blob(tar)] });
    put(`${name}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
    put(`${name}/index.json`, JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
    return name;
  };

  test.each([
    ['docker save', () => imageOf('player')],
    ['an OCI layout', () => layout('inside')],
  ])('of %s is not judged as a machine', async (_, make) => {
    const got = await alone(make());
    expect(got).toMatchObject({ exit: 0, last: expect.stringMatching(/^UNKNOWN: 0 pass, 2 not run \(.*--container/) });
    expect(got.stderr).toContain('--rootfs is a container image: container-devices was not run without --container');
    expect(got.rows).not.toContain('image-accounts');
    expect(await alone(make(), '--strict')).toMatchObject({ exit: 1 });
  });

  test('BusyBox in it does not make it a machine', async () => {
    put('busybox/sbin/mdev', 'x');
    put('busybox/etc/inittab', '::sysinit:/bin/true\n');
    expect((await alone(layout('busybox'))).rows).toContain('not run container-devices');
  });

  test.each([
    ['a kernel', 'boot/vmlinuz-6.12.0'],
    ['modules', 'usr/lib/modules/6.12.0/modules.dep'],
    ['udevd', 'usr/lib/systemd/systemd-udevd'],
    ['mdev.conf', 'etc/mdev.conf'],
    ['procd', 'sbin/procd'],
  ])('with %s is judged as the machine that it is', async (name, file) => {
    const folder = `machine-${name.replace(' ', '-')}`;
    put(`${folder}/${file}`, 'x');
    put(`${folder}/etc/group`, 'root:x:0:\n');
    put(`${folder}/etc/passwd`, 'root:x:0:0::/:/bin/sh\n');
    const got = await alone(layout(folder));
    expect(got.exit).toBe(1);
    expect(got.rows).toMatch(/^FAIL +image-accounts/m);
  });
});

test('a fix never opens every character device', async () => {
  const { said } = await verdict('config', `${COMMON}${MOUNT}`, ...HOST);
  expect(said).toContain('lxc.cgroup2.devices.allow = c MAJOR:* rw');
  expect(said).toContain('grep dma_heap /proc/devices');
  expect(said).not.toContain('c *:*');
});

test('a file of no kind is refused, with what is meant', async () => {
  for (const text of ['', 'hello\n', '{}', '[Service]\nUser=x\n', '\u0000', 'a: [', 'services: 3\n'])
    expect(await verdict('x', text)).toMatchObject({ exit: 2, said: expect.stringContaining('give compose.yaml') });
});

describe('any file', () => {
  const source = (text: string) => new SourceText('x', text);
  test('is read, or is of no kind', () => {
    const word = fc.constantFrom(
      'services:',
      '  a:',
      '    devices:',
      '      - ',
      '/dev/dma_heap',
      '&x',
      '*x',
      '<<: ',
      '[Container]',
      'AddDevice=',
      'PodmanArgs=--device',
      '\n',
      ' ',
      '\t',
      ':',
      'lxc.idmap = g 0',
      'lxc.include',
      '${',
      '}',
      '"',
      "'",
      '{',
      '[',
      '- ',
      '|',
      '>',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 30 }).map((parts) => parts.join('')),
        ),
        (text) => {
          readContainerFile(source(text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  const devices = fc.array(
    fc.record({
      host: fc.constantFrom(
        '/dev/dma_heap',
        '/dev/dma_heap/',
        '/dev//dma_heap',
        '/dev/dri',
        '/dev/dma_heap/system',
        '/dev/video0',
      ),
      inside: fc.constantFrom(undefined, '/dev/dma_heap', '/dev/x'),
      rights: fc.constantFrom(undefined, 'r', 'w', 'rw', 'rwm', 'm'),
    }),
    { maxLength: 4 },
  );
  const short = ({ host, inside, rights }: { host: string; inside: string | undefined; rights: string | undefined }) =>
    [host, inside, rights].filter((one) => one !== undefined).join(':');
  const grants = (text: string) =>
    readContainerFile(source(text))?.containers[0]?.devices.map(({ host, inside, rights }) => ({
      host,
      inside,
      rights,
    }));
  test('names the same devices in each of its spellings', () => {
    fc.assert(
      fc.property(devices, (list) => {
        const service = (entries: readonly unknown[]) =>
          stringify({ services: { a: { image: 'x', devices: entries } } });
        const plain = grants(service(list.map(short)));
        // JSON is YAML; the long form; AddDevice=; options of podman.
        expect(grants(JSON.stringify({ services: { a: { devices: list.map(short) } } }))).toEqual(plain);
        expect(
          grants(
            service(
              list.map(({ host, inside, rights }) => ({
                source: host,
                ...(inside === undefined ? {} : { target: inside }),
                ...(rights === undefined ? {} : { permissions: rights }),
              })),
            ),
          ),
        ).toEqual(plain);
        expect(grants(quadlet(...list.map((one) => `AddDevice=${short(one)}`)))).toEqual(plain);
        expect(grants(quadlet(`PodmanArgs=${list.map((one) => `--device=${short(one)}`).join(' ')}`))).toEqual(plain);
      }),
      { numRuns: 500 },
    );
  });
});

test('a number that is not known is asked for with the command that prints it', async () => {
  const { said } = await verdict('compose.yaml', compose({ devices: ['/dev/dma_heap'] }));
  expect(said).toMatch(/"?NUMBER"? to group_add:; on the host, getent group video \| cut -d: -f3 prints NUMBER/);
});
