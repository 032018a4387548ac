/** A fleet on one screen: a line for each board, and each finding once with the boards that it holds for. */
import type { Diagnostic } from '../../diagnostic/index.js';
import type { CellResult } from './results.js';

/** How many boards are named before the rest is counted. */
const NAMED = 3;
/** Above this, boards that fare alike share a line. */
const MANY_BOARDS = 24;

type Mark = 'pass' | 'FAIL' | 'open' | '-';

const LEGEND: Partial<Record<Mark, string>> = {
  open: 'open: passes, and the place of an area is not proven (no DTB, or the answer depends on something that was not given)',
  '-': '-: the profile is not for this kernel',
};

export function namesOf(boards: readonly string[]): string {
  const shown = boards.length > NAMED + 1 ? boards.slice(0, NAMED) : boards;
  const more = boards.length - shown.length;
  return `${shown.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

function markOf(cells: readonly CellResult[]): Mark {
  if (cells.some(({ status }) => status === 'fail')) return 'FAIL';
  if (cells.every(({ status }) => status === 'skip')) return '-';
  return cells.some(({ open = [] }) => open.length > 0) ? 'open' : 'pass';
}

const WORDS = { pass: 'pass', fail: 'FAIL', skip: 'skip' } as const;

/** @param isEach a line for each cell; otherwise the targets of a board on a kernel that fare alike share one */
export function cellLines(cells: readonly CellResult[], isEach: boolean): string {
  const lines = new Map<string, { start: string; targets: string[]; end: string }>();
  for (const [i, { board, kernel, target, status, reason }] of cells.entries()) {
    const start = `${WORDS[status]} ${board} ${kernel} `;
    const end = reason === undefined ? '' : `: ${reason}`;
    const key = isEach ? String(i) : start + end;
    lines.set(key, { start, targets: [...(lines.get(key)?.targets ?? []), target], end });
  }
  return [...lines.values()].map(({ start, targets, end }) => `${start}${targets.join(', ')}${end}\n`).join('');
}

/** Boards by kernels. */
export function tableOf(cells: readonly CellResult[]): string {
  const kernels = [...new Set(cells.map(({ kernel }) => kernel))];
  const byBoard = new Map<string, CellResult[]>();
  for (const cell of cells) byBoard.set(cell.board, [...(byBoard.get(cell.board) ?? []), cell]);
  const rows = [...byBoard].map(([board, own]) => ({
    board,
    marks: kernels.map((kernel): Mark | '' => {
      const here = own.filter((one) => one.kernel === kernel);
      return here.length === 0 ? '' : markOf(here);
    }),
  }));
  const lines = rows.length > MANY_BOARDS ? together(rows) : rows;
  const width = Math.max(...lines.map(({ board }) => board.length), 'board'.length);
  const widths = kernels.map((kernel) => Math.max(kernel.length, 4));
  const line = (first: string, rest: readonly string[]) =>
    `${[first.padEnd(width), ...rest.map((word, i) => word.padEnd(widths[i] ?? 0))].join('  ').trimEnd()}\n`;
  const marks = new Set(lines.flatMap((one) => one.marks));
  const legend = Object.entries(LEGEND).flatMap(([mark, text]) => (marks.has(mark as Mark) ? [`${text}\n`] : []));
  return [line('board', kernels), ...lines.map(({ board, marks: own }) => line(board, own)), ...legend].join('');
}

function together(rows: readonly { board: string; marks: readonly (Mark | '')[] }[]): typeof rows {
  const alike = new Map<string, { boards: string[]; marks: readonly (Mark | '')[] }>();
  for (const { board, marks } of rows) {
    const key = marks.join(' ');
    const group = alike.get(key) ?? { boards: [], marks };
    group.boards.push(board);
    alike.set(key, group);
  }
  return [...alike.values()].map(({ boards, marks }) => ({ board: namesOf(boards), marks }));
}

/** The same finding on many boards is one, with their names. */
export function foundOnce(cells: readonly CellResult[]): Diagnostic[] {
  const found = new Map<string, { one: Diagnostic; boards: Set<string> }>();
  for (const { board, diagnostics } of cells)
    for (const one of diagnostics) {
      const key = JSON.stringify([one.code, one.severity, one.message.replaceAll(board, '')]);
      const group = found.get(key) ?? { one, boards: new Set() };
      group.boards.add(board);
      found.set(key, group);
    }
  return [...found.values()].map(({ one, boards }) =>
    boards.size === 1 ? one : { ...one, message: `${one.message} (${boards.size} boards: ${namesOf([...boards])})` },
  );
}
