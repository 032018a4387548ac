/** The explorer in a browser: the page answers what the command line answers, offline, at every width, by keyboard. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { unzipSync } from 'fflate';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { dtbDirectory } from '../../src/build/fetch/index.js';
import { COMMON_KERNELS } from '../../src/facts/index.js';
import { dmaheap } from '../cli/run.js';
import { shareOf } from '../share.js';

const PAGE = pathToFileURL(path.resolve('dist/explorer.html')).href;
const ALL_BOARDS = [
  'allwinner/sun50i-h6-pine-h64.dtb',
  'allwinner/sun50i-a64-pine64-plus.dtb',
  'amlogic/meson-g12b-odroid-n2.dtb',
  'amlogic/meson-sm1-odroid-c4.dtb',
  'broadcom/bcm2711-rpi-4-b.dtb',
  'broadcom/bcm2837-rpi-3-b.dtb',
  'freescale/imx8mp-evk.dtb',
  'freescale/imx8mq-evk.dtb',
  'freescale/fsl-ls1046a-rdb.dtb',
  'hisilicon/hi6220-hikey.dtb',
  'marvell/armada-8040-mcbin.dtb',
  'mediatek/mt8183-kukui-krane-sku176.dtb',
  'nvidia/tegra210-p3450-0000.dtb',
  'qcom/sdm845-db845c.dtb',
  'qcom/apq8016-sbc.dtb',
  'rockchip/rk3399-rockpro64.dtb',
  'rockchip/rk3568-odroid-m1.dtb',
  'rockchip/rk3588-rock-5b.dtb',
  'ti/k3-j721e-sk.dtb',
  'ti/k3-am625-sk.dtb',
  'xilinx/zynqmp-zcu102-rev1.0.dtb',
];
const BOARDS = shareOf('boards', ALL_BOARDS, 6);
const LOGS: Readonly<Record<string, string>> = {
  'refused.log': '[    0.000000] Linux version 6.12.8 (build@host)\n[    0.000000] cma: Failed to reserve 512 MiB\n',
  'cells.log':
    '[    0.000000] OF: reserved mem: memory@50000000 (0x50000000--0x5fffffff) overlaps with kernel@50080000\n',
  'busy.log': '[  912.4] cma: cma_alloc: linux,cma: alloc failed, req-size: 2048 pages, ret: -12\n',
  'nodes.txt': '$ ls -l /dev/dma_heap\ncrw------- 1 root root 248, 0 Jan  1 00:00 system\n',
  'missing.txt': 'ls: cannot access /dev/dma_heap: No such file or directory\n',
  'denied.txt': 'open /dev/dma_heap/linux,cma: Permission denied\n',
  'meminfo.txt': 'MemTotal: 2000000 kB\nCmaTotal: 0 kB\nCmaFree: 0 kB\n',
  'boot.log':
    '[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd034]\n[    0.000000] cma: Reserved 64 MiB at 0x38000000\n',
  'config.txt': '# CONFIG_DMABUF_HEAPS is not set\nCONFIG_CMA=y\n',
  'rules.txt': 'KERNEL=="dma_heap/*", MODE="0666"\n',
};
const SOME_LOGS = shareOf('logs', Object.entries(LOGS), 4);

let browser: Browser;
let page: Page;
let work: string;
let dtbs: string;
/** Everything the page asked a network for. */
const requests: string[] = [];

beforeAll(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'dmaheap-explorer-'));
  dtbs = await dtbDirectory('arm64');
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  page = await browser.newPage();
  page.on('request', (request) => {
    if (!/^(?:blob:|data:|about:)/.test(request.url()) && request.url() !== PAGE) requests.push(request.url());
  });
  page.on('pageerror', (error) => {
    throw error;
  });
});
afterAll(async () => {
  await browser.close();
  rmSync(work, { recursive: true });
});
afterEach(() => expect(requests).toEqual([]));

async function open(): Promise<void> {
  await page.context().setOffline(false);
  await page.goto(PAGE);
  await page.waitForSelector('input[type=file]');
  await page.context().setOffline(true);
}

/** Waits for the answer to what was last given. */
async function settled(): Promise<void> {
  await page.waitForTimeout(50);
  await page.waitForFunction(() => document.querySelector('main')?.getAttribute('aria-busy') === 'false');
}

async function drop(...files: readonly string[]): Promise<void> {
  await page.setInputFiles('input[type=file]', files as string[]);
  await settled();
}

const inPage = (...argv: readonly string[]): Promise<{ exit: number; stdout: string }> =>
  page.evaluate(
    (given) => (globalThis as unknown as { dmaheap(...a: string[]): Promise<never> }).dmaheap(...given),
    [...argv],
  );

