/** Compiles schemas of what users write into validator.gen.js, so that no schema compiler runs on a user's command. */
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import { build, type Metafile } from 'esbuild';
import { readSchema } from './schema.js';

/** By the folder of src/ that reads the documents. */
const SCHEMAS = { profile: 'src/profile/language.json', knowledge: 'schemas/kernel.schema.json' } as const;

/** @returns esbuild's lists of what the generated files contain */
export function compileValidators(): Promise<readonly Metafile[]> {
  return Promise.all(Object.entries(SCHEMAS).map(([folder, schema]) => compileValidator(folder, schema)));
}

async function compileValidator(folder: string, schema: string): Promise<Metafile> {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: false,
    allowUnionTypes: true,
    strictRequired: false,
    code: { source: true, esm: true },
  });
  const code = standalone.default(ajv, ajv.compile(readSchema(new URL(`../../${schema}`, import.meta.url))));
  // Bundled, because the stand-alone code still asks ajv for small run-time helpers.
  const { metafile } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'js' },
    bundle: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    outfile: fileURLToPath(new URL(`../${folder}/validator.gen.js`, import.meta.url)),
    banner: { js: `// Generated from ${schema} at build time; do not edit.` },
    logLevel: 'error',
  });
  return metafile;
}
