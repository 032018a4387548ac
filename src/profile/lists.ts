/** One item where the schema has a list means the list of this item. */
import type { JsonMember, JsonNode } from '../source/json.js';
import { childPointer } from '../source/pointer.js';
import { schemaAt } from './describe.js';

/** What kind of value the schema has for an item, and for the list. */
function isLoneItem(node: JsonNode, pointer: string): boolean {
  if (node.kind === 'array' || schemaAt(pointer)?.type !== 'array') return false;
  const { type, pattern, properties, enum: values } = schemaAt(childPointer(pointer, 0)) ?? {};
  if (node.kind === 'object') return properties !== undefined;
  return typeof node.value === 'string' && (type === 'string' || pattern !== undefined || values !== undefined);
}

/** The same profile with each such item in a list, at the place where the item was written. */
export function withLists(node: JsonNode, pointer = ''): JsonNode {
  const listed: JsonNode = isLoneItem(node, pointer) ? { kind: 'array', span: node.span, items: [node] } : node;
  if (listed.kind === 'array')
    return { ...listed, items: listed.items.map((item, i) => withLists(item, childPointer(pointer, i))) };
  if (listed.kind === 'scalar') return listed;
  const members = new Map<string, JsonMember>();
  for (const [key, { value, ...rest }] of listed.members)
    members.set(key, { ...rest, value: withLists(value, childPointer(pointer, key)) });
  return { ...listed, members };
}
