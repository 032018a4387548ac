/** Rules of udev: which of them sets a node, and when. */
import type { Board } from '../board.js';
import type { Clue } from '../clues.js';
import type { Cause } from './cause.js';
import { groupsOf, isRefused, refusedNode } from './who.js';

const fileOf = ({ file }: { readonly file: string }) => file.replace(/^.*\//, '');

export const rulesText = (board: Board): readonly Clue<'rule'>[] => {
  const rules = board.all('rule');
  return rules.filter(
    (one) =>
      /dma_heap|linux,cma|KERNEL=="(?:system|reserved|default_cma)/.test(one.text) &&
      !rules.some((other) => fileOf(other) === fileOf(one) && rank(other) < rank(one)),
  );
};

/** udev reads of several files with one name the first: /etc before /run before /usr/lib. */
const rank = ({ file }: { readonly file: string }) =>
  file.startsWith('/etc/') ? 0 : file.startsWith('/run/') ? 1 : /^\/(?:usr\/)?lib\//.test(file) ? 2 : Number.NaN;

/** A rule that udev reads and that never matches a heap, and why. */
export function neverMatches(text: string): string | undefined {
  if (/KERNELS?==\s*"(?:\/dev\/)?dma_heap\//.test(text))
    return 'KERNEL== matches the bare name of the device (linux,cma), without the directory dma_heap/';
  if (/KERNEL==\s*"dma_heap"/.test(text))
    return 'dma_heap is the name of the subsystem, not the kernel name of a device';
  if (/SUBSYSTEM==\s*"(?:dma-heap|dma_heaps|dmaheap|heap|misc|dma|dma-buf|char|video4linux)"/.test(text))
    return 'the subsystem of heaps is dma_heap';
  if (/SUBSYSTEM=\s*"dma_heap"/.test(text))
    return 'SUBSYSTEM= with a single = is an assignment, so udev ignores the line';
  if (/MODE\s*==\s*"|GROUP\s*==\s*"/.test(text)) return 'MODE== and GROUP== are comparisons, so udev ignores the line';
  if (/DEVNAME==|ATTR\{name\}/.test(text)) return 'the device does not have this key';
  return undefined;
}

/** A pattern of udev: globs, with | between them. */
const matches = (patterns: string, name: string) =>
  patterns.split('|').some((one) => {
    const source = one
      .replace(/[.+^${}()\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source.replace(/\[!/g, '[^')}$`).test(name);
  });

/** Whether a rule sets the node of this heap, as far as its keys for the name tell. */
export const matchesHeap = (text: string, name: string): boolean =>
  [...text.matchAll(/\bKERNELS?\s*([!=]=)\s*"([^"]*)"/g)].every(
    ([, sign, patterns = '']) => matches(patterns, name) === (sign === '=='),
  );

/** Names that rules are compared by: those of the board, those that the rules state, and those of kernels. */
const namesToTry = (board: Board, rules: readonly Clue<'rule'>[]) => [
  ...new Set([
    ...(board.heapNames() ?? []),
    ...rules.flatMap(({ text }) =>
      [...text.matchAll(/\bKERNELS?\s*==\s*"([^"]*)"/g)].flatMap(([, list = '']) => list.split('|')),
    ),
    'system',
    'linux,cma',
    'reserved',
    'default_cma_region',
  ]),
];

const byFile = (a: { readonly file: string }, b: { readonly file: string }) => (fileOf(a) < fileOf(b) ? -1 : 1);

/** Two rules in different files that set the same key of one heap to different values; the second one wins. */
function conflict(board: Board): readonly [loser: Clue<'rule'>, winner: Clue<'rule'>] | undefined {
  const rules = rulesText(board)
    .filter(({ text, file }) => file !== '' && neverMatches(text) === undefined)
    .toSorted(byFile);
  for (const key of ['MODE', 'GROUP'])
    for (const name of namesToTry(board, rules)) {
      const setting = rules.flatMap((rule) => {
        const [, sign, value] = new RegExp(`\\b${key}\\s*(:?=)\\s*"([^"]*)"`).exec(rule.text) ?? [];
        return value !== undefined && matchesHeap(rule.text, name) ? [{ rule, value, isFinal: sign === ':=' }] : [];
      });
      const winner = setting.find(({ isFinal }) => isFinal) ?? setting.at(-1);
      const loser = setting.find(
        ({ rule, value }) => value !== winner?.value && fileOf(rule) !== fileOf(winner?.rule ?? rule),
      );
      if (winner !== undefined && loser !== undefined) return [loser.rule, winner.rule];
    }
  return undefined;
}

