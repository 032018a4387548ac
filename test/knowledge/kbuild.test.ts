/** Makefiles followed without make, and conditions read back. */
import { describe, expect, test } from 'vitest';
import { conditionText, holds, Kbuild, parseCondition, symbolsOf } from '../../src/knowledge/index.js';
import { readerOf } from './tree.js';

function compiled(makefile: string, more: Readonly<Record<string, string>> = {}): string[] {
  const { files, unread } = new Kbuild(readerOf({ 'd/Makefile': makefile, ...more }), { SRCARCH: 'arm64' }).walk('d');
  return [
    ...[...files].map(([file, ways]) => `${file}: ${ways.map((way) => conditionText(way.condition)).join(' | ')}`),
    ...unread.map(({ file, line }) => `unread ${file}:${line}`),
  ].sort();
}

describe('Makefiles', () => {
  test.each([
    [
      'built in, by symbol, module',
      'obj-y += a.o\nobj-$(CONFIG_B) += b.o\nobj-m += c.o',
      ['d/a.c: 1', 'd/b.c: B', 'd/c.c: 1'],
    ],
    [
      'composite objects',
      'obj-$(CONFIG_X) += all.o\nall-y := one.o\nall-$(CONFIG_T) += two.o\nall-objs += three.o',
      ['d/one.c: X', 'd/three.c: X', 'd/two.c: X && T'],
    ],
    ['joined lines and comments', 'obj-y += a.o \\\n\tb.o # c.o', ['d/a.c: 1', 'd/b.c: 1']],
    ['ifdef and else', 'ifdef CONFIG_N\nobj-y += new.o\nelse\nobj-y += old.o\nendif', ['d/new.c: N', 'd/old.c: !N']],
    [
      'ifeq y',
      'ifeq ($(CONFIG_N),y)\nobj-$(CONFIG_H) += new.o\nelse ifneq ($(CONFIG_M),)\nobj-y += mid.o\nelse\nobj-y += old.o\nendif',
      ['d/mid.c: !N=y && M', 'd/new.c: N=y && H', 'd/old.c: !N=y && !M'],
    ],
    ['quoted sides', 'ifneq "$(CONFIG_N)" ""\nobj-y += a.o\nendif', ['d/a.c: N']],
    [
      'filter',
      'ifneq ($(filter y m,$(CONFIG_A) $(CONFIG_B)),)\nobj-y += a.o\nendif',
      ['d/a.c: A=y || A=m || B=y || B=m'],
    ],
    ['a known variable', 'ifeq ($(SRCARCH),arm64)\nobj-y += a.o\nelse\nobj-y += b.o\nendif', ['d/a.c: 1']],
    ['plain variables', 'core := x.o y.o\nobj-$(CONFIG_A) += $(core)', ['d/x.c: A', 'd/y.c: A']],
    [
      'lists that lists refer to',
      'cpu-obj-$(CONFIG_E) := init.o run.o\ncpu-obj-y += core.o\nobj-$(CONFIG_A) += $(cpu-obj-y)\nobj-$(CONFIG_B) += $(cpu-obj-y)',
      ['d/core.c: A | B', 'd/init.c: A && E=y | B && E=y', 'd/run.c: A && E=y | B && E=y'],
    ],
    [
      'a composite made of a list',
      'obj-y += all.o\nparts-y := one.o\nparts-$(CONFIG_T) += two.o\nall-objs := $(parts-y)',
      ['d/one.c: 1', 'd/two.c: T=y'],
    ],
    ['addprefix and braces', 'obj-$\x7bCONFIG_A} += $(addprefix sub/,p.o q.o)', ['d/sub/p.c: A', 'd/sub/q.c: A']],
    ['m becomes y', 'obj-$(subst m,y,$(CONFIG_A)) += a.o', ['d/a.c: A']],
    [
      'what make would have to work out',
      'obj-y += $(shell ls *.c)\nobj-$(call pick,A) += a.o',
      ['unread d/Makefile:1', 'unread d/Makefile:2'],
    ],
  ])('%s', (_, makefile, expected) => {
    expect(compiled(makefile)).toEqual(expected);
  });

  test('directories, Kbuild before Makefile, included files', () => {
    expect(
      compiled('obj-$(CONFIG_S) += sub/\ninclude d/more.mk', {
        'd/sub/Makefile': 'obj-y += wrong.o',
        'd/sub/Kbuild': 'obj-$(CONFIG_R) += right.o',
        'd/more.mk': 'obj-y += more.o',
      }),
    ).toEqual(['d/more.c: 1', 'd/sub/right.c: S && R']);
  });

  test('a file is reached from the top', () => {
    const kbuild = new Kbuild(
      readerOf({ 'drivers/Makefile': 'obj-$(CONFIG_A) += a/b/', 'drivers/a/b/Makefile': 'obj-$(CONFIG_C) += c.o' }),
    );
    expect(kbuild.reach('drivers/a/b/c.c').map(({ condition }) => conditionText(condition))).toEqual(['A && C']);
    expect(kbuild.reach('drivers/a/b/x.c')).toEqual([]);
  });
});

describe('conditions', () => {
  test.each(['1', '0', 'A', 'A=m', '!A', 'A && (B || !C)', '!(A && B) || {defined(X)}'])('%s is read back', (text) => {
    const read = parseCondition(text);
    expect(read && conditionText(read)).toBe(text);
  });

  test.each(['', 'A &&', '(A', 'A B', '&& A'])('"%s" is not one', (text) => {
    expect(parseCondition(text)).toBeUndefined();
  });

  test('three values', () => {
    const values: Readonly<Record<string, string>> = { A: 'y', B: 'm', C: 'n' };
    const is = (text: string) => holds(parseCondition(text) as never, (symbol) => values[symbol]);
    expect(['A', 'B', 'B=y', 'C', 'D', 'A || D', 'A && D', 'C && D', '!C', '{x}'].map(is)).toEqual([
      true,
      true,
      false,
      false,
      undefined,
      true,
      undefined,
      false,
      true,
      undefined,
    ]);
    expect(symbolsOf(parseCondition('A && (B || !A)') as never)).toEqual(['A', 'B']);
  });

  test('a condition and its opposite exclude each other', () => {
    expect(conditionText(parseCondition('A && B && !A') as never)).toBe('0');
    expect(conditionText(parseCondition('A || !A') as never)).toBe('1');
  });
});
