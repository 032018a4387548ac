import { describe, expect, test } from 'vitest';
import { type Mode, makeConfig, WhatIf, writeConfig } from '../../src/kconfig/index.js';
import { tinyTree } from './tiny.js';

/** The lines of a made configuration without comments and heading. */
function lines(text: string, base: string, mode: Mode = 'olddefconfig'): string[] {
  return makeConfig(tinyTree(text), mode, base)
    .text.split('\n')
    .filter((line) => line.includes('CONFIG_') && !line.includes('MODULES'));
}

const messages = (text: string, base: string) =>
  makeConfig(tinyTree(text), 'olddefconfig', base).diagnostics.map((d) => `${d.span?.line}: ${d.message}`);

describe('values', () => {
  test('a line whose dependency is not met is dropped without a word', () => {
    const text = 'config A\n\tbool "a"\nconfig B\n\tbool "b"\n\tdepends on A\n';
    expect(lines(text, 'CONFIG_B=y\n')).toEqual(['# CONFIG_A is not set']);
    expect(messages(text, 'CONFIG_B=y\n')).toEqual([]);
  });

  test('select forces, and says so when dependencies are not met', () => {
    const text = 'config A\n\tbool "a"\n\tselect B\nconfig B\n\tbool "b"\n\tdepends on C\nconfig C\n\tbool "c"\n';
    expect(lines(text, 'CONFIG_A=y\n')).toEqual(['CONFIG_A=y', 'CONFIG_B=y', '# CONFIG_C is not set']);
    expect(messages(text, 'CONFIG_A=y\n')).toEqual(['8: unmet direct dependencies detected for B']);
  });

  test('imply yields to dependencies and to the user', () => {
    const text = 'config A\n\tbool "a"\n\timply B\nconfig C\n\tbool "c"\nconfig B\n\tbool "b"\n\tdepends on C\n';
    expect(lines(text, 'CONFIG_A=y\n')).not.toContain('CONFIG_B=y');
    expect(lines(text, 'CONFIG_A=y\nCONFIG_C=y\n')).toContain('CONFIG_B=y');
    expect(lines(text, 'CONFIG_A=y\nCONFIG_C=y\n# CONFIG_B is not set\n')).toContain('# CONFIG_B is not set');
  });

  test('a number is clamped to the first active range', () => {
    const text = 'config N\n\tint "n"\n\trange 5 9 if MODULES\n\trange 1 3\n';
    expect(lines(text, 'CONFIG_N=42\n')).toEqual(['CONFIG_N=3']);
    expect(lines(text, 'CONFIG_MODULES=y\nCONFIG_N=1\n')).toEqual(['CONFIG_N=5']);
  });

  test('without modules m is y, with a bool it is refused', () => {
    const text = 'config T\n\ttristate "t"\nconfig B\n\tbool "b"\n';
    expect(lines(text, 'CONFIG_MODULES=y\nCONFIG_T=m\n')).toContain('CONFIG_T=m');
    expect(lines(text, 'CONFIG_T=m\n')).toContain('CONFIG_T=y');
    expect(messages(text, 'CONFIG_B=m\n')).toEqual(["1: symbol value 'm' invalid for B"]);
  });

  test('in a choice the last line wins', () => {
    const text = 'choice\n\tprompt "c"\n\tdefault A\nconfig A\n\tbool "a"\nconfig B\n\tbool "b"\nendchoice\n';
    expect(lines(text, '')).toEqual(['CONFIG_A=y', '# CONFIG_B is not set']);
    expect(lines(text, 'CONFIG_B=y\nCONFIG_A=y\n')).toEqual(['CONFIG_A=y', '# CONFIG_B is not set']);
    expect(lines(text, 'CONFIG_A=y\nCONFIG_B=y\n')).toEqual(['# CONFIG_A is not set', 'CONFIG_B=y']);
  });

  test('visible if hides prompts, not symbols', () => {
    const text = 'menu "m"\n\tvisible if MODULES\nconfig A\n\tbool "a"\n\tdefault y\nendmenu\n';
    expect(lines(text, '# CONFIG_A is not set\n')).toEqual(['CONFIG_A=y']);
    expect(lines(text, 'CONFIG_MODULES=y\n# CONFIG_A is not set\n')).toEqual(['# CONFIG_A is not set']);
  });

  test('a transitional symbol hands its value on and is never written', () => {
    const text = 'config OLD\n\tbool\n\ttransitional\nconfig NEW\n\tbool "new"\n\tdefault OLD\n';
    expect(lines(text, 'CONFIG_OLD=y\n')).toEqual(['CONFIG_NEW=y']);
  });

  test('texts are escaped both ways', () => {
    const text = 'config S\n\tstring "s"\n';
    expect(lines(text, 'CONFIG_S="a\\"b\\\\c"\n')).toEqual(['CONFIG_S="a\\"b\\\\c"']);
  });
});

test('a defconfig holds what the defaults do not give', () => {
  const text = 'config A\n\tbool "a"\n\tdefault y\nconfig B\n\tbool "b"\nconfig N\n\tint "n"\n\tdefault 4\n';
  expect(lines(text, 'CONFIG_A=y\nCONFIG_B=y\nCONFIG_N=5\n', 'savedefconfig')).toEqual(['CONFIG_B=y', 'CONFIG_N=5']);
});

describe('what if', () => {
  const text = `
config A
	tristate "a"
config B
	tristate "b"
	depends on A
	default A
choice
	prompt "c"
	depends on B
config C1
	bool "c1"
config C2
	bool "c2"
endchoice
config N
	int "n"
	default 3 if C2
	default 1
`;
  const tree = tinyTree(text);
  const id = (name: string) => tree.byName.get(name) as number;

  test('recomputes what a change reaches, and only says what changed', () => {
    const whatIf = new WhatIf(tree, 'CONFIG_MODULES=y\n');
    whatIf.set(id('A'), 'y');
    expect(new Set(whatIf.update())).toEqual(new Set([id('A'), id('B'), id('C1')]));
    const before = whatIf.userValue(id('C2'));
    whatIf.set(id('C2'), 'y');
    expect(whatIf.config.value(id('N'))).toBe('1');
    whatIf.update();
    expect(whatIf.config.value(id('N'))).toBe('3');
    whatIf.restore(before);
    whatIf.update();
    expect(whatIf.config.value(id('C1'))).toBe('y');
  });

  test('gives what a fresh start gives, also when modules go', () => {
    const whatIf = new WhatIf(tree, 'CONFIG_MODULES=y\nCONFIG_A=m\n');
    whatIf.unset(id('MODULES'));
    whatIf.update();
    expect(writeConfig(whatIf.config)).toBe(makeConfig(tree, 'olddefconfig', 'CONFIG_A=m\n').text);
  });

  test('says why a value does not fit', () => {
    expect(new WhatIf(tree, '').set(id('N'), 'many')).toBe("symbol value 'many' invalid for N");
  });
});
