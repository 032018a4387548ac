/** init: what a device tree says is kept, what a person says is taken, and what nobody said is marked. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { execa, execaSync } from 'execa';
import { parse } from 'jsonc-parser';
import { afterAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.js';
import { DISTRIBUTIONS } from '../../src/facts/distribution.js';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { parseBuffers } from '../../src/plan/buffer-words.js';
import { FIRST_TARGETS } from '../../src/plan/index.js';
import { dmaheap } from './run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap init ü-'));
afterAll(() => rmSync(work, { recursive: true }));

function board(name: string, pool: Record<string, Uint8Array>, unit = ''): string {
  const root = { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2) };
  const file = path.join(work, name);
  writeFileSync(
    file,
    writeFdt(
      makeFdt({
        name: '',
        properties: { ...root, compatible: stringsValue('acme,board', 'acme,soc') },
        children: [
          {
            name: 'memory@40000000',
            properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x40000000, 0, 0x40000000) },
          },
          {
            name: 'reserved-memory',
            properties: { ...root, ranges: new Uint8Array() },
            children: [
              {
                name: `linux,cma${unit}`,
                properties: {
                  compatible: stringsValue('shared-dma-pool'),
                  reusable: new Uint8Array(),
                  'linux,cma-default': new Uint8Array(),
                  ...pool,
                },
              },
            ],
          },
        ],
      }),
    ),
  );
  return file;
}

const draftOf = async (...argv: string[]) => {
  const { stdout, stderr, exit } = await dmaheap(['init', ...argv], work);
  expect({ stderr, exit }).toEqual({ stderr: '', exit: 0 });
  return { text: stdout, profile: parse(stdout) };
};

describe('from a DTB', () => {
  test('size, alignment and ranges of the default area are kept', async () => {
    const dtb = board('a.dtb', {
      size: cellsValue(0, 0x10000000),
      alignment: cellsValue(0, 0x2000000),
      'alloc-ranges': cellsValue(0, 0x40000000, 0, 0x20000000),
    });
    const { text, profile } = await draftOf('--dtb', dtb);
    expect(profile.regions).toEqual({
      'linux,cma': {
        size: '256M',
        default: true,
        alignment: '32M',
        allocRanges: [{ base: '0x40000000', size: '512M' }],
      },
    });
    expect(profile.board).toMatchObject({ arch: 'arm64', dtb: 'a.dtb', memory: [{ base: '0x40000000', size: '1G' }] });
    // Nothing said which architecture, where the kernel keeps the DTB, how much RAM, how large, which kernels, what for, and who.
    expect(text.match(/\/\/.*DECIDE/g)?.length).toBe(8);
  });

  test('a fixed area keeps its place and size', async () => {
    const dtb = board('b.dtb', { reg: cellsValue(0, 0x50000000, 0, 0x8000000) }, '@50000000');
    const { profile } = await draftOf('--dtb', dtb);
    expect(profile.regions).toEqual({ 'linux,cma': { size: '128M', default: true, base: '0x50000000' } });
    writeFileSync(path.join(work, 'b.json'), JSON.stringify(profile));
    const { stdout } = await dmaheap(['place', 'b.json', '--dtb', dtb, '--kernel', '6.12', '--format', 'json'], work);
    expect(JSON.parse(stdout).areas).toMatchObject([{ name: 'linux,cma@50000000', baseAddress: '0x50000000' }]);
  });

  test("the DTB's place in the kernel is taken from its path where that shows it", async () => {
    const { mkdirSync, copyFileSync } = await import('node:fs');
    const below = path.join(work, 'boot/dtbs/6.12.1/acme');
    mkdirSync(below, { recursive: true });
    copyFileSync(board('c.dtb', { size: cellsValue(0, 0x8000000) }), path.join(below, 'c.dtb'));
    const { profile } = await draftOf('--dtb', path.join(below, 'c.dtb'));
    expect(profile.board.dtb).toBe('acme/c.dtb');
  });

  test('the purpose names the heap', async () => {
    const dtb = board('purpose.dtb', { size: cellsValue(0, 0x4000000) });
    const { profile, text } = await draftOf('--dtb', dtb, '--purpose', 'decode');
    expect(text).not.toContain('the name says what the area is for');
    const budgeted = await draftOf('--dtb', dtb, '--budget', '1 display 4K XRGB8888, 3 buffers');
    expect(Object.keys(budgeted.profile.heaps)).toEqual(['display', 'system']);
    expect(Object.keys(profile.heaps)).toEqual(['decoder', 'system']);
    expect(Object.keys(profile.access)).toEqual(['decoder', 'system']);
    const { exit, stderr } = await dmaheap(['init', '--dtb', dtb, '--purpose', 'games'], work);
    expect(exit).toBe(2);
    expect(stderr).toContain('use one of camera, decode, encode, display, npu, share');
  });

  test('a budget and a group that were said are no guesses', async () => {
    const dtb = board('d.dtb', { size: cellsValue(0, 0x8000000) });
    const { text, profile } = await draftOf(
      ...['--dtb', dtb, '--budget', '4 cameras 4K NV12, 6 buffers each', '--group', 'camera'],
    );
    expect(profile.regions['linux,cma'].budget.buffers).toEqual([
      { purpose: 'cameras', width: 3840, height: 2160, format: 'NV12', count: 6, streams: 4 },
    ]);
    expect(profile.access.camera).toEqual({ group: 'camera', mode: '0660' });
    expect(text).not.toContain('DECIDE who');
    writeFileSync(path.join(work, 'd.json'), text);
    expect((await dmaheap(['validate', 'd.json', '--dtb', dtb], work)).exit).toBe(0);
    const generated = await dmaheap(['generate', 'd.json', '-o', 'out', '--dtb', dtb], work);
    expect(generated.stdout).toContain('cameras: 3840 x 2160 NV12');
  });

  test.each([
    ['openwrt', 'dmaheap'],
    ['Ubuntu', 'video'],
    ['android', 'system'],
  ])('the group on %s is %s', async (distribution, group) => {
    const dtb = board('e.dtb', { size: cellsValue(0, 0x8000000) });
    const { profile } = await draftOf('--dtb', dtb, '--distribution', distribution);
    expect(profile.access.system.group).toBe(group);
  });
});

describe('budget in words', () => {
  test.each([
    [
      '4 cameras 4K NV12, 6 buffers each',
      [{ purpose: 'cameras', width: 3840, height: 2160, format: 'NV12', count: 6, streams: 4 }],
    ],
    [
      'two cameras 720p NV12, five buffers each; 3 x vga GREY, 2 buffers',
      [
        { purpose: 'cameras', width: 1280, height: 720, format: 'NV12', count: 5, streams: 2 },
        { width: 640, height: 480, format: 'GREY', count: 2, streams: 3 },
      ],
    ],
    [
      'camera at 1920x1080 in YUYV with 4 buffers',
      [{ purpose: 'camera', width: 1920, height: 1080, format: 'YUYV', count: 4 }],
    ],
    [
      '2 cameras 1080p NV12, 6 buffers; 1 decoder 8K P010, 10 buffers',
      [
        { purpose: 'cameras', width: 1920, height: 1080, format: 'NV12', count: 6, streams: 2 },
        { purpose: 'decoder', width: 7680, height: 4320, format: 'P010', count: 10 },
      ],
    ],
  ])('%s', (words, buffers) => {
    expect(parseBuffers(words)).toEqual({ buffers });
  });

  test.each([
    ['1 decoder H.264 1080p rkvdec', 64, 16],
    ['1 decoder HEVC 1080p on Wave5', 32, 16],
    ['2 cameras 1080p NV12, 4 buffers each, bcm2835-unicam', 32, 1],
    ['1 decoder VP9 1080p qcom-venus', 128, 32],
  ])('%s: lines of a multiple of %i bytes, height of a multiple of %i', (words, strideAlignment, heightAlignment) => {
    const { buffers } = parseBuffers(words) as { buffers: readonly object[] };
    expect(buffers[0]).toMatchObject({ strideAlignment, heightAlignment });
  });

  // MaxDpbFrames and MaxDpbSize as decoders print them for streams of these levels, and the slots of the other codecs.
  test.each([
    ['1 decoder H.264 1080p', 'H.264 level 4', 4],
    ['1 decoder H.264 1080p level 4.2', 'H.264 level 4.2', 4],
    ['1 decoder avc 720p level 3.1', 'H.264 level 3.1', 5],
    ['1 decoder H264 4K level 5.1', 'H.264 level 5.1', 5],
    ['1 decoder H.264 vga level 5.1', 'H.264 level 5.1', 16],
    ['1 decoder HEVC 4K', 'H.265 level 5', 5],
    ['1 decoder h265 1080p level 5.1', 'H.265 level 5.1', 15],
    ['1 decoder VP9 4K', 'VP9', 8],
    ['1 decoder AV1 8K', 'AV1', 8],
    ['1 decoder VP8 720p', 'VP8', 3],
    ['1 decoder MPEG-2 576p', 'MPEG-2', 2],
  ])('%s keeps pictures of %s', (words, title, kept) => {
    const { buffers } = parseBuffers(words) as {
      buffers: readonly { purpose: string; count: number; format: string }[];
    };
    expect(buffers[0]).toMatchObject({ format: 'NV12', count: kept + 1 + 3 });
    expect(buffers[0]?.purpose).toContain(title);
  });

  test('a decoder stores motion vectors beside each picture, and a stated number of buffers is the whole', () => {
    expect(parseBuffers('2 decoders H.264 4K level 5.1 NV15, 8 buffers')).toEqual({
      buffers: [
        {
          ...{ purpose: 'decoders H.264 level 5.1', width: 3840, height: 2160, format: 'NV15' },
          ...{ count: 8, streams: 2 },
        },
        // 240 by 135 macroblocks of 128 bytes.
        { purpose: 'decoders H.264 level 5.1, motion vectors', size: '4050K', count: 8, streams: 2 },
      ],
    });
  });

  test.each([
    ['1 decoder H.264 4K level 4', /level 4 of H\.264 does not have pictures of 3840 x 2160: that needs level 5\.1/],
    ['1 decoder H.264 4K level 9', /does not have a level 9/],
    ['1 decoder H.264 4K, 4 buffers', /keeps 5 pictures of 3840 x 2160 and decodes into one more/],
    ['1 camera 4K NV12 level 5, 4 buffers', /has a level and does not state the codec/],
    ['1 decoder HEVC 16384x16384', /no level of H\.265/],
  ])('"%s" is not a decoder', (words, reason) => {
    expect((parseBuffers(words) as { error: string }).error).toMatch(reason);
  });

  test.each([
    ['4 cameras NV12, 6 buffers', /the size of a picture/],
    ['4 cameras 4K, 6 buffers', /pixel format/],
    ['4 cameras 4K NV12', /the number of buffers/],
    ['', /does not name buffers/],
    ['0 cameras 4K NV12, 6 buffers each', /for no user/],
    ['4 cameras 4K NV12, 6 buffers each, 3', /what 3 is the number of/],
    ['1 camera 4320p 4K NV12, 6 buffers', /"4320p"/],
    ['cameras 4K NV12, 6 buffers each', /how many cameras/],
    ['a dozen cameras 4K NV12, 6 buffers each', /how many cameras/],
    ['a pair of displays 1080p XRGB8888, 3 buffers', /how many displays/],
    ['zero displays 1080p XRGB8888, 3 buffers', /for no user/],
  ])('"%s" is refused', async (words, reason) => {
    expect((parseBuffers(words) as { error: string }).error).toMatch(reason);
    const { exit, stderr } = await dmaheap(['init', '--dtb', 'x.dtb', '--budget', words], work);
    expect(exit).toBe(2);
    expect(stderr).toMatch(reason);
    expect(stderr).toContain('write it as "4 cameras 4K NV12, 6 buffers each"');
  });
});

test.each([
  ['3 cameras 4K NV12, 4 buffers each, 1 display 1080p XRGB8888, 3 buffers', 'a second number of users, "1 display"'],
  ['camera 4K NV12 and display 1080p, 3 buffers', 'a second size of a picture, "1080p"'],
  ['camera 4K NV12 4 buffers NV16', 'a second pixel format, "NV16"'],
  ['camera 4K NV12 4 buffers 3 buffers', 'a second number of buffers, "3 buffers"'],
  ['2 H.264 4K HEVC', 'a second codec, "HEVC"'],
  ['2 decoders H.264 4K rkvdecc', 'did you mean the driver rkvdec?'],
  ['1 decoder H.264 4K level 9.9 rkvdec', 'does not have a level 9.9'],
  ['1 decoder H.264 4K level', 'the word level without a number'],
])('the budget "%s" is refused, and the fix is a budget of that kind', async (words, reason) => {
  const { exit, stdout, stderr } = await dmaheap(['init', '--dtb', 'x.dtb', '--budget', words], work);
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  expect(stderr).toContain(reason);
  const fix = /fix: write it as "(.*)"/.exec(stderr)?.[1] ?? '';
  const parsed = parseBuffers(fix);
  expect('buffers' in parsed && parsed.buffers.length > 1).toBe(true);
});

/** Answers questions from a list, as a person at a terminal would. */
async function answered(answers: readonly string[], ...argv: string[]) {
  const asked: string[] = [];
  let stderr = '';
  const exit = await runProgram(['init', ...argv], {
    stdout: () => {},
    stderr: (text) => {
      stderr += text;
    },
    ask: async (question) => {
      asked.push(question);
      return answers[asked.length - 1];
    },
    environment: {},
    directory: work,
    isTerminal: true,
  });
  return { asked, stderr, exit };
}

