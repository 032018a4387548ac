import { existsSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { cacheRoot, filledOnce, shortHash } from '../../src/build/fetch/index.js';
import type { Machine } from './machine.js';

/** One guest to start. */
export interface Boot {
  readonly machine: Machine;
  readonly image: string;
  readonly initrd: string;
  /** The merged device tree; left out, QEMU's own is used (x86 has none). */
  readonly dtb?: string | undefined;
  readonly memoryMiB: number;
  /** Further QEMU options, for example a second bank of memory. */
  readonly options?: readonly string[];
  /** Kernel command line after the lab's own part. */
  readonly cmdline: string;
  /** A guest that says nothing for so long hangs. */
  readonly silenceSeconds: number;
}

export interface BootResult {
  readonly console: string;
  /** The same as QEMU wrote it. */
  readonly output: string;
  /** `ended`: the guest printed its end marker; `exited`: it reset, powered off or panicked without; `hung`: it had to be stopped, or QEMU was. */
  readonly ending: 'ended' | 'exited' | 'hung';
  readonly seconds: number;
}

const END_MARKER = '@@END';
/** Said by a kernel that could not reset the machine: it panicked before it knew how, and now stands still. */
const PANIC_MARKER = '---[ end Kernel panic';
/** Before each line of a guest that has no console but the kernel's early one. */
const THROUGH_THE_LOG = /^(?:\[ *[0-9.]+\] )?guest\| ?/gm;

/** The options of everything but kernel, initrd and command line: the same for dumping a DTB and for booting. */
const machineOptions = (boot: Pick<Boot, 'machine' | 'memoryMiB' | 'options'>, dump = ''): readonly string[] => [
  ...['-M', boot.machine.qemu.machine + dump],
  ...['-cpu', boot.machine.qemu.cpu, '-smp', '1', '-m', `${boot.memoryMiB}M`],
  ...(boot.options ?? []),
];

/** The kernel's whole command line. */
export const guestCommandLine = (boot: Boot): string =>
  `console=${boot.machine.qemu.console} panic=-1 ${boot.cmdline}`.trim();

export function qemuArguments(boot: Boot): readonly string[] {
  return [
    ...machineOptions(boot),
    ...['-accel', 'tcg,thread=single', '-nographic', '-no-reboot', '-net', 'none'],
    ...['-kernel', boot.image, '-initrd', boot.initrd],
    ...(boot.dtb ? ['-dtb', boot.dtb] : []),
    ...['-append', guestCommandLine(boot)],
  ];
}

/** The command that boots the same guest by hand. */
export const commandLine = (boot: Boot): string =>
  [boot.machine.qemu.program, ...qemuArguments(boot)]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');

/** A guest of any emulator. */
export interface Guest {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A guest that says nothing for so long hangs. */
  readonly silenceSeconds: number;
  /** A guest that says nothing for so much time of the processor hangs. */
  readonly spinningSeconds?: number;
}

/** A guest whose log may be kept. */
export interface GuestWithInputs extends Guest {
  /** Every file and directory that the emulator reads, whether the command names it or not. */
  readonly inputs: readonly string[];
}

const guestOf = (boot: Boot): Guest => ({
  command: [boot.machine.qemu.program, ...qemuArguments(boot)],
  silenceSeconds: boot.silenceSeconds,
});

export const runGuest = (boot: Boot): Promise<BootResult> => runCommand(guestOf(boot));

export async function guestWithInputs(boot: Boot): Promise<GuestWithInputs> {
  const files = [boot.image, boot.initrd, ...(boot.dtb === undefined ? [] : [boot.dtb])];
  return { ...guestOf(boot), inputs: [...files, ...(await filesOfQemu(boot.machine.qemu.program))] };
}

const qemuFiles = new Map<string, Promise<readonly string[]>>();

/** This machine's QEMU: the program, its libraries and the directories of its firmware. */
function filesOfQemu(program: string): Promise<readonly string[]> {
  const known = qemuFiles.get(program) ?? findFilesOfQemu(program);
  qemuFiles.set(program, known);
  return known;
}

async function findFilesOfQemu(program: string): Promise<readonly string[]> {
  const { stdout: found } = await execa('which', [program]);
  const [libraries, firmware] = await Promise.all([execa('ldd', [found]), execa(found, ['-L', 'help'])]);
  return [
    found,
    ...[...libraries.stdout.matchAll(/(?:^|\s)(\/\S+) \(0x/g)].map(([, file = '']) => file),
    ...firmware.stdout.split('\n').filter((directory) => existsSync(directory)),
  ];
}

/**
 * Runs the guest until its end marker, its exit or a long silence. Success is never read from QEMU's exit code, which is
 * 0 after a panic too. The process is gone when this returns, and the kernel kills it when the lab dies, however that
 * happens (setpriv --pdeathsig).
 */
export async function runCommand(guest: Guest): Promise<BootResult> {
  const { command, environment = {}, silenceSeconds, spinningSeconds = SPINNING_SECONDS } = guest;
  const started = performance.now();
  const child = execa('setpriv', ['--pdeathsig', 'KILL', ...command], {
    stdin: 'ignore',
    all: true,
    reject: false,
    killSignal: 'SIGKILL',
    stripFinalNewline: false,
    env: environment,
  });
  let tail = '';
  let isSilent = false;
  // Silence and not the whole time tells a hang: on a busy machine a healthy boot is slow, but it goes on talking.
  const stop = () => {
    isSilent = true;
    child.kill('SIGKILL');
  };
  const silence = setTimeout(stop, silenceSeconds * 1000);
  let spokenAt = 0;
  const spinning = setInterval(() => {
    if (cpuSeconds(child.pid) - spokenAt > spinningSeconds) stop();
  }, 500);
  child.all.on('data', (chunk: Buffer) => {
    silence.refresh();
    spokenAt = cpuSeconds(child.pid);
    tail = (tail + chunk.toString('latin1')).slice(-200 - chunk.length);
    if (tail.includes(`${END_MARKER}\r\n`) || tail.includes(PANIC_MARKER)) child.kill('SIGKILL');
  });
  const result = await child;
  clearTimeout(silence);
  clearInterval(spinning);
  const output = result.all ?? '';
  if (result.code === 'ENOENT') throw new Error('lab: setpriv (util-linux) is not installed');
  if (result.exitCode === 127) throw new Error(`lab: ${command[0]} is not installed`);
  const isHung = isSilent || (result.isTerminated && !output.includes(PANIC_MARKER));
  return bootResult(output, isHung, (performance.now() - started) / 1000);
}

/**
 * @param output what QEMU wrote
 * @param isHung the guest had to be stopped before it came to an end
 */
export function bootResult(output: string, isHung: boolean, seconds: number): BootResult {
  const console = output.replaceAll('\r', '').replaceAll(THROUGH_THE_LOG, '');
  const ended = console.includes(`${END_MARKER}\n`);
  return { console, output, ending: ended ? 'ended' : isHung ? 'hung' : 'exited', seconds };
}

/** Of the processor, while the guest is silent: several times what a whole boot takes. */
const SPINNING_SECONDS = 10;

/** Processor time of a process so far; 0 when it is gone. */
function cpuSeconds(pid: number | undefined): number {
  try {
    // proc(5): the name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it, in 1/100 s.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

const qemuVersions = new Map<string, Promise<string>>();

/** The device tree that QEMU makes for a machine, kept in the cache; undefined for machines without one. */
export async function baseDtb(boot: Pick<Boot, 'machine' | 'memoryMiB' | 'options'>): Promise<string | undefined> {
  const { arch, qemu } = boot.machine;
  if (arch === 'x86_64') return undefined;
  const version = qemuVersions.get(qemu.program) ?? execa(qemu.program, ['--version']).then(({ stdout }) => stdout);
  qemuVersions.set(qemu.program, version);
  const key = shortHash(await version, ...machineOptions(boot));
  const directory = await filledOnce(path.join(cacheRoot(), 'qemu-dtb', `${arch}-${key}`), async (work) => {
    const dumped = path.join(work, 'dumped.dtb');
    await execa(qemu.program, [...machineOptions(boot, `,dumpdtb=${dumped}`), '-nographic'], { stdin: 'ignore' });
    // QEMU dumps 1 MiB of mostly nothing and doubles whatever it is given: more than arm64 accepts. dtc packs it.
    await execa('dtc', ['-q', '-I', 'dtb', '-O', 'dtb', '-o', path.join(work, 'base.dtb'), dumped]);
    await rm(dumped);
  });
  return path.join(directory, 'base.dtb');
}

/** The device tree of a board of `boards/`, compiled. */
export async function boardDtb(name: string): Promise<string> {
  const source = new URL(`boards/${name}.dts`, import.meta.url).pathname;
  const key = shortHash(await readFile(source, 'utf8'));
  const directory = await filledOnce(path.join(cacheRoot(), 'qemu-dtb', `${name}-${key}`), async (work) => {
    await execa('dtc', ['-I', 'dts', '-O', 'dtb', '-o', path.join(work, 'base.dtb'), source]);
  });
  return path.join(directory, 'base.dtb');
}
