/**
 * Knowledge of kernel trees kept between runs. Kept knowledge is used as long as every file and directory that the reader
 * asked for, present or not, has the size and times of then, and the program is the one that read them.
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import type { KernelKnowledge } from '../../knowledge/index.js';
import { abridged, isAsStamped, stampsOf } from './stamps.js';
import { Store } from './store.js';

interface Kept {
  readonly key: string;
  readonly paths: readonly string[];
  readonly stamps: readonly number[];
  readonly knowledge: KernelKnowledge;
}

const PROGRAM = fileURLToPath(import.meta.url);

export class KnowledgeCache {
  readonly #key: string;
  readonly #store: Store;
  readonly #program: string;
  /** When the caller began to read the tree. */
  readonly #opened = Date.now();

  /**
   * @param key all that decides the knowledge beside the files that are read
   * @param program the file whose change makes what it once read worthless
   */
  constructor(root: string, key: readonly string[], program = PROGRAM) {
    this.#key = createHash('sha256').update(JSON.stringify(key)).digest('hex');
    this.#store = new Store(`${root}/knowledge`);
    this.#program = program;
  }

  read(): KernelKnowledge | undefined {
    try {
      const bytes = this.#store.read(this.#name);
      if (bytes === undefined) return undefined;
      const kept: Kept = deserialize(bytes);
      return kept.key === this.#key && isAsStamped(kept.paths, kept.stamps) ? kept.knowledge : undefined;
    } catch {
      // Broken off, or of another Node: the tree is read again and the file replaced.
      return undefined;
    }
  }

  /** @param asked each file and directory that the reader asked for */
  write(knowledge: KernelKnowledge, asked: Iterable<string>): void {
    const paths = [this.#program, ...new Set(asked)];
    const stamps = stampsOf(paths, this.#opened);
    if (stamps === undefined) return;
    const kept: Kept = { key: this.#key, paths, stamps, knowledge };
    this.#store.write(this.#name, serialize(kept));
  }

  get #name(): string {
    return `${abridged(this.#key)}.bin`;
  }
}

/** Run from its sources, the program has no one file that tells whether it changed. */
export const isOneFile = !PROGRAM.endsWith('.ts');
