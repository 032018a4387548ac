/** The memory map in HTML: SVG in CSS pixels, laid out for narrow and for wide windows, and the same as a table. */
import { type Html, html } from '../lang/html.js';
import { formatAddress, formatBytes } from '../quantity/index.js';
import { type Band, type BankLayout, type Box, type Label, type LabelItem, layOut } from './layout.js';
import {
  bankText,
  endOf,
  limitText,
  markedNotes,
  meaningsOf,
  notesOf,
  outsideRam,
  rangeText,
  refusedText,
  roughSize,
  type ShownMap,
  type ShownRegion,
} from './model.js';

const FONT = 12;
const LINE = 16;
/** Between two labels. */
const GAP = 6;
/** Fonts differ from browser to browser; this is wide for all of them. Units: the height of the letters. */
const WIDTHS = { regular: 0.64, bold: 0.7 } as const;

/** One way to draw a map: a style sheet shows the one that fits the window. */
interface Size {
  readonly name: 'narrow' | 'wide';
  readonly width: number;
  readonly bar: number;
  readonly leader: number;
  /** Columns from the left edge of the label; absent: size and address follow the name. */
  readonly columns?: { readonly size: number; readonly range: number; readonly notes: number };
}

/** Left of a bar, for what is marked along it. */
const RAIL = 12;
const SIZES: readonly Size[] = [
  { name: 'narrow', width: 300, bar: 64, leader: 20 },
  { name: 'wide', width: 700, bar: 84, leader: 28, columns: { size: 290, range: 310, notes: 490 } },
];

type Style = 'name' | 'size' | 'range' | 'note' | 'guess' | 'moves' | 'conflict';

interface Span {
  readonly text: string;
  readonly style: Style;
  /** From the left edge of the label; absent: after the span before it. */
  readonly x?: number;
  readonly isEnd?: boolean;
}

const charactersIn = (width: number, kind: keyof typeof WIDTHS = 'regular') =>
  Math.max(8, Math.floor(width / (FONT * WIDTHS[kind])));
const widthOf = (text: string) => text.length * FONT * WIDTHS.regular;
const labelLeft = ({ bar, leader }: Size) => RAIL + bar + leader;

/** Wraps at blanks, and inside a word that is longer than a line. */
function wrapped(spans: readonly Span[], most: number): Span[][] {
  const words = spans.flatMap(({ text, style }) =>
    text
      .split(' ')
      .flatMap((word) => (word.match(new RegExp(`.{1,${most}}`, 'gu')) ?? []).map((part) => ({ part, style }))),
  );
  const lines: Span[][] = [];
  let room = 0;
  for (const { part, style } of words) {
    const line = lines.at(-1);
    const last = line?.at(-1);
    if (line === undefined || part.length + 1 > room) {
      lines.push([{ text: part, style }]);
      room = most - part.length;
    } else {
      if (last?.style === style) line[line.length - 1] = { text: `${last.text} ${part}`, style };
      else line.push({ text: part, style });
      room -= part.length + 1;
    }
  }
  return lines;
}

function noteSpans(region: ShownRegion): Span[] {
  const notes = markedNotes(region);
  return notes.map(({ kind, text }, i) => ({
    text: i === notes.length - 1 ? text : `${text},`,
    style: kind === 'fact' ? 'note' : kind,
  }));
}

function regionLines(region: ShownRegion, size: Size): Span[][] {
  const room = size.width - labelLeft(size);
  // A size is one word: a line must not divide it.
  const bytes: Span = { text: roughSize(region.sizeBytes).replace(' ', '\u00a0'), style: 'size' };
  const name: Span = { text: region.name, style: 'name' };
  const notes = noteSpans(region);
  const { columns } = size;
  if (columns !== undefined) {
    const [first = [], ...more] = wrapped([name], charactersIn(columns.size - widthOf('1023.9 MiB'), 'bold'));
    const inline = wrapped(notes, charactersIn(room - columns.notes));
    const isInline = inline.length <= 1 && inline.every((spans) => spans.length === 1);
    return [
      [
        ...first,
        { ...bytes, x: columns.size, isEnd: true },
        { text: rangeText(region), style: 'range', x: columns.range },
        ...(isInline ? (inline[0] ?? []).map((span) => ({ ...span, x: columns.notes })) : []),
      ],
      ...more,
      ...(isInline ? [] : wrapped(notes, charactersIn(room))),
    ];
  }
  const address = formatAddress(region.baseAddress);
  const start: Span = { text: notes.length === 0 ? address : `${address},`, style: 'range' };
  return [...wrapped([name, bytes], charactersIn(room, 'bold')), ...wrapped([start, ...notes], charactersIn(room))];
}

function linesOf(item: LabelItem, size: Size): Span[][] {
  if (item.kind === 'region') return regionLines(item.region, size);
  return wrapped([{ text: limitText(item.limit), style: 'note' }], charactersIn(size.width - labelLeft(size)));
}

