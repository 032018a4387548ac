/** The inputs that a profile states, as options would give them. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { type LoadedProfile, localFilesOf, readProfile } from '../profile/load.js';
import { formatAddress, parseBytes } from '../quantity/index.js';
import { sha256 } from '../source/digest.js';
import { commandLineText } from './command-line.js';
import { type Context, shownPath } from './context.js';
import { isShippedName } from './descriptions.js';
import { EXIT } from './exit.js';
import { readBytes, readProfileText, whyNoDirectory, whyUnreadable } from './files.js';
import { Refusal } from './refusal.js';
import type { RecordedInput, RecordedInputs } from './tree.js';

export const INPUT_CODES = defineCodes({
  'input/changed': {
    severity: 'warning',
    title: 'an input has changed',
    explain:
      'The manifest of a generated tree records its inputs. One of them has changed, so the tree may no longer match it. Generate again, or use the original input.',
  },
  'input/unreadable': {
    severity: 'error',
    title: 'an input of the profile cannot be read',
    explain:
      'The profile names a file or a directory in "inputs", and the command needs it and cannot read it. Correct the path, which starts from the file that contains it, or give another with an option.',
  },
  'input/gone': {
    severity: 'note',
    title: 'an input cannot be read',
    explain:
      'The manifest of a generated tree names an input that cannot be read here, so the checks that need it are not run. Give the file with an option, or restore it at the recorded path.',
  },
});
const report = reporter(INPUT_CODES);

/** Paths as they would be typed in the directory where the command runs. */
export interface Inputs {
  readonly dtb?: string;
  readonly kernelTree?: string;
  /** A kernel description. */
  readonly description?: string;
  /** The configuration that the fragment is merged over. */
  readonly config?: string;
  /** The kernel command line itself. */
  readonly commandLine?: string;
  readonly bootLog?: string;
  /** Each as `NAME=BASE+SIZE`. */
  readonly occupied?: readonly string[];
}

/** Reads a profile, with the inputs of this machine when there is a local file beside it. */
export function openProfile(context: Context, file: string): ReturnType<typeof readProfile> {
  const shown = shownPath(context, file);
  const [local, second] = localFilesOf(shown).filter((name) => existsSync(context.resolve(name)));
  if (second !== undefined) throw new Refusal(`${local} and ${second} both exist`, EXIT.usage, 'remove one of them');
  const read = (name: string) => readProfileText(context.resolve(name));
  return readProfile(shown, read, local);
}

/** What a profile that was read states. */
export function inputsOf(context: Context, loaded: LoadedProfile): Inputs {
  const { profile, spanOf } = loaded;
  const { inputs = {} } = profile;
  /** A profile may state a number of bytes, which an option would have to call so. */
  const bytes = (size: string | number) => (/^\d+$/.test(String(size)) ? `${size}B` : size);
  /** A profile may state an address as a number, which an option takes for hexadecimal digits without 0x. */
  const address = (base: string | number) => {
    const known = parseBytes(String(base));
    return known === undefined ? String(base) : formatAddress(known);
  };
  /** Relative to the file that states it, which may be one that the profile extends. */
  const beside = (key: string, value: string) => {
    const from = spanOf(key.startsWith('/') ? key : `/inputs/${key}`)?.file;
    return path.isAbsolute(value) || from === undefined
      ? value
      : shownPath(context, path.join(path.dirname(from), value));
  };
  const { dtb, kernelTree, config, commandLine, bootLog, occupied } = inputs;
  const paths = Object.entries({ dtb, kernelTree, config, bootLog }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, beside(key, value)]],
  );
  const described = inputs.description ?? profile.kernel.description;
  const describedAt = inputs.description === undefined ? '/kernel/description' : '/inputs/description';
  const description = described === undefined || isShippedName(described) ? described : beside(describedAt, described);
  return {
    ...Object.fromEntries(paths),
    ...(description === undefined ? {} : { description }),
    ...(commandLine === undefined
      ? {}
      : { commandLine: commandLineOf(context, loaded, beside('commandLine', commandLine), commandLine) }),
    ...(occupied === undefined
      ? {}
      : {
          occupied: Object.entries(occupied).map(([name, { base, size }]) => `${name}=${address(base)}+${bytes(size)}`),
        }),
  };
}

