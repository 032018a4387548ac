/**
 * The assumed answers of a tree's probes when nothing may be run: a plain GCC with GNU binutils that has no feature
 * anybody asks for, no Rust, no pahole. The assumptions are conservative (a feature that is not there enables nothing)
 * and they are assumptions: whatever depends on them is not known for the real toolchain.
 */

const CHECK = /^\{ (.*); \} >\/dev\/null 2>&1 && echo "(.*)" \|\| echo "(.*)"$/s;

/** Answers of version scripts, by a part of the command. */
const VERSIONS: readonly (readonly [RegExp, string])[] = [
  [/\/scripts\/cc-version\.sh /, 'GCC 120200'],
  [/\/scripts\/gcc-version\.sh /, '120200'],
  [/\/scripts\/clang-version\.sh /, '0'],
  [/\/scripts\/as-version\.sh /, 'GNU 24000'],
  [/\| .*\/scripts\/ld-version\.sh$/, '240000000'],
  [/\/scripts\/ld-version\.sh /, 'BFD 24000'],
  [/\/scripts\/lld-version\.sh /, '0'],
  [/\/scripts\/(?:rustc|rustc-llvm|pahole)-version\.sh /, '0'],
];

/** Text that sh passes on as it is, and a number that it calculates with exactly. */
const WORD = '[A-Za-z0-9][\\w.+:/-]*';
const NUMBER = '\\d{1,15}';
const WORDS = new RegExp(`^set -- (${WORD}(?: +${WORD})*) && echo \\$([1-9])$`);
const QUOTIENT = new RegExp(`^expr (${NUMBER}) / (${NUMBER})$`);
/** In quotes, and not what `test` takes for an operator. */
const QUOTED = '"(?:[^"$`\\\\(!-][^"$`\\\\]*)?"';
const EMPTY = new RegExp(`^-([zn]) (${QUOTED})$`);
const EQUAL = new RegExp(`^(${WORD}|${QUOTED}) (!?=) (${WORD}|${QUOTED})$`);
const COMPARED = new RegExp(`^"?(${NUMBER})"? -(eq|ne|lt|le|gt|ge) "?(${NUMBER})"?$`);

/**
 * The answer to `$(shell,COMMAND)` where the command only compares, divides or takes apart the text in it: no tool
 * decides, every shell says the same.
 * @returns undefined for any other command
 */
export function textAnswer(command: string): string | undefined {
  const words = WORDS.exec(command);
  if (words) return (words[1] as string).split(/ +/)[Number(words[2]) - 1] ?? '';
  const quotient = QUOTIENT.exec(command);
  if (quotient && Number(quotient[2]) > 0) return String(Math.trunc(Number(quotient[1]) / Number(quotient[2])));
  const check = CHECK.exec(command);
  const holds = check ? comparison(check[1] as string) : undefined;
  const answer = holds === undefined ? undefined : check?.[holds ? 2 : 3];
  // What echo takes for an option is not printed.
  return answer !== undefined && /^(?!-[neE]+$)[\w.+:/ -]*$/.test(answer) ? answer : undefined;
}

/** Whether `test A = B` and its like hold; undefined for anything else. */
function comparison(condition: string): boolean | undefined {
  const test = /^\s*(?:test|\[) (.*?)(?: \])?$/.exec(condition)?.[1];
  if (test === undefined) return undefined;
  const empty = EMPTY.exec(test);
  if (empty) return (empty[2] === '""') === (empty[1] === 'z');
  const [, left, equality, right] = EQUAL.exec(test) ?? [];
  const bare = (text?: string) => text?.replaceAll('"', '');
  if (equality) return (bare(left) === bare(right)) === (equality === '=');
  const [, a, operator, b] = COMPARED.exec(test) ?? [];
  const difference = Math.sign(Number(a) - Number(b));
  switch (operator) {
    case 'eq':
      return difference === 0;
    case 'ne':
      return difference !== 0;
    case 'lt':
      return difference < 0;
    case 'le':
      return difference <= 0;
    case 'gt':
      return difference > 0;
    case 'ge':
      return difference >= 0;
    default:
      return undefined;
  }
}

/** @returns the assumed answer to `$(shell,COMMAND)` */
export function assumedAnswer(command: string): string {
  const version = VERSIONS.find(([pattern]) => pattern.test(command));
  if (version) return version[1];
  const text = textAnswer(command);
  if (text !== undefined) return text;
  const check = CHECK.exec(command);
  // The tools are there; everything else fails.
  if (check) return (/^\s*command -v \S+$/.test(check[1] as string) ? check[2] : check[3]) as string;
  // `command -v rustc && rustc --version || echo n`: a tool that is not there.
  return /\|\| echo "?([^"|&;]*?)"?$/.exec(command)?.[1]?.trim() ?? '';
}
