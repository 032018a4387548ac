/** A plan for the kernel of a tree: its heaps and rules come from its source, whatever its version. */
import path from 'node:path';
import type { Diagnostic } from '../diagnostic/index.js';
import { reporter } from '../diagnostic/index.js';
import type { KernelKnowledge } from '../knowledge/index.js';
import { isMainline } from '../knowledge/lookup.js';
import type { Context } from './context.js';
import { type OpenTree, openKernelTree } from './kernel-tree.js';
import { hasHeapSource, KNOWLEDGE_CODES, keptTreeKnowledge, noSource } from './knowledge.js';
import { type Planning, type PlanOptions, planProfile } from './profile.js';
import { archOfBoard } from './release.js';

const report = reporter(KNOWLEDGE_CODES);

export interface TreeOptions extends PlanOptions {
  readonly kernelTree?: string;
  readonly arch?: string;
  readonly probes?: string;
  readonly recordProbes?: string;
}

/**
 * The tree is opened once; without one it is the plan for the profile's kernels.
 * @throws {@link Refusal}
 */
export async function planOnTree(
  context: Context,
  file: string,
  options: TreeOptions,
): Promise<{ readonly open: OpenTree | undefined; readonly planning: Planning }> {
  const planning = planProfile(context, file, options);
  const { kernelTree } = options;
  if (planning.planned === undefined) return { open: undefined, planning };
  // Said without a tree, a wrong --arch is still a mistake.
  const arch = archOfBoard(options.arch, planning.planned.plan.board.arch);
  if (kernelTree === undefined) return { open: undefined, planning };
  const open = await openKernelTree(context, { ...options, kernelTree, arch });
  if (!hasHeapSource(open.directory))
    return { open, planning: { ...planning, diagnostics: [...planning.diagnostics, noSource(open.directory)] } };
  const knowledge = knowledgeOfTree(context, open, kernelTree);
  // A kernel like mainline's leaves the profile's range as it is.
  if (isMainline(knowledge)) return { open, planning };
  const own = planProfile(context, file, { ...options, knowledge });
  return { open, planning: { ...own, diagnostics: [...own.diagnostics, ...gapsIn(knowledge)] } };
}

/** @throws {@link Refusal} for a tree from before the heaps */
export function knowledgeOfTree(context: Context, open: OpenTree, shown: string): KernelKnowledge {
  const origin = path.basename(open.directory);
  return keptTreeKnowledge(context, open.directory, shown, {
    kconfigFiles: [...open.tree.files],
    arch: open.sourceArch,
    origin,
  });
}

/** What of a kernel's source could not be read. */
export function gapsIn({ inventory, facts, origin }: KernelKnowledge): Diagnostic[] {
  const unknown = [...facts].flatMap(([id, { known }]) =>
    known.by === 'unknown' && !id.startsWith('kconfig.') ? [{ id, file: known.file }] : [],
  );
  return [
    ...inventory.unread.map(({ file, line, text }) =>
      report('kernel/heap-not-read', {
        message: `${origin}: ${file}:${line} is not understood: ${text}`,
        fix: 'check the line; a profile can declare a heap that it registers with "kind": "vendor"',
      }),
    ),
    ...(unknown.length === 0
      ? []
      : [
          report('kernel/fact-unknown', {
            message: `${origin}: the source does not decide ${unknown.map(({ id }) => id).join(', ')}`,
            cause: `these files do not look like a known kernel: ${[...new Set(unknown.map(({ file }) => file))].join(', ')}`,
            fix: 'compare each file with the output of `dmaheap facts ID`',
            facts: unknown.map(({ id }) => id),
          }),
        ]),
  ];
}
