/** The kernel that is really built: names from its source, descriptions instead of a source, and both compared. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TINY_KCONFIG, writeTinyKernel } from '../kconfig/tiny-kernel.js';
import { dmaheap, type Said } from './run.js';

let place: string;
const inPlace = (...parts: readonly string[]) => path.join(place, ...parts);
const text = (...parts: readonly string[]) => readFileSync(inPlace(...parts), 'utf8');
/** Without a compiler on the path: nothing of a tree is ever run. */
const run = (...argv: readonly string[]): Promise<Said> =>
  dmaheap(argv, place, { PATH: process.env['PATH'], XDG_CACHE_HOME: inPlace('cache') });

const CORE = 'struct dma_heap *dma_heap_add(const struct dma_heap_export_info *exp_info) { return 0; }\n';
/** One heap, or one and its uncached twin. */
const cmaDriver = (names: readonly string[]) => `
#include <linux/dma-heap.h>
static int add_area(struct cma *cma, void *data)
{
	struct dma_heap_export_info exp_info;
${names.map((name) => `\texp_info.name = ${name};\n\texp_info.ops = &area_ops;\n\tdma_heap_add(&exp_info);\n`).join('')}
	cma_alloc(cma, 1, 0, 0);
	return 0;
}
static int __init add_default_area(void)
{
	return add_area(dev_get_cma_area(NULL), NULL);
}
module_init(add_default_area);
`;
const systemDriver = (names: readonly string[]) => `
#include <linux/dma-heap.h>
static struct page *take(void) { return alloc_pages(0, 0); }
static int __init add_pages(void)
{
	struct dma_heap_export_info exp_info;
${names.map((name) => `\texp_info.name = "${name}";\n\texp_info.ops = &page_ops;\n\tdma_heap_add(&exp_info);\n`).join('')}
	return 0;
}
module_init(add_pages);
`;

function writeTree(name: string, areas: readonly string[], pages: readonly string[], kconfig = TINY_KCONFIG) {
  const write = writeTinyKernel(inPlace(name));
  write('Kconfig', kconfig);
  write('drivers/Makefile', 'obj-y += dma-buf/\n');
  write('drivers/dma-buf/Makefile', 'obj-y := dma-buf.o\nobj-$(CONFIG_DMABUF_HEAPS) += dma-heap.o heaps/\n');
  write('drivers/dma-buf/dma-heap.c', CORE);
  const own = areas[0] === 'cma_get_name(cma)' ? '' : 'board_';
  write(
    'drivers/dma-buf/heaps/Makefile',
    `obj-$(CONFIG_DMABUF_HEAPS_SYSTEM) += ${own}system_heap.o\nobj-$(CONFIG_DMABUF_HEAPS_CMA) += ${own}cma_heap.o\n`,
  );
  // A file of mainline that stays in the tree and that no Makefile names.
  write('drivers/dma-buf/heaps/cma_heap.c', cmaDriver(['cma_get_name(cma)']));
  write(`drivers/dma-buf/heaps/${own}cma_heap.c`, cmaDriver(areas));
  write(`drivers/dma-buf/heaps/${own}system_heap.c`, systemDriver(pages));
  return write;
}

