/** dmaheap version [--notices] */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { declare, flag } from '../declaration.js';
import { EXIT } from '../exit.js';
import { noticesIn } from '../notices.js';
import { Refusal } from '../refusal.js';
import { VERSION } from '../version.js';

export const command = declare({
  name: 'version',
  about: 'print the version, or the licences of the bundled packages',
  options: { notices: flag('--notices', 'print the licence notices of the bundled packages') },
  examples: ['version', 'version --notices'],
  run: (context, { notices }) => {
    context.print(notices ? ownNotices() : `${VERSION}\n`);
    return EXIT.good;
  },
});

/** The one file carries its notices behind the program. */
function ownNotices(): string {
  const notices = noticesIn(readFileSync(fileURLToPath(import.meta.url), 'utf8'));
  if (notices === undefined)
    throw new Refusal(
      'this program runs from its sources, which do not contain packages',
      EXIT.environment,
      'build it with `npm run build` and run dist/dmaheap.mjs',
    );
  return notices;
}
