/** The command line's own manners: statuses, help, formats. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nodeTooOld } from '../../src/cli/node-version.js';
import { helpExamples } from '../examples.js';
import { dmaheap } from './run.js';

const EXAMPLE = 'schemas/examples/rockpro64.json';

test.each([
  ['18.20.4', false],
  ['20.18.3', false],
  ['20.19.0', true],
  ['21.7.3', false],
  ['22.2.0', false],
  ['22.3.0', true],
  ['23.0.0', true],
  ['24.0.0', true],
])('Node %s: good enough: %s', (version, isGood) => {
  expect(nodeTooOld(version) === undefined).toBe(isGood);
  if (!isGood) expect(nodeTooOld(version)).toMatch(/needs Node 20\.19 .* this is .*\n {2}fix: /);
  // npm reads it there.
  expect(JSON.parse(readFileSync('package.json', 'utf8')).engines.node).toBe('^20.19.0 || >=22.3.0');
});

describe('status', () => {
  test.each([
    [['--version'], 0],
    [['version'], 0],
    [['--help'], 0],
    [['help', 'generate'], 0],
    [['targets'], 0],
    [['facts'], 0],
    [['schema'], 0],
    [['validate', EXAMPLE], 0],
    [['validate', 'no-such-file.json'], 2],
    [['validate', EXAMPLE, '--kernel', 'six'], 2],
    [['validate', EXAMPLE, '--kernel', '5.10'], 1],
    [['validate', EXAMPLE, '--dtb', 'no-such.dtb'], 3],
    [['validate'], 2],
    [['frobnicate'], 2],
    [['generate', EXAMPLE], 2],
    [['validate', EXAMPLE, '--format', 'xml'], 2],
    [['check', 'no-such-dir'], 2],
    [['facts', 'heap.no-such-fact'], 2],
    [[], 2],
    [['matrix', 'x'], 2],
  ])('%j is %i', async (argv, exit) => {
    expect((await dmaheap(argv)).exit).toBe(exit);
  });
});

test.each([
  ['validate', EXAMPLE, '--kernel', '5.4'],
  ['generate', EXAMPLE, '-o', 'nowhere', '--kernel', '5.4'],
  ['diff', EXAMPLE, '--kernel', '5.4', '--kernel', '6.12'],
  ['report', EXAMPLE, '--kernel', '5.4'],
  ['explain', 'region:linux,cma', EXAMPLE, '--kernel', '5.4'],
  ['place', '--arch', 'x86_64', '--kernel', '5.4'],
])('a kernel of which nothing is known is refused: %j', async (...argv) => {
  const { exit, stderr } = await dmaheap(argv);
  expect([exit, stderr]).toEqual([
    2,
    'dmaheap: --kernel 5.4: dmaheap knows kernels from 5.10 on\n  fix: give 5.10 or newer\n',
  ]);
});

test('an output without a name is a usage error, whichever command writes it', async () => {
  const { stdout } = await dmaheap(['--help']);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name as string);
  const helps = await Promise.all(
    commands.map(async (name) => [name, (await dmaheap(['help', name])).stdout] as const),
  );
  const writing = helps.flatMap(([name, help]) => (help.includes('--output') ? [name] : []));
  expect(writing.sort()).toEqual(['explore', 'generate', 'import', 'init', 'kernel', 'matrix', 'report', 'resolve']);
  for (const name of writing)
    for (const option of [['-o', ''], ['--output=']])
      expect(await dmaheap([name, EXAMPLE, ...option])).toMatchObject({
        exit: 2,
        stderr: expect.stringMatching(/^error: option '-o, --output <\w+>' argument '' is invalid/),
      });
});

test('the help says that --diff exits with 1 when something would change', async () => {
  const { stdout } = await dmaheap(['generate', '--help']);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('write nothing; the exit status is 1 if there are changes');
});

test('a misspelt command gets a suggestion', async () => {
  expect((await dmaheap(['validat', EXAMPLE])).stderr).toContain('Did you mean validate?');
});

test.each([
  [['help', 'validat'], "error: unknown command 'validat'\n(Did you mean validate?)\n  fix: dmaheap --help"],
  [['-C', '.', 'help', 'foo'], "error: unknown command 'foo'\n  fix: dmaheap --help"],
  [['generate', EXAMPLE, '--ouput', 'o'], "error: unknown option '--ouput'\n(Did you mean --output?)"],
  [['generate', EXAMPLE, '-o', 'o', '--kernel', '6.12', '--kernel', '7.3'], "It is given as '6.12' too; give it once."],
  [['validate', EXAMPLE, '--format', 'json', '--format', 'sarif'], "It is given as 'json' too; give it once."],
  [['frobnicate'], '  fix: dmaheap --help lists the commands'],
  [['validate', '--frob', EXAMPLE], '  fix: dmaheap help validate'],
  [['generate', EXAMPLE], '  fix: dmaheap help generate'],
  [['-C', '/nonexistent', 'validate', 'x'], 'dmaheap: -C /nonexistent: the directory does not exist\n  fix: '],
  [
    ['generate', EXAMPLE, '-o', 'nowhere', '--target', 'foo'],
    'error[render/unknown-target]: --target: there is no target "foo"\n  fix: ',
  ],
  [['matrix', 'no-such.json'], 'cannot read no-such.json: the file does not exist\n  fix: '],
])('%j is usage, and what to do is said', async (argv, words) => {
  const { exit, stderr } = await dmaheap(argv);
  expect([exit, stderr]).toEqual([2, expect.stringContaining(words)]);
});

test.each([
  ['init', '--dtb', 'x.dtb', '--kernel', '6.20'],
  ['validate', EXAMPLE, '--kernel', '6.20'],
  ['place', EXAMPLE, '--kernel', '6.20'],
  ['kernel', '6.20'],
])('%j asks for a release that does not exist', async (...argv) => {
  const { exit, stderr } = await dmaheap(argv);
  expect([exit, stderr]).toEqual([2, expect.stringContaining('there is no Linux 6.20: 6.19 was followed by 7.0')]);
});

test('place says that a kernel is not one of the profile', async () => {
  const { stderr } = await dmaheap(['place', EXAMPLE, '--kernel', '6.12', '--kernel', '8.0']);
  expect(stderr).toContain('note[model/kernel-outside-range]');
  expect(stderr).toContain('the question is about Linux 8.0');
  expect(stderr).not.toContain('about Linux 6.12');
  expect(stderr).toContain('[model/kernel-newer]');
});

test('a path is shown as it was typed, and from where it was typed', async () => {
  const at = (argv: string[]) =>
    dmaheap([...argv, '-C', 'schemas/examples']).then(({ stderr, stdout }) => stderr + stdout);
  expect(await at(['validate', '/tmp'])).toMatch(/^error\[profile\/cannot-read\]: cannot read \/tmp\n|^\/tmp/);
  expect(await at(['check', '/tmp'])).toContain('/tmp has no');
  expect(await at(['validate', 'rockpro64.json'])).toContain('rockpro64.json: good');
});

test('targets in json are those of the design', async () => {
  const targets = JSON.parse((await dmaheap(['targets', '--format', 'json'])).stdout);
  expect(targets.map((t: { name: string }) => t.name)).toEqual(
    readdirSync('templates', { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
      .map((entry) => entry.name)
      .sort(),
  );
  for (const target of targets)
    expect(target).toEqual({ name: expect.any(String), title: expect.any(String), artifacts: expect.any(Array) });
});

describe('every format', () => {
  const bad = 'test/profile/bad/profile--unknown-key.json';
  test('json', async () => {
    const { stdout, stderr, exit } = await dmaheap(['validate', bad, '--format', 'json']);
    const { schemaVersion, diagnostics } = JSON.parse(stdout);
    expect({ schemaVersion, exit, stderr }).toEqual({ schemaVersion: 1, exit: 2, stderr: '' });
    expect(diagnostics[0]).toMatchObject({
      code: 'profile/unknown-key',
      pointer: '/regions/linux,cma/siez',
      span: { line: 24, column: 7 },
    });
  });
  test('sarif', async () => {
    const sarif = JSON.parse((await dmaheap(['validate', bad, '--format', 'sarif'])).stdout);
    expect(sarif.version).toBe('2.1.0');
    expect(sarif.runs[0].results[0].ruleId).toBe('profile/unknown-key');
  });
  test('github', async () => {
    expect((await dmaheap(['validate', bad, '--format', 'github'])).stdout).toMatch(
      /^::error file=.*profile--unknown-key\.json,line=24,/,
    );
  });
});

test.each([
  [['import', '--config', 'no-such'], 3, 'no-such'],
  [['generate', EXAMPLE, '-o', 'nowhere', '--dtb', 'no-such.dtb'], 3, 'no-such.dtb'],
  [['resolve', 'X=y', '--arch', 'arm64'], 2, 'needs --kernel-tree'],
  [['place', '--dtb', 'no-such.dtb', '--arch', 'arm64', '--kernel', '6.12'], 3, 'no-such.dtb'],
  [['validate', EXAMPLE, '--kernel', 'six'], 2, '--kernel six'],
  [['explain', 'foo'], 2, 'foo'],
  [['-C', '/nonexistent', 'validate', 'x'], 2, '/nonexistent'],
])('a refusal is in the one document that programs read: %j', async (argv, status, words) => {
  const { stdout, exit } = await dmaheap([...argv, '--format', 'json']);
  const { diagnostics } = JSON.parse(stdout);
  expect([exit, diagnostics.filter((d: { code: string }) => d.code === 'cli/refused')]).toEqual([
    status,
    [expect.objectContaining({ severity: 'error', message: expect.stringContaining(words), fix: expect.any(String) })],
  ]);
  const sarif = JSON.parse((await dmaheap([...argv, '--format', 'sarif'])).stdout);
  expect(sarif.runs[0].results.map((one: { ruleId: string }) => one.ruleId)).toContain('cli/refused');
  expect((await dmaheap([...argv, '--format', 'github'])).stdout).toMatch(/^::error /m);
});

test('--quiet keeps errors and drops the rest', async () => {
  expect(await dmaheap(['validate', EXAMPLE, '--quiet'])).toEqual({ exit: 0, stdout: '', stderr: '' });
  expect((await dmaheap(['validate', 'test/profile/bad/access--forced.json', '--quiet'])).stderr).toBe('');
  expect((await dmaheap(['validate', 'test/profile/bad/access--world.json', '--quiet'])).stderr).toContain(
    'error[access/world]',
  );
});

test('-C starts elsewhere', async () => {
  expect((await dmaheap(['validate', 'rockpro64.json', '-C', 'schemas/examples'])).exit).toBe(0);
});

test('every command has an example in its help', async () => {
  const { stdout } = await dmaheap(['--help']);
  const commands = [...(stdout.split(/^Commands:$/m)[1]?.matchAll(/^ {2}([a-z]+) /gm) ?? [])].map(([, name]) => name);
  expect(commands).toEqual(expect.arrayContaining(['init', 'import', 'diff', 'matrix', 'completion', 'version']));
  const shown = await helpExamples();
  for (const name of commands.filter((command) => command !== 'help')) {
    const help = await dmaheap([name as string, '--help']);
    expect(help, name).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^Examples?:\n {2}dmaheap /m) });
    // What is shown is what the suites run.
    expect(shown.get(name as string), name).not.toEqual([]);
  }
});

test.each([
  ['validate', EXAMPLE, '--dtb', 'no-such.dtb'],
  ['place', '--dtb', 'no-such.dtb', '--arch', 'arm64', '--kernel', '6.12'],
  ['init', '--dtb', 'no-such.dtb'],
  ['init', '--config', 'no-such.config'],
  ['report', EXAMPLE, '--verify', 'no-such.json'],
  ['resolve', 'X=y', '--kernel-tree', 'no-such-dir', '--arch', 'arm64'],
])('a file that is not there comes with a remedy: %j', async (...argv) => {
  expect((await dmaheap(argv)).stderr).toMatch(/^dmaheap: .*does not exist\n {2}fix: /);
});
