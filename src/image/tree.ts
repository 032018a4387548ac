/** An image as a machine at rest: one tree of files, whatever it was read from. */
import { SourceText } from '../source/index.js';

export type EntryKind = 'file' | 'directory' | 'link' | 'character' | 'block' | 'other';

export interface Entry {
  readonly kind: EntryKind;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Where a link leads, as written. */
  readonly target?: string;
}

/** What a reader gives. Paths are below the root, without a leading slash; '' is the root. No link is followed. */
export interface ImageSource {
  entry(path: string): Entry | undefined;
  /** Names in a directory, in any order. */
  list(path: string): readonly string[];
  /** Content of a regular file. */
  bytes(path: string): Uint8Array | undefined;
}

/** A file as found: `path` is how it was asked for, `real` where it lies. */
export interface Found {
  readonly path: string;
  readonly real: string;
  readonly entry: Entry;
}

/** A configuration file larger than this is not one. */
const MAX_TEXT_BYTES = 4 << 20;
const MAX_LINKS = 40;
/** A link to it masks a file, and /dev of an image is empty. */
const NULL = 'dev/null';

export class Image {
  /** How the root is called in findings. */
  readonly shown: string;
  readonly #source: ImageSource;
  readonly #texts = new Map<string, SourceText | undefined>();
  readonly #directories = new Map<string, string | undefined>();

  constructor(source: ImageSource, shown: string) {
    this.#source = source;
    this.shown = shown;
  }

  /** Texts that were read, by the name that findings use. */
  get sources(): ReadonlyMap<string, SourceText> {
    const read = [...this.#texts.values()].filter((one) => one !== undefined);
    return new Map(read.map((one) => [one.file, one]));
  }

  /** How findings name a path. */
  name(path: string): string {
    return `${this.shown.replace(/\/$/, '')}/${path}`;
  }

  /** The path that a path leads to, with links followed inside the image only; undefined: nowhere. */
  resolve(path: string): string | undefined {
    const cut = path.lastIndexOf('/');
    const directory = cut < 0 ? '' : this.#directory(path.slice(0, cut));
    return directory === undefined ? undefined : this.#walk(directory, path.slice(cut + 1));
  }

  #directory(path: string): string | undefined {
    if (!this.#directories.has(path)) this.#directories.set(path, this.#walk('', path));
    return this.#directories.get(path);
  }

  #walk(from: string, path: string): string | undefined {
    let at = from === '' ? [] : from.split('/');
    let parts = path.split('/');
    for (let links = 0; parts.length > 0; ) {
      const [part = '', ...rest] = parts;
      parts = rest;
      if (part === '' || part === '.') continue;
      if (part === '..') {
        at = at.slice(0, -1);
        continue;
      }
      const here = [...at, part].join('/');
      const entry = this.#source.entry(here);
      if (entry === undefined) return here === NULL || (here === 'dev' && rest.join('/') === 'null') ? NULL : undefined;
      if (entry.kind !== 'link') {
        at.push(part);
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) return undefined;
      const target = entry.target ?? '';
      if (target.startsWith('/')) at = [];
      parts = [...target.split('/'), ...parts];
    }
    return at.join('/');
  }

  /** The entry that a path leads to, with links followed. */
  find(path: string): Found | undefined {
    const real = this.resolve(path);
    if (real === undefined) return undefined;
    const entry = real === '' ? this.#source.entry('') : this.#source.entry(real);
    return entry === undefined ? undefined : { path, real, entry };
  }

  /** The entry at a path itself: a link is not followed. */
  lookAt(path: string): Entry | undefined {
    const cut = path.lastIndexOf('/');
    const directory = cut < 0 ? '' : this.#directory(path.slice(0, cut));
    if (directory === undefined) return undefined;
    return this.#source.entry(directory === '' ? path.slice(cut + 1) : `${directory}/${path.slice(cut + 1)}`);
  }

