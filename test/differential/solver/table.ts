/** Every row of the truth table: exactly the needed lines, the size and the number of changes, and conf agrees. */
import { readFileSync } from 'node:fs';
import { debianConfig } from '../../../src/build/fetch/index.js';
import { Solver } from '../../../src/kconfig/index.js';
import { type JudgedTree, valuesOf } from './judged.js';
import { DEBIAN_BASE, GOAL, OBSERVED, type Row } from './truth-table.js';

async function baseOf(judged: JudgedTree, row: Row): Promise<string> {
  if (row.base === 'allno') return judged.conf('allnoconfig');
  if (row.base === 'def') return judged.defconfig();
  const [architecture, version] = DEBIAN_BASE[`${row.tree.version} ${row.tree.arch}`] as (typeof DEBIAN_BASE)[string];
  return judged.conf('olddefconfig', readFileSync(await debianConfig(architecture, version), 'latin1'));
}

/** @returns what is wrong with the row */
export async function checkRow(judged: JudgedTree, row: Row): Promise<string[]> {
  const base = await baseOf(judged, row);
  const before = valuesOf(base);
  const state = OBSERVED.map((symbol) => before.get(symbol) ?? '-').join(' ');
  if (state !== row.before) return [`the base is not the row's: ${state} instead of ${row.before}`];
  const solution = new Solver(judged.tree, base).solve([{ symbol: GOAL, value: 'y' }]);
  if (solution.blocked.length > 0)
    return [`blocked: ${solution.blocked[0]?.chain.map((link) => link.text).join('; ')}`];
  const wrong: string[] = [];
  const wanted = row.needed.map((symbol) => `CONFIG_${symbol}=y`).sort();
  if ([...solution.lines].join() !== wanted.join())
    wrong.push(`lines are ${solution.lines.join(' ')}, not ${wanted.join(' ')}`);
  if (!solution.isProvenSmallest) wrong.push('not proven smallest');
  const after = valuesOf(solution.config ?? '');
  if (after.get('CMA_SIZE_MBYTES') !== String(row.mebibytes))
    wrong.push(`CMA_SIZE_MBYTES is ${after.get('CMA_SIZE_MBYTES')}, not ${row.mebibytes}`);
  if (solution.delta.length !== row.changed) wrong.push(`${solution.delta.length} lines change, not ${row.changed}`);
  wrong.push(...(await judged.objections(base, solution)));
  return wrong;
}
