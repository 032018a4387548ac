import { describe, expect, test } from 'vitest';
import { writeHuman } from '../../src/diagnostic/human.js';
import { FOLKLORE_CODES, findFolklore } from '../../src/facts/folklore.js';
import { FACTS } from '../../src/facts/index.js';
import { SourceText } from '../../src/source/index.js';

const found = (text: string) => findFolklore(new SourceText('notes.txt', text));

describe('what is passed on is recognised', () => {
  test.each([
    ['folklore/dev-dma-buf', 'chown root:video /dev/dma-buf', '/dev/dma-buf'],
    ['folklore/dev-dma-buf', 'open("/dev/dma_buf")', '/dev/dma_buf'],
    ['folklore/mknod', 'mknod /dev/dma_heap/system c 10 57', 'mknod /dev/dma_heap/system c 10 57'],
    ['folklore/mknod', 'sudo mknod -m 660 /dev/x c 10 57; true', 'mknod -m 660 /dev/x c 10 57'],
    ['folklore/modprobe', 'modprobe dma-buf', 'modprobe dma-buf'],
    ['folklore/modprobe', 'modprobe -v dma_heap\n', 'modprobe -v dma_heap'],
    ['folklore/modprobe', 'insmod dmabuf', 'insmod dmabuf'],
    ['folklore/chmod', 'chmod 666 /dev/dma_heap/*', 'chmod 666 /dev/dma_heap/*'],
    ['folklore/chmod', 'chmod -R 0777 /dev/dma_heap', 'chmod -R 0777 /dev/dma_heap'],
    ['folklore/chmod', 'chmod a+rw /dev/dma_heap/system && ls', 'chmod a+rw /dev/dma_heap/system '],
    ['folklore/chmod', 'chmod o=r /dev/dma_heap/system', 'chmod o=r /dev/dma_heap/system'],
    ['folklore/kernel-with-directory', 'KERNEL=="dma_heap/*", MODE="0660"', 'KERNEL=="dma_heap/*"'],
    ['folklore/kernel-with-directory', 'KERNEL == "/dev/dma_heap/system"', 'KERNEL == "/dev/dma_heap/system"'],
    ['folklore/kernel-with-directory', '{ "rule": "KERNEL==\\"dma_heap/*\\"" }', 'KERNEL==\\"dma_heap/*\\"'],
    ['folklore/name', 'KERNEL=="linux,cma*", NAME="dma_heap"', 'NAME="dma_heap"'],
    ['folklore/name', '{ "rule": "NAME:=\\"camera\\"" }', 'NAME:=\\"camera\\"'],
  ])('%s: %s', (code, text, stretch) => {
    const [finding, ...others] = found(text);
    expect(others.map((d) => d.code)).toEqual([]);
    expect(finding?.code).toBe(code);
    expect(text.slice((finding?.span?.column ?? 0) - 1, (finding?.span?.endColumn ?? 0) - 1)).toBe(stretch);
  });
});

test.each([
  'modprobe dma_heap_cma',
  'modprobe cma_heap',
  'chmod 660 /dev/dma_heap/system',
  'chmod g+rw /dev/dma_heap/system',
  'chmod 0750 run.sh',
  'mknod /dev/null c 1 3',
  '/dev/dma_heap/system',
  '/sys/kernel/debug/dma_buf/bufinfo',
  'KERNEL=="system", SUBSYSTEM=="dma_heap"',
  'SUBSYSTEM=="net", ACTION=="add", NAME="lan0"',
  'ENV{ID_NAME}="x", NAME=="video0", IFNAME="y"',
])('nothing is wrong with %s', (text) => {
  expect(found(text)).toEqual([]);
});

test('the answers, in the order of the text', () => {
  const source = new SourceText(
    'setup.sh',
    'modprobe dma-buf\nmknod /dev/dma-buf c 10 57\nchmod 666 /dev/dma_heap/system\nKERNEL=="dma_heap/*"\n',
  );
  expect(`\n${writeHuman(findFolklore(source), { sources: () => source })}`).toMatchInlineSnapshot(`
    "
    setup.sh:1:1: error[folklore/modprobe]: "modprobe dma-buf" does not load a module
        1 | modprobe dma-buf
          | ^^^^^^^^^^^^^^^^
      cause: the dma-buf core and the dma-heap core are bool symbols: built in, or absent from this kernel  [facts kconfig.dmabuf-heaps-type, kconfig.dma-shared-buffer-prompt]
      fix: set CONFIG_DMABUF_HEAPS=y and the heaps wanted in the kernel configuration
    setup.sh:2:1: error[folklore/mknod]: "mknod /dev/dma-buf c 10 57" does not make a heap
        2 | mknod /dev/dma-buf c 10 57
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^
      cause: heaps are not misc devices: the kernel allocates their major number at boot, and devtmpfs makes the nodes
      fix: remove it; set group and mode with a udev rule for SUBSYSTEM=="dma_heap"
    setup.sh:2:7: error[folklore/dev-dma-buf]: there is no /dev/dma-buf
        2 | mknod /dev/dma-buf c 10 57
          |       ^^^^^^^^^^^^
      cause: a dma-buf is a file descriptor that a heap returns; it does not have a node
      fix: open the heap, such as /dev/dma_heap/system or /dev/dma_heap/linux,cma
    setup.sh:3:1: error[folklore/chmod]: "chmod 666 /dev/dma_heap/system" opens the node to every process
        3 | chmod 666 /dev/dma_heap/system
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      cause: a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups  [fact heap.read-only-allocates]
      fix: give one group access: GROUP="video", MODE="0660" in a udev rule for SUBSYSTEM=="dma_heap"
    setup.sh:4:1: error[folklore/kernel-with-directory]: KERNEL=="dma_heap/*" never matches
        4 | KERNEL=="dma_heap/*"
          | ^^^^^^^^^^^^^^^^^^^^
      cause: KERNEL is the bare name of the device, without the directory of its node
      fix: write SUBSYSTEM=="dma_heap", and KERNEL=="linux,cma" for one of them
    "
  `);
});

test('they rest on facts that exist, and every code is met above', () => {
  const text = '/dev/dma-buf\nmknod x c 10 57\nmodprobe dma-buf\nchmod 666 x\nKERNEL=="dma_heap/x"\nNAME="x"\n';
  expect(found(text).map((d) => d.code)).toEqual(Object.keys(FOLKLORE_CODES));
  for (const id of found(text).flatMap((d) => d.facts ?? [])) expect(FACTS.has(id), id).toBe(true);
});

test.each([
  'NAME="',
  'mknod ',
  'chmod o',
  'o',
  'chmod -x ',
  'KERNEL=="dma_heap/',
  'modprobe -x ',
  ' ',
  '\\"',
  'NAME    ',
])('a megabyte of %j on one line is read to its end', (part) => {
  // What grew with the square of the length would meet the test's time limit.
  found(`chmod ${part.repeat(Math.ceil((1 << 20) / part.length))}`);
});
