/** What is known of a boot of the board beside its device tree: where images lie, RAM, and the command line. */
import { readBootLog } from '../bootlog/index.js';
import type { Diagnostic } from '../diagnostic/index.js';
import type { KernelVersion } from '../facts/index.js';
import { fromLog, type OccupiedRange, type PlacementInput } from '../placement/index.js';
import type { KnownBoot as BoardBoot } from '../plan/board.js';
import { sizeWithoutUnit } from '../profile/size-unit.js';
import { type AddressRange, parseBytes } from '../quantity/index.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { readText } from './files.js';
import { Refusal } from './refusal.js';

/** A smaller number is rather one of MiB than the size of an image. */
const SMALLEST_IMAGE = 4096n;

/**
 * `0x40000000+512M`.
 * @param option the option, and the text before the range: `--memory `, `--occupied kernel=`
 * @param least the smallest size without a unit
 * @throws {@link Refusal}
 */
export function parseRange(option: string, text: string, least?: bigint): AddressRange {
  const before = option.replace(/^\S+ /, '');
  const refuse = (why: string, range: string) =>
    new Refusal(`${option}${text}: ${why}`, EXIT.usage, `write it as ${before}${range}`);
  const [base = '', size = '', ...rest] = text.split('+');
  // /proc/iomem writes hexadecimal addresses without 0x; read as a decimal number, such a base is another address.
  if (/^[0-9a-f]*[1-9a-f][0-9a-f]*$/i.test(base))
    throw refuse(`the base ${base} has no 0x`, `0x${base}+${parseBytes(size) === undefined ? '512M' : size}`);
  const baseAddress = parseBytes(base);
  const sizeBytes = parseBytes(size);
  if (baseAddress === undefined || sizeBytes === undefined || rest.length > 0)
    throw refuse('not BASE+SIZE', '0x40000000+512M');
  const unitless = sizeWithoutUnit(size, least);
  if (unitless !== undefined) throw refuse(unitless.message, `${base}+${size}M, or as ${before}${base}+${size}B`);
  return { baseAddress, sizeBytes };
}

function parseOccupied(text: string): OccupiedRange {
  const equals = text.indexOf('=');
  if (equals <= 0)
    throw new Refusal(`--occupied ${text}: not NAME=BASE+SIZE`, EXIT.usage, 'write it as kernel=0x40200000+24M');
  const name = text.slice(0, equals);
  return { name, ...parseRange(`--occupied ${name}=`, text.slice(equals + 1), SMALLEST_IMAGE) };
}

/** As the options and the inputs of a profile give it. */
export interface BootOptions {
  readonly occupied?: readonly string[];
  readonly bootLog?: string | readonly string[];
  /** The kernel command line itself. */
  readonly commandLine?: string;
}

export interface KnownBoot extends BoardBoot {
  /** The kernel that wrote the log. */
  readonly kernel?: KernelVersion;
}

/**
 * Reads the boot logs. What an option or the profile names comes before what a log says; the RAM of a log comes before
 * that of the tree and the profile.
 * @param board the tree that the board boots with, and its banks where they are stated
 * @param kernels those that are asked about; empty: any
 * @throws {@link Refusal}
 */
export function readBoot(
  context: Context,
  options: BootOptions,
  board: Pick<PlacementInput, 'tree' | 'memory'>,
  kernels: readonly KernelVersion[],
): { readonly boot: KnownBoot; readonly diagnostics: readonly Diagnostic[] } {
  const occupied = options.occupied?.map(parseOccupied);
  const stated = occupied === undefined ? {} : { occupied };
  const line = options.commandLine === undefined ? {} : { commandLine: options.commandLine };
  const files = typeof options.bootLog === 'string' ? [options.bootLog] : (options.bootLog ?? []);
  if (files.length === 0) return { boot: { ...stated, ...line }, diagnostics: [] };
  const logs = files.map((file) => {
    const got = readText(context.resolve(file));
    if ('error' in got)
      throw new Refusal(`--boot-log ${file}: ${got.error}`, EXIT.environment, 'give the console output of the board');
    return readBootLog(got.text, file);
  });
  const { diagnostics, kernel, ...said } = fromLog(logs, {
    file: files.join(', '),
    input: { ...board, ...stated },
    kernels,
  });
  return { boot: { ...said, ...(kernel === undefined ? {} : { kernel }), ...line }, diagnostics };
}
