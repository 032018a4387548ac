/** Pages for people state releases of the kernel in words and in a table: each one is that of the facts, in every language. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NAMING_FACTS } from '../../src/facts/heap-names.js';
import {
  compareKernelVersions,
  FACTS,
  FIRST_HEAPS,
  factAt,
  firstRelease,
  formatKernelVersion,
  type KernelVersion,
  OLDEST_KERNEL,
  parseKernelVersion,
} from '../../src/facts/index.js';

interface Language {
  readonly directory: string;
  /** The first column of the table of names. */
  readonly until: (release: string) => string;
  readonly between: (first: string, last: string) => string;
  readonly from: (release: string) => string;
  readonly noHeap: string;
  readonly oldName: string;
  /** Every other statement about a release on the page. */
  readonly statements: (first: { heaps: string; modules: string; renamed: string }) => {
    readonly 'no-dev-dma-heap': readonly string[];
    readonly kernels: string;
    readonly rk3399: string;
  };
}

const LANGUAGES: readonly Language[] = [
  {
    directory: 'docs',
    until: (release) => `before ${release}`,
    between: (first, last) => `${first} and ${last}`,
    from: (release) => `${release} and later`,
    noHeap: 'no heap',
    oldName: 'old name',
    statements: ({ heaps, modules, renamed }) => ({
      'no-dev-dma-heap': [`the symbols exist from ${heaps} on`, `\`.config\` has \`=m\` (${modules} and later)`],
      kernels: `without DMA-BUF heaps (before ${heaps})`,
      rk3399: `from ${renamed} on \`default_cma_region\``,
    }),
  },
  {
    directory: 'docs/zh-CN',
    until: (release) => `${release} 之前`,
    between: (first, last) => `${first} 和 ${last}`,
    from: (release) => `${release} 及以后`,
    noHeap: '没有 heap',
    oldName: '旧名称',
    statements: ({ heaps, modules, renamed }) => ({
      'no-dev-dma-heap': [`这些符号自 ${heaps} 起提供`, `\`.config\` 中为 \`=m\`（${modules} 及以后）`],
      kernels: `没有 DMA-BUF heap 的内核（${heaps} 之前）`,
      rk3399: `从 ${renamed} 起为 \`default_cma_region\``,
    }),
  },
];

const FIRST = {
  heaps: FIRST_HEAPS,
  modules: firstRelease('kconfig.dmabuf-heaps-cma-type', 'tristate'),
  renamed: firstRelease(NAMING_FACTS.defaultArea, 'default_cma_region'),
};

const version = (text: string): KernelVersion => {
  const parsed = parseKernelVersion(text);
  if (parsed === undefined) throw new Error(`not a release: ${text}`);
  return parsed;
};

/** Releases at which a fact about the names of the table changes, ascending. */
const BOUNDARIES = [
  ...new Set(
    Object.values(NAMING_FACTS).flatMap((id) => (FACTS.get(id)?.ranges ?? []).slice(1).map(({ since }) => since)),
  ),
].sort((a, b) => compareKernelVersions(version(a), version(b)));

/** One row for each range of releases between two boundaries. */
function expectedRows(language: Language): string[] {
  return [undefined, ...BOUNDARIES].map((since, i) => {
    const until = BOUNDARIES[i];
    if (since === undefined) return language.until(until ?? '');
    if (until === undefined) return language.from(since);
    const { major, minor } = version(until);
    // A range of one, or of three releases and more, needs other words: no fact has one.
    expect(minor - version(since).minor).toBe(2);
    return language.between(since, formatKernelVersion({ major, minor: minor - 1 }));
  });
}

const read = (language: Language, page: string) => readFileSync(`${language.directory}/${page}.md`, 'utf8');
/** Rows whose first cell is a range of releases. */
const rowsOf = (text: string) =>
  [...text.matchAll(/^\| ([^|`]*\d+\.\d+[^|`]*) \| (.*) \|$/gm)].map(([, kernels = '', rest = '']) => ({
    kernels,
    cells: rest.split(' | '),
  }));

describe.each(LANGUAGES)('$directory', (language) => {
  test('the table of names has a row for each range of kernels, with the names of the facts', () => {
    const rows = rowsOf(read(language, 'no-dev-dma-heap'));
    expect(rows.map(({ kernels }) => kernels)).toEqual(expectedRows(language));
    for (const [i, { cells }] of rows.entries()) {
      const kernel = i === 0 ? OLDEST_KERNEL : version(BOUNDARIES[i - 1] ?? '');
      const [area = '', others, pages] = cells;
      const name = factAt(NAMING_FACTS.defaultArea, kernel);
      const kept = factAt(NAMING_FACTS.areas, kernel);
      expect(area.startsWith(`\`${name}\``)).toBe(name !== null);
      expect(area.includes(`\`${factAt(NAMING_FACTS.kernelArea, kernel)}\``)).toBe(name === null);
      expect(area.includes(language.oldName)).toBe(kept !== 'default-area');
      expect(others === language.noHeap).toBe(kept !== 'default-area-and-all');
      expect(pages).toBe(`\`${factAt(NAMING_FACTS.system, kernel)}\``);
    }
  });

  test('every other release of the page is in a statement that the facts make', () => {
    const { kernels, rk3399, 'no-dev-dma-heap': stated } = language.statements(FIRST);
    let text = read(language, 'no-dev-dma-heap');
    for (const statement of [...stated, ...expectedRows(language).map((row) => `\n| ${row} |`)]) {
      expect(text).toContain(statement);
      text = text.replace(statement, '');
    }
    // Commands that a user types, and what a program printed, are examples.
    const prose = text.replaceAll(/^ {4}.*$/gm, '').replaceAll(/--kernel \d+\.\d+/g, '');
    expect(prose.match(/(?<![\d.])[4-9]\.\d{1,2}(?![\d.])/g) ?? []).toEqual([]);
    expect(read(language, 'kernels')).toContain(kernels);
    expect(read(language, 'rk3399')).toContain(rk3399);
  });
});
