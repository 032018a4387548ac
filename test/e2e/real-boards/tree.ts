/** The device tree that a board boots with: the board's own, with what its boot loader adds, and a generated overlay. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { cacheRoot, filledOnce, shortHash } from '../../../src/build/fetch/index.js';
import { applyOverlays } from '../overlay.js';
import { generate } from '../product.js';
import type { Board } from './board.js';
import type { Emulator } from './emulator.js';

/** @param dtbs the directory of the kernel's device trees */
export async function boardTree(
  board: Board,
  dtbs: string,
  qemu: Emulator,
  machine: readonly string[],
): Promise<string> {
  const added = [
    ...(board.missing ?? []).map((node) => `&{${node}} { status = "disabled"; };`),
    ...(board.tree ?? []),
  ].join('\n');
  const from = board.dtb === undefined ? machine.join(' ') : path.join(dtbs, board.dtb);
  const key = shortHash(from, added, qemu.command.join(' '));
  const directory = await filledOnce(path.join(cacheRoot(), 'board-tree', `${board.name}-${key}`), async (work) => {
    const tree = path.join(work, 'board.dtb');
    const own = board.dtb === undefined ? await ownTree(qemu, machine, work) : path.join(dtbs, board.dtb);
    const { stdout } = await execa('dtc', ['-q', '-I', 'dtb', '-O', 'dts', own]);
    await execa('dtc', ['-q', '-I', 'dts', '-O', 'dtb', '-o', tree], { input: `${stdout}\n${added}\n` });
  });
  return path.join(directory, 'board.dtb');
}

/** The tree that QEMU makes. */
async function ownTree({ command, environment }: Emulator, machine: readonly string[], work: string): Promise<string> {
  const dumped = path.join(work, 'dumped.dtb');
  const [option = '', name = '', ...rest] = machine;
  await execa(command[0] ?? '', [...command.slice(1), option, `${name},dumpdtb=${dumped}`, ...rest, '-nographic'], {
    env: environment,
    stdin: 'ignore',
  });
  return dumped;
}

/** What `dmaheap generate` writes for the board, merged by fdtoverlay. */
export async function withOverlay(board: Board, tree: string, version: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const profile = path.join(directory, 'profile.json');
  const [first] = Object.keys(board.regions);
  await writeFile(
    profile,
    JSON.stringify({
      version: 1,
      name: board.name,
      board: {
        title: board.name,
        arch: board.arch,
        bootLoader: 'other',
        memory: board.banks.map((bank) => {
          const [base, size] = bank.split('+');
          return { base, size };
        }),
      },
      kernel: { version },
      regions: Object.fromEntries(
        Object.entries(board.regions).map(([name, size]) => [
          name,
          { size, ...(name === first ? { default: true } : {}) },
        ]),
      ),
    }),
  );
  const generated = path.join(directory, 'generated');
  await rm(generated, { recursive: true, force: true });
  await generate(profile, ['--kernel', version, '--dtb', tree], generated);
  const source = await readFile(path.join(generated, 'dt-overlay/dmaheap.dtso'), 'utf8');
  return applyOverlays(tree, [source], directory);
}
