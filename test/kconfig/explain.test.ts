import { expect, test } from 'vitest';
import { Configuration, explainSymbol, loadConfig } from '../../src/kconfig/index.js';
import { tinyTree } from './tiny.js';

const TREE = `
config A
	bool "a"
	select S
	imply I
config S
	bool
config I
	bool "i"
config B
	bool "b"
	default y if A
menu "Options"
config C
	bool "c"
	depends on A && B
config SIZE
	int "size"
	range 1 9
	default 4
endmenu
choice
	prompt "one"
	default P
config P
	bool "p"
config Q
	bool "q"
endchoice
`;

function explain(name: string, base = '') {
  const tree = tinyTree(TREE);
  const config = new Configuration(tree);
  loadConfig(config, base);
  return explainSymbol(config, tree.byName.get(name) as number);
}

test.each([
  ['A', '', 'n', 'none', 'nothing requests it'],
  ['A', 'CONFIG_A=y\n', 'y', 'user', 'set in the configuration'],
  ['S', 'CONFIG_A=y\n', 'y', 'select', 'selected by A (Kconfig:8)'],
  ['I', 'CONFIG_A=y\n', 'y', 'imply', 'implied by A (Kconfig:9)'],
  ['I', 'CONFIG_A=y\n# CONFIG_I is not set\n', 'n', 'user', 'set in the configuration'],
  ['B', 'CONFIG_A=y\n', 'y', 'default', 'default y (Kconfig:16)'],
  ['SIZE', '', '4', 'default', 'default 4 (Kconfig:24)'],
  ['P', '', 'y', 'choice', 'the choice takes P'],
  ['Q', 'CONFIG_Q=y\n', 'y', 'user', 'set in the configuration'],
  ['P', 'CONFIG_Q=y\n', 'n', 'choice', 'the choice takes Q'],
] as const)('%s with %j is %s by %s', (name, base, value, origin, why) => {
  expect(explain(name, base)).toMatchObject({ value, origin, why });
});

test('says what is in the way of a prompt, where it is, and in which menu', () => {
  const { prompts, visibility, assignable, definitions, written, dependsOn } = explain('C', 'CONFIG_B=y\n');
  expect({ visibility, assignable, written }).toEqual({ visibility: 'n', assignable: [], written: false });
  expect(definitions).toEqual([{ file: 'Kconfig', line: 18, menus: ['Options'] }]);
  expect(prompts).toEqual([
    {
      file: 'Kconfig',
      line: 19,
      text: 'c',
      condition: { text: 'A && B', value: 'n', inTheWay: [{ text: 'A', value: 'n', symbols: { A: 'n' } }] },
    },
  ]);
  expect(dependsOn.value).toBe('n');
});

test('lists who selects, implies and is selected, at what strength', () => {
  expect(explain('S').selectedBy).toEqual([{ file: 'Kconfig', line: 8, symbol: 'A', condition: 'y', value: 'n' }]);
  const { selects, implies, assignable } = explain('A', 'CONFIG_A=y\n');
  expect(selects).toEqual([{ file: 'Kconfig', line: 8, symbol: 'S', condition: 'y', value: 'y' }]);
  expect(implies.map(({ symbol }) => symbol)).toEqual(['I']);
  expect(assignable).toEqual(['n', 'y']);
});

test('names the range in force and the members of a choice', () => {
  expect(explain('SIZE').ranges).toEqual([{ file: 'Kconfig', line: 23, range: '[1 9]', active: true }]);
  expect(explain('Q').choice).toEqual({ members: ['P', 'Q'], chosen: 'P' });
});
