/**
 * Answers to the questions Kconfig files ask the shell. A kernel tree is other people's code: commands run only in
 * mode `run`; `replay` knows what a file has recorded, `deny` knows nothing.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { type ParseInput, shellAnswer, unansweredProbes } from '../../kconfig/index.js';
import { onInterrupt } from '../interrupt.js';
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
const MAX_ROUNDS = 8;

export interface ProbeWorld {
  readonly directory: string;
  /** What kbuild exports to the commands. */
  readonly variables: Readonly<Record<string, string>>;
  readonly toolIdentity: () => readonly string[];
  readonly host: NodeJS.ProcessEnv;
  /** Where answers are kept between runs; undefined for nowhere. */
  readonly cacheDirectory: string | undefined;
  /** Gets every command before it runs. */
  readonly show?: (command: readonly string[]) => void;
}

export class Probes {
  readonly #world: ProbeWorld;
  readonly #answers = new Map<string, string>();
  #kept: { readonly store: Store; readonly name: string } | undefined;
  #ran = 0;

  private constructor(world: ProbeWorld) {
    this.#world = world;
  }

  /** Answers that earlier runs have kept for exactly these tools. */
  static cached(world: ProbeWorld): Probes {
    const probes = new Probes(world);
    if (world.cacheDirectory === undefined) return probes;
    const identity = [...world.toolIdentity(), scriptsOf(world.directory)].join('\n');
    const store = new Store(path.join(world.cacheDirectory, 'probes'));
    const name = `${digest(identity)}.json`;
    probes.#kept = { store, name };
    const kept = store.read(name);
    const recording = kept && parseRecording(kept.toString('utf8'));
    for (const [key, answer] of Object.entries(recording?.answers ?? {})) probes.#answers.set(key, answer);
    return probes;
  }

  /** @returns why the file cannot be used, or the answers it holds */
  static recorded(world: ProbeWorld, file: string): Probes | string {
    const probes = new Probes(world);
    const recording = readRecording(file);
    if (!recording)
      return existsSync(file) ? `${file} is not a recording of probes` : `the recording ${file} does not exist`;
    for (const [command, answer] of Object.entries(recording.answers))
      probes.#answers.set(probes.#key(command.replaceAll('$(srctree)', world.directory)), answer);
    return probes;
  }

  /** How many commands were run. */
  get ran(): number {
    return this.#ran;
  }

  readonly answer = (command: string): string | undefined => this.#answers.get(this.#key(command));

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
    mkdirSync(path.dirname(file), { recursive: true });
    const partial = `${file}.${process.pid}`;
    writeFileSync(partial, this.#recording(answers));
    renameSync(partial, file);
  }

  #keep(): void {
    this.#kept?.store.write(this.#kept.name, Buffer.from(this.#recording(this.#answers)));
  }

  #recording(answers: ReadonlyMap<string, string>): string {
    const recording: Recording = {
      schemaVersion: 1,
      tools: this.#world.toolIdentity(),
      answers: Object.fromEntries([...answers].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
    return `${JSON.stringify(recording, null, 1)}\n`;
  }

  async #run(commands: readonly string[]): Promise<void> {
    // Loaded when something is run: it costs as much time as starting Node.
    const { execa } = await import('execa');
    const { host, variables, show } = this.#world;
    const scratch = mkdtempSync(path.join(host.TMPDIR ?? tmpdir(), 'dmaheap-probe-'));
    const remove = () => rmSync(scratch, { recursive: true, force: true });
    const forget = onInterrupt(remove);
    const queue = [...commands];
    const worker = async () => {
      for (let command = queue.shift(); command !== undefined; command = queue.shift()) {
        show?.(['sh', '-c', command]);
        const { stdout } = await execa('/bin/sh', ['-c', command], {
          cwd: scratch,
          env: { ...host, ...variables, LC_ALL: 'C' },
          extendEnv: false,
          stdin: 'ignore',
          stderr: 'ignore',
          encoding: 'latin1',
          reject: false,
          stripFinalNewline: false,
          timeout: NEVER_ENDS_MILLIS,
        });
        this.#answers.set(this.#key(command), shellAnswer(stdout));
        this.#ran++;
      }
    };
    try {
      await Promise.all(Array.from({ length: availableParallelism() }, worker));
    } finally {
      forget();
      remove();
    }
  }

  /** A command without the path of the tree. */
  #key(command: string): string {
    return command.replaceAll(this.#world.directory, '$(srctree)');
  }
}

function readRecording(file: string): Recording | undefined {
  try {
    return parseRecording(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
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
