/**
 * What udev makes of an event of a heap: which rules match, in the order udev reads them, and who has the last word on
 * owner, group, mode and links. Sources: udev(7); systemd's udev-rules.c where the manual is silent.
 */
import type { SourceText } from '../source/index.js';
import {
  ASSIGN_ONLY,
  FIXED_PROPERTIES,
  KEYS,
  MATCH_ONLY,
  MAY_HAVE_ATTRIBUTE,
  matchesPattern,
  type Rule,
  readRules,
  type Token,
  WITH_ATTRIBUTE,
} from './udev.js';

/** Something a rule sets for the node. */
export interface Assignment {
  readonly value: string;
  readonly token: Token;
  readonly rule: Rule;
  readonly source: SourceText;
  /** false: a condition of the rule cannot be answered here (PROGRAM, IMPORT, TEST, ...). */
  readonly certain: boolean;
  /** The group or user does not exist: udev then sets none, and forgets those of earlier rules. */
  readonly isStranger: boolean;
}

/** A device without parents, as every heap is. */
export interface VirtualDevice {
  readonly subsystem: string;
  /** Its name in sysfs, what KERNEL== is compared with. */
  readonly name: string;
  /** Its node below /dev. */
  readonly node: string;
  /** The mode its driver asks for (DEVMODE); heaps ask for none and get 0600. */
  readonly mode?: number;
}

/** A line whose conditions only the running board can answer. */
export interface OpenCondition {
  readonly token: Token;
  readonly rule: Rule;
  readonly source: SourceText;
}

/** What becomes of a node. Of several assignments of a key the last counts; the earlier ones are kept. */
export interface DeviceEvent {
  readonly device: VirtualDevice;
  readonly owner: readonly Assignment[];
  readonly group: readonly Assignment[];
  readonly mode: readonly Assignment[];
  /** Each entry is one link below /dev. */
  readonly links: readonly Assignment[];
  readonly tags: readonly Assignment[];
  readonly run: readonly Assignment[];
  /** What was decided by {@link EventOptions.decisions}, in the order udev comes to it. */
  readonly open: readonly OpenCondition[];
}

/** Whom the image knows. Absent: everybody is known. */
export interface KnownAccounts {
  readonly groups?: ReadonlySet<string>;
  readonly users?: ReadonlySet<string>;
}

export interface EventOptions extends KnownAccounts {
  /** `add` unless given; `udevadm trigger` sends `change`. */
  readonly action?: string;
  /** Answers to open conditions, in the order udev comes to them; beyond its end they hold. */
  readonly decisions?: readonly boolean[];
  /** Release of systemd in the image; absent: a recent one. */
  readonly release?: number | undefined;
  /** Names of users and groups are not looked up (resolve_names=never): OWNER= and GROUP= with a name do nothing. */
  readonly ignoresNames?: boolean | undefined;
  /** Value of CONST{arch}. */
  readonly architecture?: string;
  /** Whether a path exists in the image, for TEST; undefined: only the board knows. */
  readonly exists?: (path: string) => boolean | undefined;
}

type Answer = boolean | undefined;
/** From this release of systemd on i"" ignores case; before, the line is ignored. Source: pull request 34425. */
const IGNORES_CASE_SINCE = 257;
/** From this release of systemd on SYMLINK-= is an operator; before, the line is ignored. Source: pull request 26081. */
const SYMLINK_REMOVED_SINCE = 253;
/** Matched against what the kernel says of the device. */
const DEVICE_KEYS = new Set(['ACTION', 'DEVPATH', 'KERNEL', 'KERNELS', 'SUBSYSTEM', 'SUBSYSTEMS', 'DRIVER', 'DRIVERS']);
/** The attributes that every device of the class has. */
const ATTRIBUTES = new Set(['dev', 'uevent', 'subsystem']);
/** Keys without which a line has no say in who may open the node, nor in what later lines do. */
const CONSEQUENTIAL = new Set(['OWNER', 'GROUP', 'MODE', 'GOTO', 'TAG', 'ENV', 'IMPORT', 'RUN', 'PROGRAM']);
/** The last conditions that udev answers of a line, in its order; the others come first. */
const LATE = ['TEST', 'PROGRAM', 'IMPORT', 'RESULT'];

