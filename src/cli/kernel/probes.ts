/**
 * Answers to the questions Kconfig files ask the shell. A kernel tree is other people's code: commands run only in
 * mode `run`; `replay` knows what a file has recorded, `deny` knows nothing.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { type ParseInput, shellAnswer, textAnswer, unansweredProbes } from '../../kconfig/index.js';
import { NO_FILE, readText } from '../files.js';
import { onInterrupt } from '../interrupt.js';
import { orRefuse, writeWhole } from '../write-file.js';
import { Store } from './store.js';

export type ProbeMode =
  | { readonly mode: 'run' }
  | { readonly mode: 'replay'; readonly file: string }
  | { readonly mode: 'deny' };

/** @returns undefined for anything but `run`, `deny` and `replay:FILE` */
export function parseProbeMode(text: string): ProbeMode | undefined {
  if (text === 'run' || text === 'deny') return { mode: text };
  const file = /^replay:(.+)$/.exec(text)?.[1];
  return file === undefined ? undefined : { mode: 'replay', file };
}

/** Answers as they lie in a file: by command, with `$(srctree)` in the place of the tree's path. */
export interface Recording {
  readonly schemaVersion: 1;
  /** The tools that gave the answers; empty for a file put together by hand. */
  readonly tools: readonly string[];
  readonly answers: Readonly<Record<string, string>>;
}