test('asks for what it cannot read, again when an answer cannot be used', async () => {
  const answers = ['', '', 'My Board', 'my-cam', 'arm65', 'aarch64', '1G', '0x40000000+1G'];
  const more = [
    '5.4',
    '7.3 to 6.12',
    '6.12',
    '4 cameras',
    '4 cameras 4K NV12, 6 buffers each',
    'openwrt',
    '',
    'asked.json',
  ];
  const { exit, stderr } = await answered([...answers, ...more]);
  expect(exit).toBe(0);
  expect(stderr.match(/^ {2}\S.*$/gm)).toHaveLength(6);
  expect(stderr).toContain('dmaheap knows kernels from 5.10 on; give 5.10 or newer');
  expect(stderr).toContain('7.3 is newer than 6.12: give the older one first');
  const profile = parse(readFileSync(path.join(work, 'asked.json'), 'utf8'));
  expect(profile).toMatchObject({
    name: 'my-cam',
    board: { arch: 'arm64', memory: [{ base: '0x40000000', size: '1G' }] },
    kernel: { version: '6.12' },
    access: { camera: { group: 'dmaheap' } },
  });
  expect((await dmaheap(['validate', 'asked.json'], work)).exit).toBe(0);
});

test('what validate would refuse is not written', async () => {
  const argv = ['init', '--dtb', board('g.dtb', {}), '--group', 'Video Users', '-o', 'g.jsonc'];
  const { exit, stderr } = await dmaheap(argv, work);
  expect([exit, stderr]).toEqual([2, expect.stringMatching(/"Video Users"[\s\S]*no profile was written/)]);
  expect(readdirSync(work)).not.toContain('g.jsonc');
});

