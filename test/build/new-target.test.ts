/** A skeleton is a target like any other: it compiles, renders, and its text is what the linters want. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { templatesModule } from '../../src/build/templates.js';
import { type CompiledTarget, render } from '../../src/render/index.js';
import { samplePlan } from '../render/sample-plan.js';

test('what new-target copies is a working target', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-new-target-'));
  try {
    const templates = fileURLToPath(new URL('../../templates/', import.meta.url));
    const root = path.join(directory, 'templates');
    cpSync(path.join(templates, '_template'), path.join(root, 'brand-new'), { recursive: true });
    const module = path.join(directory, 'module.mjs');
    writeFileSync(module, templatesModule(root));
    const { TARGETS } = (await import(pathToFileURL(module).href)) as { TARGETS: CompiledTarget[] };
    const { value, diagnostics } = render(samplePlan(), { version: '0', targets: ['brand-new'], library: TARGETS });
    expect(diagnostics).toEqual([]);
    expect(value?.map((artifact) => artifact.path)).toEqual(['brand-new/README.md']);
    expect(value?.[0]?.text).toContain('For `Sample board`.');
    expect(value?.[0]?.text).not.toMatch(/[ \t]$/m);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
