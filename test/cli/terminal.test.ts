/** What is printed: no character of a profile, a device tree or a file name reaches the terminal as a command to it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { TINY_KCONFIG, writeTinyKernel } from '../kconfig/tiny-kernel.js';
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
  writeFiles();
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Each file that a command reads besides profile and tree, with the characters wherever it has a place for a text. */
function writeFiles(): void {
  const write = writeTinyKernel(path.join(work, 'linux'));
  const symbol = `config ACME\n\tbool "${OBEYED}"\n\tdepends on ${OBEYED.slice(0, 8)}\n\thelp\n\t  ${OBEYED}\n`;
  write('Kconfig', `${TINY_KCONFIG}\nconfig DEBUG_FS\n\tbool "${OBEYED.slice(9)}"\n`);
  write('drivers/Kconfig', symbol);
  writeTinyKernel(path.join(work, 'broken'))('Kconfig', symbol);
  const files: Readonly<Record<string, string>> = {
    '.config': `CONFIG_CMA=y\nCONFIG_${OBEYED}=y\nCONFIG_DEFAULT_HOSTNAME="${OBEYED}"\nCONFIG_CMA_SIZE_MBYTES=${OBEYED}\n`,
    'dmesg.txt': [
      `[    0.000000] Linux version 6.12.0${OBEYED} (a@b)`,
      `[    0.000000] Kernel command line: console=ttyS0 cma=${OBEYED} cma=64M`,
      `[    0.000000] OF: reserved mem: failed to allocate memory for node '${OBEYED}': size 64 MiB`,
      '[    0.000000] cma: Failed to reserve 64 MiB',
      `[    0.000000] Reserved memory: created CMA memory pool at 0x80000000, size 64 MiB ${OBEYED}`,
      `cat: /dev/dma_heap/${OBEYED}: No such file or directory`,
    ].join('\n'),
    'expect.lock': JSON.stringify({ version: 1, files: { [OBEYED]: OBEYED } }),
    'matrix.json': JSON.stringify({ boards: ['board.json', OBEYED], kernels: ['6.12'], targets: [OBEYED] }),
    'acme.kernel.json': JSON.stringify({ version: 1, name: OBEYED, [OBEYED]: [OBEYED] }),
    'root/etc/passwd': `root:x:0:0:${OBEYED}:/root:/bin/sh\n`,
    'root/etc/group': `root:x:0:\nvideo:x:44:${OBEYED}\n`,
    'root/usr/lib/udev/rules.d/10-acme.rules': `KERNEL=="${OBEYED}", GROUP="${OBEYED}"\nGOTO="${OBEYED}"\n`,
    'root/usr/lib/systemd/system/acme.service': `[Service]\nExecStart=/bin/${OBEYED}\nUser=${OBEYED}\nDeviceAllow=${OBEYED}\n`,
    'root/usr/lib/tmpfiles.d/acme.conf': `z /dev/dma_heap/${OBEYED} 0666 ${OBEYED} - -\n`,
    'root/etc/mdev.conf': `dma_heap/${OBEYED} ${OBEYED}:video 660\n`,
    'root/boot/extlinux/extlinux.conf': `label ${OBEYED}\n fdtoverlays ${OBEYED}\n`,
    'root/usr/bin/udevd': '',
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(work, file)), { recursive: true });
    writeFileSync(path.join(work, file), text);
  }
}

