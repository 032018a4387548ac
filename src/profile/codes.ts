/** Every finding about a profile, for `dmaheap explain CODE` and SARIF. */
import { defineCodes, reporter } from '../diagnostic/index.js';
import { FIRST_HEAPS, formatKernelVersion, OLDEST_KERNEL } from '../facts/index.js';

export const PROFILE_CODES = defineCodes({
  'profile/cannot-read': {
    severity: 'error',
    title: 'profile cannot be read',
    explain: 'The profile, or one that it extends, does not exist or may not be read.',
  },
  'profile/undecided': {
    severity: 'note',
    title: 'the profile contains guesses',
    explain:
      '`dmaheap init` and `dmaheap import` mark each guess with a comment that begins with DECIDE. A value that is wrong here is wrong in every generated file. Correct the value below the comment, then remove the comment.',
  },
  'profile/extends-cycle': {
    severity: 'error',
    title: 'profiles extend each other',
    explain: 'A profile extends itself, directly or through others. Move the shared part to a third profile.',
  },
  'profile/unknown-key': {
    severity: 'error',
    title: 'unknown key',
    explain: 'This key is not allowed here. `dmaheap schema` prints the keys of every object.',
  },
  'profile/missing-key': {
    severity: 'error',
    title: 'required key missing',
    explain: 'The object needs this key. Neither this file nor a file that it extends has it.',
  },
  'profile/bad-name': {
    severity: 'error',
    title: 'name not allowed',
    explain:
      'The name of a region is a device-tree node name: a letter first, at most 31 letters, digits and ,._+-. The name of a heap is lower case. A symbol is written without CONFIG_.',
  },
  'profile/bad-value': {
    severity: 'error',
    title: 'value of the wrong kind',
    explain: 'The value has the wrong type, form or range. The message says what is expected.',
  },
  'profile/either-or': {
    severity: 'error',
    title: 'none or several of keys that exclude each other',
    explain: 'The object needs exactly one of several keys, such as a size or a budget for a region.',
  },
  'profile/not-a-size': {
    severity: 'error',
    title: 'not a size or address',
    explain: 'A size or an address is a whole number of bytes below 2^64, such as 4096, 0x1000_0000, 256M, 1 GiB.',
  },
  'profile/size-without-unit': {
    severity: 'warning',
    title: 'small size without a unit',
    explain:
      'A size without a unit is a number of bytes. Less than 1 MiB is too small for an area or for RAM, so the number is probably one of MiB. Write the unit: 400M.',
  },
  'profile/size-binary-unit': {
    severity: 'note',
    title: 'KB, MB and GB are powers of 1024',
    explain: 'The units K, M, G and T are powers of 1024, as in the kernel. 400MB is 400 MiB, and not 400000000 bytes.',
  },
  'profile/zero-size': {
    severity: 'error',
    title: 'size of zero',
    explain: 'The kernel ignores or refuses a region or a memory bank of size zero.',
  },
  'profile/kernel-range': {
    severity: 'error',
    title: 'kernel range reversed',
    explain: 'The first release of the range is newer than the last.',
  },
  'profile/kernel-unknown': {
    severity: 'error',
    title: 'kernel too old, or a release that does not exist',
    explain: `A release that was never made is refused. DMA-BUF heaps exist since Linux ${FIRST_HEAPS}, and the rules for CMA areas are known from ${formatKernelVersion(OLDEST_KERNEL)} on.`,
  },
  'profile/page-size': {
    severity: 'error',
    title: 'page size the architecture does not have',
    explain: '16K and 64K pages exist on arm64 only.',
  },
  'profile/memory-overlap': {
    severity: 'error',
    title: 'memory banks overlap',
    explain: 'Two banks of board.memory share addresses. List each range of RAM once.',
  },
  'profile/two-defaults': {
    severity: 'error',
    title: 'more than one default area',
    explain:
      'With two linux,cma-default nodes, the kernel silently uses the one that it initialises last. This depends on the kernel release.',
  },
  'profile/delivery': {
    severity: 'error',
    title: 'region cannot be delivered this way',
    explain: 'cma= and CMA_SIZE_MBYTES describe the default area only. x86 kernels do not read reserved-memory nodes.',
  },
  'profile/placement-conflict': {
    severity: 'error',
    title: 'placement keys contradict each other',
    explain:
      'The kernel ignores allocRanges and alignment when the node has reg, so neither has an effect beside a fixed base.',
  },
  'profile/alignment': {
    severity: 'error',
    title: 'alignment that is not a power of two',
    explain:
      'The kernel takes the address and clears the bits of the alignment less one. With an alignment that is not a power of two, the base is not a multiple of it, and the kernel may refuse the area.',
  },
  'profile/reserved-name': {
    severity: 'error',
    title: 'region name collides with a heap of the kernel',
    explain:
      'The kernel itself makes heaps named system, default_cma_region and reserved. A region with such a name loses its heap or hides another one.',
  },
  'profile/unknown-region': {
    severity: 'error',
    title: 'heap of a region that does not exist',
    explain: 'heaps.NAME.region must name a key of regions.',
  },
  'profile/heap-kind': {
    severity: 'error',
    title: 'heap keys contradict its kind',
    explain: 'A region heap needs "region". A vendor heap needs "kernelName". The system heap has neither.',
  },
  'profile/alias-collision': {
    severity: 'error',
    title: 'alias used twice',
    explain:
      'An alias is a symlink under /dev/dma_heap. It leads to one heap, and the kernel must not make another node of the same name.',
  },
  'profile/local': {
    severity: 'error',
    title: 'local file with more than inputs',
    explain:
      'NAME.local.json beside a profile has the inputs of one machine. What the board needs belongs in the profile, so that every machine generates the same output.',
  },
  'profile/unknown-heap': {
    severity: 'error',
    title: 'access to a heap that does not exist',
    explain: 'access.NAME must name a key of heaps.',
  },
  'profile/unknown-format': {
    severity: 'error',
    title: 'unknown pixel format',
    explain: 'The size of a picture needs a known pixel format; give the size of one buffer in bytes instead.',
  },
  'profile/symbol-prefix': {
    severity: 'error',
    title: 'symbol written with CONFIG_',
    explain: 'Symbols are named without CONFIG_.',
  },
  'profile/symbol-conflict': {
    severity: 'error',
    title: 'symbol contradicts the heaps',
    explain: 'kernel.symbols sets a value with which the heaps of the profile cannot exist.',
  },
  'profile/active-value': {
    severity: 'error',
    title: 'value that make or a shell would run',
    explain:
      'Kconfig writes a string into include/config/auto.conf, which make includes and scripts of the kernel source. There, make or a shell runs $(...) and `...` and replaces $NAME, also inside quotes. Kconfig has no syntax for a plain dollar sign or backquote.',
  },
  'access/world': {
    severity: 'error',
    title: 'heap open to everyone',
    explain:
      'Opening a heap read-only is enough to allocate from it, so any permission for the world lets every process exhaust memory that is not charged to a cgroup.',
  },
  'access/uaccess': {
    severity: 'error',
    title: 'heap given to the console user',
    explain:
      'uaccess gives the heap to every user who is logged in at the console. Heap memory is not charged to cgroups. For this reason, systemd does not set uaccess on dma_heap.',
  },
  'access/forced': {
    severity: 'warning',
    title: 'unsafe access forced',
    explain: 'The profile forces world access or uaccess and gives a reason. The generated rules repeat the reason.',
  },
  'access/useless-mode': {
    severity: 'warning',
    title: 'mode without access for the group',
    explain: 'The mode leaves the named group without read permission, so no member can open the heap.',
  },
  'access/group-number': {
    severity: 'error',
    title: 'two numbers for one group, or one number for two groups',
    explain:
      'The kernel compares numbers of groups. The generated files create each group with the number in "gid", so a group has one number, and a number belongs to one group.',
  },
  'access/near-group': {
    severity: 'note',
    title: 'group with almost the name of a well-known group',
    explain:
      'The name differs in one or two letters from a group that distributions have. Members of the well-known group cannot open the heap. Correct the name if it is a misspelling.',
  },
  'access/execute': {
    severity: 'error',
    title: 'execute permission on a device',
    explain: 'A device node cannot be executed; the mode is a typing mistake.',
  },
  'access/user-without-access': {
    severity: 'warning',
    title: 'user to verify has no access',
    explain: 'verify.users names a user that no heap lists. The verifier would only report that access is denied.',
  },
});

export const report = reporter(PROFILE_CODES);
