/** dist/explorer.html: the program and a page around it, in one file that needs no server and no network. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Metafile, type Plugin } from 'esbuild';
import { STYLE } from '../report/style.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const OURS = ['crypto', 'fs', 'os', 'util', 'zlib'];
/** There is nothing to run, and nothing to wait for. */
const ABSENT = [
  'execa',
  'tinyglobby',
  'node:v8',
  'node:worker_threads',
  'node:stream/promises',
  'node:timers/promises',
  'node:child_process',
  'node:module',
];

/** Node's modules as far as the program uses them: from @jspm/core, and from src/explorer/node what that lacks or has too large. */
function nodeInBrowser(): Plugin {
  const own = (name: string) => ({ path: path.join(root, 'src/explorer/node', `${name}.ts`) });
  return {
    name: 'node-in-browser',
    setup(page) {
      page.onResolve({ filter: /^(?:node:.*|execa|tinyglobby)$/ }, ({ path: name }) => {
        if (ABSENT.includes(name)) return own('absent');
        const module = name.slice('node:'.length);
        if (OURS.includes(module)) return own(module);
        return { path: path.join(root, 'node_modules/@jspm/core/nodelibs/browser', `${module}.js`) };
      });
    },
  };
}

/** By name: the page has no directory that they could be read from. */
function kernelDescriptions(): Readonly<Record<string, string>> {
  const directory = path.join(root, 'schemas/kernels');
  return Object.fromEntries(
    readdirSync(directory)
      .filter((file) => file.endsWith('.kernel.json'))
      .sort()
      .map((file) => [file, JSON.stringify(JSON.parse(readFileSync(path.join(directory, file), 'utf8')))]),
  );
}

export async function buildExplorer(): Promise<Metafile> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/explorer/page.tsx'],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    // esbuild reads tsconfig.json only for files that it finds itself; one that the plugin may find first would be strict or not
    // by chance.
    tsconfigRaw: { compilerOptions: { strict: true, jsx: 'react-jsx', jsxImportSource: 'preact' } },
    define: {
      'import.meta.url': '"file:///dmaheap/dist/explorer.html"',
      global: 'globalThis',
      KERNEL_DESCRIPTIONS: JSON.stringify(kernelDescriptions()),
    },
    plugins: [nodeInBrowser()],
    logLevel: 'warning',
  });
  const program = outputFiles[0]?.contents ?? new Uint8Array();
  const page = readFileSync(path.join(root, 'src/explorer/page.html'), 'utf8');
  // The page shows the report, so both look alike.
  const style = STYLE + readFileSync(path.join(root, 'src/explorer/page.css'), 'utf8');
  const packed = gzipSync(program, { level: 9 }).toString('base64');
  mkdirSync(path.join(root, 'dist'), { recursive: true });
  writeFileSync(
    path.join(root, 'dist/explorer.html'),
    page.replace('/* style */', () => style).replace('/* program */', () => packed),
  );
  return metafile;
}
