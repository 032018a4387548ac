/**
 * Choices, by the old rules and the new.
 *
 * Old (`symbol`): the choice is a symbol with a tristate value; at y exactly one visible member is y, at m members
 * are independent up to m. New (`menu`): members are bools; among those the user set to y the latest wins.
 */
import type { ChoiceState, Evaluation, Group } from './evaluation.js';
import { MOD, NO, type SymbolId, type Tristate, YES } from './expression.js';
import { TRISTATE } from './symbol.js';
import { DEFAULT, type KconfigTree, type NodeId } from './tree.js';

export function createChoiceState(tree: KconfigTree): ChoiceState {
  const groupOf = new Int32Array(tree.symbols.name.length).fill(-1);
  const groups: Group[] = tree.choices.map(({ choice, node, members }, index) => {
    groupOf[choice] = index;
    return {
      choice,
      members: [...members],
      entries: [...symbolsBelow(tree, node)],
      userMember: -1,
      selected: -1,
    };
  });
  for (let symbol = 0; symbol < groupOf.length; symbol++) {
    const choice = tree.symbols.choice[symbol] as number;
    if (choice >= 0) groupOf[symbol] = groupOf[choice] as number;
  }
  return { groups, groupOf, pending: new Uint8Array(groupOf.length) };
}

/** Forgets what the user and earlier computations did to the choices. */
export function resetChoices(config: Evaluation): void {
  const { groups, pending } = config.choiceState;
  pending.fill(0);
  for (const group of groups) {
    defaultOrder(config, group);
    group.userMember = group.selected = -1;
  }
}

/** Puts the members back into the order of the files. */
export function defaultOrder(config: Evaluation, group: Group): void {
  const { choices } = config.tree;
  const { members } = choices[config.choiceState.groupOf[group.choice] as number] as (typeof choices)[number];
  for (let i = 0; i < members.length; i++) group.members[i] = members[i] as number;
}

function* symbolsBelow(tree: KconfigTree, root: NodeId): Generator<SymbolId> {
  const { firstChild, next, symbol } = tree.nodes;
  for (let node = firstChild[root] as number; node >= 0; node = next[node] as number) {
    if ((symbol[node] as number) >= 0) yield symbol[node] as number;
    yield* symbolsBelow(tree, node);
  }
}

export function groupOf(config: Evaluation, symbol: SymbolId): Group | undefined {
  return config.choiceState.groups[config.choiceState.groupOf[symbol] as number];
}

function isOld(config: Evaluation): boolean {
  return config.tree.dialect.choices === 'symbol';
}

/** Old rules, before a member is computed: its choice comes first when it still has to get its values. */
export function beforeMember(config: Evaluation, symbol: SymbolId): void {
  const { pending } = config.choiceState;
  if (pending[symbol] === 0 || config.isChoice(symbol)) return;
  pending[symbol] = NO;
  config.compute(groupOf(config, symbol)?.choice as SymbolId);
}

/** Old rules: a tristate member that could be m is not visible while the choice is y. */
export function promptVisibility(config: Evaluation, symbol: SymbolId, value: Tristate): Tristate {
  if (value !== MOD || !isOld(config) || config.tree.symbols.type[symbol] !== TRISTATE || !config.isMember(symbol))
    return value;
  return config.tristates[groupOf(config, symbol)?.choice as SymbolId] === YES ? NO : value;
}

/** The value a choice gives its member; -1 when the symbol is decided like any other. */
export function valueFromChoice(config: Evaluation, symbol: SymbolId): Tristate | -1 {
  if ((config.tree.symbols.choice[symbol] as number) < 0) return -1;
  const group = groupOf(config, symbol) as Group;
  if (isOld(config)) {
    if (config.visible[symbol] !== YES) return -1;
    return group.selected === symbol ? YES : NO;
  }
  decide(config, group);
  return config.tristates[symbol] as Tristate;
}

/** Old rules, once the value of a choice is known: which member it selects. */
export function selectMember(config: Evaluation, choice: SymbolId): void {
  if (!isOld(config)) return;
  const group = groupOf(config, choice) as Group;
  group.selected = -1;
  if (config.tristates[choice] !== YES) return;
  let everyMemberSet = config.userSet[choice] as number;
  for (const member of group.members) {
    config.computeVisibility(member);
    if (config.visible[member] !== NO) everyMemberSet &= config.userSet[member] as number;
  }
  config.userSet[choice] = everyMemberSet;
  if (group.userMember >= 0 && config.visible[group.userMember] !== NO) group.selected = group.userMember;
  else group.selected = defaultMember(config, group);
  if (group.selected < 0) config.tristates[choice] = NO;
}

/** Old rules: a written choice makes its visible members written. */
export function writeMembers(config: Evaluation, choice: SymbolId): void {
  if (!isOld(config) || config.written[choice] === 0) return;
  for (const member of groupOf(config, choice)?.members ?? [])
    if (config.visible[member] !== NO) config.written[member] = 1;
}

/** Old rules, all*config: members the user did not set become n, and the choice counts as set. */
export function setAllMembers(config: Evaluation, choice: SymbolId): void {
  const group = groupOf(config, choice) as Group;
  for (const member of group.members) if (config.userSet[member] === 0) config.userTristate[member] = NO;
  config.userSet[choice] = 1;
  config.valid[choice] = 0;
  config.choiceState.pending[choice] = 0;
}

/** The first visible default of a choice, else its first visible member, else -1. */
export function defaultMember(config: Evaluation, group: Group): SymbolId {
  const { symbols, properties } = config.tree;
  for (let p = symbols.firstProperty[group.choice] as number; p !== 0; p = properties.next[p] as number) {
    if (properties.kind[p] !== DEFAULT || config.evaluate(properties.condition[p] as number) === NO) continue;
    const named = config.defaultSymbol(p);
    if (named >= 0 && config.visible[named] !== NO) return named;
  }
  for (const member of isOld(config) ? group.members : group.entries) if (config.visible[member] !== NO) return member;
  return -1;
}

/** New rules: the one visible member that is y; the visible others are n. */
function decide(config: Evaluation, group: Group): void {
  const chosen = decideMember(config, group);
  for (const entry of group.entries) {
    if (config.visible[entry] === NO) continue;
    config.tristates[entry] = entry === chosen ? YES : NO;
    config.valid[entry] = 1;
    config.written[entry] = 1;
  }
}

function decideMember(config: Evaluation, group: Group): SymbolId {
  const { userSet, userTristate, visible } = config;
  for (const member of group.members) {
    config.computeVisibility(member);
    if (visible[member] !== NO && userSet[member] === 1 && userTristate[member] === YES) return member;
  }
  const preset = defaultMember(config, group);
  if (preset >= 0 && !(userSet[preset] === 1 && userTristate[preset] === NO)) return preset;
  for (const entry of group.entries) if (visible[entry] !== NO && userSet[entry] === 0) return entry;
  // All visible members are n: the one whose n was given first yields.
  for (let i = group.members.length - 1; i >= 0; i--)
    if (visible[group.members[i] as number] !== NO) return group.members[i] as number;
  return -1;
}

/** New rules: what the user sets last has the highest priority. */
export function moveToFront(group: Group, member: SymbolId): void {
  const at = group.members.indexOf(member);
  if (at > 0) {
    group.members.splice(at, 1);
    group.members.unshift(member);
  }
}
