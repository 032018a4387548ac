/** Compose files, as the Compose Specification has them: services with devices, volumes, groups and users. */
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import type { Span } from '../../diagnostic/index.js';
import type { SourceText } from '../../source/index.js';
import {
  type BindMount,
  type CgroupRule,
  type Container,
  type ContainerFile,
  clean,
  type DeviceGrant,
  readCgroupRule,
  readDevice,
  readVolume,
  type Said,
} from './types.js';

/** @returns undefined for a text that is not a compose file */
export function readCompose(source: SourceText): ContainerFile | undefined {
  const document = parseDocument(source.text, { merge: true, lineCounter: new LineCounter(), logLevel: 'silent' });
  if (document.errors.length > 0) return undefined;
  const reader = new Reader(source, (node) => (isAlias(node) ? node.resolve(document) : (node as Node | undefined)));
  const top = reader.map(document.contents);
  if (top === undefined) return undefined;
  const services = reader.map(reader.get(top, 'services'));
  const included = reader.included(top);
  if (services === undefined && included.length === 0) return undefined;
  const containers = services === undefined ? [] : reader.keys(services).map((name) => reader.service(services, name));
  return { kind: 'compose', containers, included };
}

const only = <T>(one: T | undefined): T[] => (one === undefined ? [] : [one]);

interface Part {
  readonly node: Node;
  readonly span: Span;
}

class Reader {
  readonly #source: SourceText;
  readonly #follow: (node: unknown) => Node | undefined;
  readonly #unread: Said[] = [];

  constructor(source: SourceText, follow: (node: unknown) => Node | undefined) {
    this.#source = source;
    this.#follow = follow;
  }

  map(node: unknown): YAMLMap | undefined {
    const found = this.#follow(node);
    return isMap(found) ? found : undefined;
  }

  keys(map: YAMLMap): string[] {
    const own = map.items.flatMap(({ key }) =>
      isScalar(key) && String(key.value) !== '<<' ? [String(key.value)] : [],
    );
    const merged = this.#merged(map).flatMap((one) => this.keys(one));
    return [...new Set([...own, ...merged])];
  }

  /** The value of a key: the map's own, or one that `<<` brings. */
  get(map: YAMLMap | undefined, key: string): Node | undefined {
    if (map === undefined) return undefined;
    const own = map.items.find((pair) => isPair(pair) && isScalar(pair.key) && pair.key.value === key);
    if (own !== undefined) return this.#follow(own.value);
    for (const one of this.#merged(map)) {
      const found = this.get(one, key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** `include: [FILE, { path: FILE }]`. */
  included(top: YAMLMap): Said[] {
    return this.#list(this.get(top, 'include')).flatMap(({ node, span }) => {
      const path = isMap(node) ? this.get(node, 'path') : node;
      const files = isSeq(path) ? this.#list(path).map((one) => one.node) : [path];
      return files.flatMap((file) => {
        const said = this.#said(file);
        return [{ text: said === undefined ? 'it includes other files' : `it includes ${said.text}`, span }];
      });
    });
  }

  #merged(map: YAMLMap): YAMLMap[] {
    return map.items.flatMap(({ key, value }) => {
      const name = isScalar(key) ? (typeof key.value === 'symbol' ? '<<' : String(key.value)) : '';
      if (name !== '<<') return [];
      const found = this.#follow(value);
      const list = isSeq(found) ? found.items : [found];
      return list.flatMap((one) => this.map(one) ?? []);
    });
  }

