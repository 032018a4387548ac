/** Who may use which heap, from udev rules as they were meant. */

import { aboutHeaps } from '../check/heap-rules.js';
import { lintRules } from '../check/rules.js';
import { matchesPattern, type Rule, readRules, type Token } from '../check/udev.js';
import { type Assignment, deviceEvent, heapDevice, orderRules, winner } from '../check/udev-event.js';
import type { Diagnostic } from '../diagnostic/index.js';
import { SourceText } from '../source/index.js';
import { report } from './codes.js';
import type { Understood } from './draft.js';

export interface HeapAccess {
  readonly group: string;
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
  const group =
    /\bch(?:grp|own)\s+(?:-\w+\s+)*(?:\w*:)?([a-z_][\w-]*)/.exec(command)?.[1] ??
    /\bsetfacl\s+(?:-\w+\s+)*g:([a-z_][\w-]*):r/.exec(command)?.[1];
  const mode = /\bchmod\s+(?:-\w+\s+)*(0?[0-7]{3})\b/.exec(command)?.[1];
  if (group === undefined && mode === undefined) return run;
  const nodes = [...command.matchAll(/\/dev\/dma_heap\/([\w.,+@*?[\]-]+)/g)].map(([, name]) => name);
  return [
    ...(group === undefined ? [] : [`GROUP="${group}"`]),
    ...(mode === undefined ? [] : [`MODE="${mode}"`]),
    ...(nodes.length === 0 ? [] : [`KERNEL=="${[...new Set(nodes)].join('|')}"`]),
  ].join(', ');
}

