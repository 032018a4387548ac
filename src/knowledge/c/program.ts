/** C files together: who calls whom with what, and which texts an expression can be. */
import { ALWAYS, and, type Condition } from '../condition.js';
import { Flow, fieldsOf, placeText, type Reaching } from './flow.js';
import type { Macro, Token } from './lex.js';
import { join, MOST, type Part, type Text, unite } from './texts.js';
import {
  type CFunction,
  type CVariable,
  callsOf,
  closing,
  type Invocation,
  splitArguments,
  type Unit,
} from './unit.js';

/** A function as it is called on one way from a root; `caller` is undefined for the root. */
export interface Frame {
  readonly function: CFunction;
  readonly caller:
    | { readonly frame: Frame; readonly at: number; readonly arguments: readonly (readonly Token[])[] }
    | undefined;
  /** The function is handed to this one, which calls it. */
  readonly handedTo?: string;
}

const DEEPEST = 8;

export class Program {
  readonly units: readonly Unit[];
  readonly #functions = new Map<string, CFunction[]>();
  readonly #variables = new Map<string, CVariable[]>();
  readonly #macros = new Map<string, Macro[]>();
  readonly #unitOf = new Map<string, Unit>();
  readonly #flows = new Map<CFunction, Flow>();
  readonly #visible = new Map<string, readonly string[]>();

