/**
 * An image that Buildroot builds from the generated external tree, by the commands of its page: BusyBox init with mdev or eudev, a
 * kernel with the generated fragment, the overlay and the verifier. The tree is one that the user has put into the cache.
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { cacheRoot, filledOnce, shortHash, withLock } from '../../src/build/fetch/index.js';
import { newcArchive } from '../e2e/cpio.js';
import { bootConfig, kernelRecipe } from '../e2e/kernel.js';
import { type Machine, machineFor } from '../e2e/machine.js';
import { dmaheapAnswer, generate } from '../e2e/product.js';
import { baseDtb, runGuest } from '../e2e/qemu.js';
import { commandsOf } from '../targets/readme.js';
import { type Architecture, type Fault, MEMORY_MIB, profileText } from './boards.js';
import {
  buildrootTree,
  checkPackage,
  debianToolchain,
  KERNEL_VERSION,
  overrides,
  programsFor,
  STOOD_IN_FOR,
  type Toolchain,
} from './buildroot-host.js';
import { seenOn, unlikeSeen } from './seen.js';

type BuildrootArchitecture = Exclude<Architecture, 'amd64'>;
/** What reads the rules for the nodes. */
type Manager = 'mdev' | 'eudev';

interface System {
  readonly machine: Machine['arch'];
  readonly tuple: string;
  /** Lines of the board's defconfig that name the processor. */
  readonly processor: readonly string[];
  readonly image: string;
  /** Buildroot also builds the board's devicetree, and installs it and the kernel in /boot. */
  readonly hasTree?: true;
}

const SYSTEMS: Readonly<Record<BuildrootArchitecture, System>> = {
  arm64: { machine: 'arm64', tuple: 'aarch64-linux-gnu', processor: ['BR2_aarch64=y'], image: 'Image' },
  armhf: {
    machine: 'arm',
    tuple: 'arm-linux-gnueabihf',
    processor: ['BR2_arm=y', 'BR2_cortex_a15=y', 'BR2_ARM_EABIHF=y'],
    image: 'zImage',
    hasTree: true,
  },
};

const TREE_LINES = [
  'BR2_LINUX_KERNEL_DTS_SUPPORT=y',
  'BR2_LINUX_KERNEL_CUSTOM_DTS_PATH="board/lab/board.dts"',
  'BR2_LINUX_KERNEL_INSTALL_TARGET=y',
];

/** They would need kmod, and eudev for the machine that builds. */
const EUDEV_LINES = ['MODULE_LOADING', 'ENABLE_HWDB'].map((name) => `# BR2_PACKAGE_EUDEV_${name} is not set`);

/** A line that the board's own fragment has, and nothing else asks for. */
const OWN_LINE = 'CONFIG_CMA_DEBUGFS=y';
/** No kernel has it. */
const IMPOSSIBLE_LINE = 'CONFIG_NO_SUCH_SYMBOL=y';

/**
 * The board that the user has: its defconfig knows nothing of heaps. It has a fragment, a user and an mdev.conf, which its
 * overlay puts into the place of Buildroot's.
 */
