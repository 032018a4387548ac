/** The manual pages, from the declarations that parse the command line and from the schema of profiles. */
import type { Command } from 'commander';
import { roff } from '../lang/roff.js';
import schema from '../profile/language.json' with { type: 'json' };

interface SchemaPart {
  readonly $ref?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaPart>>;
}

/** What the help shows behind its tables: examples and exit statuses. */
function helpAfter(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (part) => (help += part) });
  command.outputHelp();
  return /\n((?:Examples?|Exit status):?[\s\S]*)$/.exec(help)?.[1]?.trim() ?? '';
}

function commandPage(command: Command): string[] {
  const after = helpAfter(command);
  return [
    roff.subsection(`dmaheap ${command.name()} ${command.usage().replace(/^\[options\] ?/, '')}`.trim()),
    roff.paragraph(command.description()),
    ...command.registeredArguments.map((argument) => roff.item(argument.name(), argument.description)),
    ...command.options.map((option) => roff.item(option.flags, option.description)),
    ...(after === '' ? [] : [roff.example(after)]),
  ];
}

/** dmaheap(1). */
export function commandManual(program: Command, version: string): string {
  return `${[
    roff.title('dmaheap', 1, `dmaheap ${version}`),
    roff.section('NAME'),
    'dmaheap \\- configure, prove and verify DMA\\-BUF heaps of a board',
    roff.section('SYNOPSIS'),
    roff.paragraph('dmaheap [options] command [arguments]'),
    roff.section('DESCRIPTION'),
    roff.paragraph(`${program.description()}.`),
    roff.section('OPTIONS'),
    ...program.options.map((option) => roff.item(option.flags, option.description)),
    roff.section('COMMANDS'),
    ...program.commands.flatMap(commandPage),
    roff.section('EXIT STATUS'),
    roff.item('0', 'good'),
    roff.item('1', 'findings, or something refuted'),
    roff.item('2', 'the command line or the profile is wrong'),
    roff.item('3', 'a tool or file that is needed is missing'),
    roff.item('70', 'a defect of dmaheap'),
    roff.section('SEE ALSO'),
    roff.paragraph('dmaheap-profile(5), dmaheap-verify(8)'),
  ].join('\n')}\n`;
}

function partItems(part: SchemaPart, prefix: string): string[] {
  return Object.entries(part.properties ?? {}).flatMap(([name, inner]) => {
    const definitions = schema.$defs as Readonly<Record<string, SchemaPart>>;
    const own =
      inner.$ref === undefined
        ? inner
        : { ...definitions[inner.$ref.replace('#/$defs/', '')], ...inner, properties: {} };
    const extra = [
      own.enum === undefined ? '' : ` One of ${own.enum.join(', ')}.`,
      own.default === undefined ? '' : ` Default: ${JSON.stringify(own.default)}.`,
      own.examples?.[0] === undefined ? '' : ` Example: ${JSON.stringify(own.examples[0])}`,
    ];
    return [
      roff.item(`${prefix}${name}`, `${own.description ?? ''}${extra.join('')}`),
      ...partItems(own, `${prefix}${name}.`),
    ];
  });
}

/** dmaheap-profile(5). */
export function profileManual(version: string): string {
  return `${[
    roff.title('dmaheap-profile', 5, `dmaheap ${version}`),
    roff.section('NAME'),
    'dmaheap\\-profile \\- the board profile of dmaheap, version 1',
    roff.section('DESCRIPTION'),
    roff.paragraph(`${schema.description} A profile is JSON; comments and trailing commas are allowed.`),
    roff.section('THE PROFILE'),
    ...partItems(schema as SchemaPart, ''),
    ...Object.entries(schema.$defs as Readonly<Record<string, SchemaPart>>)
      .filter(([, part]) => part.properties !== undefined)
      .flatMap(([name, part]) => [
        roff.section(name.toUpperCase()),
        roff.paragraph(part.description ?? ''),
        ...partItems(part, ''),
      ]),
    roff.section('SEE ALSO'),
    roff.paragraph('dmaheap(1), dmaheap-verify(8)'),
  ].join('\n')}\n`;
}

/** What the page of dmaheap-verify is made from; the program itself is C. */
export interface VerifierHelp {
  readonly options: readonly { readonly flags: string; readonly text: string }[];
  /** What the help says below its table, whole. */
  readonly exitStatus: string;
  readonly diagnoses: readonly { readonly id: string; readonly cause: string; readonly fix: string }[];
}

/** Examples of dmaheap-verify(8); tests run them. */
export const VERIFIER_EXAMPLES = [
  'dmaheap-verify --expect /etc/dmaheap/verify.expect',
  'dmaheap-verify --expect /etc/dmaheap/verify.expect --json > report.json',
  'dmaheap-verify --expect /etc/dmaheap/verify.expect --as camera',
  'dmaheap-verify --format ktap',
  'dmaheap-verify --owners',
  'dmaheap-verify --catalogue',
] as const;

/** dmaheap-verify(8). */
export function verifierManual({ options, exitStatus, diagnoses }: VerifierHelp, version: string): string {
  return `${[
    roff.title('dmaheap-verify', 8, `dmaheap ${version}`),
    roff.section('NAME'),
    'dmaheap\\-verify \\- prove the DMA\\-BUF heaps of the running machine by using them',
    roff.section('SYNOPSIS'),
    roff.paragraph('dmaheap-verify [--expect FILE] [options]'),
    roff.section('DESCRIPTION'),
    roff.paragraph(
      'Allocates from every heap under /dev/dma_heap, maps, writes, shares and frees, compares names, modes, sizes and CMA areas with verify.expect, and prints the cause and the fix of each failure. The released program and the one from make -C native are static and need no file of the system; the package of a distribution links its libc. What the verifier cannot see is unknown and never a pass.',
    ),
    roff.paragraph(
      'It is safe on a running board: the verifier holds at most 8 MiB and a quarter of the free CMA at a time. The exception is the budget of the profile, which it allocates completely for a moment and does not map. --deep may use a whole area.',
    ),
    roff.section('OPTIONS'),
    ...options.map(({ flags, text }) => roff.item(flags, text)),
    roff.section('EXIT STATUS'),
    roff.paragraph(exitStatus),
    roff.section('EXAMPLES'),
    roff.example(VERIFIER_EXAMPLES.join('\n')),
    roff.section('DIAGNOSES'),
    roff.paragraph(
      'Every failure has one of these diagnoses. In its text, the program replaces words such as NAME, ALIAS and USER.',
    ),
    ...diagnoses.map(({ id, cause, fix }) => roff.item(id, `${cause}. Fix: ${fix}.`)),
    roff.section('FILES'),
    roff.item('/etc/dmaheap/verify.expect', 'the expectation that dmaheap generate wrote'),
    roff.section('SEE ALSO'),
    roff.paragraph('dmaheap(1), dmaheap-profile(5)'),
  ].join('\n')}\n`;
}
