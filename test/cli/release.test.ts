/** The kernel and architecture of a tree or .config, held against the profile, --kernel and what was generated. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeTinyKernel } from '../kconfig/tiny-kernel.js';
import { dmaheap } from './run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-release-'));
afterAll(() => rmSync(work, { recursive: true }));
const PROFILE = path.resolve('schemas/examples/rockpro64.json');
writeTinyKernel(path.join(work, 'linux'));
writeTinyKernel(path.join(work, 'old'))('Makefile', 'VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 1\nEXTRAVERSION =\n');

const run = (...argv: string[]) => dmaheap(argv, work);
const OTHER = /warning\[kernel\/other-release\]/;

describe('generate', () => {
  test.each([
    [
      ['--kernel-tree', 'old'],
      /^old\/Makefile:1:1: .*: the kernel tree is of Linux 5\.10, but Linux 6\.1 to 7\.3 is required$/m,
    ],
    [
      ['--kernel-tree', 'linux', '--kernel', '6.1'],
      /^linux\/Makefile:1:1: .* of Linux 6\.12, but Linux 6\.1 is required$/m,
    ],
  ])('%j: the tree is of another kernel', async (options, words) => {
    const { exit, stderr } = await run('generate', PROFILE, '-o', 'other', '--force', ...options);
    expect([exit, stderr]).toEqual([0, expect.stringMatching(words)]);
    expect(stderr).toMatch(OTHER);
  });
  test.each([[[]], [['--kernel', '6.12']]])('%j: the tree is of the kernel', async (options) => {
    const { exit, stderr } = await run(
      'generate',
      PROFILE,
      '-o',
      'same',
      '--force',
      '--kernel-tree',
      'linux',
      ...options,
    );
    expect([exit, stderr]).toEqual([0, expect.not.stringMatching(OTHER)]);
  });
});

test('check says that a tree is of another kernel than was generated for', async () => {
  expect((await run('generate', PROFILE, '-o', 'out', '--kernel', '6.12')).exit).toBe(0);
  const good = await run('check', 'out', '--kernel-tree', 'linux');
  expect([good.exit, good.stdout]).toEqual([0, expect.stringContaining('pass    kernel-tree: ')]);
  const bad = await run('check', 'out', '--kernel-tree', 'old');
  expect([bad.exit, bad.stdout]).toEqual([1, expect.stringContaining('FAIL    kernel-tree: ')]);
  expect(bad.stderr).toMatch(/error\[kernel\/other-release\]/);
});

test('a finished .config is of another kernel, or of one of which nothing is known', async () => {
  const config = (release: string) =>
    writeFileSync(path.join(work, 'config'), `# Linux/arm64 ${release} Kernel Configuration\nCONFIG_CMA=y\n`);
  config('5.10.1');
  expect((await run('check', PROFILE, '--config', 'config')).stderr).toMatch(
    /^config:1:1: error\[kernel\/other-release\]: the configuration is of Linux 5\.10/m,
  );
  config('5.4.0');
  const { exit, stderr } = await run('check', PROFILE, '--config', 'config');
  expect([exit, stderr]).toEqual([
    2,
    expect.stringContaining('config: it is of Linux 5.4.0, and dmaheap knows kernels'),
  ]);
});

test.each([
  ['generate', PROFILE, '-o', 'nowhere'],
  ['report', PROFILE],
  ['resolve', PROFILE, '--kernel-tree', 'linux'],
  ['place', PROFILE],
  ['check', 'same'],
])('--arch cannot make another board of a profile: %j', async (...argv) => {
  const { exit, stdout, stderr } = await run(...argv, '--arch', 'riscv64');
  expect([exit, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/dmaheap: --arch riscv64: the profile is for arm64\n {2}fix: /);
  // Said in the kernel's words or uname's it is the same.
  expect((await run(...argv, '--arch', 'aarch64')).stderr).not.toContain('--arch');
});
