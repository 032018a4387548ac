/** What the packer takes out of the sources comes back when the program starts, and nothing else is touched. */
import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { packTexts, unescapeLiteral } from '../../src/build/pack.js';

const SOURCE = `# 1 "core/a.c"
static const char NAME[] = "stays" " whole";
static const char *const words[] = {"one", "two \\033[0m"};
# 1 "/usr/include/x.h"
extern int f(void) __asm__("elsewhere");
# 4 "core/a.c"
void g(void) { put("adja" # 5 "core/a.c"
 "cent\\n"); put("cent\\n"); c = '"'; n = sizeof "kept"; }
`.replace('"adja" # 5', '"adja"\n# 5');

const { sources, pool } = packTexts([SOURCE], (file) => file.startsWith('core/'));
const bytes = /dh_packed\[\] = \{([\d,]+)\}/.exec(pool)?.[1]?.split(',').map(Number) ?? [];
const text = inflateRawSync(Buffer.from(bytes)).toString('latin1');
const at = (place: RegExp) => {
  const from = Number(place.exec(sources[0] ?? '')?.[1]);
  return text.slice(from, text.indexOf('\0', from));
};

test('literals become places in the pool, adjacent ones a single place', () => {
  expect(at(/words\[\] = \{\(dh_pool\+(\d+)\)/)).toBe('one');
  expect(at(/, \(dh_pool\+(\d+)\)\}/)).toBe('two \u001b[0m');
  expect(at(/put\(\(dh_pool\+(\d+)\)/)).toBe('adjacent\n');
  expect(at(/; put\(\(dh_pool\+(\d+)\)/)).toBe('cent\n');
  expect(text.split('cent\n').length).toBe(2);
});

test('arrays, sizes, constants and the headers of others stay', () => {
  for (const kept of ['NAME[] = "stays" " whole";', '__asm__("elsewhere")', `c = '"';`, 'sizeof "kept"'])
    expect(sources[0]).toContain(kept);
});

test('escapes are those of C', () => {
  expect(unescapeLiteral('a\\0b\\x41\\101\\\\\\"')).toBe('a\0bAA\\"');
  expect(() => unescapeLiteral('\\q')).toThrow('\\q');
});
