/** Reads logs of boots: U-Boot, EFI, OpenSBI, the kernel, /proc/iomem and memblock's files, whole or in pieces. */
import type { AddressRange } from '../quantity/index.js';
import { type IomemLine, iomemLine, type MemblockLine, memblockFile, memblockLine, readIomem } from './blocks.js';
import { Collector } from './collect.js';
import type { BootLog, Said } from './log.js';
import { BOOT_STARTS, RULES, WORTH_A_LOOK } from './patterns.js';

export type { BootLog } from './log.js';

/** A serial console's log of days; nothing that a board says of its memory comes later. */
const MAX_LINES = 200_000;
/** No line that counts is as long; the kernel cuts at 1 KiB, and a command line may have 4. */
const MAX_LENGTH = 8192;

// biome-ignore lint/suspicious/noControlCharactersInRegex: a console's colours begin with one
const COLOURS = /\u001b\[[0-9;?]*[A-Za-z]/g;

interface Listing {
  readonly iomem: { readonly line: number; readonly text: IomemLine }[];
  readonly memblock: { readonly line: number; readonly text: MemblockLine; readonly file: string | undefined }[];
}

/**
 * Reads any piece of a boot's log. Lines that are not about memory are skipped, times and prefixes too; nothing is
 * required. Of several boots in one text the last that reached the kernel counts.
 * @param name of the file, which tells the two files of memblock apart; they have no titles
 */
export function readBootLog(text: string, name = ''): BootLog {
  const listing: Listing = { iomem: [], memblock: [] };
  const boots: Collector[] = [new Collector()];
  let file = memblockFile(name) ?? /(?:^|[/\\._-])(memory|reserved)(?:\.txt)?$/.exec(name)?.[1];
  for (const [i, raw] of text.split(/\r?\n|\r/, MAX_LINES).entries()) {
    const line = raw.slice(0, MAX_LENGTH).replace(COLOURS, '').trimEnd();
    file = memblockFile(line) ?? file;
    if (readListing(listing, line, i + 1, file)) continue;
    let into = boots.at(-1) as Collector;
    if (into.hasKernel && BOOT_STARTS.test(line)) {
      into = new Collector();
      boots.push(into);
    }
    into.line = i + 1;
    if (!WORTH_A_LOOK.test(line)) continue;
    for (const { pattern, by, take } of RULES) {
      const found = pattern.exec(line);
      if (found === null) continue;
      into.by = by;
      take(found.groups ?? {}, into);
    }
  }
  // /proc/version, pasted behind a log, looks like another boot of which nothing is known.
  const last =
    boots.findLast(({ hasKernel, hasMemory }) => hasKernel && hasMemory) ??
    boots.findLast(({ hasKernel }) => hasKernel) ??
    (boots.at(-1) as Collector);
  return withListings(last.result(boots.length), listing);
}

function readListing(listing: Listing, line: string, number: number, file: string | undefined): boolean {
  const iomem = iomemLine(line);
  if (iomem !== undefined) listing.iomem.push({ line: number, text: iomem });
  const memblock = iomem === undefined ? memblockLine(line) : undefined;
  if (memblock !== undefined) listing.memblock.push({ line: number, text: memblock, file });
  return iomem !== undefined || memblock !== undefined;
}

function withListings(log: BootLog, { iomem, memblock }: Listing): BootLog {
  const io = iomem.length === 0 ? undefined : readIomem(iomem);
  const said = <T extends AddressRange & { readonly line: number }>(by: 'iomem' | 'memblock', found: readonly T[]) =>
    found.map(({ line, ...value }): Said<Omit<T, 'line'>> => ({ value, line, by }));
  const banks = memblock.filter(({ file }) => file === 'memory').map(({ line, text }) => ({ ...plain(text), line }));
  const kept = memblock
    .filter(({ file, text }) => file === 'reserved' || (file === 'memory' && text.noMap))
    .map(({ line, text }) => ({ ...plain(text), name: undefined, noMap: text.noMap, reusable: false, line }));
  const listed = io?.isMasked === true ? undefined : io;
  const ram = banks.length > 0 ? said('memblock', banks) : listed === undefined ? [] : said('iomem', listed.ram);
  const kernel = listed?.kernel;
  return {
    ...log,
    ram: ram.length > 0 ? ram : log.ram,
    reserved: [
      ...log.reserved,
      ...said('memblock', kept),
      ...(listed === undefined ? [] : said('iomem', listed.reserved)),
    ],
    loaded:
      kernel === undefined
        ? log.loaded
        : [
            ...log.loaded.filter(({ value }) => value.name !== 'kernel'),
            {
              value: { name: 'kernel', baseAddress: kernel.baseAddress, sizeBytes: kernel.sizeBytes },
              line: kernel.line,
              by: 'iomem',
            },
          ],
    isMasked: io?.isMasked === true,
  };
}

const plain = ({ baseAddress, sizeBytes }: AddressRange) => ({ baseAddress, sizeBytes });
