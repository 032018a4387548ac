/**
 * One self-contained page about a board: what is wrong, memory, budget, names, symbols, access, checks, and what the board itself said.
 */
import { formatKernelVersion } from '../facts/index.js';
import type { Change } from '../kconfig/index.js';
import { type Html, html } from '../lang/html.js';
import { areaWords, isOpen, type LintId, layoutWords, openWords, PLACEMENT_CODES } from '../placement/index.js';
import type { Plan, PlannedArea, PlannedHeap } from '../plan/index.js';
import { formatAddress, formatBytes, readableBytes } from '../quantity/index.js';
import { comparison } from './comparison.js';
import type { KernelColumn, RefusedReport, ReportData } from './data.js';
import { drawMap } from './map.js';
import { type Cell, code, findingsList, pageOf, type Section, status, table } from './page.js';

export { type ComparedReport, mapOf, type RefusedReport, type ReportData, reportData } from './data.js';
export { formatMap } from './text.js';

/** What a command concludes from its checks, as it prints it. */
export interface Conclusion {
  readonly status: 'PASS' | 'FAIL' | 'UNKNOWN';
  /** `2 pass, 1 not run (--dtb not given)`. */
  readonly text: string;
  /** Every check with its status; those of the placement once for each kernel. */
  readonly checks: readonly { readonly check: string; readonly status: string }[];
}

function delta(changes: readonly Change[]): Cell[][] {
  const value = (text: string | null) => (text === null ? html`<span class="dim">none</span>` : code(text));
  return changes.map(({ symbol, from, to, why }) => [code(`CONFIG_${symbol}`), value(from), value(to), why]);
}

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

/** What a check found, or what it looked for in vain. */
function evidenceOf(check: string, kernels: readonly KernelColumn[]): Html {
  const results = kernels.flatMap(({ lints }) => lints.filter(({ lint }) => lint === check));
  const said = [
    ...new Set(
      results.flatMap(({ reason, diagnostics }) =>
        reason === undefined ? diagnostics.map((d) => d.message) : [reason],
      ),
    ),
  ];
  if (said.length > 0) return html`${said.map((text, i) => html`${i > 0 && html`<br>`}${text}`)}`;
  const { title } = PLACEMENT_CODES[`placement/${check as LintId}`];
  return html`<span class="dim">fault not found:</span> ${title}`;
}

/** Checks that are not about the placement. */
const OTHER_EVIDENCE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  profile: { pass: 'the profile is read, and a plan follows from it without an error' },
  findings: { fail: 'an error is found that no check below names' },
  board: {
    unknown: 'the device tree that is given (--dtb) names another board than the profile',
    'not-run':
      "the board's device tree is not given (--dtb): what it reserves and how its buses reach memory is not judged",
  },
  fragment: {
    pass: 'the symbols are solved on the kernel tree that is given',
    'not-run': 'a kernel tree is not given (--kernel-tree): the lines rest on what is known of kernels',
  },
};

/** One to a line. */
const listed = (texts: readonly string[]): Cell =>
  texts.length === 0 ? 'none' : html`${texts.map((text, i) => html`${i > 0 && html`<br>`}${text}`)}`;

/** One status where it is the same on every kernel, else each with its kernels. */
function statusOf(lint: string, kernels: readonly KernelColumn[]): Html {
  const columns = new Map<string, string[]>();
  for (const { kernel, lints } of kernels) {
    const result = lints.find((one) => one.lint === lint);
    // As in the terminal: what has something to object did not prove what its title says.
    const isWarned = result?.status === 'pass' && result.diagnostics.some(({ severity }) => severity === 'warning');
    const found = isWarned ? 'warning' : (result?.status ?? 'not-run');
    columns.set(found, [...(columns.get(found) ?? []), kernel]);
  }
  return html`${[...columns].map(
    ([found, on], i) => html`${i > 0 && html`<br>`}${status(found)}${columns.size > 1 && ` on ${on.join(', ')}`}`,
  )}`;
}

