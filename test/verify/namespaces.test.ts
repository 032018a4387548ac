/** The verifier in user namespaces of this machine: what a namespace does not map is neither wrong nor right. */
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { buildNative } from '../../src/build/native.js';
import type { VerifyReport } from '../../src/verify/index.js';

/** Device nodes, and the maps of other users' ids, are root's to make. */
const isRoot = process.getuid?.() === 0;
const root = mkdtempSync(path.join(tmpdir(), 'dmaheap-namespaces-'));
afterAll(() => rmSync(root, { recursive: true }));

const VIDEO = 44;
const EXPECTATION = `dmaheap-expect 1
heap name=camera kind=cma mode=0660 owner=root group=video
node heap=camera name=linux,cma
user heap=camera name=cam
`;

/** A board whose heap is /dev/zero by its number: it can be opened, and the rest of a heap is not asked here. */
async function board(): Promise<string> {
  await buildNative();
  const program = path.join(root, 'dmaheap-verify');
  copyFileSync('dist/native/host/dmaheap-verify', program);
  const files = {
    'sys/class/dma_heap/linux,cma/dev': '1:5\n',
    'proc/sys/kernel/osrelease': '6.12.0\n',
    'etc/passwd': 'root:x:0:0::/:/bin/sh\ncam:x:1000:1000::/:/bin/sh\n',
    'etc/group': 'root:x:0:\nvideo:x:44:cam\ncam:x:1000:\n',
    'verify.expect': EXPECTATION,
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  const node = path.join(root, 'dev/dma_heap/linux,cma');
  mkdirSync(path.dirname(node), { recursive: true });
  await execa('mknod', [node, 'c', '1', '5']);
  chmodSync(node, 0o660);
  chownSync(node, 0, VIDEO);
  chmodSync(root, 0o755);
  return program;
}

interface Identity {
  readonly uid: number;
  readonly groups?: readonly number[];
}

interface Namespace {
  /** Who starts it; root, if not given. */
  readonly by?: Identity;
  /** Lines of uid_map and gid_map; as `unshare --map-root-user` writes them, if not given. */
  readonly users?: string;
  readonly groups?: string;
}

/** The namespace is made first and its maps are written by root from outside, as newuidmap does; the verifier then enters it. */
const MAPPED = `unshare -U sleep 60 & inside=$!
until [ "$(readlink /proc/$inside/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.02; done
printf '%b' "$USERS" > /proc/$inside/uid_map && printf '%b' "$GROUPS_MAP" > /proc/$inside/gid_map
nsenter -U -t $inside -S 0 -G 0 "$@"; status=$?
kill $inside; exit $status`;

async function verifyIn(program: string, { by, users, groups }: Namespace): Promise<VerifyReport> {
  const verify = [program, '--root', root, '--expect', path.join(root, 'verify.expect'), '--json', '--no-timing'];
  const as =
    by === undefined
      ? []
      : [
          'setpriv',
          `--reuid=${by.uid}`,
          `--regid=${by.uid}`,
          by.groups === undefined ? '--clear-groups' : `--groups=${by.groups.join(',')}`,
        ];
  const [command = '', ...args] =
    users === undefined ? [...as, 'unshare', '-Ur', ...verify] : ['sh', '-c', MAPPED, 'sh', ...verify];
  const env = { USERS: users, GROUPS_MAP: groups };
  const { stdout } = await execa(command, args, { reject: false, env, timeout: 60_000 });
  return JSON.parse(stdout) as VerifyReport;
}

const RANGE = '0 100000 65536\n';
const WITH_VIDEO = '0 100000 44\n44 44 1\n45 100045 65491\n';
const ALL = '0 0 4294967295\n';

const CASES: readonly (readonly [string, Namespace, Readonly<Record<string, string>>])[] = [
  [
    'of root, --map-root-user',
    {},
    { 'dev.directory': 'pass', 'heap.permissions': 'unknown', 'open.read-only': 'pass', 'open.user': 'unknown' },
  ],
  [
    'of a user outside the group, --map-root-user',
    { by: { uid: 1001 } },
    {
      'dev.directory': 'unknown',
      'heap.permissions': 'unknown',
      'open.read-only': 'fail GROUP_NOT_MAPPED',
      'open.user': 'unknown',
    },
  ],
  [
    'of a member whose group is kept',
    { by: { uid: 1000, groups: [VIDEO] } },
    { 'heap.permissions': 'unknown', 'open.read-only': 'pass', 'open.user': 'unknown' },
  ],
  [
    'with a range of ids',
    { users: RANGE, groups: RANGE },
    {
      'dev.directory': 'unknown',
      'heap.permissions': 'unknown',
      'open.read-only': 'fail GROUP_NOT_MAPPED',
      'open.user': 'fail GROUP_NOT_MAPPED',
    },
  ],
  [
    'that maps the group beside a range',
    { users: RANGE, groups: WITH_VIDEO },
    // The mode lets the user in, and /dev/zero is not a heap.
    {
      'heap.permissions': 'unknown',
      'open.read-only': 'fail GROUP_NOT_MAPPED',
      'open.user': 'fail ABI_DEVIATION',
    },
  ],
  [
    'that maps every id',
    { users: ALL, groups: ALL },
    { 'dev.directory': 'pass', 'heap.permissions': 'pass', 'open.read-only': 'pass' },
  ],
];

describe.runIf(isRoot)('a user namespace', async () => {
  const program = isRoot ? await board() : '';

  test.each(CASES)('%s', async (_name, namespace, wanted) => {
    const { results } = await verifyIn(program, namespace);
    const seen = results.map(({ id, status, diagnosis }) => [id, [status, diagnosis].join(' ').trim()]);
    expect(Object.fromEntries(seen)).toMatchObject(wanted);
    const fix = results.find(({ diagnosis }) => diagnosis === 'GROUP_NOT_MAPPED')?.fix;
    if (fix !== undefined) expect(fix).toMatch(/keep-groups.*userns.*SupplementaryGroups.*idmap/);
  });
});
