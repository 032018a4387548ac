/** What `npm ci` runs: generated sources, the single-file command, the library with its types, the addon. */
import { generateSources } from './generate.js';

await generateSources();
