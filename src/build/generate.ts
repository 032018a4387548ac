/** Brings every generated source up to date; `npm run generate`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { buildDiagnoses } from './diagnoses.js';
import { generateReference, REFERENCE_URL } from './reference.js';
import { buildTemplates } from './templates.js';
import { generateTypes, TYPES_URL } from './types.js';
import { compileValidator } from './validator.js';

function writeIfChanged(url: URL, text: string): void {
  if (!existsSync(url) || readFileSync(url, 'utf8') !== text) writeFileSync(url, text);
}

export async function generateSources(): Promise<void> {
  writeIfChanged(TYPES_URL, generateTypes());
  writeIfChanged(REFERENCE_URL, generateReference());
  buildTemplates();
  buildDiagnoses();
  await compileValidator();
}
