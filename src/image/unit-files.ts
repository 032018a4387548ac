/**
 * systemd's unit files as the service manager loads them: search path, aliases, templates with their instances, and
 * drop-ins of the unit, its template, its prefixes and its type. Source: systemd.unit(5).
 */
import type { SourceText } from '../source/index.js';
import { type Image, TOPS } from './tree.js';

/** Directories of system units by precedence. */
const SEARCH = [
  'etc/systemd/system.control',
  'etc/systemd/system',
  'etc/systemd/system.attached',
  ...TOPS.filter((top) => top.includes('lib')).map((top) => `${top}/systemd/system`),
];

export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly source: SourceText;
  readonly offset: number;
  readonly length: number;
}

export interface Unit {
  /** With the instance: `player@1.service`. */
  readonly name: string;
  /** Path of the unit itself in the image. */
  readonly path: string;
  /** Settings in the order in which they count, drop-ins after the unit. */
  readonly settings: readonly Setting[];
}

/** Instances of a template that nothing names are judged by this one. */
const ANY_INSTANCE = 'any';

export class UnitFiles {
  readonly #image: Image;
  readonly #folders: readonly string[];

  constructor(image: Image) {
    this.#image = image;
    this.#folders = SEARCH.filter((folder) => image.isDirectory(folder));
  }

  /** Every unit of a type that can run: templates by their instances, masked ones left out. */
  all(type: string): Unit[] {
    const names = new Set<string>();
    const templates = new Set<string>();
    const suffix = `.${type}`;
    for (const folder of this.#folders)
      for (const name of this.#image.list(folder)) {
        const unit = name.endsWith('.d') ? name.slice(0, -2) : name;
        if (unit.endsWith(suffix)) this.#note(unit, names, templates);
        if (!/\.(?:wants|requires|upholds)$/.test(name)) continue;
        for (const wanted of this.#image.list(`${folder}/${name}`))
          if (wanted.endsWith(suffix)) this.#note(wanted, names, templates);
      }
    for (const template of templates) {
      const [prefix = ''] = template.split('@');
      const isNamed = [...names].some((name) => name.startsWith(`${prefix}@`));
      const instance = this.#defaultInstance(template) ?? (isNamed ? undefined : ANY_INSTANCE);
      if (instance !== undefined) names.add(template.replace('@.', `@${instance}.`));
    }
    return [...names].sort().flatMap((name) => this.load(name) ?? []);
  }

  #note(name: string, names: Set<string>, templates: Set<string>): void {
    if (/@\./.test(name)) templates.add(name);
    else if (name.includes('.')) names.add(name);
  }

  #defaultInstance(template: string): string | undefined {
    const path = this.#fragment(template);
    const text = path === undefined ? undefined : this.#image.text(path)?.text;
    return /^\s*DefaultInstance\s*=\s*(\S+)/m.exec(text ?? '')?.[1];
  }

