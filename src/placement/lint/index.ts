/** The lints of /reserved-memory: one table, run before and after the overlays. */
import { type CodeEntry, type Diagnostic, reporter } from '../../diagnostic/index.js';
import * as address from './address.js';
import { type Finding, LintContext, type LintInput } from './context.js';
import * as format from './format.js';
import * as kernel from './kernel.js';
import type { Lint } from './lint.js';
import { OUTCOME, outcome } from './outcome.js';
import type { Skip } from './skip.js';

export type { LintInput } from './context.js';

export interface LintResult {
  readonly lint: LintId;
  /**
   * `unknown`: a fact about the target is missing. `not-run`: nothing was given to judge by, or a lint that it needs
   * has failed. `not-applicable`: there is nothing of the kind to judge.
   */
  readonly status: 'pass' | 'fail' | 'unknown' | 'not-run' | 'not-applicable';
  /** Why it did not run or does not apply. */
  readonly reason?: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** In the order of the results; the outcome comes last. */
const LINTS = [
  format.cellsMatchRoot,
  format.rangesPresent,
  format.propertyLengths,
  address.baseAligned,
  address.sizeMultiple,
  address.insideRam,
  address.noOverlap,
  address.oneZone,
  format.poolFlags,
  kernel.commandLine,
  kernel.oneDefault,
  kernel.defaultTooLate,
  address.fits,
  address.dmaReach,
  kernel.heapName,
  kernel.heapVisible,
  kernel.slots,
  format.overlaySafety,
  kernel.kernelConfig,
  format.budget,
] as const;

export type LintId = (typeof LINTS)[number]['id'] | 'outcome';

const TABLE: readonly Lint<LintId, LintId>[] = LINTS;

/** Severity, title and explanation of every lint, as findings have them. */
export const PLACEMENT_CODES = Object.fromEntries(
  [...TABLE, OUTCOME].map(({ id, severity, title, explain }) => [`placement/${id}`, { severity, title, explain }]),
) as Readonly<Record<`placement/${LintId}`, CodeEntry>>;

const report = reporter(PLACEMENT_CODES);

/**
 * Checks a tree, and the kernel that will read it, for everything that makes a reservation fail or harm.
 * @param input `tree` is the merged tree; with `base`, what is wrong there already is a warning
 * @returns one result per lint, in the order of the table
 * @throws RangeError for a kernel before {@link OLDEST_KERNEL}
 */
export function lintPlacement(input: LintInput): LintResult[] {
  const board = new Board(input);
  const isOld = (id: LintId, finding: Finding) =>
    finding.isOurs !== true && board.findings?.get(id)?.some((one) => key(one) === key(finding)) === true;
  const context = new LintContext(input);
  // What the board itself has wrong must not hide what the overlay does.
  const after = runAll(context, isOld);
  const results = TABLE.map(({ id, needs, skip: skipped }): LintResult => {
    const findings = after.get(id);
    const why = findings === undefined || findings.length === 0 ? skipped(context) : undefined;
    if (why !== undefined) return skippedResult(id, why);
    if (findings === undefined)
      return {
        lint: id,
        status: 'not-run',
        reason: `${blockers(after, needs).join(', ')} failed`,
        diagnostics: [notRun(id, blockers(after, needs))],
      };
    const diagnostics = findings.map((finding) => toDiagnostic(id, finding, isOld(id, finding), input.places));
    const open = findings.some((finding) => finding.verdict === 'needs-target-fact');
    const failed = diagnostics.some((d, i) => d.severity === 'error' && findings[i]?.verdict !== 'needs-target-fact');
    return { lint: id, status: failed ? 'fail' : open ? 'unknown' : 'pass', diagnostics };
  });
  return [...results, outcomeResult(context, board, after, isOld)];
}

/** The board without the overlays. It is booted when a finding asks: where nothing is wrong, its own faults do not matter. */
class Board {
  readonly #input: LintInput;
  #context: LintContext | undefined;
  #findings: ReadonlyMap<LintId, readonly Finding[]> | undefined;

  constructor(input: LintInput) {
    this.#input = input;
  }

  /** undefined: there is no other tree than the one that is judged. */
  get context(): LintContext | undefined {
    const { base, overlays: _, ...plain } = this.#input;
    if (base !== undefined) this.#context ??= new LintContext({ ...plain, tree: base });
    return this.#context;
  }

