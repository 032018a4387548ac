/** udev rules: udevadm reads them if it can verify, and dmaheap looks for faults that udevadm accepts. */
import { type CodeTable, type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { FOLKLORE_CODES, findFolklore } from '../facts/folklore.js';
import { givenHeapNames, heapNames, mainlineNaming, NAMING_FACTS } from '../facts/heap-names.js';
import { kernelsText } from '../facts/index.js';
import type { SourceText } from '../source/index.js';
import { type Check, type CheckedTree, hasSuffix, report as reportCheck } from './types.js';
import { ASSIGN_ONLY, MATCH_ONLY, matchesPattern, type Rule, readRules, type Token } from './udev.js';
import { linksIn } from './udev-event.js';

/** The usual node name, and what kernels call the default area's heap instead. */
const { defaultArea, kernelArea } = givenHeapNames();
const DEFAULT_HEAP_BY_KERNEL = heapNames(mainlineNaming(), { name: 'linux,cma', isDefault: true })
  .filter(({ name }, i, all) => all.findIndex((one) => one.name === name) === i)
  .map((one) => `${one.name} ${kernelsText(one)}`)
  .join(', ');
const DEFAULT_HEAP_NAMES = ['linux,cma', ...defaultArea, ...kernelArea];

export const RULE_CODES = {
  ...FOLKLORE_CODES,
  ...defineCodes({
    'udev/verify': {
      severity: 'error',
      title: 'udevadm verify finds a fault',
      explain: 'The udevadm of this machine read the rules file and found the fault.',
    },
    'udev/not-a-token': {
      severity: 'error',
      title: 'text that is not KEY operator "value"',
      explain: 'udev ignores the whole line if it cannot read a part of it.',
    },
    'udev/missing-comma': {
      severity: 'error',
      title: 'no comma between two tokens',
      explain:
        'Tokens are separated by commas. Some releases of udev accept a missing comma; newer ones print a warning.',
    },
    'udev/bad-operator': {
      severity: 'error',
      title: 'an operator that the key does not have',
      explain:
        'Match keys such as KERNEL and SUBSYSTEM need == or !=. Keys such as GROUP and MODE need an assignment. Otherwise, udev ignores the whole line.',
    },
    'udev/invalid-mode': {
      severity: 'error',
      title: 'MODE is not an octal number of at most four digits',
      explain:
        'udevadm verify accepts the text, but udev ignores it when the device appears, so the node keeps the mode of the kernel.',
    },
    'udev/world-access': {
      severity: 'error',
      title: 'MODE opens the device to every process',
      explain:
        'A process that opens a heap read-only can allocate from it, and the memory is not charged to cgroups. With a permission for others, every process can exhaust the memory. If this is needed, force it with a reason in the profile.',
    },
    'udev/uaccess': {
      severity: 'error',
      title: 'TAG+="uaccess" gives the device to every user who is logged in at the console',
      explain:
        'systemd does not set uaccess on heaps, because their memory is not charged to cgroups: a console user could exhaust the memory of all users. Use a group, or force it with a reason in the profile.',
    },
    'udev/run-permissions': {
      severity: 'error',
      title: 'permissions set from RUN',
      explain:
        'RUN programs start after the node is announced, so another program may open the node first. udev sets GROUP= and MODE= before the announcement.',
    },
    'udev/run-without-shell': {
      severity: 'warning',
      title: 'a command in RUN that needs a shell',
      explain:
        'udev starts the program of RUN without a shell. It looks for a program without a path only in /usr/lib/udev, and does not expand patterns such as /dev/dma_heap/*.',
    },
    'udev/name-of-one-kernel': {
      severity: 'warning',
      title: 'the rule matches only one name of the default heap',
      explain: `The heap of the default area is ${DEFAULT_HEAP_BY_KERNEL}, and ${kernelArea.join(' or ')} if the area comes from cma= or the kernel configuration.`,
    },
    'udev/symlink-path': {
      severity: 'error',
      title: 'SYMLINK is not a path below /dev',
      explain:
        'udev makes the link below /dev. With a leading /dev/ or a .., the link is at another place or is refused.',
    },
    'udev/symlink-escaped': {
      severity: 'warning',
      title: 'the link gets another name than SYMLINK states',
      explain:
        'udev writes "_" for each character of a link that is not a letter, a digit or one of #+-.:=@_/, such as the comma of linux,cma, unless the line has OPTIONS+="string_escape=none".',
    },
    'udev/group-not-created': {
      severity: 'warning',
      title: 'no file creates the group',
      explain:
        'udev does not set the group if it does not exist (252 and 257 still set the MODE). From systemd 258 on, it must also be a system group.',
    },
    'device-table/world-access': {
      severity: 'error',
      title: 'a mode that opens a heap to every process',
      explain:
        'A process that opens a heap read-only can allocate from it, and the memory is not charged to cgroups. With a permission for others, every process can exhaust the memory.',
    },
  } satisfies CodeTable),
};

const report = reporter(RULE_CODES);

/** systemd's file that turns the tag uaccess into an access control list. */
export const SEAT_RULES = '73-seat-late.rules';
/** udev reads the rules of such a file after those that apply the tag. */
export const isAfterSeats = (file: string) => file.replace(/^.*\//, '') > SEAT_RULES;

/** Programs that distributions do not have in /usr/lib/udev. */
const OF_THE_PATH =
  /^(?:(?:ba|da)?sh|ch(?:mod|own|grp)|[sg]etfacl|ln|cp|mv|rm|mkdir|mknod|touch|echo|logger|systemctl)$/;

/** Why a command of RUN does nothing without a shell; undefined: it is started as it is written. */
export function withoutShell(command: string): { message: string; cause: string; fix: string } | undefined {
  const [program = '', ...words] = command.trim().split(/\s+/);
  if (OF_THE_PATH.test(program))
    return {
      message: `RUN starts "${program}" without a path, so udev does not find it`,
      cause: 'udev looks for a program without a path only in /usr/lib/udev',
      fix: 'write GROUP="..." and MODE="0660" in place of the program',
    };
  if (/\/(?:ba|da|z|k)?sh$/.test(program)) return undefined;
  const pattern = words.find((word) => /^\/dev\/\S*[*?[]/.test(word));
  return pattern === undefined
    ? undefined
    : {
        message: `RUN gives ${pattern} to ${program} as it is written, and no file has this name`,
        cause: 'udev starts the program without a shell, so that nothing expands the pattern',
        fix: 'write GROUP="..." and MODE="0660" in place of the program',
      };
}

/**
 * What is wrong with a rules file as far as heaps are concerned, for rules of any origin.
 * @param generated the file is ours: it may know one kernel's names only, and a forced setting names its reason
 */
export function lintRules(source: SourceText, generated = false): Diagnostic[] {
  const { rules, garbage } = readRules(source);
  // What does not run opens nothing.
  const idle = new Set(
    rules.flatMap(({ tokens }) =>
      tokens
        .filter(({ key, attribute, value }) => key === 'RUN' && attribute !== 'builtin' && withoutShell(value))
        .map(({ span }) => span.line),
    ),
  );
  return [
    ...garbage.map(({ text, span }) =>
      report('udev/not-a-token', {
        message: `"${text}" is not KEY operator "value"`,
        cause: 'udev ignores the line',
        ...(text.split('"').length % 2 === 0 ? { fix: 'close the quote' } : {}),
        span,
      }),
    ),
    ...rules.flatMap((rule) => rule.tokens.flatMap((token) => [...lintToken(token, rule, generated)])),
    ...oneKernelOnly(rules, generated),
    ...findFolklore(source).filter(({ code, span }) => code !== 'folklore/chmod' || !idle.has(span?.line ?? 0)),
  ];
}

function* lintToken(token: Token, rule: Rule, generated: boolean): Generator<Diagnostic> {
  const { key, operator, value, span, valueSpan } = token;
  const isMatch = operator === '==' || operator === '!=';
  if (!token.afterComma)
    yield report('udev/missing-comma', { message: `no comma before ${key}`, fix: `write ", ${key}"`, span });
  if (MATCH_ONLY.has(key) && !isMatch)
    yield report('udev/bad-operator', {
      message: `${key}${operator} does not match anything`,
      cause: `${key} is a match key; udev ignores a line that assigns to it`,
      fix: `write ${key}==`,
      span,
    });
  if (ASSIGN_ONLY.has(key) && isMatch)
    yield report('udev/bad-operator', {
      message: `${key}${operator} does not set anything`,
      cause: `${key} is an assignment key; udev ignores a line that compares it`,
      fix: `write ${key}=`,
      span,
    });
  if (isMatch) return;
  const forced = generated && rule.comments.some((comment) => /^Forced: \S/.test(comment));
  const severity = forced ? ({ severity: 'note' } as const) : {};
  if (key === 'MODE' && !value.includes('%') && !value.includes('$')) {
    if (!/^0*[0-7]{1,4}$/.test(value))
      yield report('udev/invalid-mode', {
        message: `MODE="${value}" is not a mode`,
        cause:
          'a mode has at most four octal digits; udevadm accepts the text, but udev ignores it when the device appears',
        fix: 'write MODE="0660"',
        span: valueSpan,
      });
    else if ((Number.parseInt(value, 8) & 0o007) !== 0)
      yield report('udev/world-access', {
        ...severity,
        message: `MODE="${value}" opens the heap to every process`,
        cause: 'a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups',
        facts: ['heap.read-only-allocates'],
        fix: `write MODE="0${(Number.parseInt(value, 8) & 0o770).toString(8)}" and make the users members of the group`,
        span: valueSpan,
      });
  }
  const isBuiltin = key === 'RUN' && token.attribute === 'builtin';
  if ((isBuiltin || (key === 'TAG' && !isAfterSeats(span.file))) && value === 'uaccess')
    yield report('udev/uaccess', {
      ...severity,
      message: `${isBuiltin ? 'RUN{builtin}' : 'TAG'}+="uaccess" gives the heap to every user who is logged in at the console`,
      cause: 'heap memory is not charged to cgroups, so a console user could exhaust it for everyone',
      fix: 'remove it and use GROUP= and MODE=',
      span,
    });
  const needsShell = key === 'RUN' && !isBuiltin ? withoutShell(value) : undefined;
  if (needsShell !== undefined) yield report('udev/run-without-shell', { ...needsShell, span });
  else if (key === 'RUN' && /\b(?:chgrp|chown|chmod)\b/.test(value))
    yield report('udev/run-permissions', {
      message: `RUN sets permissions with "${value}"`,
      cause: 'it runs after the node is announced, so another program may open the node first',
      fix: 'write GROUP="...", MODE="0660"',
      span,
    });
  if (key === 'SYMLINK') {
    const bad = value.split(/\s+/).find((link) => link.startsWith('/') || link.split('/').includes('..'));
    if (bad !== undefined)
      yield report('udev/symlink-path', {
        message: `SYMLINK "${bad}" is not a path below /dev`,
        fix: `write ${bad.replace(/^\/(?:dev\/)?/, '').replaceAll('../', '')}`,
        span: valueSpan,
      });
    const escaping = rule.tokens.some((one) => one.key === 'OPTIONS' && one.value === 'string_escape=none');
    const stated = linksIn(value, 'none');
    const made = linksIn(value, escaping ? 'none' : 'unset');
    const other = stated.findIndex((link, i) => link !== made[i]);
    if (operator !== '-=' && !/[$%]/.test(value) && other >= 0)
      yield report('udev/symlink-escaped', {
        message: `udev makes the link /dev/${made[other]} and not /dev/${stated[other]}`,
        cause: 'udev replaces characters such as the comma of linux,cma in the name of a link',
        fix: 'write OPTIONS+="string_escape=none" in the same line',
        span: valueSpan,
      });
  }
}

function oneKernelOnly(rules: readonly Rule[], generated: boolean): Diagnostic[] {
  const kernels = rules.map((rule) => rule.tokens.find(({ key, operator }) => key === 'KERNEL' && operator === '=='));
  const first = kernels.find((token) => token !== undefined && matchesPattern(token.value, 'linux,cma'));
  // A generated file names the heaps of the profile's kernels, and links replace the other names.
  if (generated || first === undefined) return [];
  // A rule without KERNEL== speaks of every heap.
  const all = rules.some((rule, i) => kernels[i] === undefined && rule.tokens.some((t) => t.value === 'dma_heap'));
  const missing = DEFAULT_HEAP_NAMES.filter(
    (name) => !kernels.some((t) => t !== undefined && matchesPattern(t.value, name)),
  );
  if (all || missing.length === 0) return [];
  return [
    report('udev/name-of-one-kernel', {
      message: `no rule matches ${missing.map((name) => `"${name}"`).join(' or ')}`,
      cause: `the heap of the default area is ${DEFAULT_HEAP_BY_KERNEL}, and ${kernelArea.join(' or ')} if the area comes from cma= or the kernel configuration`,
      fix: `write KERNEL=="${DEFAULT_HEAP_NAMES.join('|')}"`,
      facts: [NAMING_FACTS.defaultArea, NAMING_FACTS.kernelArea],
      span: first.span,
    }),
  ];
}

const isRules = hasSuffix('.rules');

const idioms: Check = {
  id: 'udev-idioms',
  title: 'udev rules: every mode, operator and idiom has the intended effect',
  subjects: isRules,
  needs: { tools: [], inputs: [] },
  run: (subjects) => subjects.flatMap((source) => lintRules(source, true)),
};

/** Groups that systemd's own sysusers.d or every distribution creates. */
const KNOWN_GROUPS = new Set(
  'root adm audio cdrom dialout disk input kmem kvm lp render sgx tape tty users utmp video wheel'.split(' '),
);

const groups: Check = {
  id: 'udev-groups',
  title: 'udev rules: the tree creates every group that they name',
  subjects: isRules,
  needs: { tools: [], inputs: [] },
  run(subjects, { tree }) {
    const created = new Set(
      tree.files.filter(isSysusers).flatMap(({ text }) => [...text.matchAll(/^[gu]!?\s+(\S+)/gm)].map((m) => m[1])),
    );
    return subjects.flatMap((source) =>
      readRules(source)
        .rules.flatMap((rule) => rule.tokens)
        .filter(({ key, operator, value }) => key === 'GROUP' && !operator.endsWith('==') && !/^\d+$/.test(value))
        .filter(({ value }) => !KNOWN_GROUPS.has(value) && !created.has(value))
        .filter((token, i, all) => all.findIndex(({ value }) => value === token.value) === i)
        .map(({ value, valueSpan }) =>
          report('udev/group-not-created', {
            message: `no file of the tree creates the group "${value}"`,
            cause: 'udev does not set the group if it does not exist',
            fix: `add "g ${value} -" to a file in sysusers.d, or create it with groupadd -r`,
            span: valueSpan,
          }),
        ),
    );
  },
};

const isSysusers = ({ file }: SourceText) =>
  /(?:^|\/)sysusers(?:\.d)?\/[^/]*\.conf$/.test(file) || file.endsWith('.sysusers');

/** First release of systemd whose udevadm has `verify`. */
const VERIFY_SINCE = 254;

const verify: Check = {
  id: 'udev-verify',
  title: 'udev rules: udevadm verify accepts them',
  subjects: isRules,
  needs: { tools: ['udevadm'], inputs: [] },
  async run(subjects, { tools }) {
    const version = Number.parseInt((await tools.run('udevadm', ['--version'])).stdout, 10);
    if (!(version >= VERIFY_SINCE)) {
      const said = Number.isNaN(version) ? 'this udevadm' : `udevadm ${version}`;
      return {
        status: 'not-run',
        missingTools: [`udevadm ${VERIFY_SINCE}`],
        diagnostics: [
          reportCheck('check/tool-too-old', {
            message: `${verify.id} was not run: ${said} does not have "verify"`,
            fix: `run the check on a machine with systemd ${VERIFY_SINCE} or newer`,
          }),
        ],
      };
    }
    const work = await tools.scratch();
    const diagnostics: Diagnostic[] = [];
    for (const [i, source] of subjects.entries()) {
      const copy = `${work}/${i}.rules`;
      await tools.writeText(copy, source.text);
      // The groups are made by the same tree, so this machine need not have them.
      const { exitCode, stdout, stderr } = await tools.run('udevadm', ['verify', '--resolve-names=never', copy]);
      if (exitCode === 0) continue;
      const found = `${stdout}\n${stderr}`.split('\n').flatMap((line) => {
        const match = /^(?<file>[^:]+):(?<line>\d+):? (?<text>.*)$/.exec(line);
        if (match?.groups?.file !== copy) return [];
        const number = Number(match.groups.line);
        const length = source.line(number)?.length ?? 0;
        const span = { file: source.file, line: number, column: 1, endLine: number, endColumn: length + 1 };
        return [report('udev/verify', { message: `udevadm verify: ${match.groups.text}`, span })];
      });
      const rest = stderr.trim().replaceAll(copy, source.file);
      diagnostics.push(
        ...(found.length > 0
          ? found
          : [report('udev/verify', { message: `udevadm verify: ${rest}`, span: source.span(0) })]),
      );
    }
    return diagnostics;
  },
};

const DEVICE_TABLES = ({ files }: CheckedTree) =>
  files.filter(({ file }) => /(?:^|\/)(?:mdev\.conf|ueventd[^/]*\.rc)$/.test(file));

const tables: Check = {
  id: 'device-tables',
  title: 'mdev.conf and ueventd.rc: no heap is open to every process',
  subjects: DEVICE_TABLES,
  needs: { tools: [], inputs: [] },
  run: (subjects) =>
    subjects.flatMap((source) => {
      const forced = /^# Forced: \S/m.test(source.text);
      return Array.from(source.text.matchAll(/^(?!#).*\s(0?[0-7]{3})(?=\s|$)/gm))
        .filter((match) => (Number.parseInt(match[1] as string, 8) & 0o007) !== 0)
        .map((match) =>
          report('device-table/world-access', {
            ...(forced ? { severity: 'note' as const } : {}),
            message: `mode ${match[1]} opens the heap to every process`,
            cause:
              'a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups',
            fix: 'write 0660 and make the users members of the group',
            facts: ['heap.read-only-allocates'],
            span: source.span(match.index + match[0].length - (match[1] as string).length, (match[1] as string).length),
          }),
        );
    }),
};

export const RULE_CHECKS: readonly Check[] = [idioms, groups, verify, tables];
