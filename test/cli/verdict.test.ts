/** One profile with the same inputs has one verdict, whichever command is asked. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, test } from 'vitest';
import { cellsValue, makeFdt, type NodeSpec, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { dmaheap } from './run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-verdict-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const CELLS = { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2) };
const POOL: NodeSpec = {
  name: 'linux,cma',
  properties: {
    compatible: stringsValue('shared-dma-pool'),
    reusable: new Uint8Array(),
    size: cellsValue(0, 0x4000000),
    'linux,cma-default': new Uint8Array(),
  },
};

function board(ramBytes: number, nodes: readonly NodeSpec[]): Uint8Array {
  return writeFdt(
    makeFdt({
      name: '',
      properties: { compatible: stringsValue('acme,board'), ...CELLS },
      children: [
        {
          name: 'memory@40000000',
          properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x40000000, 0, ramBytes) },
        },
        { name: 'reserved-memory', properties: { ...CELLS, ranges: new Uint8Array() }, children: nodes },
      ],
    }),
  );
}

const GIB = 0x40000000;
const LOG = [
  '[    0.000000] Linux version 6.12.0 (a@b)',
  '[    0.000000] Early memory node ranges',
  '[    0.000000]   node   0: [mem 0x0000000040000000-0x0000000047ffffff]',
].join('\n');
const FIXED = { 'linux,cma': { size: '64M', base: '0x50000000', default: true } };
const CASES: readonly (readonly [title: string, regions: object, dtb: Uint8Array, status: 0 | 1, inputs?: object])[] = [
  ['a region with room', { 'linux,cma': { size: '64M', default: true } }, board(GIB, []), 0],
  ['a region larger than RAM', { 'linux,cma': { size: '2G', default: true } }, board(GIB, []), 1],
  ['cma= with room', { main: { size: '64M', default: true, delivery: 'command-line' } }, board(GIB, []), 0],
  ['cma= without', { main: { size: '2G', default: true, delivery: 'command-line' } }, board(GIB, []), 1],
  [
    'cma= in place of a node',
    { main: { size: '64M', default: true, delivery: 'command-line' } },
    board(GIB, [POOL]),
    0,
  ],
  ['Kconfig with room', { main: { size: '64M', default: true, delivery: 'kconfig' } }, board(GIB, []), 0],
  ['Kconfig without', { main: { size: '2G', default: true, delivery: 'kconfig' } }, board(GIB, []), 1],
  ['a fixed region', FIXED, board(GIB, []), 0],
  [
    'a fixed region where the initrd lies',
    FIXED,
    board(GIB, []),
    1,
    { occupied: { initrd: { base: '0x51000000', size: '16M' } } },
  ],
  [
    'a fixed region beside the initrd',
    FIXED,
    board(GIB, []),
    0,
    { occupied: { initrd: { base: '0x60000000', size: '16M' } } },
  ],
  [
    'a region larger than the RAM of the boot log',
    { 'linux,cma': { size: '256M', default: true } },
    board(GIB, []),
    1,
    { bootLog: 'boot.log' },
  ],
  [
    'a region that fits into the RAM of the boot log',
    { 'linux,cma': { size: '32M', default: true } },
    board(GIB, []),
    0,
    { bootLog: 'boot.log' },
  ],
];
const COMMANDS = [
  ['validate', 'p.json'],
  ['generate', 'p.json', '-o', 'out', '--force'],
  ['place', 'p.json'],
  ['report', 'p.json', '-o', 'report.html'],
];

for (const [title, regions, dtb, status, inputs] of CASES)
  test(`${title} has one verdict`, async () => {
    writeFileSync(path.join(work, 'board.dtb'), dtb);
    writeFileSync(path.join(work, 'boot.log'), LOG);
    const [region] = Object.keys(regions);
    const profile = {
      version: 1,
      name: 'verdict',
      board: { arch: 'arm64' },
      kernel: { version: '6.12' },
      regions,
      heaps: { camera: { region } },
      ...(inputs === undefined ? {} : { inputs }),
    };
    writeFileSync(path.join(work, 'p.json'), JSON.stringify(profile));
    const got: Record<string, number> = {};
    for (const command of COMMANDS)
      got[command[0] as string] = (await dmaheap([...command, '--dtb', 'board.dtb'], work)).exit;
    // A tree that generate refuses is not there to be checked.
    if (status === 0) got['check'] = (await dmaheap(['check', 'out', '--dtb', 'board.dtb'], work)).exit;
    expect(got).toEqual({
      validate: status,
      generate: status,
      place: status,
      report: status,
      ...(status === 0 ? { check: 0 } : {}),
    });
  });

test('a heap that some kernels of the range do not make has one verdict for each kernel', async () => {
  writeFileSync(path.join(work, 'board.dtb'), board(GIB, []));
  const regions = { 'linux,cma': { size: '64M', default: true }, display: { size: '32M' } };
  const heaps = { camera: { region: 'linux,cma' }, panel: { region: 'display' } };
  const text = { version: 1, name: 'range', board: { arch: 'arm64' }, kernel: { version: { min: '6.1', max: '7.3' } } };
  writeFileSync(path.join(work, 'p.json'), JSON.stringify({ ...text, regions, heaps }));
  for (const [kernel, status] of [
    [[], 1],
    [['--kernel', '6.6'], 1],
    [['--kernel', '7.3'], 0],
  ] as const)
    for (const command of COMMANDS) {
      const { exit } = await dmaheap([...command, '--dtb', 'board.dtb', ...kernel], work);
      expect([command[0], kernel, exit]).toEqual([command[0], kernel, status]);
    }
});

/** A board whose boot loader states the RAM. */
const WITHOUT_RAM = writeFdt(
  makeFdt({
    name: '',
    properties: { compatible: stringsValue('acme,board'), ...CELLS },
    children: [{ name: 'reserved-memory', properties: { ...CELLS, ranges: new Uint8Array() } }],
  }),
);

