/**
 * Writes schemas/profile.schema.json: with it an editor checks and completes one file. It is made of the profile
 * language (src/profile/language.json, which a profile is checked against after merging) and of what the other stages
 * decide: targets and their options, pixel formats, sizes, names that the kernel takes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { givenHeapNames } from '../facts/heap-names.js';
import { pixelFormatNames } from '../facts/pixel-format.js';
import { IDENTIFIER } from '../lang/kinds.js';
import { BYTES_PATTERN } from '../quantity/index.js';
import { OPTION_NAME, type TargetDescription, type TargetOption } from '../render/library.js';
import { definitionOf, LANGUAGE_URL, readSchema, type Schema } from './schema.js';

export const PROFILE_SCHEMA_URL = new URL('../../schemas/profile.schema.json', import.meta.url);
const TEMPLATES = fileURLToPath(new URL('../../templates/', import.meta.url));

type Properties = Readonly<Record<string, Schema>>;

const isObject = ({ properties, additionalProperties }: Schema) =>
  properties !== undefined || typeof additionalProperties === 'object';

const UNIT = '(?:[kKmMgGtT](?:[iI]?[bB])?|[bB])?';
/** A hexadecimal zero takes a b that follows it for a digit. */
const ZERO = String.raw`\s*(?:0[xX]0[0_]*(?:\s*[kKmMgGtT](?:[iI]?[bB])?|\s+[bB])?|0[0_]*\s*${UNIT})\s*$`;

function quantity(least: 0 | 1, { type: _, ...words }: Schema): Schema {
  const pattern = least === 0 ? BYTES_PATTERN : `^(?!${ZERO})${BYTES_PATTERN.slice(1)}`;
  return {
    ...words,
    anyOf: [
      { type: 'string', pattern },
      { type: 'integer', minimum: least, maximum: Number.MAX_SAFE_INTEGER },
    ],
  };
}

/** Names in the case that an editor completes, and in any other that is read. */
function pixelFormats({ type: _, minLength: __, maxLength: ___, ...words }: Schema): Schema {
  const names = pixelFormatNames();
  const anyCase = names
    .filter((name) => name === name.toUpperCase())
    .map((name) => name.replace(/[A-Z]/g, (letter) => `[${letter}${letter.toLowerCase()}]`));
  return {
    ...words,
    anyOf: [{ enum: [...names].sort() }, { type: 'string', pattern: `^(?:${anyCase.join('|')})$` }],
  };
}

function optionSchema(name: string, option: TargetOption): Schema {
  const { default: usual, description, values, kind, mayBeEmpty = usual === '' } = option;
  const words = { title: name, description, default: usual, examples: [usual] };
  if (values !== undefined) return { ...words, enum: values };
  if (typeof usual !== 'string') return { ...words, type: typeof usual };
  const pattern = kind === undefined ? OPTION_NAME.source : kind === 'identifier' ? IDENTIFIER.source : undefined;
  return {
    ...words,
    type: 'string',
    ...(pattern === undefined ? {} : { pattern }),
    ...(mayBeEmpty ? {} : { minLength: 1 }),
  };
}

function targets(words: Schema): Schema {
  const { propertyNames: _, additionalProperties: __, ...rest } = words;
  const folders = readdirSync(TEMPLATES).filter((name) => !name.startsWith('_'));
  const properties = folders.sort().map((name): [string, Schema] => {
    const target = JSON.parse(readFileSync(`${TEMPLATES}${name}/target.json`, 'utf8')) as TargetDescription;
    const options = Object.entries(target.options ?? {}).map(([key, option]) => [key, optionSchema(key, option)]);
    const { title, description } = target;
    const object = { type: 'object', additionalProperties: false, properties: Object.fromEntries(options) };
    return [name, { title, description, ...object, examples: [{}] }];
  });
  return { ...rest, additionalProperties: false, properties: Object.fromEntries(properties) };
}

/** A permission for others needs a reason; nothing makes a device executable. */
function access(schema: Schema): Schema {
  const { mode = {}, ...others } = schema.properties ?? {};
  return {
    ...schema,
    properties: { ...others, mode: { ...mode, pattern: '^0?[0246]{3}$' } },
    if: { properties: { force: {} }, required: ['force'] },
    else: { properties: { mode: { pattern: '^0?[0-7]{2}0$', type: 'string' }, uaccess: { const: false } } },
  };
}

