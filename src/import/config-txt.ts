/**
 * Raspberry Pi's config.txt as the firmware reads it: filters, overlays with their parameters, memory for the GPU.
 * Sources: "config.txt" and "Device Trees, overlays, and parameters" in Raspberry Pi's documentation; sizes from the
 * overlays cma, vc4-kms-v3d, vc4-fkms-v3d and overlay_map of its kernel.
 */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import { ConfigFilters, type RaspberryPi, type RaspberrySoc as Soc, raspberrySoc as socOf } from '../image/index.js';
import { formatBytes, parseBytes } from '../quantity/index.js';
import type { SourceText } from '../source/index.js';
import { report } from './codes.js';
import { MEBIBYTE, type Understood } from './draft.js';

export interface ConfigTxtFindings {
  readonly sizeBytes: bigint;
  /** The word that sets the size, for messages. */
  readonly text: string;
}

/**
 * Overlays that resize linux,cma, with their size in MiB on each SoC, as which overlay the firmware loads them there;
 * undefined: overlay_map does not let it load them.
 */
const OVERLAYS: Readonly<Record<string, Readonly<Record<Soc, number | undefined>>>> = {
  cma: { bcm2835: 256, bcm2711: 256, bcm2712: 256 },
  'vc4-kms-v3d': { bcm2835: 256, bcm2711: 508, bcm2712: 64 },
  'vc4-fkms-v3d': { bcm2835: 256, bcm2711: 508, bcm2712: undefined },
  'vc4-kms-v3d-pi4': { bcm2835: undefined, bcm2711: 508, bcm2712: 64 },
  'vc4-fkms-v3d-pi4': { bcm2835: undefined, bcm2711: 508, bcm2712: undefined },
  'vc4-kms-v3d-pi5': { bcm2835: undefined, bcm2711: undefined, bcm2712: 64 },
};
/** The maps of some releases have it and those of others do not. */
const isUnclear = (overlay: string, soc: Soc | undefined) => overlay === 'vc4-kms-v3d-pi4' && soc === 'bcm2712';
/** The SoC that an overlay is written for, where its name shows it. */
const SOC_OF_SUFFIX: Readonly<Record<string, Soc>> = { pi4: 'bcm2711', pi5: 'bcm2712' };
const FAMILY: Readonly<Record<Soc, string>> = { bcm2835: 'bcm2835 to bcm2837', bcm2711: 'bcm2711', bcm2712: 'bcm2712' };

/** Sizes that have a separate parameter, in MiB: __overrides__ of the overlay cma, which the others include. */
const SIZES = [512, 448, 384, 320, 256, 192, 128, 96, 64];
const MULTIPLE = 4n * MEBIBYTE;

/** The firmware ignores the rest of a line. */
const LINE_LENGTH = 98;
/** What the firmware gives the GPU by default, in MiB; on boards with less than 1 GiB, it is 64. */
const USUAL_GPU = 76;

/** `cma-512`, `cma-size=134217728`, `cma-default`; undefined: not about the size. */
function sizeOf(word: string): bigint | 'default' | 'unknown' | undefined {
  if (/^cma-default(?:=.*)?$/.test(word)) return 'default';
  if (/^cma[=_\d]/.test(word)) return 'unknown';
  if (!word.startsWith('cma-')) return undefined;
  const named = Number(/^cma-(\d+)(?:=.*)?$/.exec(word)?.[1]);
  if (SIZES.includes(named)) return BigInt(named) * MEBIBYTE;
  return parseBytes(/^cma-size=((?:0x)?[\da-f]+)$/i.exec(word)?.[1] ?? '') ?? 'unknown';
}

interface Loaded {
  readonly name: string;
  readonly span: Span;
  readonly open: readonly string[];
  readonly usual: bigint | undefined;
  /** cma-default takes the fragment out that the others change, whichever comes first. */
  isDefault: boolean;
  /** What its other parameters say; undefined: nothing. */
  size: bigint | undefined;
  word: string | undefined;
  wordSpan: Span;
}