/** An input that the profile names and that cannot be used: no option was given, so the line of the profile is named. */
function refusedInput(loaded: LoadedProfile, name: InputName, shown: string, why: string, fix: string): Refusal {
  const pointer = `/inputs/${name}`;
  const span = loaded.spanOf(pointer);
  const place = { pointer, ...(span === undefined ? {} : { span }) };
  const message = `cannot read ${TITLES[name] ?? name} that the profile names, ${shown}`;
  return Refusal.because(
    EXIT.environment,
    [report('input/unreadable', { message, cause: why, fix, ...place })],
    loaded.sources,
  );
}

const INPUT_OPTIONS: Partial<Record<InputName, string>> = {
  dtb: '--dtb',
  kernelTree: '--kernel-tree',
  bootLog: '--boot-log',
};

/**
 * What the profile names for an input that a command is about to use.
 * @throws {@link Refusal} for a file that cannot be read
 */
export function usableInput<N extends InputName>(context: Context, loaded: LoadedProfile, name: N): Inputs[N] {
  const value = inputsOf(context, loaded)[name];
  if (typeof value !== 'string' || !['dtb', 'kernelTree', 'config', 'bootLog'].includes(name)) return value;
  const file = context.resolve(value);
  const why = name === 'kernelTree' ? whyNoDirectory(file) : whyUnreadable(file);
  if (why === undefined) return value;
  const option = INPUT_OPTIONS[name];
  const instead = option === undefined ? '' : `, or give ${option}`;
  throw refusedInput(
    loaded,
    name,
    value,
    why,
    `correct the path, which starts from the file that contains it${instead}`,
  );
}

/** A file that holds the command line, or the command line itself. */
function commandLineOf(context: Context, loaded: LoadedProfile, file: string, text: string): string {
  const read = commandLineText(context, text, file);
  if (typeof read === 'string') return read;
  throw refusedInput(
    loaded,
    'commandLine',
    file,
    read.error,
    'correct the path, which starts from the file that contains it, or write the command line itself',
  );
}

/** What the options that a command may get from the profile are called there. */
export type InputName = keyof Inputs;

/**
 * Fills options that were not given with what the profile states.
 * A profile that cannot be read states nothing; the command says why it cannot.
 * @param names which input an option gets, by the option's name
 */
export function withInputs<O extends object>(
  context: Context,
  profile: string | undefined,
  options: O,
  names: Readonly<Record<string, InputName>>,
): O {
  const wanted = Object.entries(names).filter(([option]) => (options as Record<string, unknown>)[option] === undefined);
  if (profile === undefined || wanted.length === 0) return options;
  const { value } = openProfile(context, profile);
  if (value === undefined) return options;
  const stated = wanted.flatMap(([option, name]) => {
    const input = usableInput(context, value, name);
    return input === undefined ? [] : [[option, input]];
  });
  return { ...options, ...Object.fromEntries(stated) };
}

/** The link between where a command was run and where its output lies. */
const fromOutput = (context: Context, output: string, file: string) =>
  path.relative(realDirectory(context.resolve(output)), realDirectory(context.resolve(file)));

/** A directory that is not there yet has the real path of the one that it will be made in. */
function realDirectory(file: string): string {
  if (existsSync(file)) return realpathSync(file);
  const parent = path.dirname(file);
  return parent === file ? file : path.join(realDirectory(parent), path.basename(file));
}

/**
 * Inputs as the manifest keeps them. What cannot be read any more is left out.
 * @param output the directory of the manifest
 * @param profile the file, and the digest of what it and all that it extends state
 * @param treeDigest of the kernel tree, where it was read
 */
export function recordInputs(
  context: Context,
  output: string,
  { dtb, kernelTree, description, config, commandLine, bootLog, occupied }: Inputs,
  profile: { readonly file: string; readonly sha256: string },
  treeDigest: string | undefined,
): RecordedInputs {
  const isFile = (file: string) => statSync(context.resolve(file), { throwIfNoEntry: false })?.isFile() === true;
  const files = Object.entries({ dtb, description, config, bootLog }).flatMap(
    ([name, file]): [string, RecordedInput][] => {
      // What comes out of a pipe comes out once, and cannot be found again.
      if (file === undefined || !isFile(file)) return [];
      const got = readBytes(context.resolve(file));
      if ('error' in got) return [];
      return [[name, { file: fromOutput(context, output, file), sha256: sha256(got.bytes) }]];
    },
  );
  const shipped = description !== undefined && isShippedName(description) ? description : undefined;
  const values = Object.entries({ commandLine, occupied, description: shipped }).flatMap(
    ([name, value]): [string, RecordedInput][] =>
      value === undefined ? [] : [[name, { value, sha256: sha256(JSON.stringify(value)) }]],
  );
  const tree: [string, RecordedInput][] =
    kernelTree === undefined || treeDigest === undefined
      ? []
      : [['kernelTree', { file: fromOutput(context, output, kernelTree), sha256: treeDigest }]];
  const own: [string, RecordedInput][] = isFile(profile.file)
    ? [['profile', { file: fromOutput(context, output, profile.file), sha256: profile.sha256 }]]
    : [];
  return Object.fromEntries([...own, ...files, ...tree, ...values]);
}

