import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Project } from 'ts-morph';
import { describe, expect, test } from 'vitest';
import { countFindings } from '../../src/diagnostic/human.js';
import { type Diagnostic, defineCodes, reporter } from '../../src/diagnostic/index.js';
import { stringifyJson } from '../../src/diagnostic/json.js';
import type { WriteContext } from '../../src/diagnostic/write-context.js';
import { FORMATS, writeDiagnostics } from '../../src/diagnostic/writers.js';
import { SourceText } from '../../src/source/index.js';

const CODES = defineCodes({
  'profile/misaligned': { severity: 'error', title: 'Misaligned region', explain: 'The kernel refuses it.' },
  'profile/unknown-key': { severity: 'warning', title: 'Unknown key', explain: 'Nothing reads it.' },
});
const report = reporter(CODES);

const profile = new SourceText(
  'boards/x.json',
  '{\n\t"regions": [\n\t\t{ "base": "0x40100000" },\n\t\t{ "größe": 1, "名前": 2 }\n\t]\n}\n',
);
const context: WriteContext = {
  sources: (file) => (file === profile.file ? profile : undefined),
  codes: CODES,
  toolVersion: '0.1.0',
};
const at = (text: string, source = profile) => source.span(source.text.indexOf(text), text.length);

const misaligned = report('profile/misaligned', {
  message: 'CMA area "video" starts at 0x40100000, not a multiple of 4 MiB',
  cause: 'this kernel places CMA areas on pageblock boundaries',
  fix: 'use 0x40000000 or 0x40400000',
  span: at('"0x40100000"'),
  pointer: '/regions/0/base',
  facts: ['cma.alignment'],
});
const unknown = report('profile/unknown-key', {
  message: 'unknown key "名前"',
  fix: 'write "name"',
  span: at('"名前"'),
  related: [{ message: 'the list begins here', span: at('"regions"') }],
});
const placeless: Diagnostic = { code: 'tool/missing', severity: 'note', message: 'dtc is not installed' };
const all = [misaligned, unknown, placeless];

