/**
 * The program behind the launcher in the one file: a comment until a command runs, in parts of which each command reads its
 * own. As code it would be parsed at every start, as one text it would be read and copied at every start. Packed, it is a
 * third of its size, which Node's loader reads and decodes even for `--version`.
 *
 * What a command has read is kept between runs together with its compiled form, since V8 would spend a third of a start on
 * it. Node's own compile cache does not see a program that Node does not load.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { Store, userCacheDirectory } from './kernel/store.js';

const BEGIN = '\n/*! PROGRAM\n';
const END = '\n*/';
/** All commands have about 40 MiB: with less, two releases or Nodes beside each other would remove each other's. */
const MAX_KEPT_BYTES = 160 * 1024 * 1024;

/**
 * A run compiles the functions that it calls, and one that ends with an error calls few. What the first runs of a command
 * compile is kept together, and later that of one run in sixteen, since all of the first may have ended early.
 */
const LEARNT_RUNS = 4;
const LEARNT_LATER = 1 / 16;

/** @param parts module name -> its text, in CommonJS and in ASCII */
export function asleep(parts: ReadonlyMap<string, string>): string {
  const lines = [...parts].map(([name, text]) => `${name} ${brotliCompressSync(text).toString('base64')}`);
  return `${BEGIN}${lines.join('\n')}${END}`;
}

/** A part as it is kept; its text is what V8 compiled, with which the compiled form belongs together. */
interface Kept {
  readonly text: string;
  readonly compiled: Buffer;
}

/**
 * Prepares the program of this file.
 * @param url of the file, as `import.meta.url`
 * @param digest of the program: V8 itself compares only the length of a text with its compiled form
 * @param command what is kept is kept for each command
 * @returns what loads a module by its name, and what keeps the compiled form after a command has run and its functions are
 *   compiled
 */
export function awaken(
  url: string,
  digest: string,
  command: string,
): { load: (module: string) => unknown; keep: () => void } {
  const filename = fileURLToPath(url);
  const directory = userCacheDirectory(process.env);
  const store = directory === undefined ? undefined : new Store(`${directory}/program`, MAX_KEPT_BYTES);
  // The digest is of the program and not of this launcher, whose format the first word names.
  const file = `runs-${digest}-${process.version}-${process.arch}-${command}`;
  const { runs, parts: kept } = unpack(store?.read(file));
  const loaded = new Map<string, { readonly module: { exports: unknown }; script: Script; text: string }>();
  let packed: ReadonlyMap<string, string> | undefined;
  let isKept = true;

  const fromFile = (name: string): string => {
    packed ??= partsIn(readFileSync(filename, 'latin1'));
    const text = packed.get(name);
    if (text === undefined) throw new Error(`${filename}: the part ${name} is missing`);
    return `(function (module, exports, require, importMetaUrl) {${brotliDecompressSync(Buffer.from(text, 'base64')).toString('latin1')}\n})`;
  };
  const load = (name: string): unknown => {
    const known = loaded.get(name);
    if (known !== undefined) return known.module.exports;
    const before = kept.get(name);
    const text = before?.text ?? fromFile(name);
    const script = new Script(text, {
      filename: `${filename}/${name}`,
      ...(before === undefined ? {} : { cachedData: before.compiled }),
    });
    if (before === undefined || script.cachedDataRejected === true) isKept = false;
    const module = { exports: {} };
    loaded.set(name, { module, script, text });
    (script.runInThisContext() as (...given: unknown[]) => void)(module, module.exports, load, url);
    return module.exports;
  };
  const keep = () => {
    const isLearnt = isKept && runs >= LEARNT_RUNS && Math.random() >= LEARNT_LATER;
    if (store === undefined || isLearnt) return;
    for (const [name, { script, text }] of loaded) kept.set(name, { text, compiled: script.createCachedData() });
    store.write(file, pack(kept, isKept ? runs + 1 : 1));
  };
  return { load, keep };
}

/** @returns by name the packed texts in the text of the one file */
function partsIn(file: string): ReadonlyMap<string, string> {
  // The launcher holds the mark as well.
  const begin = file.lastIndexOf(BEGIN) + BEGIN.length;
  const lines = file.slice(begin, file.indexOf(END, begin)).split('\n');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

/** The first line has the number of runs and the lengths in JSON, then come the bytes in the same order. */
function pack(parts: ReadonlyMap<string, Kept>, runs: number): Buffer {
  const lengths = [...parts].map(([name, { text, compiled }]) => [name, text.length, compiled.length]);
  const bytes = [...parts.values()].flatMap(({ text, compiled }) => [Buffer.from(text, 'latin1'), compiled]);
  return Buffer.concat([Buffer.from(`${JSON.stringify([runs, lengths])}\n`), ...bytes]);
}

function unpack(bytes: Buffer | undefined): { readonly runs: number; readonly parts: Map<string, Kept> } {
  const parts = new Map<string, Kept>();
  if (bytes === undefined) return { runs: 0, parts };
  let at = bytes.indexOf('\n') + 1;
  const [runs, lengths] = JSON.parse(bytes.toString('latin1', 0, at)) as [number, [string, number, number][]];
  for (const [name, length, compiledLength] of lengths) {
    const compiled = at + length;
    parts.set(name, {
      text: bytes.toString('latin1', at, compiled),
      compiled: bytes.subarray(compiled, compiled + compiledLength),
    });
    at = compiled + compiledLength;
  }
  return { runs, parts };
}
