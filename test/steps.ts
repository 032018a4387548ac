/** Runs suites one after the other and adds up what their runners counted. */
import { spawn } from 'node:child_process';

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** `12 passed, 0 failed, 1 skipped`, alone on a line: how every runner here closes. */
const COUNT = /^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm;

/** The counts a runner printed, added up; undefined when it printed none. */
export function countsOf(output: string): Count | undefined {
  const found = [...output.matchAll(COUNT)];
  if (found.length === 0) return undefined;
  const sum = (group: number) => found.reduce((total, match) => total + Number(match[group] ?? 0), 0);
  return { passed: sum(1), failed: sum(2), skipped: sum(3) };
}

/** vitest closes in words of its own: ` Tests  3 failed | 41 passed | 1 skipped (45)`. */
export function vitestCount(output: string): Count | undefined {
  const line = [...output.matchAll(/^\s*Tests\s+(.*)\(\d+\)\s*$/gm)].at(-1)?.[1];
  if (line === undefined) return undefined;
  const number = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  return { passed: number('passed'), failed: number('failed'), skipped: number('skipped') + number('todo') };
}

async function run(step: Step): Promise<{ count: Count; seconds: number }> {
  const start = Date.now();
  console.log(`\n== ${step.name}: ${step.command.join(' ')}`);
  const [program = '', ...args] = step.command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    });
  const code = await new Promise<number>((resolve) => {
    child.on('error', () => resolve(1));
    child.on('close', (status) => resolve(status ?? 1));
  });
  const seconds = (Date.now() - start) / 1000;
  // A tool that counts nothing is one test; one that fails without a failed test has failed all the same.
  const counted = countsOf(output) ?? vitestCount(output) ?? { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0 };
  const failed = code !== 0 && counted.failed === 0 ? 1 : counted.failed;
  return { count: { ...counted, failed }, seconds };
}

/** @returns the total over all steps; every step is run whatever became of those before it */
export async function runSteps(steps: readonly Step[]): Promise<Count> {
  const rows: string[] = [];
  let total: Count = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) {
    const { count, seconds } = await run(step);
    rows.push(
      `${count.failed === 0 ? 'ok  ' : 'FAIL'} ${step.name}: ${count.passed} + ${count.failed} + ${count.skipped} in ${seconds.toFixed(0)} s`,
    );
    total = {
      passed: total.passed + count.passed,
      failed: total.failed + count.failed,
      skipped: total.skipped + count.skipped,
    };
  }
  console.log(`\npassed + failed + skipped\n${rows.join('\n')}`);
  return total;
}
