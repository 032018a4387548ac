import Handlebars from 'handlebars';
import { expect, test } from 'vitest';
import { type Language, leaf, type Text, write } from '../../src/lang/index.js';
import { fill, type Template } from '../../src/render/emit.js';
import { compileTemplate, templateName } from '../../src/render/template.js';
import type { ViewRecord } from '../../src/render/view.js';

/** Compiles as the build does and loads the program as the generated module does. */
function template<L extends Language>(file: string, source: string): Template<L> {
  const program = new Function(`return ${compileTemplate(file, source)};`)();
  return { file, language: templateName(file).language as L, program };
}

test('the language comes from the file name', () => {
  expect(templateName('cma.dtso.dts.hbs')).toEqual({ path: 'cma.dtso', language: 'dts' });
  expect(templateName('sysusers.d/x.conf.sysusers.hbs')).toEqual({ path: 'sysusers.d/x.conf', language: 'sysusers' });
  expect(() => templateName('cma.dtso.hbs')).toThrow(
    /^cma\.dtso\.hbs: the name of a template is OUTPUT\.LANGUAGE\.hbs/,
  );
  expect(() => templateName('x.perl.hbs')).toThrow('with LANGUAGE one of dts, kconfig, udev');
});

test('a value is written by its language, and handlebars adds nothing', () => {
  const view = {
    title: leaf('string', 'a "b" <c> & \\'),
    on: true,
    list: [{ x: leaf('word', '1') }, { x: leaf('word', '2') }],
  };
  expect(fill(template('x.dts.hbs', 's = {{title}};'), view).value).toBe('s = "a \\"b\\" <c> & \\\\";');
  expect(fill(template('x.sh.hbs', 's={{title}}'), view).value).toBe('s=\'a "b" <c> & \\\'');
  expect(fill(template('x.sh.hbs', '# {{comment title}}'), view).value).toBe('# a "b" <c> &');
  expect(
    fill(template('x.sh.hbs', '{{#if on}}{{#each list}}{{x}}{{#unless @last}},{{/unless}}{{/each}}{{/if}}'), view)
      .value,
  ).toBe('1,2');
});

test('what is in a value is never a template', () => {
  const view = { x: leaf('string', '{{y}} }} {{{z}}} {{#if') };
  expect(fill(template('x.sh.hbs', '{{x}}'), view).value).toBe("'{{y}} }} {{{z}}} {{#if'");
});

test('a value its language cannot write is a finding, and there is no text', () => {
  const outcome = fill(template('x.udev.hbs', 'A={{x}}, B={{x}}'), { x: leaf('string', 'a\nb', { pointer: '/p' }) });
  expect(outcome.value).toBeUndefined();
  expect(outcome.diagnostics.map((d) => [d.code, d.pointer])).toEqual([
    ['lang/no-spelling', '/p'],
    ['lang/no-spelling', '/p'],
  ]);
});

