/**
 * Roots of Debian 12 that hold the engines (lava-dispatcher, lava-server, labgrid, junitparser, QEMU, and what bitbake asks
 * for), unpacked and not installed, and entered by chroot. Nothing that an engine writes outlives its run, except in /work; it
 * has no network.
 */
import { execa } from 'execa';
import { debianPackage } from '../../src/build/fetch/index.js';

const SYSTEM = [
  ...['base-files', 'bash', 'coreutils', 'cpio', 'dash', 'findutils', 'grep', 'gzip', 'hostname', 'procps', 'sed'],
  ...['sysvinit-utils', 'util-linux', 'xz-utils'],
];
const LAVA = [
  ...SYSTEM,
  ...['lava-dispatcher', 'qemu-system-arm'],
  // A worker that deploys by TFTP has them.
  ...['tftpd-hpa', 'u-boot-tools'],
];
const ROOTS = {
  usual: [...LAVA, 'python3-junitparser', 'python3-labgrid'],
  'lava-server': [...LAVA, 'iproute2', 'lava-server', 'lavacli', 'libc-bin', 'postgresql'],
  bitbake: [
    ...SYSTEM,
    ...['build-essential', 'bzip2', 'chrpath', 'debianutils', 'diffstat', 'diffutils', 'file', 'gawk'],
    ...[
      'git',
      'libc-bin',
      'locales',
      'lz4',
      'perl',
      'python3',
      'python3-distutils',
      'rpcsvc-proto',
      'tar',
      'unzip',
      'wget',
      'zstd',
    ],
    // Its natives.
    ...[
      'bc',
      'bison',
      'device-tree-compiler',
      'dosfstools',
      'e2fsprogs',
      'fdisk',
      'flex',
      'gcc-aarch64-linux-gnu',
      'gcc-arm-linux-gnueabihf',
      'mount',
      'mtools',
      'parted',
      'pseudo',
    ],
  ],
} as const;

/** $1: the root; $2: becomes /work; $3: the script; the others are seen below /trees. */
const ENTER = `mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
cd /mnt/root
mkdir -p work && mount --bind "$2" work
mount -t proc proc proc && mount --rbind /dev dev && mount -t sysfs sysfs sys
echo root:x:0:0::/root:/bin/sh >etc/passwd
echo root:x:0: >etc/group
script=$3
shift 3
for tree; do
  mkdir -p "trees/\${tree##*/}"
  mount --bind "$tree" "trees/\${tree##*/}"
done
exec chroot . sh -ec "cd /work; $script"`;

export interface Said {
  readonly exitCode: number | undefined;
  /** Both outputs. */
  readonly all: string;
}

/** Runs a script among the engines, with `directory` as /work. */
export async function amongEngines(
  directory: string,
  script: string,
  {
    root: name = 'usual',
    seconds = 600,
    trees = [],
  }: { readonly root?: keyof typeof ROOTS; readonly seconds?: number; readonly trees?: readonly string[] } = {},
): Promise<Said> {
  const root = await debianPackage('bookworm', 'amd64', ROOTS[name], { withDependencies: true });
  const namespaces = ['--mount', '--pid', '--fork', '--net', '--kill-child'];
  const { exitCode, all } = await execa(
    'timeout',
    ['-s', 'KILL', `${seconds}`, 'unshare', ...namespaces, 'sh', '-ec', ENTER, 'sh', root, directory, script, ...trees],
    {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      all: true,
    },
  );
  return { exitCode, all: all ?? '' };
}
