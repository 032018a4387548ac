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
