/** `npm run gallery [FOLDER] [BOARD...]`: pictures of the maps of real boards at each width, and what is wrong with them. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { GALLERY, reportOf } from './boards.js';
import { faultsAt, faultsOnPaper, WIDTHS } from './measure.js';

const [folder = 'gallery', ...wanted] = process.argv.slice(2);
const work = path.resolve(folder);
mkdirSync(work, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage();
for (const board of GALLERY) {
  const name = path.basename(board.dtb, '.dtb');
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await page.goto(pathToFileURL(await reportOf(board, work)).href);
  const printed = await faultsOnPaper(page);
  if (printed.length > 0) process.exitCode = 1;
  for (const fault of printed) console.log(`${name} on A4: ${fault}`);
  for (const width of WIDTHS) {
    const faults = await faultsAt(page, width);
    if (faults.length > 0) process.exitCode = 1;
    console.log(
      [`${name} at ${width} px: ${faults.length === 0 ? 'good' : `${faults.length} faults`}`, ...faults].join('\n  '),
    );
    const map = page.locator('section:has(#memory)');
    await map.screenshot({ path: path.join(work, `${name}-${width}.png`) });
  }
}
await browser.close();
