/**
 * Containers that Debian's crun and bubblewrap really start, in a guest: without the lines of the target `container` the verifier names
 * what is missing, with them it passes. The lines become a configuration as podman and containerd make it of them.
 */
import { parse } from 'yaml';
import { resolveModel } from '../../src/model/index.js';
import { makePlan } from '../../src/plan/index.js';
import { readProfile } from '../../src/profile/load.js';
import { render } from '../../src/render/index.js';
import { type Board, type Case, SYSTEM } from './board.js';
import { debianPrograms } from './debian-programs.js';

const VIDEO = 44;
const CAM = 1000;

const PROFILE = JSON.stringify({
  version: 1,
  name: 'containers',
  board: { title: 'Containers', arch: 'x86_64', bootLoader: 'other', memory: [{ base: '0x0', size: '512M' }] },
  kernel: { version: '6.12' },
  heaps: { system: { kind: 'system' } },
  access: { system: { group: 'video', gid: VIDEO } },
});

/** The files of the target, by their names. */
function generated(): ReadonlyMap<string, string> {
  const loaded = readProfile('containers.json', () => ({ text: PROFILE }));
  const model = loaded.value && resolveModel(loaded.value, {});
  const plan = model?.value && makePlan(model.value);
  if (plan?.value === undefined)
    throw new Error(
      [loaded, model, plan].flatMap((one) => one?.diagnostics.map(({ message }) => message) ?? []).join('; '),
    );
  const { value = [] } = render(plan.value, { version: 'guest', targets: ['container'] });
  return new Map(value.map((one) => [one.path, one.text]));
}

interface Given {
  /** Path in the container -> node of the host. */
  readonly devices: Readonly<Record<string, string>>;
  readonly groups: readonly number[];
}

const NOTHING: Given = { devices: {}, groups: [] };

function fromCdi(text: string): Given {
  interface Edits {
    readonly additionalGids?: readonly number[];
    readonly deviceNodes: readonly { readonly path: string; readonly hostPath: string }[];
  }
  const { devices } = parse(text) as { readonly devices: readonly { readonly containerEdits: Edits }[] };
  const edits = devices.map(({ containerEdits }) => containerEdits);
  return {
    devices: Object.fromEntries(edits.flatMap(({ deviceNodes }) => deviceNodes.map((one) => [one.path, one.hostPath]))),
    groups: edits.flatMap(({ additionalGids }) => additionalGids ?? []),
  };
}

function fromCompose(text: string): Given {
  const { services } = parse(text) as {
    readonly services: {
      readonly dmaheap: { readonly devices: readonly string[]; readonly group_add: readonly string[] };
    };
  };
  const { devices, group_add: groups } = services.dmaheap;
  return {
    devices: Object.fromEntries(devices.map((one) => one.split(':').toReversed() as [string, string])),
    groups: groups.map(Number),
  };
}

function fromQuadlet(text: string): Given {
  const devices = [...text.matchAll(/^AddDevice=(\S+)$/gm)].map(([, one = '']) => one);
  return {
    devices: Object.fromEntries(devices.map((one) => [one, one])),
    groups: [...text.matchAll(/^PodmanArgs=--group-add=(\d+)$/gm)].map(([, one]) => Number(one)),
  };
}

