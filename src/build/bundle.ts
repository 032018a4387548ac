/** dist/: the single-file command, the library and its types. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

const SHARED: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // A UMD main hides its requires from the bundler.
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
  // Some libraries are CommonJS and ask for Node's own modules by require().
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
  },
};

export async function bundle(): Promise<void> {
  rmSync(new URL('../../dist/types', import.meta.url), { recursive: true, force: true });
  await build({
    ...SHARED,
    entryPoints: ['src/cli/main.ts'],
    outfile: 'dist/dmaheap.mjs',
    minifySyntax: true,
    minifyWhitespace: true,
  });
  chmodSync(new URL('../../dist/dmaheap.mjs', import.meta.url), 0o755);
  const library: Record<string, string> = { index: 'src/index.ts', fdt: 'src/fdt/index.ts' };
  if (existsSync(new URL('../kconfig/index.ts', import.meta.url))) library['kconfig'] = 'src/kconfig/index.ts';
  await build({ ...SHARED, entryPoints: library, outdir: 'dist', splitting: true, chunkNames: 'chunks/[name]-[hash]' });
  emitTypes(Object.values(library));
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
}
