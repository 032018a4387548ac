/**
 * What the targets write, to be reviewed as a diff. One board has its whole tree here; BOARD.diff says where the output
 * for another board differs from that tree. `npx vitest run -u` rewrites the files; CI writes nothing and fails where
 * one is missing.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { structuredPatch } from 'diff';
import { expect, test } from 'vitest';
import { render, TARGETS } from '../../src/render/index.js';
import { languageOf } from '../hostile/readers.js';
import { BOARDS, examplePlan } from '../render/examples.js';

const GOLDEN = fileURLToPath(new URL('.', import.meta.url));
/** The board with a whole tree: it has regions, access rules, budgets and an overlay. */
const WHOLE = 'imx8mp-evk';

/** Path -> text of every artifact of a board. The hash of the board's profile, which most files state, is a word. */
type Tree = ReadonlyMap<string, string>;

function treeOf(board: string): Tree {
  const { plan } = examplePlan(board);
  const { value, diagnostics } = render(plan, { version: '0.0.0', targets: TARGETS.map((target) => target.name) });
  expect(diagnostics).toEqual([]);
  // The verifier's sources are only copied: they are in native/.
  const artifacts = (value ?? []).filter((artifact) => languageOf(artifact.path) !== undefined);
  return new Map(
    artifacts.map(({ path: name, text }) => [name, text.replaceAll(plan.profile.sha256, 'PROFILE')]),
  );
}

/** Names by what they share, in the order in which the first of them came. */
function grouped(entries: Iterable<readonly [name: string, shared: string]>): [shared: string, names: string[]][] {
  const groups = new Map<string, string[]>();
  for (const [name, shared] of entries) groups.set(shared, [...(groups.get(shared) ?? []), name]);
  return [...groups];
}

/**
 * The lines that differ. Added lines have one line of context, replaced and removed ones none, and there are no line
 * numbers: an edit of a template changes few of these files.
 */
function differences(from: string, to: string): string {
  const { hunks } = structuredPatch('', '', from, to, '', '', { context: 1 });
  const shown = hunks.map(({ lines }) =>
    lines.some((line) => line.startsWith('-')) ? lines.filter((line) => !line.startsWith(' ')) : lines,
  );
  return shown.map((lines) => `@@\n${lines.join('\n')}\n`).join('');
}

const whole = treeOf(WHOLE);

test(`${WHOLE}: the whole tree, each text once`, async () => {
  const texts = grouped(whole);
  for (const [text, [first = '']] of texts)
    await expect(text).toMatchFileSnapshot(path.join(GOLDEN, WHOLE, first));
  const copies = texts.flatMap(([, [first, ...others]]) => others.map((other) => `${other} = ${first}\n`));
  await expect(copies.join('')).toMatchFileSnapshot(path.join(GOLDEN, `${WHOLE}.copies`));
  const known = new Set(texts.map(([, [first]]) => first));
  expect(filesOf(path.join(GOLDEN, WHOLE)).filter((file) => !known.has(file))).toEqual([]);
});

test.each(BOARDS.filter((board) => board !== WHOLE))(`%s: where it differs from ${WHOLE}`, async (board) => {
  const tree = treeOf(board);
  const shared = [...tree].filter(([name]) => whole.has(name));
  const changed = grouped(shared.map(([name, text]) => [name, differences(whole.get(name) ?? '', text)]));
  const added = grouped([...tree].filter(([name]) => !whole.has(name)));
  const missing = [...whole.keys()].filter((name) => !tree.has(name));
  const sections = [
    ...missing.map((name) => `--- ${name}\n`),
    ...added.map(([text, names]) => [...names.map((name) => `+++ ${name}\n`), text.replace(/^/gm, '+')].join('')),
    ...changed
      .filter(([hunks]) => hunks !== '')
      .map(([hunks, names]) => [...names.map((name) => `*** ${name}\n`), hunks].join('')),
  ];
  await expect(sections.join('\n')).toMatchFileSnapshot(path.join(GOLDEN, `${board}.diff`));
});

test('every golden file has its board', () => {
  const expected = BOARDS.flatMap((board) => (board === WHOLE ? [board, `${board}.copies`] : [`${board}.diff`]));
  expect(readdirSync(GOLDEN).filter((name) => !expected.includes(name))).toEqual(['golden.test.ts']);
});

test('a line that a board adds, loses or moves shows in its difference', () => {
  const text = 'a\nb\nc\nd\ne\n';
  expect(differences(text, text)).toBe('');
  expect(differences(text, 'a\nb\nx\nd\ne\n')).toBe('@@\n-c\n+x\n');
  expect(differences(text, 'a\nb\nc\nx\nd\ne\n')).toBe('@@\n c\n+x\n d\n');
  for (const other of ['a\nb\nd\ne\n', 'b\na\nc\nd\ne\n', 'a\nb\nc\nd\ne', `${text}a\n`])
    expect(differences(text, other)).not.toBe('');
});

function filesOf(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)));
}
