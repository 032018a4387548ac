/** dist/: the single-file command, the library and its types. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, type BuildResult, build, type Metafile, type Plugin, transformSync } from 'esbuild';
import { asleep } from '../cli/asleep.js';
import { COMMANDS } from '../cli/commands.js';
import { NOTICES_BEGIN, NOTICES_END } from '../cli/notices.js';
import { type Bill, billOf, bundledPackages, joinMetafiles, noticesOf } from './notices.js';
import { templatesInParts } from './templates.js';

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
 * Node's own modules are fetched when something of them is first used: as static imports of the one file they would all
 * be loaded at every start. The bundler's interop copies the properties of a module for each importer. The
 * module that importers see has none: its prototype answers.
 */
export function builtinsOnUse(): Plugin {
  return {
    name: 'builtins-on-use',
    setup(program) {
      program.onResolve({ filter: /.*/ }, ({ path: name }) =>
        isBuiltin(name) ? { path: name, namespace: 'builtin' } : undefined,
      );
      program.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path: name }) => {
        const fetched = `process.getBuiltinModule(${JSON.stringify(name)})`;
        return { contents: isPlain(name) ? onUse(fetched) : `module.exports = ${fetched};`, loader: 'js' };
      });
    },
  };
}

/** Of these the object itself matters: a class that is the module, and one whose methods want it as `this`. */
const isPlain = (name: string): boolean =>
  typeof process.getBuiltinModule(name) === 'object' && !/^(node:)?process$/.test(name);

const onUse = (fetched: string): string => `
  let fetched;
  module.exports = Object.create(new Proxy({}, {
    get: (_, key) => (fetched ??= ${fetched})[key],
    has: (_, key) => key in (fetched ??= ${fetched}),
  }));`;

/** `dmaheap --version` and a mistyped option should cost what starting Node costs, so the program sleeps behind them. */
async function asleepUntilRun(): Promise<{ plugin: Plugin; text: string; metafile: Metafile }> {
  const templates = templatesInParts();
  const program = await build({
    ...SHARED,
    entryPoints: ['src/cli/program.ts'],
    // Each command is imported when it is asked for, so it becomes a chunk beside those that it shares with others.
    splitting: true,
    outdir: 'dist/parts',
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    external: [...templates.parts.keys()],
    plugins: [
      {
        name: 'templates-in-parts',
        setup(one) {
          one.onLoad({ filter: /\/templates\.gen\.js$/ }, () => ({ contents: templates.module, loader: 'js' }));
        },
      },
      builtinsOnUse(),
    ],
    write: false,
    charset: 'ascii',
    define: { 'import.meta.url': 'importMetaUrl' },
  });
  const texts = new Map([
    ...program.outputFiles.map(({ path: file, text }) => [path.basename(file, '.js'), text] as const),
    ...templates.parts,
  ]);
  const parts = new Map([...texts].map(([name, text]) => [name, commonJs(text)]));
  const sleeping = asleep(parts);
  const digest = createHash('sha256')
    .update(JSON.stringify([...parts]))
    .digest('hex');
  const plugin: Plugin = {
    name: 'asleep-until-run',
    setup(command) {
      command.onLoad({ filter: /\/src\/cli\/program\.ts$/ }, () => ({
        contents: `
          import { awaken } from './asleep.js';
          const COMMANDS = ${JSON.stringify(Object.keys(COMMANDS))};
          export async function runProgram(argv, invocation) {
            const command = argv.find((word) => COMMANDS.includes(word)) ?? 'help';
            const { load, keep } = awaken(import.meta.url, '${digest}', command);
            const status = await load('program').runProgram(argv, invocation);
            keep();
            return status;
          }`,
        loader: 'js',
        resolveDir: path.join(root, 'src/cli'),
      }));
    },
  };
  return { plugin, text: sleeping, metafile: metafileOf(program) };
}

/** A chunk for a loader that is ours: one whose imports are calls of `require`, by the name of the part. */
function commonJs(text: string): string {
  const { code } = transformSync(text, {
    format: 'cjs',
    target: 'node20.19',
    supported: { 'dynamic-import': false },
    minifySyntax: true,
    minifyWhitespace: true,
    charset: 'ascii',
    legalComments: 'none',
  });
  return escapeRegExps(code).replaceAll(/(?<=\brequire\(")\.\/([\w.-]+)\.js(?="\))/g, '$1');
}

/**
 * The parts are read as Latin-1, which is the fastest. The bundler writes strings in ASCII and leaves regular expressions
 * as they are, so that a pattern of another script would match nothing.
 */
export function escapeRegExps(code: string): string {
  return code.replaceAll(/(\\*)([^\0-\x7f])/g, (_, before: string, character: string) => {
    if (before.length % 2 === 1) throw new Error(`a part has ${character} behind a backslash, which cannot be escaped`);
    return `${before}\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function metafileOf({ metafile }: BuildResult): Metafile {
  if (metafile === undefined) throw new Error('esbuild wrote no metafile');
  return metafile;
}

/** @param generated what is bundled already into the generated sources, which the notices name too */
export async function bundle(generated: readonly Metafile[]): Promise<void> {
  for (const stale of ['types', 'chunks'])
    rmSync(new URL(`../../dist/${stale}`, import.meta.url), { recursive: true, force: true });
  const program = await asleepUntilRun();
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
  appendFileSync(path.join(root, 'dist/dmaheap.mjs'), program.text);
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
