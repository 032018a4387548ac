/** Which statements of a function lie under which conditions, and which assignment a use sees. */
import { ALWAYS, and, type Condition, NEVER, not } from '../condition.js';
import { readConditionTokens, type Token } from './lex.js';
import { callsOf, closing, splitArguments } from './unit.js';

interface Scope {
  readonly parent: Scope | undefined;
  /** Of an if: what the branch asks; undefined for loops and cases. */
  readonly guard: Condition | undefined;
  /** What the if asks, as tokens, and whether the branch is the one for no. */
  readonly asked?: readonly Token[];
  readonly isElse?: boolean;
  /** The branches of one if share it. */
  readonly group: number;
  /** Ends in return, goto, break or continue: nothing in it reaches what follows it. */
  leaves: boolean;
}

/** An assignment to a place such as `exp_info.name`. */
export interface Definition {
  readonly at: number;
  readonly kind: 'value' | 'format' | 'append' | 'property' | 'initialiser';
  /** The expression; of a format its format and arguments. */
  readonly expression: readonly Token[];
  readonly arguments: readonly (readonly Token[])[];
  readonly token: Token;
}

export interface Reaching {
  readonly definition: Definition;
  readonly condition: Condition;
}

export class Flow {
  readonly body: readonly Token[];
  readonly #scopes: (Scope | undefined)[] = [];
  readonly #exits: { readonly at: number; readonly scope: Scope; readonly isError: boolean }[] = [];
  readonly #definitions = new Map<string, Definition[]>();
  #groups = 0;

