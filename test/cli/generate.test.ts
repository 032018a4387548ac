/** What generate does to a directory: whole or not at all, never over what a person edited. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dmaheap } from './run.js';

/** A copy that everybody may read, wherever the project is. */
const boards = mkdtempSync(path.join(tmpdir(), 'dmaheap-boards-'));
chmodSync(boards, 0o755);
cpSync('schemas/examples', boards, { recursive: true });
afterAll(() => rmSync(boards, { recursive: true }));
const PROFILE = path.join(boards, 'rockpro64.json');
let work = '';
beforeEach(() => {
  work = mkdtempSync(path.join(tmpdir(), 'dmaheap-generate-'));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

const generate = (...args: string[]) => dmaheap(['generate', PROFILE, '-o', 'out', ...args], work);
const out = (file = '') => path.join(work, 'out', file);
const RULES = 'udev/70-dmaheap.rules';

function snapshot(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.relative(directory, file), readFileSync(file, 'utf8')];
    }),
  );
}

describe('a directory', () => {
  test('is written with a manifest, the same bytes every time, and nothing beside it', async () => {
    expect((await generate()).exit).toBe(0);
    const first = snapshot(out());
    expect(Object.keys(first)).toContain('dmaheap.manifest.json');
    rmSync(out(), { recursive: true });
    expect((await generate()).exit).toBe(0);
    expect(snapshot(out())).toEqual(first);
    expect(readdirSync(work)).toEqual(['out']);
  });

  test('that did not change is left alone', async () => {
    await generate();
    const before = statSync(out(RULES)).mtimeMs;
    const { stdout } = await generate();
    expect(stdout).toContain(`unchanged out/${RULES}`);
    expect(statSync(out(RULES)).mtimeMs).toBe(before);
  });

  test('keeps files of others, and loses targets that are no longer asked for', async () => {
    await generate();
    writeFileSync(out('udev/notes.txt'), 'mine');
    symlinkSync('notes.txt', out('udev/link'));
    expect((await generate('--target', 'udev,verify')).exit).toBe(0);
    expect(readFileSync(out('udev/notes.txt'), 'utf8')).toBe('mine');
    expect(readFileSync(out('udev/link'), 'utf8')).toBe('mine');
    expect(existsSync(out('dt-overlay'))).toBe(false);
    expect(existsSync(out(RULES))).toBe(true);
  });
});

describe('an edited file', () => {
  test('stops everything, until --force', async () => {
    await generate();
    writeFileSync(out(RULES), '# mine\n');
    const before = snapshot(out());
    const { exit, stderr } = await generate('--kernel', '6.12');
    expect(exit).toBe(1);
    expect(stderr).toContain('error[generate/edited]');
    expect(stderr).toContain(RULES);
    expect(snapshot(out())).toEqual(before);
    expect((await generate('--force')).exit).toBe(0);
    expect(readFileSync(out(RULES), 'utf8')).not.toContain('# mine');
  });

  test('of a target that is no longer asked for is not removed', async () => {
    await generate();
    writeFileSync(out(RULES), '# mine\n');
    expect((await generate('--target', 'verify')).exit).toBe(1);
    expect(readFileSync(out(RULES), 'utf8')).toBe('# mine\n');
  });
});

test('a file of somebody else is not overwritten', async () => {
  mkdirSync(out('udev'), { recursive: true });
  writeFileSync(out(RULES), '# theirs\n');
  const { exit, stderr } = await generate();
  expect(exit).toBe(1);
  expect(stderr).toContain('error[generate/foreign]');
  expect(snapshot(out())).toEqual({ [RULES]: '# theirs\n' });
});

