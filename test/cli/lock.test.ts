/** The lock: each input is pinned by itself, and a change of one is named and refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { TINY_KCONFIG, writeTinyKernel } from '../kconfig/tiny-kernel.js';
import { dmaheap } from './run.js';

const EXAMPLE = path.resolve('schemas/examples/rockpro64.json');
let work = '';
beforeEach(() => {
  work = mkdtempSync(path.join(tmpdir(), 'dmaheap lock ü-'));
  writeBoard('x,y');
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

function writeBoard(compatible: string): void {
  const properties = {
    '#address-cells': cellsValue(2),
    '#size-cells': cellsValue(2),
    compatible: stringsValue(compatible),
  };
  writeFileSync(path.join(work, 'board.dtb'), writeFdt(makeFdt({ name: '', properties })));
}

const generate = (...args: string[]) =>
  dmaheap(['generate', EXAMPLE, '-o', 'out', '--lock', 'dmaheap.lock', '--dtb', 'board.dtb', ...args], work);
const check = async (...args: string[]) => {
  const { stdout, exit } = await dmaheap(['check', 'out', '--lock', 'dmaheap.lock', '--format', 'json', ...args], work);
  const { results } = JSON.parse(stdout) as {
    results: { check: string; status: string; diagnostics: { code: string; message: string }[] }[];
  };
  const lock = results.find((one) => one.check === 'lock');
  return {
    exit,
    status: lock?.status,
    found: lock?.diagnostics.map(({ code, message }) => `${code}: ${message}`) ?? [],
  };
};
const lockFile = () => path.join(work, 'dmaheap.lock');

/** Changes one pin, as if the world had. */
function turn(change: (lock: Record<string, unknown>) => void): void {
  const lock = JSON.parse(readFileSync(lockFile(), 'utf8'));
  change(lock);
  writeFileSync(lockFile(), JSON.stringify(lock));
}

test('is written once, holds no path, and holds when nothing changed', async () => {
  expect((await generate()).exit).toBe(0);
  const text = readFileSync(lockFile(), 'utf8');
  expect(text).not.toContain(work);
  expect(JSON.parse(text)).toMatchObject({
    schemaVersion: 1,
    generator: expect.stringMatching(/^dmaheap \d/),
    facts: expect.stringMatching(/^[0-9a-f]{64}$/),
    profile: { name: 'rockpro64' },
    kernel: { min: '6.1', max: '7.3' },
    kernelTree: null,
    dtb: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const isLock = new Ajv2020().compile(JSON.parse(readFileSync('schemas/lock.schema.json', 'utf8')));
  expect([isLock(JSON.parse(text)), isLock.errors]).toEqual([true, null]);
  expect(isLock({ ...JSON.parse(text), dtb: 'board.dtb' })).toBe(false);
  expect((await generate()).exit).toBe(0);
  expect(readFileSync(lockFile(), 'utf8')).toBe(text);
  expect(await check('--dtb', 'board.dtb')).toEqual({ exit: 0, status: 'pass', found: [] });
});

test('generate refuses another input and writes nothing', async () => {
  await generate();
  const before = readFileSync(path.join(work, 'out/dmaheap.manifest.json'), 'utf8');
  const { exit, stderr } = await generate('--kernel', '6.12');
  expect(exit).toBe(1);
  expect(stderr).toContain(
    'error[lock/drift]: the kernel version differs from the lock: 6.12, and the lock has 6.1 to 7.3',
  );
  expect(readFileSync(path.join(work, 'out/dmaheap.manifest.json'), 'utf8')).toBe(before);
});

test.each<[string, (lock: Record<string, unknown>) => void]>([
  ['the tool', (lock) => (lock['generator'] = 'dmaheap 0.0.1')],
  ['the facts about kernels', (lock) => (lock['facts'] = 'a'.repeat(64))],
  ['the profile', (lock) => (lock['profile'] = { name: 'rockpro64', sha256: 'b'.repeat(64) })],
  ['the kernel version', (lock) => (lock['kernel'] = { min: '6.1', max: '6.12' })],
  ['the set of generated files', (lock) => (lock['output'] = 'c'.repeat(64))],
])('check names %s, and nothing else', async (title, change) => {
  await generate();
  turn(change);
  const { exit, status, found } = await check('--dtb', 'board.dtb');
  expect({ exit, status, count: found.length }).toEqual({ exit: 1, status: 'fail', count: 1 });
  expect(found[0]).toContain(`lock/drift: ${title} differs from the lock`);
});

test('another DTB is drift, and one that is gone was not compared', async () => {
  await generate();
  expect(await check()).toMatchObject({ exit: 0, found: [] });
  rmSync(path.join(work, 'board.dtb'));
  expect(await check()).toMatchObject({ exit: 0, found: [expect.stringMatching(/^lock\/not-compared: the DTB /)] });
  writeBoard('x,z');
  const { exit, found } = await check();
  expect({ exit, found }).toEqual({
    exit: 1,
    found: [expect.stringMatching(/^lock\/drift: the DTB differs from the lock/)],
  });
});

test('a kernel tree is pinned by its version and every Kconfig file', async () => {
  const write = writeTinyKernel(path.join(work, 'linux'));
  const made = await generate('--kernel-tree', 'linux', '--kernel', '6.12');
  expect(made.stderr + made.stdout).not.toContain('error[');
  expect(JSON.parse(readFileSync(lockFile(), 'utf8')).kernelTree).toMatchObject({ version: '6.12.0' });
  const same = await check('--dtb', 'board.dtb', '--kernel-tree', 'linux');
  expect(same.found).toEqual([]);
  write('Kconfig', `${TINY_KCONFIG}config NEW\n\tbool "new"\n`);
  const { found } = await check('--dtb', 'board.dtb', '--kernel-tree', 'linux');
  expect(found).toEqual([expect.stringMatching(/^lock\/drift: the kernel tree differs from the lock: 6.12.0 \(/)]);
});

test('what is no lock is said to be none', async () => {
  await generate();
  for (const text of [
    '{}',
    'null',
    '',
    'my notes',
    readFileSync(path.join(work, 'out/dmaheap.manifest.json'), 'utf8'),
  ]) {
    writeFileSync(lockFile(), text);
    const { exit, stderr } = await generate();
    expect(exit).toBe(1);
    expect(stderr).toContain(
      'error[lock/unreadable]: dmaheap.lock is not a lock of dmaheap\n  fix: give another file\n',
    );
    expect(readFileSync(lockFile(), 'utf8')).toBe(text);
    const found = await check();
    expect(found).toMatchObject({ exit: 1, found: ['lock/unreadable: dmaheap.lock is not a lock of dmaheap'] });
  }
  rmSync(lockFile());
  await generate();
  turn((lock) => (lock['schemaVersion'] = 2));
  expect((await generate()).stderr).toContain('a lock of this version\n  fix: delete it and write it again');
  for (const argv of [
    ['generate', EXAMPLE, '-o', 'out', '--lock', '.'],
    ['check', 'out', '--lock', '.'],
  ]) {
    const { exit, stderr } = await dmaheap(argv, work);
    expect(exit).toBe(3);
    expect(stderr).toContain('dmaheap: --lock .: it is a directory\n  fix: give another file\n');
  }
  rmSync(lockFile());
  expect((await dmaheap(['check', 'out', '--lock', 'dmaheap.lock'], work)).exit).toBe(3);
});
