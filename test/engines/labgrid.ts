/**
 * labgrid's pytest plugin runs the generated test in the generated environments: on a board that its QEMUDriver plays, and on
 * one that Debian's U-Boot boots. Every check is a case.
 */
import { copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';
import { buildStaticFor } from '../../src/build/native.js';
import { generate } from '../e2e/product.js';
import { loadBoards } from '../e2e/real-boards/board.js';
import { uBoot } from '../e2e/real-boards/emulator.js';
import { diskOptions, writeBootDisk } from '../e2e/real-boards/u-boot.js';
import { type BoardName, dtbOf, MEMORY_MIB, ramdiskOf } from './guest.js';
import { amongEngines } from './root.js';

/** What starts the board: a generated environment. */
export type Environment = 'qemu' | 'u-boot';

export interface PytestRun {
  readonly exitCode: number | undefined;
  /** Case -> passed, skipped or failed. */
  readonly cases: ReadonlyMap<string, string>;
  readonly output: string;
}

/** The files that qemu.yaml names. */
function placeImages(directory: string, place: string, board: BoardName): void {
  const files = { kernel: 'kernel', [dtbOf(board)]: 'board.dtb', [ramdiskOf(board)]: 'ramdisk.cpio' };
  for (const [from, to] of Object.entries(files)) copyFileSync(path.join(directory, from), path.join(place, to));
}

/** QEMU instead of the serial port and the power switch; the rest of u-boot.yaml stays as it is. */
async function placeUBoot(directory: string, place: string, board: BoardName): Promise<void> {
  const virt = (await loadBoards()).find((one) => one.name === 'virt');
  if (virt === undefined) throw new Error('boards.json has no virt');
  const file = (name: string) => path.join(directory, name);
  const disk = path.join(place, 'disk');
  const files = { image: file('kernel'), initrd: file(ramdiskOf(board)), dtb: file(dtbOf(board)) };
  await writeBootDisk(virt, { ...files, commandLine: 'console=ttyAMA0' }, {}, disk);
  copyFileSync(await uBoot('arm64'), path.join(place, 'u-boot.bin'));
  const environment = YAML.parse(readFileSync(path.join(place, 'u-boot.yaml'), 'utf8'));
  const { main } = environment.targets;
  delete main.resources;
  const { SerialDriver: _serial, ManualPowerDriver: _power, ...drivers } = main.drivers;
  main.drivers = {
    QEMUDriver: {
      qemu_bin: 'qemu',
      machine: virt.machine,
      cpu: virt.cpu,
      memory: `${MEMORY_MIB}M`,
      bios: 'u-boot',
      extra_args: `-net none ${diskOptions(`/work/${path.basename(place)}/disk`).join(' ')}`,
    },
    ...drivers,
  };
  environment.images['u-boot'] = 'u-boot.bin';
  environment.tools = { qemu: '/usr/bin/qemu-system-aarch64' };
  writeFileSync(path.join(place, 'u-boot.yaml'), YAML.stringify(environment));
}

/** @param isCopied labgrid has the program and the expectation for a board without them */
export async function labgridTest(
  directory: string,
  environment: Environment,
  board: BoardName,
  isCopied = false,
): Promise<PytestRun> {
  const name = `labgrid-${environment}-${board}${isCopied ? '-copied' : ''}`;
  const place = path.join(directory, name);
  await generate(path.join(directory, 'board.json'), ['--kernel', '6.12', '--target', 'fleet'], place);
  cpSync(path.join(place, 'fleet/labgrid'), place, { recursive: true });
  if (environment === 'qemu') placeImages(directory, place, board);
  else await placeUBoot(directory, place, board);
  if (isCopied) copyFileSync(await buildStaticFor('arm64'), path.join(place, 'dmaheap-verify'));
  const command = `exec pytest -p no:cacheprovider -rA --junitxml result.xml --lg-env ${environment}.yaml test_dmaheap.py`;
  const { exitCode, all } = await amongEngines(directory, `cd ${name}; ${command} >log 2>&1`);
  const output = all + readFileSync(path.join(place, 'log'), 'utf8');
  const xml = readFileSync(path.join(place, 'result.xml'), 'utf8');
  const cases = xml.matchAll(/<testcase [^>]*? name="([^"]+)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs);
  const resultOf = (body = '') => /<(skipped|failure|error)\b/.exec(body)?.[1] ?? 'passed';
  return { exitCode, cases: new Map([...cases].map(([, one = '', body]) => [one, resultOf(body)])), output };
}

/**
 * pytest's exit status, the case of the verifier itself, and the checks that failed.
 * @param board what its run must look like
 */
export function unlikeLabgrid(board: BoardName, { exitCode, cases, output }: PytestRun): string {
  const failed = [...cases].filter(([, result]) => result === 'failure' || result === 'error').map(([name]) => name);
  const checks = [...cases.keys()].filter((name) => name.startsWith('test_check['));
  const wanted = {
    healthy: { exitCode: 0, failed: [] },
    'no-overlay': {
      exitCode: 1,
      failed: [
        'test_verifier',
        'test_check[cma.total]',
        'test_check[area.size linux,cma]',
        'test_check[heap.node camera]',
      ],
    },
    'no-verifier': { exitCode: 1, failed: ['test_verifier'] },
    killed: { exitCode: 1, failed: ['test_verifier'] },
  }[board];
  const got = JSON.stringify({ exitCode, failed });
  if (got !== JSON.stringify(wanted))
    return `${got} instead of ${JSON.stringify(wanted)}\n${output.split('\n').slice(-8).join('\n')}`;
  const whole = board === 'healthy' || board === 'no-overlay';
  return whole && checks.length < 40 ? `only ${checks.length} checks are cases` : '';
}
