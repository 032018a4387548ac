/**
 * Every text of a plan is replaced by every hostile value, through every target. Either the value is refused with a
 * finding, or an independent reader finds exactly what it would have found with a harmless value in its place.
 */
import { beforeAll, expect, test } from 'vitest';
import type { Plan } from '../../src/plan/types.js';
import { type Artifact, render, TARGETS } from '../../src/render/index.js';
import { samplePlan } from '../render/sample-plan.js';
import { type Place, textsOf, withValue } from './attack.js';
import { readAll, understand } from './readers.js';
import { HOSTILE } from './values.js';

const MARKER = 'm4rker';

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

/** Equal artifacts of thousands of trees are kept once. */
const kept = new Map<string, Artifact>();
function once(artifact: Artifact): Artifact {
  const key = `${artifact.path}\n${artifact.text}`;
  const known = kept.get(key) ?? artifact;
  kept.set(key, known);
  return known;
}

interface Attacked {
  readonly where: string;
  readonly hostile: string;
  readonly written: readonly Artifact[];
  readonly harmless: readonly Artifact[];
}

/** Targets in which a place shows: what they write differs between two harmless values, or one of them is refused. */
const shownIn = new Map(
  places.map((place) => {
    const texts = (target: string, value: string) =>
      render(withValue(base, place, value), { ...context, targets: [target] }).value?.map(({ text }) => text);
    const isShown = (target: string) => {
      const [one, other] = [MARKER, 'other'].map((value) => texts(target, value));
      return one === undefined || other === undefined || one.some((text, i) => text !== other[i]);
    };
    return [place, context.targets.filter(isShown)] as const;
  }),
);
/** The value that every target is tried with, whether the place shows in it or not. */
const EVERYWHERE = HOSTILE['injected rule'];

/** Renders every place with one value. What is refused has its finding. */
function attack(hostile: string): Attacked[] {
  return places.flatMap((place) => {
    const where = place.join('/');
    const plan = withValue(base, place, hostile);
    const targets = hostile === EVERYWHERE ? context.targets : (shownIn.get(place) ?? []);
    return targets.flatMap((target): Attacked[] => {
      const attacked = render(plan, { ...context, targets: [target] });
      if (attacked.value !== undefined) {
        counts.faithful += 1;
        return [{ where, hostile, written: attacked.value.map(once), harmless: harmlessTree(place, target) }];
      }
      expect(attacked.diagnostics.length, where).toBeGreaterThan(0);
      for (const { code, cause, fix } of attacked.diagnostics) {
        expect(code, where).toMatch(/^lang\/(not-valid|no-spelling)$/);
        expect([cause, fix], where).not.toContain(undefined);
      }
      counts.refused += 1;
      return [];
    });
  });
}

// Rendered before any of it is read, so that one program of a language reads the texts of all values.
const attacks = new Map<string, Attacked[]>();
beforeAll(() => {
  for (const [name, hostile] of Object.entries(HOSTILE)) attacks.set(name, attack(hostile));
  readAll([...attacks.values()].flat().flatMap(({ written, harmless }) => [...written, ...harmless]));
}, 300_000);

test.each(Object.keys(HOSTILE))('%s', (name) => {
  for (const { where, hostile, written, harmless } of attacks.get(name) ?? []) {
    const files = (artifacts: readonly Artifact[]) => artifacts.map(({ path }) => path);
    expect(files(written), where).toEqual(files(harmless));
    written.forEach((artifact, i) => {
      const wanted = understand(harmless[i] ?? artifact);
      // Most files hold nothing of most places.
      if (artifact.text === harmless[i]?.text) return;
      expect(understand(artifact), `${artifact.path}: ${where}`).toEqual(replaceAll(wanted, hostile));
    });
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
