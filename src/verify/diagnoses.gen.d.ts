/** The type of the module that src/build/diagnoses.ts generates beside this file. */
export interface DiagnosisEntry {
  readonly id: string;
  readonly cause: string;
  readonly fix: string;
}

/** The verifier's catalogue, as `dmaheap-verify --catalogue` prints it: words such as NAME stand where a result has its subject. */
export const DIAGNOSES: readonly DiagnosisEntry[];
