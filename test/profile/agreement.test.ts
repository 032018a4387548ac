/**
 * The schema that an editor has and `validate` give the same answer about mutated profiles: nothing that only one of
 * them accepts, but for what no single place of one file decides.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'jsonc-parser';
import { afterAll, expect, test } from 'vitest';
import { editorSchema, PROFILE_SCHEMA_URL } from '../../src/build/profile-schema.js';
import { readSchema } from '../../src/build/schema.js';
import { pixelFormatNames } from '../../src/facts/pixel-format.js';
import { TARGETS } from '../../src/render/index.js';
import { dmaheap } from '../cli/run.js';

const RUNS = Number(process.env['MUTATIONS'] ?? 500);
const SEED = Number(process.env['SEED'] ?? 1);

/**
 * What `validate` refuses and the schema accepts, by code, and what it takes to see it: more than one place of the
 * profile, another file, or facts about the kernel. Of a size the schema sees the form and not the number.
 */
const SEMANTIC: Readonly<Record<string, string>> = {
  'profile/kernel-range': 'min and max',
  'profile/kernel-unknown': 'facts about kernels',
  'profile/page-size': 'architecture and page size',
  'profile/memory-overlap': 'two banks',
  'profile/two-defaults': 'two regions',
  'profile/delivery': 'region and architecture',
  'profile/placement-conflict': 'delivery and placement',
  'profile/unknown-region': 'heaps and regions',
  'profile/heap-kind': 'keys of a heap',
  'profile/alias-collision': 'two heaps',
  'profile/unknown-heap': 'access and heaps',
  'profile/symbol-conflict': 'facts about symbols',
  'access/group-number': 'two groups',
};

