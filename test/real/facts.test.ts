/** The facts held against real kernel trees, as `npm run facts:check` does for any other. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { kernelTree } from '../../src/build/fetch/index.js';
import { holdFacts, type KernelTree, versionOfTree } from '../../src/facts/hold.js';
import { FACTS, formatKernelVersion, type KernelVersion } from '../../src/facts/index.js';
import { VIDEO_DRIVERS } from '../../src/facts/video-driver.js';

async function treeOf(version: string, change: (file: string, text: string) => string = (_, text) => text) {
  const directory = await kernelTree(version);
  const stated = versionOfTree(readFileSync(path.join(directory, 'Makefile'), 'utf8')) as KernelVersion;
  expect(formatKernelVersion(stated)).toBe(version);
  const tree: KernelTree = {
    version: stated,
    read(file) {
      try {
        return change(file, readFileSync(path.join(directory, file), 'utf8'));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
  return tree;
}

const changed = (tree: KernelTree) =>
  holdFacts(FACTS.values(), tree)
    .filter((held) => held.status === 'changed' || held.status === 'unknown')
    .map(({ id, reason }) => `${id}: ${reason}`);

describe.each(['5.10', '6.1', '6.12', '7.2', '7.3'])('kernel %s', (version) => {
  test('no fact has changed', async () => {
    expect(changed(await treeOf(version))).toEqual([]);
  });

  test('nearly every fact is read from the source, the others are said', async () => {
    const held = holdFacts(FACTS.values(), await treeOf(version));
    const unreadable = held.filter((h) => h.status === 'unreadable').map((h) => `${h.id}: ${h.reason}`);
    console.log(`kernel ${version}: ${held.length - unreadable.length} facts hold, not readable:`, unreadable);
    expect(held.length).toBeGreaterThan(70);
    expect(unreadable.length).toBeLessThan(held.length / 10);
  });

  test('a probe that is met by an empty source would prove nothing: emptied files are noticed', async () => {
    const empty = await treeOf(version, () => '');
    const held = holdFacts(FACTS.values(), empty).filter((h) => h.expected?.source.contains !== undefined);
    expect(held.filter((h) => h.status === 'holds').map((h) => h.id)).toEqual([]);
  });
});

test.each(VIDEO_DRIVERS)('the driver $title rounds as its source says', async ({ source: { file, pattern } }) => {
  expect(readFileSync(path.join(await kernelTree('7.3'), 'drivers', file), 'utf8')).toMatch(pattern);
});

describe('a change of the kernel is noticed by name', () => {
  test('a renamed default heap', async () => {
    const tree = await treeOf('7.3', (file, text) =>
      file.endsWith('cma_heap.c') || file.endsWith('contiguous.h')
        ? text.replaceAll('default_cma_region', 'cma')
        : text,
    );
    expect(changed(tree).map((line) => line.split(':')[0])).toContain('heap.default-area-name');
  });
  test('a symbol that became a bool again reads like the older kernel', async () => {
    const tree = await treeOf('7.3', (file, text) =>
      file === 'drivers/dma-buf/heaps/Kconfig' ? text.replaceAll('tristate', 'bool') : text,
    );
    expect(changed(tree).find((line) => line.startsWith('kconfig.dmabuf-heaps-cma-type'))).toBe(
      'kconfig.dmabuf-heaps-cma-type: drivers/dma-buf/heaps/Kconfig has no match for ' +
        '/^config DMABUF_HEAPS_CMA\\n(?:[\\t ].*\\n)*?\\ttristate /; the source looks like "bool" as in 5.6 to before 7.2',
    );
  });
  test('an older tree taken for a newer one', async () => {
    const old = await treeOf('6.1');
    const wrong = changed({ ...old, version: { major: 7, minor: 3 } });
    expect(wrong.length).toBeGreaterThan(10);
  });
});
