/** The modes of conf: a base configuration in, the complete configuration or the minimal defconfig out. */
import type { Diagnostic } from '../diagnostic/index.js';
import { setAllMembers } from './choice.js';
import { type ReadOptions, readConfig } from './config-read.js';
import { writeConfig, writeDefconfig } from './config-write.js';
import { Configuration } from './evaluate.js';
import { MOD, NO, type Tristate, YES } from './expression.js';
import { leadingInteger } from './number.js';
import { HEX, INT, isLogical, isValidText } from './symbol.js';
import { ALLNOCONFIG_Y, type KconfigTree } from './tree.js';

export type Mode =
  | 'olddefconfig'
  | 'allnoconfig'
  | 'allyesconfig'
  | 'allmodconfig'
  | 'alldefconfig'
  | 'defconfig'
  | 'savedefconfig';

export const MODES: readonly Mode[] = [
  'olddefconfig',
  'allnoconfig',
  'allyesconfig',
  'allmodconfig',
  'alldefconfig',
  'defconfig',
  'savedefconfig',
];

export interface MadeConfig {
  /** The `.config`, or for savedefconfig the defconfig. */
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Does what `conf --MODE` does.
 * @param text the `.config` or defconfig to start from; for all*config what KCONFIG_ALLCONFIG would name
 * @param config reused when given, for many runs on one tree
 */
export function makeConfig(
  tree: KconfigTree,
  mode: Mode,
  text?: string,
  options: ReadOptions = {},
  config = new Configuration(tree),
): MadeConfig {
  config.warnings.clear();
  config.collectWarnings = true;
  const diagnostics: Diagnostic[] = [];
  const isAll = mode.startsWith('all');
  if (text === undefined) config.reset();
  else if (isAll) diagnostics.push(...readConfig(config, text, options));
  else diagnostics.push(...loadConfig(config, text, options));
  if (text === undefined && !isAll) {
    config.changed = true;
    config.compute(tree.modules);
  }
  if (mode === 'allnoconfig') setNewSymbols(config, NO);
  else if (mode === 'allyesconfig') setNewSymbols(config, YES);
  else if (mode === 'allmodconfig') setNewSymbols(config, MOD);
  else if (mode === 'alldefconfig' || mode === 'defconfig') setNewSymbols(config, undefined);
  let made: string;
  if (mode === 'savedefconfig') made = writeDefconfig(config);
  else {
    if (!config.changed) {
      config.restart();
      config.computeAll();
    }
    made = writeConfig(config);
  }
  config.collectWarnings = false;
  return { text: made, diagnostics: [...diagnostics, ...config.warnings.values()] };
}

/** Reads a configuration and computes every symbol, as conf does before it asks or writes anything. */
export function loadConfig(config: Configuration, text: string, options: ReadOptions = {}): Diagnostic[] {
  const diagnostics = readConfig(config, text, options);
  const { tree, userSet } = config;
  const reported = config.changed || diagnostics.length > 0;
  config.computeAll();
  let differs = false;
  const { order } = tree;
  for (let i = 0; i < order.length && !differs; i++) {
    const symbol = order[i] as number;
    if (!config.isChoice(symbol)) differs = differsFromUser(config, symbol);
  }
  if (tree.dialect.forgetsOutOfRange) {
    if (!differs)
      for (const symbol of tree.order)
        if (config.visible[symbol] === NO && !config.isMember(symbol)) userSet[symbol] = 0;
    if (forgetOutOfRange(config)) differs = true;
  }
  config.changed = reported || differs;
  return diagnostics;
}

/** Drops user values that are out of range. @returns whether there were any */
export function forgetOutOfRange(config: Configuration): boolean {
  const { tree, userSet } = config;
  let found = false;
  for (const symbol of tree.order) {
    if (userSet[symbol] === 0) continue;
    const type = tree.symbols.type[symbol] as number;
    if ((type !== INT && type !== HEX) || isWithinRange(config, symbol)) continue;
    userSet[symbol] = 0;
    config.valid[symbol] = 0;
    found = true;
  }
  return found;
}

function differsFromUser(config: Configuration, symbol: number): boolean {
  const written = config.written[symbol] === 1;
  if (config.userSet[symbol] === 0) return written;
  if (!written) return true;
  return isLogical(config.tree.symbols.type[symbol] as number)
    ? config.userTristate[symbol] !== config.tristates[symbol]
    : config.userText[symbol] !== config.texts[symbol];
}

/** Whether the user's value of an int or hex is within its active range. */
function isWithinRange(config: Configuration, symbol: number): boolean {
  const { tree } = config;
  const type = tree.symbols.type[symbol] as number;
  const text = config.userText[symbol] ?? '';
  if (!isValidText(type, text)) return false;
  const range = config.activeRange(symbol);
  if (range === 0) return true;
  const base = type === INT ? 10 : 16;
  const bounds = tree.properties.value[range] as number;
  const value = leadingInteger(text, base);
  return (
    value >= config.boundValue(tree.expressions.left[bounds] as number, base) &&
    value <= config.boundValue(tree.expressions.right[bounds] as number, base)
  );
}

/** Gives symbols without a user value the one of an all*config; undefined leaves them to their defaults. */
function setNewSymbols(config: Configuration, value: Tristate | undefined): void {
  if (config.tree.dialect.allConfigByMenu) setNewByMenu(config, value);
  else setNewByTable(config, value);
}

function setNewByMenu(config: Configuration, value: Tristate | undefined): void {
  const { nodes, symbols } = config.tree;
  if (value !== undefined)
    for (let node = 1; node < nodes.kind.length; node++) {
      const symbol = nodes.symbol[node] as number;
      if (symbol < 0 || nodes.prompt[node] === 0 || config.userSet[symbol] === 1) continue;
      if (!isLogical(symbols.type[symbol] as number) || config.isMember(symbol) || config.isChoice(symbol)) continue;
      config.userTristate[symbol] = value;
      config.userSet[symbol] = 1;
    }
  config.restart();
}

function setNewByTable(config: Configuration, value: Tristate | undefined): void {
  const { symbols, order } = config.tree;
  if (value !== undefined)
    for (const symbol of order) {
      if (config.userSet[symbol] === 1 || config.valid[symbol] === 1) continue;
      if (!isLogical(config.effectiveType(symbol))) continue;
      const forced = value === NO && ((symbols.flags[symbol] as number) & ALLNOCONFIG_Y) !== 0;
      config.userTristate[symbol] = forced ? YES : value;
      config.userSet[symbol] = 1;
    }
  config.restart();
  const { pending } = config.choiceState;
  for (const symbol of order)
    if ((config.isChoice(symbol) && config.userSet[symbol] === 0) || config.isMember(symbol)) pending[symbol] = 1;
  for (const symbol of order) {
    if (config.userSet[symbol] === 1 || !config.isChoice(symbol)) continue;
    config.compute(symbol);
    setAllMembers(config, symbol);
  }
}
