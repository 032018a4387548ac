/** `dmaheap diagnose` takes a capture in any form, and answers the same. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { dmaheap } from './run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-diagnose-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const at = (name: string) => path.join(work, name);

const CONFIG =
  '# Linux/arm64 6.6.20 Kernel Configuration\nCONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=y\n# CONFIG_DMABUF_HEAPS_CMA is not set\nCONFIG_DMA_CMA=y\n';
const LISTING = '$ ls -l /dev/dma_heap\ntotal 0\ncrw------- 1 root root 252, 0 Jan  1 00:00 system\n';
/** Cells of the parent and of the node do not fit, so the kernel drops the area. */
const TREE = writeFdt(
  makeFdt({
    name: '',
    properties: {
      compatible: stringsValue('acme,board'),
      '#address-cells': cellsValue(2),
      '#size-cells': cellsValue(2),
    },
    children: [
      {
        name: 'reserved-memory',
        properties: { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2), ranges: new Uint8Array() },
        children: [
          {
            name: 'linux,cma',
            properties: {
              compatible: stringsValue('shared-dma-pool'),
              reusable: new Uint8Array(),
              size: cellsValue(0x4000000),
              'linux,cma-default': new Uint8Array(),
            },
          },
        ],
      },
    ],
  }),
);

beforeAll(() => {
  mkdirSync(at('board/proc'), { recursive: true });
  writeFileSync(at('board/proc/config'), CONFIG);
  writeFileSync(at('board/listing.txt'), LISTING);
  for (const [name, flag] of [
    ['board.tar', ''],
    ['board.tgz', 'z'],
    ['board.tar.xz', 'J'],
  ] as const)
    execaSync('tar', [`-c${flag}f`, at(name), '-C', work, 'board']);
  cpSync(at('board'), at('with-config-gz'), { recursive: true });
  rmSync(at('with-config-gz/proc/config'));
  writeFileSync(at('with-config-gz/proc/config.gz'), gzipSync(CONFIG));
});

const answer = async (...files: string[]) => {
  const { exit, stdout } = await dmaheap(['--format', 'json', 'diagnose', ...files], work);
  const { causes, skipped } = JSON.parse(stdout) as { causes: { id: string }[]; skipped: string[] };
  return { exit, id: causes[0]?.id, skipped };
};

describe('one board', () => {
  test.each([
    ['files', ['board/proc/config', 'board/listing.txt']],
    ['a directory', ['board']],
    ['a tar archive', ['board.tar']],
    ['a compressed tar archive', ['board.tgz']],
    ['a tar archive of xz', ['board.tar.xz']],
    ['a directory with config.gz', ['with-config-gz']],
  ])('as %s has one cause', async (_, files) => {
    const plain = await answer('board/proc/config', 'board/listing.txt');
    expect(plain.id).toBeDefined();
    expect(await answer(...files)).toEqual(plain);
  });
});

test('a blob of the device tree is read beside the log, whatever it is called', async () => {
  writeFileSync(at('fdt'), TREE);
  writeFileSync(at('boot.log'), "[    0.000000] OF: reserved mem: invalid size property in 'linux,cma' node.\n");
  expect(await answer('fdt', 'boot.log')).toMatchObject({ exit: 1, id: 'CMA_DT_REJECTED_CELLS', skipped: [] });
  const { stdout } = await dmaheap(['--format', 'json', 'diagnose', 'fdt', 'boot.log'], work);
  const { understood } = JSON.parse(stdout) as { understood: { file: string }[] };
  expect(new Set(understood.map(({ file }) => file))).toEqual(new Set(['fdt', 'boot.log']));
});

test('what holds no text is named, and the rest is read', async () => {
  mkdirSync(at('odd'), { recursive: true });
  writeFileSync(at('odd/fdt'), TREE.subarray(0, 60));
  writeFileSync(at('odd/image.bin'), new Uint8Array(100));
  writeFileSync(at('odd/log.gz'), gzipSync(CONFIG).subarray(0, 30));
  writeFileSync(at('odd/listing.txt'), LISTING);
  execaSync('mkfifo', [at('odd/pipe')]);
  const { skipped } = await answer('odd');
  expect(skipped.map((one) => one.replace(/:.*$/, ''))).toEqual(['odd/fdt', 'odd/image.bin', 'odd/log.gz']);
});

test('a tar archive that is broken, and a file that is not there, are refused', async () => {
  writeFileSync(at('broken.tar'), 'not a tar');
  expect(await dmaheap(['diagnose', 'broken.tar'], work)).toMatchObject({ exit: 3 });
  expect(await dmaheap(['diagnose', 'nothing.txt'], work)).toMatchObject({ exit: 3 });
});

