/** dmaheap explore: the page that answers without installing anything, as a file. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { declare, text } from '../declaration.js';
import { EXIT } from '../exit.js';
import { Refusal } from '../refusal.js';
import { writeOutput } from '../write-file.js';

/** Where the page lies, from the program as it is bundled and run from its source. */
const PLACES = ['./explorer.html', '../../../dist/explorer.html'];

export const command = declare({
  name: 'explore',
  about: 'write the explorer: an HTML page that answers in the browser, without a server or a network',
  options: { output: text('-o, --output <file>', 'where to write; default: explorer.html') },
  examples: ['explore', 'explore -o explorer.html'],
  run: (context, { output = 'explorer.html' }) => {
    const page = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(existsSync);
    if (page === undefined)
      throw new Refusal(
        'the page is not beside this program',
        EXIT.environment,
        'take dmaheap-explorer-VERSION.html from the release, or run the program where its package installed it',
      );
    writeOutput(context, output, readFileSync(page, 'utf8'));
    context.note(`wrote ${output}. Open it in a browser and drop a DTB, a log or a profile.`);
    return EXIT.good;
  },
});
