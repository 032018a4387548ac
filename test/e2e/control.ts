/**
 * The negative control: guests are booted once, then deliberately wrong simulators are compared with what they showed.
 * A lab that lets one of them pass proves nothing. `npm run e2e:control`; exit status 0 when every error is caught.
 */
import { FACTS, type Fact, rangeAt } from '../../src/facts/index.js';
import { type FdtNode, makeFdt, type NodeSpec } from '../../src/fdt/index.js';
import { type PlacementInput, predict } from '../../src/placement/index.js';
import { loadCases, runsOf } from './case.js';
import { judge, Lab, type RunResult } from './lab.js';
import { placementInput } from './predict.js';

/** One wrong belief, spelled as a wrong question: the simulator answers for another kernel, tree or command line. */
interface WrongBelief {
  readonly error: string;
  readonly spoil: (input: PlacementInput) => PlacementInput;
}

const OLD = { major: 6, minor: 12 };
const OLDER = { major: 5, minor: 10 };
const NEW = { major: 7, minor: 3 };

/** A fact that has on every kernel the value that it has on one. */
function always(id: string, version: typeof OLD): Fact {
  const fact = FACTS.get(id);
  const range = fact && rangeAt(fact, version);
  if (fact === undefined || range === undefined) throw new Error(`no fact ${id}`);
  const { until: _, ...rest } = range;
  return { ...fact, ranges: [{ ...rest, since: '5.10' }] };
}

const believes = (fact: string, version: typeof OLD) => (input: PlacementInput) => ({
  ...input,
  facts: new Map(FACTS).set(fact, always(fact, version)),
});

/** Nodes compute their parts when asked, so a copy names each of them. */
const copyOf = ({ name, properties, children }: FdtNode): NodeSpec => ({ name, properties, children });

/** The same tree with other nodes under /reserved-memory. */
const withNodes = (change: (nodes: readonly NodeSpec[]) => readonly NodeSpec[]) => (input: PlacementInput) => {
  const { root } = input.tree;
  const children = root.children.map((child) =>
    child.name === 'reserved-memory' ? { ...copyOf(child), children: change(child.children.map(copyOf)) } : child,
  );
  return { ...input, tree: makeFdt({ ...copyOf(root), children }, input.tree) };
};

const without = (property: string) =>
  withNodes((nodes) =>
    nodes.map((node) => {
      const properties = new Map(node.properties as ReadonlyMap<string, Uint8Array>);
      properties.delete(property);
      return { ...node, properties };
    }),
  );

const BELIEFS: readonly WrongBelief[] = [
  { error: 'heap names of before 6.17 on 7.3', spoil: believes('heap.cma-names', OLD) },
  { error: 'heap names of 7.3 on 6.12', spoil: believes('heap.cma-names', NEW) },
  { error: 'the smallest alignment of 5.10', spoil: believes('cma.minimum-alignment', OLDER) },
  {
    error: 'huge pages taken for the other setting, and so the granule',
    spoil: (input) => {
      const config = new Map(input.config);
      if (!config.delete('TRANSPARENT_HUGEPAGE')) config.set('TRANSPARENT_HUGEPAGE', 'y');
      return { ...input, config };
    },
  },
  {
    error: 'cma= ignored',
    spoil: (input) => ({ ...input, commandLine: (input.commandLine ?? '').replaceAll(/\bcma=\S*/g, '') }),
  },
  {
    error: 'a default node placed and freed although 7.3 skips it',
    spoil: believes('cma.parameter-and-default-node', OLD),
  },
  { error: 'a default node skipped although 6.12 places it', spoil: believes('cma.parameter-and-default-node', NEW) },
  { error: 'nodes placed in the sorted order of 6.1', spoil: believes('reserved-memory.order', OLDER) },
  {
    error: 'siblings taken in the order of the overlay, not of the merged tree',
    spoil: withNodes((nodes) => [...nodes].reverse()),
  },
  { error: 'alloc-ranges ignored', spoil: without('alloc-ranges') },
  { error: 'status ignored', spoil: without('status') },
  { error: 'linux,cma-default ignored', spoil: without('linux,cma-default') },
  {
    error: 'RAM taken for twice its size',
    spoil: (input) => ({ ...input, memory: [{ baseAddress: 0x40000000n, sizeBytes: 0x40000000n }] }),
  },
];

/** Cases whose boots tell the beliefs apart. */
const CASES = [
  'kconfig-only',
  'three-pools',
  'six-pools',
  'size-6M',
  'cma-5M',
  'disabled',
  'parameter-and-default',
  'ranges-second',
  'ten-pools',
];

const say = (text: string) => process.stdout.write(`${text}\n`);
const lab = new Lab((text) => process.stderr.write(`${text}\n`));
const cases = (await loadCases()).filter(({ name }) => CASES.includes(name));
const runs = runsOf(cases).filter(({ kernel }) => kernel === 'arm64-6.12' || kernel === 'arm64-7.3');
const results: RunResult[] = [];
for (const run of runs) results.push(await lab.run(run));

const wrongFields = (fields: RunResult['fields']) => fields.filter(({ status }) => status === 'wrong');
const wrongUnspoiled = results.filter(({ fields }) => wrongFields(fields).length);
say(`${results.length} boots, ${wrongUnspoiled.length} wrong with the simulator as it is`);
let missed = 0;
for (const { error, spoil } of BELIEFS) {
  const caught: string[] = [];
  for (const { question, observation, run } of results) {
    const wrong = wrongFields(judge(question, predict(spoil(await placementInput(question))), observation));
    if (wrong[0]) caught.push(`${run.id}: ${wrong[0].field} ${wrong[0].predicted} / ${wrong[0].observed}`);
  }
  if (!caught.length) missed++;
  say(
    `${caught.length ? `caught in ${caught.length} boots` : 'NOT CAUGHT'}  ${error}${caught[0] ? `  (${caught[0]})` : ''}`,
  );
}
say(`${BELIEFS.length - missed} passed, ${missed + wrongUnspoiled.length} failed, 0 skipped`);
process.exitCode = missed || wrongUnspoiled.length ? 1 : 0;
