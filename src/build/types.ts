/** Writes src/profile/types.gen.ts: the profile as TypeScript, from the schema. */
import { IndentationText, Project, QuoteKind, type SourceFile } from 'ts-morph';
import { definitionOf, LANGUAGE_URL, readSchema, type Schema } from './schema.js';

const TYPES_URL = new URL('../profile/types.gen.ts', import.meta.url);

/** A description must not end the comment that contains it. */
const doc = (text: string | undefined) => (text ?? '').replaceAll('*/', '* /');

const typeName = (definition: string) => `${definition.charAt(0).toUpperCase()}${definition.slice(1)}`;

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return typeName(definitionOf(schema.$ref));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((v) => JSON.stringify(v)).join(' | ');
  if (schema.oneOf !== undefined && schema.properties === undefined) return schema.oneOf.map(typeOf).join(' | ');
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  return types.map((type) => scalarOrComposite(type, schema)).join(' | ') || 'unknown';
}

function scalarOrComposite(type: string, schema: Schema): string {
  if (type === 'integer') return 'number';
  if (type === 'array') return `readonly (${typeOf(schema.items ?? {})})[]`;
  if (type !== 'object') return type;
  if (schema.properties !== undefined) {
    const members = Object.entries(schema.properties).map(([name, member]) => {
      const optional = schema.required?.includes(name) ? '' : '?';
      return `/** ${doc(member.description)} */\nreadonly ${name}${optional}: ${typeOf(member)};`;
    });
    return `{ ${members.join('\n')} }`;
  }
  const values = typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties) : 'unknown';
  return `Readonly<Record<string, ${values}>>`;
}

function addDefinition(file: SourceFile, name: string, schema: Schema): void {
  const docs = [doc(schema.description)];
  if (schema.properties === undefined) {
    file.addTypeAlias({ name, isExported: true, docs, type: typeOf({ ...schema }) });
    return;
  }
  file.addInterface({
    name,
    isExported: true,
    docs,
    properties: Object.entries(schema.properties).map(([property, member]) => ({
      name: property,
      isReadonly: true,
      hasQuestionToken: !(schema.required?.includes(property) ?? false),
      type: typeOf(member),
      ...(member.description === undefined ? {} : { docs: [doc(member.description)] }),
    })),
  });
}

/** The text of types.gen.ts for the schema as it is now. */
export function generateTypes(): string {
  const schema = readSchema(LANGUAGE_URL);
  const project = new Project({
    useInMemoryFileSystem: true,
    manipulationSettings: { indentationText: IndentationText.TwoSpaces, quoteKind: QuoteKind.Single },
  });
  const file = project.createSourceFile('types.gen.ts', '// Generated from language.json; do not edit.\n\n');
  addDefinition(file, 'Profile', schema);
  for (const [name, definition] of Object.entries(schema.$defs ?? {})) addDefinition(file, typeName(name), definition);
  file.formatText({ indentSize: 2 });
  return file.getFullText();
}

export { TYPES_URL };
