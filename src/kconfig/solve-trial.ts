/** A base configuration with lines laid over it, as often as the search asks. */
import { groupOf } from './choice.js';
import { noteMember, readConfig, setFromText } from './config-read.js';
import { Configuration } from './evaluate.js';
import type { SymbolId } from './expression.js';
import { forgetOutOfRange } from './modes.js';
import { quoteString, writeOption } from './option-line.js';
import { isLogical, STRING } from './symbol.js';
import type { KconfigTree } from './tree.js';

/** Values by symbol, as `.config` spells them but without quotes. */
export type Lines = ReadonlyMap<SymbolId, string>;

interface SavedGroup {
  readonly members: readonly SymbolId[];
  readonly userMember: SymbolId;
}

export class Trial {
  readonly config: Configuration;
  /** Values of the base alone. */
  readonly base: {
    readonly tristate: Uint8Array;
    readonly text: readonly string[];
    readonly written: Uint8Array;
    readonly visible: Uint8Array;
    /** Selected against its dependencies. */
    readonly unmet: Uint8Array;
  };
  readonly #decisions = new Map<SymbolId, boolean>();
  readonly #set: Uint8Array;
  readonly #tristate: Uint8Array;
  readonly #text: (string | undefined)[];
  readonly #groups: readonly SavedGroup[];

  constructor(tree: KconfigTree, base: string) {
    this.config = new Configuration(tree);
    // Not loadConfig: of a base that is complete it forgets what the user cannot see, and lines may bring that to light.
    readConfig(this.config, base);
    this.config.computeAll();
    if (tree.dialect.forgetsOutOfRange) forgetOutOfRange(this.config);
    this.#set = this.config.userSet.slice();
    this.#tristate = this.config.userTristate.slice();
    this.#text = this.config.userText.slice();
    this.#groups = this.config.choiceState.groups.map(({ members, userMember }) => ({
      members: [...members],
      userMember,
    }));
    const config = this.apply(new Map());
    config.computeAll();
    this.base = {
      tristate: config.tristates.slice(),
      text: config.texts.slice(),
      written: config.written.slice(),
      visible: config.visible.slice(),
      unmet: config.reverse.map((reverse, symbol) => Number(reverse > (config.direct[symbol] as number))),
    };
  }

  /** Whether the base itself gives the symbol a value. */
  isSetByBase(symbol: SymbolId): boolean {
    return this.#set[symbol] === 1;
  }

  /**
   * Whether the base decided a value rather than repeating the default. A `.config` has a line for every visible
   * symbol; only those that differ from the defaults of the tree were set deliberately.
   */
  isDecision(symbol: SymbolId): boolean {
    let decided = this.#decisions.get(symbol);
    if (decided === undefined) {
      decided = false;
      if (this.isSetByBase(symbol) && this.base.visible[symbol] !== 0) {
        const config = this.#without(symbol);
        config.compute(symbol);
        decided = isLogical(config.tree.symbols.type[symbol] as number)
          ? config.tristates[symbol] !== this.base.tristate[symbol]
          : config.texts[symbol] !== this.base.text[symbol];
      }
      this.#decisions.set(symbol, decided);
    }
    return decided;
  }

  /** Base and lines. Values are computed when next asked for. */
  apply(lines: Lines): Configuration {
    const { config } = this;
    this.#restore();
    for (const [symbol, value] of lines) {
      setFromText(config, symbol, spellValue(config.tree, symbol, value));
      noteMember(config, symbol);
    }
    config.restart();
    return config;
  }

  /** The base without what it says about a symbol, or about the choice the symbol belongs to. */
  #without(symbol: SymbolId): Configuration {
    const { config } = this;
    this.#restore();
    const group = (config.tree.symbols.choice[symbol] as number) < 0 ? undefined : groupOf(config, symbol);
    for (const one of group?.members ?? [symbol]) config.userSet[one] = 0;
    if (group !== undefined) group.userMember = -1;
    config.restart();
    return config;
  }

  #restore(): void {
    const { config } = this;
    config.userSet.set(this.#set);
    config.userTristate.set(this.#tristate);
    for (let i = 0; i < this.#text.length; i++) config.userText[i] = this.#text[i];
    config.choiceState.groups.forEach((group, i) => {
      const saved = this.#groups[i] as SavedGroup;
      group.members.splice(0, group.members.length, ...saved.members);
      group.userMember = saved.userMember;
    });
  }
}

/** The right side of a `.config` line. */
export function spellValue(tree: KconfigTree, symbol: SymbolId, value: string): string {
  return tree.symbols.type[symbol] === STRING ? quoteString(value) : value;
}

/** A line of a fragment. */
export function fragmentLine(tree: KconfigTree, symbol: SymbolId, value: string): string {
  return writeOption(tree.symbols.name[symbol] as string, value, tree.symbols.type[symbol] === STRING);
}
