/** A profile whose texts or comments repeat what never worked is told so, and still read. */
import { expect, test } from 'vitest';
import { writeHuman } from '../../src/diagnostic/human.js';
import { hasErrors } from '../../src/diagnostic/index.js';
import { readProfile } from '../../src/profile/load.js';

const PROFILE = `{
  "version": 1,
  "name": "seed",
  // devices: /dev/dma-buf, made with mknod c 10 57 after modprobe dma-buf
  "board": { "arch": "arm64", "title": "replaces KERNEL==\\"dma_heap/*\\", NAME=\\"dma_heap\\"" },
  "kernel": { "version": "6.12" },
  "regions": { "linux,cma": { "size": "64M", "default": true } },
  "heaps": { "camera": { "region": "linux,cma" } },
  "access": { "camera": { "group": "video", "mode": "0666", "force": "was chmod 666 /dev/dma_heap/* before" } }
}
`;

test('every recipe is answered where it stands', () => {
  const { value, diagnostics, sources } = readProfile('seed.json', () => ({ text: PROFILE }));
  expect(value).toBeDefined();
  expect(hasErrors(diagnostics)).toBe(false);
  const folklore = diagnostics.filter((d) => d.code.startsWith('folklore/'));
  expect(`\n${writeHuman(folklore, { sources: (file) => sources.get(file) })}`).toMatchInlineSnapshot(`
    "
    seed.json:4:15: warning[folklore/dev-dma-buf]: there is no /dev/dma-buf
        4 |   // devices: /dev/dma-buf, made with mknod c 10 57 after modprobe dma-buf
          |               ^^^^^^^^^^^^
      cause: a dma-buf is a file descriptor that a heap returns; it does not have a node
      fix: open the heap, such as /dev/dma_heap/system or /dev/dma_heap/linux,cma
    seed.json:4:39: warning[folklore/mknod]: "mknod c 10 57" does not make a heap
        4 |   // devices: /dev/dma-buf, made with mknod c 10 57 after modprobe dma-buf
          |                                       ^^^^^^^^^^^^^
      cause: heaps are not misc devices: the kernel allocates their major number at boot, and devtmpfs makes the nodes
      fix: remove it; set group and mode with a udev rule for SUBSYSTEM=="dma_heap"
    seed.json:4:59: warning[folklore/modprobe]: "modprobe dma-buf" does not load a module
        4 |   // devices: /dev/dma-buf, made with mknod c 10 57 after modprobe dma-buf
          |                                                           ^^^^^^^^^^^^^^^^
      cause: the dma-buf core and the dma-heap core are bool symbols: built in, or absent from this kernel  [facts kconfig.dmabuf-heaps-type, kconfig.dma-shared-buffer-prompt]
      fix: set CONFIG_DMABUF_HEAPS=y and the heaps wanted in the kernel configuration
    seed.json:5:50: warning[folklore/kernel-with-directory]: KERNEL==\\"dma_heap/*\\" never matches
        5 |   "board": { "arch": "arm64", "title": "replaces KERNEL==\\"dma_heap/*\\", NAME=\\"dma_heap\\"" },
          |                                                  ^^^^^^^^^^^^^^^^^^^^^^
      cause: KERNEL is the bare name of the device, without the directory of its node
      fix: write SUBSYSTEM=="dma_heap", and KERNEL=="linux,cma" for one of them
    seed.json:5:74: warning[folklore/name]: NAME=\\"dma_heap\\" does nothing
        5 |   "board": { "arch": "arm64", "title": "replaces KERNEL==\\"dma_heap/*\\", NAME=\\"dma_heap\\"" },
          |                                                                          ^^^^^^^^^^^^^^^^^
      cause: udev renames network interfaces only; the kernel names device nodes
      fix: remove it; SYMLINK+= adds a name below /dev
    seed.json:9:75: warning[folklore/chmod]: "chmod 666 /dev/dma_heap/* before" opens the node to every process
        9 |   "access": { "camera": { "group": "video", "mode": "0666", "force": "was chmod 666 /dev/dma_heap/* before" } }
          |                                                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      cause: a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups  [fact heap.read-only-allocates]
      fix: give one group access: GROUP="video", MODE="0660" in a udev rule for SUBSYSTEM=="dma_heap"
    "
  `);
});
