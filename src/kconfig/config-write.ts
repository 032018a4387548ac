/** Values to text: the full `.config` and the minimal defconfig, byte for byte as conf writes them. */
import { defaultMember, groupOf } from './choice.js';
import type { Configuration } from './evaluate.js';
import { MOD, NO, type SymbolId, YES } from './expression.js';
import { writeOption } from './option-line.js';
import { BOOLEAN, HEX, INT, isLogical, STRING, UNKNOWN } from './symbol.js';
import { CHOICE, MENU, type NodeId, OPTIONAL, propertyText } from './tree.js';

/** Whether a menu entry shows: its prompt is visible, or it is on and something below it shows. */
export function isNodeVisible(config: Configuration, node: NodeId): boolean {
  const { nodes, properties } = config.tree;
  const prompt = nodes.prompt[node] as number;
  if (prompt === 0) return false;
  if (config.evaluate(nodes.visibility[node] as number) === NO) return false;
  const symbol = nodes.symbol[node] as number;
  if (symbol < 0) return config.evaluate(properties.condition[prompt] as number) !== NO;
  config.compute(symbol);
  if (config.promptVisible[prompt] !== NO) return true;
  if (config.tristates[symbol] === NO) return false;
  for (let child = nodes.firstChild[node] as number; child >= 0; child = nodes.next[child] as number)
    if (isNodeVisible(config, child)) return true;
  return false;
}

/** The whole configuration. */
export function writeConfig(config: Configuration): string {
  const { tree } = config;
  const { nodes, properties } = tree;
  const { endsEveryMenu } = tree.dialect;
  const out = ['#\n# Automatically generated file; DO NOT EDIT.\n# ', tree.title, '\n#\n'];
  const { name: names, flags } = tree.symbols;
  const done = new Uint8Array(names.length);
  let blank = false;
  const textOf = (node: NodeId) => propertyText(tree, nodes.prompt[node] as number);
  const enter = (node: NodeId): void => {
    const symbol = nodes.symbol[node] as number;
    if (symbol < 0) {
      if (!isNodeVisible(config, node)) return;
      out.push('\n#\n# ', textOf(node), '\n#\n');
      blank = false;
    } else if (done[symbol] === 0 && ((flags[symbol] as number) & CHOICE) === 0) {
      if (config.valid[symbol] === 0) config.compute(symbol);
      if (config.written[symbol] === 0) return;
      done[symbol] = 1;
      if (blank) out.push('\n');
      blank = false;
      out.push(configLine(config, symbol));
    }
  };
  const leave = (node: NodeId): void => {
    if (node === 0 || (nodes.symbol[node] as number) >= 0) return;
    const prompt = nodes.prompt[node] as number;
    if (endsEveryMenu && (prompt === 0 || properties.kind[prompt] !== MENU)) return;
    if (!isNodeVisible(config, node)) return;
    out.push('# end of ', textOf(node), '\n');
    blank = true;
  };
  const walk = (first: NodeId): void => {
    for (let node = first; node >= 0; node = nodes.next[node] as number) {
      enter(node);
      const child = nodes.firstChild[node] as number;
      if (child >= 0) walk(child);
      if (child >= 0 || endsEveryMenu) leave(node);
    }
  };
  walk(nodes.firstChild[0] as number);
  return out.join('');
}

/** The line `.config` has for a symbol with its current value; empty for a symbol without a type. */
export function configLine(config: Configuration, symbol: SymbolId): string {
  const { symbols } = config.tree;
  const type = symbols.type[symbol] as number;
  if (type === UNKNOWN) return '';
  const name = symbols.name[symbol] as string;
  const value = config.spelt(symbol);
  return `${writeOption(name, value, type === STRING)}\n`;
}

/** Only the lines that differ from what the defaults give. */
export function writeDefconfig(config: Configuration): string {
  const { tree } = config;
  config.restart();
  const out: string[] = [];
  const done = new Uint8Array(tree.symbols.name.length);
  const { nodes } = tree;
  const walk = (first: NodeId): void => {
    for (let node = first; node >= 0; node = nodes.next[node] as number) {
      const symbol = nodes.symbol[node] as number;
      if (symbol >= 0 && !config.isChoice(symbol) && done[symbol] === 0) {
        config.compute(symbol);
        if (config.written[symbol] === 1) {
          done[symbol] = 1;
          if (!isDefault(config, symbol)) out.push(configLine(config, symbol));
        }
      } else if (symbol < 0 && tree.dialect.choices === 'symbol') isNodeVisible(config, node);
      walk(nodes.firstChild[node] as number);
    }
  };
  walk(nodes.firstChild[0] as number);
  return out.join('');
}

function isDefault(config: Configuration, symbol: SymbolId): boolean {
  if (!config.isChangeable(symbol)) return true;
  if (config.spelt(symbol) === defaultText(config, symbol)) return true;
  const { symbols, dialect } = config.tree;
  if ((symbols.choice[symbol] as number) < 0 || config.tristates[symbol] !== YES) return false;
  const group = groupOf(config, symbol);
  if (!group || defaultMember(config, group) !== symbol) return false;
  if (dialect.choices === 'menu') return true;
  return ((symbols.flags[group.choice] as number) & OPTIONAL) === 0 && symbols.type[symbol] === BOOLEAN;
}

/** What the value would be without the user, ranges left aside as conf does here. */
export function defaultText(config: Configuration, symbol: SymbolId): string {
  const { symbols, properties, dialect, modules } = config.tree;
  config.computeVisibility(symbol);
  config.compute(modules);
  const type = symbols.type[symbol] as number;
  const used = config.activeDefault(symbol);
  if (!isLogical(type)) {
    const source = used === 0 ? -1 : config.defaultSymbol(used);
    if (source >= 0) config.compute(source);
    const text = source >= 0 ? (config.texts[source] as string) : '';
    if (text !== '' || !dialect.numbersDefaultToZero) return text;
    return type === INT ? '0' : type === HEX ? '0x0' : '';
  }
  let value: number = NO;
  if (used !== 0) {
    const condition = config.evaluate(properties.condition[used] as number);
    value = Math.min(config.evaluate(properties.value[used] as number), condition);
  }
  value = Math.max(value, config.reverse[symbol] as number);
  if (value === MOD && !config.isMember(symbol) && config.tristates[modules] === NO) value = YES;
  if (value === MOD && type === BOOLEAN) value = YES;
  value = Math.max(value, config.implied[symbol] as number);
  return 'nmy'[value] as string;
}
