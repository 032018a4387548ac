/** The memory map for a terminal. */
import { formatAddress } from '../quantity/index.js';
import { type BankLayout, type Box, type LabelItem, type Layout, layOut } from './layout.js';
import {
  bankText,
  endOf,
  limitText,
  meaningsOf,
  notesOf,
  outsideRam,
  overlap,
  rangeText,
  refusedText,
  roughSize,
  type ShownMap,
  type ShownRegion,
} from './model.js';

/** Columns of the bar, without its edges. */
const BAR = 6;
const SIZE = 9;
const LETTERS: Readonly<Record<ShownRegion['kind'], string>> = { area: '#', reserved: 'x', kernel: 'k' };
const LEGEND: readonly (readonly [string, (map: ShownMap, layout: Layout) => boolean])[] = [
  ['# CMA area', ({ regions }) => regions.some(({ kind }) => kind === 'area')],
  ['x reserved', ({ regions }) => regions.some(({ kind }) => kind === 'reserved')],
  ['k kernel, initrd, device tree', ({ regions }) => regions.some(({ kind }) => kind === 'kernel')],
  ['? not certain', ({ regions }) => regions.some(({ certainty }) => certainty !== 'certain')],
  ['~ longer than drawn', (_, { banks }) => banks.some(({ bands }) => bands.some(({ isBroken }) => isBroken))],
];

/** Wraps at blanks, and inside a word that is longer than a line. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  const part = new RegExp(`.{1,${columns}}`, 'gu');
  for (const word of text.split(' ').flatMap((one) => one.match(part) ?? [])) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function labelLines(item: LabelItem, columns: number): string[] {
  if (item.kind === 'limit') return wrapped(limitText(item.limit), columns);
  const notes = notesOf(item.region);
  const text = `${item.region.name}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
  return wrapped(text, columns - 2).map((line, i) => (i === 0 ? line : `  ${line}`));
}

function fillOf({ kind, certainty }: ShownRegion, columns: number): string {
  const letter = LETTERS[kind];
  const pattern = certainty === 'certain' ? letter : certainty === 'probable' ? `${letter}?` : '?';
  return pattern.repeat(columns).slice(0, columns);
}

function barOf(row: number, { bands, boxes }: BankLayout): string {
  const band = bands.find(({ y, height }) => y <= row && row < y + height);
  if (band === undefined) return `|${' '.repeat(BAR)}|`;
  if (band.sizeBytes === 0n) return `|${'-'.repeat(BAR)}|`;
  const edge = band.isBroken && row === band.y + Math.floor(band.height / 2) ? '~' : '|';
  const here = boxes.filter(({ region }) => overlap(region, band));
  const lanes = Math.max(1, ...here.map((box) => box.lanes));
  const start = (lane: number) => Math.floor((BAR * lane) / lanes);
  const fill = (box: Box | undefined, columns: number) =>
    box === undefined ? ' '.repeat(columns) : fillOf(box.region, columns);
  const columns = Array.from({ length: lanes }, (_, lane) => {
    const room = start(lane + 1) - start(lane);
    // Neighbours of one kind are still two.
    const isParted = lane < lanes - 1 && room > 1;
    const box = here.find((one) => one.lane === lane);
    return isParted ? `${fill(box, room - 1)}|` : fill(box, room);
  });
  return `${edge}${columns.join('')}${edge}`;
}

function bankLines(layout: BankLayout, map: ShownMap, columns: number, addressColumns: number): string[] {
  const { bank, bands, labels, height } = layout;
  const room = columns - addressColumns - BAR - SIZE - 7;
  const blank = ' '.repeat(addressColumns);
  const edge = (address: bigint, text: string) =>
    `${formatAddress(address).padStart(addressColumns)} +${'-'.repeat(BAR)}+ ${text}`.trimEnd();
  const rows = Array.from({ length: height }, (_, row): string => {
    const label = labels.find(({ y, height: own }) => y <= row && row < y + own);
    const band = bands.find(({ y }) => y === row);
    const isFirst = label !== undefined && label.y === row;
    const free = band?.isFree === true && band.sizeBytes > 0n && label === undefined ? band : undefined;
    const address = isFirst && label.item.kind === 'region' ? label.item.region.baseAddress : free?.baseAddress;
    const sizeBytes = isFirst && label.item.kind === 'region' ? label.item.region.sizeBytes : free?.sizeBytes;
    const text =
      label === undefined ? (free === undefined ? '' : 'not reserved') : labelLines(label.item, room)[row - label.y];
    const where = address === undefined ? blank : formatAddress(address).padStart(addressColumns);
    const size = (sizeBytes === undefined ? '' : roughSize(sizeBytes)).padStart(SIZE);
    return `${where} ${barOf(row, layout)} ${size}  ${text ?? ''}`.trimEnd();
  });
  const about = bankText(bank, map);
  const isShort = about.length <= columns - addressColumns - BAR - 4;
  const head = isShort ? [edge(bank.baseAddress, about)] : [...wrapped(about, columns), edge(bank.baseAddress, '')];
  return [...head, ...rows, edge(endOf(bank), '')];
}

/** The map for a terminal of `width` columns; every line ends in a newline. */
export function formatMap(map: ShownMap, width = 80): string {
  const lines: string[] = [];
  const addresses = [...map.banks.map(endOf), ...map.regions.map(({ baseAddress }) => baseAddress)];
  const addressColumns = Math.max(...addresses.map((address) => formatAddress(address).length), 10);
  const room = width - addressColumns - BAR - SIZE - 7;
  const layout = layOut(map, {
    least: [1],
    farthest: Number.POSITIVE_INFINITY,
    most: 6,
    leastFree: 1,
    mostFree: 1,
    target: 16,
    isBesideRegion: true,
    heightOf: (item) => labelLines(item, room).length,
  });
  if (!map.isRamKnown)
    lines.push(
      ...wrapped('The RAM is not known: no input states the banks that the kernel uses. The map assumes them.', width),
    );
  for (const bank of layout.banks) lines.push(...bankLines(bank, map, width, addressColumns));
  const outside = outsideRam(map);
  if (outside.length > 0) lines.push('not RAM:');
  for (const region of outside) {
    const notes = notesOf(region);
    const text = `${region.name}, ${rangeText(region)}, ${roughSize(region.sizeBytes)}`;
    lines.push(...hung(`${text}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`, width));
  }
  if (map.refused.length > 0) lines.push('refused, so without a place:');
  for (const one of map.refused) lines.push(...hung(refusedText(one), width));
  if (map.notStated.length > 0)
    lines.push(...wrapped(`not drawn, because no input states the place: ${map.notStated.join(', ')}`, width));
  const used = LEGEND.flatMap(([text, isUsed]) => (isUsed(map, layout) ? [text] : []));
  lines.push(...wrapped([`one row is ${roughSize(layout.unitBytes)} or less`, ...used].join(', '), width));
  lines.push(...meaningsOf(map).flatMap((text) => wrapped(text, width)));
  return `${lines.join('\n')}\n`;
}

const hung = (text: string, width: number): string[] =>
  wrapped(text, width - 4).map((line, i) => `${i === 0 ? '  ' : '    '}${line}`);
