/** What docs/story.md shows of guests: recorded by the lab, and compared with every later boot. */
import { readFile, writeFile } from 'node:fs/promises';
import type { FieldResult } from './compare.js';
import type { RunResult } from './lab.js';

const PAGE = new URL('../../docs/story.md', import.meta.url);
/** Between these lines of the page. */
const BEGIN = '<!-- recorded: npm run e2e -- --only story --record -->\n';
const END = '<!-- end of the record -->\n';

const indented = (text: string) => text.trimEnd().replaceAll(/^(?=.)/gm, '    ');

/** A new check of the verifier changes its count; what it says about this board is the record. */
const withoutCounts = (text: string) => text.replaceAll(/^( *(?:PASS|FAIL): ).*$/gm, '$1');

/** @param shown what the guest's script printed */
export async function compareRecord(shown: string): Promise<FieldResult> {
  const same = withoutCounts(await readFile(PAGE, 'utf8')).includes(withoutCounts(`${indented(shown)}\n`));
  return {
    field: 'record in docs/story.md',
    status: same ? 'right' : 'wrong',
    predicted: 'as recorded',
    observed: same ? 'as recorded' : 'something else: npm run e2e -- --only story --record, and look at the difference',
  };
}

export async function writeRecord(results: readonly RunResult[]): Promise<void> {
  const readme = await readFile(PAGE, 'utf8');
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('lab: docs/story.md has no place for the record');
  const parts = results
    .filter(({ run }) => run.case.recorded)
    .map(({ run, observation }) => `${run.case.about}\n\n${indented(observation.run)}\n`);
  await writeFile(PAGE, `${before}${BEGIN}\n${parts.join('\n')}\n${END}${after}`);
}