test.each(BOARDS)('%s: profile, prediction and generated files are those of the command line', async (board) => {
  const dtb = path.join(dtbs, board);
  const name = path.basename(board);
  await open();
  await drop(dtb);
  const profile = await page.inputValue('textarea[rows="16"]');
  const own = mkdtempSync(path.join(work, 'board-'));
  execFileSync('cp', [dtb, own]);
  const drafted = await dmaheap(['init', '--dtb', name, '-o', 'board.jsonc'], own);
  expect(drafted.exit).toBe(0);
  expect(profile).toBe(readFileSync(path.join(own, 'board.jsonc'), 'utf8'));

  const argv = ['place', 'board.jsonc', '--dtb', name, '--format', 'json'];
  const [here, there] = [await inPage(...argv), await dmaheap(argv, own)];
  expect({ exit: here.exit, said: here.stdout }).toEqual({ exit: there.exit, said: there.stdout });

  const generated = await dmaheap(['generate', 'board.jsonc', '--dtb', name, '-o', 'out'], own);
  const shown = await page.locator('details:not(.given) summary').allTextContents();
  const written =
    generated.exit === 0
      ? readdirSync(path.join(own, 'out'), { recursive: true, withFileTypes: true })
          .filter((one) => one.isFile())
          .map((one) => path.relative(path.join(own, 'out'), path.join(one.parentPath, one.name)))
          .sort()
      : [];
  expect(shown).toEqual(written);
  if (generated.exit === 0) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download all (zip)' }).click(),
    ]);
    const files = unzipSync(readFileSync(await download.path()));
    expect(Buffer.from(files['board.jsonc'] ?? []).toString()).toBe(profile);
    for (const file of written.filter((one) => one !== 'dmaheap.manifest.json'))
      expect(Buffer.from(files[file] ?? []).toString(), file).toBe(readFileSync(path.join(own, 'out', file), 'utf8'));
  }
});

test.each(SOME_LOGS)('%s: the first cause is that of the command line', async (name, content) => {
  writeFileSync(path.join(work, name), content);
  await open();
  await drop(path.join(work, name));
  const { stdout } = await dmaheap(['diagnose', name, '--format', 'json'], work);
  const [cause] = (JSON.parse(stdout) as { causes: { id: string; fix: string }[] }).causes;
  if (cause === undefined) await page.getByText('The files do not show what is wrong.').waitFor();
  else {
    expect(await page.locator('article strong').first().textContent()).toBe(cause.id);
    expect(await page.locator('article .fix').textContent()).toBe(cause.fix);
  }
});

test('a capture is unpacked, and pasted text is a file', async () => {
  writeFileSync(path.join(work, 'dmesg.txt'), LOGS['refused.log'] ?? '');
  writeFileSync(path.join(work, 'cmdline'), 'cma=512M console=ttyS0\n');
  execFileSync('tar', ['-czf', 'capture.tar.gz', 'dmesg.txt', 'cmdline'], { cwd: work });
  await open();
  await drop(path.join(work, 'capture.tar.gz'));
  expect(await page.locator('ul.files li').count()).toBe(2);
  expect(await page.locator('article strong').count()).toBe(1);

  await open();
  // By keyboard alone.
  await page.getByLabel('Or paste text').focus();
  await page.keyboard.insertText('ls: cannot access /dev/dma_heap: No such file or directory');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await settled();
  expect(await page.locator('ul.files li').count()).toBe(1);
  await page.locator('section h2').first().waitFor();
  // What was pasted can be read again, and is called what diagnose calls it.
  await page.locator('details.given summary').click();
  expect(await page.locator('details.given pre').textContent()).toContain('cannot access /dev/dma_heap');
});

test('a text is called what diagnose read it as', async () => {
  await open();
  for (const name of ['nodes.txt', 'meminfo.txt', 'rules.txt']) writeFileSync(path.join(work, name), LOGS[name] ?? '');
  writeFileSync(path.join(work, 'prose.txt'), 'hello\n');
  await drop(...['nodes.txt', 'meminfo.txt', 'rules.txt', 'prose.txt'].map((name) => path.join(work, name)));
  const { stdout } = await dmaheap(
    ['diagnose', 'nodes.txt', 'meminfo.txt', 'rules.txt', 'prose.txt', '--format', 'json'],
    work,
  );
  const { understood } = JSON.parse(stdout) as { understood: { file: string; as: string }[] };
  expect(understood.length).toBeGreaterThan(2);
  for (const { file, as } of understood)
    expect(await page.locator('ul.files li', { hasText: file }).locator('.dim').textContent()).toContain(as);
  expect(await page.locator('ul.files li', { hasText: 'prose.txt' }).locator('.dim').textContent()).toBe(
    'text without a line that diagnose knows',
  );
});

