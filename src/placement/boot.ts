/** The early boot of one kernel in one situation: which reserved-memory nodes become CMA areas, and where. */
import { alignUp, isAligned } from '../quantity/index.js';
import { sectionPairStop } from './arm-map.js';
import { remapStop } from './arm-remap.js';
import { type Area, BootRecord, type Refusal } from './boot-record.js';
import { causeMessage, defaultWish, describeRefusal, findDefault } from './default-area.js';
import { descriptorRoom, takeEarly } from './early-memory.js';
import { kernelHeapSort } from './heap-sort.js';
import { type Interval, interval } from './interval-set.js';
import { firstEntry, isPool, type ReservedNode } from './reserved-nodes.js';
import { RULE_FACTS } from './rules.js';
import type { Situation } from './situation.js';
import { mappedLowMemoryEnd } from './zones.js';

type Verdict = 'claimed' | 'no-driver' | 'refused';

interface Entry extends Interval {
  readonly node: ReservedNode;
}

const MIB = 1n << 20n;
const CACHE_LINE = 64n;

/** The kernel's steps, in its order; each is named after what it does, with the kernel's function beside it. */
export class Boot extends BootRecord {
  readonly #entries: Entry[] = [];

  constructor(situation: Situation) {
    super(situation);
    this.#reserveLoaded();
    this.#scan();
    this.#reserveTree();
    if (this.defaultIsFirst) this.#reserveDefault();
    this.#mapLowMemory();
    this.#remap();
    if (situation.rules.staticRegistration === 'late') this.#registerStatic();
    if (this.defaultIsFirst || this.#takeOwnMemory()) this.#activate();
  }

  /** What the boot loader has put into memory. riscv reserves the tree only after it has placed the regions in it. */
  #reserveLoaded(): void {
    const { architecture, occupied } = this.situation;
    const isLater = (name: string) => name === 'dtb' && architecture === 'riscv64';
    for (const range of occupied)
      if (range.name !== 'firmware' && !isLater(range.name)) this.memblock.reserved.add(range);
  }

