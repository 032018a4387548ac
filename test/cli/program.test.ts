/** The command line's own manners: statuses, help, formats. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { helpExamples } from '../examples.js';
import { dmaheap } from './run.js';

const EXAMPLE = 'schemas/examples/rockpro64.json';

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

test('a misspelt command gets a suggestion', async () => {
  expect((await dmaheap(['validat', EXAMPLE])).stderr).toContain('Did you mean validate?');
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
  const notBuilt = [...stdout.matchAll(/^ {2}([a-z]+) .*\(not built/gm)].map(([, name]) => name);
  const without = [...helpExamples()].filter(([, shown]) => shown.length === 0).map(([name]) => name);
  expect(without).toEqual(notBuilt);
});

test.each([
  ['validate', EXAMPLE, '--dtb', 'no-such.dtb'],
  ['place', '--dtb', 'no-such.dtb', '--arch', 'arm64', '--kernel', '6.12'],
  ['init', '--dtb', 'no-such.dtb'],
  ['init', '--config', 'no-such.config'],
  ['report', EXAMPLE, '--verify', 'no-such.json'],
  ['resolve', 'X=y', '--kernel-tree', 'no-such-dir', '--arch', 'arm64'],
])('a file that is not there comes with a remedy: %j', async (...argv) => {
  expect((await dmaheap(argv)).stderr).toMatch(/^dmaheap: .*no such .*\n {2}fix: /);
});