describe('beside a profile', () => {
  const PROFILE = {
    version: 1,
    name: 'acme',
    board: { arch: 'arm64', memory: [{ base: '0x40000000', size: '1G' }] },
    kernel: { version: '6.6..6.12' },
    regions: { 'linux,cma': { size: '64M', default: true } },
    heaps: { frames: { region: 'linux,cma', aliases: ['frames'] } },
    access: { frames: { group: 'video', users: ['camera'] } },
  };
  const CAPTURE = [
    '$ uname -a',
    'Linux acme 6.6.20 #1 SMP aarch64 GNU/Linux',
    '$ ls -l /dev/dma_heap',
    'crw-rw---- 1 root video 252, 1 Jan  1 00:00 linux,cma',
    'lrwxrwxrwx 1 root root 9 Jan  1 00:00 frames -> linux,cma',
    '$ id camera',
    'uid=990(camera) gid=990(camera) groups=990(camera),44(video)',
    '$ grep Cma /proc/meminfo',
    'CmaTotal:          65536 kB',
    'CmaFree:           60000 kB',
    '',
  ].join('\n');
  const compared = async (capture: string) => {
    writeFileSync(at('capture.txt'), capture);
    return comparedWith('capture.txt');
  };
  const comparedWith = async (given: string) => {
    writeFileSync(at('acme.json'), JSON.stringify(PROFILE));
    const { exit, stdout, stderr } = await dmaheap(
      ['--format', 'json', 'diagnose', given, '--profile', 'acme.json'],
      work,
    );
    const { profile } = JSON.parse(stdout === '' ? `{"profile":"${stderr}"}` : stdout) as {
      profile: { what: string; status: string; seen: string | null }[];
    };
    return {
      exit,
      of: (status: string) => profile.filter((one) => one.status === status).map(({ what }) => what),
      seen: (what: string) => profile.find((one) => one.what === what)?.seen,
    };
  };
  /** A capture as the verifier writes it. */
  const collected = (files: Readonly<Record<string, string>>) => {
    rmSync(at('collected'), { recursive: true, force: true });
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(at(`collected/${name}`)), { recursive: true });
      writeFileSync(at(`collected/${name}`), text);
    }
    return comparedWith('collected');
  };

  test('what agrees and what the text does not show are named', async () => {
    const { exit, of } = await compared(CAPTURE);
    expect(exit).toBe(0);
    expect(of('differs')).toEqual([]);
    expect(of('same')).toEqual([
      'kernel',
      'architecture',
      'CmaTotal',
      'heap frames',
      'alias frames',
      'group of linux,cma',
      'mode of linux,cma',
      'user camera',
    ]);
    expect(of('not-seen')).toEqual(['page size', 'area linux,cma']);
  });

  test.each([
    ['6.6.20', '6.18.2', 'kernel'],
    ['65536 kB', '32768 kB', 'CmaTotal'],
    ['root video 252', 'root audio 252', 'group of linux,cma'],
    ['crw-rw----', 'crw-------', 'mode of linux,cma'],
    [',44(video)', '', 'user camera'],
    ['-> linux,cma', '-> system', 'alias frames'],
    ['252, 1 Jan  1 00:00 linux,cma', '252, 1 Jan  1 00:00 reserved', 'heap frames'],
  ])('%s as %s differs in %s', async (from, to, what) => {
    const { exit, of } = await compared(CAPTURE.replace(from, to));
    expect(exit).toBe(1);
    expect(of('differs')).toContain(what);
  });

  test('a capture of the verifier is compared by its numbers and its page size', async () => {
    const { of } = await collected({
      'machine.txt': 'Linux 6.6.20 aarch64\npage size 16384\nuid 0\nruns in: no container\n',
      'etc/group': 'root:x:0:\nvideo:x:44:camera\n',
      'ls-dev-dma_heap.txt':
        'drwxr-xr-x 1 0 0 0 Jan  1 00:00 .\ncrw-rw---- 1 0 44 252, 1 Jan  1 00:00 linux,cma\nlrwxrwxrwx 1 0 0 0 Jan  1 00:00 frames -> linux,cma\n',
    });
    expect(of('differs')).toEqual(['page size']);
    expect(of('same')).toContain('group of linux,cma');
    expect(of('same')).toContain('alias frames');
  });

  test.each([
    ['CMA', ['area linux,cma', 'CmaTotal', 'heap frames', 'alias frames']],
    ['DMA_CMA', ['area linux,cma', 'CmaTotal', 'heap frames', 'alias frames']],
    ['DMABUF_HEAPS_CMA', ['heap frames', 'alias frames']],
  ])('what CONFIG_%s would make differs without it', async (option, what) => {
    const { of, seen } = await collected({
      'machine.txt': 'Linux 6.6.20 aarch64\npage size 4096\n',
      'boot/config-6.6.20': `# CONFIG_${option} is not set\nCONFIG_DMABUF_HEAPS=y\n`,
    });
    expect(of('differs')).toEqual(what);
    expect(of('same')).toContain('page size');
    expect(seen(what[0] ?? '')).toContain(`CONFIG_${option} is off`);
  });
});

test('--predict says what is missing for a simulation', async () => {
  writeFileSync(at('short.txt'), LISTING);
  const { stdout } = await dmaheap(['diagnose', 'short.txt', '--predict'], work);
  expect(stdout).toMatch(/simulation: not run: the text does not show the release of the kernel, the architecture/);
});