test.each([
  ['nowhere', '--root nowhere: the directory does not exist'],
  ['.', 'nothing below . describes a running board'],
])('--live does not invent the board of --root %s', async (root, words) => {
  const { exit, stdout, stderr } = await dmaheap(['init', '--live', '--root', root], work);
  expect([exit, stdout, stderr]).toEqual([3, '', expect.stringContaining(words)]);
});

test('the next command can be pasted', async () => {
  const { stderr } = await dmaheap(['-C', work, 'init', '--dtb', board('n.dtb', {}), '-o', 'mein Brett.jsonc']);
  expect(stderr).toContain(`dmaheap -C '${work}' generate 'mein Brett.jsonc' -o out\n`);
  const generated = await dmaheap(['-C', work, 'generate', 'mein Brett.jsonc', '-o', 'out2']);
  expect(generated.stderr).toContain(`Next: dmaheap -C '${work}' check out2\n`);
});

test('a size on the command line needs its unit, as in a profile', async () => {
  const { exit, stderr } = await dmaheap(['init', '--dtb', board('u.dtb', {}), '--size', '64'], work);
  expect([exit, stderr]).toEqual([
    2,
    'dmaheap: --size 64: the size 64 does not have a unit, so it is 64 bytes\n  fix: did you mean "64M"?\n',
  ]);
});

