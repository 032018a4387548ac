/**
 * `npm run facts:kconfig -- --kernel-tree DIR...`: solves the symbols that profiles ask for on kernel trees, and keeps
 * what they need in src/facts/closure.json for those who have no tree at hand. Probes are run, so that the answers are
 * those of a real toolchain.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execaSync } from 'execa';
import { loadKernelTree } from '../cli/kernel/load.js';
import { ASKED_SIZE, ASKED_SYMBOLS } from '../facts/asked-symbols.js';
import type { ClosureFile } from '../facts/closure.js';
import { versionOfTree } from '../facts/hold.js';
import { formatKernelVersion } from '../facts/index.js';
import { type GoalText, linkText, makeConfig, Solver } from '../kconfig/index.js';

const OUTPUT = fileURLToPath(new URL('../facts/closure.json', import.meta.url));
const ARCHITECTURES = {
  arm64: 'defconfig',
  arm: 'multi_v7_defconfig',
  riscv64: 'defconfig',
  x86_64: 'x86_64_defconfig',
};
/** What plans ask for; one size represents every size. */
const GOALS: readonly GoalText[] = [
  ...ASKED_SYMBOLS.map((symbol) => ({ symbol, value: 'y' })),
  { symbol: ASKED_SIZE, value: '64' },
];

type Entry = ClosureFile['closures'][number];

async function solveTree(directory: string): Promise<Entry[]> {
  const version = versionOfTree(readFileSync(path.join(directory, 'Makefile'), 'utf8'));
  if (version === undefined) throw new Error(`${directory}: no kernel tree`);
  const kernel = formatKernelVersion(version);
  const entries: Entry[] = [];
  for (const [arch, defconfig] of Object.entries(ARCHITECTURES)) {
    const { value, diagnostics } = await loadKernelTree({
      directory,
      arch,
      probes: { mode: 'run' },
      host: process.env,
    });
    if (value === undefined) throw new Error(`${directory} ${arch}: ${diagnostics[0]?.message}`);
    const { tree, readFile, sourceArch } = value;
    const text = readFile(`arch/${sourceArch}/configs/${defconfig}`);
    const bases = {
      defconfig: makeConfig(tree, 'defconfig', text).text,
      allnoconfig: makeConfig(tree, 'allnoconfig').text,
    };
    const solvers = { defconfig: new Solver(tree, bases.defconfig), allnoconfig: new Solver(tree, bases.allnoconfig) };
    for (const goal of GOALS) {
      const lines = (base: 'defconfig' | 'allnoconfig') => {
        const solution = solvers[base].solve([goal]);
        const blocked = solution.blocked[0];
        if (blocked === undefined) return solution.lines;
        throw new Error(`${kernel} ${arch} ${base}: ${blocked.goal}\n${blocked.chain.map(linkText).join('\n')}`);
      };
      entries.push({
        kernel,
        arch,
        symbol: goal.symbol,
        needs: { defconfig: lines('defconfig'), allnoconfig: lines('allnoconfig') },
      });
    }
    console.log(`${kernel} ${arch}: ${GOALS.length} symbols from two bases`);
  }
  return entries;
}

const { values } = parseArgs({ options: { 'kernel-tree': { type: 'string', multiple: true } } });
const trees = values['kernel-tree'] ?? [];
if (trees.length === 0) {
  console.error('usage: npm run facts:kconfig -- --kernel-tree DIR [--kernel-tree DIR]...');
  process.exitCode = 2;
} else {
  const closures: Entry[] = [];
  for (const directory of trees) closures.push(...(await solveTree(path.resolve(directory))));
  writeFileSync(OUTPUT, `${JSON.stringify({ closures } satisfies ClosureFile, null, 2)}\n`);
  execaSync('biome', ['format', '--write', OUTPUT], { preferLocal: true });
  console.log(`wrote ${closures.length} closures`);
}