/** What udev applied later to the same key of the same device. */
const overridden = (applied: readonly Clue<'ruleApplied'>[], one: Clue<'ruleApplied'>) => {
  const last = applied.findLast(({ device, key }) => device === one.device && key === one.key);
  return last !== undefined && last.file !== one.file && last.value !== one.value ? last : undefined;
};

/** A file of rules that was printed, in another directory or without the suffix. */
const NOT_READ =
  /\b(?:cat|head|tail|less|more|nano|vim?)\s+(?:\/etc|\/run|\/(?:usr\/)?lib)\/udev\/(?:[\w.-]+\.rules|rules\.d\/(?!\S*\.rules\b)[\w.-]+)\s*$/;

/** The rule is for other heaps than this one. */
const otherNode = (text: string, name: string | undefined) =>
  name === undefined || matchesHeap(text, name)
    ? undefined
    : `its KERNEL== names ${/KERNELS?==\s*"([^"]*)"/.exec(text)?.[1] ?? 'other devices'}, and the node is ${name}`;

/** A later attempt works, in so many words; with sudo is not later. */
const LATER_WORKS =
  /^(?!.*\b(?:sudo|root)\b)(?=.*(?:(?:second|later|manual|next) (?:start|try|attempt)|restart(?:ing|ed)?\b.{0,60}\b(?:works|fine|helps|ok|succe)|works? (?:after|a few|some|one|two)\b|sleep \d|\brace\b|重启服务|手动(?:启动|重启)|Scheduled restart job|too early|before udev))/i;
/** The same, beside a node that has its group and mode. */
const LATER_WORKS_OR_TIME = new RegExp(
  String.raw`${LATER_WORKS.source}|first (?:seconds?|start|try|time)|works? (?:when|if)\b`,
  'i',
);
/** It fails while the board starts; what happens after a reboot happens at any time. */
const AT_BOOT =
  /\b(?:at|on|during|every|each)\s+(?:every |each |the |system )?(?:boot\b|startup\b|power[- ]?on|cold (?:start|boot))|boot only|开机(?:时|自启|启动)/i;
const UDEV_FINISHED =
  /systemd-udevd.*(?:Setting|Starting)|udevadm settle|udev.*(?:finished|later|Coldplug)|Coldplug All udev|systemd-udev-trigger/i;

