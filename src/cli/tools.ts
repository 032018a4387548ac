/** The outside world of the checks: processes and files. */
import { constants, rmSync } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import type { Tools } from '../check/index.js';
import { readBytes } from './files.js';
import { onInterrupt } from './interrupt.js';

/** Nothing a check asks for takes this long, even on a loaded machine. */
const TIMEOUT_MILLIS = 15 * 60_000;

/**
 * @param show gets every command before it runs
 * @returns the tools, and a function that removes every scratch directory; call it however the command ends
 */
export function openTools(
  environment: NodeJS.ProcessEnv,
  show: (command: readonly string[]) => void = () => {},
): { tools: Tools; close: () => Promise<void> } {
  const scratches: string[] = [];
  const tools: Tools = {
    async which(name) {
      // The sbin directories hold udevadm on some systems and are not on the PATH of an ordinary user.
      const directories = [...(environment.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
      for (const directory of directories.filter((d) => path.isAbsolute(d))) {
        const candidate = path.join(directory, name);
        if (await canAccess(candidate, constants.X_OK)) return candidate;
      }
      return undefined;
    },
    async run(command, args, options = {}) {
      const program = (await tools.which(command)) ?? command;
      show([program, ...args]);
      const result = await execa(program, args, {
        // Messages are parsed, so they must not be translated.
        env: { ...environment, LC_ALL: 'C', ...options.environment },
        extendEnv: false,
        reject: false,
        stdin: 'ignore',
        stripFinalNewline: false,
        timeout: TIMEOUT_MILLIS,
        ...(options.directory === undefined ? {} : { cwd: options.directory }),
      });
      const { exitCode, stdout, stderr } = result;
      // Without an exit status and without output there is still the reason why it did not start.
      return { exitCode, stdout, stderr: exitCode === undefined ? `${stderr}${result.shortMessage ?? ''}` : stderr };
    },
    async readText(file) {
      try {
        return await readFile(file, 'utf8');
      } catch (error) {
        if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
        throw error;
      }
    },
    async readBytes(file) {
      const got = readBytes(file);
      return 'error' in got ? undefined : got.bytes;
    },
    exists: (file) => canAccess(file, constants.F_OK),
    async writeText(file, text) {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    },
    async scratch() {
      const directory = await mkdtemp(path.join(environment.TMPDIR ?? tmpdir(), 'dmaheap-'));
      scratches.push(directory);
      return directory;
    },
  };
  const remove = () => {
    for (const directory of scratches.splice(0)) rmSync(directory, { recursive: true, force: true });
  };
  const forget = onInterrupt(remove);
  const close = async () => {
    forget();
    remove();
  };
  return { tools, close };
}

async function canAccess(file: string, mode: number): Promise<boolean> {
  try {
    await access(file, mode);
    return true;
  } catch {
    return false;
  }
}
