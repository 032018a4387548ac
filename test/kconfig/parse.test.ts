import { describe, expect, test } from 'vitest';
import {
  deniedAnswer,
  expressionText,
  parseTree,
  probeDependents,
  probedSymbols,
  propertyText,
  shellAnswer,
  unansweredProbes,
} from '../../src/kconfig/index.js';
import { packTree, unpackTree } from '../../src/kconfig/pack.js';
import { TINY_DIALECT, tinyTree } from './tiny.js';

/** Error messages with their lines, of files by name. */
function errors(files: Readonly<Record<string, string>>): string[] {
  const { diagnostics } = parseTree({ readFile: (name) => files[name], environment: {}, dialect: TINY_DIALECT });
  return diagnostics.filter((d) => d.severity === 'error').map((d) => `${d.span?.file}:${d.span?.line}: ${d.message}`);
}

describe('refusals name file and line', () => {
  test.each([
    ['an unknown keyword', 'confgi A\n', 'Kconfig:1: unknown statement "confgi"'],
    ['an unknown option', 'config A\n\tbool\n\tweight 3\n', 'Kconfig:3: unknown statement "weight"'],
    ['a keyword of another dialect', 'config A\n\tbool\n\toptional\n', 'Kconfig:3: unknown statement "optional"'],
    ['a missing end', 'menu "m"\n', "Kconfig:1: missing 'endmenu' for this entry"],
    ['the wrong end', 'if A\nendmenu\n', "Kconfig:2: unexpected 'endmenu' within if block"],
    ['a missing file', 'source "none"\n', 'Kconfig:1: can\'t open file "none"'],
    ['a file that includes itself', 'source "Kconfig"\n', 'Kconfig:1: recursive inclusion of Kconfig'],
    ['an open reference', 'config A\n\tbool "$(x"\n', "Kconfig:2: unterminated reference to 'x\"': missing ')'"],
    ['endless recursion', 'a = $(a)\nb := $(a)\n', "Kconfig:2: Recursive variable 'a' references itself (eventually)"],
    ['error-if', '$(error-if,y,no compiler)\n', 'Kconfig:1: no compiler'],
    [
      'a circle',
      'config A\n\tbool "a"\n\tdepends on B\nconfig B\n\tbool "b"\n\tdepends on A\n',
      'Kconfig:1: recursive dependency detected',
    ],
    [
      'a choice member without a prompt',
      'choice\n\tprompt "c"\nconfig A\n\tbool\nendchoice\n',
      'Kconfig:3: choice member must have a prompt',
    ],
    [
      'a decorated transitional symbol',
      'config A\n\tbool "a"\n\ttransitional\n',
      'Kconfig:2: transitional symbols can only have help sections',
    ],
  ])('%s', (_, text, message) => {
    expect(errors({ Kconfig: text })).toContain(message);
  });

  test('end in another file than its beginning', () => {
    expect(errors({ Kconfig: 'menu "m"\nsource "a"\n', a: 'endmenu\n' })[0]).toBe(
      "a:1: 'endmenu' in different file than 'menu'",
    );
  });
});

test('macros: simple, recursive and appended variables, functions, nesting, the environment', () => {
  const text = `
flag = -m$(1)
both := $(flag,64) $(flag,32)
late = $(later)
later := now
list := a
list += b
config $(PREFIX)_$(late)
	string "$(both)|$(list)|$(filename):$(lineno)"
`;
  const { value: tree } = parseTree({
    readFile: () => text,
    environment: { PREFIX: 'P' },
    dialect: TINY_DIALECT,
  });
  const symbol = tree?.byName.get('P_now') as number;
  expect(tree && propertyText(tree, tree.symbols.firstProperty[symbol] as number)).toBe('-m64 -m32|a b|Kconfig:9');
  expect(tree?.environment.get('PREFIX')).toBe('P');
});

