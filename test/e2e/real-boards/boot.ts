/**
 * Boots a board and compares it with two predictions: one made before the boot from what a person at that board knows,
 * and one made after it, with the log of the boot.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheRoot, type DebianKernel, debianKernel } from '../../../src/build/fetch/index.js';
import { buildStaticFor } from '../../../src/build/native.js';
import type { Prediction } from '../../../src/placement/index.js';
import { compare, type FieldResult } from '../compare.js';
import { initramfs } from '../guest.js';
import { bootOrKept, type KeptResult } from '../kept.js';
import { machineFor } from '../machine.js';
import { type Observation, type ObservedArea, observe } from '../observe.js';
import { pageSizeOf } from '../predict.js';
import { dmaheapAnswer } from '../product.js';
import type { GuestWithInputs } from '../qemu.js';
import type { BoardRun } from './board.js';
import { type Emulator, efiFirmware, efiOptions, emulator, uBoot } from './emulator.js';
import { boardTree, withOverlay } from './tree.js';
import { type BootFiles, diskOptions, writeBootDisk } from './u-boot.js';

export interface BoardResult {
  readonly run: BoardRun;
  readonly before: readonly FieldResult[];
  readonly after: readonly FieldResult[];
  readonly ending: Observation['ending'] | 'not booted';
  readonly seconds: number;
  /** The log is that of an earlier boot with the same inputs. */
  readonly isKept: boolean;
  /** Boots the same guest by hand. */
  readonly command: string;
}

const DEBIAN = { arm64: 'arm64', arm: 'armhf', riscv64: 'riscv64' } as const;

/** A board that cannot be asked, for example because no overlay is generated for it, is wrong as a whole. */
export const runBoard = (run: BoardRun, bootAgain: boolean): Promise<BoardResult> =>
  bootAndCompare(run, bootAgain).catch((error: Error) => {
    const failure: FieldResult = { field: 'lab', status: 'wrong', predicted: 'a boot', observed: error.message };
    return { run, before: [failure], after: [], ending: 'not booted', seconds: 0, isKept: false, command: 'none' };
  });

async function bootAndCompare(run: BoardRun, bootAgain: boolean): Promise<BoardResult> {
  const prepared = await prepareBoard(run);
  let result = await bootOrKept(prepared.guest, bootAgain);
  // A silent emulator says nothing about the kernel, so it is started once more.
  if (result.ending === 'hung') result = await bootOrKept(prepared.guest, bootAgain);
  await writeFile(path.join(prepared.directory, 'console.txt'), result.console);
  return judgeBoard(run, prepared, result);
}

/** A board ready to start, and what the program is asked about it. */
export interface PreparedBoard {
  readonly guest: GuestWithInputs;
  readonly directory: string;
  readonly config: string;
  /** Arguments of `dmaheap place` that hold before and after the boot. */
  readonly asked: readonly string[];
  /** Those that only hold before it. */
  readonly stated: readonly string[];
}

export async function prepareBoard(run: BoardRun): Promise<PreparedBoard> {
  const { board } = run;
  const kernel = await debianKernel(DEBIAN[board.arch], run.kernel);
  const directory = path.join(cacheRoot(), 'boards', run.id);
  await mkdir(directory, { recursive: true });
  const qemu = await emulator(board.arch);
  const own = await boardTree(board, kernel.dtbs, qemu, machineOptions(run));
  const version = /^\d+\.\d+/.exec(kernel.uname)?.[0] ?? '';
  const dtb = run.variant === 'overlay' ? await withOverlay(board, own, version, directory) : own;
  const commandLine = commandLineOf(run);
  return {
    guest: await guestFor(run, qemu, kernel, dtb, commandLine, directory),
    directory,
    config: kernel.config,
    asked: ['--dtb', dtb, '--kernel', version, '--arch', board.arch, '--config', kernel.config],
    stated: ['--cmdline', commandLine, ...board.banks.flatMap((bank) => ['--memory', bank])],
  };
}

/** Compares what the board showed with what is predicted without and with the log of that boot. */
export async function judgeBoard(run: BoardRun, prepared: PreparedBoard, result: KeptResult): Promise<BoardResult> {
  const { guest, directory, config, asked, stated } = prepared;
  const seen = observe(result, pageSizeOf(await readFile(config, 'utf8')));
  const { flaws } = run.board;
  const observation = {
    ...seen,
    areas: seen.areas ?? loggedAreas(seen.log),
    damage: seen.damage.filter((line) => flaws === undefined || !new RegExp(flaws).test(line)),
  };
  const log = path.join(directory, 'boot.log');
  await writeFile(log, observation.log);
  const before = await predictionOf([...asked, ...stated]);
  const after = await predictionOf([...asked, '--boot-log', log]);
  return {
    run,
    before: compare(before, observation, [], false),
    after: [
      ...compare(after, observation, [], false),
      ...after.complaints.map((line): FieldResult => {
        return { field: 'log', status: 'wrong', predicted: line, observed: 'the log of this boot' };
      }),
    ],
    ending: observation.ending,
    seconds: result.seconds,
    isKept: result.isKept,
    command: guest.command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(' '),
  };
}

