/** Logs that a terminal or a mail program broke at its width are read as they were printed. */
import { expect, test } from 'vitest';
import { diagnose } from '../../src/diagnose/index.js';
import { unwrapped } from '../../src/diagnose/unwrap.js';

const LOGS: readonly (readonly [cause: string, text: string])[] = [
  [
    'CMA_DT_REJECTED_ALIGN',
    `[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd034]
[    0.000000] Linux version 5.15.71-lts-next+g7f11b3c5b9f2 (oe-user@oe-host) (aarch64-poky-linux-gcc (GCC) 11.3.0, GNU ld 2.38) #1 SMP PREEMPT
[    0.000000] Kernel command line: console=ttymxc0,115200 root=/dev/mmcblk2p2 rootwait rw rootfstype=ext4 net.ifnames=0
[    0.000000] OF: fdt: Reserved memory: incorrect alignment of CMA region
[    0.000000] OF: reserved mem: node linux,cma compatible matching fail`,
  ],
  [
    'CMA_EXHAUSTED',
    `Feb 03 11:22:01 edge kernel: usb 1-1.2: new high-speed USB device number 5 using dwc2
Feb 03 11:22:31 edge kernel: cma: cma_alloc: linux,cma: alloc failed, req-size: 2025 pages, ret: -12
Feb 03 11:22:31 edge kernel: cma: number of available pages: 12@240+11@501+33@991=> 56 free of 16384 total pages`,
  ],
  [
    'CMA_DISABLED_CMDLINE',
    `[    0.000000] Kernel command line: BOOT_IMAGE=/boot/Image root=PARTUUID=1234abcd-02 rw quiet cma=0 console=ttyS2,115200
[    0.000000] Dentry cache hash table entries: 131072 (order: 8, 1048576 bytes, linear)`,
  ],
];

const hard = (width: number) => (line: string) => line.match(new RegExp(`.{1,${width}}`, 'g')) ?? [line];
/** A copy of a screen has no blanks at the ends of its lines. */
const copied = (line: string) => hard(80)(line).map((piece) => piece.trimEnd());
const mail = (line: string) => line.match(/.{1,72}(?= |$)|\S{73,}/g)?.map((piece) => piece.trimStart()) ?? [line];
const broken = (text: string, how: (line: string) => readonly string[]) => text.split('\n').flatMap(how).join('\n');

test.each(LOGS)('%s', (cause, text) => {
  for (const how of [hard(80), hard(100), copied, mail]) {
    const paste = broken(text, how);
    expect([paste, diagnose([{ file: 'paste.txt', text: paste }]).causes[0]?.id]).toEqual([paste, cause]);
  }
});

test.each([
  // What a person wrote below a log.
  ['a question', `${LOGS[0]?.[1]}\nIs this a fault of the tree?`],
  ['one long line', `$ ls /dev/dma_heap\n${'x'.repeat(80)}\nsystem`],
  ['a line of another width', `[    1.000000] ${'y'.repeat(90)}\nsystem`],
])('%s is not joined', (_name, text) => {
  expect(unwrapped(text)).toBe(text);
});
