/** `dmaheap check` as a user runs it: exit status and the shapes that others read. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-check-'));
const tree = path.join(work, 'out');
const rules = path.join(tree, 'udev/70-dmaheap.rules');
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function dmaheap(argv: readonly string[], environment: NodeJS.ProcessEnv = { PATH: process.env.PATH }) {
  let stdout = '';
  let stderr = '';
  const exit = await runProgram(argv, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    environment,
    directory: work,
    isTerminal: false,
  });
  return { exit, stdout, stderr };
}

beforeAll(async () => {
  const profile = path.resolve('schemas/examples/rockpro64.json');
  const { exit, stderr } = await dmaheap(['generate', profile, '-o', 'out', '--kernel', '6.12']);
  expect(stderr).not.toMatch(/error\[|warning\[/);
  expect(exit).toBe(0);
});

/** Runs with the rules file changed, and puts it back. */
async function withRules<T>(change: (text: string) => string, use: () => Promise<T>): Promise<T> {
  const text = readFileSync(rules, 'utf8');
  writeFileSync(rules, change(text));
  try {
    return await use();
  } finally {
    writeFileSync(rules, text);
  }
}
const worldOpen = (text: string) => text.replace('MODE="0660"', 'MODE="0666"');

describe('exit status', () => {
  test('0 for a good tree, with what was not run said', async () => {
    const { exit, stdout, stderr } = await dmaheap(['check', 'out']);
    expect(exit).toBe(0);
    expect(stdout).toContain('pass    dt-compile');
    expect(stdout).toContain('not run fragment-config');
    expect(stderr).toContain('fragment-config was not run: it needs --kernel-tree');
  });
  test('1 for a finding', async () => {
    const { exit, stdout, stderr } = await withRules(worldOpen, () => dmaheap(['check', 'out']));
    expect(exit).toBe(1);
    expect(stdout).toContain('FAIL    udev-idioms');
    expect(stderr).toMatch(/^out\/udev\/70-dmaheap\.rules:\d+:\d+: error\[udev\/world-access\]: MODE="0666"/m);
  });
  test('3 with --require-tools when a tool is missing, and only then', async () => {
    const bare = { PATH: '/nonexistent' };
    expect((await dmaheap(['check', 'out'], bare)).exit).toBe(0);
    const { exit, stderr } = await dmaheap(['check', 'out', '--require-tools'], bare);
    expect(exit).toBe(3);
    expect(stderr).toContain('dt-compile was not run: dtc is not installed');
  });
  test('2 for what is no generated tree, 3 for an input that is not there', async () => {
    expect((await dmaheap(['check', '.'])).exit).toBe(2);
    expect((await dmaheap(['check', 'nowhere'])).exit).toBe(2);
    expect((await dmaheap(['check', 'out', '--dtb', 'nothing.dtb'])).exit).toBe(3);
  });
});

test('a DTB that was cut off is to blame itself, not what was generated', async () => {
  writeFileSync(path.join(work, 'cut.dtb'), Uint8Array.from([0xd0, 0x0d, 0xfe, 0xed, 0, 0, 9, 9]));
  const { exit, stdout, stderr } = await dmaheap(['check', 'out', '--dtb', 'cut.dtb']);
  expect([exit, stdout]).toEqual([1, 'FAIL: 1 fail, 0 pass\n']);
  expect(stderr).toMatch(/^cut\.dtb:1:1: error\[fdt\/truncated\]: .*\n {2}cause: .*\n {2}fix: .*\n1 error\n$/);
});

test('a directory without a manifest is not walked', async () => {
  // A name that is no UTF-8 cannot be walked into.
  const trap = Buffer.concat([Buffer.from(`${work}/large/`), Buffer.from([0xff])]);
  mkdirSync(path.join(work, 'large'));
  mkdirSync(trap);
  try {
    const { exit, stderr } = await dmaheap(['check', 'large']);
    expect({ exit, stderr }).toEqual({
      exit: 2,
      stderr: 'dmaheap: large has no dmaheap.manifest.json\n  fix: give a directory that dmaheap generate -o wrote\n',
    });
  } finally {
    rmdirSync(trap);
  }
});

