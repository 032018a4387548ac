/** Findings as text: the same objects for a person, a program, a code-scanning service and a CI log. */
import { writeGithub } from './github.js';
import { writeHuman } from './human.js';
import type { Diagnostic } from './index.js';
import { writeJson } from './json.js';
import { writeSarif } from './sarif.js';
import type { WriteContext } from './write-context.js';

export const FORMATS = ['human', 'json', 'sarif', 'github'] as const;
export type Format = (typeof FORMATS)[number];

const WRITERS: Readonly<Record<Format, (diagnostics: readonly Diagnostic[], context: WriteContext) => string>> = {
  human: writeHuman,
  json: writeJson,
  sarif: writeSarif,
  github: writeGithub,
};

/** @returns text that ends in a line feed, or nothing when the format has nothing to say */
export function writeDiagnostics(format: Format, diagnostics: readonly Diagnostic[], context: WriteContext): string {
  return WRITERS[format](diagnostics, context);
}