const OPENS_DIRECTORY = /\bch(?:mod|own|grp)\s+(?!-R|--recursive)[^;&|]*\/dev\/dma_heap\/?(?=["'\s;&|]|$)/;

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

const where = ({ source, rule }: Assignment) => `${source.file}:${rule.span.line}`;

/** @param heaps every name that a heap of this board may have */
export function readAccess(sources: readonly SourceText[], heaps: readonly string[]): Understood<AccessFindings> {
  const diagnostics: Diagnostic[] = [];
  const ordered = orderRules(sources);
  let isAboutHeaps = false;
  for (const source of ordered) {
    const about = aboutHeaps(source, heaps);
    isAboutHeaps ||= about.length > 0;
    diagnostics.push(...about.flatMap((rule) => [...withoutEffect(rule, source)]));
    const lines = new Set(about.flatMap(({ span }) => [span.line, span.endLine]));
    for (const finding of lintRules(source))
      if (!SAID_HERE.has(finding.code) && finding.span !== undefined && lines.has(finding.span.line))
        diagnostics.push({ ...finding, severity: finding.severity === 'error' ? 'warning' : finding.severity });
  }
  const files = ordered.map(asMeant);
  const named = namedHeaps(files, heaps);
  const access = new Map<string, HeapAccess>();
  const links: AccessFindings['links'][number][] = [];
  const said = new Set<string>();
  const once = (key: string, diagnostic: Diagnostic) => {
    if (!said.has(key)) diagnostics.push(diagnostic);
    said.add(key);
  };
  const events = [...new Set([...heaps, ...named])].map((heap) => ({
    heap,
    event: deviceEvent(files, heapDevice(heap)),
  }));
  const groups = new Set(events.flatMap(({ event }) => groupOf(winner(event.group)) ?? []));
  for (const { heap, event } of events) {
    const group = winner(event.group);
    const mode = winner(event.mode);
    for (const [key, list] of [
      ['GROUP', event.group],
      ['MODE', event.mode],
    ] as const) {
      const [last, ...earlier] = [...list].reverse();
      const lost = earlier.find((one) => one.value !== last?.value);
      if (last !== undefined && lost !== undefined)
        once(
          `${where(lost)} ${key}`,
          report('import/no-effect', {
            message: `${key}="${lost.value}" is overridden by ${key}="${last.value}" in ${where(last)}`,
            cause: 'udev reads rules files in the order of their names, and the later of two rules for a node wins',
            fix: 'the profile has the value of the later rule; change the profile if you want the other value',
            span: lost.token.span,
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
    if (group === undefined && mode === undefined) continue;
    access.set(heap, accessOf(group, mode, groups, once));
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
  once: (key: string, diagnostic: Diagnostic) => void,
): HeapAccess {
  const stated = mode !== undefined && /^0*[0-7]{1,4}$/.test(mode.value) ? Number.parseInt(mode.value, 8) : 0o660;
  const isWorld = (stated & 0o007) !== 0;
  // If the rules gave access to others, the only known group gets it; a guess gives access to no one else.
  const [other] = isWorld && groups.size === 1 ? groups : [];
  const named = groupOf(group);
  const taken = named ?? other ?? 'dmaheap';
  // Neither the world, nor execution; and a group that cannot open the node has no access.
  const bits = (stated & 0o660) | 0o040 | (stated & 0o600 ? 0 : 0o600);
  if (isWorld && mode !== undefined)
    once(
      `mode ${where(mode)}`,
      report('import/changed', {
        message: `MODE="${mode.value}" becomes 0${bits.toString(8)}`,
        cause: 'a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups',
        fix: `make the users members of "${taken}"`,
        facts: ['heap.read-only-allocates'],
        span: mode.token.span,
      }),
    );
  if (named === undefined)
    once(
      `group ${mode === undefined ? '' : where(mode)}`,
      report('import/assumed', {
        message: `a rule gives access to a heap but does not name a group; assuming "${taken}"${other === undefined ? '' : ', which the rules use for another heap'}`,
        fix: 'name the right group in the profile',
        ...(mode === undefined ? {} : { span: mode.token.span }),
      }),
    );
  return { group: taken, mode: bits, isAssumed: named === undefined };
}

const isSubsystem = ({ key, operator }: Token) => /^SUBSYSTEMS?$/.test(key) && operator === '==';
const isKernel = ({ key, operator }: Token) => key === 'KERNEL' && operator === '==';

/** What udev accepts in a rule about heaps and what does nothing. */
function* withoutEffect({ tokens }: Rule, { file }: SourceText): Generator<Diagnostic> {
  const never = tokens.find((token) => isKernel(token) && token.value === 'dma_heap');
  if (never !== undefined)
    yield report('import/no-effect', {
      message: `KERNEL=="dma_heap" never matches, so the rule has no effect`,
      cause: 'dma_heap is the subsystem and the directory of the nodes; no device has this kernel name',
      fix: 'write SUBSYSTEM=="dma_heap", and state the access in the profile',
      span: never.span,
    });
  const uaccess = tokens.find(({ key, operator, value }) => key === 'TAG' && operator !== '==' && value === 'uaccess');
  const name = file.replace(/^.*\//, '');
  if (uaccess !== undefined && name > SEAT_RULES)
    yield report('import/no-effect', {
      message: `TAG+="uaccess" in ${name} comes after ${SEAT_RULES}, which applies it, so the tag has no effect`,
      cause: 'udev reads rules files in the order of their names',
      fix: 'remove it, because heap memory is not charged to cgroups; give access to a group in the profile',
      span: uaccess.span,
    });
}

/** systemd's file that turns the tag into an access control list. */
const SEAT_RULES = '73-seat-late.rules';

/**
 * Plain names in KERNEL== that none of the known heaps has: a vendor's. A rule without SUBSYSTEM matches on the board
 * all the same, so that there a name in the style of heaps is enough.
 */
function namedHeaps(files: readonly SourceText[], heaps: readonly string[]): string[] {
  const names = files.flatMap((source) =>
    readRules(source)
      .rules.filter(
        ({ tokens }) =>
          tokens.some((token) => isSubsystem(token) && matchesPattern(token.value, 'dma_heap')) ||
          (!tokens.some(isSubsystem) && tokens.some((token) => isKernel(token) && HEAP_STYLE.test(token.value))),
      )
      .flatMap((rule) => rule.tokens.filter(isKernel))
      .flatMap(({ value }) => value.split('|'))
      .filter((name) => /^[a-zA-Z0-9][a-zA-Z0-9,._+@-]{0,62}$/.test(name) && !heaps.includes(name))
      .filter((name) => name !== 'dma_heap'),
  );
  return [...new Set(names)];
}

/** As vendors call heaps: Rockchip, NXP, MediaTek, Qualcomm, TI, Samsung, Amlogic. */
const HEAP_STYLE =
  /(?:^|\|)(?:system[-_]\w|(?:linux,)?cma(?:[-_|]|$)|reserved[-_]\w|default_cma|vidbuf_|carveout|(?:linux|mtk|qcom|google|samsung|amlogic|codecmm)[,_-][\w,-]*(?:cma|heap|uncached|secure|mm)|[\w,-]*(?:uncached|[-_]heap)(?:[-_]\w|\||$))/;
