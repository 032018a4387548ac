/** Inputs of the profile: read from it, overridden by options, recorded with what they held, and used by check. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { writeTinyKernel } from '../kconfig/tiny-kernel.js';
import { dmaheap } from './run.js';

let work = '';
const at = (name: string) => path.join(work, name);

function writeTree(name: string, bytes: number): void {
  const root = {
    '#address-cells': cellsValue(2),
    '#size-cells': cellsValue(2),
    compatible: stringsValue('acme,board'),
  };
  const memory = {
    name: 'memory@40000000',
    properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x40000000, 0, bytes) },
  };
  writeFileSync(at(name), writeFdt(makeFdt({ name: '', properties: root, children: [memory] })));
}

const PROFILE = {
  version: 1,
  name: 'acme',
  board: { arch: 'arm64', memory: [{ base: '0x40000000', size: '1G' }] },
  kernel: { version: '6.12' },
  regions: { 'linux,cma': { size: '64M', default: true } },
  heaps: { camera: { region: 'linux,cma' } },
  access: { camera: { group: 'video' } },
};

function writeProfile(name: string, more: object): void {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), JSON.stringify({ ...PROFILE, ...more }));
}

const manifest = () => JSON.parse(readFileSync(at('out/dmaheap.manifest.json'), 'utf8'));

async function checked(...argv: string[]) {
  const { stdout, exit } = await dmaheap(['check', ...argv, '--format', 'json'], work);
  const { results } = JSON.parse(stdout) as {
    results: { check: string; status: string; diagnostics: { code: string; message: string }[] }[];
  };
  return { exit, results, inputs: results.find(({ check }) => check === 'inputs') };
}

beforeEach(() => {
  work = mkdtempSync(path.join(tmpdir(), 'dmaheap inputs ü-'));
  writeTree('board.dtb', 0x40000000);
  writeTree('other.dtb', 0x20000000);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

test('every command that takes a DTB takes it from the profile, and an option wins', async () => {
  writeProfile('board.json', { inputs: { dtb: 'gone.dtb' } });
  for (const argv of [
    ['validate', 'board.json'],
    ['generate', 'board.json', '-o', 'out'],
    ['place', 'board.json'],
    ['report', 'board.json'],
    ['explain', 'heap:camera', 'board.json'],
    ['diff', 'board.json', '--kernel', '6.12', '--kernel', '6.12.1'],
  ])
    expect(await dmaheap(argv, work), argv.join(' ')).toMatchObject({
      exit: 3,
      stderr: expect.stringMatching(
        /^board\.json:1:\d+: error\[input\/unreadable\]: cannot read the DTB that the profile names, gone\.dtb$/m,
      ),
    });
  for (const argv of [
    ['validate', 'board.json'],
    ['place', 'board.json'],
  ])
    expect(await dmaheap([...argv, '--dtb', 'board.dtb'], work), argv.join(' ')).toMatchObject({ exit: 0 });
});

test('a path starts from the file that states it, whatever extends that file and wherever the command runs', async () => {
  writeProfile('soc/soc.json', { inputs: { dtb: '../board.dtb' } });
  writeProfile('boards/board.json', { extends: ['../soc/soc.json'] });
  const { exit, stdout } = await dmaheap(['place', 'boards/board.json', '--format', 'json'], work);
  expect([exit, JSON.parse(stdout).areas[0].sizeBytes]).toEqual([0, 64 << 20]);
  const elsewhere = await dmaheap(['place', at('boards/board.json'), '--format', 'json'], tmpdir());
  expect([elsewhere.exit, elsewhere.stdout]).toEqual([0, stdout]);
});

test('the local file wins over the profile, holds nothing else, and changes no output', async () => {
  writeProfile('board.json', { inputs: { dtb: 'other.dtb', commandLine: 'quiet' } });
  expect((await dmaheap(['generate', 'board.json', '-o', 'out'], work)).stderr).toContain('other.dtb');
  writeFileSync(at('board.local.json'), '{ "inputs": { "dtb": "board.dtb" } }');
  expect((await dmaheap(['generate', 'board.json', '-o', 'out'], work)).exit).toBe(0);
  expect(manifest().inputs).toMatchObject({ dtb: { file: '../board.dtb' }, commandLine: { value: 'quiet' } });
  const { profile } = manifest();
  rmSync(at('board.local.json'));
  writeProfile('board.json', {});
  expect((await dmaheap(['generate', 'board.json', '-o', 'out'], work)).exit).toBe(0);
  expect(manifest()).toMatchObject({ profile });
  writeFileSync(at('board.local.json'), '{ "inputs": {}, "kernel": { "version": "6.1" } }');
  expect(await dmaheap(['validate', 'board.json'], work)).toMatchObject({
    exit: 2,
    stderr: expect.stringMatching(/^board\.local\.json:1:17: error\[profile\/local\]: .* has "kernel"/),
  });
});

test('the local file of a .jsonc may be either, and not both', async () => {
  writeProfile('commented.jsonc', {});
  writeFileSync(at('commented.local.jsonc'), '// here\n{ "inputs": { "dtb": "nowhere.dtb" } }');
  expect((await dmaheap(['generate', 'commented.jsonc', '-o', 'out'], work)).stderr).toContain('nowhere.dtb');
  writeFileSync(at('commented.local.json'), '{ "inputs": { "dtb": "board.dtb" } }');
  expect(await dmaheap(['generate', 'commented.jsonc', '-o', 'out'], work)).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('commented.local.json and commented.local.jsonc both exist'),
  });
  rmSync(at('commented.local.jsonc'));
  expect((await dmaheap(['generate', 'commented.jsonc', '-o', 'out'], work)).exit).toBe(0);
  rmSync(at('commented.local.json'));
});

test('check needs no repeated option, and says which input changed or is gone', async () => {
  writeProfile('board.json', { inputs: { dtb: 'board.dtb' } });
  writeTinyKernel(at('linux'));
  writeFileSync(at('base.config'), 'CONFIG_CMA=y\n');
  const given = ['--kernel-tree', 'linux', '--base-config', 'base.config'];
  expect(await dmaheap(['generate', 'board.json', '-o', 'out', ...given], work)).toMatchObject({
    exit: 0,
    stderr: expect.stringMatching(/^Next: dmaheap check out$/m),
  });
  const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(manifest().inputs).toEqual({
    profile: { file: '../board.json', sha256: digest },
    dtb: { file: '../board.dtb', sha256: digest },
    config: { file: '../base.config', sha256: digest },
    kernelTree: { file: '../linux', sha256: digest },
  });
  const found = async (...argv: string[]) => {
    const { inputs } = await checked('out', ...argv);
    return [inputs?.status, ...(inputs?.diagnostics ?? []).map(({ code, message }) => `${code} ${message}`)];
  };
  expect(await found()).toEqual(['pass']);
  writeFileSync(at('linux/Kconfig'), `${readFileSync(at('linux/Kconfig'), 'utf8')}\nconfig MORE\n\tbool "more"\n`);
  writeFileSync(at('base.config'), 'CONFIG_CMA=y\nCONFIG_DEVTMPFS=y\n');
  expect(await found()).toEqual([
    'pass',
    expect.stringMatching(/^input\/changed the base configuration, base\.config,/),
    expect.stringMatching(/^input\/changed the kernel tree, /),
  ]);
  expect(await found('--base-config', 'base.config', '--kernel-tree', 'linux')).toEqual(['pass']);
  renameSync(at('board.dtb'), at('moved.dtb'));
  expect((await found()).slice(0, 2)).toEqual(['not-run', expect.stringMatching(/^input\/gone the DTB .*board\.dtb/)]);
});

test('a command line is a file or the words, wherever it is given, and a file that is missing is neither', async () => {
  writeFileSync(at('cmdline.txt'), '# of the boot loader\nconsole=ttyS2 cma=0\n');
  writeProfile('board.json', {});
  const place = (...argv: string[]) => dmaheap(['place', 'board.json', ...argv], work);
  expect((await place('--cmdline', 'cmdline.txt')).stderr).toContain('cma=0');
  for (const missing of ['cmdlin.txt', 'boot/cmdline']) {
    const refused = { exit: 3, stderr: expect.stringContaining('the file does not exist') };
    expect(await place('--cmdline', missing)).toMatchObject(refused);
    expect(await dmaheap(['import', '--cmdline', missing, '--arch', 'arm64'], work)).toMatchObject(refused);
    writeProfile('named.json', { inputs: { commandLine: missing } });
    expect(await dmaheap(['validate', 'named.json'], work)).toMatchObject(refused);
  }
  expect((await place('--cmdline', 'quiet')).exit).toBe(0);
});

test('check compares the profile with what it extends, and claims nothing of one that it cannot read', async () => {
  writeProfile('soc/soc.json', {});
  const own = (value: object) =>
    writeFileSync(at('board.json'), JSON.stringify({ extends: ['soc/soc.json'], ...value }));
  own({});
  expect((await dmaheap(['generate', 'board.json', '-o', 'out'], work)).exit).toBe(0);
  const found = async (tree: string) => {
    const { inputs } = await checked(tree);
    return [inputs?.status, ...(inputs?.diagnostics ?? []).map(({ code, message }) => `${code} ${message}`)];
  };
  own({ $comment: 'nothing that decides' });
  expect(await found('out')).toEqual(['pass']);
  writeProfile('soc/soc.json', { access: { camera: { group: 'render' } } });
  const changed = expect.stringMatching(/^input\/changed the profile, board\.json, differs from/);
  expect(await found('out')).toEqual(['pass', changed]);
  expect((await dmaheap(['check', 'out'], work)).stdout).toContain('warn    inputs: an input differs');
  mkdirSync(at('away'));
  renameSync(at('out'), at('away/out'));
  const gone = (where: string) => [
    'not-run',
    expect.stringMatching(`^input/gone the profile was not compared: ${where}`),
  ];
  expect(await found('away/out')).toEqual(gone('it cannot be read at away/board.json'));
  const file = at('away/out/dmaheap.manifest.json');
  const { inputs: _, ...older } = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify(older));
  expect(await found('away/out')).toEqual(gone('the manifest does not name its file'));
});

test('place takes what is occupied, the command line and the base configuration', async () => {
  writeProfile('board.json', {
    inputs: {
      dtb: 'board.dtb',
      config: 'base.config',
      commandLine: 'cmdline.txt',
      occupied: { kernel: { base: '0x40200000', size: '24M' } },
    },
  });
  writeFileSync(at('base.config'), 'CONFIG_CMA=y\nCONFIG_CMA_AREAS=3\n');
  writeFileSync(at('cmdline.txt'), 'console=ttyS2 cma=0\n');
  const { exit, stderr } = await dmaheap(['place', 'board.json'], work);
  expect([exit, stderr]).toEqual([1, expect.stringContaining('cma=0')]);
  expect((await dmaheap(['place', 'board.json', '--cmdline', 'quiet'], work)).exit).toBe(0);
  writeProfile('board.json', { inputs: { dtb: 'board.dtb', config: 'gone.config' } });
  expect(await dmaheap(['place', 'board.json'], work)).toMatchObject({
    exit: 3,
    stderr: expect.stringContaining('gone.config'),
  });
});
