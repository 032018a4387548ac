/** Compares a prediction with what a guest showed, field by field. */
import type { LogFamily, Prediction } from '../../src/placement/index.js';
import type { Expectation } from './case.js';
import type { Observation, ObservedArea } from './observe.js';

export interface FieldResult {
  readonly field: string;
  readonly status: 'right' | 'unknown' | 'wrong';
  readonly predicted: string;
  readonly observed: string;
  /** What would decide an unknown field. */
  readonly needs?: string;
}

/** Ranges with an owner: kernel, initrd, device tree, firmware. */
export interface OwnedRange {
  readonly name: string;
  readonly baseAddress: bigint;
  readonly sizeBytes: bigint;
}

export function compare(
  prediction: Prediction,
  seen: Observation,
  owned: readonly OwnedRange[],
  isNameCut: boolean,
): readonly FieldResult[] {
  const unknown = new Map(prediction.unknown.map(({ field, needs }) => [field, needs]));
  const results: FieldResult[] = [];
  const add = (field: string, isRight: boolean, predicted: string, observed: string, declaredAs = field) => {
    // Where it is open which areas there are, so is everything about each of them.
    const needs = unknown.get(declaredAs) ?? (declaredAs.startsWith('areas[') ? unknown.get('areas') : undefined);
    const status = needs !== undefined ? 'unknown' : isRight ? 'right' : 'wrong';
    results.push({ field, status, predicted, observed, ...(needs === undefined ? {} : { needs }) });
  };
  results.push(outcome(prediction, seen, owned));
  compareMessages(prediction, seen, add);
  if (!seen.shown || (prediction.outcome !== 'boots' && prediction.outcome !== 'corrupts')) return results;

  const names = (list: readonly { readonly name: string }[]) =>
    list
      .map(({ name }) => name)
      .sort()
      .join(' ') || '(none)';
  add('heaps', names(prediction.heaps) === names(seen.heaps), names(prediction.heaps), names(seen.heaps));
  for (const [i, heap] of prediction.heaps.entries()) {
    const real = seen.heaps.find(({ name }) => name === heap.name);
    if (!real || real.failure === 'not tried') continue;
    const text = (usable: boolean) => (usable ? 'allocates' : 'cannot allocate');
    const observed = real.failure ? `${text(real.usable)}: ${real.failure}` : text(real.usable);
    add(
      `heap ${heap.name}`,
      heap.usable === real.usable,
      text(heap.usable),
      observed,
      unknown.has('heaps') ? 'heaps' : `heaps[${i}].usable`,
    );
  }
  compareVerifier(prediction, seen, add);
  if (seen.areas) compareAreas(prediction, seen.areas, isNameCut, add);
  if (prediction.cmaTotalBytes === null && !unknown.has('cmaTotalBytes'))
    add('cmaTotalBytes', false, 'null, but not listed as unknown', `${seen.cmaTotalBytes}`);
  else
    add(
      'cmaTotalBytes',
      prediction.cmaTotalBytes === seen.cmaTotalBytes,
      kib(prediction.cmaTotalBytes),
      kib(seen.cmaTotalBytes),
    );
  return results;
}

type Add = (field: string, isRight: boolean, predicted: string, observed: string, declaredAs?: string) => void;

function outcome(prediction: Prediction, seen: Observation, owned: readonly OwnedRange[]): FieldResult {
  const twice = ownedTwice(seen, owned);
  const signs = [...seen.damage, ...twice].join('; ');
  const observed = signs ? `${seen.ending} (${signs})` : seen.ending;
  const field = 'outcome';
  const predicted = `${prediction.outcome}${prediction.dangers.length ? ` (${prediction.dangers.map(({ code }) => code).join(', ')})` : ''}`;
  const needs = prediction.unknown.find((one) => one.field === field)?.needs;
  if (prediction.outcome === 'unknown' || needs !== undefined)
    return { field, status: 'unknown', predicted, observed, needs: needs ?? 'not said' };
  if (prediction.outcome === 'corrupts' && seen.ending === 'boots' && !signs)
    return { field, status: 'unknown', predicted, observed, needs: 'a use of the memory that shows its two owners' };
  const isRight =
    prediction.outcome === 'corrupts'
      ? true
      : prediction.outcome === seen.ending && (seen.ending !== 'boots' || !signs);
  return { field, status: isRight ? 'right' : 'wrong', predicted, observed };
}

