import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Machine } from './machine.js';

/**
 * A child of /reserved-memory. `true` is an empty property, `"<...>"` or `"[...]"` are cells or bytes as dtc spells
 * them, any other text is a string; lists of numbers and sizes (`"64M"`, `"0x50000000"`) become cells as the machine's
 * root asks.
 */
export type NodeProperties = Readonly<Record<string, true | string | readonly (string | readonly string[])[]>>;
export type Nodes = Readonly<Record<string, NodeProperties>>;

/** What a person wrote down from a boot, independent of the simulator. Every field that is given must hold. */
export interface Expectation {
  readonly heaps?: readonly string[];
  readonly cmaTotalMiB?: number;
  readonly ending?: 'boots' | 'panics' | 'hangs';
  /** Texts that the kernel's log must have. */
  readonly says?: readonly string[];
  /** Lines that the guest's own script must print, in any order; no other line may begin with their first word. */
  readonly shows?: readonly string[];
}

export interface Case {
  readonly name: string;
  readonly about?: string;
  /** Names of kernel recipes. */
  readonly kernels: readonly string[];
  readonly memoryMiB: number;
  /** Further QEMU options. */
  readonly options: readonly string[];
  /** A base device tree of `boards/` instead of QEMU's own; its RAM is what QEMU's loader fills in. */
  readonly board?: string;
  /** One overlay each, applied in order. */
  readonly overlays: readonly Nodes[];
  /** Devicetree source for the body of `/` of one more overlay, for what `overlays` cannot say. */
  readonly extra?: string;
  readonly cmdline: string;
  /** Kernel recipe or series (`6.12`) -> what was seen there; `*` for all. */
  readonly expect: Readonly<Record<string, Expectation>>;
  /** A profile below the repository's root: its generated overlay is applied last, its rules and expectation go into the guest. */
  readonly profile?: string;
  /** Default true; false: the guest has the profile's expectation, but neither its overlay nor its rules. */
  readonly applied?: boolean;
  /** Who manages the device nodes in the guest. */
  readonly devices?: 'udev' | 'mdev' | 'devtmpfs';
  /** Shell text that the guest runs, before it tries its heaps. */
  readonly script?: string;
  /** What the guest's script shows is in docs/story.md, word for word. */
  readonly recorded?: boolean;
  /** Node and the addon are in the guest. */
  readonly node?: boolean;
  readonly silenceSeconds: number;
  /** Only with `--long`. */
  readonly long?: boolean;
}

/** One case on one kernel. */
export interface Run {
  readonly id: string;
  readonly kernel: string;
  readonly arch: Machine['arch'];
  readonly case: Case;
}

const CASES = new URL('cases/', import.meta.url).pathname;

const DEFAULTS = { memoryMiB: 512, options: [], overlays: [], cmdline: '', expect: {}, silenceSeconds: 25 };

/** All cases: each file of `cases/` is a list with defaults of its own. */
export async function loadCases(): Promise<readonly Case[]> {
  const files = (await readdir(CASES)).filter((file) => file.endsWith('.json')).sort();
  const cases = await Promise.all(
    files.map(async (file): Promise<readonly Case[]> => {
      const { defaults, cases } = JSON.parse(await readFile(path.join(CASES, file), 'utf8'));
      return cases.map((one: Partial<Case>) => ({ ...DEFAULTS, ...defaults, ...one }));
    }),
  );
  return cases.flat();
}

export const runsOf = (cases: readonly Case[]): readonly Run[] =>
  cases.flatMap((one) =>
    one.kernels.map((kernel) => ({ id: `${one.name}@${kernel}`, kernel, arch: archOf(kernel), case: one })),
  );

const archOf = (kernel: string) => kernel.split('-')[0] as Machine['arch'];

/** What was written down for this kernel: its own entry, else its series', else that for all. */
export function expectationFor(run: Run): Expectation | undefined {
  const series = run.kernel.split('-')[1] ?? '';
  return run.case.expect[run.kernel] ?? run.case.expect[series] ?? run.case.expect['*'];
}
