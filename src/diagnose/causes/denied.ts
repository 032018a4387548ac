/** The node is there and may be opened by its mode, and something else refuses; or it is not a heap's. */

import { DIAGNOSES } from '../../verify/diagnoses.gen.js';
import type { Board } from '../board.js';
import type { Cause } from './cause.js';

/** What failed comes before what is only a warning. */
const verifier = (board: Board) =>
  board
    .all('verifier')
    .filter(({ status }) => !/^(?:ok|pass)$/i.test(status))
    .toSorted((a, b) => Number(/warn/i.test(a.status)) - Number(/warn/i.test(b.status)))
    .flatMap(({ id, line }) => {
      const row = DIAGNOSES.find((one) => one.id === id);
      return row === undefined ? [] : [{ ...row, line }];
    })[0];

const isHeapName = (name: string) =>
  /dma_heap|^(?:system|linux,cma|reserved|default_cma_region|cma)\b|uncached/.test(name);

/** What the verifier said on the board is the answer: it looked. */
export const VERIFIED: Cause = {
  id: 'verifier',
  when: (board) => {
    const row = verifier(board);
    return row && { text: `dmaheap-verify reports ${row.id}: ${row.cause}`, evidence: [row.line], fix: row.fix };
  },
};
export const verifiedId = (board: Board) => verifier(board)?.id;

