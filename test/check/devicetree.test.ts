import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTools } from '../../src/cli/tools.js';
import { check } from './tree.js';

const { tools, close } = openTools(process.env);
afterAll(close);

const blobs: Record<string, string> = {};
beforeAll(async () => {
  const work = await tools.scratch();
  const board = (cells: number, more = '') => `/dts-v1/;
/ { #address-cells = <${cells}>; #size-cells = <${cells}>; compatible = "a,board"; model = "a"; ${more} };`;
  // A warning of dtc that is the board's own: a node with reg and no unit address.
  const HOLE = 'memory { reg = <0 0 0 0x1000>; };';
  // linux,cma of 576 MiB, as TI's boards have it.
  const RESERVED = `reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
    linux,cma { compatible = "shared-dma-pool"; reusable; size = <0 0x24000000>; }; };`;
  const sources = {
    two: board(2),
    one: board(1),
    holed: board(2, HOLE),
    narrow: board(1, HOLE),
    reserved: board(2, RESERVED),
  };
  for (const [name, text] of Object.entries(sources)) {
    await tools.writeText(`${work}/${name}.dts`, text);
    const { exitCode, stderr } = await tools.run('dtc', [
      '-q',
      '-O',
      'dtb',
      '-o',
      `${work}/${name}.dtb`,
      `${work}/${name}.dts`,
    ]);
    expect(`${exitCode} ${stderr}`).toBe('0 ');
    blobs[name] = `${work}/${name}.dtb`;
  }
});

/** The shape of the generated overlay: a fragment's own cells are for dtc alone. */
const overlay = (body: string, more = '') => `/dts-v1/;
/plugin/;
/ {
	#address-cells = <2>;
	#size-cells = <2>;
	fragment@0 {
		target-path = "/";
		__overlay__ {
			reserved-memory {
			};
		};
	};
	fragment@1 {
		target-path = "/reserved-memory";
		#address-cells = <2>;
		#size-cells = <2>;
		ranges;
		__overlay__ {
			#address-cells = <2>;
			#size-cells = <2>;
			${body}
		};
	};
	${more}
};
`;
const REGION = `ranges;
				linux,cma {
					compatible = "shared-dma-pool";
					reusable;
					size = <0 0x8000000>;
					linux,cma-default;
				};`;

const GOOD = {
  board: {
    architecture: 'arm64',
    kernel: { min: { major: 6, minor: 12 }, max: { major: 7, minor: 3 } },
    pageSizeBytes: 4096n,
    memory: [{ baseAddress: 0x40000000n, sizeBytes: 0x40000000n }],
    commandLine: '',
    addressBits: new Map<string, number>(),
  },
} as const;

test('a good overlay passes everywhere', async () => {
  const { results } = await check({ 'a.dtso': overlay(REGION) }, { inputs: { dtb: blobs.two as string }, ...GOOD });
  const seen = results.filter((r) => r.check !== 'dt-validate').map((r) => [r.check, r.status, r.diagnostics.length]);
  expect(seen).toEqual([
    ['dt-compile', 'pass', 0],
    ['dt-overlay', 'pass', 0],
    ['dt-placement', 'pass', 0],
  ]);
});

describe('dt-placement', () => {
  const across = overlay('linux,cma { compatible = "shared-dma-pool"; reusable; size = <0x0 0x20000000>; };');
  const { board } = GOOD;

  test('without a DTB: zones, sizes and RAM, and what was not looked at', async () => {
    const arm = { ...board, architecture: 'arm' as const };
    const { of } = await check({ 'a.dtso': across }, { board: arm });
    expect(of('dt-placement')).toContain(
      'fail\na.dtso:1:1: error[placement/one-zone]: Linux 6.12: linux,cma crosses 0x70000000',
    );
    const good = (await check({ 'a.dtso': across }, { board })).of('dt-placement');
    // Where kernel, initrd and DTB lie is not told.
    expect(good).toMatch(/^\nunknown\n/);
    expect(good).toContain('dt-placement did not see the board');
  });

  test('a tree that does not say for which board it is', async () => {
    expect((await check({ 'a.dtso': across })).of('dt-placement')).toContain('not-run\n');
  });
});

