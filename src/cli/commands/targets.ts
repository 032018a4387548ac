/** dmaheap targets [NAME [PROFILE]] */
import { render, TARGETS } from '../../render/index.js';
import { listedFiles } from '../../render/library.js';
import { targetPage } from '../../render/target-page.js';
import { suggest } from '../../source/suggest.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { planOrExit } from '../profile.js';
import { VERSION } from '../version.js';
import { exitOfRendering, locate } from './validate.js';

export async function targets(context: Context, name?: string, profile?: string): Promise<Exit> {
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
    context.complain(
      `there is no target "${name}"`,
      near === undefined ? `use one of ${names.join(', ')}` : `did you mean ${near}?`,
    );
    return EXIT.usage;
  }
  if (profile === undefined) {
    context.print(targetPage(target));
    return EXIT.good;
  }
  const planned = planOrExit(context, profile);
  if (typeof planned === 'number') return planned;
  const { plan, loaded, sources } = planned;
  const rendered = render(plan, { version: VERSION, targets: [name] });
  if (rendered.value === undefined) {
    context.findings(
      rendered.diagnostics.map((d) => locate(d, loaded.spanOf)),
      sources,
    );
    return exitOfRendering(rendered.diagnostics);
  }
  const readme = rendered.value.find(({ path }) => path === `${name}/README.md`);
  context.print(targetPage(target, readme && { title: plan.board.title, readme: readme.text }));
  return EXIT.good;
}
