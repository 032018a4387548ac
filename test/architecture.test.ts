import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Project, SyntaxKind } from 'ts-morph';
import { expect, test } from 'vitest';

/** Each folder imports only from itself and from rows above its own; siblings in one row never meet. */
const ROWS: readonly (readonly string[])[] = [
  ['diagnostic'],
  ['source', 'quantity'],
  ['kconfig'],
  ['fdt', 'lang', 'facts', 'bootlog', 'image'],
  ['knowledge'],
  ['profile'],
  ['model'],
  ['placement'],
  ['plan'],
  ['render', 'verify'],
  ['check', 'report'],
  ['init'],
  ['import', 'diagnose'],
  ['cli'],
  ['explorer'],
];
const rowOf = (folder: string) => ROWS.findIndex((row) => row.includes(folder));

interface Import {
  readonly text: string;
  readonly line: number;
}

/** What every source file imports or exports again, types included, by its path from here. */
function importsOf(): Map<string, Import[]> {
  const project = new Project({ tsConfigFilePath: 'tsconfig.json', skipAddingFilesFromTsConfig: true });
  project.addSourceFilesAtPaths('src/**/*.{ts,tsx}');
  return new Map(
    project.getSourceFiles().map((file) => {
      const declarations = [...file.getImportDeclarations(), ...file.getExportDeclarations()];
      const written = declarations.map((d) => ({
        text: d.getModuleSpecifierValue() ?? '',
        line: d.getStartLineNumber(),
      }));
      const later = file
        .getDescendantsOfKind(SyntaxKind.CallExpression)
        .filter((call) => call.getExpression().getKind() === SyntaxKind.ImportKeyword)
        .map((call) => ({
          text: call.getArguments()[0]?.getText().slice(1, -1) ?? '',
          line: call.getStartLineNumber(),
        }));
      return [path.relative('.', file.getFilePath()), [...written, ...later]];
    }),
  );
}

const imports = importsOf();

test('imports go one way', () => {
  const offending: string[] = [];
  for (const [file, own] of imports) {
    const from = path.relative('src', file).split(path.sep)[0] ?? '';
    // index.ts is the public face of everything but cli; build/ makes dist/ and is never imported.
    if (from === 'index.ts' || from === 'build') continue;
    expect(rowOf(from), `src/${from} has no place in the order`).toBeGreaterThanOrEqual(0);
    for (const { text, line } of own) {
      // Data outside src (schemas) is nobody's code.
      if (!text.startsWith('.') || text.endsWith('.json')) continue;
      const to = path.relative('src', path.join(path.dirname(file), text)).split(path.sep)[0] ?? '';
      if (to !== from && !(rowOf(to) >= 0 && rowOf(to) < rowOf(from)))
        offending.push(`${file}:${line}: src/${from} must not import src/${to}`);
    }
  }
  expect(offending).toEqual([]);
});

/** Files that reach each other, by Tarjan's algorithm: each group is a circle. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const low = (file: string) => lowest.get(file) ?? 0;
  const visit = (file: string) => {
    order.set(file, order.size);
    lowest.set(file, order.size - 1);
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(file, Math.min(low(file), low(next)));
    }
    if (low(file) !== order.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1) found.push(group.sort());
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return found;
}

test('no files import each other in a circle', () => {
  const graph = new Map(
    [...imports].map(([file, own]) => [
      file,
      own
        .map(({ text }) => path.join(path.dirname(file), text).replace(/\.js$/, '.ts'))
        .filter((to) => imports.has(to) && to !== file),
    ]),
  );
  expect(
    circles(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
  ).toEqual([['b', 'c']]);
  expect(circles(graph)).toEqual([]);
});

test('a command gives up in one way', () => {
  const project = new Project({ skipAddingFilesFromTsConfig: true });
  project.addSourceFilesAtPaths('src/cli/**/*.ts');
  const offending = project
    .getSourceFiles()
    .flatMap((file) =>
      [...file.getFullText().matchAll(/\bas never\b|typeof \w+ [!=]== 'number'/g)].map(
        ({ 0: words, index }) => `${file.getBaseName()}:${file.getLineAndColumnAtPos(index).line}: ${words}`,
      ),
    );
  expect(offending).toEqual([]);
});