/** The language with everything that can be said of a value without looking at others. */
export function taughtLanguage(): Schema {
  const language = readSchema(LANGUAGE_URL);
  const { regions = {}, targets: named = {}, ...properties } = language.properties ?? {};
  const {
    size = {},
    limit = {},
    address = {},
    pixelFormat = {},
    symbolValue = {},
    access: oneAccess = {},
    kernel = {},
    ...rest
  } = language.$defs ?? {};
  const { type: _, maxLength, ...valueWords } = symbolValue;
  const { symbols = {} } = kernel.properties ?? {};
  const taken = Object.values(givenHeapNames()).flat();
  return {
    ...language,
    properties: {
      ...properties,
      regions: { ...regions, propertyNames: { ...regions.propertyNames, not: { enum: [...new Set(taken)] } } },
      targets: { $ref: '#/$defs/targets' },
    },
    $defs: {
      ...rest,
      size: quantity(1, size),
      limit: quantity(0, limit),
      address: quantity(0, address),
      pixelFormat: pixelFormats(pixelFormat),
      symbolValue: {
        ...valueWords,
        anyOf: [
          // make and scripts of the kernel source would expand $ and `.
          { type: 'string', ...(maxLength === undefined ? {} : { maxLength }), pattern: '^[^$`]*$' },
          { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
        ],
      },
      access: access(oneAccess),
      kernel: {
        ...kernel,
        properties: {
          ...kernel.properties,
          symbols: { ...symbols, propertyNames: { pattern: '^(?!CONFIG_)[A-Z0-9][A-Za-z0-9_]{0,99}$' } },
        },
      },
      targets: targets(named),
    },
  };
}

const mapValues = (map: Properties | undefined, change: (schema: Schema) => Schema): Properties =>
  Object.fromEntries(Object.entries(map ?? {}).map(([name, schema]) => [name, change(schema)]));

/** One item where the language has a list is the list of this item. */
function loneItems(schema: Schema): Schema {
  const inner: Schema = {
    ...schema,
    ...(schema.properties === undefined ? {} : { properties: mapValues(schema.properties, loneItems) }),
    ...(typeof schema.additionalProperties === 'object'
      ? { additionalProperties: loneItems(schema.additionalProperties) }
      : {}),
    ...(schema.items === undefined ? {} : { items: loneItems(schema.items) }),
    ...(schema.$defs === undefined ? {} : { $defs: mapValues(schema.$defs, loneItems) }),
  };
  if (schema.type !== 'array' || inner.items === undefined) return inner;
  const { title, description, examples, ...list } = inner;
  return { ...words({ title, description, examples }), anyOf: [list, inner.items] };
}

const words = (parts: { readonly [key in keyof Schema]: Schema[key] | undefined }): Schema =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));

/** ajv's strictRequired wants each key of a `required` among the properties beside it. */
function alternatives(schema: Schema): Schema {
  return {
    ...schema,
    ...(schema.properties === undefined ? {} : { properties: mapValues(schema.properties, alternatives) }),
    ...(schema.oneOf?.every(({ required }) => required !== undefined)
      ? { oneOf: schema.oneOf.map((one) => ({ ...one, properties: keysOf(one.required) })) }
      : {}),
  };
}
const keysOf = (keys: readonly string[] = []) => Object.fromEntries(keys.map((key) => [key, {}]));

/** A file that extends others may omit what they state, and removes a key of theirs with null. */
function variantOf(schema: Schema, definitions: Properties): Schema {
  const nullable = (part: Schema): Schema => ({ anyOf: [variantOf(part, definitions), { type: 'null' }] });
  if (schema.$ref !== undefined) {
    const name = definitionOf(schema.$ref);
    return hasVariant(name, definitions) ? { ...schema, $ref: `#/$defs/${variantName(name)}` } : schema;
  }
  // The reason for an open mode stays a condition: a variant that opens a heap states it, too.
  const { required: _, else: otherwise, oneOf, ...rest } = schema;
  return {
    ...rest,
    ...(rest.properties === undefined ? {} : { properties: mapValues(rest.properties, nullable) }),
    ...(typeof rest.additionalProperties === 'object'
      ? { additionalProperties: nullable(rest.additionalProperties) }
      : {}),
    ...(otherwise?.properties === undefined ? {} : { else: { properties: mapValues(otherwise.properties, nullable) } }),
    ...(oneOf === undefined || oneOf.some(({ required }) => required !== undefined)
      ? {}
      : { oneOf: oneOf.map((one) => variantOf(one, definitions)) }),
  };
}
const variantName = (name: string) => `${name}OfVariant`;
/** Objects in a list are replaced, not merged. */
const hasVariant = (name: string, definitions: Properties) =>
  name !== 'range' && name !== 'buffer' && isObject(definitions[name] ?? {});

/** The schema of one profile file as it is written: complete, or extending others. */
export function editorSchema(): Schema {
  const {
    $schema,
    $id,
    title,
    description,
    examples,
    $defs = {},
    ...profile
  } = alternatives(loneItems(taughtLanguage()));
  const definitions = mapValues($defs, alternatives);
  const variants = Object.keys(definitions)
    .filter((name) => hasVariant(name, definitions))
    .map((name) => [variantName(name), variantOf(definitions[name] ?? {}, definitions)] as const);
  return {
    ...words({ $schema, $id, title, description, examples }),
    type: 'object',
    if: { properties: { extends: { not: { const: [] } } }, required: ['extends'] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's keyword
    then: { $ref: '#/$defs/profileOfVariant' },
    else: { $ref: '#/$defs/profile' },
    $defs: {
      profile,
      profileOfVariant: variantOf(profile, definitions),
      ...definitions,
      ...Object.fromEntries(variants),
    },
  };
}
