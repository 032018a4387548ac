/** Who may use which heap, from udev rules as they were meant. */

import { aboutHeaps } from '../check/heap-rules.js';
import { lintRules, withoutShell } from '../check/rules.js';
import { readRules } from '../check/udev.js';
import { type Assignment, deviceEvent, heapDevice, orderRules, winner } from '../check/udev-event.js';
import type { Diagnostic, Span } from '../diagnostic/index.js';
import { SourceText } from '../source/index.js';
import { report } from './codes.js';
import type { Understood } from './draft.js';
import { isWithDirectory, namedHeaps, withoutEffect, withoutHeap } from './rules.js';

export interface HeapAccess {
  /** undefined: the rules leave the heap to root. */
  readonly group: string | undefined;
  readonly mode: number;
  /** No rule names a group for this name. */
  readonly isAssumed: boolean;
}

export interface AccessFindings {
  /** By name under /dev/dma_heap. */
  readonly access: ReadonlyMap<string, HeapAccess>;
  /** Links below /dev/dma_heap, with the heap they were found on and whether that is certain. */
  readonly links: readonly { readonly link: string; readonly heap: string; readonly certain: boolean }[];
  /** Names that rules spell out. */
  readonly named: readonly string[];
  /** Some rule is about heaps, whether or not it does anything. */
  readonly isAboutHeaps: boolean;
}

/** Permissions that a command sets, as keys; a node that it spells out is the only one it opens. */
function permissionsOf(run: string, command: string): string {
  // The directory of the nodes: what its mode opens is not a heap.
  if (OPENS_DIRECTORY.test(command)) return run;
  const acl = /\bsetfacl\s(?:[^;&|]*?[\s=,])?g(?:roup)?:([\w-]+):([rwx-]+)/.exec(command);
  const owners = /\bchown\s+(?:-\S+\s+)*([\w-]+)?(?:[:.]([\w-]+)?)?\s/.exec(command);
  const group = /\bchgrp\s+(?:-\S+\s+)*([\w-]+)/.exec(command)?.[1] ?? owners?.[2] ?? acl?.[1];
  const owner = owners?.[1] === 'root' ? undefined : owners?.[1];
  const ofAcl = acl?.[2] === undefined ? undefined : acl[2].includes('w') ? '0660' : '0640';
  const mode = /\bchmod\s+(?:-\S+\s+)*(0?[0-7]{3})\b/.exec(command)?.[1] ?? symbolicMode(command) ?? ofAcl;
  if (group === undefined && mode === undefined && owner === undefined) return run;
  const nodes = [...command.matchAll(/\/dev\/dma_heap\/([\w.,+@*?[\]-]+)/g)].map(([, name]) => name);
  return [
    ...(owner === undefined ? [] : [`OWNER="${owner}"`]),
    ...(group === undefined ? [] : [`GROUP="${group}"`]),
    ...(mode === undefined ? [] : [`MODE="${mode}"`]),
    ...(nodes.length === 0 ? [] : [`KERNEL=="${[...new Set(nodes)].join('|')}"`]),
  ].join(', ');
}

/** `chmod a+rw`, on the mode that a heap has without a rule. */
function symbolicMode(command: string): string | undefined {
  const clauses = /\bchmod\s+(?:-\S+\s+)*((?:[ugoa]*[+=][rwxX]*,?)+)\s/.exec(command)?.[1];
  if (clauses === undefined) return undefined;
  let mode = 0o600;
  for (const [, who = '', operator, what = ''] of clauses.matchAll(/([ugoa]*)([+=])([rwxX]*)/g)) {
    const bits = (what.includes('r') ? 4 : 0) | (what.includes('w') ? 2 : 0);
    for (const [i, one] of ['o', 'g', 'u'].entries()) {
      if (who !== '' && !who.includes('a') && !who.includes(one)) continue;
      mode = (operator === '=' ? mode & ~(7 << (3 * i)) : mode) | (bits << (3 * i));
    }
  }
  return `0${mode.toString(8).padStart(3, '0')}`;
}

