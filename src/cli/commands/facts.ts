/** dmaheap facts [ID]: what is known about kernels, since when, and from where. */
import { FACTS } from '../../facts/index.js';
import { suggest } from '../../source/suggest.js';
import type { Context } from '../context.js';
import { declare } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { Refusal } from '../refusal.js';

export const command = declare({
  name: 'facts',
  about: 'list what dmaheap knows about kernels, with releases and sources',
  arguments: [['[id]', 'one fact, or a group such as heap']],
  examples: ['facts heap.default-area-name'],
  run: facts,
});

export async function facts(context: Context, id: string | undefined): Promise<Exit> {
  const chosen =
    id === undefined
      ? [...FACTS.values()]
      : [...FACTS.values()].filter((f) => f.id === id || f.id.startsWith(`${id}.`));
  if (chosen.length === 0) {
    const near = suggest(id ?? '', FACTS.keys())[0];
    throw new Refusal(
      `there is no fact "${id}"`,
      EXIT.usage,
      near === undefined ? 'run dmaheap facts, which lists all of them' : `did you mean "${near}"?`,
    );
  }
  if (context.options.format === 'json') {
    context.printJson({ schemaVersion: 1, facts: chosen });
    return EXIT.good;
  }
  for (const fact of chosen) {
    context.print(`${fact.id}: ${fact.title}\n`);
    for (const { since, until, value, evidence, source, checked } of fact.ranges)
      context.print(
        `    ${since} ${until === undefined ? 'and later' : `to before ${until}`}: ${JSON.stringify(value)} (${evidence}, ${source.file}${source.function === undefined ? '' : `, ${source.function}()`}, ${checked})\n`,
      );
  }
  return EXIT.good;
}