  get findings(): ReadonlyMap<LintId, readonly Finding[]> | undefined {
    const { context } = this;
    if (context !== undefined) this.#findings ??= runAll(context);
    return this.#findings;
  }
}

/** What the boot comes to, as far as no other lint has said it. */
function outcomeResult(
  context: LintContext,
  board: Board,
  after: ReadonlyMap<LintId, readonly Finding[]>,
  isOld: (id: LintId, finding: Finding) => boolean,
): LintResult {
  const told = [...after].flatMap(([id, findings]) => findings.map((finding) => ({ id, finding })));
  const errors = told.filter(({ id, finding }) => isError(finding) && !isOld(id, finding));
  const findings = outcome(context, {
    told: new Set(told.flatMap(({ finding }) => finding.nodes)),
    hasErrors: errors.length > 0,
    base: () => board.context?.prediction,
  });
  const diagnostics = findings.map((finding) => toDiagnostic('outcome', finding, false, context.input.places));
  const { outcome: result, possibleOutcomes } = context.prediction;
  const isTold = errors.length > 0 && !possibleOutcomes.includes('boots');
  const isBad = isTold || diagnostics.some(({ severity }) => severity === 'error');
  return { lint: 'outcome', status: isBad ? 'fail' : result === 'unknown' ? 'unknown' : 'pass', diagnostics };
}

/**
 * Findings of lints on one kernel or several, each once; with several kernels a finding says on which.
 * What did not run or does not apply stays with the results.
 */
export function findingsOf(
  predicted: readonly { readonly kernel: string; readonly lints: readonly LintResult[] }[],
): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const { kernel, lints } of predicted)
    for (const lint of lints.flatMap((result) => (result.status === 'not-run' ? [] : result.diagnostics))) {
      const key = `${lint.code} ${lint.message}`;
      if (found.has(key)) continue;
      found.set(key, predicted.length === 1 ? lint : { ...lint, message: `Linux ${kernel}: ${lint.message}` });
    }
  return [...found.values()];
}

function skippedResult(id: LintId, { status, reason, fix }: Skip): LintResult {
  if (status === 'not-applicable') return { lint: id, status, reason, diagnostics: [] };
  const note = report(`placement/${id}`, { severity: 'note', message: `not run: ${reason}`, cause: reason, fix });
  return { lint: id, status, reason, diagnostics: [note] };
}

/** Findings by lint; a lint whose prerequisite found an error is missing. */
function runAll(
  context: LintContext,
  isOld: (id: LintId, finding: Finding) => boolean = () => false,
): Map<LintId, readonly Finding[]> {
  const found = new Map<LintId, readonly Finding[]>();
  const run = ({ id, needs, check }: Lint<LintId, LintId>): void => {
    if (found.has(id) || skipped.has(id)) return;
    for (const need of needs) run(TABLE.find((lint) => lint.id === need) as Lint<LintId, LintId>);
    const isNew = (need: LintId) => found.get(need)?.some((finding) => isError(finding) && !isOld(need, finding));
    if (needs.some((need) => skipped.has(need) || isNew(need) === true)) skipped.add(id);
    else
      found.set(
        id,
        check(context).map((finding) => ({ ...finding, severity: severityOf(id, finding) })),
      );
  };
  const skipped = new Set<LintId>();
  TABLE.forEach(run);
  return found;
}

function severityOf(id: LintId, finding: Finding): 'error' | 'warning' | 'note' {
  if (finding.verdict === 'needs-target-fact') return 'warning';
  return finding.severity ?? PLACEMENT_CODES[`placement/${id}`].severity;
}

/** The failed lints behind one that did not run. */
function blockers(found: ReadonlyMap<LintId, readonly Finding[]>, needs: readonly LintId[]): LintId[] {
  const failed = needs.filter((need) => found.get(need)?.some(isError) === true);
  return failed.length > 0 ? failed : needs.filter((need) => !found.has(need));
}

const isError = (finding: Finding) => finding.severity === 'error';

const key = (finding: Finding) => `${finding.nodes.join(' ')} ${finding.message}`;

function toDiagnostic(id: LintId, finding: Finding, isOld: boolean, places: LintInput['places']): Diagnostic {
  const { message, cause, fix, facts } = finding;
  const severity = severityOf(id, finding);
  return report(`placement/${id}`, {
    message: isOld ? `${message} (the base device tree has the same fault)` : message,
    severity: isOld && severity === 'error' ? 'warning' : severity,
    cause,
    fix,
    facts,
    ...finding.nodes.map((node) => places?.get(node)).find((place) => place !== undefined),
  });
}

function notRun(id: LintId, because: readonly LintId[]): Diagnostic {
  return report(`placement/${id}`, {
    severity: 'note',
    message: `not checked: ${because.join(', ')} failed`,
    cause: 'the result depends on them',
    fix: 'correct the other finding first',
  });
}
