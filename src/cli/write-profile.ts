/** Writes a drafted profile, and beside it the schema that its `$schema` names. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import schema from '../../schemas/profile.schema.json' with { type: 'json' };
import { guessesIn, plainJson, SCHEMA_FILE } from '../init/write.js';
import { type Context, shellWords } from './context.js';
import { readText } from './files.js';
import { Refusal } from './refusal.js';
import { writeOutput } from './write-file.js';

/**
 * Writes the text to a new file, without comments if its name ends in `.json`: other readers of JSON refuse them.
 * @param text JSON with comments
 * @param next the command to run now, for the note
 * @throws {@link Refusal}
 */
export function writeProfile(context: Context, output: string, text: string, next: string): void {
  const isPlain = /\.json$/i.test(output);
  const plain = plainJson(text);
  writeOutput(context, output, isPlain ? plain.text : text, true);
  if (isPlain) {
    for (const { key, text: comment } of plain.guesses) context.note(`${output}, at ${key}: ${comment}`);
    const guesses = plain.guesses.length;
    const told = guesses === 0 ? '' : `; the lines above list its guesses. A .jsonc file has them as comments`;
    context.note(`wrote ${output}${told}. Next: ${guesses === 0 ? next : `correct the guesses, then ${next}`}`);
  } else {
    const guesses = guessesIn(text);
    context.note(`wrote ${output}${guesses}. Next: ${guesses === '' ? next : `edit these lines, then ${next}`}`);
  }
  writeSchema(context, path.join(path.dirname(output), SCHEMA_FILE));
}

/** A file of that name that is not a schema of ours stays as it is. */
function writeSchema(context: Context, output: string): void {
  const file = context.resolve(output);
  const text = `${JSON.stringify(schema, undefined, 2)}\n`;
  if (existsSync(file)) {
    const got = readText(file);
    if ('text' in got && got.text === text) return;
    if (!('text' in got && got.text.includes(`"${schema.$id}"`))) {
      context.note(`${output} is not the schema of profiles, so it stays as it is`);
      return;
    }
  }
  try {
    writeOutput(context, output, text);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // The profile is written; another init would refuse to write it again.
    throw new Refusal(error.message, error.exit, `make it possible, then run dmaheap schema > ${shellWords([output])}`);
  }
  context.note(`wrote ${output}, the schema with which an editor completes and checks the profile`);
}
