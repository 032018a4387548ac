/**
 * `npm run facts:new -- TREE [--from TREE] [--write]`: what a person must decide before the facts hold for the kernel of
 * a source tree: facts whose source changed, heaps, symbols and messages that an older tree does not have. With
 * `--write`, drafts of the rows go into src/facts; a test refuses each one that still says OPEN.
 * Exit status: 0 nothing to decide, 1 something, 2 usage.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { treeKnowledge } from '../cli/knowledge.js';
import {
  compareKernelVersions,
  FACTS,
  type Fact,
  type FactFile,
  type FactRange,
  formatKernelVersion,
  type KernelVersion,
  parseKernelVersion,
  READ_KERNELS,
  rangeAt,
} from '../facts/index.js';
import { compareKnowledge, type KernelKnowledge, shippedKnowledge } from '../knowledge/index.js';
import { kernelTree } from './fetch/index.js';

const FACTS_DIRECTORY = fileURLToPath(new URL('../facts/', import.meta.url));
/** Where areas, regions and heaps are made, and what each of these files logs. */
const LOGGING = [
  'mm/cma.c',
  'kernel/dma/contiguous.c',
  'drivers/of/fdt.c',
  'drivers/of/of_reserved_mem.c',
  'drivers/dma-buf/dma-heap.c',
];
/** Files whose symbols decide areas and heaps. */
const KCONFIG = [
  'mm/Kconfig',
  'kernel/dma/Kconfig',
  'drivers/of/Kconfig',
  'drivers/dma-buf/Kconfig',
  'drivers/dma-buf/heaps/Kconfig',
];
/** What a draft begins with that a person has not looked at. */
const OPEN = 'OPEN: ';

const read = (directory: string, file: string) =>
  existsSync(path.join(directory, file)) ? readFileSync(path.join(directory, file), 'latin1') : '';

/** Format strings of what the kernel logs, without the numbers' formats. */
function messagesOf(directory: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of LOGGING)
    for (const [, text = ''] of read(directory, file).matchAll(
      /\b(?:pr_\w+|printk|dev_\w+)\s*\(\s*(?:KERN_\w+\s+)?((?:"(?:[^"\\]|\\.)*"\s*)+)/g,
    )) {
      const joined = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, part]) => part).join('');
      found.set(joined.replace(/%[-#0-9.*]*[a-zA-Z]+/g, '%').replaceAll('\\n', ''), file);
    }
  return found;
}

function symbolsOf(directory: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of KCONFIG)
    for (const [, symbol = ''] of read(directory, file).matchAll(/^(?:menu)?config\s+(\w+)/gm))
      if (file !== 'mm/Kconfig' || /CMA|PAGE_?BLOCK|ORDER|HUGE|SPARSE/.test(symbol)) found.set(symbol, file);
  return found;
}

const added = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] =>
  [...after].flatMap(([text, file]) => (before.has(text) ? [] : [`${text} (${file})`]));

/** The newest kernel before this one whose source Debian has. */
async function treeBefore(version: KernelVersion): Promise<string | undefined> {
  for (const known of READ_KERNELS.filter((one) => compareKernelVersions(one, version) < 0).toReversed()) {
    const directory = await kernelTree(formatKernelVersion(known)).catch(() => undefined);
    if (directory !== undefined) return directory;
  }
  return undefined;
}

const knowledgeOf = (directory: string): KernelKnowledge =>
  treeKnowledge(directory, directory, { everyFile: true, origin: path.basename(directory) }).knowledge;

interface Decision {
  readonly id: string;
  readonly text: string;
  /** The row to add; open: its value is a guess. */
  readonly row: FactRange;
}

/** Facts whose source reads otherwise than the data says for this version. */
function decisionsOf({ facts, version }: KernelKnowledge, today: string): Decision[] {
  const since = formatKernelVersion(version);
  return [...FACTS.values()].flatMap((fact): Decision[] => {
    const known = facts.get(fact.id);
    const expected = rangeAt(fact, version);
    if (known === undefined || known.known.by === 'assumed' || expected === undefined) return [];
    const [was, is] = [JSON.stringify(expected.value), JSON.stringify(known.value)];
    if (known.known.by === 'unknown')
      return [
        {
          id: fact.id,
          text: `${was} before; ${known.known.reason}`,
          row: draft({
            ...expected,
            since,
            checked: today,
            note: `${OPEN}${known.known.file} does not match a known kernel`,
          }),
        },
      ];
    if (was === is) return [];
    const like = fact.ranges.find(({ value }) => JSON.stringify(value) === is) ?? expected;
    const note = `${OPEN}the release in which it changed, at the latest this one`;
    return [
      {
        id: fact.id,
        text: `${was} -> ${is}, as in ${like.since}${known.known.by === 'read' ? ` (${known.known.file}:${known.known.line})` : ''}`,
        row: draft({ ...like, value: known.value, since, checked: today, note }),
      },
    ];
  });
}

