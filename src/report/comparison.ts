/** Two profiles or two kernels side by side: what differs, and both maps. */
import { type Html, html } from '../lang/html.js';
import type { ComparedReport, ComparedSide } from './data.js';
import { drawMap } from './map.js';
import { type Cell, code, table } from './page.js';

const shown = (text: string | null): Cell => (text === null ? html`<span class="dim">none</span>` : text);

const WORDS: Readonly<Record<ComparedReport['changes'][number]['part'], string>> = {
  heap: 'heap',
  access: 'access to',
  area: 'area',
  'cma-total': 'CmaTotal',
  symbol: 'symbol',
  'command-line': 'command line',
};

/** The maps are side by side if the window has room for both. */
export function comparison({ from, to, changes, predicted }: ComparedReport): Html {
  const rows = changes.map((change): Cell[] => [
    html`${WORDS[change.part]}${change.name !== '' && html` ${code(change.name)}`}`,
    change.aspect,
    shown(change.from),
    shown(change.to),
  ]);
  const side = ({ title, map }: ComparedSide, id: string) =>
    html`<div class="side"><h3>${title}</h3>${drawMap(map, id)}</div>`;
  return html`<p>From ${code(from.title)} to ${code(to.title)}. The rest of this page is about the second.</p>
${changes.length === 0 ? html`<p>The plans do not differ for user space, the builder and the boot loader.</p>` : table('What differs', ['what', 'property', from.title, to.title], rows)}
<h3>The predicted boots</h3>
${
  predicted === null
    ? html`<p class="dim">Not compared: a side has no device tree (--dtb).</p>`
    : predicted.length === 0
      ? html`<p>The predicted boots do not differ for user space.</p>`
      : html`<ul>${predicted.map(({ text }) => html`<li>${text}</li>`)}</ul>`
}
<div class="sides">${side(from, 'from')}
${side(to, 'to')}</div>`;
}
