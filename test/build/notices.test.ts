/** What esbuild bundles has its notice, or the build fails and names it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import { type Bill, billOf, bundledPackages, noticesOf } from '../../src/build/notices.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-notices-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A package as npm installs it. */
function install(name: string, licence: string | undefined): void {
  const directory = path.join(work, 'node_modules', name);
  mkdirSync(directory, { recursive: true });
  const about = { name, version: '1.2.3', license: 'ISC', main: 'index.js' };
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify(about));
  writeFileSync(path.join(directory, 'index.js'), `export default ${JSON.stringify(name)};\n`);
  if (licence !== undefined) writeFileSync(path.join(directory, 'LICENSE'), licence);
}

async function bundled(...names: string[]) {
  const imports = names.map((name, i) => `import p${i} from '${name}'; console.log(p${i});`).join('\n');
  writeFileSync(path.join(work, 'main.js'), imports);
  const { metafile } = await build({
    absWorkingDir: work,
    entryPoints: ['main.js'],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
  });
  return metafile;
}

writeFileSync(path.join(work, 'package.json'), '{ "name": "own", "version": "1.0.0" }');
install('good', 'Copyright (c) A. Good\nmay be copied\n');
install('@scope/good', 'Copyright (c) S. Cope\n');
install('silent', undefined);

const node = path.resolve('node_modules/.bin/cyclonedx-esbuild');
const bill = (metafile: Awaited<ReturnType<typeof bundled>>) => {
  mkdirSync(path.join(work, 'node_modules/.bin'), { recursive: true });
  writeFileSync(path.join(work, 'node_modules/.bin/cyclonedx-esbuild'), `import ${JSON.stringify(node)};\n`);
  return JSON.parse(billOf(work, metafile)) as Bill;
};

test('the metafile names the packages', async () => {
  expect(bundledPackages(await bundled('good', '@scope/good'))).toEqual(['@scope/good', 'good']);
});

test('a package has its name, its version, its licence and its text in the notices', async () => {
  const metafile = await bundled('good', '@scope/good');
  const notices = noticesOf(bill(metafile), bundledPackages(metafile));
  expect(notices).toContain('\ngood 1.2.3\nLicence: ISC\n\nCopyright (c) A. Good\nmay be copied\n');
  expect(notices).toContain('\n@scope/good 1.2.3\n');
});

test('the build fails for a package without a licence text', async () => {
  const metafile = await bundled('good', 'silent');
  expect(() => noticesOf(bill(metafile), bundledPackages(metafile))).toThrow(
    'no licence text was found for silent 1.2.3',
  );
});

test('the build fails for a package that is bundled and not listed', async () => {
  const one = await bundled('good');
  const both = await bundled('good', '@scope/good');
  expect(() => noticesOf(bill(one), bundledPackages(both))).toThrow('does not list @scope/good');
});
