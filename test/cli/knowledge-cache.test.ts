/** Kept knowledge: equal to what is read, and used only while nothing that it was read from has changed. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KnowledgeCache } from '../../src/cli/kernel/knowledge-cache.js';
import { keptTreeKnowledge, treeKnowledge } from '../../src/cli/knowledge.js';
import type { KernelKnowledge } from '../../src/knowledge/index.js';
import { driver, MAKEFILES } from '../knowledge/tree.js';

let place: string;
const linux = () => path.join(place, 'linux');
const cache = () => path.join(place, 'cache');
const HEAP = driver(`
static int add(void) {
	struct dma_heap_export_info exp_info = { .name = "board", .ops = &ops };
	return PTR_ERR_OR_ZERO(dma_heap_add(&exp_info));
}
module_init(add);
`);
const OPTIONS = {
  origin: 'linux',
  arch: 'arm64',
  kconfigFiles: ['drivers/dma-buf/heaps/Kconfig', 'drivers/misc/Kconfig'],
};
const kept = () => keptTreeKnowledge({ environment: {} }, linux(), 'linux', OPTIONS, cache());
const fresh = () => treeKnowledge(linux(), 'linux', OPTIONS).knowledge;
const names = ({ inventory }: KernelKnowledge) => inventory.heaps.map(({ name }) => name);

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(linux(), file)), { recursive: true });
  writeFileSync(path.join(linux(), file), text);
}

/** Ten seconds on: files that were just written have rested. */
const later = () => vi.setSystemTime(Date.now() + 10_000);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  place = mkdtempSync(path.join(tmpdir(), 'dmaheap-knowledge-cache-'));
  for (const [file, text] of Object.entries({ ...MAKEFILES, ...HEAP })) write(file, text);
  write('drivers/misc/Kconfig', 'config BOARD_ELSEWHERE\n\tbool\n\tdepends on DMABUF_HEAPS\n');
  write('drivers/misc/Makefile', 'obj-y += other.o\n');
  write('drivers/misc/other.c', 'int x;\n');
  later();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(place, { recursive: true, force: true });
});

/** Whether the kept file is used: what is read again replaces it by another inode. */
const isKept = () => {
  const [name] = readdirSync(path.join(cache(), 'knowledge'));
  const inode = () => statSync(path.join(cache(), 'knowledge', name as string)).ino;
  const before = inode();
  kept();
  return inode() === before;
};

test('the first answer, the kept one and one without a cache are equal', () => {
  const first = kept();
  expect(names(first)).toEqual(['board']);
  expect(isKept()).toBe(true);
  expect(kept()).toEqual(first);
  expect(kept()).toEqual(fresh());
});

const CHANGES: readonly (readonly [string, () => void])[] = [
  [
    'a heap has another name',
    () =>
      write(
        'drivers/dma-buf/heaps/board_heap.c',
        HEAP['drivers/dma-buf/heaps/board_heap.c']?.replace('"board"', '"bored"') as string,
      ),
  ],
  ['a driver is compiled no more', () => write('drivers/dma-buf/heaps/Makefile', '\n')],
  ['the version', () => write('Makefile', (MAKEFILES['Makefile'] as string).replace('12', '11'))],
  ['a driver is gone', () => rmSync(path.join(linux(), 'drivers/dma-buf/heaps/board_heap.c'))],
  ['a file that was looked for appears', () => write('drivers/dma-buf/dma-heap.c', 'int dma_heap_add(void);\n')],
  [
    'a file appears in a directory that was listed',
    () => {
      write('drivers/misc/Makefile', 'obj-y += other.o late.o\n');
      write('drivers/misc/late.c', (HEAP['drivers/dma-buf/heaps/board_heap.c'] as string).replace('"board"', '"late"'));
    },
  ],
  ['a Kconfig file leads elsewhere', () => write('drivers/misc/Kconfig', 'config ELSEWHERE\n\tbool\n')],
];

test.each(CHANGES)('a change is noticed: %s', (_, change) => {
  kept();
  change();
  later();
  expect(kept()).toEqual(fresh());
  expect(isKept()).toBe(true);
});

test('a file with its size and times put back is still noticed by its inode', () => {
  const file = path.join(linux(), 'drivers/dma-buf/heaps/board_heap.c');
  utimesSync(file, 1, 1);
  later();
  kept();
  write('drivers/dma-buf/heaps/board_heap.c', readFileSync(file, 'utf8').replace('"board"', '"bored"'));
  utimesSync(file, 1, 1);
  later();
  expect(names(kept())).toEqual(['bored']);
});

test('what was read from files that have only just changed is not kept', () => {
  vi.setSystemTime(Date.now() - 10_000);
  kept();
  expect(() => readdirSync(path.join(cache(), 'knowledge'))).toThrow();
});

test('another program, architecture or list of Kconfig files does not use it', () => {
  const program = path.join(place, 'program.mjs');
  writeFileSync(program, '1');
  later();
  const one = () => new KnowledgeCache(cache(), ['key'], program);
  one().write(fresh(), []);
  expect(one().read()).toEqual(fresh());
  expect(new KnowledgeCache(cache(), ['other'], program).read()).toBeUndefined();
  writeFileSync(program, '2');
  expect(one().read()).toBeUndefined();
});

test('a file that others may write, or that is damaged, is not used', () => {
  kept();
  const [name] = readdirSync(path.join(cache(), 'knowledge'));
  const file = path.join(cache(), 'knowledge', name as string);
  const bytes = readFileSync(file);
  chmodSync(file, 0o666);
  expect(kept()).toEqual(fresh());
  chmodSync(file, 0o600);
  for (const length of [0, 7, 100, bytes.length - 9]) {
    writeFileSync(file, bytes.subarray(0, length));
    expect(kept()).toEqual(fresh());
    expect(readFileSync(file).length).toBe(bytes.length);
  }
});
