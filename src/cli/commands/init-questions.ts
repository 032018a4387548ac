/** dmaheap init on a terminal: asks what cannot be read, with what is known as the answer to Enter. */
import type { Diagnostic } from '../../diagnostic/index.js';
import { DISTRIBUTIONS, type Distribution, distribution } from '../../facts/distribution.js';
import { compareKernelVersions, DRAFT_KERNELS, EXAMPLE_KERNEL } from '../../facts/index.js';
import { archOf, type BoardFindings, type Decisions, statedMemory } from '../../init/board.js';
import { totalInWords } from '../../init/total.js';
import { BUFFER_EXAMPLE, parseBuffers } from '../../plan/buffer-words.js';
import { sizeWithoutUnit } from '../../profile/size-unit.js';
import { parseBytes } from '../../quantity/index.js';
import { profileArch } from '../arch.js';
import { readBoard, readConfiguration, targetOf, whyNot } from '../board-files.js';
import type { Context } from '../context.js';
import { readKernel } from '../profile.js';
import { sayRefusal } from '../refusal.js';
import type { Streams } from '../terminal.js';

type Ask = NonNullable<Streams['ask']>;

/** The input ended: no profile is written. */
class Ended extends Error {}

/** A value, or why the answer is none. */
type Read<T> = { readonly value: T } | { readonly error: string };

/** Asks until the answer can be used. Enter takes `fallback`. */
async function question<T>(
  context: Context,
  ask: Ask,
  text: string,
  fallback: string,
  read: (answer: string) => Read<T>,
) {
  for (;;) {
    const said = await ask(fallback === '' ? `${text}: ` : `${text} [${fallback}]: `);
    if (said === undefined) throw new Ended();
    const got = read(said.trim() === '' ? fallback : said.trim());
    if ('value' in got) return got.value;
    context.note(`  ${got.error}`);
  }
}

const word =
  (pattern: RegExp, error: string) =>
  (answer: string): Read<string> =>
    pattern.test(answer) ? { value: answer } : { error };

/** `0x40000000+1G 0x100000000+1G`. */
function readMemory(answer: string): Read<Decisions['memory']> {
  if (answer === '') return { value: undefined };
  const banks = answer.split(/[\s,]+/).map((text) => text.split('+').map(parseBytes));
  const unitless = answer.split(/[\s,]+/).flatMap((text) => sizeWithoutUnit(text.split('+')[1] ?? '') ?? [])[0];
  if (unitless !== undefined) return { error: `${unitless.message}; ${unitless.fix}` };
  return banks.every(([base, size, more]) => base !== undefined && size !== undefined && more === undefined)
    ? { value: banks.map(([base, size]) => ({ baseAddress: base as bigint, sizeBytes: size as bigint })) }
    : { error: 'write each bank as BASE+SIZE, for example 0x40000000+1G' };
}

const DRAFT_TEXT = `${DRAFT_KERNELS.min} to ${DRAFT_KERNELS.max}`;

/** `6.12` or `6.1 to 7.3`. */
function readKernels(answer: string): Read<NonNullable<Decisions['kernel']>> {
  const [min = '', max = min, ...rest] = answer.split(/\s*(?:-|to)\s*|\s+/);
  if (rest.length > 0) return { error: `write it as ${EXAMPLE_KERNEL}, or as ${DRAFT_TEXT}` };
  const [from, to] = [readKernel(min), readKernel(max)];
  const why = ({ message, fix }: { readonly message: string; readonly fix: string }) => ({
    error: `${message}; ${fix}, or ${DRAFT_TEXT}`,
  });
  if ('message' in from) return why(from);
  if ('message' in to) return why(to);
  if (compareKernelVersions(from, to) > 0) return { error: `${min} is newer than ${max}: give the older one first` };
  return { value: { min, max } };
}

/** Buffers, or a total as `400M for a video decoder`. */
function readBudget(answer: string): Read<Pick<Decisions, 'buffers' | 'sizeBytes' | 'purpose'>> {
  if (answer === '') return { value: {} };
  const parsed = parseBuffers(answer);
  if (!('error' in parsed)) return { value: { buffers: parsed.buffers } };
  const total = totalInWords(answer);
  const sizeBytes = total === undefined ? undefined : parseBytes(total.size);
  if (total === undefined || sizeBytes === undefined || sizeBytes === 0n) return parsed;
  return { value: { sizeBytes, ...(total.purpose === undefined ? {} : { purpose: total.purpose }) } };
}

