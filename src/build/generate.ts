/** Brings every generated source up to date; `npm run generate`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Metafile } from 'esbuild';
import { buildDiagnoses } from './diagnoses.js';
import { generateReference, REFERENCE_URL } from './reference.js';
import { buildTemplates } from './templates.js';
import { generateTypes, TYPES_URL } from './types.js';
import { compileValidators } from './validator.js';

function writeIfChanged(url: URL, text: string): void {
  if (!existsSync(url) || readFileSync(url, 'utf8') !== text) writeFileSync(url, text);
}

/** @returns esbuild's lists of what was bundled into generated sources */
export async function generateSources(): Promise<readonly Metafile[]> {
  writeIfChanged(TYPES_URL, generateTypes());
  writeIfChanged(REFERENCE_URL, generateReference());
  buildTemplates();
  buildDiagnoses();
  return compileValidators();
}
