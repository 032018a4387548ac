/** Writes schemas/README.md: the reference of the profile language, from the schema. */
import { taughtLanguage } from './profile-schema.js';
import { definitionOf, LANGUAGE_URL, readSchema, type Schema } from './schema.js';

export const REFERENCE_URL = new URL('../../schemas/README.md', import.meta.url);

// An empty string would end the code before it begins.
const code = (value: unknown) => `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``;
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

/** Every target with its options, as the schema for an editor has them. */
function targetsSection(): string {
  const targets = taughtLanguage().$defs?.['targets']?.properties ?? {};
  const options = Object.entries(targets).flatMap(([target, { title = '', properties = {} }]) => {
    const named = Object.entries(properties);
    if (named.length === 0) return [`| \`${target}\` | ${cell(title)} | | | |`];
    return named.map(
      ([name, option]) =>
        `| \`${target}\` | ${cell(title)} | \`${name}\` | ${cell(typeText(option))}, default ${code(option.default)} | ${cell(option.description ?? '')} |`,
    );
  });
  return [
    '## targets',
    '',
    '| target | what | option | value | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...options,
  ].join('\n');
}

/** The text of schemas/README.md for the schema as it is now. */
export function generateReference(): string {
  const schema = readSchema(LANGUAGE_URL);
  const definitions = schema.$defs ?? {};
  const parts = [
    '<!-- Generated from src/profile/language.json; do not edit. -->',
    section('The profile, version 1', schema, '#', definitions),
    '`examples/` holds profiles of real boards. A profile is JSON; comments and trailing commas are allowed.',
    targetsSection(),
    ...Object.entries(definitions).map(([name, definition]) => section(name, definition, '##', definitions)),
  ];
  return `${parts.join('\n\n')}\n`;
}
