/** What the engine uses of `node:crypto`, for a browser: its own interface there is asynchronous. */
import { sha256 } from '@noble/hashes/sha2.js';

/** @param algorithm only `sha256` */
export function createHash(algorithm: string) {
  if (algorithm !== 'sha256') throw new Error(`${algorithm} is not available in a browser`);
  const hash = sha256.create();
  const made = {
    update(data: string | Uint8Array) {
      hash.update(typeof data === 'string' ? new TextEncoder().encode(data) : data);
      return made;
    },
    digest: (encoding: 'hex') => Buffer.from(hash.digest()).toString(encoding),
  };
  return made;
}

/** `crypto.randomUUID` is there only for pages that came over HTTPS. */
export function randomUUID(): string {
  const hex = Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(16))).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
