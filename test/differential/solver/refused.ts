/** Combinations that no configuration has, each with the symbol that is the cause. */
import { type GoalText, linkText, parseGoal, Solver } from '../../../src/kconfig/index.js';
import type { TreeName } from '../kconfig/trees.js';
import type { JudgedTree } from './judged.js';

interface Refused {
  readonly tree: TreeName;
  readonly goals: readonly string[];
  readonly leaf: string;
  readonly reason: string;
  /** A place or words the chain must name. */
  readonly names: RegExp;
}

export const REFUSED: readonly Refused[] = [
  {
    tree: { version: '6.12', arch: 'arm' },
    goals: ['DMABUF_HEAPS_CMA=y', 'MMU=n'],
    leaf: 'MMU',
    reason: 'goal',
    names: /arch\/arm\/Kconfig:\d+: MMU is n because the goal MMU=n/,
  },
  {
    tree: { version: '6.12', arch: 'riscv64' },
    goals: ['NONPORTABLE=y', 'MMU=n', 'DMABUF_HEAPS_CMA=y'],
    leaf: 'MMU',
    reason: 'goal',
    names: /arch\/riscv\/Kconfig:\d+: MMU is n because the goal MMU=n/,
  },
  {
    tree: { version: '6.12', arch: 'arm64' },
    goals: ['DMABUF_HEAPS_CMA=m'],
    leaf: 'DMABUF_HEAPS_CMA',
    reason: 'type',
    names: /drivers\/dma-buf\/heaps\/Kconfig:\d+: DMABUF_HEAPS_CMA is bool/,
  },
  {
    tree: { version: '6.12', arch: 'arm64' },
    goals: ['CMA_SIZE_MBYTES=256', 'CMA_SIZE_SEL_PERCENTAGE=y'],
    leaf: 'CMA_SIZE_SEL_PERCENTAGE',
    reason: 'goal',
    names: /kernel\/dma\/Kconfig:\d+: CMA_SIZE_MBYTES depends on !CMA_SIZE_SEL_PERCENTAGE/,
  },
];

/** Bases to ask from; the cause is the same from each. */
export async function checkRefused(judged: JudgedTree, refused: Refused): Promise<string[]> {
  const wrong: string[] = [];
  const goals = refused.goals.map(parseGoal) as GoalText[];
  for (const [name, base] of [
    ['allnoconfig', await judged.conf('allnoconfig')],
    ['defconfig', await judged.defconfig()],
  ] as const) {
    const { blocked } = new Solver(judged.tree, base).solve(goals, { allowChange: true });
    const first = blocked[0];
    const chain = first?.chain.map(linkText).join('\n') ?? 'not refused';
    if (!first || first.leaf !== refused.leaf || first.reason !== refused.reason || !refused.names.test(chain))
      wrong.push(`from ${name}: leaf ${first?.leaf}, ${first?.reason}\n${chain}`);
  }
  return wrong;
}
