/** Texts that an expression can be, with what only the running kernel knows left open, and how they are put together. */
import { ALWAYS, and, type Condition } from '../condition.js';

/** A piece of a name: text, or what only the running kernel knows. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  /** The name of a CMA area, of a device-tree node, of a device. */
  | { readonly kind: 'area' | 'node' | 'device' }
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'unknown'; readonly file: string; readonly line: number; readonly text: string };

/** One text that an expression can be, and for which configurations. */
export interface Text {
  readonly parts: readonly Part[];
  readonly condition: Condition;
}

/** Alternatives that are followed; a name that has more is not read further. */
export const MOST = 64;

/** Every way to put one text of each list behind the other. */
export function join(lists: readonly (readonly Text[])[]): Text[] {
  return lists.reduce<Text[]>(
    (before, list) =>
      unite(
        before.flatMap((left) =>
          list.map((right) => ({
            parts: merge([...left.parts, ...right.parts]),
            condition: and(left.condition, right.condition),
          })),
        ),
      ).slice(0, MOST),
    [{ parts: [], condition: ALWAYS }],
  );
}

export function merge(parts: readonly Part[]): Part[] {
  const merged: Part[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (part.kind === 'text' && last?.kind === 'text')
      merged[merged.length - 1] = { kind: 'text', text: last.text + part.text };
    else merged.push(part);
  }
  return merged;
}

export function unite(texts: readonly Text[]): Text[] {
  const found = new Map<string, Text>();
  for (const text of texts) {
    const key = JSON.stringify([text.parts, text.condition]);
    if (!found.has(key)) found.set(key, text);
  }
  return [...found.values()];
}