  isFile(path: string): boolean {
    return this.find(path)?.entry.kind === 'file';
  }

  isDirectory(path: string): boolean {
    return this.find(path)?.entry.kind === 'directory';
  }

  /** A link to /dev/null: how udev and systemd mask a file of the same name elsewhere. */
  isMask(path: string): boolean {
    return this.lookAt(path)?.kind === 'link' && this.resolve(path) === NULL;
  }

  /** Names in a directory, sorted by their bytes; empty where there is none. */
  list(path: string): readonly string[] {
    const real = path === '' ? '' : this.resolve(path);
    if (real === undefined || (real !== '' && this.#source.entry(real)?.kind !== 'directory')) return [];
    return [...this.#source.list(real)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  bytes(path: string): Uint8Array | undefined {
    const found = this.find(path);
    return found?.entry.kind === 'file' ? this.#source.bytes(found.real) : undefined;
  }

  /** Text of a file; undefined for what is not a file, is not text, or is too large for a configuration. */
  text(path: string): SourceText | undefined {
    if (!this.#texts.has(path)) this.#texts.set(path, this.#read(path));
    return this.#texts.get(path);
  }

  #read(path: string): SourceText | undefined {
    const found = this.find(path);
    if (found?.entry.kind !== 'file' || found.entry.sizeBytes > MAX_TEXT_BYTES) return undefined;
    const bytes = this.#source.bytes(found.real);
    if (bytes === undefined || machineOf(bytes) !== undefined) return undefined;
    return new SourceText(this.name(path), new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  }

  /** `e_machine` of an ELF file; undefined for anything else. */
  machine(path: string): number | undefined {
    const bytes = this.bytes(path);
    return bytes === undefined ? undefined : machineOf(bytes);
  }
}

function machineOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < 20 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(18, bytes[5] === 1);
}

export interface ConfigFile {
  /** Name by which it is ordered, and by which it replaces or masks others. */
  readonly name: string;
  readonly path: string;
  readonly source: SourceText;
}

/**
 * Directories of the configuration of udev and systemd, the first has precedence. /run of an image does not count: at
 * boot an empty tmpfs is mounted over it. Source: mount_table of systemd's mount-setup.c.
 */
export const TOPS = ['etc', 'usr/local/lib', 'usr/lib', 'lib'] as const;

/**
 * Files of `FOLDER.d` as systemd's programs read them: sorted by name whatever the directory, one of each name, the
 * first directory wins; an empty file or a link to /dev/null masks.
 * @param folders directories by precedence
 */
export function configFiles(image: Image, folders: readonly string[], suffix: string): ConfigFile[] {
  const chosen = new Map<string, ConfigFile | undefined>();
  for (const folder of folders)
    for (const name of image.list(folder)) {
      if (chosen.has(name) || name.startsWith('.') || !name.endsWith(suffix)) continue;
      const path = `${folder}/${name}`;
      if (image.isMask(path)) {
        chosen.set(name, undefined);
        continue;
      }
      const source = image.text(path);
      // A link that leads nowhere is passed over, and the next directory's file counts.
      if (source !== undefined) chosen.set(name, { name, path, source });
    }
  return [...chosen.values()]
    .filter((one) => one !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

export const configFolders = (folder: string): string[] => TOPS.map((top) => `${top}/${folder}`);

/** Release of systemd in an image, by the name of its library; undefined: it is not there. */
export function systemdOf(image: Image): number | undefined {
  const folders = ['usr/lib', 'lib'].flatMap((top) =>
    [
      top,
      ...image
        .list(top)
        .filter((name) => name.includes('-linux-'))
        .map((name) => `${top}/${name}`),
    ].map((folder) => `${folder}/systemd`),
  );
  for (const folder of folders)
    for (const name of image.list(folder)) {
      const release = /^libsystemd-(?:shared|core)-(\d+)/.exec(name)?.[1];
      if (release !== undefined) return Number(release);
    }
  return undefined;
}
