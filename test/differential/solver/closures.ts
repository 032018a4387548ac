/** What is shipped for those without a tree, held against the conf of the tree it was solved on. */
import { closuresFor } from '../../../src/facts/closure.js';
import { parseKernelVersion } from '../../../src/facts/index.js';
import { withLines } from '../../../src/kconfig/index.js';
import type { JudgedTree } from './judged.js';

/** @returns lines of the shipped closures that do not survive from allnoconfig or defconfig */
export async function checkClosures(judged: JudgedTree): Promise<string[]> {
  const { version, arch } = judged.subject;
  const kernel = parseKernelVersion(version);
  if (kernel === undefined) throw new Error(`${version} is no kernel version`);
  const { closures, kernels } = closuresFor(arch, { min: kernel, max: kernel });
  if (kernels.length !== 1 || closures.length === 0) return [`no closures for ${version} ${arch}`];
  const wishes = closures.map(({ symbol }) => `CONFIG_${symbol}=${symbol === 'CMA_SIZE_MBYTES' ? '64' : 'y'}`);
  const lines = [...new Set([...closures.flatMap(({ needs }) => needs), ...wishes])].sort();
  const wrong: string[] = [];
  for (const [name, base] of [
    ['allnoconfig', await judged.conf('allnoconfig')],
    ['defconfig', await judged.defconfig()],
  ] as const) {
    const made = await judged.conf('olddefconfig', withLines(base, lines));
    for (const line of lines) if (!made.includes(`\n${line}\n`)) wrong.push(`${line} is dropped from ${name}`);
  }
  return wrong;
}
