/** What the names of answers mean that the verifier does not give: for `explain`. */

export interface Named {
  readonly id: string;
  readonly cause: string;
  readonly fix: string;
}

/** Every id of the causes in this folder that is not in the verifier's catalogue. */
export const NAMES_OF_ANSWERS: readonly Named[] = [
  {
    id: 'healthy',
    cause:
      'the text shows no fault of heaps: the area is made, or the nodes have their group and mode, and no line contradicts it',
    fix: 'nothing needs to change in what the text shows',
  },
  {
    id: 'undecided',
    cause: 'the text does not show what is wrong: several causes would look the same',
    fix: 'add the output of the commands that the answer lists, and diagnose all of it together',
  },
  {
    id: 'not-ours',
    cause: 'something fails that is not a heap, not CMA and not the access to them',
    fix: 'look at the part that the answer names; the heaps need no change',
  },
  {
    id: 'container-node-missing',
    cause:
      'the container or sandbox has no /dev/dma_heap, or not this node of it: the runtime did not pass it in. The verifier names it CONTAINER_DEVICE_MISSING',
    fix: 'pass the nodes as devices: --device /dev/dma_heap for docker and podman, "devices:" in compose, lxc.mount.entry for LXC, a device plugin or CDI for Kubernetes',
  },
  {
    id: 'kernel-too-old-ion',
    cause: 'the kernel is older than DMA-BUF heaps; kernels of vendors have ION instead',
    fix: 'use a newer kernel, or a build of the program that allocates from ION',
  },
  {
    id: 'module-wrong-name',
    cause: 'no kernel has a module of this name: the cores of dma-buf and of the heaps are built in or absent',
    fix: 'remove the modprobe; only system_heap and cma_heap can be modules, and only on recent kernels',
  },
  {
    id: 'rule-file-order',
    cause: 'two rules files set the same node, and the one whose name sorts later wins',
    fix: 'give the file a name that sorts after the other one, or remove the lines from the other one',
  },
  {
    id: 'cma-granule-order',
    cause:
      'a large maximum order of the page allocator makes the granule of CMA so large that no free range of the board has this alignment',
    fix: 'set ARCH_FORCE_MAX_ORDER (FORCE_MAX_ZONEORDER) to a smaller value',
  },
  {
    id: 'gpu-mem-takes-low-ram',
    cause: 'gpu_mem= of a Raspberry Pi takes the low memory that the CMA area needs',
    fix: 'lower gpu_mem in config.txt, or make the area smaller',
  },
  {
    id: 'area-across-numa',
    cause: 'the area lies on two NUMA memory nodes, so it is never activated',
    fix: 'move the area inside one memory node',
  },
  {
    id: 'holder-suspended',
    cause: 'a stopped process holds the buffers of the area',
    fix: 'continue the process (fg, kill -CONT PID), or end it',
  },
  {
    id: 'kernel-crash-in-heap',
    cause: 'the call trace of a crash or of a blocked task goes through the code of a heap or of CMA',
    fix: 'collect the whole report, the lines of the log with "reserved mem" and "cma", and the node of the area; an area with no-map or outside RAM is a usual reason',
  },
];
