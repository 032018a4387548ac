/**
 * An olddefconfig of Debian's arm64 configuration by our engine and by the tree's own conf (with live probes, with cached
 * probes, with its hash function repaired), make, merge_config.sh and Kconfiglib; and the commands that answer from a
 * kept tree.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { parse } from 'jsonc-parser';
import { builtinsOnUse } from '../../src/build/bundle.js';
import { cacheRoot, debianConfig, debianPackage } from '../../src/build/fetch/index.js';
import { loadKernelTree } from '../../src/cli/kernel/load.js';
import { buildConf } from '../differential/kconfig/judge.js';
import { openSubject, type Subject, type Version } from '../differential/kconfig/trees.js';
import { interleaved, type Measured, measure, rssOf, type Series, secondsOf } from './measure.js';
import { median, type Row } from './table.js';

const VERSIONS = ['7.3', '6.12'] as const;
const program = path.resolve('dist/dmaheap.mjs');
const profile = path.resolve('schemas/examples/qemu-virt-arm64.json');

const KCONFIGLIB = `import kconfiglib, sys
k = kconfiglib.Kconfig("Kconfig", warn=False)
k.load_config(sys.argv[1])
k.write_config(sys.argv[2])
`;

export async function bench(rounds: number): Promise<Row[]> {
  const work = path.join(cacheRoot(), 'kconfig-bench');
  mkdirSync(work, { recursive: true });
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
  const rows: Row[] = [];
  for (const version of VERSIONS) rows.push(...(await benchTree(version, rounds, work, once)));
  return rows;
}

async function benchTree(version: Version, rounds: number, work: string, once: string): Promise<Row[]> {
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
  const conf = (judge: string, more: NodeJS.ProcessEnv = { KCONFIG_PROBES: subject.probesFile }) => {
    copyFileSync(base, dotConfig);
    return measure([judge, '--olddefconfig', 'Kconfig'], { env: { ...exported, ...more }, cwd: place });
  };
  const engine = (what: string, cacheDirectory: string | null, repeated = 1) => {
    const output = path.join(place, 'ours');
    const task = { what, directory, arch: 'arm64', recording, cacheDirectory, config: base, output, rounds: repeated };
    const env = { ...process.env, KCONFIG_BENCH: JSON.stringify(task) };
    const measured = measure([process.execPath, once], { env, cwd: place });
    if (what === 'single' && !judged.equals(readFileSync(output))) throw new Error('our configuration is another one');
    return measured;
  };
  const said = ({ stdout }: Measured) => JSON.parse(stdout) as Record<string, number>;

  conf(stock);
  const judged = readFileSync(dotConfig);
  conf(repaired);
  if (!judged.equals(readFileSync(dotConfig))) throw new Error('the repaired conf writes another configuration');
  const kept = path.join(place, 'cache');
  engine('single', kept);

  const cli = (home: string, ...args: string[]) => {
    const env = { ...process.env, XDG_CACHE_HOME: path.join(place, home) };
    return measure([process.execPath, program, ...args], { cwd: place, env });
  };
  const onTree = ['--kernel-tree', directory, '--base-config', base];
  const profileFor = path.join(place, 'board.json');
  writeFileSync(profileFor, JSON.stringify({ ...parse(readFileSync(profile, 'utf8')), kernel: { version } }, null, 2));
  const replay = ['--probes', `replay:${recording}`];
  const commands: Readonly<Record<string, readonly string[]>> = {
    resolve: ['resolve', profileFor, ...onTree, ...replay],
    explain: ['explain', 'DMABUF_HEAPS_CMA', ...onTree, '--arch', 'arm64', ...replay],
    generate: ['generate', profileFor, '-o', 'out', ...onTree, ...replay],
    check: ['check', 'out', '--kernel-tree', directory, '--base-config', base],
  };
  cli('warm', ...(commands['generate'] as readonly string[]));
  const series = interleaved(rounds, {
    'node -e 0': () => measure([process.execPath, '-e', '0']),
    cached: () => conf(stock),
    repaired: () => conf(repaired),
    cold: () => engine('single', null),
    warm: () => engine('single', kept),
    'resolve, cold': () => {
      rmSync(path.join(place, 'cold/dmaheap/kconfig'), { recursive: true, force: true });
      return cli('cold', ...(commands['resolve'] as readonly string[]));
    },
    ...Object.fromEntries(Object.entries(commands).map(([name, args]) => [name, () => cli('warm', ...args)])),
  });
  const reference = { name: 'conf, cached probes, repaired hash', values: secondsOf(series, 'repaired') };
  const title = (name: string) => `${version}: ${name}`;
  const row = (name: string, values: readonly number[], goal?: number): Row => ({
    what: title(name),
    unit: 's of CPU',
    ours: values,
    peer: reference,
    ...(goal !== undefined && { goal }),
  });
  const command = (name: string, what: string, goal: number): Row => ({
    ...row(what, secondsOf(series, name), goal),
    rssMiB: rssOf(series, name),
  });
  const batch = said(engine('batch', kept, 40));
  const whatIf = said(engine('what-if', kept, 1000));
  const probed = interleaved(Math.min(rounds, 3), {
    probes: () => {
      rmSync(path.join(place, 'probed'), { recursive: true, force: true });
      return cli('probed', ...(commands['resolve'] as readonly string[]).slice(0, -2), '--probes', 'run');
    },
    live: () => conf(stock, {}),
  });
  return [
    command('cold', 'olddefconfig by the engine, cold', 1.2),
    command('warm', 'olddefconfig by the engine, warm', 0.6),
    command('resolve, cold', 'resolve, cold', 1.2),
    ...Object.keys(commands).map((name) => command(name, `${name}, warm`, 0.6)),
    memory(series, title('resolve, memory beyond that of Node')),
    { what: title('resolve --probes run, cold'), unit: 's of CPU', ours: secondsOf(probed, 'probes'), goal: 3 },
    row('conf, cached probes', secondsOf(series, 'cached')),
    row('conf, live probes', secondsOf(probed, 'live')),
    ...peers(subject, base, place, exported).map(([name, seconds]) => row(name, [seconds])),
    ...(await kconfiglib(base, place, { ...exported, srctree: directory })).map((seconds) =>
      row('Kconfiglib, live probes', [seconds]),
    ),
    { what: title('olddefconfig in a batch, each'), unit: 'ms', ours: [batch['batchMillis'] as number], goal: 30 },
    { what: title('what-if of one symbol'), unit: 'ms', ours: [whatIf['whatIfMillis'] as number], goal: 1 },
  ];
}

function memory(series: Series, what: string): Row {
  const [ours, node] = ['resolve', 'node -e 0'].map((name) => (series[name] ?? []).map(({ rssMiB }) => rssMiB));
  return { what, unit: 'MiB', ours: (ours ?? []).map((rss) => rss - median(node ?? [])), goal: 64 };
}

/** make olddefconfig with conf already built, and merge_config.sh with a fragment of six lines; CPU seconds of one run. */
function peers(
  { directory, environment }: Subject,
  base: string,
  place: string,
  exported: NodeJS.ProcessEnv,
): [string, number][] {
  const output = path.join(place, 'make');
  mkdirSync(output, { recursive: true });
  const cross = (environment['CC'] as string).replace(/gcc$/, '');
  const plain: NodeJS.ProcessEnv = { ...process.env, ARCH: 'arm64', CROSS_COMPILE: cross, LC_ALL: 'C' };
  const make = () => {
    copyFileSync(base, path.join(output, '.config'));
    return measure(['make', '-s', '-C', directory, `O=${output}`, 'olddefconfig'], { env: plain, cwd: place });
  };
  make();
  const fragment = path.join(place, 'fragment');
  writeFileSync(
    fragment,
    [
      ...['CMA', 'DMA_CMA', 'DMABUF_HEAPS', 'DMABUF_HEAPS_SYSTEM', 'DMABUF_HEAPS_CMA'].map((s) => `CONFIG_${s}=y`),
      'CONFIG_CMA_SIZE_MBYTES=256\n',
    ].join('\n'),
  );
  const script = path.join(directory, 'scripts/kconfig/merge_config.sh');
  const env = { ...plain, PATH: exported['PATH'] };
  const merged = measure([script, '-O', output, base, fragment], { env, cwd: directory, status: undefined });
  return [
    ['make olddefconfig', make().cpuSeconds],
    ['merge_config.sh, 6 lines', merged.cpuSeconds],
  ];
}

/** CPU seconds, or nothing where it is not at hand or cannot read the tree. */
async function kconfiglib(base: string, place: string, env: NodeJS.ProcessEnv): Promise<readonly number[]> {
  try {
    const root = await debianPackage('trixie', 'amd64', 'python3-kconfiglib');
    const command = ['python3', '-c', KCONFIGLIB, base, path.join(place, 'kconfiglib')];
    const PYTHONPATH = path.join(root, 'usr/lib/python3/dist-packages');
    return [measure(command, { env: { ...env, PYTHONPATH }, cwd: env['srctree'] as string }).cpuSeconds];
  } catch (error) {
    console.error(`NOT RUN: Kconfiglib: ${(error as Error).message.trim().split('\n').at(-1)}`);
    return [];
  }
}
