/** What a check gets to see and what it answers. */

import { type CodeTable, type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import type { KernelVersion } from '../facts/index.js';
import type { OptionLookup } from '../kconfig/option-line.js';
import type { Architecture, OccupiedRange, PlacementInput } from '../placement/index.js';
import type { AddressRange } from '../quantity/index.js';
import type { SourceText } from '../source/index.js';

/** The .config that a kernel tree makes of a base configuration and a fragment. */
export type KernelConfig =
  | {
      /** The line of each symbol; one without a line is missing. */
      readonly lines: OptionLookup;
      /** Complaints about single lines. */
      readonly warnings: readonly string[];
      /** Said when no compiler for the architecture was found. */
      readonly foreignCompiler: string | undefined;
    }
  | { readonly failure: string; readonly output: string };

/** What a tree was generated for, as its manifest says. */
export interface CheckedBoard {
  readonly architecture: Architecture;
  readonly kernel: { readonly min: KernelVersion; readonly max: KernelVersion };
  readonly pageSizeBytes: bigint;
  readonly memory: readonly AddressRange[];
  readonly commandLine: string;
  /** Memory in use at boot, as the recorded inputs say. */
  readonly occupied?: readonly OccupiedRange[];
  /** By node name. */
  readonly addressBits: ReadonlyMap<string, number>;
  /** What was read of the kernel; absent: what ships for the release. */
  readonly known?: Pick<PlacementInput, 'facts' | 'inventory' | 'unknownFacts'>;
}

/** How a process ended. */
export interface Ran {
  /** Undefined when it was killed, by a signal or for taking too long. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The outside world of a check; src/cli/tools.ts has the real one. */
export interface Tools {
  /** Path of a program, undefined when it is not installed. */
  which(name: string): Promise<string | undefined>;
  run(
    command: string,
    args: readonly string[],
    options?: {
      readonly directory?: string;
      /** Changes to our own environment; undefined removes a variable. */
      readonly environment?: Readonly<Record<string, string | undefined>>;
    },
  ): Promise<Ran>;
  /** Text of a file, undefined when there is none. */
  readText(path: string): Promise<string | undefined>;
  /** What a file holds, undefined when there is none. */
  readBytes(path: string): Promise<Uint8Array | undefined>;
  exists(path: string): Promise<boolean>;
  /** Writes a file below {@link scratch}. */
  writeText(path: string, text: string): Promise<void>;
  /** A new private directory, gone when the command ends. */
  scratch(): Promise<string>;
}

/** What the user gave for the real tools to work on; absent: the checks that need it are not run. */
export interface CheckInputs {
  /** Directory of a kernel source tree. It is read; what it holds is run for --confirm alone. */
  readonly kernelTree?: string;
  /** The kernel's ARCH. */
  readonly arch?: string;
  /** A complete .config that the fragment is merged over. */
  readonly baseConfig?: string;
  readonly dtb?: string;
  /** The kernel's CROSS_COMPILE; absent: the usual prefix of the architecture where such a gcc is installed. */
  readonly crossCompile?: string;
}

/** A generated tree. */
export interface CheckedTree {
  readonly directory: string;
  /** Text files, named as the user would open them; a check goes by the ends of names. */
  readonly files: readonly SourceText[];
}

export interface CheckContext {
  /** The final .config of the kernel tree with a fragment on top, by our own engine; absent: no tree was given. */
  readonly finalConfig?: (fragment: string) => KernelConfig | Promise<KernelConfig>;
  /** What the tree was generated for; absent: nothing says. */
  readonly board?: CheckedBoard;
  readonly tree: CheckedTree;
  readonly inputs: CheckInputs;
  readonly tools: Tools;
}

export type CheckStatus = 'pass' | 'fail' | 'not-run' | 'unknown' | 'not-applicable';

export interface CheckResult {
  readonly check: string;
  readonly title: string;
  readonly status: CheckStatus;
  readonly diagnostics: readonly Diagnostic[];
  /** Programs whose absence kept the check from running. */
  readonly missingTools: readonly string[];
}

/** What `run` answers: findings, or that it could not tell. */
export type Verdict =
  | readonly Diagnostic[]
  | {
      readonly status: 'not-run' | 'unknown';
      readonly diagnostics: readonly Diagnostic[];
      readonly missingTools?: readonly string[];
    };

/** One row of the table of checks. */
export interface Check {
  readonly id: string;
  readonly title: string;
  /** The files it is about; a tree without any is not its business, and it is left out of the results. */
  readonly subjects: (tree: CheckedTree) => readonly SourceText[];
  readonly needs: {
    readonly tools: readonly string[];
    readonly inputs: readonly (keyof CheckInputs)[];
  };
  run(subjects: readonly SourceText[], context: CheckContext): Promise<Verdict> | Verdict;
}

/** Option of the command line that gives an input. */
export const INPUT_OPTION: Readonly<Record<keyof CheckInputs, string>> = {
  kernelTree: '--kernel-tree',
  arch: '--arch',
  baseConfig: '--base-config',
  dtb: '--dtb',
  crossCompile: 'CROSS_COMPILE',
};

/** Debian's package for a program, for the fix. */
export const PACKAGE_OF: Readonly<Record<string, string>> = {
  bison: 'bison',
  dtc: 'device-tree-compiler',
  // Debian 13 itself has none, and that of Debian 12 lacks the bindings of reserved memory.
  'dt-validate': 'dt-schema (Debian 13: from trixie-backports; Debian 12: pip install dtschema)',
  fdtget: 'device-tree-compiler',
  fdtoverlay: 'device-tree-compiler',
  flex: 'flex',
  gcc: 'gcc',
  make: 'make',
  sh: 'dash',
  shellcheck: 'shellcheck',
  udevadm: 'udev',
};

export const CHECK_CODES = defineCodes({
  'check/tool-missing': {
    severity: 'warning',
    title: 'a tool is not installed',
    explain:
      'The check needs a tool that is not on PATH, so the check was not run. Install the tool, or run the check on another machine. With --require-tools, the command exits with 3.',
  },
  'check/input-missing': {
    severity: 'note',
    title: 'an input was not given',
    explain: 'The check needs another input, such as a kernel tree or a DTB, so the check was not run.',
  },
  'check/tool-too-old': {
    severity: 'warning',
    title: 'the installed tool cannot do this',
    explain: 'The installed version of the tool lacks a feature that the check needs, so the check was not run.',
  },
} satisfies CodeTable);

export const report = reporter(CHECK_CODES);

export const hasSuffix = (...suffixes: readonly string[]) => {
  return ({ files }: CheckedTree) => files.filter(({ file }) => suffixes.some((suffix) => file.endsWith(suffix)));
};
