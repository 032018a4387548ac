/**
 * Answers to the questions a kernel's Kconfig files ask the shell. A kernel tree is other people's code, so nothing is
 * run unless the user says so.
 */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { assumedAnswer, type Probe, shellAnswer } from '../kconfig/index.js';
import { reasonOf } from './files.js';

export const PROBE_MODES = ['run', 'replay', 'deny'] as const;
/** `run` asks the shell; `replay` reads recorded answers; `deny` assumes a plain toolchain. */
export type ProbeMode = (typeof PROBE_MODES)[number];

/** No honest probe takes this long. */
const TIMEOUT_MILLIS = 60_000;

export interface Probes {
  readonly probe: Probe;
  /** Keeps what was answered; call it when the tree has been read. */
  readonly close: () => void;
  /** Commands whose answer was assumed. */
  readonly assumed: readonly string[];
  /** Commands that a recording does not have. */
  readonly missing: readonly string[];
}

interface Recording {
  readonly schemaVersion: 1;
  /** By command, the answer as it is substituted. */
  readonly answers: Record<string, string>;
}

/** Runs a command with nothing of the caller's environment but what finds the tools. */
function runShell(
  command: string,
  environment: Readonly<Record<string, string | undefined>>,
  directory: string,
): string {
  const { stdout } = execaSync('sh', ['-c', command], {
    cwd: directory,
    env: { ...environment },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    stderr: 'ignore',
    encoding: 'latin1',
    stripFinalNewline: false,
    timeout: TIMEOUT_MILLIS,
  });
  return shellAnswer(stdout);
}

/** Changes whenever a tool that a probe may ask changes, appears or goes away. */
function toolIdentity(environment: Readonly<Record<string, string | undefined>>, tools: readonly string[]): string {
  const hash = createHash('sha256');
  for (const tool of [...tools, 'sh', 'python3', 'rustc', 'bindgen', 'pahole', 'clang', 'gcc', 'ld'])
    for (const directory of (environment['PATH'] ?? '').split(path.delimiter)) {
      try {
        const file = realpathSync(path.resolve(directory, tool));
        const { size, mtimeMs } = statSync(file);
        hash.update(`${tool} ${file} ${size} ${mtimeMs}\n`);
        break;
      } catch {
        // Not in this directory.
      }
    }
  return hash.digest('hex').slice(0, 32);
}

function readAnswers(file: string): Record<string, string> | undefined {
  try {
    const { schemaVersion, answers } = JSON.parse(readFileSync(file, 'utf8')) as Recording;
    return schemaVersion === 1 && typeof answers === 'object' && answers !== null ? answers : undefined;
  } catch {
    return undefined;
  }
}

function writeAnswers(file: string, answers: Readonly<Record<string, string>>): void {
  const sorted = Object.fromEntries(Object.entries(answers).sort(([a], [b]) => (a < b ? -1 : 1)));
  mkdirSync(path.dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify({ schemaVersion: 1, answers: sorted } satisfies Recording, null, 1)}\n`);
  renameSync(fresh, file);
}

/** The tree's own path is left out, so that a recording serves wherever the tree lies. */
const portable = (command: string, tree: string) => command.replaceAll(tree, '$(srctree)');

/**
 * @param file the recording to read (`replay`) or to write (`run`)
 * @returns the probes, or why there are none
 */
export function openProbes(
  mode: ProbeMode,
  tree: string,
  environment: Readonly<Record<string, string | undefined>>,
  tools: readonly string[],
  file: string | undefined,
): Probes | { readonly error: string } {
  const assumed: string[] = [];
  const missing: string[] = [];
  if (mode === 'deny')
    return {
      assumed,
      missing,
      close() {},
      probe(command) {
        assumed.push(command);
        return assumedAnswer(command);
      },
    };
  if (mode === 'replay') {
    const answers = readAnswers(file ?? '');
    if (answers === undefined) return { error: `${file} is no recording of probes` };
    return {
      assumed,
      missing,
      close() {},
      probe(command) {
        const answer = answers[portable(command, tree)];
        if (answer === undefined) missing.push(command);
        return answer;
      },
    };
  }
  const cacheRoot = environment['XDG_CACHE_HOME'] || path.join(environment['HOME'] ?? homedir(), '.cache');
  const identity = createHash('sha256')
    .update(`${toolIdentity(environment, tools)} ${tree}`)
    .digest('hex')
    .slice(0, 32);
  const cache = path.join(cacheRoot, 'dmaheap', 'probes', `${identity}.json`);
  const known = readAnswers(cache) ?? {};
  const answers: Record<string, string> = {};
  let ran = 0;
  let scratch: string | undefined;
  return {
    assumed,
    missing,
    probe(command) {
      const key = portable(command, tree);
      // The scripts of the tree that a command runs are part of the question.
      const stamped = `${key}${scriptsOf(command, tree)}`;
      let answer = known[stamped];
      if (answer === undefined) {
        scratch ??= mkdtempSync(path.join(environment['TMPDIR'] ?? tmpdir(), 'dmaheap-probe-'));
        answer = runShell(command, environment, scratch);
        known[stamped] = answer;
        ran++;
      }
      answers[key] = answer;
      return answer;
    },
    close() {
      if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
      if (file !== undefined) writeAnswers(file, answers);
      if (ran === 0) return;
      try {
        writeAnswers(cache, known);
      } catch (error) {
        // A cache that cannot be written costs time, not the answer.
        process.emitWarning(`dmaheap: ${cache}: ${reasonOf(error)}`);
      }
    },
  };
}

function scriptsOf(command: string, tree: string): string {
  const stamps: string[] = [];
  for (const word of command.split(/[\s;"']+/)) {
    if (!word.startsWith(`${tree}/`)) continue;
    try {
      const { size, mtimeMs } = statSync(word);
      stamps.push(`${size}.${mtimeMs}`);
    } catch {
      stamps.push('none');
    }
  }
  return stamps.length === 0 ? '' : ` [${stamps.join(' ')}]`;
}
