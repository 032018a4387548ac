/**
 * The words of a tree's files, each one a number: looked up by its bytes, so that reading a tree makes no text of what
 * it has met before. Keywords come first; a word's number is its keyword's when it is one.
 */

/** Keywords by number; the number 0 is none. */
export const KEYWORDS = [
  '',
  ...['config', 'menuconfig', 'choice', 'endchoice', 'menu', 'endmenu', 'if', 'endif', 'source', 'comment', 'mainmenu'],
  ...['bool', 'tristate', 'int', 'hex', 'string', 'def_bool', 'def_tristate', 'prompt', 'default', 'select', 'imply'],
  ...['range', 'depends', 'on', 'visible', 'help', 'optional', 'option', 'modules', 'defconfig_list', 'allnoconfig_y'],
  'transitional',
] as const;
export type Keyword = Exclude<(typeof KEYWORDS)[number], ''>;

/** A word's number. */
export type Word = number;

/** First value of the hash that conf orders its symbols by (FNV-1a). */
export const HASH_START = 0x811c9dc5 | 0;
export const HASH_FACTOR = 0x01000193;

export class Words {
  /** Up to here words are keywords. */
  readonly keywords = KEYWORDS.length - 1;
  /** conf's hash of each word. */
  hashes: Int32Array = new Int32Array(1 << 16);
  count = 1;
  private slots: Int32Array = new Int32Array(1 << 17);
  /** Where each word's bytes start; they end where the next one's start. */
  private starts: Int32Array = new Int32Array(1 << 16);
  private bytes = Buffer.allocUnsafeSlow(1 << 20);

  /** @param known the keywords there are; the others are words like any other */
  constructor(known: ReadonlySet<string>) {
    // A keyword the tree does not know keeps its number, under a name that cannot be written.
    for (const keyword of KEYWORDS.slice(1)) this.of(known.has(keyword) ? keyword : `\0${keyword}`);
  }

  /** The word between two offsets, whose hash the caller has computed on the way. */
  intern(from: Uint8Array, start: number, end: number, hash: number): Word {
    const { slots, starts, hashes, bytes } = this;
    const mask = slots.length - 1;
    const length = end - start;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const word = slots[slot] as number;
      if (word === 0) return this.add(slot, from, start, end, hash);
      if (hashes[word] === hash) {
        let at = starts[word] as number;
        if ((starts[word + 1] as number) - at === length) {
          let i = start;
          while (i < end && from[i] === bytes[at]) {
            i++;
            at++;
          }
          if (i === end) return word;
        }
      }
      slot = (slot + 1) & mask;
    }
  }

  of(text: string): Word {
    const bytes = Buffer.from(text, 'latin1');
    return this.intern(bytes, 0, bytes.length, hashOf(bytes));
  }

  text(word: Word): string {
    return this.bytes.toString('latin1', this.starts[word], this.starts[word + 1]);
  }

  /** The texts of all words, by their numbers. */
  texts(): string[] {
    const { starts, count } = this;
    const all = this.bytes.toString('latin1', 0, starts[count]);
    const texts = [''];
    for (let word = 1; word < count; word++) texts.push(all.slice(starts[word], starts[word + 1]));
    return texts;
  }

  private add(slot: number, from: Uint8Array, start: number, end: number, hash: number): Word {
    const word = this.count++;
    const at = this.starts[word] as number;
    if (at + end - start > this.bytes.length)
      this.bytes = Buffer.concat([this.bytes], Math.max(this.bytes.length * 2, at + end - start));
    for (let i = start; i < end; i++) this.bytes[at + i - start] = from[i] as number;
    this.starts[word + 1] = at + end - start;
    this.hashes[word] = hash;
    this.slots[slot] = word;
    if (word + 2 === this.hashes.length) this.grow();
    return word;
  }

  private grow(): void {
    const size = this.hashes.length * 2;
    this.hashes = copyOf(this.hashes, size);
    this.starts = copyOf(this.starts, size);
    const slots = new Int32Array(size * 2);
    for (let word = 1; word < this.count; word++) {
      const hash = this.hashes[word] as number;
      let slot = (hash ^ (hash >>> 15)) & (slots.length - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = word;
    }
    this.slots = slots;
  }
}

/** A longer copy; what is new is 0. */
export function copyOf(array: Int32Array, length: number): Int32Array {
  const longer = new Int32Array(length);
  longer.set(array);
  return longer;
}

/** conf's hash of a text, whose bytes it takes as signed. */
export function hashOf(bytes: Uint8Array): number {
  let hash = HASH_START;
  for (const byte of bytes) hash = Math.imul(hash ^ ((byte << 24) >> 24), HASH_FACTOR);
  return hash;
}
