/** What `npm ci` runs: generated sources, the single-file command, the library with its types, manual, pages, native parts. */
import { bundle } from './bundle.js';
import { generateSources } from './generate.js';
import { buildNative } from './native.js';

await generateSources();
await bundle();
// The manual is written by the program itself, which a fresh clone has only now that its sources are generated.
const { writeManual } = await import('./manual.js');
writeManual();
const { writePages } = await import('./pages.js');
writePages();
const { missing } = await buildNative();
for (const sentence of missing) console.warn(`dmaheap: ${sentence}`);
