// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what other languages expand is what is tested
import { expect, test } from 'vitest';
import { type Kind, type KindValues, LANGUAGES, type Language, leaf, Text, write } from '../../src/lang/index.js';

const spelled = <K extends Kind>(language: Language, kind: K, value: KindValues[K]) =>
  write(language, leaf(kind, value)).value?.spelled;
const finding = <K extends Kind>(language: Language, kind: K, value: KindValues[K]) => {
  const [diagnostic, ...others] = write(language, leaf(kind, value, { pointer: '/here' })).diagnostics;
  expect(others).toEqual([]);
  return diagnostic;
};

test('each kind is spelled the way of its language', () => {
  expect(spelled('dts', 'string', 'a"b\\c\n\x01')).toBe('"a\\"b\\\\c\\n\\001"');
  expect(
    spelled('dts', 'cells', [
      { value: 0x1_a000_0000n, cells: 2 },
      { value: 0x1000_0000n, cells: 1 },
    ]),
  ).toBe('<0x1 0xa0000000 0x10000000>');
  expect(spelled('dts', 'comment', 'end */ here\nCONFIG\\')).toBe('end * / here CONFIG');
  expect(spelled('kconfig', 'option', { symbol: 'CMA', value: 'y' })).toBe('CONFIG_CMA=y');
  expect(spelled('kconfig', 'option', { symbol: 'CMA', value: 'n' })).toBe('# CONFIG_CMA is not set');
  expect(spelled('kconfig', 'option', { symbol: 'CMDLINE', text: 'a "b" \\' })).toBe('CONFIG_CMDLINE="a \\"b\\" \\\\"');
  expect(spelled('kconfig', 'comment', 'CONFIG_CMA is not set')).toBe('CONFIG_ CMA is not set');
  expect(spelled('udev', 'group', 'video')).toBe('"video"');
  expect(spelled('udev', 'mode', 0o660)).toBe('"0660"');
  expect(spelled('udev', 'string', '100% $HOME "x"')).toBe('"100%% $$HOME \\"x\\""');
  expect(spelled('udev', 'deviceNames', ['linux,cma', 'reserved'])).toBe('"linux,cma|reserved"');
  expect(spelled('mdev', 'deviceName', 'dma_heap/a.b+c')).toBe('dma_heap/a\\.b\\+c');
  expect(spelled('mdev', 'mode', 0o660)).toBe('660');
  expect(spelled('cmdline', 'bytes', 0x1000_0000n)).toBe('256M');
  expect(spelled('cmdline', 'bytes', 0x1000_0001n)).toBe('268435457');
  expect(spelled('cmdline', 'string', 'x=a b')).toBe('"x=a b"');
  expect(spelled('sh', 'string', "it's $HOME")).toBe(`'it'\\''s $HOME'`);
  expect(spelled('expect', 'string', 'a b%é')).toBe('a%20b%25%C3%A9');
  expect(spelled('json', 'address', 0x8000_0000n)).toBe('"0x80000000"');
  expect(spelled('markdown', 'string', '`x`')).toBe('`` `x` ``');
  expect(spelled('markdown', 'comment', '# <b>*x*</b>')).toBe('\\# \\<b\\>\\*x\\*\\</b\\>');
  expect(spelled('make', 'string', '$x \\# y')).toBe('$$x \\\\\\# y');
  expect(spelled('nix', 'strings', ['a', '${b}'])).toBe('[ "a" "\\${b}" ]');
});

test('what a language cannot write is a finding with place, cause and fix', () => {
  expect(finding('udev', 'string', 'a\nb')).toEqual({
    code: 'lang/no-spelling',
    severity: 'error',
    pointer: '/here',
    message: '"a\\nb" cannot be written in udev rules',
    cause: 'a line end cannot be written inside a value',
    fix: 'use a value without it',
  });
  expect(finding('udev', 'group', 'Video Users')).toEqual({
    code: 'lang/not-valid',
    severity: 'error',
    pointer: '/here',
    message: '"Video Users" is not a valid group name',
    cause: 'a group name consists of lower-case letters, digits, _ and -, at most 31, no digit first',
    fix: 'use a value that follows this rule',
  });
});

