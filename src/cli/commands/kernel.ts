/** dmaheap kernel TREE: which heaps a kernel has and how it behaves, as a file that needs no tree. */

import { existsSync } from 'node:fs';
import { formatKernelVersion, noSuchRelease, parseKernelVersion } from '../../facts/index.js';
import {
  compareKnowledge,
  conditionText,
  holds,
  type KnowledgeChange,
  knowledgeOf,
  shippedKnowledge,
  writeDescription,
} from '../../knowledge/index.js';
import { readConfig } from '../config.js';
import type { Context } from '../context.js';
import { declare, flag, text } from '../declaration.js';
import { isShippedName, readDescriptionFile, shippedDescriptions } from '../descriptions.js';
import { EXIT, type Exit } from '../exit.js';
import { readTree, type TreeReading } from '../kernel-reading.js';
import { type Base, type OpenTree, openKernelTree } from '../kernel-tree.js';
import { KERNEL_TREE } from '../options.js';
import { Refusal } from '../refusal.js';
import { writeOutput } from '../write-file.js';

export const command = declare({
  name: 'kernel',
  about:
    'show which heaps a kernel has and how it handles regions, and write a description of it for machines without the source',
  arguments: [
    [
      '<kernel...>',
      'a kernel source tree, a description (NAME.kernel.json, or the name of one that ships) or a version of mainline; two with --diff',
    ],
  ],
  options: {
    arch: KERNEL_TREE.arch,
    config: text('--config <file>', 'the .config or defconfig that the kernel is built with'),
    probes: KERNEL_TREE.probes,
    output: text('-o, --output <file>', 'write the description'),
    diff: flag('--diff', 'show what changes from the first kernel to the second, for user space and for the boot'),
  },
  exits: 'with --diff: 0 no difference, 1 differences',
  examples: [
    'kernel linux-6.12 --arch arm64 -o linux-6.12.kernel.json',
    'kernel --diff linux-6.12.kernel.json vendor.kernel.json',
  ],
  run: kernel,
});

interface KernelOptions {
  readonly arch?: string;
  readonly config?: string;
  readonly probes?: string;
  readonly output?: string;
  readonly diff: boolean;
}

interface Known extends Omit<TreeReading, 'source'> {
  readonly name: string;
  /** Absent: a release of mainline, as it ships. */
  readonly source?: TreeReading['source'];
}

async function kernel(context: Context, subjects: readonly string[], options: KernelOptions): Promise<Exit> {
  if (subjects.length !== (options.diff ? 2 : 1))
    throw new Refusal(
      options.diff ? '--diff takes two kernels' : 'kernel takes one kernel',
      EXIT.usage,
      'dmaheap kernel --diff old.kernel.json new.kernel.json',
    );
  if (!options.diff) {
    const known = await look(context, subjects[0] as string, options);
    return show(context, known, options);
  }
  const [from, to] = [
    await look(context, subjects[0] as string, options),
    await look(context, subjects[1] as string, options),
  ];
  const changes = compareKnowledge(from.knowledge, to.knowledge);
  if (context.options.format === 'json')
    context.printJson({ schemaVersion: 1, from: from.knowledge.release, to: to.knowledge.release, changes });
  else {
    context.print(`--- ${titleOf(from)}\n+++ ${titleOf(to)}\n`);
    for (const [part, title] of Object.entries(PARTS)) {
      const ofPart = changes.filter((change) => change.part === part);
      if (ofPart.length > 0) context.print(`${title}:\n${ofPart.map((change) => `  ${lineOf(change)}\n`).join('')}`);
    }
    if (changes.length === 0) context.print('no difference for user space\n');
  }
  return changes.length > 0 ? EXIT.findings : EXIT.good;
}

const PARTS = { heap: 'user space', boot: 'the boot', symbol: 'the configuration' } as const;

function lineOf({ name, title, from, to, part }: KnowledgeChange): string {
  const about = part === 'heap' && name.startsWith('/') ? name : `${name} (${title})`;
  if (from === null) return `+ ${about}: ${to}`;
  return to === null ? `- ${about}: ${from}` : `  ${about}: ${from} -> ${to}`;
}

const titleOf = ({ name, knowledge }: Known) => `${name}, Linux ${knowledge.release}`;

