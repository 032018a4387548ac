/** What dmaheap-verify prints for --help, from its own source, so that the manual needs no compiler. */
import { readFileSync } from 'node:fs';

const source = (file: string) => readFileSync(new URL(`../../native/${file}`, import.meta.url), 'utf8');

/** The characters of adjacent C string literals. */
function literals(text: string): string {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
    .map(([, inner = '']) => JSON.parse(`"${inner}"`) as string)
    .join('');
}

/** @throws when the sources no longer look as they did: a manual without options would be worse than none */
export function verifierHelp(): string {
  const usage = /static const char \*const USAGE =\n((?:\t".*"\n?)+;?)/.exec(source('cli/main.c'))?.[1];
  const formats = /report_formats\(void\)\s*\{\s*return ("[^"]*");/.exec(source('core/report.c'))?.[1];
  if (usage === undefined || formats === undefined)
    throw new Error('native/: the help of dmaheap-verify was not found');
  return literals(usage).replace('%s', literals(formats));
}

export interface HelpOption {
  readonly flags: string;
  readonly text: string;
}

/** The lines of the option table; what is indented further belongs to the option before. */
export function helpOptions(help: string): HelpOption[] {
  const options: { flags: string; text: string }[] = [];
  for (const line of help.split('\n')) {
    const [, flags, text] = /^ {2}(--\S.*?)(?: {2,}(.*))?$/.exec(line) ?? [];
    const last = options.at(-1);
    if (flags !== undefined) options.push({ flags, text: text ?? '' });
    else if (last !== undefined && /^ {10,}\S/.test(line)) last.text += ` ${line.trim()}`;
    else if (last !== undefined && line === '') break;
  }
  return options;
}
