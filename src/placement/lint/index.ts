/** The lints of /reserved-memory: one table, run before and after the overlays. */
import { type Diagnostic, reporter } from '../../diagnostic/index.js';
import * as address from './address.js';
import { type LintId, PLACEMENT_CODES } from './codes.js';
import { type Finding, LintContext, type LintInput } from './context.js';
import * as format from './format.js';
import * as kernel from './kernel.js';

export { type LintId, PLACEMENT_CODES } from './codes.js';
export type { LintInput } from './context.js';

export interface LintResult {
  readonly lint: LintId;
  /** `not-run`: a lint that it needs has failed. `unknown`: a fact about the target is missing. */
  readonly status: 'pass' | 'fail' | 'unknown' | 'not-run';
  readonly diagnostics: readonly Diagnostic[];
}

interface Lint {
  readonly id: LintId;
  /** Lints that must not have found an error, or this one would only repeat it. */
  readonly needs: readonly LintId[];
  readonly check: (context: LintContext) => readonly Finding[];
}

const READABLE: readonly LintId[] = ['cells-match-root', 'ranges-present', 'property-lengths'];
const PLACED: readonly LintId[] = [...READABLE, 'base-aligned', 'size-multiple', 'pool-flags'];

const LINTS: readonly Lint[] = [
  { id: 'cells-match-root', needs: [], check: format.cellsMatchRoot },
  { id: 'ranges-present', needs: [], check: format.rangesPresent },
  { id: 'property-lengths', needs: ['cells-match-root'], check: format.propertyLengths },
  { id: 'base-aligned', needs: READABLE, check: address.baseAligned },
  { id: 'size-multiple', needs: READABLE, check: address.sizeMultiple },
  { id: 'inside-ram', needs: READABLE, check: address.insideRam },
  { id: 'no-overlap', needs: READABLE, check: address.noOverlap },
  { id: 'one-zone', needs: [...PLACED, 'inside-ram'], check: address.oneZone },
  { id: 'pool-flags', needs: ['cells-match-root', 'ranges-present'], check: format.poolFlags },
  { id: 'command-line', needs: READABLE, check: kernel.commandLine },
  { id: 'one-default', needs: READABLE, check: kernel.oneDefault },
  { id: 'default-too-late', needs: PLACED, check: kernel.defaultTooLate },
  { id: 'fits', needs: [...READABLE, 'size-multiple'], check: address.fits },
  { id: 'dma-reach', needs: READABLE, check: address.dmaReach },
  { id: 'heap-name', needs: ['cells-match-root', 'ranges-present'], check: kernel.heapName },
  { id: 'heap-visible', needs: PLACED, check: kernel.heapVisible },
  { id: 'slots', needs: READABLE, check: kernel.slots },
  { id: 'overlay-safety', needs: [], check: format.overlaySafety },
  { id: 'kernel-config', needs: [], check: kernel.kernelConfig },
  { id: 'budget', needs: READABLE, check: format.details },
];

const report = reporter(PLACEMENT_CODES);

/**
 * Checks a tree, and the kernel that will read it, for everything that makes a reservation fail or harm.
 * @param input `tree` is the merged tree; with `base`, what is wrong there already is a warning
 * @returns one result per lint, in the order of the table
 * @throws RangeError for a kernel before 5.10
 */
export function lintPlacement(input: LintInput): LintResult[] {
  const { base, overlays: _, ...plain } = input;
  const before = base === undefined ? undefined : runAll(new LintContext({ ...plain, tree: base }));
  const isOld = (id: LintId, finding: Finding) => before?.get(id)?.some((one) => key(one) === key(finding)) === true;
  // What the board itself has wrong must not hide what the overlay does.
  const after = runAll(new LintContext(input), isOld);
  return LINTS.map(({ id, needs }): LintResult => {
    const findings = after.get(id);
    if (findings === undefined)
      return {
        lint: id,
        status: 'not-run',
        diagnostics: [notRun(id, blockers(after, needs))],
      };
    const diagnostics = findings.map((finding) => toDiagnostic(id, finding, isOld(id, finding), input.places));
    const open = findings.some((finding) => finding.verdict === 'needs-target-fact');
    const failed = diagnostics.some((d, i) => d.severity === 'error' && findings[i]?.verdict !== 'needs-target-fact');
    return { lint: id, status: failed ? 'fail' : open ? 'unknown' : 'pass', diagnostics };
  });
}

/** Findings by lint; a lint whose prerequisite found an error is missing. */
function runAll(
  context: LintContext,
  isOld: (id: LintId, finding: Finding) => boolean = () => false,
): Map<LintId, readonly Finding[]> {
  const found = new Map<LintId, readonly Finding[]>();
  const run = ({ id, needs, check }: Lint): void => {
    if (found.has(id) || skipped.has(id)) return;
    for (const need of needs) run(LINTS.find((lint) => lint.id === need) as Lint);
    const isNew = (need: LintId) => found.get(need)?.some((finding) => isError(finding) && !isOld(need, finding));
    if (needs.some((need) => skipped.has(need) || isNew(need) === true)) skipped.add(id);
    else
      found.set(
        id,
        check(context).map((finding) => ({ ...finding, severity: severityOf(id, finding) })),
      );
  };
  const skipped = new Set<LintId>();
  LINTS.forEach(run);
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
    message: isOld ? `${message} (already so in the base device tree)` : message,
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
    cause: 'its answer would only repeat that',
    fix: 'repair the other finding first',
  });
}
