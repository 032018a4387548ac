/** What a lint looks at. */
import type { Diagnostic } from '../../diagnostic/index.js';
import type { Fdt, FdtNode } from '../../fdt/index.js';
import { formatAddress, formatBytes } from '../../quantity/index.js';
import { holesWithout } from '../holes.js';
import type { PlacementInput } from '../input.js';
import { higher, type Interval, interval } from '../interval-set.js';
import { predictSettled } from '../predict.js';
import type { Prediction } from '../prediction.js';
import { regionUsers } from '../reach.js';
import { firstEntry, isPool, type ReservedNode } from '../reserved-nodes.js';
import { type OpenQuestion, situationOf } from '../settle.js';
import type { Situation } from '../situation.js';

export interface LintInput extends PlacementInput {
  /** The board's own tree: its faults are not ours. */
  readonly base?: Fdt;
  readonly overlays?: readonly Fdt[];
  /** Who applies the overlays; the running kernel cannot reserve memory. Default: the boot loader. */
  readonly delivery?: 'boot-loader' | 'run-time';
  /** Address bits that the users of a region can drive, by node name. */
  readonly addressBits?: ReadonlyMap<string, number>;
  /** The profile itself delivers the `cma=` of the command line. */
  readonly ownParameter?: boolean;
  /** The profile's default area, if the device tree does not deliver it. */
  readonly ownArea?: {
    readonly name: string;
    readonly sizeBytes: bigint;
    readonly delivery: 'command-line' | 'kconfig';
  };
  /** To what the plan rounds sizes up: to follow a fix with another size would lead back to it. */
  readonly sizeGranuleBytes?: bigint;
  /** Where a profile asks for a node, by node name. */
  readonly places?: ReadonlyMap<string, Pick<Diagnostic, 'pointer' | 'span'>>;
}

/** Each is a simulated boot; a tree full of faults must not cost one per fault. */
const MAX_BOOTS = 16;

export type Verdict = 'refuted' | 'needs-target-fact';

export interface Finding {
  /** Default: refuted. */
  readonly verdict?: Verdict;
  readonly severity?: 'error' | 'warning' | 'note';
  /** The node or nodes that it is about: the same finding about the same nodes in the base is the board's own. */
  readonly nodes: readonly string[];
  readonly message: string;
  readonly cause: string;
  readonly fix: string;
  readonly facts: readonly string[];
  /** It is not the base tree that is to blame, whatever the base alone would lead to. */
  readonly isOurs?: boolean;
}

export class LintContext {
  readonly input: LintInput;
  readonly situation: Situation;
  readonly questions: readonly OpenQuestion[];
  readonly prediction: Prediction;
  /** Nodes in use that ask for a CMA area. */
  readonly pools: readonly ReservedNode[];
  /** Granules that what is known of the configuration allows. */
  readonly granules: readonly bigint[];
  readonly isRamKnown: boolean;
  readonly #holes = new Map<Situation, Map<ReservedNode | undefined, readonly Interval[]>>();
  #users: ReadonlyMap<number, readonly FdtNode[]> | undefined;

  constructor(input: LintInput) {
    this.input = input;
    const settled = situationOf(input);
    const { situation, questions } = settled;
    this.situation = situation;
    this.questions = questions;
    this.prediction = predictSettled(settled);
    this.pools = situation.reservedMemory.nodes.filter(isPool);
    this.granules = [
      situation.minimumAlignmentBytes,
      ...questions
        .filter(({ about }) => about === 'granule')
        .flatMap(({ answers }) => answers.map((answer) => answer.minimumAlignmentBytes)),
    ];
    this.isRamKnown = !questions.some(({ about }) => about === 'memory');
  }

  get granule(): bigint {
    return this.granules.reduce(higher, 0n);
  }

  /** Whether a condition on the granule holds for all that are possible, for some, or for none. */
  forGranules(holds: (granule: bigint) => boolean): 'all' | 'some' | 'none' {
    const count = this.granules.filter(holds).length;
    return count === 0 ? 'none' : count === this.granules.length ? 'all' : 'some';
  }

  needs(about: OpenQuestion['about']): string | undefined {
    return this.questions.find((question) => question.about === about)?.needs;
  }

  /** Aligned free memory if this node were not there; after a few nodes, what is free with all of them. */
  holesWithout(node: ReservedNode | undefined, situation: Situation = this.situation): readonly Interval[] {
    if (!this.isRamKnown) return [];
    const found = this.#holes.get(situation) ?? new Map<ReservedNode | undefined, readonly Interval[]>();
    this.#holes.set(situation, found);
    const left = node !== undefined && (found.has(node) || found.size < MAX_BOOTS) ? node : undefined;
    const known = found.get(left);
    if (known !== undefined) return known;
    const holes = holesWithout(situation, left === undefined ? [] : [left]);
    found.set(left, holes);
    return holes;
  }

  get ramEnd(): bigint {
    return this.situation.banks.map(({ end }) => end).reduce(higher, 0n);
  }

  /** The situation, and those with each possible place of kernel, initrd and device tree. */
  get layouts(): readonly Situation[] {
    const open = this.questions.filter(({ about }) => about === 'layout').flatMap(({ answers }) => answers);
    return [this.situation, ...open];
  }

  /** Devices whose memory-region names a node, by its phandle. */
  get users(): ReadonlyMap<number, readonly FdtNode[]> {
    this.#users ??= regionUsers(this.input.tree);
    return this.#users;
  }

  /** A number in the root's cells, as a device tree source writes it. */
  cells(value: bigint, of: 'address' | 'size'): string {
    return cellsText(value, this.situation.reservedMemory.rootCells[of]);
  }

  regText(range: Interval): string {
    return `reg = <${this.cells(range.start, 'address')} ${this.cells(range.end - range.start, 'size')}>`;
  }
}

export function cellsText(value: bigint, count: number): string {
  // A damaged tree may state four billion cells; no kernel reads them.
  const length = Math.min(count, 4);
  return Array.from(
    { length },
    (_, i) => `0x${((value >> BigInt(32 * (length - 1 - i))) & 0xffffffffn).toString(16)}`,
  ).join(' ');
}

/** The range of a pool with a base. */
export function staticRange(node: ReservedNode): Interval | undefined {
  const first = firstEntry(node);
  return first && interval(first.baseAddress, first.sizeBytes);
}

/** `256 MiB at 0x40000000` */
export function spell(range: Interval): string {
  return `${formatBytes(range.end - range.start)} at ${formatAddress(range.start)}`;
}
