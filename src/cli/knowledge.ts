/** Knowledge of a kernel from a tree or a description on the disk. */

import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { versionOfTree } from '../facts/hold.js';
import { compareKernelVersions, FIRST_KERNEL_WITH_HEAPS, formatKernelVersion, OLDEST_KERNEL } from '../facts/index.js';
import { optionValues } from '../kconfig/option-line.js';
import {
  heapDirectories,
  type KernelKnowledge,
  type KnownClosure,
  readKnowledge,
  type SymbolValue,
} from '../knowledge/index.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { isOneFile, KnowledgeCache } from './kernel/knowledge-cache.js';
import { userCacheDirectory } from './kernel/store.js';
import { Refusal } from './refusal.js';

export const KNOWLEDGE_CODES = defineCodes({
  'kernel/heap-not-read': {
    severity: 'warning',
    title: 'a registration of a heap that could not be read',
    explain:
      'The source of the kernel registers a heap in a way that dmaheap cannot follow, or a Makefile adds files by a special rule. The heap may exist on the board with a name that the rules and the expectation do not have.',
  },
  'kernel/no-source': {
    severity: 'note',
    title: 'a kernel tree without the source of its heaps',
    explain:
      'The Kconfig files define the symbols. The names of heaps are in the C source, which this tree does not have.',
  },
  'kernel/fact-unknown': {
    severity: 'note',
    title: 'the source does not look like a known kernel',
    explain:
      'dmaheap looks up each fact about kernels in the source of the tree. The source at this place does not look like a known kernel, so everything that depends on the fact is unknown.',
  },
});

const report = reporter(KNOWLEDGE_CODES);

/** A tree with the Kconfig files alone has nothing that names a heap. */
const HEAP_CORE = 'drivers/dma-buf/dma-heap.c';
export const hasHeapSource = (directory: string): boolean => existsSync(path.join(directory, HEAP_CORE));

export const noSource = (directory: string): Diagnostic =>
  report('kernel/no-source', {
    message: `${path.basename(directory)} has no ${HEAP_CORE}, so the names of its heaps are not known; assuming those of mainline`,
    fix: 'give the complete source of the kernel, or a description of it',
  });

export interface KnowledgeOptions {
  /** Kconfig files of the tree, where they were parsed. */
  readonly kconfigFiles?: ReadonlySet<string> | readonly string[];
  /** Below arch/. */
  readonly arch?: string;
  /** Look through every C file of the tree; otherwise only through those that Kconfig and Makefiles lead to. */
  readonly everyFile?: boolean;
  readonly closures?: readonly KnownClosure[];
  readonly origin: string;
}

