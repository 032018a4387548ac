/** CPU time and peak memory of programs, as the kernel accounts for them. */
import { spawnSync } from 'node:child_process';

export interface Measured {
  /** User and system time of the program and its children. */
  readonly cpuSeconds: number;
  readonly rssMiB: number;
  readonly stdout: string;
}

export interface Where {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The status to end with: with another one, something else was measured. `undefined` accepts every status. */
  readonly status?: number | undefined;
}

/** Node itself cannot ask what its children used. A python3 that is a script has had children before this one. */
const METER = `import resource, subprocess, sys
before = resource.getrusage(resource.RUSAGE_CHILDREN)
status = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
print("used", status, round(seconds, 6), used.ru_maxrss, file=sys.stderr)
`;

/** The environment without what makes Node itself do more at its start, such as reading a store of certificates. */
function plainNode(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, NODE_COMPILE_CACHE: ___, ...plain } = env;
  return plain;
}

export function measure(command: readonly string[], where: Where = {}): Measured {
  const { cwd, env = process.env, status } = { status: 0, ...where };
  const { stdout, stderr } = spawnSync('python3', ['-c', METER, ...command], {
    ...(cwd !== undefined && { cwd }),
    env: plainNode(env),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const used = /^used (-?\d+) ([\d.e-]+) (\d+)$/m.exec(stderr);
  if (used === null || (status !== undefined && Number(used[1]) !== status))
    throw new Error(`${command.join(' ')} ended with ${used?.[1]}\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`);
  return { cpuSeconds: Number(used[2]), rssMiB: Number(used[3]) / 1024, stdout };
}

export type Series = { readonly [name: string]: readonly Measured[] };

/** Each in turn, several times, so that a noisy minute meets all of them. */
export function interleaved(rounds: number, runs: Readonly<Record<string, () => Measured>>): Series {
  const series: Record<string, Measured[]> = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, run] of Object.entries(runs)) series[name]?.push(run());
  return series;
}

export const secondsOf = (series: Series, name: string) => (series[name] ?? []).map(({ cpuSeconds }) => cpuSeconds);
export const rssOf = (series: Series, name: string) => Math.max(...(series[name] ?? []).map(({ rssMiB }) => rssMiB));
