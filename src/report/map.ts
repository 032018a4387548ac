/** The memory of a board as SVG: every bank to scale, and the surroundings of the areas enlarged. */
import { type Html, html } from '../lang/html.js';
import type { MemoryMap, MemorySegment } from '../placement/index.js';
import { formatAddress, formatBytes } from '../quantity/index.js';

const WIDTH = 960;
const BAR = 44;
/** A segment too narrow to see is drawn this wide all the same. */
const MIN_WIDTH = 2;

type Bank = MemoryMap['banks'][number];

function labelOf(segment: MemorySegment): string {
  return segment.owners.length === 0 ? 'free' : segment.owners.map((owner) => owner.name).join(' and ');
}

function titleOf(segment: MemorySegment): string {
  const notes = segment.owners.flatMap((owner) => owner.notes);
  const end = segment.baseAddress + segment.sizeBytes;
  return `${labelOf(segment)}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}: ${formatBytes(segment.sizeBytes)}, ${formatAddress(segment.baseAddress)} to ${formatAddress(end)}`;
}

/** Where an address lies on a bar, in user units. */
function scale(from: bigint, sizeBytes: bigint): (address: bigint) => number {
  return (address) => Number(((address - from) * 1000n * BigInt(WIDTH)) / sizeBytes) / 1000;
}

const fitsInto = (text: string, width: number) => text.length * 8 < width;

function bar(segments: readonly MemorySegment[], from: bigint, sizeBytes: bigint): Html[] {
  const at = scale(from, sizeBytes);
  // What is in use lies over what is free, or a sliver of it would be painted over.
  const drawn = [...segments].sort((a, b) => Number(b.kind === 'free') - Number(a.kind === 'free'));
  return drawn.map((segment) => {
    const left = at(segment.baseAddress);
    const width = Math.max(MIN_WIDTH, at(segment.baseAddress + segment.sizeBytes) - left);
    const x = Math.min(left, WIDTH - width);
    const kind = segment.owners.length > 1 ? 'twice' : segment.kind;
    const label = segment.kind === 'free' ? '' : labelOf(segment);
    const size = formatBytes(segment.sizeBytes);
    const text = [`${label} ${size}`.trim(), label].find((words) => words !== '' && fitsInto(words, width));
    return html`<g class="segment ${kind}"><title>${titleOf(segment)}</title><rect x="${x}" y="0" width="${width}" height="${BAR}"/>${
      text !== undefined &&
      segment.kind !== 'free' &&
      html`<text x="${x + width / 2}" y="${BAR / 2 + 5}" text-anchor="middle">${text}</text>`
    }</g>`;
  });
}

/** Ends of zones inside the drawing, as lines across the bar. */
function zones(boundaries: readonly bigint[], from: bigint, sizeBytes: bigint): Html[] {
  const at = scale(from, sizeBytes);
  return boundaries
    .filter((boundary) => boundary > from && boundary < from + sizeBytes)
    .map((boundary) => {
      const x = at(boundary);
      // The addresses of the ends are already there.
      const isRoom = x > 170 && x < WIDTH - 170;
      return html`<line class="zone" x1="${x}" y1="-4" x2="${x}" y2="${BAR + 4}"><title>end of a memory zone: ${formatAddress(boundary)}</title></line>${
        isRoom &&
        html`<text class="tick" x="${x}" y="${BAR + 16}" text-anchor="middle">zone ends at ${formatAddress(boundary)}</text>`
      }`;
    });
}

interface Window {
  readonly name: string;
  readonly segments: readonly MemorySegment[];
  readonly from: bigint;
  readonly sizeBytes: bigint;
}

function drawing({ name, segments, from, sizeBytes }: Window, boundaries: readonly bigint[]): Html {
  const end = from + sizeBytes;
  return html`<figure class="bank"><figcaption>${name}</figcaption>
<div class="scroll" tabindex="0" role="region" aria-label="Map of ${name}"><svg viewBox="0 -5 ${WIDTH} ${BAR + 27}" role="img" aria-label="${name}: ${
    segments
      .filter((s) => s.kind !== 'free')
      .map(titleOf)
      .join('; ') || 'all free'
  }">
${bar(segments, from, sizeBytes)}
${zones(boundaries, from, sizeBytes)}
<text class="tick" x="0" y="${BAR + 16}">${formatAddress(from)}</text>
<text class="tick" x="${WIDTH}" y="${BAR + 16}" text-anchor="end">${formatAddress(end)}</text>
</svg></div></figure>`;
}

