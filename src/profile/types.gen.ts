// Generated from schemas/profile.schema.json; do not edit.
/** What one board needs of DMA-BUF heaps, said once: its memory, its CMA regions, the heaps user space should find, who may use them and what must hold after the boot. It never says how one kernel version spells it. */
export interface Profile {
  /** Where an editor finds this schema; ignored by dmaheap. */
  readonly $schema?: string;
  /** Version of the profile language. Always 1. */
  readonly version: 1;
  /** Short name of the board or variant; it names generated files. */
  readonly name: string;
  /** Profiles this one builds on (SoC, module, board, variant), as paths relative to this file, later ones winning. Objects are merged key by key, lists and single values are replaced, null removes a key. The origin of every value is remembered. */
  readonly extends?: readonly (string)[];
  readonly board: Board;
  readonly kernel: Kernel;
  readonly inputs?: Inputs;
  /** Contiguous memory areas by node name. The name is what the kernel calls the area, and its heap on kernels that make a heap of every area. */
  readonly regions?: Readonly<Record<string, Region>>;
  /** The heaps user space needs, by a name of your own that never changes with the kernel. */
  readonly heaps?: Readonly<Record<string, Heap>>;
  /** Who may allocate, by heap. Opening a heap read-only is already enough to allocate from it, and heap memory is not charged to cgroups. */
  readonly access?: Readonly<Record<string, Access>>;
  readonly verify?: Verify;
  /** Which outputs to generate, by name, with their options. 'dmaheap targets' lists them. Absent: the first set (kernel-fragment, dt-overlay, udev, cmdline, verify). */
  readonly targets?: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
}

/** Bytes: a number, or a text with K, M, G or T (powers of 1024), decimal or hexadecimal, with _ between digits where it helps. */
export type Size = string | number;
/** A physical address: a number or a text as for sizes. */
export type Address = string | number;

/** A stretch of physical memory. */
export interface Range {
  readonly base: Address;
  readonly size: Size;
}

/** Files and texts that describe this board and its kernel. Every command reads them from here; an option overrides one. Paths are relative to the file that states them. NAME.local.json beside NAME.json may hold inputs of one machine; they win over those of the profile, and the file is not meant to be committed. */
export interface Inputs {
  /** The device tree blob that the board boots with. */
  readonly dtb?: string;
  /** The kernel source tree. Its Kconfig files are read; check also builds and runs its conf. */
  readonly kernelTree?: string;
  /** What is known of the kernel, as dmaheap kernel writes it, for those who do not have its source. */
  readonly description?: string;
  /** The .config or defconfig that the fragment goes on top of. */
  readonly config?: string;
  /** The kernel command line without the arguments that dmaheap adds, as /proc/cmdline prints it; or the path of a file that holds it. */
  readonly commandLine?: string;
  /** What one boot of the board printed, boot loader included. It says where kernel, initrd, device tree and RAM lie. */
  readonly bootLog?: string;
  /** Memory that is in use when the kernel reserves its areas, by what uses it: kernel, initrd, dtb, firmware. */
  readonly occupied?: Readonly<Record<string, Range>>;
}

/** MAJOR.MINOR; anything behind it is ignored. */
export type KernelVersion = string;
/** y, m, n; '>=m' for at least a module; a number, a hexadecimal text, or a string symbol's text. */
export type SymbolValue = string | number;
/** A login name. */
export type UserName = string;
/** A name under /dev/dma_heap. */
export type HeapName = string;

/** The hardware as far as heaps depend on it. */
export interface Board {
  /** Full name, for people. */
  readonly title?: string;
  /** The root node's compatible strings, most specific first. */
  readonly compatible?: readonly (string)[];
  /** The system on chip, for people. */
  readonly soc?: string;
  /** Architecture of the kernel that runs on the board. */
  readonly arch: "arm64" | "arm" | "riscv64" | "x86_64";
  /** The kernel's page size. It decides the alignment of CMA areas: 64K pages need 512 MiB on arm64. */
  readonly pageSize?: "4K" | "16K" | "64K";
  /** RAM that Linux sees, in banks. Half of the upstream device trees carry no usable size, so state it here. */
  readonly memory?: readonly (Range)[];
  /** #address-cells and #size-cells of the root node of the board's device tree; reserved memory with other cells makes the kernel ignore every reservation. A DTB given on the command line is asked first; without both, 2 and 2 are assumed and said to be assumed. */
  readonly cells?: { /** 32-bit cells of an address below the root. */
    readonly address: 1 | 2;
    /** 32-bit cells of a size below the root. */
    readonly size: 1 | 2;
  };
  /** The board's upstream DTB, as a path below the kernel's dts directory of the architecture. */
  readonly dtb?: string;
  /** What loads the kernel; it decides how the overlay and the command line reach it. */
  readonly bootLoader?: "u-boot" | "extlinux" | "raspberrypi" | "grub" | "systemd-boot" | "other";
}

