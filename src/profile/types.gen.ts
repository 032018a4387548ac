// Generated from language.json; do not edit.
/** What one board needs: its memory, its CMA regions, the heaps that user space opens, the users of each heap, and what the verifier requires after the boot. A profile does not depend on the names and options of one kernel release. */
export interface Profile {
  /** The address of this schema for an editor. dmaheap ignores it. */
  readonly $schema?: string;
  /** Words for the reader of the file. dmaheap ignores them. A .jsonc may also have comments. */
  readonly $comment?: string;
  /** Version of the profile language. Always 1. */
  readonly version: 1;
  /** Short name of the board or variant. Names of generated files contain it. */
  readonly name: string;
  /** Profiles that this one extends (SoC, module, board, variant), as paths relative to this file. A later profile overrides an earlier one, and this file overrides all of them. Objects are merged key by key, lists and single values are replaced, and null removes a key. Findings name the file of each value. */
  readonly extends?: readonly (string)[];
  readonly board: Board;
  readonly kernel: Kernel;
  readonly inputs?: Inputs;
  /** Contiguous memory areas by node name. The kernel uses this name for the area, and also for its heap if it makes a heap of every area. */
  readonly regions?: Readonly<Record<string, Region>>;
  /** The heaps that user space needs, by a name that you choose. It does not change with the kernel. */
  readonly heaps?: Readonly<Record<string, Heap>>;
  /** Who may allocate, by heap. A process that can open a heap, even read-only, can allocate from it, and heap memory is not charged to cgroups. */
  readonly access?: Readonly<Record<string, Access>>;
  readonly verify?: Verify;
  /** The outputs to generate, by name, with their options. 'dmaheap targets' lists them. Default: kernel-fragment, dt-overlay, udev, cmdline and verify. */
  readonly targets?: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
}

/** A number of bytes, or a string: decimal or hexadecimal digits, optional _ between digits, and an optional K, M, G or T (powers of 1024). */
export type Size = string | number;
/** A number of bytes in the form of a size. Zero is allowed. */
export type Limit = string | number;
/** A physical address: a number, or a string in the form of a size. */
export type Address = string | number;

/** A range of physical memory. */
export interface Range {
  readonly base: Address;
  readonly size: Size;
}

/** Files and texts that describe this board and its kernel. Every command reads them from here, and an option overrides an input. Paths are relative to the file that states them. NAME.local.json beside NAME.json or NAME.jsonc may contain the inputs of one machine, which override those of the profile. Do not commit that file. */
export interface Inputs {
  /** The device tree blob that the board boots with. */
  readonly dtb?: string;
  /** The kernel source tree. Its Kconfig files are read; check --confirm also builds and runs its conf. */
  readonly kernelTree?: string;
  /** A description of the kernel, written by dmaheap kernel. It replaces the source. */
  readonly description?: string;
  /** The .config or defconfig that the fragment is merged over. */
  readonly config?: string;
  /** The kernel command line without the arguments that dmaheap adds, as /proc/cmdline prints it; or the path of a file that contains it. */
  readonly commandLine?: string;
  /** The output of one boot of the board, including that of the boot loader. It shows the addresses of kernel, initrd, device tree and RAM. */
  readonly bootLog?: string;
  /** Memory that is in use when the kernel reserves its areas, by its user: kernel, initrd, dtb or firmware. */
  readonly occupied?: Readonly<Record<string, Range>>;
}

/** MAJOR.MINOR. dmaheap ignores the rest. */
export type KernelVersion = string;
/** The usual name of the format, or its FourCC in V4L2 or DRM. */
export type PixelFormat = string;
/** y, m or n; '>=m' for at least a module; a number, a hexadecimal string, or the text of a string symbol. */
export type SymbolValue = string | number;
/** A login name. */
export type UserName = string;
/** A name under /dev/dma_heap. */
export type HeapName = string;

/** The properties of the hardware that heaps depend on. */
export interface Board {
  /** Full name, for humans. */
  readonly title?: string;
  /** The root node's compatible strings, most specific first. */
  readonly compatible?: readonly (string)[];
  /** The system on chip, for humans. */
  readonly soc?: string;
  /** Architecture of the kernel that runs on the board. */
  readonly arch: "arm64" | "arm" | "riscv64" | "x86_64";
  /** The kernel's page size. It decides the alignment of CMA areas: 64K pages need 512 MiB on arm64. */
  readonly pageSize?: "4K" | "16K" | "64K";
  /** The RAM that Linux sees, in banks. Half of the upstream device trees do not state a usable size, so state it here. */
  readonly memory?: readonly (Range)[];
  /** #address-cells and #size-cells of the root node of the board's device tree. If /reserved-memory has other cells, the kernel ignores every reservation. A DTB overrides this value. Without both, dmaheap assumes 2 and 2 and reports the assumption. */
  readonly cells?: { /** 32-bit cells of an address below the root. */
    readonly address: 1 | 2;
    /** 32-bit cells of a size below the root. */
    readonly size: 1 | 2;
  };
  /** The board's upstream DTB, as a path below the kernel's dts directory of the architecture. */
  readonly dtb?: string;
  /** The program that loads the kernel. It decides how the overlay and the command line get to the kernel. */
  readonly bootLoader?: "u-boot" | "extlinux" | "raspberrypi" | "grub" | "systemd-boot" | "other";
}

