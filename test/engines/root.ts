/**
 * Roots of Debian 12 that hold the engines (lava-dispatcher, lava-server, labgrid, junitparser, QEMU), unpacked and not
 * installed, and entered by chroot. Nothing that an engine writes outlives its run, except in /work; it has no network.
 */
import { execa } from 'execa';
import { debianPackage } from '../../src/build/fetch/index.js';

const SYSTEM = [
  ...['base-files', 'bash', 'coreutils', 'cpio', 'dash', 'findutils', 'grep', 'gzip', 'hostname', 'procps', 'sed'],
  ...['sysvinit-utils', 'util-linux', 'xz-utils', 'lava-dispatcher', 'qemu-system-arm'],
  // A worker that deploys by TFTP has them.
  ...['tftpd-hpa', 'u-boot-tools'],
];
const ROOTS = {
  usual: [...SYSTEM, 'python3-junitparser', 'python3-labgrid'],
  'lava-server': [...SYSTEM, 'iproute2', 'lava-server', 'lavacli', 'libc-bin', 'postgresql'],
} as const;

/** $1: the root; $2: becomes /work; $3: the script. */
const ENTER = `mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
cd /mnt/root
mkdir -p work && mount --bind "$2" work
mount -t proc proc proc && mount --rbind /dev dev && mount -t sysfs sysfs sys
echo root:x:0:0::/root:/bin/sh >etc/passwd
echo root:x:0: >etc/group
exec chroot . sh -ec "cd /work; $3"`;

export interface Said {
  readonly exitCode: number | undefined;
  /** Both outputs. */
  readonly all: string;
}

/** Runs a script among the engines, with `directory` as /work. */
export async function amongEngines(
  directory: string,
  script: string,
  { root: name = 'usual', seconds = 600 }: { readonly root?: keyof typeof ROOTS; readonly seconds?: number } = {},
): Promise<Said> {
  const root = await debianPackage('bookworm', 'amd64', ROOTS[name], { withDependencies: true });
  const namespaces = ['--mount', '--pid', '--fork', '--net', '--kill-child'];
  const { exitCode, all } = await execa(
    'timeout',
    ['-s', 'KILL', `${seconds}`, 'unshare', ...namespaces, 'sh', '-ec', ENTER, 'sh', root, directory, script],
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
