/**
 * A built root file system against the plan, without booting it: who has the last word on each heap, whether the groups
 * and users are there, and what else in the image prevents the access.
 */
import { type Diagnostic, hasErrors } from '../diagnostic/index.js';
import { compareKernelVersions } from '../facts/index.js';
import { type Accounts, type Group, type Image, type NodeState, octal, readAccounts } from '../image/index.js';
import type { Plan, PlannedHeap } from '../plan/types.js';
import type { SourceText } from '../source/index.js';
import { aboutHeaps } from './heap-rules.js';
import { reportImage as report } from './image-codes.js';
import { compareExpectation, type Expected } from './image-expectation.js';
import { checkMounts } from './image-mounts.js';
import {
  type DeviceWorld,
  deviceWorld,
  givesUaccess,
  HEAPS,
  hasSysusers,
  isTagged,
  type Manager,
  managerOf,
  nodeOutcomes,
  type Outcome,
} from './image-nodes.js';
import { bootScripts, checkScripts, textsIn } from './image-scripts.js';
import { checkUnits, type Services, servicesOf, unitsWithGroup } from './image-units.js';
import { checkVerifier, EXPECTATION } from './image-verifier.js';
import { lintRules } from './rules.js';
import type { CheckResult } from './types.js';
import { matchesPattern } from './udev.js';
import { type Assignment, type DeviceEvent, winner } from './udev-event.js';

const where = ({ source, rule }: Assignment) => `${source.file}:${rule.span.line}`;
/** Below this, groups and users are the system's: Debian's and systemd's border. */
const FIRST_ORDINARY_ID = 1000;

/** The names a heap can have on the kernels of the plan. */
export const namesOf = (plan: Plan, heap: PlannedHeap) => [
  ...new Set(
    heap.nodes
      .filter(({ since, until }) => {
        const early = since === undefined || compareKernelVersions(since, plan.kernel.max) <= 0;
        return early && (until === undefined || compareKernelVersions(plan.kernel.min, until) < 0);
      })
      .map((node) => node.name),
  ),
];

interface Wanted {
  readonly group: string;
  readonly mode: number;
}

const wantedOf = ({ access }: PlannedHeap): Wanted => ({ group: access?.group ?? 'root', mode: access?.mode ?? 0o600 });
const spell = ({ owner, group, mode }: Pick<NodeState, 'owner' | 'group' | 'mode'>) =>
  `${owner}:${group} ${octal(mode)}`;

/** What of a state is not as wanted: the parts that differ, in the order in which they are blamed. */
function wrongParts(state: NodeState, wanted: Wanted): ('owner' | 'group' | 'mode')[] {
  const parts: ('owner' | 'group' | 'mode')[] = [];
  if (state.owner !== 'root') parts.push('owner');
  if (state.group !== wanted.group) parts.push('group');
  // What the group root may do does not matter: it is root's alone, as mdev leaves it.
  const mask = wanted.group === 'root' ? 0o707 : 0o777;
  if ((state.mode & mask) !== (wanted.mode & mask)) parts.push('mode');
  return parts;
}

const mayPass = (directory: NodeState, group: string) =>
  (directory.mode & 0o001) !== 0 || (directory.group === group && (directory.mode & 0o010) !== 0);

const isGood = ({ state, directory, top, event }: Outcome, heap: PlannedHeap) =>
  state.goneBy === undefined &&
  wrongParts(state, wantedOf(heap)).length === 0 &&
  strangersOf(state, heap).length === 0 &&
  mayPass(directory, wantedOf(heap).group) &&
  mayPass(top, wantedOf(heap).group) &&
  (event === undefined || heap.access?.uaccess === true || !givesUaccess(event));

const isWanted = (who: string, { access }: PlannedHeap) =>
  who === `group ${access?.group}` || access?.users.some((user) => who === `user ${user}`) === true;

/**
 * Access list entries for whom the profile does not give the heap, and those that give a user of the profile less than
 * the group has: the entry of a user counts before those of the groups.
 */
const strangersOf = ({ extra }: NodeState, heap: PlannedHeap) =>
  extra.filter(({ who, canRead, canWrite }) =>
    isWanted(who, heap) ? who.startsWith('user ') && !(canRead && canWrite) : canRead || canWrite,
  );