test('help ends where the indentation does', () => {
  const tree = tinyTree(
    'config A\n\tbool "a"\n\thelp\n\t  config B is mentioned here\n\n\t  depends on nothing\n\tdefault y\n',
  );
  expect(tree.byName.has('B')).toBe(false);
  expect(tree.properties.kind.length).toBeGreaterThan(3);
});

describe('probes', () => {
  const text =
    'v := $(shell,version)\nconfig A\n\tdef_bool $(shell,{ test $(v) = 3; } >/dev/null 2>&1 && echo "y" || echo "n")\n';
  const input = { readFile: () => text, environment: {}, dialect: TINY_DIALECT };

  test('denied: nothing is run, no is assumed, and it is said', () => {
    const { value, diagnostics } = parseTree(input);
    expect(value).toBeDefined();
    expect(diagnostics.map((d) => d.code)).toEqual(['kconfig/probe-denied', 'kconfig/probe-denied']);
  });

  test('an answer leads to the next question', () => {
    expect(unansweredProbes({ ...input, probe: () => undefined })[0]).toBe('version');
    const second = unansweredProbes({ ...input, probe: (command) => (command === 'version' ? '3\n' : undefined) });
    expect(second).toEqual(['{ test 3 = 3; } >/dev/null 2>&1 && echo "y" || echo "n"']);
  });

  test('a missing recorded answer refuses the tree', () => {
    expect(parseTree({ ...input, probe: () => undefined }).value).toBeUndefined();
  });

  test('answers read as conf reads them', () => {
    expect(shellAnswer('a\nb\n\n')).toBe('a b');
    expect(shellAnswer('x'.repeat(5000))).toHaveLength(4095);
    expect(deniedAnswer('{ cc; } >/dev/null 2>&1 && echo "n" || echo "y"')).toBe('n');
  });
});

test('a packed tree is the same tree', () => {
  const tree = tinyTree(
    'config A\n\ttristate "a" if MODULES\n\tdefault m\nconfig "x y"\n'.replace('config "x y"\n', ''),
  );
  const packed = packTree(tree, { kept: true });
  expect(unpackTree(new Uint8Array(packed))).toEqual({ tree, meta: { kept: true } });
  expect(unpackTree(new Uint8Array(packed.subarray(0, packed.length - 100)))).toBeUndefined();
  expect(unpackTree(new Uint8Array(4))).toBeUndefined();
});

test('depends on X if Y holds where Y is n', () => {
  const tree = tinyTree('config X\n\tbool "x"\nconfig Y\n\tbool "y"\nconfig A\n\tbool "a"\n\tdepends on X if Y\n');
  const a = tree.byName.get('A') as number;
  expect(expressionText(tree, tree.symbols.directDependency[a] as number)).toBe('X || !Y');
});

test('what a probe decides is told from what it does not', () => {
  const text = `answer := $(shell,cc --version)
plain := y
config DIRECT
	def_bool $(shell,has)
config BY_VARIABLE
	string
	default "$(answer)"
config PLAIN
	def_bool $(plain)
if $(shell,enclose) != ""
config ENCLOSED
	def_bool y
endif
config DEPENDENT
	bool "d" if PLAIN
	depends on DIRECT
config FAR
	def_bool DEPENDENT
`;
  const { value: tree } = parseTree({
    readFile: (name) => (name === 'Kconfig' ? text : undefined),
    environment: {},
    probe: () => 'y',
    dialect: TINY_DIALECT,
  });
  if (!tree) throw new Error('refused');
  const named = (symbols: Iterable<number>) => [...symbols].map((symbol) => tree.symbols.name[symbol]);
  const probed = probedSymbols(tree);
  expect(named(probed)).toEqual(['DIRECT', 'BY_VARIABLE', 'ENCLOSED']);
  const reached = probeDependents(tree);
  expect(named(reached.keys()).filter((_, symbol) => reached[symbol] === 1)).toEqual([
    'DIRECT',
    'BY_VARIABLE',
    'ENCLOSED',
    'DEPENDENT',
    'FAR',
  ]);
});
