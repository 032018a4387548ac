/** dist/: the single-file command, the library and its types. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, type BuildResult, build, type Metafile, type Plugin } from 'esbuild';
import { asleep } from '../cli/asleep.js';
import { NOTICES_BEGIN, NOTICES_END } from '../cli/notices.js';
import { type Bill, billOf, bundledPackages, joinMetafiles, noticesOf } from './notices.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

const SHARED: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // A UMD main hides its requires from the bundler.
  mainFields: ['module', 'main'],
  // Licence texts go into the notices, whole.
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  plugins: [builtinsOnUse()],
};

/**
 * Node's own modules are fetched when the module that imports them runs. As static imports of the one file they would
 * all be loaded at every start.
 */
export function builtinsOnUse(): Plugin {
  return {
    name: 'builtins-on-use',
    setup(program) {
      program.onResolve({ filter: /.*/ }, ({ path: name }) =>
        isBuiltin(name) ? { path: name, namespace: 'builtin' } : undefined,
      );
      program.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path: name }) => ({
        contents: `module.exports = process.getBuiltinModule(${JSON.stringify(name)});`,
        loader: 'js',
      }));
    },
  };
}

/** `dmaheap --version` and a mistyped option should cost what starting Node costs, so the program sleeps behind them. */
async function asleepUntilRun(entry: string): Promise<{ plugin: Plugin; text: string; metafile: Metafile }> {
  const program = await build({
    ...SHARED,
    entryPoints: [entry],
    format: 'cjs',
    write: false,
    minifySyntax: true,
    minifyWhitespace: true,
    charset: 'ascii',
    define: { 'import.meta.url': 'importMetaUrl' },
  });
  const text = program.outputFiles[0]?.text ?? '';
  const digest = createHash('sha256').update(text).digest('hex');
  const plugin: Plugin = {
    name: 'asleep-until-run',
    setup(command) {
      command.onLoad({ filter: /\/src\/cli\/program\.ts$/ }, () => ({
        contents: `
          import { awaken } from './asleep.js';
          const { exports, keep } = awaken(import.meta.url, '${digest}');
          export async function runProgram(...given) {
            const status = await exports.runProgram(...given);
            keep();
            return status;
          }`,
        loader: 'js',
        resolveDir: path.join(root, 'src/cli'),
      }));
    },
  };
  return { plugin, text, metafile: metafileOf(program) };
}

function metafileOf({ metafile }: BuildResult): Metafile {
  if (metafile === undefined) throw new Error('esbuild wrote no metafile');
  return metafile;
}

/** @param generated what is bundled already into the generated sources, which the notices name too */
export async function bundle(generated: readonly Metafile[]): Promise<void> {
  for (const stale of ['types', 'chunks'])
    rmSync(new URL(`../../dist/${stale}`, import.meta.url), { recursive: true, force: true });
  const program = await asleepUntilRun('src/cli/program.ts');
  const command = await build({
    ...SHARED,
    plugins: [program.plugin, builtinsOnUse()],
    entryPoints: ['src/cli/main.ts'],
    outfile: 'dist/dmaheap.mjs',
    // Nothing else in it tells a reader of packages that it is a module: what it imports is fetched on use.
    footer: { js: 'export {};' },
    minifySyntax: true,
    minifyWhitespace: true,
  });
  appendFileSync(path.join(root, 'dist/dmaheap.mjs'), asleep(program.text));
  chmodSync(new URL('../../dist/dmaheap.mjs', import.meta.url), 0o755);
  const library: Record<string, string> = { index: 'src/index.ts', fdt: 'src/fdt/index.ts' };
  if (existsSync(new URL('../kconfig/index.ts', import.meta.url))) library['kconfig'] = 'src/kconfig/index.ts';
  const modules = await build({
    ...SHARED,
    entryPoints: library,
    outdir: 'dist',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  });
  writeNotices([...generated, program.metafile, metafileOf(command), metafileOf(modules)]);
  emitTypes(Object.values(library));
}

/** The one file and the page also contain the notices, so that a copy of them has them. */
function writeNotices(metafiles: readonly Metafile[]): void {
  const metafile = joinMetafiles(metafiles);
  const bill = billOf(root, metafile);
  const notices = noticesOf(JSON.parse(bill) as Bill, bundledPackages(metafile));
  writeFileSync(path.join(root, 'dist/dmaheap.cdx.json'), bill);
  writeFileSync(path.join(root, 'dist/THIRD-PARTY-NOTICES'), notices);
  appendFileSync(
    path.join(root, 'dist/dmaheap.mjs'),
    `${NOTICES_BEGIN}${notices.replaceAll('*/', '* /')}${NOTICES_END}`,
  );
  appendFileSync(
    path.join(root, 'dist/explorer.html'),
    `<script type="text/plain" id="notices">\n${notices.replaceAll('</script', '<\\/script')}</script>\n`,
  );
}

/** Declarations of what the library's entries reach, and of nothing else. */
function emitTypes(entries: readonly string[]): void {
  const config = {
    extends: '../tsconfig.json',
    compilerOptions: { noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: '..', outDir: 'types' },
    files: entries.map((entry) => `../${entry}`),
    include: [],
  };
  const file = path.join(root, 'dist', 'tsconfig.json');
  writeFileSync(file, JSON.stringify(config));
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', file], { cwd: root, stdio: 'inherit' });
  rmSync(file);
  // Declarations that are written by hand, beside generated modules, are not output of tsc.
  const names = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((one) => one.endsWith('.gen.d.ts')).map((one) => path.join('src', one))) {
    const target = path.join(root, 'dist/types', name);
    if (existsSync(path.dirname(target))) copyFileSync(path.join(root, name), target);
  }
}
