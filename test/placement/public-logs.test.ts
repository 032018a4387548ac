/** Logs that are not ours: what the simulator says of boots that other people published. */
import { describe, expect, test } from 'vitest';
import { compareLog, hex, MIB, predicted } from './compare-log.js';
import { PUBLIC_LOGS } from './public-logs.js';

test('the logs are of many boards', () => {
  expect(PUBLIC_LOGS.length).toBeGreaterThanOrEqual(20);
  expect(new Set(PUBLIC_LOGS.map(({ family }) => family)).size).toBeGreaterThanOrEqual(8);
});

describe.each(PUBLIC_LOGS.map((log) => [log.board, log] as const))('%s', (_, log) => {
  test('the reader finds what the log says', () => {
    const { read } = predicted(log);
    expect(read.areas.map(({ value }) => [value.name ?? 'reserved', value.baseAddress, value.sizeBytes])).toEqual(
      log.areas.map(({ name, base, mebibytes }) => [name, hex(base), BigInt(mebibytes) * MIB]),
    );
    expect(read.ram).toHaveLength(log.ram.length);
    expect(read.efi?.value).toBe(log.efi === true);
    expect(read.refused.map(({ value }) => value.node)).toEqual((log.refused ?? []).map(({ node }) => node));
  });

  test('nothing predicted is wrong', () => {
    expect(compareLog(log).filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
  });
});

test('how much is known', () => {
  const fields = PUBLIC_LOGS.flatMap((log) => compareLog(log));
  const count = (wanted: string) => fields.filter(({ verdict }) => verdict === wanted).length;
  expect([count('right'), count('unknown'), count('wrong')]).toEqual([108, 50, 0]);
});
