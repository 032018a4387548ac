/** Writes dist/man: what `files` in package.json carries for distributions to install. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { commandManual, profileManual, verifierManual } from '../cli/manual.js';
import { buildProgram } from '../cli/program.js';
import { VERSION } from '../cli/version.js';
import { DIAGNOSES } from '../verify/diagnoses.gen.js';
import { helpOptions, verifierHelp } from './verifier-help.js';

export async function manualPages(): Promise<Readonly<Record<string, string>>> {
  const quiet = { stdout: () => {}, stderr: () => {}, environment: {}, directory: '.', isTerminal: false };
  const program = await buildProgram(quiet);
  const help = verifierHelp();
  const exitStatus = (/^exit status: ([\s\S]*)$/m.exec(help)?.[1] ?? '').trim().replace(/\s+/g, ' ');
  return {
    'dmaheap.1': commandManual(program, VERSION),
    'dmaheap-profile.5': profileManual(VERSION),
    'dmaheap-verify.8': verifierManual({ options: helpOptions(help), exitStatus, diagnoses: DIAGNOSES }, VERSION),
  };
}

export async function writeManual(): Promise<void> {
  const directory = new URL('../../dist/man/', import.meta.url);
  mkdirSync(directory, { recursive: true });
  for (const [name, page] of Object.entries(await manualPages())) writeFileSync(new URL(name, directory), page);
}
