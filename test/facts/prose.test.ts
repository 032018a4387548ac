/** Releases of the kernel stand in src/facts alone: a message that repeats one contradicts the next row of data. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Node, Project, SyntaxKind } from 'ts-morph';
import { expect, test } from 'vitest';

const TEXTS = [
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
  SyntaxKind.TemplateMiddle,
  SyntaxKind.TemplateTail,
];
/** What a user may type: `--kernel 6.12`, the directory `linux-6.12`; and levels of codecs. */
const TYPED = /(?:--kernel |--diff |linux-|config-|level )\d+\.\d+/g;
/** 5.10 to 9.99, and no part of a longer number, a share or a size. */
const RELEASE = /(?<![\d.@])[4-9]\.\d{1,2}(?![\d.]|%| ?[KMG]i?B)/;
const isRelease = (node: Node) => RELEASE.test(node.getText().replaceAll(TYPED, ''));

const isVersion = (node: Node) => /^\{\s*major: \d+,\s*minor: \d+,?\s*\}$/.test(node.getText());

/** Comments; what stands in backquotes shows how a text looks, and other specifications have numbers too. */
function* comments(text: string): Generator<{ words: string; index: number }> {
  for (const { 0: words, index } of text.matchAll(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/.*/g))
    yield { words: words.replaceAll(/`[^`]*`|specification,? \d+\.\d+/gi, ''), index };
}

function offending(project: Project): string[] {
  const found: string[] = [];
  for (const file of project.getSourceFiles()) {
    const name = path.relative('.', file.getFilePath());
    for (const { words, index } of comments(file.getFullText()))
      if (RELEASE.test(words)) found.push(`${name}:${file.getLineAndColumnAtPos(index).line}: ${words}`);
    // Most files have nothing of the kind; walking them all takes half a minute.
    if (!/[4-9]\.\d|major: \d/.test(file.getFullText())) continue;
    file.forEachDescendant((node) => {
      const isText = TEXTS.includes(node.getKind()) && isRelease(node);
      if (isText || (node.isKind(SyntaxKind.ObjectLiteralExpression) && isVersion(node)))
        found.push(`${name}:${node.getStartLineNumber()}: ${node.getText()}`);
    });
  }
  return found;
}

test('no release of the kernel in code and messages outside src/facts', () => {
  const project = new Project({ tsConfigFilePath: 'tsconfig.json', skipAddingFilesFromTsConfig: true });
  project.addSourceFilesAtPaths(['src/**/*.ts', '!src/facts/**', '!src/**/*.gen.ts']);
  expect(offending(project)).toEqual([]);
});

test('no release of the kernel in what schemas say', () => {
  const said = (value: unknown, at: string): string[] =>
    value === null || typeof value !== 'object'
      ? []
      : Object.entries(value).flatMap(([key, one]) =>
          typeof one === 'string' && /^(?:title|description)$/.test(key)
            ? RELEASE.test(one.replaceAll(/`[^`]*`/g, ''))
              ? [`${at}/${key}: ${one}`]
              : []
            : said(one, `${at}/${key}`),
        );
  expect(said({ a: { description: 'from 6.17 on' } }, 'x')).toHaveLength(1);
  const files = readdirSync('schemas').filter((file) => file.endsWith('.json'));
  expect(files.flatMap((file) => said(JSON.parse(readFileSync(`schemas/${file}`, 'utf8')), file))).toEqual([]);
});

test('the rule sees prose, code, comments and templates, and lets what a user types pass', () => {
  const project = new Project({ useInMemoryFileSystem: true });
  project.createSourceFile(
    'a.ts',
    "const a = 'before 6.19'; const b = `from $" +
      "{1} to 7.2 on`; const c = { major: 6, minor: 1 }; const d = '--kernel 6.12, 1.5 MiB, 0.25, 10.6.1'; // since 6.4\n/** `6.12` */ /* UEFI specification 5.3 */",
  );
  expect(offending(project)).toHaveLength(4);
});
