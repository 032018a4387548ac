/** Containers whose user namespace does not map the group of the node. */
import type { PasteCase } from './cases.js';

export const NAMESPACE_PASTES: readonly PasteCase[] = [
  {
    cause: 'GROUP_NOT_MAPPED',
    says: [/keep-groups/],
    never: [/usermod -aG (?:nogroup|nobody|65534)/],
    text: `rootless podman, frigate
$ podman exec frigate ls -ln /dev/dma_heap
total 0
crw-rw---- 1 65534 65534 248, 0 Nov  2 10:00 system
crw-rw---- 1 65534 65534 248, 1 Nov  2 10:00 linux,cma
$ podman logs frigate | tail -1
mpp[91]: mpp_dma_heap: open dma heap type system /dev/dma_heap/system failed! Permission denied`,
  },
  {
    cause: 'GROUP_NOT_MAPPED',
    says: [/lxc\.idmap/],
    never: [/usermod -aG (?:nogroup|nobody)/],
    text: `unprivileged LXC on proxmox, jellyfin. pct exec 104 -- ls -l /dev/dma_heap
crw-rw---- 1 nobody nogroup 250, 0 Oct 14 19:12 system
[AVHWDeviceContext] Could not open dma heap device: Permission denied
uid=0(root) gid=0(root) groups=0(root)`,
  },
  {
    cause: 'GROUP_NOT_MAPPED',
    says: [],
    text: `[me@fedora ~]$ toolbox run ls -l /dev/dma_heap/
crw-rw----. 1 nobody nobody 235, 0 Mar  1 08:00 system
[me@fedora ~]$ toolbox run gst-launch-1.0 videotestsrc ! fakesink
(gst) ERROR: failed to open /dev/dma_heap/system: Permission denied`,
  },
  {
    cause: 'GROUP_NOT_MAPPED',
    says: [/--userns=host/],
    text: `/etc/docker/daemon.json has "userns-remap": "default"
$ docker run --rm --device /dev/dma_heap/system --group-add 44 img ls -l /dev/dma_heap
crw-rw---- 1 nobody nogroup 249, 0 Jan 3 07:00 system
$ docker run --rm --device /dev/dma_heap/system --group-add 44 img app
app: /dev/dma_heap/system: Permission denied`,
  },
  {
    cause: 'GROUP_NOT_MAPPED',
    says: [/keep-groups/, /usermod -aG video/],
    text: `I run podman rootless as user pi (groups: pi video render). On the host cam works without sudo.
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Aug 1 12:00 linux,cma
$ podman run --rm --device /dev/dma_heap libcamera cam -l
[0:12:33] [9] ERROR DmaBufAllocator dma_buf_allocator.cpp:118 Could not open any dma-buf provider`,
  },
  {
    cause: 'undecided',
    says: [/on the host/],
    text: `kubectl exec cam-0 -- ls /dev/dma_heap
ls: cannot access '/dev/dma_heap': No such file or directory
volumes: none`,
  },
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [],
    text: `kind: Deployment
          volumeMounts:
          - mountPath: /dev/dma_heap
volumes: hostPath: /dev/dma_heap
kubectl logs cam-0
cam: /dev/dma_heap/linux,cma: Operation not permitted`,
  },
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [],
    text: `services:
  frigate:
    volumes:
      - /dev/dma_heap:/dev/dma_heap
$ docker logs frigate
ffmpeg: dma_heap: open /dev/dma_heap/linux,cma: Operation not permitted`,
  },
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [],
    text: `[Service]
DevicePolicy=closed
DeviceAllow=/dev/video0 rw
ExecStart=/usr/bin/cam
cam: open("/dev/dma_heap/linux,cma"): Operation not permitted`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `# cat /etc/systemd/system/cam.service
[Service]
User=cam
SupplementaryGroups=video
PrivateUsers=yes
ExecStart=/usr/bin/cam
# journalctl -u cam
cam[812]: open /dev/dma_heap/linux,cma: Permission denied
# ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 1 Jan 1 00:00 linux,cma`,
  },
];