test.each([
  ['none/x.jsonc', 'its directory does not exist'],
  ['/proc/x.jsonc', 'no file can be created in its directory'],
])('why %s cannot be written is said of its directory', async (output, reason) => {
  const { exit, stderr } = await dmaheap(['init', '--dtb', board('w.dtb', {}), '-o', output], work);
  expect([exit, stderr]).toEqual([3, expect.stringContaining(`cannot write ${output}: ${reason}\n`)]);
});

test('a file that exists is no answer, and nothing that was said before is lost', async () => {
  writeFileSync(path.join(work, 'taken.jsonc'), 'mine');
  const answers = ['', '', 'taken', 'arm64', '', '', '', '', '', '', 'none/free.json', 'free.json'];
  const { exit, stderr, asked } = await answered(answers);
  expect(exit).toBe(0);
  expect(asked).toHaveLength(answers.length);
  expect(stderr).toContain('  taken.jsonc exists; give another file');
  expect(stderr).toContain('  cannot write none/free.json: its directory does not exist; give another file');
  expect(readFileSync(path.join(work, 'taken.jsonc'), 'utf8')).toBe('mine');
  expect(parse(readFileSync(path.join(work, 'free.json'), 'utf8'))).toMatchObject({ name: 'taken' });
});

test('with -o it says that the file exists before it asks', async () => {
  writeFileSync(path.join(work, 'there.json'), 'mine');
  expect(await answered([], '-o', 'there.json')).toEqual({
    asked: [],
    exit: 2,
    stderr: 'dmaheap: there.json exists\n  fix: give another file with -o\n',
  });
});

