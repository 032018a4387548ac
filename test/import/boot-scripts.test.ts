// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the scripts have variables of their own
/** Boot files that decide: variables, conditions, menus and machines, and what import says of what stays open. */
import { describe, expect, test } from 'vitest';
import { readCommandLine } from '../../src/import/boot.js';
import { SourceText } from '../../src/source/index.js';

const read = (text: string) => {
  const { value, diagnostics } = readCommandLine(new SourceText('file', text));
  return [value?.text, ...diagnostics.map(({ code, message }) => `${code}: ${message}`)];
};

describe('a script of U-Boot', () => {
  test('puts in what it sets', () => {
    expect(read('setenv cmaargs "cma=128M"\nsetenv bootargs "console=ttyS0 ${cmaargs} root=/dev/x"\n')).toEqual([
      'cma=128M',
    ]);
    expect(read('setenv size 64M; setenv bootargs root=${dev} cma=${size} "a b"\n')).toEqual(['cma=64M']);
    expect(read("setenv args 'setenv bootargs quiet ${more}'\nsetenv more cma=32M # cma=1M\nrun args\n")).toEqual([
      'cma=32M',
    ]);
    expect(read('more=cma=48M\nmmcargs=setenv bootargs root=${dev} ${more}\nbootcmd=run mmcargs; bootm\n')).toEqual([
      'cma=48M',
    ]);
  });

  test('names the variables that it does not set, unless a later cma= has the last word', () => {
    expect(read('setenv bootargs "root=${rootdev} ${consoleargs} ${extraargs}"\n')).toEqual([
      undefined,
      'import/condition: the file does not set ${consoleargs}, ${extraargs}, which may contain cma=',
    ]);
    expect(read('setenv bootargs "cma=${size}"\n')[1]).toContain('does not set ${size}');
    expect(read('setenv bootargs "${extraargs} cma=8M"\n')).toEqual(['cma=8M']);
  });

  test('says what depends on a condition, and only if the area does', () => {
    const both = 'if test "${a}" = "1"; then setenv bootargs "cma=64M"; else setenv bootargs "cma=256M"; fi\n';
    expect(read(both)).toEqual(['cma=256M', 'import/condition: the file gives cma=64M or cma=256M; assuming cma=256M']);
    expect(read('setenv x cma=16M\ntest -n "$b" && setenv x cma=24M\nsetenv bootargs $x\n')[1]).toContain(
      'cma=16M or cma=24M',
    );
    expect(read('setenv bootargs a\nif test $c = 1; then\n  setenv bootargs "${bootargs} cma=4M"\nfi\n')).toEqual([
      'cma=4M',
      'import/condition: the file gives no cma= or cma=4M; assuming cma=4M',
    ]);
    expect(read('if test $c = 1; then setenv bootargs "a cma=4M"; else setenv bootargs "b cma=4M"; fi\n')).toEqual([
      'cma=4M',
    ]);
  });
});

describe('a menu of GRUB', () => {
  const entry = (title: string, args: string, id = '') =>
    `menuentry '${title}' --class linux${id === '' ? '' : ` --id ${id}`} {\n\tlinux /vmlinuz root=/dev/x ${args}\n}\n`;
  const menu = [
    entry('plain', 'quiet', 'first'),
    `submenu 'more' $menuentry_id_option 'sub' {\n${entry('old', 'cma=8M')}${entry('older', 'cma=16M')}}\n`,
    entry('last', 'cma=32M', 'third'),
  ].join('');

  test.each([
    ['2', 'cma=32M'],
    ['third', 'cma=32M'],
    ['last', 'cma=32M'],
    ['1>1', 'cma=16M'],
    ['more>old', 'cma=8M'],
    ['sub>old', 'cma=8M'],
  ])('boots the entry %s', (name, text) => {
    expect(read(`set default="${name}"\n${menu}`)).toEqual([text]);
    const generated = `if [ "\${next_entry}" ] ; then\n  set default="\${next_entry}"\n  set next_entry=\nelse\n  set default="${name}"\nfi\n`;
    expect(read(generated + menu)).toEqual([text]);
  });

  test('names the entry that has what the default lacks', () => {
    const said = 'import/condition: the entry that boots has no cma=, but the entry "old" has cma=8M';
    expect(read(menu)).toEqual([undefined, said]);
    expect(read(`set default=first\n${menu}`)).toEqual([undefined, said]);
  });

  test.each(['"${saved_entry}"', 'gone', '7', '1'])('says that the default %s is unknown, where it matters', (name) => {
    const [value, said = ''] = read(`set default=${name}\n${menu}`);
    expect([value, said]).toEqual(['cma=32M', expect.stringContaining('the file gives no cma= or cma=8M or cma=16M')]);
    expect(read(`set default=${name}\n${entry('a', 'cma=4M')}${entry('b', 'cma=4M quiet')}`)).toEqual(['cma=4M']);
  });

  test('puts in its variables', () => {
    expect(read(`set cma="cma=64M"\n${entry('a', '$cma quiet')}`)).toEqual(['cma=64M']);
    expect(read(`if [ $x = 1 ]; then cma=cma=64M; else cma=cma=96M; fi\n${entry('a', '${cma}')}`)[1]).toContain(
      'gives cma=64M or cma=96M',
    );
    expect(read(entry('a', '${extra_cmdline}'))[1]).toContain('does not set ${extra_cmdline}');
  });
});