/** `dtoverlay=vc4-kms-v3d,cma-512`; `dtoverlay=cma` and below it `dtparam=cma-size=268435456`. */
export function readConfigTxt(
  source: SourceText | undefined,
  board: RaspberryPi = {},
): Understood<ConfigTxtFindings | undefined> {
  if (source === undefined) return { value: undefined, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const filters = new ConfigFilters(board);
  const loaded: Loaded[] = [];
  let current: Loaded | undefined;
  let offset = 0;
  let totalBytes: bigint | undefined;
  for (const whole of source.text.split('\n')) {
    const span = source.span(offset, whole.trimEnd().length);
    offset += whole.length + 1;
    const line = whole.slice(0, LINE_LENGTH);
    const header = /^\s*\[(.*)\]\s*$/.exec(line);
    if (header !== null) filters.take(header[1] ?? '');
    const [, key, value] = settingOf(line);
    if (key === undefined || !filters.applies) continue;
    if (key === 'include') diagnostics.push(notRead(value, span));
    if (key === 'total_mem' && /^\d+$/.test(value)) {
      totalBytes = BigInt(value) * MEBIBYTE;
      diagnostics.push(...totalMemory(value, board, span));
    }
    if (/^gpu_mem(?:_\d+)?$/.test(key)) diagnostics.push(...gpuMemory(key, value, board, span));
    const isOverlay = key === 'dtoverlay' || key === 'device_tree_overlay';
    if (!isOverlay && key !== 'dtparam' && key !== 'device_tree_param') continue;
    const [name = '', ...words] = value.split(/[,:]/).map((one) => one.trim());
    const [, , wholeValue] = settingOf(whole);
    const lost = wholeValue.split(/[,:]/).filter((one) => sizeOf(one.trim()) !== undefined);
    for (const word of lost.filter((one) => ![name, ...words].includes(one.trim())))
      diagnostics.push(beyond(word.trim(), span));
    if (isOverlay) {
      current = undefined;
      if (name === '') continue;
      const usual = usualSize(name, board);
      const unset = { isDefault: false, size: undefined, word: undefined, wordSpan: span };
      current = { name, span, open: filters.open, usual, ...unset };
      loaded.push(current);
    } else words.unshift(name);
    for (const word of words) {
      const size = sizeOf(word);
      if (size === undefined) continue;
      if (current === undefined || OVERLAYS[current.name] === undefined)
        diagnostics.push(withoutOverlay(word, current?.name, span));
      else if (size === 'unknown') diagnostics.push(unknownParameter(word, current.name, span));
      else if (size === 'default') current.isDefault = true;
      else {
        current.size = size;
        current.word = word;
        current.wordSpan = span;
      }
    }
  }
  const { memoryBytes = totalBytes } = board;
  const isLess = totalBytes !== undefined && memoryBytes !== undefined && totalBytes < memoryBytes;
  const left = isLess ? totalBytes : memoryBytes;
  const found = decide(loaded, { ...board, ...(left === undefined ? {} : { memoryBytes: left }) }, diagnostics);
  return { value: found, diagnostics };
}

function settingOf(line: string): [string, string | undefined, string] {
  const [all = '', key, value = ''] = /^\s*([A-Za-z]\w*)(?:=|\s+)([^#\r\n]*)/.exec(line) ?? [];
  return [all, key, value.trim()];
}

function usualSize(overlay: string, board: RaspberryPi): bigint | undefined {
  const sizes = OVERLAYS[overlay];
  const soc = socOf(board) ?? SOC_OF_SUFFIX[/-(pi[45])$/.exec(overlay)?.[1] ?? ''];
  const size = soc === undefined ? undefined : sizes?.[soc];
  return size === undefined ? undefined : BigInt(size) * MEBIBYTE;
}

/** The overlay that the firmware applies last has the last word on the size. */
function decide(
  loaded: readonly Loaded[],
  board: RaspberryPi,
  diagnostics: Diagnostic[],
): ConfigTxtFindings | undefined {
  let found: ConfigTxtFindings | undefined;
  const isKnown = board.compatible !== undefined;
  const soc = socOf(board);
  for (const { name, span, open, usual, isDefault, size, word, wordSpan } of loaded) {
    const sizes = OVERLAYS[name];
    if (sizes === undefined) continue;
    if (soc !== undefined && sizes[soc] === undefined) {
      diagnostics.push(notLoaded(name, soc, span));
      continue;
    }
    if (isDefault) {
      if (size !== undefined)
        diagnostics.push(
          report('import/no-effect', {
            message: `${word} has no effect beside cma-default`,
            cause: 'cma-default disables the part of the overlay that sets the size',
            fix: 'remove cma-default if the size is meant',
            span: wordSpan,
          }),
        );
      continue;
    }
    const stated = size ?? usual ?? BigInt(sizes.bcm2835 ?? 0) * MEBIBYTE;
    const text = word ?? `dtoverlay=${name}`;
    if (open.length > 0)
      diagnostics.push(
        report('import/condition', {
          message: `${text} is in the section [${open.join('] [')}]`,
          cause: isKnown
            ? 'whether the section applies depends on the board; assuming that it does'
            : 'a profile is for one board; assuming that the section applies',
          fix: isKnown
            ? 'remove it from the profile if the section does not apply'
            : "give the board's DTB with --dts, or remove the size from the profile if this board is another",
          span: wordSpan,
        }),
      );
    if (isUnclear(name, soc))
      diagnostics.push(
        report('import/assumed', {
          message: `whether the firmware loads ${name} on bcm2712 depends on its release; assuming that it does, with ${formatBytes(stated)}`,
          cause: 'its file overlay_map.dtb decides, and not every release lists the overlay for bcm2712',
          fix: FOR_EVERY_BOARD,
          span,
        }),
      );
    else if (size === undefined)
      diagnostics.push(
        usual === undefined
          ? report('import/assumed', {
              message: `${text} does not set a size; assuming ${formatBytes(stated)}`,
              cause: `it depends on the SoC: ${(Object.keys(FAMILY) as Soc[]).map((one) => `${FAMILY[one]} ${sizes[one] === undefined ? 'does not load the overlay' : `${sizes[one]} MiB`}`).join(', ')}`,
              fix: "give the board's DTB with --dts, or state the size in the profile",
              span,
            })
          : report('import/changed', {
              message: `${text} makes the area ${formatBytes(stated)}`,
              cause: 'the overlay resizes linux,cma even without a parameter',
              span,
            }),
      );
    found = { sizeBytes: stated, text };
  }
  if (found !== undefined && board.memoryBytes !== undefined && found.sizeBytes * 2n > board.memoryBytes)
    diagnostics.push(
      report('import/condition', {
        message: `${found.text}: ${formatBytes(found.sizeBytes)} is more than half of the ${formatBytes(board.memoryBytes)} of RAM that the files state`,
        cause: 'the firmware adds the RAM of the board; with the stated RAM, the area does not fit',
        fix: 'state the RAM of the board as "memory", and run dmaheap place',
      }),
    );
  return found;
}

const FOR_EVERY_BOARD = 'write dtoverlay=vc4-kms-v3d, which the firmware replaces with the overlay for the board';

function notLoaded(overlay: string, soc: Soc, span: Span): Diagnostic {
  return report('import/no-effect', {
    message: `dtoverlay=${overlay} has no effect: the firmware does not load this overlay on ${FAMILY[soc]}`,
    cause: 'its file overlay_map.dtb lists the boards of an overlay',
    fix: FOR_EVERY_BOARD,
    span,
  });
}

function unknownParameter(word: string, overlay: string, span: Span): Diagnostic {
  const [name, value] = word.split('=');
  const number = /^cma[-=_]?(\d+)M?$/i.exec(word)?.[1];
  const meant = parseBytes(name === 'cma-size' ? (value ?? '') : `${number ?? ''}M`) ?? 0n;
  const bytes = ((meant + MULTIPLE - 1n) / MULTIPLE) * MULTIPLE;
  return report('import/no-effect', {
    message:
      name === 'cma-size'
        ? `${word} has no effect: cma-size takes a number of bytes`
        : `${word} has no effect: the overlay ${overlay} does not have this parameter`,
    cause: `the firmware logs it and loads the overlay with its own size; the parameters are ${SIZES.map((one) => `cma-${one}`).join(', ')}, cma-size and cma-default`,
    fix: bytes === 0n ? 'write one of these parameters' : `write cma-size=${bytes}`,
    span,
  });
}

function withoutOverlay(word: string, overlay: string | undefined, span: Span): Diagnostic {
  return report('import/no-effect', {
    message: `${word} has no effect: ${overlay === undefined ? 'no overlay is loaded before it' : `the overlay ${overlay} does not have this parameter`}`,
    cause: 'a dtparam line applies to the last overlay that is loaded before it',
    fix: 'write it after an overlay that has the parameter, such as dtoverlay=cma',
    span,
  });
}

function notRead(file: string, span: Span): Diagnostic {
  return report('import/not-expressed', {
    message: `include ${file} is not read`,
    cause: 'the firmware also reads that file, which may load overlays',
    fix: 'give --config-txt with the lines of that file instead of the include',
    span,
  });
}

function beyond(word: string, span: Span): Diagnostic {
  return report('import/no-effect', {
    message: `${word} has no effect: it is not within the first ${LINE_LENGTH} characters of the line`,
    cause: 'the firmware ignores the rest of a line',
    fix: `write dtparam=${word} in a separate line below`,
    span,
  });
}

/** @param value in MiB */
function* totalMemory(value: string, board: RaspberryPi, span: Span): Generator<Diagnostic> {
  if (board.memoryBytes !== undefined && BigInt(value) * MEBIBYTE >= board.memoryBytes) return;
  yield report('import/not-expressed', {
    message: `total_mem=${value} limits the RAM to ${value} MiB, and the profile does not know which part remains`,
    cause: 'the firmware tells the kernel the remaining RAM at boot',
    fix: 'state "memory" of the board as /proc/iomem lists its "System RAM"',
    span,
  });
}

/** Whether the firmware reads this line on the board: gpu_mem_256 and the like are for boards with so much RAM. */
function isForBoard(key: string, board: RaspberryPi): boolean {
  const mebibytes = BigInt(/\d+$/.exec(key)?.[0] ?? 0);
  if (mebibytes === 0n) return true;
  const soc = socOf(board);
  // The boards of later SoCs have at least 1 GiB, of which the tree may show the part below the GPU's only.
  if (soc !== undefined && soc !== 'bcm2835') return mebibytes === 1024n;
  const { memoryBytes } = board;
  if (memoryBytes === undefined) return true;
  const half = (mebibytes * MEBIBYTE) / 2n;
  return memoryBytes > half && (mebibytes === 1024n || memoryBytes <= 2n * half);
}

/** From the same first GiB that the area comes from; the Pi 5 has no split. */
function* gpuMemory(key: string, value: string, board: RaspberryPi, span: Span): Generator<Diagnostic> {
  const isPi5 = socOf(board) === 'bcm2712';
  if (!/^\d+$/.test(value) || !isForBoard(key, board) || (!isPi5 && Number(value) <= USUAL_GPU)) return;
  yield report(isPi5 ? 'import/no-effect' : 'import/not-expressed', {
    message: isPi5 ? `${key}=${value} has no effect on bcm2712` : `${key}=${value} takes ${value} MiB of low memory`,
    cause: isPi5
      ? 'the GPU of this board has no separate memory'
      : 'the firmware reserves it in the first GiB, where the CMA area must also be: a large value leaves no room for the area',
    fix: isPi5
      ? 'remove the line'
      : `use a lower value (the default of ${USUAL_GPU} is enough for KMS), and state the remaining RAM as "memory"`,
    span,
  });
}