describe('human', () => {
  test('shows place, line, caret, cause, fix, facts and related places', () => {
    expect(writeDiagnostics('human', all, context)).toBe(
      [
        'boards/x.json:3:13: error[profile/misaligned]: CMA area "video" starts at 0x40100000, not a multiple of 4 MiB',
        '    3 |   { "base": "0x40100000" },   (/regions/0/base)',
        '      |             ^^^^^^^^^^^^',
        '  cause: this kernel places CMA areas on pageblock boundaries  [fact cma.alignment]',
        '  fix: use 0x40000000 or 0x40400000',
        'boards/x.json:4:17: warning[profile/unknown-key]: unknown key "名前"',
        '    4 |   { "größe": 1, "名前": 2 }',
        '      |                 ^^^^^^',
        '  fix: write "name"',
        '  see boards/x.json:2:2: the list begins here',
        'note[tool/missing]: dtc is not installed',
        '',
      ].join('\n'),
    );
  });

  test('colours only when asked, and then nothing but colours differs', () => {
    const plain = writeDiagnostics('human', all, context);
    const colored = writeDiagnostics('human', all, { ...context, color: true });
    expect(plain).not.toContain('\x1b');
    expect(colored).toContain('\x1b[1;31merror[profile/misaligned]:\x1b[0m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences are what is tested
    expect(colored.replace(/\x1b\[[0-9;]*m/g, '')).toBe(plain);
  });

  test('never lets a text steer the terminal or reverse its direction', () => {
    const source = new SourceText('evil\x1b[2J.json', '{ "a\x1b[31m\u202eb\r\x07": 1 }');
    const hostile = report('profile/unknown-key', {
      message: 'unknown key "a\x1b[31m\n\u202eb"',
      cause: 'first\nsecond \x9b1m',
      span: source.span(2, 12),
    });
    const text = writeDiagnostics('human', [hostile], { sources: () => source });
    expect(text).not.toMatch(/[^\P{C}\n]/u);
    expect(text.split('\n')).toEqual([
      'evil\\u001b[2J.json:1:3: warning[profile/unknown-key]: unknown key "a\\u001b[31m\\n\\u202eb"',
      '    1 | { "a\\u001b[31m\\u202eb\\r\\u0007": 1 }',
      '      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^',
      '  cause: first',
      '    second \\u009b1m',
      '',
    ]);
  });

  test('shows a window of a line that is megabytes long', () => {
    const source = new SourceText('min.json', `[${'1,'.repeat(2_000_000)}"here"${',1'.repeat(2_000_000)}]`);
    const finding = report('profile/unknown-key', { message: 'x', span: at('"here"', source) });
    const [, line, caret] = writeDiagnostics('human', [finding], { sources: () => source }).split('\n');
    expect(line?.length).toBeLessThan(140);
    expect(line?.slice(caret?.indexOf('^'), (caret?.lastIndexOf('^') ?? 0) + 1)).toBe('"here"');
  });

  test('points behind the last character and at a span of several lines', () => {
    const source = new SourceText('a.json', '{ "a":\n  1\n');
    const end = report('profile/unknown-key', { message: 'ends here', span: source.span(6) });
    const long = report('profile/unknown-key', { message: 'all of it', span: source.span(0, 10) });
    expect(writeDiagnostics('human', [end, long], { sources: () => source })).toBe(
      [
        'a.json:1:7: warning[profile/unknown-key]: ends here',
        '    1 | { "a":',
        '      |       ^',
        'a.json:1:1: warning[profile/unknown-key]: all of it',
        '    1 | { "a":',
        '      | ^^^^^^',
        '',
      ].join('\n'),
    );
  });

  test('counts', () => {
    expect(countFindings(all)).toBe('1 error, 1 warning, 1 note');
    expect(countFindings([misaligned, misaligned])).toBe('2 errors');
    expect(countFindings([])).toBe('');
  });
});

describe('json', () => {
  const schema = JSON.parse(readFileSync('schemas/diagnostics.schema.json', 'utf8'));
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema);

  test('is what the schema says, and the findings unchanged', () => {
    const written = JSON.parse(writeDiagnostics('json', all, context));
    validate(written);
    expect(validate.errors).toBeNull();
    expect(written).toEqual({ schemaVersion: 1, diagnostics: all });
  });

  test('the schema refuses what is no finding', () => {
    expect(validate({ schemaVersion: 2, diagnostics: [] })).toBe(false);
    expect(validate({ schemaVersion: 1, diagnostics: [{ ...misaligned, code: 'Misaligned' }] })).toBe(false);
    expect(validate({ schemaVersion: 1, diagnostics: [{ ...misaligned, pointer: 'regions' }] })).toBe(false);
    expect(validate({ schemaVersion: 1, diagnostics: [{ code: 'a/b', severity: 'fatal', message: 'x' }] })).toBe(false);
  });

  test('writes a bigint exactly', () => {
    const data = { small: 4096n, exact: 2n ** 53n - 1n, big: 2n ** 53n, low: -(2n ** 60n) };
    expect(JSON.parse(stringifyJson(data))).toEqual({
      small: 4096,
      exact: 9007199254740991,
      big: '0x20000000000000',
      low: '-0x1000000000000000',
    });
  });
});

describe('sarif', () => {
  const write = (diagnostics: readonly Diagnostic[], more: Partial<WriteContext> = {}) =>
    JSON.parse(writeDiagnostics('sarif', diagnostics, { ...context, ...more }));

  test('one rule per code, a region, a fingerprint, related places', () => {
    const [run] = write(all).runs;
    expect(run.tool.driver.rules.map((r: { id: string }) => r.id)).toEqual([
      'profile/misaligned',
      'profile/unknown-key',
      'tool/missing',
    ]);
    expect(run.tool.driver.rules[0]).toEqual({
      id: 'profile/misaligned',
      shortDescription: { text: 'Misaligned region' },
      fullDescription: { text: 'The kernel refuses it.' },
      help: { text: 'The kernel refuses it.' },
      defaultConfiguration: { level: 'error' },
    });
    expect(run.results[0]).toEqual({
      ruleId: 'profile/misaligned',
      ruleIndex: 0,
      level: 'error',
      message: {
        text:
          'CMA area "video" starts at 0x40100000, not a multiple of 4 MiB\n' +
          'Cause: this kernel places CMA areas on pageblock boundaries\nFix: use 0x40000000 or 0x40400000',
      },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'boards/x.json', uriBaseId: '%SRCROOT%' },
            region: {
              startLine: 3,
              startColumn: 13,
              endLine: 3,
              endColumn: 25,
              snippet: { text: '"0x40100000"' },
            },
          },
          logicalLocations: [{ fullyQualifiedName: '/regions/0/base' }],
        },
      ],
      partialFingerprints: { 'dmaheapFinding/v1': expect.stringMatching(/^[0-9a-f]{32}:1$/) },
      properties: { facts: ['cma.alignment'] },
    });
    expect(run.results[1].relatedLocations[0].physicalLocation.region.startLine).toBe(2);
    expect(run.results[2].locations).toEqual([]);
    for (const result of run.results) expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
  });

  test('fingerprints survive a line added above and tell equal findings apart', () => {
    const moved = new SourceText('boards/x.json', `\n${profile.text}`);
    const span = moved.span(moved.text.indexOf('"名前"'), 4);
    const key = (log: ReturnType<typeof write>, i = 0) => log.runs[0].results[i].partialFingerprints;
    expect(key(write([{ ...unknown, span }], { sources: () => moved }))).toEqual(key(write([unknown])));
    const twice = write([unknown, unknown]);
    expect(key(twice, 0)).not.toEqual(key(twice, 1));
    expect(key(write([misaligned]))).not.toEqual(key(write([unknown])));
  });

  test.each([
    ['/src/board/a.json', '/src/board', { uri: 'a.json', uriBaseId: '%SRCROOT%' }],
    ['/src/boards/a.json', '/src/board', { uri: 'file:///src/boards/a.json' }],
    ['./a b/ü%,#?.json', undefined, { uri: 'a%20b/%C3%BC%25%2C%23%3F.json', uriBaseId: '%SRCROOT%' }],
    ['a:b.json', undefined, { uri: 'a%3Ab.json', uriBaseId: '%SRCROOT%' }],
    ['\ud800.json', undefined, { uri: '%EF%BF%BD.json', uriBaseId: '%SRCROOT%' }],
  ])('file %j under %j', (file, baseDirectory, location) => {
    const [run] = write([{ ...unknown, span: { ...at('"regions"'), file } }], {
      ...(baseDirectory === undefined ? {} : { baseDirectory }),
    }).runs;
    expect(run.results[0].locations[0].physicalLocation.artifactLocation).toEqual(location);
    expect(new URL(location.uri, 'file:///root/').href).toMatch(/^file:\/\/\//);
  });

  // No npm package carries the SARIF schema; the published types are the independent description at hand.
  test('is a Log to the compiler, with nothing that the types do not know', { timeout: 60_000 }, () => {
    const project = new Project({ tsConfigFilePath: 'tsconfig.json', skipAddingFilesFromTsConfig: true });
    const problems = (json: string) =>
      project
        .createSourceFile(
          'test/diagnostic/log.ts',
          `import type { Log } from 'sarif';\nexport const log: Log = ${json};`,
          {
            overwrite: true,
          },
        )
        .getPreEmitDiagnostics()
        .map((p) => p.getMessageText());
    expect(problems(writeDiagnostics('sarif', all, context))).toEqual([]);
    expect(problems(writeDiagnostics('sarif', [], context))).toEqual([]);
    expect(problems(writeDiagnostics('sarif', all, context).replace('"level"', '"levle"'))).not.toEqual([]);
  });
});

