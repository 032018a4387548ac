/** What Node's modules, and programs written for Node, expect to find without an import. Imported before everything else. */
import { Buffer } from '@jspm/core/nodelibs/buffer';
import process from '@jspm/core/nodelibs/process';

Object.assign(globalThis, {
  Buffer,
  process,
  setImmediate: (work: () => void) => setTimeout(work, 0),
});
