/**
 * `npm test`, and with --real what CI runs besides: the suites on real kernels, DTBs and guests.
 *
 * Ends in one line `N passed, N failed, N skipped`.
 */
import { existsSync } from 'node:fs';
import { ensurePackages, REAL_PACKAGES, UNIT_PACKAGES } from './packages.js';
import { runSteps, type Step } from './steps.js';

const npm = (name: string, script: string, ...args: string[]): Step => ({
  name,
  command: ['npm', 'run', '--silent', script, ...(args.length > 0 ? ['--', ...args] : [])],
});

const UNIT: Parameters<typeof runSteps>[0] = [
  [npm('Biome', 'lint'), npm('tsc', 'types')],
  npm('knip', 'unused'),
  // vitest leaves a processor idle while its tests wait for programs.
  [npm('native', 'test:native'), npm('vitest', 'unit')],
  npm('demo', 'demo'),
];

/** Two lanes, because one suite alone leaves a processor idle half of the time. */
const REAL: typeof UNIT = [
  [
    [
      npm('release', 'test:release'),
      npm('native, as clang sees it', 'lint:native'),
      npm('targets', 'test:targets'),
      npm('udev rules', 'test:udev'),
      npm('engines', 'test:engines', '--short'),
      npm('images', 'test:image', '40'),
      npm('device trees', 'test:dtb'),
      npm('placement', 'test:placement'),
      npm('solver', 'test:solver'),
      npm('writers', 'test:writers'),
      npm('Kconfig', 'test:kconfig'),
    ],
    [
      npm('boards', 'test:real'),
      npm('guests', 'e2e'),
      npm('board models', 'e2e', '--boards', '--sample'),
      npm('control of the guests', 'e2e:control'),
      npm('verified guests', 'test:guests', '--short'),
      npm('built images', 'test:images', '--short'),
    ],
  ],
];

const real = process.argv.includes('--real');
const missing = ensurePackages(real ? [...UNIT_PACKAGES, ...REAL_PACKAGES] : UNIT_PACKAGES);
if (missing.length > 0) {
  console.error(
    `these Debian packages are needed and not installed: ${missing.join(' ')}\n  fix: apt-get install ${missing.join(' ')}`,
  );
  process.exitCode = 3;
} else {
  if (!existsSync('dist/dmaheap.mjs')) console.error('dist/ is missing: run npm ci or npm run build first');
  const { passed, failed, skipped } = await runSteps(real ? REAL : UNIT);
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed > 0 ? 1 : 0;
}
