/**
 * npm run test:kconfig [-- --long] [--tree VERSION/ARCH]...: the engine against each tree's own conf, byte for byte.
 *
 * Four kernels by four architectures: all*config, every in-tree defconfig, Debian's configurations, and mutated
 * configurations (10 per tree, with --long 200). Both sides read the same recorded probe answers; that conf asks the
 * same questions live is checked once per tree.
 */
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import * as engine from '../../../src/kconfig/index.js';
import { mutatedCases, plainCases } from './cases.js';
import { compareCases, differingMessages, judgeCases } from './compare.js';
import { confMessages } from './engine.js';
import { buildConf } from './judge.js';
import { liveProbes } from './live.js';
import { ARCHITECTURES, openSubject, type TreeName, VERSIONS } from './trees.js';

const { values: options } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    /** Mutated inputs per tree. */
    mutations: { type: 'string' },
    tree: { type: 'string', multiple: true },
    /** Set by ourselves: check one tree in this process. */
    one: { type: 'string' },
  },
});
const mutations = Number(options.mutations ?? (options.long ? 210 : 12));
/** Trees checked at the same time; each is a conf and an engine taking turns. */
const AT_ONCE = 2;

async function checkTree(name: TreeName): Promise<boolean> {
  const started = Date.now();
  const subject = await openSubject(name);
  const conf = await buildConf(subject.directory);
  const cases = [...plainCases(subject), ...mutatedCases(subject, mutations)];
  const { judged, parseMessages } = await judgeCases(conf, subject, cases);
  const mismatches = compareCases(engine, subject.tree, judged);
  const reparsed = engine.parseTree({
    readFile: subject.readFile,
    environment: subject.environment,
    probe: (command) => subject.answers.get(command),
  });
  const parse = differingMessages(parseMessages, confMessages(reparsed.diagnostics));
  if (parse.length > 0) mismatches.push({ name: 'messages while parsing', lines: parse });
  const live = await liveProbes(conf, subject);
  if (live.lines.length > 0) mismatches.push({ name: 'live probes', lines: live.lines });
  for (const { name: which, lines } of mismatches)
    console.log(
      `${subject.name}: ${which}\n${lines
        .slice(0, 12)
        .map((line) => `    ${line}`)
        .join('\n')}`,
    );
  const messages = judged.reduce((sum, { verdict }) => sum + verdict.messages.size, 0);
  console.log(
    `${subject.name}: ${cases.length} inputs (${mutations} mutated), ${messages} messages, ${live.count} live probes, ` +
      `${mismatches.length} mismatches, ${((Date.now() - started) / 1000).toFixed(0)} s`,
  );
  return mismatches.length === 0;
}

function treeNames(): TreeName[] {
  const all = VERSIONS.flatMap((version) => ARCHITECTURES.map((arch) => ({ version, arch })));
  const wanted = options.tree ?? [];
  return wanted.length === 0 ? all : all.filter(({ version, arch }) => wanted.includes(`${version}/${arch}`));
}

if (options.one !== undefined) {
  const [version, arch] = options.one.split('/');
  process.exitCode = (await checkTree({ version, arch } as TreeName)) ? 0 : 1;
} else {
  const queue = treeNames();
  let passed = 0;
  let failed = 0;
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { exitCode } = await execa(
        process.execPath,
        [
          ...process.execArgv,
          process.argv[1] as string,
          ...['--one', `${next.version}/${next.arch}`, '--mutations', String(mutations)],
        ],
        { stdio: ['ignore', 'inherit', 'inherit'], reject: false },
      );
      if (exitCode === 0) passed++;
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
