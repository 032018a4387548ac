import { CHECKS, CHECKS_WITH_CONFIRM, runChecks } from '../../src/check/index.js';
import type { CheckedBoard, CheckInputs, CheckResult, Tools } from '../../src/check/types.js';
import { openTools } from '../../src/cli/tools.js';
import { writeHuman } from '../../src/diagnostic/human.js';
import { SourceText } from '../../src/source/index.js';

/** The checks over files given as text, by the tools of this machine unless others are given. */
export async function check(
  files: Readonly<Record<string, string>>,
  options: { inputs?: CheckInputs; tools?: Partial<Tools>; confirm?: boolean; board?: CheckedBoard } = {},
): Promise<{ results: readonly CheckResult[]; of: (id: string) => string }> {
  const { tools, close } = openTools(process.env);
  const sources = Object.entries(files).map(([file, text]) => new SourceText(file, text));
  try {
    const context = {
      tree: { directory: '/generated', files: sources },
      ...(options.board === undefined ? {} : { board: options.board }),
      inputs: options.inputs ?? {},
      tools: { ...tools, ...options.tools },
    };
    const results = await runChecks(context, options.confirm === true ? CHECKS_WITH_CONFIRM : CHECKS);
    const lookup = (file: string) => sources.find((source) => source.file === file);
    const of = (id: string) => {
      const result = results.find((r) => r.check === id);
      if (result === undefined) return 'no such result';
      return `\n${result.status}\n${writeHuman(result.diagnostics, { sources: lookup })}`;
    };
    return { results, of };
  } finally {
    await close();
  }
}

/** Runs something with the tools of this machine and removes what it left behind. */
export async function withTools<T>(use: (tools: Tools) => Promise<T>): Promise<T> {
  const { tools, close } = openTools(process.env);
  try {
    return await use(tools);
  } finally {
    await close();
  }
}