/** What was read, for the description's hash. */
export interface ReadTree {
  readonly knowledge: KernelKnowledge;
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Knowledge from a kernel source tree.
 * @throws {@link Refusal} for a tree that has no CMA heaps yet, or that is not one
 */
export function treeKnowledge(directory: string, shown: string, options: KnowledgeOptions): ReadTree {
  const { knowledge, files } = readTree(directory, shown, options);
  return { knowledge, files };
}

/**
 * The same, from the cache while no file that it was read from has changed.
 * @param cacheDirectory the user's cache when absent
 * @throws {@link Refusal} as {@link treeKnowledge}
 */
export function keptTreeKnowledge(
  context: Pick<Context, 'environment'>,
  directory: string,
  shown: string,
  options: Pick<KnowledgeOptions, 'kconfigFiles' | 'arch' | 'origin'>,
  cacheDirectory: string | undefined = isOneFile ? userCacheDirectory(context.environment) : undefined,
): KernelKnowledge {
  if (cacheDirectory === undefined) return treeKnowledge(directory, shown, options).knowledge;
  const { arch = '', origin, kconfigFiles = [] } = options;
  const cache = new KnowledgeCache(cacheDirectory, [directory, arch, origin, ...kconfigFiles]);
  const kept = cache.read();
  if (kept !== undefined) return kept;
  const { knowledge, asked } = readTree(directory, shown, options);
  cache.write(
    knowledge,
    asked.map((name) => path.join(directory, name)),
  );
  return knowledge;
}

function readTree(directory: string, shown: string, options: KnowledgeOptions): ReadTree & { asked: string[] } {
  const files = new Map<string, string>();
  const asked: string[] = [];
  const read = (file: string): string | undefined => {
    const known = files.get(file);
    if (known !== undefined) return known;
    asked.push(file);
    try {
      const text = readFileSync(path.join(directory, file), 'latin1');
      files.set(file, text);
      return text;
    } catch {
      return undefined;
    }
  };
  refuseOldTree(read('Makefile') ?? '', shown);
  const kconfig = [...(options.kconfigFiles ?? [])];
  asked.push(...kconfig);
  const knowledge = readKnowledge({
    read,
    list: (name) => {
      asked.push(name);
      try {
        return readdirSync(path.join(directory, name));
      } catch {
        return undefined;
      }
    },
    ...(options.arch === undefined ? {} : { arch: options.arch }),
    directories: heapDirectories(kconfig, (file) => peek(path.join(directory, file))),
    ...(options.everyFile === true ? { callers: callersBelow(directory) } : {}),
    ...(options.closures === undefined ? {} : { closures: options.closures }),
    origin: options.origin,
  });
  if (knowledge === undefined)
    throw new Refusal(
      `${shown}: its Makefile states no VERSION and PATCHLEVEL`,
      EXIT.environment,
      'give the top directory of a kernel source tree',
    );
  return { knowledge, files, asked };
}

/**
 * Version first, then everything else: a tree from before the heaps ends in one sentence.
 * @throws {@link Refusal}
 */
export function refuseOldTree(makefile: string, shown: string): void {
  const version = versionOfTree(makefile);
  if (version === undefined || compareKernelVersions(version, OLDEST_KERNEL) >= 0) return;
  const isBeforeHeaps = compareKernelVersions(version, FIRST_KERNEL_WITH_HEAPS) < 0;
  throw new Refusal(
    `${shown} is of Linux ${formatKernelVersion(version)}: ${isBeforeHeaps ? 'it does not have DMA-BUF heaps (/dev/dma_heap)' : `dmaheap knows kernels from ${formatKernelVersion(OLDEST_KERNEL)} on`}`,
    EXIT.environment,
    isBeforeHeaps
      ? 'use a newer kernel, or share buffers from /dev/ion if the vendor has it, from DRM dumb buffers, or from V4L2 (VIDIOC_EXPBUF)'
      : `use ${formatKernelVersion(OLDEST_KERNEL)} or newer`,
  );
}

const MENTIONED = Buffer.from('dma_heap_add');

/** C files of the tree with a call like dma_heap_add(), found by their bytes. */
function callersBelow(directory: string): string[] {
  const found: string[] = [];
  let buffer = Buffer.allocUnsafe(1 << 20);
  const visit = (below: string): void => {
    for (const entry of readdirSync(path.join(directory, below), { withFileTypes: true })) {
      const file = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!SKIPPED.has(file)) visit(file);
      } else if (entry.name.endsWith('.c') && entry.isFile()) {
        const descriptor = openSync(path.join(directory, file), 'r');
        try {
          const { size } = fstatSync(descriptor);
          if (size > buffer.length) buffer = Buffer.allocUnsafe(size * 2);
          const length = readSync(descriptor, buffer, 0, size, 0);
          if (buffer.subarray(0, length).includes(MENTIONED)) found.push(file);
        } finally {
          closeSync(descriptor);
        }
      }
    }
  };
  visit('');
  return found.sort();
}

/** Nothing of these is in a kernel image. */
const SKIPPED = new Set(['Documentation', 'tools', 'samples', 'scripts', 'usr', '.git', 'LICENSES']);

/** A Kconfig file, read apart from what the description's hash is about. */
function peek(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

/** Values of a complete configuration; a symbol that the tree does not have is n. */
export function valuesOf(config: string): SymbolValue {
  const values = optionValues(config);
  return (symbol) => values.get(symbol) ?? 'n';
}
