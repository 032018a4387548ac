/** How a command is declared: one value that parsing, help, completion and the manual are made from. */
import { InvalidArgumentError, Option } from 'commander';
import { FORMATS } from '../diagnostic/writers.js';
import type { Context } from './context.js';
import type { Exit } from './exit.js';
import { type InputName, withInputs } from './inputs.js';

/** One option. `T` is what the command gets; `undefined` is part of it where the option may be left out. */
export interface OptionOf<T> {
  readonly flags: string;
  readonly text: string;
  /** What the command gets where the option is left out; absent: nothing. */
  readonly otherwise?: T;
  readonly isRequired?: boolean;
  /** Which input of the profile the command gets where the option is left out. */
  readonly input?: InputName;
  /** For options that may stand more than once: adds what this one says to what was said before. */
  readonly read?: (text: string, before: readonly string[] | undefined) => readonly string[];
}

type Options = Readonly<Record<string, OptionOf<unknown>>>;

/** What a command gets of its options: those that may be left out are optional. */
export type ValuesOf<O extends Options> = {
  readonly [K in keyof O as undefined extends ValueOf<O[K]> ? never : K]: ValueOf<O[K]>;
} & {
  readonly [K in keyof O as undefined extends ValueOf<O[K]> ? K : never]?: Exclude<ValueOf<O[K]>, undefined>;
};
type ValueOf<O> = O extends OptionOf<infer T> ? T : never;

/** `<profile>`, `[profile]`, `<goal...>` as what they hold. */
type ArgumentOf<S> = S extends `${string}...${string}`
  ? readonly string[]
  : S extends `[${string}`
    ? string | undefined
    : string;
type ArgumentsOf<A extends readonly (readonly [string, string])[]> = { [I in keyof A]: ArgumentOf<A[I][0]> };

/** A path or a text. */
export const text = (flags: string, about: string): OptionOf<string | undefined> => ({ flags, text: about });

/** An option that an input of the profile can replace. */
export const fromProfile = <T>(input: InputName, option: OptionOf<T>): OptionOf<T> => ({ ...option, input });

/** A path that the command needs. */
export const required = (flags: string, about: string): OptionOf<string> => ({ flags, text: about, isRequired: true });

/** May stand more than once. */
export const several = (flags: string, about: string): OptionOf<readonly string[] | undefined> => ({
  flags,
  text: about,
  read: (value, before = []) => [...before, value],
});

/** May stand more than once, and holds several values with commas between them. */
export const list = (flags: string, about: string): OptionOf<readonly string[] | undefined> => ({
  flags,
  text: about,
  read: (value, before = []) => [...before, ...value.split(',').filter((v) => v !== '')],
});

export const flag = (flags: string, about: string): OptionOf<boolean> => ({ flags, text: about, otherwise: false });

/** A command, with what it does. */
export interface Declaration {
  readonly name: string;
  readonly about: string;
  readonly arguments: readonly (readonly [flags: string, about: string])[];
  readonly options: readonly Option[];
  /** Options without which the command does not run. */
  readonly required: readonly Option[];
  /** Stands below the help: exit statuses where they are not the usual ones, and examples. */
  readonly more: string;
  run(context: Context, given: readonly unknown[], values: Readonly<Record<string, unknown>>): Promise<Exit>;
}

interface Declared<A extends readonly (readonly [string, string])[], O extends Options> {
  readonly name: string;
  readonly about: string;
  readonly arguments?: A;
  readonly options?: O;
  /** The profile that the inputs are read from. Default: the argument called profile. */
  readonly profile?: (given: readonly unknown[]) => string | undefined;
  readonly exits?: string;
  readonly examples: readonly string[];
  readonly run: (context: Context, ...given: [...ArgumentsOf<A>, ValuesOf<O>]) => Exit | Promise<Exit>;
}

/** @throws when an option is not called what its flags say: a defect of ours */
export function declare<
  const A extends readonly (readonly [string, string])[] = readonly [],
  const O extends Options = Readonly<Record<never, OptionOf<unknown>>>,
>(declared: Declared<A, O>): Declaration {
  const { name, about, exits, examples, run } = declared;
  const options = Object.entries<OptionOf<unknown>>(declared.options ?? {});
  const every = options.map(([key, option]) => made(key, option));
  const profile = declared.profile ?? profileAmong(declared.arguments ?? []);
  const inputs = Object.fromEntries(options.flatMap(([key, { input }]) => (input === undefined ? [] : [[key, input]])));
  const word = examples.length === 1 ? 'Example' : 'Examples';
  const shown = [
    `${word}:`,
    ...examples.map((example) => `  ${/\| dmaheap /.test(example) ? '' : 'dmaheap '}${example}`),
  ].join('\n');
  const otherwise = Object.fromEntries(
    options.flatMap(([key, one]) => ('otherwise' in one ? [[key, one.otherwise]] : [])),
  );
  return {
    name,
    about,
    arguments: declared.arguments ?? [],
    options: every,
    required: every.filter((_, i) => options[i]?.[1].isRequired === true),
    more: `\n${exits === undefined ? '' : `Exit status: ${exits}.\n`}${shown}`,
    run: async (context, given, values) =>
      run(
        context,
        // commander fills them in by these very declarations.
        ...([...given, withInputs(context, profile(given), { ...otherwise, ...values }, inputs)] as unknown as [
          ...ArgumentsOf<A>,
          ValuesOf<O>,
        ]),
      ),
  };
}

/** Where a command takes one profile, it is the argument of that name. */
function profileAmong(given: readonly (readonly [string, string])[]) {
  const index = given.findIndex(([flags]) => /^[<[]profile[>\]]$/.test(flags));
  return (values: readonly unknown[]) => (index < 0 ? undefined : (values[index] as string | undefined));
}

function made(key: string, { flags, text: about, read }: OptionOf<unknown>): Option {
  const option = new Option(flags, about);
  if (option.attributeName() !== key) throw new Error(`${flags} is not called ${key}`);
  if (read !== undefined) option.argParser(read);
  else if (option.required) option.argParser(once(key === 'output' ? named : (value) => value));
  return option;
}

/** The last of several would silently replace the others. */
const once =
  (read: (value: string) => string, unset?: string) =>
  (value: string, before: string | undefined): string => {
    if (before !== undefined && before !== unset && before !== value)
      throw new InvalidArgumentError(`It is given as '${before}' too; give it once.`);
    return read(value);
  };

/** `-o ""`, which a script writes with a variable that is not set, would be the working directory. */
function named(value: string): string {
  if (value === '') throw new InvalidArgumentError('It is empty.');
  return value;
}

/** The options that every command has. */
export function globalOptions(): Option[] {
  const format = new Option('--format <format>', 'format of results and findings').choices(FORMATS).default('human');
  const chosen = format.parseArg as unknown as (value: string, before: undefined) => string;
  return [
    format.argParser(once((value) => chosen(value, undefined), 'human')),
    new Option('--quiet', 'print errors only'),
    new Option('--verbose', 'print the commands that dmaheap runs'),
    new Option('--no-color', 'do not use colours (also: NO_COLOR)'),
    new Option('-C <dir>', 'change to this directory first').argParser(once((value) => value)),
  ];
}
