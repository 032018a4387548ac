/** dmaheap completion SHELL */
import { COMPLETION_SCRIPTS, complete } from '../complete.js';
import type { Context } from '../context.js';
import { type Declaration, declare, flag } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { Refusal } from '../refusal.js';

type Every = () => Promise<readonly Declaration[]>;

export const completionOf = (every: Every) =>
  declare({
    name: 'completion',
    about: 'print shell completion',
    arguments: [['[words...]', 'bash, zsh or fish']],
    options: { line: flag('--line', 'print the possible completions of the last word; the scripts use it') },
    examples: ['completion bash > /etc/bash_completion.d/dmaheap'],
    run: (context, words, { line }) => (line ? completeLine(context, words, every) : printScript(context, words[0])),
  });

async function completeLine(context: Context, words: readonly string[], every: Every): Promise<Exit> {
  const candidates = complete(await every(), words, (file) => context.resolve(file));
  context.print(candidates.map((candidate) => `${candidate}\n`).join(''));
  return EXIT.good;
}

function printScript(context: Context, shell = ''): Exit {
  const script = Object.hasOwn(COMPLETION_SCRIPTS, shell) ? COMPLETION_SCRIPTS[shell] : undefined;
  if (script === undefined)
    throw new Refusal('completion needs the name of a shell', EXIT.usage, 'give bash, zsh or fish');
  context.print(script);
  return EXIT.good;
}
