import { describe, expect, test } from 'vitest';
import { ALL_CHECK_CODES, CHECKS } from '../../src/check/index.js';
import { PACKAGE_OF, type Ran, type Tools } from '../../src/check/types.js';
import { check, withTools } from './tree.js';

const none: Partial<Tools> = { which: async () => undefined };
const RULES = 'SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"\n';

describe('what cannot be run is not passed', () => {
  test('a missing tool is named', async () => {
    const { results, of } = await check(
      { 'a.dtso': '/dts-v1/;\n/plugin/;\n' },
      { tools: none, inputs: { dtb: 'x.dtb' } },
    );
    expect(results.map((r) => [r.check, r.status, r.missingTools])).toEqual([
      ['dt-compile', 'not-run', ['dtc']],
      ['dt-overlay', 'not-run', ['dtc', 'fdtoverlay', 'fdtget']],
      ['dt-validate', 'not-run', ['dtc', 'fdtoverlay', 'dt-validate']],
      ['dt-placement', 'not-run', ['dtc']],
    ]);
    expect(of('dt-compile')).toMatchInlineSnapshot(`
      "
      not-run
      warning[check/tool-missing]: dt-compile was not run: dtc is not installed
        fix: install the Debian package device-tree-compiler, or your system's equivalent
      "
    `);
  });

  test('every tool comes with the Debian package that has it, and not with a name that no archive knows', () => {
    const tools = new Set(CHECKS.flatMap((one) => one.needs.tools));
    expect([...tools].filter((tool) => PACKAGE_OF[tool] === undefined)).toEqual([]);
  });

  test('a missing input is named, and then no tool is missed', async () => {
    const { results, of } = await check({ 'a.cfg': 'CONFIG_CMA=y\n' }, { tools: none, inputs: { arch: 'arm64' } });
    expect(results.map((r) => [r.check, r.status, r.missingTools])).toEqual([
      ['fragment-lines', 'pass', []],
      ['fragment-config', 'not-run', []],
    ]);
    expect(of('fragment-config')).toMatchInlineSnapshot(`
      "
      not-run
      note[check/input-missing]: fragment-config was not run: it needs --kernel-tree
      "
    `);
  });

  test('check/tool-too-old: udevadm before 254 has no verify', async () => {
    const old: Partial<Tools> = {
      which: async (name) => `/usr/bin/${name}`,
      run: async (): Promise<Ran> => ({ exitCode: 0, stdout: '252\n', stderr: '' }),
    };
    const { results, of } = await check({ 'a.rules': RULES }, { tools: old });
    expect(results.find((r) => r.check === 'udev-verify')?.missingTools).toEqual(['udevadm 254']);
    expect(of('udev-verify')).toMatchInlineSnapshot(`
      "
      not-run
      warning[check/tool-too-old]: udev-verify was not run: udevadm 252 does not have "verify"
        fix: run the check on a machine with systemd 254 or newer
      "
    `);
  });

  test('a tree without a subject leaves the check out', async () => {
    expect((await check({ 'README.md': '# x\n' })).results).toEqual([]);
  });
});

describe('udevadm verify', () => {
  const udevadm = (exitCode: number, stderr: string): Partial<Tools> => ({
    which: async (name) => `/usr/bin/${name}`,
    run: async (_command, args): Promise<Ran> =>
      args[0] === '--version'
        ? { exitCode: 0, stdout: '257\n', stderr: '' }
        : { exitCode, stdout: '', stderr: stderr.replaceAll('FILE', String(args.at(-1))) },
  });

  test('accepts', async () => {
    expect((await check({ 'a.rules': RULES }, { tools: udevadm(0, '') })).of('udev-verify')).toBe('\npass\n');
  });
  test('udev/verify: refuses a line', async () => {
    const { of } = await check(
      { 'a.rules': RULES },
      { tools: udevadm(1, 'FILE:1 Invalid value "x"\nFILE: udev rules check failed.\n') },
    );
    expect(of('udev-verify')).toMatchInlineSnapshot(`
      "
      fail
      a.rules:1:1: error[udev/verify]: udevadm verify: Invalid value "x"
          1 | SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
            | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      "
    `);
  });
  test('udev/verify: fails without saying where', async () => {
    const { of } = await check({ 'a.rules': RULES }, { tools: udevadm(1, 'Failed to read FILE\n') });
    expect(of('udev-verify')).toMatchInlineSnapshot(`
      "
      fail
      a.rules:1:1: error[udev/verify]: udevadm verify: Failed to read a.rules
          1 | SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
            | ^
      "
    `);
  });
});

