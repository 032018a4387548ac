/**
 * A parsed and finalised Kconfig tree: symbols, their properties, and the menu nodes in the order of `.config`.
 *
 * Everything is a number pointing into arrays, so that a tree of twenty thousand symbols is evaluated in milliseconds
 * and written to a cache without walking it. {@link Configuration} computes values on it; {@link describeProperties}
 * and friends give readable views for explanations.
 */
import type { Span } from '../diagnostic/index.js';
import type { Dialect } from './dialect.js';
import { type Expression, type ExpressionArrays, formatExpression, type SymbolId } from './expression.js';

/** An index into {@link KconfigTree.nodes}; 0 is the root, -1 none. */
export type NodeId = number;
/** An index into {@link KconfigTree.properties}; 0 is none. */
export type PropertyId = number;

/** Property kinds. Those up to MENU carry a text. */
export const PROMPT = 1;
export const COMMENT = 2;
export const MENU = 3;
export const DEFAULT = 4;
export const SELECT = 5;
export const IMPLY = 6;
/** Its value is an expression of kind `RANGE`. */
export const RANGE_PROPERTY = 7;
export const PROPERTY_NAMES = ['', 'prompt', 'comment', 'menu', 'default', 'select', 'imply', 'range'] as const;

/** Node kinds. */
export const NODE_ROOT = 0;
export const NODE_CONFIG = 1;
export const NODE_MENUCONFIG = 2;
export const NODE_CHOICE = 3;
export const NODE_MENU = 4;
export const NODE_COMMENT = 5;
export const NODE_IF = 6;

/** Symbol flags. */
export const CONSTANT = 1;
export const CHOICE = 2;
export const OPTIONAL = 4;
export const NO_WRITE = 8;
export const ALLNOCONFIG_Y = 16;
export const TRANSITIONAL = 32;
/** A member of a choice. */
export const MEMBER = 64;
/** A definition depends on the answer of a probe, or is inside an if, menu or choice that does. */
export const PROBED = 128;

export interface Symbols {
  /** Without `CONFIG_`; empty for a choice. A constant's name is its text. */
  readonly name: readonly string[];
  readonly type: Uint8Array;
  readonly flags: Uint8Array;
  /** OR over the definitions of their dependencies; 0 reads as y. */
  readonly directDependency: Int32Array;
  /** OR of `selecting symbol && condition`; 0 reads as n. */
  readonly reverseDependency: Int32Array;
  /** OR of `implying symbol && condition`; 0 reads as n. */
  readonly implied: Int32Array;
  readonly firstProperty: Int32Array;
  /** First definition; -1 for a symbol that is only mentioned. */
  readonly firstNode: Int32Array;
  /** For a member of a choice the choice's symbol, else -1. */
  readonly choice: Int32Array;
}

export interface Properties {
  readonly kind: Uint8Array;
  /** Where the text of each starts in {@link KconfigTree.texts}; it ends where the next one's starts. */
  readonly textStart: Int32Array;
  /** The condition, dependencies of the node and `visible if` of its menus included. */
  readonly condition: Int32Array;
  /** The default's value, the selected or implied symbol, the range. */
  readonly value: Int32Array;
  readonly node: Int32Array;
  readonly file: Int32Array;
  readonly line: Int32Array;
  /** The next property of the same symbol. */
  readonly next: Int32Array;
}

export interface Nodes {
  readonly kind: Uint8Array;
  readonly parent: Int32Array;
  readonly next: Int32Array;
  readonly firstChild: Int32Array;
  readonly symbol: Int32Array;
  readonly prompt: Int32Array;
  readonly dependency: Int32Array;
  /** `visible if` of a menu. */
  readonly visibility: Int32Array;
  readonly file: Int32Array;
  readonly line: Int32Array;
  /** The next definition of the same symbol. */
  readonly nextOfSymbol: Int32Array;
}

export interface ChoiceMembers {
  readonly choice: SymbolId;
  readonly node: NodeId;
  readonly members: readonly SymbolId[];
}

