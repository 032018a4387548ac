import { describe, expect, test } from 'vitest';
import type { Tools } from '../../src/check/types.js';
import { check } from './tree.js';

describe('fragment-lines', () => {
  test('good lines', async () => {
    const text = '# why\n\nCONFIG_CMA=y\nCONFIG_CMDLINE="a b # c"\n# CONFIG_X is not set\nCONFIG_N=0x10\n';
    expect((await check({ 'a.cfg': text })).of('fragment-lines')).toBe('\npass\n');
  });

  test('fragment/bad-line, fragment/contradiction, fragment/requests-selected', async () => {
    const text = 'CONFIG_CMA=y\nCMA=y\nCONFIG_CMA=y\n# CONFIG_CMA is not set\nCONFIG_DMA_SHARED_BUFFER=y\n';
    expect((await check({ 'a.cfg': text })).of('fragment-lines')).toMatchInlineSnapshot(`
      "
      fail
      a.cfg:2:1: error[fragment/bad-line]: "CMA=y" is not an option line
          2 | CMA=y
            | ^^^^^
        fix: write CONFIG_X=y, "# CONFIG_X is not set", or begin a comment with #
      a.cfg:3:1: warning[fragment/contradiction]: CMA has two lines: "CONFIG_CMA=y" and "CONFIG_CMA=y"
          3 | CONFIG_CMA=y
            | ^^^^^^^^^^^^
        cause: conf uses the last one
        fix: remove one of them
        see a.cfg:1:1: the first line
      a.cfg:4:1: error[fragment/contradiction]: CMA has two lines: "CONFIG_CMA=y" and "# CONFIG_CMA is not set"
          4 | # CONFIG_CMA is not set
            | ^^^^^^^^^^^^^^^^^^^^^^^
        cause: conf uses the last one
        fix: remove one of them
        see a.cfg:3:1: the first line
      a.cfg:5:1: warning[fragment/requests-selected]: DMA_SHARED_BUFFER cannot be requested
          5 | CONFIG_DMA_SHARED_BUFFER=y
            | ^^^^^^^^^^^^^^^^^^^^^^^^^^
        cause: it has no prompt: only a select or a default sets it  [fact kconfig.dma-shared-buffer-prompt]
        fix: remove the line and request a symbol that selects it
      "
    `);
  });

  test('a .cfg file of another program is not a fragment', async () => {
    expect((await check({ 'extlinux.cfg': 'append cma=64M\n' })).results).toEqual([]);
  });

  test('CRLF line ends are no part of a value', async () => {
    expect((await check({ 'a.cfg': 'CONFIG_CMA=y\r\n' })).of('fragment-lines')).toBe('\npass\n');
  });
});

