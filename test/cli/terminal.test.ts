/** What is printed: no character of a profile, a device tree or a file name reaches the terminal as a command to it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { writeTinyKernel } from '../kconfig/tiny-kernel.js';
import { dmaheap } from './run.js';

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCharCode(from + i)).join('');
const OBEYED = [range(0, 9), range(11, 0x1f), range(0x7f, 0x9f), range(0x2028, 0x202e), range(0x2066, 0x2069)].join('');
const RAW = /[^\P{Cc}\n\t]|[\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

let work = '';
beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'dmaheap-terminal-'));
  // As text and as names, with each character near the start of one.
  const properties = {
    '#address-cells': cellsValue(2),
    '#size-cells': cellsValue(2),
    model: stringsValue(OBEYED.slice(1)),
  };
  const memory = {
    name: 'memory@40000000',
    properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x40000000, 0, 0x40000000) },
  };
  const node = (name: string) => ({
    name,
    properties: {
      compatible: stringsValue('shared-dma-pool'),
      reusable: new Uint8Array(),
      size: cellsValue(0, 0x1001),
    },
  });
  const reserved = {
    name: 'reserved-memory',
    properties: { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2), ranges: new Uint8Array() },
    children: ['a\u001b[31mb', 'c\u0007', 'd\u009b2J', 'e\rf'].map(node),
  };
  const tree = makeFdt({ name: '', properties, children: [memory, reserved] });
  writeFileSync(path.join(work, 'board.dtb'), writeFdt(tree));
  const profile = {
    version: 1,
    name: 'acme',
    board: {
      title: `A ${OBEYED}`,
      soc: OBEYED.slice(0, 60),
      arch: 'arm64',
      memory: [{ base: '0x40000000', size: '1G' }],
    },
    kernel: { version: '6.12' },
    regions: {
      'linux,cma': { default: true, budget: { buffers: [{ purpose: OBEYED.slice(-60), size: '1M', count: 2 }] } },
    },
    heaps: { camera: { region: 'linux,cma' } },
    access: { camera: { group: 'video' } },
  };
  writeFileSync(path.join(work, 'board.json'), JSON.stringify(profile));
  writeFileSync(
    path.join(work, 'bad.json'),
    JSON.stringify({ ...profile, [OBEYED]: OBEYED, regions: { [OBEYED]: 1 } }),
  );
  writeFileSync(path.join(work, 'raw.json'), `{ "version": 1, "${OBEYED}": ${OBEYED}`);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const DTB = ['--dtb', 'board.dtb'];
const COMMANDS = [
  ...['board.json', 'bad.json', 'raw.json'].flatMap((file) => [
    ['validate', file],
    ['validate', file, ...DTB],
    ['generate', file, '-o', 'out', '--diff'],
    ['generate', file, '-o', 'out', ...DTB],
    ['place', file, ...DTB],
    ['report', file],
    ['report', file, ...DTB],
    ['explain', '/board/title', file],
    ['explain', 'heap:camera', file, ...DTB],
    ['diff', file, 'board.json'],
    ['targets', 'yocto', file],
    ['resolve', file, '--kernel-tree', '.', '--arch', 'arm64'],
  ]),
  ['place', ...DTB, '--arch', 'arm64', '--kernel', '6.12'],
  ['explain', 'region:a', ...DTB, '--arch', 'arm64', '--kernel', '6.12'],
  ['init', ...DTB],
  ['import', '--dts', 'board.dtb', '--arch', 'arm64', '--kernel', '6.12'],
  ['check', 'out', ...DTB],
  [`${OBEYED}`],
  ['explain', OBEYED],
  ['facts', OBEYED],
  ['validate', OBEYED.slice(1)],
  ['matrix', OBEYED.slice(1)],
  ['completion', OBEYED],
];

test.each(['human', 'json', 'sarif', 'github'])('%s', async (format) => {
  for (const argv of COMMANDS) {
    const { stdout, stderr } = await dmaheap([...argv, '--format', format], work);
    const at = `${argv
      .slice(0, 2)
      .join(' ')
      .replace(/\P{ASCII}|\p{Cc}/gu, '?')}`;
    expect(RAW.exec(stdout)?.[0].charCodeAt(0), `${at}: stdout`).toBeUndefined();
    expect(RAW.exec(stderr)?.[0].charCodeAt(0), `${at}: stderr`).toBeUndefined();
  }
});

test('a program reads the text as it was', async () => {
  const { stdout } = await dmaheap(['explain', '/board/title', 'board.json', '--format', 'json'], work);
  expect(JSON.parse(stdout)).toMatchObject({ title: expect.stringContaining(JSON.stringify(`A ${OBEYED}`)) });
});

test('a pipe or a device is not waited for, and - is standard input', async () => {
  execFileSync('mkfifo', [path.join(work, 'pipe')]);
  for (const [file, words] of [
    ['pipe', 'it is a pipe'],
    ['/dev/zero', 'it is not a regular file'],
  ] as const)
    for (const [command, exit] of [
      ['validate', 2],
      ['diagnose', 3],
      ['matrix', 2],
    ] as const)
      expect(await dmaheap([command, file], work), command).toMatchObject({
        exit,
        stderr: expect.stringMatching(new RegExp(`${words}.*fix: `, 's')),
      });
});

test.each(['/dev/zero', 'pipe'])('a kernel tree that reads %s is refused, not waited for', async (source) => {
  writeTinyKernel(path.join(work, 'linux'))('Kconfig', `mainmenu "x"\nsource "${source}"\n`);
  execFileSync('mkfifo', ['-m', '0600', path.join(work, 'linux/pipe')], { stdio: 'ignore' });
  const argv = ['resolve', 'CMA=y', '--kernel-tree', 'linux', '--arch', 'arm64'];
  expect(await dmaheap(argv, work)).toMatchObject({ exit: 3, stderr: expect.stringContaining(source) });
  rmSync(path.join(work, 'linux'), { recursive: true });
});