test('a log without a fault does not say that nothing is wrong of a plan that is refused', async () => {
  await open();
  writeFileSync(path.join(work, 'good.log'), `${LOGS['boot.log']}[    1.2] Run /sbin/init as init process\n`);
  await drop(path.join(dtbs, 'rockchip/rk3399-rockpro64.dtb'), path.join(work, 'good.log'));
  await page.getByLabel('Size of the default area').first().fill('9T');
  await settled();
  await page.locator('.findings strong.error').first().waitFor();
  expect(await page.getByText('The files do not show what is wrong.').count()).toBe(0);
  await page.getByText('The profile is refused:').waitFor();
  expect(await page.locator('.findings li strong').first().textContent()).toBe('error');
  await page.getByRole('link', { name: 'see the errors below' }).waitFor();
});

test('the form names the heap, adds the target, and says why a field is closed', async () => {
  await open();
  await drop(path.join(dtbs, 'freescale/imx8mp-evk.dtb'));
  const buffers = page.getByLabel('Buffers at the same time');
  const reason = page.getByText('Clear one to use the other.');
  expect(await buffers.isDisabled()).toBe(false);
  expect(await reason.count()).toBe(0);
  await page.getByLabel('Size of the default area').first().fill('64M');
  await page.getByLabel('What the area is for').selectOption('decode');
  await page.getByLabel('Distribution').selectOption('buildroot');
  await settled();
  expect(await buffers.isDisabled()).toBe(true);
  await reason.waitFor();
  const profile = await page.inputValue('textarea[rows="16"]');
  expect(profile).toContain('"decoder": { "region"');
  expect(profile).toContain('"buildroot": {}');
  expect(await page.locator('details:not(.given) summary').allTextContents()).toContain('buildroot/external.mk');
});

/** Names of the heaps in the report that the page shows. */
async function namesShown(): Promise<string[]> {
  const frame = page.frameLocator('iframe');
  const row = frame.locator('section:has(#names) tbody tr').first();
  return (await row.locator('td').first().locator('code').allTextContents()).sort();
}

const placed = async (directory: string, ...argv: readonly string[]) => {
  const { stdout } = await dmaheap(['place', 'board.jsonc', '--format', 'json', ...argv], directory);
  const { heaps } = JSON.parse(stdout) as { heaps: { name: string; area: string | null }[] };
  return heaps.filter(({ area }) => area !== null).map(({ name }) => name);
};

test('the kernel slider and the descriptions change the names, as on the command line', async () => {
  const dtb = path.join(dtbs, 'freescale/imx8mp-evk.dtb');
  await open();
  await drop(dtb);
  const own = mkdtempSync(path.join(work, 'kernels-'));
  execFileSync('cp', [dtb, own]);
  const slider = page.getByLabel('Release of the kernel');
  await slider.focus();
  const seen: string[][] = [];
  // From the oldest release to the newest, with the arrow key alone.
  for (const release of COMMON_KERNELS) {
    await page.keyboard.press('ArrowRight');
    await settled();
    expect(await slider.getAttribute('aria-valuetext')).toBe(`Linux ${release}`);
    writeFileSync(path.join(own, 'board.jsonc'), await page.inputValue('textarea[rows="16"]'));
    const names = await namesShown();
    expect(names).toEqual((await placed(own, '--kernel', release)).sort());
    seen.push(names);
  }
  expect(new Set(seen.map((names) => names.join())).size).toBeGreaterThan(1);

  const select = page.locator('select:has(optgroup)');
  const descriptions = await select
    .locator('optgroup option')
    .evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value));
  expect(descriptions).toEqual(
    readdirSync('schemas/kernels')
      .map((file) => file.replace('.kernel.json', ''))
      .sort(),
  );
  for (const name of ['rockchip-5.10', 'ti-6.1', 'linux-7.3']) {
    await select.selectOption(name);
    await settled();
    const profile = await page.inputValue('textarea[rows="16"]');
    writeFileSync(path.join(own, 'board.jsonc'), profile);
    writeFileSync(path.join(own, 'board.local.json'), JSON.stringify({ inputs: { description: name } }));
    expect(await namesShown(), name).toEqual((await placed(own)).sort());
  }
});

