import { describe, expect, test } from 'vitest';
import { lintRules } from '../../src/check/rules.js';
import { matchesPattern, readRules } from '../../src/check/udev.js';
import { writeHuman } from '../../src/diagnostic/human.js';
import { givenHeapNames } from '../../src/facts/heap-names.js';
import { SourceText } from '../../src/source/index.js';

const DEFAULT_NAMES = givenHeapNames().defaultArea;
/** Names that a later kernel gives: one more of them changes the data and no rule. */
const LATER = DEFAULT_NAMES.filter((name) => name !== 'default_cma_region');

function lint(text: string, generated = false, file = 'x.rules'): string {
  const source = new SourceText(file, text);
  const found = writeHuman(lintRules(source, generated), { sources: () => source });
  return `\n${LATER.reduce(
    (all, name) => all.replaceAll(` or "${name}"`, '').replaceAll(`|${name}`, ''),
    found,
  ).replace(/(default_cma_region from [\d.]+), .*, and reserved/g, '$1, and reserved')}`;
}

describe('a rules file is read', () => {
  const read = (text: string) => readRules(new SourceText('x.rules', text));

  test('keys, attributes, operators, values with their places', () => {
    const { rules, garbage } = read(
      '# why\nSUBSYSTEM=="dma_heap", ATTR{x/y}!="a,b", ENV{k}:="q\\"q",\\\n  MODE="0660"\n',
    );
    expect(garbage).toEqual([]);
    expect(rules).toHaveLength(1);
    expect(rules[0]?.comments).toEqual(['why']);
    expect(rules[0]?.tokens.map(({ key, attribute, operator, value }) => [key, attribute, operator, value])).toEqual([
      ['SUBSYSTEM', undefined, '==', 'dma_heap'],
      ['ATTR', 'x/y', '!=', 'a,b'],
      ['ENV', 'k', ':=', 'q\\"q'],
      ['MODE', undefined, '=', '0660'],
    ]);
    expect(rules[0]?.tokens[3]?.valueSpan).toEqual({ file: 'x.rules', line: 3, column: 9, endLine: 3, endColumn: 13 });
    expect(rules[0]?.tokens.every((token) => token.afterComma)).toBe(true);
  });

  test('garbage ends at the next comma and reading goes on', () => {
    const { rules, garbage } = read('KERNEL==\'x\', MODE=0660, GROUP="video"\n');
    expect(garbage.map(({ text, span }) => [text, span.column])).toEqual([
      ["KERNEL=='x'", 1],
      ['MODE=0660', 14],
    ]);
    expect(rules[0]?.tokens.map((token) => token.key)).toEqual(['GROUP']);
  });

  test.each([
    [
      'between the parts of a line',
      'SUBSYSTEM=="dma_heap", \\\n # why\n  KERNEL=="system", \\\n#x\\\n MODE="0660"\n',
      3,
    ],
    ['that ends in a backslash', '# why \\\nSUBSYSTEM=="dma_heap", MODE="0660"\n', 2],
  ])('a comment %s is skipped, as udev skips it first', (_where, text, count) => {
    const { rules, garbage } = read(text);
    expect(garbage).toEqual([]);
    expect(rules.map(({ tokens }) => tokens.length)).toEqual([count]);
  });

  test('never runs forever, whatever the text', () => {
    for (const text of ['"', '\\', '\\\n', 'A="', '=,=,', 'A==\n\n\\\n#', ','.repeat(1000), 'é"ü"=='])
      expect(read(text).rules.length).toBeLessThan(10);
  });

  test.each([
    ['linux,cma', 'linux,cma', true],
    ['linux,cma*', 'linux,cma@70000000', true],
    ['reserved|system', 'system', true],
    ['sys?em', 'system', true],
    ['[rs]*', 'system', true],
    ['[!s]*', 'system', false],
    ['linux.cma', 'linux,cma', false],
    ['[', '[', true],
  ])('pattern %s and name %s: %s', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });
});

