/** One writer at a time: who waits for whom, whose lock is taken over, and what a killed writer leaves behind. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Holder, untilFree, withLock } from '../../src/cli/output/lock.js';
import { oneAtATime } from '../../src/cli/output/write.js';
import { dmaheap } from './run.js';

const PROFILE = path.resolve('schemas/examples/rockpro64.json');
let work = '';
beforeEach(() => {
  work = mkdtempSync(path.join(tmpdir(), 'dmaheap-lock-'));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));
const at = (name: string) => path.join(work, name);

/** What the lock file holds while it is ours. */
async function ownLock(): Promise<Holder> {
  let text = '';
  await withLock(
    at('probe'),
    () => {},
    async () => {
      text = readFileSync(at('probe'), 'utf8');
    },
  );
  return JSON.parse(text);
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await new Promise((resolve) => child.on('close', resolve));
  return child.pid ?? 0;
}

const LOCK = '.out.dmaheap-lock';
const generate = (...argv: string[]) => dmaheap(['generate', PROFILE, '-o', 'out', '--target', 'udev', ...argv], work);
const minutesAgo = (minutes: number) => new Date(Date.now() - 60_000 * minutes).toISOString();

test('names its holder, and is gone afterwards', async () => {
  const holder = await ownLock();
  expect(holder).toMatchObject({ pid: process.pid, host: hostname(), started: expect.stringMatching(/^\d+$/) });
  expect(Math.abs(Date.now() - Date.parse(holder.since))).toBeLessThan(60_000);
  expect(readdirSync(work)).toEqual([]);
});

test('lets one in at a time', async () => {
  let inside = 0;
  let most = 0;
  const turns = Array.from({ length: 8 }, () =>
    withLock(
      at('lock'),
      () => {},
      async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside -= 1;
        return true;
      },
    ),
  );
  expect(await Promise.all(turns)).toEqual(turns.map(() => ({ value: true })));
  expect([most, readdirSync(work)]).toEqual([1, []]);
});

test.each<[string, (own: Holder) => Promise<object | string>]>([
  ['of a process that ended', async (own) => ({ ...own, pid: await deadPid() })],
  ['of a process whose id was given again', async (own) => ({ ...own, started: '1' })],
  [
    'of another machine, long ago',
    async (own) => ({ ...own, scope: 'elsewhere', host: 'elsewhere', since: minutesAgo(2) }),
  ],
])('takes over a lock %s', async (_, left) => {
  const content = await left(await ownLock());
  writeFileSync(at(LOCK), JSON.stringify(content));
  const { exit, stderr } = await generate();
  expect([exit, stderr]).toEqual([0, expect.not.stringContaining('waiting')]);
  expect(readdirSync(work)).toEqual(['out']);
});

test('takes over a lock whose taking over was killed', async () => {
  const own = await ownLock();
  const dead = { ...own, pid: await deadPid() };
  writeFileSync(at(LOCK), JSON.stringify(dead));
  writeFileSync(at(`${LOCK}.${dead.token}`), JSON.stringify({ ...dead, token: dead.token.replace(/^./, 'f') }));
  expect((await generate()).exit).toBe(0);
  expect(readdirSync(work)).toEqual(['out']);
});

test.each(['', 'null', '[]', '{"pid":"x"}'])('takes over a lock of %j that is older than a moment', async (text) => {
  writeFileSync(at(LOCK), text);
  const seconds = Date.now() / 1000 - 6;
  utimesSync(at(LOCK), seconds, seconds);
  expect((await generate()).exit).toBe(0);
  expect(readdirSync(work)).toEqual(['out']);
});

test('says who is waited for, and that it has gone', async () => {
  const holder = { ...(await ownLock()), pid: process.ppid, started: '' };
  writeFileSync(at(LOCK), JSON.stringify(holder));
  setTimeout(() => rmSync(at(LOCK)), 300);
  expect(await generate()).toMatchObject({
    exit: 0,
    stderr: expect.stringContaining(
      `process ${process.ppid} on ${hostname()}, since ${holder.since}, writes ${at('out')}: waiting`,
    ),
  });
});

test('gives up after the time that it states, and says who has the directory', async () => {
  const holder = { ...(await ownLock()), pid: process.ppid, started: '' };
  writeFileSync(at(LOCK), JSON.stringify(holder));
  const began = Date.now();
  const { exit, stderr } = await generate();
  expect(Date.now() - began).toBeGreaterThan(29_000);
  expect(exit).toBe(3);
  expect(stderr).toContain('error[generate/busy]');
  expect(stderr).toContain(`process ${process.ppid} on ${hostname()}`);
  expect(stderr).toContain(`remove ${at(LOCK)}`);
  expect(existsSync(at('out'))).toBe(false);
}, 90_000);

