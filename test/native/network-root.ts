/**
 * A root file system on NFS, as boards on a developer's desk have it. The kernel of the guest is its server too, so that
 * no second machine is needed.
 */
import { type Board, type Case, SYSTEM } from './board.js';
import { debianPrograms } from './debian-programs.js';

/** Starts the server, and mounts what it exports with `$1` as the options of the export. */
const SERVER = `serve() {
for module in $(cat /lib/nfsd.load /lib/nfsv4.load); do insmod /lib/$module.ko 2>/dev/null; done
busybox ip link set lo up; busybox ip addr add 127.0.0.1/8 dev lo 2>/dev/null
mkdir -p /export /nfs /var/lib/nfs/v4recovery /var/lib/nfs/rpc_pipefs; mount -t tmpfs none /export
mkdir -p /export/dev /export/proc /export/sys /export/tmp; cp -a /bin /etc /boot /export; cp $2 /export/etc/verify.expect
mount -t nfsd none /proc/fs/nfsd
# Until this time is over, each first open waits; it is 90 s otherwise.
echo 10 >/proc/fs/nfsd/nfsv4leasetime; echo 10 >/proc/fs/nfsd/nfsv4gracetime
echo "/export 127.0.0.1(rw,fsid=0,insecure,no_subtree_check,$1)" >/etc/exports
echo 'nfs 2049/tcp' >/etc/services; : >/var/lib/nfs/etab; exportfs -ra; rpc.nfsd --no-nfs-version 3 1; rpc.mountd --no-nfs-version 3
mount -t nfs4 -o vers=4.2,addr=127.0.0.1,clientaddr=127.0.0.1 127.0.0.1:/ /nfs
for kept in dev proc sys; do mount --bind /$kept /nfs/$kept; done
}
stop() {
for kept in dev proc sys; do umount /nfs/$kept; done; umount /nfs; rpc.nfsd 0; busybox killall rpc.mountd; exportfs -ua
umount /proc/fs/nfsd /export
}
on_nfs() { grep -q ' /nfs nfs4 ' /proc/mounts && chroot /nfs "$@"; status=$?; echo; echo "@@EXIT $status"; }
`;
const served = (options: string, script: string) => `${SERVER}
serve ${options} $EXPECT
${script}
stop`;

const VERIFY = '/bin/dmaheap-verify --json --no-timing --expect /etc/verify.expect';
const USED = ['heap.support', 'heap.node', 'heap.permissions', 'open.read-only', 'alloc.page', 'buffer.data'];

const CASES: readonly Case[] = [
  {
    name: 'the root is on NFS',
    script: served('no_root_squash', `on_nfs ${VERIFY}`),
    exit: 0,
    passes: [...USED, 'open.user', 'kernel.config'],
  },
  {
    name: 'the server takes root for nobody',
    script: served('root_squash', `on_nfs ${VERIFY}`),
    exit: 0,
    passes: USED,
  },
  {
    // A hard mount, so that each access to a file of the root waits for ever; the program itself is in memory.
    name: 'the server is gone',
    script: served(
      'no_root_squash',
      `mkdir /nfs/program; mount -t tmpfs none /nfs/program; cp /bin/dmaheap-verify $EXPECT /nfs/program
rpc.nfsd 0; began=$(date +%s); on_nfs /program/dmaheap-verify --json --no-timing --limit 5 --expect /program/verify.expect
echo "after $(($(date +%s) - began)) s"; umount /nfs/program; rpc.nfsd --no-nfs-version 3 1`,
    ),
    exit: 4,
  },
];

export const NETWORK_ROOT: Board = {
  name: 'root on NFS',
  kernels: ['debian-amd64-devices', 'debian-amd64-7.3-devices'],
  long: true,
  memoryMiB: 1024,
  silenceSeconds: 400,
  files: (machine) =>
    debianPrograms(
      machine,
      ['nfs-kernel-server'],
      ['exportfs', 'rpc.nfsd', 'rpc.mountd'].map((name) => `usr/sbin/${name}`),
    ),
  expect: `${SYSTEM}user heap=system name=cam\n`,
  cases: CASES,
};