test('does not ask for what the DTB says', async () => {
  const dtb = board('f.dtb', { size: cellsValue(0, 0x8000000) });
  const { asked, exit } = await answered([dtb, '', '', '', '', '', '', '', 'asked-f.json']);
  expect(exit).toBe(0);
  expect(asked.join('\n')).not.toMatch(/RAM/);
});

test('an end of input writes nothing', async () => {
  const { exit, stderr } = await answered(['', '', 'ended']);
  expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining('no profile was written') });
});

test('without a terminal it does not wait for answers', async () => {
  const { exit, stderr } = await dmaheap(['init'], work);
  expect({ exit, stderr }).toEqual({
    exit: 2,
    stderr: expect.stringContaining('on a terminal, init without options asks'),
  });
});

test('on a real terminal', async () => {
  const main = path.resolve('src/cli/main.ts');
  const command = `'${process.execPath}' --import tsx '${main}' init -o '${path.join(work, 'tty.json')}'`;
  const child = execa('script', ['-qec', command, '/dev/null'], {
    cwd: process.cwd(),
    env: { TERM: 'dumb' },
    stdin: 'pipe',
  });
  const answers = ['', '', 'tty', 'arm64', '', '', '', '', ''];
  let said = '';
  child.stdout.on('data', (data: Buffer) => {
    said += String(data);
    if (/: (\S*\d+G)?$/.test(said)) {
      said = '';
      child.stdin.write(`${answers.shift() ?? ''}\n`);
    }
  });
  const { stdout } = await child;
  expect(stdout).toContain('tty.json; the lines above list its guesses');
});

test('UTF-16 is named, with the command that mends it', async () => {
  const file = path.join(work, 'wide.json');
  writeFileSync(file, Buffer.from('\ufeff{}', 'utf16le'));
  const { stderr, exit } = await dmaheap(['validate', 'wide.json'], work);
  expect(exit).toBe(2);
  expect(stderr).toContain('cause: it is UTF-16 text\n');
  expect(stderr).toContain(`iconv -f UTF-16 -t UTF-8 ${file}`);
});