describe('the files of the tree', () => {
  test('an edited file fails unless it is allowed, a file of others is a note, and both are named', async () => {
    writeFileSync(path.join(tree, 'udev/71-own.rules'), '# nothing yet\n');
    const { exit, stdout, stderr } = await withRules(
      (text) => `${text}# mine\n`,
      async () => {
        const strict = await dmaheap(['check', 'out']);
        expect([strict.exit, strict.stdout]).toEqual([1, expect.stringContaining('FAIL    tree-files')]);
        return dmaheap(['check', 'out', '--allow-edited']);
      },
    );
    rmSync(path.join(tree, 'udev/71-own.rules'));
    // What a build leaves is one note for its folder.
    mkdirSync(path.join(tree, 'debian/tmp'), { recursive: true });
    for (const name of ['a', 'b', 'c', 'tmp/d']) writeFileSync(path.join(tree, 'debian', name), '');
    const built = await dmaheap(['check', 'out']);
    rmSync(path.join(tree, 'debian'), { recursive: true });
    expect(built.stderr.match(/tree\/extra.*/g)).toEqual([
      'tree/extra]: 4 files in out/debian were not written by dmaheap: a, b, c and 1 more',
    ]);
    expect(exit).toBe(0);
    expect(stdout).toContain('warn    tree-files');
    expect(stderr).toContain('warning[tree/edited]: out/udev/70-dmaheap.rules was edited since it was generated');
    expect(stderr).toContain('note[tree/extra]: out/udev/71-own.rules was not written by dmaheap');
  });
  test('a missing file is an error', async () => {
    const overlay = path.join(tree, 'dt-overlay/dmaheap.dtso');
    const text = readFileSync(overlay, 'utf8');
    rmSync(overlay);
    const { exit, stderr } = await dmaheap(['check', 'out']);
    writeFileSync(overlay, text);
    expect(exit).toBe(1);
    expect(stderr).toContain('error[tree/missing]: out/dt-overlay/dmaheap.dtso was generated, but it does not exist');
  });
  test('an untouched tree has nothing to say', async () => {
    expect((await dmaheap(['check', 'out'])).stderr).not.toContain('[tree/');
  });
});

describe('formats', () => {
  test('json is what the schema says', async () => {
    const read = (name: string) => JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8'));
    const ajv = new Ajv2020({ strict: true, allErrors: true });
    ajv.addSchema(read('diagnostics'));
    const validate = ajv.compile(read('check'));
    const { stdout } = await withRules(worldOpen, () => dmaheap(['--format', 'json', 'check', 'out']));
    const written = JSON.parse(stdout);
    validate(written);
    expect(validate.errors).toBeNull();
    const status = Object.fromEntries(
      written.results.map((r: { check: string; status: string }) => [r.check, r.status]),
    );
    expect(status).toMatchObject({ 'udev-idioms': 'fail', 'fragment-lines': 'pass', 'fragment-config': 'not-run' });
    expect(validate({ schemaVersion: 1, results: [{ check: 'x', status: 'passed', diagnostics: [] }] })).toBe(false);
  });
  test('github and sarif point into the tree from where the command was run', async () => {
    const [github, sarif] = await withRules(worldOpen, async () => [
      await dmaheap(['--format', 'github', 'check', 'out']),
      await dmaheap(['--format', 'sarif', 'check', 'out']),
    ]);
    expect(github.stdout).toMatch(
      /^::error file=out\/udev\/70-dmaheap\.rules,line=\d+,col=\d+,endColumn=\d+,title=udev\/world-access::/m,
    );
    const { results } = JSON.parse(sarif.stdout).runs[0];
    expect(
      results.find((r: { ruleId: string }) => r.ruleId === 'udev/world-access').locations[0].physicalLocation
        .artifactLocation,
    ).toEqual({
      uri: 'out/udev/70-dmaheap.rules',
      uriBaseId: '%SRCROOT%',
    });
  });
});

