/** dmaheap import: a hand-made setup into a profile. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { type Fdt, readFdt } from '../../fdt/index.js';
import { type ImportInput, importSetup } from '../../import/index.js';
import { resolveModel } from '../../model/index.js';
import { makePlan } from '../../plan/index.js';
import { schemaAt } from '../../profile/describe.js';
import { readProfile } from '../../profile/load.js';
import { SourceText } from '../../source/index.js';
import { type ProfileArch, profileArch, unknownArch } from '../arch.js';
import { COMMAND_LINE_FIX, commandLineSource } from '../command-line.js';
import { readConfig } from '../config.js';
import type { Context } from '../context.js';
import { declare, several, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { PATH_FIX, readBytes, readText, reasonOf } from '../files.js';
import { kernelOption, shownPath } from '../profile.js';
import { Refusal, refusedAfter } from '../refusal.js';
import { openTools } from '../tools.js';
import { writeProfile } from '../write-profile.js';

export const command = declare({
  name: 'import',
  about: 'convert a hand-written setup to a profile, and list what a profile cannot express',
  options: {
    config: several('--config <file>', 'a .config or a fragment; more than once in the order of merging'),
    dts: several('--dts <file>', 'a .dtb, .dtbo or source for dtc; more than once'),
    rules: several('--rules <file>', 'udev rules, or a directory of them'),
    cmdline: text('--cmdline <text>', 'the kernel command line, or a file with it'),
    configTxt: text('--config-txt <file>', "a Raspberry Pi's config.txt"),
    arch: text('--arch <arch>', 'architecture, if no complete .config states it: arm64, arm, riscv64 or x86_64'),
    kernel: text('--kernel <version>', 'kernel, if no complete .config states it'),
    name: text('--name <name>', 'name of the profile'),
    output: text(
      '-o, --output <file>',
      'where to write: .jsonc with comments, .json without; default: standard output',
    ),
  },
  examples: [
    'import --config bsp.cfg --dts cma.dtso --rules /usr/lib/udev/rules.d --cmdline "cma=256M" -o board.jsonc',
  ],
  run: importProfile,
});

interface ImportOptions {
  readonly config?: readonly string[];
  readonly dts?: readonly string[];
  readonly rules?: readonly string[];
  readonly cmdline?: string;
  readonly configTxt?: string;
  readonly arch?: string;
  readonly kernel?: string;
  readonly name?: string;
  readonly output?: string;
}

class Reader {
  readonly sources = new Map<string, SourceText>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  text(option: string, file: string): SourceText {
    const got = readText(this.#context.resolve(file));
    if ('error' in got) throw new Refusal(`${option} ${file}: ${got.error}`, EXIT.environment, got.fix ?? PATH_FIX);
    return this.keep(new SourceText(shownPath(this.#context, file), got.text));
  }

  config(file: string, arch: ProfileArch | undefined): SourceText {
    const got = readConfig(this.#context.resolve(file), arch);
    if ('error' in got) throw new Refusal(`--config ${file}: ${got.error}`, got.exit, got.fix);
    return this.keep(new SourceText(shownPath(this.#context, file), got.text));
  }

  keep(source: SourceText): SourceText {
    this.sources.set(source.file, source);
    return source;
  }

  /** A directory means the rules files in it. */
  rules(file: string): SourceText[] {
    const absolute = this.#context.resolve(file);
    try {
      if (!statSync(absolute).isDirectory()) return [this.text('--rules', file)];
    } catch (error) {
      throw new Refusal(`--rules ${file}: ${reasonOf(error)}`, EXIT.environment, PATH_FIX);
    }
    const names = readdirSync(absolute).filter((name) => name.endsWith('.rules'));
    return names.map((name) => this.text('--rules', path.join(file, name)));
  }

  /** A blob, or source for dtc. */
  async tree(file: string): Promise<ImportInput['trees'][number]> {
    const got = readBytes(this.#context.resolve(file));
    if ('error' in got) throw new Refusal(`--dts ${file}: ${got.error}`, EXIT.environment, PATH_FIX);
    const isBlob = got.bytes[0] === 0xd0 && got.bytes[1] === 0x0d;
    const shown = shownPath(this.#context, file);
    if (isBlob) return { file: shown, tree: this.#blob(got.bytes, file) };
    const source = this.text('--dts', file);
    return { file: shown, tree: this.#blob(await this.#compile(source), file), source };
  }

  #blob(bytes: Uint8Array, file: string): Fdt {
    const { value, diagnostics } = readFdt(bytes, file);
    this.diagnostics.push(...diagnostics);
    if (value === undefined) throw new Refusal(`--dts ${file}: not a device tree blob`, EXIT.findings);
    return value;
  }

  async #compile({ file, text }: SourceText): Promise<Uint8Array> {
    const { tools, close } = openTools(this.#context.environment);
    try {
      if ((await tools.which('dtc')) === undefined)
        throw new Refusal(
          `--dts ${file} is source, and dtc is not installed`,
          EXIT.environment,
          'install the Debian package device-tree-compiler, or give the .dtb',
        );
      const work = await tools.scratch();
      // Includes of constants are left out: areas are plain numbers. What a board's dtsi refers to comes from its
      // board.
      const plain = text.replace(/^\s*#\s*include\b.*$/gm, '').replace(/\/dts-v1\/;|\/plugin\/;/g, '');
      await tools.writeText(`${work}/in.dts`, `/dts-v1/; /plugin/;\n${plain}`);
      const ran = await tools.run('dtc', [
        '-q',
        '-@',
        '-I',
        'dts',
        '-O',
        'dtb',
        '-o',
        `${work}/out.dtb`,
        `${work}/in.dts`,
      ]);
      const got = readBytes(`${work}/out.dtb`);
      if (ran.exitCode !== 0 || 'error' in got)
        throw new Refusal(
          `dtc cannot compile ${file}: ${ran.stderr.trim().split('\n')[0]?.replace(`${work}/in.dts`, file) ?? ''}`,
          EXIT.findings,
          "give the compiled .dtb or .dtbo; for a board's .dts with includes, run the preprocessor first",
        );
      return got.bytes;
    } finally {
      await close();
    }
  }
}

const NAME = new RegExp(schemaAt('/name')?.pattern ?? '');

async function gather(context: Context, options: ImportOptions, reader: Reader): Promise<ImportInput> {
  const { config = [], dts = [], rules = [], cmdline, configTxt } = options;
  if (config.length + dts.length + rules.length === 0 && cmdline === undefined && configTxt === undefined)
    throw new Refusal(
      'import needs the files of the setup',
      EXIT.usage,
      'give at least one of --config, --dts, --rules, --cmdline, --config-txt',
    );
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel);
  const arch = options.arch === undefined ? undefined : profileArch(options.arch);
  if (options.arch !== undefined && arch === undefined) throw unknownArch(options.arch);
  const { name } = options;
  if (name !== undefined && !NAME.test(name))
    throw new Refusal(
      `--name ${name}: not a name of a profile`,
      EXIT.usage,
      'use at most 63 small letters, digits and . _ -, beginning with a letter or digit',
    );
  const trees: ImportInput['trees'][number][] = [];
  for (const file of dts) trees.push(await reader.tree(file));
  return {
    configs: config.map((file) => reader.config(file, arch)),
    trees,
    rules: rules.flatMap((file) => reader.rules(file)),
    ...(cmdline === undefined ? {} : { commandLine: commandLineOf(context, cmdline, reader) }),
    ...(configTxt === undefined ? {} : { configTxt: reader.text('--config-txt', configTxt) }),
    ...(arch === undefined ? {} : { arch }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(name === undefined ? {} : { name }),
  };
}

/** A file such as cmdline.txt or extlinux.conf, or the arguments themselves. */
function commandLineOf(context: Context, text: string, reader: Reader): SourceText {
  const read = commandLineSource(context, text);
  if ('error' in read) throw new Refusal(`--cmdline ${text}: ${read.error}`, EXIT.environment, COMMAND_LINE_FIX);
  return reader.keep(read.source);
}

async function importProfile(context: Context, options: ImportOptions): Promise<Exit> {
  const reader = new Reader(context);
  let input: ImportInput;
  try {
    input = await gather(context, options, reader);
  } catch (error) {
    throw refusedAfter(error, reader);
  }
  const { value, diagnostics } = importSetup(input);
  const found = [...reader.diagnostics, ...diagnostics];
  const refused: Diagnostic[] = [];
  if (value !== undefined) {
    // Whatever the files held, what is written is a profile.
    const file = options.output ?? 'profile.jsonc';
    const read = readProfile(file, () => ({ text: value }));
    found.push(...read.diagnostics);
    for (const [name, source] of read.sources) reader.sources.set(name, source);
    // A setup may be wrong: the profile has it unchanged, and import reports what validate will report.
    const model = read.value && resolveModel(read.value, {});
    const plan = model?.value && makePlan(model.value);
    const objections = [...(model?.diagnostics ?? []), ...(plan?.diagnostics ?? [])];
    refused.push(...objections.filter(({ severity }) => severity === 'error'));
  }
  if (value === undefined || hasErrors(found)) {
    context.findings(found, reader.sources);
    if (value !== undefined) context.note(`the profile that was refused:\n${value}`);
    return EXIT.findings;
  }
  found.push(...refused);
  const exit = refused.length > 0 ? EXIT.findings : EXIT.good;
  if (context.options.format === 'json') context.printJson({ schemaVersion: 1, profile: value, diagnostics: found });
  else context.findings(found, reader.sources);
  if (options.output === undefined || options.output === '-') {
    if (context.options.format === 'human') context.print(value);
    return exit;
  }
  const next =
    exit === EXIT.good ? context.nextCommand('generate', options.output, '-o', 'out') : 'correct the findings';
  writeProfile(context, options.output, value, next);
  return exit;
}
