/** The bridges with the real tools behind them: conf of four kernels, systemd's udevadm, dt-validate. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianConfig, debianPackage, dtbDirectory, kernelTree } from '../../src/build/fetch/index.js';
import type { Ran, Tools } from '../../src/check/types.js';
import { check, withTools } from '../check/tree.js';
import { shareOf } from '../share.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-real-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const HEAPS = `CONFIG_CMA=y
CONFIG_DMA_CMA=y
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_CMA=y
CONFIG_DMABUF_HEAPS_SYSTEM=y
CONFIG_CMA_SIZE_MBYTES=128
`;

/** Debian has no configuration of its 5.10 here; conf carries the one of 6.1 back. */
const CONFIG_OF: Readonly<Record<string, string>> = { '5.10': '6.1' };

async function judge(version: string, text: string, tree?: string) {
  const inputs = {
    kernelTree: tree ?? (await kernelTree(version)),
    arch: 'arm64',
    baseConfig: await debianConfig('arm64', CONFIG_OF[version] ?? version),
  };
  const { results } = await check({ 'a.cfg': text }, { inputs, confirm: true });
  const result = results.find((r) => r.check === 'fragment-conf');
  return {
    status: result?.status,
    errors: result?.diagnostics
      .filter((d) => d.severity === 'error')
      .map(({ code, message, cause, fix }) => ({ code, message, cause, fix })),
  };
}

describe.each(shareOf('kernels', ['5.10', '6.1', '6.12', '7.3'], 1))('conf of kernel %s', (version) => {
  test('the lines for both heaps stand', async () => {
    expect(await judge(version, HEAPS)).toEqual({ status: 'pass', errors: [] });
  });
});

/** Each runs the tree's own make, some of them twice. */
const RUN_MAKE = [
  ...shareOf('fragments before make', ['lines', 'core', 'module'], 1),
  ...shareOf('trees before make', ['built in place', 'same files'], 1),
];

describe('lines that do not stand, and why', () => {
  if (RUN_MAKE.includes('lines'))
    test('6.12', async () => {
      const text = `${HEAPS.replace('CONFIG_DMABUF_HEAPS_CMA=y', 'CONFIG_DMABUF_HEAPS_CMA=m')}CONFIG_CMA_SIZE_PERCENTAGE=5
CONFIG_DMABUF_HEAP_SYSTEM=y
# CONFIG_MMU is not set
CONFIG_DMA_NEED_SYNC=n
`;
      expect(await judge('6.12', text)).toMatchInlineSnapshot(`
      {
        "errors": [
          {
            "cause": "DMABUF_HEAPS_CMA is a bool (drivers/dma-buf/heaps/Kconfig:8): conf reads m as n; conf prints: warning: symbol value 'm' invalid for DMABUF_HEAPS_CMA",
            "code": "fragment/line-dropped",
            "fix": "write CONFIG_DMABUF_HEAPS_CMA=y",
            "message": ""CONFIG_DMABUF_HEAPS_CMA=m" does not survive: the final .config has "# CONFIG_DMABUF_HEAPS_CMA is not set"",
          },
          {
            "cause": "it depends on !CMA_SIZE_SEL_MBYTES (kernel/dma/Kconfig:200), but the final .config has CMA_SIZE_SEL_MBYTES=y",
            "code": "fragment/line-dropped",
            "fix": "turn CONFIG_CMA_SIZE_SEL_MBYTES off",
            "message": ""CONFIG_CMA_SIZE_PERCENTAGE=5" does not survive: the final .config has no line for CMA_SIZE_PERCENTAGE",
          },
          {
            "cause": "conf silently drops a symbol that no Kconfig file defines",
            "code": "fragment/unknown-symbol",
            "fix": "did you mean CONFIG_DMABUF_HEAPS_SYSTEM, CONFIG_DMABUF_HEAPS, CONFIG_DMABUF_HEAPS_CMA?",
            "message": ""CONFIG_DMABUF_HEAP_SYSTEM=y": this kernel does not have the symbol DMABUF_HEAP_SYSTEM for arm64",
          },
          {
            "cause": "it has no prompt (arch/arm64/Kconfig:301): other symbols select it or a default sets it",
            "code": "fragment/line-dropped",
            "fix": "remove the line and request the symbol that sets it",
            "message": ""# CONFIG_MMU is not set" does not survive: the final .config has "CONFIG_MMU=y"",
          },
          {
            "cause": "it has no prompt (kernel/dma/Kconfig:109): other symbols select it or a default sets it",
            "code": "fragment/line-dropped",
            "fix": "remove the line and request the symbol that sets it",
            "message": ""CONFIG_DMA_NEED_SYNC=n" does not survive: the final .config has "CONFIG_DMA_NEED_SYNC=y"",
          },
        ],
        "status": "fail",
      }
    `);
    });

  if (RUN_MAKE.includes('core'))
    test('a heap without the core it depends on', async () => {
      expect(
        await judge('6.12', 'CONFIG_DMABUF_HEAPS_CMA=y\n# CONFIG_DMABUF_HEAPS is not set\n'),
      ).toMatchInlineSnapshot(`
      {
        "errors": [
          {
            "cause": "it depends on DMABUF_HEAPS && DMA_CMA (drivers/dma-buf/heaps/Kconfig:8), but the final .config has DMABUF_HEAPS=n",
            "code": "fragment/line-dropped",
            "fix": "request CONFIG_DMABUF_HEAPS=y too",
            "message": ""CONFIG_DMABUF_HEAPS_CMA=y" does not survive: the final .config has no line for DMABUF_HEAPS_CMA",
          },
        ],
        "status": "fail",
      }
    `);
    });

  if (RUN_MAKE.includes('module'))
    test('m is a value from 7.3 on', async () => {
      const text = HEAPS.replace('CONFIG_DMABUF_HEAPS_CMA=y', 'CONFIG_DMABUF_HEAPS_CMA=m');
      expect((await judge('7.3', text)).status).toBe('pass');
      expect((await judge('6.1', text)).status).toBe('fail');
    });
});

