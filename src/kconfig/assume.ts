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

/** @returns the assumed answer to `$(shell,COMMAND)` */
export function assumedAnswer(command: string): string {
  const version = VERSIONS.find(([pattern]) => pattern.test(command));
  if (version) return version[1];
  const words = /^set -- (.*) && echo \$([1-9])$/.exec(command);
  if (words) return (words[1] as string).split(/\s+/)[Number(words[2]) - 1] ?? '';
  const quotient = /^expr (\d+) \/ (\d+)$/.exec(command);
  if (quotient) return String(Math.trunc(Number(quotient[1]) / Number(quotient[2])));
  const check = CHECK.exec(command);
  if (check) return (succeeds(check[1] as string) ? check[2] : check[3]) as string;
  // `command -v rustc && rustc --version || echo n`: a tool that is not there.
  return /\|\| echo "?([^"|&;]*?)"?$/.exec(command)?.[1]?.trim() ?? '';
}

/** Conditions on texts are what they are; the tools are there; everything else fails. */
function succeeds(condition: string): boolean {
  if (/^command -v \S+$/.test(condition)) return true;
  const test = /^(?:test|\[) (.*?)(?: \])?$/.exec(condition)?.[1];
  if (test === undefined) return false;
  const empty = /^-([zn]) "([^"]*)"$/.exec(test);
  if (empty) return (empty[2] === '') === (empty[1] === 'z');
  const [, left = '', operator, right = ''] =
    /^"?([^"\s]*)"? (=|!=|-(?:eq|ne|lt|le|gt|ge)) "?([^"\s]*)"?$/.exec(test) ?? [];
  const [a, b] = [Number(left), Number(right)];
  switch (operator) {
    case '=':
      return left === right;
    case '!=':
      return left !== right;
    case '-eq':
      return a === b;
    case '-ne':
      return a !== b;
    case '-lt':
      return a < b;
    case '-le':
      return a <= b;
    case '-gt':
      return a > b;
    case '-ge':
      return a >= b;
    default:
      return false;
  }
}
