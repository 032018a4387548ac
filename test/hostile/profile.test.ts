/**
 * Hostile profiles from the file to the artifacts: whatever is in the JSON, there is a finding with a place, or files that
 * the readers understand. Nothing throws, nothing hangs, nothing leaves the tree.
 */
import { afterEach, expect, test } from 'vitest';
import { resolveModel } from '../../src/model/index.js';
import { makePlan } from '../../src/plan/index.js';
import { readProfile } from '../../src/profile/load.js';
import { type Artifact, artifactPath, render, TARGETS } from '../../src/render/index.js';
import { shareOf } from '../share.js';
import { readAll, understand } from './readers.js';
import { HOSTILE } from './values.js';

const targets = TARGETS.map((target) => target.name);

const PROFILE = {
  version: 1,
  name: 'hostile',
  board: {
    title: 'A board',
    compatible: ['acme,board'],
    soc: 'acme1',
    arch: 'arm64',
    cells: { address: 2, size: 2 },
    memory: [{ base: '0x4000_0000', size: '2G' }],
    dtb: 'acme/board.dtb',
    bootLoader: 'u-boot',
  },
  kernel: { version: '6.12', symbols: { CMDLINE: 'quiet', SOUND: 'm', LOG_BUF_SHIFT: 17 } },
  regions: {
    'linux,cma': {
      default: true,
      budget: { buffers: [{ purpose: 'preview', width: 1920, height: 1080, format: 'NV12', count: 4 }] },
      allocRanges: [{ base: '0x4000_0000', size: '1G' }],
    },
  },
  heaps: {
    camera: { region: 'linux,cma', aliases: ['camera', 'reserved'] },
    system: { kind: 'system' },
    secure: { kind: 'vendor', kernelName: 'secure', optional: true },
  },
  access: {
    camera: { group: 'video', mode: '0660', users: ['camera'], uaccess: true, force: 'a kiosk without other users' },
  },
  verify: { users: ['camera'], cmaTotal: { min: '64M' }, latency: { allocateP99Micros: 5000 } },
};

interface Ending {
  readonly codes: readonly string[];
  readonly artifacts: readonly Artifact[] | undefined;
}

/** The whole way a `generate` goes, without the disk. */
function generate(text: string): Ending {
  const read = (file: string) => (file === 'profile.json' ? { text } : { error: 'no such file' });
  const loaded = readProfile('profile.json', read);
  const model = loaded.value && resolveModel(loaded.value, {});
  const plan = model?.value && makePlan(model.value);
  const rendered = plan?.value && render(plan.value, { version: '0.0.0', targets });
  const diagnostics = [loaded, model, plan, rendered].flatMap((outcome) => outcome?.diagnostics ?? []);
  const errors = diagnostics.filter((d) => d.severity === 'error');
  if (rendered?.value === undefined) {
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error.span ?? error.pointer, error.message).toBeDefined();
  }
  return { codes: diagnostics.map((d) => d.code), artifacts: rendered?.value };
}

/** What came of profiles since it was last asked whether it can be read. */
const waiting: Artifact[] = [];
const seen = new Set<string>();

/** Artifacts of one profile, which {@link everythingIsUnderstandable} reads with those of the others. */
function understandable({ artifacts }: Ending): void {
  for (const { path, text } of artifacts ?? []) {
    expect(artifactPath(path)).toBe(path);
    // The first lines hold the profile's hash, which changes nothing for a reader.
    const plain = text.replace(/\b[0-9a-f]{64}\b/g, '0'.repeat(64));
    const key = `${path}\n${plain}`;
    if (!seen.has(key)) waiting.push({ path, text: plain });
    seen.add(key);
  }
}

function everythingIsUnderstandable(): void {
  const artifacts = waiting.splice(0);
  readAll(artifacts);
  for (const artifact of artifacts) understand(artifact);
}
afterEach(everythingIsUnderstandable);

type Place = readonly (string | number)[];

