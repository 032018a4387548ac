/** The command line: one declaration drives parsing, help and, later, completion and man pages. */
import { statSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { FORMATS, type Format } from '../diagnostic/writers.js';
import { suggest } from '../source/suggest.js';
import { Context, type Streams } from './context.js';
import { EXIT, type Exit } from './exit.js';
import { VERSION } from './version.js';

export interface Invocation extends Streams {
  readonly environment: NodeJS.ProcessEnv;
  readonly directory: string;
  readonly isTerminal: boolean;
}

/** A path that cannot even be looked at is none; the command then says why. */
const isFile = (file: string) => lookAt(file)?.isFile() ?? false;
const isDirectory = (file: string) => lookAt(file)?.isDirectory() ?? false;

function lookAt(file: string) {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

const collect = (value: string, before: readonly string[] = []) => [
  ...before,
  ...value.split(',').filter((v) => v !== ''),
];

const several = (value: string, before: readonly string[] = []) => [...before, value];

/** `-o ""`, which a script writes with a variable that is not set, would be the working directory. */
function named(value: string): string {
  if (value === '') throw new InvalidArgumentError('It is empty.');
  return value;
}

function wantsColor(color: boolean, { environment, isTerminal }: Invocation): boolean {
  // https://no-color.org: present and not empty, whatever its value.
  return color && isTerminal && (environment['NO_COLOR'] ?? '') === '';
}

/** Builds the program; `result` receives the exit status of the command that ran. */
export function buildProgram(invocation: Invocation, result: (exit: Exit | 4) => void): Command {
  const program = new Command('dmaheap');
  const context = (): Context => {
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
      },
      invocation.environment,
      invocation,
    );
  };
  /** Runs a command whose code is loaded only now. */
  const run =
    <A extends unknown[]>(action: (context: Context, ...args: A) => Promise<Exit | 4>) =>
    async (...args: unknown[]) => {
      // commander hands over the arguments, then the options, then the command itself.
      const c = context();
      const { directory } = c.options;
      if (isDirectory(directory)) result(await action(c, ...(args.slice(0, -1) as A)));
      else {
        c.complain(`-C ${directory}: there is no such directory`, 'give a directory that is there');
        result(EXIT.usage);
      }
      c.finish();
    };

  program
    .description(
      'DMA-BUF heaps for embedded Linux: one board profile in, kernel config, device-tree overlay, udev rules and proof out',
    )
    .addOption(
      new Option('--format <format>', 'how results and findings are printed').choices(FORMATS).default('human'),
    )
    .option('--quiet', 'print errors only')
    .option('--verbose', 'show the commands that are run')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .option('-C <dir>', 'start from this directory')
    .version(VERSION, '-V, --version')
    .helpCommand('help [command]', 'show the help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: invocation.stdout, writeErr: invocation.stderr })
    .addHelpText(
      'after',
      '\nExit status: 0 good, 1 findings or refuted, 2 usage or invalid profile, 3 a tool or file is missing, 70 a defect of dmaheap.',
    );

  program
    .command('init')
    .description("write a first profile from a board's DTB and configuration, on the running board, or by asking")
    .option('--dtb <file>', "the board's DTB")
    .option('--config <file>', 'its kernel configuration')
    .option('--live', 'look at the running board')
    .option('--root <dir>', 'with --live: look below this directory instead of /')
    .option('--budget <words>', 'what must fit at once, such as "4 cameras 4K NV12, 6 buffers each"; the size follows')
    .option('--distribution <name>', 'suggests the group: debian, yocto, buildroot, alpine, nixos, openwrt, android')
    .option('--group <name>', 'the group that may allocate')
    .option('-o, --output <file>', 'where to write; default: standard output')
    .addHelpText(
      'after',
      [
        '\nExamples:',
        'dmaheap init --dtb my-board.dtb --config .config -o my-board.json',
        'dmaheap init --dtb my-board.dtb --budget "4 cameras 4K NV12, 6 buffers each" -o my-board.json',
      ].join('\n  '),
    )
    .action(run(async (c, options) => (await import('./commands/init.js')).init(c, options as never)));

  program
    .command('import')
    .description('turn a hand-written setup into a profile, and say what it cannot express')
    .option('--config <file>', 'a .config, or a fragment; more than once in the order they are merged', several)
    .option('--dts <file>', 'a .dtb, .dtbo or source for dtc; more than once', several)
    .option('--rules <file>', 'udev rules, or a directory of them', several)
    .option('--cmdline <text>', 'the kernel command line, or a file that holds it')
    .option('--config-txt <file>', "a Raspberry Pi's config.txt")
    .option('--arch <arch>', "when no whole .config says it: the profile's, the kernel's or uname's name")
    .option('--kernel <version>', 'when no whole .config says it')
    .option('--name <name>', 'name of the profile')
    .option('-o, --output <file>', 'where to write; default: standard output')
    .addHelpText(
      'after',
      '\nExample:\n  dmaheap import --config bsp.cfg --dts cma.dtso --rules /usr/lib/udev/rules.d --cmdline "cma=256M" -o board.json',
    )
    .action(run(async (c, options) => (await import('./commands/import.js')).importProfile(c, options as never)));

  program
    .command('validate')
    .description('check profiles: keys, values, sizes, names, access')
    .argument('<profile...>', 'profiles (JSON, comments allowed)')
    .option('--kernel <version>', "one kernel of the profile's range")
    .option('--dtb <file>', "the board's DTB")
    .option('--watch', 'again whenever a file changes, those it extends included; Ctrl-C ends it')
    .addHelpText(
      'after',
      '\nExamples:\n  dmaheap validate my-board.json other-board.json\n  dmaheap validate my-board.json --watch',
    )
    .action(
      run(async (c, files: string[], options: { kernel?: string; dtb?: string; watch?: boolean }) =>
        (await import('./commands/validate.js')).validate(c, files, options),
      ),
    );

  const kernelTreeOptions = (command: Command) =>
    command
      .option('--kernel-tree <dir>', 'kernel source tree; it is only read')
      .option('--arch <arch>', "architecture: the profile's, the kernel's or uname's name")
      .option('--base-config <file>', ".config or defconfig to start from; default: the architecture's defconfig")
      .option(
        '--probes <mode>',
        'questions of the tree to the toolchain: run, replay:FILE or deny (the default: assume a plain GCC)',
      )
      .option('--record-probes <file>', 'write the answers for replay:FILE');

  kernelTreeOptions(
    program
      .command('generate')
      .description('write fragment, overlay, rules and expectation for a board')
      .argument('<profile>', "the board's profile"),
  )
    .option('--allow-change', 'the fragment may take away what the base decided', false)
    .requiredOption('-o, --output <dir>', 'where to write')
    .option('--target <name,...>', 'only these targets (dmaheap targets lists them)', collect)
    .option('--kernel <version>', "one kernel of the profile's range")
    .option('--dtb <file>', "the board's DTB: its cells are used and held against the profile")
    .option('--force', 'overwrite files that a person edited', false)
    .option('--diff', 'show what would change and write nothing; exits with 1 when something would', false)
    .option('--lock <file>', 'pin every input in this file; when it is there, refuse whatever differs from it')
    .addHelpText(
      'after',
      [
        '\nExamples:',
        'dmaheap generate my-board.json -o out --kernel 6.12 --dtb my-board.dtb',
        'dmaheap generate my-board.json -o out --kernel-tree linux-6.12 --base-config .config --lock my-board.lock',
        'dmaheap generate my-board.json -o out --target udev,verify --diff',
      ].join('\n  '),
    )
    .action(
      run(async (c, file: string, options) =>
        (await import('./commands/generate.js')).generate(c, file, options as never),
      ),
    );

  program
    .command('check')
    .description(
      'hold a generated tree against the real tools (conf, dtc, fdtoverlay, udevadm), or a built image against its profile',
    )
    .argument('<dir|profile>', 'directory that dmaheap generate wrote; or a profile, with --config, --dtb or --rootfs')
    .option('--config <file>', 'with a profile: the finished .config of the image')
    .option(
      '--rootfs <dir|tar>',
      'with a profile: the root file system of the image, rules, groups, units and verifier',
    )
    .option('--kernel-tree <dir>', 'kernel source tree; it is only read')
    .option('--arch <arch>', "architecture: the profile's, the kernel's or uname's name; default: the profile's")
    .option('--base-config <file>', 'complete .config that the fragment goes on top of')
    .option('--dtb <file>', "the board's DTB: for the overlay, or with a profile that of the image")
    .option('--require-tools', 'exit with 3 when a tool is missing', false)
    .option('--lock <file>', 'the lock that generate wrote: says what has changed since')
    .addHelpText(
      'after',
      [
        '\nExamples:',
        'dmaheap check out --kernel-tree linux-6.12 --base-config .config --dtb my-board.dtb --lock my-board.lock',
        'dmaheap check --config .config my-board.json',
        'dmaheap check my-board.json --config .config --dtb my-board.dtb --rootfs rootfs.tar',
      ].join('\n  '),
    )
    .action(
      run(async (c, subject: string, options: { config?: string; rootfs?: string }) =>
        options.config === undefined && options.rootfs === undefined && !isFile(c.resolve(subject))
          ? (await import('./commands/check.js')).check(c, subject, options as never)
          : (await import('./commands/check-built.js')).checkBuilt(c, subject, options as never),
      ),
    );

  /** What the placement simulator can be told about a board. */
  const boardOptions = (command: Command) =>
    command
      .option('--dtb <file>', "the board's DTB")
      .option(
        '--overlay <file>',
        'an overlay (.dtbo), applied in the order given; FILE,PARAM=VALUE sets Raspberry Pi parameters',
        several,
      )
      .option('--kernel <version>', 'the kernel; more than once to compare', several)
      .option('--page-size <size>', '4K, 16K or 64K')
      .option('--config <file>', 'the final .config')
      .option('--cmdline <text>', 'the kernel command line; default: /chosen/bootargs')
      .option('--memory <base+size>', 'a RAM bank, when neither DTB nor profile states it', several)
      .option('--occupied <name=base+size>', 'memory in use: kernel, initrd, dtb, firmware', several);

  boardOptions(
    program
      .command('place')
      .description('predict areas, heap names, CmaTotal and kernel messages before the boot')
      .argument('[profile]', 'a profile whose overlay is applied as well')
      .option('--arch <arch>', 'architecture, when there is no profile'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  dmaheap place --dtb my-board.dtb --overlay cma.dtbo --kernel 6.12 --kernel 7.3 --arch arm64 --memory 0x40000000+1G',
    )
    .action(
      run(async (c, file: string | undefined, options) =>
        (await import('./commands/place.js')).place(c, file, options as never),
      ),
    );

  kernelTreeOptions(
    program
      .command('resolve')
      .description('the smallest fragment that reaches the goals on a kernel tree, or what is in the way')
      .argument('<goals...>', 'a profile, or SYMBOL=y, SYMBOL>=m, SYMBOL=256, SYMBOL=n'),
  )
    .option('-o, --output <file>', 'write the fragment')
    .option('--allow-change', 'lines may take away what the base decided', false)
    .option('--confirm', "have the tree's own conf confirm the answer; builds and runs it", false)
    .addHelpText(
      'after',
      '\nExample:\n  dmaheap resolve DMABUF_HEAPS_CMA=y CMA_SIZE_MBYTES=256 --kernel-tree linux-6.12 --arch arm64 --base-config .config',
    )
    .action(
      run(async (c, goals: string[], options) =>
        (await import('./commands/resolve.js')).resolve(c, goals, options as never),
      ),
    );

  boardOptions(
    kernelTreeOptions(
      program
        .command('explain')
        .description('why a symbol, region, heap, value or line is what it is, and what a finding means')
        .argument(
          '<subject>',
          'a symbol, region:NAME, heap:NAME, a value (/board/memory), a line (udev/70-dmaheap.rules:5), a fact, or the code of a finding',
        )
        .argument('[profile]', 'the profile it is about'),
    ).option('--why-not <goal>', 'what stands against X=y, or what it takes'),
  )
    .addHelpText(
      'after',
      [
        '\nExamples:',
        'dmaheap explain CMA --why-not CMA=y --kernel-tree linux-6.12 --arch arm64 --base-config .config',
        'dmaheap explain region:linux,cma my-board.json --dtb my-board.dtb --kernel 6.12',
        'dmaheap explain heap:camera my-board.json',
        'dmaheap explain /access/camera/mode my-board.json',
        'dmaheap explain udev/70-dmaheap.rules:5 my-board.json',
        'dmaheap explain DMABUF_HEAPS_CMA my-board.json',
        'dmaheap explain HEAP_RENAMED',
        'dmaheap explain plan/size-rounded',
      ].join('\n  '),
    )
    .action(
      run(async (c, subject: string, profile: string | undefined, options) =>
        (await import('./commands/explain.js')).explain(c, subject, profile, options as never),
      ),
    );

  boardOptions(
    kernelTreeOptions(
      program
        .command('report')
        .description('one HTML page about a board: memory map, budget, names, symbols, access, proof')
        .argument('<profile>', "the board's profile"),
    )
      .option('-o, --output <file>', 'where to write; default: standard output')
      .option('--verify <file>', 'what dmaheap-verify --json printed on the board'),
  )
    .addHelpText(
      'after',
      [
        '\nExamples:',
        'dmaheap report my-board.json --dtb my-board.dtb -o report.html',
        'dmaheap report my-board.json --dtb my-board.dtb --verify report.json -o report.html',
      ].join('\n  '),
    )
    .action(
      run(async (c, profile: string, options) =>
        (await import('./commands/report.js')).report(c, profile, options as never),
      ),
    );

  program
    .command('diff')
    .description('what differs for user space between two profiles, or between two kernels')
    .argument('<profile...>', 'one or two profiles; with one, give two kernels')
    .option('--kernel <version>', 'the kernel; twice: one for each side', several)
    .option('--kernel-tree <dir>', 'kernel source tree, for the lines it needs; twice: one for each side', several)
    .option('--arch <arch>', "architecture; default: the profile's")
    .option('--base-config <file>', '.config or defconfig to start from; twice: one for each side', several)
    .option('--dtb <file>', "the board's DTB: what is predicted is compared too; twice: one for each side", several)
    .option('--probes <mode>', 'questions of the tree to the toolchain: run, replay:FILE or deny')
    .addHelpText(
      'after',
      [
        '\nExit status: 0 nothing differs, 1 something does.',
        'Examples:',
        '  dmaheap diff my-board.json --kernel 6.12 --kernel 7.3 --dtb my-board.dtb',
        '  dmaheap diff my-board.json other-board.json',
      ].join('\n'),
    )
    .action(
      run(async (c, profiles: string[], options) =>
        (await import('./commands/diff.js')).diff(c, profiles, options as never),
      ),
    );

  program
    .command('verify')
    .description('verify the heaps of the running board')
    .option('--expect <file>', 'verify.expect, as dmaheap generate writes it')
    .option('--root <dir>', 'look below this directory instead of /')
    .option('--as <user[:group,...]>', 'also try as this user; needs root')
    .option('--import <device>', 'also give a buffer of every heap to this DRM device, and make one by /dev/udmabuf')
    .option('--deep', 'may hold a whole CMA area')
    .addHelpText(
      'after',
      '\nExit status: 0 pass, 1 fail, 2 usage, 3 probe error or no addon, 4 nothing testable.\nExample:\n  dmaheap verify --expect /etc/dmaheap/verify.expect',
    )
    .action(run(async (c, options) => (await import('./commands/verify.js')).verify(c, options as never)));

  program
    .command('targets')
    .description('list what can be generated, or what one target is, its files and options')
    .argument('[name]', 'one target')
    .argument('[profile]', 'for this board: how to get from the files to a booted kernel')
    .addHelpText(
      'after',
      '\nExamples:\n  dmaheap targets\n  dmaheap targets yocto\n  dmaheap targets yocto my-board.json',
    )
    .action(
      run(async (c, name?: string, profile?: string) =>
        (await import('./commands/targets.js')).targets(c, name, profile),
      ),
    );

  program
    .command('facts')
    .description('list what is known about kernels, since when and from where')
    .argument('[id]', 'one fact, or a group such as heap')
    .addHelpText('after', '\nExample:\n  dmaheap facts heap.default-area-name')
    .action(run(async (c, id: string | undefined) => (await import('./commands/facts.js')).facts(c, id)));

  program
    .command('schema')
    .description('print the JSON schema of profiles')
    .addHelpText('after', '\nExample:\n  dmaheap schema > profile.schema.json')
    .action(run(async (c) => (await import('./commands/schema.js')).schema(c)));

  program
    .command('completion')
    .description('print shell completion')
    .argument('[words...]', 'bash, zsh or fish')
    .option('--line', 'print what can stand at the end of the words given; the scripts use it', false)
    .addHelpText('after', '\nExample:\n  dmaheap completion bash > /etc/bash_completion.d/dmaheap')
    .action(
      run(async (c, words: string[], options: { line: boolean }) => {
        const { COMPLETION_SCRIPTS, complete } = await import('./complete.js');
        if (options.line) {
          c.print(
            complete(program, words, (file) => c.resolve(file))
              .map((candidate) => `${candidate}\n`)
              .join(''),
          );
          return EXIT.good;
        }
        const script = Object.hasOwn(COMPLETION_SCRIPTS, words[0] ?? '')
          ? COMPLETION_SCRIPTS[words[0] ?? '']
          : undefined;
        if (script === undefined) {
          c.complain('completion for which shell?', 'give bash, zsh or fish');
          return EXIT.usage;
        }
        c.print(script);
        return EXIT.good;
      }),
    );

  program
    .command('version')
    .description('print the version')
    .addHelpText('after', '\nExample:\n  dmaheap version')
    .action(
      run(async (c) => {
        c.print(`${VERSION}\n`);
        return EXIT.good;
      }),
    );

  program
    .command('matrix')
    .description('generate and judge boards by kernels by targets in one process')
    .argument('<matrix>', 'a matrix: { "boards": [...], "kernels": [...], "targets": [...] }')
    .option('--shard <i/n>', 'only every n-th cell from the i-th on, for CI engines that spread jobs')
    .option('-o, --output <dir>', 'write each cell to DIR/BOARD/KERNEL/TARGET')
    .option('--junit <file>', 'write the results as JUnit XML')
    .option('--ktap <file>', 'write the results as KTAP')
    .option('--list', 'print the cells and do nothing', false)
    .option('--force', 'overwrite files that a person edited', false)
    .addHelpText('after', '\nExample:\n  dmaheap matrix fleet.json --shard 2/8 -o out --junit results.xml')
    .action(
      run(async (c, file: string, options) => (await import('./commands/matrix.js')).matrix(c, file, options as never)),
    );

  for (const command of program.commands) command.options.find(({ long }) => long === '--output')?.argParser(named);
  return program;
}

/** commander itself answers `help WORD` with the help of all, whatever the word. */
function refuseHelpOfNothing(program: Command, argv: readonly string[]): void {
  const [first, word] = program.parseOptions([...argv]).operands;
  const names = [...program.commands.map((command) => command.name()), 'help'];
  if (first !== 'help' || word === undefined || names.includes(word)) return;
  const near = suggest(word, names)[0];
  program.error(`error: unknown command '${word}'${near === undefined ? '' : `\n(Did you mean ${near}?)`}`);
}

/** Runs one command line. Mistakes of the user end in a status; an exception that gets out is a defect of ours. */
export async function runProgram(argv: readonly string[], invocation: Invocation): Promise<Exit | 4> {
  let exit: Exit | 4 = EXIT.good;
  const program = buildProgram(invocation, (status) => {
    exit = status;
  });
  program.showHelpAfterError('  fix: dmaheap --help lists the commands and the options that all of them have');
  for (const command of program.commands)
    command
      .showHelpAfterError(`  fix: dmaheap help ${command.name()} shows what it takes`)
      .exitOverride()
      .configureOutput({ writeOut: invocation.stdout, writeErr: invocation.stderr });
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
