/** Filters of config.txt: for which boards the firmware reads the lines below. Source: Raspberry Pi's documentation. */

/** What is known of the board that reads the file. */
export interface RaspberryPi {
  /** /compatible of its device tree. */
  readonly compatible?: readonly string[];
  readonly memoryBytes?: bigint;
}

export type RaspberrySoc = 'bcm2835' | 'bcm2711' | 'bcm2712';
const SOCS: Readonly<Record<string, RaspberrySoc>> = {
  'brcm,bcm2711': 'bcm2711',
  'brcm,bcm2712': 'bcm2712',
  'brcm,bcm2835': 'bcm2835',
  'brcm,bcm2836': 'bcm2835',
  'brcm,bcm2837': 'bcm2835',
};
/** As which overlay the firmware loads another: the rows of overlay_map.dtb for overlays that resize the CMA area. */
const RENAMED: Readonly<Record<string, Readonly<Partial<Record<RaspberrySoc, string>>>>> = {
  'vc4-kms-v3d': { bcm2711: 'vc4-kms-v3d-pi4', bcm2712: 'vc4-kms-v3d-pi5' },
  'vc4-fkms-v3d': { bcm2711: 'vc4-fkms-v3d-pi4' },
};

export function raspberryOverlay(name: string, board: RaspberryPi): string {
  const soc = raspberrySoc(board);
  return (soc === undefined ? undefined : RENAMED[name]?.[soc]) ?? name;
}

/** undefined: the device tree does not say. */
export const raspberrySoc = ({ compatible = [] }: RaspberryPi) =>
  compatible.map((one) => SOCS[one]).find((one) => one !== undefined);

/** Boards that a model filter takes in, as parts of their compatible strings; `soc`: every board with this SoC. */
const MODELS: Readonly<Record<string, { readonly soc?: RaspberrySoc; readonly boards?: RegExp }>> = {
  pi0: { boards: /raspberrypi,model-zero/ },
  pi0w: { boards: /raspberrypi,model-zero(?:-2)?-w/ },
  pi02: { boards: /raspberrypi,model-zero-2/ },
  pi1: { boards: /raspberrypi,(?:model-[ab]|compute-module$)/ },
  cm1: { boards: /raspberrypi,compute-module$/ },
  pi2: { boards: /raspberrypi,2-/ },
  pi3: { boards: /raspberrypi,3-/ },
  'pi3+': { boards: /raspberrypi,3-model-[ab]-plus|raspberrypi,3-plus-compute/ },
  cm3: { boards: /raspberrypi,3-(?:plus-)?compute-module/ },
  'cm3+': { boards: /raspberrypi,3-plus-compute-module/ },
  pi4: { soc: 'bcm2711' },
  pi400: { boards: /raspberrypi,400/ },
  cm4: { boards: /raspberrypi,4-compute-module/ },
  cm4s: { boards: /raspberrypi,4-compute-module-s/ },
  pi5: { soc: 'bcm2712' },
  pi500: { boards: /raspberrypi,500/ },
  cm5: { boards: /raspberrypi,5-compute-module/ },
};

/** @returns undefined when what is known of the board does not say */
function isOfModel(filter: string, board: RaspberryPi): boolean | undefined {
  const model = MODELS[filter];
  const { compatible } = board;
  if (model === undefined || compatible === undefined) return undefined;
  const soc = raspberrySoc(board);
  if (model.soc !== undefined) return soc === undefined ? undefined : soc === model.soc;
  if (compatible.some((one) => model.boards?.test(one))) return true;
  return compatible.some((one) => one.startsWith('raspberrypi,')) ? false : undefined;
}

/**
 * What `[filters]` say of the lines below them. Filters of one kind replace each other, those of two kinds both count.
 */
export class ConfigFilters {
  readonly #board: RaspberryPi;
  #isNone = false;
  #model: { readonly name: string; readonly applies: boolean | undefined } | undefined;
  #others = new Map<string, string>();

  constructor(board: RaspberryPi) {
    this.#board = board;
  }

  take(name: string): void {
    const word = name.trim().toLowerCase();
    if (word === 'all') {
      this.#isNone = false;
      this.#model = undefined;
      this.#others.clear();
    } else if (word === 'none') this.#isNone = true;
    else if (word in MODELS) this.#model = { name: word, applies: isOfModel(word, this.#board) };
    else this.#others.set(word.replace(/[=:].*$/, '').replace(/^0x.*$/, 'serial'), name.trim());
  }

  /** false: another board's. */
  get applies(): boolean {
    return !this.#isNone && this.#model?.applies !== false;
  }

  /** The filters that only the board can answer. */
  get open(): readonly string[] {
    const { name, applies } = this.#model ?? {};
    return [...(name === undefined || applies !== undefined ? [] : [name]), ...this.#others.values()];
  }
}