describe('variables of other files', () => {
  test.each([
    ['GRUB_CMDLINE_LINUX="quiet" # cma=96M\nGRUB_CMDLINE_LINUX_DEFAULT=splash\n', undefined],
    ['GRUB_CMDLINE_LINUX=quiet # cma=96M\n', undefined],
    ['GRUB_CMDLINE_LINUX="quiet"\' cma=8M\'\n', 'cma=8M'],
    ['CMA="cma=12M"\nGRUB_CMDLINE_LINUX="quiet $CMA"\n', 'cma=12M'],
    ['LINUX_KERNEL_CMDLINE="cma=64M"\nLINUX_KERNEL_CMDLINE_DEFAULTS="cma=32M"\n', 'cma=64M'],
    ['BOARD_KERNEL_CMDLINE := quiet # cma=1M\nBOARD_KERNEL_CMDLINE += cma=2M\n', 'cma=2M'],
    ['APPEND = "cma=4M"\nAPPEND:append = " cma=16M"\nAPPEND:prepend = "cma=8M "\n', 'cma=16M'],
    ['extraargs=cma=20M # not a comment cma=24M\n', 'cma=24M'],
    ['GRUB_CMDLINE_LINUX="a; b"; GRUB_CMDLINE_LINUX="c cma=4M"\n', 'cma=4M'],
    ['label a\n  append cma=4M\n', 'cma=4M'],
    // A shell adds without a blank, and its strings go over lines.
    ['GRUB_CMDLINE_LINUX=quiet\nGRUB_CMDLINE_LINUX+="cma=4M"\n', undefined],
    ['GRUB_CMDLINE_LINUX=quiet\nGRUB_CMDLINE_LINUX+=" cma=4M"\n', 'cma=4M'],
    ['GRUB_CMDLINE_LINUX="quiet\n  cma=20M\n"\nGRUB_TIMEOUT=1 # don\'t\nX="y"\n', 'cma=20M'],
    // BitBake: added texts are all kept, words are taken out last, weak values count last.
    ['APPEND:append = " cma=36M"\nAPPEND:append = " quiet"\n', 'cma=36M'],
    ['APPEND = "quiet"\nAPPEND:append = "cma=36M"\n', undefined],
    ['APPEND:append = " cma=36M"\nAPPEND:remove = "cma=36M"\n', undefined],
    ['CMDLINE = "cma=4M"\nCMDLINE =+ "cma=8M"\nCMDLINE =. "cma=12M "\n', 'cma=4M'],
    ['OSTREE_KERNEL_ARGS = "quiet"\nOSTREE_KERNEL_ARGS =+ "cma=8M"\n', 'cma=8M'],
    ['APPEND ??= "cma=8M"\nAPPEND ??= "cma=12M"\n', 'cma=12M'],
    ['APPEND ??= "cma=8M"\nAPPEND ?= "cma=12M"\nAPPEND ?= "cma=16M"\n', 'cma=12M'],
    ['APPEND = "${AREA} rw"\nAREA = "cma=8M"\nAREA = "cma=12M"\n', 'cma=12M'],
    ['AREA = "cma=8M"\nAPPEND := "${AREA} rw"\nAREA = "cma=12M"\n', 'cma=8M'],
    // Make: = is expanded when it is used, := when it is read, and += as the variable was.
    ['A := cma=8M\nBOARD_KERNEL_CMDLINE = $(A)\nA := cma=12M\n', 'cma=12M'],
    ['A := cma=8M\nBOARD_KERNEL_CMDLINE := x\nBOARD_KERNEL_CMDLINE += $(A)\nA := cma=12M\n', 'cma=8M'],
    ['BOARD_KERNEL_CMDLINE := $(filter-out cma=%,$(B)) cma=8M\n', 'cma=8M'],
  ])('%j', (text, cma) => {
    expect(read(text)).toEqual([cma]);
  });

  test.each([
    ['APPEND:append:mx8mp = " cma=800M"\nAPPEND:append:mx8mm = " cma=320M"\n', 'no cma= or cma=800M or cma=320M'],
    ['APPEND = "cma=8M"\nAPPEND_append_mx8mp = " cma=16M"\n', 'cma=8M or cma=16M'],
    [
      'ifeq ($(X),1)\nBOARD_KERNEL_CMDLINE += cma=64M\nelse\nBOARD_KERNEL_CMDLINE += cma=96M\nendif\n',
      'cma=64M or cma=96M',
    ],
    [
      'ifeq ($(X),1)\nBOARD_KERNEL_CMDLINE := cma=1M\nelse ifeq ($(Y),1)\nBOARD_KERNEL_CMDLINE := cma=2M\nendif\n',
      'cma=1M or cma=2M',
    ],
    ['if [ -e /x ]; then\n  GRUB_CMDLINE_LINUX="cma=64M"\nfi\n', 'no cma= or cma=64M'],
    [
      'case $x in\na)\n  GRUB_CMDLINE_LINUX="cma=1M"\n  ;;\n*)\n  GRUB_CMDLINE_LINUX="cma=2M" ;;\nesac\n',
      'cma=1M or cma=2M',
    ],
    ['if [ -e /x ]; then GRUB_CMDLINE_LINUX="cma=64M"; fi\n', 'no cma= or cma=64M'],
    ['GRUB_CMDLINE_LINUX=cma=8M\n[ -e "/x" ] && GRUB_CMDLINE_LINUX="cma=64M"\n', 'cma=8M or cma=64M'],
    [
      'case $x in\na) GRUB_CMDLINE_LINUX="cma=1M" ;;\nb) GRUB_CMDLINE_LINUX="cma=2M" ;;\nesac\n',
      'no cma= or cma=1M or cma=2M',
    ],
  ])('%j depends on a condition', (text, areas) => {
    expect(read(text).slice(1)).toEqual([
      expect.stringMatching(`^import/condition: the file gives .*${areas}; assuming`),
    ]);
  });

  test.each([
    ['APPEND = "cma=8M"\nAPPEND:qemux = "quiet"\n', 'file gives no cma= or cma=8M'],
    ['DEFAULT gone\nLABEL a\n  APPEND cma=4M\nLABEL b\n  APPEND cma=8M\n', 'file gives cma=8M or cma=4M'],
    ['DEFAULT b\nLABEL a\n  APPEND cma=4M\nLABEL b\n  APPEND quiet\n', 'entry "a" has cma=4M'],
    ['console=tty1 rootwait\ncma=8M\n', 'file gives no cma= or cma=8M'],
    ['GRUB_CMDLINE_LINUX="$(cat /etc/cma.txt) quiet"\n', 'does not run $(cat...)'],
    ['GRUB_CMDLINE_LINUX="`/usr/bin/arguments -a`"\n', 'does not run $(/usr/bin/arguments...)'],
    ['BOARD_KERNEL_CMDLINE := $(filter-out cma=%,$(B))\n', 'does not run $(filter-out...)'],
  ])('%j is said to be open', (text, message) => {
    expect(read(text).slice(1)).toEqual([expect.stringContaining(message)]);
  });

  test('the overrides are named', () => {
    const { diagnostics } = readCommandLine(new SourceText('x.conf', 'APPEND:append:mx8mp = " cma=800M"\n'));
    expect(diagnostics[0]?.cause).toContain('overrides: mx8mp');
  });
});
