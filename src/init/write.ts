/** The one writer of profiles: JSON with comments, members of one line where they fit, guesses marked DECIDE. */
import { ramBase } from '../facts/ram-base.js';
import type { Board, Profile, Region } from '../profile/types.gen.js';
import { DECIDE } from '../profile/undecided.js';
import { type AddressRange, formatAddress } from '../quantity/index.js';
import { childPointer } from '../source/pointer.js';

/** Comments of a profile; each precedes its member. */
export class Notes {
  readonly #above = new Map<string, string[]>();

  /** @param pointer of a member that the profile has */
  add(pointer: string, ...lines: readonly string[]): void {
    this.#above.set(pointer, [...this.above(pointer), ...lines]);
  }

  /** A guess, which the user has to look at. */
  decide(pointer: string, text: string): void {
    this.add(pointer, `${DECIDE}: ${text}`);
  }

  above(pointer: string): readonly string[] {
    return this.#above.get(pointer) ?? [];
  }

  isAnyBelow(pointer: string): boolean {
    return [...this.#above.keys()].some((key) => key.startsWith(`${pointer}/`));
  }
}

/**
 * Marks RAM that no input states.
 * @param unstated what was looked at
 * @param compatible of the board, where it is known
 */
export function noteMissingMemory(notes: Notes, unstated: string, compatible: readonly string[] = []): void {
  const known = ramBase(compatible);
  const which =
    known === undefined
      ? 'This line is an example and not the RAM of the board'
      : `The RAM of ${known.soc} begins at ${known.base}; the size is an example`;
  notes.decide(
    '/board/arch',
    `${unstated} does not state the RAM. See "System RAM" in /proc/iomem on the board. ${which}:`,
  );
  // Taking the slashes away leaves JSON, because a member follows.
  notes.add('/board/arch', `"memory": [{ "base": "${known?.base ?? '0x40000000'}", "size": "1G" }],`);
}

/** How many guesses the text of a profile holds, to follow `wrote FILE`; empty for none. */
export function guessesIn(text: string): string {
  const open = text.split('\n').filter((line) => line.includes(`// ${DECIDE}`)).length;
  if (open === 0) return '';
  return `; ${open === 1 ? `1 line is marked ${DECIDE} and contains a guess` : `${open} lines are marked ${DECIDE} and contain guesses`}`;
}

const WIDTH = 110;

/** Objects of things with names, which are written member by member. */
const ROOMS = /^(?:|\/board|\/regions(?:\/[^/]+(?:\/budget)?)?|\/heaps|\/access|\/targets)$/;

/** @param indent of the line that the value begins on */
function valueText(value: unknown, pointer: string, notes: Notes, indent: string): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const items = Object.entries(value).map(([key, one]) => {
    const at = childPointer(pointer, key);
    const text = valueText(one, at, notes, inner);
    return { text: isList ? text : `${JSON.stringify(key)}: ${text}`, notes: notes.above(at) };
  });
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (items.length === 0) return `${open}${close}`;
  const room = isList ? '' : ' ';
  const line = `${open}${room}${items.map(({ text }) => text).join(', ')}${room}${close}`;
  const isRoom = ROOMS.test(pointer) || notes.isAnyBelow(pointer);
  if (!isRoom && line.length + indent.length <= WIDTH && !line.includes('\n')) return line;
  const body = items.flatMap(({ text, notes: above }, i) => [
    ...above.map((note) => `${inner}// ${note}`),
    `${inner}${text}${i < items.length - 1 ? ',' : ''}`,
  ]);
  return `${open}\n${body.join('\n')}\n${indent}${close}`;
}

/**
 * The text of a profile.
 * @param by the command that drafts it, and what else its first line says
 */
export function profileText(by: string, profile: Profile, notes: Notes): string {
  notes.add('/$schema', `for an editor; "dmaheap schema > ${SCHEMA_FILE}" writes this file`);
  const stated = { $schema: `./${SCHEMA_FILE}`, ...profile };
  return `// Written by ${by} Lines marked ${DECIDE} contain a guess.\n${valueText(stated, '', notes, '')}\n`;
}

/**
 * The file beside a profile with which an editor completes and checks it. A profile has no other place that holds on
 * every machine: the program may be one file, and there may be no network.
 */
export const SCHEMA_FILE = 'dmaheap.schema.json';

/**
 * A text of {@link profileText} without its comments.
 * @returns the guesses in them, too, each with the key that follows it
 */
