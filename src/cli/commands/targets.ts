/** dmaheap targets [NAME [PROFILE]] */
import { render, TARGETS } from '../../render/index.js';
import { listedFiles } from '../../render/library.js';
import { targetPage } from '../../render/target-page.js';
import { suggest } from '../../source/suggest.js';
import type { Context } from '../context.js';
import { declare } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { requirePlan } from '../profile.js';
import { Refusal } from '../refusal.js';
import { exitOfRendering, located } from '../rendered.js';
import { VERSION } from '../version.js';

export const command = declare({
  name: 'targets',
  about: 'list the targets, or show the files and options of one target',
  arguments: [
    ['[name]', 'one target'],
    ['[profile]', 'show how to use the files for this board, up to the booted kernel'],
  ],
  examples: ['targets', 'targets yocto', 'targets yocto my-board.jsonc'],
  run: targets,
});

async function targets(context: Context, name?: string, profile?: string): Promise<Exit> {
  if (name !== undefined) return page(context, name, profile);
  const listed = TARGETS.map(({ name: id, title, files }) => ({
    name: id,
    title,
    artifacts: files.map((file) => `${id}/${file.path}`),
  }));
  if (context.options.format === 'json') context.printJson(listed);
  else
    for (const target of TARGETS)
      context.print(
        `${target.name}: ${target.title}\n${listedFiles(target)
          .map((file) => `    ${file}\n`)
          .join('')}`,
      );
  return EXIT.good;
}

function page(context: Context, name: string, profile: string | undefined): Exit {
  const target = TARGETS.find((one) => one.name === name);
  if (target === undefined) {
    const names = TARGETS.map((one) => one.name);
    const near = suggest(name, names)[0];
    throw new Refusal(
      `there is no target "${name}"`,
      EXIT.usage,
      near === undefined ? `use one of ${names.join(', ')}` : `did you mean ${near}?`,
    );
  }
  if (profile === undefined) {
    context.print(targetPage(target));
    return EXIT.good;
  }
  const { plan, loaded, sources } = requirePlan(context, profile);
  const rendered = render(plan, { version: VERSION, targets: [name] });
  if (rendered.value === undefined)
    throw Refusal.because(
      exitOfRendering(rendered.diagnostics),
      rendered.diagnostics.map((d) => located(d, loaded.spanOf)),
      sources,
    );
  const readme = rendered.value.find(({ path }) => path === `${name}/README.md`);
  context.print(targetPage(target, readme && { title: plan.board.title, readme: readme.text }));
  return EXIT.good;
}
