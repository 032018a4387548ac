import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { holdFacts, type KernelTree, versionOfTree } from '../../src/facts/hold.js';
import {
  compareKernelVersions,
  FACTS,
  type Fact,
  type FactFile,
  type FactRange,
  factAt,
  type KernelVersion,
  parseKernelVersion,
} from '../../src/facts/index.js';
import { VERIFIER_CHECKS } from '../../src/verify/checks.js';

/** Tables without kernel versions, such as the pixel formats, are no facts and have no such key. */
const files = readdirSync('src/facts').filter((name) => name.endsWith('.json') && 'facts' in read(name));
const facts = files.flatMap((name) => read(name).facts);
const OLDEST: KernelVersion = { major: 5, minor: 10 };

describe('the data', () => {
  const validate = formats
    .default(new Ajv2020({ strict: true, allErrors: true, strictTypes: false }))
    .compile(JSON.parse(readFileSync('schemas/facts.schema.json', 'utf8')));

  test.each(files)('%s is what the schema says', (name) => {
    validate(read(name));
    expect(validate.errors).toBeNull();
  });

  test('the schema refuses what is no fact', () => {
    const good = facts[0] as Fact;
    const bad = (change: object) => validate({ facts: [{ ...good, ...change }] });
    expect(bad({})).toBe(true);
    expect(bad({ id: 'Heap.Name' })).toBe(false);
    expect(bad({ ranges: [] })).toBe(false);
    expect(bad({ ranges: [{ ...good.ranges[0], since: '6' }] })).toBe(false);
    expect(bad({ ranges: [{ ...good.ranges[0], checked: '22.11.2026' }] })).toBe(false);
    expect(bad({ ranges: [{ ...good.ranges[0], source: { file: 'mm/cma.c', contains: ['('] } }] })).toBe(false);
  });

  test('no row is a draft of facts:new that nobody has looked at', () => {
    const open = facts.flatMap(({ id, ranges }) =>
      ranges.filter(({ note }) => note?.startsWith('OPEN: ')).map(({ since, note }) => `${id} from ${since}: ${note}`),
    );
    expect(open).toEqual([]);
  });

  test('every file is looked up, every id is one fact', () => {
    expect([...FACTS.keys()].sort()).toEqual(facts.map((f) => f.id).sort());
    expect(FACTS.size).toBe(facts.length);
  });

  test.each(facts.map((f) => [f.id, f] as const))('%s has neither hole nor overlap from 5.10 on', (_id, fact) => {
    expect(gaps(fact)).toEqual([]);
  });

  test('a hole, an overlap, a late start and an end are seen', () => {
    const ranges = (...spans: [string, string?][]) =>
      gaps({
        id: 'a.b',
        title: '',
        ranges: spans.map(([since, until]) => ({ ...range('x'), since, ...(until === undefined ? {} : { until }) })),
      });
    expect(ranges(['5.6', '6.9'], ['6.9'])).toEqual([]);
    expect(ranges(['5.6', '6.9'], ['6.10'])).toEqual(['hole from 6.9 to 6.10']);
    expect(ranges(['5.6', '6.10'], ['6.9'])).toEqual(['overlap from 6.9 to 6.10']);
    expect(ranges(['5.6'], ['6.9'])).toEqual(['a range without end before 6.9']);
    expect(ranges(['5.11'])).toEqual(['begins after 5.10']);
    expect(ranges(['5.6', '6.9'])).toEqual(['ends at 6.9']);
    expect(ranges(['5.6', '5.6'], ['5.6'])).toEqual(['nothing between 5.6 and 5.6']);
  });

  test('every id that the code names exists', () => {
    const groups = [...new Set(facts.map((f) => f.id.split('.')[0]))].join('|');
    const literal = new RegExp(`(['"\`])((?:${groups})\\.[a-z0-9][a-z0-9.-]*)\\1`, 'g');
    const named = sources('src').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(literal)].map((match) => ({ file, id: match[2] as string })),
    );
    // The verifier names its checks in the same way.
    const isKnown = (id: string) => FACTS.has(id) || Object.hasOwn(VERIFIER_CHECKS, id);
    expect(named.filter(({ id }) => !isKnown(id) && !/\.(json|hbs|cfg|dtso|dtbo|dtb|dts|ts|js)$/.test(id))).toEqual([]);
  });

  test('lookup by version', () => {
    expect(factAt('kconfig.dmabuf-heaps-cma-type', { major: 6, minor: 12 })).toBe('bool');
    expect(factAt('kconfig.dmabuf-heaps-cma-type', { major: 7, minor: 3 })).toBe('tristate');
    expect(() => factAt('kconfig.no-such-fact', { major: 6, minor: 12 })).toThrow('no fact kconfig.no-such-fact');
  });
});