/** `file:line` as a span in the texts of the image. */
function spanAt(image: Image, place: string | undefined) {
  const match = /^(.*):(\d+)$/.exec(place ?? '');
  const source = match === null ? undefined : image.sources.get(match[1] as string);
  if (match === null || source === undefined) return undefined;
  const line = Number(match[2]);
  return { file: source.file, line, column: 1, endLine: line, endColumn: (source.line(line)?.length ?? 0) + 1 };
}

/** The token of a rule that decided, for a caret under it. */
function tokenSpan(event: DeviceEvent | undefined, part: 'owner' | 'group' | 'mode', place: string | undefined) {
  const last = event === undefined ? undefined : winner(event[part]);
  return last !== undefined && where(last) === place ? last.token.span : undefined;
}

function describeWrong(world: DeviceWorld, heap: PlannedHeap, name: string, outcome: Outcome): Diagnostic {
  const { image, manager } = world;
  const { state, directory, top, when, event } = outcome;
  const wanted = wantedOf(heap);
  const parts = wrongParts(state, wanted);
  const want = `the profile states root:${wanted.group} ${octal(wanted.mode)}`;
  const at = when === 'after the boot' ? '' : ` ${when}`;
  if (state.goneBy !== undefined) {
    const span = spanAt(image, state.goneBy);
    return report('image/rule-lost', {
      message: `the node /dev/dma_heap/${name} is removed or replaced${at}`,
      cause: `${state.goneBy} does this`,
      fix: 'remove that line; devtmpfs makes the nodes',
      ...(span === undefined ? {} : { span }),
    });
  }
  if (parts.length > 0) {
    const part = parts.find((one) => state.by[one] !== undefined) ?? (parts[0] as 'owner');
    const place = state.by[part];
    const stranger =
      event === undefined ? undefined : [...event.group, ...event.owner].findLast((one) => one.isStranger);
    const touched = [...new Set(parts.flatMap((one) => state.by[one] ?? []))];
    const ignored = parts[0] === 'mode' ? undefined : world.ignoresNames;
    const whose =
      ignored !== undefined
        ? `with ${ignored}, udevd does not look up the names of users and groups`
        : touched.length === 0
          ? untouched(manager)
          : `${touched.join(' and ')} ${touched.length > 1 ? 'set' : 'sets'} this`;
    const isRule = place?.includes('/udev/rules.d/') ?? false;
    const span = tokenSpan(event, part, place) ?? spanAt(image, place);
    return report('image/rule-lost', {
      message: `${name} is ${spell(state)}${at}, but ${want}`,
      cause:
        stranger !== undefined && parts.includes(stranger.token.key === 'OWNER' ? 'owner' : 'group')
          ? `${where(stranger)} names the ${stranger.token.key === 'OWNER' ? 'user' : 'group'} "${stranger.value}", which the image does not have`
          : whose,
      fix:
        ignored !== undefined
          ? 'set resolve_names=early, which is the default'
          : place === undefined
            ? ruleOf(manager)
            : isRule
              ? `remove that rule, or let 70-dmaheap.rules sort after ${baseName(place.replace(/:\d+$/, ''))}`
              : `remove that line, or make it agree with the profile`,
      ...(stranger !== undefined ? { span: stranger.token.span } : span === undefined ? {} : { span }),
    });
  }
  const [extra] = strangersOf(state, heap);
  if (extra !== undefined) {
    const span = spanAt(image, extra.from);
    const isClosed = isWanted(extra.who, heap);
    return report('image/rule-lost', {
      message: isClosed
        ? `${extra.who} cannot open ${name} for reading and writing${at}, but the profile states this access`
        : `${name} is open to ${extra.who}${at}, but the profile does not state this access`,
      cause: `an access list in ${extra.from} ${isClosed ? 'denies' : 'permits'} it`,
      fix: isClosed ? 'remove the entry, or give it "rw"' : 'remove the entry, or name the user in the profile',
      ...(span === undefined ? {} : { span }),
    });
  }
  const isClosedAbove = !mayPass(top, wanted.group);
  const closed = isClosedAbove ? top : directory;
  if (!mayPass(closed, wanted.group)) {
    const span = spanAt(image, closed.by.mode);
    return report('image/rule-lost', {
      message: `${isClosedAbove ? '/dev' : '/dev/dma_heap'} is ${spell(closed)}${at}: the group ${wanted.group} cannot reach ${name}`,
      cause: `${closed.by.mode} sets this mode`,
      fix: 'keep the directory at root:root 0755',
      ...(span === undefined ? {} : { span }),
    });
  }
  const tag = event?.tags.findLast(({ value }) => value === 'uaccess');
  return report('image/rule-lost', {
    message: `${name} is open to every user who is logged in at the console, but the profile does not state this`,
    cause:
      tag === undefined
        ? 'a rule starts the builtin uaccess'
        : `${where(tag)} tags it "uaccess", and a later rule starts the builtin uaccess`,
    fix: 'remove the tag; a group and a mode give access',
    ...(tag === undefined ? {} : { span: tag.token.span }),
  });
}