const kindOf = ({ kind, certainty, kernels, isConflict }: ShownRegion) =>
  [kind, certainty, ...(kernels === undefined ? [] : ['moves']), ...(isConflict ? ['twice'] : [])].join(' ');

/** Hatching; its id is unique on the page, because a pattern of a picture that is not shown is not drawn elsewhere. */
const hatching = (id: string, kind: ShownRegion['kind']): Html =>
  html`<pattern id="${id}-${kind}" class="${kind}" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="ground" width="7" height="7"/><rect class="line" width="3" height="7"/></pattern>`;

function boxOf({ region, y, height, lane, lanes }: Box, { bar }: Size, id: string): Html {
  const x = RAIL + (bar * lane) / lanes;
  const title = [region.name, roughSize(region.sizeBytes), rangeText(region), ...notesOf(region)].join(', ');
  const fill = region.certainty === 'certain' ? undefined : `fill:url(#${id}-${region.kind})`;
  return html`<rect class="box ${kindOf(region)}" x="${x}" y="${y}" width="${bar / lanes}" height="${height}"${fill !== undefined && html` style="${fill}"`}><title>${title}</title></rect>`;
}

/** A mark across the bar: here the range is longer than it is drawn. */
function breakOf({ y, height }: Band, { bar }: Size): Html {
  const teeth = 8;
  const middle = y + height / 2;
  const edge = (at: number) =>
    Array.from({ length: teeth + 1 }, (_, i) => `${RAIL + (bar * i) / teeth} ${at + (i % 2 === 0 ? 2 : -2)}`);
  // What is free has its size in the middle, so its marks are above and below.
  const marks = [y + 5, y + height - 5];
  const at = height < 24 ? [middle] : marks;
  return html`${at.map((one) => html`<path class="break" d="M${edge(one).join(' L')}"/>`)}`;
}

function freeText(band: Band, { bar }: Size): Html | false {
  if (!band.isFree || band.height < 15) return false;
  return html`<text class="free" x="${RAIL + bar / 2}" y="${band.y + band.height / 2 + 4}" text-anchor="middle">${roughSize(band.sizeBytes)}</text>`;
}

function labelOf(label: Label, boxes: readonly Box[], size: Size): Html {
  const { item, y, anchor, height } = label;
  const box = item.kind === 'region' ? boxes.find(({ region }) => region === item.region) : undefined;
  const lines = linesOf(item, size);
  const left = labelLeft(size);
  const start = RAIL + (box === undefined ? size.bar : (size.bar * (box.lane + 1)) / box.lanes);
  const end = RAIL + size.bar;
  const middle = y + (height - GAP) / 2 + GAP / 2;
  const line = `M${start} ${anchor} L${end} ${anchor} L${left - 6} ${middle}`;
  const texts = lines.map((spans, row) => {
    const at = y + GAP / 2 + row * LINE + FONT;
    const fixed = spans.filter(({ x }) => x !== undefined);
    const flowing = spans.filter(({ x }) => x === undefined);
    return html`${
      flowing.length > 0 &&
      html`<text x="${left}" y="${at}">${flowing.map(({ text, style }, i) => html`<tspan class="${style}">${i > 0 && ' '}${text}</tspan>`)}</text>`
    }${fixed.map(({ text, style, x, isEnd }) => html`<text class="${style}" x="${left + (x ?? 0)}" y="${at}"${isEnd === true && html` text-anchor="end"`}>${text}</text>`)}`;
  });
  return html`<g class="label ${item.kind === 'limit' ? item.limit.kind : kindOf(item.region)}"><path class="leader" d="${line}"/>${texts}</g>`;
}

/** Marks the part of a bar that the users of an area reach. */
function railsOf({ limits }: BankLayout): Html {
  const reaches = limits.filter(({ limit }) => limit.kind === 'reach');
  return html`${reaches.map(({ y }, i) => html`<path class="rail" d="M${3 + (i % 2) * 4} 0 V${y}"/>`)}`;
}

function pictureOf(layout: BankLayout, size: Size, id: string, isRamKnown: boolean): Html {
  const { bands, boxes, labels, limits, bank } = layout;
  const height = layout.height + 2;
  const kinds = [...new Set(boxes.flatMap(({ region }) => (region.certainty === 'certain' ? [] : [region.kind])))];
  const bar = bands.at(-1);
  return html`<svg class="map ${size.name}" width="${size.width}" height="${height}" viewBox="0 -1 ${size.width} ${height}" preserveAspectRatio="xMinYMin" role="img" aria-label="Map of the RAM from ${formatAddress(bank.baseAddress)}: ${boxes.length} regions, listed in the table below">
${kinds.length > 0 && html`<defs>${kinds.map((kind) => hatching(id, kind))}</defs>`}<rect class="ram${!isRamKnown && ' assumed'}" x="${RAIL}" y="0" width="${size.bar}" height="${bar === undefined ? 0 : bar.y + bar.height}"/>
${boxes.map((box) => boxOf(box, size, id))}
${bands.filter(({ isBroken }) => isBroken).map((band) => breakOf(band, size))}${bands.map((band) => freeText(band, size))}
${limits.map(({ limit, y }) => html`<path class="limit ${limit.kind}" d="M${RAIL - 4} ${y} H${RAIL + size.bar + 4}"/>`)}${railsOf(layout)}
${labels.map((label) => labelOf(label, boxes, size))}
</svg>`;
}

