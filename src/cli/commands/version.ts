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
  about: 'print the version, or the licences of the packages that the program contains',
  options: { notices: flag('--notices', 'print the notices of the packages that the program contains') },
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
      'this program was started from its sources, which contain no packages',
      EXIT.environment,
      'Build it with `npm run build` and run dist/dmaheap.mjs.',
    );
  return notices;
}
