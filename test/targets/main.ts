/**
 * `npm run test:targets [-- NAME...]`: what every target writes goes through the programs of the system it is for. A judge
 * that accepts a broken file fails, and so does one that has nothing to read.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TARGETS } from '../../src/render/index.js';
import { BOARDS } from '../render/examples.js';
import { Verdicts } from '../verdicts.js';
import { FILE_JUDGES, type FileJudge } from './languages.js';
import { PAGES, type Page, readPage, typePage } from './readme.js';
import { SYSTEM_JUDGES, type SystemJudge } from './systems.js';
import { filesOf, hostileFiles, type Tree, writeTrees } from './tree.js';

const wanted = process.argv.slice(2);
const isWanted = (name: string) => wanted.length === 0 || wanted.some((word) => name.includes(word));
const verdicts = new Verdicts();
const verdict = verdicts.judge.bind(verdicts);

async function judgeFiles(judge: FileJudge, trees: readonly Tree[], scratch: string): Promise<void> {
  const files = filesOf(trees, ...judge.languages).filter(judge.reads ?? (() => true));
  // The readers of the hostile suite are real programs for the other languages; Nix has one here only.
  if (judge.languages.includes('nix')) files.push(...hostileFiles(path.join(scratch, 'hostile'), 'nixos', 'nix'));
  await verdict(`${judge.name}: ${files.length} files`, async () =>
    files.length === 0 ? 'there is nothing to read' : judge.judge(files, scratch),
  );
  await verdict(`${judge.name}: refuses a broken file`, async () => {
    const file = path.join(scratch, judge.broken.name);
    writeFileSync(file, judge.broken.text);
    return (await judge.judge([file], scratch)) === '' ? 'it was accepted: this judge judges nothing' : '';
  });
}

async function judgeSystem({ target, name, trees: only, judge, spoil }: SystemJudge, trees: readonly Tree[]) {
  if (!TARGETS.some((known) => known.name === target)) throw new Error(`there is no target ${target}`);
  const judged =
    only === 'every example'
      ? writeTrees(scratchFor(`${target} trees`), BOARDS, [target])
      : trees.filter((tree) => only?.includes(tree.name) ?? true);
  for (const tree of judged) {
    const scratch = scratchFor(`${target} ${name} ${tree.name}`);
    await verdict(`${target}, ${tree.name}: ${name}`, () => judge(path.join(tree.directory, target), scratch, tree));
  }
  const [tree] = judged;
  if (tree === undefined) throw new Error(`${target}: no tree to judge`);
  await verdict(`${target}: refuses a spoilt ${spoil[0]}`, async () => {
    const scratch = scratchFor(`${target} ${name} spoilt`);
    const copy = path.join(scratch, 'spoilt');
    cpSync(path.join(tree.directory, target), copy, { recursive: true });
    const [file, from, to] = spoil;
    const text = readFileSync(path.join(copy, file), 'utf8');
    if (!text.includes(from)) return `${file} has no ${from} to spoil`;
    writeFileSync(path.join(copy, file), text.replaceAll(from, to));
    const objection = await judge(copy, scratchFor(`${target} ${name} spoilt scratch`), tree);
    return objection === '' ? 'it was accepted: this judge judges nothing' : '';
  });
}

async function judgePage(page: Page, trees: readonly Tree[]): Promise<void> {
  const tree = trees.find(({ name }) => name === (page.board ?? 'imx8mp-evk'));
  if (tree === undefined) throw new Error(`${page.target}: no tree`);
  const reading = readPage(page, tree);
  const all = reading.run.length + reading.notRun.length;
  await verdict(`README of ${page.target}, ${reading.run.length} of ${all} commands as typed`, () =>
    typePage(page, reading, tree, scratchFor(`readme ${page.target}`)),
  );
  for (const [command, reason] of reading.notRun) verdicts.skip(`${page.target}: ${command}`, reason);
}

const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-targets-'));
const scratchFor = (name: string) => {
  const scratch = path.join(directory, 'scratch', name.replace(/\W+/g, '-'));
  mkdirSync(scratch, { recursive: true });
  return scratch;
};
try {
  const trees = writeTrees(path.join(directory, 'trees'));
  for (const judge of FILE_JUDGES) if (isWanted(judge.name)) await judgeFiles(judge, trees, scratchFor(judge.name));
  for (const judge of SYSTEM_JUDGES) if (isWanted(judge.target)) await judgeSystem(judge, trees);
  for (const { name } of TARGETS)
    if (!PAGES.some(({ target }) => target === name))
      await verdict(`README of ${name}`, async () => 'no entry types its commands');
  for (const page of PAGES) if (isWanted(`readme ${page.target}`)) await judgePage(page, trees);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
verdicts.close();