describe('dt/compile', () => {
  test('a syntax error, at its place', async () => {
    const { of } = await check({ 'a.dtso': '/dts-v1/;\n/ {\n\tsize = <0 ;\n};\n' });
    expect(of('dt-compile')).toMatchInlineSnapshot(`
      "
      fail
      a.dtso:3:12: error[dt/compile]: dtc: syntax error
          3 |  size = <0 ;
            |            ^
      "
    `);
  });
  test('a warning is an error', async () => {
    const { of } = await check({ 'a.dtso': overlay(`${REGION}\n\t\t\t\tcma@1000 { };`) });
    expect(of('dt-compile')).toMatchInlineSnapshot(`
      "
      fail
      a.dtso:28:14: error[dt/compile]: dtc: Warning (unit_address_vs_reg): /fragment@1/__overlay__/cma@1000: node has a unit name, but no reg or ranges property
         28 |     cma@1000 { };
            |              ^^^^
      "
    `);
  });
  test('a reference to a label that is nowhere', async () => {
    const { of } = await check({ 'a.dts': '/dts-v1/;\n/ { a = <&nothing>; };\n' });
    expect(of('dt-compile')).toMatchInlineSnapshot(`
      "
      fail
      a.dts:2:3: error[dt/compile]: dtc: ERROR (phandle_references): /: Reference to non-existent node or label "nothing"
          2 | / { a = <&nothing>; };
            |   ^^^^^^^^^^^^^^^^^^^^
      "
    `);
  });
});