  constructor(units: readonly Unit[]) {
    this.units = units;
    for (const unit of units) {
      this.#unitOf.set(unit.file, unit);
      for (const one of unit.functions) push(this.#functions, one.name, one);
      for (const one of unit.variables) push(this.#variables, one.name, one);
      for (const one of unit.macros) push(this.#macros, `${unit.file} ${one.name}`, one);
    }
  }

  flow(of: CFunction): Flow {
    const known = this.#flows.get(of) ?? new Flow(of.body);
    this.#flows.set(of, known);
    return known;
  }

  functionsNamed(name: string, from: string): readonly CFunction[] {
    const all = this.#functions.get(name) ?? [];
    const own = all.filter((one) => one.file === from);
    return own.length > 0 ? own : all.filter((one) => !one.isStatic || this.#visibleFrom(from).includes(one.file));
  }

  /** Places that name a function: calls, and where it is handed on. */
  uses(of: CFunction): {
    readonly user: CFunction | Invocation | CVariable;
    readonly at: number;
    readonly isCall: boolean;
    readonly file: string;
  }[] {
    const found: { user: CFunction | Invocation | CVariable; at: number; isCall: boolean; file: string }[] = [];
    for (const unit of this.units) {
      if (of.isStatic && unit.file !== of.file && !this.#visibleFrom(unit.file).includes(of.file)) continue;
      for (const user of unit.functions)
        user.body.forEach((token, at) => {
          if (token.text !== of.name || token.kind !== 'name') return;
          const before = user.body[at - 1]?.text;
          if (before === '.' || before === '->') return;
          found.push({ user, at, isCall: user.body[at + 1]?.text === '(', file: unit.file });
        });
      for (const user of unit.invocations)
        if (user.arguments.some((one) => one.some((token) => token.text === of.name)))
          found.push({ user, at: 0, isCall: false, file: unit.file });
      for (const user of unit.variables)
        if (user.value.some((token) => token.kind === 'name' && token.text === of.name))
          found.push({ user, at: 0, isCall: false, file: unit.file });
    }
    return found;
  }

  /** Every way in which a function is reached, from roots without callers. */
  frames(of: CFunction, depth = 0, seen: readonly CFunction[] = []): Frame[] {
    if (depth > DEEPEST || seen.includes(of)) return [];
    const frames: Frame[] = [];
    for (const { user, at, isCall } of this.uses(of)) {
      if (frames.length > MOST) break;
      if (!('body' in user)) {
        frames.push({ function: of, caller: undefined, ...('arguments' in user ? { handedTo: user.name } : {}) });
        continue;
      }
      if (isCall) {
        const call = splitArguments(user.body.slice(at + 2, closing(user.body, at + 1)));
        for (const frame of this.frames(user, depth + 1, [...seen, of]))
          frames.push({ function: of, caller: { frame, at, arguments: call } });
      } else {
        const taker = callsOf(user.body, () => true).find((one) =>
          one.arguments.some((arg) => arg.some((token) => token === user.body[at])),
        );
        for (const frame of this.frames(user, depth + 1, [...seen, of]))
          frames.push({
            function: of,
            caller: { frame, at, arguments: [] },
            ...(taker === undefined ? {} : { handedTo: taker.name }),
          });
      }
    }
    // Twice the same way is once: an initcall in two branches of an #if, a table that names it twice.
    const different = new Map<string, Frame>();
    for (const frame of frames)
      different.set(frame.caller === undefined ? `root ${frame.handedTo ?? ''}` : `${frames.indexOf(frame)}`, frame);
    const roots = [...different.values()].filter((frame) => frame.caller === undefined);
    const called = [...different.values()].filter((frame) => frame.caller !== undefined);
    if (roots.length + called.length > 0) return roots.length > 0 ? [roots[0] as Frame, ...called] : called;
    return [{ function: of, caller: undefined }];
  }

  /** What the configuration must be for a place in a frame to be reached. */
  condition(frame: Frame, at: number): Condition {
    const here = and(frame.function.condition, this.flow(frame.function).conditionAt(at));
    return frame.caller === undefined ? here : and(here, this.condition(frame.caller.frame, frame.caller.at));
  }

  /** What a running kernel asks on the way to a place: whether a thing is there is no such question. */
  asks(frame: Frame, at: number): string | undefined {
    return this.flow(frame.function).asksAt(at) ?? (frame.caller && this.asks(frame.caller.frame, frame.caller.at));
  }

  /** The texts an expression can be. */
  texts(expression: readonly Token[], frame: Frame, at: number, depth = 0): Text[] {
    const unknown = (): Text[] => [
      {
        parts: [
          {
            kind: 'unknown',
            file: frame.function.file,
            line: expression[0]?.line ?? frame.function.line,
            text: expression
              .map((one) => one.text)
              .join(' ')
              .slice(0, 80),
          },
        ],
        condition: ALWAYS,
      },
    ];
    if (depth > 24) return unknown();
    const tokens = bare(expression);
    const [first] = tokens;
    if (first === undefined) return unknown();
    if (tokens.length === 1 && (first.text === 'NULL' || first.text === '0')) return [];
    const question = ternary(tokens);
    if (question !== undefined)
      return unite([
        ...this.texts(question.chosen.length > 0 ? question.chosen : question.ask, frame, at, depth + 1),
        ...this.texts(question.otherwise, frame, at, depth + 1),
      ]);
    // "a" MACRO "b"
    if (
      tokens.length > 1 &&
      tokens.every((one) => one.kind === 'string' || one.kind === 'name') &&
      tokens.some((one) => one.kind === 'string')
    )
      return join(tokens.map((one) => this.texts([one], frame, at, depth + 1)));
    if (tokens.length === 1 && first.kind === 'string')
      return [{ parts: first.text === '' ? [] : [{ kind: 'text', text: unescaped(first.text) }], condition: ALWAYS }];
    if (first.kind === 'name' && tokens[1]?.text === '(' && closing(tokens, 1) === tokens.length - 1)
      return this.#call(first, splitArguments(tokens.slice(2, -1)), frame, at, depth) ?? unknown();
    const place = placeText(tokens);
    if (place === undefined) return unknown();
    return this.#place(place, frame, at, depth, unknown);
  }

  #place(place: string, frame: Frame, at: number, depth: number, unknown: () => Text[]): Text[] {
    const flow = this.flow(frame.function);
    const reaching = flow.reaching(place, at).filter(({ definition }) => definition.expression.length > 0);
    if (reaching.length > 0) return this.#definitions(reaching, frame, depth);
    const [base = '', ...fields] = place.split('.');
    const name = base.replace('[]', '');
    const parameter = frame.function.parameters.findIndex((one) => one.name === name);
    if (parameter >= 0) {
      const type = (frame.function.parameters[parameter] as { type: string }).type;
      const special = partOfType(type, fields);
      const argument = frame.caller?.arguments[parameter];
      if (argument !== undefined && frame.caller !== undefined) {
        const { frame: caller, at: called } = frame.caller;
        if (fields.length === 0) return this.texts(argument, caller, called, depth + 1);
        const outer = placeText(bare(argument));
        if (outer !== undefined)
          return this.#place([outer, ...fields].join('.'), caller, called, depth + 1, () =>
            special ? [special] : unknown(),
          );
      }
      return special ? [special] : (this.#stores(frame, fields, depth) ?? unknown());
    }
    if (fields.length === 0) {
      const macro = this.#macro(name, frame.function.file);
      if (macro !== undefined && macro.parameters === undefined && macro.body.length > 0)
        return this.texts(macro.body, frame, at, depth + 1);
    }
    // `p = &table[i]`, then `p->name`.
    if (fields.length > 0) {
      const aliases = flow.reaching(base, at).flatMap(({ definition }) => {
        const other = definition.kind === 'value' ? placeText(bare(definition.expression)) : undefined;
        return other === undefined || other === base ? [] : [{ other, at: definition.at }];
      });
      const texts = aliases.flatMap(({ other, at: where }) =>
        this.#place([other, ...fields].join('.'), frame, where, depth + 1, () => []),
      );
      if (texts.length > 0) return unite(texts);
      const special = partOfType(this.#localType(frame.function, name), fields);
      if (special !== undefined) return [special];
    }
    const variable = this.#variable(name, frame.function.file) ?? localArray(frame.function, name);
    if (variable !== undefined) {
      const texts = this.#initialiser(variable.value, fields, frame, depth);
      if (texts !== undefined) return texts;
      const special = partOfType(variable.type, fields);
      if (special !== undefined) return [special];
    }
    return this.#stores(frame, fields, depth) ?? unknown();
  }

  /** Elements of a table, or the text of a variable. */
  #initialiser(value: readonly Token[], fields: readonly string[], frame: Frame, depth: number): Text[] | undefined {
    if (value.length === 0) return undefined;
    if (value[0]?.text !== '{') return fields.length === 0 ? this.texts(value, frame, 0, depth + 1) : undefined;
    const [field] = fields;
    const elements = splitArguments(value.slice(1, closing(value, 0)));
    const texts = elements.flatMap((element): Text[] => {
      // `[INDEX] = x`
      const own = element[0]?.text === '[' ? element.slice(closing(element, 0) + 2) : element;
      if (field === undefined)
        return own[0]?.text === '{' || own.length === 0 ? [] : this.texts(own, frame, 0, depth + 1);
      const inner = own[0]?.text === '{' ? fieldsOf(own) : fieldsOf(value).filter(([name]) => own[1]?.text === name);
      const found = inner.find(([name]) => name === field);
      if (found) return this.texts(found[1], frame, 0, depth + 1);
      // Without designators the name is the first text.
      const text =
        own[0]?.text === '{' && inner.length === 0
          ? splitArguments(own.slice(1, -1)).find((one) => one[0]?.kind === 'string')
          : undefined;
      return text === undefined ? [] : this.texts(text, frame, 0, depth + 1);
    });
    return texts.length === 0 ? undefined : unite(texts);
  }

  /** A field that another function of the file fills. */
  #stores(frame: Frame, fields: readonly string[], depth: number): Text[] | undefined {
    const field = fields.at(-1);
    if (field === undefined) return undefined;
    const unit = this.#unitOf.get(frame.function.file);
    const texts = (unit?.functions ?? []).flatMap((other) =>
      other === frame.function || depth > 12
        ? []
        : this.flow(other)
            .storesOf(field)
            .filter(({ place }) => !/^exp(?:_info)?\.|^info\./.test(place))
            .flatMap(({ definition }) =>
              this.#definitions([{ definition, condition: ALWAYS }], { function: other, caller: undefined }, depth + 6),
            ),
    );
    return texts.length === 0 ? undefined : unite(texts);
  }

  #definitions(reaching: readonly Reaching[], frame: Frame, depth: number): Text[] {
    const appended = reaching.filter(({ definition }) => definition.kind === 'append');
    const bases = reaching.filter(({ definition }) => definition.kind !== 'append');
    const texts = unite(
      bases.flatMap(({ definition, condition }): Text[] => {
        const found =
          definition.kind === 'format'
            ? this.#format(definition.expression, definition.arguments, frame, definition.at, depth + 1)
            : definition.kind === 'property'
              ? [{ parts: [property(definition.expression)], condition: ALWAYS }]
              : this.texts(definition.expression, frame, definition.at, depth + 1);
        return found.map((text) => ({ ...text, condition: and(condition, text.condition) }));
      }),
    );
    return appended
      .reverse()
      .reduce<Text[]>(
        (before, { definition }) => join([before, this.texts(definition.expression, frame, definition.at, depth + 1)]),
        texts,
      );
  }

  #call(name: Token, args: readonly (readonly Token[])[], frame: Frame, at: number, depth: number): Text[] | undefined {
    const argument = (index: number) => this.texts(args[index] ?? [], frame, at, depth + 1);
    const one = (part: Part): Text[] => [{ parts: [part], condition: ALWAYS }];
    switch (name.text) {
      case 'cma_get_name':
        return one({ kind: 'area' });
      case 'dev_name':
        return one({ kind: 'device' });
      case 'of_node_full_name':
      case 'fwnode_get_name':
        return one({ kind: 'node' });
      case 'of_get_property':
      case 'of_get_flat_dt_prop':
        return one(property(args[1] ?? []));
      case 'kstrdup':
      case 'kstrdup_const':
      case 'kstrndup':
      case 'kbasename':
      case 'rcu_dereference':
      case 'ERR_CAST':
        return argument(0);
      case 'devm_kstrdup':
      case 'devm_kstrdup_const':
        return argument(1);
      case 'kasprintf':
      case 'kasprintf_strarray':
        return this.#format(args[1] ?? [], args.slice(2), frame, at, depth + 1);
      case 'kvasprintf':
        return undefined;
      case 'devm_kasprintf':
        return this.#format(args[2] ?? [], args.slice(3), frame, at, depth + 1);
      case 'strcat':
      case 'strncat':
        return join([argument(0), argument(1)]);
      case 'strcpy':
      case 'strncpy':
        return argument(1);
    }
    const macro = this.#macro(name.text, frame.function.file);
    if (macro?.parameters !== undefined) {
      const { parameters } = macro;
      const body = macro.body.flatMap((token, i): readonly Token[] => {
        const index = parameters.indexOf(token.text);
        if (token.text === '#' && parameters.includes(macro.body[i + 1]?.text ?? '')) return [];
        const stringified = macro.body[i - 1]?.text === '#';
        const value = args[index] ?? [];
        if (index < 0) return [token];
        return stringified ? [{ ...token, kind: 'string', text: value.map((t) => t.text).join('') }] : value;
      });
      return this.texts(body, frame, at, depth + 1);
    }
    const callees = this.functionsNamed(name.text, frame.function.file);
    if (callees.length === 0) return undefined;
    return unite(
      callees.flatMap((callee) => {
        const inner: Frame = { function: callee, caller: { frame, at, arguments: args } };
        const texts: Text[] = [];
        callee.body.forEach((token, i) => {
          if (token.text !== 'return' || token.kind !== 'name') return;
          let end = i;
          while (end < callee.body.length && callee.body[end]?.text !== ';') end++;
          const value = callee.body.slice(i + 1, end);
          if (value.length === 0 || /^(?:NULL|ERR_PTR)$/.test(value[0]?.text ?? '')) return;
          const condition = and(callee.condition, this.flow(callee).conditionAt(i));
          for (const text of this.texts(value, inner, i, depth + 1))
            texts.push({ ...text, condition: and(condition, text.condition) });
        });
        return texts;
      }),
    );
  }

  #format(
    format: readonly Token[],
    args: readonly (readonly Token[])[],
    frame: Frame,
    at: number,
    depth: number,
  ): Text[] {
    const results = this.texts(format, frame, at, depth + 1);
    return results.flatMap(({ parts, condition }): Text[] => {
      const [only] = parts;
      if (parts.length !== 1 || only?.kind !== 'text') return [{ parts, condition }];
      let next = 0;
      const pieces: Text[][] = only.text
        .split(/(%(?:[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z)?[a-zA-Z]+|%))/)
        .flatMap((piece): Text[][] => {
          if (piece === '') return [];
          if (!piece.startsWith('%')) return [[{ parts: [{ kind: 'text', text: piece }], condition: ALWAYS }]];
          if (piece === '%%') return [[{ parts: [{ kind: 'text', text: '%' }], condition: ALWAYS }]];
          const value = args[next++] ?? [];
          const directive = /[a-zA-Z]+$/.exec(piece)?.[0] ?? '';
          // `%s` takes one letter: what follows is text.
          const rest = directive.startsWith('p')
            ? ''
            : directive.slice(/^(?:hh|ll|[hlz])?[a-zA-Z]/.exec(directive)?.[0].length ?? 1);
          const tail: Text[][] = rest === '' ? [] : [[{ parts: [{ kind: 'text', text: rest }], condition: ALWAYS }]];
          if (/^s/.test(directive)) return [this.texts(value, frame, at, depth + 1), ...tail];
          if (/^pOF[nf]?/.test(directive)) return [[{ parts: [{ kind: 'node' }], condition: ALWAYS }]];
          const number = bare(value);
          if (/^(?:hh|ll|[hlz])?[dux]/.test(directive) && number.length === 1 && number[0]?.kind === 'number')
            return [[{ parts: [{ kind: 'text', text: number[0].text }], condition: ALWAYS }], ...tail];
          return [
            [
              {
                parts: [
                  {
                    kind: 'unknown',
                    file: frame.function.file,
                    line: format[0]?.line ?? 0,
                    text: `${piece} of ${value.map((one) => one.text).join(' ')}`,
                  },
                ],
                condition: ALWAYS,
              },
            ],
            ...tail,
          ];
        });
      return join(pieces).map((text) => ({ ...text, condition: and(condition, text.condition) }));
    });
  }