describe('what generate leaves open is open in check', () => {
  const statusOf = async (size: string, dtb: Uint8Array) => {
    writeFileSync(path.join(work, 'board.dtb'), dtb);
    const regions = { 'linux,cma': { size, default: true } };
    const text = { version: 1, name: 'open', board: { arch: 'arm64' }, kernel: { version: '6.12' }, regions };
    writeFileSync(path.join(work, 'p.json'), JSON.stringify({ ...text, heaps: { camera: { region: 'linux,cma' } } }));
    rmSync(path.join(work, 'left'), { recursive: true, force: true });
    const { stdout, exit } = await dmaheap(['generate', 'p.json', '-o', 'left', '--dtb', 'board.dtb'], work);
    const checked = await dmaheap(['check', 'left', '--format', 'json'], work);
    const { results, verdict } = JSON.parse(checked.stdout) as {
      readonly results: readonly { readonly check: string; readonly status: string }[];
      readonly verdict: { readonly status: string };
    };
    const { status } = results.find(({ check }) => check === 'dt-placement') ?? {};
    return [exit, /^(?:PASS|UNKNOWN|FAIL)/m.exec(stdout)?.[0], checked.exit, verdict.status, status];
  };

  test('an area that has room in every case', async () => {
    expect(await statusOf('64M', board(GIB, []))).toEqual([0, 'PASS', 0, 'PASS', 'pass']);
  });

  test('an area that some loaders leave no room for', async () => {
    expect(await statusOf('400M', board(GIB / 2, []))).toEqual([0, 'UNKNOWN', 0, 'UNKNOWN', 'unknown']);
  });

  test('a board whose RAM nobody states', async () => {
    expect(await statusOf('64M', WITHOUT_RAM)).toEqual([0, 'UNKNOWN', 0, 'UNKNOWN', 'unknown']);
  });
});