describe('nothing is said about good rules', () => {
  test.each([
    'SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"\n',
    `SUBSYSTEM=="dma_heap", KERNEL=="linux,cma|${[...DEFAULT_NAMES, 'reserved'].join('|')}", GROUP="video", MODE="0660"\n`,
    'SUBSYSTEM=="dma_heap", KERNEL=="default_cma_region", TEST!="/sys/class/dma_heap/reserved", OPTIONS+="link_priority=-50", SYMLINK+="dma_heap/reserved"\n',
    'ACTION!="add|change", GOTO="end"\nLABEL="end"\n',
    'KERNEL=="video[0-9]*", ENV{ID_X}="1", RUN+="/usr/bin/logger hello"\n',
    'SUBSYSTEM=="dma_heap", MODE="%c", PROGRAM="/bin/mode"\n',
  ])('%s', (text) => {
    expect(lint(text)).toBe('\n');
  });
});

describe('every idiom is answered', () => {
  test('udev/not-a-token', () => {
    expect(lint('SUBSYSTEM==dma_heap, MODE="0660"\n')).toMatchInlineSnapshot(`
      "
      x.rules:1:1: error[udev/not-a-token]: "SUBSYSTEM==dma_heap" is not KEY operator "value"
          1 | SUBSYSTEM==dma_heap, MODE="0660"
            | ^^^^^^^^^^^^^^^^^^^
        cause: udev ignores the line
      "
    `);
  });
  test('udev/missing-comma', () => {
    expect(lint('SUBSYSTEM=="dma_heap" GROUP="kmem", MODE="0640"\n')).toMatchInlineSnapshot(`
      "
      x.rules:1:23: error[udev/missing-comma]: no comma before GROUP
          1 | SUBSYSTEM=="dma_heap" GROUP="kmem", MODE="0640"
            |                       ^^^^^^^^^^^^
        fix: write ", GROUP"
      "
    `);
  });
  test('udev/bad-operator', () => {
    expect(lint('SUBSYSTEM="dma_heap", GROUP=="video", MODE="0660"\n')).toMatchInlineSnapshot(`
      "
      x.rules:1:1: error[udev/bad-operator]: SUBSYSTEM= does not match anything
          1 | SUBSYSTEM="dma_heap", GROUP=="video", MODE="0660"
            | ^^^^^^^^^^^^^^^^^^^^
        cause: SUBSYSTEM is a match key; udev ignores a line that assigns to it
        fix: write SUBSYSTEM==
      x.rules:1:23: error[udev/bad-operator]: GROUP== does not set anything
          1 | SUBSYSTEM="dma_heap", GROUP=="video", MODE="0660"
            |                       ^^^^^^^^^^^^^^
        cause: GROUP is an assignment key; udev ignores a line that compares it
        fix: write GROUP=
      "
    `);
  });
  test('udev/invalid-mode', () => {
    expect(
      lint('SUBSYSTEM=="dma_heap", MODE="9660"\nSUBSYSTEM=="dma_heap", MODE="00660", MODE="10660"\n'),
    ).toMatchInlineSnapshot(`
      "
      x.rules:1:30: error[udev/invalid-mode]: MODE="9660" is not a mode
          1 | SUBSYSTEM=="dma_heap", MODE="9660"
            |                              ^^^^
        cause: a mode has at most four octal digits; udevadm accepts the text, but udev ignores it when the device appears
        fix: write MODE="0660"
      x.rules:2:44: error[udev/invalid-mode]: MODE="10660" is not a mode
          2 | SUBSYSTEM=="dma_heap", MODE="00660", MODE="10660"
            |                                            ^^^^^
        cause: a mode has at most four octal digits; udevadm accepts the text, but udev ignores it when the device appears
        fix: write MODE="0660"
      "
    `);
  });
  test('udev/world-access', () => {
    expect(lint('SUBSYSTEM=="dma_heap", GROUP="video", MODE="0664"\n')).toMatchInlineSnapshot(`
      "
      x.rules:1:45: error[udev/world-access]: MODE="0664" opens the heap to every process
          1 | SUBSYSTEM=="dma_heap", GROUP="video", MODE="0664"
            |                                             ^^^^
        cause: a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups  [fact heap.read-only-allocates]
        fix: write MODE="0660" and make the users members of the group
      "
    `);
  });
  test('udev/uaccess', () => {
    expect(lint('SUBSYSTEM=="dma_heap", TAG+="uaccess"\n', false, '60-x.rules')).toMatchInlineSnapshot(`
      "
      60-x.rules:1:24: error[udev/uaccess]: TAG+="uaccess" gives the heap to every user who is logged in at the console
          1 | SUBSYSTEM=="dma_heap", TAG+="uaccess"
            |                        ^^^^^^^^^^^^^^
        cause: heap memory is not charged to cgroups, so a console user could exhaust it for everyone
        fix: remove it and use GROUP= and MODE=
      "
    `);
  });
  test('a forced setting of ours is a note, of anybody else an error', () => {
    const text = '# Forced: kiosk\nSUBSYSTEM=="dma_heap", TAG+="uaccess"\n\nSUBSYSTEM=="dma_heap", MODE="0666"\n';
    const severities = (generated: boolean) =>
      lintRules(new SourceText('60-x.rules', text), generated).map(({ code, severity }) => `${code} ${severity}`);
    expect(severities(true)).toEqual(['udev/uaccess note', 'udev/world-access error']);
    expect(severities(false)).toEqual(['udev/uaccess error', 'udev/world-access error']);
  });
  test('udev/name, as in meta-freescale', () => {
    const found = lint(
      'KERNEL=="linux,cma*|reserved|default_cma_region", NAME="dma_heap", MODE="0660", GROUP="video"\n',
    );
    expect(found).toContain('x.rules:1:51: error[folklore/name]: NAME="dma_heap" does nothing\n');
    expect(found).toContain(
      '  cause: udev renames network interfaces only; the kernel names device nodes\n  fix: remove it; SYMLINK+= adds a name below /dev\n',
    );
  });
  test('udev/run-permissions', () => {
    expect(lint('SUBSYSTEM=="dma_heap", RUN+="/bin/chgrp video /dev/dma_heap/system"\n')).toMatchInlineSnapshot(`
      "
      x.rules:1:24: error[udev/run-permissions]: RUN sets permissions with "/bin/chgrp video /dev/dma_heap/system"
          1 | SUBSYSTEM=="dma_heap", RUN+="/bin/chgrp video /dev/dma_heap/system"
            |                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        cause: it runs after the node is announced, so another program may open the node first
        fix: write GROUP="...", MODE="0660"
      "
    `);
  });
  test('udev/name-of-one-kernel', () => {
    expect(lint('SUBSYSTEM=="dma_heap", KERNEL=="linux,cma", GROUP="video", MODE="0660"\n')).toMatchInlineSnapshot(`
      "
      x.rules:1:24: warning[udev/name-of-one-kernel]: no rule matches "default_cma_region" or "reserved"
          1 | SUBSYSTEM=="dma_heap", KERNEL=="linux,cma", GROUP="video", MODE="0660"
            |                        ^^^^^^^^^^^^^^^^^^^
        cause: the heap of the default area is linux,cma before 6.17, default_cma_region from 6.17, and reserved if the area comes from cma= or the kernel configuration  [facts heap.default-area-name, heap.kernel-area-name]
        fix: write KERNEL=="linux,cma|default_cma_region|reserved"
      "
    `);
  });
  test('udev/symlink-path', () => {
    expect(lint('SUBSYSTEM=="dma_heap", SYMLINK+="/dev/dma_heap/camera"\n')).toMatchInlineSnapshot(`
      "
      x.rules:1:34: error[udev/symlink-path]: SYMLINK "/dev/dma_heap/camera" is not a path below /dev
          1 | SUBSYSTEM=="dma_heap", SYMLINK+="/dev/dma_heap/camera"
            |                                  ^^^^^^^^^^^^^^^^^^^^
        fix: write dma_heap/camera
      "
    `);
  });
  test('udev/symlink-escaped', () => {
    const message = (rest: string) =>
      /symlink-escaped\]: (.*)/.exec(lint(`SUBSYSTEM=="dma_heap", KERNEL=="reserved", ${rest}\n`))?.[1];
    expect(message('SYMLINK+="dma_heap/linux,cma"')).toBe(
      'udev makes the link /dev/dma_heap/linux_cma and not /dev/dma_heap/linux,cma',
    );
    expect(message('SYMLINK+="dma_heap/a dma_heap/b,c", OPTIONS+="string_escape=replace"')).toContain('b_c');
    for (const kept of ['linux,cma", OPTIONS+="string_escape=none', 'cam-0@7000.a+b:c=#', '$kernel,x'])
      expect(message(`SYMLINK+="dma_heap/${kept}"`)).toBeUndefined();
  });
  test('folklore in a rule', () => {
    expect(
      lint('KERNEL=="dma_heap/*", MODE="0660"\nKERNEL=="linux,cma*", RUN+="/bin/chmod 666 /dev/dma-buf"\n'),
    ).toMatchInlineSnapshot(`
      "
      x.rules:2:23: error[udev/run-permissions]: RUN sets permissions with "/bin/chmod 666 /dev/dma-buf"
          2 | KERNEL=="linux,cma*", RUN+="/bin/chmod 666 /dev/dma-buf"
            |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        cause: it runs after the node is announced, so another program may open the node first
        fix: write GROUP="...", MODE="0660"
      x.rules:2:1: warning[udev/name-of-one-kernel]: no rule matches "default_cma_region" or "reserved"
          2 | KERNEL=="linux,cma*", RUN+="/bin/chmod 666 /dev/dma-buf"
            | ^^^^^^^^^^^^^^^^^^^^
        cause: the heap of the default area is linux,cma before 6.17, default_cma_region from 6.17, and reserved if the area comes from cma= or the kernel configuration  [facts heap.default-area-name, heap.kernel-area-name]
        fix: write KERNEL=="linux,cma|default_cma_region|reserved"
      x.rules:1:1: error[folklore/kernel-with-directory]: KERNEL=="dma_heap/*" never matches
          1 | KERNEL=="dma_heap/*", MODE="0660"
            | ^^^^^^^^^^^^^^^^^^^^
        cause: KERNEL is the bare name of the device, without the directory of its node
        fix: write SUBSYSTEM=="dma_heap", and KERNEL=="linux,cma" for one of them
      x.rules:2:34: error[folklore/chmod]: "chmod 666 /dev/dma-buf" opens the node to every process
          2 | KERNEL=="linux,cma*", RUN+="/bin/chmod 666 /dev/dma-buf"
            |                                  ^^^^^^^^^^^^^^^^^^^^^^
        cause: a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups  [fact heap.read-only-allocates]
        fix: give one group access: GROUP="video", MODE="0660" in a udev rule for SUBSYSTEM=="dma_heap"
      x.rules:2:44: error[folklore/dev-dma-buf]: there is no /dev/dma-buf
          2 | KERNEL=="linux,cma*", RUN+="/bin/chmod 666 /dev/dma-buf"
            |                                            ^^^^^^^^^^^^
        cause: a dma-buf is a file descriptor that a heap returns; it does not have a node
        fix: open the heap, such as /dev/dma_heap/system or /dev/dma_heap/linux,cma
      "
    `);
  });
});