test.each([
  [
    'device tree blob',
    'board.dtb',
    () => readFileSync(board('kind.dtb', { size: cellsValue(0, 0x8000000) })),
    'give it with --dtb',
  ],
  ['gzip', 'a.gz', () => gzipSync('{}'), 'unpack it with gunzip'],
  ['ELF file', 'vmlinux', () => readFileSync(process.execPath).subarray(0, 4096), '--kernel-tree'],
  ['ELF file', 'node', () => readFileSync(process.execPath), '--kernel-tree'],
  [
    'tar archive',
    'a.tar',
    () => execaSync('tar', ['-C', 'schemas', '-c', 'README.md'], { encoding: 'buffer' }).stdout,
    'check --rootfs',
  ],
  ['binary file', 'a.bin', () => Buffer.from([0xff, 0x80, 0, 1]), 'give a text file'],
  ['not UTF-8 text', 'latin.json', () => Buffer.from('{ "name": "b\xf6ard" }', 'latin1'), 'save it as UTF-8'],
])('a %s in place of a profile is named, with what takes it', async (title, name, content, fix) => {
  writeFileSync(path.join(work, name), content());
  for (const argv of [
    ['validate', name],
    ['place', name],
    ['generate', name, '-o', 'out'],
  ]) {
    const { stderr, exit } = await dmaheap(argv, work);
    expect(exit).toBe(2);
    expect(stderr).toMatch(new RegExp(`cause: it is .*${title}`));
    expect(stderr).toContain(fix);
    if (title !== 'not UTF-8 text') expect(stderr).not.toContain('UTF-8');
  }
});

