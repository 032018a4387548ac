/**
 * The program behind the launcher in the one file: a comment until a command runs. As code it would be parsed at every
 * start, as a string literal it would be copied and hashed.
 *
 * Its compiled form is kept between runs, since V8 would spend a third of a start on it. Node's own compile cache does not
 * see a program that Node does not load.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { Store, userCacheDirectory } from './kernel/store.js';

const BEGIN = '\n/*! PROGRAM\n';
const END = '*/';
/** Regular expressions may end in what ends a comment. */
const END_INSIDE = '*\u0001/';
/** One has 2 MiB; a few releases and Nodes find room. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** @param text a program in CommonJS, in ASCII */
export function asleep(text: string): string {
  return BEGIN + text.replaceAll(END, END_INSIDE) + END;
}

/**
 * Runs the program of this file.
 * @param url of the file, as `import.meta.url`
 * @param digest of the program: V8 itself compares only the length of a text with its compiled form
 * @returns the exports, and what keeps the compiled form after a command has run and its functions are compiled
 */
export function awaken(url: string, digest: string): { exports: unknown; keep: () => void } {
  const filename = fileURLToPath(url);
  const file = readFileSync(filename, 'latin1');
  // The launcher holds the mark as well.
  const begin = file.lastIndexOf(BEGIN) + BEGIN.length;
  const text = file.slice(begin, file.indexOf(END, begin)).replaceAll(END_INSIDE, END);
  const directory = userCacheDirectory(process.env);
  const store = directory === undefined ? undefined : new Store(`${directory}/program`, MAX_KEPT_BYTES);
  const name = `${digest}-${process.version}-${process.arch}`;
  const kept = store?.read(name);
  const script = new Script(`(function (module, exports, importMetaUrl) {${text}\n})`, {
    filename,
    ...(kept === undefined ? {} : { cachedData: kept }),
  });
  const made = { exports: {} };
  (script.runInThisContext() as (...given: unknown[]) => void)(made, made.exports, url);
  const isKept = kept !== undefined && script.cachedDataRejected === false;
  return { exports: made.exports, keep: () => isKept || store?.write(name, script.createCachedData()) };
}
