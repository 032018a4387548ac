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

function bar(segments: readonly MemorySegment[], from: bigint, sizeBytes: bigint): Html[] {
  const at = scale(from, sizeBytes);
  return segments.map((segment) => {
    const x = at(segment.baseAddress);
    const width = Math.max(MIN_WIDTH, at(segment.baseAddress + segment.sizeBytes) - x);
    const kind = segment.owners.length > 1 ? 'twice' : segment.kind;
    const label = labelOf(segment);
    const isWide = segment.kind !== 'free' && width > label.length * 8;
    return html`<g class="segment ${kind}"><title>${titleOf(segment)}</title><rect x="${x}" y="0" width="${width}" height="${BAR}"/>${
      isWide && html`<text x="${x + width / 2}" y="${BAR / 2 + 5}" text-anchor="middle">${label}</text>`
    }</g>`;
  });
}

function drawing(name: string, segments: readonly MemorySegment[], from: bigint, sizeBytes: bigint): Html {
  const end = from + sizeBytes;
  return html`<figure class="bank"><figcaption>${name}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${BAR + 22}" role="img" aria-label="${name}: ${
    segments
      .filter((s) => s.kind !== 'free')
      .map(titleOf)
      .join('; ') || 'all free'
  }">
${bar(segments, from, sizeBytes)}
<text class="tick" x="0" y="${BAR + 16}">${formatAddress(from)}</text>
<text class="tick" x="${WIDTH}" y="${BAR + 16}" text-anchor="end">${formatAddress(end)}</text>
</svg></figure>`;
}

/** The part of a bank around its areas and reservations, where they are too small to see in the whole bank. */
function zoomed(bank: Bank): Html | undefined {
  const used = bank.segments.filter((segment) => segment.kind === 'area');
  const [first, last] = [used[0], used.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const span = last.baseAddress + last.sizeBytes - first.baseAddress;
  const margin = span / 4n;
  const low = first.baseAddress - margin;
  const from = low > bank.baseAddress ? low : bank.baseAddress;
  const bankEnd = bank.baseAddress + bank.sizeBytes;
  const high = last.baseAddress + last.sizeBytes + margin;
  const end = high < bankEnd ? high : bankEnd;
  // Enlarged less than twice it would be the same picture again.
  if ((end - from) * 2n > bank.sizeBytes) return undefined;
  const inside = bank.segments.flatMap((segment): MemorySegment[] => {
    const start = segment.baseAddress > from ? segment.baseAddress : from;
    const stop = segment.baseAddress + segment.sizeBytes < end ? segment.baseAddress + segment.sizeBytes : end;
    return stop > start ? [{ ...segment, baseAddress: start, sizeBytes: stop - start }] : [];
  });
  return drawing(`Enlarged: ${formatAddress(from)} to ${formatAddress(end)}`, inside, from, end - from);
}

/** Figures, a legend, and the same as a table for who cannot see them. */
export function drawMemory(map: MemoryMap): Html {
  const rows = map.banks.flatMap((bank) => bank.segments).filter((segment) => segment.kind !== 'free');
  return html`${!map.isRamKnown && html`<p class="warning">RAM is not stated by the device tree or the profile: the banks are a guess.</p>`}
${map.banks.map((bank, i) => [drawing(`Bank ${i}: ${formatBytes(bank.sizeBytes)}`, bank.segments, bank.baseAddress, bank.sizeBytes), zoomed(bank)])}
<p class="legend"><span class="key area"></span> CMA area <span class="key reserved"></span> reserved <span class="key kernel"></span> kernel, initrd, device tree <span class="key free"></span> free <span class="key twice"></span> owned twice</p>
<div class="scroll" tabindex="0" role="region" aria-label="Memory in use"><table><caption>Memory in use</caption><thead><tr><th scope="col">what</th><th scope="col">from</th><th scope="col">to</th><th scope="col">size</th><th scope="col">notes</th></tr></thead><tbody>${rows.map(
    (s) =>
      html`<tr><th scope="row">${labelOf(s)}</th><td>${formatAddress(s.baseAddress)}</td><td>${formatAddress(s.baseAddress + s.sizeBytes)}</td><td>${formatBytes(s.sizeBytes)}</td><td>${s.owners.flatMap((o) => o.notes).join(', ')}</td></tr>`,
  )}</tbody></table></div>
${map.outside.length > 0 && html`<p>Not RAM: ${map.outside.map((o) => `${o.name} at ${formatAddress(o.baseAddress)}`).join(', ')}</p>`}
${map.zoneBoundaries.length > 0 && html`<p>Memory zones end at ${map.zoneBoundaries.map(formatAddress).join(', ')}.</p>`}`;
}
