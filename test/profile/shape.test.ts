/** What is wrong with a profile's keys and values is said of the thing that is wrong, once, with what to write. */
import { expect, test } from 'vitest';
import { checkShape } from '../../src/profile/shape.js';

const said = (change: Readonly<Record<string, unknown>>) =>
  checkShape(
    { version: 1, name: 'b', board: { arch: 'arm64' }, kernel: { version: '6.12' }, ...change },
    () => undefined,
  ).map(({ pointer, message, fix }) => [pointer, message, fix]);
const kernel = (version: unknown) => said({ kernel: { version } });
const camera = (buffer: unknown) => said({ regions: { camera: { budget: { buffers: [buffer] } } } });

const NEITHER = [
  '/kernel/version',
  expect.stringContaining('one release ("6.12") or a range'),
  'write MAJOR.MINOR, or both "min" and "max"',
];
test.each(['6', 6, null, [], true])('the kernel version %j is neither a release nor a range', (version) => {
  expect(kernel(version)).toEqual([NEITHER]);
});

test('a range that is wrong is wrong in its bounds', () => {
  expect(kernel({ min: '6', max: '6.12' })).toEqual([
    ['/kernel/version/min', expect.stringMatching(/^min must match .*, not "6"$/), 'write MAJOR.MINOR, such as "6.12"'],
  ]);
  expect(kernel({ min: '6.1' })).toEqual([['/kernel/version', 'version lacks the key "max"', 'add "max"']]);
  expect(kernel({ min: '6.1', max: '6.12' })).toEqual([]);
});

test('an item of a list goes by the name of the list, and a misspelt key is said once', () => {
  const at = '/regions/camera/budget/buffers/0';
  expect(camera({ size: '1M', cuont: 4 })).toEqual([
    [`${at}/cuont`, 'buffers[0] has no key "cuont"', 'did you mean "count"?'],
  ]);
  expect(camera({ size: '1M' })).toEqual([[at, 'buffers[0] lacks the key "count"', 'add "count"']]);
});

test('the fix of a value is an example, and not a file that the program may not have', () => {
  expect(said({ heaps: { system: { kind: 'system' } }, access: { system: { group: 'video', mode: 660 } } })).toEqual([
    ['/access/system/mode', 'mode must be string, not 660', 'write it as in this example: "0660"'],
  ]);
});

test('another version of the schema', () => {
  expect(said({ version: 2 })).toEqual([['/version', 'version must be 1, not 2', 'write 1']]);
});
