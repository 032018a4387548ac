/** Results of a matrix in the formats that CI engines read: JUnit XML and KTAP. */
import type { Diagnostic } from '../../diagnostic/index.js';
import { leaf, write } from '../../lang/index.js';

export interface CellResult {
  readonly board: string;
  /** `6.12`, or `6.1-7.3` for a whole range. */
  readonly kernel: string;
  readonly target: string;
  readonly status: 'pass' | 'fail' | 'skip';
  /** Why it was skipped. */
  readonly reason?: string;
  /** Why what passes is not proven. */
  readonly open?: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Why a result counts as skipped where there is no third answer; undefined: it does not. */
function whySkipped({ status, reason, open = [] }: CellResult): string | undefined {
  if (status === 'skip') return reason ?? '';
  return status === 'pass' && open.length > 0 ? `not proven: ${open.join(', ')}` : undefined;
}

/** Text in XML; what XML cannot say (control characters) becomes a question mark, for it only is a message here. */
function xml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no spelling for these
  const plain = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '?');
  return write('xml', leaf('string', plain)).value?.spelled ?? '';
}

const errorsOf = ({ diagnostics }: CellResult) => diagnostics.filter(({ severity }) => severity === 'error');

function lineOf({ code, message, span, fix }: Diagnostic): string {
  const where = span === undefined ? '' : `${span.file}:${span.line}:${span.column}: `;
  return `${where}${code}: ${message}${fix === undefined ? '' : `; ${fix}`}`;
}

/** One suite a board, one case a kernel and target: https://github.com/testmoapp/junitxml. */
export function junitOf(results: readonly CellResult[]): string {
  // Jenkins refuses a time that is not one and a `skipped` of the whole; nothing here is measured.
  const numbers = (of: readonly CellResult[]) =>
    `tests="${of.length}" failures="${of.filter(({ status }) => status === 'fail').length}" errors="0"`;
  const boards = [...new Set(results.map(({ board }) => board))];
  const suites = boards.map((board) => {
    const own = results.filter((one) => one.board === board);
    return `  <testsuite name="${xml(board)}" ${numbers(own)} skipped="${own.filter((one) => whySkipped(one) !== undefined).length}">\n${own.map(caseOf).join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="dmaheap" ${numbers(results)}>\n${suites.join('')}</testsuites>\n`;
}

function caseOf(result: CellResult): string {
  const { board, kernel, target, status } = result;
  const skipped = whySkipped(result);
  const open = `    <testcase name="${xml(`${target} on ${kernel}`)}" classname="${xml(`dmaheap.${board}`)}"`;
  if (skipped !== undefined) return `${open}>\n      <skipped message="${xml(skipped)}"/>\n    </testcase>\n`;
  if (status === 'pass') return `${open}/>\n`;
  const errors = errorsOf(result);
  const text = errors.map(lineOf).join('\n');
  return `${open}>\n      <failure message="${xml(errors[0]?.message ?? 'failed')}" type="${xml(errors[0]?.code ?? 'error')}">${xml(text)}</failure>\n    </testcase>\n`;
}

/** https://docs.kernel.org/dev-tools/ktap.html: what KernelCI reads. */
export function ktapOf(results: readonly CellResult[]): string {
  const name = (text: string) => text.replace(/[\s#\\]+/g, '_');
  const lines = results.flatMap((result, i) => {
    const { status, board, kernel, target } = result;
    const skipped = whySkipped(result);
    const title = `${i + 1} ${name(board)}.${name(kernel)}.${name(target)}`;
    if (skipped !== undefined) return [`ok ${title} # SKIP ${skipped.replace(/[\n#]/g, ' ')}`];
    return [
      ...errorsOf(result).map((one) => `# ${lineOf(one).replace(/\s+/g, ' ')}`),
      `${status === 'pass' ? 'ok' : 'not ok'} ${title}`,
    ];
  });
  return `KTAP version 1\n1..${results.length}\n${lines.map((line) => `${line}\n`).join('')}`;
}
