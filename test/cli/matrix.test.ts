/** `dmaheap matrix`: shards that together are the whole, and results that CI engines can read. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { execaSync } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { parseShard, shardOf } from '../../src/cli/fleet/read.js';
import { junitOf, ktapOf } from '../../src/cli/fleet/results.js';
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
      const boards = shards.map((one) => new Set(one.map((cell) => cell.split(' ')[0])));
      // A board is dealt out whole.
      expect(boards.reduce((sum, { size }) => sum + size, 0)).toBe(3);
      const sizes = boards.map(({ size }) => size);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
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
    for (const shard of [[], ['--shard', '1/2'], ['--shard', '4/4']]) {
      const { stderr } = await dmaheap(['matrix', 'names.json', ...shard], work);
      expect(stderr).toContain('two profiles have the name "board-name"');
    }
  });

  test('passes, fails and skips cell by cell, and writes those that pass', async () => {
    const argv = ['matrix', 'fleet.json', '-o', 'out', '--junit', 'r.xml', '--ktap', 'r.ktap'];
    const { exit, stdout, stderr } = await dmaheap(argv, work);
    expect(exit).toBe(1);
    expect(
      stdout,
    ).toBe(`skip qemu-x86_64 6.1 udev, verify, kernel-fragment: the profile is for Linux 6.12 to 7.3, not for Linux 6.1
FAIL broken 6.1 udev, verify, kernel-fragment
FAIL broken 6.12 udev, verify, kernel-fragment
board        6.1   6.12
rockpro64    open  open
qemu-x86_64  -     pass
broken       FAIL  FAIL
open: passes, and the place of an area is not proven (no DTB, or the answer depends on something that was not given)
-: the profile is not for this kernel
FAIL: 6 fail, 9 pass, 11 not run (--dtb, inputs.commandLine, place --config not
      given)
`);
    const each = await dmaheap(['--verbose', 'matrix', 'fleet.json'], work);
    expect(each.stdout).toContain('pass rockpro64 6.12 udev\n');
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

  test('does not offer an option of generate for a file that was edited', async () => {
    writeFileSync(path.join(work, 'edit.json'), JSON.stringify({ ...FLEET, boards: [example('rockpro64')] }));
    const { exit } = await dmaheap(['matrix', 'edit.json', '-o', 'edited'], work);
    expect(exit).not.toBe(2);
    const rules = readdirSync(path.join(work, 'edited'), { recursive: true, encoding: 'utf8' }).find((name) =>
      name.endsWith('70-dmaheap.rules'),
    );
    writeFileSync(path.join(work, 'edited', rules ?? ''), '# mine\n');
    const again = await dmaheap(['matrix', 'edit.json', '-o', 'edited'], work);
    expect(again.stderr).toContain('fix: move the change into the profile, or give --force to overwrite it');
  });

  test('prints its results where a file for them cannot be written, and writes the other', async () => {
    const argv = ['matrix', 'fleet.json', '--junit', 'none/r.xml', '--ktap', 'other.ktap'];
    const { exit, stdout, stderr } = await dmaheap(argv, work);
    expect(exit).toBe(3);
    expect(stdout).toContain('FAIL: 6 fail, 9 pass, 11 not run (--dtb, inputs.commandLine, place --config not\n');
    expect(stderr).toContain('cannot write none/r.xml: its directory does not exist\n  fix: give a file in');
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
      stdout: expect.stringContaining('PASS: 1 pass, 5 not run (--dtb, inputs.commandLine, place --config not given)'),
    });
  });

  test('without kernels and targets is each profile as it stands', async () => {
    writeFileSync(path.join(work, 'one.json'), JSON.stringify({ boards: [example('qemu-virt-arm64')] }));
    const { stdout } = await dmaheap(['matrix', 'one.json', '--list'], work);
    expect(stdout.split('\n').filter(Boolean)).toHaveLength(5);
    expect(stdout).toContain('qemu-virt-arm64 5.10-7.3 kernel-fragment');
  });
});

describe('a fleet', () => {
  const fleet = path.join(work, 'fleet');
  const write = (name: string, value: unknown) => {
    mkdirSync(path.dirname(path.join(fleet, name)), { recursive: true });
    writeFileSync(path.join(fleet, name), typeof value === 'string' ? value : JSON.stringify(value));
  };
  const profile = (name: string) => ({
    version: 1,
    name,
    board: { arch: 'arm64', memory: [{ base: '0x4000_0000', size: '1G' }] },
    kernel: { version: { min: '5.10', max: '7.3' } },
    regions: { 'linux,cma': { size: '64M', default: true } },
    heaps: { camera: { region: 'linux,cma' } },
  });
  for (const name of ['a', 'b', 'c']) {
    write(`boards/${name}.json`, profile(`board-${name}`));
    execaSync('dtc', ['-I', 'dts', '-O', 'dtb', '-o', path.join(fleet, `${name}.dtb`)], {
      input:
        '/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; compatible = "x"; memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x40000000>; }; };',
    });
  }
  write('boards/b.local.json', { inputs: {} });

  test('has patterns, defaults for every board, descriptions of kernels, and boards that say otherwise', async () => {
    write('m.json', {
      defaults: { dtb: '{stem}.dtb' },
      boards: ['boards/*.json', { profile: 'boards/b.json', dtb: 'c.dtb', kernels: ['6.12'] }],
      kernels: ['6.1', 'linux-6.6'],
      targets: ['udev'],
    });
    const { exit, stdout } = await dmaheap(['--format', 'json', 'matrix', 'm.json', '-o', 'out'], fleet);
    const { results } = JSON.parse(stdout) as { results: { board: string; kernel: string; status: string }[] };
    expect(exit).toBe(0);
    expect(results.map(({ board, kernel, status }) => `${board} ${kernel} ${status}`)).toEqual([
      'board-a 6.1 pass',
      'board-a linux-6.6 pass',
      'board-b 6.12 pass',
      'board-c 6.1 pass',
      'board-c linux-6.6 pass',
    ]);
    const { inputs } = JSON.parse(
      readFileSync(path.join(fleet, 'out/board-b/6.12/udev/dmaheap.manifest.json'), 'utf8'),
    );
    expect(inputs).toMatchObject({ dtb: { file: expect.stringMatching(/c\.dtb$/) } });
    const table = await dmaheap(['matrix', 'm.json'], fleet);
    expect(table.stdout).toMatch(/^board {4}6\.1 {3}linux-6\.6 {2}6\.12\nboard-a {2}pass {2}pass\n/);
  });

  test('says once what holds for many boards', async () => {
    write('none.json', {
      boards: ['boards/*.json'],
      kernels: ['6.12'],
      targets: ['nothing'],
    });
    const { stderr } = await dmaheap(['matrix', 'none.json'], fleet);
    expect(stderr.match(/render\/unknown-target/g)).toHaveLength(1);
    expect(stderr).toContain('(3 boards: board-a, board-b, board-c)');
  });

  test('shows what changes between two kernels, once for the boards that it holds for', async () => {
    write('d.json', { boards: ['boards/*.json'], targets: ['udev'] });
    const { exit, stdout } = await dmaheap(['matrix', 'd.json', '--diff', '6.12', '--diff', '7.3'], fleet);
    expect(exit).toBe(1);
    expect(stdout).toContain('--- Linux 6.12\n+++ Linux 7.3\n');
    expect(stdout).toMatch(/heap camera.*\n {4}3 boards: board-a, board-b, board-c\n/);
    expect((await dmaheap(['matrix', 'd.json', '--diff', '6.12', '--diff', '6.12'], fleet)).stdout).toContain(
      'no difference for user space: board-a, board-b, board-c',
    );
    expect((await dmaheap(['matrix', 'd.json', '--diff', '6.12'], fleet)).exit).toBe(2);
  });

  test('compares a board as diff does, with the DTB that its profile states, and names a board without a plan', async () => {
    write('stated/s.json', { ...profile('stated'), inputs: { dtb: '../a.dtb' } });
    const old = { ...profile('old'), kernel: { version: { min: '5.10', max: '6.1' } } };
    write('stated/old.json', old);
    write('s.json', { boards: ['stated/*.json'] });
    const kernels = ['6.12', '7.3'];
    const alone = await dmaheap(['diff', 'stated/s.json', ...kernels.flatMap((one) => ['--kernel', one])], fleet);
    const lines = alone.stdout.split('\n').slice(2).filter(Boolean);
    const { stdout } = await dmaheap(
      ['--format', 'json', 'matrix', 's.json', ...kernels.flatMap((one) => ['--diff', one])],
      fleet,
    );
    const { changes, notCompared } = JSON.parse(stdout) as {
      changes: { text: string }[];
      notCompared: { board: string; reason: string }[];
    };
    expect(lines.some((line) => line.startsWith('  predicted: '))).toBe(true);
    expect(changes.map(({ text }) => text)).toEqual(lines);
    expect(notCompared).toEqual([{ board: 'old', reason: expect.stringContaining('not for Linux 6.12') }]);
  });

  test('has the same results on threads, and a profile that cannot be read ends all of them', () => {
    const run = (...more: string[]) =>
      execaSync(process.execPath, [path.resolve('dist/dmaheap.mjs'), '--format', 'json', 'matrix', 'm.json', ...more], {
        cwd: fleet,
        reject: false,
      });
    const alone = run('--jobs', '1');
    expect(alone.exitCode).toBe(0);
    expect(run('--jobs', '3').stdout).toBe(alone.stdout);
    write('gone.json', { boards: ['boards/a.json', { profile: 'boards/b.json', dtb: 'gone.dtb' }] });
    const gone = execaSync(process.execPath, [path.resolve('dist/dmaheap.mjs'), 'matrix', 'gone.json', '--jobs', '2'], {
      cwd: fleet,
      reject: false,
    });
    expect([gone.exitCode, gone.stderr]).toEqual([3, expect.stringContaining('cannot read --dtb gone.dtb')]);
    expect(run('--jobs', 'all').exitCode).toBe(2);
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
    ['a pattern of nothing', { boards: ['none/*.json'] }, /error\[matrix\/no-match\]: no file matches none/],
    ['defaults that are none', { defaults: ['a'], boards: ['a.json'] }, /defaults is not an object/],
    [
      'a mistyped input of a board',
      { boards: [{ profile: 'a.json', dbt: 'a.dtb' }] },
      /a board has no "dbt"\n.*did you mean "dtb"/s,
    ],
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
    for (const [name, matrix] of WRONG.filter(([what]) => !/twice|a kernel|a pattern/.test(what)))
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