const untouched = ({ kind, program }: Manager) =>
  kind === 'none' ? 'the image has no device manager' : `no line for ${program} sets it`;

const ruleOf = ({ kind }: Manager) => {
  if (kind === 'none')
    return 'install a device manager, such as udev (systemd-udevd or eudev) with the generated 70-dmaheap.rules, or BusyBox mdev with the generated mdev.conf';
  if (kind === 'mdev') return 'put the lines of the generated mdev.conf before any catch-all line of /etc/mdev.conf';
  if (kind === 'ueventd') return 'install ueventd.rc of the target android';
  if (kind === 'procd') return 'install the package of the target openwrt';
  return 'install the generated 70-dmaheap.rules';
};

function checkNodes(plan: Plan, world: DeviceWorld): { diagnostics: Diagnostic[]; isUnknown: boolean } {
  const { manager, image } = world;
  const found: Diagnostic[] = [];
  const said = new Set<string>();
  let isUnknown = false;
  const once = (diagnostic: Diagnostic) => {
    const key = `${diagnostic.code} ${diagnostic.span?.file}:${diagnostic.span?.line} ${diagnostic.message}`;
    if (!said.has(key)) found.push(diagnostic);
    said.add(key);
  };
  const isNeeded = plan.heaps.some(({ access }) => access !== undefined);
  if (isNeeded && (manager.kind === 'none' || manager.idle !== undefined) && world.rules.length > 0)
    once(
      report('image/no-manager', {
        message:
          manager.idle === undefined
            ? 'the image has udev rules but no udevd'
            : `udevd does not handle the heaps: ${manager.idle}`,
        cause: 'udevd reads the rules; without it, every heap stays root:root 0600',
        fix: manager.idle === undefined ? 'install udev, or set group and mode in an init script' : 'remove the mask',
      }),
    );
  for (const heap of plan.heaps)
    for (const name of namesOf(plan, heap)) {
      const { outcomes, open, isCut } = nodeOutcomes(world, name);
      const bad = outcomes.filter((outcome) => !isGood(outcome, heap));
      const depends = open.length > 0 && bad.length > 0 && bad.length < outcomes.length && isBranch(outcomes, bad);
      const [first] = bad;
      if (depends || (isCut && bad.length === 0)) {
        isUnknown = true;
        const [condition] = open;
        once(
          report('image/condition', {
            message: `who may open ${name} depends on the running board`,
            cause:
              condition === undefined
                ? 'the rules have too many such conditions to try all of them'
                : `${condition.source.file}:${condition.rule.span.line} tests ${condition.token.key}${condition.token.attribute === undefined ? '' : `{${condition.token.attribute}}`}, and one result of the test gives ${first === undefined ? 'another result' : spell(first.state)}`,
            fix: 'set GROUP and MODE in a rule without the condition, in a file that sorts later',
            ...(condition === undefined ? {} : { span: condition.rule.span }),
          }),
        );
      } else if (first !== undefined) once(describeWrong(world, heap, name, first));
      else {
        const [{ state, event } = { state: undefined, event: undefined }] = outcomes;
        if (state !== undefined)
          once(report('image/access', { message: `${name}: ${spell(state)}, ${byWhom(state, manager)}` }));
        if (event !== undefined) for (const fight of fightsOver(name, event)) once(fight);
      }
      if (manager.kind === 'udev' && manager.idle === undefined)
        for (const alias of heap.aliases.filter((one) => one !== name))
          if (
            !outcomes.some(({ event }) =>
              event?.links.some(({ value }) => value.replace(/\\x2c/g, ',') === `dma_heap/${alias}`),
            )
          )
            once(
              report('image/alias', {
                message: `no rule makes /dev/dma_heap/${alias} for ${name}`,
                fix: 'install the generated 70-dmaheap.rules',
              }),
            );
    }
  const heaps = [...new Set(plan.heaps.flatMap((heap) => heap.nodes.map((node) => node.name)))];
  const judged = [...found];
  if (manager.kind === 'udev')
    for (const source of world.rules)
      for (const one of lintHeapRules(source, heaps, isGenerated(source), judged)) once(one);
  for (const path of [HEAPS].flatMap((folder) => image.list(folder).map((name) => `${folder}/${name}`)))
    if (['character', 'block'].includes(image.lookAt(path)?.kind ?? ''))
      once(
        report('image/static-node', {
          message: `/${path} is a device node in the image`,
          cause:
            'the kernel allocates the major number of heaps at boot: this node belongs to another device or to none',
          fix: 'remove it; devtmpfs makes the nodes',
        }),
      );
  return { diagnostics: found, isUnknown };
}