/** The kernels that the profile is for, and the options that it needs in addition to those of the heaps. */
export interface Kernel {
  /** One release, or the first and the last release that the profile is for. */
  readonly version: KernelVersion | KernelRange;
  /** A description of exactly this kernel, written by dmaheap kernel. Heaps and their names follow it. The path is relative to the profile. inputs.description states it for one machine. */
  readonly description?: string;
  /** Changes of newer kernels that a vendor kernel has in addition to its version: 'default-heap-name' (the heap of the default area is called default_cma_region), 'heap-per-area' (a heap for every reusable region), 'modular-heaps' (heaps as modules). */
  readonly backports?: readonly ("default-heap-name" | "heap-per-area" | "modular-heaps")[];
  /** Kconfig symbols in addition to those that the heaps need, without CONFIG_: y, m, n, '>=m' (at least a module), a number or a string. */
  readonly symbols?: Readonly<Record<string, SymbolValue>>;
}

/** The first and the last release, both included. */
export interface KernelRange {
  readonly min: KernelVersion;
  readonly max: KernelVersion;
}

/** Buffers that exist at the same time, by picture size and pixel format, or by size. */
export interface Buffer {
  /** The purpose of the buffers. */
  readonly purpose?: string;
  /** How many buffers exist at the same time, per stream. */
  readonly count: number;
  /** How many such sets exist at the same time (cameras, decoders). */
  readonly streams?: number;
  readonly size?: Size;
  /** Picture width in pixels. */
  readonly width?: number;
  /** Picture height in lines. */
  readonly height?: number;
  readonly format?: PixelFormat;
  /** The hardware rounds the length of a line up to a multiple of this number of bytes. */
  readonly strideAlignment?: 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 256 | 512 | 1024 | 2048 | 4096;
  /** The hardware rounds the height up to a multiple of this number of lines. Video codecs use blocks of 16 lines. */
  readonly heightAlignment?: 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128;
}

/** The buffers that must fit at the same time. dmaheap computes the size from them and shows each step. */
export interface Budget {
  /** Sets of buffers that exist at the same time. */
  readonly buffers: readonly (Buffer)[];
  /** Percentage that is added for fragmentation and for movable pages that cannot be moved immediately. */
  readonly headroomPercent?: number;
  /** Lower limit of the size, for example the size that the drivers of the board need. */
  readonly min?: Size;
}

/** One CMA area. */
export interface Region {
  readonly size?: Size;
  readonly budget?: Budget;
  /** Whether drivers without a region allocate from this area (linux,cma-default). At most one region is the default. */
  readonly default?: boolean;
  readonly base?: Address;
  /** The ranges in which the kernel may place the area (alloc-ranges). It uses the first range with room. Not together with base. */
  readonly allocRanges?: readonly (Range)[];
  readonly alignment?: Size;
  /** How the kernel gets the area: by a reserved-memory node, by cma= on the command line, or by CMA_SIZE_MBYTES in its configuration. The last two make the default area only. */
  readonly delivery?: "device-tree" | "command-line" | "kconfig";
  /** The number of address bits of the devices that use the area. The area is placed below that limit. */
  readonly addressBits?: number;
}

/** One heap that user space needs: the heap of a region, the system heap, or a heap of a vendor's kernel, which is expected and not generated. */
export interface Heap {
  /** 'region' (the default if region is given), 'system', or 'vendor' (expected, not generated). */
  readonly kind?: "region" | "system" | "vendor";
  /** The region that this heap allocates from. A vendor heap may name one too, so that the size is checked. */
  readonly region?: string;
  /** The name of a vendor heap under /dev/dma_heap. */
  readonly kernelName?: HeapName;
  /** false: the uncached heap that a vendor's kernel registers on the same memory. true: only the cached heap. Without this key, both heaps are used if the kernel has both. */
  readonly cached?: boolean;
  /** Names under /dev/dma_heap that are symlinks to this heap, whatever its name on the running kernel is. */
  readonly aliases?: readonly (HeapName)[];
  /** Whether the heap may be missing: the verifier then reports it and does not fail. */
  readonly optional?: boolean;
}

/** Group, mode and users of one heap. */
export interface Access {
  /** The system group that may use the heap. The generated files create it if it does not exist. */
  readonly group: string;
  /** The number that the group has on the board. The generated files create the group with this number. Containers need it, because they have their own names for groups. Without it, each board chooses a number. */
  readonly gid?: number;
  /** Permissions of the node, octal. A permission for others is refused, because read permission is enough to allocate. */
  readonly mode?: string;
  /** Users who must be members of the group. */
  readonly users?: readonly (UserName)[];
  /** Give access to every user who is logged in at the console. Refused unless forced: heap memory is not charged to cgroups. */
  readonly uaccess?: boolean;
  /** The reason why uaccess or a permission for others is needed. The generated rules repeat it as a comment. */
  readonly force?: string;
}

/** What the verifier requires of the running board in addition to regions, heaps and access. */
export interface Verify {
  /** Limits for CmaTotal in /proc/meminfo. The default is at least the sum of the regions. */
  readonly cmaTotal?: { /**  */
    readonly min?: Limit;
    /**  */
    readonly max?: Limit;
  };
  /** Whether the verifier must allocate all buffers of the budgets at the same time. */
  readonly holdBudget?: boolean;
  /** The verifier opens each heap as these users, if they have access to it. */
  readonly users?: readonly (UserName)[];
  /** Upper limits for the duration of an allocation. */
  readonly latency?: { /** 99th percentile of one allocation, in microseconds. */
    readonly allocateP99Micros?: number;
  };
}
