/**
 * Trees kept between runs. A kept tree is used as long as the environment, the answers of the probes and the contents
 * of all its files are the same; a file whose size and times are those of the last look is not read again.
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../../diagnostic/index.js';
import { type KconfigTree, packTree, unpackTree } from '../../kconfig/index.js';
import { Store } from './store.js';

export interface KeptTree {
  readonly tree: KconfigTree;
  readonly diagnostics: readonly Diagnostic[];
}

interface Meta {
  /** What the tree was kept for; the file's name only abridges it. */
  readonly key: string;
  /** Digest over the contents of all files, in order. */
  readonly contents: string;
  /** Of each file its size, and when its contents and its inode changed; -1 for one that is not there. */
  readonly stamps: readonly number[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Files that decide the dialect count like the Kconfig files. */
const DIALECT_FILES = [
  'lexer.l',
  'parser.y',
  'menu.c',
  'symbol.c',
  'expr.c',
  'expr.h',
  'internal.h',
  'confdata.c',
  'conf.c',
];
/** Two changes within a tick of the file system's clock leave the same time, so a file must have rested this long. */
const REST_MILLIS = 2000;

export class TreeCache {
  readonly #directory: string;
  readonly #key: string;
  readonly #store: Store;
  readonly #name: string;
  /** When the caller began to read the tree. */
  readonly #opened = Date.now();

  /** @param key what besides the directory tells trees apart that are to be kept side by side */
  constructor(root: string, directory: string, key: readonly string[]) {
    this.#directory = directory;
    this.#key = [directory, ...key].join('\n');
    this.#store = new Store(path.join(root, 'kconfig'));
    this.#name = `${abridged(this.#key)}.bin`;
  }

  /**
   * The kept tree, if everything it was made from is what it was.
   * @param answer answers probes; absent when they were assumed
   */
  read(
    environment: Readonly<Record<string, string | undefined>>,
    answer: ((command: string) => string | undefined) | undefined,
  ): KeptTree | undefined {
    try {
      const kept = this.#store.read(this.#name);
      const unpacked = kept && unpackTree(kept);
      if (!unpacked) return undefined;
      const { tree } = unpacked;
      const meta = unpacked.meta as Meta;
      if (meta.key !== this.#key) return undefined;
      for (const [name, value] of tree.environment) if (environment[name] !== value) return undefined;
      if (answer) for (const [command, known] of tree.probes) if (answer(command) !== known) return undefined;
      const { diagnostics } = meta;
      if (!this.#isAsStamped(tree.files, meta.stamps)) {
        const stamps = this.#stamps(tree.files);
        if (contentsOf(this.#directory, tree.files) !== meta.contents) return undefined;
        if (stamps) this.#save(tree, { ...meta, stamps });
      }
      return { tree, diagnostics };
    } catch {
      // Missing, of an older version, or broken off: the tree is read again and the file replaced.
      return undefined;
    }
  }

  write(tree: KconfigTree, diagnostics: readonly Diagnostic[]): void {
    try {
      const stamps = this.#stamps(tree.files);
      if (!stamps) return;
      const contents = contentsOf(this.#directory, tree.files);
      if (contents !== undefined) this.#save(tree, { key: this.#key, contents, stamps, diagnostics });
    } catch {
      // A cache that cannot be written costs time, nothing else.
    }
  }

  #save(tree: KconfigTree, meta: Meta): void {
    this.#store.write(this.#name, packTree(tree, meta));
  }

  #paths(files: readonly string[]): string[] {
    const kconfig = files.map((file) => (path.isAbsolute(file) ? file : `${this.#directory}/${file}`));
    return [...kconfig, ...DIALECT_FILES.map((file) => `${this.#directory}/scripts/kconfig/${file}`)];
  }

  /** @returns undefined when a file has changed since, or shortly before, the tree was read */
  #stamps(files: readonly string[]): number[] | undefined {
    const stamps: number[] = [];
    for (const file of this.#paths(files)) {
      const found = statSync(file, { throwIfNoEntry: false });
      if (found && found.ctimeMs > this.#opened - REST_MILLIS) return undefined;
      stamps.push(found?.size ?? -1, found?.mtimeMs ?? -1, found?.ctimeMs ?? -1);
    }
    return stamps;
  }

  #isAsStamped(files: readonly string[], stamps: readonly number[]): boolean {
    let at = 0;
    for (const file of this.#paths(files)) {
      const found = statSync(file, { throwIfNoEntry: false });
      if (found === undefined ? stamps[at] !== -1 : found.size !== stamps[at]) return false;
      if (found && (found.mtimeMs !== stamps[at + 1] || found.ctimeMs !== stamps[at + 2])) return false;
      at += 3;
    }
    return at === stamps.length;
  }
}

/** Digest of the files a tree was read from, in this order, and of those that decide its dialect; undefined when one is gone. */
export function contentsOf(directory: string, files: readonly string[]): string | undefined {
  // Fetched on use: a kept tree whose stamps hold does without.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = bytesOf(path.resolve(directory, file));
    if (!bytes) return undefined;
    hash.update(`${bytes.length}\n`);
    hash.update(bytes);
  }
  for (const file of DIALECT_FILES) hash.update(bytesOf(path.join(directory, 'scripts/kconfig', file)) ?? 'absent');
  return hash.digest('hex');
}

function bytesOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** A name for a file; that it is the right one is checked in the file. */
function abridged(key: string): string {
  let [a, b] = [0x811c9dc5, 0x1234567];
  for (let i = 0; i < key.length; i++) {
    a = Math.imul(a ^ key.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ key.charCodeAt(i), 0x85ebca6b) ^ (b >>> 13);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
