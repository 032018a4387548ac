/** Shell patterns as fnmatch(3) reads them, made into regular expressions. */

export interface GlobOptions {
  /** FNM_PATHNAME and FNM_PERIOD, as glob(3) has them: wildcards match neither `/` nor a leading dot. */
  readonly isPath?: boolean;
  readonly ignoreCase?: boolean;
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: 'A-Fa-f0-9',
};

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** The bracket expression that begins at `[`, and where it ends; undefined where no bracket closes it. */
function bracket(
  glob: string,
  start: number,
  isPath: boolean,
): { readonly text: string; readonly end: number } | undefined {
  let at = start + 1;
  const isNegated = glob[at] === '!' || glob[at] === '^';
  if (isNegated) at += 1;
  let body = '';
  for (let first = true; ; first = false) {
    const character = glob[at];
    if (character === undefined || (isPath && character === '/')) return undefined;
    if (character === ']' && !first) break;
    const named = /^\[:(\w+):\]/.exec(glob.slice(at, at + 12));
    if (named !== null) {
      body += CLASSES[named[1] as string] ?? '';
      at += named[0].length;
      continue;
    }
    if (character === '-' && body !== '' && glob[at + 1] !== ']') {
      body += '-';
      at += 1;
      continue;
    }
    if (character === '\\' && glob[at + 1] !== undefined) at += 1;
    body += literal(glob[at] as string);
    at += 1;
  }
  return { text: `[${isNegated ? '^' : ''}${isNegated && isPath ? '/' : ''}${body}]`, end: at + 1 };
}

/** @returns a pattern for the whole string; one that matches nothing where the range of a bracket is reversed */
export function globPattern(glob: string, { isPath = false, ignoreCase = false }: GlobOptions = {}): RegExp {
  const flags = ignoreCase ? 'si' : 's';
  let text = '';
  for (let at = 0; at < glob.length; ) {
    const character = glob[at] as string;
    const isFirst = at === 0 || glob[at - 1] === '/';
    const noDot = isPath && isFirst ? '(?!\\.)' : '';
    const one = isPath ? '[^/]' : '.';
    if (character === '[') {
      const found = bracket(glob, at, isPath);
      text += found === undefined ? '\\[' : `${noDot}${found.text}`;
      at = found?.end ?? at + 1;
      continue;
    }
    if (character === '\\' && glob[at + 1] !== undefined) {
      text += literal(glob[at + 1] as string);
      at += 2;
      continue;
    }
    text += character === '*' ? `${noDot}${one}*` : character === '?' ? `${noDot}${one}` : literal(character);
    at += 1;
  }
  try {
    return new RegExp(`^(?:${text})$`, flags);
  } catch {
    return /(?!)/;
  }
}

export const isGlob = (text: string): boolean => /[*?[]/.test(text);

/** The expansion of `{a,b}`, as GLOB_BRACE does it. */
export function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf('{');
  if (open < 0 || pattern.slice(open, open + 2) === '{}') return [pattern];
  let depth = 0;
  const cuts: number[] = [];
  for (let at = open; at < pattern.length; at += 1) {
    const character = pattern[at];
    if (character === '\\') at += 1;
    else if (character === '{') depth += 1;
    else if (character === ',' && depth === 1) cuts.push(at);
    else if (character === '}') {
      depth -= 1;
      if (depth > 0) continue;
      const ends = [...cuts, at];
      const starts = [open + 1, ...cuts.map((cut) => cut + 1)];
      return starts.flatMap((start, i) =>
        expandBraces(`${pattern.slice(0, open)}${pattern.slice(start, ends[i])}${pattern.slice(at + 1)}`),
      );
    }
  }
  return [pattern];
}