function readDistribution(
  answer: string,
): Read<Pick<BoardFindings, 'target'> & { readonly distribution: Distribution }> {
  const value = distribution(answer);
  return value === undefined
    ? { error: 'one of the names in brackets' }
    : { value: { distribution: value, ...targetOf(answer, value) } };
}

export interface Answers {
  readonly found: BoardFindings;
  readonly output: string | undefined;
}

/** @returns undefined when the input ended before the last answer */
export async function askBoard(
  context: Context,
  ask: Ask,
  known: BoardFindings,
  output: string | undefined,
): Promise<Answers | undefined> {
  let found = known;
  const get = <T>(text: string, fallback: string, read: (answer: string) => Read<T>) =>
    question(context, ask, text, fallback, read);
  /** A file to look at; Enter: there is none. */
  const look = (text: string, read: (file: string) => BoardFindings) =>
    get(text, '', (file): Read<BoardFindings> => {
      try {
        return { value: file === '' ? {} : read(file) };
      } catch (refusal) {
        sayRefusal(context, refusal);
        return { error: 'give another file, or press Enter to continue without a file' };
      }
    });
  try {
    const diagnostics: Diagnostic[] = [];
    found = {
      ...found,
      ...(await look("The board's DTB, if you have it", (file) => readBoard(context, file, diagnostics))),
    };
    found = {
      ...found,
      ...(await look("Its kernel's .config, if you have it", (file) => readConfiguration(context, file, found))),
    };
    const name = await get(
      'A short name for the board',
      found.dtbName ?? 'my-board',
      word(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'lower-case letters, digits, dot, underscore and hyphen'),
    );
    const arch =
      archOf(found) ??
      (await get('Architecture (arm64, arm, riscv64, x86_64)', 'arm64', (answer) => {
        const value = profileArch(answer);
        return value === undefined ? { error: 'arm64, arm, riscv64 or x86_64' } : { value };
      }));
    const memory =
      statedMemory(found).length > 0
        ? undefined
        : await get('RAM as BASE+SIZE (see "System RAM" in /proc/iomem); Enter leaves it open', '', readMemory);
    const kernel =
      found.kernel === undefined ? await get('Kernels that the profile is for', DRAFT_TEXT, readKernels) : undefined;
    const { buffers, sizeBytes } = found.decided ?? {};
    const needs =
      buffers !== undefined || sizeBytes !== undefined
        ? { ...(buffers === undefined ? {} : { buffers }), ...(sizeBytes === undefined ? {} : { sizeBytes }) }
        : await get(
            `Buffers that are needed at the same time, such as "${BUFFER_EXAMPLE}", with ; between several kinds, or a size such as 400M; Enter leaves the size open`,
            '',
            readBudget,
          );
    const { purpose = needs.purpose } = found.decided ?? {};
    const { distribution: system, ...chosen } =
      found.distribution === undefined
        ? await get(`The distribution (${DISTRIBUTIONS.map(({ id }) => id).join(', ')})`, 'debian', readDistribution)
        : { distribution: found.distribution };
    const group =
      found.decided?.group ??
      (await get(
        'Group that may allocate',
        system.group,
        word(/^[a-z_][a-z0-9_-]{0,30}$/, 'lower-case letters, digits, underscore and hyphen'),
      ));
    const file =
      output ??
      (await get('Write the profile to', `${name}.jsonc`, (answer) => {
        const error = whyNot(context, answer);
        return error === undefined
          ? { value: answer }
          : { error: `${error}; give another file, or - to print the profile` };
      }));
    const decided: Decisions = {
      name,
      arch,
      group,
      ...(memory === undefined ? {} : { memory }),
      ...(kernel === undefined ? {} : { kernel }),
      ...needs,
      ...(purpose === undefined ? {} : { purpose }),
    };
    return { found: { ...found, distribution: system, ...chosen, decided }, output: file };
  } catch (error) {
    if (error instanceof Ended) return undefined;
    throw error;
  }
}
