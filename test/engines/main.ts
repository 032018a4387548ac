/**
 * `npm run test:engines [-- --short] [NAME...]`: what is generated for test labs and CI runs on the engines themselves. A job
 * passes on the healthy board and on no other. --short: what CI runs.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Verdicts } from '../verdicts.js';
import { gitlabPipeline, unlikeWhole, workflowFindings } from './ci.js';
import { BOARDS, type BoardName, makeImages } from './guest.js';
import { labgridTest, unlikeLabgrid } from './labgrid.js';
import { lavaJob, unlikeLava } from './lava.js';
import { lavaFleet, type ServerRun } from './lava-server.js';
import { acceptsBroken, reportsOf, unlikeReport, unlikeShards } from './reports.js';

const words = process.argv.slice(2);
const isShort = words.includes('--short');
const wanted = words.filter((word) => word !== '--short');
const boards: readonly BoardName[] = isShort ? ['healthy', 'killed'] : BOARDS;
const isWanted = (name: string) => wanted.length === 0 || wanted.some((word) => name.includes(word));
const verdicts = new Verdicts();
const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-engines-'));

try {
  await makeImages(directory);
  if (isWanted('lava-run')) {
    for (const board of boards)
      await verdicts.judge(`lava-run, deploy qemu, ${board}`, async () =>
        unlikeLava(board, await lavaJob(directory, board, 'qemu')),
      );
    for (const board of boards)
      await verdicts.judge(`lava-run, deploy tftp, ${board}`, async () =>
        unlikeLava(board, await lavaJob(directory, board, 'tftp')),
      );
    if (!isShort)
      await verdicts.judge('lava-run, deploy tftp, a zImage for arm, healthy', async () => {
        const arm = path.join(directory, 'arm');
        mkdirSync(arm);
        await makeImages(arm, 'arm');
        return unlikeLava('healthy', await lavaJob(arm, 'healthy', 'tftp', 'arm'));
      });
    await verdicts.judge('lava-run, deploy flasher, healthy', async () =>
      unlikeLava('healthy', await lavaJob(directory, 'healthy', 'flasher')),
    );
    verdicts.skip(
      'lava-run, deploy fastboot and uuu',
      'QEMU models no board whose USB port a host program loads an image through; a board would decide it',
    );
  }
  if (isWanted('lava-server') && !isShort) {
    let run: ServerRun | undefined;
    await verdicts.judge('lava-server, two shards on two workers', async () => {
      run = await lavaFleet(directory);
      return run.boards.size === BOARDS.length && run.devices.size === 2
        ? ''
        : `jobs of ${[...run.boards.keys()]} on ${[...run.devices]}`;
    });
    for (const [board, job] of run?.boards ?? [])
      await verdicts.judge(`lava-server serves the results, ${board}`, async () => unlikeLava(board, job));
  }
  if (isWanted('labgrid')) {
    for (const board of boards)
      await verdicts.judge(`labgrid, qemu.yaml, ${board}`, async () =>
        unlikeLabgrid(board, await labgridTest(directory, 'qemu', board)),
      );
    if (!isShort)
      await verdicts.judge('labgrid, u-boot.yaml, no-overlay', async () =>
        unlikeLabgrid('no-overlay', await labgridTest(directory, 'u-boot', 'no-overlay')),
      );
    await verdicts.judge('labgrid, u-boot.yaml, no-verifier, the program is copied', async () =>
      unlikeLabgrid('healthy', await labgridTest(directory, 'u-boot', 'no-verifier', true)),
    );
  }
  if (isWanted('reports')) {
    for (const board of ['healthy', 'no-overlay'] as const)
      await verdicts.judge(`xmllint, junitparser and kunit_parser, ${board}`, async () =>
        unlikeReport(directory, board, await reportsOf(directory, board)),
      );
    await verdicts.judge('xmllint and junitparser refuse broken files', () => acceptsBroken(directory, 'healthy'));
  }
  if (isWanted('ci')) {
    const place = (name: string) => path.join(directory, name.replace(' ', '-'));
    await verdicts.judge('gitlab-ci-local, program in the repository, four shards', async () =>
      unlikeWhole(place('repository'), await gitlabPipeline(place('repository'), 'repository')),
    );
    await verdicts.judge('xmllint and junitparser, the shards and the whole', () => unlikeShards(place('repository')));
    await verdicts.judge('gitlab-ci-local, program of a release', async () =>
      unlikeWhole(place('release'), await gitlabPipeline(place('release'), 'release')),
    );
    await verdicts.judge('gitlab-ci-local, program with another checksum: refused', async () => {
      const { exitCode, output } = await gitlabPipeline(place('another release'), 'another release');
      return exitCode !== 0 && /dmaheap\.mjs: FAILED/.test(output) ? '' : `status ${exitCode}\n${output}`;
    });
    await verdicts.judge('actionlint', () => workflowFindings(place('repository')));
    verdicts.skip(
      "the workflow on GitHub's runner",
      'no package has it; its command lines are those of the pipeline above',
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
verdicts.close();
