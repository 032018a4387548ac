/** What the profile language says about a key, from its schema. */
import schema from '../../schemas/profile.schema.json' with { type: 'json' };

interface Part {
  readonly $ref?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Part>>;
  readonly additionalProperties?: boolean | Part;
  readonly items?: Part;
  readonly oneOf?: readonly Part[];
}

const definitions = schema.$defs as Readonly<Record<string, Part>>;

/** A reference's own words win over those of what it refers to. */
function resolved(part: Part): Part {
  return part.$ref === undefined ? part : { ...definitions[part.$ref.replace('#/$defs/', '')], ...part };
}

function below(part: Part, token: string): Part | undefined {
  const { properties, additionalProperties: others, items, oneOf } = part;
  const found = properties?.[token] ?? (typeof others === 'object' ? others : undefined) ?? items;
  if (found !== undefined) return resolved(found);
  return oneOf?.map((one) => below(resolved(one), token)).find((one) => one !== undefined);
}

/** @returns undefined for a pointer that no profile can have */
export function describeKey(pointer: string): { readonly description: string; readonly default?: unknown } | undefined {
  let part: Part | undefined = schema as Part;
  for (const token of pointer.split('/').slice(1))
    part = part && below(part, token.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (part === undefined) return undefined;
  return {
    description: part.description ?? '',
    ...(part.default === undefined ? {} : { default: part.default }),
  };
}