  #span(node: Node | undefined): Span {
    const [start, end] = node?.range ?? [0, 0];
    const length = this.#source.text.slice(start, end).replace(/\n[\s\S]*$/, '').length;
    return this.#source.span(start, length);
  }

  /** A scalar with the variables of the shell put in; one without a value is noted. */
  #said(node: Node | undefined): Said | undefined {
    if (!isScalar(node) || node.value === null || node.value === undefined) return undefined;
    // A number like 0660 is meant as it is written.
    const written = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
    const span = this.#span(node);
    let isOpen = false;
    const text = written.replace(
      /\$(?:(\$)|\{(\w+)(?::?[-]([^}]*))?[^}]*\}|(\w+))/g,
      (_, dollar?: string, __?: string, fallback?: string) => {
        if (dollar !== undefined) return '$';
        if (fallback === undefined) isOpen = true;
        return fallback ?? '';
      },
    );
    if (!isOpen) return { text, span };
    this.#unread.push({ text: `${written} has a variable without a default value`, span });
    return undefined;
  }

  #list(node: Node | undefined): Part[] {
    return isSeq(node)
      ? node.items.flatMap((item) => {
          const one = this.#follow(item);
          return one === undefined ? [] : [{ node: one, span: this.#span(one) }];
        })
      : [];
  }

  #device({ node, span }: Part): DeviceGrant[] {
    if (isMap(node)) {
      const [from, to, rights] = ['source', 'target', 'permissions'].map(
        (key) => this.#said(this.get(node, key))?.text,
      );
      if (from === undefined) return [];
      return [{ host: clean(from), inside: clean(to ?? from), rights: rights ?? 'rwm', span }];
    }
    const said = this.#said(node);
    if (said === undefined) return [];
    const found = readDevice(said.text, span);
    if (found === undefined)
      this.#unread.push({ text: `${said.text} is a device of CDI, which the host defines`, span });
    return found === undefined ? [] : [found];
  }

  #mount({ node, span }: Part): BindMount[] {
    if (isMap(node)) {
      const [type, from, to] = ['type', 'source', 'target'].map((key) => this.#said(this.get(node, key))?.text);
      if (type !== 'bind' || from === undefined || to === undefined) return [];
      return [{ host: clean(from), inside: clean(to), isNoDev: false, span }];
    }
    return only(readVolume(this.#said(node)?.text ?? '', span));
  }

  service(services: YAMLMap, name: string, depth = 0): Container {
    const map = this.map(this.get(services, name));
    const before = this.#unread.length;
    const base = this.#base(services, map, depth);
    const list = <T>(key: string, read: (part: Part) => readonly T[]) => this.#list(this.get(map, key)).flatMap(read);
    const one = (key: string) => this.#said(this.get(map, key));
    const said = (part: Part) => only(this.#said(part.node));
    const rules = list<CgroupRule>('device_cgroup_rules', (part) =>
      only(readCgroupRule(this.#said(part.node)?.text ?? '', true, part.span)),
    );
    const [user, groupOf] = (one('user')?.text ?? '').split(':');
    const userSpan = one('user')?.span;
    const part = (text: string | undefined) =>
      text === undefined || text === '' || userSpan === undefined ? undefined : { text, span: userSpan };
    const isPrivileged = one('privileged');
    const privileged =
      isPrivileged === undefined ? base?.privileged : isPrivileged.text === 'true' ? isPrivileged.span : undefined;
    const devices = list('devices', (entry) => this.#device(entry));
    const mounts = list('volumes', (entry) => this.#mount(entry));
    const groups = list<Said>('group_add', said);
    return {
      name,
      span: this.#span(this.#key(services, name)),
      devices: [...(base?.devices ?? []), ...devices],
      mounts: [...(base?.mounts ?? []), ...mounts],
      isClosed: true,
      rules: [...(base?.rules ?? []), ...rules],
      privileged,
      user: part(user) ?? base?.user,
      group: part(groupOf) ?? (part(user) === undefined ? base?.group : undefined),
      groups: [...(base?.groups ?? []), ...groups],
      namespace: { kind: 'host' },
      unread: [...(base?.unread ?? []), ...this.#unread.slice(before)],
    };
  }

  #key(map: YAMLMap, name: string): Node | undefined {
    const pair = map.items.find(({ key }) => isScalar(key) && key.value === name);
    return isScalar(pair?.key) ? pair.key : undefined;
  }

  /** The service that `extends` names; one of another file is not shown. */
  #base(services: YAMLMap, map: YAMLMap | undefined, depth: number): Container | undefined {
    const node = this.get(map, 'extends');
    const name = isMap(node) ? this.#said(this.get(node, 'service')) : this.#said(node);
    if (name === undefined || depth > 8) return undefined;
    const file = isMap(node) ? this.get(node, 'file') : undefined;
    if (file === undefined && this.get(services, name.text) !== undefined)
      return this.service(services, name.text, depth + 1);
    this.#unread.push({ text: `it extends ${name.text} of another file`, span: name.span });
    return undefined;
  }
}
