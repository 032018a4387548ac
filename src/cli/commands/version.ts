/** dmaheap version */
import { declare } from '../declaration.js';
import { EXIT } from '../exit.js';
import { VERSION } from '../version.js';

export const command = declare({
  name: 'version',
  about: 'print the version',
  examples: ['version'],
  run: (context) => {
    context.print(`${VERSION}\n`);
    return EXIT.good;
  },
});
