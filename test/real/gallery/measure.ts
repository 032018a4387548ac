/** What a browser makes of a page, measured on its elements at one width of the window. */
import type { Page } from 'playwright-core';

export const WIDTHS: readonly number[] = [360, 768, 1440];
/** CSS pixels. */
const SMALLEST = 11;

interface Seen {
  readonly text: string;
  readonly pixels: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Texts of the maps that are shown, with the rectangles in which they are drawn. */
const TEXTS = `[...document.querySelectorAll('svg.map')].filter((map) => map.getClientRects().length > 0).map((map) => {
  const scale = map.getBoundingClientRect().width / Number(map.getAttribute('width'));
  return {
    boxes: map.querySelectorAll('rect.box').length,
    names: map.querySelectorAll('.name').length,
    right: map.getBoundingClientRect().right,
    texts: [...map.querySelectorAll('text')].map((one) => {
      const { left, right, top, bottom } = one.getBoundingClientRect();
      return { text: one.textContent, pixels: parseFloat(getComputedStyle(one).fontSize) * scale, left, right, top, bottom };
    }),
  };
})`;

const SMALL = `[...document.querySelectorAll('body *')].filter((one) => one.getClientRects().length > 0 && one.textContent.trim() !== '' && parseFloat(getComputedStyle(one).fontSize) < ${SMALLEST}).map((one) => one.outerHTML.slice(0, 120))`;

/** Lines of text touch; letters do not. */
const TOLERANCE = 1.5;

const meet = (a: Seen, b: Seen): boolean =>
  a.left < b.right - TOLERANCE &&
  b.left < a.right - TOLERANCE &&
  a.top < b.bottom - TOLERANCE &&
  b.top < a.bottom - TOLERANCE;

/** Width and height of A4 within the margins of the report. */
const A4 = { width: 733, height: 1062 };

/** @returns what is wrong with the page on paper; empty: nothing */
export async function faultsOnPaper(page: Page): Promise<string[]> {
  await page.emulateMedia({ media: 'print' });
  const faults = await faultsAt(page, A4.width);
  const tall = (await page.evaluate(
    `[...document.querySelectorAll('figure')].filter((one) => one.getBoundingClientRect().height > ${A4.height}).length`,
  )) as number;
  await page.emulateMedia({ media: 'screen' });
  return tall === 0 ? faults : [...faults, `${tall} maps are taller than a sheet`];
}

/** @returns what is wrong with the page at this width; empty: nothing */
export async function faultsAt(page: Page, width: number): Promise<string[]> {
  await page.setViewportSize({ width, height: 900 });
  const maps = (await page.evaluate(TEXTS)) as readonly {
    boxes: number;
    names: number;
    right: number;
    texts: readonly Seen[];
  }[];
  const faults = ((await page.evaluate(SMALL)) as readonly string[]).map((text) => `small: ${text}`);
  if (maps.length === 0) faults.push('no map is shown');
  for (const { boxes, names, right, texts } of maps) {
    if (names < boxes) faults.push(`${boxes} regions and ${names} labels`);
    for (const [i, one] of texts.entries()) {
      if (one.pixels < SMALLEST) faults.push(`${one.pixels} px: ${one.text}`);
      if (one.right > right + TOLERANCE) faults.push(`beyond the edge: ${one.text}`);
      for (const other of texts.slice(i + 1))
        if (meet(one, other)) faults.push(`overlap: ${one.text} and ${other.text}`);
    }
  }
  const scroll = (await page.evaluate('document.documentElement.scrollWidth')) as number;
  if (scroll > width) faults.push(`the page is ${scroll} px wide`);
  return faults.map((fault) => `${width} px: ${fault}`);
}
