/**
 * Recipes about DMA-BUF heaps that are passed on and never worked, or work by accident: recognised in any text, rule,
 * script or note, and answered with what is true instead.
 */
import { type CodeTable, type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import type { SourceText } from '../source/index.js';

export const FOLKLORE_CODES = defineCodes({
  'folklore/dev-dma-buf': {
    severity: 'error',
    title: 'there is no /dev/dma-buf',
    explain:
      'A dma-buf does not have a device node. It is a file descriptor that a heap or a driver returns. Each heap has a character device under /dev/dma_heap/.',
  },
  'folklore/mknod': {
    severity: 'error',
    title: 'mknod does not make a heap',
    explain:
      'Heaps are not misc devices (major 10). The kernel allocates their major number at boot, and devtmpfs makes the nodes. A node made by hand belongs to another device or to none.',
  },
  'folklore/modprobe': {
    severity: 'error',
    title: 'there is no dma-buf module to load',
    explain:
      'DMA_SHARED_BUFFER and DMABUF_HEAPS are bool symbols: they are built in or absent. Only the system heap and the CMA heap can be modules, from 7.2 on, under their own names.',
  },
  'folklore/chmod': {
    severity: 'error',
    title: 'a device node opened to the world with chmod',
    explain:
      'A process that opens a heap read-only can allocate from it, and the memory is not charged to cgroups. With a permission for others, every process can exhaust the memory. The mode is also lost at the next boot, and it comes too late for a program that opens the node first.',
  },
  'folklore/kernel-with-directory': {
    severity: 'error',
    title: 'KERNEL== with a directory never matches',
    explain:
      'KERNEL is the bare name of the device (linux,cma); the directory dma_heap is only in the path of its node. udev reads the rule without a warning and never applies it.',
  },
  'folklore/name': {
    severity: 'error',
    title: 'NAME= does nothing for a device node',
    explain: 'udev uses NAME= only for network interfaces; the kernel names device nodes. SYMLINK+= adds a name.',
  },
} satisfies CodeTable);

const report = reporter(FOLKLORE_CODES);

/** A quote may follow a backslash: the text may be a string in JSON. */
interface Recipe {
  readonly code: keyof typeof FOLKLORE_CODES;
  readonly pattern: RegExp;
  readonly message: (found: string) => string;
  readonly cause: string;
  readonly fix: string;
  /** Precedes it on the same line if the recipe is right. */
  readonly unless?: RegExp;
  readonly facts?: readonly string[];
}

const RECIPES: readonly Recipe[] = [
  {
    code: 'folklore/dev-dma-buf',
    pattern: /\/dev\/dma[-_]?buf\b/g,
    message: (found) => `there is no ${found}`,
    cause: 'a dma-buf is a file descriptor that a heap returns; it does not have a node',
    fix: 'open the heap, such as /dev/dma_heap/system or /dev/dma_heap/linux,cma',
  },
  {
    code: 'folklore/mknod',
    pattern: /\bmknod\b[^\n;&|]{0,100}?(?:\b10[ \t]{1,9}57\b|\bdma[-_]?(?:heap|buf)\b[^\n;&|]{0,100})/g,
    message: (found) => `"${found}" does not make a heap`,
    cause: 'heaps are not misc devices: the kernel allocates their major number at boot, and devtmpfs makes the nodes',
    fix: 'remove it; set group and mode with a udev rule for SUBSYSTEM=="dma_heap"',
  },
  {
    code: 'folklore/modprobe',
    pattern: /\b(?:modprobe|insmod)\s+(?:-\S+\s+)*dma[-_]?(?:buf|heap)\b(?![-_]?\w)/g,
    message: (found) => `"${found}" does not load a module`,
    cause: 'the dma-buf core and the dma-heap core are bool symbols: built in, or absent from this kernel',
    fix: 'set CONFIG_DMABUF_HEAPS=y and the heaps wanted in the kernel configuration',
    facts: ['kconfig.dmabuf-heaps-type', 'kconfig.dma-shared-buffer-prompt'],
  },
  {
    code: 'folklore/chmod',
    pattern: /\bchmod\s+(?:-\S+\s+)*(?:0?[0-7]{2}[1-7]|(?:[ugoa]{0,3}[oa][ugoa]{0,3})?[+=][rwx]{1,3})(?=\s)[^\n;&|"]*/g,
    message: (found) => `"${found.trim()}" ${effectOfChmod(found)}`,
    cause: 'a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups',
    fix: 'give one group access: GROUP="video", MODE="0660" in a udev rule for SUBSYSTEM=="dma_heap"',
    facts: ['heap.read-only-allocates'],
  },
  {
    code: 'folklore/kernel-with-directory',
    pattern: /\bKERNEL\s*[=!]=\s*\\?"(?:\/dev\/)?dma_heap\/[^"\\\n]*\\?"/g,
    message: (found) => `${found} never matches`,
    cause: 'KERNEL is the bare name of the device, without the directory of its node',
    fix: 'write SUBSYSTEM=="dma_heap", and KERNEL=="linux,cma" for one of them',
  },
  {
    code: 'folklore/name',
    pattern: /(?<![\w{])NAME\s*:?=(?!=)\s*\\?"[^"\\\n]*\\?"/g,
    // Interfaces do get their names so.
    unless: /\bSUBSYSTEM\s*==\s*\\?"net\b/,
    message: (found) => `${found} does nothing`,
    cause: 'udev renames network interfaces only; the kernel names device nodes',
    fix: 'remove it; SYMLINK+= adds a name below /dev',
  },
];

/** Whether a chmod is of the directory alone and leaves it as the kernel makes it. */
export const leavesDirectory = (command: string): boolean => effectOfChmod(command).startsWith('leaves the directory');

/** What chmod does to the directory of the nodes, to the nodes in it, or to one of them. */
function effectOfChmod(command: string): string {
  if (!/\/dev\/dma_heap\/?\s*$/.test(command)) return 'opens the node to every process';
  const [, mode = '', operator = '', what = ''] = /\s(?:\d*(\d)|[ugoa]*([+=])([rwx]+))\s/.exec(command) ?? [];
  const added = (what.includes('w') ? 2 : 0) | (what.includes('x') ? 1 : 0);
  // The kernel makes the directory 0755.
  const others = mode === '' ? (operator === '+' ? 1 | added : added) : Number(mode);
  const directory =
    (others & 1) === 0
      ? 'closes the directory: only root can open the nodes in it'
      : (others & 2) === 0
        ? 'leaves the directory as the kernel makes it'
        : 'opens the directory: every process may replace nodes in it';
  return /\s(?:-\w*R|--recursive\b)/.test(command)
    ? `opens the nodes to every process, and ${directory}`
    : `${directory}, but the modes of the nodes do not change`;
}

/** Every recipe found in a text, in the order of the text. */
export function findFolklore(source: SourceText): Diagnostic[] {
  return RECIPES.flatMap(({ code, pattern, unless, message, cause, fix, facts }) =>
    [...source.text.matchAll(pattern)]
      .filter((match) => unless === undefined || !unless.test(before(source.text, match.index)))
      .map((match) => ({
        at: match.index,
        finding: report(code, {
          message: message(match[0]),
          cause,
          fix,
          span: source.span(match.index, match[0].length),
          ...(facts === undefined ? {} : { facts }),
        }),
      })),
  )
    .sort((a, b) => a.at - b.at)
    .map(({ finding }) => finding);
}

/** How far a match looks back. Everything here is bounded: the text may be one line of a megabyte. */
const CONTEXT = 300;

function before(text: string, at: number): string {
  const near = text.slice(Math.max(0, at - CONTEXT), at);
  return near.slice(near.lastIndexOf('\n') + 1);
}
