/** dmaheap targets */
import { TARGETS } from '../../render/index.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';

export async function targets(context: Context): Promise<Exit> {
  const listed = TARGETS.map(({ name, title, files }) => ({
    name,
    title,
    artifacts: files.map((file) => `${name}/${file.path}`),
  }));
  if (context.options.format === 'json') context.printJson(listed);
  else
    for (const { name, title, artifacts } of listed)
      context.print(`${name}: ${title}\n${artifacts.map((path) => `    ${path}\n`).join('')}`);
  return EXIT.good;
}