const OPENS_DIRECTORY =
  /\b(?:ch(?:mod|own|grp)|setfacl)\s+(?![^;&|]*\s?-\w*R|[^;&|]*--recursive)[^;&|]*\/dev\/dma_heap\/?(?=["'\s;&|]|$)/;

/**
 * The rules as their author meant them, line for line: KERNEL without the directory of the node, permissions that RUN
 * sets as GROUP and MODE.
 */
function asMeant(source: SourceText): SourceText {
  const text = source.text
    .replace(/\bKERNEL(\s*[=!]=\s*)"(?:\/dev\/)?dma_heap\//g, 'KERNEL$1"')
    .replace(/\bRUN(?:\{program\})?\s*\+?=\s*"([^"\n]*)"/g, permissionsOf);
  return text === source.text ? source : new SourceText(source.file, text);
}

/** Lints whose matter the import speaks of in its own terms. */
const SAID_HERE = new Set(['udev/world-access', 'udev/name-of-one-kernel']);

/** Findings that say that a rule does nothing. */
const DENIES =
  /^(?:import\/no-effect|folklore\/kernel-with-directory|udev\/(?:not-a-token|bad-operator|invalid-mode))$/;

const where = ({ source, rule }: Assignment) => `${source.file}:${rule.span.line}`;

/** The place of an assignment in the file as it was written. */
interface Place {
  readonly text: string;
  readonly span: Span;
  readonly key: string;
  /** A program sets it after all rules; `never`: the rule does not match, or the program does not start, as it is. */
  readonly by: 'rule' | 'program' | 'never';
}

interface Reporter {
  readonly placeOf: (assignment: Assignment) => Place;
  /** Says a thing once, whichever heaps it is found on. */
  readonly once: (key: string, diagnostic: Diagnostic) => void;
}

function placeIn(originals: readonly SourceText[], one: Assignment): Place {
  const { rule, token, source, value } = one;
  const key = where(one);
  const original = originals.find(({ file }) => file === source.file);
  const written = original && readRules(original).rules.find(({ span }) => span.line === rule.span.line);
  const same = written?.tokens.find((other) => other.key === token.key && other.value === value);
  const run = written?.tokens.find(
    (other) => other.key === 'RUN' && permissionsOf('', other.value).includes(`"${value}"`),
  );
  const { span } = same ?? run ?? token;
  if (same === undefined && run !== undefined)
    return {
      text: `RUN+="${run.value}"`,
      span,
      key,
      by: withoutShell(run.value) === undefined ? 'program' : 'never',
    };
  const by = written?.tokens.some(isWithDirectory) === true ? 'never' : 'rule';
  return { text: `${token.key}="${value}"`, span, key, by };
}

/** Programs have the last word, and a rule that never matches has one only if nothing else has. */
const ORDER = ['never', 'rule', 'program'];
const inEffect = (list: readonly Assignment[], placeOf: Reporter['placeOf']) =>
  [...list].sort((a, b) => ORDER.indexOf(placeOf(a).by) - ORDER.indexOf(placeOf(b).by));

/** @param heaps every name that a heap of this board may have */
export function readAccess(sources: readonly SourceText[], heaps: readonly string[]): Understood<AccessFindings> {
  const diagnostics: Diagnostic[] = [];
  const ordered = orderRules(sources);
  let isAboutHeaps = false;
  const files = ordered.map(asMeant);
  const named = namedHeaps(files, heaps);
  for (const source of ordered) {
    const about = aboutHeaps(source, heaps);
    isAboutHeaps ||= about.length > 0;
    diagnostics.push(...about.flatMap((rule) => [...withoutEffect(rule, source)]));
    const lines = new Set(about.flatMap(({ span }) => [span.line, span.endLine]));
    for (const finding of lintRules(source))
      if (!SAID_HERE.has(finding.code) && finding.span !== undefined && lines.has(finding.span.line))
        diagnostics.push({ ...finding, severity: finding.severity === 'error' ? 'warning' : finding.severity });
  }
  const access = new Map<string, HeapAccess>();
  const links: AccessFindings['links'][number][] = [];
  const said = new Set<string>();
  const once = (key: string, diagnostic: Diagnostic) => {
    if (!said.has(key)) diagnostics.push(diagnostic);
    said.add(key);
  };
  const names = [...new Set([...heaps, ...named])];
  const events = names.map((heap) => ({
    heap,
    event: deviceEvent(files, heapDevice(heap)),
  }));
  for (const source of ordered) {
    const taken = diagnostics.filter(({ code, span }) => span?.file === source.file && DENIES.test(code));
    const given = events.flatMap(({ event: { owner, group, mode, links, tags, run } }) =>
      [owner, group, mode, links, tags, run].flat().filter((one) => one.source.file === source.file),
    );
    const lines = [...taken.map(({ span }) => span?.line ?? 0), ...given.map(({ rule }) => rule.span.line)];
    diagnostics.push(...withoutHeap(source, aboutHeaps(source, names), new Set(lines), names));
  }
  const placeOf = (one: Assignment) => placeIn(ordered, one);
  const groups = new Set(events.flatMap(({ event }) => groupOf(winner(inEffect(event.group, placeOf))) ?? []));
  for (const { heap, event } of events) {
    const group = winner(inEffect(event.group, placeOf));
    const mode = winner(inEffect(event.mode, placeOf));
    for (const [key, list, last] of [
      ['GROUP', event.group, group],
      ['MODE', event.mode, mode],
    ] as const) {
      // That a rule never matches is said already.
      const lost = list.findLast((one) => one.value !== last?.value && placeOf(one).by !== 'never');
      if (last === undefined || lost === undefined) continue;
      const isProgram = placeOf(last).by === 'program' && placeOf(lost).by !== 'program';
      once(
        `${where(lost)} ${key}`,
        report('import/no-effect', {
          message: `${placeOf(lost).text} is overridden by ${placeOf(last).text} in ${where(last)}`,
          cause: isProgram
            ? 'udev starts programs after it has applied all rules'
            : 'udev reads rules files in the order of their names, and the later of two rules for a node wins',
          fix: 'the profile follows the one that wins; change the profile if you want the other',
          span: placeOf(lost).span,
        }),
      );
    }
    const conditional = [...event.group, ...event.mode, ...event.links].find((one) => !one.certain);
    if (conditional !== undefined)
      once(
        where(conditional),
        report('import/condition', {
          message: 'the rule depends on the running board',
          cause: 'import does not run PROGRAM, IMPORT or TEST; assuming that the rule applies',
          fix: 'a profile is for one board: remove what does not apply to it',
          span: conditional.rule.span,
        }),
      );
    for (const { value, certain, token } of event.links) {
      const link = /^dma_heap\/([A-Za-z0-9][A-Za-z0-9,._+@-]{0,62})$/.exec(value)?.[1];
      if (link !== undefined) links.push({ link, heap, certain });
      else
        once(
          `link ${value}`,
          report('import/not-expressed', {
            message: `the link /dev/${value} is not below /dev/dma_heap`,
            cause: 'the aliases of a profile are links to heaps below /dev/dma_heap',
            fix: 'keep the rule for it in a separate file',
            span: token.span,
          }),
        );
    }
    const owner = winner(event.owner);
    if (owner !== undefined && owner.value !== 'root' && owner.value !== '0')
      once(
        `owner ${where(owner)}`,
        report('import/not-expressed', {
          message: `OWNER="${owner.value}"`,
          cause: 'a profile gives access only to groups',
          fix: `make ${owner.value} a member: "access": { ..., "users": ["${owner.value}"] }`,
          span: owner.token.span,
        }),
      );
    for (const run of event.run)
      once(
        `run ${where(run)}`,
        report('import/not-expressed', {
          message: `RUN starts "${run.value}"`,
          cause: 'generated rules do not run programs',
          fix: 'keep the rule in a separate file if you need it; the profile has the groups and modes',
          span: run.token.span,
        }),
      );
    const given = accessOf(group, mode, groups, { placeOf, once });
    if (given !== undefined) access.set(heap, given);
  }
  return { value: { access, links, named, isAboutHeaps: isAboutHeaps || named.length > 0 }, diagnostics };
}

/** A group that a profile may name. */
const groupOf = (group: Assignment | undefined) =>
  group !== undefined && /^[a-z_][a-z0-9_-]{0,30}$/.test(group.value) && group.value !== 'root'
    ? group.value
    : undefined;

/** @param groups those that rules name for any heap */
function accessOf(
  group: Assignment | undefined,
  mode: Assignment | undefined,
  groups: ReadonlySet<string>,
  { placeOf, once }: Reporter,
): HeapAccess | undefined {
  const any = mode ?? group;
  if (any === undefined) return undefined;
  const stated = mode !== undefined && /^0*[0-7]{1,4}$/.test(mode.value) ? Number.parseInt(mode.value, 8) : 0o660;
  const isWorld = (stated & 0o007) !== 0;
  const named = groupOf(group);
  const isRoots = group === undefined ? (stated & 0o070) === 0 : /^(?:root|0+)$/.test(group.value);
  if (named === undefined && isRoots && !isWorld) {
    const at = placeOf(group ?? any);
    once(
      `root ${at.key}`,
      report('import/changed', {
        message: `${at.text} gives the heap to root only, so the profile gives access to no other user`,
        cause: 'the kernel gives every heap to root',
        fix: 'state the access in the profile if a group needs the heap',
        span: at.span,
      }),
    );
    return { group: undefined, mode: stated, isAssumed: false };
  }
  // If the rules gave access to others, the only known group gets it; a guess gives access to no one else.
  const [other] = isWorld && groups.size === 1 ? groups : [];
  const taken = named ?? other ?? 'dmaheap';
  // No execution; and what the world had, the group has instead.
  const bits = (stated & 0o660) | ((stated & 0o006) << 3);
  if (isWorld && mode !== undefined) {
    const at = placeOf(mode);
    once(
      `mode ${at.key}`,
      report('import/changed', {
        message: `${at.text} becomes 0${bits.toString(8).padStart(3, '0')}`,
        cause: 'a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups',
        fix: `make the users members of "${taken}"`,
        facts: ['heap.read-only-allocates'],
        span: at.span,
      }),
    );
  }
  if (named === undefined) {
    const isUnfit = group !== undefined && !isRoots;
    const at = placeOf(isUnfit ? group : any);
    const source = other === undefined ? '' : ', which the rules use for another heap';
    once(
      `group ${at.key}`,
      report('import/assumed', {
        message: isUnfit
          ? `a profile cannot have ${at.text}; assuming "${taken}"${source}`
          : `a rule gives access to a heap but does not name a group; assuming "${taken}"${source}`,
        ...(isUnfit
          ? { cause: 'a profile has the name of a group, because a number may be another group elsewhere' }
          : {}),
        fix:
          isUnfit && /^\d+$/.test(group.value)
            ? `name the group in the profile: "getent group ${group.value}" prints it on the board`
            : 'name the right group in the profile',
        span: at.span,
      }),
    );
  }
  return { group: taken, mode: bits, isAssumed: named === undefined };
}
