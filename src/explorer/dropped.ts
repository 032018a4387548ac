/** What the dropped files are, told from their content. */
import { gunzipSync } from 'fflate';
import { readTar } from '../image/tar.js';

/** `log` is everything that only `diagnose` reads. */
export type Kind = 'dtb' | 'config' | 'profile' | 'kernel' | 'boot-log' | 'log';

export interface Dropped {
  /** Path below the working directory of the page. */
  readonly name: string;
  readonly kind: Kind;
  readonly bytes: Uint8Array;
}

/** A log of a serial console is smaller; what is larger is an image by mistake. */
const MAX_BYTES = 16 << 20;

const startsWith = (bytes: Uint8Array, ...magic: readonly number[]) => magic.every((one, i) => bytes[i] === one);

function kindOf(bytes: Uint8Array): Kind {
  if (startsWith(bytes, 0xd0, 0x0d, 0xfe, 0xed)) return 'dtb';
  const text = new TextDecoder().decode(bytes);
  if (
    /^\s*(?:\/\/.*\s*)*\{/.test(text) &&
    /"version"\s*:\s*1\b/.test(text) &&
    /"(?:regions|heaps|extends)"\s*:/.test(text)
  )
    return 'profile';
  if (/^\s*\{/.test(text) && /"release"\s*:/.test(text) && /"heaps"\s*:/.test(text)) return 'kernel';
  const options = text.match(/^(?:# )?CONFIG_\w+(?:=| is not set)/gm)?.length ?? 0;
  if (options > 20) return 'config';
  return /^(?:.*\] )?(?:Memory: \d+K\/\d+K available|Booting Linux on physical CPU)/m.test(text) ? 'boot-log' : 'log';
}

/** A path without what would lead out of the working directory. */
const safe = (name: string) =>
  name
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .join('/') || 'file';

/**
 * @param name as the browser gives it
 * @returns more than one file for an archive
 * @throws Error with the reason when it cannot be read
 */
export function dropped(name: string, given: Uint8Array): Dropped[] {
  if (given.length > MAX_BYTES) throw new Error(`${name}: larger than ${MAX_BYTES >> 20} MiB`);
  const bytes = startsWith(given, 0x1f, 0x8b) ? gunzipSync(given) : given;
  const tree = readTar((offset, length) => bytes.subarray(offset, offset + length), bytes.length);
  if (tree === undefined) return [{ name: safe(name), kind: kindOf(bytes), bytes }];
  const walk = (below: string): Dropped[] =>
    tree.list(below).flatMap((one) => {
      const path = below === '' ? one : `${below}/${one}`;
      const member = tree.entry(path);
      if (member?.kind === 'directory') return walk(path);
      const content = member?.kind === 'file' ? tree.bytes(path) : undefined;
      return content === undefined
        ? []
        : [{ name: `${safe(name)}/${safe(path)}`, kind: kindOf(content), bytes: content }];
    });
  return walk('');
}