describe('groups and tables', () => {
  test('udev/group-not-created', async () => {
    const rules = 'SUBSYSTEM=="dma_heap", GROUP="dmaheap"\nSUBSYSTEM=="dma_heap", KERNEL=="system", GROUP="dmaheap"\n';
    expect((await check({ 'a.rules': rules })).of('udev-groups')).toMatchInlineSnapshot(`
      "
      pass
      a.rules:1:31: warning[udev/group-not-created]: no file of the tree creates the group "dmaheap"
          1 | SUBSYSTEM=="dma_heap", GROUP="dmaheap"
            |                               ^^^^^^^
        cause: udev does not set the group if it does not exist
        fix: add "g dmaheap -" to a file in sysusers.d, or create it with groupadd -r
      "
    `);
    const created = { 'a.rules': rules, 'sysusers.d/a.conf': '# x\ng dmaheap -\n' };
    expect((await check(created)).of('udev-groups')).toBe('\npass\n');
  });
  test('device-table/world-access', async () => {
    const files = {
      'mdev.conf': '# dma_heap/x root:video 666\ndma_heap/system root:video 0666 @ln -s x\n',
      'ueventd.rc': '/dev/dma_heap/system 0444 system system\n/dev/dma_heap/x 0660 root video\n',
    };
    expect((await check(files)).of('device-tables')).toMatchInlineSnapshot(`
      "
      fail
      mdev.conf:2:28: error[device-table/world-access]: mode 0666 opens the heap to every process
          2 | dma_heap/system root:video 0666 @ln -s x
            |                            ^^^^
        cause: a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups  [fact heap.read-only-allocates]
        fix: write 0660 and make the users members of the group
      ueventd.rc:1:22: error[device-table/world-access]: mode 0444 opens the heap to every process
          1 | /dev/dma_heap/system 0444 system system
            |                      ^^^^
        cause: a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups  [fact heap.read-only-allocates]
        fix: write 0660 and make the users members of the group
      "
    `);
  });
});

describe('shell scripts', () => {
  test('good', async () => {
    const { results } = await check({ 'a.sh': '#!/bin/sh\nset -eu\necho "$1"\n' });
    expect(results.map((r) => [r.check, r.status])).toEqual([
      ['shell-syntax', 'pass'],
      ['shellcheck', 'pass'],
    ]);
  });
  test('shell/syntax and shell/lint', async () => {
    const { of } = await check({ bad: '#!/bin/sh\nif true\n', 'unquoted.sh': '#!/bin/sh\nrm -rf $1\necho ok\n' });
    expect(of('shell-syntax')).toMatchInlineSnapshot(`
      "
      fail
      bad:3:1: error[shell/syntax]: sh -n: bad: 3: Syntax error: end of file unexpected (expecting "then")
          3 |
            | ^
      "
    `);
    expect(of('shellcheck')).toMatchInlineSnapshot(`
      "
      fail
      bad:2:1: error[shell/lint]: shellcheck SC1073: Couldn't parse this if expression. Fix to allow more checks.
          2 | if true
            | ^
      bad:3:1: error[shell/lint]: shellcheck SC1050: Expected 'then'.
          3 |
            | ^
      bad:3:1: error[shell/lint]: shellcheck SC1072: Expected 'then'. Fix any mentioned problems and try again.
          3 |
            | ^
      unquoted.sh:2:8: note[shell/lint]: shellcheck SC2086: Double quote to prevent globbing and word splitting.
          2 | rm -rf $1
            |        ^^
      "
    `);
  });
});

describe('the table', () => {
  test('ids are unique and in kebab-case, titles say what is judged', () => {
    const ids = CHECKS.map((c) => c.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, title } of CHECKS) expect(`${id} ${title}`).toMatch(/^[a-z0-9-]+ .{20,}/);
  });
  test('codes say how to go on', () => {
    for (const [code, entry] of Object.entries(ALL_CHECK_CODES))
      expect(`${code} ${entry.explain}`).toMatch(/^[a-z-]+\/[a-z-]+ .{40,}/);
  });
});

describe('the tools of this machine', () => {
  test('output, status, environment and directory of a process', async () => {
    await withTools(async (tools) => {
      const directory = await tools.scratch();
      const ran = await tools.run('sh', ['-c', 'echo "$A-$LC_ALL-$HOME"; pwd; echo oh >&2; exit 3'], {
        directory,
        environment: { A: 'x', HOME: undefined },
      });
      expect(ran).toEqual({ exitCode: 3, stdout: `x-C-\n${directory}\n`, stderr: 'oh\n' });
      expect((await tools.run('no-such-program', [])).exitCode).toBeUndefined();
      expect((await tools.run('no-such-program', [])).stderr).toContain('no-such-program');
      expect(await tools.which('no-such-program')).toBeUndefined();
      expect(await tools.which('sh')).toMatch(/^\/.*\/sh$/);
    });
  });
  test('scratch directories are gone afterwards', async () => {
    const left = await withTools(async (tools) => {
      const directory = await tools.scratch();
      await tools.writeText(`${directory}/a/b`, 'text');
      expect(await tools.readText(`${directory}/a/b`)).toBe('text');
      expect(await tools.readText(`${directory}/a`)).toBeUndefined();
      expect(await tools.readText(`${directory}/nothing`)).toBeUndefined();
      return directory;
    });
    await withTools(async (tools) => expect(await tools.exists(left)).toBe(false));
  });
});
