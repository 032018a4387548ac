/** Writes dist/man: what `files` in package.json carries for distributions to install. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { commandManual, profileManual } from '../cli/manual.js';
import { buildProgram } from '../cli/program.js';
import { VERSION } from '../cli/version.js';

export function manualPages(): Readonly<Record<string, string>> {
  const nobody = { stdout: () => {}, stderr: () => {}, environment: {}, directory: '.', isTerminal: false };
  const program = buildProgram(nobody, () => {});
  return { 'dmaheap.1': commandManual(program, VERSION), 'dmaheap-profile.5': profileManual(VERSION) };
}

export function writeManual(): void {
  const directory = new URL('../../dist/man/', import.meta.url);
  mkdirSync(directory, { recursive: true });
  for (const [name, page] of Object.entries(manualPages())) writeFileSync(new URL(name, directory), page);
}