  constructor(body: readonly Token[]) {
    this.body = body;
    const root: Scope = { parent: undefined, guard: undefined, group: 0, leaves: false };
    let at = 0;
    while (at < body.length) at = Math.max(at + 1, this.#statement(at, root));
    this.#findDefinitions();
  }

  /** What the configuration must be for a place to be reached: its #ifs, its ifs, and the returns before it. */
  conditionAt(at: number): Condition {
    const token = this.body[at];
    let condition = token?.condition ?? ALWAYS;
    for (let scope = this.#scopes[at]; scope; scope = scope.parent)
      if (scope.guard !== undefined && isDecidable(scope.guard)) condition = and(condition, scope.guard);
    const mine = this.#scopes[at];
    for (const exit of this.#exits)
      if (
        exit.at < at &&
        exit.scope.guard !== undefined &&
        isDecidable(exit.scope.guard) &&
        contains(exit.scope.parent, mine)
      )
        condition = and(condition, not(exit.scope.guard));
    return condition;
  }

  /** A question of the running kernel that decides whether a place is reached: `cc_platform_has ( X )`. */
  asksAt(at: number): string | undefined {
    const mine = this.#scopes[at];
    for (let scope = mine; scope; scope = scope.parent)
      if (scope.asked !== undefined && isQuestion(scope.asked)) return textOf(scope.asked, scope.isElse === true);
    for (const exit of this.#exits)
      if (
        exit.at < at &&
        !exit.isError &&
        exit.scope.asked !== undefined &&
        isQuestion(exit.scope.asked) &&
        contains(exit.scope.parent, mine)
      )
        return textOf(exit.scope.asked, exit.scope.isElse !== true);
    return undefined;
  }

  /** The assignments to a place that a use at `at` may see, the latest first. */
  reaching(place: string, at: number): Reaching[] {
    const found: Reaching[] = [];
    const mine = this.#scopes[at];
    let remaining: Condition = ALWAYS;
    const groups = new Map<number, Set<Scope>>();
    for (const definition of (this.#definitions.get(place) ?? []).filter((one) => one.at < at).reverse()) {
      const scope = this.#scopes[definition.at];
      const isAncestor = contains(scope, mine);
      if (!isAncestor && (excludes(scope, mine) || leavesBefore(scope, mine))) continue;
      const condition = and(definition.token.condition, guardsOf(scope, mine));
      found.push({ definition, condition: and(remaining, condition) });
      if (definition.kind === 'append') continue;
      if (isAncestor || condition.kind !== 'always') {
        remaining = and(remaining, isAncestor || isDecidable(condition) ? not(condition) : ALWAYS);
        if (remaining.kind === 'never') break;
      }
      if (scope && !isAncestor && scope.group > 0) {
        const branches = groups.get(scope.group) ?? new Set();
        groups.set(scope.group, branches.add(scope));
        // Both branches assign: the previous value is lost.
        if (branches.size > 1) break;
      }
    }
    return found;
  }

  /** Every assignment to a field, whatever it is a field of: `name` for `heap->name = x`. */
  storesOf(field: string): { readonly place: string; readonly definition: Definition }[] {
    return [...this.#definitions].flatMap(([place, definitions]) =>
      place.endsWith(`.${field}`) ? definitions.map((definition) => ({ place, definition })) : [],
    );
  }

  #statement(at: number, scope: Scope): number {
    const { body } = this;
    const mark = (from: number, to: number) => {
      for (let i = from; i < to; i++) this.#scopes[i] ??= scope;
    };
    const token = body[at];
    if (token === undefined) return at;
    if (token.text === '{' && token.kind === 'mark') {
      const close = closing(body, at);
      let inner = at + 1;
      while (inner < close) inner = Math.max(inner + 1, this.#statement(inner, scope));
      return close + 1;
    }
    if (token.kind === 'name' && body[at + 1]?.text === '(') {
      if (token.text === 'if') {
        const close = closing(body, at + 1);
        mark(at, close + 1);
        const guard = readConditionTokens(body.slice(at + 2, close), (name) => ({ kind: 'unknown', text: name }));
        const group = ++this.#groups;
        const asked = body.slice(at + 2, close);
        const then: Scope = { parent: scope, guard, asked, group, leaves: false };
        let next = this.#statement(close + 1, then);
        if (body[next]?.text === 'else') {
          mark(next, next + 1);
          next = this.#statement(next + 1, {
            parent: scope,
            guard: not(guard),
            asked,
            isElse: true,
            group,
            leaves: false,
          });
        }
        return next;
      }
      const isLoop = /^(?:for|while|switch|scoped_guard)$|for_each/.test(token.text);
      if (isLoop || body[closing(body, at + 1) + 1]?.text === '{') {
        const close = closing(body, at + 1);
        const inner: Scope = { parent: scope, guard: undefined, group: 0, leaves: false };
        // The head of a loop assigns what its body sees.
        for (let i = at; i <= close; i++) this.#scopes[i] ??= inner;
        if (body[close + 1]?.text === ';') return close + 2;
        return token.text === 'switch' ? this.#cases(close + 1, inner) : this.#statement(close + 1, inner);
      }
    }
    if (token.text === 'do' || token.text === 'else')
      return this.#statement(at + 1, { parent: scope, guard: undefined, group: 0, leaves: false });
    let end = at;
    while (end < body.length && body[end]?.text !== ';') {
      const { text, kind } = body[end] as Token;
      if (kind === 'mark' && /^[([{]$/.test(text)) end = closing(body, end);
      else if (kind === 'mark' && text === ':' && end === at + 1) {
        // A label.
        mark(at, end + 1);
        return end + 1;
      } else if (kind === 'mark' && text === '}') break;
      end++;
    }
    mark(at, end + 1);
    if (/^(?:return|goto|break|continue)$/.test(token.text)) {
      scope.leaves = true;
      if (token.text === 'return') this.#exits.push({ at, scope, isError: isError(body.slice(at + 1, end)) });
    }
    return end + 1;
  }

  #cases(at: number, scope: Scope): number {
    const { body } = this;
    if (body[at]?.text !== '{') return this.#statement(at, scope);
    const close = closing(body, at);
    const group = ++this.#groups;
    let own = scope;
    let inner = at + 1;
    while (inner < close) {
      if (/^(?:case|default)$/.test(body[inner]?.text ?? '')) {
        if (body[inner - 1]?.text !== ':' || own === scope)
          own = { parent: scope, guard: undefined, group, leaves: false };
        while (inner < close && body[inner]?.text !== ':') this.#scopes[inner++] = own;
        this.#scopes[inner++] = own;
        continue;
      }
      const leaving = body[inner]?.text;
      inner = Math.max(inner + 1, this.#statement(inner, own));
      // Leaving a case goes on after the switch.
      if (leaving === 'break') own.leaves = false;
    }
    return close + 1;
  }

  #findDefinitions(): void {
    const { body } = this;
    const add = (place: string | undefined, definition: Definition) => {
      if (place === undefined) return;
      const known = this.#definitions.get(place);
      if (known) known.push(definition);
      else this.#definitions.set(place, [definition]);
    };
    for (let at = 0; at < body.length; at++) {
      const token = body[at] as Token;
      if (token.text === '=' && token.kind === 'mark') {
        const place = placeBefore(body, at);
        const end = endOfExpression(body, at + 1);
        const expression = body.slice(at + 1, end);
        add(place, { at, kind: 'value', expression, arguments: [], token });
        const brace = expression.findIndex((one) => one.text === '{');
        const isInitialiser =
          brace === 0 || (brace > 0 && expression[0]?.text === '(' && expression[brace - 1]?.text === ')');
        if (place !== undefined && isInitialiser)
          for (const [field, value] of fieldsOf(expression.slice(brace)))
            add(`${place}.${field}`, { at, kind: 'value', expression: value, arguments: [], token });
      }
    }
    for (const call of callsOf(body, (name) => name in WRITERS)) {
      const how = WRITERS[call.name] as (typeof WRITERS)[string];
      const target = call.arguments[how.target];
      if (target === undefined) continue;
      add(placeText(target), {
        at: call.at,
        kind: how.kind,
        expression: call.arguments[how.value] ?? [],
        arguments: call.arguments.slice(how.value + 1),
        token: call.token,
      });
    }
    for (const list of this.#definitions.values()) list.sort((a, b) => a.at - b.at);
  }
}

/** Functions that write a text to a place: which arguments are the place and the text. */
const WRITERS: Readonly<
  Record<string, { readonly target: number; readonly value: number; readonly kind: Definition['kind'] }>
> = {
  snprintf: { target: 0, value: 2, kind: 'format' },
  scnprintf: { target: 0, value: 2, kind: 'format' },
  sprintf: { target: 0, value: 1, kind: 'format' },
  strcpy: { target: 0, value: 1, kind: 'value' },
  strncpy: { target: 0, value: 1, kind: 'value' },
  strscpy: { target: 0, value: 1, kind: 'value' },
  strscpy_pad: { target: 0, value: 1, kind: 'value' },
  strlcpy: { target: 0, value: 1, kind: 'value' },
  memcpy: { target: 0, value: 1, kind: 'value' },
  strcat: { target: 0, value: 1, kind: 'append' },
  strncat: { target: 0, value: 1, kind: 'append' },
  strlcat: { target: 0, value: 1, kind: 'append' },
  of_property_read_string: { target: 2, value: 1, kind: 'property' },
  of_property_read_string_index: { target: 3, value: 1, kind: 'property' },
  device_property_read_string: { target: 2, value: 1, kind: 'property' },
  fwnode_property_read_string: { target: 2, value: 1, kind: 'property' },
};

/** `a.b` for `a->b`, `&a.b`, `(a)->b`, `a[i].b`: an index is any index. */
export function placeText(tokens: readonly Token[]): string | undefined {
  let text = '';
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    if (token.kind === 'name') text += text === '' || text.endsWith('.') ? token.text : `?${token.text}`;
    else if (token.text === '->' || token.text === '.') text += '.';
    else if (token.text === '[') {
      at = closing(tokens, at);
      text += '[]';
    } else if (token.text !== '&' && token.text !== '*' && token.text !== '(' && token.text !== ')') return undefined;
  }
  return text === '' || text.includes('?') ? undefined : text;
}

/** The place to the left of an `=`. */
function placeBefore(body: readonly Token[], at: number): string | undefined {
  let from = at - 1;
  for (; from >= 0; from--) {
    const token = body[from] as Token;
    if (token.text === ']') {
      let depth = 0;
      for (; from >= 0; from--) {
        depth += body[from]?.text === ']' ? 1 : body[from]?.text === '[' ? -1 : 0;
        if (depth === 0) break;
      }
      continue;
    }
    if (token.text === '.' || token.text === '->') continue;
    if (
      token.kind === 'name' &&
      (body[from + 1]?.text === '.' || body[from + 1]?.text === '->' || body[from + 1]?.text === '[' || from === at - 1)
    )
      continue;
    break;
  }
  const place = body.slice(from + 1, at);
  // `.name = x` in an initialiser is a field of what is initialised, not a place.
  return place[0]?.text === '.' ? undefined : placeText(place);
}

function endOfExpression(body: readonly Token[], from: number): number {
  let at = from;
  for (; at < body.length; at++) {
    const { text, kind } = body[at] as Token;
    if (kind !== 'mark') continue;
    if (/^[([{]$/.test(text)) at = closing(body, at);
    else if (/^[;,)\]}]$/.test(text)) break;
  }
  return at;
}

/** `.name = x` of an initialiser, `{` first. */
export function fieldsOf(tokens: readonly Token[]): [string, Token[]][] {
  const open = tokens.findIndex((one) => one.text === '{');
  if (open < 0) return [];
  return splitArguments(tokens.slice(open + 1, closing(tokens, open))).flatMap((part): [string, Token[]][] =>
    part[0]?.text === '.' && part[2]?.text === '=' ? [[(part[1] as Token).text, part.slice(3)]] : [],
  );
}

const isDecidable = (condition: Condition): boolean =>
  condition.kind === 'symbol' || condition.kind === 'always' || condition.kind === 'never'
    ? true
    : condition.kind === 'not'
      ? isDecidable(condition.of)
      : condition.kind === 'and' || condition.kind === 'or'
        ? condition.of.every(isDecidable)
        : false;

/** Whether `outer` is `inner` or holds it. */
function contains(outer: Scope | undefined, inner: Scope | undefined): boolean {
  if (outer === undefined) return true;
  for (let scope = inner; scope; scope = scope.parent) if (scope === outer) return true;
  return false;
}

/** Whether the two lie in different branches of one if or switch. */
function excludes(a: Scope | undefined, b: Scope | undefined): boolean {
  for (let left = a; left; left = left.parent)
    for (let right = b; right; right = right.parent)
      if (left.group > 0 && left.group === right.group && left !== right) return true;
  return false;
}

/** Whether control leaves the function or the block between the two. */
function leavesBefore(scope: Scope | undefined, mine: Scope | undefined): boolean {
  for (let one = scope; one && !contains(one, mine); one = one.parent) if (one.leaves) return true;
  return false;
}

/** The configuration's part of the conditions between a scope and a use. */
function guardsOf(scope: Scope | undefined, mine: Scope | undefined): Condition {
  let condition: Condition = ALWAYS;
  for (let one = scope; one && !contains(one, mine); one = one.parent)
    if (one.guard !== undefined && isDecidable(one.guard)) condition = and(condition, one.guard);
  return condition.kind === 'never' ? NEVER : condition;
}

/** `return -EINVAL`, `return ret`, `return ERR_PTR(x)`: the driver has given up, which does not depend on the board. */
const isError = (value: readonly Token[]) => value.length > 0 && value[0]?.text !== '0';

const textOf = (tokens: readonly Token[], isNegated: boolean) => {
  const text = tokens
    .map((one) => one.text)
    .join(' ')
    .slice(0, 100);
  return isNegated ? `not (${text})` : text;
};

/** Calls that ask for success or for something that is there. */
const IS_THERE =
  /^(?:IS_ERR(?:_OR_NULL)?|WARN_ON(?:_ONCE)?|unlikely|likely|PTR_ERR|IS_ENABLED|IS_BUILTIN|IS_MODULE|IS_REACHABLE|strcmp|strlen|of_get_|of_find_|of_device_is_(?:available|compatible)|cma_|dma_contiguous_|dev_get_cma_area)/;

/** Whether a condition asks the machine: it calls something that is not a test for success. */
function isQuestion(tokens: readonly Token[]): boolean {
  return (
    callsOf(tokens, () => true).some(({ name }) => !IS_THERE.test(name)) &&
    !tokens.some(({ text }) => text === '<' || text === '=')
  );
}
