/**
 * One self-contained page about a board: memory, budget, names, symbols, access, proof, and what the board itself said.
 */
import { formatKernelVersion } from '../facts/index.js';
import type { Change } from '../kconfig/index.js';
import { Html, html } from '../lang/html.js';
import type { LintResult } from '../placement/index.js';
import type { Plan, PlannedArea, PlannedHeap } from '../plan/index.js';
import { formatAddress, formatBytes, readableBytes } from '../quantity/index.js';
import type { KernelColumn, ReportData } from './data.js';
import { drawMemory } from './map.js';
import { STYLE } from './style.js';

export { type ReportData, reportData } from './data.js';

type Cell = Html | string;

function table(caption: string, heads: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  if (rows.length === 0) return html`<p class="dim">${caption}: none.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows.map(
    ([first = '', ...others]) =>
      html`<tr><th scope="row">${first}</th>${others.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

function delta(changes: readonly Change[]): Cell[][] {
  const value = (text: string | null) => (text === null ? html`<span class="dim">none</span>` : code(text));
  return changes.map(({ symbol, from, to, why }) => [code(`CONFIG_${symbol}`), value(from), value(to), why]);
}

const status = (name: string): Html => html`<span class="status ${name}">${name}</span>`;
const code = (text: string): Html => html`<code>${text}</code>`;

function placeOf(area: PlannedArea): string {
  if (area.baseAddress !== undefined) return formatAddress(area.baseAddress);
  if (area.allocRanges.length === 0) return "the kernel's choice";
  return area.allocRanges
    .map((r) => `${formatAddress(r.baseAddress)} to ${formatAddress(r.baseAddress + r.sizeBytes)}`)
    .join(' or ');
}

function areas(plan: Plan): Html {
  const rows = plan.areas.map((area): Cell[] => [
    code(area.nodeName),
    formatBytes(area.sizeBytes),
    placeOf(area),
    area.delivery,
    area.isDefault ? 'default' : '',
  ]);
  const budgets = plan.areas.flatMap((area) => (area.budget === undefined ? [] : [{ area, steps: area.budget.steps }]));
  return html`${table('CMA areas', ['area', 'size', 'place', 'delivered by', ''], rows)}
${budgets.map(({ area, steps }) => html`<h3>Why ${area.nodeName} has ${formatBytes(area.sizeBytes)}</h3><ol>${steps.map((step) => html`<li>${step.text}: <strong>${readableBytes(step.resultBytes)}</strong></li>`)}</ol>`)}`;
}

/** Names of a heap on one kernel, from the prediction where there is one and from the plan's facts otherwise. */
function namesOn(heap: PlannedHeap, { prediction }: KernelColumn): Cell {
  const found = prediction.heaps.filter((h) =>
    heap.kind === 'system' ? h.area === null : h.area !== null && h.area === heap.areaName,
  );
  if (found.length === 0) return html`<span class="warning">none</span>`;
  return html`${found.map((h, i) => html`${i > 0 && ', '}${code(h.name)}${!h.usable && html` <span class="error">every allocation fails</span>`}`)}`;
}

function names({ plan, kernels }: ReportData): Html {
  if (kernels.length > 0)
    return table(
      'Names under /dev/dma_heap, by kernel',
      ['heap', ...kernels.map(({ kernel }) => `Linux ${kernel}`), 'aliases on every kernel'],
      plan.heaps
        .filter((heap) => heap.kind !== 'vendor')
        .map((heap) => [
          heap.name,
          ...kernels.map((column) => namesOn(heap, column)),
          html`${heap.aliases.map((alias, i) => html`${i > 0 && ', '}${code(alias)}`)}`,
        ]),
    );
  return table(
    'Names under /dev/dma_heap',
    ['heap', 'name', 'from', 'before'],
    plan.heaps.flatMap((heap) =>
      heap.nodes.map((node): Cell[] => [
        heap.name,
        code(node.name),
        node.since === undefined ? '' : formatKernelVersion(node.since),
        node.until === undefined ? '' : formatKernelVersion(node.until),
      ]),
    ),
  );
}

const allowed = (bits: number): Html =>
  (bits & 0o6) === 0 ? html`<span class="no">no</span>` : html`<span class="yes">yes</span>`;

/** Who may allocate from what: opening a heap, even read-only, is allocating. */
function access(plan: Plan): Html {
  const { heaps } = plan;
  const mode = (heap: PlannedHeap) => heap.access?.mode ?? 0o600;
  const groups = [...new Set(heaps.flatMap((heap) => heap.access?.group ?? []))].sort();
  const users = [...new Set(plan.groups.flatMap((group) => group.users))].sort();
  const isMember = (user: string, group: string | undefined) =>
    plan.groups.some(({ name, users: members }) => name === group && members.includes(user));
  const rows: Cell[][] = [
    ['root', ...heaps.map(() => allowed(0o6))],
    ...groups.map((group): Cell[] => [
      html`group ${code(group)}`,
      ...heaps.map((heap) => allowed(heap.access?.group === group ? mode(heap) >> 3 : 0)),
    ]),
    ...users.map((user): Cell[] => [
      html`user ${code(user)}`,
      ...heaps.map((heap) => allowed(isMember(user, heap.access?.group) ? mode(heap) >> 3 : mode(heap))),
    ]),
    ['everybody else', ...heaps.map((heap) => allowed(mode(heap)))],
    ['mode', ...heaps.map((heap) => code(`0${mode(heap).toString(8).padStart(3, '0')}`))],
  ];
  return table('Who may allocate from which heap', ['', ...heaps.map(({ name }) => name)], rows);
}

function proof({ kernels }: ReportData): Html {
  if (kernels.length === 0)
    return html`<p class="dim">No device tree was given, so no placement is proven. Give --dtb.</p>`;
  const ids = kernels[0]?.lints.map((l) => l.lint) ?? [];
  const mark = (lint: LintResult | undefined) => {
    const name = lint?.status ?? 'not-run';
    return html`${status(name)}${lint?.reason !== undefined && html` ${lint.reason}`}`;
  };
  const total = (column: KernelColumn) => column.prediction.cmaTotalBytes;
  const outcome = table(
    'Predicted boot',
    ['', ...kernels.map(({ kernel }) => `Linux ${kernel}`)],
    [
      ['outcome', ...kernels.map(({ prediction }) => prediction.outcome)],
      ['CmaTotal', ...kernels.map((column) => (total(column) === null ? 'unknown' : formatBytes(total(column) ?? 0n)))],
      [
        'rejected nodes',
        ...kernels.map(
          ({ prediction }) => prediction.rejected.map((r) => `${r.node}: ${r.reason}`).join('; ') || 'none',
        ),
      ],
      [
        'dangers',
        ...kernels.map(
          ({ prediction }) => prediction.dangers.map((d) => `${d.code}: ${d.reason}`).join('; ') || 'none',
        ),
      ],
    ],
  );
  const isProven = (i: number) => kernels.every(({ lints }) => lints[i]?.status === 'pass');
  const proven = ids.filter((_, i) => isProven(i));
  const rows = ids.flatMap((id, i): Cell[][] =>
    isProven(i) ? [] : [[id, ...kernels.map(({ lints }) => mark(lints[i]))]],
  );
  const checks = html`${
    rows.length > 0 &&
    table('Checks of the reservations', ['check', ...kernels.map(({ kernel }) => `Linux ${kernel}`)], rows)
  }<p>${rows.length === 0 ? 'All' : `The other`} ${proven.length} checks of the reservations ${status('pass')} on every kernel: ${proven.map((id, i) => html`${i > 0 && ', '}${code(id)}`)}.</p>`;
  const open = [
    ...new Set(kernels.flatMap(({ prediction }) => prediction.unknown.map((u) => `${u.field} needs ${u.needs}`))),
  ];
  return html`${outcome}${checks}${open.length > 0 && html`<h3>Not known, and what decides it</h3><ul>${open.map((text) => html`<li>${text}</li>`)}</ul>`}`;
}

function verification({ verification: v }: ReportData): Html | undefined {
  if (v === undefined) return undefined;
  const order = ['fail', 'error', 'unknown', 'pass'];
  const shown = v.results
    .filter((r) => r.status !== 'skip')
    .sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  const skipped = [...new Set(v.results.filter((r) => r.status === 'skip').map((r) => r.id))];
  const rows = shown.map((r): Cell[] => [
    code(r.id),
    r.heap ?? '',
    status(r.status),
    r.observed ?? '',
    r.expected ?? '',
    html`${r.cause ?? ''}${r.fix ? ` Fix: ${r.fix}` : ''}${r.diagnosis ? html` <span class="dim">[${r.diagnosis}]</span>` : ''}`,
  ]);
  return html`<h2 id="verification">Result on the board</h2>
<p>${v.kernel.release} on ${v.kernel.machine}: <strong>${v.summary.verdict}</strong>, ${v.summary.pass} passed, ${v.summary.fail} failed, ${v.summary.skip} skipped, ${v.summary.unknown} unknown, ${v.summary.error} errors.</p>
${table('Verification', ['check', 'heap', 'status', 'observed', 'expected', 'why'], rows)}
${skipped.length > 0 && html`<p>Skipped because the expectation does not ask for them, or because an earlier check failed: ${skipped.map((id, i) => html`${i > 0 && ', '}${code(id)}`)}.</p>`}`;
}

/** The answer before the reasons: what the boot will do, by kernel, and what is not known. */
function verdict({ kernels, findings, verification: v }: ReportData): Html | undefined {
  if (kernels.length === 0 && v === undefined) return undefined;
  const outcomes = [...new Set(kernels.map(({ prediction }) => prediction.outcome))];
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const open = new Set(kernels.flatMap(({ prediction }) => prediction.unknown.map(({ field }) => field))).size;
  const isBad =
    errors > 0 || v?.summary.verdict === 'fail' || outcomes.some((o) => ['corrupts', 'panics', 'hangs'].includes(o));
  const isOpen = open > 0 || outcomes.includes('unknown');
  const names = kernels.map(({ kernel }) => kernel).join(', ');
  return html`<p class="verdict ${isBad ? 'bad' : isOpen ? 'open' : 'good'}">${
    kernels.length > 0 &&
    html`Predicted on Linux ${names}: <strong>${outcomes.join(', ')}</strong>${open > 0 && `, ${open === 1 ? 'one value is' : `${open} values are`} not known`}. `
  }${v !== undefined && html`On the board: <strong>${v.summary.verdict}</strong>.`}</p>`;
}

/** The page. Self-contained: no script, no network, nothing to fetch. */
export function renderReport(data: ReportData): string {
  const { plan } = data;
  const range = [plan.kernel.min, plan.kernel.max].map(formatKernelVersion);
  const kernels = range[0] === range[1] ? range[0] : range.join(' to ');
  const symbols = plan.symbols.map((s): Cell[] => [
    code(`CONFIG_${s.symbol}`),
    code(s.value),
    html`${s.because.text}${(s.because.facts ?? []).map((fact) => html` <span class="dim">[${fact}]</span>`)}`,
  ]);
  const findings = data.findings.map((d): Cell[] => [status(d.severity), d.message, d.cause ?? '', d.fix ?? '']);
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${plan.board.title}: DMA-BUF heaps</title><style>${new Html(STYLE)}</style></head><body>
<header><h1>${plan.board.title}</h1>
<p class="dim">${plan.board.arch}, Linux ${kernels}${plan.board.dtb !== undefined && `, ${plan.board.dtb}`}. Profile ${code(plan.profile.name)} ${code(plan.profile.sha256.slice(0, 12))}, ${data.tool}.</p>
<nav aria-label="Sections"><a href="#memory">Memory</a><a href="#areas">Areas</a><a href="#names">Names</a><a href="#kernel">Kernel</a><a href="#access">Access</a><a href="#proof">Proof</a>${data.verification !== undefined && html`<a href="#verification">Board</a>`}</nav></header>
${verdict(data)}
<main>
<h2 id="memory">Memory</h2>
${data.memory === undefined ? html`<p class="dim">No device tree was given, so the map cannot be drawn. Give --dtb.</p>` : drawMemory(data.memory)}
<h2 id="areas">Areas and budget</h2>
${areas(plan)}
<h2 id="names">What user space finds</h2>
${names(data)}
<h2 id="kernel">Kernel configuration</h2>
${table('Lines of the fragment', ['symbol', 'value', 'why'], symbols)}
${data.delta !== undefined && table(`Everything that changes on ${data.delta.base}`, ['symbol', 'from', 'to', 'why'], delta(data.delta.changes))}
${plan.commandLine.length > 0 && html`<p>Command line: ${plan.commandLine.map((c) => code(c.argument))}</p>`}
<h2 id="access">Access</h2>
${access(plan)}
<h2 id="proof">Proof</h2>
${proof(data)}
${findings.length > 0 && table('Findings', ['', 'what', 'cause', 'fix'], findings)}
${verification(data)}
</main></body></html>
`;
  return page.markup;
}
