import { type Machine } from './machine.js';
/** A kernel of the lab: `test/e2e/kernels/NAME.json`. */
export interface KernelRecipe {
  readonly name: string;
  /** The series, for example `6.12`. */
  readonly version: string;
  readonly arch: Machine['arch'];
  /** Files of `kernels/fragments/`, without the extension; later ones win. */
  readonly fragments: readonly string[];
}
export interface BuiltKernel {
  readonly recipe: KernelRecipe;
  /** The image that QEMU boots. */
  readonly image: string;
  /** The final `.config`. */
  readonly config: string;
  /** Full version of the source, for example `6.12.117`. */
  readonly version: string;
  /** Loadable modules, when the configuration has any. */
  readonly modules: readonly string[];
}
export declare function kernelNames(): Promise<readonly string[]>;
export declare function kernelRecipe(name: string): Promise<KernelRecipe>;
/**
 * Configures the kernel with its own `conf`, always; builds it out of tree unless an image of exactly that source,
 * configuration and compiler is in the cache.
 *
 * @throws when a requested line does not stand in the final `.config`: such a kernel would prove nothing.
 */
export declare function buildKernel(recipe: KernelRecipe, progress: (text: string) => void): Promise<BuiltKernel>;
/** Lines of a fragment that a `.config` does not have; the last request for a symbol counts. */
export declare function missingLines(fragment: string, config: string): readonly string[];
/** A short name for what was built, for logs. */
export declare const imageDigest: (kernel: BuiltKernel) => Promise<string>;
