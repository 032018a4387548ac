/** resolve and explain where there is no kernel tree to ask, or next to none; with a real one, see test/differential/solver. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Store } from '../../src/cli/kernel/store.js';
import { writeTinyKernel } from '../kconfig/tiny-kernel.js';
import { dmaheap } from './run.js';

test.each([
  [['resolve', 'X=y', '--arch', 'arm64'], 2, /needs --kernel-tree/],
  [['resolve', 'X=y', '--kernel-tree', '.'], 2, /needs --arch/],
  [['resolve', 'X=y', 'Y', '--kernel-tree', '.', '--arch', 'arm64'], 2, /"Y" is not a goal/],
  [['resolve', 'no-such.json', '--kernel-tree', '.'], 2, /no-such\.json/],
  [['resolve', 'X=y', '--kernel-tree', '.', '--arch', 'sparc'], 2, /does not know this architecture/],
  [
    ['resolve', 'X=y', '--kernel-tree', '.', '--arch', 'armv7l', '--probes', 'maybe'],
    2,
    /--probes maybe: not a valid mode/,
  ],
  [['resolve', 'X=y', '--kernel-tree', 'no-such-dir', '--arch', 'aarch64'], 3, /the directory does not exist/],
  [['resolve', 'X=y', '--kernel-tree', 'package.json', '--arch', 'arm64'], 3, /: it is not a directory/],
  [
    ['resolve', 'X=y', '--kernel-tree', 'package.json/x', '--arch', 'arm64'],
    3,
    /a part of the path is not a directory/,
  ],
  [['resolve', 'X=y', '--kernel-tree', 'src', '--arch', 'x86_64'], 3, /not a kernel source tree/],
  [['explain', 'CMA'], 2, /needs --kernel-tree/],
  [['explain', 'CMA', '--kernel-tree', 'src', '--arch', 'riscv'], 3, /not a kernel source tree/],
  [['explain', 'plan/not-a-code'], 2, /no finding/],
  [['check', 'schemas/examples/rockpro64.json', '--config', 'no-such-file'], 3, /the file does not exist/],
  [['resolve', 'CMA', '--kernel-tree', '.', '--arch', 'arm64'], 2, /"CMA" is not a goal\n {2}fix: write CMA=y, CMA>=m/],
  [['explain', 'HEAP_RENAMD'], 2, /"HEAP_RENAMD" is not known\n {2}fix: did you mean HEAP_RENAMED\?/],
  [['explain', 'heap.cma-name'], 2, /did you mean heap\.cma-names\?/],
  [['explain', 'foo'], 2, /"foo" is not known\n {2}fix: give a symbol with --kernel-tree/],
  [['explain', 'heap:camera'], 2, /needs a profile or the DTB of a board/],
] as const)('%j is %i', async (argv, exit, words) => {
  const said = await dmaheap([...argv]);
  expect(said.stderr).toMatch(words);
  expect({ exit: said.exit, stdout: said.stdout }).toEqual({ exit, stdout: '' });
});

test('a place that cannot be reached is told, whoever looks', async () => {
  const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-loop-'));
  try {
    symlinkSync('loop', path.join(work, 'loop'));
    const reason = expect.stringContaining('too many symbolic links');
    expect(await dmaheap(['check', 'loop/out'], work)).toMatchObject({ exit: 2, stderr: reason });
    const profile = path.resolve('schemas/examples/rockpro64.json');
    expect(await dmaheap(['generate', profile, '-o', 'loop/out'], work)).toMatchObject({
      exit: 3,
      stderr: expect.stringContaining('cause: something else has this name'),
    });
    new Store(path.join(work, 'loop/cache')).write('name', new Uint8Array());
  } finally {
    rmSync(work, { recursive: true });
  }
});

test('on a tree: what is written is said, and what is not there comes with a remedy', async () => {
  const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-resolve-'));
  try {
    writeTinyKernel(path.join(work, 'linux'));
    const on = ['--kernel-tree', 'linux', '--arch', 'arm64'];
    const written = await dmaheap(['resolve', 'CMA=y', ...on, '-o', 'cma.cfg'], work);
    expect([written.exit, written.stderr]).toEqual([0, 'wrote cma.cfg\n']);
    expect((await dmaheap(['resolve', 'CMA=y', ...on, '-o', 'cma.cfg', '--quiet'], work)).stderr).toBe('');
    const replay = await dmaheap(['resolve', 'CMA=y', ...on, '--probes', 'replay:gone'], work);
    expect([replay.exit, replay.stderr]).toEqual([
      3,
      expect.stringMatching(/the recording \S*gone does not exist\n {2}fix: /),
    ]);
    const missing = await dmaheap(['explain', 'NOSUCH', ...on], work);
    expect([missing.exit, missing.stderr]).toEqual([
      1,
      expect.stringContaining('fix: another architecture may have it'),
    ]);
  } finally {
    rmSync(work, { recursive: true });
  }
});

test('a finding is explained by its code', async () => {
  const said = await dmaheap(['explain', 'plan/blocked']);
  expect(said).toMatchObject({ exit: 0, stderr: '' });
  expect(said.stdout).toMatch(/^plan\/blocked \(error\): /);
});

describe('a number', () => {
  const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-resolve-'));
  afterAll(() => rmSync(work, { recursive: true }));
  writeTinyKernel(work)('Kconfig', 'mainmenu "Linux"\nconfig SIZE\n\tint "Size"\nconfig BASE\n\thex "Base"\n');
  const resolve = (goal: string, ...more: string[]) =>
    dmaheap(['resolve', goal, '--kernel-tree', work, '--arch', 'arm64', ...more]);

  test.each(['SIZE=9223372036854775808', 'SIZE=99999999999999999999', 'BASE=0x10000000000000000'])(
    '%s that no integer of C holds is kept, as conf does, with a warning',
    async (goal) => {
      const { exit, stdout, stderr } = await resolve(goal);
      expect([exit, stdout]).toEqual([0, expect.stringContaining(`CONFIG_${goal}\n`)]);
      expect(stderr).toContain(`warning[kconfig/number-too-large]: ${goal} does not fit in 64 bits`);
      const json = await resolve(goal, '--format', 'json');
      expect(json.stderr).toContain(`dmaheap: ${goal} does not fit in 64 bits\n  fix: `);
    },
  );
  test.each(['SIZE=9223372036854775807', 'SIZE=-9223372036854775808', 'BASE=0xffffffffffffffff'])(
    '%s is none of those',
    async (goal) => expect((await resolve(goal)).stderr).not.toContain('number-too-large'),
  );
});
