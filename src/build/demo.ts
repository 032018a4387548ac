/** `npm run demo`: a real board from profile to checked files, as a user would do it. */
import { spawnSync } from 'node:child_process';

const OUT = 'out';
const dmaheap = (...args: string[]) => {
  console.log(`\n$ dmaheap ${args.join(' ')}`);
  return spawnSync(process.execPath, ['dist/dmaheap.mjs', ...args], { stdio: 'inherit' }).status ?? 1;
};

process.exitCode = dmaheap('generate', 'schemas/examples/rockpro64.json', '-o', OUT) || dmaheap('check', OUT);
