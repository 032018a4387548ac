/** A capture becomes a case with one command, and the case fails when the diagnosis or the simulation changes. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { adopt, CAPTURES, judgeCaptures } from './captures.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-captures-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const REFUSED = 'virt-arm64-6.12-misaligned';

test('the captures that are kept hold', async () => {
  const results = await judgeCaptures();
  expect(results.length).toBeGreaterThan(1);
  expect(results.flatMap(({ wrong }) => wrong)).toEqual([]);
});

test('an adopted capture is a case, and notices what changes', async () => {
  const capture = path.join(work, 'board.tar');
  cpSync(path.join(CAPTURES, `${REFUSED}.tar`), capture);
  const cases = path.join(work, 'cases');
  expect((await adopt(capture, cases))[0]).toBe('board: CMA_DT_REJECTED_ALIGN; 5 statements of the board');
  expect(await judgeCaptures(undefined, cases)).toEqual([{ name: 'board', wrong: [] }]);
  const file = path.join(cases, 'board.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('_ALIGN', '_SPACE').replace('32768 kB', '65536 kB'));
  const [result] = await judgeCaptures(undefined, cases);
  expect(result?.wrong).toEqual([
    'CMA_DT_REJECTED_ALIGN instead of CMA_DT_REJECTED_SPACE',
    'CmaTotal: 65536 kB is not compared any more',
  ]);
  await expect(adopt(path.join(work, 'cases'), cases)).rejects.toThrow();
});