describe('what stands where a file or a directory is to be', () => {
  const CASES: readonly (readonly [string, string, () => void, string])[] = [
    ['a file where a directory is to be', 'udev', () => writeFileSync(out('udev'), 'my notes'), 'a file'],
    [
      'a link where a directory is to be',
      'udev',
      () => {
        mkdirSync(path.join(work, 'elsewhere'));
        symlinkSync('../elsewhere', out('udev'));
      },
      'a symbolic link to ../elsewhere',
    ],
    ['an empty directory where a file is to be', RULES, () => mkdirSync(out(RULES), { recursive: true }), 'an empty d'],
    [
      'a directory of theirs where a file is to be',
      RULES,
      () => {
        mkdirSync(out(RULES), { recursive: true });
        writeFileSync(out(`${RULES}/notes`), 'my notes');
      },
      'a directory with 1 entry',
    ],
    [
      'a link where a file is to be',
      RULES,
      () => {
        mkdirSync(out('udev'));
        symlinkSync('/etc/passwd', out(RULES));
      },
      'a symbolic link to /etc/passwd',
    ],
  ];
  const standsAt = (file: string) => {
    const stat = lstatSync(out(file));
    if (stat.isSymbolicLink()) return readlinkSync(out(file));
    return stat.isDirectory() ? readdirSync(out(file)) : readFileSync(out(file), 'utf8');
  };

  test.each(CASES)('%s stops everything, and --diff says so', async (_, at, put, kind) => {
    mkdirSync(out());
    put();
    const before = standsAt(at);
    for (const more of [[], ['--diff']]) {
      const { exit, stderr } = await generate(...more);
      expect(exit).toBe(1);
      expect(stderr.match(/error\[generate\/foreign\]/g)).toHaveLength(1);
      expect(stderr).toContain(`${out(at)} is ${kind}`);
      expect(standsAt(at)).toEqual(before);
      expect(existsSync(out('dmaheap.manifest.json'))).toBe(false);
    }
  });

  test.each(CASES)('%s is lost by --force, which says so', async (_, at, put, kind) => {
    for (const inPlace of [false, true]) {
      rmSync(work, { recursive: true });
      mkdirSync(out(), { recursive: true });
      put();
      const here = process.cwd();
      if (inPlace) process.chdir(out());
      try {
        const { exit, stderr } = await generate('--force');
        expect(exit).toBe(0);
        expect(stderr).toContain(`warning[generate/lost]: ${out(at)}, ${kind}`);
      } finally {
        process.chdir(here);
      }
      expect(lstatSync(out('udev')).isDirectory()).toBe(true);
      expect(lstatSync(out(RULES)).isFile()).toBe(true);
      expect((await dmaheap(['check', 'out', '--format', 'json'], work)).stdout).not.toContain('tree/');
      if (existsSync(path.join(work, 'elsewhere'))) expect(readdirSync(path.join(work, 'elsewhere'))).toEqual([]);
    }
  });

  test('a link to what was generated leaves what it leads to alone', async () => {
    await generate();
    rmSync(out('udev'), { recursive: true });
    mkdirSync(path.join(work, 'elsewhere'));
    writeFileSync(path.join(work, 'elsewhere/70-dmaheap.rules'), 'my notes');
    symlinkSync('../elsewhere', out('udev'));
    expect((await generate('--target', 'verify')).exit).toBe(0);
    expect(readlinkSync(out('udev'))).toBe('../elsewhere');
    expect(readFileSync(out(RULES), 'utf8')).toBe('my notes');
  });
});

test('a manifest that names paths outside is no manifest', async () => {
  await generate();
  const victim = path.join(work, 'victim');
  writeFileSync(victim, 'precious');
  const manifest = JSON.parse(readFileSync(out('dmaheap.manifest.json'), 'utf8'));
  manifest.files['../victim'] = '41f8394111eb713a22165c46c90ab8f0fd9399c92028fd6d288944b23ff5bf76';
  writeFileSync(out('dmaheap.manifest.json'), JSON.stringify(manifest));
  expect((await generate('--target', 'verify')).stderr).toContain('error[generate/manifest]');
  expect((await generate('--target', 'verify', '--force')).exit).toBe(0);
  expect(readFileSync(victim, 'utf8')).toBe('precious');
});

test('--diff shows what would change, writes nothing, and says so by its status', async () => {
  await generate('--kernel', '6.12');
  const before = snapshot(out());
  const { exit, stdout } = await generate('--kernel', '7.3', '--diff');
  expect(exit).toBe(1);
  expect(stdout).toContain('-kernel since=6.12 until=6.13');
  expect(stdout).toContain('+kernel since=7.3 until=7.4');
  expect(snapshot(out())).toEqual(before);
  expect((await generate('--kernel', '6.12', '--diff')).exit).toBe(0);
});

