/** The command line: a loop over the commands' declarations. */
import { Command, CommanderError } from 'commander';
import type { Format } from '../diagnostic/writers.js';
import { suggest } from '../source/suggest.js';
import { COMMANDS, everyCommand } from './commands.js';
import { Context } from './context.js';
import { type Declaration, globalOptions } from './declaration.js';
import { EXIT, type Exit } from './exit.js';
import { whyNoDirectory } from './files.js';
import { Refusal, sayRefusal } from './refusal.js';
import { printable, type Streams } from './terminal.js';
import { VERSION } from './version.js';

export interface Invocation extends Streams {
  readonly environment: NodeJS.ProcessEnv;
  readonly directory: string;
  readonly isTerminal: boolean;
}

function wantsColor(color: boolean, { environment, isTerminal }: Invocation): boolean {
  // https://no-color.org: present and not empty, whatever its value.
  return color && isTerminal && (environment['NO_COLOR'] ?? '') === '';
}

async function contextOf(program: Command, invocation: Invocation): Promise<Context> {
  const { format, quiet, verbose, color, C } = program.opts<{
    format: Format;
    quiet?: boolean;
    verbose?: boolean;
    color: boolean;
    C?: string;
  }>();
  return new Context(
    {
      format,
      quiet: quiet ?? false,
      verbose: verbose ?? false,
      color: wantsColor(color, invocation),
      directory: C ?? invocation.directory,
      ...(C === undefined ? {} : { changedTo: C }),
    },
    invocation.environment,
    invocation,
    // The tables are spread over the whole program.
    format === 'sarif' ? (await import('./codes.js')).allCodes() : {},
  );
}

/** Runs a command; a refusal ends it with its status. */
async function run({ name, run: action }: Declaration, context: Context, command: Command): Promise<Exit> {
  try {
    const { directory } = context.options;
    const why = whyNoDirectory(directory);
    if (why !== undefined)
      throw new Refusal(`-C ${directory}: ${why}`, EXIT.usage, 'give a directory that exists and that you may enter');
    return await action(context, command.processedArgs, command.opts());
  } catch (error) {
    return sayRefusal(context, error, name);
  } finally {
    context.finish();
  }
}

/** The options that every command has, and no command yet. */
function emptyProgram(): Command {
  const program = new Command('dmaheap');
  for (const option of globalOptions()) program.addOption(option);
  return program;
}

/**
 * @param declarations the commands to understand; default: all
 * @param result receives the exit status of the command that ran
 */
export async function buildProgram(
  invocation: Invocation,
  declarations?: readonly Declaration[],
  result: (exit: Exit) => void = () => {},
): Promise<Command> {
  const program = emptyProgram()
    .description(
      'DMA-BUF heaps for embedded Linux: generate the kernel configuration, device-tree overlay and udev rules of a board from one profile, and prove them',
    )
    .version(VERSION, '-V, --version')
    .helpCommand('help [command]', 'show the help of a command')
    .showSuggestionAfterError()
    .showHelpAfterError('  fix: dmaheap --help lists the commands and the common options')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => invocation.stdout(printable(text)),
      writeErr: (text) => invocation.stderr(printable(text)),
    })
    .addHelpText(
      'after',
      '\nExit status: 0 good, 1 findings or refuted, 2 usage or invalid profile, 3 a tool or file is missing, 70 a defect of dmaheap.',
    );
  for (const declaration of declarations ?? (await everyCommand())) {
    const { name, about, arguments: given, options, required, more } = declaration;
    const command = program
      .command(name)
      .description(about)
      .addHelpText('after', more)
      .showHelpAfterError(`  fix: dmaheap help ${name} shows the arguments`);
    for (const [flags, description] of given) command.argument(flags, description);
    for (const option of options) command.addOption(option);
    command.action(async () => {
      // commander asks for them before it looks for misspelt ones, which may be these.
      const missing = required.find((option) => command.getOptionValue(option.attributeName()) === undefined);
      if (missing !== undefined) command.error(`error: required option '${missing.flags}' not specified`);
      result(await run(declaration, await contextOf(program, invocation), command));
    });
  }
  return program;
}

/** The commands that a command line can be about: the one that it names, or all. */
async function declarationsFor(argv: readonly string[]): Promise<readonly Declaration[]> {
  const load = COMMANDS[commandNamed(argv)];
  return load === undefined ? everyCommand() : [await load()];
}

/** @returns an empty text where it names none, or has a mistake before the name, which the parser reports */
function commandNamed(argv: readonly string[]): string {
  try {
    const silent = emptyProgram()
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    const [first = ''] = silent.parseOptions([...argv]).operands;
    return Object.hasOwn(COMMANDS, first) ? first : '';
  } catch (error) {
    if (error instanceof CommanderError) return '';
    throw error;
  }
}

/** commander itself answers `help WORD` with the help of all, whatever the word. */
function refuseHelpOfNothing(program: Command, argv: readonly string[]): void {
  const [first, word] = program.parseOptions([...argv]).operands;
  const names = [...Object.keys(COMMANDS), 'help'];
  if (first !== 'help' || word === undefined || names.includes(word)) return;
  const near = suggest(word, names)[0];
  program.error(`error: unknown command '${word}'${near === undefined ? '' : `\n(Did you mean ${near}?)`}`);
}

/** Runs one command line. Mistakes of the user end in a status; an exception that gets out is a defect of ours. */
export async function runProgram(argv: readonly string[], invocation: Invocation): Promise<Exit> {
  let exit: Exit = EXIT.good;
  const program = await buildProgram(invocation, await declarationsFor(argv), (status) => {
    exit = status;
  });
  try {
    refuseHelpOfNothing(program, argv);
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help that was asked for is a result; help shown because nothing was asked is a usage error.
    return error.exitCode === 0 ? EXIT.good : EXIT.usage;
  }
  return exit;
}
