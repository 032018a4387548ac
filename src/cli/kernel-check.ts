/** A kernel tree compared with what was generated or described for it. */
import path from 'node:path';
import type { CheckResult } from '../check/index.js';
import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { heapNames } from '../facts/heap-names.js';
import { compareKernelVersions, formatKernelVersion, parseKernelVersion } from '../facts/index.js';
import { compareKnowledge, type KernelKnowledge, namingOf, vendorHeap } from '../knowledge/index.js';
import { kernelArch } from './arch.js';
import { type Context, shellWords } from './context.js';
import { descriptionKnowledge } from './descriptions.js';
import { openKernelTree } from './kernel-tree.js';
import { hasHeapSource, keptTreeKnowledge, noSource, treeKnowledge } from './knowledge.js';
import type { Manifest, ManifestHeap } from './tree.js';

export const KERNEL_CHECK_CODES = defineCodes({
  'kernel/other-names': {
    severity: 'error',
    title: 'the kernel gives a heap another name than the generated files',
    explain:
      'Rules, aliases and expectation were generated for names that the source of this kernel does not register. On the board, the rules do not match and the verifier reports a missing heap.',
  },
  'kernel/other-description': {
    severity: 'error',
    title: 'a kernel description differs from the tree',
    explain: 'The kernel description was written from another source than this tree, or the tree has changed since.',
  },
});
const report = reporter(KERNEL_CHECK_CODES);

/** The kernel that a generated tree is compared with. */
export type CheckedKernel =
  | { readonly knowledge: KernelKnowledge; readonly from: string }
  | { readonly knowledge?: undefined; readonly diagnostics: readonly Diagnostic[] };

/**
 * What is known of it: from its source, else from the description that the manifest records.
 * @throws {@link Refusal}
 */
export function checkedKernel(
  context: Context,
  { kernelTree, description }: { readonly kernelTree?: string | undefined; readonly description?: string | undefined },
  { board }: Manifest,
): CheckedKernel | undefined {
  if (kernelTree === undefined)
    return description === undefined
      ? undefined
      : { knowledge: descriptionKnowledge(context, description), from: 'the description' };
  const directory = context.resolve(kernelTree);
  if (!hasHeapSource(directory)) return { diagnostics: [noSource(directory)] };
  const arch = kernelArch(board.arch);
  const knowledge = keptTreeKnowledge(context, directory, `--kernel-tree ${kernelTree}`, {
    ...(arch === undefined ? {} : { arch }),
    origin: path.basename(directory),
  });
  return { knowledge, from: 'the kernel tree' };
}

/** The names that were generated, on that kernel. */
export function checkHeapNames(kernel: CheckedKernel, { heaps = [] }: Manifest): CheckResult {
  const about = {
    check: 'kernel-heaps',
    title: `${kernel.knowledge === undefined ? 'the kernel tree' : kernel.from} registers the heaps of the generated files`,
    missingTools: [],
  };
  if (heaps.length === 0) return { ...about, status: 'not-run', diagnostics: [] };
  const { knowledge } = kernel;
  if (knowledge === undefined) return { ...about, status: 'not-run', diagnostics: kernel.diagnostics };
  // Registrations that the reader does not follow.
  if (knowledge.inventory.heaps.length === 0) return { ...about, status: 'unknown', diagnostics: [] };
  const diagnostics = heaps.flatMap((heap) => otherNames(heap, knowledge));
  return { ...about, status: diagnostics.length === 0 ? 'pass' : 'fail', diagnostics };
}

function otherNames(heap: ManifestHeap, knowledge: KernelKnowledge): Diagnostic[] {
  const generated = heap.nodes.filter((node) => !node.optional && isOn(node, knowledge)).map(({ name }) => name);
  const registered =
    heap.kind === 'vendor'
      ? generated.filter((name) => vendorHeap(knowledge, name) !== undefined)
      : heapNames(
          namingOf(knowledge),
          heap.kind === 'system' ? { kind: 'system' } : { name: heap.area ?? '', isDefault: heap.isDefault ?? false },
          heap.cached ?? true,
        ).map(({ name }) => name);
  const missing = generated.filter((name) => !registered.includes(name));
  const isAbsentAsPlanned = heap.optional === true && generated.length === 0 && registered.length === 0;
  if (isAbsentAsPlanned || (missing.length === 0 && generated.length > 0)) return [];
  const names = [...new Set(knowledge.inventory.heaps.map(({ name }) => name))].join(', ');
  return [
    report('kernel/other-names', {
      message: `the heap "${heap.name}" was generated as ${[...new Set(heap.nodes.map(({ name }) => name))].join(', ')}, but ${knowledge.origin} registers ${registered.length === 0 ? 'no heap of that name' : registered.join(', ')}`,
      cause: `the heaps of that kernel, Linux ${knowledge.release}, are ${names}`,
      fix: 'generate again with --kernel-tree',
    }),
  ];
}

function isOn({ since, until }: ManifestHeap['nodes'][number], { version }: KernelKnowledge): boolean {
  const [from, to] = [since, until].map((text) => (text === undefined ? undefined : parseKernelVersion(text)));
  return (
    (from === undefined || compareKernelVersions(from, version) <= 0) &&
    (to === undefined || compareKernelVersions(version, to) < 0)
  );
}

/**
 * A description against the tree that it was written from.
 * @throws {@link Refusal}
 */
export async function checkDescription(context: Context, file: string, kernelTree: string): Promise<CheckResult> {
  const described = descriptionKnowledge(context, file);
  const { arch = 'arm64' } = described;
  const again = `write it again: ${shellWords(['dmaheap', 'kernel', kernelTree, '--arch', arch, '-o', file])}`;
  const open = await openKernelTree(context, { kernelTree, arch });
  const { knowledge: read } = treeKnowledge(open.directory, kernelTree, {
    kconfigFiles: [...open.tree.files],
    arch: open.sourceArch,
    everyFile: described.inventory.scope === 'tree',
    origin: path.basename(open.directory),
  });
  const changes = compareKnowledge(described, read);
  const release =
    described.release === read.release
      ? []
      : [
          report('kernel/other-description', {
            message: `${file} is of Linux ${described.release}, but ${kernelTree} is Linux ${read.release}`,
            fix: again,
          }),
        ];
  const diagnostics = [
    ...release,
    ...changes.map(({ name, from, to }) =>
      report('kernel/other-description', {
        message: `${name}: ${file} has ${from ?? 'nothing'}, but ${kernelTree} has ${to ?? 'nothing'}`,
        fix: again,
      }),
    ),
  ];
  return {
    check: 'kernel-description',
    title: `the description agrees with the tree of Linux ${formatKernelVersion(read.version)}`,
    status: diagnostics.length === 0 ? 'pass' : 'fail',
    diagnostics,
    missingTools: [],
  };
}
