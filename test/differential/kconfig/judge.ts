/** A kernel tree's own conf, built from its sources: the judge of every value, line and warning. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { cacheRoot, filledOnce, shortHash } from '../../../src/build/fetch/index.js';
import type { Mode } from '../../../src/kconfig/index.js';
import type { Subject } from './trees.js';

const JUDGE_SOURCE = new URL('judge.c', import.meta.url).pathname;

export interface BuildOptions {
  /** Folds the high half of a pointer's hash back in, see the bench. */
  readonly repairHash?: boolean;
}

/** Builds conf out of tree. @returns the path of the program */
export async function buildConf(directory: string, options: BuildOptions = {}): Promise<string> {
  const id = shortHash(directory, readFileSync(JUDGE_SOURCE, 'utf8'), options.repairHash ? 'repaired' : 'stock');
  const target = path.join(cacheRoot(), 'kconfig-judge', id);
  const built = await filledOnce(target, async (work) => {
    let source = path.join(directory, 'scripts');
    if (options.repairHash) {
      for (const part of ['kconfig', 'include'])
        cpSync(path.join(source, part), path.join(work, 'scripts', part), { recursive: true });
      source = path.join(work, 'scripts');
      const header = path.join(source, 'include/hash.h');
      const text = readFileSync(header, 'utf8');
      const repaired = text.replace(
        /return hash_32\(\(unsigned int\)\(unsigned long\)ptr\);/,
        'unsigned int h = hash_32((unsigned int)(unsigned long)ptr); return h ^ (h >> 15);',
      );
      if (repaired === text) throw new Error('hash_ptr() is not where it used to be: nothing was repaired');
      writeFileSync(header, repaired);
    }
    const kconfig = path.join(source, 'kconfig');
    await execa('flex', ['-o', 'lexer.lex.c', '-L', path.join(kconfig, 'lexer.l')], { cwd: work });
    await execa('bison', ['-o', 'parser.tab.c', '--defines=parser.tab.h', '-t', '-l', path.join(kconfig, 'parser.y')], {
      cwd: work,
    });
    const files = ['conf.c', 'confdata.c', 'expr.c', 'preprocess.c', 'symbol.c', 'util.c'];
    // In 5.10 the parser includes menu.c.
    if (!readFileSync(path.join(kconfig, 'parser.y'), 'utf8').includes('#include "menu.c"')) files.push('menu.c');
    // judge.c has a main of its own, which calls conf's.
    const objects = files.map((file) => file.replace('.c', '.o'));
    const include = [`-I${work}`, `-I${kconfig}`, `-I${path.join(source, 'include')}`];
    const compile = (file: string, object: string, ...more: string[]) =>
      execa('gcc', ['-O2', '-w', '-D_GNU_SOURCE', ...include, '-c', '-o', object, ...more, file], { cwd: work });
    for (const [i, file] of files.entries())
      await compile(path.join(kconfig, file), objects[i] as string, ...(file === 'conf.c' ? ['-Dmain=conf_main'] : []));
    const wrapped = ['popen', 'pclose', 'conf_parse'].map((name) => `-Wl,--wrap=${name}`);
    await execa(
      'gcc',
      [
        '-O2',
        '-w',
        '-D_GNU_SOURCE',
        ...include,
        '-o',
        'conf',
        ...objects,
        'lexer.lex.c',
        'parser.tab.c',
        JUDGE_SOURCE,
        ...wrapped,
      ],
      { cwd: work },
    );
  });
  return path.join(built, 'conf');
}

export interface Verdict {
  /** The `.config`, or for savedefconfig the defconfig; undefined when conf wrote none. */
  readonly text: string | undefined;
  /** What conf said, one message each. */
  readonly messages: ReadonlySet<string>;
  readonly status: number;
}

/** What conf needs to know of a tree. */
export type Served = Pick<Subject, 'name' | 'work' | 'environment' | 'probesFile'>;

/** A conf that has parsed its tree once and answers in every mode. */
export class Judge {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #directory: string;
  /** What conf said while it parsed. */
  parseMessages: ReadonlySet<string> = new Set();
  #stderr = '';

  private constructor(conf: string, subject: Served) {
    this.#directory = path.join(subject.work, `judge-${process.pid}`);
    mkdirSync(this.#directory, { recursive: true });
    this.#child = spawn(conf, [], {
      cwd: this.#directory,
      env: {
        PATH: process.env['PATH'],
        ...subject.environment,
        KCONFIG_PROBES: subject.probesFile,
        KCONFIG_SERVE: '1',
      },
    });
    this.#child.stderr.setEncoding('latin1');
    this.#child.stderr.on('data', (chunk: string) => {
      this.#stderr += chunk;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async start(conf: string, subject: Served): Promise<Judge> {
    const judge = new Judge(conf, subject);
    const said: string[] = [];
    for (;;) {
      const line = await judge.#lines.next();
      if (line.done) throw new Error(`${subject.name}: conf ended while parsing: ${said.join(' | ')}${judge.#stderr}`);
      if (line.value === 'ready') break;
      said.push(line.value);
    }
    judge.parseMessages = messagesOf(said.join('\n'));
    return judge;
  }

  /** @param text the `.config` or defconfig to start from */
  async ask(mode: Mode, text: string | undefined): Promise<Verdict> {
    const [config, defconfig, log] = ['.config', 'defconfig', 'log'].map((name) =>
      path.join(this.#directory, name),
    ) as [string, string, string];
    for (const file of [config, defconfig, `${config}.old`]) rmSync(file, { force: true });
    if (text !== undefined) writeFileSync(mode === 'defconfig' ? defconfig : config, text, 'latin1');
    const option = mode === 'defconfig' || mode === 'savedefconfig' ? `--${mode}=defconfig` : `--${mode}`;
    this.#child.stdin.write(`${option}\n${log}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error(`conf died: ${this.#stderr}`);
    const output = mode === 'savedefconfig' ? defconfig : config;
    return {
      text: existsSync(output) ? readFileSync(output, 'latin1') : undefined,
      messages: messagesOf(readFileSync(log, 'latin1')),
      status: Number(line.value),
    };
  }

  stop(): void {
    this.#child.stdin.end();
    this.#child.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** conf's output as single messages; what it says about writing the file is none. */
export function messagesOf(output: string): Set<string> {
  const messages = new Set<string>();
  let message: string[] = [];
  const close = () => {
    if (message.length > 0) messages.add(message.join('\n'));
    message = [];
  };
  for (const line of output.split('\n')) {
    if (line.startsWith('#') || line === '') close();
    else if (/^ {2}\S/.test(line) && message[0]?.startsWith('WARNING')) message.push(line.trim());
    else {
      close();
      message.push(line);
    }
  }
  close();
  return messages;
}
