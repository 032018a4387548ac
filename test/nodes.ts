/**
 * `npm run test:nodes`: the unit suite on every Node release dmaheap promises to run on. The binaries come from npm's
 * `node` package, into a directory of their own.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { nodeBinary, RELEASES } from './node-releases.js';
import { countsOf, vitestCount } from './steps.js';

let failed = 0;
let passed = 0;
for (const release of RELEASES) {
  const node = nodeBinary(release);
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`== ${version}`);
  const environment = {
    ...process.env,
    PATH: `${path.dirname(node)}${path.delimiter}${process.env['PATH']}`,
    NO_COLOR: '1',
  };
  const { stdout, status } = spawnSync(
    node,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'],
    {
      encoding: 'utf8',
      env: environment,
      maxBuffer: 1 << 28,
    },
  );
  const count = countsOf(stdout) ?? vitestCount(stdout) ?? { passed: 0, failed: 0, skipped: 0 };
  if (status !== 0) console.log(stdout.slice(-5000));
  passed += count.passed;
  failed += status !== 0 && count.failed === 0 ? 1 : count.failed;
  console.log(`${version}: ${count.passed} tests passed, ${count.failed} failed`);
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 ? 1 : 0;
