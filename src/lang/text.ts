/**
 * `Text<L>`: characters that are already correct in the language L. It can be made in src/lang only (index.ts does not
 * export {@link spell}), so a value of this type shows that a writer of that language has had its say.
 */

export const LANGUAGES = [
  'dts',
  'kconfig',
  'udev',
  'sh',
  'bash',
  'sysusers',
  'mdev',
  'ueventd',
  'sepolicy',
  'cmdline',
  'extlinux',
  'uboot',
  'configtxt',
  'expect',
  'json',
  'markdown',
  'plain',
  'make',
  'bitbake',
  'nix',
  'yaml',
  'ini',
  'debcontrol',
  'python',
  'xml',
] as const;

export type Language = (typeof LANGUAGES)[number];

let construct: <L extends Language>(language: L, spelled: string) => Text<L>;

export class Text<L extends Language> {
  readonly language: L;
  /** Never read this outside src/lang and the emit guard of src/render. */
  readonly spelled: string;
  // A private member makes the class nominal: a look-alike object does not compile.
  readonly #written = true;

  private constructor(language: L, spelled: string) {
    this.language = language;
    this.spelled = spelled;
  }

  static {
    construct = (language, spelled) => new Text(language, spelled);
  }

  static isText(value: unknown): value is Text<Language> {
    return typeof value === 'object' && value !== null && #written in value;
  }
}

/** For the writers of src/lang only. */
export function spell<L extends Language>(language: L, spelled: string): Text<L> {
  return construct(language, spelled);
}
