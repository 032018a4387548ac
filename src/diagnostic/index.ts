/**
 * What every stage reports: one finding with its place, cause and fix. A user's mistake is a value of this type,
 * never an exception; an exception is a defect of ours.
 */

export type Severity = 'error' | 'warning' | 'note';

/** A stretch of a text file. Lines and columns count from 1, columns in UTF-16 units; the end is exclusive. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A second place that matters to a finding: "first defined here". */
export interface Related {
  readonly message: string;
  readonly span: Span;
}

export interface Diagnostic {
  /** `area/what`, e.g. `profile/unknown-key`; declared with {@link defineCodes}. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, with the value that is wrong. One sentence, no full stop. */
  readonly message: string;
  /** Why it is wrong. */
  readonly cause?: string;
  /** What to type or do instead. */
  readonly fix?: string;
  readonly span?: Span;
  /** RFC 6901 JSON pointer into the profile, when the finding is about one. */
  readonly pointer?: string;
  /** Ids of the facts (src/facts) the finding rests on. */
  readonly facts?: readonly string[];
  readonly related?: readonly Related[];
}

/** What a stage returns. `value` is absent only when an error says why. */
export interface Outcome<T> {
  readonly value?: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** The entry behind `dmaheap explain CODE`. */
export interface CodeEntry {
  readonly severity: Severity;
  /** What the finding is, in a few words. */
  readonly title: string;
  /** Cause and remedy in general, for someone who has only the code. */
  readonly explain: string;
}

export type CodeTable = Readonly<Record<string, CodeEntry>>;

/** Declares the codes of one area; the keys become the type that {@link reporter} accepts. */
export function defineCodes<const T extends CodeTable>(table: T): T {
  return table;
}

/**
 * Makes the constructor of findings for one table of codes, so that an undeclared code does not compile and the
 * severity is the table's unless the caller says otherwise.
 */
export function reporter<T extends CodeTable>(table: T) {
  return (
    code: keyof T & string,
    finding: Omit<Diagnostic, 'code' | 'severity'> & { severity?: Severity },
  ): Diagnostic => ({
    code,
    severity: finding.severity ?? (table[code] as CodeEntry).severity,
    ...finding,
  });
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === 'error');
}