test('an output that is a file is an environment error, and the file survives', async () => {
  writeFileSync(path.join(work, 'out'), 'a file');
  const { exit, stderr } = await generate();
  expect(exit).toBe(3);
  expect(stderr).toContain('error[generate/cannot-write]');
  expect(readFileSync(path.join(work, 'out'), 'utf8')).toBe('a file');
});

test('the directory one stands in can be written too', async () => {
  const here = path.join(work, 'here');
  mkdirSync(here);
  const before = process.cwd();
  process.chdir(here);
  try {
    expect((await dmaheap(['generate', PROFILE, '-o', '.'], here)).exit).toBe(0);
    expect(readdirSync('.').sort()).toContain('dmaheap.manifest.json');
    expect(readdirSync('.').filter((name) => name.startsWith('.dmaheap'))).toEqual([]);
  } finally {
    process.chdir(before);
  }
});

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

test('a directory that one may write in one that one may not is written in place', async () => {
  await dmaheap(['generate', PROFILE, '-o', 'other/out'], work);
  chmodSync(work, 0o755);
  const parent = path.join(work, 'parent');
  mkdirSync(path.join(parent, 'out/mine'), { recursive: true });
  if (isRoot) chownSync(path.join(parent, 'out'), NOBODY, NOBODY);
  chmodSync(parent, 0o555);
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    const { exit, stderr } = await dmaheap(['generate', PROFILE, '-o', 'parent/out'], work);
    expect({ exit, errors: stderr.match(/error.*/g) }).toEqual({ exit: 0, errors: null });
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(parent, 0o755);
  }
  expect(snapshot(path.join(parent, 'out'))).toEqual(snapshot(path.join(work, 'other/out')));
  expect(readdirSync(path.join(parent, 'out')).filter((name) => name.startsWith('.dmaheap'))).toEqual([]);
});

test('what one may not look into is no defect, and stays as it was', async () => {
  chmodSync(work, 0o755);
  mkdirSync(out('udev'), { recursive: true });
  if (isRoot) chownSync(out(), NOBODY, NOBODY);
  chmodSync(out('udev'), 0);
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    for (const more of [[], ['--diff']]) {
      const { exit, stderr } = await generate(...more);
      expect(exit).toBe(3);
      expect(stderr).toContain(`cannot read ${out(RULES)}\n  cause: permission denied\n`);
    }
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(out('udev'), 0o755);
  }
  expect(readdirSync(out())).toEqual(['udev']);
});

test('the directories keep their owners', async () => {
  await generate('--kernel', '6.12');
  mkdirSync(out('theirs'));
  const owner = isRoot ? NOBODY : process.getuid?.();
  for (const directory of ['', 'theirs', 'udev']) if (isRoot) chownSync(out(directory), NOBODY, NOBODY);
  expect((await generate('--kernel', '7.3')).exit).toBe(0);
  for (const directory of ['', 'theirs', 'udev']) expect(statSync(out(directory)).uid).toBe(owner);
});

test('what a killed run began is removed, what another is at is not', async () => {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await new Promise((resolve) => child.on('close', resolve));
  // A container gives every run the same process id.
  for (const pid of [child.pid, process.pid, process.ppid])
    mkdirSync(path.join(work, `.out.dmaheap-new-${pid}/udev`), { recursive: true });
  mkdirSync(path.join(work, '.out.dmaheap-new-notes'));
  writeFileSync(path.join(work, `.out.dmaheap-new-${process.pid}/udev/old`), '');
  expect((await generate()).exit).toBe(0);
  expect(readdirSync(work).sort()).toEqual([`.out.dmaheap-new-${process.ppid}`, '.out.dmaheap-new-notes', 'out']);
  expect(existsSync(out('udev/old'))).toBe(false);
});

