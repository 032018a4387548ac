/** Lines of U-Boot, GRUB and Raspberry Pi's firmware, and of the files that they read. */
import { clue, type Reader, type Row, tableReader } from '../clues.js';

const hex = (text: string | undefined) => BigInt(`0x${text ?? '0'}`);

const U_BOOT: readonly Row[] = [
  [
    /Failed (?:to load|loading) overlay (\S+)|(?:\*\* )?(?:File not found|Unable to read file|Cannot open|Can't load file) (\S*\.dtbo)|(?<!\S)(\S+\.dtbo)\b.*(?:not found|No such file|couldn't be (?:read|found)|does not exist)|Failed to load overlay ['"]?(\S+?)['"]?$/i,
    (match, line) => clue(line, 'overlayNotLoaded', { file: match.slice(1).find((one) => one !== undefined) ?? '' }),
  ],
  [
    /fdt_overlay_apply(?:_verbose)?\(\): (FDT_ERR_\w+)|(?:Error|error|failed).*(?:appl\w+).*(?:DT |device tree )?overlays?|overlay.*(?:FDT_ERR_\w+|could not be applied|failed to apply)|Failed to apply overlay/i,
    ([, reason = ''], line) =>
      clue(line, 'overlayNotApplied', { reason: reason || (/FDT_ERR_\w+/.exec(line.text)?.[0] ?? '') }),
  ],
  [
    /does not have a \/__symbols__|no symbols found|__symbols__ node.*(?:missing|not found)|compiled with -@|no `?__symbols__/i,
    (_m, line) => clue(line, 'noSymbols', {}),
  ],
  [
    /Loading Ramdisk to ([0-9a-f]+), end ([0-9a-f]+)/i,
    ([, from, to], line) => clue(line, 'ramdisk', { from: hex(from), to: hex(to) }),
  ],
  [
    /Loading Device Tree to ([0-9a-f]+), end ([0-9a-f]+)/i,
    ([, from, to], line) => clue(line, 'placedTree', { from: hex(from), to: hex(to) }),
  ],
];

const FILES: readonly Row[] = [
  [
    /^\s*#?\s*(?:dtoverlay|dtparam)=(\S*)/,
    (_m, line) => (/^\s*#/.test(line.text) ? undefined : clue(line, 'configTxt', { text: line.text.trim() })),
  ],
  [
    /^\s*gpu_mem(?:_\d+)?=(\d+)|^\s*gpu=(\d+)M\s*$/,
    ([, a, b], line) => clue(line, 'gpuMemory', { mebibytes: Number(a ?? b) }),
  ],
  [
    /^\s*(?:append|options|bootargs|extraargs|cmdline|(?:kernel |boot )(?:arguments|args|parameters|cmdline)|GRUB_CMDLINE_LINUX(?:_DEFAULT)?)[ =:]+"?(.*\bcma=.*?)"?$/i,
    ([, text = ''], line) => clue(line, 'commandLine', { text }),
  ],
];

export const BOOT_READERS: readonly Reader[] = [
  tableReader('a log of the boot loader', U_BOOT),
  tableReader("a boot loader's file", FILES),
];