/** Areas that share memory with each other or with another owner: damage that need not be visible. */
function ownedTwice(seen: Observation, owned: readonly OwnedRange[]): readonly string[] {
  const areas = (seen.areas ?? []).flatMap(({ name, baseAddress, sizeBytes }) =>
    baseAddress === null ? [] : [{ name, baseAddress, sizeBytes }],
  );
  return areas.flatMap((area, index) =>
    [...areas.slice(index + 1), ...owned]
      .filter((other) => overlaps(area, other))
      .map((other) => `area ${area.name} shares memory with ${other.name}`),
  );
}

const overlaps = (a: OwnedRange, b: OwnedRange) =>
  a.baseAddress < b.baseAddress + b.sizeBytes && b.baseAddress < a.baseAddress + a.sizeBytes;

function compareMessages(prediction: Prediction, seen: Observation, add: Add): void {
  const count = (list: readonly { readonly family: string }[], family: string) =>
    list.filter((line) => line.family === family).length;
  const families = new Set([...prediction.log, ...seen.messages].map(({ family }) => family as LogFamily));
  // A guest that may stop early says what comes before, and some of the rest.
  const open = new Map(prediction.unknown.map(({ field, needs }) => [field, needs]));
  const lines = prediction.log.map((line, i) => ({ ...line, needs: open.get(`log[${i}]`) }));
  for (const family of [...families].sort()) {
    const all = lines.filter((line) => line.family === family);
    const certain = all.filter(({ needs }) => needs === undefined).length;
    const observed = count(seen.messages, family);
    const isOpen = certain < all.length && certain <= observed && observed <= all.length;
    const predicted = isOpen ? `${certain} to ${all.length}` : `${all.length}`;
    add(`log ${family}`, all.length === observed, predicted, `${observed}`, isOpen ? openLine(lines, family) : 'log');
  }
  for (const { family, text, needs } of lines) {
    const pattern = new RegExp(withoutPadding(text).split('?').map(literally).join('\\S+'));
    const same = seen.messages.filter((one) => one.family === family).map((one) => withoutPadding(one.text));
    if (!same.length) continue;
    const isSaid = same.some((one) => pattern.test(one));
    add(
      `text ${family}`,
      isSaid,
      text,
      same.join(' | '),
      needs !== undefined && !isSaid ? openLine(lines, family) : 'log',
    );
  }
}

/** The field of a line of that family that is open. */
const openLine = (lines: readonly { readonly family: string; readonly needs: string | undefined }[], family: string) =>
  `log[${lines.findIndex((line) => line.family === family && line.needs !== undefined)}]`;

/** %pa pads an address to the width of the kernel's phys_addr_t. */
const withoutPadding = (text: string) => text.replaceAll(/\b0x0+(?=[0-9a-f])/g, '0x');

const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The verifier, run in the guest without an expectation, must find what was predicted. */
function compareVerifier(prediction: Prediction, { verifier }: Observation, add: Add): void {
  if (prediction.outcome !== 'boots') return;
  if (!verifier) {
    add('verifier', false, 'a report', 'none', 'heaps');
    return;
  }
  const word = (usable: boolean | undefined) =>
    usable === undefined ? 'no such heap' : usable ? 'allocates' : 'cannot allocate';
  const open = (i: number) => prediction.unknown.find(({ field }) => field === `heaps[${i}].usable`)?.field ?? 'heaps';
  for (const [i, { name, usable }] of prediction.heaps.entries()) {
    const seen = verifier.allocates.get(name);
    add(`verifier on ${name}`, seen === usable, word(usable), word(seen), open(i));
  }
  if (prediction.heaps.length === 0) return;
  const passes = prediction.heaps.every(({ usable }) => usable);
  const observed = [verifier.verdict, ...verifier.faults].join(', ');
  const field = prediction.heaps.map((_, i) => open(i)).find((one) => one !== 'heaps') ?? 'heaps';
  add('verifier verdict', passes === (verifier.verdict === 'pass'), passes ? 'pass' : 'not pass', observed, field);
}

