/** `dmaheap matrix` over fleets: 300 boards with DTBs on two kernels, and 3,000 cells written twice. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dtbDirectory } from '../../src/build/fetch/index.js';
import { interleaved, measure, rssOf, secondsOf } from './measure.js';
import type { Row } from './table.js';

const BOARDS = 300;
const KERNELS = ['6.1', '6.12'];
const TARGETS = ['buildroot', 'yocto', 'debian', 'mkosi', 'nixos'];
const program = path.resolve('dist/dmaheap.mjs');

/** A default area and the system heap on each board. */
async function makeFleet(work: string): Promise<void> {
  const directory = await dtbDirectory('arm64');
  const dtbs = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.dtb'));
  const boards = dtbs.sort().slice(0, BOARDS);
  for (const [i, dtb] of boards.entries()) {
    copyFileSync(path.join(directory, dtb), path.join(work, `${i}.dtb`));
    const profile = {
      version: 1,
      name: `board-${i}`,
      board: { arch: 'arm64', memory: [{ base: '0x4000_0000', size: '2G' }] },
      kernel: { version: { min: KERNELS[0], max: KERNELS[1] } },
      regions: { 'linux,cma': { size: '64M', default: true } },
      heaps: { camera: { region: 'linux,cma' }, system: { kind: 'system' } },
      access: { camera: { group: 'video' } },
    };
    writeFileSync(path.join(work, `${i}.json`), JSON.stringify(profile));
  }
  const fleet = (withDtb: boolean, targets: readonly string[]) =>
    JSON.stringify({
      boards: boards.map((_, i) => (withDtb ? { profile: `${i}.json`, dtb: `${i}.dtb` } : `${i}.json`)),
      kernels: KERNELS,
      targets,
    });
  writeFileSync(path.join(work, 'with-dtbs.json'), fleet(true, ['dt-overlay']));
  writeFileSync(path.join(work, 'cells.json'), fleet(false, TARGETS));
}

export async function bench(rounds: number): Promise<Row[]> {
  const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-bench-'));
  const matrix = (status: number | undefined, ...args: string[]) =>
    measure([process.execPath, program, 'matrix', ...args], { cwd: work, status });
  try {
    await makeFleet(work);
    let round = 0;
    const series = interleaved(rounds, {
      // Not every board has its RAM at the address that the profiles state.
      'with DTBs': () => matrix(undefined, 'with-dtbs.json'),
      // Each time elsewhere: where many files were just removed, ext4 looks ten times as long for a free inode.
      written: () => {
        round += 1;
        return matrix(0, 'cells.json', '-o', `out-${round}`);
      },
      again: () => matrix(0, 'cells.json', '-o', `out-${round}`),
      unpacked: () => {
        const archive = path.join(work, 'cells.tar');
        if (round === 1) measure(['tar', '-cf', archive, '-C', work, 'out-1']);
        mkdirSync(path.join(work, `unpacked-${round}`));
        return measure(['tar', '-xf', archive, '-C', path.join(work, `unpacked-${round}`)]);
      },
    });
    const row = (name: string, what: string): Row => ({
      what,
      unit: 's of CPU',
      ours: secondsOf(series, name),
      rssMiB: rssOf(series, name),
    });
    return [
      { ...row('with DTBs', `matrix, ${BOARDS} boards with DTBs, 2 kernels`), goal: 6 },
      { ...row('written', 'matrix, 3,000 cells, written'), goal: 6 },
      { what: 'the same files by tar -x', unit: 's of CPU', ours: secondsOf(series, 'unpacked') },
      {
        ...row('again', 'matrix, 3,000 cells, written again'),
        peer: { name: 'the first time', values: secondsOf(series, 'written') },
        goal: 0.25,
      },
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