/** A stretch of a bank around what is used in it, where that is too small to see in the whole bank. */
function zoomed(bank: Bank, used: readonly MemorySegment[]): Window | undefined {
  const [first, last] = [used[0], used.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const span = last.baseAddress + last.sizeBytes - first.baseAddress;
  // A page alone in a bank is not made as wide as the screen.
  const least = bank.sizeBytes / 256n;
  const margin = span / 4n > least ? span / 4n : least;
  const low = first.baseAddress - margin;
  const from = low > bank.baseAddress ? low : bank.baseAddress;
  const bankEnd = bank.baseAddress + bank.sizeBytes;
  const high = last.baseAddress + last.sizeBytes + margin;
  const end = high < bankEnd ? high : bankEnd;
  // Enlarged less than twice it would be the same picture again.
  if ((end - from) * 2n > bank.sizeBytes) return undefined;
  const segments = bank.segments.flatMap((segment): MemorySegment[] => {
    const start = segment.baseAddress > from ? segment.baseAddress : from;
    const stop = segment.baseAddress + segment.sizeBytes < end ? segment.baseAddress + segment.sizeBytes : end;
    return stop > start ? [{ ...segment, baseAddress: start, sizeBytes: stop - start }] : [];
  });
  return { name: `Enlarged: ${formatAddress(from)} to ${formatAddress(end)}`, segments, from, sizeBytes: end - from };
}

/** The bank, then enlarged what cannot be read in it: the areas, and what firmware and devices keep. */
function windows(bank: Bank, number: number): Window[] {
  const whole = {
    name: `Bank ${number}: ${formatBytes(bank.sizeBytes)}`,
    segments: bank.segments,
    from: bank.baseAddress,
    sizeBytes: bank.sizeBytes,
  };
  const areas = zoomed(
    bank,
    bank.segments.filter((segment) => segment.kind === 'area'),
  );
  const holes = bank.segments.filter((segment) => segment.kind !== 'area' && segment.kind !== 'free');
  const isSeen = (segment: MemorySegment) =>
    areas !== undefined &&
    segment.baseAddress >= areas.from &&
    segment.baseAddress + segment.sizeBytes <= areas.from + areas.sizeBytes;
  const rest = zoomed(
    bank,
    holes.filter((segment) => !isSeen(segment)),
  );
  // A page at the start of a bank is a sliver however much the picture is enlarged.
  const used = rest?.segments.reduce((sum, s) => (s.kind === 'free' ? sum : sum + s.sizeBytes), 0n) ?? 0n;
  const isWorthIt = rest !== undefined && used * 64n >= rest.sizeBytes;
  return [whole, ...(areas === undefined ? [] : [areas]), ...(isWorthIt ? [rest] : [])];
}

/** Figures, a legend, and the same as a table for who cannot see them. */
export function drawMemory(map: MemoryMap): Html {
  const rows = map.banks.flatMap((bank) => bank.segments).filter((segment) => segment.kind !== 'free');
  return html`${!map.isRamKnown && html`<p class="warning">Neither the device tree nor the profile states the RAM, so the banks are a guess.</p>`}
${map.banks.map((bank, i) => windows(bank, i).map((window) => drawing(window, map.zoneBoundaries)))}
<p class="legend"><span class="key area"></span> CMA area <span class="key reserved"></span> reserved <span class="key kernel"></span> kernel, initrd, device tree <span class="key free"></span> free <span class="key twice"></span> owned twice <span class="key zone"></span> end of a zone</p>
<div class="scroll" tabindex="0" role="region" aria-label="Memory in use"><table><caption>Memory in use</caption><thead><tr><th scope="col">what</th><th scope="col">from</th><th scope="col">to</th><th scope="col">size</th><th scope="col">notes</th></tr></thead><tbody>${rows.map(
    (s) =>
      html`<tr><th scope="row">${labelOf(s)}</th><td>${formatAddress(s.baseAddress)}</td><td>${formatAddress(s.baseAddress + s.sizeBytes)}</td><td>${formatBytes(s.sizeBytes)}</td><td>${s.owners.flatMap((o) => o.notes).join(', ')}</td></tr>`,
  )}</tbody></table></div>
${map.outside.length > 0 && html`<p>Not RAM: ${map.outside.map((o) => `${o.name} at ${formatAddress(o.baseAddress)}`).join(', ')}</p>`}
${map.zoneBoundaries.length > 0 && html`<p>Memory zones end at ${map.zoneBoundaries.map(formatAddress).join(', ')}.</p>`}`;
}
