/**
 * npm run test:solver [-- --long] [--tree VERSION/ARCH]... [--symbols N] [--seed N]: the solver's answers, judged by
 * each tree's own conf.
 *
 * The truth table (33 rows), the shipped closures, the combinations that must be refused, and random symbols: 12 per tree on four trees,
 * with --long 500 on every tree. Fails on one answer that conf refutes, on less than 95 % solved, and on a refusal
 * whose leaf an allyesconfig or allmodconfig contradicts, and on an answer of which conf needs one line less. A symbol
 * that rules out what the base has decided is solved when --allow-change solves it and conf agrees.
 */
import { parseArgs } from 'node:util';
import { shareOf } from '../../share.js';
import { ARCHITECTURES, type TreeName, VERSIONS } from '../kconfig/trees.js';
import { checkClosures } from './closures.js';
import { checkCommands } from './command.js';
import { JudgedTree } from './judged.js';
import { askRandomly, type Tally } from './random.js';
import { checkRefused, REFUSED } from './refused.js';
import { checkRow } from './table.js';
import { ROWS } from './truth-table.js';

const { values: options } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    tree: { type: 'string', multiple: true },
    symbols: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const symbols = Number(options.symbols ?? (options.long ? 500 : 12));
const SAMPLE = ['5.10/arm', '6.1/riscv64', '6.12/arm64', '7.3/x86_64'];
const LEAST_SOLVED = 0.95;

const nameOf = ({ version, arch }: TreeName) => `${version}/${arch}`;
const all = VERSIONS.flatMap((version) => ARCHITECTURES.map((arch) => ({ version, arch })));
const isWhole = options.long || options.tree !== undefined;
const chosen = new Set(options.tree ?? shareOf('trees', all.map(nameOf), options.long ? all.length : 5));
let passed = 0;
let failed = 0;

function settle(title: string, wrong: readonly string[]): void {
  if (wrong.length === 0) passed++;
  else {
    failed++;
    console.log(`FAIL ${title}\n${wrong.map((line) => `    ${line}`).join('\n')}`);
  }
}

function report(name: string, tally: Tally): void {
  const { asked, already, solved, freed, refuted, blocked, wrongLeaf, gaveUp, notProven, mostLines } = tally;
  const sorted = [...tally.milliseconds].sort((a, b) => a - b);
  console.log(
    `${name.padEnd(14)} ${asked} asked, ${solved} solved (${((100 * solved) / asked).toFixed(1)} %, ${already} already there), ` +
      `${freed.length} more with --allow-change, ` +
      `${refuted.length} refuted by conf, ${blocked.length} blocked with a leaf that holds, ${wrongLeaf.length} with one that does not, ` +
      `${gaveUp.length} given up, ${notProven} not proven smallest, up to ${mostLines} lines, ` +
      `median ${(sorted[sorted.length >> 1] ?? 0).toFixed(0)} ms, worst ${(sorted.at(-1) ?? 0).toFixed(0)} ms`,
  );
  for (const text of freed) console.log(`    the base decides ${text}`);
  for (const text of blocked) console.log(`    blocked ${text}`);
  for (const text of gaveUp) console.log(`    gave up ${text}`);
  console.log(`    at once: ${tally.together.text}`);
  settle(`${name}: conf agrees with the answer to all goals at once`, tally.together.objections);
  settle(`${name}: conf refutes no answer`, refuted);
  settle(`${name}: no line is needless`, tally.needless);
  settle(`${name}: every leaf holds`, wrongLeaf);
  settle(
    `${name}: at least ${LEAST_SOLVED * 100} % solved`,
    solved + freed.length >= LEAST_SOLVED * asked ? [] : [`${solved} and ${freed.length} of ${asked}`],
  );
}

for (const name of all.filter((one) => chosen.has(nameOf(one)))) {
  const rows = ROWS.filter((row) => nameOf(row.tree) === nameOf(name));
  const refusals = REFUSED.filter((refused) => nameOf(refused.tree) === nameOf(name));
  const isSampled = isWhole || SAMPLE.includes(nameOf(name));
  const judged = await JudgedTree.open(name);
  try {
    for (const row of rows) settle(`${nameOf(name)} ${row.base}`, await checkRow(judged, row));
    if (rows.length > 0) console.log(`${nameOf(name).padEnd(14)} ${rows.length} rows of the truth table`);
    for (const refused of refusals)
      settle(`${nameOf(name)}: ${refused.goals.join(' ')} is refused`, await checkRefused(judged, refused));
    settle(`${nameOf(name)}: the shipped closures hold`, await checkClosures(judged));
    if (nameOf(name) === '6.12/arm64') settle('the commands', await checkCommands(judged));
    if (isSampled && symbols > 0) report(nameOf(name), await askRandomly(judged, symbols, Number(options.seed)));
  } finally {
    judged.stop();
  }
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
