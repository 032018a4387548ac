/** What a boot leaves behind: memory, areas, messages and refusals, and what can be asked of them. */

import type { RemapStop } from './arm-remap.js';
import type { OwnRoom } from './early-memory.js';
import { type Interval, interval, overlaps } from './interval-set.js';
import { Memblock } from './memblock.js';
import type { FailureClass, LogFamily, RefusedDefault } from './prediction.js';
import type { ReservedNode } from './reserved-nodes.js';
import { OWN_MEMORY, type Situation } from './situation.js';

export interface Area extends Interval {
  readonly name: string;
  readonly source: 'node' | 'command-line' | 'kconfig';
  readonly node: ReservedNode | undefined;
  /** The address is the node's or the command line's, not a choice of the allocator. */
  readonly fixed: boolean;
  active: boolean;
}

/** Before the kernel makes its linear map; before it takes memory for itself; after that. */
export type Stage = 'scan' | 'mapped' | 'allocating';

/** A message; the address of `area` replaces `{address}` in the text. */
export interface Message {
  readonly family: LogFamily;
  readonly text: string;
  readonly area: Area | undefined;
  readonly stage: Stage;
}

export interface Refusal {
  readonly node: ReservedNode;
  readonly family: LogFamily | null;
  readonly failure: FailureClass;
  readonly reason: string;
  readonly facts: readonly string[];
  readonly kernelFunction: string;
  readonly range: Interval | undefined;
  /** The range was given back, but for what another region keeps of it. */
  readonly released: boolean;
  readonly stage: Stage;
}

const GIB4 = 1n << 32n;

export class BootRecord {
  readonly situation: Situation;
  readonly memblock: Memblock;
  readonly areas: Area[] = [];
  readonly messages: Message[] = [];
  readonly refusals: Refusal[] = [];
  /** Ranges that arm32 maps anew, in the order of its table. */
  readonly remapped: { readonly node: ReservedNode | undefined; readonly range: Interval }[] = [];
  /** arm32: what stops it while it maps them. */
  remapStop: RemapStop | undefined;
  defaultArea: Area | undefined;
  /** The default area was asked for, and has no place. */
  refusedDefault: RefusedDefault | undefined;
  /** Nodes without a base, and the place that the kernel chose for each. */
  readonly placed: { readonly node: ReservedNode; readonly range: Interval }[] = [];
  /** Ranges that are left out of the linear map. */
  readonly unmapped: { readonly node: ReservedNode; readonly range: Interval }[] = [];
  /** arm32: where mapping low memory ends the boot. */
  mappingStop: bigint | undefined;
  /** What the regions leave for the page descriptors, where those come before the default area. */
  descriptorRoom: OwnRoom = 'ample';
  protected stage: Stage = 'scan';

  constructor(situation: Situation) {
    this.situation = situation;
    this.memblock = new Memblock(situation.banks, situation.pageSizeBytes);
  }

  protected say(family: LogFamily, text: string, area?: Area): void {
    this.messages.push({ family, text, area, stage: this.stage });
  }

  protected refuse(
    node: ReservedNode,
    family: LogFamily | null,
    range: Interval | undefined,
    rest: Pick<Refusal, 'failure' | 'reason' | 'facts' | 'kernelFunction'> & { readonly released?: boolean },
  ): void {
    const { failure, reason, facts, kernelFunction, released = false } = rest;
    this.refusals.push({ node, family, range, failure, reason, facts, kernelFunction, released, stage: this.stage });
  }

  /** The default area is made before the kernel allocates anything for itself. */
  get defaultIsFirst(): boolean {
    return this.situation.rules.defaultBeforeStatic.includes(this.situation.architecture);
  }

  /** Whether all that an area lacks is the page below 4 GiB that arm32 drops. */
  isCutAtTop(area: Interval, end = this.memblock.end): boolean {
    const { architecture, lpae, pageSizeBytes } = this.situation;
    if (architecture !== 'arm' || lpae || area.end !== GIB4 || end !== GIB4 - pageSizeBytes) return false;
    return this.memblock.memory.contains({ start: area.start, end });
  }

  isGivenBack(node: ReservedNode): boolean {
    return this.refusals.some((refusal) => refusal.node === node && refusal.released);
  }

  /** Whether memory that is taken from the start could change anything that this boot shows. */
  dependsOn(taken: Interval): boolean {
    const { reservedMemory, memoryReservations } = this.situation;
    const meets = (range: Interval) => overlaps(range, taken);
    return (
      this.memblock.searched.overlaps(taken) ||
      this.areas.some(meets) ||
      this.unmapped.some(({ range }) => meets(range)) ||
      this.remapped.some(({ range }) => meets(range)) ||
      reservedMemory.nodes.some(
        (node) =>
          Array.isArray(node.reg) && node.reg.some((entry) => meets(interval(entry.baseAddress, entry.sizeBytes))),
      ) ||
      memoryReservations.some((entry) => meets(interval(entry.baseAddress, entry.sizeBytes)))
    );
  }

  /** Whether the range belongs to the kernel's own memory: its image, the initrd, the tree. */
  ownMemoryUnder(range: Interval): readonly string[] {
    return this.situation.occupied
      .filter((own) => OWN_MEMORY.includes(own.name) && own.start < range.end && range.start < own.end)
      .map((own) => own.name);
  }
}
