/** Options that several commands have. */
import { flag, fromProfile, several, text } from './declaration.js';

const ARCH = 'architecture: arm64, arm, riscv64 or x86_64; names of the kernel and of uname are accepted too';

export const FORCE = flag('--force', 'overwrite files that were edited');
export const STRICT = flag('--strict', 'treat what is unknown or was not run as failed');
export const ONE_KERNEL = text('--kernel <version>', "one kernel of the profile's range");
export const DTB = fromProfile('dtb', text('--dtb <file>', "the board's DTB"));

/** A kernel source tree and where a configuration of it starts. */
export const KERNEL_TREE = {
  kernelTree: fromProfile('kernelTree', text('--kernel-tree <dir>', 'kernel source tree; dmaheap only reads it')),
  arch: text('--arch <arch>', ARCH),
  baseConfig: fromProfile(
    'config',
    text('--base-config <file>', ".config or defconfig to start from; default: the architecture's defconfig"),
  ),
  probes: text(
    '--probes <mode>',
    'how to answer questions of the tree about the toolchain: run, replay:FILE or deny (the default: assume a plain GCC)',
  ),
  recordProbes: text('--record-probes <file>', 'write the answers to a file for replay:FILE'),
} as const;

/** What the placement simulator can be told about a board. */
export const BOARD = {
  dtb: DTB,
  overlay: several(
    '--overlay <file>',
    'an overlay (.dtbo), applied in the order given; FILE,PARAM=VALUE sets Raspberry Pi parameters',
  ),
  kernel: several('--kernel <version>', 'the kernel; more than once to compare'),
  pageSize: text('--page-size <size>', '4K, 16K or 64K'),
  config: text('--config <file>', 'the final .config'),
  cmdline: text('--cmdline <text>', 'the kernel command line, or a file with it; default: /chosen/bootargs'),
  memory: several('--memory <base+size>', 'a RAM bank, in place of those of the DTB and the profile'),
  occupied: fromProfile(
    'occupied',
    several('--occupied <name=base+size>', 'memory in use: kernel, initrd, dtb, firmware'),
  ),
  bootLog: fromProfile(
    'bootLog',
    several(
      '--boot-log <file>',
      'a boot log of the board, /proc/iomem or files of memblock, which show the addresses of kernel, initrd, DTB and RAM',
    ),
  ),
} as const;
