/**
 * npm run bench:kconfig [-- --runs N] [--only 7.3]: CPU seconds, children included, of an olddefconfig of Debian's arm64
 * configuration: our engine against the tree's own conf, with live probes, with cached probes and with its hash
 * function repaired, and against make, merge_config.sh and Kconfiglib. Runs are interleaved; the median counts. Ends
 * with the targets and whether they are met.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { builtinsOnUse } from '../../src/build/bundle.js';
import { cacheRoot, debianConfig, debianPackage } from '../../src/build/fetch/index.js';
import { loadKernelTree } from '../../src/cli/kernel/load.js';
import { buildConf } from '../differential/kconfig/judge.js';
import { openSubject, type Subject, type Version } from '../differential/kconfig/trees.js';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '9' },
    only: { type: 'string', multiple: true },
    /** Leave out what takes minutes: merge_config.sh. */
    quick: { type: 'boolean', default: false },
  },
});
const runs = Number(options.runs);
const versions = (['7.3', '6.12'] as const).filter((version) => options.only?.includes(version) ?? true);
const work = path.join(cacheRoot(), 'kconfig-bench');
mkdirSync(work, { recursive: true });

const KCONFIGLIB = `import kconfiglib, sys
k = kconfiglib.Kconfig("Kconfig", warn=False)
k.load_config(sys.argv[1])
k.write_config(sys.argv[2])
`;

interface Measured {
  readonly cpuSeconds: number;
  readonly stdout: string;
}

/** The environment without what makes Node itself do more at its start, such as reading a store of certificates. */
function plainNode(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, NODE_COMPILE_CACHE: ___, ...plain } = process.env;
  return plain;
}

