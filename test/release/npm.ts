/** The npm package of a release: installed into an empty directory without network, run where nothing can be written. */
import { strict as assert } from 'node:assert';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { VERSION } from '../../src/cli/version.js';
import type { Release } from './reproduce.js';

const NOBODY = '65534';

export async function testNpmPackage({ directory }: Release, work: string): Promise<void> {
  // Not below our own temporary directory, which only we may enter.
  const place = mkdtempSync('/tmp/dmaheap-npm-');
  try {
    chmodSync(place, 0o755);
    writeFileSync(path.join(place, 'package.json'), '{ "private": true }\n');
    const npm = ['install', '--offline', '--no-audit', '--no-fund', '--cache', path.join(work, 'npm-cache')];
    await execa('npm', [...npm, path.join(directory, `dmaheap-${VERSION}.tgz`)], { cwd: place, stdin: 'ignore' });
    copyFileSync('schemas/examples/am625-sk.json', path.join(place, 'board.json'));
    await execa('chmod', ['-R', 'a-w,a+rX', place]);
    const output = path.join(work, 'npm-output');
    mkdirSync(output);
    chmodSync(work, 0o755);
    chmodSync(output, 0o777);
    // Root may write anything, so nobody runs it.
    const program = path.join(place, 'node_modules/.bin/dmaheap');
    const as = process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
    const dmaheap = (...args: string[]) => {
      const [command = '', ...rest] = [...as, process.execPath, program, ...args];
      return execa(command, rest, { cwd: place, env: { HOME: '/nonexistent', XDG_CACHE_HOME: '/nonexistent' } });
    };
    assert.equal((await dmaheap('--version')).stdout, VERSION);
    assert.match((await dmaheap('validate', 'board.json')).stdout, /^board\.json: good\nPASS: /);
    await dmaheap('generate', 'board.json', '-o', path.join(output, 'out'), '--kernel', '6.12');
    assert.match((await dmaheap('version', '--notices')).stdout, /^handlebars /m);
    const refused = await dmaheap('generate', 'board.json', '-o', 'out').catch((error) => error);
    assert.match(refused.stderr, /generate\/cannot-write.*cannot write/s);
    assert.equal(refused.exitCode, 3);
  } finally {
    await execa('chmod', ['-R', 'u+w', place]);
    rmSync(place, { recursive: true, force: true });
  }
}
