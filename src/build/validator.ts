/** Compiles the profile schema into src/profile/validator.gen.js, so that no schema compiler runs on a user's command. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';
import { PROFILE_SCHEMA_URL, readSchema } from './schema.js';

export async function compileValidator(): Promise<void> {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: false,
    allowUnionTypes: true,
    strictRequired: false,
    code: { source: true, esm: true },
  });
  const code = standalone.default(ajv, ajv.compile(readSchema(PROFILE_SCHEMA_URL)));
  // Bundled, because the stand-alone code still asks ajv for small run-time helpers.
  await build({
    stdin: { contents: code, resolveDir: new URL('.', import.meta.url).pathname, loader: 'js' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    outfile: new URL('../profile/validator.gen.js', import.meta.url).pathname,
    banner: { js: '// Generated from schemas/profile.schema.json at build time; do not edit.' },
    logLevel: 'error',
  });
}
