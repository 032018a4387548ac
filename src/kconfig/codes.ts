/** Everything the engine can report. */
import { defineCodes, reporter } from '../diagnostic/index.js';

export const KCONFIG_CODES = defineCodes({
  'kconfig/dialect': {
    severity: 'error',
    title: 'the Kconfig dialect cannot be determined',
    explain:
      'How Kconfig is read and evaluated differs between kernels. The engine looks at scripts/kconfig of the tree to see which rules apply; it refuses a tree that lacks these files or uses features that it does not know.',
  },
  'kconfig/syntax': {
    severity: 'error',
    title: 'a Kconfig file cannot be read',
    explain:
      "The tree's own conf does not accept this statement. The whole tree is refused, because an answer from the rest of it could be wrong.",
  },
  'kconfig/macro': {
    severity: 'error',
    title: 'a macro cannot be expanded',
    explain:
      'A $(...) reference has no end, refers to itself without end, or has a wrong number of arguments. conf stops here as well.',
  },
  'kconfig/error-if': {
    severity: 'error',
    title: 'the tree refuses this environment',
    explain:
      'A Kconfig file called $(error-if): usually a compiler or linker that is missing, unsupported, or was not probed because probes are denied.',
  },
  'kconfig/source': {
    severity: 'error',
    title: 'a sourced file is missing, outside the tree or includes itself',
    explain:
      'A source statement names a file that is not there, that is outside the kernel tree, that is already being read, or nests too deeply. Files outside the tree are read only below KCONFIG_EXT_PREFIX and KCONFIG_EXT_MODULES_PREFIX.',
  },
  'kconfig/probe': {
    severity: 'error',
    title: 'a probe has no answer',
    explain:
      'The tree runs a shell command with $(shell,...), and no recorded answer exists for it. Record the answers on a machine that has the toolchain, or allow probes.',
  },
  'kconfig/probe-denied': {
    severity: 'warning',
    title: 'a probe was not run',
    explain:
      'While probes are denied, the answer to every question about a tool is no. Symbols that depend on it are unknown for the real toolchain.',
  },
  'kconfig/limit': {
    severity: 'error',
    title: 'the input exceeds a bound of the engine',
    explain: 'Expressions and nesting are bounded so that hostile input cannot exhaust memory or the stack.',
  },
  'kconfig/recursive-dependency': {
    severity: 'error',
    title: 'symbols depend on each other in a circle',
    explain: 'No value can be computed for a symbol that depends on itself. conf refuses such trees too.',
  },
  'kconfig/choice': {
    severity: 'error',
    title: 'a choice or one of its members is malformed',
    explain:
      'Members need a prompt, must be bool if the dialect requires it, and have neither defaults nor prompts elsewhere.',
  },
  'kconfig/transitional': {
    severity: 'error',
    title: 'a transitional symbol has more than a help text',
    explain:
      'A transitional symbol only keeps the old name of another symbol. It must not have prompts, defaults or dependencies.',
  },
  'kconfig/parse-note': {
    severity: 'note',
    title: 'conf would print this message while parsing',
    explain: 'The message is the output of $(info,...), or a remark on a comparison that cannot be true.',
  },
  'kconfig/warning-if': {
    severity: 'warning',
    title: 'the tree prints a warning',
    explain: 'A Kconfig file called $(warning-if) with a condition that holds.',
  },
  'kconfig/statement': {
    severity: 'warning',
    title: 'an incomplete Kconfig statement',
    explain: 'conf prints the same warning and continues.',
  },
  'kconfig/parse-warning': {
    severity: 'warning',
    title: 'a questionable statement in a Kconfig file',
    explain: 'conf prints the same warning and continues.',
  },
  'kconfig/property': {
    severity: 'warning',
    title: 'a property does not fit its symbol',
    explain: 'conf prints the same warning and continues.',
  },
  'kconfig/unmet-dependency': {
    severity: 'warning',
    title: 'a symbol is selected against its dependencies',
    explain:
      'select ignores the dependencies of what it selects. The result may not build; the selecting symbol or the base configuration is wrong.',
  },
  'kconfig/config-line': {
    severity: 'warning',
    title: 'a line of a configuration does not take effect as written',
    explain:
      'The value does not fit the type of the symbol, the symbol is assigned twice, or the line is not an assignment.',
  },
  'kconfig/unknown-symbol': {
    severity: 'warning',
    title: 'a configuration sets a symbol that the tree does not have',
    explain: 'conf drops such lines silently. The symbol may be misspelt, renamed, or of another kernel version.',
  },
  'kconfig/no-config': {
    severity: 'error',
    title: 'there is no configuration to start from',
    explain: 'The mode needs a base configuration and none was given.',
  },
  'kconfig/number-too-large': {
    severity: 'warning',
    title: 'a number that does not fit in 64 bits',
    explain: 'conf does not limit numbers. It keeps the line, and the compiler truncates the number to 64 bits.',
  },
});

export const report = reporter(KCONFIG_CODES);
