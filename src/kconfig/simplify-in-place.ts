/**
 * Duplicate removal as conf did it before it shared equal expressions: on a separate tree, rewritten
 * while it is being walked, every operand against every operand of the same expression, itself included. The results
 * differ from the later algorithm in which of two equal operands survives.
 */
import { AND, type Expression, type ExpressionTable, OR, SYMBOL, YES } from './expression.js';

/** A node that can change during a walk over it. A leaf holds its expression. */
interface Node {
  kind: number;
  leaf: Expression;
  left: Node | undefined;
  right: Node | undefined;
}

/** What joins two expressions, and the table they are in. */
export interface Joiner {
  readonly table: ExpressionTable;
  joinOr(a: Expression, b: Expression): Expression;
  joinAnd(a: Expression, b: Expression): Expression;
}

/** A field that holds a node: what conf passes as a pointer to a pointer. */
interface Place {
  node: Node;
}

export function joinInPlace(simplifier: Joiner, start: Expression): Expression {
  const { table } = simplifier;
  const yes = table.symbol(YES);
  const no = table.symbol(0);
  let joins = 0;

  const open = (e: Expression): Node => {
    const kind = table.kind[e] as number;
    if (kind !== OR && kind !== AND) return { kind, leaf: e, left: undefined, right: undefined };
    return { kind, leaf: 0, left: open(table.left[e] as number), right: open(table.right[e] as number) };
  };
  const close = (node: Node): Expression =>
    node.left && node.right ? table.intern(node.kind, close(node.left), close(node.right)) : node.leaf;
  const leftOf = (node: Node): Place => ({
    get node() {
      return node.left as Node;
    },
    set node(value) {
      node.left = value;
    },
  });
  const rightOf = (node: Node): Place => ({
    get node() {
      return node.right as Node;
    },
    set node(value) {
      node.right = value;
    },
  });

  const joinLeaves = (kind: number, a: Place, b: Place): void => {
    if (a.node.kind === kind) {
      const parent = a.node;
      joinLeaves(kind, leftOf(parent), b);
      joinLeaves(kind, rightOf(parent), b);
      return;
    }
    if (b.node.kind === kind) {
      const parent = b.node;
      joinLeaves(kind, a, leftOf(parent));
      joinLeaves(kind, a, rightOf(parent));
      return;
    }
    if (a.node === b.node) return;
    if (a.node.kind === OR || a.node.kind === AND) joinLeaves(a.node.kind, a, a);
    const x = close(a.node);
    const y = close(b.node);
    const joined = kind === OR ? simplifier.joinOr(x, y) : simplifier.joinAnd(x, y);
    if (joined === 0) return;
    a.node = open(kind === OR ? no : yes);
    b.node = open(joined);
    joins++;
  };

  const dropConstants = (node: Node): Node => {
    if (!node.left || !node.right) return node;
    node.left = dropConstants(node.left);
    node.right = dropConstants(node.right);
    const absorbing = node.kind === AND ? no : yes;
    const neutral = node.kind === AND ? yes : no;
    const is = (n: Node, e: Expression) => n.kind === SYMBOL && n.leaf === e;
    if (is(node.left, absorbing)) return node.left;
    if (is(node.left, neutral)) return node.right;
    if (is(node.right, absorbing)) return node.right;
    return is(node.right, neutral) ? node.left : node;
  };

  const root: Place = { node: open(start) };
  for (;;) {
    joins = 0;
    if (root.node.kind === OR || root.node.kind === AND) joinLeaves(root.node.kind, root, root);
    if (joins === 0) return close(root.node);
    root.node = dropConstants(root.node);
  }
}
