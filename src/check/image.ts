/**
 * A built root file system against the plan, without booting it: who has the last word on each heap, whether the groups
 * and users are there, and what else in the image would get in the way.
 */
import { type CodeTable, type Diagnostic, defineCodes, hasErrors, reporter } from '../diagnostic/index.js';
import { findFolklore } from '../facts/folklore.js';
import { compareKernelVersions } from '../facts/index.js';
import type { Plan, PlannedHeap } from '../plan/types.js';
import type { SourceText } from '../source/index.js';
import { aboutHeaps } from './heap-rules.js';
import { lintRules } from './rules.js';
import type { CheckResult } from './types.js';
import { matchesPattern } from './udev.js';
import {
  type Assignment,
  type DeviceEvent,
  deviceEvent,
  finalGroup,
  finalMode,
  heapDevice,
  orderRules,
  winner,
} from './udev-event.js';
import { unitsAgainst } from './units.js';

/** What was read of an image. Names of files are as the user would open them. */
export interface Image {
  readonly files: readonly ImageFile[];
  /** Device nodes below dev/dma_heap, by path in the image. */
  readonly heapNodes: readonly string[];
}

export interface ImageFile {
  /** Path in the image: `etc/group`. */
  readonly path: string;
  readonly source: SourceText;
  /** First bytes of a program, when it is one. */
  readonly machine?: string | undefined;
}

export const IMAGE_CODES = defineCodes({
  'image/access': {
    severity: 'note',
    title: 'who may open a heap in this image',
    explain: 'What udev makes of all rules of the image, in its order, for one name of a heap.',
  },
  'image/rule-lost': {
    severity: 'error',
    title: 'a heap ends with another group or mode than the profile wants',
    explain:
      'udev reads rules files by name, whatever directory they stand in, and the last assignment wins. Rename the file that should win so that it sorts later, or remove the other rule.',
  },
  'image/rule-fight': {
    severity: 'warning',
    title: 'two files give a heap different groups or modes',
    explain: 'It works because of how the files are called. Whoever renames one of them changes who may use the heap.',
  },
  'image/never-matches': {
    severity: 'warning',
    title: 'a rule about heaps that matches none',
    explain: 'No kernel of the profile gives any heap a name that the rule matches.',
  },
  'image/condition': {
    severity: 'warning',
    title: 'access depends on something that only the board knows',
    explain: 'A rule asks a program or a file. What it sets was taken to apply.',
  },
  'image/group': {
    severity: 'error',
    title: 'a group that the image does not have',
    explain:
      'udev gives the node no group when the name does not exist; from systemd 258 on it must also be a system group.',
  },
  'image/user': {
    severity: 'error',
    title: 'a user who cannot use the heap',
    explain: "The profile names users; each must exist and be a member of the heap's group.",
  },
  'image/static-node': {
    severity: 'error',
    title: 'a heap node made by hand',
    explain:
      'The major number of heaps is allocated at boot, and devtmpfs makes the nodes. One in the image leads to another device, or to none.',
  },
  'image/verifier': {
    severity: 'warning',
    title: 'the verifier is not in the image',
    explain: 'Without dmaheap-verify and its expectation nobody asks the board whether all this is true.',
  },
  'image/verifier-machine': {
    severity: 'error',
    title: 'the verifier is for another machine',
    explain: "The program in the image cannot run on the board's processor.",
  },
  'image/device-policy': {
    severity: 'error',
    title: 'a unit shuts its service out of the heaps',
    explain:
      'DevicePolicy=closed (or strict, or PrivateDevices=yes) leaves a service only the devices it names. DeviceAllow=char-dma_heap rw names all heaps.',
  },
} satisfies CodeTable);
const report = reporter(IMAGE_CODES);

const octal = (mode: number) => `0${mode.toString(8).padStart(3, '0')}`;
const where = ({ source, rule }: Assignment) => `${source.file}:${rule.span.line}`;
/** Below this, groups and users are the system's: Debian's and systemd's border. */
const FIRST_ORDINARY_ID = 1000;

/** The names a heap can have on the kernels of the plan. */
const namesOf = (plan: Plan, heap: PlannedHeap) => [
  ...new Set(
    heap.nodes
      .filter(({ since, until }) => {
        const early = since === undefined || compareKernelVersions(since, plan.kernel.max) <= 0;
        return early && (until === undefined || compareKernelVersions(plan.kernel.min, until) < 0);
      })
      .map((node) => node.name),
  ),
];

const linesOf = (image: Image, file: string) =>
  (image.files.find(({ path }) => path === file)?.source.text ?? '').split('\n').map((line) => line.split(':'));

interface Accounts {
  /** Group -> number and members, with those that sysusers.d makes at boot. */
  readonly groups: ReadonlyMap<string, { readonly id: number | undefined; readonly members: readonly string[] }>;
  /** User -> number of the primary group. */
  readonly users: ReadonlyMap<string, string | undefined>;
}