test.each([
  ['{{{x}}}', 't.dts.hbs:1:1: raw mustaches are refused: write {{x}}'],
  ['a\n {{&x}}', 't.dts.hbs:2:2: raw mustaches are refused: write {{x}}'],
  ['{{{string x}}}', 't.dts.hbs:1:1: raw mustaches are refused: write {{x}}'],
  ['{{#if x}}\n{{{x}}}{{/if}}', 't.dts.hbs:2:1: raw mustaches are refused: write {{x}}'],
  ['{{#if x}}{{else}}{{{x}}}{{/if}}', 't.dts.hbs:1:18: raw mustaches are refused: write {{x}}'],
  ['{{"text"}}', 't.dts.hbs:1:1: a literal in mustaches is refused: write it as text'],
  ['{{string "text"}}', 't.dts.hbs:1:1: a mustache is {{path}} or {{kind path}}'],
  ['{{string (string x)}}', 't.dts.hbs:1:1: a mustache is {{path}} or {{kind path}}'],
  ['{{string x y}}', 't.dts.hbs:1:1: a mustache is {{path}} or {{kind path}}'],
  ['{{string x a=b}}', 't.dts.hbs:1:1: named arguments are refused'],
  ['{{lookup x}}', "t.dts.hbs:1:1: 'lookup' is not a kind of value that dts writes"],
  ['{{emit x}}', "t.dts.hbs:1:1: 'emit' is not a kind of value that dts writes"],
  ['{{deviceNames x}}', "t.dts.hbs:1:1: 'deviceNames' is not a kind of value that dts writes"],
  ['s = "{{x}}";', 't.dts.hbs:1:6: quotes around a value are refused: the language of the template writes them'],
  ['s = "{{x}} {{y}}";', 't.dts.hbs:1:6: quotes around a value are refused: the language of the template writes them'],
  ["s = '{{x}}'", 't.dts.hbs:1:6: quotes around a value are refused: the language of the template writes them'],
  ['{{> other}}', 't.dts.hbs:1:1: partials are refused: a template is one file'],
  ['{{#> other}}{{/other}}', 't.dts.hbs:1:1: partials are refused: a template is one file'],
  ['{{#* inline "a"}}{{/inline}}', 't.dts.hbs:1:1: decorators are refused'],
  ['{{* decorate}}', 't.dts.hbs:1:1: decorators are refused'],
  ['{{#x}}{{/x}}', "t.dts.hbs:1:1: 'x' is not a block: use if, unless, each, with"],
  [
    '{{#if (string x)}}{{/if}}',
    't.dts.hbs:1:1: a block takes one path: put the condition into the view, not into the template',
  ],
  ['{{^}}', /Parse error/],
])('%s is refused at load', (source, message) => {
  expect(() => compileTemplate('t.dts.hbs', source)).toThrow(message);
});

test('whatever reaches the guard unwritten is a defect with its place', () => {
  const at = (source: string, view: unknown) => () => fill(template('t.dts.hbs', source), view as ViewRecord<'dts'>);
  expect(at('\n  {{a}}', { a: 'raw' })).toThrow(
    "t.dts.hbs:2:3: 'a' is a string, which was not made by a writer of dts",
  );
  expect(at('{{a.b}}', { a: { b: 1 } })).toThrow(
    "t.dts.hbs:1:1: 'a.b' is a number, which was not made by a writer of dts",
  );
  expect(at('{{a}}', { a: [] })).toThrow("'a' is a list");
  expect(at('{{a}}', { a: { kind: 'string', value: 'look-alike' } })).toThrow("'a' is a record");
  expect(at('{{a}}', {})).toThrow("t.dts.hbs:1:1: 'a' is not in the view");
  expect(at('{{#if a}}{{/if}}', {})).toThrow("t.dts.hbs:1:1: the view does not have 'a'");
  expect(at('{{#each a}}{{/each}}', {})).toThrow("t.dts.hbs:1:1: the view does not have 'a'");
  expect(at('{{constructor}}', {})).toThrow();
  expect(at('{{__proto__}}', {})).toThrow();
  expect(at('{{a}}', { a: write('sh', leaf('string', 'x')).value })).toThrow(
    "t.dts.hbs:1:1: 'a' was escaped for sh, but the template is dts",
  );
  expect(at('{{string a}}', { a: leaf('bytes', 1n) })).toThrow("'a' is a bytes, which cannot become a string");
});

test('a view of the wrong language does not compile', () => {
  const dts = template<'dts'>('t.dts.hbs', '{{a}}');
  const shell = write('sh', leaf('string', 'x')).value as Text<'sh'>;
  // @ts-expect-error: text of another language
  expect(() => fill(dts, { a: shell })).toThrow();
  // @ts-expect-error: a raw string
  expect(() => fill(dts, { a: 'raw' })).toThrow();
  // @ts-expect-error: a raw string below
  expect(() => fill(dts, { a: { b: ['raw'] } })).toThrow();
  expect(fill(dts, { a: write('dts', leaf('string', 'x')).value as Text<'dts'> }).value).toBe('"x"');
});

test('the danger this guards against is real: handlebars alone writes HTML, or nothing at all', () => {
  expect(Handlebars.compile('s = "{{x}}";')({ x: 'a"b' })).toBe('s = "a&quot;b";');
});
