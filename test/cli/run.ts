/** Runs the command line in this process and keeps what it prints. */
import { runProgram } from '../../src/cli/program.js';

export interface Said {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function dmaheap(
  argv: readonly string[],
  directory = process.cwd(),
  environment: NodeJS.ProcessEnv = { PATH: process.env['PATH'] },
  isTerminal = false,
): Promise<Said> {
  let stdout = '';
  let stderr = '';
  const exit = await runProgram(argv, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    environment,
    directory,
    isTerminal,
  });
  return { exit, stdout, stderr };
}
