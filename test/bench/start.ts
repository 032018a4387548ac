/** `npm run bench:start`: what starting costs, against `node -e 0`, as CPU time; medians of interleaved runs. */
import { spawnSync } from 'node:child_process';

const ROUNDS = 20;
const COMMANDS = {
  'node -e 0': ['-e', '0'],
  'dmaheap --version': ['dist/dmaheap.mjs', '--version'],
  'dmaheap validate': ['dist/dmaheap.mjs', 'validate', '--quiet', 'schemas/examples/rockpro64.json'],
} as const;

/** User and system time of one run, in milliseconds; the child is waited for, so the difference is its own. */
function cpuMillis(args: readonly string[]): number {
  // Node has no RUSAGE_CHILDREN; the shell's `times` prints it.
  const script = '"$0" "$@" >/dev/null && times';
  const { stdout, status } = spawnSync('bash', ['-c', script, process.execPath, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} failed`);
  const [user, system] = (stdout.trim().split('\n').at(-1) ?? '').split(' ').map((text) => {
    const match = /^(\d+)m([\d.]+)s$/.exec(text);
    return Number(match?.[1]) * 60_000 + Number(match?.[2]) * 1000;
  });
  return (user ?? Number.NaN) + (system ?? Number.NaN);
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const times = new Map<string, number[]>();
for (let round = 0; round < ROUNDS; round += 1)
  for (const [name, args] of Object.entries(COMMANDS)) times.set(name, [...(times.get(name) ?? []), cpuMillis(args)]);
const base = median(times.get('node -e 0') ?? []);
for (const [name, values] of times)
  console.log(
    `${name.padEnd(20)} ${median(values).toFixed(0).padStart(4)} ms CPU, ${(median(values) / base).toFixed(2)} of node -e 0`,
  );
