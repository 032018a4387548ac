/** What conf checks on a finalised tree: circular dependencies, choices, transitional symbols. */
import { report } from './codes.js';
import type { Draft } from './draft.js';
import { type Expression, forEachSymbol, type SymbolId } from './expression.js';
import { Refusal } from './macro.js';
import { CHOICE, DEFAULT, IMPLY, type NodeId, PROMPT, SELECT, TRANSITIONAL } from './tree.js';

export function checkTree(draft: Draft): void {
  checkCircles(draft);
  if (draft.dialect.choices === 'menu') checkMembers(draft);
  checkTransitional(draft);
}

/** Members of a choice are bool with one prompt and no default (new rules; the old ones only warn). */
function checkMembers(draft: Draft): void {
  const { nodes, symbols, properties } = draft;
  for (const { node: choice } of draft.choices.values())
    for (const node of descendants(draft, choice)) {
      const symbol = nodes.symbol[node] as number;
      if (symbol < 0) continue;
      for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number) {
        const elsewhere = properties.node[p] as number;
        const complain = (message: string) =>
          draft.diagnostics.push(report('kconfig/choice', { message, span: draft.propertySpan(p) }));
        if (properties.kind[p] === DEFAULT) complain('defaults for choice values not supported');
        if (elsewhere === node || properties.kind[p] !== PROMPT) continue;
        if (draft.dialect.singleInclusion) complain('choice value must not have a prompt in another entry');
        else if (nodes.parent[elsewhere] !== nodes.parent[node])
          complain('choice value has a prompt outside its choice group');
      }
    }
}

function* descendants(draft: Draft, root: NodeId): Generator<NodeId> {
  const { nodes } = draft;
  for (let node = nodes.firstChild[root] as number; node >= 0; node = nodes.next[node] as number) {
    yield node;
    yield* descendants(draft, node);
  }
}

function checkTransitional(draft: Draft): void {
  const { nodes, symbols, expressions } = draft;
  const complain = (span: ReturnType<Draft['nodeSpan']>) =>
    draft.diagnostics.push(
      report('kconfig/transitional', { message: 'transitional symbols can only have help sections', span }),
    );
  for (let symbol = 3; symbol < symbols.name.length; symbol++) {
    if (((symbols.flags[symbol] as number) & TRANSITIONAL) === 0) continue;
    for (let node = symbols.firstNode[symbol] as number; node >= 0; node = nodes.nextOfSymbol[node] as number)
      if (!expressions.isYes(nodes.dependency[node] as number)) complain(draft.nodeSpan(node));
    const property = symbols.firstProperty[symbol] as number;
    if (property !== 0) complain(draft.propertySpan(property));
  }
}

const VISITING = 1;
const DONE = 2;

/**
 * Symbols must not depend on themselves through dependencies, select, imply, prompts or defaults. A choice and its
 * members count as one, except for what the members depend on outside it.
 */
function checkCircles(draft: Draft): void {
  const { symbols, properties, expressions } = draft;
  const state = new Uint8Array(symbols.name.length);
  const membersOf = new Map<SymbolId, readonly SymbolId[]>();
  for (const [choice, { members }] of draft.choices) membersOf.set(choice, members);
  const table = { kind: expressions.kind, left: expressions.left, right: expressions.right };

  const neighbours = (symbol: SymbolId): SymbolId[] => {
    const found: SymbolId[] = [];
    const add = (e: Expression) => forEachSymbol(table, e, (s) => found.push(s));
    add(symbols.directDependency[symbol] as number);
    add(symbols.reverseDependency[symbol] as number);
    add(symbols.implied[symbol] as number);
    for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number) {
      const kind = properties.kind[p];
      if (kind === SELECT || kind === IMPLY) continue;
      add(properties.condition[p] as number);
      if (kind === DEFAULT && ((symbols.flags[symbol] as number) & CHOICE) === 0) add(properties.value[p] as number);
    }
    return found;
  };
  /** The symbol that stands for a whole choice. */
  const representative = (symbol: SymbolId): SymbolId => {
    const choice = symbols.choice[symbol] as number;
    return choice >= 0 ? choice : symbol;
  };
  const frames: { symbol: SymbolId; next: SymbolId[]; at: number }[] = [];
  const enter = (symbol: SymbolId) => {
    state[symbol] = VISITING;
    // Members may depend on their choice, not on each other.
    const inside = (membersOf.get(symbol) ?? []).flatMap(neighbours).filter((s) => s !== symbol);
    frames.push({ symbol, next: [...neighbours(symbol), ...inside].map(representative), at: 0 });
  };
  for (let start = 3; start < symbols.name.length; start++) {
    const first = representative(start);
    if (state[first] !== 0) continue;
    enter(first);
    for (let frame = frames.at(-1); frame; frame = frames.at(-1)) {
      const next = frame.next[frame.at++];
      if (next === undefined) {
        state[frame.symbol] = DONE;
        frames.pop();
      } else if (state[next] === VISITING) {
        const circle = frames.slice(frames.findIndex((f) => f.symbol === next)).map((f) => draft.nameOf(f.symbol));
        const node = symbols.firstNode[next] as number;
        throw new Refusal(
          report('kconfig/recursive-dependency', {
            message: 'recursive dependency detected',
            cause: `${[...circle, draft.nameOf(next)].join(' needs ')}`,
            ...(node >= 0 ? { span: draft.nodeSpan(node) } : {}),
          }),
        );
      } else if (state[next] === 0 && next > 2) enter(next);
    }
  }
}