const templates = readdirSync('templates', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.hbs'))
  .map((file) => `templates/${file}`);
/** Code and templates, generated files left aside. */
const sources = [...imports.keys(), ...templates]
  .filter((file) => !file.endsWith('.gen.ts'))
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }));

/**
 * What has one mechanism: a second one answers differently one day. `pattern` finds a second one by how it would be
 * written; `home` are the files that may.
 */
const ONCE: readonly { what: string; home: RegExp; pattern: RegExp; sample: string }[] = [
  {
    what: 'the reader of option lines',
    home: /^src\/kconfig\/option-line\.ts$/,
    pattern:
      /(?<!\$\\\()\bCONFIG_(?:\((?:\?<\w+>)?[^()]*\)|\\w\+|\$\{\w+\})(?:=\(|=\.|=y\\| is not set\\?[$\r/)])|CONFIG_\$\{\w+\}\[= \]/,
    sample: String.raw`/^(?:CONFIG_(\w+)=(.*)|# CONFIG_(\w+) is not set)$/`,
  },
  {
    what: 'the writer of option lines',
    home: /^src\/kconfig\/option-line\.ts$/,
    // Prose that names a line ends it with a letter or more words; a writer spells any value.
    pattern: /[`'"](?:# )?CONFIG_\$\{[^}]+\}(?:="?\$\{| is not set(?:\\n)?[`'"])/,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the pattern must find
    sample: '`CONFIG_${symbol}=${value}`',
  },
  {
    what: "a string's escapes in option lines",
    home: /^src\/(?:kconfig\/option-line\.ts$|lang\/)/,
    pattern: /replace\(\/\["\\\\\]\/g/,
    sample: String.raw`value.replace(/["\\]/g, '\\$&')`,
  },
  {
    what: 'the escapes of JSON pointers',
    home: /^src\/source\/pointer\.ts$/,
    pattern: /'~[01]'|split\('\/'\)\.slice\(1\)\)/,
    sample: "token.replaceAll('~1', '/')",
  },
  {
    what: 'the type of a range of addresses',
    home: /^src\/quantity\/index\.ts$/,
    pattern:
      /\{\s*(?:readonly )?(?:base|baseAddress|address): bigint;\s*(?:readonly )?(?:size|sizeBytes): bigint;\s*\}/,
    sample: 'interface Range {\n  readonly baseAddress: bigint;\n  readonly sizeBytes: bigint;\n}',
  },
  {
    what: 'the writer of profiles',
    home: /^src\/(?:init\/write|profile\/undecided)\.ts$/,
    pattern: /[`'"](?:\/\/ )?DECIDE|JSON\.stringify\(profile/,
    sample: 'JSON.stringify(profile, null, 2)',
  },
  {
    what: "the writer of a pool's properties",
    home: /^src\/placement\/pool-node\.ts$/,
    // Templates write source; a reader has the names too, with has() or in a list.
    pattern:
      /^\s*(?:reusable|linux,cma-default);$|^\s*alloc-ranges = |name: '(?:reusable|alloc-ranges|linux,cma-default)'|\['(?:reusable|alloc-ranges)'\] = /m,
    sample: '\t\t\treusable;',
  },
];

test.each(ONCE)('$what exists once', ({ pattern, home, sample }) => {
  expect(sample).toMatch(pattern);
  const all = new RegExp(pattern, `${pattern.flags}g`);
  const offending = sources.flatMap(({ file, text }) =>
    home.test(file)
      ? []
      : [...text.matchAll(all)].map(
          ({ 0: found, index }) => `${file}:${text.slice(0, index).split('\n').length}: ${found.trim()}`,
        ),
  );
  expect(offending).toEqual([]);
});