/** The kernels the profile is for, and what it wants of their configuration beyond the heaps. */
export interface Kernel {
  /** One release, or the first and last release the profile must hold for. */
  readonly version: KernelVersion | KernelRange;
  /** What is known of this very kernel, as dmaheap kernel writes it: heaps and their names follow it. Relative to the profile; inputs.description is the same for one machine. */
  readonly description?: string;
  /** Changes a vendor kernel carries although its version number says otherwise: 'default-heap-name' (the heap of the default area is called default_cma_region), 'heap-per-area' (a heap for every reusable region), 'modular-heaps' (heaps as modules). */
  readonly backports?: readonly ("default-heap-name" | "heap-per-area" | "modular-heaps")[];
  /** Kconfig symbols wanted beyond those the heaps need, without CONFIG_: y, m, n, '>=m' (at least a module), a number or a string. */
  readonly symbols?: Readonly<Record<string, SymbolValue>>;
}

/** First and last release, both included. */
export interface KernelRange {
  readonly min: KernelVersion;
  readonly max: KernelVersion;
}

/** Buffers alive at the same time: by picture size and pixel format, or by plain size. */
export interface Buffer {
  /** What the buffers are for. */
  readonly purpose?: string;
  /** How many are alive at once, per stream. */
  readonly count: number;
  /** How many such sets exist at once (cameras, decoders). */
  readonly streams?: number;
  readonly size?: Size;
  /** Picture width in pixels. */
  readonly width?: number;
  /** Picture height in lines. */
  readonly height?: number;
  /** The format's usual name or V4L2/DRM FourCC. */
  readonly format?: string;
  /** Bytes to which the hardware rounds a line up. */
  readonly strideAlignment?: 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 256 | 512 | 1024 | 2048 | 4096;
  /** Lines to which the hardware rounds the height up; video codecs work in blocks of 16. */
  readonly heightAlignment?: 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128;
}

/** The size as a sum of the buffers that must fit at once; the arithmetic is shown step by step. */
export interface Budget {
  /** Sets of buffers alive at the same time. */
  readonly buffers: readonly (Buffer)[];
  /** Added on top for fragmentation and for movable pages that cannot be moved at once. */
  readonly headroomPercent?: number;
  /** The area is never smaller than this, whatever the buffers need: what the drivers of the board count on. */
  readonly min?: Size;
}

/** One CMA area. */
export interface Region {
  readonly size?: Size;
  readonly budget?: Budget;
  /** Whether this is the area that drivers without an own region allocate from (linux,cma-default). At most one. */
  readonly default?: boolean;
  readonly base?: Address;
  /** Where the kernel may place the area, first fit first (alloc-ranges). Not together with base. */
  readonly allocRanges?: readonly (Range)[];
  readonly alignment?: Size;
  /** How the kernel learns of the area: a reserved-memory node, cma= on the command line, or CMA_SIZE_MBYTES in its configuration. The last two only for the default area. */
  readonly delivery?: "device-tree" | "command-line" | "kconfig";
  /** Address bits the users of the area can reach; the area is kept below that limit. */
  readonly addressBits?: number;
}

/** One heap user space needs: the heap of a region, the system heap, or a vendor's heap that is only expected. */
export interface Heap {
  /** 'region' (the default where region is given), 'system', or 'vendor' (expected, not generated). */
  readonly kind?: "region" | "system" | "vendor";
  /** The region this heap allocates from; of a vendor heap the region that is its memory, so that its size is checked. */
  readonly region?: string;
  /** Name under /dev/dma_heap of a vendor heap. */
  readonly kernelName?: HeapName;
  /** false: the uncached twin that a vendor's kernel registers on the same memory; true: the cached heap alone. Without it the heap has both where the kernel has both, each under its own name. */
  readonly cached?: boolean;
  /** Names under /dev/dma_heap that must lead to this heap whatever the kernel calls it, as symlinks. */
  readonly aliases?: readonly (HeapName)[];
  /** Whether the verifier only notes it when this heap is missing. */
  readonly optional?: boolean;
}

/** Group, mode and users of one heap. */
export interface Access {
  /** System group that may use the heap; it is created if need be. */
  readonly group: string;
  /** Permission of the node, octal. Any bit for the world is refused: reading is allocating. */
  readonly mode?: string;
  /** Users who must be members of the group. */
  readonly users?: readonly (UserName)[];
  /** Give access to every user who is logged in at the console. Refused unless forced: heap memory is not charged to cgroups. */
  readonly uaccess?: boolean;
  /** The reason why uaccess or a world bit is wanted all the same; it is written into the output as a comment. */
  readonly force?: string;
}

/** What must hold on the running board beyond regions, heaps and access. */
export interface Verify {
  /** Bounds for CmaTotal in /proc/meminfo; by default at least the sum of the regions. */
  readonly cmaTotal?: { /**  */
    readonly min?: Size;
    /**  */
    readonly max?: Size;
  };
  /** Whether the verifier must really allocate every buffer of the regions' budgets at once. */
  readonly holdBudget?: boolean;
  /** Users as whom the verifier should try each heap they have access to. */
  readonly users?: readonly (UserName)[];
  /** Upper bounds for what an allocation may cost. */
  readonly latency?: { /** 99th percentile of one allocation, in microseconds. */
    readonly allocateP99Micros?: number;
  };
}
