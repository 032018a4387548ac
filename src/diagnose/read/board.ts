/** What commands on a board print about the kernel, its memory and its modules. */
import { parseKernelVersion } from '../../facts/index.js';
import { PASTED_OPTION } from '../../kconfig/option-line.js';
import { type Clue, clue, type Reader, type Row, tableReader } from '../clues.js';
import type { PastedLine } from '../paste.js';

const KIB_PER: Readonly<Record<string, number>> = { k: 1, K: 1, M: 1024, G: 1048576 };
const kibOf = (size = '0', unit = 'k') => Math.round(Number(size) * (KIB_PER[unit] ?? 1));

const MEMORY: readonly Row[] = [
  // Quoted, or said in a sentence.
  [
    /\bCmaTotal(?::| is| of| =| shows)?\s+(\d+)\s*([kMG])i?B?\b/,
    ([, size, unit], line) => clue(line, 'cmaTotal', { kib: kibOf(size, unit) }),
  ],
  [
    /\bCmaFree(?::| is| of| =| shows)?\s+(\d+)\s*([kMG])i?B?\b/,
    ([, size, unit], line) => clue(line, 'cmaFree', { kib: kibOf(size, unit) }),
  ],
  // `free` prints what is available in its last column.
  [
    /^\s*(?:Mem|Speicher|内存)\s*[:：](?:\s+[\d.]+[KMGi]*){5}\s+([\d.]+)([KMG]?)i?\s*$/,
    ([, size, unit = ''], line) =>
      clue(line, 'available', {
        kib: kibOf(size, unit || (/\s-\w*m/.test(line.command) ? 'M' : /\s-\w*g/.test(line.command) ? 'G' : 'k')),
      }),
  ],
  [/\bMemAvailable:\s+(\d+)\s*kB/, ([, kib], line) => clue(line, 'available', { kib: Number(kib) })],
  [/^\s*SwapTotal:\s+(\d+)\s*kB/, ([, kib], line) => clue(line, 'swap', { kib: Number(kib) })],
];

const CONFIG: readonly Row[] = [
  [
    PASTED_OPTION,
    ([, symbol = '', value = '', unset], line) =>
      unset !== undefined
        ? clue(line, 'config', { symbol: unset, value: 'n' })
        : line.isCommand || /add|set |need|enable|fix/i.test(line.text.slice(0, line.text.indexOf('CONFIG_')))
          ? undefined
          : clue(line, 'config', { symbol, value: value.replace(/^"|"$/g, '') }),
  ],
];