test('a description of one’s own is one more kernel', async () => {
  await open();
  await drop(path.join(dtbs, 'freescale/imx8mp-evk.dtb'), path.resolve('schemas/kernels/ti-6.1.kernel.json'));
  await page.locator('select:has(optgroup)').selectOption('ti-6.1.kernel.json');
  await settled();
  expect(await page.inputValue('textarea[rows="16"]')).toContain('"version": "6.1"');
  expect((await namesShown()).length).toBeGreaterThan(0);
});

const CAPTURES = readdirSync('test/e2e/captures').filter((file) => file.endsWith('.tar'));
test.each(CAPTURES)('%s: the diagnosis of a capture is that of the command line', async (capture) => {
  await open();
  await drop(path.resolve('test/e2e/captures', capture));
  const { stdout } = await dmaheap(['diagnose', capture, '--format', 'json'], path.resolve('test/e2e/captures'));
  const { causes } = JSON.parse(stdout) as { causes: { id: string; text: string; evidence: string[]; fix: string }[] };
  expect(causes.length).toBeGreaterThan(0);
  expect(await page.locator('article strong').allTextContents()).toEqual(causes.map(({ id }) => id));
  expect(await page.locator('article .fix').allTextContents()).toEqual(causes.map(({ fix }) => fix));
  expect(await page.locator('article pre').allTextContents()).toEqual(
    causes.map(({ evidence }) => evidence.join('\n')),
  );
  // With the device tree of the board it draws the map, too; x86 has none.
  const hasTree = !capture.includes('x86_64');
  expect((await page.frameLocator('iframe').locator('svg').count()) > 0).toBe(hasTree);
});

test('by keyboard alone from a file to a copied output', async () => {
  await open();
  await drop(path.join(dtbs, 'rockchip/rk3399-rockpro64.dtb'));
  const reached: string[] = [];
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const { what, ring } = await page.evaluate(() => {
      const at = document.activeElement;
      if (at === null || at === document.body) return { what: '', ring: 'none' };
      const { outlineStyle } = getComputedStyle(at);
      const label = at.getAttribute('aria-label') ?? at.textContent ?? '';
      return { what: `${at.tagName} ${label.trim().slice(0, 40)}`, ring: outlineStyle };
    });
    // A person sees where the focus is; the frame shows its own.
    if (what !== '' && !what.startsWith('IFRAME')) expect(ring, what).not.toBe('none');
    reached.push(what);
    if (what.startsWith('SUMMARY')) break;
  }
  for (const tag of ['INPUT', 'TEXTAREA', 'SELECT', 'BUTTON Download all (zip)', 'SUMMARY'])
    expect(
      reached.some((one) => one.startsWith(tag)),
      tag,
    ).toBe(true);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.keyboard.press('Enter');
  await page.getByText('Copied').waitFor();
});

test('the form changes the profile, and an edited profile counts', async () => {
  await open();
  await drop(path.join(dtbs, 'rockchip/rk3399-rockpro64.dtb'));
  await page.getByLabel('Size of the default area').first().fill('400M');
  await page.getByLabel('RAM').fill('0x0+2G');
  await settled();
  const profile = await page.inputValue('textarea[rows="16"]');
  expect(profile).toContain('"400M"');
  expect(profile).toMatch(/^ *"memory": \[\{/m);
  await page.locator('textarea[rows="16"]').fill(profile.replaceAll('400M', '4G'));
  await settled();
  await page.locator('.findings strong.error').first().waitFor();
});

test.each([360, 768, 1440])('at %i pixels nothing scrolls sideways, and axe finds nothing serious', async (width) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await open();
    writeFileSync(path.join(work, 'dmesg.txt'), LOGS['refused.log'] ?? '');
    await drop(path.join(dtbs, 'rockchip/rk3399-rockpro64.dtb'), path.join(work, 'dmesg.txt'));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate('axe.run()')) as {
      violations: { id: string; impact: string; nodes: { html: string }[] }[];
    };
    const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`)).toEqual([]);
  }
});

test('both languages say the same things', async () => {
  await open();
  await page.getByRole('button', { name: '中文' }).click();
  expect(await page.locator('h1').textContent()).toBe('dmaheap 浏览器');
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh');
  // The program itself speaks English, and the page says where.
  writeFileSync(path.join(work, 'prose.txt'), 'hello\n');
  await drop(path.join(work, 'prose.txt'));
  await page.getByText('以下程序输出为英文。').first().waitFor();
});

test('the file is small, and explore writes it', async () => {
  const file = path.resolve('dist/explorer.html');
  expect(readFileSync(file).length).toBeLessThan(2_500_000);
  const { exit } = await dmaheap(['explore', '-o', 'e.html'], work);
  expect(exit).toBe(0);
  expect(readFileSync(path.join(work, 'e.html')).equals(readFileSync(file))).toBe(true);
});