class Event {
  readonly device: VirtualDevice;
  readonly #options: EventOptions;
  readonly #action: string;
  readonly result: { [K in 'owner' | 'group' | 'mode' | 'links' | 'tags' | 'run']: Assignment[] } = {
    owner: [],
    group: [],
    mode: [],
    links: [],
    tags: [],
    run: [],
  };
  readonly open: OpenCondition[] = [];
  /** Tags are sticky: one that was taken away with -= still matches. With = all of them go. */
  readonly tagged = new Set<string>();
  readonly #environment = new Map<string, string | undefined>();
  readonly #final = new Set<string>();
  #imported = false;
  /** Whether a program may have run, whose output RESULT is. */
  #hasResult = false;
  /** OPTIONS="string_escape=" of the line: what is done to characters that a link may not have. */
  #escape: 'unset' | 'none' | 'replace' = 'unset';

  constructor(device: VirtualDevice, options: EventOptions) {
    this.device = device;
    this.#options = options;
    this.#action = options.action ?? 'add';
    const known = {
      ACTION: this.#action,
      SUBSYSTEM: device.subsystem,
      DEVNAME: `/dev/${device.node}`,
      DEVPATH: this.#path(),
    };
    for (const [name, value] of Object.entries(known)) this.#environment.set(name, value);
  }