const machineOptions = ({ board }: BoardRun): readonly string[] => [
  ...['-M', board.machine],
  ...(board.cpu === undefined ? [] : ['-cpu', board.cpu]),
  ...(board.processors === undefined ? [] : ['-smp', `${board.processors}`]),
  ...['-m', `${board.memoryMiB}M`],
  ...(board.options ?? []),
];

function commandLineOf({ board, variant }: BoardRun): string {
  const [size = ''] = Object.values(board.regions);
  // One processor is enough to place memory, and some models make no progress with more. On a busy machine, a slow guest is not a lockup.
  return `console=${board.console} panic=-1 maxcpus=1 nosoftlockup${variant === 'parameter' ? ` cma=${size}` : ''}`;
}

async function guestFor(
  run: BoardRun,
  qemu: Emulator,
  { image }: DebianKernel,
  dtb: string,
  commandLine: string,
  directory: string,
): Promise<GuestWithInputs> {
  const { board } = run;
  const machine = await machineFor(board.arch);
  const initrd = await initramfs(machine, { files: { 'bin/dmaheap-verify': await buildStaticFor(board.arch) } });
  const start = await startOf(run, { image, initrd, dtb, commandLine }, directory);
  return {
    command: [
      ...qemu.command,
      ...machineOptions(run),
      ...['-accel', 'tcg,thread=single', '-display', 'none', '-monitor', 'none', '-no-reboot', '-net', 'none'],
      ...Array.from({ length: board.serial ?? 0 }, () => ['-serial', 'null']).flat(),
      ...['-serial', 'stdio'],
      ...start.options,
    ],
    environment: qemu.environment,
    inputs: [...qemu.inputs, ...start.inputs],
    silenceSeconds: 60,
    spinningSeconds: 30,
  };
}

/** What starts the kernel: the options of QEMU, and the files that they name. */
async function startOf(
  { board, loader }: BoardRun,
  files: BootFiles,
  directory: string,
): Promise<{ readonly options: readonly string[]; readonly inputs: readonly string[] }> {
  const { image, initrd, dtb, commandLine } = files;
  const direct = ['-kernel', image, '-initrd', initrd, '-append', commandLine, '-dtb', dtb];
  if (loader === 'qemu') return { options: direct, inputs: [image, initrd, dtb] };
  if (loader === 'efi') {
    const firmware = await efiFirmware(board.arch);
    return { options: [...efiOptions(board.arch, firmware), ...direct], inputs: [firmware, image, initrd, dtb] };
  }
  const program = await uBoot(board.arch);
  const disk = path.join(directory, 'disk');
  await writeBootDisk(board, files, loader === 'u-boot' ? {} : loader, disk);
  return {
    options: [board.arch === 'riscv64' ? '-kernel' : '-bios', program, ...diskOptions(disk)],
    inputs: [program, disk],
  };
}

interface Answer extends Prediction {
  /** What the program found in the log itself. */
  readonly complaints: readonly string[];
}

/** What `dmaheap place` prints, as the comparison reads it. */
async function predictionOf(args: readonly string[]): Promise<Answer> {
  const { stdout, stderr } = await dmaheapAnswer('place', ...args, '--format', 'json');
  const prediction = JSON.parse(stdout);
  const number = (value: string | number | null) => (value === null ? null : BigInt(value));
  return {
    ...prediction,
    complaints: stderr.split('\n').filter((line) => line.includes('[boot-log/')),
    cmaTotalBytes: number(prediction.cmaTotalBytes),
    areas: prediction.areas.map((area: Record<string, string | number | null>) => ({
      ...area,
      baseAddress: number(area.baseAddress ?? null),
      likelyBaseAddress: number(area.likelyBaseAddress ?? null),
      sizeBytes: number(area.sizeBytes ?? 0),
    })),
  };
}

/** Debian's kernels have no debugfs of CMA: what the log says of the areas counts. */
export function loggedAreas(log: string): readonly ObservedArea[] {
  const areas: ObservedArea[] = [];
  const lost = new Set([...log.matchAll(/CMA area (.+?) could not be activated/g)].map(([, name]) => name));
  let pool: Omit<ObservedArea, 'name'> | undefined;
  for (const line of log.split('\n')) {
    const made = /created CMA memory pool at 0x([0-9a-f]+), size (\d+) MiB/.exec(line);
    if (made) pool = { baseAddress: BigInt(`0x${made[1]}`), sizeBytes: BigInt(made[2] ?? 0) << 20n };
    const name = /reserved mem: initialized node (\S+), compatible id shared-dma-pool/.exec(line)?.[1];
    if (name !== undefined && pool) {
      areas.push({ name, ...pool });
      pool = undefined;
    }
    const reserved = /cma: Reserved (\d+) MiB at 0x([0-9a-f]+)/.exec(line);
    if (reserved)
      areas.push({
        name: 'reserved',
        baseAddress: BigInt(`0x${reserved[2]}`),
        sizeBytes: BigInt(reserved[1] ?? 0) << 20n,
      });
  }
  return areas.map((area) => (lost.has(area.name) ? { ...area, baseAddress: null, sizeBytes: 0n } : area));
}
