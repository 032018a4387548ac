/** Findings as text: the same objects for a person, a program, a code-scanning service and a CI log. */
import { writeGithub } from './github.js';
import { writeHuman } from './human.js';
import type { CodeTable, Diagnostic } from './index.js';
import { writeJson } from './json.js';
import { writeSarif } from './sarif.js';

export const FORMATS = ['human', 'json', 'sarif', 'github'] as const;
export type Format = (typeof FORMATS)[number];

/** The text a finding's span points into; `source/` has one per file read. */
export interface Lines {
  /** A line counted from 1, without its line end. */
  line(number: number): string | undefined;
}

/** What the writers may look at besides the findings. */
export interface WriteContext {
  /** Source texts by the name that spans use; undefined for one that was not kept. */
  readonly sources: (file: string) => Lines | undefined;
  /** Terminal colours; off unless asked. */
  readonly color?: boolean;
  /** Every code that may occur, with its general explanation: the rules of a SARIF run. */
  readonly codes?: CodeTable;
  readonly toolVersion?: string;
  /** Absolute directory that `file` names are shown relative to, where a format demands it (sarif, github). */
  readonly baseDirectory?: string;
}

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
