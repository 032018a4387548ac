/**
 * Every text of a plan is replaced by every hostile value, through every target. Either the value is refused with a
 * finding, or an independent reader finds exactly what it would have found with a harmless value in its place.
 */
import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/types.js';
import { type Artifact, render, TARGETS } from '../../src/render/index.js';
import { samplePlan } from '../render/sample-plan.js';
import { type Place, textsOf, withValue } from './attack.js';
import { readerOf } from './readers.js';
import { HOSTILE } from './values.js';

const MARKER = 'm4rker';

const understood = new Map<string, unknown>();
function understand(path: string, text: string): unknown {
  const key = `${path}\n${text}`;
  if (!understood.has(key)) understood.set(key, readerOf(path)(text));
  return understood.get(key);
}

/** What a target makes with a harmless value in a place; the same for every hostile one. */
const harmlessTrees = new Map<string, readonly Artifact[]>();
function harmlessTree(place: Place, target: string): readonly Artifact[] {
  const key = `${place.join('/')} ${target}`;
  let tree = harmlessTrees.get(key);
  if (tree === undefined) {
    tree = render(withValue(base, place, MARKER), { ...context, targets: [target] }).value ?? [];
    harmlessTrees.set(key, tree);
  }
  return tree;
}

const replaceAll = (value: unknown, text: string): unknown => {
  if (typeof value === 'string') return value.replaceAll(MARKER, () => text);
  if (Array.isArray(value)) return value.map((item) => replaceAll(item, text));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaceAll(item, text)]));
};

const base = samplePlan();
const places = textsOf(base);
const context = {
  version: '0.1.0',
  targets: TARGETS.map((target) => target.name),
  // What is only copied, the verifier's sources, holds no value of a profile.
  library: TARGETS.map((target) => ({ ...target, files: target.files.filter((file) => 'template' in file) })),
};
const counts = { refused: 0, faithful: 0 };

test('there are places to attack', () => {
  expect(places.length).toBeGreaterThan(40);
});

test.each(Object.entries(HOSTILE))('%s', (_, hostile) => {
  for (const place of places) {
    const where = place.join('/');
    const plan = withValue(base, place, hostile);
    for (const target of context.targets) {
      const attacked = render(plan, { ...context, targets: [target] });
      if (attacked.value === undefined) {
        expect(attacked.diagnostics.length, where).toBeGreaterThan(0);
        for (const { code, cause, fix } of attacked.diagnostics) {
          expect(code, where).toMatch(/^lang\/(not-valid|no-spelling)$/);
          expect([cause, fix], where).not.toContain(undefined);
        }
        counts.refused += 1;
        continue;
      }
      const harmless = harmlessTree(place, target);
      const files = (artifacts: readonly { readonly path: string }[]) => artifacts.map(({ path }) => path);
      expect(files(attacked.value), where).toEqual(files(harmless));
      attacked.value.forEach(({ path, text }, i) => {
        const wanted = replaceAll(understand(path, harmless[i]?.text ?? ''), hostile);
        expect(understand(path, text), `${path}: ${where}`).toEqual(wanted);
      });
      counts.faithful += 1;
    }
  }
});

test('both ways out were taken', () => {
  expect(counts.refused).toBeGreaterThan(500);
  expect(counts.faithful).toBeGreaterThan(500);
});

const NUMBERS = [-1n, 1n << 64n, (1n << 64n) + 1n, 1n << 200n];
test.each(NUMBERS)('a size or address of %s is refused', (number) => {
  for (const key of ['sizeBytes', 'baseAddress', 'alignmentBytes'] as const) {
    const plan: Plan = {
      ...base,
      areas: base.areas.map((area) => ({ ...area, baseAddress: undefined, [key]: number })),
    };
    const outcome = render(plan, context);
    expect(outcome.value).toBeUndefined();
    expect(outcome.diagnostics.map((d) => d.code)).toContain('lang/not-valid');
  }
});