const defconfig = (
  { processor, hasTree }: System,
  manager: Manager,
  { directory, tuple, gcc, headers }: Toolchain,
): string =>
  [
    ...processor,
    ...['', '_CUSTOM', '_PREINSTALLED', '_CUSTOM_GLIBC', '_OPENMP'].map((name) => `BR2_TOOLCHAIN_EXTERNAL${name}=y`),
    `BR2_TOOLCHAIN_EXTERNAL_PATH="${directory}"`,
    `BR2_TOOLCHAIN_EXTERNAL_CUSTOM_PREFIX="${tuple}"`,
    `BR2_TOOLCHAIN_EXTERNAL_GCC_${gcc}=y`,
    `BR2_TOOLCHAIN_EXTERNAL_HEADERS_${headers.replace('.', '_')}=y`,
    '# BR2_TOOLCHAIN_EXTERNAL_INET_RPC is not set',
    'BR2_TARGET_GENERIC_GETTY_PORT="ttyAMA0"',
    `BR2_ROOTFS_DEVICE_CREATION_DYNAMIC_${manager.toUpperCase()}=y`,
    ...(manager === 'eudev' ? EUDEV_LINES : []),
    'BR2_ROOTFS_USERS_TABLES="board/lab/users.txt"',
    'BR2_ROOTFS_OVERLAY="board/lab/overlay"',
    'BR2_LINUX_KERNEL=y',
    'BR2_LINUX_KERNEL_CUSTOM_VERSION=y',
    `BR2_LINUX_KERNEL_CUSTOM_VERSION_VALUE="${KERNEL_VERSION}"`,
    'BR2_LINUX_KERNEL_USE_CUSTOM_CONFIG=y',
    'BR2_LINUX_KERNEL_CUSTOM_CONFIG_FILE="board/lab/linux.config"',
    'BR2_LINUX_KERNEL_CONFIG_FRAGMENT_FILES="board/lab/own.config"',
    ...(hasTree ? TREE_LINES : []),
    'BR2_TARGET_ROOTFS_CPIO=y',
    '# BR2_TARGET_ROOTFS_TAR is not set',
    '',
  ].join('\n');

interface Built {
  readonly system: System;
  readonly manager: Manager;
  readonly machine: Machine;
  readonly profile: string;
  readonly directory: string;
  /** The board's devicetree, without the overlay. */
  readonly tree: string;
  /** The files of Buildroot's images/. */
  readonly images: string;
}

export async function buildrootImage(
  architecture: BuildrootArchitecture,
  manager: Manager,
  directory: string,
): Promise<(fault: Fault) => Promise<string>> {
  const system = SYSTEMS[architecture];
  const profile = path.join(directory, 'board.json');
  writeFileSync(profile, profileText(architecture));
  const targets = ['--kernel', KERNEL_VERSION, '--target', 'buildroot'];
  const generated = path.join(await generate(profile, targets, path.join(directory, 'generated')), 'buildroot');
  const machine = await machineFor(system.machine);
  const emulated = await baseDtb({ machine, memoryMiB: MEMORY_MIB });
  if (emulated === undefined) throw new Error('QEMU made no device tree');
  const board = path.join(directory, 'board');
  await writeBoard(system, manager, board, emulated);
  const empty = path.join(cacheRoot(), 'buildroot/empty');
  mkdirSync(empty, { recursive: true });
  const local = await overrides(empty, manager === 'eudev');
  console.log(`     ${architecture}: stood in for what Buildroot builds or downloads:\n     ${STOOD_IN_FOR}`);
  const key = shortHash(stateOf(buildrootTree()), textOf(generated), textOf(board), local);
  // The place is the same for each build, so that ccache knows the commands again.
  const place = path.join(cacheRoot(), 'buildroot', `build-${architecture}`);
  const images = await filledOnce(path.join(cacheRoot(), 'buildroot', `${architecture}-${manager}-${key}`), (work) =>
    withLock(`${place}.lock`, async () => {
      await rm(place, { recursive: true, force: true });
      mkdirSync(path.join(place, 'output'), { recursive: true });
      cpSync(generated, path.join(place, 'dmaheap'), { recursive: true });
      await execa('cp', ['-a', buildrootTree(), path.join(place, 'buildroot')]);
      cpSync(board, path.join(place, 'buildroot'), { recursive: true });
      writeFileSync(path.join(place, 'output/local.mk'), local);
      const objections = await checkPackage(path.join(place, 'buildroot'), path.join(place, 'dmaheap'));
      if (objections !== '') throw new Error(`check-package\n${objections}`);
      await typePage(place, system);
      const kept = [system.image, 'rootfs.cpio', 'dmaheap.dtbo', ...(system.hasTree ? ['board.dtb'] : [])];
      for (const name of kept) await copyFile(path.join(place, 'output/images', name), path.join(work, name));
      await rm(place, { recursive: true });
    }),
  );
  const tree = system.hasTree ? path.join(images, 'board.dtb') : emulated;
  return (fault) => unlikeFault({ system, manager, machine, profile, directory, tree, images }, fault);
}

