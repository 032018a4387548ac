/** `dmaheap matrix`: shards that together are the whole, and results that CI engines can read. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { execaSync } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { parseShard, shardOf } from '../../src/cli/matrix.js';
import { junitOf, ktapOf } from '../../src/cli/results.js';
import { dmaheap } from './run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-matrix-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const example = (name: string) => path.relative(work, path.resolve(`schemas/examples/${name}.json`));
const broken = {
  version: 1,
  name: 'broken',
  board: { arch: 'arm64' },
  kernel: { version: '6.12' },
  heaps: { a: { region: 'gone' } },
};

const FLEET = {
  boards: [example('rockpro64'), { profile: example('qemu-x86_64') }, 'broken.json'],
  kernels: ['6.1', '6.12'],
  targets: ['udev', 'verify', 'kernel-fragment'],
};
writeFileSync(path.join(work, 'fleet.json'), `// boards\n${JSON.stringify(FLEET)}\n`);
writeFileSync(path.join(work, 'broken.json'), JSON.stringify(broken));

describe('a matrix', () => {
  test('is the union of its shards, and no cell is in two', async () => {
    const list = async (...shard: string[]) =>
      (await dmaheap(['matrix', 'fleet.json', '--list', ...shard], work)).stdout.split('\n').filter(Boolean);
    const whole = await list();
    expect(whole).toHaveLength(18);
    for (const count of [1, 2, 5, 18, 30]) {
      const shards = await Promise.all(Array.from({ length: count }, (_, i) => list('--shard', `${i + 1}/${count}`)));
      expect(shards.flat().sort()).toEqual([...whole].sort());
      expect(
        Math.max(...shards.map((one) => one.length)) - Math.min(...shards.map((one) => one.length)),
      ).toBeLessThanOrEqual(1);
    }
  });

  test('calls a board by the name of its profile on every kernel, skipped ones too', async () => {
    const profile = {
      ...{ version: 1, name: 'board-name', board: { arch: 'arm64' }, kernel: { version: '6.12' } },
      heaps: { system: { kind: 'system' } },
    };
    for (const file of ['file-name.json', 'twin.json']) writeFileSync(path.join(work, file), JSON.stringify(profile));
    const fleet = (boards: string[]) =>
      writeFileSync(
        path.join(work, 'names.json'),
        JSON.stringify({ boards, kernels: ['6.1', '6.12'], targets: ['udev'] }),
      );
    fleet(['file-name.json']);
    expect((await dmaheap(['matrix', 'names.json', '--list'], work)).stdout).toBe(
      'board-name 6.1 udev\nboard-name 6.12 udev\n',
    );
    const { stdout } = await dmaheap(['matrix', 'names.json', '--format', 'json'], work);
    expect(JSON.parse(stdout).results).toMatchObject([
      { board: 'board-name', status: 'skip' },
      { board: 'board-name', status: 'pass' },
    ]);
    fleet(['file-name.json', 'twin.json']);
    const twins = await dmaheap(['matrix', 'names.json', '--shard', '1/4'], work);
    expect(twins.exit).toBe(0);
    expect((await dmaheap(['matrix', 'names.json'], work)).stderr).toContain('two profiles have the name "board-name"');
  });

  test('passes, fails and skips cell by cell, and writes those that pass', async () => {
    const argv = ['matrix', 'fleet.json', '-o', 'out', '--junit', 'r.xml', '--ktap', 'r.ktap'];
    const { exit, stdout, stderr } = await dmaheap(argv, work);
    expect(exit).toBe(1);
    expect(stdout).toContain('pass rockpro64 6.12 udev\n');
    expect(stdout).toContain('skip qemu-x86_64 6.1 verify: the profile is for Linux 6.12 to 7.3, not for Linux 6.1\n');
    expect(stdout).toContain('FAIL broken 6.12 kernel-fragment\n');
    expect(stdout).toContain('FAIL: 6 fail, 9 pass, 11 not run (--dtb not given)\n');
    expect(stderr.match(/broken\.json:1:\d+: error/g)?.length).toBeGreaterThan(0);
    expect(readdirSync(path.join(work, 'out')).sort()).toEqual(['qemu-x86_64', 'rockpro64']);
    // Each cell is a tree of its own, that check understands.
    expect((await dmaheap(['check', 'out/rockpro64/6.12/udev'], work)).exit).toBe(0);

    const xmllint = (file: string) =>
      execaSync('xmllint', ['--noout', '--schema', path.resolve('test/cli/junit.xsd'), file], {
        cwd: work,
        reject: false,
      });
    expect(xmllint('r.xml').exitCode).toBe(0);
    const xml = readFileSync(path.join(work, 'r.xml'), 'utf8');
    expect(xml).toContain('<testsuites name="dmaheap" tests="18" failures="6" errors="0">');
    writeFileSync(path.join(work, 'bad.xml'), xml.replace(/(<testsuite .*?) tests="\d+"/, '$1'));
    expect(xmllint('bad.xml').exitCode).not.toBe(0);

    const ktap = readFileSync(path.join(work, 'r.ktap'), 'utf8').split('\n');
    expect(ktap.slice(0, 2)).toEqual(['KTAP version 1', '1..18']);
    expect(ktap.filter((line) => /^(?:not )?ok \d+ /.test(line))).toHaveLength(18);
    expect(ktap).toContain('ok 10 qemu-x86_64.6.12.udev');
    expect(ktap.filter((line) => line.startsWith('not ok'))).toHaveLength(6);
  });

  test('prints its results where a file for them cannot be written, and writes the other', async () => {
    const argv = ['matrix', 'fleet.json', '--junit', 'none/r.xml', '--ktap', 'other.ktap'];
    const { exit, stdout, stderr } = await dmaheap(argv, work);
    expect(exit).toBe(3);
    expect(stdout).toContain('FAIL: 6 fail, 9 pass, 11 not run (--dtb not given)\n');
    expect(stderr).toContain('cannot write none/r.xml: the file does not exist\n  fix: give a file in');
    expect(readFileSync(path.join(work, 'other.ktap'), 'utf8')).toContain('1..18');
  });

  test('gives the same results whoever runs a cell', async () => {
    const run = async (...more: string[]) =>
      JSON.parse((await dmaheap(['--format', 'json', 'matrix', 'fleet.json', ...more], work)).stdout).results as {
        board: string;
      }[];
    const whole = await run();
    const parts = [await run('--shard', '1/2'), await run('--shard', '2/2')].flat();
    const sorted = (results: object[]) => results.map((one) => JSON.stringify(one)).sort();
    expect(sorted(parts)).toEqual(sorted(whole));
  });

  test('takes a board by its absolute path', async () => {
    const board = path.resolve('schemas/examples/qemu-virt-arm64.json');
    writeFileSync(path.join(work, 'absolute.json'), JSON.stringify({ boards: [board], targets: ['udev'] }));
    const { exit, stdout } = await dmaheap(['matrix', 'absolute.json'], work);
    expect({ exit, stdout }).toEqual({
      exit: 0,
      stdout: expect.stringContaining('PASS: 1 pass, 5 not run (--dtb not given)'),
    });
  });

  test('without kernels and targets is each profile as it stands', async () => {
    writeFileSync(path.join(work, 'one.json'), JSON.stringify({ boards: [example('qemu-virt-arm64')] }));
    const { stdout } = await dmaheap(['matrix', 'one.json', '--list'], work);
    expect(stdout.split('\n').filter(Boolean)).toHaveLength(5);
    expect(stdout).toContain('qemu-virt-arm64 5.10-7.3 kernel-fragment');
  });
});

describe('what is refused', () => {
  const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
    ['no boards', { kernels: ['6.12'] }, /the matrix has no boards/],
    [
      'an unknown key',
      { boards: ['a.json'], kernel: ['6.12'] },
      /bad\.json:1:\d+: error\[matrix\/shape\]: a matrix has no "kernel"/,
    ],
    ['an empty list', { boards: [] }, /boards is not a list, or it is empty/],
    ['a kernel that is none', { boards: ['a.json'], kernels: ['new'] }, /kernel "new": not a kernel version/],
    [
      'a kernel of which nothing is known',
      { boards: ['a.json'], kernels: ['5.4'] },
      /bad\.json:1:\d+: error\[matrix\/shape\]: kernel "5\.4": dmaheap knows kernels from 5\.10 on/,
    ],
    ['a board without a profile', { boards: [{ dtb: 'a.dtb' }] }, /the board has no profile/],
    ['a board twice', { boards: ['a.json', 'a.json'] }, /error\[matrix\/twice\]/],
    ['no object', ['a.json'], /a matrix must be an object/],
  ];
  test.each(WRONG)('%s', async (_, matrix, message) => {
    writeFileSync(path.join(work, 'bad.json'), JSON.stringify(matrix));
    const { exit, stderr } = await dmaheap(['matrix', 'bad.json'], work);
    expect([exit, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
  test('two boards of one name, a shard that is none, a file that is not there', async () => {
    mkdirSync(path.join(work, 'other'), { recursive: true });
    writeFileSync(path.join(work, 'other/broken.json'), JSON.stringify(broken));
    writeFileSync(path.join(work, 'same.json'), JSON.stringify({ boards: ['broken.json', 'other/broken.json'] }));
    expect((await dmaheap(['matrix', 'same.json'], work)).stderr).toContain('two profiles have the name "broken"');
    expect((await dmaheap(['matrix', 'fleet.json', '--shard', '3/2'], work)).exit).toBe(2);
    expect((await dmaheap(['matrix', 'none.json'], work)).exit).toBe(2);
  });
  test('is what the schema refuses, too', () => {
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
      JSON.parse(readFileSync('schemas/matrix.schema.json', 'utf8')),
    );
    expect(validate(FLEET)).toBe(true);
    for (const [name, matrix] of WRONG.filter(([what]) => !/twice|a kernel/.test(what)))
      expect(validate(matrix), name).toBe(false);
  });
});

test('a shard is a fraction, counted from 1', () => {
  expect(parseShard('2/8')).toEqual({ index: 2, count: 8 });
  for (const text of ['0/8', '9/8', '1', '1/0', 'a/b', '1/8 ', '-1/8']) expect(parseShard(text), text).toBeUndefined();
  expect(shardOf(['a', 'b', 'c'], { index: 2, count: 2 })).toEqual(['b']);
});

test('hostile names and messages stay data in JUnit and KTAP', () => {
  const evil = '"><failure/> & \u0001 ]]> # SKIP\nnot ok 1';
  const results = [
    {
      board: evil,
      kernel: evil,
      target: evil,
      status: 'fail' as const,
      diagnostics: [{ code: 'a/b', severity: 'error' as const, message: evil }],
    },
  ];
  writeFileSync(path.join(work, 'evil.xml'), junitOf(results));
  expect(
    execaSync('xmllint', ['--noout', '--schema', path.resolve('test/cli/junit.xsd'), 'evil.xml'], { cwd: work })
      .exitCode,
  ).toBe(0);
  expect(
    ktapOf(results)
      .split('\n')
      .filter((line) => /^(not )?ok/.test(line)),
  ).toHaveLength(1);
});
