/** lava-run, the program that runs a job on a LAVA worker, with the generated job and a device that QEMU plays. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';
import { generate } from '../e2e/product.js';
import { type BoardName, dtbOf, MEMORY_MIB, PROMPT, ramdiskOf } from './guest.js';
import { amongEngines } from './root.js';

const QEMU = ['-machine virt,gic-version=2', '-cpu cortex-a53', `-m ${MEMORY_MIB}`, '-nographic', '-net none'];

/** What a server makes of its device types for its workers; constants are those of LAVA's base type. */
const CONSTANTS = {
  failure_retry: 1,
  boot_retry: 1,
  spawn_maxread: '4092',
  posix: {
    lava_test_results_dir: '/lava-%s',
    lava_test_sh_cmd: '/bin/sh',
    lava_test_shell_file: '~/.bashrc',
  },
  'default-shell-prompt': 'lava-test: # ',
  'kernel-start-message': 'Linux version [0-9]',
};
const TIMEOUTS = { actions: {}, connections: {} };

const asQemu = () => ({
  available_architectures: ['arm64'],
  constants: CONSTANTS,
  actions: {
    deploy: { methods: { tmpfs: null, image: { parameters: { guest: { size: 512 } } } } },
    boot: { methods: { qemu: { parameters: { command: 'qemu-system-aarch64', options: QEMU, extra: [] } } } },
  },
  timeouts: TIMEOUTS,
});

/** A board whose flash is a file, and whose console is there from the power-on on. */
const asFlasher = (board: BoardName) => ({
  constants: CONSTANTS,
  commands: {
    connect: `qemu-system-aarch64 ${QEMU.join(' ')} -kernel /work/kernel -dtb /work/${dtbOf(board)} -initrd /tmp/flash -append console=ttyAMA0`,
    hard_reset: 'true',
    power_off: 'true',
  },
  actions: {
    deploy: { methods: { flasher: { commands: ['cp {IMAGE} /tmp/flash'] } } },
    boot: { methods: { minimal: null }, connections: { serial: null } },
  },
  timeouts: TIMEOUTS,
});

/** How the job brings the image to the board, which the profile's option `deploy` names. */
export type Deploy = 'qemu' | 'flasher';

export interface LavaRun {
  /** Of lava-run: whether the job could be run. */
  readonly exitCode: number | undefined;
  /** Of the generated test definition: case -> result. */
  readonly cases: ReadonlyMap<string, string>;
  readonly log: string;
}

// LAVA names the emulator after its own name of the architecture where it finds no package of it.
const RUN = `mkdir -p /var/lib/lava/dispatcher/tmp
ln -s qemu-system-aarch64 /usr/bin/qemu-system-arm64
echo dispatcher_ip: 127.0.0.1 >/tmp/dispatcher.yaml
exec lava-run --job-id 1 --dispatcher /tmp/dispatcher.yaml --output-dir /tmp/out`;

/** @param directory of the images */
export async function lavaJob(directory: string, board: BoardName, deploy: Deploy): Promise<LavaRun> {
  const name = `lava-${deploy}-${board}`;
  const url = (file: string) => `file:///work/${file}`;
  const images =
    deploy === 'qemu' ? { kernel: url('kernel'), dtb: url(dtbOf(board)) } : { imageFormat: 'cpio.newc' as const };
  const fleet = { deviceType: name, deploy, prompt: PROMPT, image: url(ramdiskOf(board)), ...images };
  const profile = path.join(directory, `${name}.json`);
  writeFileSync(profile, JSON.stringify({ version: 1, name, extends: ['board.json'], targets: { fleet } }));
  await generate(profile, ['--kernel', '6.12', '--target', 'fleet'], path.join(directory, name));
  const device = deploy === 'qemu' ? asQemu() : asFlasher(board);
  writeFileSync(path.join(directory, `${name}.yaml`), YAML.stringify(device));
  const script = `${RUN} --device ${name}.yaml ${name}/fleet/lava-job.yaml >${name}.log 2>&1`;
  const { exitCode, all } = await amongEngines(directory, script);
  const log = all + readFileSync(path.join(directory, `${name}.log`), 'utf8');
  const results = log.matchAll(/"case": "([^"]+)", "definition": "0_dmaheap".*?"result": "(\w+)"/g);
  return { exitCode, cases: new Map([...results].map(([, one = '', result = '']) => [one, result])), log };
}

const ENDS = ['dmaheap-verify-present', 'dmaheap-verify', 'dmaheap-verify-complete'];

/** What the cases must be; a case that is missing has not passed. */
export function unlikeLava(board: BoardName, { exitCode, cases, log }: LavaRun): string {
  const ends = ENDS.map((name) => cases.get(name) ?? 'none').join(' ');
  const failed = [...cases].filter(([name, result]) => result === 'fail' && !ENDS.includes(name)).map(([name]) => name);
  const wanted = {
    healthy: { ends: 'pass pass pass', failed: [] },
    'no-overlay': { ends: 'pass fail pass', failed: ['cma.total', 'area.size.linux_cma', 'heap.node.camera'] },
    'no-verifier': { ends: 'fail none fail', failed: [] },
    killed: { ends: 'pass fail fail', failed: [] },
  }[board];
  if (exitCode !== 0) return `lava-run: status ${exitCode}\n${log.split('\n').slice(-6).join('\n')}`;
  const got = JSON.stringify({ ends, failed });
  if (got !== JSON.stringify(wanted)) return `${got} instead of ${JSON.stringify(wanted)}`;
  return board === 'healthy' && cases.size < 40 ? `only ${cases.size} cases` : '';
}
