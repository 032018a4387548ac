/**
 * Which Kconfig a tree speaks. Distributions backport changes of scripts/kconfig, so the sources of the tree's own
 * conf are asked, never the version number.
 */
import type { Diagnostic, Outcome } from '../diagnostic/index.js';
import { report } from './codes.js';

export interface Dialect {
  /** Words that are statements or options; everything else in that place is refused. */
  readonly keywords: ReadonlySet<string>;
  /** `option modules`, `option env`, ... instead of plain `modules`. */
  readonly optionSyntax: boolean;
  /** `depends on X if Y`. */
  readonly conditionalDepends: boolean;
  /** A file may be sourced only once. */
  readonly singleInclusion: boolean;
  /** A missing menuconfig prompt or a bad help text is an error, not a warning. */
  readonly strictEntries: boolean;
  /** `bool "prompt"` inside a choice. */
  readonly typedChoice: boolean;
  /**
   * `symbol`: a choice has a value, up to tristate, and members depend on it. `menu`: a choice
   * only groups bools, and the latest user value wins.
   */
  readonly choices: 'symbol' | 'menu';
  /** Equal expressions are one, and their value is kept until something changes. */
  readonly sharedExpressions: boolean;
  /** A dependency on a symbol being off ends the submenu below that symbol. */
  readonly negationEndsSubmenu: boolean;
  /** n, m and y are of type tristate, so that they compare by value. */
  readonly typedConstants: boolean;
  /** An int or hex without a value is 0 or 0x0 instead of empty. */
  readonly numbersDefaultToZero: boolean;
  /** A user value outside the range is forgotten when a configuration has been read. */
  readonly forgetsOutOfRange: boolean;
  /** all*config gives values to symbols in the order of menus, only to those with a prompt. */
  readonly allConfigByMenu: boolean;
  /** `# end of` is written only below menus, also below empty ones. */
  readonly endsEveryMenu: boolean;
  /** `# CONFIG_X is not set` is an assignment like any other: it can be invalid for an int. */
  readonly notSetIsAssignment: boolean;
  /** The comment must be exactly `is not set`; lines without `=` are reported. */
  readonly strictConfigLines: boolean;
  /** `.config` lines for unknown symbols can be reported. */
  readonly warnsUnknownSymbols: boolean;
  /** Buckets of conf's symbol table; their order is the order in which it computes values. */
  readonly symbolBuckets: number;
}

/** Reads a file of the tree; undefined when there is none. */
export type ReadFile = (path: string) => string | undefined;

const FILES = ['lexer.l', 'parser.y', 'menu.c', 'symbol.c', 'expr.c', 'expr.h', 'confdata.c', 'conf.c'] as const;
type File = (typeof FILES)[number];

/** Keywords the engine implements; a lexer that knows more is refused. */
const KNOWN = new Set(
  `allnoconfig_y bool choice comment config def_bool def_tristate default defconfig_list depends endchoice endif endmenu
  help hex if imply int mainmenu menu menuconfig modules on option optional prompt range select source string
  transitional tristate visible`.split(/\s+/),
);

/**
 * @param readFile reads paths below the top of the tree
 * @returns the dialect, or an error naming what is missing or unknown
 */
export function detectDialect(readFile: ReadFile): Outcome<Dialect> {
  const sources: Partial<Record<File, string>> = {};
  for (const file of FILES) {
    const text = readFile(`scripts/kconfig/${file}`);
    if (text === undefined)
      return refuse(
        `scripts/kconfig/${file} is missing`,
        'give the top directory of a kernel source tree; a tree without this file is too old',
      );
    sources[file] = text;
  }
  const text = (file: File) => sources[file] as string;
  const has = (file: File, pattern: RegExp) => pattern.test(text(file));

  const keywords = new Set<string>();
  for (const match of text('lexer.l').matchAll(/^"([a-z_]+)"\s+return T_/gm)) keywords.add(match[1] as string);
  const unknown = [...keywords].filter((word) => !KNOWN.has(word));
  if (unknown.length > 0)
    return refuse(
      `scripts/kconfig/lexer.l has the keyword '${unknown.join("', '")}', which this engine does not know`,
      "use the tree's own conf until dmaheap supports it",
    );
  for (const word of ['config', 'choice', 'depends', 'source', 'imply', 'visible'])
    if (!keywords.has(word))
      return refuse(
        `scripts/kconfig/lexer.l does not know '${word}'`,
        "use the tree's own conf; the tree is older than the oldest that this engine knows",
      );
  const buckets = /SYMBOL_HASHSIZE\s+(?:\(1U << (\d+)\)|(\d+))/.exec(
    text('expr.h') + (readFile('scripts/kconfig/internal.h') ?? ''),
  );
  if (!buckets)
    return refuse('scripts/kconfig/expr.h does not define SYMBOL_HASHSIZE in a known form', "use the tree's own conf");

  return {
    diagnostics: [],
    value: {
      keywords,
      optionSyntax: keywords.has('option'),
      conditionalDepends: has('parser.y', /T_DEPENDS T_ON expr if_expr/),
      singleInclusion: has('lexer.l', /file_lookup\(name, cur_filename/),
      strictEntries: has('parser.y', /zconf_error\("menuconfig statement without prompt"/),
      typedChoice: has('parser.y', /choice_option: (T_BOOL|logic_type)/),
      choices: has('symbol.c', /sym_get_choice_menu/) ? 'menu' : 'symbol',
      sharedExpressions: has('expr.c', /val_is_valid/),
      negationEndsSubmenu: has('menu.c', /expr_contains_symbol_negated/),
      typedConstants: /symbol_yes = \{[^}]*S_TRISTATE/.test(text('symbol.c')),
      numbersDefaultToZero: has('symbol.c', /newval\.val = "0x0"/),
      forgetsOutOfRange: has('confdata.c', /sym_string_within_range/),
      allConfigByMenu: has('conf.c', /conf_set_all_new_symbols\(enum[^)]*\)\s*\{(?:(?!\n\}).)*menu_for_each_entry/s),
      endsEveryMenu: has('confdata.c', /end_check:/),
      notSetIsAssignment: has('confdata.c', /val = "n";/),
      strictConfigLines: has('confdata.c', /strcmp\(p, "is not set"\)/),
      warnsUnknownSymbols: has('confdata.c', /KCONFIG_WARN_UNKNOWN_SYMBOLS/),
      symbolBuckets: buckets[1] ? 2 ** Number(buckets[1]) : Number(buckets[2]),
    },
  };
}

function refuse(message: string, fix: string): { diagnostics: Diagnostic[] } {
  return { diagnostics: [report('kconfig/dialect', { message, fix })] };
}
