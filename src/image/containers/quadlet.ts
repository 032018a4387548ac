/** Quadlet units of podman. Sources: podman-systemd.unit(5), podman-run(1). */
import type { SourceText } from '../../source/index.js';
import { readSettings, type Setting } from '../unit-files.js';
import { splitWords } from '../words.js';
import {
  type BindMount,
  type CgroupRule,
  type Container,
  clean,
  type DeviceGrant,
  readCgroupRule,
  readDevice,
  readVolume,
  type Said,
} from './types.js';

/** Where units of users lie: podman runs them without root. */
const ROOTLESS = /\/\.config\/containers\/systemd\/|\/containers\/systemd\/users\//;

/**
 * @param sources the unit, then its drop-ins
 * @returns undefined for a text that is not a Quadlet unit
 */
export function readQuadlet(sources: readonly SourceText[]): Container | undefined {
  const [own] = sources;
  const settings = sources.flatMap(readSettings).filter(({ section }) => section === 'Container');
  const [first] = settings;
  if (own === undefined || first === undefined) return undefined;
  const found = new Building(settings);
  const isRootless = ROOTLESS.test(`/${own.file}`);
  const space = found.userSpace;
  const hasSpace = space !== undefined && space.text !== 'host' && space.text !== '';
  const name = own.file.slice(own.file.lastIndexOf('/') + 1).replace(/\.container$/, '');
  const span = spanOf(first);
  return {
    ...found,
    name,
    span,
    // Without root podman cannot close devices by a control group.
    isClosed: !isRootless,
    namespace:
      isRootless || hasSpace ? { kind: 'own', groups: [], span: hasSpace ? space.span : span } : { kind: 'host' },
  };
}

const spanOf = ({ source, offset, length }: Setting) => source.span(offset, length);

class Building {
  readonly devices: DeviceGrant[] = [];
  readonly mounts: BindMount[] = [];
  readonly rules: CgroupRule[] = [];
  readonly groups: Said[] = [];
  readonly unread: Said[] = [];
  privileged: Container['privileged'];
  user: Said | undefined;
  group: Said | undefined;
  userSpace: Said | undefined;

  constructor(settings: readonly Setting[]) {
    const all = (key: string) =>
      settings
        .filter((one) => one.key === key)
        // An empty assignment takes back those before it.
        .filter((_, i, list) => i > list.findLastIndex(({ value }) => value === ''));
    const words = (key: string) =>
      all(key).flatMap((setting) =>
        (splitWords(setting.value)?.words ?? []).map(({ text }): Said => ({ text, span: spanOf(setting) })),
      );
    const last = (key: string) => words(key).at(-1);
    // With a dash a device that the host does not have is left out.
    for (const { text, span } of words('AddDevice')) this.#device(text.replace(/^-/, ''), span);
    for (const { text, span } of words('Volume')) this.#mount(text, span);
    for (const { text, span } of words('Mount')) this.#mountOf(text, span);
    this.groups.push(...words('GroupAdd'));
    this.user = last('User');
    this.group = last('Group');
    this.userSpace = last('UserNS');
    this.#options(words('PodmanArgs'));
  }

  #device(text: string, span: Said['span']): void {
    const found = readDevice(text, span);
    if (found === undefined) this.unread.push({ text: `${text} is a device of CDI, which the host defines`, span });
    else this.devices.push(found);
  }

  #mount(text: string, span: Said['span']): void {
    const found = readVolume(text, span);
    if (found !== undefined) this.mounts.push(found);
  }

  /** `type=bind,source=HOST,target=INSIDE`. */
  #mountOf(text: string, span: Said['span']): void {
    const fields = new Map(text.split(',').map((field) => [field.replace(/=.*$/s, ''), field.replace(/^[^=]*=?/, '')]));
    const host = fields.get('source') ?? fields.get('src');
    const inside = fields.get('target') ?? fields.get('destination') ?? fields.get('dst');
    if (fields.get('type') !== 'bind' || host === undefined || inside === undefined) return;
    this.mounts.push({ host: clean(host), inside: clean(inside), isNoDev: fields.has('nodev'), span });
  }

  /** Options of podman run, with their value behind `=` or in the next word. */
  #options(words: readonly Said[]): void {
    for (let i = 0; i < words.length; i += 1) {
      const { text, span } = words[i] as Said;
      const [, option = text, attached] = /^(-[^=]*)=(.*)$/s.exec(text) ?? [];
      const value = () => {
        if (attached !== undefined) return attached;
        i += 1;
        return words[i]?.text ?? '';
      };
      if (option === '--privileged') this.privileged = attached === 'false' ? undefined : span;
      else if (option === '--device') this.#device(value(), span);
      else if (option === '--volume' || option === '-v') this.#mount(value(), span);
      else if (option === '--mount') this.#mountOf(value(), span);
      else if (option === '--group-add') this.groups.push({ text: value(), span });
      else if (option === '--device-cgroup-rule') {
        const rule = readCgroupRule(value(), true, span);
        if (rule !== undefined) this.rules.push(rule);
      } else if (option === '--userns') this.userSpace = { text: value(), span };
      else if (option === '--user' || option === '-u') {
        const [user = '', group] = value().split(':');
        this.user = { text: user, span };
        if (group !== undefined) this.group = { text: group, span };
      }
    }
  }
}