/** @param directory is laid over a checkout of Buildroot */
async function writeBoard(system: System, manager: Manager, directory: string, dtb: string): Promise<void> {
  const lab = path.join(directory, 'board/lab');
  mkdirSync(lab, { recursive: true });
  mkdirSync(path.join(directory, 'configs'));
  const recipe = await kernelRecipe(`${system.machine}-${KERNEL_VERSION}`);
  await copyFile(await bootConfig(recipe), path.join(lab, 'linux.config'));
  writeFileSync(path.join(lab, 'own.config'), `${OWN_LINE}\n`);
  writeFileSync(path.join(lab, 'users.txt'), 'camera 1001 camera 1001 * - /bin/sh video\n');
  mkdirSync(path.join(lab, 'overlay/etc'), { recursive: true });
  await copyFile(path.join(buildrootTree(), 'package/busybox/mdev.conf'), path.join(lab, 'overlay/etc/mdev.conf'));
  const config = defconfig(system, manager, await debianToolchain(system.tuple));
  writeFileSync(path.join(directory, 'configs/lab_defconfig'), config);
  if (system.hasTree) await execa('dtc', ['-q', '-I', 'dtb', '-O', 'dts', '-o', path.join(lab, 'board.dts'), dtb]);
}

/** Names, sizes and times of the files of a tree that is too large to read. */
const stateOf = (directory: string): string =>
  digest(
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => {
      const { size, mtimeMs } = statSync(path.join(directory, name), { throwIfNoEntry: false }) ?? {};
      return `${name} ${size} ${mtimeMs}`;
    }),
  );

const textOf = (directory: string): string =>
  digest(
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(path.join(directory, name)).isFile())
      .map((name) => `${name}\n${readFileSync(path.join(directory, name), 'latin1')}`),
  );

const digest = (parts: readonly string[]): string =>
  createHash('sha256')
    .update([...parts].sort().join('\n'))
    .digest('hex');

/**
 * Types the commands of the page. Before the last one, which builds, a line of the fragment that no kernel has must stop
 * `linux-configure`.
 */
async function typePage(place: string, system: System): Promise<void> {
  const type = await typist(place);
  const page = commandsOf(readFileSync(path.join(place, 'dmaheap/README.md'), 'utf8'));
  const commands = page.map((command) => command.replace('BOARD_defconfig', 'lab_defconfig'));
  const last = commands.at(-1) ?? '';
  if (last !== 'make O=../output') throw new Error(`the page does not end with the build: ${last}`);
  for (const command of commands.slice(0, -1)) await must(type, command);
  const fragment = path.join(place, 'dmaheap/board/dmaheap/dmaheap.fragment');
  const text = readFileSync(fragment, 'utf8');
  appendFileSync(fragment, `${IMPOSSIBLE_LINE}\n`);
  const { exitCode, all } = await type(`${last} linux-configure`);
  if (exitCode === 0 || !all.includes(`wanted: ${IMPOSSIBLE_LINE}, found: nothing`))
    throw new Error(`${IMPOSSIBLE_LINE} did not stop the build\n${all}`);
  writeFileSync(fragment, text);
  await must(type, last);
  const config = readFileSync(path.join(place, 'output/build/linux-custom/.config'), 'utf8').split('\n');
  if (!config.includes(OWN_LINE)) throw new Error("the board's own fragment is lost");
  if (config.includes(IMPOSSIBLE_LINE)) throw new Error('the fragment was not merged again');
  if (system.hasTree && !existsSync(path.join(place, 'output/target/boot/dmaheap.dtbo')))
    throw new Error('the overlay is not installed next to the kernel');
}

type Type = (command: string) => Promise<{ readonly exitCode?: number; readonly all: string }>;

