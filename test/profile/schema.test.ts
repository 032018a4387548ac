/** The schema, what is generated from it, and the examples in it. */
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { PROFILE_SCHEMA_URL } from '../../src/build/profile-schema.js';
import { generateReference, REFERENCE_URL } from '../../src/build/reference.js';
import { LANGUAGE_URL, readSchema, type Schema } from '../../src/build/schema.js';
import { generateTypes, TYPES_URL } from '../../src/build/types.js';
import { dmaheap } from '../cli/run.js';

const schema = readSchema(LANGUAGE_URL);
const ajv = new Ajv2020({ allErrors: true, strict: true });
ajv.addSchema(readSchema(PROFILE_SCHEMA_URL), 'profile');

test('types and reference are those of the schema: npm run build brings them up to date', () => {
  expect(readFileSync(TYPES_URL, 'utf8')).toBe(generateTypes());
  expect(readFileSync(REFERENCE_URL, 'utf8')).toBe(generateReference());
});

function* parts(node: Schema, pointer: string): Generator<[string, Schema]> {
  yield [pointer, node];
  for (const [name, inner] of Object.entries(node.properties ?? {}))
    yield* parts(inner, `${pointer}/properties/${name}`);
  for (const [name, inner] of Object.entries(node.$defs ?? {})) yield* parts(inner, `${pointer}/$defs/${name}`);
  if (node.items !== undefined) yield* parts(node.items, `${pointer}/items`);
}
const all = [...parts(schema, '')];

test.each(all.filter(([, node]) => node.$ref === undefined))('%s has title, description and examples', (_, node) => {
  expect(node.title).toBeTypeOf('string');
  expect(node.description).toBeTypeOf('string');
  expect(node.examples?.length).toBeGreaterThan(0);
});

describe('examples in the schema validate', () => {
  const published = [...parts(readSchema(PROFILE_SCHEMA_URL), '')];
  const examples = published.flatMap(([pointer, node]) =>
    (node.examples ?? []).map((example, i) => [pointer, i, example] as const),
  );
  test.each(examples)('%s, number %i', (pointer, _, example) => {
    const validate = ajv.compile({ $ref: `profile#${pointer}` });
    expect({ valid: validate(example), errors: validate.errors }).toEqual({ valid: true, errors: null });
  });
});

const profiles = readdirSync('schemas/examples').filter((file) => file.endsWith('.json'));
test.each(profiles)('schemas/examples/%s is good', async (file) => {
  const { exit, stdout } = await dmaheap(['validate', `schemas/examples/${file}`]);
  expect(exit).toBe(0);
  // Without a DTB, some checks are not run.
  expect(stdout).toMatch(new RegExp(`^schemas/examples/${file}: good\\nPASS: [^\\n]*\\n$`));
});