  /** The file of a unit: its own, or that of its template. */
  #fragment(name: string): string | undefined {
    const candidates = name.includes('@') ? [name, name.replace(/@.*\./, '@.')] : [name];
    for (const candidate of candidates)
      for (const folder of this.#folders) {
        const path = `${folder}/${candidate}`;
        const entry = this.#image.lookAt(path);
        if (entry === undefined) continue;
        // A mask hides the files in the directories after it.
        if (this.#image.isMask(path) || this.#image.text(path)?.text === '') return undefined;
        if (this.#image.isFile(path)) return path;
      }
    return undefined;
  }

  /** The unit's own name, when the name is an alias: a link to another unit. */
  #target(path: string, name: string): string {
    const found = this.#image.find(path);
    const real = found?.real.replace(/^.*\//, '') ?? name;
    if (real === name || real === name.replace(/@.*\./, '@.')) return name;
    // An instance of an alias of a template is an instance of the template.
    const instance = /@(.*)\./.exec(name)?.[1];
    return instance === undefined ? real : real.replace('@.', `@${instance}.`);
  }

  /** @returns undefined for a unit that is masked, not there, or an alias, which is judged under its own name */
  load(name: string): Unit | undefined {
    const path = this.#fragment(name);
    if (path === undefined) return name.endsWith('.slice') ? this.#withoutFile(name) : undefined;
    if (this.#target(path, name) !== name) return undefined;
    const own = this.#image.text(path);
    if (own === undefined) return undefined;
    const dropIns = this.#dropIns(name, path).flatMap((file) => this.#image.text(file) ?? []);
    return { name, path, settings: [own, ...dropIns].flatMap(readSettings) };
  }

  /** systemd makes a slice that has no file; its drop-ins count all the same. */
  #withoutFile(name: string): Unit | undefined {
    if (this.#folders.some((folder) => this.#image.isMask(`${folder}/${name}`))) return undefined;
    const dropIns = this.#dropIns(name, name).flatMap((file) => this.#image.text(file) ?? []);
    return dropIns.length === 0 ? undefined : { name, path: name, settings: dropIns.flatMap(readSettings) };
  }

  /** Whether a unit is started with another one: a link to it lies in a folder .wants, .requires or .upholds. */
  isWanted(name: string): boolean {
    return this.#folders.some((folder) =>
      this.#image
        .list(folder)
        .some(
          (one) => /\.(?:wants|requires|upholds)$/.test(one) && this.#image.list(`${folder}/${one}`).includes(name),
        ),
    );
  }

  /** Names under which a unit is known: its own and its aliases, which are links to a file of its name in any directory. */
  #names(name: string, path: string): string[] {
    const base = path.replace(/^.*\//, '');
    const targets = new Set(
      this.#folders.flatMap((folder) => this.#image.resolve(folder) ?? []).map((one) => `${one}/${base}`),
    );
    const aliases = this.#folders.flatMap((folder) =>
      this.#image.list(folder).filter((other) => {
        if (other === base || !other.includes('.')) return false;
        return (
          this.#image.lookAt(`${folder}/${other}`)?.kind === 'link' &&
          targets.has(this.#image.resolve(`${folder}/${other}`) ?? '')
        );
      }),
    );
    const instance = /@(.+)\./.exec(name)?.[1];
    return [name, ...aliases.map((alias) => (instance === undefined ? alias : alias.replace('@.', `@${instance}.`)))];
  }

  #dropIns(name: string, path: string): string[] {
    const type = name.slice(name.lastIndexOf('.') + 1);
    const folders: string[] = [];
    for (const one of this.#names(name, path))
      for (const folder of this.#folders) folders.push(...foldersOf(one).map((dropIn) => `${folder}/${dropIn}`));
    // Those for the whole type come last, so that any other of the same name replaces them.
    folders.push(...this.#folders.map((folder) => `${folder}/${type}.d`));
    const chosen = new Map<string, string | undefined>();
    for (const folder of folders)
      for (const file of this.#image.list(folder)) {
        if (!file.endsWith('.conf') || file.startsWith('.') || chosen.has(file)) continue;
        const found = `${folder}/${file}`;
        if (this.#image.isMask(found)) chosen.set(file, undefined);
        else if (this.#image.isFile(found)) chosen.set(file, found);
      }
    return [...chosen].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).flatMap(([, file]) => file ?? []);
  }
}

/** `a-b@1.service` -> its own folder, those of its prefixes `a-`, and those of its template. */
function foldersOf(name: string): string[] {
  const [, prefix = '', instance, type = ''] = /^([^@]*)(@.*)?\.([^.]+)$/.exec(name) ?? [];
  const own = [`${name}.d`];
  if (instance !== undefined && instance !== '@') own.push(...foldersOf(`${prefix}@.${type}`));
  const stem = prefix.replace(/-$/, '');
  const cut = stem.lastIndexOf('-');
  if (cut < 0) return own;
  return [...own, ...foldersOf(`${stem.slice(0, cut + 1)}${instance ?? ''}.${type}`)];
}

/** The settings of a unit file. A line may go on after a backslash; comments between are left out. */
export function readSettings(source: SourceText): Setting[] {
  const settings: Setting[] = [];
  let section = '';
  let offset = 0;
  let open: { text: string; offset: number; end: number } | undefined;
  const close = () => {
    const line = open;
    open = undefined;
    if (line === undefined) return;
    const match = /^\s*([A-Za-z][\w-]*)\s*=\s*(.*?)\s*$/s.exec(line.text);
    if (match === null) return;
    const start = line.offset + (/^\s*/.exec(line.text)?.[0].length ?? 0);
    settings.push({
      section,
      key: match[1] as string,
      value: match[2] as string,
      source,
      offset: start,
      length: line.end - start,
    });
  };
  for (const raw of source.text.split('\n')) {
    const start = offset;
    offset += raw.length + 1;
    const line = raw.replace(/\r$/, '');
    const trimmed = line.trim();
    if (/^[#;]/.test(trimmed)) continue;
    const goesOn = /(?:^|[^\\])(?:\\\\)*\\$/.test(line);
    const text = goesOn ? `${line.slice(0, -1)} ` : line;
    open =
      open === undefined
        ? { text, offset: start, end: start + line.length }
        : { ...open, text: open.text + text, end: start + line.length };
    if (goesOn) continue;
    const header = /^\[([^\]]*)\]$/.exec(open.text.trim());
    if (header !== null) {
      section = header[1] as string;
      open = undefined;
    } else close();
  }
  close();
  return settings;
}