describe('github', () => {
  test('one command per finding', () => {
    expect(writeDiagnostics('github', all, context)).toBe(
      [
        '::error file=boards/x.json,line=3,col=13,endColumn=24,title=profile/misaligned::CMA area "video" starts at ' +
          '0x40100000, not a multiple of 4 MiB%0Aat /regions/0/base%0A' +
          'cause: this kernel places CMA areas on pageblock boundaries%0Afix: use 0x40000000 or 0x40400000%0A' +
          'facts: cma.alignment',
        '::warning file=boards/x.json,line=4,col=17,endColumn=20,title=profile/unknown-key::unknown key "名前"%0A' +
          'fix: write "name"%0Asee boards/x.json:2:2: the list begins here',
        '::notice title=tool/missing::dtc is not installed',
        '',
      ].join('\n'),
    );
  });

  test('no value ends its property, the command or the line', () => {
    const span = { file: 'a,b:c%0A\r\n::error::.json', line: 1, column: 5, endLine: 3, endColumn: 2 };
    const hostile = report('profile/unknown-key', { message: '100%\r\n::error::forged', span });
    expect(writeDiagnostics('github', [hostile], context)).toBe(
      '::warning file=a%2Cb%3Ac%250A%0D%0A%3A%3Aerror%3A%3A.json,line=1,endLine=3,title=profile/unknown-key::' +
        '100%25%0D%0A::error::forged\n',
    );
  });

  test('an empty span still has a column', () => {
    const empty = report('profile/unknown-key', { message: 'x', span: profile.span(0) });
    expect(writeDiagnostics('github', [empty], context)).toContain('col=1,endColumn=1,');
  });
});

test('every format says nothing wrong about nothing', () => {
  expect(FORMATS.map((format) => writeDiagnostics(format, [], context).length > 0)).toEqual([false, true, true, false]);
});