test.each([
  [
    '"hеaps"',
    /has no key "hеaps"\n(.*\n)*? {2}cause: its "е" is U\+0435, a Cyrillic letter and not a Latin letter\n {2}fix: did you mean "heaps"\?/,
  ],
  ['"heaps": { "саmera"', /"саmera" is not a valid name in heaps\n(.*\n)*? {2}cause: .*U\+0441, a Cyrillic letter/],
])('a letter that only looks Latin is named: %s', async (text, said) => {
  const file = path.join(work, 'lookalike.json');
  const good = readFileSync('schemas/examples/qemu-virt-arm64.json', 'utf8');
  const place = text.includes('саmera') ? /"heaps": \{\s*"[a-z]+"/ : /"heaps"/;
  writeFileSync(file, good.replace(place, text));
  const { stderr, exit } = await dmaheap(['validate', file]);
  expect(exit).toBe(2);
  expect(stderr).toMatch(said);
});

describe('what was said of the size', () => {
  test.each([
    ['400 MiB for a video decoder', '--size 400M --purpose decode'],
    ['1G camera', '--size 1G --purpose camera'],
    ['256mb', '--size 256M'],
    ['NPU: 512 MB', '--size 512M --purpose npu'],
  ])('a total in place of buffers, "%s", leads to the options that take it', async (words, options) => {
    const file = board('total.dtb', { size: cellsValue(0, 0x8000000) });
    const { stderr, exit } = await dmaheap(['init', '--dtb', file, '--budget', words], work);
    expect(exit).toBe(2);
    expect(stderr).toContain(`or state the total: ${options}\n`);
    const accepted = await dmaheap(['init', '--dtb', file, ...options.split(' ')], work);
    expect(accepted.exit).toBe(0);
  });

  test.each(['2 cameras 4K', 'a decoder', '4K'])('"%s" is not a total', async (words) => {
    const file = board('total.dtb', { size: cellsValue(0, 0x8000000) });
    const { stderr } = await dmaheap(['init', '--dtb', file, '--budget', words], work);
    expect(stderr).not.toContain('--size');
  });

  test('a terminal takes a total as well', async () => {
    const dtb = board('said.dtb', { size: cellsValue(0, 0x8000000) });
    const { exit } = await answered([
      dtb,
      '',
      'said',
      'arm64',
      '6.12',
      '400 MiB for a video decoder',
      '',
      '',
      'said.jsonc',
    ]);
    expect(exit).toBe(0);
    const profile = parse(readFileSync(path.join(work, 'said.jsonc'), 'utf8'));
    expect(profile.regions['linux,cma'].size).toBe('400M');
    expect(Object.keys(profile.heaps)).toEqual(['decoder', 'system']);
  });

  test('RAM that no device tree states is an example, or begins where the SoC has it', async () => {
    const draft = async (...compatible: string[]) => {
      const file = path.join(work, 'no-ram.dtb');
      const root = { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2) };
      writeFileSync(
        file,
        writeFdt(makeFdt({ name: '', properties: { ...root, compatible: stringsValue(...compatible) } })),
      );
      return (await dmaheap(['init', '--dtb', file], work)).stdout;
    };
    const radxa = await draft('radxa,zero-3w', 'rockchip,rk3566');
    expect(radxa).toContain('The RAM of rockchip,rk3566 begins at 0x200000; the size is an example:');
    expect(radxa).toContain('// "memory": [{ "base": "0x200000", "size": "1G" }],');
    expect(await draft('acme,board')).toContain('This line is an example and not the RAM of the board:');
  });

  test('--size and --kernel are taken, and less than the board has is marked', async () => {
    const file = board('sized.dtb', { size: cellsValue(0, 0x8000000) });
    const { stdout } = await dmaheap(['init', '--dtb', file, '--size', '64M', '--kernel', '6.12'], work);
    expect(parse(stdout)).toMatchObject({ kernel: { version: '6.12' }, regions: { 'linux,cma': { size: '64M' } } });
    expect(stdout).toContain('DECIDE: this is less than the 128M');
  });

  test("the area of the kernel configuration is the board's own as well", async () => {
    const config = path.join(work, 'kconfig-area.config');
    const set = (text: string) => writeFileSync(config, `CONFIG_ARM64=y\nCONFIG_DMA_CMA=y\n${text}`);
    const region = async (...argv: string[]) => {
      const { text, profile } = await draftOf('--config', config, ...argv);
      return { text, region: profile.regions['linux,cma'] };
    };
    const budget = ['--budget', '2 cameras 1080p NV12, 6 buffers each'];
    set('CONFIG_CMA_SIZE_SEL_MBYTES=y\nCONFIG_CMA_SIZE_MBYTES=256\n');
    expect((await region()).region.size).toBe('256M');
    expect((await region(...budget)).region.budget.min).toBe('256M');
    expect((await region(...budget)).text).toContain(
      'CMA_SIZE_MBYTES of the kernel configuration gives this area 256M',
    );
    expect((await region('--size', '64M')).text).toContain('DECIDE: this is less than the 256M');
    for (const none of ['CONFIG_CMA_SIZE_SEL_MBYTES=y\nCONFIG_CMA_SIZE_MBYTES=0\n', 'CONFIG_CMA_SIZE_MBYTES=256\n']) {
      set(none);
      expect((await region(...budget)).region.budget.min).toBeUndefined();
    }
  });

  test('--live believes cma= of the running kernel', async () => {
    const root = mkdtempSync(path.join(work, 'live-'));
    mkdirSync(path.join(root, 'proc'));
    writeFileSync(path.join(root, 'proc/cmdline'), 'console=ttyS0 cma=192M\n');
    const { stdout } = await dmaheap(['init', '--live', '--root', root], work);
    expect(parse(stdout)).toMatchObject({ regions: { 'linux,cma': { size: '192M' } } });
  });
});

