/**
 * Messages, help, comments, templates and pages are plain technical English: CONTRIBUTING.md has the rules. This test
 * refuses the turns that readers stumbled over most often.
 */
import { readFileSync } from 'node:fs';
import { execaSync } from 'execa';
import { expect, test } from 'vitest';

/** What is refused, and what to write. */
const TURNS: readonly (readonly [RegExp, string])[] = [
  [/(?<!\bthere )\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|later\b)[a-z]+/gi, 'is not a ...'],
  [/\bwithout a word\b/gi, 'silently'],
  [/\bin silence\b/gi, 'silently'],
  [/\bcannot be had\b/gi, 'is not available, is not possible'],
  [/\bheld against\b/gi, 'compared with'],
  [/\b(?:say|says|said) so\b/gi, 'name what the text says'],
  [/\b(?:say|says|said) nothing\b/gi, 'does not state'],
  [/\bwhat there is nothing\b/gi, 'begin with the subject'],
  [/\bwhoever\b/gi, 'the user who, the program that'],
  [/\b(?:is|are) taken (?:for|to|as)\b/gi, 'assuming'],
  [/\breads? like\b/gi, 'looks like'],
  [/\bas ever\b/gi, 'as usual'],
  [/\bof (?:its|their|our|your) own\b/gi, 'a separate ...'],
  [/\bin the way\b(?! in which| of )/gi, 'prevents, occupies'],
  [/\b(?:is|are|was|were) to be\b/gi, 'name who does it'],
  [/\bto be had\b/gi, 'is available'],
  [/\bstands? (?:in|beside|before|behind|for|where|there|at)\b/gi, 'is in, means, replaces'],
  [/\btakes? the place of\b/gi, 'replaces'],
  [/\b(?:goes|go) on top of\b/gi, 'is merged over'],
  [/\b(?:is|are) gone\b/gi, 'does not exist, is lost'],
  [/\b(?:no|some)body\b/gi, 'name who or what does it'],
  [/\bshall\b(?! be included)/g, 'must, should'],
  [/\b(\w+) \1 \1\b/gi, 'one word'],
];

/** People read these; generated files, recorded output and the facts' patterns in kernel C are not ours to phrase. */
const READ = ['src', 'templates', 'native/core', 'native/cli', 'native/README.md', 'schemas', 'docs', '*.md'];
const NOT_PROSE = /\.gen\.|\.png$|^CHANGELOG\.md$|^docs\/zh-CN\/|^schemas\/examples\//;

/** One line: a turn may go over the end of a line of a comment. */
const joined = (text: string) => text.replace(/\s*\n[ \t]*(?:\*(?!\/)|\/\/|#)?[ \t]*/g, ' ');

function turns(text: string): string[] {
  const line = joined(text);
  return TURNS.flatMap(([turn, instead]) =>
    [...line.matchAll(turn)].map(
      ({ 0: words, index }) => `"${line.slice(Math.max(0, index - 40), index + words.length + 20)}": write ${instead}`,
    ),
  );
}

/** The table in CONTRIBUTING.md shows what not to write in its first column. */
const withoutBad = (text: string) => text.replaceAll(/^\| [^|]* (?=\|)/gm, '');

test('no message, comment, template or page has a turn that has to be read twice', () => {
  const { stdout } = execaSync('git', ['ls-files', '-z', ...READ]);
  const files = stdout.split('\0').filter((file) => file !== '' && !NOT_PROSE.test(file));
  expect(files.length).toBeGreaterThan(400);
  const found = files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return turns(file === 'CONTRIBUTING.md' ? withoutBad(text) : text).map((turn) => `${file}: ${turn}`);
  });
  expect(found).toEqual([]);
});

test('each turn is found, over the end of a line as well, and plain words are not', () => {
  const bad = [
    'the base is no multiple of 4 MiB',
    'conf drops it without\n   * a word',
    '// dropped in\n// silence',
    'X=y cannot be had',
    'held against the profile',
    'nobody asked for it',
    'and the tree says so',
    'it says nothing of RAM',
    'What there is nothing to judge by',
    'whoever opens it',
    'the first is taken for the default',
    'the place reads like an older kernel',
    'write the image as ever',
    'the node has a name of its own',
    'the initrd is in the way',
    'what a region is to be',
    'an image to be had elsewhere',
    'it stands in the configuration',
    'the link takes the place of the node',
    'the fragment goes on top of it',
    'the node is gone',
    'a module that nobody loads',
    'if the node shall be used',
    'the the the ranges',
  ];
  for (const text of bad) expect(turns(text), text).toHaveLength(1);
  for (const text of ['there is no heap', 'it is no longer there', 'the kernel has no CMA', 'assuming 128 MiB'])
    expect(turns(text), text).toEqual([]);
});