interface Container {
  readonly given: Given;
  readonly uid: number;
  /** /dev/dma_heap as a volume. */
  readonly volume?: boolean;
  /** The ids of a user namespace. */
  readonly mapped?: { readonly from: number; readonly count: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

const bind = (source: string, destination = source) => ({
  destination,
  source,
  type: 'bind',
  options: ['rbind', 'rprivate'],
});

/** The configuration of a container after the OCI runtime specification; MAJOR and MINOR of a node are put in when the guest runs. */
function configuration({ given, uid, volume, mapped, annotations }: Container): string {
  const capabilities = uid === 0 ? ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_SETUID', 'CAP_SETGID'] : [];
  const nodes = Object.entries(given.devices);
  // In a user namespace a runtime cannot make nodes, so that it mounts those of the host.
  const mounted = mapped === undefined ? [] : nodes.map(([inside, outside]) => bind(outside, inside));
  const ids = mapped && [{ containerID: 0, hostID: mapped.from, size: mapped.count }];
  return JSON.stringify({
    ociVersion: '1.0.2',
    annotations,
    process: {
      user: { uid, gid: uid, additionalGids: given.groups },
      args: ['/bin/dmaheap-verify', '--json', '--no-timing', '--expect', '/etc/verify.expect'],
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities: Object.fromEntries(['bounding', 'effective', 'permitted'].map((set) => [set, capabilities])),
    },
    root: { path: 'rootfs' },
    mounts: [
      mapped === undefined ? { destination: '/proc', type: 'proc', source: 'proc' } : bind('/proc'),
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
      ...['/sys', '/bin', '/etc', '/boot'].map((one) => bind(one)),
      ...(volume ? [bind('/dev/dma_heap')] : []),
      ...mounted,
    ],
    linux: {
      namespaces: [...(mapped === undefined ? ['pid'] : ['user']), 'mount'].map((type) => ({ type })),
      uidMappings: ids,
      gidMappings: ids,
      devices:
        mapped === undefined
          ? nodes.map(([inside, outside]) => ({
              ...{ path: inside, type: 'c', major: `MAJOR ${outside}`, minor: `MINOR ${outside}` },
              ...{ fileMode: 0o660, uid: 0, gid: VIDEO },
            }))
          : [],
      resources:
        mapped !== undefined
          ? undefined
          : {
              devices: [
                { allow: false, access: 'rwm' },
                ...nodes.map(([, outside]) => ({
                  ...{ allow: true, type: 'c', major: `MAJOR ${outside}`, minor: `MINOR ${outside}`, access: 'rw' },
                })),
              ],
            },
    },
  });
}

const SET_UP = `mkdir -p /oci/rootfs /run/crun; : >/oci/rootfs/.dockerenv; cp $EXPECT /etc/verify.expect
for d in proc sys dev bin etc boot; do mkdir -p /oci/rootfs/$d; done
mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null
number() { ls -l $1 | sed -E 's/^.* ([0-9]+), +([0-9]+) .*$/\\'$2'/'; }`;

/** @param as what starts the runtime */
function started(container: Container, as = ''): string {
  const nodes = [...new Set(Object.values(container.given.devices))];
  const numbers = nodes.map(
    (node) => `-e 's#"MAJOR ${node}"#'$(number ${node} 1)'#g; s#"MINOR ${node}"#'$(number ${node} 2)'#g'`,
  );
  const manager = as === '' ? '--cgroup-manager=cgroupfs' : '--cgroup-manager=disabled';
  const run = `crun --root /run/crun ${manager} run --no-pivot --bundle /oci one`;
  return `${SET_UP}
cat >/oci/config.raw <<'@@'
${configuration(container)}
@@
sed ${numbers.join(' ')} -e '' /oci/config.raw >/oci/config.json; chmod -R a+rwX /oci /run/crun
${as === '' ? run : `su -s /bin/sh ${as} -c '${run}'`}; status=$?; echo; echo "@@EXIT $status"; rm -rf /oci /run/crun`;
}

const FILES = generated();
const text = (name: string) => {
  const found = FILES.get([...FILES.keys()].find((file) => file.endsWith(name)) ?? '');
  if (found === undefined) throw new Error(`the target container has no ${name}`);
  return found;
};
const LINES: Readonly<Record<string, Given>> = {
  CDI: fromCdi(text('cdi/dmaheap.yaml')),
  compose: fromCompose(text('dmaheap.compose.yaml')),
  Quadlet: fromQuadlet(text('dmaheap.container.d/dmaheap.conf')),
};
const CDI = LINES['CDI'] ?? NOTHING;
const HEAP_PROVEN = ['heap.node', 'heap.permissions', 'open.read-only', 'alloc.page', 'buffer.zeroed', 'buffer.data'];

/** User namespaces of busybox map one user; the group of the nodes is not among them. */
const inNamespace = (user: string) =>
  `su -s /bin/sh ${user} -c "busybox unshare -r dmaheap-verify --json --no-timing --expect $EXPECT"; status=$?; echo; echo "@@EXIT $status"`;

const NAMESPACES: readonly Case[] = [
  {
    name: 'a user namespace without the group',
    script: inNamespace('guest'),
    exit: 1,
    diagnoses: ['open.read-only GROUP_NOT_MAPPED'],
    also: ['open.read-write GROUP_NOT_MAPPED'],
  },
  {
    name: 'a user namespace of a member of the group',
    script: inNamespace('cam'),
    exit: 4,
    passes: ['heap.node', 'open.read-only', 'alloc.page', 'buffer.data'],
  },
];

/** pivot_root(2) refuses the root of an initramfs, so that bubblewrap runs in a file system of its own. */
const bubblewrap = (
  options: string,
) => `mkdir /system; mount -t tmpfs none /system; mkdir /system/tmp; cp $EXPECT /etc/verify.expect
for kept in bin lib lib64 etc boot dev proc sys; do mkdir /system/$kept; mount --bind /$kept /system/$kept; done
chroot /system bwrap --ro-bind /bin /bin --ro-bind /etc /etc --ro-bind /boot /boot --ro-bind /sys /sys --proc /proc --dev /dev ${options} \\
 /bin/dmaheap-verify --json --no-timing --expect /etc/verify.expect; status=$?; echo; echo "@@EXIT $status"
for kept in bin lib lib64 etc boot dev proc sys; do umount /system/$kept; done; umount /system; rmdir /system`;

const CASES: readonly Case[] = [
  ...NAMESPACES,
  {
    name: 'bubblewrap as Flatpak starts it, without a line',
    script: bubblewrap('--unshare-pid --ro-bind /etc/passwd /.flatpak-info'),
    exit: 1,
    diagnoses: ['heap.support CONTAINER_DEVICE_MISSING'],
    also: ['heap.node CONTAINER_DEVICE_MISSING'],
  },
  {
    name: 'bubblewrap with the nodes',
    script: bubblewrap('--dev-bind /dev/dma_heap /dev/dma_heap'),
    exit: 0,
    passes: HEAP_PROVEN,
  },
  {
    name: 'without a line',
    script: started({ given: NOTHING, uid: 0 }),
    exit: 1,
    diagnoses: ['heap.support CONTAINER_DEVICE_MISSING'],
    also: ['heap.node CONTAINER_DEVICE_MISSING'],
  },
  {
    name: 'with a volume in place of a device',
    script: started({ given: NOTHING, uid: 0, volume: true }),
    exit: 1,
    diagnoses: ['open.read-only CGROUP_DEVICE_DENIED'],
    also: ['open.read-write CGROUP_DEVICE_DENIED', 'open.user CGROUP_DEVICE_DENIED'],
  },
  {
    name: 'with the device, without the group',
    script: started({ given: { ...CDI, groups: [] }, uid: CAM }),
    exit: 1,
    diagnoses: ['open.read-only USER_NOT_IN_GROUP'],
    also: ['open.read-write USER_NOT_IN_GROUP'],
  },
  ...Object.entries(LINES).flatMap(([name, given]) =>
    [0, CAM].map((uid) => ({
      name: `with the lines of ${name}, as ${uid}`,
      script: started({ given, uid }),
      exit: 0,
      passes: HEAP_PROVEN,
    })),
  ),
  {
    name: 'in a user namespace that does not map the group',
    script: started({ given: CDI, uid: 0, mapped: { from: 100000, count: 65536 } }),
    exit: 1,
    diagnoses: ['open.read-only GROUP_NOT_MAPPED'],
    also: ['open.read-write GROUP_NOT_MAPPED', 'open.user GROUP_NOT_MAPPED'],
  },
  {
    name: 'rootless, with the group kept',
    script: started(
      {
        ...{ given: { ...CDI, groups: [] }, uid: 0, mapped: { from: CAM, count: 1 } },
        annotations: { 'run.oci.keep_original_groups': '1' },
      },
      'cam',
    ),
    exit: 4,
    passes: ['heap.node', 'open.read-only', 'alloc.page', 'buffer.data'],
  },
];

export const CONTAINERS: Board = {
  name: 'started containers',
  kernels: ['debian-amd64'],
  long: true,
  memoryMiB: 1024,
  silenceSeconds: 400,
  files: (machine) => debianPrograms(machine, ['crun', 'bubblewrap'], ['usr/bin/crun', 'usr/bin/bwrap']),
  expect: `${SYSTEM}user heap=system name=cam\n`,
  cases: CASES,
};