/** A kernel tree in memory; its conf answers with `config`, whatever it is asked. */
function kernel(config: string, kconfig: string, stderr = ''): Partial<Tools> {
  const written = new Map<string, string>();
  return {
    which: async (name) => `/usr/bin/${name}`,
    scratch: async () => '/scratch',
    exists: async () => false,
    writeText: async (path, text) => void written.set(path, text),
    readText: async (path) => {
      if (path.endsWith('build/.config')) return config;
      if (path === '/base') return 'CONFIG_MMU=y\n';
      return path === '/linux/mm/Kconfig' ? kconfig : written.get(path);
    },
    run: async (command, args) => {
      const lines = kconfig.split('\n').flatMap((line, i) => {
        const symbol = /^config (\w+)/.exec(line)?.[1];
        if (symbol === undefined) return [];
        if (args[0] === '-rhoE') return [line];
        return args[1]?.includes(`+${symbol}[`) ? [`./mm/Kconfig:${i + 1}:${line}`] : [];
      });
      if (command === 'find') return { exitCode: 0, stdout: 'arm64\nx86\n', stderr: '' };
      if (command === 'grep') return { exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' };
      return { exitCode: 0, stdout: '', stderr: command === 'make' ? stderr : '' };
    },
  };
}

const inputs = { kernelTree: '/linux', arch: 'arm64', baseConfig: '/base' };

describe('fragment-conf', () => {
  const KCONFIG = `config CMA
	bool "Contiguous"
	depends on MMU

config DMABUF_HEAPS_CMA
	bool "DMA-BUF CMA Heap"
	depends on DMABUF_HEAPS && \\
		DMA_CMA
	help
	  depends on nothing

config CMA_SIZE_MBYTES
	int "Size"
	depends on !CMA_SIZE_SEL_PERCENTAGE

config MEMORY_ISOLATION
	bool

config DMA_NEED_SYNC
	def_bool y

config SND
	tristate "Sound"
`;

  test('every line that stands', async () => {
    const tools = kernel('CONFIG_CMA=y\n# CONFIG_SND is not set\nCONFIG_CMDLINE="a b"\n', KCONFIG);
    const text = 'CONFIG_CMA=y\n# CONFIG_SND is not set\n# CONFIG_NOT_VISIBLE is not set\nCONFIG_CMDLINE="a b"\n';
    expect((await check({ 'a.cfg': text }, { inputs, tools, confirm: true })).of('fragment-conf')).toBe('\npass\n');
  });

  test('fragment/line-dropped: every reason that the Kconfig text shows', async () => {
    const config = `CONFIG_DMABUF_HEAPS=y
# CONFIG_DMA_CMA is not set
CONFIG_CMA_SIZE_SEL_PERCENTAGE=y
CONFIG_CMA=y
CONFIG_SND=y
`;
    const stderr = "/scratch/merged/.config:7:warning: symbol value 'm' invalid for CMA\nother\n";
    const text = `CONFIG_CMA=m
CONFIG_DMABUF_HEAPS_CMA=y
CONFIG_CMA_SIZE_MBYTES=64
CONFIG_DMA_NEED_SYNC=y
CONFIG_SND=m
`;
    const tools = kernel(config, KCONFIG, stderr);
    expect(
      (await check({ 'a.cfg': text }, { inputs, tools, confirm: true })).of('fragment-conf'),
    ).toMatchInlineSnapshot(`
      "
      fail
      a.cfg:1:1: error[fragment/line-dropped]: "CONFIG_CMA=m" does not survive: the final .config has "CONFIG_CMA=y"
          1 | CONFIG_CMA=m
            | ^^^^^^^^^^^^
        cause: CMA is a bool (mm/Kconfig:1): conf reads m as n; conf prints: warning: symbol value 'm' invalid for CMA
        fix: write CONFIG_CMA=y
      a.cfg:2:1: error[fragment/line-dropped]: "CONFIG_DMABUF_HEAPS_CMA=y" does not survive: the final .config has no line for DMABUF_HEAPS_CMA
          2 | CONFIG_DMABUF_HEAPS_CMA=y
            | ^^^^^^^^^^^^^^^^^^^^^^^^^
        cause: it depends on DMABUF_HEAPS && DMA_CMA (mm/Kconfig:5), but the final .config has DMA_CMA=n  [fact kconfig.dmabuf-heaps-cma-depends]
        fix: request CONFIG_DMA_CMA=y too
      a.cfg:3:1: error[fragment/line-dropped]: "CONFIG_CMA_SIZE_MBYTES=64" does not survive: the final .config has no line for CMA_SIZE_MBYTES
          3 | CONFIG_CMA_SIZE_MBYTES=64
            | ^^^^^^^^^^^^^^^^^^^^^^^^^
        cause: it depends on !CMA_SIZE_SEL_PERCENTAGE (mm/Kconfig:12), but the final .config has CMA_SIZE_SEL_PERCENTAGE=y  [fact kconfig.cma-size-mbytes-depends]
        fix: turn CONFIG_CMA_SIZE_SEL_PERCENTAGE off
      a.cfg:4:1: error[fragment/line-dropped]: "CONFIG_DMA_NEED_SYNC=y" does not survive: the final .config has no line for DMA_NEED_SYNC
          4 | CONFIG_DMA_NEED_SYNC=y
            | ^^^^^^^^^^^^^^^^^^^^^^
        cause: it has no prompt (mm/Kconfig:19): other symbols select it or a default sets it
        fix: remove the line and request the symbol that sets it
      a.cfg:5:1: error[fragment/line-dropped]: "CONFIG_SND=m" does not survive: the final .config has "CONFIG_SND=y"
          5 | CONFIG_SND=m
            | ^^^^^^^^^^^^
        cause: another line or symbol of the configuration sets it to y, such as a select (it is defined at mm/Kconfig:22)
        fix: write CONFIG_SND=y
      "
    `);
  });

  test('fragment/unknown-symbol, with the nearest names', async () => {
    const tools = kernel('CONFIG_CMA=y\n', KCONFIG);
    const text = 'CONFIG_DMABUF_HEAP_CMA=y\nCONFIG_ZZZZZZZZ=y\n';
    expect(
      (await check({ 'a.cfg': text }, { inputs, tools, confirm: true })).of('fragment-conf'),
    ).toMatchInlineSnapshot(`
      "
      fail
      a.cfg:1:1: error[fragment/unknown-symbol]: "CONFIG_DMABUF_HEAP_CMA=y": this kernel does not have the symbol DMABUF_HEAP_CMA for arm64
          1 | CONFIG_DMABUF_HEAP_CMA=y
            | ^^^^^^^^^^^^^^^^^^^^^^^^
        cause: conf silently drops a symbol that no Kconfig file defines
        fix: did you mean CONFIG_DMABUF_HEAPS_CMA?
      a.cfg:2:1: error[fragment/unknown-symbol]: "CONFIG_ZZZZZZZZ=y": this kernel does not have the symbol ZZZZZZZZ for arm64
          2 | CONFIG_ZZZZZZZZ=y
            | ^^^^^^^^^^^^^^^^^
        cause: conf silently drops a symbol that no Kconfig file defines
      "
    `);
  });

  test('fragment/not-judged: the base is not there, the script fails, make fails', async () => {
    const text = 'CONFIG_CMA=y\n';
    const of = async (tools: Partial<Tools>, more = {}) =>
      (await check({ 'a.cfg': text }, { inputs: { ...inputs, ...more }, tools, confirm: true })).of('fragment-conf');
    const good = kernel('CONFIG_CMA=y\n', KCONFIG);
    expect(await of(good, { baseConfig: '/nowhere' })).toMatchInlineSnapshot(`
      "
      unknown
      a.cfg:1:1: error[fragment/not-judged]: the final .config cannot be made: /nowhere does not exist
          1 | CONFIG_CMA=y
            | ^
      "
    `);
    const failing = (command: string): Partial<Tools> => ({
      ...good,
      run: async (name, args) =>
        name === command
          ? { exitCode: 2, stdout: '', stderr: `${command}: broken\n` }
          : ((await good.run?.(name, args)) ?? { exitCode: 0, stdout: '', stderr: '' }),
    });
    expect(await of(failing('sh'))).toMatchInlineSnapshot(`
      "
      unknown
      a.cfg:1:1: error[fragment/not-judged]: the final .config cannot be made: merge_config.sh failed
          1 | CONFIG_CMA=y
            | ^
        cause: sh: broken
      "
    `);
    expect(await of(failing('make'))).toMatchInlineSnapshot(`
      "
      unknown
      a.cfg:1:1: error[fragment/not-judged]: the final .config cannot be made: make alldefconfig failed
          1 | CONFIG_CMA=y
            | ^
        cause: make: broken
      "
    `);
  });

  test('fragment/foreign-compiler', async () => {
    const tools = kernel('CONFIG_CMA=y\n', KCONFIG);
    const which = async (name: string) => (name.startsWith('aarch64') ? undefined : `/usr/bin/${name}`);
    const { of } = await check({ 'a.cfg': 'CONFIG_CMA=y\n' }, { inputs, tools: { ...tools, which }, confirm: true });
    expect(of('fragment-conf')).toMatchInlineSnapshot(`
      "
      pass
      note[fragment/foreign-compiler]: no cross compiler for arm64 is installed; Kconfig used the gcc of this machine
      "
    `);
  });

  test('the same option lines are judged once', async () => {
    let made = 0;
    const good = kernel('CONFIG_CMA=y\n', KCONFIG);
    const tools: Partial<Tools> = {
      ...good,
      run: async (name, args) => {
        if (name === 'make') made++;
        return (await good.run?.(name, args)) ?? { exitCode: 0, stdout: '', stderr: '' };
      },
    };
    const files = { 'a.cfg': '# a\nCONFIG_CMA=y\n', 'yocto/b.cfg': '# b\nCONFIG_CMA=y\n', 'c.cfg': 'CONFIG_CMA=m\n' };
    await check(files, { inputs, tools, confirm: true });
    expect(made).toBe(2);
  });
});