/** What is left open, for a board without its DTB and its kernel tree. */
const IN_PROFILE = ['inputs.commandLine', 'place --config'];
const OPEN = {
  validate: [
    ['validate', 'p.json'],
    ['--dtb', ...IN_PROFILE],
  ],
  generate: [
    ['generate', 'p.json', '-o', 'open'],
    ['--dtb', '--kernel-tree', ...IN_PROFILE],
  ],
  report: [
    ['report', 'p.json', '-o', 'report.html'],
    ['--dtb', '--kernel-tree', '--cmdline', '--config'],
  ],
  matrix: [
    ['matrix', 'matrix.json'],
    ['--dtb', ...IN_PROFILE],
  ],
} as const;
/** The report also predicts the boot, and nothing that is given here decides the address of the area. */
const isPredicted = (command: string) => command === 'report';
const profile = (regions: object) =>
  writeFileSync(
    path.join(work, 'p.json'),
    JSON.stringify({
      version: 1,
      name: 'verdict',
      board: { arch: 'arm64', memory: [{ base: '0x40000000', size: '1G' }] },
      kernel: { version: '6.12' },
      regions,
      heaps: { camera: { region: 'linux,cma' } },
    }),
  );
const isFinding = new Ajv2020({ strict: true }).compile(
  JSON.parse(readFileSync('schemas/diagnostics.schema.json', 'utf8')),
);

describe.each(Object.entries(OPEN))('the verdict of %s', (command, [line, notGiven]) => {
  const run = (...more: string[]) => dmaheap([...line, ...more], work);
  const lastOf = ({ stdout }: { readonly stdout: string }) =>
    stdout
      .trimEnd()
      .replaceAll(/\n {6,}/g, ' ')
      .split('\n')
      .at(-1);

  test('names what was not judged, and --strict makes it fail', async () => {
    profile({ 'linux,cma': { size: '64M', default: true } });
    writeFileSync(path.join(work, 'matrix.json'), JSON.stringify({ boards: ['p.json'], targets: ['udev'] }));
    rmSync(path.join(work, 'open'), { recursive: true, force: true });
    const strict = await run('--strict');
    const why = `not run (${notGiven.join(', ')} not given)`;
    expect([strict.exit, lastOf(strict)]).toEqual([
      1,
      expect.stringMatching(/^FAIL: \d+ pass, (?:1 unknown, )?\d+ not run/),
    ]);
    expect(lastOf(strict)?.includes('unknown')).toBe(isPredicted(command));
    expect(existsSync(path.join(work, 'open'))).toBe(false);
    const loose = await run();
    expect([loose.exit, lastOf(loose)]).toEqual([
      0,
      lastOf(strict)
        ?.replace('FAIL', isPredicted(command) ? 'UNKNOWN' : 'PASS')
        .replace('; failed by --strict', ''),
    ]);
    expect(lastOf(loose)).toContain(why);
    expect(lastOf(await run('--quiet'))).toBe(isPredicted(command) ? lastOf(loose) : '');
  });

  test('is the same for programs', async () => {
    profile({ 'linux,cma': { size: '64M', default: true } });
    const { stdout } = await run('--format', 'json');
    const printed = JSON.parse(stdout);
    expect(printed.verdict).toMatchObject(
      isPredicted(command)
        ? { status: 'UNKNOWN', fail: 0, unknown: 1, notGiven }
        : { status: 'PASS', fail: 0, unknown: 0, notGiven },
    );
    if (command === 'validate') expect(isFinding(printed), JSON.stringify(isFinding.errors)).toBe(true);
    const strict = JSON.parse((await run('--format', 'json', '--strict')).stdout);
    expect(strict.verdict).toEqual({ ...printed.verdict, status: 'FAIL' });
  });

  test('is FAIL where something is wrong', async () => {
    profile({ 'linux,cma': { size: '2G', default: true } });
    const { exit, stdout } = await run();
    expect([exit, stdout]).toEqual([1, expect.stringMatching(/^FAIL: \d+ fail, /m)]);
  });
});

