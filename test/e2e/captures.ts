/**
 * Boards that were captured with `dmaheap-verify --collect`, as cases: the diagnosis must stay what it was when the capture was
 * adopted, and a simulation of the same boot must agree with everything that the board showed. Nothing is booted.
 */
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

const PROGRAM = new URL('../../dist/dmaheap.mjs', import.meta.url).pathname;
export const CAPTURES = new URL('captures/', import.meta.url).pathname;

interface Statement {
  readonly what: string;
  readonly predicted: string;
  readonly seen: string | null;
}
interface Answer {
  readonly causes: readonly { readonly id: string }[];
  readonly replay:
    | { readonly agrees: readonly Statement[]; readonly differs: readonly Statement[] }
    | { readonly missing: readonly string[] };
}

/** What is kept beside the capture. */
interface Expected {
  /** Ids, the deciding one first; empty: the capture does not decide. */
  readonly causes: readonly string[];
  /** What the board showed of every statement that a simulation of its boot makes. */
  readonly shown: Readonly<Record<string, string>>;
}

async function diagnosed(capture: string): Promise<Answer> {
  const args = [PROGRAM, 'diagnose', capture, '--predict', '--format', 'json'];
  const { stdout, stderr, exitCode } = await execa('node', args, { reject: false });
  if (exitCode === undefined || ![0, 1, 4].includes(exitCode)) throw new Error(`${capture}: ${stderr}`);
  return JSON.parse(stdout) as Answer;
}

const comparedIn = ({ replay }: Answer) => ('missing' in replay ? [] : [...replay.agrees, ...replay.differs]);
const differencesIn = ({ replay }: Answer) =>
  ('missing' in replay ? [] : replay.differs).map(
    ({ what, predicted, seen }) => `${what}: predicted ${predicted}, the board showed ${seen}`,
  );

/**
 * Makes a case of a capture. Its name is that of the file.
 * @returns lines that say what the case is now; a difference between board and simulation fails until it is explained
 */
export async function adopt(capture: string, directory = CAPTURES): Promise<readonly string[]> {
  const name = path.basename(capture).replace(/\.tar$/, '');
  if (!/^[\w.-]+$/.test(name)) throw new Error(`${capture}: the name of a case has letters, digits and . _ -`);
  const answer = await diagnosed(capture);
  const shown = Object.fromEntries(
    comparedIn(answer).flatMap(({ what, seen }) => (seen === null ? [] : [[what, seen]])),
  );
  const expected: Expected = { causes: answer.causes.map(({ id }) => id), shown };
  await mkdir(directory, { recursive: true });
  await copyFile(capture, path.join(directory, `${name}.tar`));
  await writeFile(path.join(directory, `${name}.json`), `${JSON.stringify(expected, null, 2)}\n`);
  const { replay } = answer;
  return [
    `${name}: ${expected.causes.join(', ') || 'undecided'}; ${Object.keys(shown).length} statements of the board`,
    ...('missing' in replay ? [`not simulated: the capture does not show ${replay.missing.join(', ')}`] : []),
    ...differencesIn(answer),
  ];
}

export interface CaptureResult {
  readonly name: string;
  readonly wrong: readonly string[];
}

/** @param wanted parts of the names of the cases; absent: all */
export async function judgeCaptures(
  wanted?: readonly string[],
  directory = CAPTURES,
): Promise<readonly CaptureResult[]> {
  const names = (await readdir(directory))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .filter((name) => wanted?.some((text) => name.includes(text)) ?? true);
  return Promise.all(
    names.map(async (name) => {
      const expected = JSON.parse(await readFile(path.join(directory, `${name}.json`), 'utf8')) as Expected;
      const answer = await diagnosed(path.join(directory, `${name}.tar`));
      const causes = answer.causes.map(({ id }) => id).join(', ');
      const compared = comparedIn(answer);
      return {
        name,
        wrong: [
          ...(causes === expected.causes.join(', ')
            ? []
            : [`${causes || 'undecided'} instead of ${expected.causes.join(', ')}`]),
          ...differencesIn(answer),
          ...Object.entries(expected.shown).flatMap(([what, seen]) =>
            compared.some((one) => one.what === what && one.seen === seen)
              ? []
              : [`${what}: ${seen} is not compared any more`],
          ),
        ],
      };
    }),
  );
}