/** Files of /run that are there for an effect that they do not have. */
function volatileFiles(image: Image): Diagnostic[] {
  const folders = ['udev/rules.d', 'systemd/system', 'tmpfiles.d', 'sysusers.d'].map((name) => `run/${name}`);
  const files = folders.flatMap((folder) => image.list(folder).map((name) => `/${folder}/${name}`));
  const [first] = files;
  if (first === undefined) return [];
  return [
    report('image/volatile', {
      message: `${first}${files.length > 1 ? ` and ${files.length - 1} more files` : ''} of the image have no effect after the boot`,
      cause: 'an empty tmpfs is mounted over /run at boot',
      fix: 'install the files in /etc or /usr/lib, or remove them',
    }),
  ];
}

/** Whether the outcomes of one moment differ: only then do open conditions decide. */
const isBranch = (outcomes: readonly Outcome[], bad: readonly Outcome[]) => {
  const moments = new Set(bad.map(({ when }) => when));
  return [...moments].every((when) => outcomes.some((one) => one.when === when && !bad.includes(one)));
};

function byWhom({ by }: NodeState, manager: Manager): string {
  const places = [...new Set([by.group, by.mode, by.owner].filter((one) => one !== undefined))];
  return places.length === 0 ? untouched(manager) : `by ${places.join(' and ')}`;
}

const baseName = (file: string) => file.slice(file.lastIndexOf('/') + 1);
const isGenerated = ({ text }: SourceText) => /^# Generated by dmaheap /m.test(text.slice(0, 400));

/** Rules of other files that would have it otherwise, and lose. */
function fightsOver(name: string, event: DeviceEvent): Diagnostic[] {
  return [event.group, event.mode].flatMap((list) => {
    const last = winner(list);
    const other = list.find((one) => one.value !== last?.value && one.source.file !== last?.source.file);
    if (last === undefined || other === undefined) return [];
    return [
      report('image/rule-fight', {
        message: `${other.token.key}="${other.value}" for ${name} is overridden by ${last.token.key}="${last.value}" in ${where(last)}`,
        cause: `${baseName(last.source.file)} sorts after ${baseName(other.source.file)}`,
        fix: 'remove one of the two rules',
        span: other.token.span,
      }),
    ];
  });
}

/**
 * The lints of rules about heaps, and rules that match none of them. They are about what a line was meant to do; what
 * udev makes of all lines was judged, so they warn where that is right.
 */
function lintHeapRules(
  source: SourceText,
  heaps: readonly string[],
  generated: boolean,
  judged: readonly Diagnostic[],
): Diagnostic[] {
  const rules = aboutHeaps(source, heaps);
  const lines = new Set(rules.map(({ span }) => span.line));
  const isOpen = judged.some(({ code }) => code === 'image/condition');
  const lints = lintRules(source, generated)
    .filter(({ span }) => span !== undefined && lines.has(span.line))
    .map((one) =>
      one.severity !== 'error' || hasErrors(judged)
        ? one
        : { ...one, severity: 'warning' as const, ...(isOpen ? {} : { cause: withoutEffect(one) }) },
    );
  const idle = rules.flatMap((rule) => {
    const kernel = rule.tokens.find(({ key, operator }) => key === 'KERNEL' && operator === '==');
    if (kernel === undefined || kernel.value.includes('/')) return [];
    if (heaps.some((heap) => matchesPattern(kernel.value, heap))) return [];
    return [
      report('image/never-matches', {
        message: `KERNEL=="${kernel.value}" is not a name of a heap on this board`,
        cause: `its heaps are ${heaps.join(', ')}`,
        fix: 'remove the rule, or name the intended heap',
        span: kernel.span,
      }),
    ];
  });
  return [...lints, ...idle];
}

