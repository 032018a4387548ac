/** Generated trees on disk, as a user has them: every target, with modes, of several boards and of two hard profiles. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Language } from '../../src/lang/index.js';
import type { Plan } from '../../src/plan/types.js';
import { type Artifact, render, TARGETS } from '../../src/render/index.js';
import { textsOf, withValue } from '../hostile/attack.js';
import { languageOf } from '../hostile/readers.js';
import { HOSTILE } from '../hostile/values.js';
import { examplePlan } from '../render/examples.js';
import { samplePlan } from '../render/sample-plan.js';

export interface Tree {
  readonly name: string;
  readonly plan: Plan;
  /** Holds one folder per target. */
  readonly directory: string;
  readonly artifacts: readonly Artifact[];
}

/** Cameras on U-Boot, a server without a devicetree, one 32-bit, one Raspberry Pi, and the plan with every branch. */
const NAMES = ['imx8mp-evk', 'qemu-x86_64', 'rockpro64', 'rpi-4-b', 'stm32mp157c-dk2', 'sample'];

const every = { version: '0.0.0', targets: TARGETS.map((target) => target.name) };

export function writeTrees(root: string, names: readonly string[] = NAMES, targets = every.targets): readonly Tree[] {
  return names.map((name) => {
    const plan = name === 'sample' ? samplePlan() : examplePlan(name).plan;
    const { value, diagnostics } = render(plan, { ...every, targets });
    if (value === undefined) throw new Error(`${name}: ${diagnostics.map((d) => d.message).join('; ')}`);
    const directory = path.join(root, name);
    for (const artifact of value) writeArtifact(directory, artifact);
    return { name, plan, directory, artifacts: value };
  });
}

function writeArtifact(directory: string, { path: name, text, mode }: Artifact): string {
  const file = path.join(directory, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  if (mode !== undefined) chmodSync(file, mode);
  return file;
}

/** Files of a language, each text once: the profile's hash in the first lines changes nothing. */
export function filesOf(trees: readonly Tree[], ...languages: readonly Language[]): string[] {
  const seen = new Set<string>();
  return trees.flatMap(({ directory, artifacts }) =>
    artifacts.flatMap(({ path: name, text }) => {
      const language = languageOf(name);
      const content = `${path.basename(name)}\n${text.replace(/\b[0-9a-f]{64}\b/g, '')}`;
      if (language === undefined || !languages.includes(language) || seen.has(content)) return [];
      seen.add(content);
      return [path.join(directory, name)];
    }),
  );
}

/** What a target writes in a language when every text of the plan in turn is hostile, as far as it is not refused. */
export function hostileFiles(root: string, target: string, language: Language): string[] {
  const base = samplePlan();
  const texts = new Set<string>();
  for (const place of textsOf(base))
    for (const hostile of Object.values(HOSTILE))
      for (const artifact of render(withValue(base, place, hostile), { ...every, targets: [target] }).value ?? [])
        if (languageOf(artifact.path) === language) texts.add(artifact.text);
  mkdirSync(root, { recursive: true });
  return [...texts].map((text, i) => {
    const file = path.join(root, `hostile-${i}.${language}`);
    writeFileSync(file, text);
    return file;
  });
}
