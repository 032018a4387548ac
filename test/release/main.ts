/**
 * `npm run test:release [-- --only TEXT] [--keep]`: the release as a stranger meets it. Two checkouts in different places
 * build the same bytes; the npm package runs from a directory that nobody may write; Debian 13 installs the package; the
 * verifiers run on booted kernels of their architectures. What is committed is tested.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { testDebianPackage, testLicences } from './debian.js';
import { gitlabJudge } from './gitlab.js';
import { testVerifiers } from './guests.js';
import { testNpmPackage } from './npm.js';
import { buildReleases, type Release, testFiles } from './reproduce.js';

const { values } = parseArgs({
  options: { only: { type: 'string' }, keep: { type: 'boolean', default: false } },
});

type Test = readonly [name: string, run: () => void | Promise<void>];

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-test-release-'));
let release: Release | undefined;
const built = (): Release => {
  if (release === undefined) throw new Error('the release was not built');
  return release;
};

const TESTS: readonly Test[] = [
  ['GitLab: the pipelines are as its schema says', () => gitlabJudge(work)],
  ['REUSE: every file has its licence', () => testLicences(work)],
  [
    'two checkouts make the same bytes',
    async () => {
      release = await buildReleases(work);
    },
  ],
  ['the files of the release', () => testFiles(built())],
  ['npm: the package in an empty directory that nobody may write', () => testNpmPackage(built(), work)],
  ['Debian 13: dpkg -i', () => testDebianPackage(built(), work)],
  ['guests: the verifiers on four architectures', () => testVerifiers(built())],
];

let passed = 0;
let failed = 0;
for (const [name, run] of TESTS) {
  // All but the first need what the second builds.
  if (values.only !== undefined && !name.includes(values.only) && !name.startsWith('two checkouts')) continue;
  const start = performance.now();
  try {
    await run();
    passed += 1;
    console.log(`ok  ${name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  } catch (error) {
    failed += 1;
    console.log(`not ok  ${name}\n${error instanceof Error ? (error.stack ?? error.message) : error}`);
  }
}
if (values.keep) console.log(work);
else rmSync(work, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 ? 1 : 0;
