/** A tree with its conf at hand: bases made by conf, answers judged by conf. */
import { type KconfigTree, type Mode, type Solution, withLines } from '../../../src/kconfig/index.js';
import { buildConf, Judge } from '../kconfig/judge.js';
import { DEFCONFIG, openSubject, type Subject, type TreeName } from '../kconfig/trees.js';

export class JudgedTree {
  readonly subject: Subject;
  readonly #judge: Judge;

  private constructor(subject: Subject, judge: Judge) {
    this.subject = subject;
    this.#judge = judge;
  }

  static async open(name: TreeName): Promise<JudgedTree> {
    const subject = await openSubject(name);
    return new JudgedTree(subject, await Judge.start(await buildConf(subject.directory), subject));
  }

  get tree(): KconfigTree {
    return this.subject.tree;
  }

  /** What conf makes of a text in a mode. */
  async conf(mode: Mode, text?: string): Promise<string> {
    const { text: made } = await this.#judge.ask(mode, text);
    if (made === undefined) throw new Error(`${this.subject.name}: conf --${mode} wrote nothing`);
    return made;
  }

  /** The architecture's defconfig, complete. */
  async defconfig(): Promise<string> {
    const { subject } = this;
    const file = subject.defconfigs.find((one) => one.endsWith(`/${DEFCONFIG[subject.arch]}`)) as string;
    return this.conf('defconfig', subject.readFile(file));
  }

  /** What conf objects to in an answer: a goal that is not met, a line that does not hold, another .config. */
  async objections(base: string, { goals, lines, config }: Solution): Promise<string[]> {
    const made = await this.conf('olddefconfig', withLines(base, lines));
    const values = valuesOf(made);
    const objections: string[] = [];
    for (const { symbol, value, atLeast } of goals) {
      const got = values.get(symbol) ?? 'n';
      if (got !== value && !(atLeast && got === 'y')) objections.push(`${symbol} is ${got}, not ${value}`);
    }
    for (const line of lines) if (!made.includes(`\n${line}\n`)) objections.push(`${line} does not hold`);
    if (objections.length === 0 && made !== config) objections.push('conf writes another .config');
    return objections;
  }

  stop(): void {
    this.#judge.stop();
  }
}

/** Values by symbol; strings without quotes, `is not set` as n. */
export function valuesOf(config: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const match of config.matchAll(/^(?:CONFIG_(\w+)=(.*)|# CONFIG_(\w+) is not set)$/gm))
    values.set((match[1] ?? match[3]) as string, (match[2] ?? 'n').replace(/^"(.*)"$/s, '$1'));
  return values;
}
