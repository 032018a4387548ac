/** The compiled program that the one file keeps between runs changes what a start costs, and nothing else. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const PROGRAM = path.resolve('dist/dmaheap.mjs');
const PROFILE = path.resolve('schemas/examples/rockpro64.json');

let home: string;
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'dmaheap-start-'));
});
afterAll(() => rmSync(home, { recursive: true }));

function place(environment: NodeJS.ProcessEnv = { XDG_CACHE_HOME: home }): string {
  const { stdout, status } = spawnSync(process.execPath, [PROGRAM, 'place', PROFILE, '--format', 'json'], {
    cwd: home,
    encoding: 'utf8',
    env: environment,
  });
  expect(status).toBe(0);
  return stdout;
}

test('damaged, foreign and unusable copies give the answer of a first run', () => {
  const first = place();
  const directory = path.join(home, 'dmaheap/program');
  const [name = ''] = readdirSync(directory);
  const file = path.join(directory, name);
  expect(place()).toBe(first);
  const bytes = readFileSync(file);
  for (const part of [0, 0.1, 0.5, 0.9]) {
    const damaged = Buffer.from(bytes);
    const at = Math.floor(damaged.length * part);
    damaged[at] = (damaged[at] ?? 0) ^ 0x40;
    writeFileSync(file, damaged);
    expect(place()).toBe(first);
    // What was damaged is replaced.
    expect(readFileSync(file).subarray(0, at + 1)).not.toEqual(damaged.subarray(0, at + 1));
  }
  writeFileSync(file, '');
  chmodSync(directory, 0o777);
  expect(place()).toBe(first);
  expect(readFileSync(file)).toHaveLength(0);
});

test('what a first run with an error did not compile is added by the next ones, a few times', () => {
  const cache = mkdtempSync(path.join(home, 'learnt-'));
  const environment = { XDG_CACHE_HOME: cache };
  const kept = () => {
    const directory = path.join(cache, 'dmaheap/program');
    const [name = ''] = readdirSync(directory);
    return readFileSync(path.join(directory, name));
  };
  const { status } = spawnSync(process.execPath, [PROGRAM, 'place'], { cwd: home, env: environment });
  expect(status).toBe(2);
  const poor = kept().length;
  const first = place(environment);
  expect(kept().length).toBeGreaterThan(poor * 1.2);
  for (let run = 0; run < 3; run += 1) expect(place(environment)).toBe(first);
  // One later run in sixteen writes, by chance: more than half of twelve would be one time in 300,000.
  let writes = 0;
  for (let run = 0; run < 12; run += 1) {
    const before = kept();
    expect(place(environment)).toBe(first);
    if (!kept().equals(before)) writes += 1;
  }
  expect(writes).toBeLessThanOrEqual(6);
});

test.each(['', 'relative/cache'])('XDG_CACHE_HOME=%j leaves nothing in the working directory', (named) => {
  const before = readdirSync(home);
  place({ XDG_CACHE_HOME: named, HOME: path.join(home, 'dmaheap') });
  expect(readdirSync(home)).toEqual(before);
});