const DTB = ['--dtb', 'board.dtb'];
const TREE = ['--kernel-tree', 'linux', '--arch', 'arm64'];
const CALLS = [
  ...['board.json', 'bad.json', 'raw.json'].flatMap((file) => [
    ['validate', file],
    ['validate', file, ...DTB],
    ['generate', file, '-o', 'out', '--diff'],
    ['generate', file, '-o', 'out', ...DTB],
    ['place', file, ...DTB],
    ['place', file, ...DTB, '--config', '.config'],
    ['report', file],
    ['report', file, ...DTB],
    ['explain', '/board/title', file],
    ['explain', 'heap:camera', file, ...DTB],
    ['diff', file, 'board.json'],
    ['targets', 'yocto', file],
    ['resolve', file, '--kernel-tree', '.', '--arch', 'arm64'],
    ['check', file, '--rootfs', 'root', ...DTB, '--config', '.config'],
  ]),
  ['place', ...DTB, '--arch', 'arm64', '--kernel', '6.12', '--cmdline', `cma=${OBEYED.slice(1)} ${OBEYED.slice(1)}`],
  ['explain', 'region:a', ...DTB, '--arch', 'arm64', '--kernel', '6.12'],
  ['init', ...DTB],
  ['import', '--dts', 'board.dtb', '--arch', 'arm64', '--kernel', '6.12'],
  ['import', '--config', '.config', '--rules', 'root/usr/lib/udev/rules.d/10-acme.rules', '--arch', 'arm64'],
  ['check', 'out', ...DTB],
  ['check', 'out', '--lock', 'expect.lock'],
  ['check', 'out', '--kernel-tree', 'linux'],
  ['resolve', 'DEBUG_FS=y', ...TREE],
  ['resolve', 'CMA=y', ...TREE, '--base', '.config'],
  ['resolve', OBEYED.slice(1), ...TREE],
  ['resolve', 'CMA=y', '--kernel-tree', 'broken', '--arch', 'arm64'],
  ['explain', 'DEBUG_FS', ...TREE],
  ['kernel', 'linux', '--arch', 'arm64', '--config', '.config'],
  ['kernel', '--diff', '6.12', 'acme.kernel.json'],
  ['diagnose', 'dmesg.txt'],
  ['diagnose', 'dmesg.txt', '.config', 'board.dtb', 'root/etc/group', 'root'],
  ['verify', '--expect', 'dmesg.txt', '--root', 'root'],
  ['matrix', 'matrix.json', '-o', 'fleet'],
  ['matrix', OBEYED.slice(1)],
  ['completion', OBEYED],
  ['explain', OBEYED],
  ['facts', OBEYED],
  ['validate', OBEYED.slice(1)],
  ['explore', '-o', `missing/${OBEYED}`],
  ['schema', OBEYED],
  ['version', OBEYED],
  [OBEYED],
];

test('the calls are of every command', () => {
  const called = new Set(CALLS.map(([name]) => name));
  expect(Object.keys(COMMANDS).filter((name) => !called.has(name))).toEqual([]);
});

/** What a terminal would obey in the output of a call. */
function obeyed(text: string, isColored: boolean): string | undefined {
  const rest = isColored ? text.replace(OWN_COLORS, '') : text;
  const found = RAW.exec(rest);
  return found === null ? undefined : JSON.stringify(rest.slice(Math.max(0, found.index - 60), found.index + 9));
}
/** Only the colours that findings and verdicts have. */
const OWN_COLORS = new RegExp(`${String.fromCharCode(27)}\\[(?:0|1|2|3[1-6]|1;3[1-6])m`, 'g');

test.each([
  ['human', true],
  ...['human', 'json', 'sarif', 'github'].map((format) => [format, false] as const),
] as const)('%s, coloured: %s', async (format, isTerminal) => {
  const undone: string[] = [];
  for (const argv of CALLS) {
    const said = await dmaheap([...argv, '--format', format], work, undefined, isTerminal);
    const at = argv
      .slice(0, 2)
      .join(' ')
      .replace(/\P{ASCII}|\p{Cc}/gu, '?');
    for (const stream of ['stdout', 'stderr'] as const) {
      const raw = obeyed(said[stream], isTerminal);
      if (raw !== undefined) undone.push(`${at}: ${stream}: ${raw}`);
      // A colour that came in as a name of a node.
      if (said[stream].includes('a\u001b[31mb')) undone.push(`${at}: ${stream}: the colour of a node's name`);
    }
    expect(said.exit, `${at} ended in a defect: ${said.stderr}`).not.toBe(70);
  }
  expect(undone).toEqual([]);
});

test('the words of a verdict have colours, and no escape is shown as text', async () => {
  const { stdout } = await dmaheap(['check', 'board.json', ...DTB], work, undefined, true);
  expect(stdout).toMatch(OWN_COLORS);
  expect(stdout.replace(OWN_COLORS, '')).not.toMatch(/\\u001b\[/);
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
  writeTinyKernel(path.join(work, 'endless'))('Kconfig', `mainmenu "x"\nsource "${source}"\n`);
  execFileSync('mkfifo', ['-m', '0600', path.join(work, 'endless/pipe')], { stdio: 'ignore' });
  const argv = ['resolve', 'CMA=y', '--kernel-tree', 'endless', '--arch', 'arm64'];
  expect(await dmaheap(argv, work)).toMatchObject({ exit: 3, stderr: expect.stringContaining(source) });
  rmSync(path.join(work, 'endless'), { recursive: true });
});