describe('the file', () => {
  test('a .jsonc has comments, the schema beside it, and its DTB as an input', async () => {
    const place = mkdtempSync(path.join(work, 'file-'));
    writeFileSync(path.join(place, 'a.dtb'), readFileSync(board('file.dtb', { size: cellsValue(0, 0x8000000) })));
    const { exit, stderr } = await dmaheap(['init', '--dtb', 'a.dtb', '-o', 'a.jsonc'], place);
    expect(exit).toBe(0);
    expect(stderr).toMatch(
      /^wrote a\.jsonc; \d+ lines are marked DECIDE .*\. Next: edit these lines, then dmaheap generate /m,
    );
    const text = readFileSync(path.join(place, 'a.jsonc'), 'utf8');
    expect(text).toContain('// DECIDE');
    const profile = parse(text) as { $schema: string; inputs: unknown };
    expect(profile.inputs).toEqual({ dtb: 'a.dtb' });
    const schema = JSON.parse(readFileSync(path.join(place, profile.$schema), 'utf8'));
    expect(new Ajv2020({ strict: true }).compile(schema)(profile)).toBe(true);
    // No command needs --dtb again.
    const placed = await dmaheap(['place', 'a.jsonc', '--kernel', '6.12', '--format', 'json'], place);
    expect(JSON.parse(placed.stdout).areas).toMatchObject([{ name: 'linux,cma', sizeBytes: 0x8000000 }]);
  });

  test('a guess that remains is listed with its line until the mark is removed, and the profile is still good', async () => {
    const place = mkdtempSync(path.join(work, 'left-'));
    const dtb = board('left.dtb', { size: cellsValue(0, 0x8000000) });
    await dmaheap(['init', '--dtb', dtb, '-o', 'a.jsonc'], place);
    const file = path.join(place, 'a.jsonc');
    const lines = readFileSync(file, 'utf8').split('\n');
    const marked = lines.flatMap((line, i) => (line.includes('// DECIDE') ? [i + 1] : []));
    for (const argv of [
      ['validate', 'a.jsonc'],
      ['generate', 'a.jsonc', '-o', 'out'],
    ]) {
      const { exit, stderr } = await dmaheap(argv, place);
      expect(exit).toBe(0);
      expect(stderr).toContain(`${marked.length} lines marked DECIDE remain: lines ${marked.join(', ')}`);
    }
    writeFileSync(file, lines.filter((line) => !line.includes('DECIDE')).join('\n'));
    expect((await dmaheap(['validate', 'a.jsonc'], place)).stderr).not.toContain('DECIDE');
  });

  test.each([...DISTRIBUTIONS.map(({ id }) => [id, id]), ['Armbian', 'armbian'], ['ubuntu', 'debian']])(
    '--distribution %s adds the target %s, and generate names the page that explains it',
    async (name, target) => {
      const place = mkdtempSync(path.join(work, 'target-'));
      const dtb = board('target.dtb', { size: cellsValue(0, 0x8000000) });
      await dmaheap(['init', '--dtb', dtb, '--distribution', name, '-o', 'a.jsonc'], place);
      const profile = parse(readFileSync(path.join(place, 'a.jsonc'), 'utf8'));
      expect(Object.keys(profile.targets)).toEqual([...FIRST_TARGETS, target]);
      const { exit, stderr } = await dmaheap(['generate', 'a.jsonc', '-o', 'out'], place);
      expect(exit).toBe(0);
      expect(readdirSync(path.join(place, 'out'))).toContain(target);
      expect(stderr).toContain(`dmaheap targets ${target} a.jsonc`);
    },
  );

  test('a .json has no comments, and the guesses are printed', async () => {
    const place = mkdtempSync(path.join(work, 'plain-'));
    const dtb = board('plain.dtb', { size: cellsValue(0, 0x8000000) });
    const { exit, stderr } = await dmaheap(['init', '--dtb', dtb, '-o', 'a.json'], place);
    expect(exit).toBe(0);
    expect(() => JSON.parse(readFileSync(path.join(place, 'a.json'), 'utf8'))).not.toThrow();
    expect(stderr).toContain('a.json, at "access": the group that may allocate');
    expect((await dmaheap(['validate', 'a.json'], place)).exit).toBe(0);
  });

  test('a schema of somebody else stays as it is', async () => {
    const place = mkdtempSync(path.join(work, 'theirs-'));
    writeFileSync(path.join(place, 'dmaheap.schema.json'), '{}');
    const dtb = board('theirs.dtb', { size: cellsValue(0, 0x8000000) });
    const { stderr } = await dmaheap(['init', '--dtb', dtb, '-o', 'a.jsonc'], place);
    expect(stderr).toContain('dmaheap.schema.json is not the schema of profiles');
    expect(readFileSync(path.join(place, 'dmaheap.schema.json'), 'utf8')).toBe('{}');
  });
});
