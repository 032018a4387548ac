/**
 * The library: a profile is read, a model resolved, a plan made, artifacts rendered and checked, a boot predicted, the
 * running machine verified. Every stage returns `{ value, diagnostics }`; none touches disk or processes by itself, but
 * {@link verifySystem} and what {@link openTools} hands to {@link check}. docs/library.md has examples.
 */
export { type BootLog, readBootLog } from './bootlog/index.js';
export {
  type CheckContext,
  type CheckedTree,
  type CheckInputs,
  type CheckResult,
  type CheckStatus,
  runChecks as check,
  type Tools,
} from './check/index.js';
export { openTools } from './cli/tools.js';
export {
  type CodeEntry,
  type Diagnostic,
  hasErrors,
  type Outcome,
  type Related,
  type Severity,
  type Span,
} from './diagnostic/index.js';
export type { WriteContext } from './diagnostic/write-context.js';
export { FORMATS, type Format, writeDiagnostics } from './diagnostic/writers.js';
export {
  FACTS,
  type Fact,
  factAt,
  formatKernelVersion,
  type KernelVersion,
  parseKernelVersion,
  rangeAt,
} from './facts/index.js';
export { type DtbFacts, type Model, type ModelContext, resolveModel } from './model/index.js';
export { type LintInput, type PlacementInput, type Prediction, predict } from './placement/index.js';
export { closeFragment, closeFromKnowledge } from './plan/close.js';
export { makePlan, type Plan, type PlannedArea, type PlannedHeap, type SymbolRequest } from './plan/index.js';
export { type LoadedProfile, type ReadText, readProfile } from './profile/load.js';
export type { Profile } from './profile/types.gen.js';
export { type Artifact, type RenderContext, render, TARGETS } from './render/index.js';
export { SourceText } from './source/index.js';
export { type VerifyOptions, type VerifyReport, verifySystem } from './verify/index.js';