test('Ctrl-C while it writes leaves nothing beside the tree', async () => {
  let hits = 0;
  for (let i = 0; i < 20 && hits < 3; i += 1) {
    const child = spawn(process.execPath, [path.resolve('dist/dmaheap.mjs'), 'generate', PROFILE, '-o', 'out'], {
      cwd: work,
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)));
    const watcher = watch(work, (_, name) => {
      if (!name?.startsWith('.out.dmaheap-new-')) return;
      child.kill('SIGINT');
      watcher.close();
    });
    if ((await ended) === 'SIGINT') hits += 1;
    watcher.close();
    expect(readdirSync(work).filter((name) => name !== 'out')).toEqual([]);
    rmSync(out(), { recursive: true, force: true });
  }
  expect(hits).toBe(3);
}, 60_000);

test('a path with spaces and letters beyond ASCII works', async () => {
  const { exit } = await dmaheap(['generate', PROFILE, '-o', 'öut put/ß'], work);
  expect(exit).toBe(0);
  expect(existsSync(path.join(work, 'öut put/ß', RULES))).toBe(true);
});

test('killed at any moment, it leaves the old tree or the new one', async () => {
  expect(existsSync('dist/dmaheap.mjs'), 'npm run build comes first').toBe(true);
  const started = (kernel: string): ChildProcess =>
    spawn(process.execPath, [path.resolve('dist/dmaheap.mjs'), 'generate', PROFILE, '-o', out(), '--kernel', kernel], {
      stdio: 'ignore',
    });
  const finished = (child: ChildProcess) => new Promise<void>((resolve) => child.on('close', () => resolve()));
  await finished(started('6.12'));
  const old = snapshot(out());
  await finished(started('7.3'));
  const next = snapshot(out());
  for (let i = 0; i < 6; i += 1) {
    await finished(started('6.12'));
    const child = started('7.3');
    setTimeout(() => child.kill('SIGKILL'), 60 + i * 30);
    await finished(child);
    const seen = snapshot(out());
    expect([JSON.stringify(old), JSON.stringify(next)]).toContain(JSON.stringify(seen));
  }
}, 120_000);

describe('what a person reads', () => {
  const profile = (change: object) => {
    const text = JSON.stringify({
      version: 1,
      name: 'small',
      board: { arch: 'arm64', cells: { address: 2, size: 2 }, memory: [{ base: '0x4000_0000', size: '1G' }] },
      kernel: { version: { min: '6.12', max: '6.18' } },
      regions: {
        'linux,cma': {
          default: true,
          budget: { buffers: [{ width: 1920, height: 1080, format: 'NV12', count: 7 }], headroomPercent: 12 },
        },
      },
      heaps: { camera: { region: 'linux,cma', aliases: ['camera'] } },
      ...change,
    });
    writeFileSync(path.join(work, 'small.json'), text);
    return text;
  };
  const run = () => dmaheap(['generate', 'small.json', '-o', 'out'], work);

  test('an unknown target and an unknown option are underlined, not what they lead to', async () => {
    const text = profile({ targets: { udevv: {}, 'u-boot': { kernal: '/Image' } } });
    const { exit, stderr } = await run();
    expect(exit).toBe(2);
    for (const key of ['"udevv"', '"kernal"']) {
      expect(stderr).toContain(`small.json:1:${text.indexOf(key) + 1}: error[render/unknown-`);
      expect(stderr).toMatch(new RegExp(`^ +\\| +\\^{${key.length}}$`, 'm'));
    }
  });

  test('sizes in between are shown in a unit, and links beyond the profile are named', async () => {
    profile({});
    const { exit, stderr, stdout } = await run();
    expect(exit).toBe(0);
    const summary = `${stdout}${stderr}`;
    expect(summary).toContain('plus 12 % headroom = 23.5 MiB (24662508 bytes)');
    expect(summary).toContain('/dev/dma_heap/camera (alias)\n');
    expect(summary).toContain('also linked, under the names of other kernels: linux,cma default_cma_region reserved\n');
    const rules = readFileSync(out(RULES), 'utf8');
    expect(rules).toContain('# In addition to the aliases of the profile');
    expect(readFileSync(out('verify/verify.expect'), 'utf8').match(/^alias .*/gm)).toEqual([
      'alias heap=camera name=camera',
    ]);
  });
});