const folder = mkdtempSync(path.join(tmpdir(), 'dmaheap-agreement-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A small generator with a seed (xorshift), so that a failure can be repeated. */
function generator(seed: number) {
  let state = seed * 0x9e3779b1 || 1;
  const below = (limit: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  return { below, one: <T>(list: readonly T[]): T => list[below(list.length)] as T };
}
type Generator = ReturnType<typeof generator>;

const ANYTHING = [null, true, false, 0, 1, -1, 2.5, 65, 4096, 2 ** 53, '', ' ', 'x', 'X', 'yes', [], {}, [[]], ['x']];
const TEXTS: readonly string[] = [
  ...['0', '0x0', '0x', '1', '64M', '64m', '1 GiB', '0.4G', '400MB', '-1', '0x4000_0000', '1__0', '0K', '0x0b', ' 1M '],
  ...[
    '6.12',
    '6',
    'v6.6.1-rt',
    '5.9',
    '6.12 ',
    '0660',
    '660',
    '0666',
    '0770',
    '666',
    '0o660',
    '0440',
    'rw',
    '99999999999T',
  ],
  ...['NV12', 'nv12', 'NV13', 'Nv12', 'pRAA', 'praa', 'video', 'Video', 'video group', 'root', '44', 'linux,cma'],
  ...[
    'system',
    'reserved',
    'default_cma_region',
    'arm64',
    'ARM64',
    'aarch64',
    '4k',
    '4K',
    '64K',
    'y',
    '>=m',
    'Y',
    '$(id)',
  ],
  ...[
    'kernel-yocto',
    'yocto',
    'my kernel',
    'a/b',
    'vendor/board.dtb',
    'board.dtb.',
    '../x.dtb',
    'vendor',
    'region',
    'é',
  ],
];
const KEYS: readonly string[] = [
  ...['size', 'budget', 'default', 'base', 'allocRanges', 'alignment', 'delivery', 'addressBits', 'kind', 'region'],
  ...['kernelName', 'cached', 'aliases', 'optional', 'group', 'gid', 'mode', 'users', 'uaccess', 'force', 'cmaTotal'],
  ...['holdBudget', 'latency', 'min', 'max', 'headroomPercent', 'format', 'width', 'count', 'symbols', 'backports'],
  ...['CMA_AREAS', 'CONFIG_CMA', 'DMABUF_HEAPS', 'dtb', 'soc', 'title', 'bootLoader', 'inputs', 'targets', 'verify'],
  ...[
    'extends',
    'kernel',
    'domain',
    'kernelKind',
    'release',
    'append',
    'url',
    'Size',
    'linux,cma',
    'system',
    'comment',
  ],
];
/** Values that are right somewhere, by key: without them, a mutation would hardly ever be accepted. */
const FITTING: Readonly<Record<string, readonly unknown[]>> = {
  size: ['64M', 67108864, '0x400_0000', '0', 0],
  mode: ['0660', '0440', '0666', '0640', '0770'],
  force: ['a kiosk with one user and nothing else', 'short'],
  uaccess: [true, false],
  format: [...pixelFormatNames(), 'nv12', 'NV13', 'bogus'],
  group: ['video', 'render', 'Video'],
  gid: [44, 0],
  users: [['camera'], 'camera', ['a', 'a'], 'Camera'],
  aliases: [['cam'], 'cam', 'a/b', ['cam', 'cam']],
  backports: [['heap-per-area'], 'heap-per-area', 'none'],
  compatible: ['vendor,board', ['vendor,board']],
  allocRanges: [{ base: 0, size: '1G' }, [{ base: '0', size: '1G' }], [{ base: '0' }]],
  memory: [{ base: '0x4000_0000', size: '2G' }, [{ base: 0, size: '0' }]],
  buffers: [{ size: '8M', count: 4 }, [{ size: '8M', count: 4, format: 'NV12' }], []],
  cmaTotal: [{ min: 0 }, { max: '0' }, { min: 'x' }],
  version: [1, 2, '6.12', { min: '6.1', max: '6.12' }, { min: '6.1' }],
  symbols: [{ CMA_AREAS: 20 }, { CMA_DEBUG: 'y', X: 'a$b' }, { CONFIG_CMA: 'y' }, { Y: '`x`' }, { Y: 'a b' }],
  targets: TARGETS.flatMap(({ name, options = {} }): unknown[] => [
    name,
    { [name]: {} },
    { [`${name}x`]: {} },
    ...Object.keys(options).flatMap((key) =>
      ['', 'x', 'a b', '/boot/x', 'kernel-yocto', 1, true].map((value) => ({ [name]: { [key]: value } })),
    ),
    { [name]: { nothing: 1 } },
  ]),
};

interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

function places(value: unknown): Place[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.keys(value).flatMap((name) => {
    const key = Array.isArray(value) ? Number(name) : name;
    const holder = value as Record<string, unknown>;
    return [{ holder, key }, ...places(holder[key])];
  });
}

const objectsOf = (profile: Record<string, unknown>) => [
  profile,
  ...places(profile).flatMap(({ holder, key }) => {
    const value = (holder as Record<string, unknown>)[key];
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? [value as Record<string, unknown>]
      : [];
  }),
];

function valueFor(key: string, old: unknown, { below, one }: Generator): unknown {
  const fitting = FITTING[key];
  if (fitting !== undefined && below(3) > 0) return one(fitting);
  const kind = below(6);
  if (kind === 0) return one(ANYTHING);
  if (typeof old === 'number') return one([old + 1, old * 2, -old, 0, old / 2, String(old), 1e9, old * 1e15]);
  if (typeof old === 'string' && kind < 4)
    return one([
      old.toUpperCase(),
      old.toLowerCase(),
      `${old} `,
      ` ${old}`,
      `${old}x`,
      old.slice(1),
      old.slice(0, -1),
      [old],
    ]);
  if (Array.isArray(old) && kind < 4) return one([[...old, ...old], old[0], [], [old], [...old, null]]);
  return one(TEXTS);
}

function mutate(profile: Record<string, unknown>, random: Generator): void {
  const { below, one } = random;
  for (let changes = below(2); changes >= 0; changes -= 1) {
    const { holder, key } = one(places(profile));
    const owner = holder as Record<string, unknown>;
    switch (below(6)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete owner[key];
        break;
      case 1: {
        const name = one([...KEYS, ...Object.keys(FITTING)]);
        one(objectsOf(profile))[name] = valueFor(name, undefined, random);
        break;
      }
      case 2:
        profile['targets'] = one((FITTING['targets'] ?? []).filter((one) => typeof one === 'object'));
        break;
      default:
        owner[key] = valueFor(String(key), owner[key], random);
    }
  }
}

const schema = readSchema(PROFILE_SCHEMA_URL);
// No relaxation: what strict mode refuses is ignored by some readers and not by others.
const ajv = new Ajv2020({ strict: true, allErrors: true });
const accepts = ajv.compile(schema);

test('the schema is the one of the sources: npm run build brings it up to date', () => {
  expect(schema).toEqual(JSON.parse(JSON.stringify(editorSchema())));
});

const files = readdirSync('schemas/examples').filter((file) => file.endsWith('.json'));

test(`the schema alone and validate agree about ${RUNS} mutated profiles`, async () => {
  cpSync('schemas/examples/soc', path.join(folder, 'soc'), { recursive: true });
  const examples = files.map((file) => readFileSync(path.join('schemas/examples', file), 'utf8'));
  const file = path.join(folder, 'mutated.json');
  const disagreements: unknown[] = [];
  const count = { both: 0, neither: 0, semantic: new Set<string>() };
  for (let run = 0; run < RUNS; run += 1) {
    const random = generator(SEED * 1_000_003 + run);
    for (let warm = 0; warm < 8; warm += 1) random.below(2);
    const profile = parse(random.one(examples)) as Record<string, unknown>;
    mutate(profile, random);
    writeFileSync(file, JSON.stringify(profile));
    const { exit, stdout } = await dmaheap(['validate', file, '--format', 'json']);
    const { diagnostics } = JSON.parse(stdout) as {
      diagnostics: { code: string; severity: string; message: string }[];
    };
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const bySchema = accepts(profile);
    // Exit status 1 is a finding about the board of a profile that is well written.
    const byProgram = exit !== 2;
    if (bySchema && byProgram) count.both += 1;
    else if (!bySchema && !byProgram) count.neither += 1;
    else if (bySchema && errors.every(({ code, message }) => isSemantic(code, message, profile)))
      for (const { code } of errors) count.semantic.add(code);
    else
      disagreements.push({
        run,
        bySchema:
          accepts.errors?.map(
            ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
          ) ?? 'accepted',
        byProgram: errors.length === 0 ? 'accepted' : errors.map(({ code, message }) => `${code}: ${message}`),
        profile: JSON.stringify(profile),
      });
  }
  expect(disagreements).toEqual([]);
  // Both kinds of answer occur often enough to mean something.
  expect(count.both).toBeGreaterThan(RUNS / 10);
  expect(count.neither).toBeGreaterThan(RUNS / 10);
});

function isSemantic(code: string, message: string, profile: Record<string, unknown>): boolean {
  if (code in SEMANTIC) return true;
  if (code === 'profile/not-a-size') return /99999999999T|plus the size/.test(message);
  // Of a file that extends others, only all of them together show what is missing or there twice.
  return profile['extends'] !== undefined && /^profile\/(missing-key|either-or|cannot-read)$/.test(code);
}
