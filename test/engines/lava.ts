/** lava-run, the program that runs a job on a LAVA worker, with the generated job and a device that QEMU plays. */
import { copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';
import { debianPackage } from '../../src/build/fetch/index.js';
import { type Machine, machineFor } from '../e2e/machine.js';
import { generate } from '../e2e/product.js';
import { uBoot } from '../e2e/real-boards/emulator.js';
import { type BoardArch, type BoardName, dtbOf, MEMORY_MIB, PROMPT, ramdiskOf } from './guest.js';
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

/** The power switch of the board, which stands still until the first reset: QEMU's monitor. */
const POWER = `import socket, sys, time
monitor = socket.socket(socket.AF_UNIX)
while monitor.connect_ex("/tmp/monitor") != 0:
    time.sleep(0.1)
monitor.sendall("".join(f"{command}\\n" for command in sys.argv[1:]).encode())
monitor.shutdown(socket.SHUT_WR)
monitor.makefile().read()
`;

/** Of the boards that U-Boot boots: its command for the kernel, and where the job's files lie in RAM. */
const U_BOOT = {
  arm64: {
    command: 'booti',
    kernel: '0x40400000',
    dtb: '0x47c00000',
    ramdisk: '0x48000000',
    high: '0xffffffffffffffff',
  },
  arm: { command: 'bootz', kernel: '0x42000000', dtb: '0x44000000', ramdisk: '0x45000000', high: '0xffffffff' },
} as const;

/**
 * The device dictionary of a lab: the type is LAVA's own for boards with U-Boot. QEMU is the board with U-Boot in its flash,
 * and its user network the TFTP server of the worker.
 */
function uBootDevice({ arch, qemu }: Machine): string {
  const { command, kernel, dtb, ramdisk, high } = U_BOOT[arch as BoardArch];
  // With ACPI, QEMU with a firmware has another DTB than the one that the overlay is merged into.
  const connection = [
    ...[qemu.program, `-machine ${qemu.machine},acpi=off -cpu ${qemu.cpu} -m ${MEMORY_MIB} -nographic -S`],
    ...['-monitor unix:/tmp/monitor,server=on,wait=off', `-bios /work/u-boot-${arch}.bin`],
    ...['-netdev user,id=net,tftp=/srv/tftp', '-device virtio-net-device,netdev=net'],
  ].join(' ');
  const settings = {
    console_device: 'ttyAMA0',
    uboot_mkimage_arch: arch,
    [`${command}_kernel_addr`]: kernel,
    [`${command}_dtb_addr`]: dtb,
    [`${command}_ramdisk_addr`]: ramdisk,
    uboot_initrd_high: high,
    uboot_fdt_high: high,
    connection_command: connection,
    hard_reset_command: 'python3 /work/power.py system_reset cont',
    power_off_command: 'python3 /work/power.py quit',
  };
  const lines = Object.entries(settings).map(([name, value]) => `{% set ${name} = '${value}' %}\n`);
  return `{% extends 'base-uboot.jinja2' %}\n${lines.join('')}`;
}

/** What a server does before it gives a device to its worker. */
const RENDER = `import jinja2, sys
places = jinja2.FileSystemLoader([".", "device-types"])
print(jinja2.Environment(loader=places, trim_blocks=True).get_template(sys.argv[1]).render())
`;

/** Places what the board with U-Boot is made of; the script makes NAME.yaml. */
async function placeUBoot(directory: string, name: string, arch: BoardArch): Promise<string> {
  const file = (base: string) => path.join(directory, base);
  const server = await debianPackage('bookworm', 'amd64', ['lava-server']);
  cpSync(path.join(server, 'usr/share/lava-server/device-types'), file('device-types'), { recursive: true });
  copyFileSync(await uBoot(arch), file(`u-boot-${arch}.bin`));
  writeFileSync(file('power.py'), POWER);
  writeFileSync(file('render.py'), RENDER);
  writeFileSync(file(`${name}.jinja2`), uBootDevice(await machineFor(arch)));
  return `python3 render.py ${name}.jinja2 >${name}.yaml
mkdir -p /srv/tftp
echo 'TFTP_DIRECTORY="/srv/tftp"' >/etc/default/tftpd-hpa`;
}

/** How the job brings the image to the board, which the profile's option `deploy` names. */
export type Deploy = 'qemu' | 'flasher' | 'tftp';

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
# The worker, as a board in QEMU's user network sees it.
echo dispatcher_ip: 10.0.2.2 >/tmp/dispatcher.yaml
exec lava-run --job-id 1 --dispatcher /tmp/dispatcher.yaml --output-dir /tmp/out`;

/** @param directory of the images, which are for boards of the architecture */
export async function lavaJob(
  directory: string,
  board: BoardName,
  deploy: Deploy,
  arch: BoardArch = 'arm64',
): Promise<LavaRun> {
  const name = `lava-${deploy}-${board}`;
  const url = (file: string) => `file:///work/${file}`;
  const images =
    deploy !== 'flasher' ? { kernel: url('kernel'), dtb: url(dtbOf(board)) } : { imageFormat: 'cpio.newc' as const };
  const fleet = { deviceType: name, deploy, prompt: PROMPT, image: url(ramdiskOf(board)), ...images };
  const profile = path.join(directory, `${name}.json`);
  writeFileSync(profile, JSON.stringify({ version: 1, name, extends: ['board.json'], targets: { fleet } }));
  await generate(profile, ['--kernel', '6.12', '--target', 'fleet'], path.join(directory, name));
  let prepare = '';
  if (deploy === 'tftp') prepare = await placeUBoot(directory, name, arch);
  else
    writeFileSync(
      path.join(directory, `${name}.yaml`),
      YAML.stringify(deploy === 'qemu' ? asQemu() : asFlasher(board)),
    );
  const script = `${prepare}\n${RUN} --device ${name}.yaml ${name}/fleet/lava-job.yaml >${name}.log 2>&1`;
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
