/** Who was refused which node. */
import type { Board } from '../board.js';
import type { Clue, Listed } from '../clues.js';

export type Node = Listed & { readonly line: string };

/** The node that was refused, or else the first of them. */
export function refusedNode(board: Board): Node | undefined {
  const nodes = board.nodes().filter(({ type }) => type === 'c');
  const refused =
    board.refused.find(({ errno }) => errno === 'EACCES') ?? board.refused.find((one) => isThere(board, one));
  const link = board.all('link').find(({ name }) => name === refused?.name)?.target;
  // A node that is listed beside the one that was refused shows nothing of it.
  return (
    nodes.find(({ name }) => name === refused?.name || name === link) ?? (refused === undefined ? nodes[0] : undefined)
  );
}

/** No error number is shown, and the node is listed: it is not missing. */
export const isThere = (board: Board, { errno, name }: { readonly errno: unknown; readonly name: string }) =>
  errno === undefined && board.nodes().some((one) => one.name === name);

export const isRefused = (board: Board) =>
  board.refused.some((one) => one.errno === 'EACCES' || isThere(board, one)) ||
  board.has('noProvider') ||
  board.line(
    /^(?!.*(?:publickey|\/dev\/(?!dma)\w|\/(?:sys|proc)\/|(?:^|[\s'"])\/(?!dev\/)\w+\/\S*['"]?: (?:Permission denied|权限不够|Keine Berechtigung))).*(?:Permission denied|EACCES|权限不够|PermissionError|Keine Berechtigung|not permitted without root|works? (?:only )?(?:as|with) (?:root|sudo))/i,
  ) !== undefined;

/** What the process has before what the database gives to the same user: it counts at the next login only. */
export function groupsOf(board: Board) {
  const last = board.all('identity').at(-1);
  if (last?.isDatabase !== true) return last;
  return board.all('identity').findLast((one) => !one.isDatabase && isSameUser(one, last)) ?? last;
}
/** `groups` does not print a name; the first group of a user is its own on most systems. */
export const isSameUser = (a: Clue<'identity'>, b: Clue<'identity'>) =>
  a.user === b.user || ((a.user === '' || b.user === '') && !a.isRoot && a.groups[0] === b.groups[0]);
