/**
 * Debian 13's mkosi in a root of its own, unpacked and not installed. It runs in a user namespace, because there binfmt_misc is
 * its own too: QEMU runs the programs of another architecture, and this machine does not learn of it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { PrivateApt } from '../../src/build/fetch/apt.js';
import { debianPackage } from '../../src/build/fetch/index.js';
import type { Architecture } from './boards.js';

const PACKAGES = [
  ...['base-files', 'bash', 'coreutils', 'dash', 'diffutils', 'findutils', 'gawk', 'grep', 'gzip', 'hostname'],
  ...['libc-bin', 'mount', 'sed', 'tar', 'util-linux', 'ca-certificates', 'mkosi', 'qemu-user', 'reprepro'],
];

/** $1: the root; $2: becomes /work; $3: the script. */
const ENTER = `mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
cd /mnt/root
cat /etc/resolv.conf >etc/resolv.conf
mkdir -p work && mount --bind "$2" work
mount -t proc proc proc && mount --rbind /dev dev && mount --rbind /sys sys
mount -t tmpfs tmp tmp && mount -t tmpfs tmp var/tmp
echo root:x:0:0::/root:/bin/sh >etc/passwd
echo root:x:0: >etc/group
mount -t binfmt_misc none proc/sys/fs/binfmt_misc
exec chroot . sh -ec "$3"`;

/** The F keeps the program open: it need not be in the image that is built. */
const REGISTER = `sed 's|:/usr/[^:]*:[A-Z]*$|:/usr/bin/qemu-aarch64:FP|' /usr/share/qemu/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register`;

/**
 * Runs `mkosi build` on a tree.
 * @param directory becomes /work, the tree is its folder image
 * @throws with what mkosi said, when it fails
 */
export async function mkosiBuild(directory: string, architecture: Architecture, args: readonly string[]) {
  const root = await debianPackage('trixie', 'amd64', PACKAGES, { withDependencies: true });
  await writeSources(path.join(directory, 'image'), architecture);
  const library = path.join(root, 'usr/lib/x86_64-linux-gnu');
  // Debian 12's unshare needs newuidmap to map all users.
  const unshare = [
    path.join(library, 'ld-linux-x86-64.so.2'),
    '--library-path',
    library,
    path.join(root, 'usr/bin/unshare'),
  ];
  const namespaces = ['--user', '--map-users=all', '--map-groups=all', '--mount', '--pid', '--fork', '--kill-child'];
  const register = architecture === 'arm64' ? `${REGISTER}; ` : '';
  const script = `${register}cd /work/image; mkosi ${args.join(' ')} build`;
  await execa(
    'timeout',
    ['-s', 'KILL', '1800', ...unshare, ...namespaces, 'sh', '-ec', ENTER, 'sh', root, directory, script],
    {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' },
      extendEnv: false,
      stdin: 'ignore',
      all: true,
    },
  );
}

/** Where this machine gets Debian from, and not mkosi's own list: it has debug symbols too, which not every mirror has. */
async function writeSources(image: string, architecture: Architecture): Promise<void> {
  const apt = new PrivateApt('trixie', architecture);
  await apt.update(24);
  const place = path.join(image, 'mkosi.sandbox/etc/apt');
  mkdirSync(path.join(place, 'sources.list.d'), { recursive: true });
  await copyFile(apt.sources, path.join(place, 'sources.list'));
  writeFileSync(path.join(place, 'sources.list.d/mkosi.sources'), '');
}
