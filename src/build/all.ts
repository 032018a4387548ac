/** What `npm ci` runs: generated sources, the single-file command, the library with its types. */
import { bundle } from './bundle.js';
import { generateSources } from './generate.js';

await generateSources();
await bundle();
