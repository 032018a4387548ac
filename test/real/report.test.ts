/** The report in a real browser: small, there in less than a second, no console message, no horizontal overflow at 400 pixels, a name for every picture. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { chromium } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { dtbDirectory } from '../../src/build/fetch/index.js';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-browser-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** What the page says of itself once a browser has laid it out. */
const PROBE = `<script>addEventListener('load',()=>{const d=document;const out={millis:Math.round(performance.now()),overflow:d.documentElement.scrollWidth-document.documentElement.clientWidth,
figures:d.querySelectorAll('svg').length,unnamed:[...d.querySelectorAll('svg')].filter((s)=>!s.getAttribute('aria-label')).length,
unreachable:[...d.querySelectorAll('.scroll')].filter((s)=>s.tabIndex!==0||!s.getAttribute('aria-label')).length,
headings:[...d.querySelectorAll('h1,h2,h3')].map((h)=>+h.tagName[1]),links:[...d.querySelectorAll('nav a')].filter((a)=>!d.querySelector(a.hash)).length};
const pre=d.createElement('pre');pre.id='probe';pre.textContent=JSON.stringify(out);d.body.append(pre)})</script>`;

async function browse(page: string): Promise<{ probe: Record<string, unknown>; stderr: string }> {
  const file = path.join(work, 'page.html');
  writeFileSync(file, page.replace('</head>', `${PROBE}</head>`));
  const flags =
    '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --enable-logging=stderr --window-size=400,900';
  const { stdout, stderr } = await execa(
    'chromium',
    [...flags.split(' '), `--user-data-dir=${path.join(work, 'profile')}`, '--dump-dom', pathToFileURL(file).href],
    { timeout: 120_000 },
  );
  const text = /<pre id="probe">(.*?)<\/pre>/.exec(stdout)?.[1] ?? '';
  return { probe: JSON.parse(text), stderr };
}

test.each([
  ['rockpro64', 'rockchip/rk3399-rockpro64.dtb'],
  ['imx8mp-evk', 'freescale/imx8mp-evk.dtb'],
  ['rpi-4-b', 'broadcom/bcm2711-rpi-4-b.dtb'],
])('%s', async (board, dtb) => {
  const file = path.join(await dtbDirectory('arm64', '6.12'), dtb);
  const { stdout: page, exit } = await dmaheap(['report', `schemas/examples/${board}.json`, '--dtb', file]);
  expect(exit).toBe(0);
  expect(page.length).toBeLessThan(300_000);
  const { probe, stderr } = await browse(page);
  expect(probe['millis']).toBeLessThan(1000);
  expect(stderr).not.toMatch(/CONSOLE/);
  expect(probe).toMatchObject({ overflow: 0, unnamed: 0, unreachable: 0, links: 0 });
  expect(probe['figures']).toBeGreaterThan(0);
  const levels = probe['headings'] as number[];
  for (const [i, level] of levels.entries()) expect(level - (levels[i - 1] ?? 0)).toBeLessThanOrEqual(1);
});

test('on A4 nothing is cut off: the page, both maps beside each other, and no table wider than the paper', async () => {
  const dtb = path.join(await dtbDirectory('arm64', '6.12'), 'freescale/imx8mp-evk.dtb');
  const file = path.join(work, 'print.html');
  const kernels = ['--kernel', '6.1', '--kernel', '7.3'];
  const { exit } = await dmaheap(['report', 'schemas/examples/imx8mp-evk.json', '--dtb', dtb, ...kernels, '-o', file]);
  expect(exit).toBe(0);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  // A4 without the margins of the style sheet, in CSS pixels.
  const page = await browser.newPage({ viewport: { width: Math.floor(((210 - 16) / 25.4) * 96), height: 1060 } });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  await page.goto(pathToFileURL(file).href);
  const seen = await page.evaluate(() => {
    const box = (one: Element) => one.getBoundingClientRect();
    const shown = (selector: string) => [...document.querySelectorAll(selector)].filter((one) => box(one).width > 0);
    return {
      width: document.documentElement.clientWidth,
      right: Math.max(...shown('body *').map((one) => box(one).right)),
      lefts: new Set(shown('.sides svg').map((one) => box(one).left)).size,
      links: shown('nav').length,
      paper: getComputedStyle(document.body).backgroundColor,
    };
  });
  const pdf = await page.pdf({ preferCSSPageSize: true });
  await browser.close();
  expect(seen.right).toBeLessThanOrEqual(seen.width);
  expect(seen).toMatchObject({ lefts: 2, links: 0, paper: 'rgb(255, 255, 255)' });
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  expect(pdf.toString('latin1')).toMatch(/\/MediaBox \[0 0 59[45]\.?\d* 84[12]\.?\d*\]/);
});