  #macro(name: string, file: string): Macro | undefined {
    for (const place of [file, ...this.#visibleFrom(file)]) {
      const found = this.#macros.get(`${place} ${name}`)?.at(-1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #variable(name: string, file: string): CVariable | undefined {
    const all = this.#variables.get(name) ?? [];
    return (
      all.find((one) => one.file === file && one.value.length > 0) ??
      all.find((one) => one.value.length > 0 && !one.type.includes('static')) ??
      all.find((one) => one.file === file)
    );
  }

  /** Files of the program that a file includes, by the end of their path. */
  #visibleFrom(file: string): readonly string[] {
    const known = this.#visible.get(file);
    if (known !== undefined) return known;
    const visible: string[] = [];
    this.#visible.set(file, visible);
    for (const name of this.#unitOf.get(file)?.includes ?? [])
      for (const unit of this.units)
        if (unit.file.endsWith(`/${name.replace(/^(?:\.\.?\/)+/, '')}`) && unit.file !== file)
          visible.push(unit.file, ...this.#visibleFrom(unit.file));
    return visible;
  }

  #localType(of: CFunction, name: string): string {
    const at = of.body.findIndex(
      (token, i) => token.text === name && (of.body[i - 1]?.text === '*' || of.body[i - 1]?.kind === 'name'),
    );
    if (at < 0) return this.#variable(name, of.file)?.type ?? '';
    let from = at;
    while (from > 0 && !/^[;{}(]$/.test(of.body[from - 1]?.text ?? ';')) from--;
    return of.body
      .slice(from, at)
      .map((one) => one.text)
      .join(' ');
  }
}

/** A table inside of a function. */
function localArray(of: CFunction, name: string): CVariable | undefined {
  for (let at = 0; at < of.body.length; at++) {
    if (of.body[at]?.text !== name || of.body[at + 1]?.text !== '[') continue;
    const equals = closing(of.body, at + 1) + 1;
    if (of.body[equals]?.text !== '=' || of.body[equals + 1]?.text !== '{') continue;
    const { file, line, condition } = of;
    return {
      file,
      name,
      line,
      condition,
      type: '',
      value: of.body.slice(equals + 1, closing(of.body, equals + 1) + 1),
    };
  }
  return undefined;
}

/** Fields of the kernel's own types that are names. */
function partOfType(type: string, fields: readonly string[]): Text | undefined {
  const [field, ...deeper] = fields;
  const text = (kind: 'area' | 'node' | 'device'): Text => ({ parts: [{ kind }], condition: ALWAYS });
  if (field === undefined) return undefined;
  if (/\breserved_mem\b/.test(type) && field === 'name') return text('node');
  if (/\bdevice_node\b/.test(type) && (field === 'name' || field === 'full_name')) return text('node');
  if (/\bstruct cma\b/.test(type) && field === 'name') return text('area');
  if (/of_node$/.test(field) && /^(?:full_)?name$/.test(deeper[0] ?? '')) return text('node');
  if (field === 'dev' && deeper[0] === 'of_node' && /^(?:full_)?name$/.test(deeper[1] ?? '')) return text('node');
  if (/\bplatform_device\b/.test(type) && field === 'name') return text('device');
  return undefined;
}

function property(tokens: readonly Token[]): Part {
  const [name] = tokens;
  if (tokens.length === 1 && name?.kind === 'string') return { kind: 'property', name: name.text };
  return { kind: 'unknown', file: '', line: name?.line ?? 0, text: tokens.map((one) => one.text).join(' ') };
}

/** Without brackets around it, casts and `&` before it. */
export function bare(tokens: readonly Token[]): readonly Token[] {
  let rest = tokens;
  for (;;) {
    if (rest[0]?.text === '(' && rest[0].kind === 'mark') {
      const close = closing(rest, 0);
      if (close === rest.length - 1) {
        rest = rest.slice(1, -1);
        continue;
      }
      const inner = rest.slice(1, close);
      const isCast =
        inner.every((one) => one.kind === 'name' || one.text === '*') &&
        (inner.at(-1)?.text === '*' || /^(?:u?int|void|char|struct|const)/.test(inner[0]?.text ?? '')) &&
        /^[A-Za-z_("]|^$/.test(rest[close + 1]?.text ?? '');
      if (isCast) {
        rest = rest.slice(close + 1);
        continue;
      }
    }
    if (rest[0]?.text === '&' && rest[0].kind === 'mark') {
      rest = rest.slice(1);
      continue;
    }
    return rest;
  }
}

/** `a ? b : c` and `a ?: c` outside of brackets. */
function ternary(
  tokens: readonly Token[],
): { ask: readonly Token[]; chosen: readonly Token[]; otherwise: readonly Token[] } | undefined {
  let question = -1;
  let nested = 0;
  for (let at = 0; at < tokens.length; at++) {
    const { text, kind } = tokens[at] as Token;
    if (kind !== 'mark') continue;
    if (/^[([{]$/.test(text)) at = closing(tokens, at);
    else if (text === '?') {
      if (question < 0) question = at;
      else nested++;
    } else if (text === ':' && question >= 0) {
      if (nested === 0)
        return {
          ask: tokens.slice(0, question),
          chosen: tokens.slice(question + 1, at),
          otherwise: tokens.slice(at + 1),
        };
      nested--;
    }
  }
  return undefined;
}

const unescaped = (text: string) => text.replace(/\\(["\\])/g, '$1');

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
