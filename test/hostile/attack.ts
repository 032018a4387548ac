/** Every text of a plan, and the plan with another text in that place. */
import type { Plan } from '../../src/plan/types.js';

/** Words that the schema or a hash fixes, so that no profile can change them. */
const FIXED = new Set(['arch', 'bootLoader', 'delivery', 'kind', 'sha256']);

/** Keys and indices from the plan to one of its texts. */
export type Place = readonly (string | number)[];

export function textsOf(value: unknown, place: Place = []): Place[] {
  if (typeof value === 'string') return FIXED.has(String(place.at(-1))) ? [] : [place];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    textsOf(item, [...place, Array.isArray(value) ? Number(key) : key]),
  );
}

export function withValue(plan: Plan, place: Place, text: string): Plan {
  const replaced = (value: unknown, [key, ...rest]: Place): unknown => {
    if (key === undefined) return text;
    if (Array.isArray(value)) return value.map((item, i) => (i === key ? replaced(item, rest) : item));
    return { ...(value as object), [key]: replaced((value as Record<string, unknown>)[key], rest) };
  };
  return replaced(plan, place) as Plan;
}