export interface KconfigTree {
  readonly dialect: Dialect;
  /** Text of `mainmenu`. */
  readonly title: string;
  /** Names of the files read, as sourced; spans and positions refer to them. */
  readonly files: readonly string[];
  readonly symbols: Symbols;
  readonly properties: Properties;
  readonly nodes: Nodes;
  /** The texts of all properties, see {@link propertyText}. */
  readonly texts: string;
  readonly expressions: ExpressionArrays;
  readonly choices: readonly ChoiceMembers[];
  /** The symbol that enables modules; 0 (n) when the tree has none. */
  readonly modules: SymbolId;
  /** The symbol whose defaults name configurations to start from (`option defconfig_list`), or -1. */
  readonly defconfigList: SymbolId;
  /** Symbols in the order in which conf computes them. */
  readonly order: Int32Array;
  /**
   * Symbols, and as their complement (`~`) expressions, each behind what its value needs. What only menus need is not
   * among them.
   */
  readonly steps: Int32Array;
  /** Symbols by name, constants and choices excluded. */
  readonly byName: ReadonlyMap<string, SymbolId>;
  /** Environment variables that were asked for; undefined when unset. */
  readonly environment: ReadonlyMap<string, string | undefined>;
  /** Probes that were asked for, with their answers; undefined when unanswered. */
  readonly probes: ReadonlyMap<string, string | undefined>;
}

/** @returns the symbol of that name (without `CONFIG_`), or undefined */
export function findSymbol(tree: KconfigTree, name: string): SymbolId | undefined {
  return tree.byName.get(name);
}

/** The text of a prompt, menu or comment; empty for other properties. */
export function propertyText({ texts, properties }: KconfigTree, property: PropertyId): string {
  return texts.slice(properties.textStart[property], properties.textStart[property + 1]);
}

export interface PropertyView {
  readonly id: PropertyId;
  readonly kind: (typeof PROPERTY_NAMES)[number];
  readonly text: string;
  readonly condition: Expression;
  readonly value: Expression;
  readonly node: NodeId;
  readonly span: Span;
}

/** The properties of a symbol in the order of the files. */
export function describeProperties(tree: KconfigTree, symbol: SymbolId): PropertyView[] {
  const views: PropertyView[] = [];
  const { properties } = tree;
  for (let p = tree.symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number)
    views.push({
      id: p,
      kind: PROPERTY_NAMES[properties.kind[p] as number] as PropertyView['kind'],
      text: propertyText(tree, p),
      condition: properties.condition[p] as number,
      value: properties.value[p] as number,
      node: properties.node[p] as number,
      span: lineSpan(tree, properties.file[p] as number, properties.line[p] as number),
    });
  return views;
}

/** Whether any definition of a symbol has a prompt; without one it is never asked for, only selected or defaulted. */
export function symbolHasPrompt(tree: KconfigTree, symbol: SymbolId): boolean {
  const { properties, symbols } = tree;
  for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number)
    if (properties.kind[p] === PROMPT || properties.kind[p] === MENU) return true;
  return false;
}

/** The definitions of a symbol in the order of the files. */
export function definitionsOf(tree: KconfigTree, symbol: SymbolId): NodeId[] {
  const nodes: NodeId[] = [];
  for (let n = tree.symbols.firstNode[symbol] as number; n >= 0; n = tree.nodes.nextOfSymbol[n] as number)
    nodes.push(n);
  return nodes;
}

/** The place of a node in the files. */
export function nodeSpan(tree: KconfigTree, node: NodeId): Span {
  return lineSpan(tree, tree.nodes.file[node] as number, tree.nodes.line[node] as number);
}

/** The place of a property in the files. */
export function propertySpan(tree: KconfigTree, property: PropertyId): Span {
  return lineSpan(tree, tree.properties.file[property] as number, tree.properties.line[property] as number);
}

/** The texts of the menus above a node, outermost first. */
export function menuPath(tree: KconfigTree, node: NodeId): string[] {
  const path: string[] = [];
  for (let n = tree.nodes.parent[node] as number; n > 0; n = tree.nodes.parent[n] as number) {
    const prompt = tree.nodes.prompt[n] as number;
    if (prompt !== 0) path.unshift(propertyText(tree, prompt));
  }
  return path;
}

/** An expression as Kconfig writes it. */
export function expressionText(tree: KconfigTree, expression: Expression): string {
  return formatExpression(tree.expressions, expression, (symbol) => symbolText(tree, symbol));
}

/** A symbol as an expression mentions it. */
export function symbolText(tree: KconfigTree, symbol: SymbolId): string {
  return ((tree.symbols.flags[symbol] as number) & CHOICE) !== 0 ? '<choice>' : (tree.symbols.name[symbol] as string);
}

function lineSpan(tree: KconfigTree, file: number, line: number): Span {
  return { file: tree.files[file] ?? '', line, column: 1, endLine: line, endColumn: 1 };
}
