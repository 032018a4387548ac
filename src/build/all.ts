/** What `npm ci` runs: generated sources, the single-file command, the library with its types, manual, pages, native parts. */
import { nodeTooOld } from '../cli/node-version.js';
import { bundle } from './bundle.js';
import { buildExplorer } from './explorer.js';
import { generateSources } from './generate.js';
import { buildNative } from './native.js';

const complaint = nodeTooOld(process.versions.node);
if (complaint !== undefined) {
  process.stderr.write(complaint);
  process.exit(1);
}
const generated = await generateSources();
await bundle([...generated, await buildExplorer()]);
// The manual is written by the program itself, which a fresh clone has only now that its sources are generated.
const { writeManual } = await import('./manual.js');
await writeManual();
const { writePages } = await import('./pages.js');
writePages();
const { missing } = await buildNative();
for (const sentence of missing) console.warn(`dmaheap: ${sentence}`);
