/** What the README shows of guests: recorded by the lab, and held against every later boot. */
import { readFile, writeFile } from 'node:fs/promises';
import type { FieldResult } from './compare.js';
import type { RunResult } from './lab.js';

const README = new URL('../../README.md', import.meta.url);
/** Between these lines of the README. */
const BEGIN = '<!-- recorded: npm run e2e -- --only story --record -->\n';
const END = '<!-- end of the record -->\n';

const indented = (text: string) => text.trimEnd().replaceAll(/^(?=.)/gm, '    ');

/** A new check of the verifier changes its count; what it says about this board is the record. */
const withoutCounts = (text: string) => text.replaceAll(/^( *(?:PASS|FAIL): ).*$/gm, '$1');

/** @param shown what the guest's script printed */
export async function compareRecord(shown: string): Promise<FieldResult> {
  const same = withoutCounts(await readFile(README, 'utf8')).includes(withoutCounts(`${indented(shown)}\n`));
  return {
    field: 'record in the README',
    status: same ? 'right' : 'wrong',
    predicted: 'as recorded',
    observed: same ? 'as recorded' : 'something else: npm run e2e -- --only story --record, and look at the difference',
  };
}

export async function writeRecord(results: readonly RunResult[]): Promise<void> {
  const readme = await readFile(README, 'utf8');
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('lab: README.md has no place for the record');
  const parts = results
    .filter(({ run }) => run.case.recorded)
    .map(({ run, observation }) => `${run.case.about}\n\n${indented(observation.run)}\n`);
  await writeFile(README, `${before}${BEGIN}\n${parts.join('\n')}\n${END}${after}`);
}
