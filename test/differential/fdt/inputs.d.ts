export interface DeviceTrees {
  /** Absolute paths, sorted. */
  readonly dtbs: readonly string[];
  /** Overlays, sorted. */
  readonly dtbos: readonly string[];
  /** Packages without their directory, e.g. `arm64 6.1: 577 dtb, 0 dtbo`. */
  readonly summary: readonly string[];
}
/** @param sampleSize how many DTBs (overlays: a fifth of it); undefined for all */
export declare function deviceTrees(sampleSize?: number): Promise<DeviceTrees>;
/** An order that looks random and is the same on every machine and for every new kernel. */
export declare function byHash(files: readonly string[]): readonly string[];
