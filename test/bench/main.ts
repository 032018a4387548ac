/**
 * `npm run bench [-- NAME...] [--rounds N] [--json FILE] [--compare OLD.json]`: what we need against what peers need, in one
 * table; medians of interleaved runs. Names: start, kconfig, check, fdt, fleet, verify. Exit status: 0, or 1 when a goal is
 * missed or, with --compare, something got slower.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { humanTable, type Result, type Row, resultOf, slowerThan } from './table.js';

const BENCHES: Readonly<Record<string, (rounds: number) => Promise<Row[]>>> = {
  start: async (rounds) => (await import('./start.js')).bench(rounds),
  kconfig: async (rounds) => (await import('./kconfig.js')).bench(Math.ceil(rounds / 2)),
  check: async (rounds) => (await import('./check.js')).bench(Math.ceil(rounds / 4)),
  fdt: async (rounds) => (await import('./fdt.js')).bench(Math.ceil(rounds / 4)),
  fleet: async (rounds) => (await import('./fleet.js')).bench(Math.ceil(rounds / 8)),
  verify: async () => (await import('./verify.js')).bench(),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '20' },
    json: { type: 'string' },
    compare: { type: 'string' },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const results: Result[] = [];
for (const name of names) {
  const bench = BENCHES[name];
  if (bench === undefined) throw new Error(`there is no bench ${name}: ${Object.keys(BENCHES).join(', ')}`);
  console.error(`bench ${name} ...`);
  results.push(...(await bench(Number(values.rounds))).map(resultOf));
}
process.stdout.write(humanTable(results));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ results }, null, 2)}\n`);
const missed = results.filter(({ isMet }) => isMet === false).length;
const goals = results.filter(({ goal }) => goal !== undefined).length;
console.log(`${goals - missed} of ${goals} goals met`);
const slower =
  values.compare === undefined ? [] : slowerThan(JSON.parse(readFileSync(values.compare, 'utf8')).results, results);
for (const line of slower) console.log(`slower: ${line}`);
process.exitCode = missed > 0 || slower.length > 0 ? 1 : 0;