/** What a manifest recorded, as it would be typed, and what has become of it. */
export interface Recalled {
  readonly inputs: Inputs;
  /** Of the profile as it is now; undefined: it cannot be read. */
  readonly profile: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const TITLES: Readonly<Record<string, string>> = {
  profile: 'the profile',
  dtb: 'the DTB',
  kernelTree: 'the kernel tree',
  description: 'the kernel description',
  config: 'the base configuration',
  bootLog: 'the boot log',
  commandLine: 'the file of the kernel command line',
};
/** Options of check that give an input. */
const OPTIONS: Readonly<Record<string, string>> = {
  dtb: '--dtb',
  kernelTree: '--kernel-tree',
  config: '--base-config',
};

/**
 * @param directory of the manifest, as it was typed
 * @param overridden inputs that an option gives, so that what was recorded does not matter
 */
export function recallInputs(
  context: Context,
  directory: string,
  recorded: RecordedInputs,
  overridden: ReadonlySet<string>,
): Recalled {
  const inputs: Record<string, unknown> = {};
  const diagnostics: Diagnostic[] = [];
  let profile: string | undefined;
  for (const [name, { file, value, sha256: digest }] of Object.entries(recorded)) {
    if (overridden.has(name)) continue;
    if (file === undefined) inputs[name] = value;
    else {
      const shown = shownPath(context, path.join(directory, file));
      if (name === 'profile') {
        profile = existsSync(context.resolve(shown)) ? openProfile(context, shown).value?.sha256 : undefined;
        diagnostics.push(...compareProfile(shown, profile, digest));
        continue;
      }
      // The digest of a kernel tree is of its Kconfig files; who reads them compares it.
      const got = name === 'kernelTree' ? undefined : readBytes(context.resolve(shown));
      const isThere = got === undefined ? existsSync(context.resolve(shown)) : 'bytes' in got;
      if (isThere) inputs[name] = shown;
      else
        diagnostics.push(
          report('input/gone', {
            message: `${TITLES[name] ?? name} that the tree was generated from cannot be read at ${shown}`,
            cause: `the manifest has this path relative to the tree, which may have been moved; the checks that need it are not run`,
            fix: `${OPTIONS[name] === undefined ? '' : `give it with ${OPTIONS[name]}, or `}put it there, or generate again`,
          }),
        );
      if (got !== undefined && 'bytes' in got && sha256(got.bytes) !== digest)
        diagnostics.push(changedInput(TITLES[name] ?? name, shown));
    }
  }
  if (recorded['profile'] === undefined)
    diagnostics.push(
      report('input/gone', {
        message: 'the profile was not compared: the manifest does not name its file',
        fix: 'run dmaheap generate again with the file of the profile',
      }),
    );
  return { inputs, profile, diagnostics };
}

/** The main input: its digest is of what it states, with what it extends, and not of its text. */
function compareProfile(shown: string, found: string | undefined, digest: string): readonly Diagnostic[] {
  if (found !== undefined) return found === digest ? [] : [changedInput('the profile', shown)];
  return [
    report('input/gone', {
      message: `the profile was not compared: it cannot be read at ${shown}`,
      cause: 'the manifest has this path relative to the tree, which may have been moved; or the profile has an error',
      fix: `correct what dmaheap validate ${shown} reports, or generate again`,
    }),
  ];
}

export function changedInput(title: string, shown: string): Diagnostic {
  return report('input/changed', {
    message: `${title}, ${shown}, differs from the one that the tree was generated from`,
    cause: 'its content differs from the recorded hash: it has changed, or the tree was moved',
    fix: 'generate again, or give the original file',
  });
}