describe('dt-overlay', () => {
  const onto = async (blob: string, text: string) =>
    (await check({ 'a.dtso': text }, { inputs: { dtb: blobs[blob] as string } }))
      .of('dt-overlay')
      .replaceAll(blobs[blob] as string, 'BOARD.dtb');

  test('dt/overlay-refused: a label without __symbols__', async () => {
    const text = '/dts-v1/;\n/plugin/;\n&soc {\n\ta;\n};\n';
    expect(await onto('two', text)).toMatchInlineSnapshot(`
      "
      fail
      a.dtso:1:1: error[dt/overlay-refused]: the overlay does not apply to BOARD.dtb
          1 | /dts-v1/;
            | ^
        cause: fdtoverlay prints: Failed to apply 'a.dtso': FDT_ERR_NOTFOUND
      "
    `);
  });
  test('dt/overlay-refused: a source that does not compile', async () => {
    expect(await onto('two', '/dts-v1/;\n/plugin/;\n/ {\n')).toMatchInlineSnapshot(`
      "
      fail
      a.dtso:1:1: error[dt/overlay-refused]: the overlay does not apply to BOARD.dtb
          1 | /dts-v1/;
            | ^
        cause: dtc did not compile it
      "
    `);
  });
  test('dt/cells-differ: what fdtoverlay applies and the kernel ignores', async () => {
    expect(await onto('one', overlay(REGION))).toMatchInlineSnapshot(`
      "
      fail
      a.dtso:1:1: error[dt/merged-warning]: dtc on the merged tree: Warning (ranges_format): /reserved-memory:ranges: empty "ranges" property but its #address-cells (2) differs from / (1)
          1 | /dts-v1/;
            | ^
      a.dtso:1:1: error[dt/merged-warning]: dtc on the merged tree: Warning (ranges_format): /reserved-memory:ranges: empty "ranges" property but its #size-cells (2) differs from / (1)
          1 | /dts-v1/;
            | ^
      a.dtso:1:1: error[dt/cells-differ]: the address and size cells of /reserved-memory are 2/2, but those of the root are 1/1
          1 | /dts-v1/;
            | ^
        cause: the kernel ignores every reservation in such a tree  [fact reserved-memory.cells]
        fix: generate again with --dtb, or state board.cells as 1/1
      "
    `);
  });
  test('dt/ranges-missing', async () => {
    expect(await onto('two', overlay(REGION.replace('ranges;', '')))).toMatchInlineSnapshot(`
      "
      fail
      a.dtso:1:1: error[dt/merged-warning]: dtc on the merged tree: Warning (avoid_unnecessary_addr_size): /reserved-memory: unnecessary #address-cells/#size-cells without "ranges" or child "reg" property
          1 | /dts-v1/;
            | ^
      a.dtso:1:1: error[dt/ranges-missing]: /reserved-memory has no ranges property
          1 | /dts-v1/;
            | ^
        cause: the kernel ignores every reservation in such a tree  [fact reserved-memory.cells]
        fix: add "ranges;" to the node
      "
    `);
  });
  test('dt/nothing-reserved', async () => {
    expect(await onto('two', overlay('ranges;'))).toMatchInlineSnapshot(`
      "
      fail
      a.dtso:1:1: error[dt/nothing-reserved]: the merged tree has no new region below /reserved-memory
          1 | /dts-v1/;
            | ^
      "
    `);
  });
  test('dt/region-changed: what becomes of a region that the DTB has', async () => {
    const own = (properties: string) => overlay(`ranges; linux,cma { ${properties} };`);
    expect(
      await onto('reserved', own('size = <0 0xc000000>; linux,cma-default; status = "disabled";')),
    ).toMatchInlineSnapshot(`
      "
      pass
      a.dtso:1:1: note[dt/region-changed]: the overlay changes linux,cma, which the DTB has: size from 576 MiB to 192 MiB; status from absent to "disabled"; linux,cma-default from absent to present
          1 | /dts-v1/;
            | ^
      "
    `);
    expect(await onto('reserved', own('reusable;'))).toMatchInlineSnapshot(`
      "
      pass
      a.dtso:1:1: note[dt/nothing-reserved]: the overlay changes nothing below /reserved-memory: the DTB already has linux,cma with the same properties
          1 | /dts-v1/;
            | ^
      "
    `);
  });
  test('a warning of the board is not ours, a new one is', async () => {
    expect(await onto('holed', overlay(REGION))).toBe('\npass\n');
    const more = 'fragment@2 { target-path = "/"; __overlay__ { serial@9 { }; }; };';
    expect(await onto('holed', overlay(REGION, more))).toMatchInlineSnapshot(`
      "
      fail
      a.dtso:1:1: error[dt/merged-warning]: dtc on the merged tree: Warning (unit_address_vs_reg): /serial@9: node has a unit name, but no reg or ranges property
          1 | /dts-v1/;
            | ^
      "
    `);
  });
});

describe('dt-snippet', () => {
  const SNIPPET = `/ {
	reserved-memory {
		#address-cells = <1>;
		#size-cells = <1>;
		ranges;
		linux,cma { compatible = "shared-dma-pool"; reusable; size = <0x8000000>; };
	};
};
`;
  test('compiles in a board of its own cells and in the real one', async () => {
    expect((await check({ 'a.dtsi': SNIPPET })).of('dt-snippet')).toBe('\npass\n');
    const real = await check({ 'a.dtsi': SNIPPET }, { inputs: { dtb: blobs.narrow as string } });
    expect(real.of('dt-snippet')).toBe('\npass\n');
  });
  test('a fault is at its place in the snippet', async () => {
    const { of } = await check({ 'a.dtsi': SNIPPET.replace('reusable;', 'reusable') });
    expect(of('dt-snippet')).toMatchInlineSnapshot(`
      "
      fail
      a.dtsi:6:56: error[dt/compile]: dtc: syntax error
          6 |   linux,cma { compatible = "shared-dma-pool"; reusable size = <0x8000000>; };
            |                                                        ^
      "
    `);
  });
});
