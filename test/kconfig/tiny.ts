/** Kconfig trees of a few lines, for what needs no kernel. */
import { type Dialect, type KconfigTree, parseTree } from '../../src/kconfig/index.js';

const KEYWORDS = `bool choice comment config def_bool def_tristate default depends endchoice endif endmenu help hex if
  imply int mainmenu menu menuconfig modules on prompt range select source string tristate visible`.split(/\s+/);

/** The rules of current kernels. */
export const TINY_DIALECT: Dialect = {
  keywords: new Set([...KEYWORDS, 'transitional']),
  optionSyntax: false,
  conditionalDepends: true,
  singleInclusion: true,
  strictEntries: true,
  typedChoice: false,
  choices: 'menu',
  sharedExpressions: true,
  negationEndsSubmenu: true,
  typedConstants: true,
  numbersDefaultToZero: true,
  forgetsOutOfRange: false,
  allConfigByMenu: true,
  endsEveryMenu: true,
  notSetIsAssignment: true,
  strictConfigLines: true,
  warnsUnknownSymbols: true,
  symbolBuckets: 16384,
};

/** Parses the text of a Kconfig file; MODULES is declared in front of it. */
export function tinyTree(text: string): KconfigTree {
  const whole = `mainmenu "Test"\nconfig MODULES\n\tbool "Modules"\n\tmodules\n${text}`;
  const { value, diagnostics } = parseTree({
    readFile: (file) => (file === 'Kconfig' ? whole : undefined),
    environment: {},
    dialect: TINY_DIALECT,
  });
  if (value === undefined) throw new Error(diagnostics.map((d) => `${d.span?.line}: ${d.message}`).join('\n'));
  return value;
}