test('what only reads waits, and makes no lock', async () => {
  expect((await generate()).exit).toBe(0);
  const holder = { ...(await ownLock()), pid: process.ppid, started: '' };
  writeFileSync(at(LOCK), JSON.stringify(holder));
  setTimeout(() => rmSync(at(LOCK)), 200);
  expect((await generate('--diff')).exit).toBe(0);
  await untilFree(at(LOCK), () => {});
  expect(readdirSync(work)).toEqual(['out']);
});

test('the directory and a link to it have one lock', async () => {
  mkdirSync(at('real'));
  symlinkSync('real', at('out'));
  const seen: string[] = [];
  for (const output of ['real', 'out'])
    await oneAtATime(
      at(output),
      true,
      () => {},
      () => {
        seen.push(...readdirSync(work).filter((name) => /-lock$/.test(name)));
      },
    );
  expect(seen).toEqual(['.real.dmaheap-lock', '.real.dmaheap-lock']);
});

test('a tree that was moved away by a killed run is the output, with what was edited in it', async () => {
  expect((await generate('--kernel', '6.12')).exit).toBe(0);
  const rules = path.join('udev', '70-dmaheap.rules');
  writeFileSync(path.join(at('out'), rules), '# mine\n');
  renameSync(at('out'), at('.out.dmaheap-old'));
  expect(await dmaheap(['check', 'out'], work)).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('dmaheap generate was killed while it replaced it'),
  });
  expect(await generate('--kernel', '7.3')).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining('generate/edited'),
  });
  expect((await generate('--kernel', '7.3', '--force')).exit).toBe(0);
  expect(readdirSync(work)).toEqual(['out']);
  // With nothing to change it comes back as well, and what is left beside a whole tree goes.
  renameSync(at('out'), at('.out.dmaheap-old'));
  for (let round = 0; round < 2; round += 1) {
    expect((await generate('--kernel', '7.3')).exit).toBe(0);
    expect(readdirSync(work)).toEqual(['out']);
    mkdirSync(path.join(at('.out.dmaheap-old'), 'old'), { recursive: true });
    mkdirSync(at(`out/.dmaheap-new-${await deadPid()}-${'0'.repeat(8)}`));
  }
  expect((await generate('--kernel', '7.3')).exit).toBe(0);
  expect([readdirSync(work), readdirSync(at('out')).filter((name) => name.startsWith('.'))]).toEqual([['out'], []]);
});

test('files that a killed run replaced one by one are no edits', async () => {
  expect((await generate()).exit).toBe(0);
  const rules = path.join(at('out'), 'udev/70-dmaheap.rules');
  const manifest = path.join(at('out'), 'dmaheap.manifest.json');
  const before = readFileSync(rules, 'utf8');
  // As a run for another profile leaves it that is killed after the first of its files.
  const stage = path.join(at('out'), `.dmaheap-new-${await deadPid()}-${'0'.repeat(8)}`);
  const next = { ...JSON.parse(readFileSync(manifest, 'utf8')) };
  const hash = createHash('sha256').update('# new\n').digest('hex');
  next.files = { ...next.files, 'udev/70-dmaheap.rules': hash, 'udev/added': hash };
  mkdirSync(path.join(stage, 'new'), { recursive: true });
  writeFileSync(path.join(stage, 'new/dmaheap.manifest.json'), JSON.stringify(next));
  for (const file of [rules, path.join(at('out'), 'udev/added')]) writeFileSync(file, '# new\n');
  const checked = await dmaheap(['check', 'out'], work);
  expect(checked.stderr.match(/error\[tree\/interrupted\]/g)).toHaveLength(2);
  expect(checked.stderr).not.toMatch(/tree\/(edited|extra)/);
  const again = await generate();
  expect([again.exit, again.stderr]).toEqual([0, expect.not.stringContaining('edited')]);
  expect(readFileSync(rules, 'utf8')).toBe(before);
  expect(
    readdirSync(at('out'), { recursive: true, encoding: 'utf8' }).filter((name) => /added|^\./.test(name)),
  ).toEqual([]);
});

test('what was edited meanwhile is an edit, in a tree of two runs as well', async () => {
  expect((await generate()).exit).toBe(0);
  const stage = path.join(at('out'), `.dmaheap-new-${await deadPid()}-${'0'.repeat(8)}/new`);
  mkdirSync(stage, { recursive: true });
  writeFileSync(path.join(stage, 'dmaheap.manifest.json'), readFileSync(path.join(at('out'), 'dmaheap.manifest.json')));
  writeFileSync(path.join(at('out'), 'udev/70-dmaheap.rules'), '# mine\n');
  expect(await generate()).toMatchObject({ exit: 1, stderr: expect.stringContaining('error[generate/edited]') });
});
