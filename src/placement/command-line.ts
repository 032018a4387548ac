/** What a kernel command line says about CMA. */
import type { Fdt } from '../fdt/index.js';

/** `cma=SIZE[@BASE[-LIMIT]]` as early_cma() reads it. */
export interface CmaParameter {
  readonly sizeBytes: bigint;
  readonly baseAddress: bigint;
  /** 0: none. */
  readonly limitAddress: bigint;
  /** The last `cma=...` word, for messages. */
  readonly text: string;
}

const SUFFIXES = 'kmgtpe';
const U64 = 1n << 64n;

/**
 * The kernel's memparse(): a number (decimal, 0x, or octal after 0), then one of K M G T P E.
 * @returns the value modulo 2^64 and the rest of the text; 0 and all of the text when it starts with no digit
 */
export function memparse(text: string): { value: bigint; rest: string } {
  const digits = /^(?:0x([0-9a-f]+)|0([0-7]*)|([1-9][0-9]*))/i.exec(text);
  if (digits === null) return { value: 0n, rest: text };
  const [all, hexadecimal, octal, decimal] = digits;
  let value =
    hexadecimal !== undefined
      ? BigInt(`0x${hexadecimal}`)
      : decimal !== undefined
        ? BigInt(decimal)
        : octal === undefined || octal === ''
          ? 0n
          : BigInt(`0o${octal}`);
  let rest = text.slice(all.length);
  const suffix = rest === '' ? -1 : SUFFIXES.indexOf(rest.charAt(0).toLowerCase());
  if (suffix >= 0) {
    value <<= BigInt(10 * (suffix + 1));
    rest = rest.slice(1);
  }
  return { value: value % U64, rest };
}

/** The words of a command line up to `--`, quotes removed, as parse_args() splits them. */
export function parameters(commandLine: string): { readonly name: string; readonly value: string | undefined }[] {
  const words: { name: string; value: string | undefined }[] = [];
  for (const [word] of commandLine.matchAll(/(?:"[^"]*"?|[^\s"])+/g)) {
    const plain = word.replaceAll('"', '');
    if (plain === '--') break;
    const equals = plain.indexOf('=');
    words.push(
      equals < 0 ? { name: plain, value: undefined } : { name: plain.slice(0, equals), value: plain.slice(equals + 1) },
    );
  }
  return words;
}

/**
 * The effect of every `cma=` on a command line. A later one sets only what it says: a base from an earlier one stays.
 * @returns undefined when there is none with a value, so that Kconfig and the device tree decide
 */
export function cmaParameter(commandLine: string): CmaParameter | undefined {
  let found: CmaParameter | undefined;
  for (const { name, value } of parameters(commandLine)) {
    if (name !== 'cma' || value === undefined) continue;
    const size = memparse(value);
    let baseAddress = found?.baseAddress ?? 0n;
    let limitAddress = found?.limitAddress ?? 0n;
    if (size.rest.startsWith('@')) {
      const base = memparse(size.rest.slice(1));
      baseAddress = base.value;
      limitAddress = base.rest.startsWith('-') ? memparse(base.rest.slice(1)).value : baseAddress + size.value;
    }
    found = { sizeBytes: size.value, baseAddress, limitAddress, text: `cma=${value}` };
  }
  return found;
}

/** The last value of a parameter; undefined when it is absent or has no value. */
export function parameterValue(commandLine: string, name: string): string | undefined {
  return parameters(commandLine).findLast((word) => word.name === name && word.value !== undefined)?.value;
}

/**
 * The command line that the kernel uses (early_init_dt_scan_chosen()).
 * @param given what the boot loader passes; undefined: /chosen/bootargs of the tree
 */
export function effectiveCommandLine(
  tree: Fdt | undefined,
  given: string | undefined,
  config: ReadonlyMap<string, string> | undefined,
): string {
  const chosen = tree?.root.children.find((node) => node.name === 'chosen' || node.name === 'chosen@0');
  const bootargs = chosen?.properties.get('bootargs');
  const passed =
    given ?? (bootargs === undefined ? '' : Buffer.from(bootargs).toString('latin1').replace(/\0.*$/s, ''));
  const builtIn = config?.get('CMDLINE') ?? '';
  if (config?.get('CMDLINE_FORCE') === 'y') return builtIn;
  if (config?.get('CMDLINE_EXTEND') === 'y') return `${passed} ${builtIn}`;
  return passed === '' ? builtIn : passed;
}
