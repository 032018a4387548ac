/** What the boot loader's files say of the default area. */
import type { Diagnostic } from '../diagnostic/index.js';
import { cmaParameter, parameters } from '../placement/index.js';
import { formatAddress } from '../quantity/index.js';
import type { SourceText } from '../source/index.js';
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

export function readCommandLine(source: SourceText | undefined): Understood<CommandLineFindings | undefined> {
  if (source === undefined) return { value: undefined, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const line = kernelArguments(source).text;
  for (const { name, value } of parameters(line)) {
    const what = OTHERS[name];
    if (what !== undefined)
      diagnostics.push(
        report('import/not-expressed', {
          message: `${name}=${value ?? ''} makes ${what}`,
          cause: 'a profile states areas of the board, not of memory nodes',
          fix: 'keep it on the command line',
          ...wordAt(source, name),
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
        ...wordAt(source, found.text),
      }),
    );
  const baseAddress = isFixed ? found.baseAddress : undefined;
  return { value: { sizeBytes: found.sizeBytes, baseAddress, text: found.text }, diagnostics };
}