function compareAreas(prediction: Prediction, areas: readonly ObservedArea[], isNameCut: boolean, add: Add): void {
  // debugfs can show one of two areas with the same name only; kernels before 6 cut the name, with its prefix, to 15 characters.
  const shownName = (name: string) => (isNameCut ? `cma-${name}`.slice(0, 15) : name);
  const names = (list: readonly { readonly name: string }[], as = (name: string) => name) =>
    [...new Set(list.map(({ name }) => as(name)))].sort().join(' ') || '(none)';
  // debugfs of 7.3 leaves out what was not activated, that of older kernels shows it with size 0.
  const shown = new Set(areas.map(({ name }) => name));
  const visible = prediction.areas.filter(({ name, sizeBytes }) => sizeBytes > 0n || shown.has(shownName(name)));
  add('areas', names(visible, shownName) === names(areas), names(visible, shownName), names(areas));
  for (const real of areas) {
    const candidates = prediction.areas.filter((area) => shownName(area.name) === real.name);
    const index = (area: (typeof candidates)[number]) => prediction.areas.indexOf(area);
    const area = candidates.find((one) => one.baseAddress === real.baseAddress) ?? candidates[0];
    if (!area) continue;
    const at = `areas[${index(area)}]`;
    add(
      `${real.name} size`,
      area.sizeBytes === real.sizeBytes,
      kib(area.sizeBytes),
      kib(real.sizeBytes),
      `${at}.sizeBytes`,
    );
    if (real.baseAddress === null) continue;
    const isNamed = area.baseAddress !== null;
    add(
      `${real.name} base`,
      isNamed && area.baseAddress === real.baseAddress,
      isNamed ? hex(area.baseAddress) : `unknown, likely ${hex(area.likelyBaseAddress)}`,
      hex(real.baseAddress),
      `${at}.baseAddress`,
    );
  }
}

const hex = (value: bigint | null) => (value === null ? 'unknown' : `0x${value.toString(16)}`);
const kib = (value: bigint | null) => (value === null ? 'unknown' : `${value / 1024n} KiB`);

/** Compares what a person wrote down with the guest. */
export function compareExpectation(expected: Expectation, seen: Observation): readonly FieldResult[] {
  const results: FieldResult[] = [];
  const add = (field: string, wanted: string, observed: string, isRight = wanted === observed) =>
    results.push({ field: `expected ${field}`, status: isRight ? 'right' : 'wrong', predicted: wanted, observed });
  if (expected.ending) add('ending', expected.ending, seen.ending);
  if (expected.heaps) {
    const observed = seen.heaps.map(({ name }) => name);
    add('heaps', [...expected.heaps].sort().join(' '), observed.sort().join(' '));
  }
  if (expected.cmaTotalMiB !== undefined)
    add('CmaTotal', `${expected.cmaTotalMiB * 1024} KiB`, kib(seen.cmaTotalBytes));
  if (expected.shows) {
    const topics = new Set(expected.shows.map((line) => line.split(' ')[0]));
    const shown = seen.run.split('\n').filter((line) => topics.has(line.split(' ')[0]));
    add('of the guest', [...expected.shows].sort().join('; '), shown.sort().join('; '));
  }
  for (const text of expected.says ?? []) {
    const log = seen.log.includes(text);
    add('message', text, log ? text : 'not in the log', log);
  }
  return results;
}
