/** Inputs that are huge, or never end: the program says so within a second of CPU time on a quiet machine. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTinyKernel } from '../kconfig/tiny-kernel.js';
import { shareOf } from '../share.js';

const PROGRAM = path.resolve('dist/dmaheap.mjs');
const PROFILE = path.resolve('schemas/examples/rockpro64.json');
const HUGE_BYTES = 20_000_000;
/** Of what a good profile costs at the same time: 0.25 s on a quiet machine. */
const LIMIT = 4;
/** The least of a few runs is what it costs; the others had to share the machine. */
const RUNS = 4;

let work: string;
beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'dmaheap-endless-'));
  writeFileSync(path.join(work, 'noise'), randomBytes(HUGE_BYTES));
  writeFileSync(path.join(work, 'long.json'), JSON.stringify({ name: 'x'.repeat(HUGE_BYTES) }));
  writeFileSync(path.join(work, 'lines.log'), '[    0.000000] cma: Reserved 64 MiB at 0x3c000000\n'.repeat(400_000));
  writeFileSync(path.join(work, 'deep.json'), '['.repeat(1_000_000));
  writeTinyKernel(path.join(work, 'tree'))('Kconfig', 'mainmenu "x"\nsource "/dev/zero"\n');
});
afterAll(() => rmSync(work, { recursive: true }));

/** Runs a shell line, `dmaheap` being the program, and measures the CPU time of the program alone. */
function run(line: string): { status: number; said: string; seconds: number } {
  const script = `dmaheap() { (time ${process.execPath} ${PROGRAM} "$@" 2>&1) 2>&3; }\nTIMEFORMAT='%U %S'\n${line}`;
  const { status, stdout, output } = spawnSync('bash', ['-c', script], {
    cwd: work,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const [user = 0, system = 0] = (output[3] ?? '').trim().split(' ').map(Number);
  return { status: status ?? -1, said: stdout, seconds: user + system };
}

const CASES: readonly (readonly [line: string, words: RegExp])[] = [
  ['dmaheap validate /dev/zero', /not a regular file/],
  ['dmaheap diagnose /dev/zero', /not a regular file/],
  ['dmaheap place --arch arm64 --dtb /dev/zero', /not a regular file/],
  ['dmaheap validate noise', /larger than/],
  ['dmaheap diagnose noise', /larger than/],
  ['dmaheap place --arch arm64 --dtb noise', /fix: give a \.dtb/],
  ['dmaheap validate long.json', /larger than/],
  ['dmaheap validate deep.json', /nested|levels/],
  ['dmaheap diagnose lines.log', /larger than/],
  ['cat /dev/zero | dmaheap validate -', /larger than/],
  ['cat /dev/urandom | dmaheap diagnose -', /larger than/],
  ['yes | dmaheap validate /dev/stdin', /larger than/],
  ['dmaheap validate <(yes)', /larger than/],
  ['dmaheap resolve CMA=y --kernel-tree tree --arch arm64', /\/dev\/zero/],
];

test.each(shareOf('endless inputs', CASES, 5))('%s', (line, words) => {
  const usual: number[] = [];
  const runs = Array.from({ length: RUNS }, () => {
    usual.push(run(`dmaheap validate ${PROFILE}`).seconds);
    return run(line);
  });
  for (const { status, said } of runs) {
    expect([1, 2, 3, 4]).toContain(status);
    expect(said).toMatch(words);
    expect(said).toContain('fix: ');
  }
  expect(Math.min(...runs.map(({ seconds }) => seconds))).toBeLessThan(LIMIT * Math.min(...usual));
});
