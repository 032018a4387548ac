/** What the boot loader's files say of the default area. */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import type { Fdt } from '../fdt/index.js';
import { cmaParameter, effectiveCommandLine, parameters } from '../placement/index.js';
import { formatAddress } from '../quantity/index.js';
import type { SourceText } from '../source/index.js';
import type { Reading } from './alternatives.js';
import { kernelArguments } from './boot-files.js';
import { report } from './codes.js';
import type { Understood } from './draft.js';

export interface CommandLineFindings {
  readonly sizeBytes: bigint;
  readonly baseAddress: bigint | undefined;
  readonly text: string;
}

/** Other arguments that make areas; a profile has no word for them. */
const OTHERS: Readonly<Record<string, string>> = {
  cma_pernuma: 'an area of every memory node',
  numa_cma: 'areas of single memory nodes',
  hugetlb_cma: 'an area for huge pages',
};

const wordAt = (source: SourceText, word: string) => {
  const at = source.text.indexOf(word);
  return at < 0 ? {} : { span: source.span(at, word.length) };
};

const ASK_THE_BOARD = 'run "cat /proc/cmdline" on the board, and give the text with --cmdline';
const NO_AREA = 'no cma=';
const areaOf = (text: string) => cmaParameter(text)?.text ?? NO_AREA;

/** What keeps the text of a file from being what the kernel gets. */
function* doubts({ text, others, cause, unused = [] }: Reading, source: SourceText): Generator<Diagnostic> {
  const taken = areaOf(text);
  const areas = [...new Set([...others.map(areaOf), taken])];
  const place = wordAt(source, cmaParameter(text)?.text ?? 'cma=');
  if (areas.length > 1)
    yield report('import/condition', {
      message: `the file gives ${areas.join(' or ')}; assuming ${taken}`,
      cause,
      fix: ASK_THE_BOARD,
      ...place,
    });
  const other = taken === NO_AREA ? unused.find((one) => areaOf(one.text) !== NO_AREA) : undefined;
  if (other !== undefined)
    yield report('import/condition', {
      message: `the entry that boots has no cma=, but the entry "${other.name}" has ${areaOf(other.text)}`,
      cause: 'import reads the entry that is the default of the menu',
      fix: ASK_THE_BOARD,
      ...wordAt(source, other.name),
    });
  const open = [...new Set([text, ...others].flatMap(unsetVariables))];
  const calls = open.filter((name) => name.includes('...'));
  if (calls.length > 0)
    yield report('import/condition', {
      message: `import does not run ${calls.join(', ')}, which may give cma=`,
      cause: 'a program or a function of make decides it, and the last cma= counts',
      fix: ASK_THE_BOARD,
      ...wordAt(source, calls[0]?.replace('...)', '') ?? ''),
    });
  const unset = open.filter((name) => !name.includes('...'));
  const [first = ''] = unset;
  if (unset.length > 0)
    yield report('import/condition', {
      message: `the file does not set ${unset.join(', ')}, which may contain cma=`,
      cause: `the boot loader or another file sets ${unset.length === 1 ? 'it' : 'them'}, and the last cma= counts`,
      fix: ASK_THE_BOARD,
      ...wordAt(source, first),
    });
}

