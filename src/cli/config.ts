/** Kernel configurations as users give them. */
import { hasOptionLine, optionsOf, type SetOption } from '../kconfig/option-line.js';
import { type ProfileArch, profileArch } from './arch.js';
import { EXIT, type Exit } from './exit.js';
import { readBytes, readText } from './files.js';

/** `# Linux/arm64 6.12.107 Kernel Configuration`. */
const HEADER = /^# Linux\/(\S+) (\S+) Kernel Configuration/m;

/** The release that the first lines of a `.config` name. */
export function releaseOfConfig(text: string): string | undefined {
  return HEADER.exec(text)?.[2];
}

/** Lines whose symbols tell the architecture: to read only these is ten times as fast as to read all. */
const ARCHITECTURE_LINE = /^.*CONFIG_(?:ARM|ARM64|ARM64_\d+K_PAGES|RISCV|X86)[= ].*$/gm;

function architectureOptions(text: string): SetOption[] {
  const options = [...text.matchAll(ARCHITECTURE_LINE)].flatMap(({ 0: line, index }) =>
    [...optionsOf(line).values()].map((option) => [option.symbol, { ...option, offset: index }] as const),
  );
  return [...new Map(options).values()];
}

/** Why a configuration cannot be of this architecture. */
export function otherArchitecture(text: string, arch: ProfileArch): string | undefined {
  const options = architectureOptions(text).filter(({ value }) => value === 'y');
  const named = (pattern: RegExp) =>
    options.flatMap(({ symbol, text: line, offset }) => {
      const name = pattern.exec(symbol)?.[1];
      return name === undefined ? [] : [{ name, line, offset }];
    })[0];
  const header = HEADER.exec(text);
  const of = [
    named(/^(ARM64|ARM|RISCV|X86)$/),
    header === null ? undefined : { name: header[1] as string, line: header[0], offset: header.index },
    // A fragment may name no architecture, and yet a choice that only one of them has.
    named(/^(ARM64)_\d+K_PAGES$/),
  ];
  for (const one of of) {
    const found = profileArch(one?.name.toLowerCase() ?? '');
    if (one === undefined || found === undefined || found === arch) continue;
    const line = text.slice(0, one.offset).split('\n').length;
    return `it is for ${found}, not for ${arch}: line ${line} is "${one.line}"`;
  }
  return undefined;
}

export type ConfigText =
  | { readonly text: string }
  | { readonly error: string; readonly fix: string; readonly exit: Exit };

/**
 * A `.config`, defconfig or fragment; other files are not read as an empty one.
 * @param arch what the board is, where that is known
 * @param encoding latin1 gives one character per byte, as the tree's own files are read
 */
export function readConfig(
  file: string,
  arch: ProfileArch | undefined,
  encoding: 'utf-8' | 'latin1' = 'utf-8',
): ConfigText {
  const fix = 'give the .config of the kernel, from the build or from zcat /proc/config.gz';
  const got = readBytes(file);
  if ('error' in got) return { error: got.error, fix, exit: EXIT.environment };
  const bytes = Buffer.from(got.bytes).toString('latin1');
  const isBlank = /^(?:\s*(?:#.*)?(?:\n|$))*$/.test(bytes);
  if (bytes.includes('\0') || (!isBlank && !hasOptionLine(bytes)))
    return {
      error: 'it is not a kernel configuration: no line is CONFIG_X=... or # CONFIG_X is not set',
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