  #reserveTree(): void {
    for (const range of this.situation.occupied) if (range.name === 'dtb') this.memblock.reserved.add(range);
  }

  /** What the kernel takes for itself, and the default area after it. @returns whether it gets so far */
  #takeOwnMemory(): boolean {
    this.descriptorRoom = descriptorRoom(this.memblock, this.situation);
    if (this.descriptorRoom === 'none') return false;
    this.stage = 'allocating';
    if (this.defaultArea !== undefined || !this.situation.dmaCma) return true;
    const giveBack = takeEarly(this.memblock, this.situation.early ?? []);
    this.#reserveDefault();
    // Nodes are placed before it, so for them it is free.
    giveBack();
    return true;
  }

  /** early_init_fdt_scan_reserved_mem() */
  #scan(): void {
    const { rules, reservedMemory } = this.situation;
    if (rules.memreserveOrder === 'first') this.#reserveBlock();
    if (reservedMemory.node !== undefined) {
      if (!reservedMemory.supported) this.#unsupported();
      else if (rules.order !== 'tree') this.#scanSorted();
      else this.#scanInTreeOrder();
    }
    if (rules.memreserveOrder === 'last') this.#reserveBlock();
  }

  #reserveBlock(): void {
    for (const { baseAddress, sizeBytes } of this.situation.memoryReservations)
      this.memblock.reserved.add(interval(baseAddress, sizeBytes));
  }

  #unsupported(): void {
    const { rules, reservedMemory } = this.situation;
    const prefix = rules.staticRegistration === 'early' ? 'OF: fdt: ' : 'OF: reserved mem: ';
    this.say('unsupported-format', `${prefix}Reserved memory: unsupported node format, ignoring`);
    for (const node of reservedMemory.nodes)
      if (isPool(node))
        this.refuse(node, 'unsupported-format', undefined, {
          failure: 'ignored',
          reason: 'the cells of /reserved-memory differ from the root, or ranges is missing: every node is ignored',
          facts: ['reserved-memory.cells'],
          kernelFunction: '__reserved_mem_check_root',
        });
  }

  /** Older kernels: all nodes are collected, sorted and then initialised. */
  #scanSorted(): void {
    const { rules, reservedMemory } = this.situation;
    for (const node of reservedMemory.nodes) {
      const reserved = this.#reserveStatic(node);
      if (reserved === 'refused') continue;
      if (reserved === 'absent' && node.size === undefined) continue;
      if (this.#entries.length === rules.nodeLimit.nodes) {
        this.refuse(node, null, undefined, {
          failure: reserved === 'absent' ? 'ignored' : 'lost',
          reason: `the kernel handles at most ${rules.nodeLimit.nodes} nodes under /reserved-memory`,
          facts: [RULE_FACTS.nodeLimit],
          kernelFunction: 'fdt_reserved_mem_save_node',
        });
        continue;
      }
      const first = reserved === 'absent' ? undefined : firstEntry(node);
      if (reserved !== 'absent' && first === undefined) continue;
      this.#entries.push({ node, ...interval(first?.baseAddress ?? 0n, first?.sizeBytes ?? 0n) });
    }
    if (this.#entries.length >= 2)
      kernelHeapSort(this.#entries, rules.order === 'node-sorted' ? compareNodes : compareEntries);
    this.#sayOverlaps();
    this.#entries.forEach((entry, i) => {
      const { node } = entry;
      if (entry.end > entry.start) {
        this.#initialise(node, entry);
        return;
      }
      const range = this.#allocate(node);
      if (range === undefined) return;
      this.#entries[i] = { node, ...range };
      this.#initialise(node, range);
    });
  }

  /** Later kernels: bases first, then sizes in the order of the tree; the drivers of bases come later. */
  #scanInTreeOrder(): void {
    const { rules, reservedMemory } = this.situation;
    const sizeOnly: ReservedNode[] = [];
    for (const node of reservedMemory.nodes) {
      if (this.#reserveStatic(node) !== 'absent' || node.size === undefined) continue;
      if (sizeOnly.length < rules.nodeLimit.nodes) sizeOnly.push(node);
      else
        this.refuse(node, null, undefined, {
          failure: 'ignored',
          reason: `the kernel handles at most ${rules.nodeLimit.nodes} nodes without a base`,
          facts: [RULE_FACTS.nodeLimit],
          kernelFunction: 'fdt_scan_reserved_mem',
        });
    }
    for (const node of sizeOnly) {
      const range = this.#allocate(node);
      if (range === undefined) continue;
      this.#remapBefore(node, range);
      this.#register(node, range);
    }
  }

  /** unflatten_device_tree(): nodes with a base get their driver. */
  #registerStatic(): void {
    const { reservedMemory } = this.situation;
    if (reservedMemory.node === undefined) return;
    this.stage = 'mapped';
    if (!reservedMemory.supported) {
      this.say('unsupported-format', 'OF: reserved mem: Reserved memory: unsupported node format, ignoring');
      return;
    }
    for (const node of reservedMemory.nodes) {
      const first = firstEntry(node);
      if (node.reg === 'malformed') this.#sayMalformed(node);
      if (this.situation.rules.staticEntries === 'all') this.#sayEntries(node);
      if (first === undefined || first.sizeBytes === 0n || this.#skippedForParameter(node)) continue;
      this.#register(node, interval(first.baseAddress, first.sizeBytes));
    }
    this.#entries.sort(compareEntries);
    this.#sayOverlaps();
  }

  /** Some kernels come here twice for a node with a base. */
  #sayMalformed(node: ReservedNode): void {
    const { malformedList, messagePrefix } = this.situation.rules;
    if (malformedList === 'refused')
      this.say('invalid-size', `${messagePrefix}invalid reg property in '${node.name}', skipping node.`);
  }

  #register(node: ReservedNode, range: Interval): void {
    const claimed = this.#initialise(node, range) !== 'refused';
    if (claimed || this.situation.rules.refusedNodeListed) this.#entries.push({ node, ...range });
  }

  /** __reserved_mem_reserve_reg() */
  #reserveStatic(node: ReservedNode): 'absent' | 'reserved' | 'refused' {
    const { rules } = this.situation;
    if (node.reg === undefined) return 'absent';
    if (node.reg === 'malformed' || (rules.malformedList === 'absent' && node.reg.length === 0)) {
      if (rules.malformedList === 'absent') {
        if (isPool(node) && node.size === undefined)
          this.refuse(node, null, undefined, {
            failure: 'ignored',
            reason: "the length of reg is not a multiple of the root's cells, and this kernel does not print a message",
            facts: [RULE_FACTS.malformedList],
            kernelFunction: '__reserved_mem_reserve_reg',
          });
        return 'absent';
      }
      this.#sayMalformed(node);
      this.refuse(node, 'invalid-size', undefined, {
        failure: 'ignored',
        reason: "the length of reg is not a multiple of the root's cells",
        facts: [RULE_FACTS.malformedList],
        kernelFunction: '__reserved_mem_reserve_reg',
      });
      return 'refused';
    }
    if (rules.staticEntries === 'first') this.#sayEntries(node);
    if (this.#skippedForParameter(node)) return 'refused';
    for (const entry of rules.staticEntries === 'all' ? node.reg : node.reg.slice(0, 1)) {
      const range = interval(entry.baseAddress, entry.sizeBytes);
      if (entry.sizeBytes > 0n && this.#reserve(range, node.noMap)) {
        if (node.noMap) this.unmapped.push({ node, range });
        this.#remapBefore(node, range);
        continue;
      }
      this.say(
        'alloc-failed',
        `${rules.messagePrefix}failed to reserve memory for node '${node.name}': base ${hex(range.start)}, size ${entry.sizeBytes / MIB} MiB`,
      );
      this.refuse(node, 'alloc-failed', range, {
        failure: 'ignored',
        reason: entry.sizeBytes === 0n ? 'the size in reg is 0' : 'a no-map region must not overlap reserved memory',
        facts: [RULE_FACTS.noMapOverReserved],
        kernelFunction: 'early_init_dt_reserve_memory',
      });
    }
    return 'reserved';
  }

  #reserve(range: Interval, noMap: boolean): boolean {
    if (!noMap) {
      this.memblock.reserved.add(range);
      return true;
    }
    const { noMapOverReserved } = this.situation.rules;
    const isRefused =
      noMapOverReserved === 'always' || (noMapOverReserved === 'when-ram' && this.memblock.memory.overlaps(range));
    if (isRefused && this.memblock.reserved.overlaps(range)) return false;
    this.memblock.nomap.add(range);
    return true;
  }

  /** Some kernels do not even place a default node when cma= is given. */
  #skippedForParameter(node: ReservedNode): boolean {
    const { rules, parameter, dmaCma } = this.situation;
    if (rules.parameterAndDefaultNode !== 'skipped' || parameter === undefined || !dmaCma) return false;
    if (!isPool(node) || node.noMap || !node.isDefault) return false;
    this.#sayBypassed(node);
    if (!this.refusals.some((refusal) => refusal.node === node))
      this.refuse(node, 'default-bypassed', undefined, {
        failure: 'ignored',
        reason: `${parameter.text} on the command line decides the default area`,
        facts: [RULE_FACTS.parameterAndDefaultNode],
        kernelFunction: 'rmem_cma_validate',
      });
    return true;
  }

  #sayBypassed(node: ReservedNode): void {
    this.say('default-bypassed', this.situation.rules.messageParameter.replace('{node}', node.name));
  }

  /** __reserved_mem_alloc_size(): undefined when the node gets no memory. */
  #allocate(node: ReservedNode): Interval | undefined {
    const { rules, minimumAlignmentBytes, dmaCma } = this.situation;
    for (const [name, value] of [
      ['size', node.size],
      ['alignment', node.alignment],
    ] as const) {
      if (value !== 'malformed') continue;
      this.say('invalid-size', `OF: reserved mem: invalid ${name} property in '${node.name}' node.`);
      this.refuse(node, 'invalid-size', undefined, {
        failure: 'ignored',
        reason: `${name} does not have the number of cells in the root's #${name === 'size' ? 'size' : 'address'}-cells`,
        facts: ['reserved-memory.size-cells'],
        kernelFunction: '__reserved_mem_alloc_size',
      });
      return undefined;
    }
    // An entry with reg of size 0 gets here where all nodes are sorted: it has no `size` and fails silently.
    if (typeof node.size !== 'bigint') return undefined;
    if (this.#skippedForParameter(node)) return undefined;
    const sizeBytes = node.size;
    let alignmentBytes = typeof node.alignment === 'bigint' ? node.alignment : 0n;
    if (isPool(node) && !node.noMap && dmaCma && alignmentBytes < minimumAlignmentBytes)
      alignmentBytes = minimumAlignmentBytes;
    if (alignmentBytes === 0n) alignmentBytes = CACHE_LINE;
    if (node.allocRanges === 'malformed' && rules.malformedList === 'refused') {
      this.say('invalid-size', `OF: reserved mem: invalid alloc-ranges property in '${node.name}', skipping node.`);
      this.refuse(node, 'invalid-size', undefined, {
        failure: 'ignored',
        reason: "the length of alloc-ranges is not a multiple of the root's cells",
        facts: [RULE_FACTS.malformedList],
        kernelFunction: '__reserved_mem_alloc_size',
      });
      return undefined;
    }
    const ranges = Array.isArray(node.allocRanges)
      ? node.allocRanges.map(({ baseAddress, sizeBytes: length }) => ({
          start: baseAddress,
          end: baseAddress + length,
        }))
      : [{ start: 0n, end: 0n }];
    for (const { start, end } of ranges) {
      const request = {
        sizeBytes,
        alignmentBytes,
        start,
        ...(end === 0n ? {} : { end }),
        bottomUp: Array.isArray(node.allocRanges) && this.#fromBelow(start, end),
      };
      const base = this.memblock.find(request);
      if (base === undefined) continue;
      const range = interval(base, sizeBytes);
      this.placed.push({ node, range });
      if (node.noMap) this.unmapped.push({ node, range });
      if (node.noMap && rules.noMapSize === 'removed') this.memblock.memory.remove(range);
      else this.memblock.reserved.add(range);
      if (node.noMap && rules.noMapSize === 'marked') this.memblock.nomap.add(range);
      return range;
    }
    const text = rules.messageAllocFailed.replace('{node}', node.name).replace('{mebibytes}', String(sizeBytes / MIB));
    this.say('alloc-failed', `OF: reserved mem: ${text}`);
    this.refuse(node, 'alloc-failed', undefined, {
      failure: 'ignored',
      reason: Array.isArray(node.allocRanges)
        ? 'no range of alloc-ranges has an aligned hole of that size'
        : 'memory has no aligned hole of that size',
      facts: ['reserved-memory.alloc-ranges', RULE_FACTS.direction],
      kernelFunction: '__reserved_mem_alloc_size',
    });
    return undefined;
  }

  /** __reserved_mem_alloc_in_range(): beside a region placed before, the search starts on that region's side. */
  #fromBelow(start: bigint, end: bigint): boolean {
    if (this.situation.rules.direction === 'top-down') return false;
    const besides = (at: bigint) => this.#entries.some((e) => e.end > e.start && at >= e.start && at <= e.end);
    return besides(start) && !besides(end);
  }

  /** fdt_init_reserved_mem_node(): offers a region to its drivers, and takes it back when they refuse. */
  #initialise(node: ReservedNode, range: Interval): Verdict {
    const { rules } = this.situation;
    const verdict = this.#drivers(node, range);
    if (verdict.result !== 'refused') {
      if (verdict.refusal !== undefined && verdict.result === 'no-driver')
        this.refuse(node, verdict.refusal.family, range, { ...verdict.refusal, failure: 'lost' });
      return verdict.result;
    }
    this.say('match-failed', `OF: reserved mem: node ${node.name} compatible matching fail`);
    if (rules.refusedNode === 'freed-and-added') {
      this.memblock.reserved.remove(range);
      if (node.noMap) this.memblock.memory.add(range);
    } else if (node.noMap) this.memblock.nomap.remove(range);
    else this.memblock.reserved.remove(range);
    const kept = this.memblock.reserved.overlaps(range) || this.memblock.nomap.overlaps(range);
    const refusal = verdict.refusal ?? {
      family: 'match-failed' as const,
      reason: 'no driver accepts a shared-dma-pool with these flags',
      facts: [RULE_FACTS.unwantedPool],
      kernelFunction: 'rmem_dma_setup',
    };
    this.refuse(node, refusal.family, range, { ...refusal, failure: kept ? 'lost' : 'freed', released: true });
    return 'refused';
  }

  /** __reserved_mem_init_node(): the CMA driver is asked, and what it does not want goes to the DMA pool driver. */
  #drivers(node: ReservedNode, range: Interval): { result: Verdict; refusal?: DriverRefusal } {
    if (node.compatible.includes('restricted-dma-pool') && this.situation.restrictedPool)
      return { result: node.reusable || node.noMap || node.isDefault ? 'refused' : 'claimed' };
    if (!node.compatible.includes('shared-dma-pool')) return { result: 'no-driver' };
    const { dmaCma, rules, architecture, parameter } = this.situation;
    if (!node.reusable && (node.noMap || architecture !== 'arm')) {
      // The CMA driver is asked too, and prints this before the DMA pool driver accepts the node.
      if (dmaCma && rules.parameterAndDefaultNode === 'refused' && parameter !== undefined && node.isDefault)
        this.#sayBypassed(node);
      return { result: 'claimed' };
    }
    const cma = dmaCma ? this.#setUpCma(node, range) : undefined;
    if (cma === 'claimed') return { result: 'claimed' };
    if (cma !== undefined) return { result: 'refused', refusal: cma };
    // arm32 refuses a pool without either flag as an error and does not leave it to another driver.
    const kept = rules.unwantedPool === 'kept' && node.reusable;
    const refusal: DriverRefusal = {
      family: kept ? null : 'match-failed',
      reason: unwantedBecause(node, dmaCma),
      facts: [RULE_FACTS.unwantedPool],
      kernelFunction: node.reusable ? 'rmem_cma_setup' : 'rmem_dma_setup',
    };
    return { result: kept ? 'no-driver' : 'refused', refusal };
  }

  /** rmem_cma_setup(): undefined when the node is not for CMA. */
  #setUpCma(node: ReservedNode, range: Interval): 'claimed' | DriverRefusal | undefined {
    const { rules, parameter, minimumAlignmentBytes } = this.situation;
    if (rules.parameterAndDefaultNode === 'refused' && parameter !== undefined && node.isDefault) {
      this.#sayBypassed(node);
      return {
        family: 'default-bypassed',
        reason: `${parameter.text} on the command line decides the default area`,
        facts: [RULE_FACTS.parameterAndDefaultNode],
        kernelFunction: 'rmem_cma_setup',
      };
    }
    if (!node.reusable || node.noMap) return undefined;
    const sizeBytes = range.end - range.start;
    if (!isAligned(range.start, minimumAlignmentBytes) || !isAligned(sizeBytes, minimumAlignmentBytes)) {
      this.say('misaligned', 'Reserved memory: incorrect alignment of CMA region');
      return {
        family: 'misaligned',
        reason: `base and size must be multiples of ${hex(minimumAlignmentBytes)}`,
        facts: [RULE_FACTS.minimumAlignment, 'reserved-memory.size-rounding'],
        kernelFunction: 'rmem_cma_setup',
      };
    }
    const area = this.#addArea(node.name, range, { source: 'node', node, fixed: node.reg !== undefined });
    if (typeof area === 'string') this.say('not-set-up', rules.messageNotSetUp);
    if (typeof area === 'string')
      return {
        family: area === 'no-slots' ? 'no-slots' : 'match-failed',
        reason: area === 'no-slots' ? `all ${this.situation.slots} CMA slots are in use` : 'the size is 0',
        facts: [RULE_FACTS.extraSlots],
        kernelFunction: 'cma_init_reserved_mem',
      };
    if (rules.remapTable === 'after-setup') this.remapped.push({ node, range });
    if (node.isDefault) this.defaultArea = area;
    this.say(
      'pool-created',
      `Reserved memory: created CMA memory pool at {address}, size ${sizeBytes / MIB} MiB`,
      area,
    );
    return 'claimed';
  }

  #addArea(
    name: string,
    range: Interval,
    rest: Pick<Area, 'source' | 'node' | 'fixed'>,
  ): Area | 'no-slots' | 'invalid' {
    if (this.areas.length >= this.situation.slots) {
      this.say('no-slots', 'cma: Not enough slots for CMA reserved regions!');
      return 'no-slots';
    }
    if (range.end === range.start || !this.memblock.reserved.overlaps(range)) return 'invalid';
    const kept = name.slice(0, this.situation.rules.nameLength);
    const area: Area = { name: kept, start: range.start, end: range.end, active: true, ...rest };
    this.areas.push(area);
    return area;
  }

  /** arm32 remembers pools for mapping anew before it knows whether they become areas. */
  #remapBefore(node: ReservedNode, range: Interval): void {
    const { rules, parameter } = this.situation;
    if (rules.remapTable === 'after-setup' || !isPool(node)) return;
    if (rules.remapTable === 'valid-flags' && (node.noMap || (parameter !== undefined && node.isDefault))) return;
    this.remapped.push({ node, range });
  }

  #mapLowMemory(): void {
    const { architecture, lpae, lowMemoryLimit } = this.situation;
    if (architecture !== 'arm' || lpae || this.unmapped.length === 0) return;
    const mapped = this.memblock.memory.without(this.memblock.nomap).ranges;
    this.mappingStop = sectionPairStop(mapped, mappedLowMemoryEnd(this.memblock, lowMemoryLimit));
  }

  #remap(): void {
    const { architecture, slots, rules, lowMemoryLimit } = this.situation;
    if (architecture !== 'arm' || this.remapped.length === 0) return;
    const table = this.remapped
      .slice(0, slots)
      .map(({ node, range }) => ({ name: node?.name ?? rules.inventory.kernelAreaName, range }));
    const kernel = this.situation.occupied.find(({ name }) => name === 'kernel');
    this.remapStop = remapStop(table, this.memblock, mappedLowMemoryEnd(this.memblock, lowMemoryLimit), kernel);
  }

  /** dma_contiguous_reserve(): the area that the command line or Kconfig asks for. */
  #reserveDefault(): void {
    const { parameter, dmaCma, rules, minimumAlignmentBytes } = this.situation;
    if (!dmaCma || this.defaultArea !== undefined) return;
    const wish = defaultWish(this.situation, this.memblock);
    if (wish.sizeBytes === 0n) return;
    const size = alignUp(wish.sizeBytes, minimumAlignmentBytes);
    const isMisaligned = wish.isFixed && !isAligned(wish.baseAddress, minimumAlignmentBytes);
    const isRounded = rules.reports === 'inside' && !isMisaligned;
    const mebibytes = String((isRounded ? size : wish.sizeBytes) / MIB);
    const failed = rules.messageReserveFailed.replace('{mebibytes}', mebibytes);
    if (this.areas.length >= this.situation.slots) {
      this.say('no-slots', 'cma: Not enough slots for CMA reserved regions!');
      if (rules.reports === 'outside') this.say('alloc-failed', failed);
      return;
    }
    const base = findDefault(this.situation, this.memblock, wish);
    if (typeof base === 'string') {
      this.refusedDefault = describeRefusal(this.situation, this.memblock, wish, base);
      const cause = causeMessage(this.situation, this.memblock, wish, (at) => this.#spell(at))[base];
      if (cause !== undefined) this.say(cause.family, cause.text);
      this.say('alloc-failed', failed);
      return;
    }
    const range = interval(base, size);
    this.memblock.reserved.add(range);
    const source = parameter === undefined ? 'kconfig' : 'command-line';
    const isFixed = wish.isFixed && wish.baseAddress !== 0n;
    const area = this.#addArea(rules.inventory.kernelAreaName, range, { source, node: undefined, fixed: isFixed });
    if (typeof area === 'string') return;
    this.defaultArea = area;
    this.remapped.push({ node: undefined, range });
    this.say('cma-reserved', rules.messageReserved.replace('{mebibytes}', mebibytes), area);
  }

  /** cma_init_reserved_areas(): an area must lie in one zone. */
  #activate(): void {
    this.stage = 'allocating';
    const low = mappedLowMemoryEnd(this.memblock, this.situation.lowMemoryLimit);
    // What ends outside of RAM is another matter: the kernel finds no page there to ask for its zone.
    const isEdge = low !== undefined && low < this.memblock.end;
    const boundaries = [...this.situation.zones.boundaries, ...(isEdge ? [low] : [])];
    for (const area of this.areas) {
      if (!boundaries.some((at) => area.start < at && at < area.end) && !this.#endsInForeignPages(area)) continue;
      // Memory on one side of the boundary only is in one zone, whatever the area claims to hold.
      area.active = false;
      this.say('not-activated', `cma: CMA area ${area.name} could not be activated`);
    }
  }

  /**
   * An area in high memory that ends where the last page is missing: the descriptors behind the end of RAM were never
   * written, and say that their pages are in the lowest zone.
   */
  #endsInForeignPages(area: Area): boolean {
    const { architecture, rules, flatMemory, highMemoryStart } = this.situation;
    if (architecture !== 'arm' || rules.zoneCheck !== 'pages' || !flatMemory) return false;
    const { end } = this.memblock;
    return highMemoryStart !== undefined && area.start >= highMemoryStart && this.isCutAtTop(area, end);
  }

  /** __rmem_check_for_overlap(): neighbours in the sorted list. */
  #sayOverlaps(): void {
    const spell = ({ node, start, end }: Entry) => `${node.name} (${this.#spell(start)}--${this.#spell(end)})`;
    for (let i = 0; i + 1 < this.#entries.length; i += 1) {
      const [left, right] = [this.#entries[i], this.#entries[i + 1]] as [Entry, Entry];
      if (left.end <= right.start) continue;
      // One message of two lines; the second has no prefix.
      this.say('overlap', 'OF: reserved mem: OVERLAP DETECTED!');
      this.say('overlap-pair', `${spell(left)} overlaps with ${spell(right)}`);
    }
  }

  #sayEntries(node: ReservedNode): void {
    const { messageEntries } = this.situation.rules;
    const entries = Array.isArray(node.reg) ? node.reg.length : 0;
    if (messageEntries === null || entries < 2) return;
    const text = messageEntries
      .replace('{node}', () => node.name)
      .replace('{entries}', String(entries))
      .replace('{more}', String(entries - 1));
    this.say('entries-ignored', text);
  }

  /** As printk's %pa: every digit of a physical address. */
  #spell(address: bigint): string {
    const { architecture, lpae } = this.situation;
    return `0x${address.toString(16).padStart(architecture === 'arm' && !lpae ? 8 : 16, '0')}`;
  }
}

function unwantedBecause(node: ReservedNode, dmaCma: boolean): string {
  if (!node.reusable) return 'arm accepts a shared-dma-pool only with reusable or no-map';
  if (node.noMap) return 'no-map contradicts reusable: neither the CMA driver nor the DMA pool driver accepts the node';
  return dmaCma ? 'the CMA driver does not accept the node' : 'this kernel has no DMA_CMA';
}

type DriverRefusal = Pick<Refusal, 'family' | 'reason' | 'facts' | 'kernelFunction'>;

/** __rmem_cmp(); later kernels add the position in the tree, which a stable sort does too. */
function compareEntries(a: Entry, b: Entry): number {
  if (a.start !== b.start) return a.start < b.start ? -1 : 1;
  const [left, right] = [a.end - a.start, b.end - b.start];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The node is the last key, so the order does not depend on the sort. */
const compareNodes = (a: Entry, b: Entry): number => compareEntries(a, b) || a.node.index - b.node.index;

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
