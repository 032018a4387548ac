/** Ways to damage a device tree blob. */

/** mulberry32: small, seeded, the same everywhere. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const WORDS = [0, 1, 2, 3, 4, 9, 16, 17, 0x40, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

type Mutation = (bytes: Buffer, pick: (below: number) => number) => Buffer;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'bit flips': (bytes, pick) => {
    for (let n = 1 + pick(16); n > 0; n -= 1) {
      const at = pick(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << pick(8));
    }
    return bytes;
  },
  'header words': (bytes, pick) => {
    const field = 4 * (1 + pick(9));
    const other = bytes.readUInt32BE(4 * (1 + pick(9)));
    bytes.writeUInt32BE(pick(2) === 0 ? other : (WORDS[pick(WORDS.length)] as number), field);
    return bytes;
  },
  'structure words': (bytes, pick) => {
    const start = bytes.readUInt32BE(8);
    const cells = bytes.readUInt32BE(36) >> 2;
    for (let n = 1 + pick(4); n > 0; n -= 1) {
      const value = pick(2) === 0 ? (WORDS[pick(WORDS.length)] as number) : pick(bytes.length);
      bytes.writeUInt32BE(value, start + 4 * pick(cells));
    }
    return bytes;
  },
  truncated: (bytes, pick) => bytes.subarray(0, pick(bytes.length)),
  'truncated, size corrected': (bytes, pick) => {
    const cut = Buffer.from(bytes.subarray(0, 40 + pick(bytes.length - 40)));
    cut.writeUInt32BE(cut.length, 4);
    return cut;
  },
  'moved pieces': (bytes, pick) => {
    const length = 4 * (1 + pick(64));
    const from = 4 * pick((bytes.length - length) >> 2);
    const to = 4 * pick((bytes.length - length) >> 2);
    bytes.copy(bytes, to, from, from + length);
    return bytes;
  },
  'no-ops': (bytes, pick) => {
    const start = bytes.readUInt32BE(8);
    const cells = bytes.readUInt32BE(36) >> 2;
    const from = pick(cells);
    for (let i = from; i < Math.min(cells, from + pick(32)); i += 1) bytes.writeUInt32BE(4, start + 4 * i);
    return bytes;
  },
  'deep nesting': (bytes, pick) => {
    const start = bytes.readUInt32BE(8);
    const levels = pick((bytes.readUInt32BE(36) >> 3) - 1);
    for (let i = 0; i < levels; i += 1) {
      bytes.writeUInt32BE(1, start + 8 * i);
      bytes.writeUInt32BE(0, start + 8 * i + 4);
    }
    return bytes;
  },
  'many empty properties': (bytes, pick) => {
    const start = bytes.readUInt32BE(8) + 8;
    const many = Math.floor((bytes.readUInt32BE(36) - 20) / 12);
    const names = bytes.readUInt32BE(32);
    for (let i = 0; i < many; i += 1) {
      bytes.writeUInt32BE(3, start + 12 * i);
      bytes.writeUInt32BE(0, start + 12 * i + 4);
      bytes.writeUInt32BE(pick(names), start + 12 * i + 8);
    }
    bytes.writeUInt32BE(2, start + 12 * many);
    bytes.writeUInt32BE(9, start + 12 * many + 4);
    return bytes;
  },
  'names and text': (bytes, pick) => {
    const start = bytes.readUInt32BE(12);
    for (let n = 1 + pick(32); n > 0; n -= 1)
      bytes[start + pick(bytes.readUInt32BE(32))] = pick(3) === 0 ? 0 : pick(256);
    return bytes;
  },
};

/** A damaged copy, and what was done to it. */
export function mutated(original: Uint8Array, pick: (below: number) => number): { bytes: Buffer; applied: string[] } {
  const kinds = Object.entries(MUTATIONS);
  const applied: string[] = [];
  let bytes: Buffer = Buffer.from(original);
  for (let n = pick(4) === 0 ? 2 : 1; n > 0; n -= 1) {
    const [name, mutate] = kinds[pick(kinds.length)] as [string, Mutation];
    applied.push(name);
    try {
      bytes = mutate(bytes, pick);
    } catch {
      // A second mutation may meet a header that the first one broke.
    }
  }
  return { bytes, applied };
}