/** What kconfig and build systems say of options that they did not keep. */
const DROPPED: readonly Row[] = [
  [
    /^\s*Depends on \[n\]: (.*)$/,
    ([, terms = ''], line) =>
      [...terms.matchAll(/\b(\w+) \[=(n|m)\]/g)].map(([, symbol = '', value = '']) =>
        clue(line, 'config', { symbol, value }),
      ),
  ],
  [
    /\bCONFIG_(\w+)['"]? ?(?::|last val \(\w+\) and \.config val) ?\(?([ymn])\)?(?:\s|$)/,
    ([, symbol = '', value = ''], line) => clue(line, 'config', { symbol, value }),
  ],
];

const release = (text: string) => ({ text, version: parseKernelVersion(text) });

/** A release as `uname -r` prints it, not any number with dots. */
const RELEASE = /^\s*(\d+\.\d+(?:\.\d+)?(?:[-+._][\w.+-]*)?)\s*$/;

const ARGUMENTS =
  /^(?:BOOT_IMAGE=|console=|root=|earlycon|coherent_pool=|rw |ro |quiet |androidboot\.|bootargs=)|\b(?:console|root|rootwait|rootfstype)=\S.*\bcma=\S|\bcma=\S+.*\b(?:console|root)=/;
/** Arguments alone, and no sentence. */
const ONLY_ARGUMENTS = /^[\w.$-]+(?:=\S*)?(?:\s+[\w.$"'-]+(?:=\S*)?)*\s*$/;
const PRINTS_COMMAND_LINE = /\b(?:cat|head|tail|less|more|strings)\b[^;|&]*(?:\/proc\/cmdline|\bcmdline\.txt)/;

/** The kernel's arguments by their usual first ones, by the command that prints them, or because cma= is among others. */
const isCommandLine = (text: string, { isCommand, command }: PastedLine) =>
  ARGUMENTS.test(text) ||
  (!isCommand &&
    ONLY_ARGUMENTS.test(text) &&
    (PRINTS_COMMAND_LINE.test(command)
      ? /=/.test(text)
      : /\bcma=\d/.test(text) && (text.match(/=/g)?.length ?? 0) > 2));

const MACHINE: readonly Row[] = [
  [
    /^Linux (?:\S+ )?(\d+\.\d+\S*) .*?(aarch64|armv\w+|riscv64|x86_64|arm64)?\s*(?:GNU\/Linux)?\s*$/,
    ([, text = '', arch], line) => [
      clue(line, 'release', release(text)),
      ...(arch === undefined
        ? []
        : [clue(line, 'architecture', { arch: ARCHES[arch] ?? (arch.startsWith('arm') ? 'arm' : arch) })]),
    ],
  ],
  [
    RELEASE,
    ([, text = ''], line) => (/\buname\b/.test(line.command) ? clue(line, 'release', release(text)) : undefined),
  ],
  [
    /^\s*(armv\w+|aarch64|riscv64|x86_64|i[3-6]86)\s*$/,
    ([, arch = ''], line) =>
      clue(line, 'architecture', { arch: ARCHES[arch] ?? (arch.startsWith('arm') ? 'arm' : arch) }),
  ],
  // Said in prose: a word for the kernel and a number beside it.
  [
    /\b(?:kernel|linux|BSP|内核)[ :版本]{0,6}v?([3-7]\.\d+(?:\.\d+)?[\w.+-]*)|\b([3-7]\.\d+\.\d+[\w.+-]*)\s+(?:\w+\s+)?kernel\b/i,
    ([, after, before], line) =>
      line.isCommand || /Linux version|command line/i.test(line.text)
        ? undefined
        : clue(line, 'release', release(after ?? before ?? '')),
  ],
  [
    /\/(?:lib\/modules|boot\/config-)\/?(\d+\.\d+[\w.+-]*)/,
    ([, text = ''], line) => clue(line, 'release', release(text.replace(/[.:]$/, ''))),
  ],
  [
    /^\s*(4096|16384|65536)\s*$/,
    ([, bytes], line) =>
      /getconf|pagesize/i.test(line.command) ? clue(line, 'pageSize', { bytes: Number(bytes) }) : undefined,
  ],
  // As the verifier writes it into a capture.
  [/^page size (\d+)$/, ([, bytes], line) => clue(line, 'pageSize', { bytes: Number(bytes) })],
  [
    /\b(4|16|64)[ -]?K(?:i?B)?[ -]?(?:page|pages|内存页|页)|page ?size(?: is|[:=])?\s*(4|16|64)\s*K/i,
    ([, a, b], line) => clue(line, 'pageSize', { bytes: Number(a ?? b) * 1024 }),
  ],
  [
    /^\s*(\S.*)$/,
    ([, text = ''], line) =>
      /command line/i.test(line.text) || (line.isCommand && !/=/.test(text)) || !isCommandLine(text, line)
        ? undefined
        : clue(line, 'commandLine', { text }),
  ],
];
/** Options that set it, and the names of Raspberry Pi's kernels that have them. */
const LARGE_PAGES: readonly Row[] = [
  [
    /^\s*CONFIG_(?:ARM64_(16|64)K_PAGES|PAGE_SIZE_(16|64)KB)=y/,
    ([, a, b], line) => clue(line, 'pageSize', { bytes: Number(a ?? b) * 1024 }),
  ],
  [/\b\d+\.\d+\S*(?:rpi-2712|-v8-16k)/, (_m, line) => clue(line, 'pageSize', { bytes: 16384 })],
];

const ARCHES: Readonly<Record<string, string>> = {
  aarch64: 'arm64',
  arm64: 'arm64',
  riscv64: 'riscv64',
  x86_64: 'x86_64',
};

const COUNTS: readonly Row[] = [
  [
    /^\s*(\d+)\s*$/,
    ([, count], line) => {
      const of =
        /(\/proc\/(?:\w+|\$\w+|\$\([^)]*\)|`[^`]*`)\/fd)\b.*\|\s*(?:grep -c|wc -l)|\|\s*(?:grep -c|wc -l).*(\/proc\/\w+\/fd)/.exec(
          line.command,
        );
      return of === null ? undefined : clue(line, 'descriptors', { of: of[1] ?? of[2] ?? '', count: Number(count) });
    },
  ],
];

const COUNT_OF_AREA =
  /\/sys\/kernel\/(?:debug\/cma|mm\/cma)\/([^/\s:]+)\/(count|used|maxchunk|total_pages|available_pages)\b/;

/** Counts of pages, as grep, head and tail print them behind the path, or cat in the order of its arguments. */
const areaCounts: Reader = {
  as: 'counts of a CMA area',
  read(lines, at): readonly Clue[] {
    const line = lines[at];
    if (line === undefined || line.isCommand) return [];
    const inline = new RegExp(String.raw`${COUNT_OF_AREA.source}\s*[:=]?\s*(\d+)\s*$`).exec(line.text);
    const number = /^\s*(\d+)\s*$/.exec(line.text)?.[1];
    const above = COUNT_OF_AREA.exec(lines[at - 1]?.text ?? '');
    if (inline !== null) return [count(line, inline[1], inline[2], inline[3])];
    if (number === undefined) return [];
    if (above !== null && lines[at - 1]?.isCommand === false) return [count(line, above[1], above[2], number)];
    if (!COUNT_OF_AREA.test(line.command)) return [];
    let first = at;
    while (lines[first - 1]?.isCommand === false) first -= 1;
    const asked = [...line.command.matchAll(new RegExp(COUNT_OF_AREA.source, 'g'))][at - first];
    return asked === undefined ? [] : [count(line, asked[1], asked[2], number)];
  },
};
const count = (line: PastedLine, area = '', what = '', pages = '') =>
  clue(line, 'areaCount', { area, what, pages: Number(pages) });

const MODULES: readonly Row[] = [
  [/^(system_heap|cma_heap|udmabuf)\s+\d+\s+\d+/, ([, name = ''], line) => clue(line, 'module', { name })],
  [
    /modprobe: (?:FATAL|ERROR).*?[Mm]odule (\S+) not found|modprobe: module (\S+) not found|模块 ?(\S+) 未找到/,
    ([, a, b, c], line) => clue(line, 'moduleMissing', { name: (a ?? b ?? c ?? '').replace(/'/g, '') }),
  ],
  [
    /modprobe: can't (?:change|load)|insmod: (?:ERROR: )?.*?(dma[-_]?\w+)(?:\.ko)?/,
    ([, name = ''], line) => (name === '' ? undefined : clue(line, 'moduleMissing', { name })),
  ],
];

export const BOARD_READERS: readonly Reader[] = [
  tableReader('/proc/meminfo', MEMORY),
  areaCounts,
  tableReader('a kernel configuration', CONFIG),
  tableReader('what a build dropped', DROPPED),
  tableReader('the kernel that runs', [...MACHINE, ...LARGE_PAGES]),
  tableReader('kernel modules', MODULES),
  tableReader('open descriptors of a process', COUNTS),
];
