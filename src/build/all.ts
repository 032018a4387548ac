/** What `npm ci` runs: generated sources, the single-file command, the library with its types, the native parts. */
import { bundle } from './bundle.js';
import { generateSources } from './generate.js';
import { writeManual } from './manual.js';
import { buildNative } from './native.js';

await generateSources();
await bundle();
writeManual();
const { missing } = await buildNative();
for (const sentence of missing) console.warn(`dmaheap: ${sentence}`);