const NEVER_ENDS_MILLIS = 120_000;
/** Such a command may ask a script of the tree; any other has the same answer for every tree. */
const USES_VARIABLE = /\$[A-Za-z_({]/;
/** $0 is the directory of the outputs. */
const ASK_IN_TURN = 'i=0; for c; do sh -c "$c" >"$0/$i" 2>/dev/null; i=$((i + 1)); done';
const MAX_ROUNDS = 8;

export interface ProbeWorld {
  readonly directory: string;
  /** What kbuild exports to the commands. */
  readonly variables: Readonly<Record<string, string>>;
  readonly toolIdentity: () => readonly string[];
  readonly host: NodeJS.ProcessEnv;
  /** Where answers are kept between runs; undefined for nowhere. */
  readonly cacheDirectory: string | undefined;
  /** How long one command may run, in ms; what it printed until then is its answer. */
  readonly limitMillis?: number;
  /** Gets every command before it runs. */
  readonly show?: (command: readonly string[]) => void;
}

export class Probes {
  readonly #world: ProbeWorld;
  readonly #answers = new Map<string, string>();
  #kept: { readonly store: Store; readonly ofTools: string; readonly ofTree: string } | undefined;
  #ran = 0;

  private constructor(world: ProbeWorld) {
    this.#world = world;
  }

  /** Answers that earlier runs have kept for exactly these tools. */
  static cached(world: ProbeWorld): Probes {
    const probes = new Probes(world);
    if (world.cacheDirectory === undefined) return probes;
    const tools = world.toolIdentity().join('\n');
    const store = new Store(path.join(world.cacheDirectory, 'probes'));
    const ofTools = `${digest(tools)}.json`;
    const ofTree = `${digest(`${tools}\n${scriptsOf(world.directory)}`)}.json`;
    probes.#kept = { store, ofTools, ofTree };
    for (const name of [ofTools, ofTree]) {
      const kept = store.read(name);
      const recording = kept && parseRecording(kept.toString('utf8'));
      for (const [key, answer] of Object.entries(recording?.answers ?? {})) probes.#answers.set(key, answer);
    }
    return probes;
  }

  /** @returns why the file cannot be used, or the answers it holds */
  static recorded(world: ProbeWorld, file: string): Probes | string {
    const probes = new Probes(world);
    const got = readText(file);
    if ('error' in got)
      return got.error === NO_FILE ? `the recording ${file} does not exist` : `cannot read ${file}: ${got.error}`;
    const recording = parseRecording(got.text);
    if (!recording) return `${file} is not a recording of probes`;
    for (const [command, answer] of Object.entries(recording.answers))
      probes.#answers.set(probes.#key(command.replaceAll('$(srctree)', world.directory)), answer);
    return probes;
  }

  /** How many commands were run. */
  get ran(): number {
    return this.#ran;
  }

  readonly answer = (command: string): string | undefined =>
    this.#answers.get(this.#key(command)) ?? textAnswer(command);

  /** Runs what the tree asks for and no cache answers, until it asks for nothing new; keeps the answers. */
  async runMissing(input: Omit<ParseInput, 'probe'>): Promise<void> {
    const before = this.#answers.size;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const missing = unansweredProbes({ ...input, probe: this.answer });
      if (missing.length === 0) break;
      await this.#run(missing);
    }
    if (this.#answers.size > before) this.#keep();
  }

  /** Runs one command as a probe, unless its answer is known. */
  async ask(command: string): Promise<string> {
    if (this.answer(command) === undefined) {
      await this.#run([command]);
      this.#keep();
    }
    return this.answer(command) as string;
  }

  /** Writes the answers to these commands to a file that `replay` can read. */
  record(file: string, commands: Iterable<string>): void {
    const answers = new Map<string, string>();
    for (const command of commands) {
      const answer = this.answer(command);
      if (answer !== undefined) answers.set(command.replaceAll(this.#world.directory, '$(srctree)'), answer);
    }
    orRefuse(file, () => {
      mkdirSync(path.dirname(file), { recursive: true });
      writeWhole(file, this.#recording(answers));
    });
  }

  #keep(): void {
    if (!this.#kept) return;
    const { store, ofTools, ofTree } = this.#kept;
    const answers = [...this.#answers];
    for (const [name, isItsOwn] of [
      [ofTools, false],
      [ofTree, true],
    ] as const)
      store.write(
        name,
        Buffer.from(this.#recording(new Map(answers.filter(([key]) => USES_VARIABLE.test(key) === isItsOwn)))),
      );
  }

  #recording(answers: ReadonlyMap<string, string>): string {
    const recording: Recording = {
      schemaVersion: 1,
      tools: this.#world.toolIdentity(),
      answers: Object.fromEntries([...answers].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
    return `${JSON.stringify(recording, null, 1)}\n`;
  }

  /** One shell for each processor runs the commands in turn: to start a process from Node costs as much as to run gcc. */
  async #run(commands: readonly string[]): Promise<void> {
    const { host, show } = this.#world;
    for (const command of commands) show?.(['sh', '-c', command]);
    const scratch = mkdtempSync(path.join(host.TMPDIR ?? tmpdir(), 'dmaheap-probe-'));
    const shells = new Set<number>();
    const remove = () => {
      for (const shell of shells) endGroup(shell);
      rmSync(scratch, { recursive: true, force: true });
    };
    const forget = onInterrupt(remove);
    const count = Math.min(commands.length, availableParallelism());
    const dealt = Array.from({ length: count }, (_, k) => commands.filter((_, i) => i % count === k));
    try {
      await Promise.all(dealt.map((share) => this.#askInTurn(share, scratch, shells)));
    } finally {
      forget();
      remove();
    }
  }

  /** @param shells gets the process group while it runs */
  async #askInTurn(commands: readonly string[], scratch: string, shells: Set<number>): Promise<void> {
    if (commands.length === 0) return;
    const { host, variables } = this.#world;
    const work = mkdtempSync(path.join(scratch, 'work-'));
    const output = mkdtempSync(path.join(scratch, 'output-'));
    let isLate = false;
    try {
      await new Promise<void>((resolve, reject) => {
        // Fetched on use: the page in a browser has no processes.
        const child = process
          .getBuiltinModule('node:child_process')
          .spawn('/bin/sh', ['-c', ASK_IN_TURN, output, ...commands], {
            cwd: work,
            env: { ...host, ...variables, LC_ALL: 'C' },
            stdio: 'ignore',
            // To end a command that hangs, with the processes that it started.
            detached: true,
          });
        const { pid } = child;
        if (pid !== undefined) shells.add(pid);
        const timer = setTimeout(() => {
          isLate = true;
          if (pid !== undefined) endGroup(pid);
        }, this.#world.limitMillis ?? NEVER_ENDS_MILLIS);
        const forget = () => {
          clearTimeout(timer);
          if (pid !== undefined) shells.delete(pid);
        };
        child.on('error', (error) => {
          forget();
          reject(error);
        });
        child.on('close', () => {
          forget();
          resolve();
        });
      });
    } catch {
      // Longer than an argument may be, or no shell at all: conf hears nothing then.
      const [first = ''] = commands;
      if (commands.length === 1) this.#answers.set(this.#key(first), '');
      else for (const command of commands) await this.#askInTurn([command], scratch, shells);
      return;
    }
    const asked = commands.filter((_, i) => existsSync(path.join(output, String(i))));
    // The last one was cut off in the middle: alone it has the whole time, and then what it printed is its answer.
    const done = isLate && commands.length > 1 ? asked.slice(0, -1) : asked;
    for (const [i, command] of done.entries()) {
      this.#answers.set(this.#key(command), shellAnswer(readFileSync(path.join(output, String(i)), 'latin1')));
      this.#ran++;
    }
    const left = commands.slice(done.length);
    if (left.length === 0) return;
    if (!isLate) throw new Error(`/bin/sh ended before it had run '${left[0]}'`);
    await this.#askInTurn(left.slice(0, 1), scratch, shells);
    await this.#askInTurn(left.slice(1), scratch, shells);
  }

  /** A command without the path of the tree. */
  #key(command: string): string {
    return command.replaceAll(this.#world.directory, '$(srctree)');
  }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function parseRecording(text: string): Recording | undefined {
  try {
    const data = JSON.parse(text) as Partial<Recording>;
    if (data.schemaVersion !== 1 || typeof data.answers !== 'object' || data.answers === null) return undefined;
    if (!Object.values(data.answers).every((answer) => typeof answer === 'string')) return undefined;
    return { schemaVersion: 1, tools: data.tools ?? [], answers: data.answers };
  } catch {
    return undefined;
  }
}

/** Answers also depend on the tree's own scripts, such as cc-version.sh. */
function scriptsOf(directory: string): string {
  const scripts = path.join(directory, 'scripts');
  let names: string[];
  try {
    names = readdirSync(scripts).filter((name) => name.endsWith('.sh'));
  } catch {
    return '';
  }
  return names
    .sort()
    .map((name) => `${name} ${digest(readFileSync(path.join(scripts, name), 'latin1'))}`)
    .join('\n');
}

function digest(text: string): string {
  // Fetched on use: a recording does without.
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex').slice(0, 32);
}