  #path(): string {
    return `/devices/virtual/${this.device.subsystem}/${this.device.name}`;
  }

  #isStranger(key: string, value: string): boolean {
    const known = key === 'GROUP' ? this.#options.groups : key === 'OWNER' ? this.#options.users : undefined;
    return known !== undefined && !/^\d+$/.test(value) && !known.has(value);
  }

  /** @returns undefined when only the running system knows */
  answer(token: Token): Answer {
    const { key, attribute, operator, prefix } = token;
    const value = plainValue(token);
    const negate = (matches: boolean) => (operator === '!=' ? !matches : matches);
    const matches = (text: string) => negate(matchesPattern(value, text, prefix.includes('i')));
    if (DEVICE_KEYS.has(key)) return matches(this.#device(key));
    if (key === 'ENV') return this.#answerEnvironment(attribute ?? '', value, matches);
    // An attribute that the device does not have matches neither == nor !=.
    if (key === 'ATTR' || key === 'ATTRS') return ATTRIBUTES.has(attribute ?? '') ? undefined : false;
    if (key === 'TAG' || key === 'TAGS' || key === 'SYMLINK') {
      const list = key === 'SYMLINK' ? this.result.links.map((link) => link.value) : [...this.tagged];
      return negate(list.some((text) => matchesPattern(value, text, prefix.includes('i'))));
    }
    if (key === 'NAME') return matches('');
    if (key === 'RESULT' && !this.#hasResult) return matches('');
    if (key === 'PROGRAM') this.#hasResult = true;
    if (key === 'CONST' && attribute === 'arch' && this.#options.architecture !== undefined)
      return matches(this.#options.architecture);
    // Without a parent and without a database entry there is nothing to import.
    if (key === 'IMPORT' && (attribute === 'parent' || (attribute === 'db' && this.#action === 'add')))
      return operator === '!=';
    if (key === 'TEST' && attribute === undefined && !/[$%]/.test(value)) {
      const found = value.startsWith('/') ? this.#options.exists?.(value) : undefined;
      return found === undefined ? undefined : negate(found);
    }
    return undefined;
  }

  #device(key: string): string {
    if (key === 'ACTION') return this.#action;
    if (key === 'DEVPATH') return this.#path();
    if (key.startsWith('KERNEL')) return this.device.name;
    return key.startsWith('SUBSYSTEM') ? this.device.subsystem : '';
  }

  #answerEnvironment(name: string, value: string, matches: (text: string) => boolean): Answer {
    if (this.#environment.has(name)) {
      const known = this.#environment.get(name);
      return known === undefined ? undefined : matches(known);
    }
    // Numbers that are allocated at boot: what is known is that there are some.
    if (name === 'MAJOR' || name === 'MINOR') return ['', '?*', '*'].includes(value) ? matches('1') : undefined;
    return this.#imported ? undefined : matches('');
  }

  /** A value with its substitutions; undefined where only the board knows one. */
  #expand(value: string, noBlanks: boolean): string | undefined {
    let isKnown = true;
    const { name } = this.device;
    const number = /\d*$/.exec(name)?.[0] ?? '';
    const words: Readonly<Record<string, string>> = {
      k: name,
      kernel: name,
      n: number,
      number,
      p: this.#path(),
      devpath: this.#path(),
      N: `/dev/${this.device.node}`,
      devnode: `/dev/${this.device.node}`,
      D: this.device.node,
      name: this.device.node,
      r: '/dev',
      root: '/dev',
      S: '/sys',
      sys: '/sys',
    };
    const text = value.replace(
      /%%|\$\$|%E\{(\w+)\}|\$env\{(\w+)\}|%(\w)|\$([a-z]+)/g,
      (all, short, long, letter, word) => {
        if (all === '%%' || all === '$$') return all[0] as string;
        const property = short ?? long;
        const found = property === undefined ? words[letter ?? word] : this.#environment.get(property);
        if (found === undefined && (property === undefined || this.#imported || this.#environment.has(property)))
          isKnown = false;
        return noBlanks ? (found ?? '').trim().replace(/\s+/g, '_') : (found ?? '');
      },
    );
    return isKnown ? text : undefined;
  }

  /** Begins a line. */
  begin(): void {
    this.#escape = 'unset';
  }

  /** @param isDefinite the conditions hold, or are decided to */
  assign(token: Token, rule: Rule, source: SourceText, certain: boolean, isDefinite: boolean): void {
    const { key, operator } = token;
    if (key === 'IMPORT') this.#imported = true;
    const plain = plainValue(token);
    if (key === 'OPTIONS') {
      const named = /^string_escape=(none|replace)$/.exec(plain)?.[1];
      if (named !== undefined) this.#escape = named as 'none' | 'replace';
    }
    const isExpanded = isSubstituted(plain) && key !== 'RUN';
    const value = isExpanded ? this.#expand(plain, key === 'SYMLINK' && this.#escape !== 'none') : plain;
    if (key === 'ENV') {
      const name = token.attribute ?? '';
      const before = this.#environment.get(name);
      const appended = operator === '+=' && before !== undefined && before !== '' ? `${before} ${value}` : value;
      this.#environment.set(name, isDefinite ? appended : undefined);
    }
    const kind = { OWNER: 'owner', GROUP: 'group', MODE: 'mode', SYMLINK: 'links', TAG: 'tags', RUN: 'run' }[key];
    if (kind === undefined || this.#final.has(key)) return;
    if (this.#options.ignoresNames === true && /^(?:OWNER|GROUP)$/.test(key) && !/^\d+$/.test(plain)) return;
    if (operator === ':=' && isDefinite) this.#final.add(key);
    // udev ignores a mode that is not one, and the earlier one stays.
    if (key === 'MODE' && value !== undefined && !/^0*[0-7]{1,4}$/.test(value)) return;
    const isStranger = value !== undefined && this.#isStranger(key, value);
    // A name that is looked up when the event comes and is not there changes nothing; one in the file is looked up before.
    if (isStranger && isExpanded) return;
    const list = this.result[kind as 'group'];
    const text = value ?? plain;
    const values = key === 'SYMLINK' ? linksIn(text, this.#escape) : [text];
    const many = key === 'SYMLINK' || key === 'TAG' || key === 'RUN';
    if (key === 'TAG' && /^:?=$/.test(operator) && isDefinite) this.tagged.clear();
    if (key === 'TAG' && operator !== '-=') this.tagged.add(text);
    if (operator === '-=') this.result[kind as 'group'] = list.filter((one) => !values.includes(one.value));
    else {
      if (many && operator !== '+=' && isDefinite) list.length = 0;
      const isCertain = certain && value !== undefined;
      list.push(...values.map((one) => ({ value: one, token, rule, source, certain: isCertain, isStranger })));
    }
  }

  /** Whether the conditions of a line hold, with what was decided for those that only the board answers. */
  holds(
    conditions: readonly Token[],
    rule: Rule,
    source: SourceText,
  ): { readonly holds: boolean; readonly certain: boolean; readonly isDefinite: boolean } {
    let asked: Token | undefined;
    for (const token of conditions) {
      const answer = this.answer(token);
      if (answer === false) return { holds: false, certain: true, isDefinite: true };
      if (answer === undefined) asked ??= token;
    }
    if (asked === undefined) return { holds: true, certain: true, isDefinite: true };
    if (
      !rule.tokens.some((one) => !isCondition(one) && CONSEQUENTIAL.has(one.key)) &&
      !conditions.some(({ key }) => key === 'IMPORT')
    )
      return { holds: true, certain: false, isDefinite: false };
    const decided = this.#options.decisions?.[this.open.length] ?? true;
    this.open.push({ token: asked, rule, source });
    return { holds: decided, certain: false, isDefinite: true };
  }
}

/** IMPORT and PROGRAM are conditions and actions in one; the rest of a line with an operator of assignment is done. */
const isCondition = ({ key, operator }: Token) =>
  operator === '==' || operator === '!=' || key === 'PROGRAM' || key === 'IMPORT' || key === 'TEST';

const inOrder = (tokens: readonly Token[]) => [...tokens].sort((a, b) => LATE.indexOf(a.key) - LATE.indexOf(b.key));

/** The value as udev reads it: e"" has the escapes of C, elsewhere only a quote is escaped. */
function plainValue({ value, prefix }: Token): string {
  if (!value.includes('\\')) return value;
  if (!prefix.includes('e')) return value.replaceAll('\\"', '"');
  const letters: Readonly<Record<string, string>> = {
    a: '\x07',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    v: '\v',
    s: ' ',
  };
  return value.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-7]{3})|(.))/gs,
    (_, hex?: string, unicode?: string, octal?: string, letter = '') => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      const code = hex ?? unicode;
      return code === undefined ? (letters[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16));
    },
  );
}

const isSubstituted = (value: string) => /[$%]/.test(value);

/** Links of a value: what a name of a link may not have becomes "_", but for a hexadecimal escape and UTF-8. */
export function linksIn(text: string, escaping: 'unset' | 'none' | 'replace'): string[] {
  const kept =
    escaping === 'replace' ? /[\w#+\-.:=@/]|\\x|[\u0080-\u{10ffff}]/u : /[\w#+\-.:=@/ ]|\\x|[\u0080-\u{10ffff}]/u;
  const replaced =
    escaping === 'none'
      ? text
      : text.replace(/\\x|./gsu, (one) => (kept.test(one) ? one : /\s/.test(one) && escaping === 'unset' ? ' ' : '_'));
  return replaced.split(/\s+/).filter((link) => link !== '');
}

/** The order in which udev goes through the assignments of a line, whatever their order in it. */
const ASSIGNED = [
  'OPTIONS',
  'OWNER',
  'GROUP',
  'MODE',
  'TAG',
  'SECLABEL',
  'ENV',
  'NAME',
  'SYMLINK',
  'ATTR',
  'SYSCTL',
  'RUN',
];

/** Those that are looked up when the event comes precede those that are known before. */
const assignmentsOf = (tokens: readonly Token[]) =>
  tokens
    .filter((token) => !isCondition(token) || token.key === 'IMPORT')
    .map((token) => {
      const isLate = ['OWNER', 'GROUP', 'MODE'].includes(token.key) && !isSubstituted(token.value);
      // Of string_escape= the value replace comes last.
      const isLast = isLate || /^string_escape=replace$/.test(token.value);
      return { token, rank: ASSIGNED.indexOf(token.key) * 2 + (isLast ? 1 : 0) };
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ token }) => token);

/** Whether udev takes a key with this operator and attribute; a line with one that it does not is ignored whole. */
function isToken({ key, operator, attribute, prefix }: Token, release: number | undefined): boolean {
  if (prefix.includes('i') && (release ?? IGNORES_CASE_SINCE) < IGNORES_CASE_SINCE) return false;
  const isMatch = operator === '==' || operator === '!=';
  if (!KEYS.has(key) || (MATCH_ONLY.has(key) && !isMatch) || (ASSIGN_ONLY.has(key) && isMatch)) return false;
  if (attribute === undefined || attribute === '' ? WITH_ATTRIBUTE.has(key) : !MAY_HAVE_ATTRIBUTE.has(key))
    return false;
  if ((key === 'LABEL' || key === 'GOTO') && operator !== '=') return false;
  if (key === 'ENV' && !isMatch && FIXED_PROPERTIES.has(attribute ?? '')) return false;
  if (operator === '-=' && key === 'SYMLINK') return (release ?? SYMLINK_REMOVED_SINCE) >= SYMLINK_REMOVED_SINCE;
  return operator !== '-=' || key === 'TAG';
}

interface Line {
  readonly rule: Rule;
  readonly conditions: readonly Token[];
  readonly assignments: readonly Token[];
  readonly label: string | undefined;
  readonly goto: string | undefined;
}

const linesOf = new WeakMap<SourceText, Map<number | undefined, readonly Line[]>>();

/** The lines that udev keeps of a file. */
function keptLines(source: SourceText, release: number | undefined): readonly Line[] {
  const cache = linesOf.get(source) ?? new Map<number | undefined, readonly Line[]>();
  linesOf.set(source, cache);
  const cached = cache.get(release);
  if (cached !== undefined) return cached;
  const { rules, garbage } = readRules(source);
  const spoilt = new Set(garbage.map(({ span }) => span.line));
  const isSpoilt = ({ span }: Rule) => {
    for (let line = span.line; line <= span.endLine; line += 1) if (spoilt.has(line)) return true;
    return false;
  };
  const lines = rules
    .filter(
      (rule) => rule.tokens.length > 0 && !isSpoilt(rule) && rule.tokens.every((token) => isToken(token, release)),
    )
    .map((rule) => ({
      rule,
      conditions: inOrder(rule.tokens.filter(isCondition)),
      assignments: assignmentsOf(rule.tokens),
      label: rule.tokens.findLast(({ key }) => key === 'LABEL')?.value,
      goto: rule.tokens.findLast(({ key }) => key === 'GOTO')?.value,
    }));
  cache.set(release, lines);
  return lines;
}

/**
 * Runs the rules for an event of a device.
 * @param files in udev's order
 */
export function deviceEvent(
  files: readonly SourceText[],
  device: VirtualDevice,
  options: EventOptions = {},
): DeviceEvent {
  const event = new Event(device, options);
  for (const source of files) {
    const lines = keptLines(source, options.release);
    for (let at = 0; at < lines.length; at += 1) {
      const { rule, conditions, assignments, goto } = lines[at] as Line;
      const { holds, certain, isDefinite } = event.holds(conditions, rule, source);
      if (!holds) continue;
      event.begin();
      for (const token of assignments) event.assign(token, rule, source, certain, isDefinite);
      if (goto === undefined) continue;
      // A label that does not stand below is none: udev drops the GOTO, and the next line is read.
      const to = lines.findIndex(({ label }, i) => i > at && label === goto);
      if (to > 0) at = to - 1;
    }
  }
  return { device, ...event.result, open: event.open };
}

export const heapDevice = (name: string): VirtualDevice => ({ subsystem: 'dma_heap', name, node: `dma_heap/${name}` });

/** The one that counts: the last, whose condition holds or may hold. */
export const winner = (assignments: readonly Assignment[]): Assignment | undefined => assignments.at(-1);

/** Group that the event gives the node; undefined: it is left as it was. */
export function givenGroup({ group }: DeviceEvent): string | undefined {
  const last = winner(group);
  return last === undefined || last.isStranger ? undefined : last.value;
}

export function givenOwner({ owner }: DeviceEvent): string | undefined {
  const last = winner(owner);
  return last === undefined || last.isStranger ? undefined : last.value;
}

/** Permission bits that the event gives the node: a group gets 0660 where neither a rule nor the driver gives a mode. */
export function givenMode(event: DeviceEvent): number | undefined {
  const text = winner(event.mode)?.value;
  if (text !== undefined) return Number.parseInt(text, 8) & 0o7777;
  if (event.device.mode !== undefined) return event.device.mode;
  const group = givenGroup(event);
  if (group !== undefined && group !== 'root' && !/^0+$/.test(group)) return 0o660;
  return undefined;
}

/** Group of a new node in the end. */
export const finalGroup = (event: DeviceEvent): string => givenGroup(event) ?? 'root';

/** Permission bits of a new node in the end; without any the kernel's stay. */
export const finalMode = (event: DeviceEvent): number => givenMode(event) ?? 0o600;

const DIRECTORIES = ['etc', 'run', 'usr/local/lib', 'usr/lib', 'lib'].map((top) => `${top}/udev/rules.d/`);

/**
 * The rules files of an image as udev reads them: by name whatever the directory, one of each name, /etc before /run
 * before /usr; an empty one only masks.
 * @param files by path below the root of the image
 */
export function orderRules(files: readonly SourceText[]): SourceText[] {
  const rank = ({ file }: SourceText) => DIRECTORIES.findIndex((directory) => relative(file).startsWith(directory));
  const name = ({ file }: SourceText) => file.slice(file.lastIndexOf('/') + 1);
  const chosen = new Map<string, SourceText>();
  for (const file of files.filter((one) => one.file.endsWith('.rules'))) {
    const other = chosen.get(name(file));
    if (other === undefined || rank(file) < rank(other)) chosen.set(name(file), file);
  }
  return [...chosen.values()]
    .filter(({ text }) => text !== '')
    .sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0));
}

/** Path below the image's root, whatever the root is called. */
const relative = (file: string) =>
  /(?:^|\/)((?:etc|run|usr\/local\/lib|usr\/lib|lib)\/udev\/rules\.d\/.*)$/.exec(file)?.[1] ?? file;

const MOST_WORLDS = 64;

/**
 * Every outcome that the open conditions lead to, the first with all of them holding.
 * @returns undefined when there are too many to say
 */
export function possibleEvents(
  run: (decisions: readonly boolean[]) => DeviceEvent,
): readonly DeviceEvent[] | undefined {
  const outcomes: DeviceEvent[] = [];
  const pending: boolean[][] = [[]];
  for (let decisions = pending.pop(); decisions !== undefined; decisions = pending.pop()) {
    if (outcomes.length >= MOST_WORLDS) return undefined;
    const outcome = run(decisions);
    outcomes.push(outcome);
    for (let i = decisions.length; i < outcome.open.length; i += 1)
      pending.push([...decisions, ...Array.from({ length: i - decisions.length }, () => true), false]);
  }
  return outcomes;
}
