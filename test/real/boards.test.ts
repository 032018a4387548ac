/**
 * Every example board with the DTB that Debian ships for it, judged by the kernel's own conf, dtc and fdtoverlay through
 * the command as a user has it: dist/dmaheap.mjs.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianConfig, dtbDirectory, kernelTree } from '../../src/build/fetch/index.js';

const KERNEL = '6.12';
/** Example, architecture as Debian names it, DTB as Debian's package lays it out (armhf has no vendor folders). */
const BOARDS = [
  ['rockpro64', 'arm64', 'rockchip/rk3399-rockpro64.dtb'],
  ['rk3399-gru-kevin', 'arm64', 'rockchip/rk3399-gru-kevin.dtb'],
  ['rock-5b', 'arm64', 'rockchip/rk3588-rock-5b.dtb'],
  ['imx8mp-evk', 'arm64', 'freescale/imx8mp-evk.dtb'],
  ['rpi-4-b', 'arm64', 'broadcom/bcm2711-rpi-4-b.dtb'],
  ['rpi-5-b', 'arm64', 'broadcom/bcm2712-rpi-5-b.dtb'],
  ['am625-sk', 'arm64', 'ti/k3-am625-sk.dtb'],
  ['pine64-plus', 'arm64', 'allwinner/sun50i-a64-pine64-plus.dtb'],
  ['stm32mp157c-dk2', 'armhf', 'stm32mp157c-dk2.dtb'],
  ['visionfive-2', 'riscv64', 'starfive/jh7110-starfive-visionfive-2-v1.3b.dtb'],
] as const;

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-boards-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

let tree = '';
beforeAll(async () => {
  tree = await kernelTree(KERNEL);
});

const dmaheap = (...args: string[]) => execa('node', ['dist/dmaheap.mjs', ...args], { reject: false });

async function inputsOf(arch: 'arm64' | 'armhf' | 'riscv64', dtb: string) {
  return {
    config: await debianConfig(arch, KERNEL),
    dtb: path.join(await dtbDirectory(arch, KERNEL), dtb),
  };
}

interface Result {
  readonly check: string;
  readonly status: string;
  readonly diagnostics: readonly { readonly severity: string; readonly message: string }[];
}

async function check(out: string, config: string, dtb: string) {
  const ran = await dmaheap(
    'check',
    out,
    '--format',
    'json',
    '--kernel-tree',
    tree,
    '--base-config',
    config,
    '--dtb',
    dtb,
  );
  const { results } = JSON.parse(ran.stdout) as { results: Result[] };
  return { exitCode: ran.exitCode, results, status: Object.fromEntries(results.map((r) => [r.check, r.status])) };
}

describe.each(BOARDS)('%s', (board, arch, dtbName) => {
  const out = path.join(work, board);

  test('what is generated stands before conf, dtc and fdtoverlay', async () => {
    const { config, dtb } = await inputsOf(arch, dtbName);
    const generated = await dmaheap(
      'generate',
      `schemas/examples/${board}.json`,
      '-o',
      out,
      '--kernel',
      KERNEL,
      '--dtb',
      dtb,
    );
    expect(generated.stderr).not.toContain('error[');
    expect(generated.exitCode).toBe(0);
    const { exitCode, results, status } = await check(out, config, dtb);
    const errors = results.flatMap((r) =>
      r.diagnostics.filter((d) => d.severity === 'error').map((d) => `${r.check}: ${d.message}`),
    );
    expect(errors).toEqual([]);
    expect(status).toMatchObject({ 'fragment-config': 'pass', 'dt-compile': 'pass', 'dt-overlay': 'pass' });
    expect(exitCode).toBe(0);
  });
});

describe('a fragment line that cannot survive', () => {
  test.each([
    ['CONFIG_DMABUF_HEAPS_CMA=m', 'DMABUF_HEAPS_CMA=m'],
    ['CONFIG_DMABUF_HEAPZ=y', 'DMABUF_HEAPZ'],
  ])('%s is named', async (line, name) => {
    const { config, dtb } = await inputsOf('arm64', 'rockchip/rk3399-rockpro64.dtb');
    const out = path.join(work, `bad-${name}`);
    await dmaheap('generate', 'schemas/examples/rockpro64.json', '-o', out, '--kernel', KERNEL);
    const fragment = path.join(out, 'kernel-fragment/dmaheap.cfg');
    writeFileSync(fragment, `${readFileSync(fragment, 'utf8').replace('CONFIG_DMABUF_HEAPS_CMA=y\n', '')}${line}\n`);
    const { exitCode, results } = await check(out, config, dtb);
    expect(exitCode).toBe(1);
    expect(results.find((r) => r.check === 'fragment-config')?.status).toBe('fail');
    expect(results.flatMap((r) => r.diagnostics.map((d) => d.message)).join('\n')).toContain(name);
  });
});