function accountsOf(image: Image): Accounts {
  const groups = new Map<string, { id: number | undefined; members: string[] }>();
  const users = new Map<string, string | undefined>();
  for (const [name = '', , id, members = ''] of linesOf(image, 'etc/group'))
    if (name !== '') groups.set(name, { id: Number(id), members: members.split(',').filter((one) => one !== '') });
  for (const [name = '', , , group] of linesOf(image, 'etc/passwd')) if (name !== '') users.set(name, group);
  for (const { path, source } of image.files) {
    if (!/(?:^|\/)sysusers\.d\/[^/]+\.conf$/.test(path)) continue;
    for (const [, type, name = '', other = ''] of source.text.matchAll(/^\s*([gum])!?\s+(\S+)(?:\s+(\S+))?/gm)) {
      const group = type === 'm' ? other : name;
      if (!groups.has(group)) groups.set(group, { id: undefined, members: [] });
      if (type === 'u' && !users.has(name)) users.set(name, undefined);
      if (type === 'm') groups.get(group)?.members.push(name);
    }
  }
  return { groups, users };
}

function checkRules(plan: Plan, image: Image, accounts: Accounts): Diagnostic[] {
  const rules = orderRules(image.files.map(({ source }) => source));
  const known = { groups: new Set(accounts.groups.keys()), users: new Set(accounts.users.keys()) };
  const found: Diagnostic[] = [];
  const said = new Set<string>();
  const once = (diagnostic: Diagnostic) => {
    const key = `${diagnostic.code} ${diagnostic.span?.file}:${diagnostic.span?.line} ${diagnostic.message}`;
    if (!said.has(key)) found.push(diagnostic);
    said.add(key);
  };
  for (const heap of plan.heaps)
    for (const name of namesOf(plan, heap)) {
      const event = deviceEvent(rules, heapDevice(name), known);
      const [group, mode] = [finalGroup(event), finalMode(event)];
      const [byGroup, byMode] = [winner(event.group), winner(event.mode)];
      const by = [byGroup, byMode].flatMap((one) => (one === undefined ? [] : [where(one)]));
      const whose = by.length === 0 ? 'no rule speaks of it' : `by ${[...new Set(by)].join(' and ')}`;
      const wanted = { group: heap.access?.group ?? 'root', mode: heap.access?.mode ?? 0o600 };
      if (group === wanted.group && mode === wanted.mode) {
        once(report('image/access', { message: `${name}: root:${group} ${octal(mode)}, ${whose}` }));
        for (const fight of fightsOver(name, event)) once(fight);
      } else {
        const culprit = group === wanted.group ? byMode : (byGroup ?? byMode);
        once(
          report('image/rule-lost', {
            message: `${name} ends as root:${group} ${octal(mode)}, and the profile wants root:${wanted.group} ${octal(wanted.mode)}`,
            cause: culprit?.isStranger
              ? `${where(culprit)} names the group "${culprit.value}", which the image does not have`
              : whose,
            fix:
              culprit === undefined
                ? 'install 70-dmaheap.rules, as dmaheap generate writes it'
                : `remove that rule, or let 70-dmaheap.rules sort after ${baseName(culprit.source.file)}`,
            ...(culprit === undefined ? {} : { span: culprit.token.span }),
          }),
        );
      }
      const maybe = [...event.group, ...event.mode].find((one) => !one.certain);
      if (maybe !== undefined)
        once(
          report('image/condition', {
            message: `${maybe.token.key}="${maybe.value}" for ${name} depends on something that only the board knows`,
            span: maybe.rule.span,
          }),
        );
    }
  const heaps = [...new Set(plan.heaps.flatMap((heap) => heap.nodes.map((node) => node.name)))];
  for (const source of rules) for (const one of lintHeapRules(source, heaps, isGenerated(source))) once(one);
  return found;
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
        message: `${other.token.key}="${other.value}" for ${name} is overruled by ${last.token.key}="${last.value}" in ${where(last)}`,
        cause: `${baseName(last.source.file)} sorts after ${baseName(other.source.file)}`,
        fix: 'remove one of the two rules',
        span: other.token.span,
      }),
    ];
  });
}

