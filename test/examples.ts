/** Every command line that the project shows to people: README, pages, help and manual. */
import { readdirSync, readFileSync } from 'node:fs';
import { VERIFIER_EXAMPLES } from '../src/cli/manual.js';
import { buildProgram } from '../src/cli/program.js';

export interface Example {
  /** As it is shown, without `$`. */
  readonly command: string;
  readonly from: string;
  /** Lines of output that are shown with it, `...` left out. */
  readonly output: readonly string[];
  /** Typed at root's prompt: on a board. */
  readonly asRoot: boolean;
}

const DOCUMENTS = [
  'README.md',
  'docs/library.md',
  'docs/no-dev-dma-heap.md',
  'docs/rk3399.md',
  'docs/story.md',
] as const;

/** Blocks that are indented by four or fenced as shell. With a `$` in a block, the other lines are output. */
function documentExamples(file: string): Example[] {
  const text = readFileSync(file, 'utf8').replace(/^```(?!sh\b|console\b)\w+\n[\s\S]*?^```$/gm, '');
  const blocks = [...text.matchAll(/(?:^ {4}.*\n(?:\n(?= {4}))?)+/gm)].map(([block]) => block.replace(/^ {4}/gm, ''));
  return blocks.flatMap((block) => {
    // A picture of the stages, and a file, are no commands.
    if (/--read-->|^dmaheap-expect 1$/m.test(block)) return [];
    const lines = block.split('\n').filter((line) => line.trim() !== '');
    const prompt = lines[0]?.slice(0, 2) ?? '';
    const isRecorded = prompt === '$ ' || prompt === '# ';
    const asRoot = prompt === '# ';
    const examples: (Example & { output: string[] })[] = [];
    for (const line of lines)
      if (!isRecorded || line.startsWith(prompt))
        examples.push({
          command: (isRecorded ? line.slice(2) : line).replace(/ {2,}#.*$/, ''),
          from: file,
          output: [],
          asRoot,
        });
      else if (line.trim() !== '...') examples.at(-1)?.output.push(line);
    return examples;
  });
}

/** The examples of a command's help. */
export async function helpExamples(): Promise<Map<string, string[]>> {
  const nobody = { stdout: () => {}, stderr: () => {}, environment: {}, directory: '.', isTerminal: false };
  const program = await buildProgram(nobody);
  return new Map(
    program.commands.map((command) => {
      let help = '';
      command.configureOutput({ writeOut: (part) => (help += part) });
      command.outputHelp();
      const shown = help.split(/^Examples?:$/m)[1] ?? '';
      return [command.name(), [...shown.matchAll(/^ {2}(.*\bdmaheap .*)$/gm)].map(([, line = '']) => line)];
    }),
  );
}

export async function everyExample(): Promise<Example[]> {
  const documents = [
    ...DOCUMENTS,
    ...readdirSync('native').flatMap((file) => (file === 'README.md' ? ['native/README.md'] : [])),
  ];
  return [
    ...documents.flatMap(documentExamples),
    ...[...(await helpExamples())].flatMap(([name, commands]) =>
      commands.map((command) => ({ command, from: `dmaheap ${name} --help`, output: [], asRoot: false })),
    ),
    ...VERIFIER_EXAMPLES.map((command) => ({ command, from: 'dmaheap-verify(8)', output: [], asRoot: false })),
  ];
}