describe('held against a tree', () => {
  const fact: Fact = {
    id: 'a.name',
    title: 'name of a',
    ranges: [
      { ...range('old'), until: '6.17', source: { file: 'a.c', contains: ['^#define A "old"$'] } },
      { ...range('new'), since: '6.17', source: { file: 'b.c', contains: ['^#define A "new"$'], absent: ['LEGACY'] } },
    ],
  };
  const tree = (version: string, texts: Record<string, string>): KernelTree => ({
    version: parseKernelVersion(version) as KernelVersion,
    read: (file) => texts[file],
  });
  const hold = (version: string, texts: Record<string, string>) => {
    const [held] = holdFacts([fact], tree(version, texts));
    return { status: held?.status, reason: held?.reason };
  };

  test('holds', () => {
    expect(hold('6.12', { 'a.c': '/* */\n#define A "old"\n' })).toEqual({ status: 'holds' });
    expect(hold('7.9', { 'b.c': '#define A "new"\n' })).toEqual({ status: 'holds' });
  });

  test('says what it reads like when it changed', () => {
    expect(hold('6.12', { 'a.c': '\n', 'b.c': '#define A "new"\n' })).toEqual({
      status: 'changed',
      reason: 'a.c has no match for /^#define A "old"$/; the source looks like "new" as in 6.17',
    });
    expect(hold('7.9', { 'b.c': '#define A "newer" /* LEGACY */\n' })).toEqual({
      status: 'unknown',
      reason:
        'b.c has no match for /^#define A "new"$/; b.c matches /LEGACY/; the source does not look like a known kernel',
    });
    expect(hold('7.9', {}).reason).toBe('b.c does not exist; the source does not look like a known kernel');
  });

  test('a file that is there and not compiled says nothing, not even what it does not have', () => {
    const absent: Fact = {
      ...fact,
      ranges: [{ ...range('old'), source: { file: 'a.c', absent: ['NEW'] } }],
    };
    const [gone] = holdFacts([absent], { ...tree('6.12', {}), read: () => undefined });
    const [idle] = holdFacts([absent], { ...tree('6.12', {}), read: () => null });
    expect([gone?.status, idle?.status]).toEqual(['holds', 'unknown']);
    expect(idle?.reason).toContain('a.c is not compiled');
  });

  test('a tree that reads like two kernels does not hold', () => {
    expect(hold('6.17', { 'a.c': '#define A "old"\n', 'b.c': '#define A "new"\n' })).toEqual({
      status: 'unknown',
      reason: 'the source looks like "old" as in 5.6 to before 6.17 and "new" as in 6.17',
    });
  });

  test('what no source can tell is said so, with what it rests on', () => {
    const booted = { ...fact, ranges: [{ ...range('x'), evidence: 'booted' as const, source: { file: 'a.c' } }] };
    expect(holdFacts([booted], tree('6.1', {}))[0]).toMatchObject({
      status: 'unreadable',
      reason: 'known from a boot; the source is not probed',
    });
    expect(holdFacts([fact], tree('5.4', {}))[0]).toMatchObject({ status: 'unreadable', expected: undefined });
  });

  test('the version of a tree is in its Makefile', () => {
    expect(versionOfTree('# SPDX\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\n')).toEqual({ major: 7, minor: 3 });
    expect(versionOfTree('all:\n')).toBeUndefined();
  });
});

function range(value: string): FactRange {
  return { since: '5.6', value, evidence: 'read', source: { file: 'a.c' }, checked: '2026-11-22' };
}

function gaps({ ranges }: Fact): string[] {
  const problems: string[] = [];
  const at = (text: string) => parseKernelVersion(text) as KernelVersion;
  if (compareKernelVersions(at(ranges[0]?.since ?? '99.0'), OLDEST) > 0) problems.push('begins after 5.10');
  ranges.forEach(({ since, until }, i) => {
    const next = ranges[i + 1]?.since;
    if (until === undefined) {
      if (next !== undefined) problems.push(`a range without end before ${next}`);
      return;
    }
    if (compareKernelVersions(at(since), at(until)) >= 0) problems.push(`nothing between ${since} and ${until}`);
    if (next === undefined) problems.push(`ends at ${until}`);
    else if (compareKernelVersions(at(until), at(next)) < 0) problems.push(`hole from ${until} to ${next}`);
    else if (compareKernelVersions(at(until), at(next)) > 0) problems.push(`overlap from ${next} to ${until}`);
  });
  return problems;
}

function sources(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function read(name: string): FactFile {
  return JSON.parse(readFileSync(path.join('src/facts', name), 'utf8'));
}