export function plainJson(text: string): { text: string; guesses: { key: string; text: string }[] } {
  const lines = text.split('\n');
  const isComment = (line: string) => line.trimStart().startsWith('//');
  const guesses = lines.flatMap((line, i) => {
    const [, guess] = /^\s+\/\/ DECIDE: (.*)$/.exec(line) ?? [];
    if (guess === undefined) return [];
    const after = lines.slice(i + 1);
    const next = after.findIndex((one) => !isComment(one));
    const more = after.slice(0, next).filter((one) => !one.includes(`// ${DECIDE}`));
    const rest = more.map((one) => ` ${one.replace(/^\s*\/\/ /, '')}`).join('');
    return [{ key: /^\s*("[^"]*")/.exec(after[next] ?? '')?.[1] ?? 'the list', text: `${guess}${rest}` }];
  });
  return { text: lines.filter((line) => !isComment(line)).join('\n'), guesses };
}

/** `400M`, `4G`; hexadecimal if it is not a whole number of MiB. */
export function sizeText(bytes: bigint): string {
  if (bytes !== 0n && bytes % (1n << 30n) === 0n) return `${bytes >> 30n}G`;
  return bytes % (1n << 20n) === 0n ? `${bytes >> 20n}M` : formatAddress(bytes);
}

type Range = NonNullable<Board['memory']>[0];

/** Ranges as a profile states them; undefined for none. */
export function rangesOf(ranges: readonly AddressRange[] | undefined): [Range, ...Range[]] | undefined {
  const stated = (ranges ?? []).map(
    (one): Range => ({
      base: formatAddress(one.baseAddress),
      size: sizeText(one.sizeBytes),
    }),
  );
  return stated.length === 0 ? undefined : (stated as [Range, ...Range[]]);
}

/** A region as it was found or decided. */
export interface RegionWords {
  readonly sizeBytes?: bigint;
  readonly budget?: Region['budget'];
  readonly isDefault: boolean;
  readonly delivery: NonNullable<Region['delivery']>;
  readonly baseAddress?: bigint | undefined;
  readonly allocRanges?: readonly AddressRange[] | undefined;
  readonly alignmentBytes?: bigint | undefined;
  readonly addressBits?: number;
}

export function regionOf(region: RegionWords): Region {
  const { sizeBytes, budget, isDefault, delivery, baseAddress, alignmentBytes, addressBits } = region;
  const allocRanges = rangesOf(region.allocRanges);
  return {
    ...(sizeBytes === undefined ? {} : { size: sizeText(sizeBytes) }),
    ...(budget === undefined ? {} : { budget }),
    ...(isDefault ? { default: true } : {}),
    ...(delivery === 'device-tree' ? {} : { delivery }),
    ...(baseAddress === undefined ? {} : { base: formatAddress(baseAddress) }),
    ...(alignmentBytes === undefined ? {} : { alignment: sizeText(alignmentBytes) }),
    ...(allocRanges === undefined ? {} : { allocRanges }),
    ...(addressBits === undefined ? {} : { addressBits }),
  } as Region;
}

/** A profile's name out of a compatible string, a file name or a wish; `my-board` where nothing of it is left. */
export function profileName(wish: string): string {
  const name = wish
    .replace(/^.*,/, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
  return name === '' ? 'my-board' : name;
}

/** What a profile takes for a compatible string. */
const COMPATIBLE = /^[a-zA-Z0-9][a-zA-Z0-9,+._-]{0,99}$/;

/** What the root of a device tree says of the board, as a profile states it. */
export function identityOf(
  model: string | undefined,
  compatible: readonly string[] | undefined,
): Pick<Board, 'title' | 'compatible'> {
  const named = (compatible ?? []).filter((one) => COMPATIBLE.test(one)).slice(0, 16);
  return {
    ...(model === undefined || model === '' ? {} : { title: model.slice(0, 200) }),
    ...(named.length === 0 ? {} : { compatible: named as [string, ...string[]] }),
  };
}

/** The architecture that a configuration is for. */
export function archOfConfig(value: (symbol: string) => string | undefined): Board['arch'] | undefined {
  const known = { ARM64: 'arm64', ARM: 'arm', RISCV: 'riscv64', X86_64: 'x86_64' } as const;
  return Object.entries(known).find(([symbol]) => value(symbol) === 'y')?.[1];
}

/** The page size that a configuration states; undefined: the usual one. */
export function pageSizeOfConfig(value: (symbol: string) => string | undefined): '16K' | '64K' | undefined {
  if (value('ARM64_64K_PAGES') === 'y') return '64K';
  return value('ARM64_16K_PAGES') === 'y' ? '16K' : undefined;
}
