/** Writes schemas/README.md: the reference of the profile language, from the schema. */
import { definitionOf, PROFILE_SCHEMA_URL, readSchema, type Schema } from './schema.js';

export const REFERENCE_URL = new URL('../../schemas/README.md', import.meta.url);

const code = (value: unknown) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function typeText(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = definitionOf(schema.$ref);
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  if (schema.oneOf !== undefined && schema.properties === undefined) return schema.oneOf.map(typeText).join(' or ');
  if (schema.type === 'array') return `list of ${typeText(schema.items ?? {})}`;
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object')
    return `object: name to ${typeText(schema.additionalProperties)}`;
  return typeof schema.type === 'string' ? schema.type : (schema.type ?? []).join(' or ');
}

function rows(schema: Schema, prefix: string, definitions: Readonly<Record<string, Schema>>): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, own]) => {
    const member = own.$ref === undefined ? own : { ...definitions[definitionOf(own.$ref)], properties: {}, ...own };
    const needed = schema.required?.includes(name)
      ? 'required'
      : member.default === undefined
        ? ''
        : `default ${code(member.default)}`;
    const example = member.examples?.[0] === undefined ? '' : code(member.examples[0]);
    const row = `| \`${prefix}${name}\` | ${cell(typeText(member))} | ${needed} | ${cell(member.description ?? '')} | ${cell(example)} |`;
    return [row, ...rows(member, `${prefix}${name}.`, definitions)];
  });
}

function section(title: string, schema: Schema, level: string, definitions: Readonly<Record<string, Schema>>): string {
  const lines = [`${level} ${title}`, '', schema.description ?? ''];
  if (schema.properties !== undefined)
    lines.push(
      '',
      '| key | value | | meaning | example |',
      '| --- | --- | --- | --- | --- |',
      ...rows(schema, '', definitions),
    );
  else if (schema.examples !== undefined) lines.push('', `Examples: ${schema.examples.map(code).join(', ')}`);
  return lines.join('\n');
}

/** The text of schemas/README.md for the schema as it is now. */
export function generateReference(): string {
  const schema = readSchema(PROFILE_SCHEMA_URL);
  const definitions = schema.$defs ?? {};
  const parts = [
    '<!-- Generated from profile.schema.json; do not edit. -->',
    section('The profile, version 1', schema, '#', definitions),
    '`examples/` holds profiles of real boards. A profile is JSON; comments and trailing commas are allowed.',
    ...Object.entries(definitions).map(([name, definition]) => section(name, definition, '##', definitions)),
  ];
  return `${parts.join('\n\n')}\n`;
}
