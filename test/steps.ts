/** Runs suites and adds up what their runners counted. */
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

interface Done {
  readonly step: Step;
  readonly count: Count;
  readonly seconds: number;
  readonly output: string;
}

const titleOf = ({ name, command }: Step) => `\n== ${name}: ${command.join(' ')}`;

/** @param isLive shows the output as it comes */
async function run(step: Step, isLive: boolean): Promise<Done> {
  const start = Date.now();
  if (isLive) console.log(titleOf(step));
  const [program = '', ...args] = step.command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (isLive) process.stdout.write(chunk);
    });
  const code = await new Promise<number>((resolve) => {
    child.on('error', () => resolve(1));
    child.on('close', (status) => resolve(status ?? 1));
  });
  const seconds = (Date.now() - start) / 1000;
  // A tool that counts nothing is one test; one that fails without a failed test has failed all the same.
  const counted = countsOf(output) ?? vitestCount(output) ?? { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0 };
  const failed = code !== 0 && counted.failed === 0 ? 1 : counted.failed;
  return { step, count: { ...counted, failed }, seconds, output };
}

/** One step, or several one after the other. */
type Lane = Step | readonly Step[];

/** Lanes run at the same time; only the output of a step in the last one is shown as it comes. */
async function runTogether(lanes: readonly Lane[]): Promise<Done[]> {
  const runLane = async (lane: Lane, isLive: boolean): Promise<Done[]> => {
    const done: Done[] = [];
    for (const step of 'name' in lane ? [lane] : lane) {
      const one = await run(step, isLive);
      if (!isLive) process.stdout.write(`${titleOf(step)}\n${one.output}`);
      done.push(one);
    }
    return done;
  };
  return (await Promise.all(lanes.map((lane, i) => runLane(lane, i === lanes.length - 1)))).flat();
}

/**
 * @param steps an inner list has lanes, which run at the same time
 * @returns the total over all steps; every step is run whatever became of those before it
 */
export async function runSteps(steps: readonly (Step | readonly Lane[])[]): Promise<Count> {
  const done: Done[] = [];
  for (const group of steps) done.push(...(await runTogether('name' in group ? [group] : group)));
  const rows = done.map(
    ({ step, count, seconds }) =>
      `${count.failed === 0 ? 'ok  ' : 'FAIL'} ${step.name}: ${count.passed} + ${count.failed} + ${count.skipped} in ${seconds.toFixed(0)} s`,
  );
  console.log(`\npassed + failed + skipped\n${rows.join('\n')}`);
  const sum = (key: keyof Count) => done.reduce((total, { count }) => total + count[key], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}
