/** Compiles the profile schema into src/profile/validator.gen.js, so that no schema compiler runs on a user's command. */
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import { build, type Metafile } from 'esbuild';
import { PROFILE_SCHEMA_URL, readSchema } from './schema.js';

/** @returns esbuild's list of what the generated file contains */
export async function compileValidator(): Promise<Metafile> {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: false,
    allowUnionTypes: true,
    strictRequired: false,
    code: { source: true, esm: true },
  });
  const code = standalone.default(ajv, ajv.compile(readSchema(PROFILE_SCHEMA_URL)));
  // Bundled, because the stand-alone code still asks ajv for small run-time helpers.
  const { metafile } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'js' },
    bundle: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    outfile: fileURLToPath(new URL('../profile/validator.gen.js', import.meta.url)),
    banner: { js: '// Generated from schemas/profile.schema.json at build time; do not edit.' },
    logLevel: 'error',
  });
  return metafile;
}
