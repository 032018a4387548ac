/** What the judges of `npm run test:image` have in common. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { type Accounts, type ImageSource, octal } from '../../../src/image/index.js';
import type { RandomImage } from './random.js';

/** Answers by question. */
export type Answers = Map<string, string>;

export interface Judge {
  readonly name: string;
  /**
   * What the real tool makes of images, in their order. Many at once: starting programs from a shell costs a tenth.
   * @param work an empty directory of the judge's own
   */
  readonly theirs: (images: readonly RandomImage[], work: string) => Promise<readonly Answers[]>;
  /** What src/image and src/check make of the image as `source` shows it. */
  readonly ours: (image: RandomImage, source: ImageSource) => Answers;
}

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

export function run(command: string, args: readonly string[]) {
  const { stdout, status } = spawnSync(command, [...args], { env: { LC_ALL: 'C', PATH }, encoding: 'utf8' });
  return { stdout, status };
}

/**
 * Runs shell commands for every image, with `$root` its directory, `$seed` its number and `$work` in their environment;
 * in a mount namespace of their own, which goes away with them.
 */
export async function forEachImage(
  images: readonly RandomImage[],
  work: string,
  commands: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  // At boot a tmpfs hides what the image has in /run.
  const hide = '[ ! -d "$root/run" ] || mount -t tmpfs none "$root/run" || exit 1';
  const script = `for root in "$@"; do seed=\${root##*/}\n${hide}\n${commands}\ndone`;
  const roots = images.map(({ root }) => root);
  const { exitCode, stderr } = await execa('unshare', ['-m', 'sh', '-c', script, 'judge', ...roots], {
    extendEnv: false,
    env: { LC_ALL: 'C', PATH, work, ...environment },
    stdin: 'ignore',
    stdout: 'ignore',
    reject: false,
  });
  if (exitCode !== 0) throw new Error(`a judge ended with ${exitCode}: ${stderr.slice(-500)}`);
}

export const sorted = (list: Iterable<string>): string => [...list].sort().join(' ');

export const numberOf = (accounts: Accounts, kind: 'users' | 'groups', name: string): number =>
  name === 'root' ? 0 : (accounts[kind].get(name)?.id ?? Number(name));

export const spellNode = (uid: number, gid: number, mode: number): string => `${uid}:${gid} ${octal(mode & 0o7777)}`;

/**
 * Makes a root directory in which a program runs with its libraries.
 * @param libraries folders with shared libraries
 * @returns the call, for a shell that has the directory as `$rig`
 */
export function makeRig(root: string, program: string, libraries: readonly string[], loader: string): string {
  for (const folder of ['opt', 'dev', 'etc', 'proc', 'run', 'tmp', 'usr/lib'])
    mkdirSync(path.join(root, folder), { recursive: true });
  for (const folder of libraries.filter(existsSync))
    for (const name of readdirSync(folder).filter((one) => /\.so(?:\.|$)/.test(one))) {
      const file = path.join(folder, name);
      if (existsSync(file)) cpSync(realpathSync(file), path.join(root, 'opt', name));
    }
  const inside = `/opt/${path.basename(program)}`;
  cpSync(realpathSync(program), path.join(root, inside));
  cpSync(realpathSync(loader), path.join(root, 'opt/loader'));
  run('mknod', ['-m', '666', path.join(root, 'dev/null'), 'c', '1', '3']);
  return `chroot "$rig" /opt/loader --library-path /opt ${inside}`;
}
