/** Manners: watching, showing what is run, progress on a terminal only. */
import { spawn } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { writeWhole } from '../../src/cli/write-file.js';
import { dmaheap } from './run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap manners ü-'));
afterAll(() => rmSync(work, { recursive: true }));
const COMMAND = [process.execPath, '--import', import.meta.resolve('tsx'), path.resolve('src/cli/main.ts')] as const;

test('validate --watch sees a change of the profile and of what it extends, and ends with Ctrl-C', async () => {
  cpSync('schemas/examples', path.join(work, 'boards'), { recursive: true });
  const [node, ...args] = COMMAND;
  const child = spawn(node, [...args, 'validate', 'boards/rockpro64.json', '--watch'], { cwd: work });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      said += String(data);
    });
  const until = async (text: string, times: number) => {
    for (let i = 0; said.split(text).length - 1 < times; i++) {
      if (i > 2400) throw new Error(`never said ${text} ${times} times:\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await until('watching 2 files', 1);
  expect(said).toContain('boards/rockpro64.json: good');
  const soc = path.join(work, 'boards/soc/rk3399.json');
  const before = readFileSync(soc, 'utf8');
  writeFileSync(soc, before.replace('"group": "video"', '"gruop": "video"'));
  await until('watching 2 files', 2);
  expect(said).toContain('boards/soc/rk3399.json changed');
  expect(said).toContain('error[profile/unknown-key]');
  writeFileSync(soc, before);
  await until('rockpro64.json: good', 2);
  child.kill('SIGINT');
  expect(await new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))).toBe('SIGINT');
});

test('--verbose shows every command that is run, as it could be typed', async () => {
  await dmaheap(['generate', path.resolve('schemas/examples/rockpro64.json'), '-o', 'out'], work);
  const quiet = await dmaheap(['check', 'out'], work);
  expect(quiet.stderr).not.toMatch(/^\+ /m);
  const { stderr } = await dmaheap(['check', 'out', '--verbose'], work);
  expect(stderr).toMatch(/^\+ \/\S*dtc /m);
});

test('progress is drawn on a terminal and nowhere else', async () => {
  const line = [...COMMAND, 'check', 'out'].map((word) => `'${word}'`).join(' ');
  const onTerminal = await execa('script', ['-qec', `${line} >result`, '/dev/null'], {
    cwd: work,
    env: { TERM: 'xterm', CI: undefined },
    reject: false,
  });
  expect(onTerminal.stdout).toContain('running the real tools');
  // What was asked for is not mixed with it.
  expect(readFileSync(path.join(work, 'result'), 'utf8')).toMatch(/^(pass|not run|FAIL)/m);
  const [node, ...args] = COMMAND;
  const piped = await execa(node, [...args, 'check', 'out'], { cwd: work, reject: false });
  expect(piped.stderr + piped.stdout).not.toContain('running the real tools');
});

test('Ctrl-C during a check leaves nothing behind', async () => {
  const scratch = mkdtempSync(path.join(work, 'tmp-'));
  const [node, ...args] = COMMAND;
  const child = spawn(node, [...args, 'check', 'out', '--verbose'], {
    cwd: work,
    env: { ...process.env, TMPDIR: scratch },
  });
  await new Promise<void>((resolve) =>
    child.stderr.on('data', (data: Buffer) => /^\+ /m.test(String(data)) && resolve()),
  );
  child.kill('SIGINT');
  await new Promise((resolve) => child.on('close', resolve));
  expect(readdirSync(scratch).filter((name) => name.startsWith('dmaheap'))).toEqual([]);
});

const shell = (line: string) => execa('bash', ['-c', line, 'bash', ...COMMAND], { cwd: work, reject: false });

test('output that cannot be written is an error, and one that nobody reads is not', async () => {
  const full = await shell('"$@" schema >/dev/full');
  expect([full.exitCode, full.stderr]).toEqual([
    3,
    'dmaheap: cannot write standard output: ENOSPC: no space left on device, write',
  ]);
  const first = await shell('"$@" schema | head -n 1; echo "$PIPESTATUS"');
  expect([first.stdout, first.stderr]).toEqual(['{\n0', '']);
});

test('a file that cannot be written whole is as it was before', async () => {
  const board = path.resolve('schemas/examples/rockpro64.json');
  mkdirSync(path.join(work, 'files'));
  const file = (name: string) => path.join(work, 'files', name);
  // A limit of one KiB for each file stands for a full disk.
  const limited = (line: string) => shell(`ulimit -f 1; cd files && "$@" ${line}`);
  for (const [name, line] of Object.entries({
    'r.html': `report ${board} -o r.html`,
    'p.jsonc': 'init --config .config -o p.jsonc',
  })) {
    writeFileSync(file('.config'), 'CONFIG_ARM64=y\nCONFIG_CMA=y\nCONFIG_DMA_CMA=y\nCONFIG_CMA_SIZE_MBYTES=64\n');
    if (name !== 'p.jsonc') writeFileSync(file(name), 'old');
    const { exitCode, stderr } = await limited(line);
    expect([name, exitCode, stderr]).toEqual([name, 3, expect.stringMatching(/cannot write .*EFBIG.*\n {2}fix: /)]);
    expect(readdirSync(path.join(work, 'files')).filter((one) => one.includes('.part'))).toEqual([]);
    if (name === 'p.jsonc') expect(existsSync(file(name))).toBe(false);
    else expect(readFileSync(file(name), 'utf8')).toBe('old');
  }
});

test('a written file keeps its mode, its link, and what the shell has opened', () => {
  const file = (name: string) => path.join(work, name);
  writeFileSync(file('real'), 'old', { mode: 0o640 });
  symlinkSync('real', file('link'));
  writeWhole(file('link'), 'new');
  expect([readFileSync(file('real'), 'utf8'), statSync(file('real')).mode & 0o777]).toEqual(['new', 0o640]);
  expect(lstatSync(file('link')).isSymbolicLink()).toBe(true);
  symlinkSync('later', file('ahead'));
  writeWhole(file('ahead'), 'new');
  expect(readFileSync(file('later'), 'utf8')).toBe('new');
  const opened = openSync(file('opened'), 'w+');
  writeWhole(`/proc/self/fd/${opened}`, 'new');
  expect(fstatSync(opened).size).toBe(3);
  closeSync(opened);
  expect(() => writeWhole(file('real'), 'more', true)).toThrow('exists');
});

/** A pipe that its other owner made non-blocking, as Node does with its own. */
const NONBLOCKING = `import fcntl, os, subprocess, sys, time
reader, writer = os.pipe()
fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
child = subprocess.Popen(sys.argv[1:], stdout=writer)
os.close(writer)
time.sleep(0.2)
total = 0
while part := os.read(reader, 4096):
    total += len(part)
print(total, child.wait())
`;

test('output into a full pipe that does not block is whole', async () => {
  const { stdout: whole } = await execa(COMMAND[0], [...COMMAND.slice(1), 'schema'], { stripFinalNewline: false });
  const { stdout } = await execa('python3', ['-c', NONBLOCKING, ...COMMAND, 'schema']);
  expect(whole.length).toBeGreaterThan(1 << 16);
  expect(stdout).toBe(`${Buffer.byteLength(whole)} 0`);
});
