/** Programs of the systems that a target is for: from this machine, or of Debian trixie unpacked into the cache. */
import path from 'node:path';
import { execa } from 'execa';
import { debianPackage } from '../../src/build/fetch/index.js';

/** What a program objects to: what it printed when it failed, empty when it is content. */
export async function objections(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<string> {
  const { exitCode, all, message } = await execa(command, [...args], { reject: false, all: true, ...options });
  if (exitCode === 0) return '';
  return `${path.basename(command)}: ${all?.trim() || (message ?? `status ${exitCode}`)}`;
}

/** The same for a program that warns and still succeeds. */
export async function remarks(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const { exitCode, all } = await execa(command, [...args], { reject: false, all: true, ...(cwd ? { cwd } : {}) });
  const said = all?.trim() ?? '';
  return exitCode === 0 && said === '' ? '' : `${path.basename(command)}: ${said || `status ${exitCode}`}`;
}

/** The command of systemd 257's udevadm: Debian 12's has no `verify` yet. */
export async function trixieUdevadm(): Promise<readonly [string, ...string[]]> {
  const root = await debianPackage('trixie', 'amd64', 'udev', { withDependencies: true });
  const library = path.join(root, 'usr/lib/x86_64-linux-gnu');
  const loader = path.join(library, 'ld-linux-x86-64.so.2');
  return [loader, '--library-path', `${library}:${library}/systemd`, path.join(root, 'usr/bin/udevadm')];
}

/** mkosi 25: Debian 12's is years older and reads another format. It is Python alone, so its package is enough. */
export async function trixieMkosi(): Promise<(cwd: string, ...args: string[]) => ReturnType<typeof runProgram>> {
  const root = await debianPackage('trixie', 'amd64', 'mkosi');
  const env = { PYTHONPATH: path.join(root, 'usr/lib/python3/dist-packages') };
  return (cwd, ...args) => runProgram('python3', ['-m', 'mkosi', ...args], { cwd, env });
}

/** kas 4, of the years of whinlatter and wrynose; what it imports besides comes with Debian 12's kas 3. */
export async function trixieKas(): Promise<Kas> {
  const root = await debianPackage('trixie', 'amd64', ['kas', 'python3-git', 'python3-gitdb', 'python3-smmap']);
  const env = { PYTHONPATH: path.join(root, 'usr/lib/python3/dist-packages') };
  return { command: ['/usr/bin/python3', '-m', 'kas'], env };
}

export interface Kas {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

const runProgram = (command: string, args: readonly string[], options: { cwd?: string; env?: object } = {}) =>
  execa(command, [...args], { reject: false, all: true, ...options } as { reject: false; all: true });