function checksTable({ kernels }: ReportData, { checks }: Conclusion): Html {
  const lints = [...new Set(kernels.flatMap((column) => column.lints.map(({ lint }) => lint)))];
  const others = checks.filter(({ check }) => OTHER_EVIDENCE[check] !== undefined);
  return table(
    `Checks, for Linux ${kernels.map(({ kernel }) => kernel).join(', ')}`,
    ['check', 'verdict', 'evidence'],
    [
      ...others.map((one): Cell[] => [one.check, status(one.status), OTHER_EVIDENCE[one.check]?.[one.status] ?? '']),
      ...lints.map((lint): Cell[] => [lint, statusOf(lint, kernels), evidenceOf(lint, kernels)]),
    ],
  );
}

function proof(data: ReportData, conclusion: Conclusion): Html {
  const { kernels } = data;
  const total = (column: KernelColumn) => column.prediction.cmaTotalBytes;
  const outcome = table(
    'Predicted boot',
    ['', ...kernels.map(({ kernel }) => `Linux ${kernel}`)],
    [
      ['outcome', ...kernels.map(({ prediction }) => prediction.outcome)],
      [
        'areas',
        ...kernels.map(({ prediction }) => listed(prediction.areas.map((area) => areaWords(prediction, area)))),
      ],
      ...(kernels.some(({ prediction }) => prediction.layouts.length > 0)
        ? [
            [
              'by boot loader',
              ...kernels.map(({ prediction }) =>
                listed(prediction.layouts.map((layout) => layoutWords(prediction, layout))),
              ),
            ],
          ]
        : []),
      ['CmaTotal', ...kernels.map((column) => (total(column) === null ? 'unknown' : formatBytes(total(column) ?? 0n)))],
      [
        'rejected nodes',
        ...kernels.map(
          ({ prediction }) =>
            prediction.rejected.map((r) => `${r.node}: ${r.reason}`).join('; ') ||
            (isOpen(prediction, 'rejected') ? 'unknown' : 'none'),
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
  const open = [...new Set(kernels.flatMap(({ prediction }) => openWords(prediction)))];
  return html`${outcome}${checksTable(data, conclusion)}${open.length > 0 && html`<h3>Not known, and what decides it</h3><ul>${open.map((text) => html`<li>${text}</li>`)}</ul>`}`;
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
  return html`<p>${v.kernel.release} on ${v.kernel.machine}: <strong>${v.summary.verdict}</strong>, ${v.summary.pass} passed, ${v.summary.fail} failed, ${v.summary.skip} skipped, ${v.summary.unknown} unknown, ${v.summary.error} errors.</p>
${table('Verification', ['check', 'heap', 'status', 'observed', 'expected', 'why'], rows)}
${skipped.length > 0 && html`<p>Skipped because the expectation does not ask for them, or because an earlier check failed: ${skipped.map((id, i) => html`${i > 0 && ', '}${code(id)}`)}.</p>`}`;
}

const KINDS = { PASS: 'good', FAIL: 'bad', UNKNOWN: 'open' } as const;

/** The answer before the reasons: what the checks came to, what the boot will do, and what the board said. */
function verdictOf({ kernels, verification: v }: ReportData, { status: word, text }: Conclusion) {
  const outcomes = [...new Set(kernels.map(({ prediction }) => prediction.outcome))];
  const isBad = v?.summary.verdict === 'fail' || outcomes.some((o) => ['corrupts', 'panics', 'hangs'].includes(o));
  return {
    kind: isBad ? ('bad' as const) : KINDS[word],
    word,
    text: html`${text}. Predicted on Linux ${kernels.map(({ kernel }) => kernel).join(', ')}: <strong>${outcomes.join(', ')}</strong>.${v !== undefined && html` On the board: <strong>${v.summary.verdict}</strong>.`}`,
  };
}

const SKELETON = html`<p class="warning">The board's device tree is not given (--dtb): the map has the RAM that the profile states and the areas of the plan, but not what the board itself reserves.</p>`;

/** @param conclusion of the command, from the same data */
export function renderReport(data: ReportData, conclusion: Conclusion): string {
  const { plan, findings } = data;
  const range = [plan.kernel.min, plan.kernel.max].map(formatKernelVersion);
  const kernels = range[0] === range[1] ? range[0] : range.join(' to ');
  const symbols = plan.symbols.map((s): Cell[] => [
    code(`CONFIG_${s.symbol}`),
    code(s.value),
    html`${s.because.text}${(s.because.facts ?? []).map((fact) => html` <span class="dim">[${fact}]</span>`)}`,
  ]);
  const errors = findings.filter(({ severity }) => severity === 'error');
  const others = findings.filter(({ severity }) => severity !== 'error');
  const board = verification(data);
  const sections: (Section | false)[] = [
    errors.length > 0 && { id: 'wrong', name: 'Errors', title: 'What is wrong', content: findingsList(errors) },
    data.comparison !== undefined && {
      id: 'comparison',
      name: 'Comparison',
      title: 'What differs',
      content: comparison(data.comparison),
    },
    {
      id: 'memory',
      name: 'Memory',
      title: 'Memory',
      content: html`${data.isSkeleton && SKELETON}${drawMap(data.map)}`,
    },
    { id: 'areas', name: 'Areas', title: 'Areas and budget', content: areas(plan) },
    { id: 'names', name: 'Names', title: 'What user space finds', content: names(data) },
    {
      id: 'kernel',
      name: 'Kernel',
      title: 'Kernel configuration',
      content: html`${table('Lines of the fragment', ['symbol', 'value', 'why'], symbols)}
${data.delta !== undefined && table(`Everything that changes on ${data.delta.base}`, ['symbol', 'from', 'to', 'why'], delta(data.delta.changes))}
${plan.commandLine.length > 0 && html`<p>Command line: ${plan.commandLine.map((c) => code(c.argument))}</p>`}`,
    },
    { id: 'access', name: 'Access', title: 'Access', content: access(plan) },
    { id: 'proof', name: 'Checks', title: 'Checks and evidence', content: proof(data, conclusion) },
    others.length > 0 && {
      id: 'findings',
      name: 'Warnings',
      title: 'Warnings and notes',
      content: findingsList(others),
    },
    board !== undefined && { id: 'verification', name: 'Board', title: 'Result on the board', content: board },
  ];
  const about = html`${plan.board.arch}, Linux ${kernels}${plan.board.dtb !== undefined && `, ${plan.board.dtb}`}. Profile ${code(plan.profile.name)} ${code(plan.profile.sha256.slice(0, 12))}, ${data.tool}.`;
  return pageOf(
    plan.board.title,
    about,
    verdictOf(data, conclusion),
    sections.filter((one) => one !== false),
  );
}

/** The page about a profile that is refused: what is wrong first, then the board as it is. */
export function renderRefusal({ title, profile, tool, findings, map, isSkeleton }: RefusedReport): string {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const sections: (Section | false)[] = [
    { id: 'wrong', name: 'Errors', title: 'What is wrong', content: findingsList(findings) },
    map !== undefined && {
      id: 'memory',
      name: 'Memory',
      title: 'Memory without the areas of the profile',
      content: html`<p class="dim">The profile is refused, so this is the board without the areas of the profile: ${isSkeleton ? "the RAM that the profile states. The board's device tree is not given (--dtb), so what the board reserves is not drawn." : 'its RAM and what its device tree reserves.'} An area that the kernel makes by itself is drawn.</p>${drawMap(map)}`,
    },
    {
      id: 'proof',
      name: 'Checks',
      title: 'Checks and evidence',
      content: table(
        'Checks',
        ['check', '', 'evidence'],
        [
          ['profile', status('fail'), `${errors.length} ${errors.length === 1 ? 'error' : 'errors'}, listed above`],
          ['placement of the areas', status('not-run'), 'a plan does not exist'],
          ['fragment', status('not-run'), 'a plan does not exist'],
        ],
      ),
    },
  ];
  return pageOf(
    title,
    html`Profile ${code(profile)}, ${tool}.`,
    {
      kind: 'bad',
      word: 'FAIL',
      text: html`the profile is refused${first !== undefined && `: ${first.message}`}.${first?.cause !== undefined && ` Cause: ${first.cause}.`}${first?.fix !== undefined && ` Fix: ${first.fix}.`}`,
    },
    sections.filter((one) => one !== false),
  );
}
