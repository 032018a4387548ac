/** Kernel configurations as users give them. */
import { type ProfileArch, profileArch } from './arch.js';
import { EXIT, type Exit } from './exit.js';
import { readBytes, readText } from './files.js';

/** Values of a .config, for those who only want to look one up. */
export function configValues(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const set = /^CONFIG_([A-Za-z0-9_]+)=(.*)$/.exec(line);
    const off = /^# CONFIG_([A-Za-z0-9_]+) is not set$/.exec(line)?.[1];
    if (set?.[1] !== undefined && set[2] !== undefined)
      values.set(set[1], set[2].replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1'));
    else if (off !== undefined) values.set(off, 'n');
  }
  return values;
}

const LINE = /^(?:CONFIG_\w+=|# CONFIG_\w+ is not set\r?$)/m;
/** `# Linux/arm64 6.12.107 Kernel Configuration`. */
const HEADER = /^# Linux\/(\S+) (\S+) Kernel Configuration/m;

/** The release that the first lines of a `.config` name. */
export function releaseOfConfig(text: string): string | undefined {
  return HEADER.exec(text)?.[2];
}

/** Why a configuration cannot be of this architecture. */
export function otherArchitecture(text: string, arch: ProfileArch): string | undefined {
  // A fragment may name no architecture, and yet a choice that only one of them has.
  const of = [/^CONFIG_(ARM64|ARM|RISCV|X86)=y\r?$/m, HEADER, /^CONFIG_(ARM64)_\d+K_PAGES=y\r?$/m].map((pattern) =>
    pattern.exec(text),
  );
  for (const match of of) {
    const found = profileArch(match?.[1]?.toLowerCase() ?? '');
    if (match === null || found === undefined || found === arch) continue;
    const line = text.slice(0, match.index).split('\n').length;
    return `it is for ${found}, not for ${arch}: line ${line} is "${match[0].trim()}"`;
  }
  return undefined;
}

export type ConfigText =
  | { readonly text: string }
  | { readonly error: string; readonly fix: string; readonly exit: Exit };

/**
 * A `.config`, defconfig or fragment; nothing else is taken for an empty one.
 * @param arch what the board is, where that is known
 * @param encoding latin1 gives one character per byte, as the tree's own files are read
 */
export function readConfig(
  file: string,
  arch: ProfileArch | undefined,
  encoding: 'utf-8' | 'latin1' = 'utf-8',
): ConfigText {
  const fix = "give the kernel's .config, as the build has it or zcat /proc/config.gz prints it";
  const got = readBytes(file);
  if ('error' in got) return { error: got.error, fix, exit: EXIT.environment };
  const bytes = Buffer.from(got.bytes).toString('latin1');
  const isBlank = /^(?:\s*(?:#.*)?(?:\n|$))*$/.test(bytes);
  if (bytes.includes('\0') || (!isBlank && !LINE.test(bytes)))
    return {
      error: 'it is no kernel configuration: no line is CONFIG_X=... or # CONFIG_X is not set',
      fix,
      exit: EXIT.environment,
    };
  const other = arch === undefined ? undefined : otherArchitecture(bytes, arch);
  if (other !== undefined)
    return { error: other, fix: "give the configuration of the board's own kernel", exit: EXIT.usage };
  if (encoding === 'latin1') return { text: bytes };
  const read = readText(file);
  return 'text' in read ? read : { error: read.error, fix: read.fix ?? fix, exit: EXIT.environment };
}
