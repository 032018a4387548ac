/**
 * What udev makes of the event of a heap: which rules match, in the order udev reads them, and who has the last word on
 * group, mode and links. Sources: udev(7); systemd's udev-rules.c where the manual is silent.
 */
import type { SourceText } from '../source/index.js';
import { ASSIGN_ONLY, KEYS, MATCH_ONLY, matchesPattern, type Rule, readRules, type Token } from './udev.js';

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
}

/** Whom the image knows. Absent: everybody is known. */
export interface Accounts {
  readonly groups?: ReadonlySet<string>;
  readonly users?: ReadonlySet<string>;
}

type Answer = boolean | undefined;
/** Matched against what the kernel says of the device. */
const DEVICE_KEYS = new Set(['ACTION', 'DEVPATH', 'KERNEL', 'KERNELS', 'SUBSYSTEM', 'SUBSYSTEMS', 'DRIVER', 'DRIVERS']);
/** The attributes that every device of the class has. */
const ATTRIBUTES = new Set(['dev', 'uevent', 'subsystem']);

class Event {
  readonly device: VirtualDevice;
  readonly #accounts: Accounts;
  readonly result: { [K in 'owner' | 'group' | 'mode' | 'links' | 'tags' | 'run']: Assignment[] } = {
    owner: [],
    group: [],
    mode: [],
    links: [],
    tags: [],
    run: [],
  };
  readonly #environment = new Map<string, string | undefined>();
  readonly #final = new Set<string>();
  /** Tags are sticky: one that was taken away again still matches. */
  readonly #tagged = new Set<string>();
  #imported = false;

  constructor(device: VirtualDevice, accounts: Accounts) {
    this.device = device;
    this.#accounts = accounts;
    const known = { ACTION: 'add', SUBSYSTEM: device.subsystem, DEVNAME: `/dev/${device.node}`, DEVPATH: this.#path() };
    for (const [name, value] of Object.entries(known)) this.#environment.set(name, value);
  }

  #path(): string {
    return `/devices/virtual/${this.device.subsystem}/${this.device.name}`;
  }