/** A row that was read and ends where the one that it divides ends. */
function draft({ until: _, evidence: __, ...row }: FactRange): FactRange {
  return { ...row, evidence: 'read' };
}

/** Divides the range of each fact at this version. */
function writeDrafts(decisions: readonly Decision[], version: KernelVersion): number {
  const since = formatKernelVersion(version);
  let written = 0;
  for (const name of readdirSync(FACTS_DIRECTORY).filter((file) => file.endsWith('.json'))) {
    const file = path.join(FACTS_DIRECTORY, name);
    const data = JSON.parse(readFileSync(file, 'utf8')) as Partial<FactFile>;
    let isChanged = false;
    for (const fact of (data.facts ?? []) as readonly (Fact & { ranges: FactRange[] })[]) {
      const decision = decisions.find(({ id }) => id === fact.id);
      const at = fact.ranges.indexOf(rangeAt(fact, version) as FactRange);
      const divided = fact.ranges[at];
      if (decision === undefined || divided === undefined || divided.since === since) continue;
      const { until } = divided;
      fact.ranges.splice(
        at,
        1,
        { ...divided, until: since },
        { ...decision.row, ...(until === undefined ? {} : { until }) },
      );
      // Two rows of one value side by side are one.
      const next = fact.ranges[at + 2];
      if (next !== undefined && JSON.stringify(next.value) === JSON.stringify(decision.row.value)) {
        const { note: _, ...kept } = next;
        fact.ranges.splice(at + 1, 2, { ...kept, since, note: decision.row.note ?? '' });
      }
      isChanged = true;
      written++;
    }
    if (isChanged) writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`);
  }
  return written;
}

function section(title: string, lines: readonly string[]): void {
  console.log(`${title}: ${lines.length === 0 ? 'nothing' : lines.length}`);
  for (const line of lines) console.log(`  ${line}`);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { from: { type: 'string' }, write: { type: 'boolean', default: false } },
  });
  const [directory] = positionals;
  if (directory === undefined || positionals.length > 1) {
    console.error('usage: npm run facts:new -- TREE [--from TREE] [--write]');
    return 2;
  }
  const knowledge = knowledgeOf(directory);
  const version = parseKernelVersion(knowledge.release) as KernelVersion;
  const name = formatKernelVersion(version);
  const from = values.from ?? (await treeBefore(version));
  console.log(`Linux ${knowledge.release} in ${directory}${from === undefined ? '' : `, compared with ${from}`}\n`);
  const decisions = decisionsOf(knowledge, new Date().toISOString().slice(0, 10));
  section(
    'Facts to decide',
    decisions.map(({ id, text }) => `${id}: ${text}`),
  );
  const heaps = compareKnowledge(shippedKnowledge(version), knowledge).filter((one) => one.name.startsWith('/dev/'));
  section(
    'Heaps that the data does not have',
    heaps.map(({ name: heap, from: was, to }) => `${heap}: ${was ?? 'none'} -> ${to ?? 'none'}`),
  );
  section(
    'Registrations that cannot be read',
    knowledge.inventory.unread.map(({ file, line, text }) => `${file}:${line}: ${text}`),
  );
  const [before, after] = [from ?? '', directory].map((one) => [symbolsOf(one), messagesOf(one)] as const);
  if (before !== undefined && after !== undefined && from !== undefined) {
    section('New symbols', added(before[0], after[0]));
    section('New messages', added(before[1], after[1]));
  }
  const isRead = READ_KERNELS.some((one) => compareKernelVersions(one, version) === 0);
  const isDescribed = existsSync(new URL(`../../schemas/kernels/linux-${name}.kernel.json`, import.meta.url));
  const steps = [
    ...(values.write ? [`wrote ${writeDrafts(decisions, version)} rows: look at each OPEN in src/facts/*.json`] : []),
    ...(isRead ? [] : [`add ${name} to READ_KERNELS in src/facts/version.ts`]),
    ...(isDescribed ? [] : [`add linux-${name} to src/build/kernels.json and run npm run kernels -- linux-${name}`]),
    ...(isRead ? [] : [`npm run facts:kconfig -- --kernel-tree ${directory}`]),
    `add a recipe to test/e2e/kernels and run npm run e2e -- --kernel arm64-${name}`,
  ];
  section('Then', steps);
  return decisions.length + heaps.length + knowledge.inventory.unread.length > 0 ? 1 : 0;
}

process.exitCode = await main();