/** A tree, a description or a version. @throws {@link Refusal} */
async function look(context: Context, subject: string, options: KernelOptions): Promise<Known> {
  if (subject.endsWith('.json') || shippedDescriptions().includes(subject)) {
    const description = readDescriptionFile(context, subject);
    const { source } = description;
    return { name: subject, knowledge: knowledgeOf(description), ...(source === undefined ? {} : { source }) };
  }
  const version = parseKernelVersion(subject);
  const missing = version === undefined ? undefined : noSuchRelease(version);
  if (missing !== undefined) throw new Refusal(missing.message, EXIT.usage, missing.fix);
  if (version !== undefined && !subject.includes('/'))
    return { name: `mainline ${subject}`, knowledge: shippedKnowledge(version) };
  if (isShippedName(subject) && !existsSync(context.resolve(subject)))
    throw new Refusal(
      `${subject}: not a kernel source tree, a version, or a description that ships`,
      EXIT.environment,
      `give the directory of a tree, NAME.kernel.json, or one of ${shippedDescriptions().join(', ') || 'the names of the package, whose directory schemas/kernels/ is not beside this program'}`,
    );
  const open = await openKernelTree(context, {
    kernelTree: subject,
    arch: options.arch ?? 'arm64',
    ...(options.probes === undefined ? {} : { probes: options.probes }),
  });
  const base = configOf(context, open, options.config);
  return {
    name: subject,
    ...(await readTree(context, open, {
      shown: subject,
      base,
      isWritten: options.output !== undefined || context.options.format === 'json',
    })),
  };
}

function configOf(context: Context, open: OpenTree, file: string | undefined): Base | undefined {
  if (file === undefined) return undefined;
  const got = readConfig(context.resolve(file), open.arch, 'latin1');
  if ('text' in got) return { text: got.text, name: file };
  // The name of one of the tree's own, as make takes it.
  const own = open.readFile(`arch/${open.sourceArch}/configs/${file}`);
  if (own !== undefined) return { text: own, name: file };
  throw new Refusal(`--config ${file}: ${got.error}`, got.exit, got.fix);
}

function show(context: Context, { knowledge, source, value, name }: Known, options: KernelOptions): Exit {
  const description = writeDescription(knowledge, source);
  if (options.output !== undefined) writeOutput(context, options.output, `${JSON.stringify(description, null, 1)}\n`);
  if (context.options.format === 'json') {
    context.printJson(description);
    return EXIT.good;
  }
  const { heaps, unread, scope } = knowledge.inventory;
  context.print(
    `${name}: Linux ${knowledge.release} (${knowledge.arch ?? 'every architecture'}), facts of ${formatKernelVersion(knowledge.version)}\n`,
  );
  for (const boot of knowledge.booted ?? []) context.print(`  booted: ${boot}\n`);
  for (const heap of heaps) {
    const is = value === undefined ? undefined : holds(heap.needs, value);
    const built =
      is === undefined
        ? ''
        : is
          ? ` [${heap.symbol === undefined || value?.(heap.symbol) === 'y' ? 'built in' : 'module'}]`
          : ' [not compiled]';
    const { backing } = heap;
    const memory =
      'compatible' in backing && backing.compatible !== undefined
        ? `${backing.kind} of ${backing.compatible}`
        : backing.kind;
    context.print(
      `  ${heap.directory}/${heap.name}${built}: ${memory}${heap.cached ? '' : ', uncached'}; ${conditionText(heap.needs)}\n`,
    );
    context.print(
      `      ${heap.file}:${heap.line}${heap.sometimes === undefined ? '' : `, only if ${heap.sometimes}`}\n`,
    );
  }
  for (const { file, line, text: what } of unread) context.print(`  not read: ${file}:${line}: ${what}\n`);
  if (scope === 'led-to') context.print('  only files that Kconfig and the Makefiles compile were searched\n');
  const counts = { read: 0, assumed: 0, unknown: 0, shipped: 0 };
  for (const { known } of knowledge.facts.values()) counts[known.by]++;
  context.print(
    `  facts: ${Object.entries(counts)
      .flatMap(([by, n]) => (n === 0 ? [] : [`${n} ${by}`]))
      .join(', ')}\n`,
  );
  for (const [id, { known }] of knowledge.facts)
    if (known.by === 'unknown') context.print(`  unknown: ${id}: see ${known.file}\n`);
  if (options.output !== undefined) context.note(`wrote ${options.output}`);
  return EXIT.good;
}
