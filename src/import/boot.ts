/** What the boot loader's files say of the default area. */
import type { Diagnostic } from '../diagnostic/index.js';
import { cmaParameter, parameters } from '../placement/index.js';
import { formatAddress, parseBytes } from '../quantity/index.js';
import type { SourceText } from '../source/index.js';
import { report } from './codes.js';
import { MEBIBYTE, type Understood } from './draft.js';

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
  const line = source.text.replaceAll('\n', ' ');
  for (const { name, value } of parameters(line)) {
    const what = OTHERS[name];
    if (what !== undefined)
      diagnostics.push(
        report('import/not-expressed', {
          message: `${name}=${value ?? ''} makes ${what}`,
          cause: 'a profile states areas of the board, not of memory nodes',
          fix: 'leave it on the command line',
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
        message: `${found.text} keeps the area ${[...(from === 0n ? [] : [`above ${formatAddress(from)}`]), ...(to === 0n ? [] : [`below ${formatAddress(to)}`])].join(' and ')}`,
        cause:
          'a profile has no range for an area of the command line: the region is written without one, and may lie anywhere',
        fix: 'give the region "addressBits", or "allocRanges" with delivery "device-tree"',
        ...wordAt(source, found.text),
      }),
    );
  const baseAddress = isFixed ? found.baseAddress : undefined;
  return { value: { sizeBytes: found.sizeBytes, baseAddress, text: found.text }, diagnostics };
}

export interface ConfigTxtFindings {
  readonly sizeBytes: bigint;
  readonly text: string;
}

/** Overlays whose parameters set the size of linux,cma. */
const CMA_OVERLAYS = /^(?:cma|vc4-f?kms-v3d(?:-pi[45])?|upstream(?:-pi4)?)$/;

/** `dtoverlay=vc4-kms-v3d,cma-512`, `dtoverlay=cma,cma-size=268435456`. */
export function readConfigTxt(source: SourceText | undefined): Understood<ConfigTxtFindings | undefined> {
  if (source === undefined) return { value: undefined, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  let found: ConfigTxtFindings | undefined;
  let section: string | undefined;
  let offset = 0;
  for (const line of source.text.split('\n')) {
    const span = source.span(offset, line.length);
    offset += line.length + 1;
    const header = /^\s*\[(.*)\]\s*$/.exec(line);
    if (header !== null) section = header[1] === 'all' ? undefined : header[1];
    const [, name, rest = ''] = /^\s*dt(?:overlay|param)=([^,\s]+)((?:,[^#\s]*)?)/.exec(line) ?? [];
    if (name === undefined || !CMA_OVERLAYS.test(name)) continue;
    for (const word of rest.split(',').filter((one) => one !== '')) {
      const named = /^cma-(\d+)$/.exec(word)?.[1];
      const sized = parseBytes(/^cma-size=(.+)$/.exec(word)?.[1] ?? '');
      const sizeBytes = named === undefined ? sized : BigInt(named) * MEBIBYTE;
      if (sizeBytes === undefined) continue;
      if (section !== undefined)
        diagnostics.push(
          report('import/condition', {
            message: `${word} stands in the section [${section}]`,
            cause: 'a profile is for one board: the size was taken all the same',
            fix: 'drop it from the profile if this board is another',
            span,
          }),
        );
      found = { sizeBytes, text: word };
    }
  }
  return { value: found, diagnostics };
}