describe("the user's tree", () => {
  /** A tree that was built in place: the real one through links, with what a build leaves behind. */
  async function builtTree(): Promise<string> {
    const tree = await kernelTree('6.12');
    const built = path.join(work, 'built');
    mkdirSync(path.join(built, 'include/config'), { recursive: true });
    mkdirSync(path.join(built, 'arch/arm64/include/generated'), { recursive: true });
    const link = (below: string, skip: readonly string[]) => {
      for (const name of readdirSync(path.join(tree, below)))
        if (!skip.includes(name)) symlinkSync(path.join(tree, below, name), path.join(built, below, name));
    };
    link('.', ['include', 'arch']);
    link('include', []);
    link('arch', ['arm64']);
    link('arch/arm64', ['include']);
    link('arch/arm64/include', []);
    writeFileSync(path.join(built, '.config'), '# CONFIG_DMABUF_HEAPS is not set\n');
    writeFileSync(path.join(built, 'include/config/auto.conf'), 'CONFIG_STALE=y\n');
    return built;
  }

  if (RUN_MAKE.includes('built in place'))
    test('may have been built in place, and is not written to', async () => {
      const built = await builtTree();
      const listing = () =>
        execFileSync('find', [built, '-printf', '%p %T@ %s\\n'], { encoding: 'utf8', maxBuffer: 1 << 28 });
      const before = listing();
      expect(await judge('6.12', HEAPS, built)).toEqual({ status: 'pass', errors: [] });
      expect(listing()).toBe(before);
    });

  if (RUN_MAKE.includes('same files'))
    test('has the same files after a check', async () => {
      const tree = await kernelTree('6.12');
      const marker = path.join(work, 'marker');
      writeFileSync(marker, '');
      await judge('6.12', HEAPS);
      expect(execFileSync('find', [tree, '-newer', marker], { encoding: 'utf8' })).toBe('');
    });
});

