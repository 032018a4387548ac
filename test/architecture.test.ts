import path from 'node:path';
import { Project } from 'ts-morph';
import { expect, test } from 'vitest';

/** Each folder imports only from itself and from rows above its own; siblings in one row never meet. */
const ROWS: readonly (readonly string[])[] = [
  ['diagnostic'],
  ['source', 'quantity'],
  ['kconfig', 'fdt', 'lang', 'facts', 'bootlog', 'image'],
  ['profile'],
  ['model'],
  ['placement'],
  ['plan'],
  ['render', 'verify'],
  ['check', 'report'],
  ['import', 'diagnose'],
  ['cli'],
];
const rowOf = (folder: string) => ROWS.findIndex((row) => row.includes(folder));

test('imports go one way', () => {
  const project = new Project({
    tsConfigFilePath: 'tsconfig.json',
    skipAddingFilesFromTsConfig: true,
  });
  project.addSourceFilesAtPaths('src/**/*.ts');
  const src = path.resolve('src');
  const offending: string[] = [];
  for (const file of project.getSourceFiles()) {
    const from = path.relative(src, file.getFilePath()).split(path.sep)[0] ?? '';
    // index.ts is the public face of everything but cli; build/ makes dist/ and is never imported.
    if (from === 'index.ts' || from === 'build') continue;
    expect(rowOf(from), `src/${from} has no place in the order`).toBeGreaterThanOrEqual(0);
    const imports = [
      ...file.getImportDeclarations().map((d) => ({
        text: d.getModuleSpecifierValue(),
        line: d.getStartLineNumber(),
      })),
      ...file.getExportDeclarations().map((d) => ({
        text: d.getModuleSpecifierValue() ?? '',
        line: d.getStartLineNumber(),
      })),
    ];
    for (const { text, line } of imports) {
      // Data outside src (schemas) is nobody's code.
      if (!text.startsWith('.') || text.endsWith('.json')) continue;
      const to = path.relative(src, path.resolve(path.dirname(file.getFilePath()), text)).split(path.sep)[0] ?? '';
      if (to !== from && !(rowOf(to) >= 0 && rowOf(to) < rowOf(from)))
        offending.push(`${path.relative('.', file.getFilePath())}:${line}: src/${from} must not import src/${to}`);
    }
  }
  expect(offending).toEqual([]);
});
