/**
 * npm run facts:dry-run [-- VITEST ARGUMENTS]: the next release of the kernel, made up. In a copy of the sources a row
 * of data renames the heap of the default area, others change what the kernel logs, and that release is the newest one
 * known. Then every unit test must pass but the golden trees, and the pages, to which a person adds the release. A test
 * that fails repeats a release, a name or a message that a fact states, or shows code that does.
 */
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { type FactRange, formatKernelVersion, NEWEST_KERNEL } from '../../src/facts/index.js';

const NEWEST = formatKernelVersion(NEWEST_KERNEL);
const NEXT = formatKernelVersion({ ...NEWEST_KERNEL, minor: NEWEST_KERNEL.minor + 2 });

/** The value of each fact from the made-up release on. */
const ROWS: Readonly<Record<string, string>> = {
  'heap.default-area-name': 'made_up_region',
  'cma.message-reserved': 'cma: Made up {mebibytes} MiB at {address}',
  'reserved-memory.message-prefix': 'OF: made up: ',
};

function addRows(file: string): number {
  const data = JSON.parse(readFileSync(file, 'utf8')) as { facts?: { id: string; ranges: FactRange[] }[] };
  let added = 0;
  for (const { id, ranges } of data.facts ?? []) {
    const last = ranges.at(-1);
    const value = ROWS[id];
    if (last === undefined || value === undefined) continue;
    const { also: _, ...kept } = last;
    // No source has it, so no probe may find it.
    ranges.splice(-1, 1, { ...last, until: NEXT }, { ...kept, since: NEXT, value, source: { file: last.source.file } });
    added += 1;
  }
  writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`);
  return added;
}

const copy = mkdtempSync(path.join(tmpdir(), 'dmaheap-dry-run-'));
// Some tests become another user.
chmodSync(copy, 0o755);
try {
  const { stdout } = await execa('git', ['ls-files', '-z']);
  for (const file of stdout.split('\0').filter((one) => one !== ''))
    cpSync(file, path.join(copy, file), { verbatimSymlinks: true });
  // Some tests read what git lists.
  await execa('git', ['init', '--quiet'], { cwd: copy });
  await execa('git', ['add', '--all'], { cwd: copy });
  symlinkSync(path.resolve('node_modules'), path.join(copy, 'node_modules'));
  const facts = path.join(copy, 'src/facts');
  const added = readdirSync(facts)
    .filter((file) => file.endsWith('.json'))
    .reduce((sum, file) => sum + addRows(path.join(facts, file)), 0);
  if (added !== Object.keys(ROWS).length) throw new Error(`${added} rows were added, not ${Object.keys(ROWS).length}`);
  const versions = path.join(copy, 'src/facts/version.ts');
  const { major, minor } = NEWEST_KERNEL;
  const text = readFileSync(versions, 'utf8');
  const next = text
    .replace(
      `NEWEST_KERNEL: KernelVersion = { major: ${major}, minor: ${minor} }`,
      `NEWEST_KERNEL: KernelVersion = { major: ${major}, minor: ${minor + 2} }`,
    )
    .replace('  NEWEST_KERNEL,\n', `  { major: ${major}, minor: ${minor} },\n  NEWEST_KERNEL,\n`)
    .replaceAll(`'${NEWEST}'`, `'${NEXT}'`);
  if (!next.includes(`minor: ${minor + 2}`)) throw new Error('the newest kernel was not found in src/facts/version.ts');
  writeFileSync(versions, next);
  const run = { cwd: copy, stdio: 'inherit', reject: false } as const;
  const built = await execa('npm', ['run', '--silent', 'build'], run);
  if (built.exitCode !== 0) throw new Error('the copy does not build');
  console.log(`${copy}: Linux ${NEXT} is made up of ${added} rows`);
  const { exitCode } = await execa(
    'npx',
    [
      ...['vitest', 'run', '--config', 'test/vitest.config.ts'],
      ...['test/golden/**', 'test/facts/pages.test.ts'].flatMap((left) => ['--exclude', left]),
      ...process.argv.slice(2),
    ],
    run,
  );
  process.exitCode = exitCode ?? 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
