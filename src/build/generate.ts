/** Brings every generated source up to date; `npm run generate`. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';
import { buildDiagnoses } from './diagnoses.js';
import { editorSchema, PROFILE_SCHEMA_URL } from './profile-schema.js';
import { generateReference, REFERENCE_URL } from './reference.js';
import { buildTemplates } from './templates.js';
import { generateTypes, TYPES_URL } from './types.js';
import { compileValidators } from './validator.js';

function writeIfChanged(url: URL, text: string): void {
  if (!existsSync(url) || readFileSync(url, 'utf8') !== text) writeFileSync(url, text);
}

/** Compared by value: Biome decides where the lines break. */
function writeSchema(): void {
  const schema = JSON.stringify(editorSchema());
  const before = existsSync(PROFILE_SCHEMA_URL) ? readFileSync(PROFILE_SCHEMA_URL, 'utf8') : '{}';
  if (JSON.stringify(JSON.parse(before)) === schema) return;
  writeFileSync(PROFILE_SCHEMA_URL, schema);
  const biome = fileURLToPath(new URL('../../node_modules/@biomejs/biome/bin/biome', import.meta.url));
  execFileSync(process.execPath, [biome, 'format', '--write', fileURLToPath(PROFILE_SCHEMA_URL)]);
}

/** @returns esbuild's lists of what was bundled into generated sources */
export async function generateSources(): Promise<readonly Metafile[]> {
  writeIfChanged(TYPES_URL, generateTypes());
  writeSchema();
  writeIfChanged(REFERENCE_URL, generateReference());
  buildTemplates();
  buildDiagnoses();
  return compileValidators();
}
