/** Whatever text a finding carries, each format gives it back to its reader, or keeps it from steering one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/diagnostic/index.js';
import { writeDiagnostics } from '../../src/diagnostic/writers.js';
import { SourceText } from '../../src/source/index.js';

/** Any code units, with those that mean something to a reader made likely. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('::', '%0A', '\r\n', '\x1b[2J', ',', '=', '\u202e', '%', '|', '\ud800', '"', '/'),
    ),
  )
  .map((parts) => parts.join(''));

const finding: fc.Arbitrary<{ diagnostic: Diagnostic; source: SourceText }> = fc
  .record({
    file: text,
    body: text,
    message: text,
    cause: text,
    fix: text,
    from: fc.nat(200),
    length: fc.nat(40),
    severity: fc.constantFrom('error', 'warning', 'note'),
  })
  .map(({ file, body, message, cause, fix, from, length, severity }) => {
    const source = new SourceText(file, body);
    const span = source.span(from, length);
    return { source, diagnostic: { code: 'area/what', severity, message, cause, fix, span } as Diagnostic };
  });

/** A workflow command as the runner takes it apart: command, properties, data, each unescaped in its own way. */
function readCommand(line: string) {
  const [, head = '', data = ''] = /^::((?:(?!::).)*)::(.*)$/s.exec(line) ?? [];
  const space = head.indexOf(' ');
  const unescaped = (value: string) => value.replaceAll('%0D', '\r').replaceAll('%0A', '\n');
  const properties = head
    .slice(space + 1)
    .split(',')
    .map((pair): [string, string] => {
      const [name = '', ...value] = pair.split('=');
      const plain = unescaped(value.join('=')).replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%');
      return [name, plain];
    });
  return {
    command: head.slice(0, space),
    properties: Object.fromEntries(properties),
    data: unescaped(data).replaceAll('%25', '%'),
  };
}

test('github: the runner reads back one command with the same texts', () => {
  fc.assert(
    fc.property(finding, ({ diagnostic, source }) => {
      const written = writeDiagnostics('github', [diagnostic], { sources: () => source });
      expect(written.split(/[\r\n]/)).toEqual([written.slice(0, -1), '']);
      const { command, properties, data } = readCommand(written.slice(0, -1));
      expect(command).toBe({ error: 'error', warning: 'warning', note: 'notice' }[diagnostic.severity]);
      expect(properties.file).toBe(diagnostic.span?.file.replace(/^(?:\.\/+)+/, ''));
      expect(properties.title).toBe('area/what');
      expect(data).toBe([diagnostic.message, `cause: ${diagnostic.cause}`, `fix: ${diagnostic.fix}`].join('\n'));
    }),
    { numRuns: 500 },
  );
});

test('human: nothing that a terminal would obey, and every line is one of ours', () => {
  fc.assert(
    fc.property(finding, ({ diagnostic, source }) => {
      const written = writeDiagnostics('human', [diagnostic], { sources: () => source });
      expect(written).not.toMatch(/[^\P{C}\n\p{Co}\p{Cn}]|[\u2028\u2029]/u);
      const lines = written.split('\n');
      const paragraphs = [diagnostic.cause, diagnostic.fix].map((t) => (t ?? '').split('\n').length);
      expect(lines.length).toBeLessThanOrEqual(4 + (paragraphs[0] ?? 0) + (paragraphs[1] ?? 0));
      for (const line of lines.slice(0, 3))
        expect(line.length).toBeLessThan(1200 + diagnostic.message.length * 8 + source.file.length * 8);
    }),
    { numRuns: 500 },
  );
});

test('sarif: valid JSON whose URI leads back to the file', () => {
  fc.assert(
    fc.property(finding, ({ diagnostic, source }) => {
      const [result] = JSON.parse(writeDiagnostics('sarif', [diagnostic], { sources: () => source })).runs[0].results;
      const { region, artifactLocation } = result.locations[0].physicalLocation;
      const wellFormed = source.file.replace(/^(?:\.\/+)+/, '').replace(/\p{Cs}/gu, '\ufffd');
      expect(decodeURIComponent(artifactLocation.uri)).toBe(
        wellFormed.startsWith('/') ? `file://${wellFormed}` : wellFormed,
      );
      expect(artifactLocation.uri).toMatch(/^[\x21-\x7e]*$/);
      expect(region.startLine).toBeGreaterThan(0);
      expect(region.startColumn).toBeGreaterThan(0);
      expect(region.endLine).toBeGreaterThanOrEqual(region.startLine);
      if (region.endLine === region.startLine) expect(region.endColumn).toBeGreaterThanOrEqual(region.startColumn);
    }),
    { numRuns: 500 },
  );
});

test('json: the finding itself', () => {
  fc.assert(
    fc.property(finding, ({ diagnostic, source }) => {
      const written = writeDiagnostics('json', [diagnostic], { sources: () => source });
      expect(JSON.parse(written).diagnostics).toEqual([diagnostic]);
    }),
  );
});
