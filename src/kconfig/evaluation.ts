/** What the parts of the evaluation see of a configuration that is being computed. */
import type { Expression, SymbolId, Tristate } from './expression.js';
import type { KconfigTree, PropertyId } from './tree.js';

export interface Group {
  readonly choice: SymbolId;
  /** Members by priority; the new rules move what the user sets to the front. */
  readonly members: SymbolId[];
  /** Every symbol below the choice's node, in menu order (new rules). */
  readonly entries: readonly SymbolId[];
  /** Old rules: the member the user set to y, or -1. */
  userMember: SymbolId;
  /** Old rules: the member that is y now, or -1. */
  selected: SymbolId;
}

export interface ChoiceState {
  readonly groups: readonly Group[];
  /** By symbol, of a choice or of a member: its group, or -1. */
  readonly groupOf: Int32Array;
  /** Old rules: members and choices whose choice gets all its values once it has been computed. */
  readonly pending: Uint8Array;
}

export interface Evaluation {
  readonly tree: KconfigTree;
  readonly choiceState: ChoiceState;
  readonly userSet: Uint8Array;
  readonly userTristate: Uint8Array;
  readonly valid: Uint8Array;
  readonly tristates: Uint8Array;
  readonly texts: string[];
  readonly visible: Uint8Array;
  readonly direct: Uint8Array;
  readonly reverse: Uint8Array;
  readonly implied: Uint8Array;
  readonly written: Uint8Array;
  readonly promptVisible: Uint8Array;
  readonly expressionEpoch: Int32Array;
  readonly expressionValue: Uint8Array;
  readonly epoch: number;
  readonly modulesValue: Tristate;
  readonly collectWarnings: boolean;
  isMember(symbol: SymbolId): boolean;
  isChoice(symbol: SymbolId): boolean;
  evaluate(expression: Expression): Tristate;
  compute(symbol: SymbolId): void;
  computeVisibility(symbol: SymbolId): void;
  defaultSymbol(property: PropertyId): SymbolId;
  inheritTransition(symbol: SymbolId, property: PropertyId, tristate: Tristate, text: string): void;
  warnUnmet(symbol: SymbolId): void;
}
