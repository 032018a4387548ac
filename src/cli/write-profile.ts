/** Writes a drafted profile, and beside it the schema that its `$schema` names. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import schema from '../../schemas/profile.schema.json' with { type: 'json' };
import { guessesIn, plainJson, SCHEMA_FILE } from '../init/write.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { reasonNotWritten } from './files.js';
import { Refusal } from './refusal.js';

/**
 * Writes the text to a new file, without comments if its name ends in `.json`: other readers of JSON refuse them.
 * @param text JSON with comments
 * @param next the command to run now, for the note
 * @throws {@link Refusal}
 */
export function writeProfile(context: Context, output: string, text: string, next: string): void {
  const isPlain = /\.json$/i.test(output);
  const plain = plainJson(text);
  try {
    writeFileSync(context.resolve(output), isPlain ? plain.text : text, { flag: 'wx' });
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new Refusal(
      exists ? `${output} exists` : `cannot write ${output}: ${reasonNotWritten(error)}`,
      exists ? EXIT.usage : EXIT.environment,
      'give another file with -o',
    );
  }
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
  try {
    if (existsSync(file)) {
      const old = readFileSync(file, 'utf8');
      if (old === text) return;
      if (!old.includes(`"${schema.$id}"`)) {
        context.note(`${output} is not the schema of profiles, so it stays as it is`);
        return;
      }
    }
    writeFileSync(file, text);
    context.note(`wrote ${output}, the schema with which an editor completes and checks the profile`);
  } catch (error) {
    context.note(`cannot write ${output}, the schema for an editor: ${reasonNotWritten(error)}`);
  }
}
