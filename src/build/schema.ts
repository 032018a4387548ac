/** The part of JSON Schema (draft 2020-12) that the schemas in schemas/ use. */
import { readFileSync } from 'node:fs';

export interface Schema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly not?: Schema;
  readonly if?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly required?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** The profile after merging. */
export const LANGUAGE_URL = new URL('../profile/language.json', import.meta.url);

export function readSchema(url: URL): Schema {
  return JSON.parse(readFileSync(url, 'utf8')) as Schema;
}

/** `#/$defs/name` -> `name`. */
export function definitionOf(ref: string): string {
  return ref.replace('#/$defs/', '');
}