const REFUSED: readonly (readonly [Language, Kind, unknown])[] = [
  ['udev', 'string', 'ends in \\'],
  ['udev', 'string', 'a\\"b'],
  ['udev', 'deviceName', '../mem'],
  ['udev', 'deviceName', 'a b'],
  ['udev', 'deviceNames', []],
  ['udev', 'deviceNames', ['a|b']],
  ['udev', 'mode', 0o10000],
  ['udev', 'mode', -1],
  ['kconfig', 'option', { symbol: 'A B', value: 'y' }],
  ['kconfig', 'option', { symbol: 'A', value: 'y\nCONFIG_B=y' }],
  ['kconfig', 'option', { symbol: 'A', text: 'y\nCONFIG_B=y' }],
  ['cmdline', 'string', 'x="y"'],
  ['cmdline', 'string', 'x\ny'],
  ['dts', 'nodeName', 'a b'],
  ['dts', 'nodeName', 'a@1@2'],
  ['dts', 'nodeName', '} ; / {'],
  ['dts', 'label', '1a'],
  ['dts', 'cells', [{ value: 1n << 32n, cells: 1 }]],
  ['dts', 'cells', [{ value: 1n << 64n, cells: 2 }]],
  ['dts', 'cells', [{ value: -1n, cells: 2 }]],
  ['mdev', 'deviceName', 'a#b'],
  ['mdev', 'path', 'a;reboot'],
  ['ueventd', 'path', '/dev/a b'],
  ['extlinux', 'path', '/a b'],
  ['uboot', 'path', '/a;reset'],
  ['bitbake', 'string', '${@os.system("x")}'],
  ['bitbake', 'string', 'a"b'],
  ['make', 'string', 'ends in \\'],
  ['make', 'string', ' leads'],
  ['xml', 'string', '\x01'],
  ['ini', 'string', 'a\nExecStart=/bin/sh'],
  ['expect', 'string', 'x'.repeat(256)],
  ['expect', 'string', ''],
];

test.each(REFUSED)('%s refuses a hostile %s (case %#)', (language, kind, value) => {
  expect(write(language, leaf(kind, value as never)).diagnostics).toHaveLength(1);
});

test.each(LANGUAGES)('%s refuses NUL and half characters in every text, and folds them in comments', (language) => {
  for (const text of ['a\0b', 'a\ud800']) {
    for (const kind of ['string', 'path', 'word', 'deviceName'] as const) {
      let outcome: ReturnType<typeof write> | undefined;
      try {
        outcome = write(language, leaf(kind, text));
      } catch (error) {
        expect(String(error)).toMatch(/has no writer for the kind/);
      }
      if (outcome !== undefined) expect(outcome.diagnostics).toHaveLength(1);
    }
  }
  const comment = write(language, leaf('comment', 'a\0\nb\r\u2028c \u202e \\')).value?.spelled;
  if (comment !== undefined) expect(comment).toMatch(/^"?a b c"?$/);
});

test('text is made by its language only', () => {
  expect(Text.isText(write('dts', leaf('string', 'x')).value)).toBe(true);
  expect(Text.isText({ language: 'dts', spelled: 'x' })).toBe(false);
  // @ts-expect-error: the constructor is private
  new Text('dts', 'x');
  // @ts-expect-error: a look-alike is no Text
  const forged: Text<'dts'> = { language: 'dts', spelled: 'x' };
  // @ts-expect-error: text of one language is not text of another
  const crossed: Text<'dts'> = write('sh', leaf('string', 'x')).value as Text<'sh'>;
  expect([forged, crossed]).toHaveLength(2);
});

test('asking a language for a kind it does not have is a defect of the template', () => {
  expect(() => write('udev', leaf('cells', []))).toThrow('udev rules has no writer for the kind cells');
});
