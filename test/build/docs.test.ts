/** Pages for people: complete against the catalogue, in every language, with links that lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { targetPages } from '../../src/build/pages.js';
import { FOLKLORE_CODES } from '../../src/facts/folklore.js';
import { TARGETS } from '../../src/render/index.js';
import { DIAGNOSES } from '../../src/verify/diagnoses.gen.js';

const read = (file: string) => readFileSync(file, 'utf8');

describe.each(['docs/no-dev-dma-heap.md', 'docs/zh-CN/no-dev-dma-heap.md'])('%s', (file) => {
  test('walks the whole catalogue of the verifier and all the folklore', () => {
    const named = new Set(
      read(file)
        .match(/`([A-Z][A-Z0-9_]+|folklore\/[a-z-]+)`/g)
        ?.map((word) => word.slice(1, -1)),
    );
    const missing = [...DIAGNOSES.map(({ id }) => id), ...Object.keys(FOLKLORE_CODES)].filter((id) => !named.has(id));
    expect(missing).toEqual([]);
  });

  test('names no diagnosis that does not exist', () => {
    const ids = new Set(DIAGNOSES.map(({ id }) => id));
    const names = [...read(file).matchAll(/`((?:HEAP|CMA_DT|PERM|SYMLINK|LEAK|RULE|CMA_CMDLINE)_[A-Z_]+)`/g)];
    expect(names.map(([, id = '']) => id).filter((id) => !ids.has(id))).toEqual([]);
  });
});

const headings = (file: string) => [...read(file).matchAll(/^(#+) /gm)].map(([, marks = '']) => marks.length);
const blocks = (file: string) => [...read(file).matchAll(/^(?: {4}.*\n)+|^```[^`]*^```$/gm)].map(([block]) => block);
const tableRows = (file: string) => [...read(file).matchAll(/^\|/gm)].length;

test.each(['README', 'no-dev-dma-heap', 'kernels', 'rk3399', 'using-heaps'])(
  '%s and its translation have the same sections, tables and commands',
  (page) => {
    const [original, translation] = [page === 'README' ? 'README.md' : `docs/${page}.md`, `docs/zh-CN/${page}.md`];
    expect(headings(translation)).toEqual(headings(original));
    expect(tableRows(translation)).toBe(tableRows(original));
    // What is typed and what a program prints is not translated.
    expect(blocks(translation)).toEqual(blocks(original));
  },
);

test('the first screen of README says what, for whom, shows one picture and one command', () => {
  const [first = ''] = read('README.md').split('\n## ');
  expect(first.split('\n').length).toBeLessThan(32);
  expect(first.match(/!\[/g)).toHaveLength(1);
  expect(blocks('README.md')[0]).toBe('    npm ci && npm run demo\n');
  expect(first).toContain('for people who');
});

const PAGES = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((file) => `docs/${file}`),
];

test.each(PAGES.filter((file) => file.endsWith('.md')))('%s: links lead somewhere', (file) => {
  const links = [...read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => to);
  const dead = links.filter((to) => !/^https?:/.test(to) && !existsSync(path.join(path.dirname(file), to)));
  expect(dead).toEqual([]);
});

test('every target has a page, with its files, its options and how to use it', () => {
  const pages = targetPages();
  expect(Object.keys(pages)).toEqual(TARGETS.map(({ name }) => name));
  for (const { name, title, description, options = {}, files } of TARGETS) {
    const page = pages[name] ?? '';
    expect(page).toContain(`# ${title}\n\n${description}`);
    expect(page).toContain(`dmaheap generate my-board.jsonc -o out --target ${name}`);
    for (const option of Object.keys(options)) expect(page).toContain(`| \`${option}\` |`);
    // What is only copied, the verifier's sources, is named as a whole.
    for (const file of files.filter((one) => 'template' in one)) expect(page).toContain(`\`${name}/${file.path}\``);
    expect(page, `${name} has no README for any example board`).toMatch(/^## For the /m);
  }
});