/** The lints of rules about heaps, and rules that match none of them. */
function lintHeapRules(source: SourceText, heaps: readonly string[], generated: boolean): Diagnostic[] {
  const rules = aboutHeaps(source, heaps);
  const lines = new Set(rules.map(({ span }) => span.line));
  const lints = lintRules(source, generated).filter(({ span }) => span !== undefined && lines.has(span.line));
  const idle = rules.flatMap((rule) => {
    const kernel = rule.tokens.find(({ key, operator }) => key === 'KERNEL' && operator === '==');
    if (kernel === undefined || kernel.value.includes('/')) return [];
    if (heaps.some((heap) => matchesPattern(kernel.value, heap))) return [];
    return [
      report('image/never-matches', {
        message: `KERNEL=="${kernel.value}" is no name of a heap on this board`,
        cause: `its heaps are ${heaps.join(', ')}`,
        fix: 'remove the rule, or name the heap that is meant',
        span: kernel.span,
      }),
    ];
  });
  return [...lints, ...idle];
}

function checkAccounts(plan: Plan, { groups, users }: Accounts): Diagnostic[] {
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
          message: `the group "${name}" has the number ${group.id}, so it is no system group`,
          cause: 'from systemd 258 on udev takes system groups only',
          fix: 'create it with groupadd -r',
        }),
      );
    for (const user of members) {
      const primary = users.get(user);
      if (!users.has(user))
        found.push(
          report('image/user', {
            message: `the image has no user "${user}"`,
            fix: `create ${user}, or drop it from the profile`,
          }),
        );
      else if (
        group !== undefined &&
        !group.members.includes(user) &&
        (group.id === undefined || primary !== String(group.id))
      )
        found.push(
          report('image/user', {
            message: `"${user}" is no member of "${name}"`,
            fix: `usermod -a -G ${name} ${user}, or "m ${user} ${name}" in sysusers.d`,
          }),
        );
    }
    return found;
  });
}

/** Scripts that make nodes, load modules or open devices by hand. */
function checkScripts(image: Image): Diagnostic[] {
  const scripts = image.files.filter(({ path }) => !path.endsWith('.rules') && !path.endsWith('verify.expect'));
  const found = scripts.flatMap(({ source }) =>
    findFolklore(source).filter(
      ({ code, span }) =>
        ['folklore/mknod', 'folklore/modprobe', 'folklore/chmod', 'folklore/dev-dma-buf'].includes(code) &&
        // chmod of anything else is no business of ours.
        (code !== 'folklore/chmod' || /dma_heap/.test(source.line(span?.line ?? 0) ?? '')),
    ),
  );
  const nodes = image.heapNodes.map((path) =>
    report('image/static-node', {
      message: `/${path} is a device node in the image`,
      cause: 'the major number of heaps is allocated at boot: this node leads to another device, or to none',
      fix: 'remove it; devtmpfs makes the nodes',
    }),
  );
  return [...found, ...nodes];
}

/** e_machine of the architectures, as `machine` of an {@link ImageFile} says it. */
const MACHINES: Readonly<Record<Plan['board']['arch'], string>> = {
  arm64: '183',
  arm: '40',
  riscv64: '243',
  x86_64: '62',
};

function checkVerifier(plan: Plan, image: Image): Diagnostic[] {
  const program = image.files.find(({ path }) => /(?:^|\/)s?bin\/dmaheap-verify$/.test(path));
  const expectation = image.files.find(({ path }) => path === 'etc/dmaheap/verify.expect');
  const found: Diagnostic[] = [];
  if (program === undefined)
    found.push(
      report('image/verifier', {
        message: 'the image has no dmaheap-verify',
        fix: 'install the package of the target you use',
      }),
    );
  else if (program.machine !== undefined && program.machine !== MACHINES[plan.board.arch])
    found.push(
      report('image/verifier-machine', {
        message: `/${program.path} is not for ${plan.board.arch}`,
        fix: "build it with the board's compiler: make -C native CC=...",
      }),
    );
  if (expectation === undefined)
    found.push(
      report('image/verifier', {
        message: 'the image has no /etc/dmaheap/verify.expect',
        fix: 'install verify/verify.expect, as dmaheap generate writes it',
      }),
    );
  return found;
}

export function checkImage(plan: Plan, image: Image): CheckResult[] {
  const accounts = accountsOf(image);
  const units = unitsAgainst(plan, image.files).map(({ message, severity, fix, cause, span }) =>
    report('image/device-policy', { message, severity, fix, cause, span }),
  );
  const rows: readonly (readonly [string, string, Diagnostic[]])[] = [
    [
      'image-rules',
      'the rules of the image give every heap the group and mode of the profile',
      checkRules(plan, image, accounts),
    ],
    ['image-accounts', 'groups and users of the profile are there', checkAccounts(plan, accounts)],
    ['image-scripts', 'nothing makes nodes or sets permissions by hand', checkScripts(image)],
    ['image-units', 'no unit shuts its service out of the heaps', units],
    ['image-verifier', 'the verifier is there, for this machine', checkVerifier(plan, image)],
  ];
  return rows.map(([check, title, diagnostics]) => ({
    check,
    title,
    status: hasErrors(diagnostics) ? 'fail' : 'pass',
    diagnostics,
    missingTools: [],
  }));
}
