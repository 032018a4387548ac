/**
 * The maps of real boards in a browser: no label covers another, none is smaller than 11 pixels, and no page scrolls sideways, at each
 * width and on A4.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shareOf } from '../share.js';
import { GALLERY, reportOf } from './gallery/boards.js';
import { faultsAt, faultsOnPaper, WIDTHS } from './gallery/measure.js';

const BOARDS = shareOf('boards of the gallery', GALLERY, 8, ({ dtb }) => dtb);

let browser: Browser;
let page: Page;
const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-gallery-'));

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  page = await browser.newPage();
});
afterAll(async () => {
  await browser.close();
  rmSync(work, { recursive: true });
});

test.each(BOARDS)('$dtb', async (board) => {
  await page.goto(pathToFileURL(await reportOf(board, work)).href);
  for (const width of WIDTHS) expect(await faultsAt(page, width)).toEqual([]);
  expect(await faultsOnPaper(page)).toEqual([]);
});

test('the measure sees what it looks for', async () => {
  await page.setContent(`<style>span{font-size:9px}</style><span>small</span><svg class="map" width="50" height="50"
    style="width:25px"><rect class="box"/><rect class="box"/><text class="name" x="0" y="20">one</text><text x="5" y="22">two</text>
    <text x="40" y="40">far beyond</text></svg><div style="width:2000px">wide</div>`);
  const kinds = (await faultsAt(page, 360)).map((fault) => fault.replace(/^360 px: /, ''));
  for (const kind of [
    /^small: /,
    /^2 regions and 1 labels/,
    /px: one$/,
    /^overlap: one and two/,
    /^beyond the edge: far/,
    /px wide$/,
  ])
    expect(
      kinds.some((one) => kind.test(one)),
      String(kind),
    ).toBe(true);
  await page.setContent('<p>nothing</p>');
  expect(await faultsAt(page, 768)).toEqual(['768 px: no map is shown']);
});