/** CPU seconds of a command and all its children, as bash accounts for them. */
function measure(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  mayFail = false,
): Measured | undefined {
  const { stdout, stderr, status } = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'bench', ...command],
    {
      env,
      cwd,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  const times = /^cpu ([\d.]+) ([\d.]+)$/m.exec(stderr);
  if (status !== 0 || !times) {
    if (mayFail) return undefined;
    throw new Error(`${command.join(' ')} ended with ${status}\n${stderr}`);
  }
  return { cpuSeconds: Number(times[1]) + Number(times[2]), stdout };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

const once = path.join(work, 'once.cjs');
await build({
  entryPoints: [new URL('kconfig-once.ts', import.meta.url).pathname],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  outfile: once,
  logLevel: 'error',
  plugins: [builtinsOnUse()],
});

const missed: string[] = [];
function target(name: string, value: number, limit: number, unit: string): void {
  const met = value <= limit;
  if (!met) missed.push(name);
  console.log(`  ${met ? 'met   ' : 'MISSED'} ${name}: ${value.toFixed(3)}${unit}, target ${limit}${unit}`);
}

for (const version of versions) await bench(version);
console.log(`${missed.length === 0 ? 'all targets met' : `missed: ${missed.join(', ')}`}`);
process.exitCode = missed.length === 0 ? 0 : 1;

async function bench(version: Version): Promise<void> {
  const subject = await openSubject({ version, arch: 'arm64' });
  const { directory, environment } = subject;
  const base = await debianConfig('arm64', version);
  const place = path.join(work, version);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const recording = path.join(place, 'recording.json');
  await loadKernelTree({
    directory,
    arch: 'arm64',
    probes: { mode: 'run' },
    host: process.env,
    cacheDirectory: subject.work,
    record: recording,
  });
  const stock = await buildConf(directory);
  const repaired = await buildConf(directory, { repairHash: true });

  const exported = { ...process.env, ...environment, LC_ALL: 'C' };
  const dotConfig = path.join(place, '.config');
  const conf = (program: string, more: NodeJS.ProcessEnv) => {
    copyFileSync(base, dotConfig);
    return measure([program, '--olddefconfig', 'Kconfig'], { ...exported, ...more }, place)?.cpuSeconds as number;
  };
  const replay = { KCONFIG_PROBES: subject.probesFile };
  const ours = (what: string, cacheDirectory: string | null, rounds = 1) => {
    const task = {
      what,
      directory,
      arch: 'arm64',
      recording,
      cacheDirectory,
      config: base,
      output: path.join(place, 'ours'),
      rounds,
    };
    const env = { ...plainNode(), KCONFIG_BENCH: JSON.stringify(task) };
    const { cpuSeconds, stdout } = measure([process.execPath, once], env, place) as Measured;
    return { cpuSeconds, ...(JSON.parse(stdout) as Record<string, number>) } as Record<string, number>;
  };
  const warmCache = path.join(place, 'cache');
  ours('single', warmCache);

  conf(stock, replay);
  const judged = readFileSync(dotConfig);
  conf(repaired, replay);
  if (!judged.equals(readFileSync(dotConfig))) throw new Error('the repaired conf writes another configuration');

  const times: Record<'cached' | 'repaired' | 'cold' | 'warm', number[]> = {
    cached: [],
    repaired: [],
    cold: [],
    warm: [],
  };
  let rss = 0;
  for (let i = 0; i < runs; i++) {
    times.cached.push(conf(stock, replay));
    const cold = ours('single', null);
    times.cold.push(cold['cpuSeconds'] as number);
    rss = Math.max(rss, cold['maxRssMiB'] as number);
    if (!judged.equals(readFileSync(path.join(place, 'ours')))) throw new Error('our configuration is another one');
    times.repaired.push(conf(repaired, replay));
    const warm = ours('single', warmCache);
    if (!warm['fromCache']) throw new Error('the kept tree was not used');
    times.warm.push(warm['cpuSeconds'] as number);
    if (!judged.equals(readFileSync(path.join(place, 'ours')))) throw new Error('our configuration is another one');
  }
  const live = median([0, 1, 2].map(() => conf(stock, {})));
  const batch = ours('batch', warmCache, 40);
  const whatIf = ours('what-if', warmCache, 1000);
  const others = measureOthers(subject, base, place, exported);
  const kconfiglib = await measureKconfiglib(base, place, { ...exported, srctree: directory });

  const reference = median(times.cached);
  const line = (name: string, seconds: number | undefined, note = '') =>
    console.log(
      `  ${name.padEnd(44)} ${seconds === undefined ? 'fails' : `${seconds.toFixed(3)} s  ${(seconds / reference).toFixed(2)} of conf`}${note}`,
    );
  console.log(`\n${version} arm64, Debian's configuration, CPU seconds, medians of ${runs} interleaved runs`);
  line('conf, live probes (3 runs)', live);
  line('conf, cached probes', reference);
  line('conf, cached probes, hash repaired', median(times.repaired));
  for (const [name, seconds] of others) line(name, seconds);
  for (const [name, seconds] of kconfiglib) line(name, seconds);
  line('dmaheap, cold', median(times.cold), `, ${rss.toFixed(0)} MiB at most`);
  line('dmaheap, warm (tree from the cache)', median(times.warm));
  line('dmaheap, batch, per configuration', (batch['batchMillis'] as number) / 1000);
  console.log(
    `  what-if over ${whatIf['symbols']} symbols: median ${(whatIf['whatIfMillis'] as number).toFixed(4)} ms, slowest ${(whatIf['whatIfSlowestMillis'] as number).toFixed(1)} ms (wall)`,
  );
  target(`${version}: cold against conf`, median(times.cold) / reference, 0.5, '');
  target(`${version}: warm against conf`, median(times.warm) / reference, 0.15, '');
  target(`${version}: batch`, batch['batchMillis'] as number, 30, ' ms');
  target(`${version}: what-if, median`, whatIf['whatIfMillis'] as number, 1, ' ms');
  if (median(times.cold) > median(times.repaired))
    console.log(
      `  lost: cold takes ${(median(times.cold) / median(times.repaired)).toFixed(2)} times the repaired conf`,
    );
  console.log(`  lost: memory, ${rss.toFixed(0)} MiB against conf's 27`);
}

/** make olddefconfig with conf already built, and merge_config.sh with a fragment of six lines. */
function measureOthers(
  { directory, environment }: Subject,
  base: string,
  place: string,
  exported: NodeJS.ProcessEnv,
): [string, number | undefined][] {
  const output = path.join(place, 'make');
  mkdirSync(output, { recursive: true });
  const cross = (environment['CC'] as string).replace(/gcc$/, '');
  const plain: NodeJS.ProcessEnv = { ...process.env, ARCH: 'arm64', CROSS_COMPILE: cross, LC_ALL: 'C' };
  const make = () => {
    copyFileSync(base, path.join(output, '.config'));
    return measure(['make', '-s', '-C', directory, `O=${output}`, 'olddefconfig'], plain, place, true)?.cpuSeconds;
  };
  make();
  const results: [string, number | undefined][] = [['make olddefconfig (1 run)', make()]];
  if (options.quick) return results;
  const fragment = path.join(place, 'fragment');
  writeFileSync(
    fragment,
    [
      ...['CMA', 'DMA_CMA', 'DMABUF_HEAPS', 'DMABUF_HEAPS_SYSTEM', 'DMABUF_HEAPS_CMA'].map((s) => `CONFIG_${s}=y`),
      'CONFIG_CMA_SIZE_MBYTES=256\n',
    ].join('\n'),
  );
  const script = path.join(directory, 'scripts/kconfig/merge_config.sh');
  const merged = measure(
    [script, '-O', output, base, fragment],
    { ...plain, ...{ PATH: exported['PATH'] } },
    directory,
    true,
  );
  results.push(['merge_config.sh, 6 lines (1 run)', merged?.cpuSeconds]);
  return results;
}

async function measureKconfiglib(
  base: string,
  place: string,
  env: NodeJS.ProcessEnv,
): Promise<[string, number | undefined][]> {
  const name = 'Kconfiglib, live probes (1 run)';
  let root: string;
  try {
    root = await debianPackage('trixie', 'amd64', 'python3-kconfiglib');
  } catch (error) {
    console.log(`NOT RUN: Kconfiglib: ${(error as Error).message.split('\n')[0]}`);
    return [];
  }
  const measured = measure(
    ['python3', '-c', KCONFIGLIB, base, path.join(place, 'kconfiglib')],
    { ...env, PYTHONPATH: path.join(root, 'usr/lib/python3/dist-packages') },
    env['srctree'] as string,
    true,
  );
  return [[name, measured?.cpuSeconds]];
}
