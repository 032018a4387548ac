/** Heaps of vendors' kernels, by the names that programs open, and whose kernel a text shows. */
import type { Board } from './board.js';

export interface Vendor {
  /** As the answer calls it. */
  readonly kernel: string;
  readonly instead: string;
  /** Why such a kernel can lack one of its heaps, and where to look. */
  readonly lacks: string;
  readonly look: string;
}

const LACKS =
  'the option or the module for this heap is off in this build of the kernel, or its node is missing in the device tree';
const LOOK =
  'look at the options of the kernel (zgrep HEAP /proc/config.gz), at its modules (lsmod) and at the nodes of the device tree (ls /proc/device-tree/reserved-memory) for this heap, and add what is missing';
const MAINLINE = { instead: 'use a mainline heap', lacks: LACKS, look: LOOK };

const ANDROID: Vendor = {
  kernel: "Android's common kernels",
  instead: 'let the program use the heap system, with DMA_BUF_IOCTL_SYNC around the access of the CPU',
  lacks: 'the release or the vendor of the kernel builds the system heap without its uncached twin',
  look: 'let the program use the heap system, with DMA_BUF_IOCTL_SYNC around the access of the CPU, or ask the vendor of the kernel for the uncached heap (lsmod and zgrep HEAP /proc/config.gz show which driver makes the heaps)',
};
const ROCKCHIP: Vendor = {
  kernel: "Rockchip's vendor kernel",
  instead: 'let the program use another allocator (DRM, or the heap "system" if the program can handle cached buffers)',
  lacks: LACKS,
  look: LOOK,
};

const VENDORS: readonly (readonly [RegExp, Vendor])[] = [
  [/^(?:system-uncached(?:-dma32)?|system-dma32|cma-uncached|linux,cma-uncached-dma32)$/, ROCKCHIP],
  [
    /^linux,cma-uncached$/,
    {
      kernel: "NXP's vendor kernel (imx)",
      instead: 'let the library open linux,cma, or build it for the mainline kernel',
      lacks: LACKS,
      look: LOOK,
    },
  ],
  [
    /^(?:carveout|.*_carveout)[\w-]*/,
    {
      kernel: "TI's vendor kernel, made from carveout nodes in its device tree",
      instead: 'use a mainline CMA heap if the firmware can reach it',
      lacks:
        'its device tree has no node for this carveout. Each carveout has a node, and the overlay of one application does not have those of another',
      look: 'look for the node of this carveout (ls /proc/device-tree/reserved-memory): its name is that of the heap without carveout_. If it is missing, boot with the device tree or the overlay that has it',
    },
  ],
  [/^(?:qcom,|system-secure|secure_)/, { kernel: "Qualcomm's vendor kernel", ...MAINLINE }],
  [/^mtk_/, { kernel: "MediaTek's vendor kernel", ...MAINLINE }],
  [/^(?:codecmm|heap-codecmm|heap-gfx|heap-fb|amlogic)/, { kernel: "Amlogic's vendor kernel", ...MAINLINE }],
  [/^(?:vframe|vstream|vscaler|tpu|gcma|faceauth|dmabuf-?tui)/, { kernel: "a phone vendor's kernel", ...MAINLINE }],
  [/^(?:protected|restricted|secure)[\w-]*$/, { kernel: "a vendor's kernel with secure heaps", ...MAINLINE }],
];

export const vendorOf = (name: string): Vendor | undefined => VENDORS.find(([pattern]) => pattern.test(name))?.[1];

/** A release of Android's common kernels, or a platform that runs one and is not Rockchip's. */
const androidLine = (board: Board) =>
  board.release !== undefined && /-android\d+/.test(board.release.text)
    ? board.release.line
    : board.anyLine(/^\s*(?:mt\d{4}\w*|msm\w+|s[md]\d{3,4}\w*|qcom\w*|exynos\d+)\s*$/);
const isAndroid = (board: Board) =>
  androidLine(board) !== undefined || board.anyLine(/\bBufferAllocator\b|\bDMABUFHEAPS\b|\bgralloc\w*/) !== undefined;
const isRockchip = (board: Board) => board.anyLine(/rockchip|\brk3\d{3}|\b(?:rk)?mpp\b|\bmpp_|\brga_?/i) !== undefined;

/** Whose kernel has this heap, by what else the text shows: the uncached heap of the system is in more than one. */
export function vendorFor(board: Board, name: string): Vendor | undefined {
  if (name !== 'system-uncached' || !isAndroid(board) || isRockchip(board)) return vendorOf(name);
  return androidLine(board) === undefined
    ? { ...ANDROID, kernel: `${ANDROID.kernel}, and of ${ROCKCHIP.kernel}` }
    : ANDROID;
}

/** What shows that the kernel of this vendor runs already. */
export function runningLine(board: Board, vendor: Vendor): string | undefined {
  if (vendor === ANDROID) return androidLine(board);
  const others = (board.heapNames() ?? []).filter((name) => vendorOf(name) === vendor);
  return others.length === 0 ? undefined : others.join(', ');
}
