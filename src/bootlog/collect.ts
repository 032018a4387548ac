/** What is known of one boot while its lines are read. */
import type { AddressRange } from '../quantity/index.js';
import type {
  BootLog,
  LoadedImage,
  LoggedArea,
  LoggedZone,
  MemoryLine,
  RefusedNode,
  ReservedRange,
  Said,
  Witness,
} from './log.js';

interface Single {
  release: string;
  model: string;
  commandLine: string;
  efi: boolean;
  ramBytes: bigint;
  memory: MemoryLine;
}

type Singles = { -readonly [K in keyof Single]?: Said<Single[K]> };

export class Collector {
  /** Of the line that is read. */
  line = 0;
  by: Witness = 'kernel';
  hasKernel = false;
  readonly singles: Singles = {};
  readonly banks = new Map<Witness, Said<AddressRange>[]>();
  readonly images = new Map<string, Said<LoadedImage>>();
  readonly reserved: Said<ReservedRange>[] = [];
  readonly areas: Said<LoggedArea>[] = [];
  readonly refused: Said<RefusedNode>[] = [];
  readonly zones: Said<LoggedZone>[] = [];
  readonly nodes = new Set<string>();
  #bankStart: bigint | undefined;
  #isInBank = false;
  #isCutLine = false;

  get hasMemory(): boolean {
    const { commandLine, memory } = this.singles;
    return this.banks.size + this.areas.length + this.zones.length > 0 || (commandLine ?? memory) !== undefined;
  }

  #said<T>(value: T, by = this.by): Said<T> {
    return { value, line: this.line, by };
  }

  set<K extends keyof Single>(name: K, value: Single[K] | undefined): void {
    if (value === undefined) return;
    if (name === 'release') this.hasKernel = true;
    (this.singles as Record<string, unknown>)[name] = this.#said(value);
  }

  /** Recent kernels cut a long command line into several lines, each but the last with a backslash at its end. */
  words(text: string): void {
    const isCut = text.endsWith(' \\');
    const part = isCut ? text.slice(0, -2) : text;
    const before = this.#isCutLine ? this.singles.commandLine : undefined;
    this.set('commandLine', before === undefined ? part : `${before.value} ${part}`);
    this.#isCutLine = isCut;
  }

  ram(by: Witness, found: AddressRange): void {
    const known = this.banks.get(by) ?? [];
    this.banks.set(by, [...known, this.#said(found, by)]);
  }

  /** A bank of U-Boot's bdinfo: three lines. */
  bank(what: 'open' | 'start' | 'size', value = 0n): void {
    if (what === 'open') this.#isInBank = true;
    else if (what === 'start') this.#bankStart = value;
    else if (this.#isInBank && this.#bankStart !== undefined) {
      if (value > 0n) this.ram('u-boot', { baseAddress: this.#bankStart, sizeBytes: value });
      this.#isInBank = false;
      this.#bankStart = undefined;
    }
  }

  /** Later lines know better: a boot loader first finds an image, and then moves it to where the kernel gets it. */
  load(image: LoadedImage): void {
    const before = this.images.get(image.name)?.value;
    // "Booting using the fdt blob at" repeats a start of which the end is known.
    if (image.sizeBytes === undefined && before?.baseAddress === image.baseAddress) return;
    this.images.set(image.name, this.#said(image));
  }

  reserve(found: ReservedRange): void {
    this.reserved.push(this.#said(found));
  }

  area(found: LoggedArea): void {
    this.areas.push(this.#said(found));
  }

  /** The kernel names the pool in the line after the one with its place. */
  nameArea(name: string): void {
    const at = this.areas.findLastIndex(({ value }) => value.event === 'created' && value.name === undefined);
    const open = this.areas[at];
    if (open !== undefined) this.areas[at] = { ...open, value: { ...open.value, name } };
  }

  refuse(found: RefusedNode): void {
    if (!this.refused.some(({ value }) => value.node === found.node && value.text === found.text))
      this.refused.push(this.#said(found));
  }

  zone(name: string, found: AddressRange | undefined): void {
    this.zones.push(this.#said({ name, range: found }));
  }

  node(number: string): void {
    this.nodes.add(number);
  }

  result(boots: number): BootLog {
    const { release, model, commandLine, efi, ramBytes, memory } = this.singles;
    const best = WITNESSES.map((by) => this.banks.get(by) ?? []).find((banks) => banks.length > 0) ?? [];
    return {
      release,
      model,
      commandLine,
      efi,
      ramBytes,
      memory,
      ram: best,
      loaded: [...this.images.values()],
      reserved: this.reserved,
      areas: this.areas,
      refused: this.refused,
      zones: this.zones,
      numaNodes: this.nodes.size,
      isMasked: false,
      boots,
    };
  }
}

/** Whose word on RAM counts first: what the kernel has after every limit, before what the loader passes on. */
const WITNESSES: readonly Witness[] = ['memblock', 'iomem', 'kernel', 'efi', 'e820', 'u-boot'];