export const DENIED: readonly Cause[] = [
  {
    id: 'FOLKLORE_DMA_BUF_NODE',
    when(board) {
      const made =
        board.first('mknod')?.line ??
        board.line(
          /\bmknod\b.*\/dev\/dma[-_]?buf|open\w*\b.*\/dev\/dma[-_]buf\b|\/dev\/dma[-_]buf\b.*(?:No such|not found|fail|cannot)/i,
        );
      if (made === undefined) return undefined;
      const none = board.isAbsent()
        ? ' This kernel has no /dev/dma_heap either: the board needs a kernel with CONFIG_DMABUF_HEAPS and one of its heaps.'
        : '';
      return {
        text: `/dev/dma-buf is not a device of any kernel: a dma-buf is a file descriptor, and a node made by hand has no driver. Buffers come from the heaps, /dev/dma_heap/*.${none}`,
        evidence: [made, board.first('noDirectory')?.line],
        fix: `remove the line that makes /dev/dma-buf, delete the node, and let the program open /dev/dma_heap/system or the CMA heap.${none}`,
      };
    },
  },
  {
    id: 'NODE_NOT_A_HEAP',
    when(board) {
      const file = board.first('handMade');
      const made = board.line(/\bmknod\b.*dma_heap/);
      const strange = board
        .all('open')
        .find(({ path, errno }) => path.startsWith('/dev/dma_heap/') && (errno === 'ENXIO' || errno === 'ENODEV'));
      const answer =
        board.all('allocation').find(({ errno }) => errno === 'ENOTTY') ??
        board.all('open').find(({ errno, path }) => errno === 'ENOTTY' && path.includes('dma_heap'));
      const listed = board.all('node');
      const majors = new Set(listed.flatMap(({ major }) => major ?? []));
      // Two listings, of two boards or two boots, have a name twice, with two numbers.
      const isTwice = listed.some((one) => listed.some(({ name, major }) => name === one.name && major !== one.major));
      const wrongNumber =
        (majors.size > 1 && !isTwice) || majors.has(10) || majors.has(1)
          ? board.all('node').find(({ major }) => major === 10 || major === 1 || major !== board.all('node')[0]?.major)
          : undefined;
      const shown = file ?? wrongNumber;
      if (shown === undefined && made === undefined && strange === undefined && answer === undefined) return undefined;
      const name = shown?.name ?? strange?.path ?? 'the node';
      return {
        text: `${name} under /dev/dma_heap is not a heap device: ${file !== undefined ? 'it is an ordinary file or directory' : 'it was made by hand, or it has another device number'}. The device numbers of heaps are dynamic: the kernel allocates them at boot.`,
        evidence: [shown?.line, made, strange?.line, answer?.line],
        fix: `delete ${name}, remove what creates it (a script, a package, a volume of a container), and let devtmpfs make the node: reboot, or run \`udevadm trigger --subsystem-match=dma_heap\` if udev manages /dev`,
      };
    },
  },
  {
    id: 'MAC_DENIED',
    when(board) {
      const avc = board
        .all('avc')
        .find(
          ({ line, name, type }) =>
            !/permissive=1|tclass=(?:dir|file|lnk_file|sock_file|process|binder)\b/.test(line) &&
            (isHeapName(name) || /dmabuf|dma_heap/.test(type) || /dma_heap/.test(line)),
        );
      const denied = board.all('apparmor').find(({ name }) => name.includes('dma_heap'));
      const filter = board.first('seccomp');
      if (denied !== undefined) {
        const isSnap = denied.profile.startsWith('snap.');
        return {
          text: `AppArmor denies it: the profile ${denied.profile} does not allow ${denied.name}. The mode and the group of the node are not the cause.`,
          evidence: [denied.line],
          fix: isSnap
            ? `allow the heap in the confinement of the snap: connect a plug of an interface that covers ${denied.name} (custom-device of the gadget snap, \`snap connect\`), or use a snap without strict confinement for a test`
            : `add \`${denied.name.replace(/[^/]*$/, '')}* rw,\` to the profile ${denied.profile} and load it with \`apparmor_parser -r\``,
        };
      }
      if (avc !== undefined)
        return {
          text: `SELinux denies it: the domain ${avc.domain} may not use a node of type ${avc.type}. The mode and the group of the node are not the cause.`,
          evidence: [avc.line],
          fix:
            /^dmabuf|untrusted_app|hal_|vendor_/.test(`${avc.type} ${avc.domain}`) &&
            board.line(/android|sepolicy|logcat|u:r:/i) !== undefined
              ? `add to the policy of the device: allow ${avc.domain} ${avc.type}:chr_file r_file_perms (the heap is opened read-only on Android), and build the policy again`
              : `allow it in the policy: \`ausearch -m avc -ts boot | audit2allow -M heap\` shows the rule; or better, give the heaps a separate type (semanage fcontext, or SECLABEL{selinux} in a udev rule), and allow ${avc.domain} to use that type`,
        };
      // An allocation that the kernel refused has passed the filter.
      if (
        filter !== undefined &&
        !board.has('allocFailed') &&
        board.line(/dma_heap|dma-heap|ioctl|heap/i) !== undefined
      )
        return {
          text: 'a seccomp filter stops the call: the sandbox of the program does not allow this system call. The mode of the node is not the cause.',
          evidence: [filter.line],
          fix: 'allow ioctl and openat in the filter of the sandbox (SystemCallFilter= of the unit, the seccomp profile of the container), for this program only',
        };
      return undefined;
    },
  },
  {
    id: 'CGROUP_DEVICE_DENIED',
    when(board) {
      const open = board.refused.find(({ errno }) => errno === 'EPERM');
      const allows = board.all('deviceAllow');
      const policy = board.all('devicePolicy').find(({ value }) => value !== 'auto');
      const given = board.all('devices').flatMap(({ list }) => list);
      const isUnit = allows.length > 0 || policy !== undefined || board.has('unitUser');
      const isGiven =
        allows.some(({ value }) => /char-dma_heap|dma_heap/.test(value)) ||
        given.some((one) => /dma_heap|^\/dev\/?$/.test(one));
      const isDenied =
        open !== undefined ||
        (isUnit &&
          !isGiven &&
          allows.length > 0 &&
          board.refused.length > 0 &&
          board.line(/EPERM|not permitted/i) !== undefined);
      if (!isDenied) return undefined;
      const volume = board
        .all('devices')
        .flatMap(({ volumes }) => volumes)
        .find((one) => one.includes('dma_heap'));
      // The runtime allows what it passes as a device, so that something else denies it.
      if (!isUnit && volume === undefined && given.some((one) => /^\/dev\/dma_heap\S*$/.test(one))) return undefined;
      const evidence = [open?.line, allows[0]?.line, policy?.line, volume];
      if (isUnit || (board.container === undefined && board.line(/systemd|\.service/) !== undefined))
        return {
          text: `the unit's device policy denies it with EPERM: ${allows.length > 0 ? 'DeviceAllow= closes every device that it does not list, and it does not list dma_heap' : 'DevicePolicy= or PrivateDevices= closes the devices for this service'}.${board.nodes().length === 0 ? '' : ' The mode of the node would allow it.'}`,
          evidence,
          fix: `add "DeviceAllow=char-dma_heap rw" to the [Service] section${policy?.value === 'private' ? ' instead of PrivateDevices=yes' : ''}, then run systemctl daemon-reload and restart the service`,
        };
      return {
        text: `the device cgroup denies it with EPERM${volume === undefined ? '' : `: ${volume} was mounted as a volume, which shows the node but does not allow the device`}. This applies to root${board.container === undefined ? '' : ' in the container'} too. The mode of the node is not the cause.`,
        evidence,
        fix: 'pass the heaps as devices, not as a volume: "devices: [/dev/dma_heap:/dev/dma_heap]" in compose, --device=/dev/dma_heap for docker and podman run, lxc.cgroup2.devices.allow = c MAJOR:* rwm for LXC, a device plugin or CDI for Kubernetes',
      };
    },
  },
  {
    id: 'FD_READONLY',
    when(board) {
      const mapped = board.all('mapped').find(({ errno }) => errno === 'EACCES');
      const flags = board.all('allocated').find(({ flags: given }) => given !== undefined && !/O_RDWR/.test(given));
      const source = board.line(/fd_flags\s*=\s*(?:O_CLOEXEC|0|O_RDONLY)\b(?!.*O_RDWR)/);
      if (
        mapped === undefined ||
        (board.line(/O_RDWR/) !== undefined &&
          flags === undefined &&
          source === undefined &&
          /fd_flags=\S*O_RDWR/.test(board.text))
      )
        return undefined;
      if (flags === undefined && source === undefined)
        return {
          text: 'the descriptor of the buffer is read-only, so mmap with PROT_WRITE gives EACCES. The text does not show where the buffer comes from: a heap gives such a descriptor for fd_flags without O_RDWR, and DRM for an export without DRM_RDWR. The node and the groups are not the cause.',
          evidence: [mapped.line],
          fix: 'allocate with fd_flags = O_RDWR | O_CLOEXEC in struct dma_heap_allocation_data, or export with DRM_CLOEXEC | DRM_RDWR (drmPrimeHandleToFD); strace -f -e trace=ioctl,mmap PROGRAM shows which of them it is',
        };
      return {
        text: 'the buffer has a read-only descriptor: it was allocated with fd_flags without O_RDWR, so mmap with PROT_WRITE gives EACCES. The node and the groups are not the cause.',
        evidence: [flags?.line ?? source, mapped.line],
        fix: 'allocate with fd_flags = O_RDWR | O_CLOEXEC in struct dma_heap_allocation_data (the mode in which the heap itself was opened does not matter)',
      };
    },
  },
  {
    id: 'LEAK_FD',
    when(board) {
      const counted = board.all('descriptors').filter(({ of }, _i, all) => of === all[0]?.of);
      const [first, last] = [counted[0], counted.at(-1)];
      if (first === undefined || last === undefined || last.count <= first.count) return undefined;
      return {
        text: `the program leaks descriptors: it has ${last.count} open, ${first.count} before. Each open descriptor of a dma-buf keeps its buffer, also after the memory is unmapped.`,
        evidence: [first.line, last.line],
        fix: 'close() each descriptor of a buffer in the program as soon as it is imported or no longer used (also the copies that DRM, V4L2 and sockets return); a higher LimitNOFILE= only delays the end',
      };
    },
  },
  {
    id: 'FD_LIMIT',
    when(board) {
      const line = board.reported(
        /^(?!.*(?:inotify|directory watch)).*(?:\bEMFILE\b|\bENFILE\b|Too many open files|打开的文件(?:过|太)多|Zu viele offene Dateien|Trop de fichiers ouverts)/i,
      );
      if (line === undefined) return undefined;
      return {
        text: 'the process has no file descriptors left: every dma-buf has one, and each plane may have another.',
        evidence: [line, board.line(/Max open files|ulimit -n|LimitNOFILE/)],
        fix: 'raise the limit of the service (LimitNOFILE= in its unit, `ulimit -n` in a shell), and look in /proc/PID/fd for dma-bufs that the program does not close. If it leaks them, a higher limit only delays the error',
      };
    },
  },
  {
    id: 'LEN_TRUNCATED',
    when(board) {
      const requests = largeRequests(board);
      const cut = requests.map((request) => ({ ...request, got: lineWithRemainder(board, request.bytes) }));
      const [{ line: asked, got = undefined } = { line: undefined }] = [
        ...cut.filter((one) => one.got !== undefined),
        ...cut,
      ];
      const is32 =
        board.all('architecture').some(({ arch }) => arch === 'arm') ||
        (!board.all('architecture').some(({ arch }) => /64/.test(arch)) &&
          board.line(/^(?!.*(?:aarch64|arm64|x86_64|DMA mask)).*(?:32[- ]?bit|armv[67]|armhf|32 ?位)/i) !== undefined);
      // A buffer of exactly what is left over says it without the word.
      if (asked === undefined || !(is32 || got !== undefined)) return undefined;
      return {
        text: 'the kernel cuts the length to 32 bits: the request is 4 GiB or more, and a 32-bit kernel allocates only the remainder.',
        evidence: [asked, got],
        fix: 'request less than 4 GiB on a 32-bit kernel, use several buffers for more, and compare lseek(fd, 0, SEEK_END) with the requested size',
      };
    },
  },
];

