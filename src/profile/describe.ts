/** What the profile language says about a key, from its schema. */

import { pointerKeys } from '../source/pointer.js';
import schema from './language.json' with { type: 'json' };

export interface SchemaNode {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly propertyNames?: { readonly pattern?: string };
}

const definitions = schema.$defs as Readonly<Record<string, SchemaNode>>;

/** A reference's own words win over those of what it refers to. */
function resolved(part: SchemaNode): SchemaNode {
  return part.$ref === undefined ? part : { ...definitions[part.$ref.replace('#/$defs/', '')], ...part };
}

function below(part: SchemaNode, token: string): SchemaNode | undefined {
  const { properties, additionalProperties: others, items, oneOf } = part;
  const found =
    (Object.hasOwn(properties ?? {}, token) ? properties?.[token] : undefined) ??
    (typeof others === 'object' ? others : undefined) ??
    items;
  if (found !== undefined) return resolved(found);
  return oneOf?.map((one) => below(resolved(one), token)).find((one) => one !== undefined);
}

/** The part of the schema for a value at this place; undefined for a pointer that no profile can have. */
export function schemaAt(pointer: string): SchemaNode | undefined {
  let part: SchemaNode | undefined = schema as SchemaNode;
  for (const key of pointerKeys(pointer)) part = part && below(part, key);
  return part;
}
