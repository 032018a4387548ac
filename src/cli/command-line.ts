/** The kernel command line as options and profiles give it: a file that has it, or the words themselves. */
import { kernelArguments } from '../import/boot-files.js';
import { SourceText } from '../source/index.js';
import { type Context, shownPath } from './context.js';
import { readText } from './files.js';

/** One word that can only be the name of a file. */
const PATH_LIKE = /^[^\s=]*\/[^\s=]*$|^[^\s=]+\.(?:txt|cfg|conf|cmdline|log|env|cmd)$/i;

/**
 * @param file the text as a path, which may start elsewhere than in the directory of the command
 * @returns the source with its file, where it is one; or why the file that was meant cannot be read
 */
export function commandLineSource(
  context: Context,
  text: string,
  file = text,
): { readonly source: SourceText; readonly isFile: boolean } | { readonly error: string } {
  const got = readText(context.resolve(file));
  if ('text' in got) return { source: new SourceText(shownPath(context, file), got.text), isFile: true };
  if (PATH_LIKE.test(text)) return { error: got.error };
  return { source: new SourceText('--cmdline', text), isFile: false };
}

/** The words that the kernel gets. */
export function commandLineText(context: Context, text: string, file = text): string | { readonly error: string } {
  const read = commandLineSource(context, text, file);
  if ('error' in read) return read;
  return read.isFile ? kernelArguments(read.source).text.trim() : text;
}

export const COMMAND_LINE_FIX = 'give a file that exists and can be read, or the command line itself in quotes';