async function typist(place: string): Promise<Type> {
  const programs = await programsFor(buildrootTree(), path.join(place, 'programs'));
  const env = {
    PATH: `${programs}:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: place,
    LC_ALL: 'C',
    // It would guess from the name of the program, and not cache what the kernel compiles.
    CCACHE_COMPILERTYPE: 'gcc',
  };
  const cwd = path.join(place, 'buildroot');
  return (command) =>
    execa('bash', ['-ec', command], { cwd, env, extendEnv: false, stdin: 'ignore', all: true, reject: false });
}

async function must(type: Type, command: string): Promise<void> {
  const { exitCode, all } = await type(command);
  if (exitCode !== 0) throw new Error(`${command}: exit status ${exitCode}\n${all}`);
}

/** Shows the report on the console after everything else has started, and ends the run. */
const REPORT = `#!/bin/sh
[ "$1" = start ] || exit 0
cat /run/dmaheap/report.json
printf '\\n@@END\\n'
`;

/** How the start script reports each verdict, as systemd would. */
const RESULTS: Readonly<Record<string, string>> = { OK: 'success', FAIL: 'exit-code' };

/** @returns objections to what the image shows with the fault, and to what `check --rootfs` says of it */
async function unlikeFault(built: Built, fault: Fault): Promise<string> {
  const { system, manager, machine, profile, directory, tree, images } = built;
  const dtb = path.join(directory, 'merged.dtb');
  await execa('fdtoverlay', ['-i', tree, '-o', dtb, path.join(images, 'dmaheap.dtbo')]);
  const rootfs = path.join(directory, 'rootfs.cpio');
  const parts = [readFileSync(path.join(images, 'rootfs.cpio'))];
  if (fault.isMasked)
    parts.push(Buffer.from(manager === 'eudev' ? MASK : await withoutRule(path.join(images, 'rootfs.cpio'))));
  writeFileSync(rootfs, Buffer.concat(parts));
  const initrd = path.join(directory, 'initrd.cpio');
  const report = [{ path: 'etc/init.d/S99report', mode: 0o755, content: Buffer.from(REPORT) }];
  writeFileSync(initrd, Buffer.concat([...parts, newcArchive(report)]));
  const { console: output } = await runGuest({
    machine,
    image: path.join(images, system.image),
    initrd,
    dtb: fault.isWithoutOverlay ? tree : dtb,
    memoryMiB: MEMORY_MIB,
    cmdline: fault.cmdline ?? '',
    silenceSeconds: 300,
  });
  const word = /Testing the DMA-BUF heaps: (\w+)/.exec(output)?.[1];
  const booted = unlikeSeen(fault.failed, { ...seenOn(output), unit: RESULTS[word ?? ''] ?? word });
  const checked = await unlikeCheck(profile, rootfs, fault.isMasked === true);
  return [booted, checked].filter((one) => one !== '').join('\n');
}

/** A file without rules in the place that counts. */
const MASK = newcArchive([{ path: 'etc/udev/rules.d/70-dmaheap.rules', mode: 0o644, content: Buffer.from('') }]);

/** mdev reads one file only, so a rule is switched off by taking its lines out of it. */
async function withoutRule(rootfs: string): Promise<Uint8Array> {
  const args = ['-i', '--quiet', '--to-stdout', 'etc/mdev.conf'];
  const { stdout } = await execa('cpio', args, { inputFile: rootfs, stripFinalNewline: false });
  const lines = stdout.split('\n').filter((line) => !line.startsWith('dma_heap/'));
  return newcArchive([{ path: 'etc/mdev.conf', mode: 0o644, content: Buffer.from(lines.join('\n')) }]);
}

/** `check --rootfs` fails for the image that fails when it boots, and for no other. */
async function unlikeCheck(profile: string, rootfs: string, isFaulty: boolean): Promise<string> {
  const { stdout, stderr } = await dmaheapAnswer('check', profile, '--rootfs', rootfs);
  const verdict = /^(PASS|FAIL)/m.exec(stdout)?.[1];
  return verdict === (isFaulty ? 'FAIL' : 'PASS') ? '' : `check --rootfs: ${stdout}${stderr}`;
}
