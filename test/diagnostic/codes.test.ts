import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { allCodes } from '../../src/cli/codes.js';
import type { CodeEntry } from '../../src/diagnostic/index.js';

const codes = Object.entries(allCodes());

/** Every code declared anywhere, by the text of the sources: a table that nobody exports is seen too. */
function declared(): string[] {
  return readdirSync('src', { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .flatMap((text) => [
      ...(text.includes('defineCodes(')
        ? [...text.matchAll(/^\s+'([a-z-]+\/[a-z0-9-]+)': \{$/gm)].map((match) => match[1] as string)
        : []),
      // A lint states its code with the rest of it.
      ...[...text.matchAll(/^export const \w+ = (?:lint\()?\{\n {2}id: '([a-z-]+)',\n {2}severity:/gm)].map(
        (match) => `placement/${match[1]}`,
      ),
    ]);
}

test('every code is declared once, and known to explain and to SARIF', () => {
  const all = declared();
  expect(all.filter((code, i) => all.indexOf(code) !== i)).toEqual([]);
  expect(all.sort()).toEqual(codes.map(([code]) => code).sort());
});

test.each(codes)('%s is written like the others', (code, { title, explain }: CodeEntry) => {
  // The single file of the program has no pages beside it.
  expect(explain).not.toMatch(/README/);
  expect(code).toMatch(/^[a-z][a-z-]*\/[a-z0-9][a-z0-9-]*$/);
  expect(title).not.toMatch(/\.$/);
  expect(title.length).toBeLessThan(80);
  expect(explain).toMatch(/^[^a-z].*[.:]$|^[a-z].*\.$/s);
  expect(explain).not.toBe(title);
});

test('messages, help and pages have one kind of apostrophe', () => {
  const files = ['src', 'templates', 'native', 'schemas', 'docs'].flatMap((directory) =>
    readdirSync(directory, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && !/\.(gen\.js|png|o|node)$/.test(entry.name))
      .map((entry) => path.join(entry.parentPath, entry.name)),
  );
  expect(files.filter((file) => readFileSync(file, 'utf8').includes('\u2019'))).toEqual([]);
});
