/** The program as it is bundled: patterns of every script survive the way into the one file. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeRegExps } from '../../src/build/bundle.js';

/** Characters that mean something in a pattern are not what is escaped. */
const letters = fc.string({
  unit: fc.constantFrom('x', ' ', '×', 'ü', '不', '没', '？', '«', '\u{1f4a5}'),
  minLength: 1,
});

test('a pattern with letters of other scripts is ASCII and matches the same', () => {
  fc.assert(
    fc.property(letters, letters, fc.constantFrom('', 'i', 'u', 'iu'), (pattern, text, flags) => {
      for (const source of [pattern, `[${pattern}]`, `^(?:a|${pattern})+`]) {
        const escaped = escapeRegExps(`/${source}/${flags}`);
        expect(escaped).toMatch(/^[\0-\x7f]*$/);
        const pasted = new RegExp(escaped.slice(1, escaped.lastIndexOf('/')), flags);
        expect(pasted.exec(text)?.[0]).toBe(new RegExp(source, flags).exec(text)?.[0]);
      }
    }),
  );
});

test('what cannot be escaped stops the build', () => {
  expect(() => escapeRegExps('/\\×/')).toThrow('behind a backslash');
  expect(escapeRegExps('/\\\\×/')).toBe('/\\\\\\u00d7/');
});
