/** JSON with comments, read with the place of every key and value. Duplicate and prototype keys are findings. */

import { createScanner, type Node as JsoncNode, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { type Diagnostic, defineCodes, type Outcome, reporter, type Span } from '../diagnostic/index.js';
import type { SourceText } from './index.js';
import { childPointer, pointerKeys } from './pointer.js';

export interface JsonMember {
  readonly key: Span;
  readonly value: JsonNode;
}

/** A JSON value that knows where it was written; after a merge its parts may come from different files. */
export type JsonNode =
  | { readonly kind: 'object'; readonly span: Span; readonly members: ReadonlyMap<string, JsonMember> }
  | { readonly kind: 'array'; readonly span: Span; readonly items: readonly JsonNode[] }
  | { readonly kind: 'scalar'; readonly span: Span; readonly value: string | number | boolean | null };

export const JSON_CODES = defineCodes({
  'json/syntax': {
    severity: 'error',
    title: 'not JSON',
    explain: 'The file is not JSON with comments. The place is where the reader stopped.',
  },
  'json/duplicate-key': {
    severity: 'error',
    title: 'key is written twice',
    explain: 'An object has the same key twice. JSON readers differ in which of the two they use. Remove one of them.',
  },
  'json/forbidden-key': {
    severity: 'error',
    title: 'key that no profile may hold',
    explain:
      'The keys __proto__, constructor and prototype have a special meaning in JavaScript programs. They are refused everywhere.',
  },
  'json/too-deep': {
    severity: 'error',
    title: 'nested too deeply',
    explain: 'The file nests objects or lists deeper than any profile needs.',
  },
  'json/too-large': {
    severity: 'error',
    title: 'file too large',
    explain: 'The file is larger than any profile needs.',
  },
});
const report = reporter(JSON_CODES);

const MAX_DEPTH = 64;
const MAX_LENGTH = 1 << 20;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** "PropertyNameExpected" -> "property name expected". */
function words(error: ParseError): string {
  return printParseErrorCode(error.error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}

/** The parser below recurses, so the depth is measured first, without recursion. */
function tooDeep(source: SourceText): Diagnostic | undefined {
  const scanner = createScanner(source.text, true);
  let depth = 0;
  for (scanner.scan(); scanner.getTokenOffset() < source.text.length; scanner.scan()) {
    const token = scanner.getTokenLength() === 1 ? source.text[scanner.getTokenOffset()] : undefined;
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    if (depth > MAX_DEPTH)
      return report('json/too-deep', {
        message: `the file nests values more than ${MAX_DEPTH} levels deep`,
        fix: 'flatten the file; a profile needs at most 8 levels',
        span: source.span(scanner.getTokenOffset(), 1),
      });
  }
  return undefined;
}

function convert(node: JsoncNode, source: SourceText, diagnostics: Diagnostic[], pointer: string): JsonNode {
  const span = source.span(node.offset, node.length);
  if (node.type === 'array')
    return {
      kind: 'array',
      span,
      items: (node.children ?? []).map((child, i) => convert(child, source, diagnostics, childPointer(pointer, i))),
    };
  if (node.type !== 'object') return { kind: 'scalar', span, value: node.value as string | number | boolean | null };
  const members = new Map<string, JsonMember>();
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? [];
    if (keyNode === undefined || valueNode === undefined) continue;
    const name = String(keyNode.value);
    const key = source.span(keyNode.offset, keyNode.length);
    const at = childPointer(pointer, name);
    const first = members.get(name);
    if (FORBIDDEN.has(name))
      diagnostics.push(
        report('json/forbidden-key', {
          message: `the key "${name}" is not allowed`,
          fix: 'remove it',
          span: key,
          pointer: at,
        }),
      );
    else if (first !== undefined)
      diagnostics.push(
        report('json/duplicate-key', {
          message: `this object has the key "${name}" twice`,
          cause: 'JSON readers differ in which of the two they use',
          fix: 'remove one of them',
          span: key,
          pointer: at,
          related: [{ message: 'first written here', span: first.key }],
        }),
      );
    else members.set(name, { key, value: convert(valueNode, source, diagnostics, at) });
  }
  return { kind: 'object', span, members };
}

/** Reads JSON with comments and trailing commas. Never throws. */
export function readJson(source: SourceText): Outcome<JsonNode> {
  if (source.text.length > MAX_LENGTH)
    return {
      diagnostics: [
        report('json/too-large', {
          message: `the file has ${source.text.length} characters; the limit is ${MAX_LENGTH}`,
          fix: 'check that this is the profile and not another file',
          span: source.span(0),
        }),
      ],
    };
  const deep = tooDeep(source);
  if (deep !== undefined) return { diagnostics: [deep] };
  const errors: ParseError[] = [];
  const tree = parseTree(source.text, errors, { allowTrailingComma: true, disallowComments: false });
  const first = errors[0];
  if (tree === undefined || first !== undefined)
    return {
      diagnostics: [
        report('json/syntax', {
          message: first === undefined ? 'the file does not contain a value' : words(first),
          cause: 'the file must be JSON; comments and trailing commas are allowed',
          fix: 'correct this place first; later errors may follow from it',
          span: source.span(first?.offset ?? 0, first?.length ?? 0),
        }),
      ],
    };
  const diagnostics: Diagnostic[] = [];
  const value = convert(tree, source, diagnostics, '');
  return diagnostics.length > 0 ? { diagnostics } : { value, diagnostics };
}

/** The plain value; objects have no prototype, so no key of theirs can be mistaken for an inherited one. */
export function jsonValue(node: JsonNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'array') return node.items.map(jsonValue);
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, member] of node.members) object[key] = jsonValue(member.value);
  return object;
}

/** The node a pointer names and, for a member of an object, its key; undefined where there is none. */
export function locate(root: JsonNode, pointer: string): { node: JsonNode; key?: Span } | undefined {
  let found: { node: JsonNode; key?: Span } = { node: root };
  for (const key of pointerKeys(pointer)) {
    const { node } = found;
    if (node.kind === 'object') {
      const member = node.members.get(key);
      if (member === undefined) return undefined;
      found = { node: member.value, key: member.key };
    } else if (node.kind === 'array') {
      const item = node.items[Number(key)];
      if (item === undefined) return undefined;
      found = { node: item };
    } else return undefined;
  }
  return found;
}

/** In an object that has nothing below it, null removes nothing, and must not remain as a value. */
const nothing = ({ span }: JsonNode): JsonNode => ({ kind: 'object', span, members: new Map() });

/** Merges key by key; lists and scalars of `over` replace, null removes. Every part keeps its own place. */
export function mergeJson(base: JsonNode, over: JsonNode): JsonNode {
  if (base.kind !== 'object' || over.kind !== 'object') return over;
  const members = new Map(base.members);
  for (const [key, member] of over.members) {
    const below = members.get(key);
    if (member.value.kind === 'scalar' && member.value.value === null) members.delete(key);
    else members.set(key, { key: member.key, value: mergeJson(below?.value ?? nothing(member.value), member.value) });
  }
  return { kind: 'object', span: over.span, members };
}
