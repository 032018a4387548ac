/** The faults that a pasted text shows: cause, evidence and fix; or what else would decide. */
import { readBootLog } from '../bootlog/index.js';
import type { Fdt } from '../fdt/index.js';
import { hasOptionLine } from '../kconfig/option-line.js';
import type { Plan } from '../plan/index.js';
import { Board } from './board.js';
import { CAUSES, isFurther, type Need, needsOf, verifiedId } from './causes/index.js';
import type { Clue, Reader } from './clues.js';
import { comparePlan, type PlanRow } from './compare-plan.js';
import { type Meaning, meaningOfLine } from './meaning.js';
import { type PastedLine, readPaste } from './paste.js';
import { ACCESS_READERS } from './read/access.js';
import { BOARD_READERS } from './read/board.js';
import { BOOT_READERS } from './read/boot-loader.js';
import { kernelLog } from './read/kernel.js';
import { NODE_READERS } from './read/nodes.js';
import { PROGRAM_READERS } from './read/programs.js';
import { treeReader } from './read/tree.js';
import { type BootShown, largestSize, type NoReplay, type Replay, rejectedPools, replay } from './replay.js';
import { unwrapped } from './unwrap.js';

export type { PlanRow } from './compare-plan.js';
export { type Meaning, meaningOf } from './meaning.js';
export { NAMES_OF_ANSWERS } from './names.js';
export type { Compared, NoReplay, Replay } from './replay.js';
export { treeText } from './tree-text.js';

export interface Paste {
  readonly file: string;
  readonly text: string;
  /** Of a blob; `text` then is the part of it that speaks of memory. */
  readonly tree?: Fdt;
}

export interface Diagnosis {
  readonly understood: readonly { readonly file: string; readonly as: string }[];
  /** The first is the answer; the others are faults that it does not explain. Empty: the text does not decide. */
  readonly causes: readonly {
    readonly id: string;
    readonly text: string;
    readonly evidence: readonly string[];
    readonly fix: string;
  }[];
  /** Lines that do not decide, and what each means; empty beside causes. */
  readonly meanings: readonly (Meaning & { readonly line: string })[];
  readonly needs: readonly Need[];
  /** The same boot, simulated with what the text reveals; or what the text lacks for it. */
  readonly replay: Replay | NoReplay;
  /** Every statement of the profile's plan beside the board; empty without a profile. */
  readonly profile: readonly PlanRow[];
}

const READERS: readonly Reader[] = [
  kernelLog,
  ...BOARD_READERS,
  ...NODE_READERS,
  ...PROGRAM_READERS,
  ...ACCESS_READERS,
  ...BOOT_READERS,
  treeReader,
];

/** Lines that are quoted as evidence at most. */
const MAX_EVIDENCE = 6;
/** A paste is read line by line; the start of a line of a megabyte is enough. */
const MAX_LINE = 4000;

/** @param plan of the board's profile, to compare with */
export function diagnose(pastes: readonly Paste[], plan?: Plan): Diagnosis {
  const clues: Clue[] = [];
  const understood: { file: string; as: string }[] = [];
  const all: PastedLine[] = [];
  for (const { file, text } of pastes) {
    const short = text.replace(new RegExp(`^(.{${MAX_LINE}}).+$`, 'gm'), '$1');
    const lines = readPaste(file, short);
    all.push(...withoutOtherOptions(lines));
    for (const reader of READERS) {
      const found = lines.flatMap((_line, at) => reader.read(lines, at));
      if (found.length > 0) understood.push({ file, as: reader.as });
      clues.push(...found);
    }
  }
  const board = new Board(clues, all);
  const shown = bootOf(pastes);
  for (const { file, as } of listings(shown)) understood.push({ file, as });
  const replayed = replay(shown, board);
  if ('prediction' in replayed)
    board.simulated = {
      refusedDefault: replayed.prediction.refusedDefault,
      rejected: rejectedPools(shown, replayed),
      largest: (node) => largestSize(shown, board, node),
    };
  const rest = { understood, replay: replayed, profile: plan === undefined ? [] : comparePlan(board, plan) };
  const causes = causesOf(board);
  return causes.length > 0
    ? { ...rest, causes, meanings: [], needs: [] }
    : { ...rest, causes, meanings: meaningsOf(all), needs: needsOf(board) };
}

/** More of them do not help a person. */
const MAX_MEANINGS = 3;

function meaningsOf(lines: readonly PastedLine[]): Diagnosis['meanings'] {
  const found: Diagnosis['meanings'][number][] = [];
  for (const { text, raw, isCommand } of lines) {
    const meaning = isCommand ? undefined : meaningOfLine(text);
    if (meaning !== undefined && !found.some((one) => one.text === meaning.text))
      found.push({ line: raw.trim(), text: meaning.text, next: meaning.next });
  }
  return found.slice(0, MAX_MEANINGS);
}

/** The first cause explains away those after it, except for those that separate lines show. */
function causesOf(board: Board): Diagnosis['causes'] {
  const causes: Diagnosis['causes'][number][] = [];
  for (const cause of CAUSES) {
    if (
      !isFurther(
        cause.id,
        causes.map(({ id }) => id),
      )
    )
      continue;
    const found = cause.when(board);
    if (found === undefined) continue;
    const lines = [...new Set(found.evidence.filter((line): line is string => line !== undefined && line !== ''))];
    const id = cause.id === 'verifier' ? (verifiedId(board) ?? cause.id) : cause.id;
    const isKnown = causes.some((one) => one.id === id || one.evidence.some((line) => lines.includes(line)));
    if (isKnown || (causes.length > 0 && lines.length === 0)) continue;
    causes.push({ id, text: found.text, evidence: lines.slice(0, MAX_EVIDENCE), fix: found.fix });
  }
  return causes;
}

/** More options are a whole configuration, and not those that a person quotes. */
const QUOTED_OPTIONS = 100;
const OPTION_OF_HEAPS = /CMA|DMA|HEAP|DEVTMPFS|ORDER|UDMABUF|MEMFD|CONFIG_ION\b/;

/** The names of options have the words of faults (STALL, CORRUPTION); only those that heaps depend on are searched for words. */
function withoutOtherOptions(lines: readonly PastedLine[]): readonly PastedLine[] {
  const isOption = ({ text }: PastedLine) => hasOptionLine(text);
  return lines.filter(isOption).length <= QUOTED_OPTIONS
    ? lines
    : lines.filter((line) => !isOption(line) || OPTION_OF_HEAPS.test(line.text));
}

function bootOf(pastes: readonly Paste[]): BootShown {
  const texts = pastes.filter(({ tree }) => tree === undefined);
  return {
    files: texts.map(({ file }) => file),
    logs: texts.map(({ file, text }) => readBootLog(unwrapped(text), file)),
    tree: pastes.find(({ tree }) => tree !== undefined)?.tree,
  };
}

const LISTINGS = { iomem: '/proc/iomem', memblock: 'a list of memblock' } as const;

/** Lists of addresses, which hold no clue on their own. */
const listings = ({ files, logs }: BootShown) =>
  logs.flatMap(({ ram }, i) => {
    const by = ram[0]?.by;
    const file = files[i];
    return file !== undefined && (by === 'iomem' || by === 'memblock') ? [{ file, as: LISTINGS[by] }] : [];
  });