const LENGTH_LIMIT = 2n ** 32n;
const PAGE_BYTES = 4096n;
/** A row of /proc/meminfo, which asks for nothing. */
const MEMINFO = /^\s*\w+(?:\(\w+\))?:\s+\d+ kB\s*$/;
const UNITS: Readonly<Record<string, bigint>> = { k: 10n, m: 20n, g: 30n };
const AMOUNT = String.raw`(0x[0-9a-f_]+|\d+)(?:\s*([kmg])i?b?)?\b`;

const bytesOf = (digits: string, unit: string | undefined) =>
  BigInt(digits.replaceAll('_', '')) << (UNITS[unit?.toLowerCase() ?? ''] ?? 0n);

/** Lines that ask for a length of 4 GiB or more. */
function largeRequests(board: Board): { line: string; bytes: bigint }[] {
  // Not in a word: /proc/meminfo has VmallocTotal.
  const lengths = new RegExp(
    String.raw`(?:len|(?<![a-z])(?:size|length|bytes|ask\w*|request\w*|alloc\w*))\D{0,20}?${AMOUNT}`,
    'gi',
  );
  const lines = board.text.split('\n').filter((line) => !MEMINFO.test(line));
  return lines.flatMap((line) =>
    [...line.matchAll(lengths)]
      .map(([, digits = '0', unit]) => bytesOf(digits, unit))
      .filter((bytes) => bytes >= LENGTH_LIMIT)
      .map((bytes) => ({ line: line.trim(), bytes })),
  );
}

/** A line that speaks of a buffer of what 32 bits leave of a length, in whole pages or not. */
function lineWithRemainder(board: Board, bytes: bigint): string | undefined {
  const left = bytes % LENGTH_LIMIT;
  if (left === 0n) return undefined;
  const pages = ((left + PAGE_BYTES - 1n) / PAGE_BYTES) * PAGE_BYTES;
  const amounts = new RegExp(String.raw`\b${AMOUNT}`, 'gi');
  return board.text
    .split('\n')
    .find(
      (line) =>
        /SEEK_END|st_size|\b(?:got|gets?|only|is|has|size|length|mapped|real|actual|returned|buffer)\b/i.test(line) &&
        [...line.matchAll(amounts)].some(([, digits = '0', unit]) => {
          const amount = bytesOf(digits, unit);
          return amount === left || amount === pages;
        }),
    )
    ?.trim();
}