/** Variables that replace whole arguments, or for the value of cma=, and after which no cma= follows. */
function unsetVariables(text: string): string[] {
  const words = text.split(/\s+/);
  const last = words.findLastIndex((word) => /^cma=[^$]/.test(word));
  return words
    .slice(last + 1)
    .filter((word) => /^(?:cma=)?\$[{(]?[A-Za-z_/.]/.test(word))
    .flatMap((word) => [...word.matchAll(/\$(?:\{\w+\}|\([\w./-]+\)|\w+)/g)].map(([name]) => name));
}

/** Where arguments come from besides the files of the boot loader. */
interface Elsewhere {
  /** /chosen/bootargs of the board's tree. */
  readonly tree?: Fdt | undefined;
  readonly config?: ReadonlyMap<string, string>;
  readonly span?: Span | undefined;
}

/** Says from where an area comes that the boot loader's file does not give, or why the file's is not the kernel's. */
function* origins(passed: string | undefined, line: string, { tree, config, span }: Elsewhere): Generator<Diagnostic> {
  const taken = areaOf(line);
  const builtIn = areaOf(config?.get('CMDLINE') ?? '');
  const isForced = config?.get('CMDLINE_FORCE') === 'y';
  const place = span === undefined ? {} : { span };
  const before = areaOf(passed ?? effectiveCommandLine(tree, undefined, undefined));
  if (isForced && before !== NO_AREA && before !== builtIn)
    yield report('import/no-effect', {
      message: `the kernel does not use ${before} of the boot loader`,
      cause: 'with CMDLINE_FORCE=y, it uses only the arguments of CMDLINE',
      fix: 'change CMDLINE of the configuration, or disable CMDLINE_FORCE',
      ...place,
    });
  else if (builtIn !== NO_AREA && builtIn !== taken)
    yield report('import/no-effect', {
      message: `the kernel does not use ${builtIn} of CMDLINE`,
      cause: 'without CMDLINE_FORCE and CMDLINE_EXTEND, it uses CMDLINE only if the boot loader passes no arguments',
      fix: 'remove it from CMDLINE',
      ...place,
    });
  if (passed !== undefined || taken === NO_AREA || isForced || config?.get('CMDLINE_EXTEND') === 'y') return;
  yield report('import/condition', {
    message: `${taken} is in ${before === taken ? 'bootargs of /chosen' : 'CMDLINE of the configuration'}; assuming that the boot loader passes no other arguments`,
    cause: 'no file of the boot loader was given, and most boot loaders pass arguments, which replace these',
    fix: ASK_THE_BOARD,
    ...(before === taken ? {} : place),
  });
}

export function readCommandLine(
  source: SourceText | undefined,
  elsewhere: Elsewhere = {},
): Understood<CommandLineFindings | undefined> {
  const reading = source && kernelArguments(source);
  const line = effectiveCommandLine(elsewhere.tree, reading?.text, elsewhere.config);
  const diagnostics: Diagnostic[] = [];
  if (source !== undefined && reading !== undefined) diagnostics.push(...doubts(reading, source));
  diagnostics.push(...origins(reading?.text, line, elsewhere));
  const at = (word: string) => (source === undefined ? {} : wordAt(source, word));
  for (const { name, value } of parameters(line)) {
    const what = OTHERS[name];
    if (what !== undefined)
      diagnostics.push(
        report('import/not-expressed', {
          message: `${name}=${value ?? ''} makes ${what}`,
          cause: 'a profile states areas of the board, not of memory nodes',
          fix: 'keep it on the command line',
          ...at(name),
        }),
      );
  }
  const found = cmaParameter(line);
  if (found === undefined) return { value: undefined, diagnostics };
  const isFixed = found.baseAddress !== 0n && found.baseAddress + found.sizeBytes === found.limitAddress;
  const { baseAddress: from, limitAddress: to } = found;
  if (!isFixed && (from !== 0n || to !== 0n))
    diagnostics.push(
      report('import/not-expressed', {
        message: `${found.text} limits the area to addresses ${[...(from === 0n ? [] : [`above ${formatAddress(from)}`]), ...(to === 0n ? [] : [`below ${formatAddress(to)}`])].join(' and ')}`,
        cause: 'a profile cannot limit an area of the command line, so the region has no range and may be anywhere',
        fix: 'give the region "addressBits", or "allocRanges" with delivery "device-tree"',
        ...at(found.text),
      }),
    );
  const baseAddress = isFixed ? found.baseAddress : undefined;
  return { value: { sizeBytes: found.sizeBytes, baseAddress, text: found.text }, diagnostics };
}
