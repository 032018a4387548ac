/** The type of the module that src/build/diagnoses.ts generates beside this file. */
export interface DiagnosisEntry {
  readonly id: string;
  readonly cause: string;
  readonly fix: string;
}

/** The verifier's catalogue; `{}` stands for the subject of a result. */
export const DIAGNOSES: readonly DiagnosisEntry[];
