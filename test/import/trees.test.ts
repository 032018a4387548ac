/** Device trees as their authors wrote them: cells, and the architecture that the processors tell. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-import-trees-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const file = (name: string, text: string) => {
  writeFileSync(path.join(work, name), `/dts-v1/;\n${text}\n`);
  return name;
};

const BOARD = (cpu: string) => `/ { #address-cells = <2>; #size-cells = <2>; compatible = "acme,board";
  cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; reg = <0>; compatible = "${cpu}"; }; };
  memory@0 { device_type = "memory"; reg = <0 0 0 0x80000000>; };
  reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; };
};`;
const pool = (cells: string, reg: string) => `/plugin/;
&{/} { reserved-memory { ${cells} ranges;
  cam@70000000 { compatible = "shared-dma-pool"; reusable; reg = <${reg}>; }; }; };`;

test('an overlay with cells of its own is told so, and its numbers are those that it means', async () => {
  file('board.dts', BOARD('arm,cortex-a53'));
  const overlay = file('cam.dtso', pool('#address-cells = <1>; #size-cells = <1>;', '0x70000000 0x8000000'));
  const { exit, stdout, stderr } = await dmaheap(['import', '--dts', 'board.dts', '--dts', overlay], work);
  expect(exit).toBe(0);
  expect(stderr).toContain(
    'cam.dtso:3:8: warning[import/no-effect]: /reserved-memory has #address-cells <1> and #size-cells <1>, but the root has <2> and <2>',
  );
  expect(stderr).not.toContain('no valid size');
  expect(stdout).toMatch(
    /"cam": \{[^}]*"size": "128M"[^}]*"base": "0x70000000"|"cam": \{[^}]*"base": "0x70000000"[^}]*"size": "128M"/,
  );
});

test('a reg in other cells than it is read in is the cause, if it is', async () => {
  file('board.dts', BOARD('arm,cortex-a53'));
  const overlay = file('cam.dtso', pool('', '0x70000000 0x8000000'));
  const { stderr } = await dmaheap(['import', '--dts', 'board.dts', '--dts', overlay], work);
  expect(stderr).toMatch(/cam@70000000 has no valid size[\s\S]*cause: reg has 2 cells/);
});

test.each([
  ['arm,cortex-a8', 'arm'],
  ['arm,cortex-a53', 'arm64'],
])('processors %s are of %s', async (cpu, arch) => {
  const { stdout, stderr } = await dmaheap(
    ['import', '--dts', file('board.dts', BOARD(cpu)), '--cmdline', 'cma=64M'],
    work,
  );
  expect(stdout).toContain(`"arch": "${arch}"`);
  expect(stderr).not.toContain('architecture');
});

const POOL = 'compatible = "shared-dma-pool"; reusable;';
const tree = (nodes: string, { format = 'ranges;', chosen = '', more = '' } = {}) => `/ {
  #address-cells = <2>; #size-cells = <2>; compatible = "acme,board"; chosen { ${chosen} };
  memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x40000000>; };
  reserved-memory { #address-cells = <2>; #size-cells = <2>; ${format} ${nodes} };
  ${more}
};`;
const imported = async (board: string, more: readonly string[] = []) => {
  const argv = ['--format', 'json', 'import', '--arch', 'arm64', '--kernel', '6.12', '--dts', file('a.dts', board)];
  const { stdout } = await dmaheap([...argv, ...more], work);
  const { profile, diagnostics } = JSON.parse(stdout) as { profile?: string; diagnostics: { message: string }[] };
  const plain = profile?.replace(/^\s*\/\/.*$/gm, '');
  return {
    regions: plain === undefined ? undefined : (JSON.parse(plain).regions as object),
    memory: plain === undefined ? undefined : (JSON.parse(plain).board.memory as object),
    messages: diagnostics.map(({ message }) => message).join('\n'),
  };
};
const DEFAULT = `area: video-pool { ${POOL} size = <0 0x5000000>; linux,cma-default; };`;
const CAMERA = (rest: string) => `camera@90000000 { ${POOL} reg = <0 0x90000000 0 0x1000000>; ${rest} };`;

test.each<[string, string, RegExp]>([
  ['is disabled', tree(DEFAULT + CAMERA('status = "disabled";')), /camera@90000000 is disabled/],
  ['has no-map', tree(DEFAULT + CAMERA('no-map;')), /camera@90000000 is not a CMA area/],
  [
    'is elsewhere in the tree',
    tree(DEFAULT, { more: `camera { ${POOL} size = <0 0x1000000>; };` }),
    /camera is not in \/reserved-memory/,
  ],
])('a pool that %s is not an area of the board', async (_what, board, message) => {
  const { regions, messages } = await imported(board);
  expect(Object.keys(regions ?? {})).toEqual(['video-pool']);
  expect(messages).toMatch(message);
});

test.each<[string, string, RegExp]>([
  ['no ranges', tree(DEFAULT, { format: '' }), /no ranges property/],
  ['a size in one cell', tree(DEFAULT.replace('<0 0x5000000>', '<0x5000000>')), /size of video-pool has 4 bytes/],
  [
    'alloc-ranges in other cells',
    tree(DEFAULT.replace('size', 'alloc-ranges = <0x80000000 0x40000000 0>; size')),
    /alloc-ranges of video-pool has 12 bytes/,
  ],
])('what the kernel refuses for %s is said, and taken as it was meant', async (_what, board, message) => {
  const { regions, messages } = await imported(board);
  expect(regions).toEqual({ 'video-pool': { size: '80M', default: true } });
  expect(messages).toMatch(message);
});

test('of two nodes that differ in the address only, the second is left out by name', async () => {
  const other = CAMERA('').replaceAll('90000000', 'a0000000');
  const { regions, messages } = await imported(tree(CAMERA('') + other));
  expect(regions).toMatchObject({ camera: { base: '0x90000000' } });
  expect(messages).toContain('camera@a0000000 is omitted');
});

test.each<[string, string, object | undefined]>([
  ['&area { size = <0 0x9000000>; };', '', { 'video-pool': { size: '144M', default: true } }],
  ['&area { alignment = <0 0x800000>; };', '', { 'video-pool': { size: '80M', default: true, alignment: '8M' } }],
  ['&area { status = "disabled"; };', '', undefined],
  ['&area { status = "okay"; };', 'status = "disabled";', { 'video-pool': { size: '80M', default: true } }],
])('the overlay %s changes the node that its label names', async (overlay, rest, regions) => {
  const board = tree(DEFAULT.replace('linux,cma-default;', `linux,cma-default; ${rest}`));
  const found = await imported(board, ['--dts', file('o.dtso', `/plugin/;\n${overlay}`)]);
  expect(found.regions).toEqual(regions);
});

test('a node with the usual name need not be the default', async () => {
  file('heaps.config', 'CONFIG_DMABUF_HEAPS_CMA=y\nCONFIG_CMA_SIZE_MBYTES=24\n');
  const node = `linux,cma { ${POOL} size = <0 0x3000000>; };`;
  const { regions } = await imported(tree(node), ['--config', 'heaps.config']);
  expect(regions).toMatchObject({ 'linux,cma': { size: '48M' }, 'default-cma': { size: '24M', default: true } });
});

test('a disabled bank is not RAM', async () => {
  const bank = 'memory@100000000 { device_type = "memory"; reg = <1 0 0 0x40000000>; status = "disabled"; };';
  const { memory } = await imported(tree(DEFAULT, { more: bank }));
  expect(memory).toEqual([{ base: '0x80000000', size: '1G' }]);
});

test.each<[string, string, string, RegExp | undefined]>([
  ['bootargs = "quiet cma=48M";', '', '48M', /cma=48M is in bootargs of \/chosen; assuming/],
  ['bootargs = "quiet cma=48M";', 'CMDLINE="cma=20M"\nCONFIG_CMDLINE_FORCE=y', '20M', /does not use cma=48M of the/],
  ['bootargs = "quiet cma=48M";', 'CMDLINE="cma=20M"\nCONFIG_CMDLINE_EXTEND=y', '20M', undefined],
  ['bootargs = "quiet cma=48M";', 'CMDLINE="cma=20M"', '48M', /does not use cma=20M of CMDLINE/],
  ['', 'CMDLINE="cma=20M"', '20M', /cma=20M is in CMDLINE of the configuration; assuming/],
])('the arguments of /chosen {%s} and of the configuration %j are %s', async (chosen, config, size, message) => {
  file('built.config', `CONFIG_DMABUF_HEAPS_CMA=y\n${config === '' ? '' : `CONFIG_${config}\n`}`);
  const { regions, messages } = await imported(tree('', { chosen }), ['--config', 'built.config']);
  expect(regions).toMatchObject({ 'linux,cma': { size } });
  if (message === undefined) expect(messages).not.toMatch(/assuming that the boot loader|does not use/);
  else expect(messages).toMatch(message);
});

const HEAPS = 'CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_CMA=y\n';
const WHOLE = `${Array.from({ length: 1001 }, (_, i) => `CONFIG_Z${i}=y`).join('\n')}\nCONFIG_ARM64=y\n`;
test.each<[string, string, string, string | undefined, RegExp]>([
  [
    'a size of 0',
    `${HEAPS}CONFIG_CMA_SIZE_MBYTES=0\n`,
    '',
    undefined,
    /CMA_SIZE_MBYTES=0: the kernel makes no default/,
  ],
  ['a size of 0 beside a node', `${HEAPS}CONFIG_CMA_SIZE_MBYTES=0\n`, DEFAULT, '80M', /^(?!.*CMA_SIZE_MBYTES)/s],
  ['no DMA_CMA', '# CONFIG_DMA_CMA is not set\nCONFIG_CMA_SIZE_MBYTES=24\n', '', undefined, /24 has no effect/],
  ['no DMA_CMA in the whole', `${WHOLE}${HEAPS}`, DEFAULT, '80M', /does not have DMA_CMA/],
  [
    'no heaps',
    'CONFIG_CMA_SIZE_MBYTES=24\n# CONFIG_DMABUF_HEAPS is not set\n',
    '',
    '24M',
    /so the profile has no heap/,
  ],
  ['a size in hexadecimal', `${HEAPS}CONFIG_CMA_SIZE_MBYTES=0x18\n`, '', '16M', /0x18 is not a decimal number/],
  [
    'heaps of a vendor',
    `${WHOLE}CONFIG_DMA_CMA=y\n${HEAPS}CONFIG_ACME_DMABUF_HEAPS=m\n`,
    DEFAULT,
    '80M',
    /ACME_DMABUF/,
  ],
])('a configuration with %s', async (_what, config, nodes, size, message) => {
  file('one.config', config);
  const { regions, messages } = await imported(tree(nodes), ['--config', 'one.config']);
  expect(Object.values((regions ?? {}) as Record<string, { size: string }>).map((one) => one.size)).toEqual(
    size === undefined ? [] : [size],
  );
  expect(messages).toMatch(message);
});