test('what a verdict names is all that is missing', async () => {
  writeFileSync(path.join(work, 'board.dtb'), board(GIB, []));
  writeFileSync(path.join(work, '.config'), 'CONFIG_CMA=y\nCONFIG_DMA_CMA=y\nCONFIG_OF_RESERVED_MEM=y\n');
  profile({ 'linux,cma': { size: '64M', default: true } });
  const given = JSON.parse(readFileSync(path.join(work, 'p.json'), 'utf8'));
  writeFileSync(
    path.join(work, 'p.json'),
    JSON.stringify({ ...given, inputs: { dtb: 'board.dtb', commandLine: 'quiet' } }),
  );
  const verdictIn = async (...line: string[]) =>
    JSON.parse((await dmaheap([...line, '--format', 'json'], work)).stdout).verdict;
  expect(await verdictIn('validate', 'p.json')).toMatchObject({ notRun: 1, notGiven: ['place --config'] });
  expect(await verdictIn('place', 'p.json')).toMatchObject({ notRun: 1, notGiven: ['--config'] });
  expect(await verdictIn('place', 'p.json', '--config', '.config')).toMatchObject({ notRun: 0, notGiven: [] });
});

test('a diagnosis is open until its text decides, and a cause is a failure', async () => {
  const diagnose = async (text: string, ...more: string[]) => {
    writeFileSync(path.join(work, 'paste.txt'), text);
    const { exit, stdout } = await dmaheap(['diagnose', 'paste.txt', ...more], work);
    return [exit, stdout.trimEnd().split('\n').at(-1)];
  };
  expect(await diagnose('hello\n')).toEqual([4, 'UNKNOWN: 0 pass, 6 unknown']);
  expect(await diagnose('hello\n', '--strict')).toEqual([1, 'FAIL: 0 pass, 6 unknown (failed by --strict)']);
  const refused = [
    'CONFIG_DMABUF_HEAPS=y',
    '# CONFIG_DMABUF_HEAPS_CMA is not set',
    '$ ls -l /dev/dma_heap',
    'crw------- 1 root root 252, 0 Jan  1 00:00 system',
  ].join('\n');
  expect(await diagnose(refused)).toEqual([1, expect.stringMatching(/^FAIL: 1 fail, 0 pass/)]);
});

test('a command that judges ends in FAIL, for programs too, where the input itself is refused', async () => {
  writeFileSync(path.join(work, 'bad.json'), '{ "version": 1, "region": {} }');
  writeFileSync(path.join(work, 'bad-matrix.json'), '{ "boards": 3 }');
  writeFileSync(
    path.join(work, 'good.json'),
    JSON.stringify({
      ...{ version: 1, name: 'good', board: { arch: 'arm64' }, kernel: { version: '6.12' } },
      heaps: { system: { kind: 'system' } },
    }),
  );
  for (const line of [
    'validate bad.json',
    'generate bad.json -o refused',
    'generate good.json -o refused --target armbain',
    'place bad.json',
    'report bad.json -o refused.html',
    'check bad.json --dtb any.dtb',
    'matrix bad-matrix.json',
  ]) {
    const argv = line.split(' ');
    const { stdout } = await dmaheap(argv, work);
    expect([line, stdout.split('\n').at(-2)]).toEqual([line, 'FAIL: 1 fail, 0 pass']);
    const json = JSON.parse((await dmaheap(['--format', 'json', ...argv], work)).stdout);
    expect([line, json.verdict?.status]).toEqual([line, 'FAIL']);
    expect(isFinding(json), JSON.stringify(isFinding.errors)).toBe(true);
  }
  // The page is the result.
  expect((await dmaheap(['report', 'bad.json'], work)).stdout).toMatch(/<\/html>\n?$/);
});