const withoutEffect = ({ cause }: Diagnostic): string =>
  [cause, 'in this image every heap has the owner, group and mode of the profile all the same']
    .filter((part) => part !== undefined)
    .join('; ');

function checkAccounts(plan: Plan, { groups, users }: Accounts, services: Services): Diagnostic[] {
  return plan.groups.flatMap(({ name, users: members }) => {
    const group = groups.get(name);
    const found: Diagnostic[] = [];
    if (group === undefined)
      found.push(
        report('image/group', {
          message: `the image has no group "${name}"`,
          fix: `create it with groupadd -r ${name}, or "g ${name} -" in sysusers.d`,
        }),
      );
    else if (group.id !== undefined && group.id >= FIRST_ORDINARY_ID)
      found.push(
        report('image/group', {
          severity: 'warning',
          message: `the group "${name}" has the number ${group.id}, so it is not a system group`,
          cause: 'udev of systemd 258 and newer accepts only system groups',
          fix: 'create it with groupadd -r',
        }),
      );
    for (const user of members) {
      const account = users.get(user);
      const isDynamic = services.all.some((service) => service.isDynamic && service.user === user);
      if (account === undefined && isDynamic)
        found.push(
          notMember(user, name, unitsWithGroup(services, user, name), `write SupplementaryGroups=${name} in the unit`),
        );
      else if (account === undefined)
        found.push(
          report('image/user', {
            message: `the image has no user "${user}"`,
            fix: `create ${user}, or remove it from the profile`,
          }),
        );
      else if (group !== undefined && !isMember(group, user, account.group))
        found.push(notMember(user, name, unitsWithGroup(services, user, name)));
    }
    return found;
  });
}

const isMember = ({ name, id, members }: Group, user: string, primary: string | undefined) =>
  members.includes(user) || (primary !== undefined && (primary === name || primary === String(id)));

function notMember(
  user: string,
  group: string,
  units: readonly string[] | undefined,
  fix = `usermod -a -G ${group} ${user}, or "m ${user} ${group}" in sysusers.d`,
): Diagnostic {
  if (units !== undefined)
    return report('image/user', {
      severity: 'note',
      message: `"${user}" is not a member of "${group}", and ${units.join(', ')} gives its processes the group`,
    });
  return report('image/user', {
    message: `"${user}" is not a member of "${group}"`,
    fix,
  });
}