/** systemd's rules that give the devices of a seat to its user. */
const SEAT_RULES = '73-seat-late.rules';
export const RULES: readonly Cause[] = [
  {
    id: 'rule-file-order',
    when(board) {
      const applied = board.all('ruleApplied').filter(({ key }) => key === 'MODE' || key === 'GROUP');
      const lost = applied.find((one) => overridden(applied, one) !== undefined);
      const last = lost && overridden(applied, lost);
      const [loser, winner] = (lost && last && [lost, last]) ?? conflict(board) ?? [];
      if (loser === undefined || winner === undefined) return undefined;
      const isLater = fileOf(loser) < fileOf(winner);
      return {
        text: isLater
          ? `two rules files set this node, and the later one wins: ${fileOf(winner)} is read after ${fileOf(loser)} (udev sorts files by name) and overrides its GROUP and MODE.`
          : `two rules files set this node, and the first one wins: ${fileOf(winner)} assigns with :=, so that ${fileOf(loser)} has no effect.`,
        evidence: [loser.line, winner.line, board.nodes()[0]?.line],
        fix: `${isLater ? `give the rules file a name that sorts after ${fileOf(winner)} (such as 99-dmaheap.rules), or remove` : 'remove'} the lines about dma_heap from ${fileOf(winner)}; then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap`,
      };
    },
  },
  {
    id: 'rule-file-order',
    when(board) {
      const rule = rulesText(board).find(({ text }) => /TAG\s*\+?=\s*"uaccess"/.test(text));
      if (rule === undefined) return undefined;
      const file = (rule.file === '' ? /[\w.+@-]+\.rules/.exec(board.text)?.[0] : rule.file)?.replace(/^.*\//, '');
      if (file === undefined || file < SEAT_RULES) return undefined;
      return {
        text: `the tag uaccess comes too late: ${SEAT_RULES} acts on the tag, and ${file} sorts after it, so the logged-in user gets no access.`,
        evidence: [rule.line],
        fix: `give the file a name that sorts before ${SEAT_RULES} (such as 70-dmaheap.rules), then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap`,
      };
    },
  },
  {
    id: 'RULE_NOT_APPLIED',
    when(board) {
      const rules = board.all('rule').filter(({ text }) => /dma[_-]?heap|linux,cma|heap/.test(text));
      const nodes = board.nodes().filter(({ type }) => type === 'c');
      const node = nodes.find(({ owner, group, mode }) => owner === 'root' && group === 'root' && (mode & 0o077) === 0);
      // Of several rules, one that matches decides.
      const setting = rules
        .filter(({ text }) => /GROUP|MODE/.test(text))
        .map((rule) => ({ rule, why: neverMatches(rule.text) ?? otherNode(rule.text, node?.name) }));
      const misplaced = board.line(NOT_READ);
      const wrong =
        misplaced !== undefined && setting[0] !== undefined
          ? { rule: setting[0].rule, why: `udev reads only files with the suffix .rules in a directory rules.d` }
          : setting.every(({ why }) => why !== undefined)
            ? setting[0]
            : undefined;
      if (
        rules.length === 0 ||
        (node === undefined && !(wrong !== undefined && nodes.length === 0 && isRefused(board)))
      )
        return undefined;
      if (setting.length === 0) return undefined;
      const isInstalled = setting.some(({ rule }) => rule.file !== '') || /\.rules\b/.test(board.text);
      return {
        text: `${isInstalled ? 'a rule for the heaps is installed, but it was not applied' : 'the text has a rule for the heaps (it does not show the file), and it is not applied'}: the node still has the kernel's default, 0600 root:root. ${wrong === undefined ? 'The rule is correct, so udev has not read it, or it has not processed the device since.' : `${misplaced === undefined ? `The rule never matches${wrong.rule.text.includes('KERNEL') && node !== undefined ? ` ${node.name}` : ''}` : 'The file is not read'}: ${wrong.why}.`}`,
        evidence: [misplaced, wrong?.rule.line ?? rules[0]?.line, node?.line],
        fix:
          wrong === undefined
            ? 'run udevadm control --reload, then udevadm trigger --subsystem-match=dma_heap; `udevadm test /sys/class/dma_heap/system` shows whether udev reads the file. If the initramfs starts udev, the rule must be in the initramfs too'
            : `${misplaced === undefined ? '' : 'put the file where udev reads it, and '}write the rule as SUBSYSTEM=="dma_heap", ${node === undefined || board.isDefaultName(node.name) ? 'KERNEL=="linux,cma|reserved|default_cma_region", ' : ''}GROUP="video", MODE="0660" (without KERNEL== for all heaps), then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap`,
      };
    },
  },
  {
    id: 'RULE_LATE',
    when(board) {
      const node = refusedNode(board);
      const good = node === undefined || (node.mode & 0o060) === 0o060;
      const groups = groupsOf(board)?.groups;
      const isMember = groups === undefined || node === undefined || groups.includes(node.group);
      const isShown = node !== undefined;
      const works = board.reported(isShown ? LATER_WORKS_OR_TIME : LATER_WORKS);
      const twice = board.nodes().some((a) => board.nodes().some((b) => a.name === b.name && a.mode !== b.mode));
      const refusal =
        board.refused.find(({ errno }) => errno === 'EACCES') ??
        (isRefused(board) ? { line: board.line(/Permission denied|EACCES|权限不够/i) } : undefined);
      if (refusal === undefined || !good || !isMember) return undefined;
      // A failure at boot alone may have another cause, unless owner, group and mode allow the access now.
      const isAllowed = isShown && groups?.includes(node.group) === true;
      const atBoot = isAllowed ? board.reported(AT_BOOT) : undefined;
      const late = isAllowed || works !== undefined ? board.line(UDEV_FINISHED) : undefined;
      const said = works ?? atBoot;
      if (said === undefined && late === undefined && !(twice && isShown)) return undefined;
      return {
        text: `the rule is applied too late: when the program started, the node did not yet have its group and mode, and udev set them shortly after. ${isShown ? 'A later look at the node shows the right values.' : 'The text shows that a later attempt works; it does not show the node.'}`,
        evidence: [refusal.line, said, late, node?.line],
        fix: `start the service after the device: TAG+="systemd" in the rule for dma_heap, and in the unit Requires= and After=dev-dma_heap-${(node?.name ?? 'system').replace(/[^\w]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)}.device; a fixed sleep only hides the race`,
      };
    },
  },
];
