/** docs/using-heaps.md: the code that it shows is in the programs, and the output is what a guest must print. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BOARDS } from './native/cases.js';

const page = readFileSync('docs/using-heaps.md', 'utf8');
const names = readdirSync('docs/programs');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

test('lists every program, in both languages', () => {
  for (const text of [page, readFileSync('docs/zh-CN/using-heaps.md', 'utf8')])
    for (const name of names) expect(text).toContain(`programs/${name})`);
});

test('shows code of its programs', () => {
  const programs = names.map((name) => readFileSync(`docs/programs/${name}`, 'utf8'));
  const shown = ['c', 'cpp', 'rust', 'go'].flatMap(blocks);
  expect(shown.length).toBeGreaterThan(5);
  for (const block of shown) expect(programs.some((program) => program.includes(block))).toBe(true);
});

test('both languages show the same code', () => {
  const shown = (file: string) => readFileSync(file, 'utf8').match(/^```[\s\S]*?^```$/gm);
  expect(shown('docs/zh-CN/using-heaps.md')).toEqual(shown('docs/using-heaps.md'));
});

test('shows output that a guest must print', () => {
  const judged = BOARDS.filter(({ programs, disk }) => programs || disk).flatMap(({ cases }) =>
    cases.flatMap(({ shows = [] }) => shows),
  );
  const output = blocks('console').flatMap((block) =>
    block.split('\n').filter((line) => line !== '' && !/^\$/.test(line)),
  );
  expect(output.length).toBeGreaterThan(3);
  expect(output.filter((line) => !judged.some((pattern) => pattern.test(line)))).toEqual([]);
});
