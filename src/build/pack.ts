/**
 * Packs the texts of the static verifier: every string literal of the preprocessed sources goes into one deflated pool, and a place in the
 * pool is where it was (native/core/unpack.h). The program unpacks the pool when it starts.
 */
import { constants, deflateRawSync } from 'node:zlib';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', "'": "'", '\\': '\\' };

/** The bytes of a C string literal without its quotes, as latin1. */
export function unescapeLiteral(text: string): string {
  return text.replaceAll(/\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))/gs, (_, hex, octal, other: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    const known = ESCAPES[other];
    if (known === undefined) throw new Error(`a literal has the escape \\${other}, which is not packed`);
    return known;
  });
}

/** A literal, a character constant, a line marker of the preprocessor, or anything else of one character. */
const TOKEN = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|^# \d+ "[^"\n]*".*$|[\s\S]/gm;
const MARKER = /^# \d+ "([^"\n]*)"/;
/** What initialises an array, or is measured, must stay what it is. */
const STAYS = /(?:\]\s*=|sizeof\s*\(?|")\s*$/;

interface Piece {
  readonly file: number;
  readonly text: string;
  /** Bytes of a literal that is packed. */
  readonly literal?: string;
}

function pieces(file: number, source: string, isOurs: (file: string) => boolean): Piece[] {
  const found: Piece[] = [];
  let ours = false;
  let text = '';
  let between = '';
  let literal: string | undefined;
  const flush = () => {
    if (literal !== undefined) {
      found.push({ file, text, literal });
      text = '';
      literal = undefined;
    }
    text += between;
    between = '';
  };
  for (const [token] of source.matchAll(TOKEN)) {
    const marker = MARKER.exec(token);
    if (marker) ours = isOurs(marker[1] ?? '');
    if (ours && token.startsWith('"') && !(literal === undefined && STAYS.test(text.slice(-40)))) {
      literal = (literal ?? '') + unescapeLiteral(token.slice(1, -1));
      between = '';
    } else if (literal !== undefined && (marker || /^\s$/.test(token))) {
      between += token;
    } else {
      flush();
      text += token;
    }
  }
  flush();
  found.push({ file, text });
  return found;
}

export interface Packed {
  /** In the order of the input. */
  readonly sources: readonly string[];
  /** The translation unit that holds the pool. */
  readonly pool: string;
}

/**
 * @param sources as the preprocessor leaves them, with line markers
 * @param isOurs whether a file, as the markers name it, is one whose literals are packed
 */
export function packTexts(sources: readonly string[], isOurs: (file: string) => boolean): Packed {
  const all = sources.flatMap((source, i) => pieces(i, source, isOurs));
  const texts = [...new Set(all.flatMap(({ literal }) => (literal === undefined ? [] : [literal])))];
  // a text that ends another one is not stored again
  let pool = '';
  for (const text of texts.toSorted((a, b) => b.length - a.length))
    if (!pool.includes(`${text}\0`)) pool += `${text}\0`;
  const written = sources.map(() => 'extern char dh_pool[];\n');
  for (const { file, text, literal } of all)
    written[file] += literal === undefined ? text : `${text}(dh_pool+${pool.indexOf(`${literal}\0`)})`;
  const packed = deflateRawSync(Buffer.from(pool, 'latin1'), {
    level: 9,
    memLevel: 9,
    strategy: constants.Z_DEFAULT_STRATEGY,
  });
  const bytes = [...packed].join(',');
  return {
    sources: written,
    pool: `#include <stddef.h>\nchar dh_pool[${pool.length}];\nconst size_t dh_pool_bytes = ${pool.length};\nconst unsigned char dh_packed[] = {${bytes}};\n`,
  };
}
