/** The faults that a pasted text shows: cause, evidence and fix; or what else would decide. */
import type { Fdt } from '../fdt/index.js';
import { Board } from './board.js';
import { CAUSES, type Need, needsOf, verifiedId } from './causes/index.js';
import type { Clue, Reader } from './clues.js';
import { readPaste } from './paste.js';
import { ACCESS_READERS } from './read/access.js';
import { BOARD_READERS } from './read/board.js';
import { BOOT_READERS } from './read/boot-loader.js';
import { kernelLog } from './read/kernel.js';
import { NODE_READERS } from './read/nodes.js';
import { PROGRAM_READERS } from './read/programs.js';
import { treeReader } from './read/tree.js';

export { type Meaning, meaningOf } from './meaning.js';
export { treeText } from './tree-text.js';

export interface Paste {
  readonly file: string;
  readonly text: string;
  /** Of a blob; `text` then is the part of it that speaks of memory. */
  readonly tree?: Fdt;
}

export interface Diagnosis {
  readonly understood: readonly { readonly file: string; readonly as: string }[];
  /** The first is the answer. Empty: the text does not decide. */
  readonly causes: readonly {
    readonly id: string;
    readonly text: string;
    readonly evidence: readonly string[];
    readonly fix: string;
  }[];
  readonly needs: readonly Need[];
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

export function diagnose(pastes: readonly Paste[]): Diagnosis {
  const clues: Clue[] = [];
  const understood: { file: string; as: string }[] = [];
  const texts: string[] = [];
  for (const { file, text } of pastes) {
    const short = text.replace(new RegExp(`^(.{${MAX_LINE}}).+$`, 'gm'), '$1');
    const lines = readPaste(file, short);
    texts.push(...lines.map(({ raw }) => raw));
    for (const reader of READERS) {
      const found = lines.flatMap((_line, at) => reader.read(lines, at));
      if (found.length > 0) understood.push({ file, as: reader.as });
      clues.push(...found);
    }
  }
  const board = new Board(clues, texts.join('\n'));
  for (const cause of CAUSES) {
    const found = cause.when(board);
    if (found === undefined) continue;
    const evidence = [...new Set(found.evidence.filter((line): line is string => line !== undefined && line !== ''))];
    const id = cause.id === 'verifier' ? (verifiedId(board) ?? cause.id) : cause.id;
    return {
      understood,
      causes: [{ id, text: found.text, evidence: evidence.slice(0, MAX_EVIDENCE), fix: found.fix }],
      needs: [],
    };
  }
  return { understood, causes: [], needs: needsOf(board) };
}
