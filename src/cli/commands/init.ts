/** dmaheap init: a first profile from a board's DTB and configuration, or from the running board. */

import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { DISTRIBUTIONS, distribution } from '../../facts/distribution.js';
import { formatKernelVersion, parseKernelVersion } from '../../facts/index.js';
import { type DeviceTreeListing, readLiveTree } from '../../fdt/index.js';
import { type BoardFindings, draftProfile } from '../../init/board.js';
import { HEAP_OF_PURPOSE, type Purpose } from '../../init/purpose.js';
import { totalInWords } from '../../init/total.js';
import { optionValues } from '../../kconfig/option-line.js';
import { cmaParameter } from '../../placement/index.js';
import { parseBuffers } from '../../plan/buffer-words.js';
import { readProfile } from '../../profile/load.js';
import { sizeWithoutUnit } from '../../profile/size-unit.js';
import { parseBytes } from '../../quantity/index.js';
import { readBoard, readConfiguration, targetOf, whyNot } from '../board-files.js';
import { type Context, shellWords } from '../context.js';
import { declare, flag, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { whyNoDirectory } from '../files.js';
import { kernelOption } from '../profile.js';
import { Refusal } from '../refusal.js';
import { writeProfile } from '../write-profile.js';

const PURPOSES = Object.keys(HEAP_OF_PURPOSE);

export const command = declare({
  name: 'init',
  about: "write a first profile from a board's DTB and configuration, from the running board, or from questions",
  options: {
    dtb: text('--dtb <file>', "the board's DTB"),
    config: text('--config <file>', 'the .config of its kernel'),
    live: flag('--live', 'read the running board'),
    root: text('--root <dir>', 'with --live: use this directory instead of /'),
    budget: text(
      '--budget <words>',
      'the buffers that are needed at the same time, such as "4 cameras 4K NV12, 6 buffers each" or "1 decoder H.264 4K level 5.1 rkvdec", with ; or + between several kinds; a driver states how lines and height are rounded; init computes the size',
    ),
    size: text('--size <size>', 'size of the default area, such as 400M'),
    purpose: text('--purpose <what>', `what the default area is for, which names its heap: ${PURPOSES.join(', ')}`),
    kernel: text('--kernel <version>', 'the kernel that the profile is for'),
    distribution: text(
      '--distribution <name>',
      'the distribution, which decides the default group and adds its target: debian, yocto, buildroot, alpine, nixos, openwrt, android',
    ),
    group: text('--group <name>', 'the group that may use the heaps'),
    output: text(
      '-o, --output <file>',
      'where to write: .jsonc with comments, .json without; default: standard output',
    ),
  },
  examples: [
    'init --dtb my-board.dtb --config .config -o my-board.jsonc',
    'init --dtb my-board.dtb --size 400M --kernel 6.12 -o my-board.jsonc',
    'init --dtb my-board.dtb --budget "4 cameras 4K NV12, 6 buffers each" -o my-board.jsonc',
  ],
  run: init,
});

interface InitOptions {
  readonly dtb?: string;
  readonly config?: string;
  readonly live?: boolean;
  readonly output?: string;
  readonly root?: string;
  readonly budget?: string;
  readonly size?: string;
  readonly purpose?: string;
  readonly kernel?: string;
  readonly group?: string;
  readonly distribution?: string;
}

/** Deeper than any device tree; a link that leads up must not be followed for ever. */
const MAX_DEPTH = 32;

function listDirectory(directory: string, depth = 0): DeviceTreeListing {
  const listing: Record<string, Uint8Array | DeviceTreeListing> = Object.create(null);
  if (depth > MAX_DEPTH) return listing;
  for (const name of readdirSync(directory)) {
    const file = path.join(directory, name);
    const stat = lstatSync(file);
    if (stat.isDirectory()) listing[name] = listDirectory(file, depth + 1);
    else if (stat.isFile()) listing[name] = readFileSync(file);
  }
  return listing;
}

const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

/** What the running system says; each source may be missing or not readable. */
function lookAround(root: string, diagnostics: Diagnostic[]): BoardFindings {
  const at = (file: string) => path.join(root, file);
  const iomem = attempt(() => readFileSync(at('/proc/iomem'), 'utf8')) ?? '';
  const memory = [...iomem.matchAll(/^([0-9a-f]+)-([0-9a-f]+) : System RAM$/gm)]
    .map(([, from = '0', to = '0']) => ({
      baseAddress: BigInt(`0x${from}`),
      sizeBytes: BigInt(`0x${to}`) - BigInt(`0x${from}`) + 1n,
    }))
    // An unprivileged reader sees zeros.
    .filter(({ sizeBytes }) => sizeBytes > 1n);
  const argument = cmaParameter(attempt(() => readFileSync(at('/proc/cmdline'), 'utf8')) ?? '');
  const total = /^CmaTotal:\s+(\d+) kB$/m.exec(attempt(() => readFileSync(at('/proc/meminfo'), 'utf8')) ?? '')?.[1];
  const config = attempt(() => gunzipSync(readFileSync(at('/proc/config.gz'))).toString());
  const release = attempt(() => readFileSync(at('/proc/sys/kernel/osrelease'), 'utf8')) ?? '';
  const booted = attempt(() => readFileSync(at(`/boot/config-${release.trim()}`), 'utf8'));
  const groups = attempt(() => readFileSync(at('/etc/group'), 'utf8'));
  const osRelease = attempt(() => readFileSync(at('/etc/os-release'), 'utf8')) ?? '';
  const known = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(
    ([, id = '']) => distribution(id) ?? [],
  );
  const heaps = attempt(() => readdirSync(at('/dev/dma_heap')));
  const listing = attempt(() =>
    existsSync(at('/proc/device-tree')) ? listDirectory(at('/proc/device-tree')) : undefined,
  );
  const live = listing === undefined ? undefined : readLiveTree(listing);
  diagnostics.push(...(live?.diagnostics ?? []));
  const values = config ?? booted;
  const kernel = parseKernelVersion(release);
  return {
    ...(live?.value === undefined ? {} : { tree: live.value }),
    ...(values === undefined ? {} : { config: optionValues(values) }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(memory.length === 0 ? {} : { memory }),
    ...(argument === undefined ? {} : { argumentBytes: argument.sizeBytes }),
    ...(total === undefined ? {} : { cmaTotalBytes: BigInt(total) << 10n }),
    ...(heaps === undefined ? {} : { heaps }),
    ...(known[0] === undefined ? {} : { distribution: known[0] }),
    ...(groups === undefined ? {} : { groups: groups.split('\n').map((line) => line.split(':')[0] ?? '') }),
  };
}

/**
 * The running board. Its files of accounts alone are those of any system.
 * @throws {@link Refusal} where nothing speaks of a board
 */
function liveBoard(context: Context, root: string, diagnostics: Diagnostic[]): BoardFindings {
  const directory = context.resolve(root);
  const why = whyNoDirectory(directory);
  const fix = 'give the root directory of a running board with --root, or a description of the board with --dtb FILE';
  if (why !== undefined) throw new Refusal(`--root ${root}: ${why}`, EXIT.environment, fix);
  const found = lookAround(directory, diagnostics);
  const { tree, config, kernel, memory, argumentBytes, cmaTotalBytes } = found;
  if ((tree ?? config ?? kernel ?? memory ?? argumentBytes ?? cmaTotalBytes) === undefined)
    throw new Refusal(
      `--live: nothing below ${root} describes a running board: proc/device-tree, proc/iomem, proc/meminfo and others cannot be read`,
      EXIT.environment,
      fix,
    );
  return found;
}

/**
 * What was said on the command line.
 * @throws {@link Refusal}
 */
function readDecisions({ budget, group, distribution: name, size, purpose, kernel }: InitOptions): BoardFindings {
  const parsed = budget === undefined ? undefined : parseBuffers(budget);
  if (parsed !== undefined && 'error' in parsed) {
    const total = totalInWords(budget ?? '');
    const options =
      total === undefined
        ? ''
        : `, or state the total: ${shellWords(['--size', total.size, ...(total.purpose === undefined ? [] : ['--purpose', total.purpose])])}`;
    throw new Refusal(`--budget: ${parsed.error}`, EXIT.usage, `write it as "${parsed.example}"${options}`);
  }
  const known = name === undefined ? undefined : distribution(name);
  if (name !== undefined && known === undefined)
    throw new Refusal(
      `--distribution ${name}: dmaheap does not know this distribution`,
      EXIT.usage,
      `use one of ${DISTRIBUTIONS.map(({ id }) => id).join(', ')}, or give --group`,
    );
  const sizeBytes = size === undefined ? undefined : parseBytes(size);
  if (size !== undefined && (sizeBytes === undefined || sizeBytes === 0n))
    throw new Refusal(`--size ${size}: not a size`, EXIT.usage, 'write it as 400M');
  const unitless = size === undefined ? undefined : sizeWithoutUnit(size);
  if (unitless !== undefined) throw new Refusal(`--size ${size}: ${unitless.message}`, EXIT.usage, unitless.fix);
  if (sizeBytes !== undefined && budget !== undefined)
    throw new Refusal('--size and --budget both state the size', EXIT.usage, 'give one of them');
  if (purpose !== undefined && !PURPOSES.includes(purpose))
    throw new Refusal(`--purpose ${purpose}: not a purpose`, EXIT.usage, `use one of ${PURPOSES.join(', ')}`);
  const version = kernel === undefined ? undefined : kernelOption(kernel);
  const exactly = version === undefined ? undefined : formatKernelVersion(version);
  return {
    ...(known === undefined || name === undefined ? {} : { distribution: known, ...targetOf(name, known) }),
    decided: {
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...(purpose === undefined ? {} : { purpose: purpose as Purpose }),
      ...(exactly === undefined ? {} : { kernel: { min: exactly, max: exactly } }),
      ...(parsed === undefined ? {} : { buffers: parsed.buffers }),
      ...(group === undefined ? {} : { group }),
    },
  };
}

/** The DTB as the profile names it, so that no later command needs --dtb. */
function inputsOf({ dtb, output }: InitOptions): BoardFindings {
  if (dtb === undefined || output === undefined || output === '-') return {};
  return { inputs: { dtb: path.isAbsolute(dtb) ? dtb : path.relative(path.dirname(output), dtb) } };
}

/** No guess is wrong by itself, so what validate would refuse was asked for, or is a fault of the board's tree. */
function refuseInvalid(file: string, text: string): void {
  const { diagnostics, sources } = readProfile(file, () => ({ text }));
  if (!hasErrors(diagnostics)) return;
  throw new Refusal(
    'no profile was written, because dmaheap validate would refuse it',
    EXIT.usage,
    'correct the option or the input that states the marked value',
    { diagnostics: diagnostics.filter(({ severity }) => severity === 'error'), sources },
  );
}

async function init(context: Context, options: InitOptions): Promise<Exit> {
  const diagnostics: Diagnostic[] = [];
  const decisions = readDecisions(options);
  const isAsked = options.dtb === undefined && options.config === undefined && options.live !== true;
  if (isAsked && context.ask === undefined)
    throw new Refusal(
      'init needs a description of the board',
      EXIT.usage,
      'give --dtb FILE, --config FILE, or --live on the running board; on a terminal, init without options asks',
    );
  // Before anybody has answered questions for nothing.
  if (isAsked && options.output !== undefined) {
    const refusal = whyNot(context, options.output);
    if (refusal !== undefined)
      throw new Refusal(
        refusal,
        existsSync(context.resolve(options.output)) ? EXIT.usage : EXIT.environment,
        'give another file with -o',
      );
  }
  let found: BoardFindings = options.live === true ? liveBoard(context, options.root ?? '/', diagnostics) : {};
  let { output } = options;
  for (const [file, read] of [
    [options.dtb, (f: string) => readBoard(context, f, diagnostics)],
    [options.config, (f: string) => readConfiguration(context, f, found)],
  ] as const) {
    found = { ...found, ...(file === undefined ? {} : read(file)) };
  }
  found = { ...found, ...decisions, ...inputsOf(options) };
  if (isAsked && context.ask !== undefined) {
    const { askBoard } = await import('./init-questions.js');
    const answers = await askBoard(context, context.ask, found, output);
    if (answers === undefined)
      throw new Refusal('the questions were not answered, so no profile was written', EXIT.usage);
    ({ found, output } = answers);
  }
  context.findings(diagnostics);
  const text = draftProfile(found);
  refuseInvalid(output ?? '-', text);
  if (output === undefined || output === '-') {
    context.print(text);
    return EXIT.good;
  }
  writeProfile(context, output, text, context.nextCommand('generate', output, '-o', 'out'));
  return EXIT.good;
}
