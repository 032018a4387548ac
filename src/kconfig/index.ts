/**
 * Kconfig: read a kernel's tree, evaluate configurations exactly as the tree's own conf does, ask why a symbol has its
 * value. Knows nothing of files and processes: a reader of files and an answerer of probes are passed in.
 *
 *     const tree = parseTree({ readFile, environment, probe }).value;
 *     const { text } = makeConfig(tree, 'olddefconfig', dotConfig);
 */
export { assumedAnswer, textAnswer } from './assume.js';
export { KCONFIG_CODES } from './codes.js';
export { type ReadOptions, readConfig } from './config-read.js';
export { configLine, defaultText, isNodeVisible, writeConfig, writeDefconfig } from './config-write.js';
export { type Dialect, detectDialect, type ReadFile } from './dialect.js';
export { Configuration } from './evaluate.js';
export { type Condition, type Explanation, explainSymbol } from './explain.js';
export * from './expression.js';
export { OUTSIDE_THE_TREE, type ReadBytes } from './lex.js';
export { deniedAnswer, type Probe, shellAnswer } from './macro.js';
export { loadConfig, type MadeConfig, MODES, type Mode, makeConfig } from './modes.js';
export {
  hasOptionLine,
  lookupOptions,
  type OptionLine,
  optionsOf,
  optionValues,
  PASTED_OPTION,
  readOptionLines,
  type SetOption,
  symbolOfLine,
  writeOption,
} from './option-line.js';
export { packTree, unpackTree } from './pack.js';
export { type ParseInput, parseTree, unansweredProbes } from './parse.js';
export { probeDependents, probedSymbols } from './probed.js';
export {
  type Blocked,
  blockedText,
  type ChainLink,
  type Change,
  type GoalText,
  goalText,
  type LeafReason,
  linkText,
  parseGoal,
  type Solution,
  type SolveOptions,
  Solver,
  solve,
  withLines,
} from './solve.js';
export { oversizedNumbers } from './solve-goal.js';
export * from './symbol.js';
export * from './tree.js';
export { forEachInput, type UserValue, WhatIf } from './what-if.js';