describe('a command of RUN', () => {
  const codes = (run: string, file = '60-x.rules') =>
    lintRules(new SourceText(file, `SUBSYSTEM=="dma_heap", ${run}\n`)).map(({ code }) => code);
  test.each<[string, string[]]>([
    ['RUN+="chmod 0666 /dev/dma_heap/system"', ['udev/run-without-shell']],
    ['RUN+="/bin/chmod 0666 /dev/dma_heap/*"', ['udev/run-without-shell']],
    ['RUN+="sh -c \'chgrp video /dev/dma_heap/*\'"', ['udev/run-without-shell']],
    ['RUN+="/bin/sh -c \'chmod 0666 /dev/dma_heap/*\'"', ['udev/run-permissions', 'folklore/chmod']],
    ['RUN+="heap-access %k"', []],
    ['RUN{builtin}+="uaccess"', ['udev/uaccess']],
    ['RUN{builtin}+="kmod load x*"', []],
  ])('%s', (run, expected) => {
    expect(codes(run)).toEqual(expected);
  });

  test('the tag uaccess gives nothing after the file that applies it', () => {
    expect(codes('TAG+="uaccess"', '73-a.rules')).toEqual(['udev/uaccess']);
    expect(codes('TAG+="uaccess"', '/etc/udev/rules.d/90-a.rules')).toEqual([]);
  });
});
