/** Heaps of vendors' kernels, by the names that programs open, and whose kernel a text shows. */

export interface Vendor {
  /** As the answer calls it. */
  readonly kernel: string;
  readonly instead: string;
}

const VENDORS: readonly (readonly [RegExp, string, string])[] = [
  [
    /^(?:system-uncached(?:-dma32)?|system-dma32|cma-uncached|linux,cma-uncached-dma32)$/,
    "Rockchip's vendor kernel",
    'let the program use another allocator (DRM, or the heap "system" if the program can handle cached buffers)',
  ],
  [
    /^linux,cma-uncached$/,
    "NXP's vendor kernel (imx)",
    'let the library open linux,cma, or build it for the mainline kernel',
  ],
  [
    /^(?:carveout|.*_carveout)[\w-]*/,
    "TI's vendor kernel, made from carveout nodes in its device tree",
    'use a mainline CMA heap if the firmware can reach it',
  ],
  [/^(?:qcom,|system-secure|secure_)/, "Qualcomm's vendor kernel", 'use a mainline heap'],
  [/^mtk_/, "MediaTek's vendor kernel", 'use a mainline heap'],
  [/^(?:codecmm|heap-codecmm|heap-gfx|heap-fb|amlogic)/, "Amlogic's vendor kernel", 'use a mainline heap'],
  [/^(?:vframe|vstream|vscaler|tpu|gcma|faceauth|dmabuf-?tui)/, "a phone vendor's kernel", 'use a mainline heap'],
  [/^(?:protected|restricted|secure)[\w-]*$/, "a vendor's kernel with secure heaps", 'use a mainline heap'],
];

export function vendorOf(name: string): Vendor | undefined {
  const found = VENDORS.find(([pattern]) => pattern.test(name));
  return found && { kernel: found[1], instead: found[2] };
}
