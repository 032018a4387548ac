/** Conditions of units on the paths of heaps. Source: systemd.unit(5), "Conditions and Asserts". */
import { globPattern, type Setting, type Unit, withSpecifiers } from '../image/index.js';

const FOLDER = '/dev/dma_heap';

interface Condition {
  readonly setting: Setting;
  /** With `|`: one of those with it is enough. */
  readonly isTrigger: boolean;
  readonly isNegated: boolean;
  /** What must hold, as a clause. */
  readonly wish: string;
  /** undefined: it is about something else. */
  readonly holds: boolean | undefined;
}

/** A condition that keeps a unit from starting on a board with these heaps; undefined: none that is about heaps does. */
export function unmetCondition(unit: Unit, heaps: ReadonlySet<string>): Condition | undefined {
  for (const kind of ['Condition', 'Assert']) {
    const list = conditionsOf(unit, kind, heaps);
    const plain = list.find(({ isTrigger, holds }) => !isTrigger && holds === false);
    if (plain !== undefined) return plain;
    const triggers = list.filter(({ isTrigger }) => isTrigger);
    if (triggers.length > 0 && triggers.every(({ holds }) => holds === false)) return triggers[0];
  }
  return undefined;
}

/** An empty value takes back every condition before it, whatever its key. */
function conditionsOf(unit: Unit, kind: string, heaps: ReadonlySet<string>): Condition[] {
  let list: Condition[] = [];
  for (const setting of unit.settings) {
    const { section, key, value } = setting;
    if (section !== 'Unit' || !key.startsWith(kind)) continue;
    if (value === '') {
      list = [];
      continue;
    }
    const [, trigger = '', negation = '', rest = ''] = /^(\|?)\s*(!?)\s*(.*)$/s.exec(value) ?? [];
    const path = withSpecifiers(unit.name, rest)
      .replace(/\/+/g, '/')
      .replace(/(.)\/$/, '$1');
    const isThere = answer(key.slice(kind.length), path, heaps);
    const isNegated = negation !== '';
    list.push({
      setting,
      isTrigger: trigger !== '',
      isNegated,
      wish: `${path} ${isNegated ? 'does not exist' : 'exists'}`,
      holds: isThere === undefined ? undefined : isThere !== isNegated,
    });
  }
  return list;
}

/** Whether a path test is true on the board; undefined where it is not about heaps. */
function answer(test: string, path: string, heaps: ReadonlySet<string>): boolean | undefined {
  if (path === FOLDER && /^(?:PathExists|PathExistsGlob|PathIsDirectory|DirectoryNotEmpty)$/.test(test)) return true;
  if (!path.startsWith(`${FOLDER}/`)) return undefined;
  const names = [...heaps].map((name) => `${FOLDER}/${name}`);
  if (test === 'PathExistsGlob') return names.some((name) => globPattern(path, { isPath: true }).test(name));
  return test === 'PathExists' || test === 'PathIsReadWrite' ? names.includes(path) : undefined;
}
