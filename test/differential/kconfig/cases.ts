/** What is asked of both sides for one tree. */
import { type Mode, makeConfig } from '../../../src/kconfig/index.js';
import { mutate } from './mutate.js';
import { DEFCONFIG, type Subject } from './trees.js';

export interface Case {
  readonly name: string;
  readonly mode: Mode;
  /** The `.config` or defconfig to start from. */
  readonly text: string | undefined;
}

/** all*config, every in-tree defconfig, Debian's configurations; then savedefconfig of some. */
export function plainCases({ tree, readFile, defconfigs, debianConfigs }: Subject): Case[] {
  const cases: Case[] = [];
  for (const mode of ['alldefconfig', 'allnoconfig', 'allyesconfig', 'allmodconfig'] as const)
    cases.push({ name: mode, mode, text: undefined });
  for (const file of defconfigs) cases.push({ name: file, mode: 'defconfig', text: readFile(file) });
  for (const { version, text } of debianConfigs) {
    cases.push({ name: `Debian ${version}`, mode: 'olddefconfig', text });
    cases.push({ name: `savedefconfig of Debian ${version}`, mode: 'savedefconfig', text });
  }
  cases.push({ name: 'an empty .config', mode: 'olddefconfig', text: '' });
  for (const mode of ['allyesconfig', 'allmodconfig', 'allnoconfig'] as const)
    cases.push({ name: `savedefconfig of ${mode}`, mode: 'savedefconfig', text: makeConfig(tree, mode).text });
  return cases;
}

/** Mutations of the tree's bases. Seeds are numbered from 0, so that a longer run contains the shorter. */
export function mutatedCases({ tree, readFile, debianConfigs, arch, defconfigs }: Subject, count: number): Case[] {
  const usual = defconfigs.find((file) => file.endsWith(`/${DEFCONFIG[arch]}`)) as string;
  const bases = [
    ...debianConfigs.map(({ version, text }) => ({ name: `Debian ${version}`, text })),
    { name: DEFCONFIG[arch], text: makeConfig(tree, 'defconfig', readFile(usual)).text },
    ...(['allmodconfig', 'allyesconfig', 'allnoconfig', 'alldefconfig'] as const).map((mode) => ({
      name: mode as string,
      text: makeConfig(tree, mode).text,
    })),
    ...defconfigs.slice(0, 20).map((file) => ({ name: file, text: readFile(file) as string })),
  ];
  return Array.from({ length: count }, (_, seed) => {
    const base = bases[seed % bases.length] as (typeof bases)[number];
    const mutated = mutate(base.text, tree, seed);
    const mode = seed % 7 === 6 ? 'savedefconfig' : seed % 7 === 5 ? 'defconfig' : 'olddefconfig';
    return { name: `${mode} of ${base.name}, seed ${seed}: ${mutated.name}`, mode, text: mutated.text };
  });
}
