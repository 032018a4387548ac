import { expect, test } from 'vitest';
import { artifactPath } from '../../src/render/index.js';

test.each(['a', 'a/b.c', 'udev/70-dmaheap.rules', 'a/...', 'recipes/linux-%.bbappend', '漢'])(
  '%s stays inside',
  (path) => {
    expect(artifactPath(path)).toBe(path);
  },
);

test.each([
  '',
  '.',
  '..',
  '/a',
  'a/',
  'a//b',
  '../a',
  'a/../b',
  'a/./b',
  'a\\b',
  'C:a',
  'a\0',
  'a\nb',
  'a*',
  'x'.repeat(201),
])('path %j is none of ours', (path) => {
  expect(artifactPath(path)).toBeUndefined();
});
