/**
 * What every target makes of every example board, to be reviewed as a diff. `npx vitest run -u` rewrites the trees; CI
 * writes nothing and fails where one is missing.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { render, TARGETS } from '../../src/render/index.js';
import { FIRST_TARGETS } from '../../src/plan/index.js';
import { languageOf } from '../hostile/readers.js';
import { BOARDS, examplePlan } from '../render/examples.js';

const GOLDEN = fileURLToPath(new URL('.', import.meta.url));
const context = { version: '0.0.0', targets: TARGETS.map((target) => target.name) };
/** Boards that keep a tree of every target: the others keep the first set, which is where boards differ most. */
const KEPT = ['imx8mp-evk', 'qemu-x86_64', 'rockpro64', 'rpi-4-b'];

test.each(BOARDS)('%s', async (board) => {
  const targets = KEPT.includes(board) ? context.targets : FIRST_TARGETS;
  const { value, diagnostics } = render(examplePlan(board).plan, { ...context, targets });
  expect(diagnostics).toEqual([]);
  // What is only copied, the verifier's sources, has its own home.
  const artifacts = (value ?? []).filter((artifact) => languageOf(artifact.path) !== undefined);
  for (const artifact of artifacts)
    await expect(artifact.text).toMatchFileSnapshot(path.join(GOLDEN, board, artifact.path));
  const known = new Set<string>(artifacts.map((artifact) => artifact.path));
  expect(filesOf(path.join(GOLDEN, board)).filter((file) => !known.has(file))).toEqual([]);
});

test('every golden tree has its board', () => {
  const trees = readdirSync(GOLDEN, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(trees.map((entry) => entry.name).filter((name) => !BOARDS.includes(name))).toEqual([]);
});

function filesOf(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)));
}