beforeAll(() => {
  place = mkdtempSync(path.join(tmpdir(), 'dmaheap-kernel-test-'));
  mkdirSync(inPlace('cache'));
  writeTree('plain', ['cma_get_name(cma)'], ['system']);
  writeTree(
    'board',
    ['"frames"', '"frames-uncached"'],
    ['system', 'system-low', 'system-uncached'],
    TINY_KCONFIG.replace(
      'config DMABUF_HEAPS_SYSTEM\n\tbool "System heap"\n\tdepends on DMABUF_HEAPS',
      'config BOARD_POOL\n\tbool "Pool"\n\nconfig DMABUF_HEAPS_SYSTEM\n\tbool "System heap"\n\tdepends on DMABUF_HEAPS && BOARD_POOL',
    ),
  );
  const profile = {
    version: 1,
    name: 'walk',
    board: {
      title: 'Walk',
      compatible: ['acme,walk'],
      arch: 'arm64',
      cells: { address: 2, size: 2 },
      memory: [{ base: '0x40000000', size: '1G' }],
    },
    kernel: { version: '6.12' },
    regions: { 'linux,cma': { default: true, size: '64M' } },
    heaps: { video: { region: 'linux,cma' }, system: { kind: 'system' } },
    access: { video: { group: 'video' }, system: { group: 'video' } },
  };
  writeFileSync(inPlace('walk.json'), JSON.stringify(profile));
  writeFileSync(
    inPlace('described.json'),
    JSON.stringify({ ...profile, kernel: { version: '6.12', description: 'board.kernel.json' } }),
  );
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const namesIn = (directory: string) =>
  text(directory, 'verify/verify.expect')
    .split('\n')
    .flatMap((line) => /^node heap=(\S+) name=(\S+)/.exec(line)?.slice(1, 3).join(' ') ?? []);

describe('the same profile on two kernels', () => {
  test("a vendor's source gives its names, with their area and size, and the lines that it needs", async () => {
    const said = await run('generate', 'walk.json', '-o', 'of-board', '--kernel-tree', 'board');
    expect(said.exit, said.stderr).toBe(0);
    expect(namesIn('of-board')).toEqual([
      'video frames',
      'video-uncached frames-uncached',
      'system system',
      'system-uncached system-uncached',
    ]);
    const expectation = text('of-board/verify/verify.expect');
    expect(expectation).toContain('heap name=video kind=cma area=linux,cma');
    expect(expectation).toContain('heap name=video-uncached kind=cma area=linux,cma');
    expect(expectation).toContain('area name=linux,cma bytes=67108864');
    const rules = text('of-board/udev/70-dmaheap.rules');
    expect(rules).toContain('KERNEL=="frames", GROUP="video"');
    expect(rules).toContain('KERNEL=="frames-uncached", GROUP="video"');
    expect(text('of-board/kernel-fragment/dmaheap.cfg')).toContain('CONFIG_BOARD_POOL=y');
  });

  test("a source like mainline's gives mainline's names", async () => {
    const said = await run('generate', 'walk.json', '-o', 'of-plain', '--kernel-tree', 'plain');
    expect(said.exit, said.stderr).toBe(0);
    expect(namesIn('of-plain')).toEqual(['video linux,cma', 'system system']);
    expect(text('of-plain/kernel-fragment/dmaheap.cfg')).not.toContain('BOARD_POOL');
  });

  test('check fails a tree whose names differ from what was generated, in both directions', async () => {
    const own = await run('check', 'of-board', '--kernel-tree', 'board', '--format', 'json');
    const status = (said: Said) =>
      (JSON.parse(said.stdout).results as { check: string; status: string }[]).find(
        ({ check }) => check === 'kernel-heaps',
      )?.status;
    expect(status(own)).toBe('pass');
    const other = await run('check', 'of-board', '--kernel-tree', 'plain');
    expect(other.exit).toBe(1);
    expect(other.stderr).toContain('the heap "video" was generated as frames, but plain registers linux,cma');
    expect(other.stderr).toContain('"video-uncached" was generated as frames-uncached, but plain registers no heap');
    const back = await run('check', 'of-plain', '--kernel-tree', 'board');
    expect(back.exit).toBe(1);
    expect(back.stderr).toContain('the heap "video" was generated as linux,cma, but board registers frames');
  });

  test('diff and kernel --diff say what changes for user space', async () => {
    const profiles = await run('diff', 'walk.json', '--kernel-tree', 'plain', '--kernel-tree', 'board');
    expect(profiles.stdout).toContain('heap video, names: linux,cma -> frames');
    expect(profiles.stdout).toContain('+ CONFIG_BOARD_POOL: y');
    const kernels = await run('kernel', '--diff', 'plain', 'board');
    expect(kernels.exit).toBe(1);
    expect(kernels.stdout).toContain('  + /dev/dma_heap/frames: default-area, with DMABUF_HEAPS_CMA');
    expect(kernels.stdout).toContain('  - /dev/dma_heap/{area}: default-area, with DMABUF_HEAPS_CMA');
    expect((await run('kernel', '--diff', 'board', 'board')).stdout).toContain('no difference');
  });
});

describe('a description', () => {
  const valid = new Ajv2020({ allowUnionTypes: true }).compile(
    JSON.parse(readFileSync('schemas/kernel.schema.json', 'utf8')),
  );

  test('is as its schema says, and the same bytes each time', async () => {
    expect((await run('kernel', 'board', '--arch', 'arm64', '-o', 'board.kernel.json')).exit).toBe(0);
    expect((await run('kernel', 'board', '--arch', 'arm64', '-o', 'again.kernel.json')).exit).toBe(0);
    expect(text('again.kernel.json')).toBe(text('board.kernel.json'));
    valid(JSON.parse(text('board.kernel.json')));
    expect(valid.errors).toBeNull();
    const shown = await run('kernel', 'board.kernel.json', '--format', 'json');
    expect(JSON.parse(shown.stdout)).toEqual(JSON.parse(text('board.kernel.json')));
    valid(JSON.parse((await run('kernel', '6.12', '--format', 'json')).stdout));
    expect(valid.errors).toBeNull();
  });

  test('stands for the source: the same names, symbols and expectation', async () => {
    const said = await run('generate', 'described.json', '-o', 'of-description');
    expect(said.exit, said.stderr).toBe(0);
    expect(namesIn('of-description')).toEqual(namesIn('of-board'));
    const lines = (directory: string) =>
      text(directory, 'kernel-fragment/dmaheap.cfg')
        .split('\n')
        .filter((line) => line.startsWith('CONFIG_'));
    expect(lines('of-description')).toEqual(lines('of-board'));
    const checked = await run('check', 'of-description');
    expect(checked.stdout).toContain('the description registers the heaps of the generated files');
    const placed = await run('place', 'described.json', '--format', 'json');
    expect(JSON.parse(placed.stdout).heaps.map(({ name }: { name: string }) => name)).toContain('frames');
  });

  test('agrees with its tree, and not with another one', async () => {
    expect((await run('check', 'board.kernel.json', '--kernel-tree', 'board')).exit).toBe(0);
    const other = await run('check', 'board.kernel.json', '--kernel-tree', 'plain');
    expect(other.exit).toBe(1);
    expect(other.stderr).toContain('/dev/dma_heap/frames');
  });

  test.each([
    ['{}', "must have required property 'schemaVersion'"],
    ['{"schemaVersion":2}', 'not a kernel description of version 1'],
    ['[', 'is not a kernel description'],
  ])('%s is refused in one sentence', async (contents, sentence) => {
    writeFileSync(inPlace('bad.kernel.json'), contents);
    const said = await run('kernel', 'bad.kernel.json');
    expect(said.exit).toBe(2);
    expect(said.stderr).toContain(sentence);
    expect(said.stderr.split('\n').length).toBeLessThan(4);
  });

  test('for another architecture is refused', async () => {
    const profile = JSON.parse(text('described.json'));
    profile.board.arch = 'riscv64';
    writeFileSync(inPlace('other-arch.json'), JSON.stringify(profile));
    const said = await run('validate', 'other-arch.json');
    expect(said.exit).toBe(1);
    expect(said.stderr).toContain('the kernel description is of board for arm64, but board.arch is riscv64');
  });

  test('that ships has a name, and the names are said where one is wrong', async () => {
    const profile = JSON.parse(text('described.json'));
    writeFileSync(
      inPlace('shipped.json'),
      JSON.stringify({ ...profile, kernel: { version: '5.10', description: 'rockchip-5.10' } }),
    );
    const said = await run('generate', 'shipped.json', '-o', 'of-shipped');
    expect(said.exit, said.stderr).toBe(0);
    expect(namesIn('of-shipped')).toContain('video-uncached cma-uncached');
    expect((await run('check', 'of-shipped')).stdout).toContain('the description registers the heaps');
    writeFileSync(
      inPlace('misspelt.json'),
      JSON.stringify({ ...profile, kernel: { version: '5.10', description: 'rockchip' } }),
    );
    const wrong = await run('validate', 'misspelt.json');
    expect(wrong.exit).toBe(2);
    expect(wrong.stderr).toContain('rockchip-5.10');
  });

  test('each one that ships is as the schema says and tells its evidence', () => {
    const files = readdirSync('schemas/kernels').filter((file) => file.endsWith('.json'));
    expect(files.length).toBeGreaterThan(6);
    for (const file of files) {
      const description = JSON.parse(readFileSync(`schemas/kernels/${file}`, 'utf8'));
      valid(description);
      expect(valid.errors, file).toBeNull();
      expect(description.scope, file).toBe('tree');
      expect(description.unread, file).toEqual([]);
    }
  });
});

describe('trees that are old or strange end in one sentence', () => {
  const sentence = async (...argv: readonly string[]) => {
    const said = await run(...argv);
    expect(said.exit).toBe(3);
    const lines = said.stderr.trim().split('\n');
    expect(lines.length).toBeLessThanOrEqual(2);
    return lines.join(' ');
  };

  test.each([
    ['4.19', 'it does not have DMA-BUF heaps (/dev/dma_heap)'],
    ['5.4', 'it does not have DMA-BUF heaps (/dev/dma_heap)'],
    ['5.8', 'dmaheap knows kernels from 5.10 on'],
  ])('a %s tree', async (version, words) => {
    const [major, minor] = version.split('.');
    const write = writeTinyKernel(inPlace(`old-${version}`));
    write('Makefile', `VERSION = ${major}\nPATCHLEVEL = ${minor}\nSUBLEVEL = 1\n`);
    // A dialect that the engine does not read.
    write('Kconfig', 'config A\n\tboolean\n\toption env="X"\n---help---\n');
    for (const argv of [
      ['kernel', `old-${version}`],
      ['generate', 'walk.json', '-o', 'of-old', '--kernel-tree', `old-${version}`],
      ['resolve', 'CMA=y', '--kernel-tree', `old-${version}`, '--arch', 'arm64'],
      ['check', 'of-board', '--kernel-tree', `old-${version}`],
    ])
      expect(await sentence(...argv)).toContain(words);
  });

  test('converted line ends', async () => {
    const write = writeTree('converted', ['"frames"'], ['system']);
    write('Kconfig', 'config A\r\n\tbool "A"\r\n\thelp\r\n\t  One.\r\n\r\n\t  Two-three: four.\r\n');
    expect(await sentence('kernel', 'converted')).toContain('CRLF line ends');
  });
});

test('a name that nothing has is answered with the names that ship', async () => {
  expect(await dmaheap(['kernel', 'nowhere-9.9'])).toMatchObject({
    exit: 3,
    stderr: expect.stringMatching(/nowhere-9\.9: not a kernel source tree.*\n {2}fix: .*rockchip-5\.10/),
  });
});
