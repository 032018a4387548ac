/** From what was dropped and filled in to the answers of the commands, as they would be typed. */

import type { Diagnosis } from '../diagnose/index.js';
import type { Diagnostic } from '../diagnostic/index.js';
import type { Dropped, Kind } from './dropped.js';
import { dmaheap, filesBelow, put, remove, shippedKernels, text } from './engine.js';

/** The form; an empty text is what was not decided. */
export interface Wishes {
  readonly size: string;
  readonly buffers: string;
  /** What the default area is for. */
  readonly purpose: string;
  /** A release, or the name or file of a kernel description. */
  readonly kernel: string;
  readonly distribution: string;
  readonly group: string;
  /** `BASE+SIZE`, where no device tree states the RAM. */
  readonly memory: string;
}

export const NO_WISHES: Wishes = {
  size: '',
  buffers: '',
  purpose: '',
  kernel: '',
  distribution: '',
  group: '',
  memory: '',
};

export interface Answers {
  readonly diagnosis?: Diagnosis;
  /** The text of the profile: drafted, dropped or edited. */
  readonly profile?: string;
  /** Why a command refused, as it says it. */
  readonly refusal?: string;
  readonly findings: readonly Diagnostic[];
  readonly needsMemory: boolean;
  /** A page about the board. */
  readonly report?: string;
  readonly generated: readonly { readonly name: string; readonly text: string }[];
}

const PROFILE = 'board.jsonc';
const OUT = 'out';

export interface KernelChoice {
  /** What `description` of the inputs names. */
  readonly id: string;
  readonly release: string;
}

/** The kernel descriptions that ship, then those that were dropped; a file that is not one is left to the commands. */
export function kernelChoices(files: readonly Dropped[]): KernelChoice[] {
  const own = files
    .filter(({ kind }) => kind === 'kernel')
    .map(({ name, bytes }) => ({ id: name, text: new TextDecoder().decode(bytes) }));
  const shipped = shippedKernels().map(({ name, text: shown }) => ({ id: name, text: shown }));
  return [...shipped, ...own].flatMap(({ id, text: shown }) => {
    const release = /"release"\s*:\s*"([^"]*)"/.exec(shown)?.[1];
    return release === undefined ? [] : [{ id, release }];
  });
}

const option = (name: string, value: string): string[] => (value === '' ? [] : [name, value]);

/** `init` writes a comment where the RAM belongs; the form is the answer to it. */
function withMemory(profile: string, memory: string): string {
  const [base = '', size = ''] = memory.split('+');
  if (base === '' || size === '') return profile;
  return profile.replace(/^(\s*)\/\/ "memory": \[.*$/m, `$1"memory": [${JSON.stringify({ base, size })}],`);
}

/** What refuses the profile comes first. */
const SEVERITIES: readonly Diagnostic['severity'][] = ['error', 'warning', 'note'];

function findingsIn(stdout: string): readonly Diagnostic[] {
  try {
    const said = JSON.parse(stdout) as { diagnostics?: readonly Diagnostic[]; findings?: readonly Diagnostic[] };
    return said.diagnostics ?? said.findings ?? [];
  } catch {
    return [];
  }
}

/** @param edited the profile as a person left it; undefined: draft one from the device tree */
export async function answer(files: readonly Dropped[], wishes: Wishes, edited: string | undefined): Promise<Answers> {
  remove('.');
  for (const { name, bytes } of files) put(name, bytes);
  const first = (kind: Kind) => files.find((file) => file.kind === kind)?.name;
  const [dtb = '', config = '', log = ''] = [first('dtb'), first('config'), first('boot-log')];
  const described = kernelChoices(files).find(({ id }) => id === wishes.kernel);
  const symptoms = files.filter(({ kind }) => kind !== 'profile' && kind !== 'kernel');
  const shown = symptoms.some(({ kind }) => kind === 'log' || kind === 'boot-log');
  const diagnosed = shown
    ? await dmaheap('diagnose', '--format', 'json', ...symptoms.map(({ name }) => name))
    : undefined;
  const diagnosis = diagnosed === undefined ? {} : { diagnosis: JSON.parse(diagnosed.stdout) as Diagnosis };
  const none: Answers = { ...diagnosis, findings: [], needsMemory: false, generated: [] };

  const given = files.find(({ kind }) => kind === 'profile');
  let profile = edited ?? (given === undefined ? undefined : new TextDecoder().decode(given.bytes));
  if (profile === undefined) {
    if (dtb === '') return none;
    const drafted = await dmaheap(
      ...['init', '--dtb', dtb, '-o', PROFILE],
      ...option('--config', config),
      ...option('--size', wishes.size),
      ...option('--budget', wishes.buffers),
      ...option('--purpose', wishes.purpose),
      ...option('--kernel', described?.release ?? wishes.kernel),
      ...option('--distribution', wishes.distribution),
      ...option('--group', wishes.group),
    );
    if (drafted.exit !== 0) return { ...none, refusal: drafted.stderr };
    profile = withMemory(text(PROFILE), wishes.memory);
  }
  put(PROFILE, profile);
  // The local file gives these inputs to every command and leaves the profile as it is.
  const inputs = {
    ...(described === undefined ? {} : { description: described.id }),
    ...(dtb === '' ? {} : { dtb }),
    ...(log === '' ? {} : { bootLog: log }),
  };
  put('board.local.json', JSON.stringify({ inputs }));

  // A description is of one kernel, so it replaces the release.
  const kernel = described === undefined ? option('--kernel', wishes.kernel) : [];
  const board = [...option('--dtb', dtb), ...option('--boot-log', log), ...kernel];
  const validated = await dmaheap('validate', PROFILE, '--format', 'json', ...option('--dtb', dtb), ...kernel);
  const findings = findingsIn(validated.stdout);
  const needsMemory = findings.some(({ code }) => code === 'model/memory-unknown') || wishes.memory !== '';
  const reported = await dmaheap('report', PROFILE, '-o', 'report.html', '--format', 'json', ...board);
  await dmaheap('report', PROFILE, '-o', 'report.html', ...board);
  const generating = await dmaheap('generate', PROFILE, '-o', OUT, ...option('--dtb', dtb), ...kernel);
  const report = filesBelow('.').includes('report.html') ? { report: text('report.html') } : {};
  const all = [...findings, ...findingsIn(reported.stdout)];
  return {
    ...diagnosis,
    profile,
    ...(generating.exit === 0 || all.some(({ severity }) => severity === 'error')
      ? {}
      : { refusal: generating.stderr }),
    findings: [...new Map(all.map((one) => [JSON.stringify([one.code, one.message]), one])).values()].sort(
      (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
    ),
    needsMemory,
    ...report,
    generated: filesBelow(OUT).map((name) => ({ name, text: text(`${OUT}/${name}`) })),
  };
}