/** Groups that OpenWrt's init scripts make at boot. */
function withInitGroups(image: Image, accounts: Accounts): Accounts {
  const groups = new Map(accounts.groups);
  for (const { text, file } of textsIn(image, ['etc/init.d'])) {
    for (const [, name = ''] of text.matchAll(/\bgroup_add_next\s+["']?([\w-]+)/g))
      if (!groups.has(name)) groups.set(name, { name, id: undefined, members: [], from: file });
    for (const [, name = '', user = ''] of text.matchAll(/\bgroup_add_user\s+["']?([\w-]+)["']?\s+["']?([\w-]+)/g)) {
      const group = groups.get(name);
      if (group !== undefined) groups.set(name, { ...group, members: [...group.members, user] });
    }
  }
  return { ...accounts, groups };
}

/** What a check found, and why it may have seen nothing. */
interface Row {
  readonly check: string;
  readonly title: string;
  readonly diagnostics: readonly Diagnostic[];
  /** What was looked for and is not there: then nothing was proven. */
  readonly unseen?: string | undefined;
  readonly isUnknown?: boolean;
}

function resultOf({ check, title, diagnostics, unseen, isUnknown }: Row): CheckResult {
  const status = hasErrors(diagnostics)
    ? 'fail'
    : isUnknown === true
      ? 'unknown'
      : unseen === undefined
        ? 'pass'
        : 'not-run';
  return {
    check,
    title: status === 'not-run' ? `${title}: ${unseen}` : title,
    status,
    diagnostics,
    missingTools: [],
  };
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Whose units were looked for. */
function unseenUnits({ groups }: Plan): string {
  const users = [...new Set(groups.flatMap((group) => group.users))];
  const names = groups.map(({ name }) => name);
  if (names.length === 0) return 'no unit starts the verifier, and the profile names no user or group';
  const asUser = users.length === 0 ? '' : `runs as ${users.join(' or ')}, `;
  return `no unit ${asUser}has the group ${names.join(' or ')} or starts the verifier`;
}

export interface ImageChecks {
  /** What the profile generates as verify.expect for the kernel of the one in the image; undefined: none is there. */
  readonly expectation: Expected | undefined;
  /** The configuration of the image's kernel. */
  readonly config?: SourceText | undefined;
}

export function checkImage(plan: Plan, image: Image, { expectation, config }: ImageChecks): CheckResult[] {
  const manager = managerOf(image);
  const read = readAccounts(image, hasSysusers(image, manager));
  const accounts = manager.kind === 'procd' ? withInitGroups(image, read) : read;
  const services = servicesOf(image, accounts);
  const world = deviceWorld(image, accounts, manager, bootScripts(image, services), plan.board.arch);
  const nodes = checkNodes(plan, world);
  const found = image.text(EXPECTATION);
  const scripts = checkScripts(image, services);
  const units = checkUnits(
    plan,
    image,
    services,
    (heap) => namesOf(plan, heap),
    (name) => isTagged(world, name),
  );
  const rows: readonly Row[] = [
    {
      check: 'image-rules',
      title: `${MANAGERS[manager.kind]} give every heap the owner, group and mode of the profile`,
      unseen: plan.heaps.length === 0 ? 'the profile has no heaps' : undefined,
      diagnostics: [...nodes.diagnostics, ...volatileFiles(image)],
      isUnknown: nodes.isUnknown,
    },
    {
      check: 'image-accounts',
      title: 'the groups and users of the profile exist',
      unseen: plan.groups.length === 0 ? 'the profile names none' : undefined,
      diagnostics: checkAccounts(plan, accounts, services),
    },
    {
      check: 'image-scripts',
      title: `no file makes heap nodes by hand or sets their permissions (${counted(scripts.read, 'file')} read)`,
      unseen: scripts.read === 0 ? 'the image has no scripts, units or lists of modules' : undefined,
      diagnostics: scripts.diagnostics,
    },
    {
      check: 'image-units',
      title: `the services of the profile's users reach the heaps (${counted(services.all.length, 'unit')} read)`,
      unseen: units.judged.length === 0 ? unseenUnits(plan) : undefined,
      diagnostics: [...units.diagnostics, ...checkMounts(image, services, world.scripts)],
      isUnknown: units.isUnknown,
    },
    {
      check: 'image-verifier',
      title: 'the verifier is installed for this machine',
      diagnostics: checkVerifier(plan, image, services),
    },
  ];
  return [...rows.map(resultOf), checkExpectation(found, expectation, config)];
}

function checkExpectation(
  found: SourceText | undefined,
  expected: Expected | undefined,
  config: SourceText | undefined,
): CheckResult {
  const title = 'the expectation agrees with this profile';
  const unseen = found === undefined || expected === undefined ? `the image has no /${EXPECTATION}` : undefined;
  const { diagnostics, unknown } =
    found === undefined || expected === undefined
      ? { diagnostics: [], unknown: [] }
      : compareExpectation(found, expected, config);
  return resultOf({
    check: 'image-expectation',
    title:
      unknown.length === 0
        ? title
        : `${title} (not of the profile, and not compared with the kernel: ${unknown.join(', ')}; give --config)`,
    diagnostics,
    unseen,
    isUnknown: unknown.length > 0,
  });
}

const MANAGERS: Readonly<Record<Manager['kind'], string>> = {
  udev: 'udev, tmpfiles.d and scripts',
  mdev: 'mdev and scripts',
  ueventd: 'ueventd',
  procd: 'procd and scripts',
  none: 'devtmpfs and scripts',
};
