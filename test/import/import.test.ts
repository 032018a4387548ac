/**
 * `dmaheap import` on hand-made setups: the profile, what is said about it, and whether what is generated from it does
 * the same or better, by what udev makes of the old and the new rules.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { deviceEvent, finalGroup, finalMode, heapDevice, orderRules } from '../../src/check/udev-event.js';
import { importSetup } from '../../src/import/index.js';
import { readProfile } from '../../src/profile/load.js';
import { SourceText } from '../../src/source/index.js';
import { jsonValue, readJson } from '../../src/source/json.js';
import { dmaheap } from '../cli/run.js';
import { SETUPS } from './setups.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-import-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function place(name: string, files: Readonly<Record<string, string>>): string {
  const directory = path.join(work, name.replace(/\W+/g, '-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), text);
  }
  return directory;
}

const parse = (text: string) => {
  const node = readJson(new SourceText('profile.json', text)).value;
  return node === undefined ? undefined : jsonValue(node);
};

describe.each(SETUPS)('$title', ({ title, files, argv, profile, findings }) => {
  const directory = place(title, files);

  test('becomes a valid profile, and the rest is said', async () => {
    const { exit, stderr } = await dmaheap(['import', ...argv, '-o', 'board.json'], directory);
    expect(stderr).not.toContain('error[');
    expect(exit).toBe(0);
    expect(parse(readFileSync(path.join(directory, 'board.json'), 'utf8'))).toMatchObject(profile);
    for (const finding of findings) expect(stderr).toMatch(finding);
    const validated = await dmaheap(['validate', 'board.json'], directory);
    expect([validated.exit, validated.stderr]).toEqual([0, expect.not.stringContaining('error[')]);
  });

  test('is generated again so that every heap is open to whom it was, and to nobody else', async () => {
    const { exit, stderr } = await dmaheap(['generate', 'board.json', '-o', 'out', '--target', 'udev'], directory);
    expect([exit, stderr]).toEqual([0, expect.not.stringContaining('error[')]);
    const old = orderRules(
      Object.entries(files)
        .filter(([name]) => name.endsWith('.rules'))
        .map(([name, text]) => new SourceText(name, text)),
    );
    const rules = readFileSync(path.join(directory, 'out/udev/70-dmaheap.rules'), 'utf8');
    const opened = (sources: readonly SourceText[], heap: string) => {
      const event = deviceEvent(sources, heapDevice(heap));
      return { group: finalGroup(event), mode: finalMode(event) };
    };
    for (const heap of ['system', 'linux,cma', 'reserved']) {
      const before = opened(old, heap);
      const after = opened([new SourceText('70-dmaheap.rules', rules)], heap);
      expect(after.mode & 0o007, heap).toBe(0);
      // A name that this kernel does not give needs no rule: the links stand in.
      if (before.mode === 0o600 || rules.includes(`KERNEL=="${heap}"`) === false) continue;
      expect(after, heap).toEqual({ group: before.group, mode: before.mode & 0o770 });
    }
  });
});

describe('what cannot be imported', () => {
  test('nothing given, nothing found, a file that is not there', async () => {
    const directory = place('nothing', { 'empty.cfg': '# nothing\n', 'usb.rules': 'SUBSYSTEM=="usb", MODE="0666"\n' });
    expect((await dmaheap(['import'], directory)).exit).toBe(2);
    const { exit, stderr } = await dmaheap(['import', '--config', 'empty.cfg', '--rules', 'usb.rules'], directory);
    expect(exit).toBe(1);
    expect(stderr).toContain('error[import/nothing]');
    expect(stderr).not.toContain('--dtb');
    // What a rule does to a USB device is nobody's business here.
    expect(stderr).not.toContain('usb.rules');
    expect((await dmaheap(['import', '--config', 'gone.cfg'], directory)).exit).toBe(3);
    expect((await dmaheap(['import', '--config', 'empty.cfg', '--arch', 'z80'], directory)).exit).toBe(2);
    const other = await dmaheap(['import', '--config', 'usb.rules'], directory);
    expect([other.exit, other.stderr]).toEqual([
      3,
      expect.stringContaining('--config usb.rules: it is not a kernel configuration'),
    ]);
  });

  test('source that dtc refuses names the file', async () => {
    const directory = place('broken', { 'bad.dtso': '/dts-v1/; /plugin/;\n/ { oops\n' });
    const { exit, stderr } = await dmaheap(['import', '--dts', 'bad.dtso'], directory);
    expect(exit).toBe(1);
    expect(stderr).toMatch(/dtc cannot compile bad\.dtso: .*syntax error/);
  });

  test('a profile that is there is not replaced', async () => {
    const directory = place('there', { 'board.json': '{}\n', 'a.cfg': 'CONFIG_DMABUF_HEAPS_SYSTEM=y\n' });
    const { exit, stderr } = await dmaheap(['import', '--config', 'a.cfg', '-o', 'board.json'], directory);
    expect([exit, stderr]).toEqual([2, expect.stringContaining('board.json exists')]);
    expect(readFileSync(path.join(directory, 'board.json'), 'utf8')).toBe('{}\n');
  });

  test('a range of the command line is no fixed place', async () => {
    const directory = place('range', { 'cmdline.txt': 'quiet\n' });
    for (const [argument, limits] of [
      ['cma=64M@1G-2G', 'above 0x40000000 and below 0x80000000'],
      ['cma=64M@0-1G', 'below 0x40000000'],
      ['cma=64M@1G-0', 'above 0x40000000'],
    ] as const) {
      const { exit, stdout, stderr } = await dmaheap(['import', '--cmdline', argument, '--arch', 'arm64'], directory);
      expect(exit).toBe(0);
      expect(stderr).toContain(`${argument} limits the area to addresses ${limits}`);
      expect(parse(stdout)).toMatchObject({ regions: { 'linux,cma': { size: '64M' } } });
      expect(parse(stdout)).not.toHaveProperty(['regions', 'linux,cma', 'base']);
    }
    const { stdout } = await dmaheap(['import', '--cmdline', 'cma=64M@1G', '--arch', 'arm64'], directory);
    expect(stdout).toContain('"base": "0x40000000"');
  });

  test('what no file states is marked as a guess where it stands', async () => {
    const directory = place('guesses', {
      '50-heaps.rules': 'SUBSYSTEM=="dma_heap", KERNEL=="linux,cma", MODE="0660"\n',
    });
    const { exit, stdout } = await dmaheap(['import', '--rules', '50-heaps.rules'], directory);
    expect(exit).toBe(0);
    const lines = stdout.split('\n').map((line) => line.trim());
    const guessed = lines.flatMap((line, i) =>
      line.startsWith('// DECIDE')
        ? [
            lines
              .slice(i)
              .find((next) => !next.startsWith('//'))
              ?.split(':')[0],
          ]
        : [],
    );
    expect(guessed).toEqual(['"arch"', '"arch"', '"kernel"', '"size"', '"cma"']);
    // The comment about RAM becomes the member without its slashes.
    const stated = stdout.replace(/\/\/ ("memory")/, '$1');
    expect(parse(stated)).toMatchObject({ board: { arch: 'arm64', memory: [{ size: '1G' }] } });
  });

  const HEAP = 'SUBSYSTEM=="dma_heap"';
  test.each([
    [
      'a RUN that names a node opens that node only',
      `${HEAP}, RUN+="/bin/sh -c 'chgrp video /dev/dma_heap/system; chmod 666 /dev/dma_heap/system'"`,
      { system: { group: 'video', mode: '0660' } },
    ],
    [
      'the group that another rule names is taken, not invented',
      `${HEAP}, MODE="0666"\n${HEAP}, KERNEL=="linux,cma", GROUP="video"`,
      { cma: { group: 'video', mode: '0660' }, system: { group: 'video', mode: '0660' } },
    ],
    [
      'no group gains what the world did not have',
      `${HEAP}, KERNEL=="system", MODE="0660"\n${HEAP}, KERNEL=="linux,cma", GROUP="video"`,
      { cma: { group: 'video', mode: '0660' }, system: { group: 'dmaheap', mode: '0660' } },
    ],
    [
      'a quote that is not closed ends with its line',
      `KERNEL=="system", RUN+="/bin/chmod 666 /dev/dma_heap/system\n${HEAP}, KERNEL=="system", GROUP="video"`,
      { system: { group: 'video', mode: '0660' } },
    ],
  ])('%s', async (title, rules, access) => {
    const directory = place(title, { 'a.rules': `${rules}\n` });
    const { stdout } = await dmaheap(['import', '--cmdline', 'cma=64M', '--rules', 'a.rules'], directory);
    expect((parse(stdout) as { access: unknown }).access).toEqual(access);
  });

  test('what a rule wants in vain is said', async () => {
    const directory = place('vain', {
      'a.rules': 'ACTION=="add", RUN+="/bin/chmod 666 /dev/dma_heap/system\n',
      'b.rules': `${HEAP}, KERNEL=="system", GROUP="video"\n`,
      'a.cfg': 'CONFIG_DMABUF_HEAPS_CMA=y\n# CONFIG_DMABUF_HEAPS_SYSTEM is not set\n',
    });
    const common = ['import', '--config', 'a.cfg', '--cmdline', 'cma=64M'];
    const open = await dmaheap([...common, '--rules', 'a.rules'], directory);
    expect(open.stderr).toMatch(/a\.rules:1:16: warning\[udev\/not-a-token\][\s\S]*fix: close the quote/);
    const off = await dmaheap([...common, '--rules', 'b.rules'], directory);
    expect(off.stderr).toContain('the system heap, but the configuration disables it');
    const gone = await dmaheap([...common, '--rules', 'gone.rules'], directory);
    expect([gone.exit, gone.stderr]).toEqual([3, expect.stringContaining('fix: give a file that exists')]);
  });

  test("cma= beside a default node is one area, with the node's name", async () => {
    const directory = place('both', {
      'pool.dtso':
        '/dts-v1/; /plugin/;\n&{/reserved-memory} { linux,cma { compatible = "shared-dma-pool"; reusable; size = <0 0x4000000>; linux,cma-default; }; };\n',
    });
    const { exit, stdout, stderr } = await dmaheap(
      ['import', '--dts', 'pool.dtso', '--cmdline', 'quiet cma=256M', '--arch', 'arm64'],
      directory,
    );
    expect(exit).toBe(0);
    expect(stderr).toContain('cma=256M replaces the default area of the node linux,cma');
    expect(parse(stdout)).toMatchObject({ regions: { 'linux,cma': { size: '256M', default: true } } });
  });
});

test('damaged files end in findings, never in an exception, and what comes out is a profile', () => {
  let seed = 7;
  const roll = (sides: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * sides);
  };
  const noise = [
    '"',
    '==',
    ',',
    '\\',
    '\n',
    'KERNEL',
    'cma=',
    '0x',
    '-1',
    '99999999999999999999',
    'CONFIG_',
    'dma_heap/',
    '\0',
    'é',
    '|',
    '[',
  ];
  const damage = (text: string) => {
    const at = roll(text.length + 1);
    const piece = noise[roll(noise.length)] as string;
    return roll(2) === 0 ? text.slice(0, at) + piece + text.slice(at) : text.slice(0, at) + text.slice(at + roll(6));
  };
  let profiles = 0;
  for (let round = 0; round < 600; round += 1) {
    const { files } = SETUPS[roll(SETUPS.length)] as (typeof SETUPS)[number];
    const texts = Object.entries(files).map(([name, text]) => new SourceText(name, damage(damage(damage(text)))));
    const named = (pattern: RegExp) => texts.filter(({ file }) => pattern.test(file));
    const [commandLine, configTxt] = [named(/cmdline/)[0], named(/config\.txt/)[0]];
    const { value, diagnostics } = importSetup({
      configs: named(/\.cfg$|linux\.config/),
      trees: [],
      rules: named(/\.rules$/),
      ...(commandLine === undefined
        ? { commandLine: new SourceText('--cmdline', damage(damage('quiet cma=64M@1G'))) }
        : { commandLine }),
      ...(configTxt === undefined ? {} : { configTxt }),
    });
    for (const { message, code } of diagnostics) expect([code, message]).not.toContain('');
    if (value === undefined) continue;
    const read = readProfile('board.json', () => ({ text: value }));
    expect(
      read.diagnostics.filter(({ severity }) => severity === 'error'),
      texts.map(({ text }) => text).join('\n--\n'),
    ).toEqual([]);
    profiles += 1;
  }
  expect(profiles).toBeGreaterThan(200);
});