const layoutFor = (map: ShownMap, size: Size) =>
  layOut(map, {
    least: [5, 8, 11, 14, 18, 22, 30, 38],
    farthest: 40,
    most: 130,
    leastFree: 4,
    mostFree: 34,
    target: 220,
    isBesideRegion: false,
    heightOf: (item) => linesOf(item, size).length * LINE + GAP,
  });

const KEYS: readonly (readonly [string, string, (map: ShownMap) => boolean])[] = [
  ['area', 'CMA area', ({ regions }) => regions.some(({ kind }) => kind === 'area')],
  ['reserved', 'reserved', ({ regions }) => regions.some(({ kind }) => kind === 'reserved')],
  ['kernel', 'kernel, initrd, device tree', ({ regions }) => regions.some(({ kind }) => kind === 'kernel')],
  ['free', 'not reserved', () => true],
  ['hatched', 'the place is not certain', ({ regions }) => regions.some(({ certainty }) => certainty !== 'certain')],
  ['moves', 'not on every kernel', ({ regions }) => regions.some(({ kernels }) => kernels !== undefined)],
  ['twice', 'owned twice', ({ regions }) => regions.some(({ isConflict }) => isConflict)],
];

function tableOf({ regions }: ShownMap): Html {
  return html`<details class="list"><summary>The map as a table</summary><div class="scroll" tabindex="0" role="region" aria-label="Memory in use"><table><caption>Memory in use</caption><thead><tr><th scope="col">what</th><th scope="col">from</th><th scope="col">to</th><th scope="col">size</th><th scope="col">notes</th></tr></thead><tbody>${regions.map(
    (region) =>
      html`<tr><th scope="row">${region.name}</th><td>${formatAddress(region.baseAddress)}</td><td>${formatAddress(endOf(region))}</td><td>${formatBytes(region.sizeBytes)}</td><td>${notesOf(region).join(', ')}</td></tr>`,
  )}</tbody></table></div></details>`;
}

/**
 * Figures, a legend, and the same as a table.
 * @param id of this map, where a page has several
 */
export function drawMap(map: ShownMap, id = 'map'): Html {
  const drawn = SIZES.map((size) => ({ size, layout: layoutFor(map, size) }));
  const outside = outsideRam(map);
  const scale = drawn.map(
    ({ size, layout: { unitBytes } }) =>
      html`<span class="${size.name}">8 pixels of height are ${roughSize(unitBytes * 8n)}</span>`,
  );
  return html`${!map.isRamKnown && html`<p class="warning">The RAM is not known: no input states the banks that the kernel uses. The map assumes them.</p>`}
<p class="legend">${KEYS.filter(([, , isUsed]) => isUsed(map)).map(([kind, text]) => html`<span class="entry"><span class="key ${kind}"></span> ${text}</span> `)}</p>
<p class="dim small">One scale for all banks: ${scale}. Small ranges are drawn larger, and a zigzag line marks a range that is drawn shorter.${map.kernels.length > 1 && ` For Linux ${map.kernels.join(', ')}.`}${meaningsOf(map).map((text) => ` ${text.charAt(0).toUpperCase()}${text.slice(1)}.`)}</p>
${map.banks.map(
  (bank, i) =>
    html`<figure class="bank"><figcaption>Bank ${i}, ${rangeText(bank)}: ${bankText(bank, map)}</figcaption>
${drawn.map(({ size, layout }) => layout.banks[i] !== undefined && pictureOf(layout.banks[i], size, `hatch-${id}-${i}-${size.name}`, map.isRamKnown))}</figure>`,
)}
${map.notStated.length > 0 && html`<p class="dim small">Not drawn, because no input states the place: ${map.notStated.join(', ')}. A boot log (<code class="option">--boot-log</code>) or <code class="option">--occupied</code> does.</p>`}
${outside.length > 0 && html`<h3>Not RAM</h3><ul>${outside.map((region) => html`<li>${region.name}: ${roughSize(region.sizeBytes)}, ${rangeText(region)}${notesOf(region).map((note) => `, ${note}`)}</li>`)}</ul>`}
${map.refused.length > 0 && html`<h3>Refused, so without a place</h3><ul>${map.refused.map((one) => html`<li>${refusedText(one)}</li>`)}</ul>`}
${tableOf(map)}`;
}