describe('a lock', () => {
  const profile = path.join(work, 'board.json');
  const lock = path.join(work, 'board.lock');
  const checked = () => dmaheap(['check', 'locked', '--lock', 'board.lock']);
  beforeAll(async () => {
    writeFileSync(profile, readFileSync(path.resolve('schemas/examples/qemu-virt-arm64.json'), 'utf8'));
    const { exit } = await dmaheap([
      'generate',
      'board.json',
      '-o',
      'locked',
      '--kernel',
      '6.12',
      '--lock',
      'board.lock',
    ]);
    expect(exit).toBe(0);
  });
  /** Runs with a file changed, and puts it back. */
  async function withFile<T>(file: string, change: (text: string) => string, use: () => Promise<T>): Promise<T> {
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, change(text));
    try {
      return await use();
    } finally {
      writeFileSync(file, text);
    }
  }
  test('passes with its keys in another order', async () => {
    const reversed = (value: unknown): unknown =>
      typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, one]) => [key, reversed(one)]),
          )
        : value;
    const { exit, stdout } = await withFile(lock, (text) => JSON.stringify(reversed(JSON.parse(text))), checked);
    expect([exit, stdout]).toEqual([0, expect.stringContaining('pass    lock: ')]);
  });
  test('fails when the tree has one more file for a build, and not for one that nothing reads', async () => {
    const added = (file: string) => path.join(work, 'locked/udev', file);
    for (const file of ['NOTES.md', '.70-dmaheap.rules.swp', '70-dmaheap.rules~']) writeFileSync(added(file), '# x\n');
    expect((await checked()).exit).toBe(0);
    writeFileSync(added('71-local.rules'), '# nothing\n');
    const { exit, stderr } = await checked();
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/71-local\.rules is not in the lock/)]);
    for (const file of ['NOTES.md', '.70-dmaheap.rules.swp', '70-dmaheap.rules~', '71-local.rules'])
      rmSync(added(file));
  });
  test.each([
    [
      ['check', 'board.json', '--dtb', 'any.dtb', '--lock', 'board.lock'],
      '--lock has no effect on the check of a built image',
    ],
    [['check', 'locked', '--overlay', 'any.dtbo'], '--overlay has no effect on the check of a generated tree'],
  ])('%j refuses an option that it does not read', async (argv, words) => {
    const { exit, stderr } = await dmaheap(argv);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
  test('names a link in the place of a file', async () => {
    const folder = path.join(work, 'locked/udev');
    renameSync(folder, path.join(work, 'moved'));
    symlinkSync('../moved', folder);
    const { exit, stderr } = await checked();
    rmSync(folder);
    renameSync(path.join(work, 'moved'), folder);
    expect([exit, stderr]).toEqual([
      1,
      expect.stringContaining('was generated, but udev is a symbolic link to ../moved'),
    ]);
  });
  test('fails when a file was taken from its list', async () => {
    const cut = (text: string) => {
      const { files, ...rest } = JSON.parse(text);
      const [, ...others] = Object.entries(files);
      return JSON.stringify({ ...rest, files: Object.fromEntries(others) });
    };
    const { exit, stderr } = await withFile(lock, cut, checked);
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/lock\/unreadable\]: the list of files in board\.lock/)]);
  });
  test('fails when the profile has changed since, though the tree has not', async () => {
    const { exit, stderr } = await withFile(
      profile,
      (text) => text.replace(/"name": "[^"]*"/, '"name": "other"'),
      checked,
    );
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/lock\/drift\]: the profile differs from the lock/)]);
  });
});