function placesOf(value: unknown, place: Place = []): Place[] {
  const inner =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) => placesOf(item, [...place, key]))
      : [];
  return place.length === 0 ? inner : [place, ...inner];
}

/** The profile with a value, or a key, exchanged. */
function exchanged(place: Place, change: (parent: Record<string, unknown>, key: string) => void): string {
  const copy = structuredClone(PROFILE) as Record<string, unknown>;
  const parent = place.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, copy);
  change(parent, String(place.at(-1)));
  return JSON.stringify(copy, null, 2);
}

const places = placesOf(PROFILE);

test('the profile is a good one before anything is done to it', () => {
  const ending = generate(JSON.stringify(PROFILE));
  expect(ending.artifacts?.length).toBeGreaterThan(10);
  understandable(ending);
});

test.each(shareOf('hostile values', Object.entries(HOSTILE), 8))('%s as any value', (_, hostile) => {
  for (const place of places)
    understandable(
      generate(
        exchanged(place, (parent, key) => {
          parent[key] = hostile;
        }),
      ),
    );
});

test.each([
  ...shareOf('hostile keys', Object.entries(HOSTILE), 8),
  ['prototype', '__proto__'],
  ['constructor', 'constructor'],
  ['toString', 'toString'],
])('%s as any key', (_, hostile) => {
  for (const place of places) {
    const text = exchanged(place, (parent, key) => {
      if (Array.isArray(parent)) return;
      const value = parent[key];
      delete parent[key];
      Object.defineProperty(parent, hostile, { value, enumerable: true, configurable: true });
    });
    understandable(generate(text));
  }
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test.each([
  -1,
  0,
  1.5,
  1e300,
  2 ** 53,
  '18446744073709551616',
  '0x1_0000_0000_0000_0000',
  '99999999999999999999G',
  null,
  [],
  {},
  true,
])('%j as any value', (value) => {
  for (const place of places)
    understandable(
      generate(
        exchanged(place, (parent, key) => {
          parent[key] = value;
        }),
      ),
    );
});

test('prototype pollution reaches nothing', () => {
  for (const text of [
    '{"__proto__": {"polluted": 1}, "version": 1}',
    JSON.stringify(PROFILE).replace('"regions":{', '"regions":{"__proto__":{"polluted":1},'),
    JSON.stringify(PROFILE).replace('"kernel":{', '"kernel":{"constructor":{"prototype":{"polluted":1}},'),
  ])
    expect(generate(text).artifacts).toBeUndefined();
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('a duplicate key is a finding', () => {
  const text = JSON.stringify(PROFILE).replace('"name":"hostile"', '"name":"hostile","name":"other"');
  expect(generate(text).artifacts).toBeUndefined();
});

test.each(['', ' ', '{', 'null', '[]', '"x"', '{}', '\0', '\ufeff{}', '{"version":1,}x'])(
  '%j is no profile',
  (text) => {
    expect(generate(text).artifacts).toBeUndefined();
  },
);

test('deep nesting ends in a finding', () => {
  for (const depth of [1_000, 100_000])
    expect(generate(`${'['.repeat(depth)}${']'.repeat(depth)}`).artifacts).toBeUndefined();
  const inside = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  expect(generate(JSON.stringify(PROFILE).replace('"board":', `"x":${inside},"board":`)).artifacts).toBeUndefined();
});

test('10 MB end in a finding, soon', () => {
  const started = process.cpuUsage().user;
  expect(generate(`{"version":1,"name":"${'x'.repeat(10_000_000)}"}`).artifacts).toBeUndefined();
  expect(generate(`[${'0,'.repeat(5_000_000)}0]`).artifacts).toBeUndefined();
  // Seconds of CPU, far above what it takes: a hang is what this is for.
  expect((process.cpuUsage().user - started) / 1e6).toBeLessThan(25);
}, 120_000);

test('a file that cannot be read is a finding', () => {
  expect(generate(JSON.stringify({ ...PROFILE, extends: ['/etc/passwd', '../../x.json'] })).artifacts).toBeUndefined();
});
