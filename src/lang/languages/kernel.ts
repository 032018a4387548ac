/** What the kernel itself reads: .config fragments and the command line. */
import { COMMENT_AS_OPTION, quoteString, writeOption } from '../../kconfig/option-line.js';
import type { Option } from '../kinds.js';
import { BARE, CONTROL, NEWLINE, Refusal, refuseIf, type Spelling, type Table } from '../table.js';

// scripts/kconfig/confdata.c, conf_set_sym_val: inside quotes a backslash takes the next character literally.
function string(value: string): Spelling {
  return refuseIf(value, [NEWLINE]) ?? quoteString(value);
}

function option(value: Option): Spelling {
  if ('text' in value) {
    const text = string(value.text);
    return text instanceof Refusal ? text : writeOption(value.symbol, value.text, true);
  }
  return writeOption(value.symbol, value.value);
}

/** A comment that reads "CONFIG_X is not set" would be an option line: the space keeps it prose. */
const line = (text: string) => `# ${text.replace(COMMENT_AS_OPTION, 'CONFIG_ ')}`;

export const kconfig: Table = {
  title: 'a kernel configuration fragment',
  line,
  writers: {
    ...BARE,
    comment: (value) => line(BARE.comment(value)).slice(2),
    string,
    option,
    symbol: (value) => `CONFIG_${value}`,
  },
};

/** As lib/cmdline.c, memparse() reads it back: exact, with the largest suffix that divides the value. */
export function memparse(bytes: bigint): string {
  for (const [shift, suffix] of [
    [30n, 'G'],
    [20n, 'M'],
    [10n, 'K'],
  ] as const) {
    if (bytes !== 0n && bytes % (1n << shift) === 0n) return `${bytes >> shift}${suffix}`;
  }
  return bytes.toString();
}

// lib/cmdline.c, next_arg(): double quotes protect white space, and nothing protects a double quote.
const argument = (value: string): Spelling =>
  refuseIf(value, [
    CONTROL,
    [/^$/, 'an argument must not be empty'],
    [/"/, 'the kernel command line cannot express a double quote'],
  ]) ?? (value.includes(' ') ? `"${value}"` : value);

export const cmdline: Table = {
  title: 'the kernel command line',
  writers: { ...BARE, string: argument, bytes: memparse },
};