  #isStranger({ key, value }: Token): boolean {
    const known = key === 'GROUP' ? this.#accounts.groups : key === 'OWNER' ? this.#accounts.users : undefined;
    return known !== undefined && !/^\d+$|[$%]/.test(value) && !known.has(value);
  }

  /** @returns undefined when only the running system knows */
  answer({ key, attribute, operator, value }: Token): Answer {
    const negate = (matches: boolean) => (operator === '!=' ? !matches : matches);
    if (DEVICE_KEYS.has(key)) return negate(matchesPattern(value, this.#device(key)));
    if (key === 'ENV') return this.#answerEnvironment(attribute ?? '', value, negate);
    // An attribute that the device does not have matches neither == nor !=.
    if (key === 'ATTR' || key === 'ATTRS') return ATTRIBUTES.has(attribute ?? '') ? undefined : false;
    if (key === 'TAG' || key === 'TAGS') return negate([...this.#tagged].some((tag) => matchesPattern(value, tag)));
    if (key === 'SYMLINK') return negate(this.result.links.some((link) => matchesPattern(value, link.value)));
    if (key === 'NAME') return negate(matchesPattern(value, ''));
    return undefined;
  }

  #device(key: string): string {
    if (key === 'ACTION') return 'add';
    if (key === 'DEVPATH') return this.#path();
    if (key.startsWith('KERNEL')) return this.device.name;
    return key.startsWith('SUBSYSTEM') ? this.device.subsystem : '';
  }

  #answerEnvironment(name: string, value: string, negate: (matches: boolean) => boolean): Answer {
    if (this.#environment.has(name)) {
      const known = this.#environment.get(name);
      return known === undefined ? undefined : negate(matchesPattern(value, known));
    }
    return this.#imported || name === 'MAJOR' || name === 'MINOR' ? undefined : negate(matchesPattern(value, ''));
  }

  assign(token: Token, rule: Rule, source: SourceText, certain: boolean): void {
    const { key, operator, value } = token;
    if (key === 'IMPORT') this.#imported = true;
    if (key === 'ENV') this.#environment.set(token.attribute ?? '', certain ? value : undefined);
    const kind = { OWNER: 'owner', GROUP: 'group', MODE: 'mode', SYMLINK: 'links', TAG: 'tags', RUN: 'run' }[key];
    if (kind === undefined || this.#final.has(key)) return;
    const list = this.result[kind as 'group'];
    const values = key === 'SYMLINK' ? value.split(/\s+/).filter((link) => link !== '') : [value];
    const many = key === 'SYMLINK' || key === 'TAG' || key === 'RUN';
    if (key === 'TAG' && operator !== '-=') this.#tagged.add(value);
    if (operator === '-=') this.result[kind as 'group'] = list.filter((one) => !values.includes(one.value));
    else {
      if (many && operator !== '+=' && certain) list.length = 0;
      const isStranger = this.#isStranger(token);
      list.push(...values.map((one) => ({ value: one, token, rule, source, certain, isStranger })));
    }
    if (operator === ':=' && certain) this.#final.add(key);
  }
}

/** IMPORT and PROGRAM are conditions and actions in one; the rest of a line with an operator of assignment is done. */
const isCondition = ({ key, operator }: Token) =>
  operator === '==' || operator === '!=' || key === 'PROGRAM' || key === 'IMPORT' || key === 'TEST';

/** A line that cannot be read, or has a key that is none or is misused, is ignored whole. */
function isIgnored(rule: Rule, garbage: ReadonlySet<number>): boolean {
  for (let line = rule.span.line; line <= rule.span.endLine; line += 1) if (garbage.has(line)) return true;
  return rule.tokens.some(({ key, operator }) => {
    const isMatch = operator === '==' || operator === '!=';
    return !KEYS.has(key) || (MATCH_ONLY.has(key) && !isMatch) || (ASSIGN_ONLY.has(key) && isMatch);
  });
}

/**
 * Runs the rules for a device's `add`.
 * @param files in udev's order
 */
export function deviceEvent(files: readonly SourceText[], device: VirtualDevice, accounts: Accounts = {}): DeviceEvent {
  const event = new Event(device, accounts);
  for (const source of files) {
    const { rules, garbage } = readRules(source);
    const spoilt = new Set(garbage.map(({ span }) => span.line));
    let skipTo: string | undefined;
    for (const rule of rules) {
      const label = rule.tokens.find((token) => token.key === 'LABEL')?.value;
      if (skipTo !== undefined && label !== skipTo) continue;
      skipTo = undefined;
      if (isIgnored(rule, spoilt)) continue;
      const answers = rule.tokens.filter(isCondition).map((token) => event.answer(token));
      if (answers.includes(false)) continue;
      const certain = !answers.includes(undefined);
      for (const token of rule.tokens)
        if (!isCondition(token) || token.key === 'IMPORT') event.assign(token, rule, source, certain);
      const goto = rule.tokens.find((token) => token.key === 'GOTO')?.value;
      if (goto !== undefined && certain) skipTo = goto;
    }
  }
  return { device, ...event.result };
}

export const heapDevice = (name: string): VirtualDevice => ({ subsystem: 'dma_heap', name, node: `dma_heap/${name}` });

/** The one that counts: the last, whose condition holds or may hold. */
export const winner = (assignments: readonly Assignment[]): Assignment | undefined => assignments.at(-1);

/** Group of the node in the end. */
export function finalGroup({ group }: DeviceEvent): string {
  const last = winner(group);
  return last === undefined || last.isStranger ? 'root' : last.value;
}

/** Permission bits of the node in the end: without any, a group gets 0660 and nobody the kernel's 0600. */
export function finalMode(event: DeviceEvent): number {
  const text = winner(event.mode)?.value;
  if (text !== undefined && /^0*[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8);
  if (event.device.mode !== undefined) return event.device.mode;
  return ['root', '0'].includes(finalGroup(event)) ? 0o600 : 0o660;
}

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
