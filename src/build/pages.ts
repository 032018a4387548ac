/** Writes dist/docs/targets: a page for every folder of templates/, so that a new target has one by itself. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../cli/version.js';
import { resolveModel } from '../model/index.js';
import { makePlan, type Plan } from '../plan/index.js';
import { readProfile } from '../profile/load.js';
import { render, TARGETS } from '../render/index.js';
import { targetPage } from '../render/target-page.js';

const EXAMPLES = fileURLToPath(new URL('../../schemas/examples/', import.meta.url));

function plans(): Plan[] {
  const files = readdirSync(EXAMPLES).filter((file) => file.endsWith('.json'));
  // A board that most readers know stands first, whatever its target.
  const order = ['rockpro64.json', 'rpi-5-b.json', ...files];
  return [...new Set(order)].flatMap((file) => {
    const read = readProfile(EXAMPLES + file, (name) => ({ text: readFileSync(name, 'utf8') })).value;
    const model = read && resolveModel(read, {}).value;
    return (model && makePlan(model).value) ?? [];
  });
}

/** The pages, by target. */
export function targetPages(): Readonly<Record<string, string>> {
  const boards = plans();
  return Object.fromEntries(
    TARGETS.map((target) => {
      // A board that is made for the target says more than one that merely could be.
      const own = boards.filter(
        (plan) => plan.board.bootLoader === target.name || plan.targets.some(({ name }) => name === target.name),
      );
      for (const plan of [...own, ...boards]) {
        const made = render(plan, { version: VERSION, targets: [target.name] }).value ?? [];
        const readme = made.find(({ path }) => path === `${target.name}/README.md`);
        if (readme !== undefined)
          return [target.name, targetPage(target, { title: plan.board.title, readme: readme.text })];
      }
      return [target.name, targetPage(target)];
    }),
  );
}

export function writePages(): void {
  const directory = new URL('../../dist/docs/targets/', import.meta.url);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const pages = Object.entries(targetPages());
  for (const [name, page] of pages) writeFileSync(new URL(`${name}.md`, directory), page);
  const list = pages.map(([name]) => `- [${TARGETS.find((one) => one.name === name)?.title}](${name}.md)`);
  writeFileSync(new URL('README.md', directory), `# Targets\n\n${list.join('\n')}\n`);
}