/** A program of Debian's, run with the libraries it was built with. */
function wrapper(name: string, script: string): string {
  const file = path.join(work, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** The machine's tools with one program put in place of its own, or beside them. */
async function with_(name: string, file: string): Promise<Partial<Tools>> {
  return withTools(async (tools) => ({
    which: async (asked: string) => (asked === name ? file : tools.which(asked)),
    run: (command: string, args: readonly string[], options?: Parameters<Tools['run']>[2]): Promise<Ran> =>
      tools.run(command === name ? file : command, args, options),
  }));
}

describe("systemd's udevadm verify (Debian trixie's)", () => {
  let tools: Partial<Tools>;
  beforeAll(async () => {
    const root = await debianPackage('trixie', 'amd64', 'udev', { withDependencies: true });
    const library = `${root}/usr/lib/x86_64-linux-gnu`;
    const script = `exec "${library}/ld-linux-x86-64.so.2" --library-path "${library}:${library}/systemd" "${root}/usr/bin/udevadm" "$@"`;
    tools = await with_('udevadm', wrapper('udevadm', script));
  });
  const verify = async (text: string) => (await check({ 'a.rules': text }, { tools })).of('udev-verify');

  test('accepts good rules', async () => {
    expect(await verify('SUBSYSTEM=="dma_heap", KERNEL=="linux,cma|reserved", GROUP="video", MODE="0660"\n')).toBe(
      '\npass\n',
    );
  });
  test('names the line it objects to', async () => {
    expect(
      await verify('# x\nSUBSYSTEM=="dma_heap", GROUP=="video", MODE="0660"\nSUBSYSTEM=="dma_heap" MODE="0660"\n'),
    ).toMatchInlineSnapshot(`
      "
      fail
      a.rules:2:1: error[udev/verify]: udevadm verify: Invalid operator for GROUP.
          2 | SUBSYSTEM=="dma_heap", GROUP=="video", MODE="0660"
            | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      a.rules:3:1: error[udev/verify]: udevadm verify: style: a comma between tokens is expected.
          3 | SUBSYSTEM=="dma_heap" MODE="0660"
            | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      "
    `);
  });
  test('accepts MODE="9660", so that our own check has to refuse it', async () => {
    const text = 'SUBSYSTEM=="dma_heap", MODE="9660"\n';
    expect(await verify(text)).toBe('\npass\n');
    expect((await check({ 'a.rules': text })).results.find((r) => r.check === 'udev-idioms')?.status).toBe('fail');
  });
});

describe('dt-validate', () => {
  let tools: Partial<Tools>;
  let oldTools: Partial<Tools>;
  let dtb: string;
  beforeAll(async () => {
    dtb = path.join(await dtbDirectory('arm64', '6.12'), 'rockchip/rk3399-rockpro64.dtb');
    const of = async (suite: 'trixie' | 'bookworm') => {
      const root = await debianPackage(suite, 'amd64', 'dt-schema', { withDependencies: true });
      // Before trixie the C library is not below /usr.
      const libraries = `${root}/usr/lib/x86_64-linux-gnu:${root}/lib/x86_64-linux-gnu`;
      const script = `export PYTHONHOME="${root}/usr" PYTHONPATH="${root}/usr/lib/python3/dist-packages"
for loader in "${root}"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "${root}"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2; do
  [ -e "$loader" ] && exec "$loader" --library-path "${libraries}" "${root}/usr/bin/python3" "${root}/usr/bin/dt-validate" "$@"
done
exit 127`;
      return with_('dt-validate', wrapper(`dt-validate-${suite}`, script));
    };
    tools = await of('trixie');
    oldTools = await of('bookworm');
  });
  const overlay = (region: string) => `/dts-v1/;
/plugin/;
/ {
	#address-cells = <2>;
	#size-cells = <2>;
	fragment@0 {
		target-path = "/";
		__overlay__ {
			reserved-memory {
				#address-cells = <2>;
				#size-cells = <2>;
				ranges;
				linux,cma {
					compatible = "shared-dma-pool";
					${region}
					linux,cma-default;
				};
			};
		};
	};
};
`;
  const validate = async (region: string, by = tools) =>
    (await check({ 'a.dtso': overlay(region) }, { tools: by, inputs: { dtb } }))
      .of('dt-validate')
      .replaceAll(dtb, 'BOARD.dtb');

  test("says nothing about a good region, whatever it says about the board's own nodes", async () => {
    expect(await validate('reusable; size = <0 0x8000000>;')).toBe('\npass\n');
  });
  test('objects to no-map with reusable', async () => {
    expect(await validate('reusable; no-map; size = <0 0x8000000>;')).toMatchInlineSnapshot(`
      "
      fail
      a.dtso:1:1: error[dt/schema]: dt-validate: linux,cma (shared-dma-pool): {'linux,cma-default': True, 'size': 134217728, 'no-map': True, 'reusable': True, 'compatible': ['shared-dma-pool'], '$nodename': ['linux,cma']} should not be valid under {'required': ['reusable']} from schema $id: http://devicetree.org/schemas/reserved-memory/shared-dma-pool.yaml
          1 | /dts-v1/;
            | ^
      a.dtso:1:1: error[dt/schema]: dt-validate: linux,cma (shared-dma-pool): {'linux,cma-default': True, 'size': 134217728, 'no-map': True, 'reusable': True, 'compatible': ['shared-dma-pool'], '$nodename': ['linux,cma']} should not be valid under {'required': ['no-map']} from schema $id: http://devicetree.org/schemas/reserved-memory/shared-dma-pool.yaml
          1 | /dts-v1/;
            | ^
      a.dtso:1:1: error[dt/schema]: dt-validate: linux,cma (shared-dma-pool): Unevaluated properties are not allowed ('no-map', 'reusable', 'size' were unexpected) from schema $id: http://devicetree.org/schemas/reserved-memory/shared-dma-pool.yaml
          1 | /dts-v1/;
            | ^
      "
    `);
  });
  test('one without the binding judges nothing, and is not believed (Debian 12)', async () => {
    const ran = await oldTools.run?.('dt-validate', [dtb]);
    expect(`${ran?.stdout}${ran?.stderr}`).toContain('From schema');
    expect(await validate('reusable; no-map; size = <0 0x8000000>;', oldTools)).toMatchInlineSnapshot(`
      "
      not-run
      warning[check/tool-too-old]: dt-validate was not run: the installed dt-validate accepts no-map and reusable together
        cause: dt-schema has the bindings of reserved memory only from 2023.09 on
        fix: install a newer dt-schema (from trixie-backports, or pip install dtschema)
      "
    `);
  });
});
