/** Every option of every target with values it cannot have: a finding with its place, never a fault of ours. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TARGETS } from '../../src/render/index.js';
import { dmaheap } from '../cli/run.js';

let work = '';
beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'dmaheap-options-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const BOARD = {
  version: 1,
  name: 'options',
  board: { arch: 'arm64', cells: { address: 2, size: 2 }, memory: [{ base: '0x4000_0000', size: '2G' }] },
  kernel: { version: '6.12' },
  regions: { 'linux,cma': { size: '64M', default: true } },
  heaps: { camera: { region: 'linux,cma' } },
  access: { camera: { group: 'video', users: ['camera'] } },
};

async function run(targets: unknown, ...argv: string[]) {
  const text = JSON.stringify({ ...BOARD, targets }, null, 2);
  writeFileSync(path.join(work, 'p.json'), text);
  return { ...(await dmaheap(argv.length === 0 ? ['validate', 'p.json'] : argv, work)), text };
}

const OPTIONS = TARGETS.flatMap((target) =>
  Object.entries(target.options ?? {}).map(([name, option]) => ({ target: target.name, name, option })),
);

test('a mistyped value is shown where it stands, with the values there are and the one that was meant', async () => {
  const { exit, stderr } = await run({ yocto: { kernel: 'linux-imx', kernelKind: 'ignorescfg' } });
  expect(stderr).toMatch(/^p\.json:\d+:\d+: error\[render\/bad-option\]: .*"kernelKind".*"ignorescfg"/);
  expect(stderr).toContain('detect, kernel-yocto, merge-config, ignores-cfg');
  expect(stderr).toContain('did you mean "ignores-cfg"?');
  expect(exit).toBe(2);
});

test('the page of a target shows the same place', async () => {
  const { exit, stderr } = await run({ yocto: { kernelKind: 'ignorescfg' } }, 'targets', 'yocto', 'p.json');
  expect(stderr).toMatch(/^p\.json:\d+:\d+: error\[render\/bad-option\]/);
  expect(exit).toBe(2);
});

const WRONG = [
  '',
  ' ',
  '-',
  '..',
  '../x',
  'a/b',
  'ä',
  'a b',
  '$(x)',
  '"',
  "'",
  '\\',
  '\n',
  '\0',
  '\ud800',
  '{{x}}',
  '*',
];
const anything = fc.oneof(
  fc.constantFrom<string | number | boolean>(...WRONG, 'linux-yocto', 'x'.repeat(300), true, false, 0, 1.5, -1, 1e300),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.stringMatching(/^[a-zA-Z0-9.+_-]{1,30}$/),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

describe.each(OPTIONS)('option $name of target $target', ({ target, name, option }) => {
  test('has files or a finding at its line for every value', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        const { exit, stderr, text } = await run({ [target]: { [name]: value } });
        expect(exit, stderr).toBeOneOf([0, 1, 2]);
        if (exit === 0) return;
        const line = text.split('\n').findLastIndex((one) => one.includes(`"${name}"`)) + 1;
        expect(stderr).toMatch(new RegExp(`^p\\.json:${line}:\\d+: error`, 'm'));
        for (const finding of stderr.split('\n').filter((one) => /\berror\[/.test(one)))
          expect(finding).toMatch(/^p\.json:\d+:\d+: /);
      }),
      { numRuns: 60, examples: WRONG.map((value): [string] => [value]) },
    );
  });
  test('takes no value of another type', async () => {
    for (const value of [true, 7, 'text'].filter((one) => typeof one !== typeof option.default)) {
      const { exit, stderr } = await run({ [target]: { [name]: value } });
      expect([exit, stderr]).toEqual([2, expect.stringContaining(`use a ${typeof option.default}`)]);
    }
  });
});
