/**
 * npm run test:kconfig [-- --long] [--tree VERSION/ARCH]...: the engine against each tree's own conf, byte for byte.
 *
 * Four kernels by four architectures: all*config, every in-tree defconfig, Debian's configurations, and mutated
 * configurations (12 per tree, with --long 210). Both sides read the same recorded probe answers; that conf asks the
 * same questions live is checked once per tree. Then small random trees and option lines for each of the four confs.
 * An ordinary run takes a share of these.
 */
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import * as engine from '../../../src/kconfig/index.js';
import { shareOf } from '../../share.js';
import { mutatedCases, plainCases } from './cases.js';
import { compareCases, differingMessages, judgeCases, type Mismatch } from './compare.js';
import { confMessages } from './engine.js';
import { buildConf } from './judge.js';
import { checkLines } from './lines.js';
import { liveProbes } from './live.js';
import { checkSmallTrees } from './small.js';
import { ARCHITECTURES, openSubject, type TreeName, VERSIONS, type Version } from './trees.js';

const { values: options } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    /** Mutated inputs per tree. */
    mutations: { type: 'string' },
    tree: { type: 'string', multiple: true },
    /** Set by ourselves: check one tree in this process. */
    one: { type: 'string' },
    live: { type: 'boolean', default: false },
  },
});
/** Small random trees per kernel. */
const smallTrees = options.long ? 400 : 40;
const mutations = Number(options.mutations ?? (options.long ? 210 : 12));
/** Trees checked at the same time; each is a conf and an engine taking turns. */
const AT_ONCE = 2;

async function checkTree(name: TreeName): Promise<boolean> {
  const started = Date.now();
  const subject = await openSubject(name);
  const conf = await buildConf(subject.directory);
  const defconfigs = options.long
    ? subject.defconfigs
    : shareOf(`defconfigs of ${subject.name}`, subject.defconfigs, 8);
  const cases = [...plainCases({ ...subject, defconfigs }), ...mutatedCases(subject, mutations)];
  const { judged, parseMessages } = await judgeCases(conf, subject, cases);
  const mismatches = compareCases(engine, subject.tree, judged);
  const reparsed = engine.parseTree({
    readFile: subject.readFile,
    environment: subject.environment,
    probe: (command) => subject.answers.get(command),
  });
  const parse = differingMessages(parseMessages, confMessages(reparsed.diagnostics));
  if (parse.length > 0) mismatches.push({ name: 'messages while parsing', lines: parse });
  const live = options.live ? await liveProbes(conf, subject) : { lines: [], count: undefined };
  if (live.lines.length > 0) mismatches.push({ name: 'live probes', lines: live.lines });
  printMismatches(subject.name, mismatches);
  const messages = judged.reduce((sum, { verdict }) => sum + verdict.messages.size, 0);
  console.log(
    `${subject.name}: ${cases.length} inputs (${mutations} mutated), ${messages} messages, ${live.count ?? 'no'} live probes, ` +
      `${mismatches.length} mismatches, ${((Date.now() - started) / 1000).toFixed(0)} s`,
  );
  return mismatches.length === 0;
}

async function checkSmall(version: Version): Promise<boolean> {
  const { mismatches, inputs, refused } = await checkSmallTrees(version, smallTrees);
  printMismatches(version, mismatches);
  console.log(
    `${version} small: ${smallTrees} random trees (${refused} refused), ${inputs} inputs, ${mismatches.length} mismatches`,
  );
  return mismatches.length === 0;
}

async function checkOptionLines(version: Version): Promise<boolean> {
  const { mismatches, inputs } = await checkLines(version, options.long ? 1000 : 200);
  printMismatches(version, mismatches);
  console.log(`${version} lines: ${inputs} texts, ${mismatches.length} mismatches`);
  return mismatches.length === 0;
}

function printMismatches(subject: string, mismatches: readonly Mismatch[]): void {
  for (const { name, lines } of mismatches) {
    console.log(`${subject}: ${name}`);
    for (const line of lines.slice(0, 12)) console.log(`    ${line}`);
  }
}

function treeNames(): readonly string[] {
  const trees = VERSIONS.flatMap((version) => ARCHITECTURES.map((arch) => `${version}/${arch}`));
  const all = [...trees, ...VERSIONS.flatMap((version) => [`${version}/small`, `${version}/lines`])];
  if (options.tree) return all.filter((name) => options.tree?.includes(name));
  return options.long ? all : shareOf('trees', all, 7);
}

if (options.one !== undefined) {
  const [version, arch] = options.one.split('/');
  const passed =
    arch === 'small'
      ? await checkSmall(version as Version)
      : arch === 'lines'
        ? await checkOptionLines(version as Version)
        : await checkTree({ version, arch } as TreeName);
  process.exitCode = passed ? 0 : 1;
} else {
  const queue = [...treeNames()];
  // Compilers answer them, which takes longer than all the rest.
  let probed = options.long || options.tree !== undefined ? queue.length : 1;
  let passed = 0;
  let failed = 0;
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const isProbed = probed > 0 && !/small|lines/.test(next);
      if (isProbed) probed--;
      const { exitCode } = await execa(
        process.execPath,
        [
          ...process.execArgv,
          process.argv[1] as string,
          ...[
            '--one',
            next,
            '--mutations',
            String(mutations),
            ...(options.long ? ['--long'] : []),
            ...(isProbed ? ['--live'] : []),
          ],
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
