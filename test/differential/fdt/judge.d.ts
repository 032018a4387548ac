/** The path of the compiled judge. Needs a C compiler and libfdt-dev. */
export declare function buildJudge(): Promise<string>;
/** Runs a tool that must succeed; its standard output. */
export declare function run(command: string, args: readonly string[], input?: string): Buffer;
/** The merged blob, or libfdt's error number (negative). */
export type Verdict = Buffer | number;
/** What libfdt makes of each overlay on its base. */
export declare function applyByLibfdt(
  judge: string,
  pairs: readonly (readonly [base: string, overlay: string])[],
): Verdict[];
/**
 * Zeroes the padding behind property values, in place: libfdt leaves the end of an old value there when the new one is
 * shorter, and dtc writes zeros. A walk of its own, so that src/fdt is not asked about itself.
 */
export declare function zeroPadding(blob: Buffer): Buffer;
