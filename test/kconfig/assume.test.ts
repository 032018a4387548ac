/** Answers that need no toolchain; sh is the judge of those that are exact. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assumedAnswer, shellAnswer, textAnswer } from '../../src/kconfig/index.js';

test.each([
  ['{ command -v gcc; } >/dev/null 2>&1 && echo "n" || echo "y"', 'n'],
  ['{ gcc -Werror -mfancy -c -x c /dev/null -o x.o; } >/dev/null 2>&1 && echo "y" || echo "n"', 'n'],
  ['{ test -z "GCC 120200"; } >/dev/null 2>&1 && echo "y" || echo "n"', 'n'],
  ['{ test "GCC" = GCC; } >/dev/null 2>&1 && echo "y" || echo "n"', 'y'],
  ['{ [ 120200 -ge 110000 ]; } >/dev/null 2>&1 && echo "y" || echo "n"', 'y'],
  ['set -- GCC 120200 && echo $2', '120200'],
  ['/tree/scripts/cc-version.sh gcc', 'GCC 120200'],
  ['expr 190100 / 10000', '19'],
  ['rm -rf /', ''],
])('assumes that %s says %j', (command, answer) => expect(assumedAnswer(command)).toBe(answer));

const WORD = fc.oneof(
  fc.constantFrom(
    'GCC',
    'Clang',
    'BFD',
    '120200',
    '0',
    '007',
    '',
    '-n',
    '-e',
    '!',
    '(',
    ')',
    '=',
    '*',
    '~',
    '$HOME',
    'a b',
  ),
  fc.integer({ min: -3, max: 999_999 }).map(String),
  fc.stringMatching(/^[\w.+:/$`"\\;&|*?~() -]{0,8}$/),
);
const OPERATOR = fc.constantFrom('=', '!=', '-eq', '-ne', '-lt', '-le', '-gt', '-ge', '==', '-o');
const quoted = (word: string) => `"${word}"`;
const TEST = fc.oneof(
  fc.tuple(WORD, OPERATOR, WORD).map(([a, operator, b]) => `${a} ${operator} ${b}`),
  fc.tuple(WORD, OPERATOR, WORD).map(([a, operator, b]) => `${quoted(a)} ${operator} ${quoted(b)}`),
  fc.tuple(fc.constantFrom('-z', '-n', '-e'), WORD).map(([operator, a]) => `${operator} ${quoted(a)}`),
);
const BRANCH = fc.constantFrom('y', 'n', '', '-m32', '-n', '$0', '\\n');
const CHECK = fc
  .tuple(TEST, fc.boolean(), BRANCH, BRANCH)
  .map(
    ([text, isBracket, yes, no]) =>
      `{ ${isBracket ? `[ ${text} ]` : `test ${text}`}; } >/dev/null 2>&1 && echo "${yes}" || echo "${no}"`,
  );
const COMMAND = fc.oneof(
  CHECK,
  fc
    .tuple(fc.array(WORD, { maxLength: 4 }), fc.integer({ min: 0, max: 9 }))
    .map(([words, n]) => `set -- ${words.join(' ')} && echo $${n}`),
  fc.tuple(WORD, WORD).map(([a, b]) => `expr ${a} / ${b}`),
);

test('what the text of a command decides is what sh says', () => {
  let answered = 0;
  fc.assert(
    fc.property(COMMAND, (command) => {
      const answer = textAnswer(command);
      if (answer === undefined) return;
      answered++;
      let said = '';
      try {
        said = execFileSync('/bin/sh', ['-c', command], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
      } catch (error) {
        said = String((error as { stdout?: string }).stdout ?? '');
      }
      expect({ command, answer }).toEqual({ command, answer: shellAnswer(said) });
    }),
    { numRuns: 600 },
  );
  expect(answered).toBeGreaterThan(40);
});
