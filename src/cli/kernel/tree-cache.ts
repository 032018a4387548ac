/**
 * Trees kept between runs. A kept tree is used as long as the environment, the answers of the probes and the contents
 * of all its files are the same; a file whose size and times are those of the last look is not read again.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../../diagnostic/index.js';
import { type KconfigTree, packTree, unpackTree } from '../../kconfig/index.js';
import { abridged, isAsStamped, stampsOf } from './stamps.js';
import { Store } from './store.js';

export interface KeptTree {
  readonly tree: KconfigTree;
  readonly diagnostics: readonly Diagnostic[];
  /** As {@link contentsOf} gives it. */
  readonly contents: string;
}

interface Meta {
  /** What the tree was kept for; the file's name only abridges it. */
  readonly key: string;
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

export class TreeCache {
  readonly #directory: string;
  readonly #key: string;
  readonly #store: Store;
  readonly #name: string;
  /** When the caller began to read the tree. */
  readonly #opened = Date.now();

  /** @param key what distinguishes trees of one directory in the cache */
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
      if (!isAsStamped(this.#paths(tree.files), meta.stamps)) {
        const stamps = stampsOf(this.#paths(tree.files), this.#opened);
        if (contentsOf(this.#directory, tree.files) !== meta.contents) return undefined;
        if (stamps) this.#save(tree, { ...meta, stamps });
      }
      return { tree, diagnostics, contents: meta.contents };
    } catch {
      // Missing, of an older version, or broken off: the tree is read again and the file replaced.
      return undefined;
    }
  }

  /** @returns the digest of the contents, where it was computed */
  write(tree: KconfigTree, diagnostics: readonly Diagnostic[]): string | undefined {
    try {
      const stamps = stampsOf(this.#paths(tree.files), this.#opened);
      if (!stamps) return undefined;
      const contents = contentsOf(this.#directory, tree.files);
      if (contents !== undefined) this.#save(tree, { key: this.#key, contents, stamps, diagnostics });
      return contents;
    } catch {
      // A cache that cannot be written costs time, nothing else.
      return undefined;
    }
  }

  #save(tree: KconfigTree, meta: Meta): void {
    this.#store.write(this.#name, packTree(tree, meta));
  }

  #paths(files: readonly string[]): string[] {
    const kconfig = files.map((file) => (path.isAbsolute(file) ? file : `${this.#directory}/${file}`));
    return [...kconfig, ...DIALECT_FILES.map((file) => `${this.#directory}/scripts/kconfig/${file}`)];
  }
}

/** Digest of the files a tree was read from, in the order of their names, and of those that decide its dialect; undefined when one does not exist. */
export function contentsOf(directory: string, files: readonly string[]): string | undefined {
  // Fetched on use: a kept tree whose stamps hold does without.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256');
  for (const file of [...files].sort()) {
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
